//! A lossy text of a group: what its matrix says, in an order that neighbours of words say.
//!
//! In: a grammar (words and pairs) and the logits that a decoder gives. Out: so many words, in small letters. Words occur about as
//! often as the decoder expects; the first is the one expected most, and each next one, of those left, the one likeliest after the
//! word before, or without such a pair the one expected most.

use super::collection::{Collection, decoded};
use crate::data::article::{SymbolKind, is_unspaced};
use crate::engine::gist::GistDecoder;
use crate::fit::matrices::FittedMatrices;
use crate::latent::digits::CELLS;
use ndarray::ArrayView1;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Groups whose logits are worked out together.
const PART: usize = 32;

/// The words and pairs that lossy texts are made of.
pub(super) struct Grammar<'a> {
    names: HashMap<u32, &'a str>,
    /// The words' symbols, in order.
    words: Vec<u32>,
    /// The pair of a word and the one after it.
    pairs: HashMap<(u32, u32), u32>,
}

/// The texts of groups with these centres, as words, so many for each. `likelihood`, by a group's logits, of a pair and
/// its second word: how much that word is wanted.
pub(super) fn lossy_words(
    grammar: &Grammar,
    decoder: &GistDecoder,
    centres: &[[f32; CELLS]],
    length: impl Fn(usize) -> usize + Sync,
    likelihood: impl Fn(ArrayView1<f32>, u32, u32) -> f32 + Sync,
) -> Vec<Vec<u32>> {
    let of_part = |(part, centres): (usize, &[[f32; CELLS]])| {
        let logits = decoder.logits(centres);
        let groups = (PART * part..).zip(logits.columns());
        groups
            .map(|(group, logits)| grammar.text(logits, length(group), |pair, word| likelihood(logits, pair, word)))
            .collect()
    };
    centres.par_chunks(PART).enumerate().map(of_part).collect::<Vec<Vec<Vec<u32>>>>().concat()
}

impl Collection<'_> {
    /// The words and pairs among the symbols.
    pub(super) fn grammar(&self) -> Grammar<'_> {
        let named = || (0..self.symbols.len() as u32).filter_map(|symbol| Some((symbol, self.symbols.name(symbol)?)));
        let of_kind =
            |wanted| named().filter(move |(_, (kind, _))| *kind == wanted).map(|(symbol, (_, name))| (symbol, name));
        let indices: HashMap<&str, u32> = of_kind(SymbolKind::Word).map(|(symbol, name)| (name, symbol)).collect();
        let pair = |(symbol, name): (u32, &str)| {
            let (first, second) = name.split_once(' ')?;
            Some(((*indices.get(first)?, *indices.get(second)?), symbol))
        };
        Grammar::new(of_kind(SymbolKind::Word), of_kind(SymbolKind::Pair).filter_map(pair))
    }

    /// The lossy text of each group, of as many words as its article's groups have on average.
    pub fn lossy_texts(&self, fitted: &FittedMatrices) -> Vec<String> {
        let grammar = self.grammar();
        let lengths = self.mean_words(&grammar);
        let centres = decoded(fitted);
        let length = |group: usize| lengths[self.data.articles[group]];
        let texts = lossy_words(&grammar, &fitted.decoder, &centres, length, |logits, pair, _| logits[pair as usize]);
        texts.iter().map(|words| grammar.written(words)).collect()
    }

    /// The mean number of words in each article's groups.
    pub(super) fn mean_words(&self, grammar: &Grammar) -> Vec<usize> {
        let mut sums: Vec<(f32, f32)> = Vec::new();
        for (counts, &article) in self.data.counts.iter().zip(&self.data.articles) {
            if sums.len() <= article {
                sums.resize(article + 1, (0.0, 0.0));
            }
            let words = counts.iter().filter(|(symbol, _)| grammar.names.contains_key(symbol));
            sums[article].0 += words.map(|(_, count)| count).sum::<f32>();
            sums[article].1 += 1.0;
        }
        sums.iter().map(|(words, groups)| (words / groups).round() as usize).collect()
    }
}

impl<'a> Grammar<'a> {
    /// Words by symbol, in order, and numbers of pairs by the symbols of both words.
    pub fn new(
        words: impl Iterator<Item = (u32, &'a str)> + Clone,
        pairs: impl Iterator<Item = ((u32, u32), u32)>,
    ) -> Self {
        Self {
            words: words.clone().map(|(symbol, _)| symbol).collect(),
            names: words.collect(),
            pairs: pairs.collect(),
        }
    }

    /// The pair of two words, if there is one.
    pub fn pair(&self, first: u32, second: u32) -> Option<u32> {
        self.pairs.get(&(first, second)).copied()
    }

    /// The text of `length` words that these logits of all symbols say.
    fn text(&self, logits: ArrayView1<f32>, length: usize, likelihood: impl Fn(u32, u32) -> f32) -> Vec<u32> {
        let expected = self.expected(logits, length);
        let mut text: Vec<u32> = Vec::with_capacity(expected.len());
        // Each word once, with its places among the expected, the last first.
        let mut places: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, &word) in expected.iter().enumerate().rev() {
            places.entry(word).or_default().push(place);
        }
        let mut left: Vec<(u32, Vec<usize>)> = places.into_iter().collect();
        while !left.is_empty() {
            let after_last = |word: u32| {
                let pair = text.last().and_then(|&before| self.pair(before, word));
                pair.map_or(f32::NEG_INFINITY, |pair| likelihood(pair, word))
            };
            let keys = left.iter().map(|(word, places)| (after_last(*word), places.last()));
            // Of equals, as all without a pair are, the first: the one expected most.
            let best = keys.enumerate().min_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let best = best.map_or(0, |(index, _)| index);
            text.push(left[best].0);
            left[best].1.pop();
            if left[best].1.is_empty() {
                left.swap_remove(best);
            }
        }
        text
    }

    /// Words as a text: with spaces between them but where the script has none.
    pub fn written(&self, words: &[u32]) -> String {
        let mut text = String::new();
        for word in words {
            let name = self.names[word];
            if !(text.is_empty() || (text.ends_with(is_unspaced) && name.starts_with(is_unspaced))) {
                text.push(' ');
            }
            text.push_str(name);
        }
        text
    }

    /// The `length` words that are expected, each as often as that, those expected most first.
    fn expected(&self, logits: ArrayView1<f32>, length: usize) -> Vec<u32> {
        let highest = self.words.iter().map(|&word| logits[word as usize]).fold(f32::NEG_INFINITY, f32::max);
        let likelihoods = self.words.iter().map(|&word| libm::expf(logits[word as usize] - highest));
        let scale = length as f32 / likelihoods.clone().sum::<f32>();
        let mut expected: Vec<(f32, u32)> =
            likelihoods.map(|likelihood| scale * likelihood).zip(self.words.iter().copied()).collect();
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        // No word beyond the first `length` can be among the `length` taken.
        if length < expected.len() {
            expected.select_nth_unstable_by(length, order);
            expected.truncate(length);
        }
        // The n-th time a word is taken, n − 1 of what is expected of it is used up.
        let times = |(expected, word): (f32, u32)| {
            (0..length).map(move |taken| (expected - taken as f32, word)).take_while(|&(rest, _)| rest > 0.0)
        };
        let mut taken: Vec<(f32, u32)> = expected.into_iter().flat_map(times).collect();
        taken.sort_unstable_by(order);
        taken.into_iter().take(length).map(|(_, word)| word).collect()
    }
}
