//! A directory that is worked in by its descriptor, without following links (RS-032, RS-033).
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_long, c_uint, c_void, CStr};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd};

use crate::sys::{c_string, opened, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR};

const AT_SYMLINK_NOFOLLOW: c_int = 0x100;
const AT_REMOVEDIR: c_int = 0x200;
const STATX_BASIC: c_uint = 0x7ff;
const LINK_BYTES: usize = 4096;
/// Trees are removed with as many directories open at once.
const DEEP: usize = 64;

extern "C" {
    fn openat(directory: c_int, name: *const c_char, flags: c_int, ...) -> c_int;
    fn mkdirat(directory: c_int, name: *const c_char, mode: c_uint) -> c_int;
    fn unlinkat(directory: c_int, name: *const c_char, flags: c_int) -> c_int;
    fn renameat(from: c_int, name: *const c_char, to: c_int, new_name: *const c_char) -> c_int;
    fn symlinkat(text: *const c_char, directory: c_int, name: *const c_char) -> c_int;
    fn readlinkat(directory: c_int, name: *const c_char, buffer: *mut c_char, size: usize) -> isize;
    fn statx(directory: c_int, name: *const c_char, flags: c_int, mask: c_uint, found: *mut Statx) -> c_int;
    fn fdopendir(fd: c_int) -> *mut c_void;
    fn readdir64(directory: *mut c_void) -> *mut Dirent;
    fn closedir(directory: *mut c_void) -> c_int;
    fn utimensat(directory: c_int, name: *const c_char, times: *const [i64; 4], flags: c_int) -> c_int;
    fn lseek64(fd: c_int, offset: i64, whence: c_int) -> i64;
}

#[repr(C)]
#[derive(Default, Clone, Copy)]
struct StatxTime {
    seconds: i64,
    nanoseconds: u32,
    reserved: i32,
}

/// The same on all processors.
#[repr(C)]
#[derive(Default)]
struct Statx {
    mask: u32,
    blksize: u32,
    attributes: u64,
    nlink: u32,
    uid: u32,
    gid: u32,
    mode: u16,
    spare: u16,
    ino: u64,
    size: u64,
    blocks: u64,
    attributes_mask: u64,
    times: [StatxTime; 4],
    rest: [u64; 16],
}

#[repr(C)]
struct Dirent {
    ino: u64,
    offset: i64,
    length: u16,
    kind: u8,
    name: [c_char; 256],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
    Link,
    Other,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    pub kind: Kind,
    /// The lowest 12 bits of the mode.
    pub permissions: u16,
    pub size: u64,
    /// Nanoseconds since 1970.
    pub time: i128,
    pub links: u32,
    pub user: u32,
    pub group: u32,
}

/// An open directory.
pub struct Dir(File);

fn check(result: c_int) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

impl Dir {
    pub fn new(file: File) -> Self {
        Self(file)
    }

    /// The directory itself, for its permissions and time.
    pub fn file(&self) -> &File {
        &self.0
    }

    fn fd(&self) -> c_int {
        self.0.as_raw_fd()
    }

    fn open(&self, name: &[u8], flags: c_int) -> io::Result<File> {
        let name = c_string(name)?;
        // SAFETY: the name ends with a byte 0 and lives long enough.
        opened(unsafe { openat(self.fd(), name.as_ptr(), flags | O_CLOEXEC | O_NOFOLLOW, 0o600 as c_uint) })
    }

    pub fn open_dir(&self, name: &[u8]) -> io::Result<Dir> {
        self.open(name, O_DIRECTORY).map(Dir)
    }

    /// Opens a regular file for reading; nothing else, and without waiting for anything.
    pub fn open_file(&self, name: &[u8]) -> io::Result<File> {
        let file = self.open(name, O_NONBLOCK)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no regular file"));
        }
        Ok(file)
    }

    /// Makes a file that nobody else may read yet.
    pub fn create(&self, name: &[u8]) -> io::Result<File> {
        self.open(name, O_RDWR | O_CREAT | O_EXCL)
    }

    /// What is there, or None.
    pub fn stat(&self, name: &[u8]) -> io::Result<Option<Stat>> {
        let name = c_string(name)?;
        let mut found = Statx::default();
        // SAFETY: the name ends with a byte 0, and the system fills what is 256 bytes long.
        let result = unsafe { statx(self.fd(), name.as_ptr(), AT_SYMLINK_NOFOLLOW, STATX_BASIC, &mut found) };
        match check(result) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let kind = match found.mode & 0o170000 {
            0o040000 => Kind::Directory,
            0o100000 => Kind::File,
            0o120000 => Kind::Link,
            _ => Kind::Other,
        };
        let modified = found.times[3];
        Ok(Some(Stat {
            kind,
            permissions: found.mode & 0o7777,
            size: found.size,
            time: i128::from(modified.seconds) * 1_000_000_000 + i128::from(modified.nanoseconds),
            links: found.nlink,
            user: found.uid,
            group: found.gid,
        }))
    }

    pub fn make_dir(&self, name: &[u8]) -> io::Result<()> {
        let name = c_string(name)?;
        // SAFETY: the name ends with a byte 0.
        check(unsafe { mkdirat(self.fd(), name.as_ptr(), 0o700) })
    }

    pub fn make_link(&self, name: &[u8], text: &[u8]) -> io::Result<()> {
        let (name, text) = (c_string(name)?, c_string(text)?);
        // SAFETY: both end with a byte 0.
        check(unsafe { symlinkat(text.as_ptr(), self.fd(), name.as_ptr()) })
    }

    /// Sets the time of a link itself, in nanoseconds since 1970, and leaves that of reading.
    pub fn set_link_time(&self, name: &[u8], ns: i64) -> io::Result<()> {
        const LEAVE: i64 = (1 << 30) - 2;
        let name = c_string(name)?;
        let times = [0, LEAVE, ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000)];
        // SAFETY: the name ends with a byte 0, and two times are two pairs of seconds and nanoseconds.
        check(unsafe { utimensat(self.fd(), name.as_ptr(), &times, AT_SYMLINK_NOFOLLOW) })
    }

    pub fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        let name = c_string(name)?;
        let mut text = vec![0u8; LINK_BYTES];
        // SAFETY: the buffer is as long as is said.
        let length = unsafe { readlinkat(self.fd(), name.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
        if length < 0 {
            return Err(io::Error::last_os_error());
        }
        text.truncate(length as usize);
        Ok(text)
    }

    fn unlink(&self, name: &[u8], flags: c_int) -> io::Result<()> {
        let name = c_string(name)?;
        // SAFETY: the name ends with a byte 0.
        check(unsafe { unlinkat(self.fd(), name.as_ptr(), flags) })
    }

    pub fn remove_file(&self, name: &[u8]) -> io::Result<()> {
        self.unlink(name, 0)
    }

    /// Renames inside of this directory or out of another one; what has the new name is replaced.
    pub fn rename(&self, from: &Dir, name: &[u8], new_name: &[u8]) -> io::Result<()> {
        let (name, new_name) = (c_string(name)?, c_string(new_name)?);
        // SAFETY: both end with a byte 0.
        check(unsafe { renameat(from.fd(), name.as_ptr(), self.fd(), new_name.as_ptr()) })
    }

    /// All names but `.` and `..`.
    pub fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        let again = self.open(b".", O_DIRECTORY)?.into_raw_fd();
        // SAFETY: the descriptor is nobody else's from here on.
        let stream = unsafe { fdopendir(again) };
        if stream.is_null() {
            let error = io::Error::last_os_error();
            drop(opened(again));
            return Err(error);
        }
        let mut names = Vec::new();
        loop {
            // SAFETY: the stream is open; what it gives is valid until the next call, and its name ends with a byte 0.
            let name = unsafe {
                let entry = readdir64(stream);
                if entry.is_null() {
                    break;
                }
                CStr::from_ptr((&raw const (*entry).name).cast())
            };
            if !matches!(name.to_bytes(), b"." | b"..") {
                names.push(name.to_bytes().to_vec());
            }
        }
        // SAFETY: it was opened above, and nobody uses it any more.
        unsafe { closedir(stream) };
        Ok(names)
    }

    /// Removes what has this name, with everything in it, however deep; what it leads to is left alone.
    pub fn remove(&self, name: &[u8], tick: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let mut waiting = vec![name.to_vec()];
        let mut hoisted = 0;
        while let Some(name) = waiting.pop() {
            match self.stat(&name)?.map(|stat| stat.kind) {
                None => continue,
                Some(Kind::Directory) => {}
                Some(_) => {
                    self.unlink(&name, 0)?;
                    continue;
                }
            }
            let mut open: Vec<(Dir, Vec<Vec<u8>>, Vec<u8>)> = vec![self.to_empty(&name)?];
            while let Some((dir, names, _)) = open.last_mut() {
                tick()?;
                let Some(inner) = names.pop() else {
                    let (_, _, name) = open.pop().expect("it is there");
                    open.last().map_or(self, |(dir, ..)| dir).unlink(&name, AT_REMOVEDIR)?;
                    continue;
                };
                if dir.stat(&inner)?.is_none_or(|stat| stat.kind != Kind::Directory) {
                    dir.unlink(&inner, 0)?;
                } else if open.len() < DEEP {
                    let next = open[open.len() - 1].0.to_empty(&inner)?;
                    open.push(next);
                } else {
                    hoisted += 1;
                    let name = format!(".xnet-rsync-removed-{}-{hoisted}", std::process::id()).into_bytes();
                    self.rename(&open[open.len() - 1].0, &inner, &name)?;
                    waiting.push(name);
                }
            }
        }
        Ok(())
    }

    fn to_empty(&self, name: &[u8]) -> io::Result<(Dir, Vec<Vec<u8>>, Vec<u8>)> {
        let dir = self.open_dir(name)?;
        let _ = make_usable(&dir);
        let names = dir.names()?;
        Ok((dir, names, name.to_vec()))
    }
}

/// Lets this process work in a directory. Says what permissions it had, if they were too few.
pub fn make_usable(dir: &Dir) -> io::Result<Option<u16>> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let had = dir.0.metadata()?.mode() as u16 & 0o7777;
    if had & 0o700 == 0o700 {
        return Ok(None);
    }
    dir.0.set_permissions(std::fs::Permissions::from_mode(u32::from(had) | 0o700))?;
    Ok(Some(had))
}

/// Where the next data of a file begin at or after an offset, or the next hole; None behind the last.
pub fn seek(file: &File, offset: u64, hole: bool) -> io::Result<Option<u64>> {
    const SEEK_DATA: c_int = 3;
    const SEEK_HOLE: c_int = 4;
    const ENXIO: i32 = 6;
    let whence = if hole { SEEK_HOLE } else { SEEK_DATA };
    // SAFETY: no memory is concerned.
    match unsafe { lseek64(file.as_raw_fd(), offset as i64, whence) } {
        -1 if io::Error::last_os_error().raw_os_error() == Some(ENXIO) => Ok(None),
        -1 => Err(io::Error::last_os_error()),
        found => Ok(Some(found as u64)),
    }
}

// The layouts above are those of 64-bit systems.
const _: () = assert!(size_of::<Statx>() == 256 && size_of::<c_long>() == 8);

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> (std::path::PathBuf, Dir) {
        let path = std::env::temp_dir().join(format!("xnet-place-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        let dir = Dir::new(File::open(&path).unwrap());
        (path, dir)
    }

    #[test]
    fn what_is_there_is_told() {
        let (path, dir) = scratch("stat");
        std::fs::write(path.join("file"), "12345").unwrap();
        dir.make_link(b"link", b"/etc").unwrap();
        dir.make_dir(b"dir").unwrap();
        let stat = |name: &[u8]| dir.stat(name).unwrap();
        assert_eq!(stat(b"file").map(|stat| (stat.kind, stat.size, stat.links)), Some((Kind::File, 5, 1)));
        assert_eq!(stat(b"link").map(|stat| stat.kind), Some(Kind::Link));
        assert_eq!(stat(b"dir").map(|stat| (stat.kind, stat.permissions)), Some((Kind::Directory, 0o700)));
        assert_eq!(stat(b"none"), None);
        assert_eq!(dir.read_link(b"link").unwrap(), b"/etc");
        dir.set_link_time(b"link", -1_500_000_000).unwrap();
        assert_eq!(stat(b"link").map(|stat| stat.time), Some(-1_500_000_000));
        assert!(dir.open_dir(b"link").is_err() && dir.open_file(b"link").is_err() && dir.open_file(b"dir").is_err());
        let mut names = dir.names().unwrap();
        names.sort();
        assert_eq!(names, [b"dir".to_vec(), b"file".to_vec(), b"link".to_vec()]);
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_deep_tree_is_removed_and_what_links_lead_to_is_not() {
        let (path, dir) = scratch("remove");
        std::fs::write(path.join("kept"), "").unwrap();
        let mut inner = path.join("tree");
        for _ in 0..150 {
            inner = inner.join("d");
        }
        std::fs::create_dir_all(&inner).unwrap();
        std::os::unix::fs::symlink(&path, inner.join("up")).unwrap();
        std::fs::write(inner.join("file"), "x").unwrap();
        dir.remove(b"tree", &mut || Ok(())).unwrap();
        assert_eq!(dir.names().unwrap(), [b"kept".to_vec()]);
        std::fs::remove_dir_all(path).unwrap();
    }
}
