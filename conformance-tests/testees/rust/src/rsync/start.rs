//! The destination: where it is, and that it is there (RS-012, RS-013).

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::messages::Begin;
use super::place::{make_usable, Dir};
use super::receiver::Receiver;
use super::table::{check_name, DIRECTORY};
use crate::task::{Fail, Task};

/// The absolute path, without empty components and `.`.
fn absolute(dest: &[u8]) -> io::Result<PathBuf> {
    if dest.is_empty() || dest.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no path"));
    }
    let path = Path::new(std::ffi::OsStr::from_bytes(dest));
    let path = if path.is_absolute() { path.to_path_buf() } else { std::env::current_dir()?.join(path) };
    Ok(path.components().collect())
}

/// Opens a directory that may be reached through links; makes it, and those around it, if that is asked for.
fn open_directory(path: &Path, make: bool) -> io::Result<Option<Dir>> {
    if make && !path.exists() {
        if let Some(around) = path.parent() {
            std::fs::create_dir_all(around)?;
        }
        DirBuilder::new().mode(0o700).create(path)?;
    }
    // Not opened before it is looked at: a pipe would let this wait for somebody who writes into it.
    match path.metadata().and_then(|found| if found.is_dir() { File::open(path).map(Some) } else { Ok(None) }) {
        Ok(Some(file)) if file.metadata()?.is_dir() => Ok(Some(Dir::new(file))),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, "there is something that is no directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !make => {
            // It would be made, if what is around it lets that be.
            let dangling = path.symlink_metadata().is_ok();
            let around = path.ancestors().skip(1).find(|around| around.symlink_metadata().is_ok());
            if dangling || around.is_some_and(|around| !around.is_dir()) {
                return Err(io::Error::new(io::ErrorKind::NotADirectory, "there is something that is no directory"));
            }
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl<'a> Receiver<'a> {
    /// Begins a sync.
    pub fn start(task: &'a Task, begin: Begin) -> Result<Self, Fail> {
        let shown = String::from_utf8_lossy(&begin.dest).chars().take(1000).collect::<String>();
        let named = |why: String| Fail::Other(format!("the destination {shown}: {why}"));
        let path = absolute(&begin.dest).map_err(|error| named(error.to_string()))?;
        let mut receiver = Receiver::new(task, begin, path.clone().into_os_string().into_vec());
        let is_directory = receiver.begin.kind == DIRECTORY;
        let directory = if is_directory { path.as_path() } else { path.parent().unwrap_or(Path::new("/")) };
        if !is_directory {
            let name = path.file_name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
            check_name(&name).map_err(named)?;
            receiver.tree.entries[0].name = name.into();
        }
        let make = !receiver.begin.dry_run;
        let opened = open_directory(directory, make).map_err(|error| named(error.to_string()))?;
        receiver.root(opened, is_directory).map_err(|error| named(error.to_string()))?;
        Ok(receiver)
    }

    fn root(&mut self, root: Option<Dir>, is_directory: bool) -> io::Result<()> {
        let Some(root) = root else {
            self.tree.directories.entry(0).or_default().absent = true;
            if is_directory {
                self.plan(0, 1);
            }
            return Ok(());
        };
        if is_directory {
            if self.begin.dry_run {
                let found = root.file().metadata()?;
                let time = i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec());
                let wanted = self.tree.permissions(0, self.begin.meta, found.uid(), found.gid());
                if u32::from(wanted) != found.mode() & 0o7777 || time != i128::from(self.begin.meta.time) {
                    self.plan(0, 3);
                }
            } else {
                self.tree.directories.entry(0).or_default().had = make_usable(&root)?;
            }
        }
        self.tree.set_root(root);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_clean() {
        assert_eq!(absolute(b"/a//b/./c/").unwrap(), Path::new("/a/b/c"));
        assert_eq!(absolute(b"x").unwrap(), std::env::current_dir().unwrap().join("x"));
        assert!(absolute(b"").is_err() && absolute(b"a\0b").is_err());
    }
}
