//! −log p of the counts of one part, and its gradient.
//!
//! For a group with the head h and counts n_s, N in all: −Σ n_s (b_s + h · e_s) + N log Σ_s exp(b_s + h · e_s), so that by h it is
//! Σ_s (N p_s − n_s) e_s and by e_s the same with h: what the model expects less what is there. What is expected is dense,
//! groups by symbols of the step; what is there is as sparse as the text.

use crate::engine::fused::product::{exponentials, product};
use crate::engine::fused::simd::Level;
use crate::model::article::{ArticlePlan, Part, PartPlan};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Groups that are worked through together.
const TOGETHER: usize = 512;

/// One part's reconstruction.
pub struct SymbolReconstruction {
    /// Gradient by the heads, (group, cell).
    pub heads: Array2<f32>,
    /// Gradient by the symbols' latents, (symbol of the subset, cell).
    pub symbols: Array2<f32>,
    /// In nats.
    pub nats: f64,
    /// Of the subset's symbols in all groups.
    pub counts: f64,
}

impl SymbolReconstruction {
    /// Evaluates `part`. `symbols`: latents of the subset's symbols, (symbol of the subset, cell); `heads`: (group, cell).
    pub fn new(plan: &ArticlePlan, part: Part, subset: &[usize], symbols: &Array2<f32>, heads: &Array2<f32>) -> Self {
        let PartPlan { counts, background } = &plan.parts[part as usize];
        let asked = plan.asked(part, subset);
        let latents = symbols.select(Axis(0), &asked);
        let background: Array1<f32> = asked.iter().map(|&place| background[subset[place]]).collect();
        let mut totals = vec![0.0f32; plan.groups];
        for &place in &asked {
            for &(group, count) in counts.groups_of(subset[place]) {
                totals[group as usize] += count;
            }
        }

        let starts: Vec<usize> = (0..plan.groups).step_by(TOGETHER).collect();
        let expected: Vec<Expected> = starts
            .par_iter()
            .map(|&start| {
                let end = (start + TOGETHER).min(plan.groups);
                Expected::new(heads.slice(s![start..end, ..]), &latents, &background, &totals[start..end])
            })
            .collect();
        let mut of_latents = Array2::<f32>::zeros(latents.raw_dim());
        let mut of_heads = Array2::zeros(heads.raw_dim());
        let mut nats = 0.0;
        for (start, part) in starts.into_iter().zip(expected) {
            of_latents += &part.latents;
            of_heads.slice_mut(s![start..start + part.heads.nrows(), ..]).assign(&part.heads);
            nats += part.log_normalisers;
        }

        for (row, &place) in asked.iter().enumerate() {
            let latent = latents.row(row);
            for &(group, count) in counts.groups_of(subset[place]) {
                let group = group as usize;
                let head = heads.row(group);
                nats -= f64::from(count * (background[row] + latent.dot(&head)));
                of_latents.row_mut(row).scaled_add(-count, &head);
                of_heads.row_mut(group).scaled_add(-count, &latent);
            }
        }
        let mut of_symbols = Array2::zeros(symbols.raw_dim());
        for (&place, of_latent) in asked.iter().zip(of_latents.rows()) {
            of_symbols.row_mut(place).assign(&of_latent);
        }
        Self { heads: of_heads, symbols: of_symbols, nats, counts: totals.iter().map(|&total| f64::from(total)).sum() }
    }

    /// Nats averaged over the counts, 0 where there are none.
    pub fn nats_per_symbol(&self) -> f64 {
        if self.counts > 0.0 { self.nats / self.counts } else { 0.0 }
    }
}

/// What the model expects of some of the groups: for each its count times the softmax over the symbols asked for.
struct Expected {
    /// Gradient by the heads, (group, cell).
    heads: Array2<f32>,
    /// Gradient by the symbols' latents, (symbol asked for, cell).
    latents: Array2<f32>,
    /// Sum over groups of count times log of the softmax's normaliser.
    log_normalisers: f64,
}

impl Expected {
    fn new(heads: ArrayView2<f32>, latents: &Array2<f32>, background: &Array1<f32>, totals: &[f32]) -> Self {
        let level = Level::best();
        let mut shares = product(heads, latents.t());
        let mut log_normalisers = 0.0;
        for (mut row, &total) in shares.outer_iter_mut().zip(totals) {
            if total <= 0.0 {
                row.fill(0.0);
                continue;
            }
            row += background;
            let highest = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            if let Some(row) = row.as_slice_mut() {
                exponentials(level, row, highest);
            }
            let sum = row.sum();
            log_normalisers += f64::from(total * (highest + libm::logf(sum)));
            row *= total / sum;
        }
        Self { heads: product(shares.view(), latents.view()), latents: product(shares.t(), heads), log_normalisers }
    }
}
