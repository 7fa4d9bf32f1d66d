//! What the standard library has no words for: a few functions of the C library that it is linked with anyway.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_uint, CString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

const F_GETFL: c_int = 3;
const F_SETFL: c_int = 4;
const F_DUPFD_CLOEXEC: c_int = 1030;
pub const O_WRONLY: c_int = 0o1;
pub const O_RDWR: c_int = 0o2;
pub const O_CREAT: c_int = 0o100;
pub const O_EXCL: c_int = 0o200;
pub const O_APPEND: c_int = 0o2000;
pub const O_NONBLOCK: c_int = 0o4000;
const SHUT_WR: c_int = 1;

// These two differ between processors.
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
mod flags {
    pub const O_DIRECTORY: super::c_int = 0o40000;
    pub const O_NOFOLLOW: super::c_int = 0o100000;
}
#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
mod flags {
    pub const O_DIRECTORY: super::c_int = 0o200000;
    pub const O_NOFOLLOW: super::c_int = 0o400000;
}
pub use flags::{O_DIRECTORY, O_NOFOLLOW};
pub const O_CLOEXEC: c_int = 0o2000000;

/// Of `setpriority`: a process, or a thread of Linux.
const PRIO_PROCESS: c_int = 0;

const SIGINT: c_int = 2;
pub const SIGKILL: c_int = 9;
pub const SIGTERM: c_int = 15;
const SIG_BLOCK: c_int = 0;

extern "C" {
    fn kill(process: c_int, number: c_int) -> c_int;
    fn waitid(kind: c_int, id: c_uint, information: *mut [u64; 16], options: c_int) -> c_int;
    fn sigemptyset(set: *mut Signals) -> c_int;
    fn sigaddset(set: *mut Signals, number: c_int) -> c_int;
    fn pthread_sigmask(how: c_int, set: *const Signals, old: *mut Signals) -> c_int;
    fn sigwait(set: *const Signals, number: *mut c_int) -> c_int;
    fn dup2(from: c_int, to: c_int) -> c_int;
    fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    fn shutdown(fd: c_int, how: c_int) -> c_int;
    fn nice(increment: c_int) -> c_int;
    fn setpriority(which: c_int, who: c_uint, niceness: c_int) -> c_int;
    fn geteuid() -> c_uint;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
}

/// A descriptor of the connection. Programs that are started do not inherit it (GW-040).
pub struct Fd(File);

impl Fd {
    /// Moves what a standard descriptor is to another one.
    pub fn moved_from(fd: RawFd) -> io::Result<Self> {
        // SAFETY: fcntl with this command has one argument, and what it returns is nobody else's.
        let moved = unsafe { fcntl(fd, F_DUPFD_CLOEXEC, 10 as c_int) };
        if moved < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above.
        Ok(Self(unsafe { File::from_raw_fd(moved) }))
    }

    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&self.0).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Writes what the stream takes, once it takes anything.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&self.0).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    /// Nothing more comes from this side: said on a socket, and by closing anything else. The descriptor itself becomes
    /// one of nothing, so that its number is not given to another file meanwhile.
    pub fn shut_down_writing(&self) {
        // SAFETY: no memory is concerned.
        unsafe { shutdown(self.0.as_raw_fd(), SHUT_WR) };
        if let Ok(null) = File::options().write(true).open("/dev/null") {
            let _ = replace(self.0.as_raw_fd(), null.as_raw_fd());
        }
    }
}

/// What the C library calls sigset_t; it is no longer anywhere.
type Signals = [u64; 16];

/// Has the system keep SIGINT for `wait_for_interrupt`. Threads that are started later do the same, programs do not.
pub fn hold_interrupts() {
    let mut signals: Signals = [0; 16];
    // SAFETY: the set is as large as the library's.
    unsafe {
        sigemptyset(&mut signals);
        sigaddset(&mut signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, std::ptr::null_mut());
    }
}

/// Waits for the next SIGINT.
pub fn wait_for_interrupt() {
    let mut signals: Signals = [0; 16];
    let mut number = 0;
    // SAFETY: as above.
    unsafe {
        sigemptyset(&mut signals);
        sigaddset(&mut signals, SIGINT);
        sigwait(&signals, &mut number);
    }
}

/// Sends a signal to a process that has not been waited for.
pub fn send_signal(process: u32, number: c_int) {
    // SAFETY: no memory is concerned.
    unsafe { kill(process as c_int, number) };
}

/// Waits until a child has ended, and leaves it to be waited for: until then its number is nobody else's.
pub fn wait_for_process(process: u32) {
    const P_PID: c_int = 1;
    const WEXITED: c_int = 4;
    const WNOWAIT: c_int = 0x0100_0000;
    let mut information = [0u64; 16];
    // SAFETY: what the library fills has 128 bytes. Interrupted calls are made again.
    while unsafe { waitid(P_PID, process, &mut information, WEXITED | WNOWAIT) } == -1
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
}

/// Makes `fd` the same as `by`.
pub fn replace(fd: RawFd, by: RawFd) -> io::Result<()> {
    // SAFETY: no memory is concerned.
    match unsafe { dup2(by, fd) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Lets reads and writes of a file wait again that was opened without waiting.
pub fn let_wait(file: &File) {
    // SAFETY: no memory is concerned.
    unsafe {
        let flags = fcntl(file.as_raw_fd(), F_GETFL);
        fcntl(file.as_raw_fd(), F_SETFL, flags & !O_NONBLOCK);
    }
}

/// Adds to the niceness. More than the system has is its end; what it does not allow is an error.
pub fn add_niceness(increment: i32) -> io::Result<()> {
    if increment == 0 {
        return Ok(());
    }
    // The function also returns -1 where that is the niceness: only a refusal leaves an error behind. The error of this
    // thread is set to one that nice does not have by a call that fails.
    // SAFETY: no memory is concerned.
    unsafe {
        fcntl(-1, F_GETFL);
        let ebadf = io::Error::last_os_error().raw_os_error();
        let niceness = nice(increment);
        let error = io::Error::last_os_error();
        if niceness == -1 && error.raw_os_error() != ebadf {
            return Err(error);
        }
        // Linux has a niceness for each thread, and this is the one that reads.
        for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            if let Some(id) = thread.file_name().to_str().and_then(|name| name.parse().ok()) {
                setpriority(PRIO_PROCESS, id, niceness);
            }
        }
    }
    Ok(())
}

pub fn user() -> u32 {
    // SAFETY: it cannot fail.
    unsafe { geteuid() }
}

/// Opens a path of bytes with these flags, never inherited.
pub fn open_path(path: &[u8], flags: c_int, mode: c_uint) -> io::Result<File> {
    let path = c_string(path)?;
    // SAFETY: the path ends with a byte 0 and lives long enough.
    opened(unsafe { open(path.as_ptr(), flags | O_CLOEXEC, mode) })
}

pub fn opened(fd: c_int) -> io::Result<File> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// A name for the C library; one with a byte 0 in it is none.
pub fn c_string(bytes: &[u8]) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a name with a byte 0"))
}
