//! What the index says, and the directories of the destination.

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

use super::messages::Meta;
use super::place::{make_usable, Dir, Stat};
use super::table::{self, Group, Row, DIRECTORY, MORE_FOLLOWS, NOT_ALL_KNOWN};

/// As many directories are kept open.
const OPEN_DIRS: usize = 64;

/// One entry of the index.
pub struct Entry {
    pub kind: u8,
    pub meta: Meta,
    pub directory: u32,
    pub name: Box<[u8]>,
    pub owner: Option<(u32, u32)>,
}

/// What is known of a directory beyond its entry.
#[derive(Default)]
pub struct Directory {
    pub names: HashSet<Box<[u8]>>,
    /// All of its group has come.
    complete: bool,
    /// The sender does not know everything that is in it.
    pub not_all_known: bool,
    /// It is not there: it could not be made, or would only be in a real run.
    pub absent: bool,
    /// What permissions it had, if they were too few to work in it.
    pub had: Option<u16>,
}

/// The index, as far as it has come.
#[derive(Default)]
pub struct Tree {
    /// Entry 0 is the root.
    pub entries: Vec<Entry>,
    pub directories: HashMap<u32, Directory>,
    /// Nothing is changed, permissions of directories neither.
    pub dry_run: bool,
    /// The directory of which more has to follow.
    unfinished: Option<u32>,
    open: HashMap<u32, Rc<Dir>>,
    root: Option<Rc<Dir>>,
}

impl Tree {
    pub fn begin(&mut self, kind: u8, meta: Meta, owner: Option<(u32, u32)>) {
        self.entries.push(Entry { kind, meta, directory: 0, name: Box::default(), owner });
        // A file as the root is in a directory that has no group.
        self.directories.insert(0, Directory { complete: kind != DIRECTORY, ..Directory::default() });
    }

    pub fn next_number(&self) -> u32 {
        self.entries.len() as u32
    }

    pub fn set_root(&mut self, root: Dir) {
        self.root = Some(Rc::new(root));
    }

    pub fn root(&self) -> Option<Rc<Dir>> {
        self.root.clone()
    }

    /// Takes a table into the index (RS-022, RS-023). Gives the number of its first entry, and texts of links.
    pub fn add(&mut self, groups: &[Group], rows: &[Row]) -> Result<(), String> {
        if u32::try_from(self.entries.len() + rows.len()).is_err() {
            return Err("more entries than can be numbered".into());
        }
        let mut rows = rows.iter();
        for (place, group) in groups.iter().enumerate() {
            let number = group.directory;
            if group.flags & !(MORE_FOLLOWS | NOT_ALL_KNOWN) != 0 {
                return Err(format!("a group with the flags {}", group.flags));
            }
            if self.unfinished.is_some_and(|unfinished| unfinished != number) {
                return Err("another group comes before the rest of a directory".into());
            }
            let Some(directory) = self.directories.get_mut(&number) else {
                return Err(format!("a group of {number}, which is no directory that has been named"));
            };
            if directory.complete {
                return Err(format!("a second group of directory {number}"));
            }
            let more = group.flags & MORE_FOLLOWS != 0;
            if more && place + 1 < groups.len() {
                return Err("a group of which more follows is not the last of its table".into());
            }
            directory.complete = !more;
            directory.not_all_known |= group.flags & NOT_ALL_KNOWN != 0;
            self.unfinished = more.then_some(number);
            for row in rows.by_ref().take(group.count) {
                self.add_row(number, row)?;
            }
        }
        Ok(())
    }

    fn add_row(&mut self, number: u32, row: &Row) -> Result<(), String> {
        table::check_name(row.name)?;
        let name: Box<[u8]> = row.name.into();
        let directory = self.directories.entry(number).or_default();
        if !directory.names.insert(name.clone()) {
            return Err(format!("the name {:?} comes twice", String::from_utf8_lossy(row.name)));
        }
        let one = self.next_number();
        if row.kind == DIRECTORY {
            self.directories.insert(one, Directory::default());
        }
        self.entries.push(Entry { kind: row.kind, meta: row.meta, directory: number, name, owner: None });
        Ok(())
    }

    /// All of the index has come.
    pub fn finish(&self) -> Result<(), String> {
        match self.directories.iter().find(|(_, directory)| !directory.complete) {
            Some((number, _)) => Err(format!("directory {number} has no group, or only a part of it")),
            None => Ok(()),
        }
    }

    pub fn is_absent(&self, directory: u32) -> bool {
        self.directories.get(&directory).is_none_or(|directory| directory.absent)
    }

    /// Opens a directory of the index, each component of its path without following links.
    pub fn open(&mut self, number: u32) -> io::Result<Rc<Dir>> {
        let mut missing = Vec::new();
        let mut at = number;
        let mut dir = loop {
            if let Some(dir) = self.open.get(&at) {
                break Rc::clone(dir);
            }
            if at == 0 {
                let root = self.root.clone();
                break root.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the destination is not there"))?;
            }
            missing.push(at);
            at = self.entries[at as usize].directory;
        };
        for number in missing.into_iter().rev() {
            let next = Rc::new(dir.open_dir(&self.entries[number as usize].name)?);
            let directory = self.directories.entry(number).or_default();
            if !self.dry_run {
                if let Some(had) = make_usable(&next).unwrap_or(None) {
                    directory.had.get_or_insert(had);
                }
            }
            if self.open.len() >= OPEN_DIRS {
                self.open.clear();
            }
            self.open.insert(number, Rc::clone(&next));
            dir = next;
        }
        Ok(dir)
    }

    /// What is in the place of an entry, and the directory that it is in.
    pub fn look(&mut self, number: u32) -> io::Result<(Rc<Dir>, Option<Stat>)> {
        let dir = self.open(self.entries[number as usize].directory)?;
        let found = dir.stat(&self.entries[number as usize].name)?;
        Ok((dir, found))
    }

    /// The path of an entry below the root.
    pub fn path(&self, number: u32) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = number;
        while at != 0 {
            names.push(&*self.entries[at as usize].name);
            at = self.entries[at as usize].directory;
        }
        names.reverse();
        names.join(&b'/')
    }

    /// The permissions that an entry gets, if what gets them belongs to these (RS-029).
    pub fn permissions(&self, number: u32, meta: Meta, user: u32, group: u32) -> u16 {
        let named = self.entries[number as usize].owner;
        let mut permissions = meta.permissions;
        if named.is_none_or(|(named, _)| named != user) {
            permissions &= !0o4000;
        }
        if named.is_none_or(|(_, named)| named != group) {
            permissions &= !0o2000;
        }
        permissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rsync::table::FILE;

    fn row(kind: u8, name: &[u8]) -> Row<'_> {
        Row { kind, meta: Meta::default(), name, text: b"" }
    }

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.begin(DIRECTORY, Meta::default(), None);
        tree
    }

    fn group(directory: u32, count: usize, flags: u32) -> Group {
        Group { directory, count, flags }
    }

    #[test]
    fn directories_come_before_what_is_in_them() {
        let mut tree = tree();
        let rows = [row(DIRECTORY, b"d"), row(FILE, b"f")];
        tree.add(&[group(0, 1, 0), group(1, 1, 0)], &rows).unwrap();
        tree.finish().unwrap();
        assert_eq!(tree.path(2), b"d/f");
        assert!(tree.add(&[group(2, 0, 0)], &[]).is_err(), "a file is no directory");
        assert!(tree.add(&[group(0, 0, 0)], &[]).is_err(), "a second group");
    }

    #[test]
    fn what_is_begun_goes_on_first() {
        let mut tree = tree();
        tree.add(&[group(0, 1, MORE_FOLLOWS)], &[row(DIRECTORY, b"d")]).unwrap();
        assert!(tree.finish().is_err());
        assert!(tree.add(&[group(1, 0, 0)], &[]).is_err());
    }

    #[test]
    fn a_name_comes_once_in_a_directory() {
        let mut tree = tree();
        assert!(tree.add(&[group(0, 2, 0)], &[row(FILE, b"a"), row(FILE, b"a")]).is_err());
    }

    #[test]
    fn bits_are_for_whom_they_were_named() {
        let mut tree = tree();
        let meta = Meta { permissions: 0o6755, ..Meta::default() };
        assert_eq!(tree.permissions(0, meta, 0, 0), 0o755);
        tree.entries[0].owner = Some((5, 6));
        assert_eq!(tree.permissions(0, meta, 5, 7), 0o4755);
        assert_eq!(tree.permissions(0, meta, 1, 6), 0o2755);
    }
}
