//! Content that comes in full: files in packs and in pieces, copies, and what happens to files that change.

use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::messages::{self, Meta};
use super::place::{Dir, Kind, Stat};
use super::receiver::{Receiver, Wanted, DELTA_BYTES};
use super::sha256::{Digest, Sha256};
use super::table::check_name;
use crate::task::Fail;

/// An unfinished file.
pub struct Incoming {
    pub file: File,
    pub dir: Rc<Dir>,
    pub name: Vec<u8>,
    /// Behind the last piece.
    pub end: u64,
}

fn wrong<T>(text: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Other(text.into()))
}

fn time_of(ns: i64) -> SystemTime {
    let distance = Duration::from_nanos(ns.unsigned_abs());
    if ns < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// Sets the time of a file or directory, and leaves that of reading.
pub fn set_time(file: &File, ns: i64) -> io::Result<()> {
    file.set_modified(time_of(ns))
}

pub fn set_permissions(file: &File, permissions: u16) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(u32::from(permissions)))
}

impl Receiver<'_> {
    /// Compares a file with what is in its place: what of it is needed.
    pub fn look_at_file(&mut self, entry: u32, found: Option<Stat>) -> Result<Option<(u32, u8)>, Fail> {
        let meta = self.tree.entries[entry as usize].meta;
        let in_place = found.filter(|found| found.kind == Kind::File);
        if let Some(found) = in_place {
            let same = found.size == meta.size && found.time == i128::from(meta.time);
            if same && !self.begin.checksum && self.keep(entry, meta, found) {
                return Ok(None);
            }
        }
        if self.begin.dry_run {
            let action = if in_place.is_some() {
                2
            } else if found.is_some() {
                4
            } else {
                1
            };
            self.plan(entry, action);
        }
        let by_chunks = meta.size >= DELTA_BYTES && self.resembles(entry, in_place);
        Ok(Some((entry, if by_chunks { 2 } else { 1 })))
    }

    /// Sets the permissions of a file that is the same. One that has other names as well is made anew instead: they may
    /// be outside of the destination (RS-032).
    fn keep(&mut self, entry: u32, meta: Meta, found: Stat) -> bool {
        let permissions = self.tree.permissions(entry, meta, found.user, found.group);
        if permissions == found.permissions {
            return true;
        }
        if found.links > 1 {
            return false;
        }
        if self.begin.dry_run {
            self.plan(entry, 3);
            return true;
        }
        let name = self.tree.entries[entry as usize].name.clone();
        let opened = self.tree.look(entry).and_then(|(dir, _)| dir.open_file(&name));
        opened.and_then(|file| set_permissions(&file, permissions)).is_ok()
    }

    /// Begins an unfinished file beside the place of an entry.
    pub fn create(&mut self, entry: u32) -> io::Result<Incoming> {
        let (dir, _) = self.tree.look(entry)?;
        let name = self.unfinished_name();
        let file = dir.create(&name)?;
        Ok(Incoming { file, dir, name, end: 0 })
    }

    /// Gives a file that has all of its content its permissions, its time and its name (RS-036).
    pub fn complete(&mut self, entry: u32, incoming: &Incoming) -> io::Result<()> {
        let meta = self.tree.entries[entry as usize].meta;
        let file = &incoming.file;
        file.set_len(meta.size)?;
        let found = file.metadata()?;
        let permissions = self.tree.permissions(entry, meta, found.uid(), found.gid());
        set_permissions(file, permissions)?;
        set_time(file, meta.time)?;
        if self.begin.fsync {
            file.sync_all()?;
        }
        let name = self.tree.entries[entry as usize].name.clone();
        let in_place = incoming.dir.stat(&name)?;
        self.put_in_place(&incoming.dir, &incoming.name, &name, in_place)?;
        self.wanted.remove(&entry);
        let _ = incoming.dir.remove_file(&super::sources::rest_name(&name));
        Ok(())
    }

    /// Completes a file and says so, or what was in the way.
    pub fn complete_and_say(&mut self, entry: u32, incoming: &Incoming) -> Result<(), Fail> {
        match self.complete(entry, incoming) {
            Ok(()) => self.say(&messages::got(&[entry])),
            Err(error) => {
                let _ = incoming.dir.remove_file(&incoming.name);
                self.fail(entry, &error)
            }
        }
    }

    pub fn pack(&mut self, files: Vec<(u32, Vec<u8>)>) -> Result<(), Fail> {
        let mut got = Vec::new();
        for (entry, content) in files {
            if self.failed.contains(&entry) {
                continue;
            }
            if !matches!(self.wanted.get(&entry), Some(Wanted::Full { .. })) {
                return wrong(format!("content of entry {entry}, which was not asked for in full"));
            }
            let size = self.tree.entries[entry as usize].meta.size;
            if content.len() as u64 != size {
                return wrong(format!("{} bytes of entry {entry}, which has {size}", content.len()));
            }
            let written = self.create(entry).and_then(|incoming| {
                let done = incoming.file.write_all_at(&content, 0).and_then(|()| self.complete(entry, &incoming));
                if done.is_err() {
                    let _ = incoming.dir.remove_file(&incoming.name);
                }
                done
            });
            match written {
                Ok(()) => got.push(entry),
                Err(error) => self.fail(entry, &error)?,
            }
        }
        if got.is_empty() {
            return Ok(());
        }
        self.say(&messages::got(&got))
    }

    pub fn data(&mut self, flags: u8, entry: u32, offset: u64, body: &[u8]) -> Result<(), Fail> {
        if self.failed.contains(&entry) {
            return Ok(());
        }
        let (first, last) = (flags & 1 != 0, flags & 2 != 0);
        let (mut incoming, whole) = match self.wanted.remove(&entry) {
            Some(Wanted::Full { whole }) if first => match self.create(entry) {
                Ok(incoming) => (incoming, whole),
                Err(error) => return self.fail(entry, &error),
            },
            Some(Wanted::Pieces { incoming, whole }) if !first => (incoming, whole),
            Some(Wanted::Chunks(assembly)) if first != assembly.has_begun() => {
                return self.lacking(entry, assembly, last, offset, body);
            }
            // What has begun of it is found and removed when the sync ends.
            Some(other @ (Wanted::Full { .. } | Wanted::Pieces { .. } | Wanted::Chunks(_))) => {
                self.wanted.insert(entry, other);
                return wrong(format!("the first piece of entry {entry} has to say that it is, and no other"));
            }
            _ => return wrong(format!("data of entry {entry}, which were not asked for")),
        };
        let size = self.tree.entries[entry as usize].meta.size;
        let end = offset.checked_add(body.len() as u64).filter(|&end| end <= size);
        let Some(end) = end.filter(|_| offset >= incoming.end) else {
            self.wanted.insert(entry, Wanted::Pieces { incoming, whole });
            return wrong(format!("a piece of entry {entry} at {offset} that overlaps another, or the end"));
        };
        incoming.end = end;
        if let Err(error) = incoming.file.write_all_at(body, offset) {
            let _ = incoming.dir.remove_file(&incoming.name);
            return self.fail(entry, &error);
        }
        if last {
            return self.complete_and_say(entry, &incoming);
        }
        self.wanted.insert(entry, Wanted::Pieces { incoming, whole });
        Ok(())
    }

    /// Asks for the content in full, once; what was tried before is worth nothing.
    pub fn say_whole(&mut self, entry: u32) -> Result<(), Fail> {
        self.wanted.insert(entry, Wanted::Full { whole: true });
        self.say(&messages::whole(entry))
    }

    pub fn copy(&mut self, entry: u32, directory: u32, name: &[u8], digest: Digest) -> Result<(), Fail> {
        check_name(name).map_err(Fail::Other)?;
        if !self.tree.directories.contains_key(&directory) {
            return wrong(format!("a copy out of {directory}, which is no directory of the index"));
        }
        if self.failed.contains(&entry) {
            return Ok(());
        }
        if !matches!(self.wanted.get(&entry), Some(Wanted::Full { whole: false })) {
            return wrong(format!("a copy for entry {entry}, which was not asked for in full, or with whole"));
        }
        let source = self.tree.open(directory).and_then(|dir| dir.open_file(name));
        let incoming = source.and_then(|source| self.copied(entry, source, digest));
        match incoming {
            Ok(incoming) => self.complete_and_say(entry, &incoming),
            Err(_) => self.say_whole(entry),
        }
    }

    fn copied(&mut self, entry: u32, mut source: File, digest: Digest) -> io::Result<Incoming> {
        let incoming = self.create(entry)?;
        let size = self.tree.entries[entry as usize].meta.size;
        let mut buffer = vec![0; 65_536];
        let (mut sha, mut at) = (Sha256::new(), 0);
        let copied = loop {
            let step = source.read(&mut buffer).and_then(|count| {
                sha.update(&buffer[..count]);
                incoming.file.write_all_at(&buffer[..count], at)?;
                at += count as u64;
                self.tick()?;
                Ok(count)
            });
            match step {
                Ok(0) => break Ok(()),
                Ok(_) if at > size => break Err(io::Error::other("it is larger")),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        if copied.is_ok() && at == size && sha.finish() == digest {
            return Ok(incoming);
        }
        let _ = incoming.dir.remove_file(&incoming.name);
        Err(io::Error::other("it has another content"))
    }

    pub fn meta(&mut self, entry: u32, meta: Meta) -> Result<(), Fail> {
        if self.failed.contains(&entry) {
            return Ok(());
        }
        let whole = match self.wanted.get(&entry) {
            Some(Wanted::Full { whole } | Wanted::Again { whole }) => *whole,
            Some(Wanted::List(list)) if list.is_empty() => false,
            Some(_) => return wrong(format!("meta of entry {entry} in the middle of it, without again")),
            None => return wrong(format!("meta of entry {entry}, which was not asked for")),
        };
        self.tree.entries[entry as usize].meta = meta;
        self.wanted.insert(entry, Wanted::Full { whole });
        Ok(())
    }

    pub fn again(&mut self, entry: u32) -> Result<(), Fail> {
        if self.failed.contains(&entry) {
            return Ok(());
        }
        let whole = self.forget(entry)?;
        self.wanted.insert(entry, Wanted::Again { whole });
        Ok(())
    }

    pub fn skip(&mut self, entry: u32) -> Result<(), Fail> {
        if self.failed.contains(&entry) {
            return Ok(());
        }
        self.forget(entry).map(drop)
    }

    /// Lets go of what has come of a file that is waited for. Says whether it is wanted `whole`.
    fn forget(&mut self, entry: u32) -> Result<bool, Fail> {
        match self.wanted.remove(&entry) {
            Some(Wanted::Full { whole } | Wanted::Again { whole }) => Ok(whole),
            Some(Wanted::Pieces { incoming, whole }) => {
                let _ = incoming.dir.remove_file(&incoming.name);
                Ok(whole)
            }
            Some(Wanted::Chunks(assembly)) => {
                let _ = assembly.incoming.dir.remove_file(&assembly.incoming.name);
                Ok(false)
            }
            Some(Wanted::List(_)) => Ok(false),
            None => wrong(format!("news of entry {entry}, which is not waited for")),
        }
    }
}
