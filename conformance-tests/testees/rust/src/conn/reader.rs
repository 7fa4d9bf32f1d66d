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
        let mut state = self.lock();
        // What was asked to end still says what it has to (GR-014).
        if !state.ending.terminating || !within.is_empty() {
            self.peer_is_gone(&mut state, None);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;
    use crate::trace::Trace;
    use crate::wire::frames::{Code, Type};
    use crate::wire::write::Writer;

    fn frame(code: u8, channel: u32, payload: &[u8]) -> Vec<u8> {
        [&Header { code, channel, length: payload.len() as u32 }.format()[..], payload].concat()
    }

    fn begun() -> (Arc<Conn>, Inbox) {
        let conn = Conn::new(Trace::new());
        let hello = Writer::new().dict(1).text("version").list(2).uint(1).uint(0).bytes;
        let mut inbox = Inbox::default();
        inbox.add(&frame(Type::Hello as u8, 0, &hello));
        conn.frames(&mut inbox).unwrap();
        (conn, inbox)
    }

    /// No frames of a peer make anything panic, and what is kept stays in its account.
    #[test]
    fn any_frames_are_acted_on_or_refused() {
        let mut acted = 0;
        for seed in 0..3000 {
            let mut noise = Noise::new(seed);
            let (conn, mut inbox) = begun();
            for id in [1, 3, 5] {
                inbox.add(&frame(Type::ChannelOpen as u8, id, b""));
            }
            for _ in 0..60 {
                let code = if noise.below(60) == 0 { noise.byte() } else { noise.pick(&[4, 4, 4, 4, 4, 15, 5]) };
                let channel = noise.pick(&[1, 3, 5]);
                let references: &[&[u8]] =
                    &[b"\x07", b"\x82\x07\xd9\xe4\x22\x01", b"\xd9\xe4\x22\x03", b"\xd9\xe4\x22\x05"];
                let mut payload = match code {
                    5 | 16 => Vec::new(),
                    15 => [&[0x81][..], noise.pick(references)].concat(),
                    10 => vec![0x81],
                    _ => noise.pick(references).to_vec(),
                };
                if noise.below(60) == 0 {
                    payload = noise.cbor();
                }
                inbox.add(&frame(code, channel, &payload));
                if conn.frames(&mut inbox).is_err() {
                    break;
                }
                acted += 1;
            }
            let mut state = conn.lock();
            let waiting: u64 = state.channels.values().flat_map(|one| &one.queue).map(|queued| queued.cost).sum();
            let partial: usize = state.channels.values().filter_map(|one| one.partial.as_ref()).map(Vec::len).sum();
            assert_eq!(state.kept, waiting + partial as u64);
            let ids: Vec<u32> = state.channels.keys().copied().collect();
            ids.into_iter().for_each(|id| state.close_channel(id, None));
            state.collect();
            assert_eq!((state.kept, state.channels.len(), state.open_channels()), (0, 0, 0));
        }
        assert!(acted > 20_000, "{acted}");
    }

    #[test]
    fn a_frame_may_come_in_any_pieces() {
        let (conn, mut inbox) = begun();
        let bytes = [frame(16, 1, b""), frame(4, 1, b"\x07")].concat();
        for byte in bytes {
            inbox.add(&[byte]);
            conn.frames(&mut inbox).unwrap();
        }
        assert_eq!(conn.lock().channels[&1].queue.len(), 1);
        inbox.add(&frame(4, 2, b"\x07"));
        assert_eq!(conn.frames(&mut inbox).unwrap_err().code, Code::StateViolation);
    }
}
