//! Libraries: the matrices of many articles in one SQLite file, under one map from text to digits, and the groups of them that are nearest to a text.
//!
//! ```
//! use std::ops::ControlFlow;
//! use tenfold::library::{Library, LibrarySettings, NewArticle};
//! use tenfold::article::{GroupSettings, groups};
//!
//! let folder = std::env::temp_dir().join(format!("tenfold-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let mut library = Library::open_or_create(&folder.join("library"))?;
//! let article = groups(&std::fs::read("README.md")?, Some("README.md".as_ref()), GroupSettings::default())?;
//! let settings = LibrarySettings::default();
//! library.add(&[NewArticle::new("README.md".into(), article)], &settings, &mut |_| ControlFlow::Continue(()))?;
//! assert_eq!(library.query(&["a puzzle"], 3)?[0].by_digits.len(), 3);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use crate::pipeline::library::{
    Added, Answer, ArticleEntry, ClusterEntry, Contents, Duplicate, Duplicates, FrameEntry, GroupEntry, Hit, Library,
    LibraryError, LibrarySettings, NewArticle, Outcome, Progress,
};
#[cfg(feature = "cli")]
pub use crate::pipeline::library::{Export, ExportError};
