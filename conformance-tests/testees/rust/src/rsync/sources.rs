//! Where chunks can come from: what is in the place of a file, what a sync before left unfinished, and files of the
//! same size.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use super::place::{Dir, Kind, Stat};
use super::receiver::{Receiver, DELTA_BYTES};
use super::sha256::sha256;

/// Bounds of the walk through the destination, and of what is remembered of it.
const FILES: usize = 100_000;
const DEPTH: usize = 64;
const SAME_SIZE: usize = 4;

type Path = Vec<Vec<u8>>;

/// Files of the destination by their sizes.
#[derive(Default)]
pub struct Sources {
    by_size: Option<HashMap<u64, Vec<Path>>>,
}

/// What a sync that broke off left of a file has this name.
pub fn rest_name(name: &[u8]) -> Vec<u8> {
    let digest: String = sha256(name)[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    [super::UNFINISHED, b"rest-", digest.as_bytes()].concat()
}

fn open_path(root: &Dir, path: &[Vec<u8>]) -> io::Result<File> {
    let Some((name, around)) = path.split_last() else {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    };
    let mut dir: Option<Dir> = None;
    for part in around {
        dir = Some(dir.as_ref().unwrap_or(root).open_dir(part)?);
    }
    dir.as_ref().unwrap_or(root).open_file(name)
}

impl Receiver<'_> {
    /// Whether there is something that a file resembles (RS-055).
    pub fn resembles(&mut self, entry: u32, in_place: Option<Stat>) -> bool {
        let in_place = in_place.is_some_and(|found| found.size > 0);
        let (delta, checksum) = (self.begin.delta, self.begin.checksum);
        if in_place && (delta || checksum) {
            return true;
        }
        if self.rest(entry).is_some() {
            return true;
        }
        let size = self.tree.entries[entry as usize].meta.size;
        delta && self.same_size(size).is_ok_and(|paths| !paths.is_empty())
    }

    fn rest(&mut self, entry: u32) -> Option<File> {
        let name = rest_name(&self.tree.entries[entry as usize].name);
        let directory = self.tree.entries[entry as usize].directory;
        if self.tree.is_absent(directory) {
            return None;
        }
        self.tree.open(directory).and_then(|dir| dir.open_file(&name)).ok()
    }

    fn same_size(&mut self, size: u64) -> io::Result<Vec<Path>> {
        if self.sources.by_size.is_none() {
            let mut found = HashMap::new();
            if self.begin.kind == super::table::DIRECTORY && !self.tree.is_absent(0) {
                let _ = self.walk(&mut found);
            }
            self.sources.by_size = Some(found);
        }
        Ok(self.sources.by_size.as_ref().and_then(|sizes| sizes.get(&size)).cloned().unwrap_or_default())
    }

    fn walk(&mut self, found: &mut HashMap<u64, Vec<Path>>) -> io::Result<()> {
        let mut count = 0;
        let mut waiting: Vec<Path> = vec![Vec::new()];
        while let Some(path) = waiting.pop() {
            let Some(root) = self.tree.root() else { return Ok(()) };
            let mut dir: Option<Dir> = None;
            for part in &path {
                match dir.as_ref().unwrap_or(&root).open_dir(part) {
                    Ok(next) => dir = Some(next),
                    Err(_) => break,
                }
            }
            if dir.is_none() && !path.is_empty() {
                continue;
            }
            let dir = dir.as_ref().unwrap_or(&root);
            for name in dir.names().unwrap_or_default() {
                count += 1;
                if count > FILES {
                    return Ok(());
                }
                self.tick()?;
                let Ok(Some(stat)) = dir.stat(&name) else { continue };
                let inner = || path.iter().cloned().chain([name.clone()]).collect::<Path>();
                if stat.kind == Kind::Directory && path.len() < DEPTH {
                    waiting.push(inner());
                } else if stat.kind == Kind::File && stat.size >= DELTA_BYTES {
                    let paths = found.entry(stat.size).or_default();
                    if paths.len() < SAME_SIZE {
                        paths.push(inner());
                    }
                }
            }
        }
        Ok(())
    }

    /// All files that chunks of an entry may come from.
    pub fn open_sources(&mut self, entry: u32) -> Vec<File> {
        let name = self.tree.entries[entry as usize].name.clone();
        let in_place = self.tree.look(entry).and_then(|(dir, _)| dir.open_file(&name)).ok();
        let mut sources: Vec<File> = in_place.into_iter().chain(self.rest(entry)).collect();
        let size = self.tree.entries[entry as usize].meta.size;
        if let (Ok(paths), Some(root)) = (self.same_size(size), self.tree.root()) {
            sources.extend(paths.iter().filter_map(|path| open_path(&root, path).ok()));
        }
        sources
    }
}
