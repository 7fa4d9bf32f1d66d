//! A table of a list of chunks, taken apart.

use super::messages::be32;

const MOST_RECORDS: usize = 65_536;

/// The first bytes of a chunk's digest.
pub type Mark = [u8; 6];

/// A chunk, or a hole with its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Chunk { length: u32, mark: Mark },
    Hole { length: u64 },
}

impl Record {
    pub fn length(self) -> u64 {
        match self {
            Record::Chunk { length, .. } => u64::from(length),
            Record::Hole { length } => length,
        }
    }
}

pub fn parse(table: &[u8], longest: usize) -> Result<Vec<Record>, String> {
    let count = if table.len() < 4 { return Err("a list without a number of records".into()) } else { be32(table) };
    let count = count as usize;
    if count > MOST_RECORDS || table.len() != 4 + 10 * count {
        return Err(format!("a list of {count} records in {} bytes", table.len()));
    }
    let (lengths, marks) = table[4..].split_at(4 * count);
    let mut records = Vec::with_capacity(count);
    for (length, mark) in lengths.chunks_exact(4).zip(marks.chunks_exact(6)) {
        let length = be32(length);
        let record = if length == 0 {
            Record::Hole { length: mark.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)) }
        } else {
            let mut own = Mark::default();
            own.copy_from_slice(mark);
            Record::Chunk { length, mark: own }
        };
        if record.length() == 0 || length as usize > longest {
            return Err("a record with a length that it cannot have".into());
        }
        records.push(record);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_and_holes() {
        let table = [&[0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0][..], b"abcdef", &[0, 0, 0, 0, 1, 0]].concat();
        let records = parse(&table, 5).unwrap();
        assert_eq!(records[0], Record::Chunk { length: 5, mark: *b"abcdef" });
        assert_eq!(records[1], Record::Hole { length: 256 });
        assert!(parse(&table, 4).is_err() && parse(&table[..20], 5).is_err() && parse(&[], 5).is_err());
        assert!(parse(&[255; 4], 5).is_err());
    }
}
