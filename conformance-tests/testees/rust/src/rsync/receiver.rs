//! One sync: takes the sender's messages in their order, and answers.

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::content::Incoming;
use super::deltas::{Assembly, List};
use super::messages::{self, Begin, Message};
use super::place::{Dir, Kind, Stat};
use super::sources::Sources;
use super::table::{self, DIRECTORY, FILE, INNER_LINK};
use super::tree::Tree;
use crate::task::{Fail, Task};

/// How often the sender hears that the receiver is at work (RS-005).
const BUSY: Duration = Duration::from_secs(2);
/// Smaller files are not worth a list of chunks (RS-055).
pub const DELTA_BYTES: u64 = 8192;

/// What the receiver waits for, of one entry.
pub enum Wanted {
    /// Its content in full; `whole` if that was said, then no `copy` is taken.
    Full { whole: bool },
    /// Pieces of its content, in full, are coming.
    Pieces { incoming: Incoming, whole: bool },
    /// A list of chunks, or the rest of one.
    List(List),
    /// The chunks that were lacking.
    Chunks(Assembly),
    /// It has changed at the sender: `meta` or `skip` comes next.
    Again { whole: bool },
}

/// What is kept of one sync.
pub struct Receiver<'a> {
    pub task: &'a Task,
    pub begin: Begin,
    /// The absolute path of the destination.
    pub dest: Vec<u8>,
    pub tree: Tree,
    pub wanted: HashMap<u32, Wanted>,
    /// What still comes for these is ignored (RS-043).
    pub failed: HashSet<u32>,
    pub sources: Sources,
    pub said: Instant,
    /// Owners of entries of the next table.
    owners: Vec<(u32, (u32, u32))>,
    pub planned: Vec<(u32, u8)>,
    listed: bool,
    /// The entry of which pieces have come, but not the last.
    pub running: Option<u32>,
    /// Entries whose lists have begun, and some that are through.
    pub lists: HashSet<u32>,
    pub counter: u32,
}

/// Receives one tree.
pub fn receive(task: &Task) -> Result<(), Fail> {
    let first = task.receive()?;
    let begin = messages::parse_begin(&first.bytes).map_err(Fail::Other)?;
    drop(first);
    let mut receiver = Receiver::start(task, begin)?;
    let ended = receiver.run();
    if ended.is_err() {
        receiver.break_off();
    }
    ended
}

impl<'a> Receiver<'a> {
    pub fn new(task: &'a Task, begin: Begin, dest: Vec<u8>) -> Self {
        let mut tree = Tree::default();
        tree.dry_run = begin.dry_run;
        tree.begin(begin.kind, begin.meta, begin.owner);
        Self {
            task,
            begin,
            dest,
            tree,
            wanted: HashMap::new(),
            failed: HashSet::new(),
            sources: Sources::default(),
            said: Instant::now(),
            owners: Vec::new(),
            planned: Vec::new(),
            listed: false,
            running: None,
            lists: HashSet::new(),
            counter: 0,
        }
    }

    pub fn say(&mut self, message: &[u8]) -> Result<(), Fail> {
        self.said = Instant::now();
        self.task.send(message)
    }

    /// Called now and then while there is work: the sender hears that there is, and an end is seen.
    pub fn tick(&mut self) -> io::Result<()> {
        if self.said.elapsed() > BUSY {
            self.say(&messages::busy()).map_err(|fail| io::Error::other(fail.to_string()))?;
        }
        Ok(())
    }

    /// Something could not be done; everything else goes on.
    pub fn problem(&mut self, entry: Option<u32>, error: &io::Error) -> Result<(), Fail> {
        let path = entry.map(|entry| self.tree.path(entry)).unwrap_or_default();
        let mut path = String::from_utf8_lossy(&path).into_owned();
        if path.chars().count() > 2000 {
            path = format!("{}...", path.chars().take(2000).collect::<String>());
            // RS-008
        }
        self.say(&messages::problem(entry, &format!("{path}: {error}")))
    }

    /// An entry that was asked for could not be received.
    pub fn fail(&mut self, entry: u32, error: &io::Error) -> Result<(), Fail> {
        self.wanted.remove(&entry);
        self.failed.insert(entry);
        self.problem(Some(entry), error)
    }

    fn run(&mut self) -> Result<(), Fail> {
        let dest = self.dest.clone();
        self.say(&messages::ready(&dest))?;
        if self.begin.kind == FILE {
            let needed = self.look_at(0, b"")?;
            self.say_needs(0, needed.into_iter().collect())?;
        }
        loop {
            let item = self.task.receive()?;
            let message = messages::parse(&item.bytes).map_err(Fail::Other)?;
            if message == Message::Finish {
                break;
            }
            self.act(message)?;
        }
        if !self.listed {
            return Err(Fail::Other("finish came before listed".into()));
        }
        if !self.begin.dry_run && !self.wanted.is_empty() {
            return Err(Fail::Other(format!("finish came while {} files are not complete", self.wanted.len())));
        }
        self.finish()
    }

    fn act(&mut self, message: Message) -> Result<(), Fail> {
        let wrong = |text: String| Err(Fail::Other(text));
        if let Some(entry) = self.running {
            let same = matches!(&message, Message::Data { entry: one, .. } | Message::Again(one) if *one == entry);
            let content = matches!(&message, Message::Pack(_) | Message::Data { .. } | Message::Copy { .. });
            if content && !same {
                return wrong(format!("other content comes while that of entry {entry} is incomplete"));
            }
        }
        match message {
            Message::Index { .. } | Message::Owners { .. } | Message::Listed if self.listed => {
                wrong("the index goes on behind listed".into())
            }
            Message::Index { first, table } => self.index(first, &table),
            Message::Owners { entries, users, groups } => {
                if entries.iter().any(|&entry| entry < self.tree.next_number()) {
                    return wrong("owners of an entry that is in no table to come".into());
                }
                let owners = users.into_iter().zip(groups);
                self.owners.extend(entries.into_iter().zip(owners));
                if self.owners.len() > 1_048_576 {
                    return wrong("owners of more entries than a table has".into());
                }
                Ok(())
            }
            Message::Listed => {
                if !self.owners.is_empty() {
                    return wrong("owners of entries that are in no table".into());
                }
                self.tree.finish().map_err(Fail::Other)?;
                self.listed = true;
                self.say_needs(self.tree.next_number(), Vec::new())
            }
            _ if self.begin.dry_run => wrong("content, or something about it, in a dry run".into()),
            Message::Pack(files) => self.pack(files),
            Message::Data { flags, entry, offset, body } => {
                let taken = self.data(flags, entry, offset, &body);
                self.running = self.runs(entry).then_some(entry);
                taken
            }
            Message::Copy { entry, directory, name, digest } => self.copy(entry, directory, name, digest),
            Message::Chunks { entry, level, first, table, digest } => self.list(entry, level, first, &table, digest),
            Message::Meta { entry, meta } => self.meta(entry, meta),
            Message::Again(entry) => {
                self.running = self.running.filter(|&running| running != entry);
                self.again(entry)
            }
            Message::Skip(entry) => {
                self.running = self.running.filter(|&running| running != entry);
                self.skip(entry)
            }
            Message::Finish => Ok(()),
        }
    }

    /// Whether pieces of an entry have come, but not the last.
    fn runs(&self, entry: u32) -> bool {
        match self.wanted.get(&entry) {
            Some(Wanted::Pieces { .. }) => true,
            Some(Wanted::Chunks(assembly)) => assembly.has_begun(),
            _ => false,
        }
    }

    fn index(&mut self, first: u32, bytes: &[u8]) -> Result<(), Fail> {
        if self.begin.kind == FILE {
            return Err(Fail::Other("an index of a file".into()));
        }
        if first != self.tree.next_number() {
            return Err(Fail::Other(format!("a table begins with {first}, {} is next", self.tree.next_number())));
        }
        let (groups, rows) = table::parse(bytes).map_err(Fail::Other)?;
        self.tree.add(&groups, &rows).map_err(Fail::Other)?;
        for (entry, owner) in std::mem::take(&mut self.owners) {
            if entry < first || entry >= self.tree.next_number() {
                return Err(Fail::Other(format!("owners of entry {entry}, which is not in the next table")));
            }
            self.tree.entries[entry as usize].owner = Some(owner);
        }
        let mut needed = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            needed.extend(self.look_at(first + place as u32, row.text)?);
            self.tick()?;
        }
        self.say_needs(first, needed)
    }

    fn say_needs(&mut self, first: u32, needed: Vec<(u32, u8)>) -> Result<(), Fail> {
        if self.begin.dry_run {
            let planned = std::mem::take(&mut self.planned);
            self.say(&messages::plan(&planned))?;
        }
        if !self.begin.dry_run {
            for &(entry, kind) in &needed {
                let wanted = if kind == 1 { Wanted::Full { whole: false } } else { Wanted::List(List::default()) };
                self.wanted.insert(entry, wanted);
            }
        }
        self.say(&messages::needs(first, &needed))
    }

    /// Compares an entry with what is in its place, makes directories and links, and says what is needed of a file.
    fn look_at(&mut self, entry: u32, text: &[u8]) -> Result<Option<(u32, u8)>, Fail> {
        let absent = self.tree.is_absent(self.tree.entries[entry as usize].directory);
        if absent && !self.begin.dry_run {
            if let Some(directory) = self.tree.directories.get_mut(&entry) {
                directory.absent = true;
            }
            return Ok(None); // that its directory could not be made was said
        }
        let looked = if absent { Ok(None) } else { self.tree.look(entry).map(|(dir, found)| Some((dir, found))) };
        let made = looked.and_then(|looked| {
            let (dir, found) = looked.map_or((None, None), |(dir, found)| (Some(dir), found));
            match self.tree.entries[entry as usize].kind {
                DIRECTORY => self.directory(entry, dir, found).map(|()| None),
                FILE => Ok(Some(found)),
                kind => self.link(entry, dir, found, kind, text).map(|()| None),
            }
        });
        match made {
            Ok(None) => Ok(None),
            Ok(Some(found)) => self.look_at_file(entry, found),
            Err(error) => {
                if let Some(directory) = self.tree.directories.get_mut(&entry) {
                    directory.absent = true;
                }
                self.problem(Some(entry), &error).map(|()| None)
            }
        }
    }

    pub fn plan(&mut self, entry: u32, action: u8) {
        self.planned.push((entry, action));
    }

    fn directory(&mut self, entry: u32, dir: Option<Rc<Dir>>, found: Option<Stat>) -> io::Result<()> {
        let meta = self.tree.entries[entry as usize].meta;
        if self.begin.dry_run {
            let is_there = found.is_some_and(|found| found.kind == Kind::Directory);
            match found {
                None => self.plan(entry, 1),
                Some(found) if found.kind != Kind::Directory => self.plan(entry, 4),
                Some(found) => {
                    let permissions = self.tree.permissions(entry, meta, found.user, found.group);
                    if permissions != found.permissions || i128::from(meta.time) != found.time {
                        self.plan(entry, 3);
                    }
                }
            }
            self.tree.directories.entry(entry).or_default().absent = !is_there;
            return Ok(());
        }
        let (Some(dir), name) = (dir, self.tree.entries[entry as usize].name.clone()) else { return Ok(()) };
        match found {
            Some(found) if found.kind == Kind::Directory => {}
            Some(_) => {
                dir.remove_file(&name)?;
                dir.make_dir(&name)?;
            }
            None => dir.make_dir(&name)?,
        }
        self.tree.open(entry).map(drop)
    }

    fn link(&mut self, entry: u32, dir: Option<Rc<Dir>>, found: Option<Stat>, kind: u8, text: &[u8]) -> io::Result<()> {
        let text = if kind == INNER_LINK { [&self.dest, &b"/"[..], text].concat() } else { text.to_vec() };
        let name = self.tree.entries[entry as usize].name.clone();
        let is_link = found.is_some_and(|found| found.kind == Kind::Link);
        if let (true, Some(dir)) = (is_link, &dir) {
            if dir.read_link(&name)? == text {
                return Ok(());
            }
        }
        if self.begin.dry_run {
            self.plan(
                entry,
                if found.is_none() {
                    1
                } else if is_link {
                    2
                } else {
                    4
                },
            );
            return Ok(());
        }
        let Some(dir) = dir else { return Ok(()) };
        let unfinished = self.unfinished_name();
        dir.make_link(&unfinished, &text)?;
        let _ = dir.set_link_time(&unfinished, self.tree.entries[entry as usize].meta.time);
        let placed = self.put_in_place(&dir, &unfinished, &name, found);
        if placed.is_err() {
            let _ = dir.remove_file(&unfinished);
        }
        placed
    }

    /// Gives something its name; a directory that has it is removed first.
    pub fn put_in_place(&mut self, dir: &Dir, from: &[u8], name: &[u8], found: Option<Stat>) -> io::Result<()> {
        if found.is_some_and(|found| found.kind == Kind::Directory) {
            dir.remove(name, &mut || self.tick())?;
        }
        dir.rename(dir, from, name)
    }

    /// A name for something that is not finished.
    pub fn unfinished_name(&mut self) -> Vec<u8> {
        self.counter += 1;
        let id = self.task.channel.id();
        let name = format!("{}-{id}-{}", std::process::id(), self.counter);
        [super::UNFINISHED, name.as_bytes()].concat()
    }
}

impl From<String> for Fail {
    fn from(text: String) -> Self {
        Fail::Other(text)
    }
}
