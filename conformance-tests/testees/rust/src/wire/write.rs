//! Makes values.

use super::head::{self, ARRAY, BYTES, MAP, NEGATIVE, TAG, TEXT, UINT};
use super::values::{TAG_CHANNEL, TAG_SET, TAG_TUPLE};

/// Bytes of values, written one behind the other: a container first, its elements then.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    fn head(mut self, major: u8, argument: usize) -> Self {
        head::write(&mut self.bytes, major, argument as u64);
        self
    }

    pub fn null(self) -> Self {
        self.raw(&[0xf6])
    }

    pub fn boolean(self, value: bool) -> Self {
        self.raw(&[if value { 0xf5 } else { 0xf4 }])
    }

    pub fn uint(mut self, value: u64) -> Self {
        head::write(&mut self.bytes, UINT, value);
        self
    }

    /// An integer between -2^64 and 2^64 - 1; one beyond is the nearest of these.
    pub fn integer(mut self, value: i128) -> Self {
        let limit = |value: i128| u64::try_from(value).unwrap_or(u64::MAX);
        if value < 0 {
            head::write(&mut self.bytes, NEGATIVE, limit(-1 - value));
        } else {
            head::write(&mut self.bytes, UINT, limit(value));
        }
        self
    }

    pub fn text(self, value: &str) -> Self {
        self.head(TEXT, value.len()).raw(value.as_bytes())
    }

    pub fn bytes(self, value: &[u8]) -> Self {
        self.head(BYTES, value.len()).raw(value)
    }

    pub fn list(self, count: usize) -> Self {
        self.head(ARRAY, count)
    }

    pub fn dict(self, count: usize) -> Self {
        self.head(MAP, count)
    }

    pub fn set(self, count: usize) -> Self {
        self.head(TAG, TAG_SET as usize).head(ARRAY, count)
    }

    pub fn tuple(self, count: usize) -> Self {
        self.head(TAG, TAG_TUPLE as usize).head(ARRAY, count)
    }

    pub fn reference(self, id: u32) -> Self {
        self.head(TAG, TAG_CHANNEL as usize).head(UINT, id as usize)
    }

    /// A value that is there already.
    pub fn raw(mut self, value: &[u8]) -> Self {
        self.bytes.extend(value);
        self
    }
}
