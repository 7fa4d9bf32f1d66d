//! What is known of a connection: its channels, ids, limits, and what memory it keeps.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar};
use std::thread::ThreadId;
use std::time::Instant;

use super::ending::Ending;
use super::out::Out;
use crate::scheduling::Schedule;
use crate::wire::hello::{ours, Limits, DEFAULTS};
use crate::wire::payloads::{ChannelError, ERROR_BYTES};
use crate::wire::text::shorten;
use crate::wire::values::Checked;

/// What waits of error texts that nobody has seen is bounded (LI-013).
const ERRORS_BYTES: usize = 4 * 1024 * 1024;
const SHORT_ERROR_BYTES: usize = 200;
const COLLECT_ABOVE: usize = 1000;

/// The state of a half of a channel (CH-060).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Open,
    Ended,
    Closed,
}

/// An item that waits.
pub struct Queued {
    pub item: Checked,
    /// What it takes of the memory of the connection.
    pub cost: u64,
    /// What of that its sender has not got back.
    pub owed: u64,
    /// Channels that are kept for this item, for it refers to them: what they have stays receivable (CH-044).
    pub keeps: Vec<u32>,
}

/// One channel, as this side sees it.
pub struct Channel {
    pub send: Half,
    pub receive: Half,
    /// Why it was closed, if that was an error.
    pub error: Option<ChannelError>,
    pub queue: VecDeque<Queued>,
    /// What has come of an incomplete item.
    pub partial: Option<Vec<u8>>,
    pub partial_owed: u64,
    /// What its sender has used of the window and not got back.
    pub used: u64,
    /// What of that belongs to items that wait, and to an incomplete one.
    pub owed: u64,
    /// What this side may still send.
    pub credit: u64,
    /// Threads that send, in the order in which they came (FC-024).
    pub turns: VecDeque<u64>,
    pub next_turn: u64,
    /// Handles that the application has.
    pub uses: usize,
    /// Items with references to it that wait.
    pub kept_by: usize,
    pub has_handler: bool,
    pub handler_done: bool,
    /// It is that of an execution which has not ended, and is closed by that, not by anybody else here.
    pub is_request: bool,
    pub receivers: usize,
    pub waits_for_end: usize,
    pub last_taken: Option<(Instant, ThreadId)>,
    pub wake: Arc<Condvar>,
}

impl Channel {
    pub fn is_open(&self) -> bool {
        self.receive != Half::Closed
    }

    /// Whether the application has it.
    fn is_used(&self) -> bool {
        self.uses > 0 || self.is_request || (self.has_handler && !self.handler_done)
    }

    /// Whether anybody here may still take what waits.
    fn is_held(&self) -> bool {
        self.kept_by > 0 || self.is_used()
    }
}

/// Everything that the lock guards.
pub struct State {
    pub peer: Limits,
    pub peer_takes_surrogates: bool,
    pub hello_received: bool,
    pub channels: HashMap<u32, Channel>,
    /// The highest ids that were opened: even ones by this side, odd ones by the other.
    pub highest: [u32; 2],
    pub open: [u64; 2],
    /// The cost of all that waits for the application (LI-011).
    pub kept: u64,
    pub errors_kept: usize,
    /// How many closed channels are kept before it is looked whether somebody needs them.
    collect_above: usize,
    pub out: Out,
    pub ending: Ending,
    pub schedule: Schedule,
    /// Threads whose sends wait for credit, and how many receive in vain since a stall period.
    pub blocked: HashSet<ThreadId>,
    pub stalled: usize,
    pub last_credit: Instant,
}

impl State {
    pub fn new() -> Self {
        Self {
            peer: DEFAULTS,
            peer_takes_surrogates: false,
            hello_received: false,
            channels: HashMap::new(),
            highest: [0, 0],
            open: [0, 0],
            kept: 0,
            errors_kept: 0,
            collect_above: COLLECT_ABOVE,
            out: Out::default(),
            ending: Ending::default(),
            schedule: Schedule::default(),
            blocked: HashSet::new(),
            stalled: 0,
            last_credit: Instant::now(),
        }
    }

    /// Whether nobody has opened a channel of this id yet.
    pub fn is_unborn(&self, id: u32) -> bool {
        id > self.highest[id as usize & 1]
    }

    pub fn open_channel(&mut self, id: u32, is_request: bool) {
        self.highest[id as usize & 1] = id;
        self.open[id as usize & 1] += 1;
        let channel = self.new_channel(Half::Open, is_request);
        self.channels.insert(id, channel);
    }

    fn new_channel(&self, half: Half, is_request: bool) -> Channel {
        Channel {
            send: half,
            receive: half,
            error: None,
            queue: VecDeque::new(),
            partial: None,
            partial_owed: 0,
            used: 0,
            owed: 0,
            credit: self.peer.credit,
            turns: VecDeque::new(),
            next_turn: 0,
            uses: 0,
            kept_by: 0,
            has_handler: false,
            handler_done: false,
            is_request,
            receivers: 0,
            waits_for_end: 0,
            last_taken: None,
            wake: Arc::new(Condvar::new()),
        }
    }

    /// The channel that a reference means: open, or gone and held, or a closed one that is made for it (CH-010).
    pub fn referred(&mut self, id: u32) -> &mut Channel {
        if !self.channels.contains_key(&id) {
            let closed = self.new_channel(Half::Closed, false);
            self.channels.insert(id, closed);
        }
        self.channels.get_mut(&id).expect("it was put there")
    }

    /// Closes both halves. What waits stays receivable (CH-044), an incomplete item does not (CH-036).
    pub fn close_channel(&mut self, id: u32, error: Option<ChannelError>) {
        let Some(channel) = self.channels.get_mut(&id) else { return };
        if !channel.is_open() {
            return;
        }
        self.open[id as usize & 1] -= 1;
        channel.send = Half::Closed;
        channel.receive = Half::Closed;
        if let Some(partial) = channel.partial.take() {
            self.kept -= partial.len() as u64;
        }
        if channel.is_held() {
            let limit = if self.errors_kept < ERRORS_BYTES { ERROR_BYTES } else { SHORT_ERROR_BYTES };
            channel.error = error
                .map(|told| ChannelError::new(&shorten(&told.code, SHORT_ERROR_BYTES), shorten(&told.text, limit)));
            self.errors_kept += channel.error.as_ref().map_or(0, ChannelError::bytes);
        }
        channel.wake.notify_all();
        self.forget_if_unused(id);
        if self.gone_channels() > self.collect_above {
            self.collect();
            self.collect_above = COLLECT_ABOVE.max(2 * self.gone_channels());
        }
    }

    /// The execution of a request has ended, or never begun.
    pub fn end_request(&mut self, id: u32) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.is_request = false;
        }
        self.forget_if_unused(id);
    }

    /// A channel that is closed and that the application does not hold is not remembered.
    pub fn forget_if_unused(&mut self, id: u32) {
        let Some(channel) = self.channels.get(&id) else { return };
        if channel.is_open() || channel.is_held() {
            return;
        }
        let mut unused = vec![id];
        while let Some(channel) = unused.pop().and_then(|id| self.channels.remove(&id)) {
            self.errors_kept -= channel.error.as_ref().map_or(0, ChannelError::bytes);
            for queued in channel.queue {
                self.kept -= queued.cost;
                for id in queued.keeps {
                    if self.no_longer_kept(id) {
                        unused.push(id);
                    }
                }
            }
        }
    }

    /// An item that kept a channel has been taken or dropped. Says whether that was the last that it was needed for.
    pub fn no_longer_kept(&mut self, id: u32) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        channel.kept_by = channel.kept_by.saturating_sub(1);
        !channel.is_open() && !channel.is_held()
    }

    /// Forgets closed channels that only items of one another keep.
    pub fn collect(&mut self) {
        let is_root = |(&id, one): (&u32, &Channel)| (one.is_open() || one.is_used()).then_some(id);
        let mut waiting: Vec<u32> = self.channels.iter().filter_map(is_root).collect();
        let mut reached: HashSet<u32> = waiting.iter().copied().collect();
        while let Some(channel) = waiting.pop().and_then(|id| self.channels.get(&id)) {
            waiting.extend(channel.queue.iter().flat_map(|queued| &queued.keeps).filter(|&&id| reached.insert(id)));
        }
        let unreached: Vec<u32> = self.channels.keys().copied().filter(|id| !reached.contains(id)).collect();
        for id in unreached {
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.kept_by = 0;
                self.forget_if_unused(id);
            }
        }
    }

    /// How many channels are closed and kept for the application.
    pub fn gone_channels(&self) -> usize {
        self.channels.len() - self.open_channels()
    }

    pub fn open_channels(&self) -> usize {
        (self.open[0] + self.open[1]) as usize
    }

    /// The highest window that the other side may use.
    pub fn window() -> u64 {
        ours().credit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_unborn_until_it_or_a_higher_one_was_opened() {
        let mut state = State::new();
        assert!(state.is_unborn(1) && state.is_unborn(2));
        state.open_channel(5, false);
        assert!(!state.is_unborn(3) && !state.is_unborn(5) && state.is_unborn(7) && state.is_unborn(2));
    }

    #[test]
    fn nothing_of_a_closed_channel_is_remembered_when_nobody_holds_it() {
        let mut state = State::new();
        state.open_channel(1, false);
        state.close_channel(1, Some(ChannelError::new("error", "gone")));
        assert!(state.channels.is_empty());
        assert_eq!((state.open_channels(), state.errors_kept, state.kept), (0, 0, 0));
    }

    #[test]
    fn closed_channels_that_keep_one_another_are_forgotten() {
        let mut state = State::new();
        for id in [1, 3, 5] {
            state.open_channel(id, false);
            let item = Checked { bytes: vec![0xf6], references: vec![1, 3] };
            state.enqueue(id, item, 65, 65, 65);
        }
        state.close_channel(1, None);
        state.close_channel(3, None);
        state.collect();
        assert_eq!(state.channels.len(), 3, "an open channel refers to them");
        state.close_channel(5, None);
        state.collect();
        assert_eq!((state.channels.len(), state.kept), (0, 0));
    }

    #[test]
    fn a_held_channel_keeps_its_items_and_its_error() {
        let mut state = State::new();
        state.open_channel(1, false);
        state.channels.get_mut(&1).unwrap().uses = 1;
        state.close_channel(1, Some(ChannelError::new("error", "gone")));
        assert_eq!(state.channels[&1].error.as_ref().map(|error| error.text.as_str()), Some("gone"));
        state.channels.get_mut(&1).unwrap().uses = 0;
        state.forget_if_unused(1);
        assert_eq!(state.errors_kept, 0);
    }
}
