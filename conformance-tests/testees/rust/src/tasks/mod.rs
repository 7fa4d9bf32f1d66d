//! The tasks of the conformance suite's fixtures: what a request can name as its source.

mod channels;
mod computing;
mod sending;
mod system;

use crate::task::{Fail, Task};

/// What the sources of this worker are in.
pub const LANGUAGE: &str = "tasks";

/// What HELLO says of this worker. The language of its sources is the names of tasks.
pub const FEATURES: &[&str] = &["surrogates", "exec.tasks", "service.rsync", "service.relay"];

/// What this worker brings along (GW-060).
pub fn service(name: &str) -> Option<Body> {
    match name {
        "rsync" => Some(crate::rsync::receive),
        "relay" => Some(crate::relay::relay),
        _ => None,
    }
}

type Body = fn(&Task) -> Result<(), Fail>;

const TASKS: &[(&str, Body)] = &[
    ("alike", sending::alike),
    ("alone", sending::alone),
    ("blocked", channels::blocked),
    ("busy", computing::busy),
    ("seize", computing::seize),
    ("carry", system::carry),
    ("child", system::child),
    ("close", channels::close),
    ("closeself", channels::close_self),
    ("collect", channels::collect),
    ("drop", channels::drop_channel),
    ("echo", sending::echo),
    ("exchange", sending::exchange),
    ("fail", computing::fail),
    ("goodbye", sending::goodbye),
    ("handler", channels::handler),
    ("interrupted", computing::interrupted),
    ("keep", channels::keep),
    ("large", sending::large),
    ("linger", computing::linger),
    ("mark", computing::mark),
    ("names", computing::names),
    ("é€😀", sending::not_ascii),
    ("offer", channels::offer),
    ("onward", channels::onward),
    ("reason", channels::reason),
    ("refused", sending::refused),
    ("same", channels::same),
    ("source", sending::source),
    ("stdio", system::stdio),
    ("stubborn", computing::stubborn),
    ("sum", sending::sum),
    ("take", computing::take),
    ("together", sending::together),
    ("toodeep", sending::too_deep),
    ("use", channels::use_channel),
    ("wait", sending::wait),
    ("catches", sending::catches),
    ("waitclose", channels::wait_close),
    ("where", system::place),
];

/// Those that do their task when the source is executed, without a call.
const UNCALLED: &[&str] = &["alone", "é€😀"];

/// Executes a source: the name of a task, whose function is called `run`. A source that calls nothing does nothing.
pub fn run(task: &Task, source: &str, call: Option<&str>) -> Result<(), Fail> {
    let name = source.trim();
    if name.is_empty() {
        return match call {
            None => Ok(()),
            Some(call) => Err(Fail::Other(format!("the source has no function {call}"))),
        };
    }
    let Some((_, body)) = TASKS.iter().find(|(known, _)| *known == name) else {
        let name: String = name.chars().take(80).collect();
        return Err(Fail::Other(format!("this worker executes tasks by their names, and {name:?} is none")));
    };
    match call {
        None if UNCALLED.contains(&name) => body(task),
        None => Ok(()),
        Some("run") => body(task),
        Some(other) => Err(Fail::Other(format!("{name} has a function run, and none called {other:?}"))),
    }
}
