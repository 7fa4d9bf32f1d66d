//! The other control payloads, and the answers to STATUS and INFO.

use super::cursor;
use super::frames::Code;
use super::text::shorten;
use super::values::{self, CONTROL};
use super::write::Writer;
use super::{bad, Bad};

pub const PING_BYTES: usize = 64;
pub const GOAWAY_TEXT_BYTES: usize = 4096;
pub const ERROR_TEXT_BYTES: usize = 65_536;

/// What CHANNEL_EXEC asks for. `kwargs` is a dict in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    pub source: String,
    pub call: Option<String>,
    pub kwargs: Vec<u8>,
}

pub fn exec(payload: &[u8]) -> Result<Exec, Bad> {
    let checked = values::check(payload, CONTROL)?;
    let Some(entries) = cursor::text_dict(&checked.bytes) else {
        return bad("no map with keys of text");
    };
    let (mut source, mut call, mut kwargs) = (None, None, Writer::new().dict(0).bytes);
    for (key, value) in entries {
        let fits = match key {
            "source" => cursor::text(value).map(|text| source = Some(text.to_owned())).is_some(),
            "call" if !cursor::is_null(value) => cursor::text(value).map(|text| call = Some(text.to_owned())).is_some(),
            "file" => cursor::is_null(value) || cursor::text(value).is_some(),
            "kwargs" => cursor::text_dict(value).map(|_| kwargs = value.to_vec()).is_some(),
            _ => true,
        };
        if !fits {
            return bad(format!("{key:?} is of a wrong type"));
        }
    }
    match source {
        Some(source) => Ok(Exec { source, call, kwargs }),
        None => bad("there is no \"source\""),
    }
}

/// The two flags of RECONFIGURE: py2str_as_py3str, py3str_as_py2str.
pub fn reconfigure(payload: &[u8]) -> Result<(bool, bool), Bad> {
    let checked = values::check(payload, CONTROL)?;
    let flags: Option<Vec<bool>> =
        cursor::list(&checked.bytes).and_then(|flags| flags.into_iter().map(cursor::boolean).collect());
    match flags.as_deref() {
        Some(&[first, second]) => Ok((first, second)),
        _ => bad("not two bools"),
    }
}

pub fn credit(payload: &[u8]) -> Result<u64, Bad> {
    match cursor::uint(&values::check(payload, CONTROL)?.bytes) {
        Some(amount) if amount > 0 => Ok(amount),
        _ => bad("no unsigned integer above 0"),
    }
}

/// The text of CHANNEL_CLOSE_ERROR.
pub fn error(payload: &[u8]) -> Result<String, Bad> {
    match cursor::text(&values::check(payload, CONTROL)?.bytes) {
        Some(text) => Ok(text.to_owned()),
        None => bad("no text"),
    }
}

/// The payload of CHANNEL_CLOSE_ERROR; the whole of it is bounded (CH-042).
pub fn encode_error(text: &str) -> Vec<u8> {
    const HEAD: usize = 3;
    Writer::new().text(&shorten(text, ERROR_TEXT_BYTES - HEAD)).bytes
}

pub fn encode_goaway(code: Code, text: &str) -> Vec<u8> {
    let text = shorten(text, GOAWAY_TEXT_BYTES);
    Writer::new().dict(2).text("code").uint(code as u64).text("text").text(&text).bytes
}

/// What STATUS asks for.
pub struct Status<'a> {
    pub channels: usize,
    pub executing: usize,
    pub queued: usize,
    pub model: &'a str,
}

pub fn encode_status(status: &Status) -> Vec<u8> {
    Writer::new()
        .dict(4)
        .text("numchannels")
        .uint(status.channels as u64)
        .text("numexecuting")
        .uint(status.executing as u64)
        .text("numqueued")
        .uint(status.queued as u64)
        .text("execmodel")
        .text(status.model)
        .bytes
}
