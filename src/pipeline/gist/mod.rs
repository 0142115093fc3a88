//! The matrices of an article's file: what `compress` puts in beside the text, and what can be read from a file again.
//!
//! In: an article's bytes, [`GistSettings`]. Out: the digits section, and with a gist the symbols section; and from a file
//! [`FileMatrices`]. The fit is that of [`super::matrices`], on a budget.

mod reading;

pub use reading::{FileMatrices, Saying, Telling, Told};

use super::collection::Collection;
use super::lossy::lossy_words;
use crate::code::Tag;
use crate::code::digits::{Digits, MOST_GROUPS};
use crate::code::gist::{Gist, MOST_PAIRS, MOST_TEXT_WORDS, MOST_WORD_BYTES, MOST_WORDS, WordPair};
use crate::data::article::LengthsError;
use crate::data::{Article, GroupSettings};
use crate::engine::EngineError;
use crate::engine::gist::GistDecoder;
use crate::fit::matrices::{FLAT_BITS, FittedMatrices, MatrixSettings};
use crate::latent::digits::CELLS;
use crate::latent::{DigitMatrix, Dither};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use thiserror::Error;

/// What a file says of the matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
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
    /// The settings for a mode on a budget.
    pub fn new(mode: MatrixMode, bits: Option<f32>) -> Self {
        let bits = bits.unwrap_or(mode.usual_bits());
        let fit = MatrixSettings { bits, ..MatrixSettings::default() };
        Self { mode, groups: GroupSettings::default(), fit }
    }
}

/// Why an article has no matrices.
#[derive(Debug, Error)]
pub enum GistError {
    /// It can't be cut into groups.
    #[error(transparent)]
    Lengths(#[from] LengthsError),
    /// Whoever watched broke off.
    #[error("the fit of the matrices was broken off")]
    BrokenOff,
    /// They can't be fitted.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The sections that an article's matrices take; none where there is no text, only one group of it, or too many for a file.
/// `watch` is told the fit's steps as they are done, and may break off.
///
/// # Errors
/// Where the settings leave no room to cut groups, their engine can't be had or fails, or `watch` breaks off.
pub fn sections(
    content: &[u8],
    name: Option<&Path>,
    settings: &GistSettings,
    mut watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Vec<(Tag, Vec<u8>)>, GistError> {
    if settings.mode == MatrixMode::None {
        return Ok(Vec::new());
    }
    let article = Article::read(content, name, settings.groups)?;
    let fits = (2..=MOST_GROUPS as usize).contains(&article.groups.len());
    let Some(format) = article.format_number().filter(|_| fits) else { return Ok(Vec::new()) };
    let collection = Collection::new(std::slice::from_ref(&article), &settings.fit);
    let mut broken_off = false;
    let mut fitted = collection.fit(&settings.fit, |step| {
        let watched = watch(step);
        broken_off |= watched.is_break();
        watched
    })?;
    if broken_off {
        return Err(GistError::BrokenOff);
    }
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

/// What it takes to read the digits without the text: the words that they say of at least one group, of its title or in its lossy
/// text, and the pairs that order the latter.
fn gist(collection: &Collection, fitted: &FittedMatrices, digits: &Digits) -> Gist {
    let dither = Dither::new(digits.seed);
    let centres: Vec<[f32; CELLS]> = digits.matrices.iter().map(|matrix| matrix.decode(&dither)).collect();
    let titles = fitted.title_decoder();
    let title_words: BTreeSet<u32> = collection.title_words(&titles, &centres).into_iter().flatten().collect();

    let grammar = collection.grammar();
    let length = collection.mean_words(&grammar).first().map_or(0, |&length| length.min(MOST_TEXT_WORDS as usize));
    let background = &fitted.decoder.background;
    // By its pairs' logits a text is hardly better (results/matrix-experiments.md), and each would need its latents.
    let likelihood = |pair: u32, second: u32| background[pair as usize] - background[second as usize];
    let texts =
        lossy_words(&grammar, &fitted.decoder, &centres, |_| length, |_, pair, second| likelihood(pair, second));

    let others: BTreeSet<u32> =
        collection.keywords(&fitted.decoder, &centres).iter().chain(&texts).flatten().copied().collect();
    let others = others.difference(&title_words);
    let is_short = |symbol: &u32| collection.symbols.written(*symbol).is_some_and(|word| word.len() <= MOST_WORD_BYTES);
    let title_words: Vec<u32> = title_words.iter().copied().filter(is_short).collect();
    let others = others.copied().filter(is_short);
    let symbols: Vec<u32> = title_words.iter().copied().chain(others).take(MOST_WORDS).collect();
    let numbers: HashMap<u32, u32> = symbols.iter().copied().zip(0..).collect();
    let pair = |words: &[u32]| {
        let likelihood = likelihood(grammar.pair(words[0], words[1])?, words[1]);
        Some(((*numbers.get(&words[0])?, *numbers.get(&words[1])?), likelihood))
    };
    let pairs: BTreeMap<(u32, u32), f32> = texts.iter().flat_map(|text| text.windows(2)).filter_map(pair).collect();
    let mean = pairs.values().sum::<f32>() / pairs.len().max(1) as f32;
    let pair = |((first, second), likelihood)| WordPair { first, second, likelihood: likelihood - mean };

    // What silent cells say is the same in all groups, a part of the words' shares.
    let speaking = digits.speaking();
    let mut at_rest = centres[0];
    for &cell in &speaking {
        at_rest[cell] = 0.5;
    }
    let shares = |decoder: &GistDecoder, symbols: &[u32]| {
        let of_all = decoder.logits(&[at_rest]);
        symbols.iter().map(|&symbol| of_all[(symbol as usize, 0)]).collect()
    };
    let latent =
        |&cell: &usize| symbols.iter().map(|&symbol| fitted.decoder.symbols[(symbol as usize, cell)]).collect();
    let gains = fitted.title_gains();
    Gist {
        words: symbols.iter().filter_map(|&symbol| collection.symbols.written(symbol)).collect(),
        background: shares(&fitted.decoder, &symbols),
        latents: speaking.iter().map(latent).collect(),
        title_background: shares(&titles, &symbols[..title_words.len().min(symbols.len())]),
        title_gains: speaking.iter().map(|&cell| gains[cell]).collect(),
        text_words: length,
        pairs: pairs.into_iter().map(pair).take(MOST_PAIRS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{Container, Kind};
    use crate::go_on;

    const TEXT: &str = "# Rabbits\n\nThe white rabbit ran down the hole and Alice ran after the rabbit, down the deep hole, \
        until the rabbit was gone and Alice sat at the bottom.\n\n# Hearts\n\nThe queen of hearts shouted off with her head, \
        and off with his head, at the croquet ground, where the queen played croquet with the king of hearts.\n\n# Pictures\n\n\
        Compression of images by wavelets and by fractals: a fractal image is compressed by its own parts, and a wavelet \
        transforms the image into parts of all sizes.\n";

    fn file(mode: MatrixMode, bits: f32) -> Vec<u8> {
        let sections = sections(TEXT.as_bytes(), None, &GistSettings::new(mode, Some(bits)), go_on).unwrap();
        let text = crate::code::article::encode(TEXT.as_bytes(), crate::code::article::Effort::None);
        let file = Container::new(Kind::Article).with(Tag::Residual, text);
        sections.into_iter().fold(file, |file, (tag, bytes)| file.with(tag, bytes)).to_bytes()
    }

    #[test]
    fn matrices_are_read_without_the_text_and_keep_to_the_budget() {
        for bits in [6.0f32, 40.0, 332.0] {
            let read = FileMatrices::read(&file(MatrixMode::Gist, bits)).unwrap().unwrap();
            assert_eq!(read.digits.matrices.len(), read.groups(TEXT.as_bytes()).unwrap().groups.len());
            assert!(read.digits.information_bits() <= f64::from(bits) * read.digits.matrices.len() as f64);
        }
        let read = FileMatrices::read(&file(MatrixMode::Gist, 332.0)).unwrap().unwrap();
        let says = read.says().unwrap();
        let article = read.groups(TEXT.as_bytes()).unwrap();
        for (says, group) in says.iter().zip(&article.groups) {
            assert_eq!(says.title[0], group.title.to_lowercase(), "{says:?}");
            let text = group.text.to_lowercase();
            let said = |words: &mut dyn Iterator<Item = &str>| words.filter(|word| text.contains(word)).count();
            assert!(said(&mut says.keywords.iter().copied()) >= 9, "{says:?}");
            let words = says.text.split(' ').count();
            assert!(words > 20 && said(&mut says.text.split(' ')) > words * 9 / 10, "{says:?}");
        }
        let told = read.tell(2).part(0..says.len());
        assert!(told.iter().all(|told| told.nearest.len() == 2));
    }

    #[test]
    fn digits_alone_have_no_words_and_no_text_has_no_digits() {
        assert!(FileMatrices::read(&file(MatrixMode::Digits, 9.0)).unwrap().unwrap().says().is_none());
        let settings = GistSettings::new(MatrixMode::Gist, None);
        for content in [&b""[..], b"\x00\x01\x02\xff", b"One group."] {
            assert!(sections(content, None, &settings, go_on).unwrap().is_empty());
        }
    }
}
