//! Taking items.

use std::sync::Arc;
use std::time::Instant;

use super::channel::Channel;
use super::credit::STALL;
use super::state::{self, Half, State};
use super::Conn;
use crate::task::{Fail, Interrupt};

/// An item that was taken, and handles of the channels that it refers to.
pub struct Item {
    pub bytes: Vec<u8>,
    pub channels: Vec<Channel>,
}

impl Channel {
    /// The next item. When nothing more can come, `Fail::End`, or `Fail::Remote` if it was closed with an error.
    pub fn receive(&self, interrupt: &Interrupt) -> Result<Item, Fail> {
        self.conn().next_item(self.id(), interrupt)
    }

    /// Waits until nothing more can come, without taking anything.
    pub fn wait_for_end(&self, interrupt: &Interrupt) -> Result<(), Fail> {
        let conn = self.conn();
        let mut state = conn.lock();
        state.referred(self.id()).waits_for_end += 1;
        let ended = loop {
            if interrupt.is_set() {
                break Err(Fail::Interrupted);
            }
            let over = state.receives_no_more();
            let channel = state.referred(self.id());
            if channel.receive != Half::Open || over {
                break channel.error.clone().map_or(Ok(()), |error| Err(Fail::Remote(error)));
            }
            let wake = Arc::clone(&channel.wake);
            conn.return_credit(&mut state, self.id());
            state = wake.wait_timeout(state, STALL).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        };
        state.referred(self.id()).waits_for_end -= 1;
        ended
    }

    /// Has a thread of its own call `handler` with each item, and `at_end` when there are no more. A handler that fails
    /// closes the channel with its error (CH-037).
    pub fn set_handler<H, E>(&self, mut handler: H, at_end: E) -> std::io::Result<()>
    where
        H: FnMut(Item) -> Result<(), Fail> + Send + 'static,
        E: FnOnce() + Send + 'static,
    {
        let conn = Arc::clone(self.conn());
        let id = self.id();
        let run = move || {
            let never = Interrupt::default();
            while let Ok(item) = conn.next_item(id, &never) {
                if let Err(fail) = handler(item) {
                    let mut state = conn.lock();
                    if state.channels.get(&id).is_some_and(state::Channel::is_open) {
                        conn.close_channel(&mut state, id, Some(&fail.told()));
                    }
                    break;
                }
            }
            at_end();
            conn.handler_ended(id);
        };
        self.conn().lock().referred(id).has_handler = true;
        let started = std::thread::Builder::new().spawn(run).map(drop);
        if started.is_err() {
            self.conn().lock().referred(id).has_handler = false;
        }
        started
    }
}

impl Conn {
    fn next_item(self: &Arc<Self>, id: u32, interrupt: &Interrupt) -> Result<Item, Fail> {
        let mut state = self.lock();
        state.referred(id).receivers += 1;
        let begun = Instant::now();
        let mut stalled = false;
        let taken = loop {
            if interrupt.is_set() {
                break Err(Fail::Interrupted);
            }
            let over = state.receives_no_more();
            let channel = state.referred(id);
            if let Some(queued) = channel.queue.pop_front() {
                channel.last_taken = Some((Instant::now(), std::thread::current().id()));
                channel.owed -= queued.owed;
                state.kept -= queued.cost;
                self.return_credit(&mut state, id);
                let channels = queued.item.references.iter().map(|&id| Channel::new(self, &mut state, id)).collect();
                queued.keeps.into_iter().for_each(|id| {
                    state.no_longer_kept(id); // a handle has it now
                });
                break Ok(Item { bytes: queued.item.bytes, channels });
            }
            if channel.receive != Half::Open || over {
                break Err(channel.error.clone().map_or(Fail::End, Fail::Remote));
            }
            let wake = Arc::clone(&channel.wake);
            if !stalled && begun.elapsed() >= STALL {
                stalled = true;
                state.stalled += 1;
            }
            if stalled {
                self.give_way(&mut state);
            }
            state = wake.wait_timeout(state, STALL).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        };
        state.stalled -= usize::from(stalled);
        state.referred(id).receivers -= 1;
        taken
    }
}

impl State {
    /// Whether the receive halves of all channels have ended for the application (GR-003).
    pub fn receives_no_more(&self) -> bool {
        self.ending.terminating || self.has_ended()
    }
}
