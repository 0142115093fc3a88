//! The matrices of an article's file: what `compress` puts in beside the text, and what can be read from a file again.
//!
//! In: an article's bytes, [`GistSettings`]. Out: the digits section, and with a gist the symbols section; and from a file
//! [`FileMatrices`]. The fit is that of [`super::matrices`], on a budget.

use super::matrices::{Collection, GIST_WORDS};
use crate::code::digits::{Digits, MOST_GROUPS};
use crate::code::gist::{Gist, MOST_WORDS};
use crate::code::{CodeError, Container, Kind, Tag};
use crate::data::article::ArticleError;
use crate::data::{Article, GroupSettings};
use crate::engine::EngineError;
use crate::engine::fused::article::GistDecoder;
use crate::fit::matrices::{FLAT_BITS, FittedMatrices, MatrixSettings};
use crate::latent::digits::CELLS;
use crate::latent::{DigitMatrix, Dither};
use ndarray::Array2;
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;
use thiserror::Error;

/// What a file says of the matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum MatrixMode {
    /// Nothing
    None,
    /// Each group's digits
    #[default]
    Digits,
    /// The digits, and the words that they stand for, so that they can be read without the text
    Gist,
}

impl MatrixMode {
    /// The budget of a group in bits where none is given: about 1% of a file for digits; enough to tell groups apart for a gist.
    pub fn usual_bits(self) -> f32 {
        match self {
            Self::None => 0.0,
            Self::Digits => 3.0,
            Self::Gist => 32.0,
        }
    }
}

/// How matrices get into a file.
#[derive(Clone, Debug)]
pub struct GistSettings {
    /// What is sent.
    pub mode: MatrixMode,
    /// How groups are cut.
    pub groups: GroupSettings,
    /// How they are fitted; `bits` is the budget of a group.
    pub fit: MatrixSettings,
}

impl GistSettings {
    /// The settings for a mode on a budget: a fit that is short beside the coding of the text.
    pub fn new(mode: MatrixMode, bits: Option<f32>) -> Self {
        let bits = bits.unwrap_or(mode.usual_bits());
        let fit = MatrixSettings { steps: 100, symbols_per_step: 1000, bits, ..MatrixSettings::default() };
        Self { mode, groups: GroupSettings::default(), fit }
    }
}

/// Why an article has no matrices.
#[derive(Debug, Error)]
pub enum GistError {
    /// It can't be cut into groups.
    #[error(transparent)]
    Article(#[from] ArticleError),
    /// They can't be fitted.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The sections that an article's matrices take; none where there is no text, only one group of it, or too many for a file.
/// `watch` is told the fit's steps as they are done.
///
/// # Errors
/// Where the settings leave no room to cut groups, or their engine can't be had or fails.
pub fn sections(
    content: &[u8],
    name: Option<&Path>,
    settings: &GistSettings,
    watch: impl FnMut(usize),
) -> Result<Vec<(Tag, Vec<u8>)>, GistError> {
    if settings.mode == MatrixMode::None {
        return Ok(Vec::new());
    }
    let article = Article::read(content, name, settings.groups)?;
    let fits = (2..=MOST_GROUPS as usize).contains(&article.groups.len());
    let Some(format) = article.format_number().filter(|_| fits) else { return Ok(Vec::new()) };
    let collection = Collection::new(std::slice::from_ref(&article), &settings.fit);
    let mut fitted = collection.fit(&settings.fit, watch)?;
    let GroupSettings { min_characters, max_characters } = settings.groups;
    let lengths = (min_characters as u64, max_characters as u64);
    let of = |matrices: Vec<DigitMatrix>| Digits { format, lengths, seed: settings.fit.seed, matrices };
    let budget = f64::from(settings.fit.bits) * article.groups.len() as f64;
    if settings.fit.bits < FLAT_BITS {
        fitted.shrink(|matrices| of(matrices.to_vec()).information_bits() <= budget);
    }
    let digits = of(fitted.matrices());
    let mut sections = vec![(Tag::Digits, digits.encode())];
    if settings.mode == MatrixMode::Gist {
        sections.push((Tag::Symbols, gist(&collection, &fitted, &digits).encode()));
    }
    Ok(sections)
}

/// The words that the digits of at least one group speak of.
fn gist(collection: &Collection, fitted: &FittedMatrices, digits: &Digits) -> Gist {
    let is_readable = |symbol| collection.symbols.readable(symbol).is_some();
    let speaking = digits.speaking();
    let dither = Dither::new(digits.seed);
    let of_matrix = |matrix: &DigitMatrix| fitted.decoder.says(&matrix.decode(&dither), GIST_WORDS, is_readable);
    let mut symbols: Vec<u32> = digits.matrices.iter().flat_map(of_matrix).collect();
    symbols.sort_unstable();
    symbols.dedup();
    symbols.truncate(MOST_WORDS);
    let latent =
        |&cell: &usize| symbols.iter().map(|&symbol| fitted.decoder.symbols[(symbol as usize, cell)]).collect();
    Gist {
        words: symbols.iter().filter_map(|&symbol| collection.symbols.readable(symbol)).collect(),
        background: symbols.iter().map(|&symbol| fitted.decoder.background[symbol as usize]).collect(),
        latents: speaking.iter().map(latent).collect(),
    }
}

/// What a file says of its matrices, without the text.
pub struct FileMatrices {
    /// The digits.
    pub digits: Digits,
    gist: Option<Gist>,
}

impl FileMatrices {
    /// Reads them; nothing from a file without matrices.
    ///
    /// # Errors
    /// [`CodeError`], where the file is wrong, or holds a puzzle.
    pub fn read(file: &[u8]) -> Result<Option<Self>, CodeError> {
        let container = Container::parse(file)?;
        container.expect_kind(Kind::Article)?;
        let Some(section) = container.section(Tag::Digits) else { return Ok(None) };
        let digits = Digits::decode(section)?;
        let speaking = digits.speaking().len();
        let gist = container.section(Tag::Symbols).map(|section| Gist::decode(section, speaking)).transpose()?;
        Ok(Some(Self { digits, gist }))
    }

    /// The groups of the file's text, if this version cuts it as the one did that wrote the file.
    pub fn groups(&self, content: &[u8]) -> Option<Article> {
        let Digits { format, lengths: (least, most), matrices, .. } = &self.digits;
        let settings = GroupSettings { min_characters: *least as usize, max_characters: *most as usize };
        let article = Article::read_as(content, *format, settings).ok()?;
        (article.groups.len() == matrices.len()).then_some(article)
    }

    /// The words that each group's digits speak of, best first; nothing where the file has no gist.
    pub fn words(&self) -> Option<Vec<Vec<&str>>> {
        let gist = self.gist.as_ref()?;
        let speaking = self.digits.speaking();
        let symbols =
            Array2::from_shape_fn((gist.words.len(), speaking.len()), |(word, cell)| gist.latents[cell][word]);
        let decoder = GistDecoder { symbols, background: gist.background.clone() };
        let dither = Dither::new(self.digits.seed);
        let of_matrix = |matrix: &DigitMatrix| {
            let centres: [f32; CELLS] = matrix.decode(&dither);
            let centres: Vec<f32> = speaking.iter().map(|&cell| centres[cell]).collect();
            let said = decoder.says(&centres, GIST_WORDS, |_| true);
            said.into_iter().map(|word| gist.words[word as usize].as_str()).collect()
        };
        Some(self.digits.matrices.iter().map(of_matrix).collect())
    }

    /// The groups nearest to each by digits, nearest first, with their distances: at most `most`. Every pair is compared, on
    /// all threads: 10,000 groups take about a second, and ten times as many a hundred times as long.
    pub fn nearest(&self, most: usize) -> Vec<Vec<(usize, u32)>> {
        let matrices = &self.digits.matrices;
        let of_group = |(group, matrix): (usize, &DigitMatrix)| {
            let mut near: Vec<(u32, usize, usize)> = Vec::with_capacity(most + 1);
            for (other, digits) in matrices.iter().enumerate().filter(|&(other, _)| other != group) {
                let one = (matrix.digit_distance(digits), other.abs_diff(group), other);
                if near.len() < most || near.last().is_some_and(|last| one < *last) {
                    near.insert(near.partition_point(|nearer| *nearer < one), one);
                    near.truncate(most);
                }
            }
            near.into_iter().map(|(distance, _, other)| (other, distance)).collect()
        };
        matrices.par_iter().enumerate().map(of_group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Rabbits\n\nThe white rabbit ran down the hole and Alice ran after the rabbit, down the deep hole, \
        until the rabbit was gone and Alice sat at the bottom.\n\n# Hearts\n\nThe queen of hearts shouted off with her head, \
        and off with his head, at the croquet ground, where the queen played croquet with the king of hearts.\n\n# Pictures\n\n\
        Compression of images by wavelets and by fractals: a fractal image is compressed by its own parts, and a wavelet \
        transforms the image into parts of all sizes.\n";

    fn file(mode: MatrixMode, bits: f32) -> Vec<u8> {
        let sections = sections(TEXT.as_bytes(), None, &GistSettings::new(mode, Some(bits)), |_| ()).unwrap();
        sections.into_iter().fold(Container::new(Kind::Article), |file, (tag, bytes)| file.with(tag, bytes)).to_bytes()
    }

    #[test]
    fn matrices_are_read_without_the_text_and_keep_to_the_budget() {
        for bits in [6.0f32, 40.0, 332.0] {
            let read = FileMatrices::read(&file(MatrixMode::Gist, bits)).unwrap().unwrap();
            assert_eq!(read.digits.matrices.len(), read.groups(TEXT.as_bytes()).unwrap().groups.len());
            assert!(read.digits.information_bits() <= f64::from(bits) * read.digits.matrices.len() as f64);
        }
        let read = FileMatrices::read(&file(MatrixMode::Gist, 332.0)).unwrap().unwrap();
        let words = read.words().unwrap();
        assert!(words[0].contains(&"rabbit"), "{words:?}");
        assert!(words.last().unwrap().iter().any(|word| ["image", "images", "wavelet"].contains(word)), "{words:?}");
        assert!(read.nearest(2).iter().all(|near| near.len() == 2));
    }

    #[test]
    fn the_nearest_are_those_that_sorting_all_gives() {
        let matrix =
            |group: usize| DigitMatrix::from_cells([group * group % 7; CELLS].map(|digit| digit as u8)).unwrap();
        let matrices: Vec<DigitMatrix> = (0..40).map(matrix).collect();
        let digits = Digits { format: 0, lengths: (100, 200), seed: 0, matrices: matrices.clone() };
        for (group, near) in (FileMatrices { digits, gist: None }).nearest(5).into_iter().enumerate() {
            let mut all: Vec<usize> = (0..40).filter(|&other| other != group).collect();
            let distance = |other: usize| matrices[group].digit_distance(&matrices[other]);
            all.sort_by_key(|&other| (distance(other), other.abs_diff(group), other));
            let expected: Vec<(usize, u32)> = all[..5].iter().map(|&other| (other, distance(other))).collect();
            assert_eq!(near, expected);
        }
    }

    #[test]
    fn digits_alone_have_no_words_and_no_text_has_no_digits() {
        assert!(FileMatrices::read(&file(MatrixMode::Digits, 9.0)).unwrap().unwrap().words().is_none());
        let settings = GistSettings::new(MatrixMode::Gist, None);
        for content in [&b""[..], b"\x00\x01\x02\xff", b"One group."] {
            assert!(sections(content, None, &settings, |_| ()).unwrap().is_empty());
        }
    }
}
