//! What executed code has: its channel, its arguments, ways to wait, and ways to fail.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::channel::Channel;
use crate::conn::receiving::Item;
use crate::conn::Conn;
use crate::wire::cursor;
use crate::wire::payloads::{ChannelError, Exec};

/// A request that was taken.
pub struct Request {
    pub id: u32,
    pub exec: Exec,
}

/// Why code cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fail {
    /// Nothing more can come.
    End,
    /// The other side closed the channel with this error.
    Remote(ChannelError),
    /// Nothing can be sent any more.
    Closed(String),
    /// This cannot be sent.
    Refused(String),
    Interrupted,
    /// This worker has nothing that could do what was asked for.
    NotBegun(String),
    Other(String),
}

impl fmt::Display for Fail {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Fail::End => out.write_str("nothing more comes"),
            Fail::Remote(error) => write!(out, "the other side closed the channel: {}", error.text),
            Fail::Closed(text) | Fail::Refused(text) | Fail::NotBegun(text) | Fail::Other(text) => out.write_str(text),
            Fail::Interrupted => out.write_str("keyboard-interrupted"),
        }
    }
}

impl Fail {
    /// The name of the kind of error.
    pub fn name(&self) -> &'static str {
        match self {
            Fail::End => "End",
            Fail::Remote(_) => "Remote",
            Fail::Closed(_) => "Closed",
            Fail::Refused(_) => "Refused",
            Fail::Interrupted => "Interrupted",
            Fail::NotBegun(_) => "NotBegun",
            Fail::Other(_) => "Other",
        }
    }
}

impl Fail {
    /// What closes the channel of the execution (GW-010).
    pub fn told(&self) -> ChannelError {
        let code = match self {
            Fail::Interrupted => "interrupted",
            Fail::NotBegun(_) => "refused",
            _ => "error",
        };
        ChannelError { message: Some(self.to_string()), ..ChannelError::new(code, self.to_string()) }
    }
}

impl From<std::io::Error> for Fail {
    fn from(error: std::io::Error) -> Self {
        Fail::Other(error.to_string())
    }
}

/// Whether an execution was interrupted: code sees it when it waits, and when it looks.
#[derive(Debug, Default, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// An execution, as its code sees it.
#[derive(Clone)]
pub struct Task {
    pub channel: Channel,
    pub interrupt: Interrupt,
    pub on_main: bool,
    /// The named arguments, a dict.
    pub kwargs: Vec<u8>,
}

impl Task {
    pub fn conn(&self) -> &Arc<Conn> {
        self.channel.conn()
    }

    pub fn send(&self, value: &[u8]) -> Result<(), Fail> {
        self.channel.send(value, &self.interrupt)
    }

    pub fn receive(&self) -> Result<Item, Fail> {
        self.channel.receive(&self.interrupt)
    }

    /// The next item of a channel, or None at its end.
    pub fn next(&self, channel: &Channel) -> Result<Option<Item>, Fail> {
        match channel.receive(&self.interrupt) {
            Ok(item) => Ok(Some(item)),
            Err(Fail::End) => Ok(None),
            Err(fail) => Err(fail),
        }
    }

    /// The next item, which has to be a reference to a channel.
    pub fn receive_channel(&self) -> Result<Channel, Fail> {
        let mut item = self.receive()?;
        match cursor::reference(&item.bytes) {
            Some(_) => Ok(item.channels.remove(0)),
            None => Err(Fail::Other("a channel was expected".into())),
        }
    }

    /// A named argument, if it is there and not null.
    pub fn argument(&self, name: &str) -> Option<&[u8]> {
        let entries = cursor::text_dict(&self.kwargs)?;
        let (_, value) = entries.into_iter().find(|(key, _)| *key == name)?;
        (!cursor::is_null(value)).then_some(value)
    }

    pub fn number(&self, name: &str, default: u64) -> Result<u64, Fail> {
        match self.argument(name) {
            None => Ok(default),
            Some(value) => cursor::uint(value).ok_or_else(|| Fail::Other(format!("{name} is no count"))),
        }
    }

    pub fn text(&self, name: &str, default: &str) -> Result<String, Fail> {
        match self.argument(name) {
            None => Ok(default.to_owned()),
            Some(value) => {
                // Of a text with surrogates only the rest fits a String.
                let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let text = cursor::text(value).map(str::to_owned);
                let text = text.or_else(|| cursor::surrogates(value).map(lossy));
                text.ok_or_else(|| Fail::Other(format!("{name} is no text")))
            }
        }
    }

    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.argument(name).and_then(cursor::boolean).unwrap_or(default)
    }

    pub fn seconds(&self, name: &str, default: f64) -> Duration {
        let seconds = self.argument(name).and_then(cursor::number).unwrap_or(default);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(1_000_000))
    }

    /// Waits without looking at any channel.
    pub fn sleep(&self, time: Duration) -> Result<(), Fail> {
        let until = Instant::now() + time;
        let conn = self.conn();
        let mut state = conn.lock();
        loop {
            if self.interrupt.is_set() {
                return Err(Fail::Interrupted);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            state = conn.changed.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }
}
