//! Where executions run (GW-013 to GW-016), and what is said when they have ended (GW-010).

use std::collections::{HashMap, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::channel::Channel;
use crate::conn::state::State;
use crate::conn::Conn;
use crate::task::{Fail, Interrupt, Request, Task};
use crate::tasks;
use crate::wire::cursor;
use crate::wire::frames::Type;
use crate::wire::payloads::{self, encode_error, ChannelError, Exec};

/// How long a request waits for the main thread (GW-016).
const PATIENCE: Duration = Duration::from_secs(1);
const BUSY: &str = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";
pub const STACK_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    #[default]
    Thread,
    MainThreadOnly,
}

struct Running {
    interrupt: Interrupt,
    cancelled: bool,
    on_main: bool,
}

/// What is executed, and what waits for that.
#[derive(Default)]
pub struct Schedule {
    pub model: Model,
    running: HashMap<u32, Running>,
    main_is_busy: bool,
    /// For the main thread to take.
    for_main: Option<Request>,
    waiting: VecDeque<(Request, Instant)>,
}

impl Schedule {
    pub fn executing(&self) -> usize {
        self.running.len()
    }

    pub fn queued(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    pub fn model_name(&self) -> &'static str {
        match self.model {
            Model::Thread => "thread",
            Model::MainThreadOnly => "main_thread_only",
        }
    }

    pub fn interrupt_main(&self) {
        self.running.values().filter(|one| one.on_main).for_each(|one| one.interrupt.set());
    }

    fn begin(&mut self, id: u32, on_main: bool) -> Interrupt {
        let interrupt = Interrupt::default();
        self.running.insert(id, Running { interrupt: interrupt.clone(), cancelled: false, on_main });
        interrupt
    }

    fn begin_on_main(&mut self, request: Request) {
        self.main_is_busy = true;
        self.begin(request.id, true);
        self.for_main = Some(request);
    }
}

/// Executes what a request asks for, once all of it has come.
fn run_request(task: &mut Task, exec: Exec) -> Result<(), Fail> {
    let exec = if exec == Exec::Follows { following(task)? } else { exec };
    let source = match exec {
        Exec::Source(source) => source,
        Exec::Service(name) => {
            let none = || Fail::NotBegun(format!("this worker has no service {name:?}"));
            return tasks::service(&name).ok_or_else(none)?(task);
        }
        Exec::Follows => return Err(Fail::Other("the request that followed says that it follows".into())),
    };
    task.kwargs = source.kwargs;
    match source.language {
        Some(language) if language != tasks::LANGUAGE => {
            Err(Fail::NotBegun(format!("this worker executes {}, and no {language:?}", tasks::LANGUAGE)))
        }
        _ => tasks::run(task, &source.text, source.call.as_deref()),
    }
}

/// A request that is the first item of its channel (GW-007, GW-008).
fn following(task: &Task) -> Result<Exec, Fail> {
    let item = task.receive()?;
    let Some(payload) = cursor::bytes(&item.bytes) else {
        return Err(Fail::Other("the request that was to follow is no bytes".into()));
    };
    payloads::exec(payload).map_err(|why| Fail::Other(format!("the request that followed is malformed: {}", why.0)))
}

/// Code and text of an execution that ended by CHANNEL_CANCEL.
const CANCELLED: &str = "cancelled";

impl Conn {
    /// Takes a request: it begins now, or waits.
    pub fn schedule(self: &Arc<Self>, state: &mut State, request: Request) {
        let id = request.id;
        if !state.schedule.main_is_busy {
            state.schedule.begin_on_main(request);
            self.changed.notify_all();
        } else if state.schedule.model == Model::MainThreadOnly {
            state.schedule.waiting.push_back((request, Instant::now() + PATIENCE));
            self.clock.notify_all();
        } else {
            let interrupt = state.schedule.begin(id, false);
            let conn = Arc::clone(self);
            let run = move || conn.execute(request, interrupt, false);
            if let Err(error) = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run) {
                state.schedule.running.remove(&id);
                self.refuse(state, id, "refused", &format!("no thread can be started for it: {error}"));
            }
        }
    }

    /// Ends the execution of a channel, if there is one (GW-034). Code sees it when it waits, and when it looks.
    pub fn cancel(&self, state: &mut State, id: u32) {
        let before = state.schedule.waiting.len();
        state.schedule.waiting.retain(|(request, _)| request.id != id);
        if state.schedule.waiting.len() < before {
            return self.refuse(state, id, CANCELLED, CANCELLED);
        }
        let Some(running) = state.schedule.running.get_mut(&id).filter(|one| !one.cancelled) else { return };
        running.cancelled = true;
        running.interrupt.set();
        self.wake_all(state);
    }

    /// Refuses those that have waited for too long. Says when the next one will have.
    pub fn refuse_late(&self, state: &mut State, now: Instant) -> Option<Instant> {
        while let Some(&(Request { id, .. }, until)) = state.schedule.waiting.front() {
            if now < until {
                return Some(until);
            }
            state.schedule.waiting.pop_front();
            self.refuse(state, id, "busy", BUSY);
        }
        None
    }

    /// Interrupts what is executed on the main thread, as SIGINT does.
    pub fn interrupt_main(&self) {
        let state = self.lock();
        state.schedule.interrupt_main();
        self.wake_all(&state);
    }

    /// The main thread: executes what it is given, for ever.
    pub fn run_main(self: &Arc<Self>) -> ! {
        loop {
            let mut state = self.lock();
            let request = loop {
                if let Some(request) = state.schedule.for_main.take() {
                    break request;
                }
                state = self.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
            };
            let interrupt = state.schedule.running.get(&request.id).map(|one| one.interrupt.clone());
            drop(state);
            self.execute(request, interrupt.unwrap_or_default(), true);
        }
    }

    fn execute(self: &Arc<Self>, request: Request, interrupt: Interrupt, on_main: bool) {
        let id = request.id;
        self.trace.event(&format!("execution {id} begins"));
        let channel = Channel::new(self, &mut self.lock(), id);
        let mut task = Task { channel, interrupt, on_main, kwargs: Vec::new() };
        let begins = !task.interrupt.is_set();
        let run = || if begins { run_request(&mut task, request.exec) } else { Err(Fail::Interrupted) };
        let ended = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            Err(Fail::Other(format!("the code panicked: {}", text.unwrap_or_default())))
        });
        self.trace.event(&format!("execution {id} has ended"));
        self.finish(id, on_main, &ended);
    }

    /// Says that an execution has ended; from the closing frame on it counts no more (GW-015, GW-021).
    fn finish(&self, id: u32, on_main: bool, ended: &Result<(), Fail>) {
        let mut state = self.lock();
        let cancelled = state.schedule.running.get(&id).is_some_and(|one| one.cancelled);
        if !state.has_ended() && state.channels.get(&id).is_some_and(|channel| channel.is_open()) {
            match ended {
                Err(Fail::Interrupted) if cancelled => {
                    let error = ChannelError::new(CANCELLED, CANCELLED);
                    self.put(&mut state, Type::ChannelCloseError, id, &encode_error(&error));
                }
                Ok(()) | Err(Fail::End) => self.put(&mut state, Type::ChannelClose, id, &[]),
                Err(fail) => self.put(&mut state, Type::ChannelCloseError, id, &encode_error(&fail.told())),
            }
        }
        state.close_channel(id, None);
        state.end_request(id);
        state.schedule.running.remove(&id);
        if on_main {
            state.schedule.main_is_busy = false;
            if let Some((next, _)) = state.schedule.waiting.pop_front() {
                state.schedule.begin_on_main(next);
            }
        }
        self.clock.notify_all();
    }
}
