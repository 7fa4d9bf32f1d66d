//! A connection: what is known of it, acting on frames, sending, taking, and its end.
//!
//! One lock guards the `State`; nothing is read, written or executed while it is held. The reader acts on frames, the
//! writer writes what `Out` holds, threads with code send and take, and the clock does what has a time.

pub mod acting;
pub mod channel;
pub mod credit;
pub mod ending;
pub mod items;
pub mod out;
pub mod reader;
pub mod receiving;
pub mod sending;
pub mod state;

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::trace::Trace;
use state::State;

/// What threads share.
pub struct Conn {
    state: Mutex<State>,
    /// Something that concerns threads of the whole connection: the main thread's job, the end, an interrupt.
    pub changed: Condvar,
    /// The writer has something to do.
    pub writable: Condvar,
    /// The buffer of the writer has room again.
    pub room: Condvar,
    /// The clock has something to do.
    pub clock: Condvar,
    pub trace: Trace,
}

impl Conn {
    pub fn new(trace: Trace) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::new()),
            changed: Condvar::new(),
            writable: Condvar::new(),
            room: Condvar::new(),
            clock: Condvar::new(),
            trace,
        })
    }

    /// The state, also after a thread has panicked with it: each change of it is whole.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Wakes everybody who waits for anything.
    pub fn wake_all(&self, state: &State) {
        for channel in state.channels.values() {
            channel.wake.notify_all();
        }
        self.changed.notify_all();
        self.writable.notify_all();
        self.room.notify_all();
        self.clock.notify_all();
    }
}
