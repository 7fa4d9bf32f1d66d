//! Receiving a tree (67-rsync.md): what the task `rsync-receiver` executes.

mod chunks;
mod content;
mod cuts;
mod deltas;
mod ending;
mod inflate;
mod messages;
mod place;
mod receiver;
mod sha256;
mod sources;
mod start;
mod table;
mod tree;

pub use receiver::receive;

/// With this begin the names of files that are not finished (RS-036).
const UNFINISHED: &[u8] = b".xnet-rsync-";
