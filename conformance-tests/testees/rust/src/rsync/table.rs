//! A table of the index, taken apart (RS-021).

use super::messages::{be32, be64, Meta};

pub const DIRECTORY: u8 = 1;
pub const FILE: u8 = 2;
pub const LINK: u8 = 3;
pub const INNER_LINK: u8 = 4;
/// Flags of a group.
pub const MORE_FOLLOWS: u32 = 1;
pub const NOT_ALL_KNOWN: u32 = 2;

/// Entries of one directory.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    pub directory: u32,
    pub count: usize,
    pub flags: u32,
}

/// One entry, without its directory.
#[derive(Debug, PartialEq, Eq)]
pub struct Row<'a> {
    pub kind: u8,
    pub meta: Meta,
    pub name: &'a [u8],
    pub text: &'a [u8],
}

struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize, each: usize) -> Result<&'a [u8], String> {
        let length = count.checked_mul(each).filter(|&length| length <= self.0.len());
        let (part, rest) = self.0.split_at(length.ok_or("a table that is too short")?);
        self.0 = rest;
        Ok(part)
    }

    fn number(&mut self) -> Result<usize, String> {
        self.take(4, 1).map(|part| be32(part) as usize)
    }
}

pub fn parse(table: &[u8]) -> Result<(Vec<Group>, Vec<Row<'_>>), String> {
    let mut parts = Parts(table);
    let (count, group_count) = (parts.number()?, parts.number()?);
    let heads = parts.take(group_count, 12)?;
    let groups: Vec<Group> = heads
        .chunks_exact(12)
        .map(|head| Group { directory: be32(head), count: be32(&head[4..]) as usize, flags: be32(&head[8..]) })
        .collect();
    let sum = groups.iter().try_fold(0usize, |sum, group| sum.checked_add(group.count));
    if sum != Some(count) {
        return Err("the groups of a table have another number of entries than the table".into());
    }
    let kinds = parts.take(count, 1)?;
    let (permissions, sizes, times) = (parts.take(count, 2)?, parts.take(count, 8)?, parts.take(count, 8)?);
    let names_size = parts.number()?;
    let names = split(parts.take(names_size, 1)?, count, "names")?;
    let links = kinds.iter().filter(|kind| matches!(**kind, LINK | INNER_LINK)).count();
    let texts = split(parts.0, links, "texts")?;
    if texts.iter().any(|text| text.is_empty()) {
        return Err("a link without a text".into());
    }
    let mut texts = texts.into_iter();
    let mut rows = Vec::with_capacity(count);
    for place in 0..count {
        let kind = kinds[place];
        let meta = Meta {
            permissions: u16::from_be_bytes([permissions[2 * place], permissions[2 * place + 1]]),
            size: be64(&sizes[8 * place..]),
            time: be64(&times[8 * place..]) as i64,
        };
        if !(DIRECTORY..=INNER_LINK).contains(&kind) {
            return Err(format!("an entry of the kind {kind}"));
        }
        if meta.permissions > 0o7777 || (kind != FILE && meta.size != 0) {
            return Err("an entry with permissions or a size that it cannot have".into());
        }
        let text = if matches!(kind, LINK | INNER_LINK) { texts.next().unwrap_or_default() } else { &[] };
        rows.push(Row { kind, meta, name: names[place], text });
    }
    Ok((groups, rows))
}

/// So many parts, joined by a byte 0.
fn split<'a>(bytes: &'a [u8], count: usize, what: &str) -> Result<Vec<&'a [u8]>, String> {
    if count == 0 {
        return if bytes.is_empty() { Ok(Vec::new()) } else { Err(format!("a table with {what} of nothing")) };
    }
    let parts: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    if parts.len() != count {
        return Err(format!("a table with {} {what}, {count} belong in it", parts.len()));
    }
    Ok(parts)
}

/// Refuses what is no name of an entry in a directory (RS-030, RS-031).
pub fn check_name(name: &[u8]) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(name).chars().take(80).collect::<String>();
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|byte| matches!(byte, b'/' | 0)) {
        return Err(format!("{:?} is no name of an entry", shown()));
    }
    if name.starts_with(super::UNFINISHED) {
        return Err(format!("{:?} is the name of an unfinished file", shown()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const EXAMPLE: &str = "0000000200000002000000000000000200000000000000020000000000000000020101a401ed\
        000000000000000500000000000000000000000000000000000000000000000000000003610065";

    fn example() -> Vec<u8> {
        let digits = |place: usize| u8::from_str_radix(&EXAMPLE[place..place + 2], 16).unwrap();
        (0..EXAMPLE.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn the_example_is_what_it_says() {
        let table = example();
        let (groups, rows) = parse(&table).unwrap();
        assert_eq!(groups[0], Group { directory: 0, count: 2, flags: 0 });
        assert_eq!(groups[1], Group { directory: 2, count: 0, flags: 0 });
        let meta = |permissions, size| Meta { permissions, size, time: 0 };
        assert_eq!(rows[0], Row { kind: FILE, meta: meta(0o644, 5), name: b"a", text: b"" });
        assert_eq!(rows[1], Row { kind: DIRECTORY, meta: meta(0o755, 0), name: b"e", text: b"" });
    }

    #[test]
    fn no_bytes_panic() {
        let table = example();
        for end in 0..table.len() - 1 {
            assert!(parse(&table[..end]).is_err());
        }
        for place in 0..table.len() {
            for value in [0, 1, 127, 255] {
                let mut changed = table.clone();
                changed[place] = value;
                let _ = parse(&changed);
            }
        }
        assert!(parse(&[table, vec![0]].concat()).is_err());
    }

    #[test]
    fn names_stay_in_their_directory() {
        for name in [&b""[..], b".", b"..", b"a/b", b".xnet-rsync-1"] {
            assert!(check_name(name).is_err());
        }
        assert!(check_name(b"...").is_ok() && check_name(b"\xff").is_ok());
    }
}
