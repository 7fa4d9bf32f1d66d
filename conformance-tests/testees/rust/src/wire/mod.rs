//! Bytes and what they mean: CBOR, values, payloads, frames. Nothing here knows of a connection.

pub mod cursor;
pub mod frames;
pub mod head;
pub mod hello;
pub mod keys;
pub mod payloads;
pub mod text;
pub mod values;
pub mod write;

/// Why bytes are no value, or no payload of their kind, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad(pub String);

/// Makes a refusal out of words.
pub fn bad<T>(why: impl Into<String>) -> Result<T, Bad> {
    Err(Bad(why.into()))
}
