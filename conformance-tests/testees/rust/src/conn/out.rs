//! What is to be written, and the writer.

use std::time::{Duration, Instant};

use super::state::State;
use super::Conn;
use crate::sys::Fd;
use crate::wire::frames::{Header, Type};

/// Above that, threads with code wait before they send more, and the reader before it acts on more (LI-010).
pub const FULL_BYTES: usize = 1_048_576;

/// A stream that takes bytes after so long has not been taking any.
const STUCK: Duration = Duration::from_millis(200);

/// Frames that are not written yet.
#[derive(Default)]
pub struct Out {
    buffer: Vec<u8>,
    /// How long what the writer is writing is.
    in_flight: usize,
    /// Of both, what the peer's own frames caused.
    answers: usize,
    answers_in_flight: usize,
    /// Nothing is written any more: the stream takes nothing, or has been closed.
    pub closed: bool,
    /// The stream is to be closed behind what is there.
    pub closing: bool,
}

impl Out {
    pub fn is_full(&self) -> bool {
        !self.closed && self.buffer.len() + self.in_flight > FULL_BYTES
    }

    pub fn answers_are_full(&self) -> bool {
        !self.closed && self.answers + self.answers_in_flight > FULL_BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.in_flight == 0
    }

    fn put(&mut self, kind: Type, channel: u32, payload: &[u8]) {
        if self.closed || self.closing {
            return;
        }
        let header = Header { code: kind as u8, channel, length: payload.len() as u32 };
        self.buffer.extend(header.format());
        self.buffer.extend(payload);
    }
}

impl Conn {
    /// Puts a frame of the application into the stream.
    pub fn put(&self, state: &mut State, kind: Type, channel: u32, payload: &[u8]) {
        state.out.put(kind, channel, payload);
        self.writable.notify_one();
    }

    /// Puts an answer to a frame of the peer into the stream.
    pub fn answer(&self, state: &mut State, kind: Type, channel: u32, payload: &[u8]) {
        let before = state.out.buffer.len();
        self.put(state, kind, channel, payload);
        state.out.answers += state.out.buffer.len() - before;
    }

    /// Writes what is put, until the stream is closed.
    pub fn write_all(&self, stream: &Fd) {
        loop {
            let mut state = self.lock();
            while state.out.buffer.is_empty() && !state.out.closing {
                state = self.writable.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
            }
            let bytes = std::mem::take(&mut state.out.buffer);
            if bytes.is_empty() {
                stream.shut_down_writing();
                state.out.closed = true;
                self.wake_all(&state);
                return;
            }
            state.out.in_flight = bytes.len();
            state.out.answers_in_flight = std::mem::take(&mut state.out.answers);
            drop(state);
            self.trace_sent(&bytes);
            let written = self.write_buffer(stream, &bytes);
            let mut state = self.lock();
            state.out.in_flight = 0;
            state.out.answers_in_flight = 0;
            self.room.notify_all();
            if written.is_err() {
                state.out.closed = true;
                state.out.buffer = Vec::new();
                state.out.answers = 0;
                self.wake_all(&state);
                return;
            }
            if state.out.is_empty() {
                self.clock.notify_all();
            }
        }
    }

    fn write_buffer(&self, stream: &Fd, mut bytes: &[u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            let begun = Instant::now();
            let count = stream.write(bytes)?;
            bytes = &bytes[count..];
            if begun.elapsed() > STUCK {
                self.lock().ending.note_sign_of_life(); // FR-026
            }
        }
        Ok(())
    }

    fn trace_sent(&self, bytes: &[u8]) {
        if !self.trace.listens() {
            return;
        }
        let mut rest = bytes;
        while let Some((header, behind)) = rest.split_first_chunk() {
            let header = Header::parse(header);
            self.trace.message("sent", header);
            rest = &behind[header.length as usize..];
        }
    }

    /// Waits until all is written, but not longer than until then.
    pub fn flush(&self, until: Instant) {
        let mut state = self.lock();
        while !(state.out.is_empty() || state.out.closed) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.clock.wait_timeout(state, left);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }
}
