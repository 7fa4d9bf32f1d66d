//! Which keys of a dict, or elements of a set, are equal (VA-022).
//!
//! Each key gets a fingerprint of 128 bits that equal keys share: two SipHashes with random keys of this process. A peer
//! cannot choose keys that collide (SE-003), and nothing of the key has to be kept. Numbers are brought into one form
//! first: whole ones are sign and magnitude, whatever type they have. What has a NaN in it equals nothing: it has no
//! fingerprint.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

/// What equal keys share; None for what equals nothing.
pub type Fingerprint = Option<u128>;

/// Which values can be equal at all.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Class {
    Null = 1,
    Whole,
    Fraction,
    Complex,
    Bytes,
    Text,
    Tuple,
    FrozenSet,
    Channel,
}

/// The fingerprint of a key whose canonical bytes are these.
pub fn fingerprint(class: Class, bytes: &[u8]) -> u128 {
    static SECRETS: OnceLock<(RandomState, RandomState)> = OnceLock::new();
    let (first, second) = SECRETS.get_or_init(Default::default);
    let one = |secret: &RandomState| {
        let mut hasher = secret.build_hasher();
        hasher.write_u8(class as u8);
        hasher.write(bytes);
        u128::from(hasher.finish())
    };
    one(first) << 64 | one(second)
}

/// A whole number: sign, and magnitude in big endian.
pub fn whole(negative: bool, magnitude: &[u8]) -> u128 {
    let start = magnitude.iter().position(|&byte| byte != 0).unwrap_or(magnitude.len());
    let magnitude = &magnitude[start..];
    let mut bytes = Vec::with_capacity(1 + magnitude.len());
    bytes.push(u8::from(negative && !magnitude.is_empty()));
    bytes.extend(magnitude);
    fingerprint(Class::Whole, &bytes)
}

/// A float: as a whole number if it is one.
pub fn float(value: f64) -> Fingerprint {
    if value.is_nan() {
        return None;
    }
    if value.is_infinite() || value.fract() != 0.0 {
        return Some(fingerprint(Class::Fraction, &value.to_bits().to_be_bytes()));
    }
    let bits = value.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    if value == 0.0 {
        return Some(whole(false, &[]));
    }
    if exponent <= 0 {
        return Some(whole(value < 0.0, &(mantissa >> -exponent).to_be_bytes()));
    }
    // mantissa * 2**exponent: whole bytes of zeros behind at most 7 bits of shift.
    let mut magnitude = (u128::from(mantissa) << (exponent % 8)).to_be_bytes().to_vec();
    magnitude.resize(magnitude.len() + exponent as usize / 8, 0);
    Some(whole(value < 0.0, &magnitude))
}

/// A complex number: as a float if it is real.
pub fn complex(real: f64, imaginary: f64) -> Fingerprint {
    if imaginary == 0.0 {
        return float(real);
    }
    if real.is_nan() || imaginary.is_nan() {
        return None;
    }
    let bits = |part: f64| (part + 0.0).to_bits().to_be_bytes(); // -0.0 + 0.0 is 0.0
    Some(fingerprint(Class::Complex, &[bits(real), bits(imaginary)].concat()))
}

/// A tuple, by its elements; a frozenset, by its elements in any order.
pub fn compound(class: Class, mut elements: Vec<u128>) -> u128 {
    if matches!(class, Class::FrozenSet) {
        elements.sort_unstable();
    }
    let bytes: Vec<u8> = elements.iter().flat_map(|element| element.to_be_bytes()).collect();
    fingerprint(class, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        let two_to = |power: usize| {
            let mut bytes = vec![0; power / 8 + 1];
            bytes[0] = 1 << (power % 8);
            bytes
        };
        assert_eq!(float(1.0), Some(whole(false, &[0, 1])));
        assert_eq!(float(-0.0), Some(whole(true, &[0])));
        assert_eq!(complex(1.0, -0.0), Some(whole(false, &[1])));
        for power in [52, 53, 64, 80, 1023] {
            assert_eq!(float(2f64.powi(power as i32)), Some(whole(false, &two_to(power))), "2**{power}");
            assert_eq!(float(-2f64.powi(power as i32)), Some(whole(true, &two_to(power))));
        }
        assert_ne!(float(9_007_199_254_740_992.0), Some(whole(false, &9_007_199_254_740_993u64.to_be_bytes())));
        assert_ne!(float(0.5), float(-0.5));
        assert_eq!(float(f64::NAN), None);
        assert_eq!(complex(0.0, f64::NAN), None);
        assert_eq!(complex(-0.0, 1.0), complex(0.0, 1.0));
    }

    #[test]
    fn the_order_counts_in_a_tuple_and_not_in_a_set() {
        let (a, b) = (whole(false, &[1]), whole(false, &[2]));
        assert_ne!(compound(Class::Tuple, vec![a, b]), compound(Class::Tuple, vec![b, a]));
        assert_eq!(compound(Class::FrozenSet, vec![a, b]), compound(Class::FrozenSet, vec![b, a]));
        assert_ne!(compound(Class::FrozenSet, vec![a]), compound(Class::Tuple, vec![a]));
    }
}
