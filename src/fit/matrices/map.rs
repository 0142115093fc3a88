//! The one map from a text to its latent: whoever asks, stores or compares a text reads it by this.
//!
//! In: the [`Evidence`] of the groups that it is fitted with, and their articles. Out: a [`TextMap`], which makes any text's evidence a
//! latent. It is linear in the evidence, weighed by how rare each symbol is and at length 1: the ridge regression from the
//! groups to codes drawn at random, one for each group and a part for its article. Among all linear maps this one tells the groups it was fitted
//! with apart best for the least that a change of a word may do, so that an edited text stays near its original. Words that no
//! group has get a random direction of their own. The latent is then brought to one length, and so depends on what a text says and not on how
//! much of it is known.
//!
//! A file's few cells have to tell words, so there the regression goes to latents that were fitted with a decoder instead of to random codes, and
//! latents keep their lengths, which tell something, too.
//!
//! Sums have one order, logarithms are our own, and codes are uniform: the same text has the same latent on every machine, for
//! any number of threads, alone or among others.

use crate::data::article::{Evidence, SymbolKind};
use crate::latent::digits::CELLS;
use crate::rng::{self, Purpose};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The ridge: what is added to the groups' similarities with themselves, which are 1 (results/one-map.md).
const RIDGE: f64 = 3.0;

/// The ridge to latents that were fitted: so little that groups get nearly these, and like ones still share.
const LATENTS_RIDGE: f64 = 0.1;

/// What a cell's latent deviates by. With 1, digits would be uniform; with 1.8 more of them are at the ends, where a change of a
/// word moves them less often.
const DEVIATION: f32 = 1.8;

/// Most groups that a map is fitted with, evenly from all: the time grows with the third power of this.
const MOST_GROUPS: usize = 2000;

/// What a word that no group has counts against one that some have.
const STRANGE_WEIGHT: f32 = 0.15;

/// Half the width of the uniform distribution of variance 1.
const HALF_UNIT: f32 = 1.732_050_8;

/// A fitted map.
#[derive(Clone, Debug, PartialEq)]
pub struct TextMap {
    /// The symbols that groups have, by their keys, in order.
    keys: Vec<u64>,
    /// Where each symbol's entries start; one more than there are symbols.
    starts: Vec<u32>,
    /// The groups that have a symbol, and its weight there.
    entries: Vec<(u32, f32)>,
    /// What each group adds to the latent for each part of it that a text shares, (group, cell).
    codes: Array2<f32>,
    /// What latents are brought to, as the root of their mean square; 0 where they keep their lengths.
    deviation: f32,
}

/// Why numbers are no map.
const NO_MAP: &str = "the numbers of a map don't fit each other";

impl TextMap {
    /// Fits a map with groups of these evidences and articles. Of a latent's variance the `article_share` is the article's; the rest is
    /// the group's own.
    pub fn fit(groups: &[Vec<Evidence>], articles: &[usize], article_share: f32, seed: u64) -> Self {
        let (groups, articles) = (evenly(groups), evenly(articles));
        let groups: Vec<&[Evidence]> = groups.map(Vec::as_slice).collect();
        let targets = codes(&articles.copied().collect::<Vec<_>>(), article_share, seed);
        let mut map = Self::towards(&groups, targets, RIDGE);
        let latents: Vec<[f32; CELLS]> = groups.par_iter().map(|group| map.raw(group)).collect();
        map.standardise(&latents);
        map.deviation = DEVIATION;
        map
    }

    /// Fits a map that gives groups of these evidences nearly the `latents` that they have, (group, cell).
    pub fn to_latents(groups: &[Vec<Evidence>], latents: &Array2<f32>) -> Self {
        let rows: Vec<usize> = (0..groups.len()).collect();
        let rows: Vec<usize> = evenly(&rows).copied().collect();
        let taken: Vec<&[Evidence]> = rows.iter().map(|&row| groups[row].as_slice()).collect();
        let target = |(row, cell)| latents.get((rows[row], cell)).map_or(0.0, |&coordinate| f64::from(coordinate));
        Self::towards(&taken, Array2::from_shape_fn((rows.len(), CELLS), target), LATENTS_RIDGE)
    }

    /// The ridge regression from groups to `targets`, (group, cell).
    fn towards(groups: &[&[Evidence]], targets: Array2<f64>, ridge: f64) -> Self {
        let mut map = Self::of_symbols(groups);
        let mut weights = targets;
        solve(&mut map.similarities(ridge), &mut weights);
        map.codes = weights.mapv(|weight| weight as f32);
        map
    }

    /// The symbols of groups at their weights, without codes.
    fn of_symbols(groups: &[&[Evidence]]) -> Self {
        let mut all: Vec<(u64, u32, f32)> = Vec::new();
        for (group, evidence) in (0..).zip(groups) {
            all.extend(evidence.iter().map(|one| (one.key, group, one.weight)));
        }
        all.sort_unstable_by_key(|&(key, group, _)| (key, group));
        let mut map = Self {
            keys: Vec::new(),
            starts: vec![0],
            entries: Vec::with_capacity(all.len()),
            codes: Array2::zeros((groups.len(), CELLS)),
            deviation: 0.0,
        };
        for symbol in all.chunk_by(|a, b| a.0 == b.0) {
            map.keys.push(symbol[0].0);
            map.entries.extend(symbol.iter().map(|&(_, group, weight)| (group, weight)));
            map.starts.push(map.entries.len() as u32);
        }
        let lengths: Vec<f32> = groups.iter().map(|group| map.length(group)).collect();
        for symbol in 0..map.keys.len() {
            let rarity = map.rarity(Some(symbol));
            for entry in map.starts[symbol] as usize..map.starts[symbol + 1] as usize {
                let (group, weight) = map.entries[entry];
                map.entries[entry].1 = weight * rarity / lengths[group as usize];
            }
        }
        map
    }

    /// The symbol of a key.
    fn symbol(&self, key: u64) -> Option<usize> {
        self.keys.binary_search(&key).ok()
    }

    /// The groups that have a symbol.
    fn groups_of(&self, symbol: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[symbol] as usize..self.starts[symbol + 1] as usize]
    }

    /// How rare a symbol is: the logarithm of all groups over those that have it, none for a strange one.
    fn rarity(&self, symbol: Option<usize>) -> f32 {
        let having = symbol.map_or(0.5, |symbol| self.groups_of(symbol).len() as f32);
        libm::logf((self.codes.nrows() as f32 + 1.0) / (having + 0.5))
    }

    /// What of a text's evidence counts, with its symbol if that is known, and how much.
    fn weighed<'a>(&'a self, text: &'a [Evidence]) -> impl Iterator<Item = (&'a Evidence, Option<usize>, f32)> {
        text.iter().filter_map(|one| {
            let symbol = self.symbol(one.key);
            let counts = symbol.is_some() || matches!(one.kind, SymbolKind::Word | SymbolKind::Piece);
            counts.then(|| (one, symbol, one.weight * self.rarity(symbol)))
        })
    }

    /// The length of a text's weighed evidence.
    fn length(&self, text: &[Evidence]) -> f32 {
        self.weighed(text).map(|(_, _, weight)| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
    }

    /// How much each two groups share, with the ridge, (group, group), below and on the diagonal.
    fn similarities(&self, ridge: f64) -> Array2<f64> {
        let count = self.codes.nrows();
        let mut similarities = Array2::zeros((count, count));
        for symbol in 0..self.keys.len() {
            let groups = self.groups_of(symbol);
            for (index, &(a, weight)) in groups.iter().enumerate() {
                for &(b, other) in &groups[..=index] {
                    similarities[(a as usize, b as usize)] += f64::from(weight) * f64::from(other);
                }
            }
        }
        for group in 0..count {
            similarities[(group, group)] += ridge;
        }
        similarities
    }

    /// A text's latent at the length that it comes to.
    fn raw(&self, text: &[Evidence]) -> [f32; CELLS] {
        let length = self.length(text);
        let mut shared = vec![0.0f32; self.codes.nrows()];
        let mut latent = [0.0f32; CELLS];
        for (one, symbol, weight) in self.weighed(text) {
            let weight = weight / length;
            if let Some(symbol) = symbol {
                for &(group, other) in self.groups_of(symbol) {
                    shared[group as usize] += weight * other;
                }
            } else {
                let mut stream = ChaCha8Rng::seed_from_u64(one.key);
                for cell in &mut latent {
                    *cell += STRANGE_WEIGHT * weight * stream.random_range(-HALF_UNIT..HALF_UNIT);
                }
            }
        }
        for (shared, code) in shared.iter().zip(self.codes.rows()).filter(|(shared, _)| **shared != 0.0) {
            for (cell, code) in latent.iter_mut().zip(code) {
                *cell += shared * code;
            }
        }
        latent
    }

    /// Brings the groups' latents to a mean square of 1 in each cell.
    fn standardise(&mut self, latents: &[[f32; CELLS]]) {
        for cell in 0..CELLS {
            let square = latents.iter().map(|latent| latent[cell] * latent[cell]).sum::<f32>() / latents.len() as f32;
            if square > 0.0 {
                let deviation = square.sqrt();
                self.codes.column_mut(cell).mapv_inplace(|code| code / deviation);
            }
        }
    }

    /// The latent of a text; at the prior's middle where nothing of it counts.
    pub fn latent(&self, text: &[Evidence]) -> [f32; CELLS] {
        if self.weighed(text).next().is_none() {
            return [0.0; CELLS];
        }
        let raw = self.raw(text);
        if self.deviation == 0.0 {
            return raw;
        }
        let square = raw.iter().map(|cell| cell * cell).sum::<f32>() / CELLS as f32;
        let scale = self.deviation / square.sqrt().max(f32::MIN_POSITIVE);
        raw.map(|cell| scale * cell)
    }

    /// The latents of texts, (text, cell).
    pub fn latents(&self, texts: &[Vec<Evidence>]) -> Array2<f32> {
        let rows: Vec<[f32; CELLS]> = texts.par_iter().map(|text| self.latent(text)).collect();
        Array2::from_shape_fn((texts.len(), CELLS), |(text, cell)| rows[text][cell])
    }

    /// Whether some group has the symbol of this key.
    pub fn knows(&self, key: u64) -> bool {
        self.symbol(key).is_some()
    }

    /// As bytes: three counts, the deviation, then all other numbers, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let counts = [self.keys.len(), self.entries.len(), self.codes.nrows()].map(|count| count as u32);
        let mut bytes: Vec<u8> = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        bytes.extend(self.deviation.to_le_bytes());
        bytes.extend(self.keys.iter().flat_map(|key| key.to_le_bytes()));
        bytes.extend(self.starts.iter().flat_map(|start| start.to_le_bytes()));
        bytes.extend(self.entries.iter().flat_map(|(group, _)| group.to_le_bytes()));
        let weights = self.entries.iter().map(|(_, weight)| weight);
        let numbers = weights.chain(&self.codes);
        bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
        bytes
    }

    /// From [`TextMap::to_bytes`].
    ///
    /// # Errors
    /// Why they are no map.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let (words, rest) = bytes.as_chunks::<4>();
        let [symbols, entries, groups, deviation] = *words.first_chunk::<4>().ok_or(NO_MAP)?;
        let deviation = f32::from_le_bytes(deviation);
        let [symbols, entries, groups] = [symbols, entries, groups].map(|count| u32::from_le_bytes(count) as usize);
        let expected = 4 + 3 * symbols + 1 + 2 * entries + CELLS * groups;
        if words.len() != expected || !rest.is_empty() {
            return Err(NO_MAP);
        }
        let (keys, words) = words[4..].split_at(2 * symbols);
        let (starts, words) = words.split_at(symbols + 1);
        let (of_groups, words) = words.split_at(entries);
        let (weights, codes) = words.split_at(entries);
        let (whole, number) = (|&word: &[u8; 4]| u32::from_le_bytes(word), |&word: &[u8; 4]| f32::from_le_bytes(word));
        let keys: Vec<u64> = keys.as_chunks::<2>().0.iter().map(|&[low, high]| key_of(low, high)).collect();
        let starts: Vec<u32> = starts.iter().map(whole).collect();
        let within = starts.first() == Some(&0) && starts.last().is_some_and(|&last| last as usize == entries);
        let entries: Vec<(u32, f32)> = of_groups.iter().map(whole).zip(weights.iter().map(number)).collect();
        let codes: Vec<f32> = codes.iter().map(number).collect();
        let ordered = keys.is_sorted() && starts.is_sorted();
        let are_entries = entries.iter().all(|&(group, weight)| (group as usize) < groups && weight.is_finite());
        let is_deviation = deviation.is_finite() && deviation >= 0.0;
        if !(ordered && within && are_entries && is_deviation && codes.iter().all(|code| code.is_finite())) {
            return Err(NO_MAP);
        }
        let codes = Array2::from_shape_vec((groups, CELLS), codes).map_err(|_| NO_MAP)?;
        Ok(Self { keys, starts, entries, codes, deviation })
    }
}

/// At most `MOST_GROUPS` of all, evenly.
pub fn evenly<T>(all: &[T]) -> impl Iterator<Item = &T> {
    let taken = all.len().min(MOST_GROUPS);
    (0..taken).map(move |index| &all[index * all.len() / taken])
}

fn key_of(low: [u8; 4], high: [u8; 4]) -> u64 {
    u64::from(u32::from_le_bytes(low)) | u64::from(u32::from_le_bytes(high)) << 32
}

/// A code for each group of which `article_share` is its article's, of mean 0 and variance 1, (group, cell).
fn codes(articles: &[usize], article_share: f32, seed: u64) -> Array2<f64> {
    let last = articles.iter().max().map_or(0, |&last| last + 1);
    let draw = |count, index| {
        let mut stream = rng::stream(seed, Purpose::Initial, index);
        Array2::from_shape_fn((count, CELLS), |_| f64::from(stream.random_range(-HALF_UNIT..HALF_UNIT)))
    };
    let (own, of_articles): (Array2<f64>, Array2<f64>) = (draw(articles.len(), 7), draw(last, 8));
    let share = f64::from(article_share);
    let mut codes = Array2::from_shape_fn(own.raw_dim(), |(group, cell)| {
        (1.0 - share).sqrt() * own[(group, cell)] + share.sqrt() * of_articles[(articles[group], cell)]
    });
    // About 0, or what most groups share would draw all texts to where the largest article is. One group alone stays where it is.
    if codes.nrows() > 1 {
        let means = codes.rows().into_iter().fold(Array1::zeros(CELLS), |sum, code| sum + code) / codes.nrows() as f64;
        codes -= &means;
    }
    codes
}

/// Numbers that are added up side by side.
const LANES: usize = 8;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// Solves matrix · X = right sides by Cholesky's decomposition, in place: `sides` becomes X, (row, column). `matrix` is positive definite and
/// read below and on its diagonal.
fn solve(matrix: &mut Array2<f64>, sides: &mut Array2<f64>) {
    let count = matrix.nrows();
    // Rows are contiguous, so that both sums go along them.
    let Some(all) = matrix.as_slice_mut() else { return };
    for row in 0..count {
        let (above, own) = all.split_at_mut(row * count);
        for column in 0..row {
            let other = &above[column * count..column * count + column];
            own[column] = (own[column] - dot(&own[..column], other)) / above[column * count + column];
        }
        own[row] = (own[row] - dot(&own[..row], &own[..row])).sqrt();
    }
    // The right sides' columns as rows, too.
    let mut columns: Vec<Vec<f64>> = sides.columns().into_iter().map(|column| column.to_vec()).collect();
    columns.par_iter_mut().for_each(|column| {
        for row in 0..count {
            let known = dot(&all[row * count..row * count + row], &column[..row]);
            column[row] = (column[row] - known) / all[row * count + row];
        }
        for row in (0..count).rev() {
            column[row] /= all[row * count + row];
            let value = column[row];
            for (before, factor) in column[..row].iter_mut().zip(&all[row * count..]) {
                *before -= value * factor;
            }
        }
    });
    for (mut side, column) in sides.columns_mut().into_iter().zip(columns) {
        side.iter_mut().zip(column).for_each(|(cell, value)| *cell = value);
    }
}

#[cfg(test)]
mod tests;
