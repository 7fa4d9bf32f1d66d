//! Acting on frames, in the order of checks of ER-020.

use std::sync::Arc;
use std::time::Instant;

use super::state::{Half, State};
use super::Conn;
use crate::config;
use crate::task::Request;
use crate::wire::frames::{self, broken, Broken, Code, Header, Type};
use crate::wire::hello::{self, ours, MAX_CREDIT};
use crate::wire::payloads::{self, encode_error, ChannelError, Exec, Status, PING_BYTES};
use crate::wire::values::{self, CONTROL};
use crate::wire::{cursor, text, Bad};

/// The limit for frames before HELLO (HS-011).
const FIRST_FRAMES: u64 = 65_536;

/// A control payload that was looked at (step 6).
enum Payload {
    None,
    Exec(Exec),
    Error(ChannelError),
    Times(payloads::Times),
    Credit(u64),
}

/// Steps 1 and 2: made when the header is there. None is a frame to skip.
pub fn check_header(header: Header, hello_received: bool) -> Result<Option<Type>, Broken> {
    let kind = Type::from_code(header.code);
    if kind.is_none() && !frames::is_ignorable(header.code) {
        return broken(Code::FrameUnknownType, format!("frame type {} is not known here", header.code));
    }
    let limit = if hello_received { ours().frame } else { FIRST_FRAMES };
    if u64::from(header.length) > limit {
        let name = frames::name(header.code);
        return broken(
            Code::FrameTooLarge,
            format!("{name} has {} bytes, no more than {limit} are taken", header.length),
        );
    }
    Ok(kind)
}

impl Conn {
    /// Acts on a complete frame.
    pub fn act(self: &Arc<Self>, kind: Type, id: u32, payload: &[u8]) -> Result<(), Broken> {
        let mut state = self.lock();
        let name = frames::name(kind as u8);
        if !kind.fits(id) {
            return broken(Code::StateViolation, format!("{name} on channel {id}"));
        }
        if kind == Type::Goaway {
            let why = goaway(payload);
            self.trace.event(&format!("the initiator has ended the connection: {why}"));
            self.peer_is_gone(&mut state, Some(why));
            return Ok(());
        }
        if kind == Type::Hello {
            if state.hello_received {
                return broken(Code::StateViolation, "a second HELLO");
            }
            return self.hello(&mut state, payload);
        }
        if !state.hello_received {
            return broken(Code::StateViolation, format!("{name} before HELLO"));
        }
        let control = control_payload(kind, payload).map_err(|why| Broken {
            code: Code::PayloadMalformed,
            text: format!("{name} on channel {id}: {}", why.0),
        })?;
        match kind {
            Type::Ping => self.answer(&mut state, Type::Pong, 0, payload),
            Type::ChannelCancel => {
                if state.is_unborn(id) {
                    return broken(Code::StateViolation, format!("{name} on channel {id}, which was never opened"));
                }
                if state.channels.get(&id).is_some_and(|channel| channel.is_open()) {
                    self.cancel(&mut state, id);
                }
            }
            Type::GatewayTerminate => {
                if let Payload::Times(times) = control {
                    self.terminate(&mut state, times);
                }
            }
            Type::Status | Type::Info | Type::ChannelExec | Type::ChannelOpen => {
                may_open(&state, id, &name)?;
                self.opening(&mut state, kind, id, control)?;
            }
            _ if id != 0 => {
                if state.is_unborn(id) {
                    return broken(Code::StateViolation, format!("{name} on channel {id}, which was never opened"));
                }
                if state.channels.get(&id).is_some_and(|channel| channel.is_open()) {
                    self.on_channel(&mut state, kind, id, payload, control)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A frame on an open channel (steps 9 to 13).
    fn on_channel(
        &self,
        state: &mut State,
        kind: Type,
        id: u32,
        payload: &[u8],
        control: Payload,
    ) -> Result<(), Broken> {
        let channel = state.channels.get_mut(&id).expect("the caller has looked");
        match (kind, control) {
            (Type::ChannelData | Type::ChannelPart | Type::ChannelBatch, _) => {
                return self.item_frame(state, kind, id, payload);
            }
            (Type::ChannelLastMessage, _) => {
                if channel.receive == Half::Ended {
                    return broken(Code::StateViolation, format!("a second CHANNEL_LAST_MESSAGE on channel {id}"));
                }
                if channel.partial.is_some() {
                    return broken(
                        Code::StateViolation,
                        format!("CHANNEL_LAST_MESSAGE on channel {id} while an item is incomplete"),
                    );
                }
                channel.receive = Half::Ended;
                channel.wake.notify_all();
            }
            (Type::ChannelCredit, Payload::Credit(amount)) if channel.send == Half::Open => {
                if amount > MAX_CREDIT - channel.credit {
                    return broken(
                        Code::CreditOverflow,
                        format!("credit of {amount} for channel {id}, which has {}", channel.credit),
                    );
                }
                channel.credit += amount;
                channel.wake.notify_all();
                state.last_credit = Instant::now();
            }
            (Type::ChannelClose, _) => state.close_channel(id, None),
            (Type::ChannelCloseError, Payload::Error(error)) => state.close_channel(id, Some(error)),
            _ => {}
        }
        Ok(())
    }

    /// A frame that opens a channel, and what it asks for.
    fn opening(self: &Arc<Self>, state: &mut State, kind: Type, id: u32, control: Payload) -> Result<(), Broken> {
        let others = state.open_channels();
        state.open_channel(id, kind == Type::ChannelExec);
        if kind != Type::ChannelOpen && state.ending.terminating {
            self.refuse(state, id, "terminating", "the worker is ending and takes no more requests");
            return Ok(());
        }
        match (kind, control) {
            (Type::Status, _) => {
                let answer = payloads::encode_status(&Status {
                    channels: others,
                    executing: state.schedule.executing(),
                    queued: state.schedule.queued(),
                    model: state.schedule.model_name(),
                });
                self.answer_item(state, id, &answer);
            }
            (Type::Info, _) => {
                let answer = crate::info::encode();
                self.answer_item(state, id, &answer);
            }
            (Type::ChannelExec, Payload::Exec(exec)) => {
                self.schedule(state, Request { id, exec });
            }
            _ => {}
        }
        Ok(())
    }

    /// One item and CHANNEL_CLOSE, or an error if the item is too long (GW-020, GW-023).
    fn answer_item(&self, state: &mut State, id: u32, item: &[u8]) {
        if item.len() as u64 > state.peer.item {
            let text = format!("the answer has {} bytes, the initiator takes {}", item.len(), state.peer.item);
            return self.refuse(state, id, "limit", &text);
        }
        self.answer(state, Type::ChannelData, id, item);
        self.answer(state, Type::ChannelClose, id, &[]);
        state.close_channel(id, None);
    }

    /// Closes the channel of a request with the reason why nothing is done for it.
    pub fn refuse(&self, state: &mut State, id: u32, code: &str, text: &str) {
        self.answer(state, Type::ChannelCloseError, id, &encode_error(&ChannelError::new(code, text)));
        state.close_channel(id, None);
        state.end_request(id);
    }

    fn hello(&self, state: &mut State, payload: &[u8]) -> Result<(), Broken> {
        let hello = hello::decode(payload)?;
        state.hello_received = true;
        state.peer = hello.limits;
        state.peer_takes_surrogates = hello.surrogates;
        config::apply(self, state, &hello.config)
            .map_err(|text| Broken { code: Code::ConfigRefused, text: text::shorten(&text, 4096) })
    }
}

/// Step 7.
fn may_open(state: &State, id: u32, name: &str) -> Result<(), Broken> {
    if id % 2 == 0 {
        return broken(Code::RoleViolation, format!("{name} on channel {id}: even ids are the worker's"));
    }
    if !state.is_unborn(id) {
        return broken(Code::StateViolation, format!("{name} on channel {id}, which was opened before, or skipped"));
    }
    if state.open[1] >= ours().channels {
        return broken(Code::LimitExceeded, format!("{name} opens one more than {} channels", ours().channels));
    }
    Ok(())
}

/// Step 6.
fn control_payload(kind: Type, payload: &[u8]) -> Result<Payload, Bad> {
    let refused = |why: String| Err(Bad(why));
    Ok(match kind {
        Type::ChannelExec => Payload::Exec(payloads::exec(payload)?),
        Type::GatewayTerminate => Payload::Times(payloads::terminate(payload)?),
        Type::ChannelCloseError => Payload::Error(payloads::error(payload)?),
        Type::ChannelCredit => Payload::Credit(payloads::credit(payload)?),
        Type::Ping | Type::Pong if payload.len() > PING_BYTES => {
            return refused(format!("{} bytes, no more than {PING_BYTES} are allowed", payload.len()));
        }
        Type::ChannelPart if payload.is_empty() => return refused("a piece of no bytes".into()),
        Type::Ping | Type::Pong | Type::ChannelData | Type::ChannelPart | Type::ChannelBatch => Payload::None,
        _ if !payload.is_empty() => return refused(format!("{} bytes where none belong", payload.len())),
        _ => Payload::None,
    })
}

/// What GOAWAY says, malformed or not (ER-004).
fn goaway(payload: &[u8]) -> String {
    let Ok(checked) = values::check(payload, CONTROL) else {
        return "GOAWAY, malformed".into();
    };
    let entries = cursor::text_dict(&checked.bytes).unwrap_or_default();
    let value = |name| entries.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let code = value("code").and_then(cursor::uint).map_or("no code".into(), |code| format!("code {code}"));
    format!("GOAWAY, {code}: {}", value("text").and_then(cursor::text).unwrap_or_default())
}
