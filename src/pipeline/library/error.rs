//! What can be wrong with a library's file, and what to do about it.

use std::path::PathBuf;
use thiserror::Error;

/// Why a library can't be used. The file is then as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// No such file.
    #[error("'{}' is not there: check the path", .file.display())]
    Missing {
        /// The library.
        file: PathBuf,
    },
    /// A file of another kind.
    #[error("'{}' is no library of tenfold: give another path; it was left as it is", .file.display())]
    NotALibrary {
        /// The file.
        file: PathBuf,
    },
    /// A library of another version of the program.
    #[error("'{}' has version {found}, and this program reads version {known}: make a new one from its articles, or use the program that made it", .file.display())]
    Version {
        /// The library.
        file: PathBuf,
        /// The version it has.
        found: i64,
        /// The version that is read.
        known: i64,
    },
    /// The file is damaged.
    #[error("'{}' is damaged ({reason}): take a copy from before, or make it anew from its articles", .file.display())]
    Corrupt {
        /// The library.
        file: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Another process has been writing for long.
    #[error("'{}' is in use by another process: try again when that is done", .file.display())]
    Busy {
        /// The library.
        file: PathBuf,
    },
    /// Nothing in it to ask or to compare.
    #[error("'{}' holds no articles yet: add some", .file.display())]
    Empty {
        /// The library.
        file: PathBuf,
    },
    /// Asked for a text that says nothing to the frame.
    #[error("'{}' knows no word of the text asked for: ask with words that its articles have", .file.display())]
    NoKnownWord {
        /// The library.
        file: PathBuf,
    },
    /// Whoever watched broke off.
    #[error("broken off; what was added before is in the library")]
    BrokenOff,
    /// The file can't be read or written.
    #[error("'{}' can't be read or written ({reason}): check its permissions, its folder's, and the space left", .file.display())]
    Unusable {
        /// The library.
        file: PathBuf,
        /// What SQLite or the system said.
        reason: String,
    },
}
