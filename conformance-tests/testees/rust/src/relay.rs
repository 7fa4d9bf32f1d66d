//! The service `relay` (68-relay.md): reaches a further worker, and copies bytes between it and a channel.
//!
//! Its threads go on when its execution has ended, each in one direction, so that neither waits for the other.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::conn::channel::Channel;
use crate::sys;
use crate::task::{Fail, Interrupt, Task};
use crate::wire::cursor;
use crate::wire::write::Writer;

const PIECE_BYTES: usize = 65_536;
/// As much of what a program printed last is in the sentence about its end.
const LAST_WORDS_BYTES: usize = 2000;
/// How long a program that was asked to end may go on (RL-005).
const PATIENCE: Duration = Duration::from_secs(1);
/// Variables that are not passed on.
const SECRETS: [&str; 2] = ["XNET_SECRET", "XNET_SECRET_FILE"];

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Order {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    cwd: Option<String>,
    socket: bool,
    inherits: bool,
    address: Option<String>,
    ours: bool,
}

fn parse(value: &[u8]) -> Option<Order> {
    let mut order = Order::default();
    for (key, value) in cursor::text_dict(value)? {
        let text = || cursor::text(value).map(str::to_owned);
        match key {
            "argv" => {
                let words: Option<Vec<&str>> = cursor::list(value)?.into_iter().map(cursor::text).collect();
                order.argv = words?.into_iter().map(str::to_owned).collect();
            }
            "env" => {
                for (name, value) in cursor::text_dict(value)? {
                    order.env.push((name.to_owned(), cursor::text(value)?.to_owned()));
                }
            }
            "cwd" if cursor::is_null(value) => {}
            "cwd" => order.cwd = Some(text()?),
            "stdio" => {
                order.socket = match cursor::text(value)? {
                    "socket" => true,
                    "pipes" => false,
                    _ => return None,
                }
            }
            "inherits" => order.inherits = cursor::boolean(value)?,
            "address" => order.address = Some(text()?),
            "ours" => order.ours = cursor::boolean(value)?,
            _ => {}
        }
    }
    (order.argv.is_empty() == order.address.is_some()).then_some(order)
}

/// Runs the service.
pub fn relay(task: &Task) -> Result<(), Fail> {
    let item = task.receive()?;
    let parts = cursor::list(&item.bytes).unwrap_or_default();
    let order = match parts[..] {
        [order, data, control] if cursor::reference(data).is_some() && cursor::reference(control).is_some() => {
            parse(order)
        }
        _ => None,
    };
    let (Some(order), [data, control]) = (order, &item.channels[..]) else {
        return Err(Fail::Other("the first item of a relay is a list of an order and two channels".into()));
    };
    let (data, control) = (data.clone(), control.clone());
    let pid = match &order.address {
        Some(address) => {
            let failed = |error: io::Error| Fail::Other(format!("cannot connect to {address}: {error}"));
            let (there, back, shut) = connect(address, order.ours).map_err(failed)?;
            watch_control(control, move |_| shut());
            carry(data, there, back)?;
            0
        }
        None => start(&order, data, control)?,
    };
    task.send(&Writer::new().uint(u64::from(pid)).bytes)
}

type There = Box<dyn Write + Send>;
type Back = Box<dyn Read + Send>;
type Shut = Box<dyn Fn() + Send>;

/// A stream whose writing half ends when this is dropped.
struct Half<S: Write>(S, fn(&S));

impl<S: Write> Write for Half<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Write> Drop for Half<S> {
    fn drop(&mut self) {
        (self.1)(&self.0);
    }
}

fn unix_halves(stream: UnixStream) -> io::Result<(There, Back)> {
    let back = stream.try_clone()?;
    let end = |stream: &UnixStream| drop(stream.shutdown(Shutdown::Write));
    Ok((Box::new(Half(stream, end)), Box::new(back)))
}

/// Connects to a path or to HOST:PORT. The last is what ends the connection.
fn connect(address: &str, ours: bool) -> io::Result<(There, Back, Shut)> {
    if address.starts_with('/') {
        if ours {
            check_owners(Path::new(address))?;
        }
        let stream = UnixStream::connect(address)?;
        let again = stream.try_clone()?;
        let (there, back) = unix_halves(stream)?;
        return Ok((there, back, Box::new(move || drop(again.shutdown(Shutdown::Both)))));
    }
    let stream = TcpStream::connect(address)?;
    let (again, back) = (stream.try_clone()?, stream.try_clone()?);
    let end = |stream: &TcpStream| drop(stream.shutdown(Shutdown::Write));
    let there = Box::new(Half(stream, end));
    Ok((there, Box::new(back), Box::new(move || drop(again.shutdown(Shutdown::Both)))))
}

/// Refuses a socket that somebody else may have put there (SO-035).
fn check_owners(path: &Path) -> io::Result<()> {
    let around = path.parent().unwrap_or(Path::new("/"));
    let (socket, folder) = (path.symlink_metadata()?, around.metadata()?);
    let trusted = |user: u32| user == 0 || user == sys::user();
    // In a directory with the sticky bit others can add names, but not replace this one.
    let closed = folder.mode() & 0o022 == 0 || folder.mode() & 0o1000 != 0;
    if trusted(socket.uid()) && trusted(folder.uid()) && closed {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        "the socket, or the directory that it is in, is not this user's",
    ))
}

/// How far a program has come.
#[derive(Default)]
struct End {
    state: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// The number may be another process's from here on.
    has_ended: bool,
    last_words: Vec<u8>,
    said_all: bool,
}

impl End {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wait_for(&self, time: Duration, is_done: impl Fn(&Progress) -> bool) -> MutexGuard<'_, Progress> {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !is_done(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        state
    }
}

fn start(order: &Order, data: Channel, control: Channel) -> Result<u32, Fail> {
    let program = &order.argv[0];
    let failed = |error: io::Error| Fail::Other(format!("cannot start {program}: {error}"));
    let mut command = Command::new(program);
    command.args(&order.argv[1..]).envs(order.env.iter().map(|(name, value)| (name, value)));
    for name in SECRETS {
        command.env_remove(name);
    }
    if let Some(cwd) = &order.cwd {
        if !Path::new(cwd).exists() {
            std::fs::create_dir_all(cwd).map_err(failed)?;
        }
        command.current_dir(cwd);
    }
    command.stderr(if order.inherits { Stdio::inherit() } else { Stdio::piped() });
    let mut ours = None;
    if order.socket {
        let (one, other) = UnixStream::pair().map_err(failed)?;
        command.stdin(OwnedFd::from(other));
        ours = Some(one);
    } else {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
    }
    let mut child = command.spawn().map_err(failed)?;
    drop(command); // with the other end of the pair
    let end = Arc::new(End::default());
    let pid = child.id();
    let (there, back) = match ours {
        Some(socket) => unix_halves(socket).map_err(failed)?,
        None => match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => (Box::new(input) as There, Box::new(output) as Back),
            _ => return Err(Fail::Other(format!("{program} has no standard streams"))),
        },
    };
    match child.stderr.take() {
        Some(errors) => {
            let end = Arc::clone(&end);
            spawn(move || pass_on(errors, &end))?;
        }
        None => end.lock().said_all = true,
    }
    carry(data, there, back)?;
    let killing = Arc::clone(&end);
    watch_control(control.clone(), move |at_once| kill(&killing, pid, at_once));
    spawn(move || report(child, &end, &control))?;
    Ok(pid)
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<(), Fail> {
    thread::Builder::new().spawn(run).map(drop).map_err(Fail::from)
}

/// Copies both ways (RL-003, RL-004).
fn carry(data: Channel, mut there: There, mut back: Back) -> Result<(), Fail> {
    let (incoming, never) = (data.clone(), Interrupt::default());
    spawn(move || {
        while let Ok(item) = incoming.receive(&never) {
            let Some(bytes) = cursor::bytes(&item.bytes) else { break };
            if there.write_all(bytes).and_then(|()| there.flush()).is_err() {
                break;
            }
        }
    })?;
    spawn(move || {
        let (mut buffer, never) = (vec![0; PIECE_BYTES], Interrupt::default());
        while let Ok(count) = back.read(&mut buffer) {
            if count == 0 || data.send(&Writer::new().bytes(&buffer[..count]).bytes, &never).is_err() {
                break;
            }
        }
        let _ = data.close(None);
    })
}

/// Gives what a program prints to this worker's standard error, and keeps the end of it.
fn pass_on(mut errors: impl Read, end: &End) {
    let mut buffer = vec![0; PIECE_BYTES];
    while let Ok(count @ 1..) = errors.read(&mut buffer) {
        let _ = io::stderr().write_all(&buffer[..count]);
        let mut state = end.lock();
        state.last_words.extend(&buffer[..count]);
        let surplus = state.last_words.len().saturating_sub(LAST_WORDS_BYTES);
        state.last_words.drain(..surplus);
    }
    end.lock().said_all = true;
    end.changed.notify_all();
}

/// Has a thread of its own act on the items of *control*; whether it is to be at once.
fn watch_control(control: Channel, act: impl Fn(bool) + Send + 'static) {
    let never = Interrupt::default();
    let _ = spawn(move || {
        while let Ok(item) = control.receive(&never) {
            act(cursor::text(&item.bytes) == Some("kill-now"));
        }
    });
}

/// Ends a program (RL-005), unless it has ended.
fn kill(end: &End, pid: u32, at_once: bool) {
    let signalled = |state: MutexGuard<Progress>, signal| {
        if !state.has_ended {
            sys::send_signal(pid, signal);
        }
    };
    if at_once {
        return signalled(end.lock(), sys::SIGKILL);
    }
    signalled(end.lock(), sys::SIGTERM);
    signalled(end.wait_for(PATIENCE, |state| state.has_ended), sys::SIGKILL);
}

/// Waits for the end of a program and tells it (RL-006).
fn report(mut child: Child, end: &End, control: &Channel) {
    sys::wait_for_process(child.id());
    end.lock().has_ended = true; // before its number can be another's
    end.changed.notify_all();
    let (status, mut sentence) = match child.wait() {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => (code, format!("it ended with status {code}")),
            (None, Some(signal)) => (-signal, format!("it was ended by signal {signal}")),
            _ => (-1, "it ended".into()),
        },
        Err(error) => (-1, format!("its end is not known: {error}")),
    };
    if status != 0 {
        // Others may hold its standard error open for as long as they like.
        let state = end.wait_for(PATIENCE / 2, |state| state.said_all);
        let words = String::from_utf8_lossy(&state.last_words).trim().to_owned();
        if !words.is_empty() {
            sentence = format!("{sentence}; it printed last: {words}");
        }
    }
    let item = Writer::new().tuple(2).integer(i128::from(status)).text(&sentence).bytes;
    let _ = control.send(&item, &Interrupt::default());
    let _ = control.close(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_for_a_program_or_an_address() {
        let argv = Writer::new().dict(1).text("argv").list(1).text("cat").bytes;
        assert_eq!(parse(&argv), Some(Order { argv: vec!["cat".into()], ..Order::default() }));
        let address = Writer::new().dict(1).text("address").text("/s").bytes;
        assert_eq!(parse(&address).and_then(|order| order.address), Some("/s".into()));
        assert_eq!(parse(&Writer::new().dict(0).bytes), None);
        assert_eq!(parse(&Writer::new().dict(1).text("argv").list(1).uint(1).bytes), None);
        let both = Writer::new().dict(2).text("argv").list(1).text("cat").text("address").text("/s").bytes;
        assert_eq!(parse(&both), None);
    }

    #[test]
    fn a_socket_of_somebody_else_is_refused() {
        let folder = std::env::temp_dir().join(format!("xnet-relay-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        check_owners(&path).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(&folder, open).unwrap();
        assert!(check_owners(&path).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
