//! Files of which only what is new travels: lists of chunks, and putting files together (RS-050 to RS-055).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use super::chunks::{self, Mark, Record};
use super::content::Incoming;
use super::cuts::level;
use super::messages;
use super::place::seek;
use super::receiver::{Receiver, Wanted};
use super::sha256::{sha256, Digest, Sha256};
use crate::task::Fail;

const MOST_LISTS: usize = 16;
const MOST_RECORDS: usize = 262_144;

/// A list that has not come in full.
#[derive(Default)]
pub struct List {
    level: usize,
    records: Vec<Record>,
    sum: u64,
    begun: bool,
}

impl List {
    pub fn is_empty(&self) -> bool {
        !self.begun
    }
}

/// A file that is being put together.
pub struct Assembly {
    pub incoming: Incoming,
    records: Vec<Record>,
    digest: Digest,
    /// Where bytes are lacking, begin and end.
    lacking: VecDeque<(u64, u64)>,
    /// Chunks that come again: where, how long, and where they are first.
    repeats: Vec<(u64, u32, u64)>,
    begun: bool,
}

impl Assembly {
    pub fn has_begun(&self) -> bool {
        self.begun
    }
}

fn wrong<T>(text: impl Into<String>) -> Result<T, Fail> {
    Err(Fail::Other(text.into()))
}

/// Where a chunk is: in a source.
type Found = HashMap<(Mark, u32), Option<(usize, u64)>>;

impl Receiver<'_> {
    /// A part of a list.
    pub fn list(
        &mut self,
        entry: u32,
        number: usize,
        first: u64,
        table: &[u8],
        digest: Option<Digest>,
    ) -> Result<(), Fail> {
        if self.failed.contains(&entry) {
            return Ok(());
        }
        let others = self.check_lists(entry)?;
        let Some(Wanted::List(list)) = self.wanted.get_mut(&entry) else {
            return wrong(format!("a list of entry {entry}, which was not asked for"));
        };
        if first != list.records.len() as u64 || (list.begun && number != list.level) {
            return wrong(format!("a part of the list of entry {entry} that does not continue it"));
        }
        let longest = level(number).map_or(0, |level| level.most());
        let records = chunks::parse(table, longest).map_err(Fail::Other)?;
        list.begun = true;
        list.level = number;
        let size = self.tree.entries[entry as usize].meta.size;
        for record in &records {
            list.sum = list.sum.saturating_add(record.length());
        }
        if list.sum > size || (digest.is_some() && list.sum != size) {
            return wrong(format!("a list of {} bytes of entry {entry}, which has {size}", list.sum));
        }
        list.records.extend(records);
        if self.lists.len() > 1 && others + list.records.len() > MOST_RECORDS {
            return wrong(format!("lists of {} files with more than {MOST_RECORDS} records", self.lists.len()));
        }
        let Some(digest) = digest else { return Ok(()) };
        let list = std::mem::take(list);
        self.wanted.remove(&entry);
        match self.assemble(entry, &list, digest) {
            Ok((assembly, ranges)) => {
                self.say(&messages::want(entry, &ranges))?;
                if assembly.lacking.is_empty() {
                    return self.assembled(entry, assembly);
                }
                self.wanted.insert(entry, Wanted::Chunks(assembly));
                Ok(())
            }
            Err(error) => self.fail(entry, &error),
        }
    }

    /// Only so much of lists may be under way at once (RS-052), and no two lists are mixed.
    /// Says how many records the others have.
    fn check_lists(&mut self, entry: u32) -> Result<usize, Fail> {
        let wanted = &self.wanted;
        self.lists.retain(|one| match wanted.get(one) {
            Some(Wanted::List(list)) => list.begun,
            Some(Wanted::Chunks(_)) => true,
            _ => false,
        });
        self.lists.remove(&entry);
        let mut records = 0;
        for other in &self.lists {
            match wanted.get(other) {
                Some(Wanted::List(_)) => return wrong(format!("a list of {entry} in the middle of that of {other}")),
                Some(Wanted::Chunks(assembly)) => records += assembly.records.len(),
                _ => {}
            }
        }
        if self.lists.len() == MOST_LISTS {
            return wrong(format!("a list while those of {MOST_LISTS} files wait"));
        }
        self.lists.insert(entry);
        Ok(records)
    }

    /// Takes what is here already, and says which chunks are lacking.
    fn assemble(&mut self, entry: u32, list: &List, digest: Digest) -> io::Result<(Assembly, Vec<(u32, u32)>)> {
        let mut found = Found::new();
        for record in &list.records {
            if let Record::Chunk { length, mark } = *record {
                found.insert((mark, length), None);
            }
        }
        let sources = self.open_sources(entry);
        for (place, source) in sources.iter().enumerate() {
            let _ = self.look_through(place, source, list.level, &mut found);
        }
        let incoming = self.create(entry)?;
        let size = self.tree.entries[entry as usize].meta.size;
        let mut assembly = Assembly {
            incoming,
            records: list.records.clone(),
            digest,
            lacking: VecDeque::new(),
            repeats: Vec::new(),
            begun: false,
        };
        let ranges =
            assembly.incoming.file.set_len(size).and_then(|()| self.take_chunks(&mut assembly, &sources, &found));
        match ranges {
            Ok(ranges) => Ok((assembly, ranges)),
            Err(error) => {
                let _ = assembly.incoming.dir.remove_file(&assembly.incoming.name);
                Err(error)
            }
        }
    }

    /// Cuts a source, range by range, and notes which of the chunks are in it.
    fn look_through(&mut self, place: usize, source: &File, number: usize, found: &mut Found) -> io::Result<()> {
        let Some(level) = level(number) else { return Ok(()) };
        let mut at = 0;
        while let Some(start) = seek(source, at, false)? {
            let end = seek(source, start, true)?.unwrap_or(u64::MAX);
            let mut offset = start;
            let mut reader: &File = source;
            reader.seek(SeekFrom::Start(start))?;
            level.cut_all(&mut reader.take(end - start), |chunk| {
                let mut mark = Mark::default();
                mark.copy_from_slice(&sha256(chunk)[..6]);
                if let Entry::Occupied(mut one) = found.entry((mark, chunk.len() as u32)) {
                    if one.get().is_none() {
                        one.insert(Some((place, offset)));
                    }
                }
                offset += chunk.len() as u64;
                self.tick()
            })?;
            at = end;
        }
        Ok(())
    }

    fn take_chunks(&mut self, assembly: &mut Assembly, sources: &[File], found: &Found) -> io::Result<Vec<(u32, u32)>> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut asked: HashMap<(Mark, u32), u64> = HashMap::new();
        let mut offset = 0;
        let mut buffer = Vec::new();
        for (number, record) in assembly.records.iter().enumerate() {
            let start = offset;
            offset += record.length();
            let Record::Chunk { length, mark } = *record else { continue };
            if let Some(&Some((place, from))) = found.get(&(mark, length)) {
                buffer.resize(length as usize, 0);
                if sources[place].read_exact_at(&mut buffer, from).is_ok() {
                    assembly.incoming.file.write_all_at(&buffer, start)?;
                    self.tick()?;
                    continue;
                }
            }
            if let Some(&first) = asked.get(&(mark, length)) {
                assembly.repeats.push((start, length, first));
                continue;
            }
            asked.insert((mark, length), start);
            match ranges.last_mut() {
                Some((first, count)) if *first + *count == number as u32 => *count += 1,
                _ => ranges.push((number as u32, 1)),
            }
            match assembly.lacking.back_mut() {
                Some((_, end)) if *end == start => *end = offset,
                _ => assembly.lacking.push_back((start, offset)),
            }
        }
        Ok(ranges)
    }

    /// A piece of what was lacking.
    pub fn lacking(
        &mut self,
        entry: u32,
        mut assembly: Assembly,
        last: bool,
        offset: u64,
        body: &[u8],
    ) -> Result<(), Fail> {
        assembly.begun = true;
        let length = body.len() as u64;
        let is_behind = offset >= assembly.incoming.end;
        assembly.incoming.end = offset + length;
        let mut is_asked = length == 0;
        if let Some((start, end)) = assembly.lacking.front_mut() {
            if *start == offset && length <= *end - *start {
                *start += length;
                is_asked = true;
                if start == end {
                    assembly.lacking.pop_front();
                }
            }
        }
        if !is_behind || !is_asked || (last && !assembly.lacking.is_empty()) {
            self.wanted.insert(entry, Wanted::Chunks(assembly));
            return wrong(format!("data of entry {entry} at {offset} that are not those that were asked for"));
        }
        if let Err(error) = assembly.incoming.file.write_all_at(body, offset) {
            let _ = assembly.incoming.dir.remove_file(&assembly.incoming.name);
            return self.fail(entry, &error);
        }
        if last {
            return self.assembled(entry, assembly);
        }
        self.wanted.insert(entry, Wanted::Chunks(assembly));
        Ok(())
    }

    /// All bytes are there: the digest decides (RS-054).
    fn assembled(&mut self, entry: u32, assembly: Assembly) -> Result<(), Fail> {
        match self.verified(&assembly) {
            Ok(true) => self.complete_and_say(entry, &assembly.incoming),
            Ok(false) => {
                let _ = assembly.incoming.dir.remove_file(&assembly.incoming.name);
                self.say_whole(entry)
            }
            Err(error) => {
                let _ = assembly.incoming.dir.remove_file(&assembly.incoming.name);
                self.fail(entry, &error)
            }
        }
    }

    fn verified(&mut self, assembly: &Assembly) -> io::Result<bool> {
        let file = &assembly.incoming.file;
        let mut buffer = Vec::new();
        for &(to, length, from) in &assembly.repeats {
            buffer.resize(length as usize, 0);
            file.read_exact_at(&mut buffer, from)?;
            file.write_all_at(&buffer, to)?;
        }
        let (mut sha, mut offset) = (Sha256::new(), 0);
        for record in &assembly.records {
            match *record {
                Record::Chunk { length, .. } => {
                    buffer.resize(length as usize, 0);
                    file.read_exact_at(&mut buffer, offset)?;
                    sha.update(&sha256(&buffer));
                    self.tick()?;
                }
                Record::Hole { length } => sha.update(&length.to_be_bytes()),
            }
            offset += record.length();
        }
        Ok(sha.finish() == assembly.digest)
    }
}
