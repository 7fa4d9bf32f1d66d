//! Returning credit: what is due, and when (FC-010 to FC-017, FC-040 to FC-042).

use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::state::{Channel, Half, State};
use super::Conn;
use crate::wire::frames::Type;
use crate::wire::write::Writer;

/// How long waiting in vain, or taking nothing, seems to be stuck.
pub const STALL: Duration = Duration::from_secs(1);

impl State {
    /// Whether everything that has arrived on a channel counts as due, though it was not taken.
    fn gives_way(&self, channel: &Channel) -> bool {
        if channel.waits_for_end > 0 && channel.receivers == 0 {
            return true; // FC-041
        }
        let lately = |&(when, _): &(Instant, ThreadId)| when.elapsed() < STALL;
        let taker = channel.last_taken.filter(lately).map(|(_, thread)| thread);
        let sender_waits = !self.blocked.is_empty() && taker.is_none_or(|taker| self.blocked.contains(&taker));
        sender_waits || (self.stalled > 0 && taker.is_none())
    }
}

impl Conn {
    /// Returns what is due on a channel if it is half of the window.
    pub fn return_credit(&self, state: &mut State, id: u32) {
        let Some(channel) = state.channels.get(&id) else { return };
        if channel.receive != Half::Open {
            return; // FC-016
        }
        let half = State::window() / 2;
        if channel.used < half {
            return;
        }
        let all = channel.queue.is_empty() || state.gives_way(channel);
        let channel = state.channels.get_mut(&id).expect("it was there");
        let due = if all { channel.used } else { channel.used - channel.owed };
        if due < half {
            return;
        }
        channel.used -= due;
        if all {
            channel.queue.iter_mut().for_each(|queued| queued.owed = 0);
            channel.partial_owed = 0;
            channel.owed = 0;
        }
        self.answer(state, Type::ChannelCredit, id, &Writer::new().uint(due).bytes);
    }

    /// Somebody waits: looks at all channels again.
    pub fn give_way(&self, state: &mut State) {
        let ids: Vec<u32> = state.channels.iter().filter(|(_, one)| !one.queue.is_empty()).map(|(&id, _)| id).collect();
        for id in ids {
            self.return_credit(state, id);
        }
    }
}
