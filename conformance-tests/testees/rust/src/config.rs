//! What the initiator's HELLO asks the worker to apply (HS-020 to HS-024).

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use crate::conn::state::State;
use crate::conn::Conn;
use crate::scheduling::Model;
use crate::sys;
use crate::wire::hello::Config;

const KEEPALIVE_MS: std::ops::RangeInclusive<i128> = 1..=86_400_000;

/// Applies the keys in their order; an error names the key, the value and the reason.
pub fn apply(conn: &Conn, state: &mut State, config: &Config) -> Result<(), String> {
    for (name, value) in &config.env {
        set_variable(name, value.as_deref())?;
    }
    if let Some(path) = &config.chdir {
        change_directory(path).map_err(|why| format!("chdir: {path:?} cannot be entered: {why}"))?;
    }
    if let Some(increment) = config.nice {
        sys::add_niceness(increment).map_err(|why| format!("nice: {increment} is refused by the system: {why}"))?;
    }
    conn.trace.name(config.id.as_deref());
    match config.execmodel.as_deref() {
        None | Some("thread") => {}
        Some("main_thread_only") => state.schedule.model = Model::MainThreadOnly,
        Some(other) => {
            return Err(format!("execmodel: there is no {other:?} here, only thread and main_thread_only"));
        }
    }
    if let Some(target) = &config.stdout {
        print_to(target).map_err(|why| format!("stdout: {target:?} cannot be written to: {why}"))?;
    }
    if let Some(interval) = config.keepalive {
        if !KEEPALIVE_MS.contains(&interval) {
            return Err(format!("keepalive: {interval} is not from 1 to 86,400,000 milliseconds"));
        }
        state.ending.keepalive = Some(Duration::from_millis(interval as u64));
        conn.clock.notify_all();
    }
    Ok(())
}

fn set_variable(name: &str, value: Option<&str>) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) || value.is_some_and(|value| value.contains('\0')) {
        return Err(format!(
            "env: {name:?} = {value:?} cannot be set: a name is not empty and has no '=', neither a 0"
        ));
    }
    match value {
        Some(value) => std::env::set_var(name, value),
        None => std::env::remove_var(name),
    }
    Ok(())
}

fn change_directory(path: &str) -> std::io::Result<()> {
    if !Path::new(path).exists() {
        std::fs::create_dir(path)?;
    }
    std::env::set_current_dir(path)
}

/// Where executed code prints. A pipe that nobody reads is refused, not waited for.
fn print_to(target: &str) -> std::io::Result<()> {
    let file = match target {
        "stderr" => return sys::replace(1, 2),
        "null" => File::options().write(true).open("/dev/null")?,
        path if path.starts_with('/') => {
            let flags = sys::O_WRONLY | sys::O_APPEND | sys::O_CREAT | sys::O_NONBLOCK;
            let file = sys::open_path(path.as_bytes(), flags, 0o666)?;
            sys::let_wait(&file);
            file
        }
        _ => {
            let why = "neither stderr, null nor an absolute path";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, why));
        }
    };
    sys::replace(1, file.as_raw_fd())
}
