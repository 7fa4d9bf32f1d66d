//! Traces (70-trace.md): text lines and lines of JSON.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use crate::sys;
use crate::wire::frames::{self, Header};

/// As many of the first lines are kept until the environment is known (TR-004).
const FIRST_LINES: usize = 64;

/// One line, before it is formatted.
enum Line {
    Message(&'static str, Header),
    Event(String),
}

/// Where text lines go.
enum Target {
    Stderr,
    File(File),
}

struct Inner {
    name: String,
    begun: Instant,
    text: Option<Target>,
    json: Option<File>,
    /// What came before the name and the environment were known.
    first: Option<VecDeque<(u128, Line)>>,
}

/// The traces of a process. A failure to write one disturbs nobody.
pub struct Trace {
    inner: Mutex<Inner>,
    listens: AtomicBool,
}

impl Trace {
    pub fn new() -> Self {
        let inner = Inner {
            name: "worker".into(),
            begun: Instant::now(),
            text: None,
            json: None,
            first: Some(VecDeque::new()),
        };
        let trace = Self { inner: Mutex::new(inner), listens: AtomicBool::new(true) };
        trace.lock().open();
        trace
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whether lines are written, or kept because they may have to be.
    pub fn listens(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    /// The configuration was applied: the id is known, and the environment.
    pub fn name(&self, id: Option<&str>) {
        let mut inner = self.lock();
        inner.open();
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            // Spec: TR-013.
            let name = format!("{id}-worker").split_whitespace().collect::<Vec<_>>().join("_");
            inner.name = name.chars().filter(|one| !one.is_control()).collect();
        }
        let first = inner.first.take().unwrap_or_default();
        if inner.writes() {
            first.iter().for_each(|(ns, line)| inner.write(*ns, line));
        }
        self.listens.store(inner.writes(), Ordering::Relaxed);
    }

    pub fn message(&self, direction: &'static str, header: Header) {
        if self.listens() {
            self.line(Line::Message(direction, header));
        }
    }

    pub fn event(&self, text: &str) {
        if self.listens() {
            self.line(Line::Event(text.to_owned()));
        }
    }

    fn line(&self, line: Line) {
        let mut inner = self.lock();
        let ns = inner.now();
        if inner.writes() {
            return inner.write(ns, &line);
        }
        if let Some(first) = &mut inner.first {
            if first.len() < FIRST_LINES {
                first.push_back((ns, line));
            }
        }
    }
}

impl Inner {
    fn writes(&self) -> bool {
        self.text.is_some() || self.json.is_some()
    }

    fn now(&self) -> u128 {
        self.begun.elapsed().as_nanos()
    }

    /// Opens what the environment asks for and is not open yet.
    fn open(&mut self) {
        let pid = std::process::id();
        if self.text.is_none() {
            self.text = match std::env::var("EXECNET_DEBUG").as_deref() {
                Ok("1") => {
                    let path = std::env::temp_dir().join(format!("execnet-debug-{pid}"));
                    open_or_say(path.as_os_str().as_encoded_bytes()).map(Target::File)
                }
                Ok("2") => Some(Target::Stderr),
                _ => None,
            };
        }
        if self.json.is_none() {
            if let Some(prefix) = std::env::var_os("XNET_TRACE_JSON").filter(|prefix| !prefix.is_empty()) {
                let path = [prefix.as_encoded_bytes(), format!("-{pid}.jsonl").as_bytes()].concat();
                self.json = open_or_say(&path);
            }
        }
    }

    fn write(&mut self, ns: u128, line: &Line) {
        let pid = std::process::id();
        if let Some(target) = &mut self.text {
            let what = match line {
                Line::Message(direction, Header { code, channel, length }) => {
                    format!("{direction} <Message {} channel={channel} lendata={length}>", frames::name(*code))
                }
                Line::Event(text) => {
                    text.replace(|one: char| one.is_control() || "\u{2028}\u{2029}".contains(one), " ")
                }
            };
            let _ = match target {
                Target::File(file) => file.write_all(format!("{} {what}\n", self.name).as_bytes()),
                Target::Stderr => io::stderr().lock().write_all(format!("[{pid}] {} {what}\n", self.name).as_bytes()),
            };
        }
        if let Some(file) = &mut self.json {
            let side = quoted(&self.name);
            let start = format!("{{\"ns\": {ns}, \"pid\": {pid}, \"side\": {side}, ");
            let rest = match line {
                Line::Message(direction, Header { code, channel, length }) => format!(
                    "\"dir\": \"{direction}\", \"type\": \"{}\", \"channel\": {channel}, \"length\": {length}}}\n",
                    frames::name(*code)
                ),
                Line::Event(text) => format!("\"event\": {}}}\n", quoted(text)),
            };
            let _ = file.write_all((start + &rest).as_bytes());
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for one in text.chars() {
        match one {
            '"' | '\\' => out.extend(['\\', one]),
            one if one < ' ' => out += &format!("\\u{:04x}", one as u32),
            one => out.push(one),
        }
    }
    out + "\""
}

fn open_or_say(path: &[u8]) -> Option<File> {
    match open_safely(path) {
        Ok(file) => Some(file),
        Err(why) => {
            let _ = writeln!(io::stderr(), "no trace is written to {}: {why}", String::from_utf8_lossy(path));
            None
        }
    }
}

/// Opens a file whose name can be guessed, in a directory where others may write (TR-005).
fn open_safely(path: &[u8]) -> io::Result<File> {
    let flags = sys::O_WRONLY | sys::O_APPEND | sys::O_NOFOLLOW | sys::O_NONBLOCK;
    match sys::open_path(path, flags | sys::O_CREAT | sys::O_EXCL, 0o600) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return result,
    }
    let file = sys::open_path(path, flags, 0)?;
    let found = file.metadata()?;
    if !found.is_file() || found.uid() != sys::user() || found.nlink() != 1 || found.mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "what is there is not this user's own file alone"));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped() {
        assert_eq!(quoted("a\"\\\n\u{e9}"), "\"a\\\"\\\\\\u000a\u{e9}\"");
    }

    #[test]
    fn a_link_or_an_open_file_is_left_alone() {
        let folder = std::env::temp_dir().join(format!("xnet-trace-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name);
        let open = |name: &str| open_safely(path(name).as_os_str().as_encoded_bytes());
        assert!(open("new").is_ok() && open("new").is_ok());
        std::fs::write(path("open to others"), "").unwrap();
        std::os::unix::fs::symlink(path("new"), path("link")).unwrap();
        std::fs::hard_link(path("new"), path("second name")).unwrap();
        assert!(open("open to others").is_err() && open("link").is_err() && open("second name").is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
