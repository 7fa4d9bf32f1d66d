//! Where a range of bytes is cut into chunks (RS-050).

use std::io::{self, Read};

/// A row of the table of levels.
pub struct Level {
    least: usize,
    most: usize,
    /// The symbols of the marker, two bits each, and how many bits they are.
    marker: (u32, u32),
    mask: u32,
    weak_mask: u32,
}

const WEAK_MARKER: (u32, u32) = (0b01_00_11, 6);

/// The row of a level, which is at most 10.
pub fn level(number: usize) -> Option<Level> {
    const ROWS: [(usize, usize, u32, u32); 11] = [
        (256, 1280, 2, 4),
        (1024, 2048, 2, 4),
        (1024, 5120, 2, 6),
        (4096, 8192, 2, 6),
        (4096, 20480, 4, 8),
        (16384, 32768, 4, 8),
        (16384, 81920, 6, 10),
        (65536, 131_072, 6, 10),
        (65536, 327_680, 8, 12),
        (262_144, 524_288, 8, 12),
        (1_048_576, 2_097_152, 10, 14),
    ];
    let &(least, usual, bits, weak_bits) = ROWS.get(number)?;
    let marker = if number < 2 { (0b01_00_11_00, 8) } else { (0b01_00_11_00_00, 10) };
    Some(Level { least, most: 4 * usual, marker, mask: (1 << bits) - 1, weak_mask: (1 << weak_bits) - 1 })
}

impl Level {
    /// The longest chunk.
    pub fn most(&self) -> usize {
        self.most
    }

    /// How long the first chunk of these bytes is. They are `most`, or all that is left of the range.
    fn cut(&self, bytes: &[u8]) -> usize {
        let end = bytes.len().min(self.most);
        if end < self.least {
            return end;
        }
        let mut weak = None;
        let mut symbols = 0u32;
        for &byte in &bytes[self.least - 8..self.least - 1] {
            symbols = symbols << 2 | u32::from(byte & 3);
        }
        for at in self.least..=end {
            symbols = symbols << 2 | u32::from(bytes[at - 1] & 3);
            let is = |(marker, bits): (u32, u32)| symbols & ((1 << bits) - 1) == marker;
            if is(self.marker) && crc32(&bytes[at - 32..at]) & self.mask == 0 {
                return at;
            }
            if weak.is_none() && is(WEAK_MARKER) && crc32(&bytes[at - 32..at]) & self.weak_mask == 0 {
                weak = Some(at);
            }
        }
        weak.unwrap_or(end)
    }

    /// Cuts what can be read, and gives each chunk to `each` until that fails.
    pub fn cut_all<F>(&self, source: &mut impl Read, mut each: F) -> io::Result<()>
    where
        F: FnMut(&[u8]) -> io::Result<()>,
    {
        let mut buffer = Vec::new();
        let mut at = 0;
        let mut ended = false;
        loop {
            if !ended && buffer.len() - at < self.most {
                buffer.drain(..at);
                at = 0;
                let wanted = (2 * self.most - buffer.len()) as u64;
                ended = (source.take(wanted).read_to_end(&mut buffer)? as u64) < wanted;
            }
            if at == buffer.len() {
                return Ok(());
            }
            let length = self.cut(&buffer[at..]);
            each(&buffer[at..at + length])?;
            at += length;
        }
    }
}

/// The CRC-32 of RFC 1952.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0u32; 256];
        let mut number = 0;
        while number < 256 {
            let mut value = number as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[number] = value;
            number += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, &byte| TABLE[usize::from(sum as u8 ^ byte)] ^ sum >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    fn chunks(level_number: usize, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let collect = |chunk: &[u8]| {
            found.push(chunk.to_vec());
            Ok(())
        };
        level(level_number).unwrap().cut_all(&mut &bytes[..], collect).unwrap();
        found
    }

    #[test]
    fn a_known_checksum() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn chunks_are_all_of_it_and_have_lengths_of_their_level() {
        let bytes = noise(300_000);
        for number in 0..4 {
            let found = chunks(number, &bytes);
            assert_eq!(found.concat(), bytes);
            let level = level(number).unwrap();
            let (_, whole) = found.split_last().unwrap();
            assert!(whole.iter().all(|chunk| (level.least..=level.most).contains(&chunk.len())));
        }
    }

    #[test]
    fn the_same_places_are_found_behind_an_insertion() {
        let bytes = noise(100_000);
        let before = chunks(0, &bytes);
        let after = chunks(0, &[&b"inserted"[..], &bytes].concat());
        let same = after.iter().filter(|chunk| before.contains(chunk)).count();
        assert!(same + 3 > before.len(), "{same} of {}", before.len());
    }

    #[test]
    fn an_empty_range_has_no_chunk() {
        assert!(chunks(0, b"").is_empty());
        assert_eq!(chunks(0, b"abc"), [b"abc"]);
    }
}
