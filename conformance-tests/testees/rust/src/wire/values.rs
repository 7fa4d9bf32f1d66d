//! Values: bytes of a peer are checked against the closed set and written again in normal form.
//!
//! A worker in a language without dynamic values has no use for a tree of them. A value stays what it was on the wire:
//! checked CBOR. So it takes the memory that it took there, whatever a peer makes of empty lists, and what is sent on
//! unchanged is the same value (VA-010). `cursor` reads it, `write` makes new ones.

use std::collections::HashSet;

use super::head::{self, Head, ARRAY, BYTES, MAP, NEGATIVE, SIMPLE, TAG, TEXT, UINT};
use super::keys::{self, Class, Fingerprint};
use super::{bad, text, Bad};

pub const TAG_BIGNUM: u64 = 2;
pub const TAG_NEGATIVE_BIGNUM: u64 = 3;
pub const TAG_SET: u64 = 258;
pub const TAG_COMPLEX: u64 = 43000;
pub const TAG_TUPLE: u64 = 58400;
pub const TAG_FROZENSET: u64 = 58401;
pub const TAG_CHANNEL: u64 = 58402;
pub const TAG_SURROGATES: u64 = 58404;

/// What a receiver takes.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub depth: usize,
    pub references: bool,
}

/// The rules of control payloads (FR-015).
pub const CONTROL: Rules = Rules { depth: 64, references: false };

/// A value in normal form, and the channels that it refers to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Checked {
    pub bytes: Vec<u8>,
    pub references: Vec<u32>,
}

/// Checks the value that begins at `at` and moves `at` behind it.
pub fn check_at(input: &[u8], at: &mut usize, rules: Rules) -> Result<Checked, Bad> {
    let mut pass = Pass { input, at: *at, rules, done: Checked::default() };
    pass.value(0, false)?;
    *at = pass.at;
    Ok(pass.done)
}

/// Checks bytes that have to be exactly one value (VA-001).
pub fn check(input: &[u8], rules: Rules) -> Result<Checked, Bad> {
    let mut at = 0;
    let checked = check_at(input, &mut at, rules)?;
    if at < input.len() {
        return bad(format!("{} bytes follow the value", input.len() - at));
    }
    Ok(checked)
}

struct Pass<'a> {
    input: &'a [u8],
    at: usize,
    rules: Rules,
    done: Checked,
}

impl<'a> Pass<'a> {
    /// One value with `open` arrays, maps and tags around it. A fingerprint is made, and hashability asked for, if it
    /// is (part of) a key.
    fn value(&mut self, open: usize, key: bool) -> Result<Fingerprint, Bad> {
        let head = head::read(self.input, &mut self.at)?;
        match head.major {
            UINT => {
                head::write(&mut self.done.bytes, UINT, head.argument);
                Ok(key.then(|| keys::whole(false, &head.argument.to_be_bytes())))
            }
            NEGATIVE => {
                head::write(&mut self.done.bytes, NEGATIVE, head.argument);
                Ok(key.then(|| keys::whole(true, &(u128::from(head.argument) + 1).to_be_bytes())))
            }
            BYTES => {
                let bytes = head::take(self.input, &mut self.at, head.argument)?;
                Ok(self.string(BYTES, bytes, key))
            }
            TEXT => {
                let bytes = head::take(self.input, &mut self.at, head.argument)?;
                if std::str::from_utf8(bytes).is_err() {
                    return bad("text that is not valid UTF-8");
                }
                Ok(self.string(TEXT, bytes, key))
            }
            ARRAY if key => bad("a list is not hashable"),
            ARRAY => {
                self.opened(open)?;
                self.elements(head, open + 1)?;
                Ok(None)
            }
            MAP if key => bad("a dict is not hashable"),
            MAP => {
                self.opened(open)?;
                self.entries(head, open + 1)?;
                Ok(None)
            }
            TAG => {
                self.opened(open)?;
                self.tagged(head.argument, open + 1, key)
            }
            _ => self.simple(head, key),
        }
    }

    fn opened(&self, open: usize) -> Result<(), Bad> {
        if open >= self.rules.depth {
            return bad(format!("more than {} levels of nesting", self.rules.depth));
        }
        Ok(())
    }

    fn simple(&mut self, head: Head, key: bool) -> Result<Fingerprint, Bad> {
        self.done.bytes.extend(&self.input[self.at - Self::head_length(head)..self.at]);
        match head.info {
            20 | 21 => Ok(key.then(|| keys::whole(false, &[head.info - 20]))),
            22 => Ok(key.then(|| keys::fingerprint(Class::Null, &[]))),
            25..=27 => Ok(if key { keys::float(head::float(head)) } else { None }),
            _ => bad(format!("simple value {} is no value", head.argument)),
        }
    }

    fn head_length(head: Head) -> usize {
        match head.info {
            0..=23 => 1,
            info => 1 + (1 << (info - 24)),
        }
    }

    fn string(&mut self, major: u8, bytes: &[u8], key: bool) -> Fingerprint {
        head::write(&mut self.done.bytes, major, bytes.len() as u64);
        self.done.bytes.extend(bytes);
        key.then(|| keys::fingerprint(if major == TEXT { Class::Text } else { Class::Bytes }, bytes))
    }

    /// A count is refused when there are not even that many bytes.
    fn counted(&self, count: u64, bytes_each: u64) -> Result<(), Bad> {
        let left = (self.input.len() - self.at) as u64;
        if count > left / bytes_each {
            return bad(format!("{count} elements with {left} bytes left"));
        }
        Ok(())
    }

    fn elements(&mut self, head: Head, open: usize) -> Result<(), Bad> {
        self.counted(head.argument, 1)?;
        head::write(&mut self.done.bytes, ARRAY, head.argument);
        for _ in 0..head.argument {
            self.value(open, false)?;
        }
        Ok(())
    }

    fn entries(&mut self, head: Head, open: usize) -> Result<(), Bad> {
        self.counted(head.argument, 2)?;
        head::write(&mut self.done.bytes, MAP, head.argument);
        let mut seen = HashSet::new();
        for _ in 0..head.argument {
            let start = self.at;
            if let Some(fingerprint) = self.value(open, true)? {
                if !seen.insert(fingerprint) {
                    return bad(format!("the key at byte {start} comes twice"));
                }
            }
            self.value(open, false)?;
        }
        Ok(())
    }

    fn tagged(&mut self, tag: u64, open: usize, key: bool) -> Result<Fingerprint, Bad> {
        let head = head::read(self.input, &mut self.at)?;
        let expected = match tag {
            TAG_SET | TAG_COMPLEX | TAG_TUPLE | TAG_FROZENSET => ARRAY,
            TAG_BIGNUM | TAG_NEGATIVE_BIGNUM | TAG_SURROGATES => BYTES,
            TAG_CHANNEL => UINT,
            _ => return bad(format!("tag {tag} is not in the table")),
        };
        if head.major != expected {
            return bad(format!("the content of tag {tag} is of major type {}, not {expected}", head.major));
        }
        match tag {
            TAG_SET if key => bad("a set is not hashable"),
            TAG_SET | TAG_FROZENSET => self.set(tag, head, open),
            TAG_TUPLE => self.tuple(head, open, key),
            TAG_COMPLEX => self.complex(head, open, key),
            TAG_CHANNEL => self.reference(head.argument, key),
            TAG_SURROGATES => {
                let bytes = head::take(self.input, &mut self.at, head.argument)?;
                text::check_surrogates(bytes)?;
                head::write(&mut self.done.bytes, TAG, TAG_SURROGATES);
                self.string(BYTES, bytes, false);
                Ok(key.then(|| keys::fingerprint(Class::Text, bytes)))
            }
            _ => self.bignum(tag, head, key),
        }
    }

    fn bignum(&mut self, tag: u64, head: Head, key: bool) -> Result<Fingerprint, Bad> {
        let bytes = head::take(self.input, &mut self.at, head.argument)?;
        let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
        let bytes = &bytes[start..];
        let negative = tag == TAG_NEGATIVE_BIGNUM;
        if bytes.len() <= 8 {
            let small = bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
            head::write(&mut self.done.bytes, if negative { NEGATIVE } else { UINT }, small);
        } else {
            head::write(&mut self.done.bytes, TAG, tag);
            self.string(BYTES, bytes, false);
        }
        if !key {
            return Ok(None);
        }
        let mut magnitude = [&[0], bytes].concat();
        if negative {
            // the value is -1 - n
            for byte in magnitude.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        Ok(Some(keys::whole(negative, &magnitude)))
    }

    fn complex(&mut self, head: Head, open: usize, key: bool) -> Result<Fingerprint, Bad> {
        self.opened(open)?;
        if head.argument != 2 {
            return bad(format!("a complex number of {} parts", head.argument));
        }
        head::write(&mut self.done.bytes, TAG, TAG_COMPLEX);
        head::write(&mut self.done.bytes, ARRAY, 2);
        let mut parts = [0.0; 2];
        for part in &mut parts {
            let head = head::read(self.input, &mut self.at)?;
            if head.major != SIMPLE || !(25..=27).contains(&head.info) {
                return bad("a part of a complex number is no float");
            }
            self.done.bytes.extend(&self.input[self.at - Self::head_length(head)..self.at]);
            *part = head::float(head);
        }
        Ok(if key { keys::complex(parts[0], parts[1]) } else { None })
    }

    fn tuple(&mut self, head: Head, open: usize, key: bool) -> Result<Fingerprint, Bad> {
        self.opened(open)?;
        head::write(&mut self.done.bytes, TAG, TAG_TUPLE);
        if !key {
            self.elements(head, open + 1)?;
            return Ok(None);
        }
        self.counted(head.argument, 1)?;
        head::write(&mut self.done.bytes, ARRAY, head.argument);
        let mut fingerprints = Some(Vec::new());
        for _ in 0..head.argument {
            match self.value(open + 1, true)? {
                Some(one) => fingerprints.iter_mut().for_each(|all| all.push(one)),
                None => fingerprints = None,
            }
        }
        Ok(fingerprints.map(|all| keys::compound(Class::Tuple, all)))
    }

    fn set(&mut self, tag: u64, head: Head, open: usize) -> Result<Fingerprint, Bad> {
        self.opened(open)?;
        self.counted(head.argument, 1)?;
        head::write(&mut self.done.bytes, TAG, tag);
        head::write(&mut self.done.bytes, ARRAY, head.argument);
        let mut seen = HashSet::new();
        let mut equal_to_nothing = false;
        for _ in 0..head.argument {
            let start = self.at;
            match self.value(open + 1, true)? {
                Some(fingerprint) if !seen.insert(fingerprint) => {
                    return bad(format!("the element at byte {start} comes twice"));
                }
                Some(_) => {}
                None => equal_to_nothing = true,
            }
        }
        if equal_to_nothing {
            return Ok(None);
        }
        Ok(Some(keys::compound(Class::FrozenSet, seen.into_iter().collect())))
    }

    fn reference(&mut self, id: u64, key: bool) -> Result<Fingerprint, Bad> {
        let id = match u32::try_from(id) {
            Ok(id) if id != 0 => id,
            _ => return bad(format!("a reference to channel {id}, which cannot be one")),
        };
        if !self.rules.references {
            return bad("a control payload with a reference to a channel");
        }
        head::write(&mut self.done.bytes, TAG, TAG_CHANNEL);
        head::write(&mut self.done.bytes, UINT, u64::from(id));
        self.done.references.push(id);
        Ok(key.then(|| keys::fingerprint(Class::Channel, &id.to_be_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::wire::cursor;

    const ITEM: Rules = Rules { depth: 64, references: true };

    #[test]
    fn any_bytes_are_a_value_or_refused_and_a_value_stays_itself() {
        let mut values = 0;
        for seed in 0..200_000 {
            let bytes = Noise::new(seed).cbor();
            let Ok(checked) = check(&bytes, ITEM) else { continue };
            values += 1;
            assert_eq!(check(&checked.bytes, ITEM).as_ref(), Ok(&checked), "{bytes:02x?}");
            let scan = cursor::scan(&checked.bytes).unwrap();
            assert_eq!(scan.length, checked.bytes.len());
            assert_eq!(cursor::culprit(&checked.bytes), None);
            assert!(check(&checked.bytes, Rules { depth: scan.depth, ..ITEM }).is_ok());
            assert!(scan.depth == 0 || check(&checked.bytes, Rules { depth: scan.depth - 1, ..ITEM }).is_err());
        }
        assert!(values > 10_000, "{values}");
    }

    #[test]
    fn equal_keys_are_refused_whatever_their_types() {
        let keys: [&[u8]; 5] =
            [b"\x01", b"\xf5", b"\xf9\x3c\x00", b"\xc2\x42\x00\x01", b"\xd9\xa7\xf8\x82\xf9\x3c\x00\xf9\x80\x00"];
        for one in keys {
            for other in keys {
                let set = [b"\xd9\x01\x02\x82", one, other].concat();
                assert!(check(&set, ITEM).is_err(), "{set:02x?}");
            }
        }
        let nans = b"\xd9\x01\x02\x82\xf9\x7e\x00\xf9\x7e\x00";
        assert!(check(nans, ITEM).is_ok());
    }
}
