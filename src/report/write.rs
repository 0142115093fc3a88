//! Writes a file whole or not at all: results are rewritten after every item, and a stop in between must lose nothing.
//!
//! In: a path and bytes. Out: the file with these bytes, or the file as it was and an error that names it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
    #[error("'{}' is already there: give another path, or --force to replace it", .path.display())]
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
    fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_path_buf(), source }
    }
}

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part of either.
///
/// The bytes go to a temporary file in the same folder, are flushed to the disk, and the file is renamed over `path`.
/// Missing parent folders are created.
///
/// # Errors
/// [`WriteError`], which names the path; the target is then untouched and the temporary file is gone.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    fill_atomically(path, Existing::Replace, |file| {
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

/// Refuses to go on to a file that is already there and to be kept; for saying so before long work.
///
/// # Errors
/// [`WriteError::Exists`].
pub fn check_free(path: &Path, existing: Existing) -> Result<(), WriteError> {
    if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        return Err(WriteError::Exists { path: path.to_path_buf() });
    }
    Ok(())
}

/// Writes what `fill` gives to `path`, as [`write_atomically`] does. Where `fill` fails, nothing is left.
///
/// # Errors
/// [`WriteError`], which names the path, and whatever `fill` gives.
pub fn fill_atomically<T, E: From<WriteError>>(
    path: &Path,
    existing: Existing,
    fill: impl FnOnce(&mut fs::File) -> Result<T, E>,
) -> Result<T, E> {
    if path.is_dir() && path.file_name().is_some() {
        return Err(WriteError::IsAFolder { path: path.to_path_buf() }.into());
    }
    if path.file_name().is_none() {
        return Err(WriteError::NoFileName { path: path.to_path_buf() }.into());
    }
    check_free(path, existing)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|source| WriteError::Folder { path: folder.to_path_buf(), source })?;

    let mut temporary = temporary_file(folder).map_err(|source| WriteError::write(path, source))?;
    let filled = fill(temporary.as_file_mut())?;
    temporary.as_file().sync_all().map_err(|source| WriteError::write(path, source))?;
    let persisted = match existing {
        Existing::Replace => temporary.persist(path),
        Existing::Keep => temporary.persist_noclobber(path),
    };
    persisted.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Exists { path: path.to_path_buf() },
        _ => WriteError::Replace { path: path.to_path_buf(), source: error.error },
    })?;
    flush_folder(folder);
    Ok(filled)
}

/// A temporary file with the permissions that an ordinary new file would get (the umask applies), not the private
/// ones that temporary files have by default.
fn temporary_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tenfold-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Asks that the rename itself reach the disk. Not every file system can; the file is whole either way, so a refusal
/// is no error.
fn flush_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(handle) = fs::File::open(folder) {
        let _ = handle.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_written_file_holds_the_bytes_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submission.json");
        write_atomically(&path, b"first").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names_in(folder.path()), ["submission.json"]);
    }

    #[test]
    fn missing_parents_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c.csv");
        write_atomically(&path, b"").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_failure_names_the_path_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap();
        let error = write_atomically(&target, b"bytes").unwrap_err();
        assert!(matches!(error, WriteError::IsAFolder { .. }));
        assert!(error.to_string().contains("taken"));
        assert_eq!(names_in(folder.path()), ["taken"]);
    }

    #[test]
    fn a_file_in_the_place_of_a_parent_is_reported_as_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), b"kept").unwrap();
        let error = write_atomically(&folder.path().join("file/inner.json"), b"bytes").unwrap_err();
        assert!(matches!(error, WriteError::Folder { .. }));
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"kept");
    }

    #[test]
    fn a_path_without_a_file_name_is_refused() {
        assert!(matches!(write_atomically(Path::new("/"), b""), Err(WriteError::NoFileName { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_gets_the_permissions_of_an_ordinary_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ordinary"), b"").unwrap();
        write_atomically(&folder.path().join("ours"), b"").unwrap();
        let mode = |name| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("ours"), mode("ordinary"));
    }
}
