//! zlib (RFC 1950, 1951), never more than was said (RS-011).

const MAX_BITS: usize = 15;

/// Uncompresses data that have to be exactly `size` bytes.
pub fn inflate(data: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let [method, flags, body @ ..] = data else {
        return Err("compressed data of less than two bytes".into());
    };
    if method & 15 != 8 || (u16::from(*method) << 8 | u16::from(*flags)) % 31 != 0 || flags & 32 != 0 {
        return Err("the compressed data are not zlib's".into());
    }
    let mut bits = Bits { data: body, at: 0, held: 0, count: 0 };
    let mut out = Vec::with_capacity(size);
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, &mut out, size)?,
            1 => {
                let (literals, distances) = fixed_codes();
                compressed(&mut bits, &mut out, size, &literals, &distances)?;
            }
            2 => {
                let (literals, distances) = dynamic_codes(&mut bits)?;
                compressed(&mut bits, &mut out, size, &literals, &distances)?;
            }
            _ => return Err("the compressed data have a block of a kind that there is not".into()),
        }
        if last {
            break;
        }
    }
    if out.len() != size {
        return Err(format!("{} bytes were compressed, {size} were said", out.len()));
    }
    let rest = bits.rest_of_bytes();
    if rest != adler(&out).to_be_bytes() {
        return Err("the checksum of the compressed data is wrong, or something is behind it".into());
    }
    Ok(out)
}

fn adler(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for part in data.chunks(5552) {
        for &byte in part {
            a += u32::from(byte);
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    b << 16 | a
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl<'a> Bits<'a> {
    fn take(&mut self, count: u32) -> Result<u32, String> {
        while self.count < count {
            let byte = *self.data.get(self.at).ok_or("the compressed data are truncated")?;
            self.at += 1;
            self.held |= u32::from(byte) << self.count;
            self.count += 8;
        }
        let value = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        Ok(value)
    }

    /// What is behind the current byte. No whole byte is ever held.
    fn rest_of_bytes(&mut self) -> &'a [u8] {
        self.held = 0;
        self.count = 0;
        &self.data[self.at..]
    }
}

/// A canonical Huffman code: how many symbols have each length, and the symbols in order.
struct Code {
    counts: [u16; MAX_BITS + 1],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Result<Self, String> {
        let mut counts = [0u16; MAX_BITS + 1];
        lengths.iter().for_each(|&length| counts[usize::from(length)] += 1);
        counts[0] = 0;
        let mut left = 1i32;
        for count in &counts[1..] {
            left = (left << 1) - i32::from(*count);
            if left < 0 {
                return Err("the compressed data have a code with too many symbols".into());
            }
        }
        let mut symbols: Vec<u16> =
            (0..lengths.len() as u16).filter(|&symbol| lengths[usize::from(symbol)] != 0).collect();
        symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
        Ok(Self { counts, symbols })
    }

    fn read(&self, bits: &mut Bits) -> Result<usize, String> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0usize);
        for &count in &self.counts[1..] {
            code |= bits.take(1)? as i32;
            if code - i32::from(count) < first {
                return Ok(usize::from(self.symbols[index + (code - first) as usize]));
            }
            index += usize::from(count);
            first = (first + i32::from(count)) << 1;
            code <<= 1;
        }
        Err("the compressed data have a symbol that no code has".into())
    }
}

fn fixed_codes() -> (Code, Code) {
    let lengths: Vec<u8> = (0..288u16)
        .map(|symbol| match symbol {
            0..=143 => 8,
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        })
        .collect();
    let code = |lengths: &[u8]| Code::new(lengths).expect("the fixed codes are complete");
    (code(&lengths), code(&[5; 30]))
}

fn dynamic_codes(bits: &mut Bits) -> Result<(Code, Code), String> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let meta = bits.take(4)? as usize + 4;
    if literals > 286 || distances > 30 {
        return Err("the compressed data have codes of too many symbols".into());
    }
    let mut lengths = [0u8; 19];
    for &place in &ORDER[..meta] {
        lengths[place] = bits.take(3)? as u8;
    }
    let code = Code::new(&lengths)?;
    let mut lengths = Vec::with_capacity(literals + distances);
    while lengths.len() < literals + distances {
        let (value, times) = match code.read(bits)? {
            16 => (*lengths.last().ok_or("the compressed data repeat a length before the first")?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(value, times as usize));
    }
    if lengths.len() > literals + distances || lengths[256] == 0 {
        return Err("the compressed data have lengths of codes that do not fit".into());
    }
    Ok((Code::new(&lengths[..literals])?, Code::new(&lengths[literals..])?))
}

fn room(out: &[u8], more: usize, size: usize) -> Result<(), String> {
    if out.len() + more > size {
        return Err(format!("more than the {size} bytes that were said are compressed"));
    }
    Ok(())
}

fn stored(bits: &mut Bits, out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    let rest = bits.rest_of_bytes();
    let Some(([a, b, c, d], body)) = rest.split_first_chunk() else {
        return Err("the compressed data are truncated".into());
    };
    let length = u16::from_le_bytes([*a, *b]);
    if length != !u16::from_le_bytes([*c, *d]) {
        return Err("the length of stored data is not what its complement says".into());
    }
    let length = usize::from(length);
    room(out, length, size)?;
    out.extend(body.get(..length).ok_or("the compressed data are truncated")?);
    bits.at += 4 + length;
    Ok(())
}

fn compressed(
    bits: &mut Bits,
    out: &mut Vec<u8>,
    size: usize,
    literals: &Code,
    distances: &Code,
) -> Result<(), String> {
    const LENGTHS: [u16; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ];
    const MORE: [u32; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    loop {
        let symbol = literals.read(bits)?;
        match symbol {
            0..=255 => {
                room(out, 1, size)?;
                out.push(symbol as u8);
            }
            256 => return Ok(()),
            _ => {
                let place = symbol - 257;
                let more = *MORE.get(place).ok_or("the compressed data have a length that there is not")?;
                let length = usize::from(LENGTHS[place]) + bits.take(more)? as usize;
                let code = distances.read(bits)?;
                if code > 29 {
                    return Err("the compressed data have a distance that there is not".into());
                }
                let distance = match code {
                    0..=3 => code + 1,
                    _ => {
                        let more = code as u32 / 2 - 1;
                        ((2 + (code & 1)) << more) + 1 + bits.take(more)? as usize
                    }
                };
                if distance > out.len() {
                    return Err("the compressed data refer to what is before their beginning".into());
                }
                room(out, length, size)?;
                for _ in 0..length {
                    out.push(out[out.len() - distance]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &[u8] = b"\x78\x01\x01\x05\x00\xfa\xffhello\x06\x2c\x02\x15";
    const FIXED: &[u8] = b"\x78\x01\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00\x3a\x2e\x06\x7d";

    #[test]
    fn stored_and_compressed_data_come_back() {
        assert_eq!(inflate(STORED, 5).unwrap(), b"hello");
        assert_eq!(inflate(FIXED, 17).unwrap(), b"hello hello hello");
    }

    #[test]
    fn more_or_fewer_bytes_are_refused() {
        assert!(inflate(STORED, 4).is_err() && inflate(STORED, 6).is_err());
        assert!(inflate(FIXED, 16).is_err() && inflate(FIXED, 18).is_err());
    }

    #[test]
    fn no_bytes_panic() {
        for data in [STORED, FIXED] {
            for end in 0..data.len() {
                assert!(inflate(&data[..end], 17).is_err());
            }
            for place in 0..data.len() {
                for bit in 0..8 {
                    let mut changed = data.to_vec();
                    changed[place] ^= 1 << bit;
                    let _ = inflate(&changed, 17);
                }
            }
            assert!(inflate(&[data, b"x"].concat(), 17).is_err());
        }
    }
}
