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

/// What CHANNEL_EXEC asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exec {
    /// The request is the first item of the channel (GW-006).
    Follows,
    Source(Source),
    /// Something that this worker would bring along, by its name (GW-060).
    Service(String),
}

/// A source to execute. `kwargs` is a dict in normal form.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Source {
    pub text: String,
    pub language: Option<String>,
    pub call: Option<String>,
    pub kwargs: Vec<u8>,
}

pub fn exec(payload: &[u8]) -> Result<Exec, Bad> {
    let checked = values::check(payload, CONTROL)?;
    let Some(entries) = cursor::text_dict(&checked.bytes) else {
        return bad("no map with keys of text");
    };
    let has = |name: &str| entries.iter().any(|(key, _)| *key == name);
    if ["source", "service", "follows"].into_iter().filter(|name| has(name)).count() != 1 {
        return bad("not exactly one of \"source\", \"service\" and \"follows\"");
    }
    if has("follows") {
        let follows = entries.iter().find(|(key, _)| *key == "follows").and_then(|(_, value)| cursor::boolean(value));
        return if follows == Some(true) { Ok(Exec::Follows) } else { bad("\"follows\" is not true") };
    }
    let mut service = None;
    let mut source = Source { kwargs: Writer::new().dict(0).bytes, ..Source::default() };
    for (key, value) in entries {
        let text = cursor::text(value).map(str::to_owned);
        let optional = text.is_some() || cursor::is_null(value);
        let fits = match key {
            "source" => text.map(|text| source.text = text).is_some(),
            "service" => {
                service = text;
                service.is_some()
            }
            "language" => {
                source.language = text;
                optional
            }
            "call" => {
                source.call = text;
                optional
            }
            "file" => optional,
            "kwargs" => cursor::text_dict(value).map(|_| source.kwargs = value.to_vec()).is_some(),
            _ => true,
        };
        if !fits {
            return bad(format!("{key:?} is of a wrong type"));
        }
    }
    Ok(service.map_or(Exec::Source(source), Exec::Service))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_source_or_follows() {
        let source = Writer::new().dict(2).text("source").text("x").text("call").null().bytes;
        assert!(matches!(exec(&source), Ok(Exec::Source(Source { call: None, .. }))));
        let follows = |value| exec(&Writer::new().dict(1).text("follows").boolean(value).bytes);
        assert_eq!(follows(true), Ok(Exec::Follows));
        assert!(follows(false).is_err() && exec(&Writer::new().dict(0).bytes).is_err());
        let both = Writer::new().dict(2).text("follows").boolean(true).text("source").text("x").bytes;
        assert!(exec(&both).is_err());
    }

    #[test]
    fn texts_of_errors_are_bounded() {
        let long = "\u{e9}".repeat(100_000);
        assert!(encode_error(&long).len() <= ERROR_TEXT_BYTES);
        assert!(encode_goaway(Code::NoError, &long).len() < GOAWAY_TEXT_BYTES + 32);
    }
}
