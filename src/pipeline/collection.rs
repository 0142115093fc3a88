//! The groups of articles to digit matrices: their symbols, then a joint fit.
//!
//! In: articles, [`MatrixSettings`]. Out: a [`Collection`] (what there is to fit) and the matrices of its groups.
//! [`matrices`](super::matrices) does it all for one article.

use crate::data::article::{Article, Group, Symbols, evidence};
use crate::engine::EngineError;
use crate::engine::gist::GistDecoder;
use crate::fit::matrices::{FittedMatrices, GroupData, MatrixSettings, centres_of_vectors};
use crate::latent::digits::CELLS;
use crate::latent::{DigitMatrix, Dither};
use ndarray::Array2;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

/// Words of a gist: about as many as a fragment of 100 characters has that tell something.
pub(super) const KEYWORDS: usize = 10;

/// Those of a title's: half of its usual length.
pub(super) const TITLE_WORDS: usize = 3;

/// The groups of one or several articles, and the symbols in them.
pub struct Collection<'a> {
    /// All groups, article by article.
    pub groups: Vec<&'a Group>,
    /// Their symbols.
    pub symbols: Symbols,
    /// Their counts, articles and titles.
    pub data: GroupData,
}

/// The matrices of vectors that a user brings, (group, dimension), by the channel that ours go through.
pub fn matrices_of_vectors(vectors: &Array2<f32>, seed: u64) -> Vec<DigitMatrix> {
    let dither = Dither::new(seed);
    centres_of_vectors(vectors, seed).iter().map(|centres| DigitMatrix::encode(centres, &dither)).collect()
}

impl<'a> Collection<'a> {
    /// Gathers the groups of `articles`.
    pub fn new(articles: &'a [Article], settings: &MatrixSettings) -> Self {
        let groups: Vec<&Group> = articles.iter().flat_map(|article| &article.groups).collect();
        let texts = groups.iter().map(|group| group.text.as_str());
        let lines = groups.iter().map(|group| group.title.as_str());
        let (symbols, mut counts) = Symbols::gather(texts.chain(lines), settings.overlap_weight);
        let title_counts = counts.split_off(groups.len());
        let numbered = articles.iter().enumerate();
        let articles: Vec<usize> =
            numbered.flat_map(|(number, article)| article.groups.iter().map(move |_| number)).collect();
        let mut known = HashMap::new();
        let mut titles = Vec::with_capacity(groups.len());
        for (group, &article) in groups.iter().zip(&articles) {
            let next = known.len();
            titles.push(*known.entry((article, group.title.as_str())).or_insert(next));
        }
        let evidence = groups.par_iter().map(|group| evidence(&group.text)).collect();
        Self { groups, symbols, data: GroupData { counts, evidence, title_counts, articles, titles } }
    }

    /// Fits latents of all groups and symbols. `watch` hears of each step done.
    ///
    /// # Errors
    /// Where the settings' engine can't be had or fails.
    pub fn fit(
        &self,
        settings: &MatrixSettings,
        watch: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<FittedMatrices, EngineError> {
        crate::fit::matrices::fit(&self.data, self.symbols.len(), settings, watch)
    }

    /// The words that the decoder reads from each group's digits, best first: what the matrices say without the text.
    pub fn gist(&self, fitted: &FittedMatrices) -> Vec<Vec<String>> {
        self.written(&self.keywords(&fitted.decoder, &decoded(fitted)))
    }

    /// The same of each group's title.
    pub fn title_gist(&self, fitted: &FittedMatrices) -> Vec<Vec<String>> {
        self.written(&self.title_words(&fitted.title_decoder(), &decoded(fitted)))
    }

    /// The symbols that a reader is told of groups with these centres, best first.
    pub(super) fn keywords(&self, decoder: &GistDecoder, centres: &[[f32; CELLS]]) -> Vec<Vec<u32>> {
        let is_readable: Vec<bool> =
            (0..self.symbols.len() as u32).map(|symbol| self.symbols.readable(symbol).is_some()).collect();
        let says = |centres: &[f32; CELLS]| decoder.says(centres, KEYWORDS, |symbol| is_readable[symbol as usize]);
        centres.par_iter().map(says).collect()
    }

    /// Those of their titles, by the decoder of titles.
    pub(super) fn title_words(&self, decoder: &GistDecoder, centres: &[[f32; CELLS]]) -> Vec<Vec<u32>> {
        let in_titles: HashSet<u32> = self.data.title_counts.iter().flatten().map(|&(symbol, _)| symbol).collect();
        let wanted = |symbol| in_titles.contains(&symbol) && self.symbols.readable(symbol).is_some();
        centres.par_iter().map(|centres| decoder.says(centres, TITLE_WORDS, wanted)).collect()
    }

    fn written(&self, symbols: &[Vec<u32>]) -> Vec<Vec<String>> {
        let of_group = |symbols: &Vec<u32>| symbols.iter().filter_map(|&symbol| self.symbols.written(symbol)).collect();
        symbols.iter().map(of_group).collect()
    }
}

/// The centres of all groups, as their digits tell them.
pub(super) fn decoded(fitted: &FittedMatrices) -> Vec<[f32; CELLS]> {
    fitted.matrices().iter().map(|matrix| fitted.decode(matrix)).collect()
}
