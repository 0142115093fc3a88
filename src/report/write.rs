//! Writes a file whole or not at all: results are rewritten after every item, and a stop in between must lose nothing.
//!
//! In: a path and bytes, and the file that they were made from, if there is one. Out: the file with these bytes, which no one
//! may read who may not read that; or the file as it was and an error that names it. What is no file, such as a device or
//! a FIFO, is written to.

mod mode;
mod temporary;

pub use temporary::sweep_stale;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use temporary::Temporary;
use thiserror::Error;

/// The ways in which a file could not be written. The file at the path is then as it was before.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The path ends in no file name, as `/` and `..` do.
    #[error("'{}' names no file: give a path that ends in a file name", .path.display())]
    NoFileName {
        /// The path that was given.
        path: PathBuf,
    },
    /// A folder lies where the file should go.
    #[error("'{}' is a folder: give a path that ends in a file name, or move the folder", .path.display())]
    IsAFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file lies there, and is not to be replaced.
    #[error("'{}' is already there: give another path", .path.display())]
    Exists {
        /// The path that was given.
        path: PathBuf,
    },
    /// The folder of the file was missing and could not be made.
    #[error("cannot make the folder '{}' ({source}): check the path and that you may write there", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The temporary file beside the target could not be made, filled or flushed to the disk.
    #[error("cannot write '{}' ({source}): check that its folder may be written to and has free space", .path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The finished temporary file could not be put in the target's place.
    #[error("cannot replace '{}' ({source}): check that you may change the file and that no other program holds it", .path.display())]
    Replace {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl WriteError {
    /// What the system said of writing to a path.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_path_buf(), source }
    }
}

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part of either.
///
/// The bytes go to a temporary file in the same folder, are flushed to the disk, and the file takes the place of `path`, or of
/// what a link there leads to. Missing parent folders are created. A file that is replaced leaves its mode.
///
/// # Errors
/// [`WriteError`], which names the path; the target is then untouched and the temporary file is gone.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    fill_atomically(path, Existing::Replace, None, |file| {
        file.write_all(bytes).map_err(|source| WriteError::write(path, source))
    })
}

/// What happens to a file that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The new one takes its place.
    Replace,
    /// It stays, and nothing is written.
    Keep,
}

/// Refuses to go on to what can't be written; for saying so before long work.
///
/// # Errors
/// [`WriteError::Exists`] where a file is to be kept, [`WriteError::IsAFolder`], [`WriteError::NoFileName`].
pub fn check_free(path: &Path, existing: Existing) -> Result<(), WriteError> {
    if path.file_name().is_none() {
        return Err(WriteError::NoFileName { path: path.to_path_buf() });
    }
    if path.is_dir() {
        return Err(WriteError::IsAFolder { path: path.to_path_buf() });
    }
    if existing == Existing::Keep && path.symlink_metadata().is_ok() && !is_stream(path) {
        return Err(WriteError::Exists { path: path.to_path_buf() });
    }
    Ok(())
}

/// Whether there is something at the path that is written to and not replaced: a device, a FIFO.
fn is_stream(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Writes what `fill` gives to `path`, as [`write_atomically`] does. Where `fill` fails, nothing is left. `origin` is the
/// file that the content was made from: its mode and times go over, and where a file is replaced, only what both modes allow is
/// allowed. While it is written, the file is its owner's alone.
///
/// # Errors
/// [`WriteError`], which names the path, and whatever `fill` gives.
pub fn fill_atomically<T, E: From<WriteError>>(
    path: &Path,
    existing: Existing,
    origin: Option<&Metadata>,
    fill: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    check_free(path, existing)?;
    let wrong = |source| WriteError::write(path, source);
    if is_stream(path) {
        return fill(&mut OpenOptions::new().write(true).open(path).map_err(wrong)?);
    }
    let target = end_of_links(path);
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|source| WriteError::Folder { path: folder.to_path_buf(), source })?;

    let old = target.metadata().ok();
    let sources: Vec<&Metadata> = old.iter().chain(origin).collect();
    let mut temporary = Temporary::new_in(folder, !sources.is_empty()).map_err(wrong)?;
    let filled = fill(temporary.file())?;
    let file = temporary.file();
    mode::take_over(file, &sources).map_err(wrong)?;
    if let Some(origin) = origin {
        mode::take_times(file, origin).map_err(wrong)?;
    }
    file.sync_all().map_err(wrong)?;
    temporary.persist(&target, existing).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists { path: path.to_path_buf() },
        _ => WriteError::Replace { path: path.to_path_buf(), source },
    })?;
    flush_folder(folder);
    Ok(filled)
}

/// What the links at a path lead to, whether it is there or not.
fn end_of_links(path: &Path) -> PathBuf {
    const MOST_LINKS: usize = 40;
    let mut end = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&end) else { break };
        end = end.parent().map_or(next.clone(), |folder| folder.join(next));
    }
    end
}

/// Asks that the rename itself reach the disk. Not every file system can; the file is whole either way, so a refusal
/// is no error.
fn flush_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(handle) = File::open(folder) {
        let _ = handle.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests;
