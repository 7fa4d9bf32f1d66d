//! The end of a sync: what is removed, what directories get, and what is left when it breaks off.

use std::io;
use std::os::unix::fs::MetadataExt;

use super::content::{set_permissions, set_time, Incoming};
use super::messages;
use super::receiver::{Receiver, Wanted, DELTA_BYTES};
use super::sources::rest_name;
use super::table::DIRECTORY;
use crate::task::Fail;

/// As many bytes of paths are in one message.
const REMOVED_BYTES: usize = 65_536;

impl Receiver<'_> {
    pub fn finish(&mut self) -> Result<(), Fail> {
        if self.begin.kind == DIRECTORY {
            let mut numbers: Vec<u32> =
                self.tree.directories.iter().filter(|(_, one)| !one.absent).map(|(&number, _)| number).collect();
            numbers.sort_unstable();
            if self.begin.delete {
                self.delete(&numbers)?;
            }
            if !self.begin.dry_run {
                for &number in numbers.iter().rev() {
                    if let Err(error) = self.settle(number) {
                        self.problem(Some(number), &error)?;
                    }
                }
            }
        }
        self.say(&messages::done())
    }

    /// Removes what the sender does not have (RS-071), or says what would be removed.
    fn delete(&mut self, numbers: &[u32]) -> Result<(), Fail> {
        let mut removed: Vec<u8> = Vec::new();
        for &number in numbers {
            if self.tree.directories.get(&number).is_none_or(|directory| directory.not_all_known) {
                continue;
            }
            let names = match self.tree.open(number).and_then(|dir| dir.names()) {
                Ok(names) => names,
                Err(error) => {
                    self.problem(Some(number), &error)?;
                    continue;
                }
            };
            let known = &self.tree.directories[&number].names;
            let mut names: Vec<Vec<u8>> = names.into_iter().filter(|name| !known.contains(name.as_slice())).collect();
            names.sort();
            for name in names {
                if let Err(error) = self.remove(number, &name) {
                    self.problem(Some(number), &error)?;
                    continue;
                }
                let around = self.tree.path(number);
                let path = if around.is_empty() { name } else { [&around[..], b"/", &name].concat() };
                if !removed.is_empty() && removed.len() + 1 + path.len() > REMOVED_BYTES {
                    self.say(&messages::removed(&std::mem::take(&mut removed)))?;
                }
                if !removed.is_empty() {
                    removed.push(0);
                }
                removed.extend(path);
            }
        }
        if removed.is_empty() {
            return Ok(());
        }
        self.say(&messages::removed(&removed))
    }

    fn remove(&mut self, number: u32, name: &[u8]) -> io::Result<()> {
        if self.begin.dry_run {
            return Ok(());
        }
        let dir = self.tree.open(number)?;
        dir.remove(name, &mut || self.tick())
    }

    /// Gives a directory its permissions and its time.
    fn settle(&mut self, number: u32) -> io::Result<()> {
        let dir = self.tree.open(number)?;
        let meta = self.tree.entries[number as usize].meta;
        let found = dir.file().metadata()?;
        let permissions = self.tree.permissions(number, meta, found.uid(), found.gid());
        set_permissions(dir.file(), permissions)?;
        set_time(dir.file(), meta.time)
    }

    /// The sync has broken off: what has come of a large file is kept for the next one (RS-037).
    pub fn break_off(&mut self) {
        for (entry, wanted) in std::mem::take(&mut self.wanted) {
            match wanted {
                Wanted::Pieces { incoming, .. } => self.keep_rest(entry, &incoming),
                Wanted::Chunks(assembly) => self.keep_rest(entry, &assembly.incoming),
                _ => {}
            }
        }
        let had: Vec<(u32, u16)> =
            self.tree.directories.iter().filter_map(|(&number, one)| one.had.map(|had| (number, had))).collect();
        for (number, had) in had {
            if let Ok(dir) = self.tree.open(number) {
                let _ = set_permissions(dir.file(), had);
            }
        }
    }

    fn keep_rest(&mut self, entry: u32, incoming: &Incoming) {
        let name = rest_name(&self.tree.entries[entry as usize].name);
        let is_large = incoming.file.metadata().is_ok_and(|found| found.len() >= DELTA_BYTES);
        if !is_large || incoming.dir.rename(&incoming.dir, &incoming.name, &name).is_err() {
            let _ = incoming.dir.remove_file(&incoming.name);
        }
    }
}
