//! A library of fingerprints: the digit matrices of many articles' groups under one map, in one SQLite file.
//!
//! In: articles, or a text to look for. Out: matrices, clusters of articles, the nearest groups. The map from texts to digits is fitted on the first
//! articles and then stays, as a [`Frame`]; whatever comes later is encoded under it, the same text always alike, added or asked for. When what
//! comes is too strange to the frame, a new one is fitted and all matrices are rewritten under its version, the old ones kept.
//!
//! Each article is one transaction, on the disk before [`Library::add`] reports it. Several processes may work on one file:
//! fits and encoding run outside of transactions, and one that finds a newer frame when it wants to write encodes again.
//!
//! - `store`: the file: schema, versions, what can be wrong; [`error`]: as errors
//! - [`frame`]: the shared map; [`probability`]: what its distances mean
//! - `matrices`: digits in the file; `add`: articles in, clusters; `refit`: drift, and the next frame
//! - `search`: the nearest groups; `duplicates`: groups that say the same; `contents`: what is in it; `entries`: its groups one by one;
//!   `export`: all of them, for other programs

mod add;
mod contents;
mod duplicates;
mod entries;
pub mod error;
#[cfg(feature = "cli")]
mod export;
pub mod frame;
mod matrices;
pub mod probability;
mod refit;
mod search;
mod store;
#[cfg(test)]
mod tests;

pub use add::{Added, NewArticle, Outcome};
pub use contents::{ArticleEntry, ClusterEntry, Contents, FrameEntry};
pub use duplicates::{Duplicate, Duplicates};
pub use entries::GroupEntry;
pub use error::LibraryError;
#[cfg(feature = "cli")]
pub use export::{Export, ExportError};
pub use frame::Frame;
pub use search::{Answer, Hit};

use crate::fit::matrices::MatrixSettings;
use std::path::Path;
use std::sync::Arc;
use store::Store;

/// What a library does with what comes. Numbers are from results/library.md.
#[derive(Clone, Debug, PartialEq)]
pub struct LibrarySettings {
    /// How far an article's groups are drawn together.
    pub article_share: f32,
    /// Of frames: their codes and their dither.
    pub seed: u64,
    /// An article joins the nearest cluster from this cosine on, of mean features; else it opens one.
    pub cluster_cosine: f32,
    /// A new frame is fitted when the share of words that the frame doesn't know is so much higher among the articles that came
    /// since than it was in the library when the frame was fitted.
    pub drift: f64,
    /// And not before the groups that came since are this share of those that were there.
    pub growth: f64,
}

impl Default for LibrarySettings {
    fn default() -> Self {
        Self {
            article_share: MatrixSettings::default().article_share,
            seed: 0,
            cluster_cosine: 0.7,
            drift: 0.25,
            growth: 0.25,
        }
    }
}

/// What long work reports.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// An article is done: if it was added, it is on the disk.
    Article(&'a Outcome),
    /// All matrices are rewritten under a new frame.
    Refitted {
        /// Of the frame.
        version: u32,
        /// Groups that were rewritten.
        groups: usize,
        /// What the drift was.
        drift: f64,
    },
}

/// An open library.
pub struct Library {
    store: Store,
    /// The newest frame that was read.
    frame: Option<Arc<Frame>>,
}

impl Library {
    /// Opens a library, or makes an empty one where there is no file.
    ///
    /// # Errors
    /// Where the file is something else, is damaged, is of another version, or can't be used.
    pub fn open_or_create(file: &Path) -> Result<Self, LibraryError> {
        Ok(Self { store: Store::open(file, true)?, frame: None })
    }

    /// Opens a library that is there; one that may not be written can be read.
    ///
    /// # Errors
    /// As [`Library::open_or_create`], and where there is none.
    pub fn open(file: &Path) -> Result<Self, LibraryError> {
        Ok(Self { store: Store::open(file, false)?, frame: None })
    }

    /// Whether `path` is the library `library` itself, by whatever name, or one of the files that SQLite keeps beside it.
    pub fn is_part_of(library: &Path, path: &Path) -> bool {
        ["", "-wal", "-shm", "-journal"].iter().any(|ending| {
            let mut file = library.as_os_str().to_owned();
            file.push(ending);
            same_file::is_same_file(&file, path).unwrap_or(false)
        })
    }

    /// Whether these are the bytes of a library.
    pub fn is_library(bytes: &[u8]) -> bool {
        store::is_library(bytes)
    }

    /// The newest frame in the file, if there is one yet.
    fn newest_frame(&mut self) -> Result<Option<Arc<Frame>>, LibraryError> {
        let Some(version) = self.store.newest_version()? else { return Ok(None) };
        if self.frame.as_ref().is_none_or(|frame| frame.version != version) {
            self.frame = Some(Arc::new(self.store.read_frame(version)?));
        }
        Ok(self.frame.clone())
    }

    /// The newest frame, for what needs one.
    fn some_frame(&mut self) -> Result<Arc<Frame>, LibraryError> {
        self.newest_frame()?.ok_or_else(|| LibraryError::Empty { file: self.store.file.clone() })
    }
}
