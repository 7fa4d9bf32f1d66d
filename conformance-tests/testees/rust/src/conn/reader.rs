//! Reading: bytes become frames, and frames are acted on in their order.

use std::sync::Arc;

use super::acting::check_header;
use super::Conn;
use crate::sys::Fd;
use crate::wire::frames::{Broken, Header, HEADER};

const READ_BYTES: usize = 65_536;

/// Bytes that have come, and where the next frame begins in them.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    at: usize,
}

impl Inbox {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend(bytes);
    }
}

impl Conn {
    /// Reads until the stream ends. What comes after the connection has ended is dropped (ER-005).
    pub fn read_all(self: &Arc<Self>, stream: &Fd) {
        let mut inbox = Inbox::default();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = match stream.read(&mut buffer) {
                Ok(count) if count > 0 => count,
                _ => break,
            };
            self.lock().ending.note_sign_of_life();
            if self.lock().has_ended() {
                continue;
            }
            inbox.add(&buffer[..count]);
            if let Err(why) = self.frames(&mut inbox) {
                self.end_with(&why);
                inbox = Inbox::default();
            }
        }
        let within = if inbox.rest().is_empty() { "" } else { " inside a frame" };
        self.trace.event(&format!("the stream from the initiator has ended{within}"));
        self.peer_is_gone(&mut self.lock(), None);
    }

    /// Acts on all frames that are complete.
    fn frames(self: &Arc<Self>, inbox: &mut Inbox) -> Result<(), Broken> {
        while let Some(header) = inbox.rest().first_chunk::<HEADER>() {
            let header = Header::parse(header);
            let hello_received = {
                let mut state = self.lock();
                while state.out.answers_are_full() && !state.has_ended() {
                    state = self.room.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
                }
                if state.has_ended() {
                    inbox.at = inbox.bytes.len();
                    return Ok(());
                }
                state.hello_received
            };
            let kind = check_header(header, hello_received)?;
            let end = HEADER + header.length as usize;
            if inbox.rest().len() < end {
                break;
            }
            self.trace.message("received", header);
            let acted = match kind {
                Some(kind) => self.act(kind, header.channel, &inbox.rest()[HEADER..end]),
                None => Ok(()),
            };
            inbox.at += end;
            acted?;
        }
        Ok(())
    }
}
