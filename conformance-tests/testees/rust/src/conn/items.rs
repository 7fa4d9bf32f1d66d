//! Items that arrive: pieces, whole items, batches (CH-030 to CH-038), in the order of checks of ER-020.

use super::state::{Half, Queued, State};
use super::Conn;
use crate::wire::frames::{broken, Broken, Code, Type};
use crate::wire::head::{self, ARRAY};
use crate::wire::hello::{ours, ITEM_OVERHEAD};
use crate::wire::payloads::{encode_error, ChannelError};
use crate::wire::values::{self, Checked, Rules};
use crate::wire::Bad;

impl Conn {
    /// CHANNEL_DATA, CHANNEL_PART or CHANNEL_BATCH on a channel that is open.
    pub fn item_frame(&self, state: &mut State, kind: Type, id: u32, payload: &[u8]) -> Result<(), Broken> {
        let channel = state.channels.get_mut(&id).expect("the caller has looked");
        if channel.receive == Half::Ended {
            return broken(Code::StateViolation, format!("{kind:?} on channel {id} after CHANNEL_LAST_MESSAGE"));
        }
        if kind == Type::ChannelBatch && channel.partial.is_some() {
            return broken(Code::StateViolation, format!("CHANNEL_BATCH on channel {id} while an item is incomplete"));
        }
        let count = match kind {
            Type::ChannelBatch => batch_head(payload).map_err(|why| malformed(id, &why))?.0,
            Type::ChannelData => 1,
            _ => 0,
        };
        let cost = payload.len() as u64 + ITEM_OVERHEAD * count;
        let left = State::window() - channel.used;
        if cost > left {
            return broken(
                Code::CreditOverdrawn,
                format!("{kind:?} on channel {id} costs {cost}, its sender has a credit of {left}"),
            );
        }
        channel.used += cost;
        let pieces = channel.partial.as_ref().map_or(0, Vec::len) as u64;
        if state.ending.terminating {
            return self.drop_item(state, kind, id); // GR-006, GR-010
        }
        if state.kept + cost > ours().memory {
            let text = format!("more than {} bytes wait here to be received (memory)", ours().memory);
            let error = ChannelError::new("limit", text);
            self.answer(state, Type::ChannelCloseError, id, &encode_error(&error));
            state.close_channel(id, Some(error)); // LI-011
            return Ok(());
        }
        if kind != Type::ChannelBatch {
            check_length(id, pieces + payload.len() as u64)?;
        }
        match kind {
            Type::ChannelPart => self.part(state, id, payload),
            Type::ChannelBatch => self.batch(state, id, payload, cost)?,
            _ => self.data(state, id, payload, cost)?,
        }
        self.return_credit(state, id);
        Ok(())
    }

    /// The half machines move on, nothing is kept.
    fn drop_item(&self, state: &mut State, kind: Type, id: u32) -> Result<(), Broken> {
        let channel = state.channels.get_mut(&id).expect("the caller has looked");
        if kind == Type::ChannelPart {
            channel.partial.get_or_insert_with(Vec::new);
        } else if let Some(partial) = channel.partial.take() {
            state.kept -= partial.len() as u64;
        }
        Ok(())
    }

    fn part(&self, state: &mut State, id: u32, payload: &[u8]) {
        let channel = state.channels.get_mut(&id).expect("the caller has looked");
        channel.partial.get_or_insert_with(Vec::new).extend(payload);
        channel.partial_owed += payload.len() as u64;
        channel.owed += payload.len() as u64;
        state.kept += payload.len() as u64;
    }

    fn data(&self, state: &mut State, id: u32, payload: &[u8], cost: u64) -> Result<(), Broken> {
        let rules = items();
        let channel = state.channels.get_mut(&id).expect("the caller has looked");
        let owed = std::mem::take(&mut channel.partial_owed) + cost;
        let whole = channel.partial.take();
        let pieces = whole.as_ref().map_or(0, Vec::len) as u64;
        let checked = match whole {
            None => values::check(payload, rules),
            Some(mut bytes) => {
                bytes.extend(payload);
                values::check(&bytes, rules)
            }
        };
        state.kept -= pieces;
        let item = checked.map_err(|why| malformed(id, &why))?;
        state.check_references(&item)?;
        state.enqueue(id, item, pieces + cost, owed, cost);
        Ok(())
    }

    fn batch(&self, state: &mut State, id: u32, payload: &[u8], cost: u64) -> Result<(), Broken> {
        let rules = items();
        let (count, mut at) = batch_head(payload).map_err(|why| malformed(id, &why))?;
        let head_bytes = at as u64;
        let mut items = Vec::new();
        for _ in 0..count {
            let start = at;
            let item = values::check_at(payload, &mut at, rules).map_err(|why| malformed(id, &why))?;
            check_length(id, (at - start) as u64)?;
            state.check_references(&item)?;
            items.push((item, (at - start) as u64 + ITEM_OVERHEAD));
        }
        if at < payload.len() {
            return broken(Code::ValueMalformed, format!("bytes follow the array of a batch on channel {id}"));
        }
        debug_assert_eq!(cost, head_bytes + items.iter().map(|(_, cost)| cost).sum::<u64>());
        items[0].1 += head_bytes; // there is one at least; the shares add up to the cost
        for (item, cost) in items {
            state.enqueue(id, item, cost, cost, cost);
        }
        Ok(())
    }
}

/// No item is longer than what was announced (CH-033, LI-004).
fn check_length(id: u32, bytes: u64) -> Result<(), Broken> {
    if bytes > ours().item {
        return broken(Code::LimitExceeded, format!("an item on channel {id} has more than {} bytes", ours().item));
    }
    Ok(())
}

fn malformed(id: u32, why: &Bad) -> Broken {
    Broken { code: Code::ValueMalformed, text: format!("an item on channel {id}: {}", why.0) }
}

/// How many items a batch has, and where they begin (CH-034).
fn batch_head(payload: &[u8]) -> Result<(u64, usize), Bad> {
    let mut at = 0;
    let head = head::read(payload, &mut at)?;
    if head.major != ARRAY || head.argument == 0 {
        return Err(Bad("a batch is an array of one or more items".into()));
    }
    let left = (payload.len() - at) as u64;
    if head.argument > left {
        return Err(Bad(format!("a batch of {} items in {left} bytes", head.argument)));
    }
    Ok((head.argument, at))
}

/// What this worker takes as an item.
fn items() -> Rules {
    Rules { depth: ours().depth as usize, references: true }
}

impl State {
    /// A reference to a channel that nobody has opened is no value (CH-010).
    fn check_references(&self, item: &Checked) -> Result<(), Broken> {
        match item.references.iter().find(|&&id| self.is_unborn(id)) {
            Some(id) => broken(Code::ValueMalformed, format!("a reference to channel {id}, which was never opened")),
            None if !item.references.is_empty() && self.gone_channels() > ours().channels as usize => {
                broken(Code::LimitExceeded, format!("references to more than {} closed channels", ours().channels))
            }
            None => Ok(()),
        }
    }

    /// Has an item wait for the application. `new` is what of `owed` is not counted among the channel's yet.
    pub fn enqueue(&mut self, id: u32, item: Checked, cost: u64, owed: u64, new: u64) {
        self.kept += cost;
        let mut keeps = item.references.clone();
        keeps.retain(|id| match self.channels.get_mut(id) {
            Some(channel) => {
                channel.kept_by += 1;
                true
            }
            None => false,
        });
        let channel = self.channels.get_mut(&id).expect("the caller has looked");
        channel.owed += new;
        channel.queue.push_back(Queued { item, cost, owed, keeps });
        channel.wake.notify_all();
    }
}
