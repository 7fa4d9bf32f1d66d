//! Items of a sync: what the sender says, taken apart, and what the receiver says.

use super::inflate::inflate;
use super::sha256::Digest;
use crate::wire::cursor;
use crate::wire::write::Writer;

/// No table and no content is longer (RS-011).
const MOST_BYTES: u64 = 1_048_576;
const PROBLEM_CHARACTERS: usize = 4096;

/// What `begin` asks for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Begin {
    pub dest: Vec<u8>,
    pub kind: u8,
    pub meta: Meta,
    pub delete: bool,
    pub checksum: bool,
    pub delta: bool,
    pub fsync: bool,
    pub dry_run: bool,
    pub owner: Option<(u32, u32)>,
}

/// Permissions, size and time of an entry.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    pub permissions: u16,
    pub size: u64,
    pub time: i64,
}

/// A message behind `begin`, or content.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    Index { first: u32, table: Vec<u8> },
    Owners { entries: Vec<u32>, users: Vec<u32>, groups: Vec<u32> },
    Listed,
    Chunks { entry: u32, level: usize, first: u64, table: Vec<u8>, digest: Option<Digest> },
    Copy { entry: u32, directory: u32, name: &'a [u8], digest: Digest },
    Meta { entry: u32, meta: Meta },
    Again(u32),
    Skip(u32),
    Finish,
    Pack(Vec<(u32, Vec<u8>)>),
    Data { flags: u8, entry: u32, offset: u64, body: Vec<u8> },
}

fn entry(value: &[u8]) -> Option<u32> {
    cursor::uint(value).and_then(|number| u32::try_from(number).ok())
}

fn permissions(value: &[u8]) -> Option<u16> {
    cursor::uint(value).filter(|&number| number < 4096).map(|number| number as u16)
}

fn time(value: &[u8]) -> Option<i64> {
    cursor::integer(value).and_then(|number| i64::try_from(number).ok())
}

fn digest(value: &[u8]) -> Option<Digest> {
    cursor::bytes(value)?.try_into().ok()
}

/// Numbers of 4 bytes each.
fn numbers(value: &[u8]) -> Option<Vec<u32>> {
    let bytes = cursor::bytes(value)?;
    (bytes.len() % 4 == 0).then(|| bytes.chunks_exact(4).map(be32).collect())
}

/// The first 4 bytes as a number.
pub fn be32(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

/// The first 8 bytes as a number.
pub fn be64(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// Compression, size and bytes, uncompressed.
fn unpacked(compression: Option<u64>, size: Option<u64>, bytes: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let (Some(compression), Some(size), Some(bytes)) = (compression, size, bytes) else {
        return Err("compression, size and bytes are of wrong types".into());
    };
    if size > MOST_BYTES {
        return Err(format!("{size} bytes, no more than {MOST_BYTES} are taken"));
    }
    match compression {
        0 if bytes.len() as u64 == size => Ok(bytes.to_vec()),
        0 => Err(format!("{} bytes came, {size} were said", bytes.len())),
        1 => inflate(bytes, size as usize),
        other => Err(format!("compression {other} is not known here")),
    }
}

pub fn parse_begin(item: &[u8]) -> Result<Begin, String> {
    let parts = cursor::list(item).unwrap_or_default();
    let (Some("begin"), 2) = (parts.first().and_then(|name| cursor::text(name)), parts.len()) else {
        return Err("the first message has to be begin".into());
    };
    let options = cursor::text_dict(parts[1]).ok_or("begin has no map with keys of text")?;
    let option = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    match option("version").and_then(cursor::uint) {
        Some(1) => {}
        Some(other) => {
            return Err(format!("the sender speaks version {other} of this protocol, this receiver version 1"))
        }
        None => return Err("begin has no version".into()),
    }
    let flag = |name: &str, default: bool| match option(name) {
        None => Ok(default),
        Some(value) => cursor::boolean(value).ok_or(format!("begin: {name} is no bool")),
    };
    let names = option("compression").map(|value| {
        cursor::list(value).is_some_and(|names| names.into_iter().all(|name| cursor::text(name).is_some()))
    });
    if names == Some(false) {
        return Err("begin: compression is no list of texts".into());
    }
    let owner = match option("owner").map(cursor::list) {
        None => None,
        Some(Some(pair)) if pair.len() == 2 => entry(pair[0]).zip(entry(pair[1])),
        Some(_) => return Err("begin: owner is no list of two numbers".into()),
    };
    if owner.is_none() && option("owner").is_some() {
        return Err("begin: owner is no list of two numbers".into());
    }
    let root = option("root").and_then(cursor::list).filter(|root| root.len() == 4);
    let root = root.ok_or("begin: root is no list of four")?;
    let kind =
        cursor::uint(root[0]).filter(|kind| matches!(kind, 1 | 2)).ok_or("begin: the root's kind is not 1 or 2")?;
    let (Some(permissions), Some(size), Some(time)) = (permissions(root[1]), cursor::uint(root[2]), time(root[3]))
    else {
        return Err("begin: permissions, size or time of the root are none".into());
    };
    if kind == 1 && size != 0 {
        return Err("begin: a directory with a size".into());
    }
    let dest = option("dest").and_then(cursor::bytes).ok_or("begin: dest is no bytes")?;
    Ok(Begin {
        dest: dest.to_vec(),
        kind: kind as u8,
        meta: Meta { permissions, size, time },
        delete: flag("delete", false)?,
        checksum: flag("checksum", false)?,
        delta: flag("delta", true)?,
        fsync: flag("fsync", false)?,
        dry_run: flag("dry_run", false)?,
        owner,
    })
}

/// A message behind `begin`; an error is one of form (RS-002).
pub fn parse(item: &[u8]) -> Result<Message<'_>, String> {
    if let Some(content) = cursor::bytes(item) {
        return parse_content(content);
    }
    let parts = cursor::list(item).ok_or("an item that is neither a list nor bytes")?;
    let name = parts.first().and_then(|name| cursor::text(name)).ok_or("a message without a name")?;
    let wrong = || format!("the message {name} has another form");
    let message = match (name, &parts[1..]) {
        ("index", [first, packed @ ..]) if packed.len() == 3 => {
            Message::Index { first: entry(first).ok_or_else(wrong)?, table: table(packed)? }
        }
        ("owners", [entries, users, groups]) => {
            let (Some(entries), Some(users), Some(groups)) = (numbers(entries), numbers(users), numbers(groups)) else {
                return Err(wrong());
            };
            if entries.len() != users.len() || entries.len() != groups.len() {
                return Err(wrong());
            }
            Message::Owners { entries, users, groups }
        }
        ("listed", []) => Message::Listed,
        ("finish", []) => Message::Finish,
        ("chunks", [one, level, first, packed @ .., last]) if packed.len() == 3 => {
            let level = cursor::uint(level).filter(|&level| level <= 10).ok_or_else(wrong)?;
            let digest = if cursor::is_null(last) { None } else { Some(digest(last).ok_or_else(wrong)?) };
            Message::Chunks {
                entry: entry(one).ok_or_else(wrong)?,
                level: level as usize,
                first: cursor::uint(first).ok_or_else(wrong)?,
                table: table(packed)?,
                digest,
            }
        }
        ("copy", [one, directory, name, last]) => Message::Copy {
            entry: entry(one).ok_or_else(wrong)?,
            directory: entry(directory).ok_or_else(wrong)?,
            name: cursor::bytes(name).ok_or_else(wrong)?,
            digest: digest(last).ok_or_else(wrong)?,
        },
        ("meta", [one, mode, size, when]) => Message::Meta {
            entry: entry(one).ok_or_else(wrong)?,
            meta: Meta {
                permissions: permissions(mode).ok_or_else(wrong)?,
                size: cursor::uint(size).ok_or_else(wrong)?,
                time: time(when).ok_or_else(wrong)?,
            },
        },
        ("again", [one]) => Message::Again(entry(one).ok_or_else(wrong)?),
        ("skip", [one]) => Message::Skip(entry(one).ok_or_else(wrong)?),
        ("index" | "owners" | "listed" | "finish" | "chunks" | "copy" | "meta" | "again" | "skip", _) => {
            return Err(wrong());
        }
        _ => return Err(format!("there is no message {:?}", name.chars().take(40).collect::<String>())),
    };
    Ok(message)
}

fn table(packed: &[&[u8]]) -> Result<Vec<u8>, String> {
    unpacked(cursor::uint(packed[0]), cursor::uint(packed[1]), cursor::bytes(packed[2]))
}

fn parse_content(content: &[u8]) -> Result<Message<'_>, String> {
    match content {
        [1, compression, rest @ ..] if rest.len() >= 8 => {
            let size = u64::from(be32(rest));
            let count = be32(&rest[4..]) as usize;
            let body = unpacked(Some(u64::from(*compression)), Some(size), Some(&rest[8..]))?;
            pack(&body, count).map(Message::Pack)
        }
        [2, compression, flags, rest @ ..] if rest.len() >= 16 => {
            let size = u64::from(be32(&rest[12..]));
            let body = unpacked(Some(u64::from(*compression)), Some(size), Some(&rest[16..]))?;
            if *flags > 3 {
                return Err(format!("data with the flags {flags}"));
            }
            Ok(Message::Data { flags: *flags, entry: be32(rest), offset: be64(&rest[4..]), body })
        }
        _ => Err("content of a form that there is not".into()),
    }
}

fn pack(body: &[u8], count: usize) -> Result<Vec<(u32, Vec<u8>)>, String> {
    if count > body.len() / 8 {
        return Err(format!("a pack of {count} files in {} bytes", body.len()));
    }
    let (heads, mut rest) = body.split_at(8 * count);
    let mut files = Vec::with_capacity(count);
    for head in heads.chunks_exact(8) {
        let length = be32(&head[4..]) as usize;
        if length > rest.len() {
            return Err("the contents of a pack are shorter than its lengths".into());
        }
        let (content, behind) = rest.split_at(length);
        files.push((be32(head), content.to_vec()));
        rest = behind;
    }
    if rest.is_empty() {
        Ok(files)
    } else {
        Err("the contents of a pack are longer than its lengths".into())
    }
}

/// Numbers in 4 bytes each.
pub fn packed_numbers(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_be_bytes).collect()
}

pub fn ready(dest: &[u8]) -> Vec<u8> {
    let options = Writer::new().list(2).text("ready").dict(2).text("version").uint(1);
    options.text("dest").bytes(dest).bytes
}

pub fn needs(first: u32, needed: &[(u32, u8)]) -> Vec<u8> {
    let entries = packed_numbers(needed.iter().map(|one| one.0));
    let kinds: Vec<u8> = needed.iter().map(|one| one.1).collect();
    Writer::new().list(4).text("needs").uint(u64::from(first)).bytes(&entries).bytes(&kinds).bytes
}

pub fn plan(planned: &[(u32, u8)]) -> Vec<u8> {
    let entries = packed_numbers(planned.iter().map(|one| one.0));
    let actions: Vec<u8> = planned.iter().map(|one| one.1).collect();
    Writer::new().list(3).text("plan").bytes(&entries).bytes(&actions).bytes
}

/// Chunks that are lacking: the first, and how many.
pub fn want(entry: u32, ranges: &[(u32, u32)]) -> Vec<u8> {
    let ranges = packed_numbers(ranges.iter().flat_map(|&(first, count)| [first, count]));
    Writer::new().list(3).text("want").uint(u64::from(entry)).bytes(&ranges).bytes
}

pub fn whole(entry: u32) -> Vec<u8> {
    Writer::new().list(2).text("whole").uint(u64::from(entry)).bytes
}

pub fn got(entries: &[u32]) -> Vec<u8> {
    Writer::new().list(2).text("got").bytes(&packed_numbers(entries.iter().copied())).bytes
}

pub fn problem(entry: Option<u32>, text: &str) -> Vec<u8> {
    let writer = Writer::new().list(3).text("problem");
    let writer = match entry {
        Some(entry) => writer.uint(u64::from(entry)),
        None => writer.null(),
    };
    writer.text(&text.chars().take(PROBLEM_CHARACTERS).collect::<String>()).bytes
}

pub fn removed(paths: &[u8]) -> Vec<u8> {
    Writer::new().list(2).text("removed").bytes(paths).bytes
}

pub fn busy() -> Vec<u8> {
    Writer::new().list(1).text("busy").bytes
}

pub fn done() -> Vec<u8> {
    Writer::new().list(2).text("done").dict(0).bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::wire::values::{check, Rules};

    const ITEM: Rules = Rules { depth: 64, references: true };

    #[test]
    fn the_examples_are_what_they_say() {
        let begin = Writer::new().list(2).text("begin").dict(3).text("version").uint(1).text("dest").bytes(b"/d");
        let begin = begin.text("root").list(4).uint(1).uint(0o755).uint(0).uint(0).bytes;
        let begin = parse_begin(&begin).unwrap();
        assert_eq!((begin.kind, begin.delta, begin.delete, &begin.dest[..]), (1, true, false, &b"/d"[..]));
        let pack = Writer::new().bytes(b"\x01\0\0\0\0\x0d\0\0\0\x01\0\0\0\x01\0\0\0\x05hello").bytes;
        assert_eq!(parse(&pack), Ok(Message::Pack(vec![(1, b"hello".to_vec())])));
        assert_eq!(needs(1, &[(1, 1)]), b"\x84\x65needs\x01\x44\0\0\0\x01\x41\x01");
        assert_eq!(done(), b"\x82\x64done\xa0");
    }

    #[test]
    fn any_item_is_a_message_or_refused() {
        let names = ["index", "owners", "chunks", "copy", "meta", "again", "skip", "listed", "begin"];
        for seed in 0..100_000 {
            let mut noise = Noise::new(seed);
            let mut item = Writer::new().list(1 + noise.below(7)).text(noise.pick(&names)).bytes;
            item.extend(noise.cbor());
            if noise.below(3) == 0 {
                let content: Vec<u8> = (0..noise.below(60)).map(|_| noise.pick(&[0, 0, 0, 1, 2, 8])).collect();
                item = Writer::new().bytes(&content).bytes;
            }
            if let Ok(checked) = check(&item, ITEM) {
                let _ = (parse(&checked.bytes).is_ok(), parse_begin(&checked.bytes).is_ok());
            }
        }
    }
}
