//! The decoder of articles alone, forward: from a group's 100 coordinates to the distribution over its fragment's symbols.
//!
//! p(s | c) ∝ p(s) · exp(f(c) · e_s): p(s) is the share of symbol s in all text, e_s its latent, f(c) = (c − ½) / σ the centres
//! at unit variance under the prior. In: counts, or a fit's or a file's numbers. Out: [`GistDecoder`] and what it says.

use super::fused::product;
use crate::data::article::Counts;
use crate::latent::centre::feature;
use crate::latent::digits::CELLS;
use crate::model::article::{BIAS, GAIN, background, log_sum, normalised};
use ndarray::{Array1, Array2};

/// The decoder of one article or library.
#[derive(Clone, Debug)]
pub struct GistDecoder {
    /// Latents of symbols, (symbol, cell); only of the first cells where the others carry nothing.
    pub symbols: Array2<f32>,
    /// The logarithm of each symbol's share of all counts, in nats.
    pub background: Vec<f32>,
}

impl GistDecoder {
    /// A decoder that says the same of every group.
    pub fn flat(symbol_count: usize, counts: &[Counts]) -> Self {
        let background = background(counts, symbol_count);
        Self { symbols: Array2::zeros((symbol_count, CELLS)), background }
    }

    /// The decoder of another part of groups, whose head is (1 + gain) · f + bias. `weights`: (gain or bias, cell).
    #[must_use]
    pub fn with_head(&self, weights: &Array2<f32>, background: &[f32]) -> Self {
        let shifts = self.symbols.dot(&weights.row(BIAS));
        let background: Vec<f32> =
            background.iter().zip(shifts).map(|(background, shift)| background + shift).collect();
        Self { symbols: &self.symbols * &(1.0 + &weights.row(GAIN)), background: normalised(background) }
    }

    /// The logarithms of p(symbol | centres), but for a term that all symbols of a group share, (symbol, group), in nats.
    pub fn logits(&self, centres: &[[f32; CELLS]]) -> Array2<f32> {
        let shape = (self.symbols.ncols(), centres.len());
        let features = Array2::from_shape_fn(shape, |(cell, group)| feature(centres[group][cell]));
        let mut logits = product(self.symbols.view(), features.view());
        for (mut row, &background) in logits.rows_mut().into_iter().zip(&self.background) {
            row += background;
        }
        logits
    }

    /// The `most` symbols, of those that `wanted` takes, that a group with these centres has above the background: by
    /// p(s | c) · log(p(s | c) / p(s)), each one's part of the divergence. Best first.
    pub fn says(&self, centres: &[f32], most: usize, wanted: impl Fn(u32) -> bool) -> Vec<u32> {
        let features: Array1<f32> = centres.iter().take(self.symbols.ncols()).map(|&centre| feature(centre)).collect();
        let ratios = self.symbols.dot(&features);
        let logits = ratios.iter().zip(&self.background).map(|(ratio, background)| ratio + background);
        let normaliser = log_sum(logits.clone());
        let mut parts: Vec<(f32, u32)> = logits
            .zip(&ratios)
            .zip(0..)
            .filter(|&(_, symbol)| wanted(symbol))
            .map(|((logit, ratio), symbol)| (libm::expf(logit - normaliser) * (ratio - normaliser), symbol))
            .collect();
        parts.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        parts.into_iter().take(most).map(|(_, symbol)| symbol).collect()
    }
}
