//! A worker of the xnet protocol, from its specification alone, with Rust's standard library alone.
//!
//! It speaks on standard input and output. It executes no source text: a request names one of the tasks that are
//! compiled into it (`tasks`), by its source.
#![deny(unsafe_code)]

mod config;
mod conn;
mod info;
#[cfg(test)]
mod noise;
mod relay;
mod rsync;
mod scheduling;
mod sys;
mod task;
mod tasks;
mod trace;
mod wire;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;

use conn::Conn;
use sys::Fd;
use wire::frames::{Type, PREAMBLE};
use wire::hello;

fn main() {
    if let Err(error) = run() {
        eprintln!("the worker cannot start: {error}");
        std::process::exit(1);
    }
}

fn run() -> io::Result<()> {
    sys::hold_interrupts();
    let (input, output) = move_connection()?;
    let conn = Conn::new(trace::Trace::new());
    conn.trace.event("the worker begins");
    output.write_all(PREAMBLE)?;
    conn.put(&mut conn.lock(), Type::Hello, 0, &hello::encode(tasks::FEATURES));
    let threads = [
        thread::Builder::new().spawn({
            let conn = Arc::clone(&conn);
            move || conn.write_all(&output)
        }),
        thread::Builder::new().spawn({
            let conn = Arc::clone(&conn);
            move || conn.read_all(&input)
        }),
        thread::Builder::new().spawn({
            let conn = Arc::clone(&conn);
            move || loop {
                sys::wait_for_interrupt();
                conn.interrupt_main();
            }
        }),
        thread::Builder::new().spawn({
            let conn = Arc::clone(&conn);
            move || std::process::exit(conn.run_clock())
        }),
    ];
    for thread in threads {
        thread?;
    }
    conn.run_main()
}

/// Moves the connection to other descriptors: what code does with standard input and output stays out of it (GW-040).
fn move_connection() -> io::Result<(Fd, Fd)> {
    let streams = (Fd::moved_from(0)?, Fd::moved_from(1)?);
    let null = File::open("/dev/null")?;
    sys::replace(0, null.as_raw_fd())?;
    sys::replace(1, 2)?;
    Ok(streams)
}
