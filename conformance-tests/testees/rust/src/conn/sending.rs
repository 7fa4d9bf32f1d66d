//! Sending items: limits first, then the turn, then credit for each piece.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::channel::Channel;
use super::state::{Half, State};
use super::Conn;
use crate::task::{Fail, Interrupt};
use crate::wire::cursor;
use crate::wire::frames::Type;
use crate::wire::hello::{Limits, ITEM_OVERHEAD};
use crate::wire::values::{self, Rules};

const PART_BYTES: u64 = 262_144;
/// Items with dicts or sets are checked by recursion.
const KEYED_DEPTH: usize = 1024;
/// After GATEWAY_TERMINATE, how long a send waits for a peer that returns no credit at all (GR-011).
const NO_CREDIT: Duration = Duration::from_millis(500);
/// How often who waits looks whether others seem to be stuck.
const LOOK: Duration = Duration::from_millis(250);

/// The longest payload of a frame with items (FC-020 to FC-022).
fn piece_bytes(peer: &Limits) -> usize {
    PART_BYTES.min(peer.frame).min(peer.credit / 4) as usize
}

impl Channel {
    /// Sends one value, in normal form.
    pub fn send(&self, value: &[u8], interrupt: &Interrupt) -> Result<(), Fail> {
        let conn = self.conn();
        let mut state = conn.lock();
        refuse(&state, value)?;
        let turn = {
            let channel = open_half(&mut state, self.id())?;
            channel.next_turn += 1;
            channel.turns.push_back(channel.next_turn);
            channel.next_turn
        };
        let sent = send_pieces(conn, state, self.id(), turn, value, interrupt);
        let mut state = conn.lock();
        if let Some(channel) = state.channels.get_mut(&self.id()) {
            channel.turns.retain(|&one| one != turn);
            channel.wake.notify_all();
        }
        sent
    }
}

/// What the other side does not take is refused before anything of it is sent (VA-006, VA-008, LI-005).
fn refuse(state: &State, value: &[u8]) -> Result<(), Fail> {
    let Some(scan) = cursor::scan(value) else {
        let culprit = cursor::culprit(value).unwrap_or_else(|| "this is no value".into());
        return Err(Fail::Refused(culprit));
    };
    if scan.depth as u64 > state.peer.depth {
        return Err(Fail::Refused(format!(
            "the item has {} levels, the other side takes {}",
            scan.depth, state.peer.depth
        )));
    }
    if value.len() as u64 > state.peer.item {
        return Err(Fail::Refused(format!(
            "the item has {} bytes, the other side takes {}",
            value.len(),
            state.peer.item
        )));
    }
    if scan.surrogates && !state.peer_takes_surrogates {
        return Err(Fail::Refused("the item has a text with surrogates, which the other side does not take".into()));
    }
    if scan.keyed {
        check_keys(value, scan.depth)?;
    }
    Ok(())
}

/// Equal keys are refused as what is no value is (VA-011).
fn check_keys(value: &[u8], depth: usize) -> Result<(), Fail> {
    if depth > KEYED_DEPTH {
        return Err(Fail::Refused(format!("a dict or set in an item of {depth} levels cannot be checked")));
    }
    let rules = Rules { depth, references: true };
    values::check(value, rules).map(drop).map_err(|why| Fail::Refused(why.0))
}

fn open_half(state: &mut State, id: u32) -> Result<&mut super::state::Channel, Fail> {
    if state.has_ended() {
        return Err(Fail::Closed("the connection has ended".into()));
    }
    match state.channels.get_mut(&id) {
        Some(channel) if channel.send == Half::Open => Ok(channel),
        _ => Err(Fail::Closed(format!("channel {id} is closed for sending"))),
    }
}

/// Sends the pieces of one item, each when there is credit and room for it.
fn send_pieces<'a>(
    conn: &'a Arc<Conn>,
    mut state: std::sync::MutexGuard<'a, State>,
    id: u32,
    turn: u64,
    value: &[u8],
    interrupt: &Interrupt,
) -> Result<(), Fail> {
    let most = piece_bytes(&state.peer);
    let mut rest = value;
    let mut wait = Wait::default();
    loop {
        let is_last = rest.len() <= most;
        let piece = &rest[..rest.len().min(most)];
        let cost = piece.len() as u64 + if is_last { ITEM_OVERHEAD } else { 0 };
        let full = state.out.is_full();
        let channel = match open_half(&mut state, id) {
            Ok(channel) => channel,
            Err(fail) => return Err(wait.over(conn, &mut state, fail)),
        };
        if interrupt.is_set() {
            return Err(wait.over(conn, &mut state, Fail::Interrupted));
        }
        let my_turn = channel.turns.front() == Some(&turn);
        if my_turn && channel.credit >= cost && !full {
            channel.credit -= cost;
            let kind = if is_last { Type::ChannelData } else { Type::ChannelPart };
            conn.put(&mut state, kind, id, piece);
            wait.end(conn, &mut state);
            if is_last {
                return Ok(());
            }
            rest = &rest[piece.len()..];
            continue;
        }
        let wake = Arc::clone(&channel.wake);
        let for_room = my_turn && channel.credit >= cost;
        if !for_room {
            if state.ending.terminating && wait.begun.is_some_and(|begun| in_vain(&state, begun)) {
                return Err(wait.over(conn, &mut state, Fail::Interrupted));
            }
            wait.begin(conn, &mut state);
        }
        let condition = if for_room { &conn.room } else { &*wake };
        state = condition.wait_timeout(state, LOOK).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
    }
}

/// Whether nobody has returned credit for a moment, since the end was announced and this wait began.
fn in_vain(state: &State, begun: Instant) -> bool {
    let since = state.ending.since.map_or(begun, |since| since.max(begun)).max(state.last_credit);
    since.elapsed() > NO_CREDIT
}

/// That a thread waits for credit (FC-040).
#[derive(Default)]
struct Wait {
    begun: Option<Instant>,
}

impl Wait {
    fn begin(&mut self, conn: &Conn, state: &mut State) {
        self.begun.get_or_insert_with(Instant::now);
        state.blocked.insert(std::thread::current().id());
        conn.give_way(state);
    }

    fn end(&mut self, _conn: &Conn, state: &mut State) {
        if self.begun.take().is_some() {
            state.blocked.remove(&std::thread::current().id());
        }
    }

    fn over(&mut self, conn: &Conn, state: &mut State, fail: Fail) -> Fail {
        self.end(conn, state);
        fail
    }
}

impl Conn {
    /// Opens a channel of this side's own: id and frame in one step (CH-008).
    pub fn new_channel(self: &Arc<Self>) -> Result<Channel, Fail> {
        let mut state = self.lock();
        if state.has_ended() {
            return Err(Fail::Closed("the connection has ended".into()));
        }
        if state.open[0] >= state.peer.channels {
            return Err(Fail::Refused(format!("the other side takes {} channels at once", state.peer.channels)));
        }
        let Some(id) = state.highest[0].checked_add(2) else {
            return Err(Fail::Refused("the ids of this connection are used up".into()));
        };
        state.open_channel(id, false);
        self.put(&mut state, Type::ChannelOpen, id, &[]);
        Ok(Channel::new(self, &mut state, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hello::DEFAULTS;

    #[test]
    fn no_frame_costs_more_than_half_of_the_window() {
        for credit in [65_536, 65_537, 262_144, 1_048_576, 2_147_483_647] {
            for frame in [65_536, 1_048_576] {
                let bytes = piece_bytes(&Limits { credit, frame, ..DEFAULTS }) as u64;
                assert!(bytes + ITEM_OVERHEAD <= credit / 2 && bytes <= frame && bytes <= PART_BYTES);
            }
        }
    }

    #[test]
    fn the_deepest_items_fit_the_stacks_of_their_threads() {
        let run = |bytes: usize, item: Vec<u8>, depth: usize| {
            let check = move || check_keys(&item, depth);
            std::thread::Builder::new().stack_size(bytes).spawn(check).unwrap().join().unwrap()
        };
        let frozen = |depth: usize| [b"\xd9\xe4\x21\x81".repeat(depth / 2 - 1), b"\xd9\xe4\x21\x80".to_vec()].concat();
        // What arrives is checked by the reader, in a thread of the usual size; what is sent, by threads with code.
        run(2 * 1024 * 1024, frozen(512), 512).unwrap();
        run(crate::scheduling::STACK_BYTES, frozen(KEYED_DEPTH), KEYED_DEPTH).unwrap();
        assert!(run(crate::scheduling::STACK_BYTES, frozen(2 * KEYED_DEPTH), 2 * KEYED_DEPTH).is_err());
    }
}
