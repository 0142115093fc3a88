//! The decoder of the digit matrices: from a group's 100 coordinates to the distribution over the article's symbols.
//!
//! p(s | c) ∝ p(s) · exp(f(c) · e_s): p(s) is the share of symbol s in all text, e_s its latent, f(c) = (c − ½) / σ the centres
//! at unit variance under the prior. All cells and all symbols are treated alike, so relabelling symbols and permuting groups
//! commute with it. In: counts of symbols. Out: [`GistDecoder`], the parameters; engines and fits read them.

use crate::data::article::Counts;
use crate::latent::digits::{CELLS, HALF_WIDTH};
use ndarray::{Array1, Array2};

/// Standard deviation of a centre that is uniform on [0.05, 0.95].
pub const CENTRE_DEVIATION: f32 = (1.0 - 2.0 * HALF_WIDTH) / 3.464_101_6;

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
        let mut sums = vec![0.0f64; symbol_count];
        for &(symbol, count) in counts.iter().flatten() {
            sums[symbol as usize] += f64::from(count);
        }
        let all: f64 = sums.iter().sum();
        let background = sums.iter().map(|sum| (sum.max(f64::MIN_POSITIVE) / all.max(1.0)).ln() as f32).collect();
        Self { symbols: Array2::zeros((symbol_count, CELLS)), background }
    }
}

impl GistDecoder {
    /// The logarithms of p(symbol | centres), but for a term that all symbols of a group share, (symbol, group), in nats.
    pub fn logits(&self, centres: &[[f32; CELLS]]) -> Array2<f32> {
        let shape = (self.symbols.ncols(), centres.len());
        let features = Array2::from_shape_fn(shape, |(cell, group)| feature(centres[group][cell]));
        let mut logits = self.symbols.dot(&features);
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
        let highest = logits.clone().fold(f32::NEG_INFINITY, f32::max);
        let normaliser = highest + logits.clone().map(|logit| (logit - highest).exp()).sum::<f32>().ln();
        let mut parts: Vec<(f32, u32)> = logits
            .zip(&ratios)
            .zip(0..)
            .filter(|&(_, symbol)| wanted(symbol))
            .map(|((logit, ratio), symbol)| ((logit - normaliser).exp() * (ratio - normaliser), symbol))
            .collect();
        parts.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        parts.into_iter().take(most).map(|(_, symbol)| symbol).collect()
    }
}

/// A centre as the decoder takes it.
pub fn feature(centre: f32) -> f32 {
    (centre - 0.5) / CENTRE_DEVIATION
}
