//! Reads checked values: each function takes the bytes of one value in normal form and says what it is, or None.
//!
//! On other bytes the answers are wrong or None, but nothing panics.

use super::head::{self, Head, ARRAY, BYTES, MAP, NEGATIVE, SIMPLE, TAG, TEXT, UINT};
use super::values::{TAG_CHANNEL, TAG_FROZENSET, TAG_SET, TAG_SURROGATES};

fn first(value: &[u8]) -> Option<(Head, &[u8])> {
    let mut at = 0;
    let head = head::read(value, &mut at).ok()?;
    Some((head, &value[at..]))
}

pub fn is_null(value: &[u8]) -> bool {
    value == [0xf6]
}

pub fn boolean(value: &[u8]) -> Option<bool> {
    match value {
        [0xf4] => Some(false),
        [0xf5] => Some(true),
        _ => None,
    }
}

pub fn uint(value: &[u8]) -> Option<u64> {
    let (head, _) = first(value)?;
    (head.major == UINT).then_some(head.argument)
}

/// An integer that CBOR needs no tag for.
pub fn integer(value: &[u8]) -> Option<i128> {
    let (head, _) = first(value)?;
    match head.major {
        UINT => Some(i128::from(head.argument)),
        NEGATIVE => Some(-1 - i128::from(head.argument)),
        _ => None,
    }
}

/// Whether it is an integer of any size; `Some(true)` if it is negative.
pub fn sign(value: &[u8]) -> Option<bool> {
    let (head, _) = first(value)?;
    match (head.major, head.argument) {
        (UINT, _) | (TAG, 2) => Some(false),
        (NEGATIVE, _) | (TAG, 3) => Some(true),
        _ => None,
    }
}

/// A number that is not complex, as a float.
pub fn number(value: &[u8]) -> Option<f64> {
    let (head, _) = first(value)?;
    match head.major {
        SIMPLE if head.info >= 25 => Some(head::float(head)),
        _ => integer(value).map(|integer| integer as f64),
    }
}

pub fn text(value: &[u8]) -> Option<&str> {
    let (head, rest) = first(value)?;
    (head.major == TEXT).then(|| std::str::from_utf8(rest).ok())?
}

/// The content of a text with surrogates.
pub fn surrogates(value: &[u8]) -> Option<&[u8]> {
    let (head, rest) = first(value)?;
    (head.major == TAG && head.argument == TAG_SURROGATES).then(|| bytes(rest))?
}

pub fn bytes(value: &[u8]) -> Option<&[u8]> {
    let (head, rest) = first(value)?;
    (head.major == BYTES).then_some(rest)
}

/// The id in a reference to a channel.
pub fn reference(value: &[u8]) -> Option<u32> {
    let (head, rest) = first(value)?;
    (head.major == TAG && head.argument == TAG_CHANNEL).then(|| uint(rest))?.and_then(|id| u32::try_from(id).ok())
}

/// The elements of a list.
pub fn list(value: &[u8]) -> Option<Vec<&[u8]>> {
    let (head, rest) = first(value)?;
    (head.major == ARRAY).then(|| split(rest, head.argument))?
}

/// The entries of a dict.
pub fn dict(value: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let (head, rest) = first(value)?;
    let flat = (head.major == MAP).then(|| split(rest, head.argument.checked_mul(2)?))??;
    Some(flat.chunks_exact(2).map(|entry| (entry[0], entry[1])).collect())
}

/// The entries of a dict whose keys are all text.
pub fn text_dict(value: &[u8]) -> Option<Vec<(&str, &[u8])>> {
    dict(value)?.into_iter().map(|(key, value)| Some((text(key)?, value))).collect()
}

fn split(mut rest: &[u8], count: u64) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    for _ in 0..count {
        let length = scan(rest)?.length;
        let (part, behind) = rest.split_at(length);
        parts.push(part);
        rest = behind;
    }
    Some(parts)
}

/// What a sender has to know of a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    pub length: usize,
    pub depth: usize,
    pub surrogates: bool,
    /// There is a dict, a set or a frozenset in it.
    pub keyed: bool,
}

/// Looks at the value with which the bytes begin, without recursion: it may be nested as deep as it likes.
pub fn scan(bytes: &[u8]) -> Option<Scan> {
    let mut found = Scan::default();
    let mut open: Vec<u64> = Vec::new(); // how many items are missing at each level
    loop {
        let head = head::read(bytes, &mut found.length).ok()?;
        let inner = match head.major {
            BYTES | TEXT => {
                head::take(bytes, &mut found.length, head.argument).ok()?;
                None
            }
            ARRAY => Some(head.argument),
            MAP => {
                found.keyed = true;
                Some(head.argument.checked_mul(2)?)
            }
            TAG => {
                found.surrogates |= head.argument == TAG_SURROGATES;
                found.keyed |= matches!(head.argument, TAG_SET | TAG_FROZENSET);
                Some(1)
            }
            SIMPLE if !matches!(head.info, 20..=22 | 25..=27) => return None,
            _ => None,
        };
        if let Some(count) = inner {
            open.push(count);
            found.depth = found.depth.max(open.len());
        } else if let Some(missing) = open.last_mut() {
            *missing -= 1;
        }
        while open.last() == Some(&0) {
            open.pop();
            if let Some(missing) = open.last_mut() {
                *missing -= 1;
            }
        }
        if open.is_empty() {
            return Some(found);
        }
    }
}

/// Where in a value that was written here something is no value, as `[1]['report'][3]`, and what it is (VA-007).
pub fn culprit(bytes: &[u8]) -> Option<String> {
    enum Level<'a> {
        List { next: u64, count: u64 },
        Dict { left: u64, key: Option<&'a [u8]> },
    }
    let mut at = 0;
    let mut levels: Vec<Level> = Vec::new();
    loop {
        let start = at;
        let head = head::read(bytes, &mut at).ok()?;
        match head.major {
            BYTES | TEXT => drop(head::take(bytes, &mut at, head.argument).ok()?),
            SIMPLE if !matches!(head.info, 20..=22 | 25..=27) => {
                let path = levels.iter().map(|level| match level {
                    Level::List { next, .. } => format!("[{next}]"),
                    Level::Dict { key: Some(key), .. } => format!("['{}']", text(key).unwrap_or("...")),
                    Level::Dict { .. } => String::new(),
                });
                return Some(format!(
                    "{} is the simple value {}, which is none",
                    path.collect::<String>(),
                    head.argument
                ));
            }
            ARRAY if head.argument > 0 => {
                levels.push(Level::List { next: 0, count: head.argument });
                continue;
            }
            MAP if head.argument > 0 => {
                levels.push(Level::Dict { left: head.argument, key: None });
                continue;
            }
            TAG => continue,
            _ => {}
        }
        let whole = &bytes[start..at];
        loop {
            match levels.last_mut()? {
                Level::List { next, count } if *next + 1 < *count => *next += 1,
                Level::Dict { key: key @ None, .. } => *key = Some(whole),
                Level::Dict { left, key } if *left > 1 => (*left, *key) = (*left - 1, None),
                _ => {
                    levels.pop();
                    continue;
                }
            }
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_what_is_open_at_once() {
        let depth = |bytes: &[u8]| scan(bytes).unwrap().depth;
        assert_eq!(depth(&[0x81, 0x80]), 2);
        assert_eq!(depth(&[0x82, 0x01, 0x02]), 1);
        assert_eq!(depth(&[0xd9, 0xe4, 0x20, 0x82, 1, 2]), 2);
        assert_eq!(depth(&[0xc2, 0x41, 7]), 1);
        assert_eq!(depth(&[7]), 0);
        assert_eq!(scan(&[0x82, 0x80, 0x80, 0x00]).unwrap().length, 3);
        assert_eq!(scan(&[0x82, 0x80]), None);
    }

    #[test]
    fn what_is_no_value_is_named_with_its_path() {
        let undefined = [0x82, 0x00, 0xa1, 0x63, b'k', b'e', b'y', 0x83, 0x00, 0x80, 0xf7];
        assert!(culprit(&undefined).unwrap().starts_with("[1]['key'][2] "));
        assert_eq!(scan(&undefined), None);
        assert_eq!(culprit(&[0x82, 0x80, 0xa1, 1, 2]), None);
    }

    #[test]
    fn a_value_is_only_what_it_is() {
        assert_eq!(uint(&[0x05]), Some(5));
        assert_eq!(integer(&[0x24]), Some(-5));
        assert_eq!(uint(&[0x24]), None);
        assert_eq!(text(&[0x61, b'a']), Some("a"));
        assert_eq!(bytes(&[0x61, b'a']), None);
        assert_eq!(reference(&[0xd9, 0xe4, 0x22, 3]), Some(3));
        assert_eq!(text_dict(&[0xa1, 0x61, b'a', 1]), Some(vec![("a", &[1][..])]));
        assert_eq!(text_dict(&[0xa1, 0x01, 1]), None);
    }
}
