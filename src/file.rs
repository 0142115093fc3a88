//! A `.tenfold` file of either kind.

use crate::code::{CodeError, Container, Kind};
use crate::pipeline::article::{ArticleError, ArticleSummary};
use crate::pipeline::puzzle::{PuzzleError, PuzzleSummary};
use crate::{article, go_on, puzzle};
use thiserror::Error;

/// A `.tenfold` file, by what it holds; with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File<'a> {
    /// An article: [`article`](crate::article) has what can be done with it.
    Article(&'a [u8]),
    /// A puzzle: [`puzzle`](crate::puzzle) has what can be done with it.
    Puzzle(&'a [u8]),
}

/// What is in a file, and where its bits went.
#[derive(Clone, Debug, PartialEq)]
pub enum Summary {
    /// Of an article's.
    Article(ArticleSummary),
    /// Of a puzzle's.
    Puzzle(PuzzleSummary),
}

/// What can be wrong with a file of either kind.
#[derive(Debug, Error)]
pub enum FileError {
    /// Of an article.
    #[error(transparent)]
    Article(#[from] ArticleError),
    /// Of a puzzle.
    #[error(transparent)]
    Puzzle(#[from] PuzzleError),
}

/// Looks what a file holds; its checksum is checked, and nothing is decoded.
///
/// # Errors
/// [`CodeError`], where it is no whole `.tenfold` file of a version that is read.
///
/// ```
/// use tenfold::File;
///
/// let bytes = std::fs::read("tests/golden/mixed.md.v1.tenfold")?;
/// let file = tenfold::open(&bytes)?;
/// assert!(matches!(file, File::Article(_)));
/// assert_eq!(file.decompress()?, std::fs::read("tests/golden/mixed.md")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open(bytes: &[u8]) -> Result<File<'_>, CodeError> {
    Ok(match Container::parse(bytes)?.kind() {
        Kind::Article => File::Article(bytes),
        Kind::Puzzle => File::Puzzle(bytes),
    })
}

impl File<'_> {
    /// What the file was made of, byte for byte.
    ///
    /// # Errors
    /// [`FileError`], where it is wrong.
    pub fn decompress(&self) -> Result<Vec<u8>, FileError> {
        Ok(match self {
            Self::Article(file) => article::decompress(file, &go_on)?,
            Self::Puzzle(file) => puzzle::decompress(file, None, go_on)?,
        })
    }

    /// What is in it, and where its bits went. It is decoded for that.
    ///
    /// # Errors
    /// [`FileError`], where it is wrong.
    pub fn inspect(&self) -> Result<Summary, FileError> {
        Ok(match self {
            Self::Article(file) => Summary::Article(article::inspect(file)?),
            Self::Puzzle(file) => Summary::Puzzle(puzzle::inspect(file, None)?),
        })
    }
}
