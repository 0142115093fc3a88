//! A lossy text of each group: what its matrix says, in an order that its matrix says too.
//!
//! In: a [`Collection`] and its fit. Out: for each group as many words as its article's groups have on average, in small
//! letters. Words occur about as often as the decoder expects; the first is the one expected most, and each next one, of those
//! left, the one whose pair with the word before is the likeliest, or without such a pair the one expected most.

use super::matrices::Collection;
use crate::data::article::{SymbolKind, is_unspaced};
use crate::fit::matrices::FittedMatrices;
use crate::latent::digits::CELLS;
use ndarray::ArrayView1;
use rayon::prelude::*;
use std::collections::HashMap;

/// Groups whose logits are worked out together.
const PART: usize = 32;

/// The words and pairs among the symbols.
struct Grammar<'a> {
    names: HashMap<u32, &'a str>,
    /// The words, in order.
    words: Vec<u32>,
    /// The symbol of a word and the one after it.
    pairs: HashMap<(u32, u32), u32>,
}

impl Collection<'_> {
    /// The lossy text of each group.
    pub fn lossy_texts(&self, fitted: &FittedMatrices) -> Vec<String> {
        let grammar = Grammar::new(self);
        let lengths = self.mean_words(&grammar);
        let centres: Vec<[f32; CELLS]> = fitted.matrices().iter().map(|matrix| fitted.decode(matrix)).collect();
        let of_part = |(part, centres): (usize, &[[f32; CELLS]])| {
            let logits = fitted.decoder.logits(centres);
            let articles = &self.data.articles[part * PART..];
            let text = |(logits, &article): (_, &usize)| grammar.text(logits, lengths[article]);
            logits.columns().into_iter().zip(articles).map(text).collect::<Vec<String>>()
        };
        centres.par_chunks(PART).enumerate().map(of_part).collect::<Vec<_>>().concat()
    }

    /// The mean number of words in each article's groups.
    fn mean_words(&self, grammar: &Grammar) -> Vec<usize> {
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
    fn new(collection: &'a Collection) -> Self {
        let symbols = &collection.symbols;
        let named = || (0..symbols.len() as u32).filter_map(|symbol| Some((symbol, symbols.name(symbol)?)));
        let of_kind =
            |wanted| named().filter(move |(_, (kind, _))| *kind == wanted).map(|(symbol, (_, text))| (symbol, text));
        let names: HashMap<u32, &str> = of_kind(SymbolKind::Word).collect();
        let words: Vec<u32> = of_kind(SymbolKind::Word).map(|(symbol, _)| symbol).collect();
        let indices: HashMap<&str, u32> = of_kind(SymbolKind::Word).map(|(symbol, text)| (text, symbol)).collect();
        let pair = |(symbol, text): (u32, &str)| {
            let (first, second) = text.split_once(' ')?;
            Some(((*indices.get(first)?, *indices.get(second)?), symbol))
        };
        let pairs = of_kind(SymbolKind::Pair).filter_map(pair).collect();
        Self { names, words, pairs }
    }

    /// The text of `length` words that these logits of all symbols say.
    fn text(&self, logits: ArrayView1<f32>, length: usize) -> String {
        let mut left = self.expected(logits, length);
        let mut text = String::new();
        let mut before: Option<u32> = None;
        while !left.is_empty() {
            let following = |word: u32| before.and_then(|before| self.pairs.get(&(before, word)));
            let likelihood = |word| following(word).map_or(f32::NEG_INFINITY, |&pair| logits[pair as usize]);
            // Of equals, as all without a pair are, the first: the one expected most.
            let best = (0..left.len()).rev().max_by(|&a, &b| likelihood(left[a]).total_cmp(&likelihood(left[b])));
            let word = left.remove(best.unwrap_or(0));
            let name = self.names[&word];
            if !(text.is_empty() || (text.ends_with(is_unspaced) && name.starts_with(is_unspaced))) {
                text.push(' ');
            }
            text.push_str(name);
            before = Some(word);
        }
        text
    }

    /// The `length` words that are expected, each as often as that, those expected most first.
    fn expected(&self, logits: ArrayView1<f32>, length: usize) -> Vec<u32> {
        let highest = self.words.iter().map(|&word| logits[word as usize]).fold(f32::NEG_INFINITY, f32::max);
        let likelihoods = self.words.iter().map(|&word| (logits[word as usize] - highest).exp());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::article::{Article, GroupSettings};
    use crate::fit::matrices::MatrixSettings;

    #[test]
    fn a_lossy_text_has_its_group_s_words_in_an_order_like_its_group_s() {
        let sentence = |i: usize| {
            ["Rabbits and their gardens, hedges and carrots: plenty of everything was there in those days, number",
             "兔子和它们的花园、树篱和胡萝卜，那时候那里什么都有，兔子们都很高兴，信息压缩技术把文章拆分成多段信息组，每个信息组包括标题和片段内容，第",
             "A queen shouted loudly for heads, hearts, tarts; nobody listened except one small cook with pepper, guest"]
                [i % 3].to_owned() + &format!(" {i}{}. ", i * 37)
        };
        let text: String = (0..24).map(sentence).collect();
        let article = Article::read(text.as_bytes(), None, GroupSettings::default()).unwrap();
        let settings = MatrixSettings { steps: 100, ..MatrixSettings::default() };
        let articles = [article];
        let collection = Collection::new(&articles, &settings);
        let said = collection.lossy_texts(&collection.fit(&settings, |_| ()).unwrap());
        assert_eq!(said.len(), collection.groups.len());
        let mut bleu = crate::data::article::bleu::Bleu::default();
        let mut shifted = bleu.clone();
        for (index, (said, group)) in said.iter().zip(&collection.groups).enumerate() {
            let other = &collection.groups[(index + 1) % collection.groups.len()];
            for (bleu, meant) in [(&mut bleu, &group.text), (&mut shifted, &other.text)] {
                let meant = meant.to_lowercase();
                bleu.add(said, &meant, crate::data::article::bleu::Tokenisation::of(&meant));
            }
        }
        assert!(bleu.score() > 10.0 && bleu.score() > 3.0 * shifted.score(), "{bleu:?} {shifted:?} {said:?}");
    }
}
