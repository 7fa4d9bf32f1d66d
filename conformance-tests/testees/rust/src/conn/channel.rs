//! What code has of a channel: a handle. The last one that is dropped lets go of the channel (CH-051).

use std::sync::Arc;

use super::state::{Half, State};
use super::Conn;
use crate::wire::frames::Type;
use crate::wire::payloads::{encode_error, ChannelError};

/// A handle of a channel.
pub struct Channel {
    conn: Arc<Conn>,
    id: u32,
}

impl Channel {
    /// A handle of a channel that an item refers to, or that was opened just now.
    pub fn new(conn: &Arc<Conn>, state: &mut State, id: u32) -> Self {
        state.referred(id).uses += 1;
        Self { conn: Arc::clone(conn), id }
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn conn(&self) -> &Arc<Conn> {
        &self.conn
    }

    /// Whether the other side is done with it.
    pub fn is_closed(&self) -> bool {
        let state = self.conn.lock();
        state.has_ended() || state.channels.get(&self.id).is_none_or(|channel| !channel.is_open())
    }

    /// Closes it, with an error's text if there is one. An execution's own channel is not closed so (GW-011).
    pub fn close(&self, error: Option<&str>) -> Result<(), String> {
        let mut state = self.conn.lock();
        match state.channels.get(&self.id) {
            Some(channel) if channel.is_request => {
                return Err("the channel of a request is closed when its code has ended, not before".into());
            }
            Some(channel) if channel.is_open() => {}
            _ => return Ok(()),
        }
        let error = error.map(|text| ChannelError::new("error", text));
        self.conn.close_channel(&mut state, self.id, error.as_ref());
        Ok(())
    }
}

impl Clone for Channel {
    fn clone(&self) -> Self {
        Self::new(&self.conn, &mut self.conn.lock(), self.id)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let mut state = self.conn.lock();
        let Some(channel) = state.channels.get_mut(&self.id) else { return };
        channel.uses -= 1;
        if channel.uses > 0 {
            return;
        }
        if channel.is_open() && !channel.is_request {
            self.conn.let_go(&mut state, self.id);
        }
        state.forget_if_unused(self.id);
    }
}

impl Conn {
    /// Sends the closing frame and closes.
    pub fn close_channel(&self, state: &mut State, id: u32, error: Option<&ChannelError>) {
        match error {
            None => self.put(state, Type::ChannelClose, id, &[]),
            Some(error) => self.put(state, Type::ChannelCloseError, id, &encode_error(error)),
        }
        state.close_channel(id, None);
    }

    /// The application has no use for an open channel any more.
    fn let_go(&self, state: &mut State, id: u32) {
        let Some(channel) = state.channels.get_mut(&id) else { return };
        if !channel.has_handler || channel.handler_done {
            self.close_channel(state, id, None);
        } else if channel.send == Half::Open {
            channel.send = Half::Ended;
            self.put(state, Type::ChannelLastMessage, id, &[]);
        }
    }

    /// The handler of a channel has seen the end (CH-052).
    pub fn handler_ended(&self, id: u32) {
        let mut state = self.lock();
        if let Some(channel) = state.channels.get_mut(&id) {
            channel.handler_done = true;
            if channel.uses == 0 && channel.is_open() {
                self.close_channel(&mut state, id, None);
            }
        }
        state.forget_if_unused(id);
    }
}
