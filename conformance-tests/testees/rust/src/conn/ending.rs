//! How a connection ends (GR-003 to GR-011, ER-002), and the clock that sees to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::state::State;
use super::Conn;
use crate::wire::frames::{Broken, Code, Type};
use crate::wire::payloads::{encode_goaway, ChannelError, Times};

/// What is queued gets as long to be written.
const WRITE: Duration = Duration::from_secs(2);

/// How far the end has come.
#[derive(Default)]
pub struct Ending {
    /// GATEWAY_TERMINATE has come.
    pub terminating: bool,
    /// The connection has ended: nothing is sent or acted on any more.
    ended: bool,
    /// When the steps of GR-003 began.
    pub since: Option<Instant>,
    times: Times,
    interrupted: bool,
    pub keepalive: Option<Duration>,
    last_sign_of_life: Option<Instant>,
    asked: Option<Instant>,
}

impl Ending {
    /// Bytes have come (FR-025).
    pub fn note_sign_of_life(&mut self) {
        self.last_sign_of_life = Some(Instant::now());
        self.asked = None;
    }
}

impl State {
    pub fn has_ended(&self) -> bool {
        self.ending.ended
    }
}

impl Conn {
    /// GATEWAY_TERMINATE.
    pub fn terminate(&self, state: &mut State, times: Times) {
        if state.ending.terminating {
            return;
        }
        state.ending.terminating = true;
        if state.ending.since.is_none() {
            state.ending.since = Some(Instant::now());
            state.ending.times = times;
        }
        self.trace.event("terminating: waiting for executions to end");
        self.wake_all(state);
    }

    /// GOAWAY, or the end of the stream: nobody is there any more.
    pub fn peer_is_gone(&self, state: &mut State, why: Option<String>) {
        if state.ending.ended {
            return;
        }
        state.ending.ended = true;
        state.ending.since.get_or_insert_with(Instant::now);
        if let Some(why) = why {
            let ids: Vec<u32> = state.channels.keys().copied().collect();
            for id in ids {
                state.close_channel(id, Some(ChannelError::new("error", why.clone())));
            }
            state.out.closing = true;
        }
        self.wake_all(state);
    }

    /// Ends the connection because the peer has broken a rule, or for a reason of our own.
    pub fn end_with(&self, why: &Broken) {
        let mut state = self.lock();
        if state.ending.ended {
            return;
        }
        self.trace.event(&format!("ending the connection with {:?}: {}", why.code, why.text));
        self.say_goaway(&mut state, why.code, &why.text);
        state.ending.since.get_or_insert_with(Instant::now);
        self.wake_all(&state);
    }

    /// Says as the last frame why this side ends the connection, and how far it went (ER-002, ER-008, GR-012).
    fn say_goaway(&self, state: &mut State, code: Code, text: &str) {
        let goaway = encode_goaway(code, text, state.highest[1]);
        self.put(state, Type::Goaway, 0, &goaway);
        state.out.closing = true;
        state.ending.ended = true;
    }

    /// Does what has a time, until the worker may exit; gives the exit status.
    pub fn run_clock(self: &Arc<Self>) -> i32 {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let mut next = self.refuse_late(&mut state, now);
            if let Some(since) = state.ending.since {
                let idle = state.schedule.is_idle();
                let Times { finish, interrupt } = state.ending.times;
                if idle || now >= since + finish + interrupt {
                    if !state.ending.ended {
                        let text = if idle { "the worker has ended as asked" } else { "giving up on executions" };
                        self.say_goaway(&mut state, Code::NoError, text);
                        self.wake_all(&state);
                    }
                    drop(state);
                    self.trace.event("exiting");
                    self.flush(now + WRITE);
                    return i32::from(!idle);
                }
                if !state.ending.interrupted && now >= since + finish {
                    state.ending.interrupted = true;
                    self.trace.event("terminating: interrupting the main thread");
                    state.schedule.interrupt_main();
                    self.wake_all(&state);
                }
                next = Some(if state.ending.interrupted { since + finish + interrupt } else { since + finish });
            } else if let Some(interval) = state.ending.keepalive {
                let due = self.look_for_silence(&mut state, interval, now);
                next = Some(next.map_or(due, |next| next.min(due)));
            }
            let wait = next.map_or(Duration::from_secs(60), |next| next.saturating_duration_since(now));
            state = self.clock.wait_timeout(state, wait).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    /// Asks after an interval of silence, and gives the peer up after another one (FR-024). Says when to look again.
    fn look_for_silence(&self, state: &mut State, interval: Duration, now: Instant) -> Instant {
        let last = *state.ending.last_sign_of_life.get_or_insert(now);
        match state.ending.asked {
            None if now >= last + interval => {
                state.ending.asked = Some(now);
                self.put(state, Type::Ping, 0, &[]);
                now + interval
            }
            None => last + interval,
            // This process did not run itself for a while: it asks again first (FR-025).
            Some(asked) if now >= asked + interval + interval / 4 + Duration::from_millis(200) => {
                state.ending.asked = Some(now);
                self.put(state, Type::Ping, 0, &[]);
                now + interval
            }
            Some(asked) if now >= asked + interval => {
                self.trace.event("the initiator has been silent for too long");
                self.peer_is_gone(state, None);
                now
            }
            Some(asked) => asked + interval,
        }
    }
}
