//! A frame: the map from texts to digits that a library's matrices share until the next one.
//!
//! In: groups that it is fitted with, or the bytes of a frame. Out: a [`Frame`], which makes any text a matrix, always the same.

use super::LibrarySettings;
use super::probability::Probability;
use crate::data::article::{Evidence, evidence, word_keys};
use crate::fit::matrices::TextMap;
use crate::latent::centre::centre;
use crate::latent::{DigitMatrix, Dither};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;

/// A map with what its distances mean.
pub struct Frame {
    /// Counted from 1.
    pub version: u32,
    map: TextMap,
    dither: Dither,
    seed: u64,
    /// That two texts are edits of one.
    pub probability: Probability,
}

/// A group that a frame is fitted with.
#[derive(Clone, Copy)]
pub struct FrameGroup<'a> {
    /// Its article, by any number.
    pub article: i64,
    /// Its text.
    pub text: &'a str,
}

/// A text under a frame.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// Its digits.
    pub matrix: DigitMatrix,
    /// Its words.
    pub words: u32,
    /// Those that the frame doesn't know.
    pub strange_words: u32,
}

/// A frame as it is stored.
pub struct FrameParts<'a> {
    /// Counted from 1.
    pub version: u32,
    /// The map.
    pub map: Cow<'a, [u8]>,
    /// Of the dither.
    pub seed: u64,
    /// That two texts are edits of one.
    pub probability: Probability,
}

impl Encoded {
    /// Whether the frame knows a word of it.
    pub fn is_known(&self) -> bool {
        self.strange_words < self.words
    }
}

impl Frame {
    /// Fits a frame.
    pub fn fit(version: u32, groups: &[FrameGroup], settings: &LibrarySettings) -> Self {
        let texts: Vec<Vec<Evidence>> = groups.par_iter().map(|group| evidence(group.text)).collect();
        let articles = numbered(groups.iter().map(|group| group.article));
        let seed = settings.seed;
        let map = TextMap::fit(&texts, &articles, settings.article_share, seed);
        let dither = Dither::new(seed);
        let probability = Probability::fit(groups, seed, |texts| {
            texts.par_iter().map(|text| matrix_of(&map, &dither, text)).collect()
        });
        Self { version, map, dither, seed, probability }
    }

    /// Texts as digits.
    pub fn encode(&self, texts: &[&str]) -> Vec<Encoded> {
        texts.par_iter().map(|text| self.encode_one(text)).collect()
    }

    /// A text as digits.
    pub fn encode_one(&self, text: &str) -> Encoded {
        let (words, strange_words) = self.strange_words(text);
        Encoded { matrix: matrix_of(&self.map, &self.dither, text), words, strange_words }
    }

    /// Whether its digits tell what a text says: it knows half of the words and more.
    pub fn can_tell(&self, text: &str) -> bool {
        let (words, strange) = self.strange_words(text);
        words > 0 && 2 * strange <= words
    }

    /// The words of a text, and how many of them aren't known.
    fn strange_words(&self, text: &str) -> (u32, u32) {
        let words = word_keys(text);
        let strange = words.iter().filter(|&&word| !self.map.knows(word)).count();
        (words.len() as u32, strange as u32)
    }

    /// As it is stored.
    pub fn to_parts(&self) -> FrameParts<'static> {
        let (version, seed, probability) = (self.version, self.seed, self.probability);
        FrameParts { version, map: self.map.to_bytes().into(), seed, probability }
    }

    /// From what was stored.
    ///
    /// # Errors
    /// Why it can't be a frame.
    pub fn of_parts(parts: &FrameParts) -> Result<Self, String> {
        let FrameParts { version, seed, probability, .. } = *parts;
        if !(probability.at_zero.is_finite() && probability.slope > 0.0 && probability.slope.is_finite()) {
            return Err("a frame's probabilities don't fall with distance".into());
        }
        let map = TextMap::of_bytes(&parts.map)?;
        Ok(Self { version, map, dither: Dither::new(seed), seed, probability })
    }
}

fn matrix_of(map: &TextMap, dither: &Dither, text: &str) -> DigitMatrix {
    DigitMatrix::encode(&map.latent(&evidence(text)).map(centre), dither)
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
