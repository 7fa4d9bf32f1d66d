//! The head of a CBOR data item: major type, argument.

use super::{bad, Bad};

pub const UINT: u8 = 0;
pub const NEGATIVE: u8 = 1;
pub const BYTES: u8 = 2;
pub const TEXT: u8 = 3;
pub const ARRAY: u8 = 4;
pub const MAP: u8 = 5;
pub const TAG: u8 = 6;
pub const SIMPLE: u8 = 7;

/// A head that was read. `info` tells the width of a float, and a simple value from one.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    pub major: u8,
    pub info: u8,
    pub argument: u64,
}

/// Reads a head at `at` and moves `at` behind it.
///
/// Every width of an argument is taken (VA-021); indefinite lengths, reserved information and truncation are not
/// (VA-020).
pub fn read(bytes: &[u8], at: &mut usize) -> Result<Head, Bad> {
    let Some(&first) = bytes.get(*at) else {
        return bad("the value is truncated: a data item is missing");
    };
    let (major, info) = (first >> 5, first & 31);
    let width = match info {
        0..=23 => 0,
        24..=27 => 1usize << (info - 24),
        31 => return bad("indefinite lengths and breaks are not allowed"),
        _ => return bad(format!("additional information {info} is reserved")),
    };
    let Some(argument) = bytes.get(*at + 1..*at + 1 + width) else {
        return bad("the value is truncated in a head");
    };
    *at += 1 + width;
    let argument =
        if width == 0 { u64::from(info) } else { argument.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)) };
    Ok(Head { major, info, argument })
}

/// Takes `length` bytes at `at`, or refuses before anything of that length is allocated (VA-025).
pub fn take<'a>(bytes: &'a [u8], at: &mut usize, length: u64) -> Result<&'a [u8], Bad> {
    let left = (bytes.len() - *at) as u64;
    if length > left {
        return bad(format!("a length of {length} bytes with {left} bytes left"));
    }
    let start = *at;
    *at += length as usize;
    Ok(&bytes[start..*at])
}

/// Writes the shortest head (VA-005).
pub fn write(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend([major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(argument.to_be_bytes());
        }
    }
}

/// The value of a float of any width (its head was read).
pub fn float(head: Head) -> f64 {
    match head.info {
        25 => half(head.argument as u16),
        26 => f64::from(f32::from_bits(head.argument as u32)),
        _ => f64::from_bits(head.argument),
    }
}

fn half(bits: u16) -> f64 {
    let mantissa = f64::from(bits & 0x3ff);
    let value = match bits >> 10 & 31 {
        0 => mantissa * 2f64.powi(-24),
        31 if bits & 0x3ff == 0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + mantissa / 1024.0) * 2f64.powi(i32::from(exponent) - 15),
    };
    if bits >> 15 == 1 {
        -value
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_in_its_shortest_form() {
        for argument in [0, 23, 24, 255, 256, 65535, 65536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let mut out = Vec::new();
            write(&mut out, ARRAY, argument);
            let mut at = 0;
            let head = read(&out, &mut at).unwrap();
            assert_eq!((head.major, head.argument, at), (ARRAY, argument, out.len()));
        }
    }

    #[test]
    fn halves_are_what_they_say() {
        let value = |bits| float(Head { major: SIMPLE, info: 25, argument: bits });
        assert_eq!(value(0x3e00), 1.5);
        assert_eq!(value(0xc000), -2.0);
        assert_eq!(value(0x0001), 5.960_464_477_539_063e-8);
        assert_eq!(value(0xfc00), f64::NEG_INFINITY);
        assert!(value(0x7e00).is_nan());
        assert!(value(0x8000).is_sign_negative());
    }
}
