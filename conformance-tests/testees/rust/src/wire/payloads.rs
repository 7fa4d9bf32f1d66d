//! The other control payloads, and the answers to STATUS and INFO.

use std::time::Duration;

use super::cursor;
use super::frames::Code;
use super::text::shorten;
use super::values::{self, CONTROL};
use super::write::Writer;
use super::{bad, Bad};

pub const PING_BYTES: usize = 64;
pub const GOAWAY_TEXT_BYTES: usize = 4096;
pub const ERROR_BYTES: usize = 65_536;
const MESSAGE_BYTES: usize = 16_384;
const TERMINATE_MS: u64 = 86_400_000;

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

pub fn credit(payload: &[u8]) -> Result<u64, Bad> {
    match cursor::uint(&values::check(payload, CONTROL)?.bytes) {
        Some(amount) if amount > 0 => Ok(amount),
        _ => bad("no unsigned integer above 0"),
    }
}

/// Why a channel was closed: what this worker has a use for (CH-041).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelError {
    pub text: String,
    pub code: String,
    /// What the error says of itself; nobody here looks at that of the other side.
    pub message: Option<String>,
}

impl ChannelError {
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self { text: text.into(), code: code.to_owned(), message: None }
    }

    /// What it takes to keep it.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.code.len()
    }
}

/// What CHANNEL_CLOSE_ERROR carries.
pub fn error(payload: &[u8]) -> Result<ChannelError, Bad> {
    if payload.len() > ERROR_BYTES {
        return bad(format!("{} bytes, no more than {ERROR_BYTES} are allowed", payload.len()));
        // CH-043
    }
    let checked = values::check(payload, CONTROL)?;
    let Some(entries) = cursor::text_dict(&checked.bytes) else {
        return bad("no map with keys of text");
    };
    let mut words = (None, None);
    for (key, value) in entries {
        let text = cursor::text(value).map(str::to_owned);
        let fits = match key {
            "text" | "code" | "type" | "message" => text.is_some(),
            "frames" => cursor::list(value).is_some_and(|frames| frames.into_iter().all(is_frame)),
            _ => true, // CH-048
        };
        if !fits {
            return bad(format!("{key:?} is of a wrong type"));
        }
        match key {
            "text" => words.0 = text,
            "code" => words.1 = text,
            _ => {}
        }
    }
    match words {
        (Some(text), Some(code)) => Ok(ChannelError { text, code, message: None }),
        _ => bad("no \"text\", or no \"code\""),
    }
}

/// File, line and function.
fn is_frame(value: &[u8]) -> bool {
    match cursor::list(value).as_deref() {
        Some(&[file, line, name]) => {
            cursor::text(file).is_some() && cursor::uint(line).is_some() && cursor::text(name).is_some()
        }
        _ => false,
    }
}

/// The payload of CHANNEL_CLOSE_ERROR; the whole of it is bounded (CH-042).
pub fn encode_error(error: &ChannelError) -> Vec<u8> {
    const HEADS: usize = 64;
    let message = error.message.as_deref().map(|message| shorten(message, MESSAGE_BYTES));
    let room = ERROR_BYTES - HEADS - error.code.len() - message.as_ref().map_or(0, |message| message.len());
    let writer = Writer::new().dict(if message.is_some() { 3 } else { 2 });
    let writer = writer.text("text").text(&shorten(&error.text, room)).text("code").text(&error.code);
    match message {
        Some(message) => writer.text("message").text(&message).bytes,
        None => writer.bytes,
    }
}

/// `last` is the highest id that the other side has opened (ER-008).
pub fn encode_goaway(code: Code, text: &str, last: u32) -> Vec<u8> {
    let text = shorten(text, GOAWAY_TEXT_BYTES);
    let writer = Writer::new().dict(3).text("code").uint(code as u64).text("text").text(&text);
    writer.text("last").uint(u64::from(last)).bytes
}

/// How long executions may go on, and how long after they were interrupted (GR-001).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    pub finish: Duration,
    pub interrupt: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { finish: Duration::from_secs(5), interrupt: Duration::from_secs(10) }
    }
}

pub fn terminate(payload: &[u8]) -> Result<Times, Bad> {
    let checked = values::check(payload, CONTROL)?;
    let Some(entries) = cursor::text_dict(&checked.bytes) else {
        return bad("no map with keys of text");
    };
    let mut times = Times::default();
    for (key, value) in entries {
        let time = match key {
            "finish" => &mut times.finish,
            "interrupt" => &mut times.interrupt,
            _ => continue,
        };
        match cursor::uint(value) {
            Some(milliseconds) if milliseconds <= TERMINATE_MS => *time = Duration::from_millis(milliseconds),
            _ => return bad(format!("{key:?} is no time from 0 to {TERMINATE_MS} milliseconds")),
        }
    }
    Ok(times)
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
    fn times_have_defaults_and_a_limit() {
        let of = |time| terminate(&Writer::new().dict(1).text("finish").uint(time).bytes);
        assert_eq!(terminate(&Writer::new().dict(0).bytes), Ok(Times::default()));
        assert_eq!(of(250), Ok(Times { finish: Duration::from_millis(250), ..Times::default() }));
        assert!(of(86_400_000).is_ok() && of(86_400_001).is_err() && terminate(&[]).is_err());
    }

    #[test]
    fn texts_of_errors_are_bounded() {
        let long = "\u{e9}".repeat(100_000);
        let error = ChannelError { message: Some(long.clone()), ..ChannelError::new("error", long.as_str()) };
        assert!(encode_error(&error).len() <= ERROR_BYTES);
        assert!(encode_goaway(Code::NoError, &long, u32::MAX).len() < GOAWAY_TEXT_BYTES + 32);
    }
}
