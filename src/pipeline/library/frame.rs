//! A frame: the decoder that all matrices of a library share until the next one, with the symbols it knows.
//!
//! In: groups that are fitted jointly, or the bytes of a frame. Out: a [`Frame`], which makes any text a matrix, always the same.

use super::LibrarySettings;
use crate::data::article::{Counts, SymbolKind, Symbols};
use crate::engine::EngineError;
use crate::engine::gist::GistDecoder;
use crate::fit::matrices::encode::{EncodeSettings, encode, log_normalisers};
use crate::fit::matrices::{self, GroupData, Memory, QuerySettings};
use crate::latent::digits::CELLS;
use crate::latent::{DigitMatrix, Dither};
use ndarray::Array2;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::ControlFlow;

/// A shared decoder.
pub struct Frame {
    /// Counted from 1.
    pub version: u32,
    symbols: Symbols,
    decoder: GistDecoder,
    dither: Dither,
    seed: u64,
    overlap_weight: f32,
}

/// A group that a frame is fitted with.
#[derive(Clone, Copy)]
pub struct FrameGroup<'a> {
    /// Its article, by any number.
    pub article: i64,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// A text under a frame.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// Its digits.
    pub matrix: DigitMatrix,
    /// The logarithm of the decoder's normaliser at the digits, in nats.
    pub log_normaliser: f32,
    /// Its words.
    pub words: u32,
    /// Those that the frame doesn't know.
    pub strange_words: u32,
}

/// A frame as it is stored.
pub struct FrameParts {
    /// Counted from 1.
    pub version: u32,
    /// A line a symbol: a letter for the kind, the text.
    pub names: String,
    /// Latents, (symbol, cell), then the background, all as 32-bit little-endian floats.
    pub decoder: Vec<u8>,
    /// Of the dither.
    pub seed: u64,
    /// What symbols count that aren't words.
    pub overlap_weight: f32,
}

impl Encoded {
    /// Whether the frame knows a word of it.
    pub fn is_known(&self) -> bool {
        self.strange_words < self.words
    }
}

const KINDS: [(SymbolKind, char); 4] =
    [(SymbolKind::Word, 'w'), (SymbolKind::Pair, 'p'), (SymbolKind::Piece, 'l'), (SymbolKind::Marks, 'm')];

impl Frame {
    /// Fits a frame. `watch` hears of each step done.
    ///
    /// # Errors
    /// Where the settings' engine can't be had or fails.
    pub fn fit(
        version: u32,
        groups: &[FrameGroup],
        settings: &LibrarySettings,
        watch: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        let fit = &settings.fit;
        let texts = groups.iter().map(|group| group.text);
        let (found, counts) = Symbols::gather(texts.clone(), fit.overlap_weight);
        let symbols = most_frequent(&found, &counts, settings.symbols, fit.overlap_weight);
        let data = GroupData {
            counts: texts.map(|text| symbols.count(text)).collect(),
            title_counts: groups.iter().map(|group| symbols.count(group.title)).collect(),
            articles: numbered(groups.iter().map(|group| group.article)),
            titles: numbered(groups.iter().map(|group| (group.article, group.title))),
        };
        let fitted = matrices::fit(&data, symbols.len(), fit, watch)?;
        let (seed, overlap_weight) = (fit.seed, fit.overlap_weight);
        Ok(Self { version, symbols, decoder: fitted.decoder, dither: fitted.dither, seed, overlap_weight })
    }

    /// Texts as digits.
    pub fn encode(&self, texts: &[&str]) -> Vec<Encoded> {
        let counts: Vec<Counts> = texts.par_iter().map(|text| self.symbols.count(text)).collect();
        let centres = encode(&self.decoder, &counts, &EncodeSettings::default());
        let matrices: Vec<DigitMatrix> =
            centres.iter().map(|centres| DigitMatrix::encode(centres, &self.dither)).collect();
        let decoded: Vec<[f32; CELLS]> = matrices.iter().map(|matrix| matrix.decode(&self.dither)).collect();
        let normalisers = log_normalisers(&self.decoder, &decoded);
        let encoded = texts.par_iter().zip(matrices).zip(normalisers).map(|((text, matrix), log_normaliser)| {
            let (words, strange_words) = self.symbols.strange_words(text);
            Encoded { matrix, log_normaliser, words, strange_words }
        });
        encoded.collect()
    }

    /// What the `known` groups, digits and normalisers, make of a text: digits between theirs, by how well each tells it.
    pub fn recall(&self, text: &str, known: &[(DigitMatrix, f32)]) -> DigitMatrix {
        let centres = known.iter().map(|(matrix, _)| matrix.decode(&self.dither)).collect();
        let normalisers = known.iter().map(|&(_, normaliser)| normaliser).collect();
        let memory = Memory::of_known(self.decoder.clone(), centres, normalisers, QuerySettings::default());
        DigitMatrix::encode(&memory.recall(&self.symbols.count_as_evidence(text)).centres, &self.dither)
    }

    /// Whether its digits tell what a text says: it knows half of the words and more. Digits of texts that it knows little of are
    /// all alike.
    pub fn can_tell(&self, text: &str) -> bool {
        let (words, strange) = self.symbols.strange_words(text);
        words > 0 && 2 * strange <= words
    }

    /// How many symbols it knows.
    pub fn symbol_count(&self) -> usize {
        self.symbols.len()
    }

    /// As it is stored.
    pub fn to_parts(&self) -> FrameParts {
        let mut names = String::new();
        for (kind, name) in (0..self.symbols.len() as u32).filter_map(|symbol| self.symbols.name(symbol)) {
            let letter = KINDS.iter().find(|(other, _)| *other == kind).map_or('w', |&(_, letter)| letter);
            // Writing to a string can't fail.
            let _ = writeln!(names, "{letter}{name}");
        }
        let numbers = self.decoder.symbols.iter().chain(&self.decoder.background);
        let decoder = numbers.flat_map(|number| number.to_le_bytes()).collect();
        let (version, seed, overlap_weight) = (self.version, self.seed, self.overlap_weight);
        FrameParts { version, names, decoder, seed, overlap_weight }
    }

    /// From what was stored.
    ///
    /// # Errors
    /// Why it can't be a frame.
    pub fn of_parts(parts: &FrameParts) -> Result<Self, String> {
        let mut names = Vec::new();
        for line in parts.names.split_terminator('\n') {
            let mut characters = line.chars();
            let letter = characters.next();
            let kind = KINDS.iter().find(|&&(_, of)| Some(of) == letter).map(|&(kind, _)| kind);
            names.push((kind.ok_or("a symbol of a frame has no kind")?, characters.as_str().to_owned()));
        }
        let mut numbers: Vec<f32> =
            parts.decoder.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        let count = names.len();
        if parts.decoder.len() != 4 * (CELLS + 1) * count || !numbers.iter().all(|number| number.is_finite()) {
            return Err("a frame's decoder doesn't fit its symbols".into());
        }
        let background = numbers.split_off(CELLS * count);
        let latents = Array2::from_shape_vec((count, CELLS), numbers).map_err(|error| error.to_string())?;
        Ok(Self {
            version: parts.version,
            symbols: Symbols::of_names(names, parts.overlap_weight),
            decoder: GistDecoder { symbols: latents, background },
            dither: Dither::new(parts.seed),
            seed: parts.seed,
            overlap_weight: parts.overlap_weight,
        })
    }
}

/// The symbols that stand in most groups; of equals words first, then the earliest.
fn most_frequent(found: &Symbols, counts: &[Counts], most: usize, overlap_weight: f32) -> Symbols {
    let mut groups = vec![0u32; found.len()];
    for &(symbol, _) in counts.iter().flatten() {
        groups[symbol as usize] += 1;
    }
    let name = |symbol: u32| found.name(symbol).map(|(kind, name)| (kind, name.to_owned()));
    let mut order: Vec<u32> = (0..found.len() as u32).collect();
    order.sort_by_key(|&symbol| (Reverse(groups[symbol as usize]), found.name(symbol).map(|(kind, _)| kind), symbol));
    order.truncate(most);
    Symbols::of_names(order.into_iter().filter_map(name).collect(), overlap_weight)
}

/// Numbers from 0 without gaps, the same for the same key.
fn numbered<K: std::hash::Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<usize> {
    let mut known = HashMap::new();
    keys.map(|key| {
        let next = known.len();
        *known.entry(key).or_insert(next)
    })
    .collect()
}
