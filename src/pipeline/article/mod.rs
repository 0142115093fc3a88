//! Compresses articles to `.tenfold` files and back.
//!
//! In: bytes of any kind. Out: a file that has been decoded again and compared with them; or a file's content, piece by
//! piece, with what is wrong with the file as an error.

mod inspection;

pub use inspection::{ArticleSummary, MatrixSummary, inspect};

use super::gist::{self, GistError, GistSettings, MatrixMode};
use crate::code::article::Effort;
use crate::code::digits::DigitCounts;
use crate::code::gist::Gist;
use crate::code::{CodeError, Container, Kind, Ledger, Tag, article};
use crate::data::article::{SNIFFED_BYTES, encoding_name};
use crate::go_on;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use thiserror::Error;

/// What can go wrong on the way from a file to its content.
#[derive(Debug, Error)]
pub enum ArticleError {
    /// The file is wrong.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The content could not be written.
    #[error("the content cannot be written ({0}); check that there is space")]
    Write(#[from] io::Error),
    /// A file that decodes to something else than was compressed: a fault in this program, found before any harm.
    #[error("byte {offset} of the content decodes wrongly; nothing was written: please report this, with the article")]
    Unfaithful {
        /// The first byte that differs.
        offset: u64,
    },
    /// Its matrices could not be made.
    #[error(transparent)]
    Matrices(#[from] GistError),
    /// Whoever watched broke off.
    #[error("the work was broken off before it was whole")]
    BrokenOff,
    /// The threads could not be had.
    #[error("cannot start {threads} threads ({reason})")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: rayon::ThreadPoolBuildError,
    },
}

/// What an article is compressed with.
#[derive(Clone, Debug)]
pub struct ArticleOptions {
    /// How hard to look for settings that suit the text.
    pub effort: Effort,
    /// What the file says of the digit matrices of the text's information groups.
    pub matrices: GistSettings,
    /// What the article is called: the ending says what kind of text it is; where it doesn't, the content decides.
    pub name: Option<PathBuf>,
    /// Threads; those of the pool that the call is made in by default.
    pub threads: Option<usize>,
}

impl Default for ArticleOptions {
    /// A quick search, and the digits of each group on their usual budget.
    fn default() -> Self {
        let matrices = GistSettings::new(MatrixMode::default(), None);
        Self { effort: Effort::Quick, matrices, name: None, threads: None }
    }
}

/// How far the work on an article is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArticleProgress {
    /// Its matrices are being fitted.
    Fitting {
        /// Steps done.
        step: usize,
        /// Of so many.
        steps: usize,
    },
    /// Its bytes are being coded, or decoded; to compress is both.
    Coding {
        /// Bytes done.
        bytes: u64,
        /// Of so many.
        all: u64,
    },
}

/// Who hears how far the work is, on any thread, and may break it off.
pub type ArticleWatch<'a> = dyn Fn(ArticleProgress) -> ControlFlow<()> + Sync + 'a;

/// Compresses an article with its matrices, decodes the file again and compares.
///
/// # Errors
/// [`ArticleError`]: of the matrices, [`ArticleError::BrokenOff`], or [`ArticleError::Unfaithful`] or [`ArticleError::Code`] where
/// the file does not decode to `content`.
pub fn compress(content: &[u8], options: &ArticleOptions, watch: &ArticleWatch) -> Result<Vec<u8>, ArticleError> {
    let compress = || {
        let steps = options.matrices.fit.steps;
        let fitting = |step| watch(ArticleProgress::Fitting { step, steps });
        let sections = gist::sections(content, options.name.as_deref(), &options.matrices, fitting)?;
        compress_with(content, options.effort, sections, watch)
    };
    if options.threads.is_some() { with_threads(options.threads, compress)? } else { compress() }
}

/// Compresses the text alone, without matrices.
///
/// # Errors
/// As [`compress`].
pub fn compress_text(content: &[u8], effort: Effort) -> Result<Vec<u8>, ArticleError> {
    compress_with(content, effort, Vec::new(), &go_on)
}

/// `watch` hears of the content twice: when it is coded, and when that is decoded again.
fn compress_with(
    content: &[u8],
    effort: Effort,
    sections: Vec<(Tag, Vec<u8>)>,
    watch: &ArticleWatch,
) -> Result<Vec<u8>, ArticleError> {
    let bytes = Bytes::new(2 * content.len() as u64, watch);
    let text = article::encode_watched(content, effort, &|some| bytes.hear(some));
    bytes.check()?;
    let container = Container::new(Kind::Article).with(Tag::Residual, text);
    let file = sections.into_iter().fold(container, |container, (tag, bytes)| container.with(tag, bytes)).to_bytes();
    verify(&file, content, &bytes)?;
    Ok(file)
}

/// Counts bytes for who watches, and keeps that it broke off.
struct Bytes<'a> {
    done: AtomicU64,
    all: u64,
    broken_off: AtomicBool,
    watch: &'a ArticleWatch<'a>,
}

impl<'a> Bytes<'a> {
    fn new(all: u64, watch: &'a ArticleWatch<'a>) -> Self {
        Self { done: AtomicU64::new(0), all, broken_off: AtomicBool::new(false), watch }
    }

    fn hear(&self, some: u64) -> ControlFlow<()> {
        let bytes = self.done.fetch_add(some, Ordering::Relaxed) + some;
        if (self.watch)(ArticleProgress::Coding { bytes, all: self.all }).is_break() {
            self.broken_off.store(true, Ordering::Relaxed);
        }
        if self.broken_off.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn check(&self) -> Result<(), ArticleError> {
        if self.broken_off.load(Ordering::Relaxed) { Err(ArticleError::BrokenOff) } else { Ok(()) }
    }
}

/// Holds what a file decodes to against `content`.
fn verify(file: &[u8], content: &[u8], bytes: &Bytes) -> Result<(), ArticleError> {
    let mut offset = 0;
    let sink = |piece: &[u8]| {
        let expected = &content[offset.min(content.len())..];
        let same = piece.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
        offset += same;
        if same == piece.len() { Ok(()) } else { Err(ArticleError::Unfaithful { offset: offset as u64 }) }
    };
    decode(file, sink, bytes)?;
    if offset == content.len() { Ok(()) } else { Err(ArticleError::Unfaithful { offset: offset as u64 }) }
}

/// Decompresses a file; gives the length of the content. What was written is only good if this succeeds.
///
/// # Errors
/// [`ArticleError`], where the file is wrong or `output` fails.
pub fn decompress(file: &[u8], output: &mut impl Write) -> Result<u64, ArticleError> {
    decompress_watched(file, output, &go_on)
}

/// The same, watched.
///
/// # Errors
/// Those of [`decompress`], and [`ArticleError::BrokenOff`].
pub fn decompress_watched(file: &[u8], output: &mut impl Write, watch: &ArticleWatch) -> Result<u64, ArticleError> {
    let mut length = 0;
    let sink = |piece: &[u8]| {
        length += piece.len() as u64;
        Ok(output.write_all(piece)?)
    };
    decode(file, sink, &Bytes::new(content_bytes(file)?, watch))?;
    output.flush()?;
    Ok(length)
}

fn decode(file: &[u8], sink: impl FnMut(&[u8]) -> Result<(), ArticleError>, bytes: &Bytes) -> Result<(), ArticleError> {
    let container = Container::parse(file)?;
    container.expect_kind(Kind::Article)?;
    let decoded = article::ResidualSection::parse(container.require(Tag::Residual)?)?
        .decode_watched(sink, &|some| bytes.hear(some));
    // What was broken off is wrong for no other reason.
    bytes.check()?;
    decoded
}

/// How long a file's content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// Its bytes.
    pub bytes: u64,
    /// Its Unicode scalar values, if it is UTF-8.
    pub characters: Option<u64>,
    /// The name of the encoding that it is text in, by its beginning, if it is text.
    pub encoding: Option<&'static str>,
}

/// Decodes a file to measure its content; so the file has been checked to the last bit.
///
/// # Errors
/// [`ArticleError`], where the file is wrong.
pub fn measure(file: &[u8]) -> Result<Measure, ArticleError> {
    let mut characters = Characters::default();
    let mut bytes = 0;
    let mut beginning = Vec::new();
    let sink = |piece: &[u8]| {
        bytes += piece.len() as u64;
        characters.push(piece);
        let missing = SNIFFED_BYTES.saturating_sub(beginning.len());
        beginning.extend_from_slice(&piece[..piece.len().min(missing)]);
        Ok(())
    };
    decode(file, sink, &Bytes::new(0, &go_on))?;
    Ok(Measure { bytes, characters: characters.count(), encoding: encoding_name(&beginning) })
}

/// Counts the characters of UTF-8 that comes in pieces.
#[derive(Debug, Default)]
struct Characters {
    count: u64,
    /// The start of a character that the next piece ends, four bytes at most.
    rest: Vec<u8>,
    invalid: bool,
}

impl Characters {
    fn push(&mut self, piece: &[u8]) {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(piece);
        match std::str::from_utf8(&bytes) {
            Ok(text) => self.count += text.chars().count() as u64,
            Err(error) => {
                self.invalid |= error.error_len().is_some();
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.count += valid.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u64;
                self.rest = if self.invalid { Vec::new() } else { rest.to_vec() };
            }
        }
    }

    fn count(&self) -> Option<u64> {
        (!self.invalid && self.rest.is_empty()).then_some(self.count)
    }
}

/// How many bytes of content a file says it holds.
///
/// # Errors
/// [`CodeError`], where the file is wrong as far as can be seen without decoding it.
pub fn content_bytes(file: &[u8]) -> Result<u64, CodeError> {
    let container = Container::parse(file)?;
    container.expect_kind(Kind::Article)?;
    Ok(article::ResidualSection::parse(container.require(Tag::Residual)?)?.content_bytes())
}

/// Where a file's bits went, in more detail than its sections.
///
/// # Errors
/// [`CodeError`], where the file is wrong as far as can be seen without decoding it.
pub fn ledger(file: &[u8]) -> Result<Ledger, CodeError> {
    let container = Container::parse(file)?;
    container.expect_kind(Kind::Article)?;
    let mut ledger = container.ledger();
    let content = article::ResidualSection::parse(container.require(Tag::Residual)?)?;
    content.detail(&mut ledger);
    if let Some(section) = container.section(Tag::Digits) {
        DigitCounts::read(section, content.content_bytes())?.detail(&mut ledger);
    }
    if let Some(section) = container.section(Tag::Symbols) {
        Gist::detail(section, container.version(), &mut ledger)?;
    }
    Ok(ledger)
}

/// Runs `work` on a pool of that many threads, or of all there are.
///
/// # Errors
/// [`ArticleError::Threads`].
pub fn with_threads<T: Send>(threads: Option<usize>, work: impl FnOnce() -> T + Send) -> Result<T, ArticleError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|reason| ArticleError::Threads { threads: threads.unwrap_or(0), reason })?;
    Ok(pool.install(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_watches_may_break_off_the_fit_the_coding_and_the_check() {
        let text =
            "One sentence of a text that has several groups, each of them as long as a group has to be. ".repeat(60);
        let mut options = ArticleOptions { effort: Effort::None, ..ArticleOptions::default() };
        options.matrices.fit.steps = 3;
        let all = 2 * text.len() as u64;
        let file = compress(text.as_bytes(), &options, &go_on).unwrap();
        for stop in [
            ArticleProgress::Fitting { step: 2, steps: 3 },
            ArticleProgress::Coding { bytes: 4096, all },
            ArticleProgress::Coding { bytes: text.len() as u64 + 4096, all },
        ] {
            let watch = |progress| if progress == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            let result = compress(text.as_bytes(), &options, &watch);
            assert!(matches!(result, Err(ArticleError::BrokenOff | ArticleError::Matrices(GistError::BrokenOff))));
        }
        let broken_off = decompress_watched(&file, &mut io::sink(), &|_| ControlFlow::Break(()));
        assert!(matches!(broken_off, Err(ArticleError::BrokenOff)));
    }

    #[test]
    fn characters_are_counted_across_pieces() {
        let count = |pieces: &[&[u8]]| {
            let mut characters = Characters::default();
            for piece in pieces {
                characters.push(piece);
            }
            characters.count()
        };
        assert_eq!(count(&[]), Some(0));
        assert_eq!(count(&["道".as_bytes(), b"a"]), Some(2));
        assert_eq!(count(&[&"道".as_bytes()[..1], &"道".as_bytes()[1..]]), Some(1));
        assert_eq!(count(&[&"道".as_bytes()[..1]]), None);
        assert_eq!(count(&[b"a\xff", b"b"]), None);
    }
}
