//! The latent of another text under a decoder that stays as it is.
//!
//! In: a [`Memory`], the decoder with the groups it was fitted with, and a text's counts. Out: the text's centres: the mean of
//! the posterior over what the memory holds, p(g | text) ∝ p(text | c_g), so that a text that is told best by one known group
//! gets that group's matrix, and one between groups gets a matrix between theirs.
//!
//! The text may have been edited: each symbol is of the group with probability 1 − ε, and of the background else.

use super::FittedMatrices;
use crate::data::article::Counts;
use crate::engine::fused::product;
use crate::engine::gist::GistDecoder;
use crate::latent::centre::feature;
use crate::latent::digits::CELLS;
use ndarray::{Array2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How the latents of other texts are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuerySettings {
    /// Share of a text's symbols that are taken to be strange to the group, ε.
    pub strange_share: f32,
    /// What a symbol's evidence counts: symbols overlap, and so are no independent witnesses.
    pub evidence_weight: f32,
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self { strange_share: 0.3, evidence_weight: 0.5 }
    }
}

/// Exponents above this are taken as this, so that f32 does not overflow; e^60 times likelier is likely enough.
pub(super) const HIGHEST_EXPONENT: f32 = 60.0;

/// Groups whose normalisers are worked out together.
const PART: usize = 64;

/// A decoder and the groups that it was fitted with, as the decoder sees them.
pub struct Memory {
    decoder: GistDecoder,
    centres: Vec<[f32; CELLS]>,
    /// (cell, group).
    features: Array2<f32>,
    /// The logarithm of Σ_s p(s) exp(f · e_s) for each group, in nats.
    log_normalisers: Vec<f32>,
    settings: QuerySettings,
}

/// What a memory makes of a text.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// Centres of the text's cells.
    pub centres: [f32; CELLS],
    /// The group that tells the text best, and how much better than the background does, in nats.
    pub best: Option<(usize, f32)>,
}

impl Memory {
    /// The memory of fitted groups.
    pub fn new(fitted: &FittedMatrices, settings: QuerySettings) -> Self {
        let groups = fitted.centres.len();
        let features = Array2::from_shape_fn((fitted.latents.ncols(), groups), |(cell, group)| {
            feature(fitted.centres[group][cell])
        });
        let decoder = fitted.decoder.clone();
        let starts: Vec<usize> = (0..groups).step_by(PART).collect();
        let of_part = |&start: &usize| {
            let part = features.slice(ndarray::s![.., start..(start + PART).min(groups)]);
            // (symbol, group)
            let mut logits = product(decoder.symbols.view(), part);
            for (mut row, &background) in logits.rows_mut().into_iter().zip(&decoder.background) {
                row += background;
            }
            let log_sum = |column: ndarray::ArrayView1<f32>| {
                let highest = column.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
                highest + libm::logf(column.iter().map(|logit| libm::expf(logit - highest)).sum::<f32>())
            };
            logits.columns().into_iter().map(log_sum).collect::<Vec<f32>>()
        };
        let log_normalisers = starts.par_iter().map(of_part).collect::<Vec<_>>().concat();
        Self { decoder, centres: fitted.centres.clone(), features, log_normalisers, settings }
    }

    /// The memory of groups whose centres and normalisers (`encode::log_normalisers`) are known, as a library keeps them.
    pub fn of_known(
        decoder: GistDecoder,
        centres: Vec<[f32; CELLS]>,
        log_normalisers: Vec<f32>,
        settings: QuerySettings,
    ) -> Self {
        let features = Array2::from_shape_fn((CELLS, centres.len()), |(cell, group)| feature(centres[group][cell]));
        Self { decoder, centres, features, log_normalisers, settings }
    }

    /// log p(text | group) − log p(text | background) for each group, in nats.
    pub fn evidence(&self, counts: &Counts) -> Vec<f32> {
        let symbols: Vec<usize> = counts.iter().map(|&(symbol, _)| symbol as usize).collect();
        let ratios = product(self.decoder.symbols.select(Axis(0), &symbols).view(), self.features.view());
        let odds = (1.0 - self.settings.strange_share) / self.settings.strange_share;
        let mut evidence = vec![0.0f32; self.centres.len()];
        for (row, &(_, count)) in ratios.rows().into_iter().zip(counts) {
            for ((sum, &logit), normaliser) in evidence.iter_mut().zip(row).zip(&self.log_normalisers) {
                *sum += count * (odds * (logit - normaliser).min(HIGHEST_EXPONENT).exp()).ln_1p();
            }
        }
        // The background's share, the same for all groups: log ε for each symbol.
        let known: f32 = counts.iter().map(|&(_, count)| count).sum();
        let of_background = known * self.settings.strange_share.ln();
        for sum in &mut evidence {
            *sum += of_background;
        }
        evidence
    }

    /// The centres of a text, and the group that tells it best.
    pub fn recall(&self, counts: &Counts) -> Recalled {
        let evidence = self.evidence(counts);
        let best = evidence.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((_, highest)) = best else {
            return Recalled { centres: [0.5; CELLS], best: None };
        };
        let weigh = |nats: &f32| f64::from((self.settings.evidence_weight * (nats - highest)).exp());
        let weights: Vec<f64> = evidence.iter().map(weigh).collect();
        let sum: f64 = weights.iter().sum();
        let mut centres = [0.0f64; CELLS];
        for (known, weight) in self.centres.iter().zip(weights).filter(|(_, weight)| *weight > 1e-9) {
            for (centre, &known) in centres.iter_mut().zip(known) {
                *centre += f64::from(known) * weight / sum;
            }
        }
        Recalled { centres: centres.map(|centre| centre as f32), best }
    }
}
