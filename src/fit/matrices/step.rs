//! The loss of one step of a matrix fit, its gradient, and the pulls between groups.
//!
//! In: latents (group, cell), a decoder, a part of the symbols, the channel's noise. Out: [`Gradients`], in nats. Groups are
//! worked through in parts of a fixed size whose sums are added in order, so that results don't depend on threads.

use super::{FLAT_BITS, GroupData, MatrixSettings, centre};
use crate::data::article::Counts;
use crate::fit::matrices::decoder::{CENTRE_DEVIATION, GistDecoder, feature};
use crate::latent::digits::{CELLS, HALF_WIDTH};
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip, s};
use rayon::prelude::*;

/// Groups that are worked through together.
const PART: usize = 512;

/// Counts by symbol: the groups that have each one.
pub struct SymbolMajor {
    groups: usize,
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl SymbolMajor {
    /// Turns counts by group around.
    pub fn new(counts: &[Counts], symbols: usize) -> Self {
        let mut starts = vec![0; symbols + 1];
        for &(symbol, _) in counts.iter().flatten() {
            starts[symbol as usize + 1] += 1;
        }
        for symbol in 0..symbols {
            starts[symbol + 1] += starts[symbol];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); starts[symbols]];
        for (group, counts) in counts.iter().enumerate() {
            for &(symbol, count) in counts {
                entries[next[symbol as usize]] = (group as u32, count);
                next[symbol as usize] += 1;
            }
        }
        Self { groups: counts.len(), starts, entries }
    }

    /// The groups that have `symbol`, in order, and how often.
    pub fn groups_of(&self, symbol: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[symbol]..self.starts[symbol + 1]]
    }
}

/// What a step is computed from, but for the latents.
pub struct Step<'a> {
    /// The decoder.
    pub decoder: &'a GistDecoder,
    /// The data.
    pub by_symbol: &'a SymbolMajor,
    /// The symbols that the step sees.
    pub subset: &'a [usize],
    /// Weights.
    pub settings: &'a MatrixSettings,
    /// The channel's noise, (group, cell).
    pub noise: &'a Array2<f32>,
}

/// The gradient of a step's loss.
pub struct Gradients {
    /// By the groups' latents, (group, cell), without the pulls; scaled up to all symbols.
    pub latents: Array2<f32>,
    /// By the latents of the step's symbols, (symbol of the subset, cell).
    pub symbols: Array2<f32>,
    /// −log p of a symbol of the subset among the subset, averaged over the counts.
    pub nats_per_symbol: f64,
    /// The step's loss, of which these are gradients: reconstruction and symbols' prior.
    pub loss: f64,
}

impl Step<'_> {
    /// The loss and its gradient at `latents`, (group, cell).
    pub fn gradients(&self, latents: &Array2<f32>) -> Gradients {
        let symbols = self.decoder.symbols.select(Axis(0), self.subset);
        let background: Array1<f32> = self.subset.iter().map(|&symbol| self.decoder.background[symbol]).collect();
        let features = Zip::from(latents).and(self.noise).map_collect(|&v, &noise| feature(centre(v) + noise));
        let mut totals = vec![0.0f32; self.by_symbol.groups];
        for &symbol in self.subset {
            for &(group, count) in self.by_symbol.groups_of(symbol) {
                totals[group as usize] += count;
            }
        }

        // What the model expects: for each group, its count times the softmax over the subset.
        let parts: Vec<usize> = (0..features.nrows()).step_by(PART).collect();
        let expected: Vec<Expected> = parts
            .par_iter()
            .map(|&start| {
                let end = (start + PART).min(features.nrows());
                Expected::new(features.slice(s![start..end, ..]), &symbols, &background, &totals[start..end])
            })
            .collect();
        let mut of_symbols = self.settings.symbol_precision * &symbols;
        let mut of_features = Array2::zeros(features.raw_dim());
        let mut nats = 0.0;
        for (start, part) in parts.into_iter().zip(expected) {
            of_symbols += &part.symbols;
            of_features.slice_mut(s![start..start + part.features.nrows(), ..]).assign(&part.features);
            nats += part.log_normalisers;
        }

        // What is there.
        for (row, &symbol) in self.subset.iter().enumerate() {
            let latent = symbols.row(row);
            for &(group, count) in self.by_symbol.groups_of(symbol) {
                let group = group as usize;
                let feature = features.row(group);
                nats -= f64::from(count * (background[row] + latent.dot(&feature)));
                of_symbols.row_mut(row).scaled_add(-count, &feature);
                of_features.row_mut(group).scaled_add(-count, &latent);
            }
        }

        let scale = self.decoder.background.len() as f32 / self.subset.len().max(1) as f32;
        Zip::from(&mut of_features).and(latents).for_each(|gradient, &v| *gradient *= scale * feature_slope(v));
        let all: f32 = totals.iter().sum();
        let prior = 0.5 * self.settings.symbol_precision * symbols.iter().map(|e| e * e).sum::<f32>();
        Gradients {
            latents: of_features,
            symbols: of_symbols,
            nats_per_symbol: nats / f64::from(all.max(1.0)),
            loss: nats + f64::from(prior),
        }
    }
}

/// What the model expects of a part of the groups.
struct Expected {
    /// Gradient by the features, (group, cell).
    features: Array2<f32>,
    /// Gradient by the symbols' latents, (symbol of the subset, cell).
    symbols: Array2<f32>,
    /// Sum over groups of count times log of the softmax's normaliser.
    log_normalisers: f64,
}

impl Expected {
    fn new(features: ArrayView2<f32>, symbols: &Array2<f32>, background: &Array1<f32>, totals: &[f32]) -> Self {
        let mut shares = features.dot(&symbols.t());
        let mut log_normalisers = 0.0;
        for (mut row, &total) in shares.rows_mut().into_iter().zip(totals) {
            row += background;
            let highest = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            row.mapv_inplace(|logit| (logit - highest).exp());
            let sum = row.sum();
            log_normalisers += f64::from(total * (highest + sum.ln()));
            row *= total / sum;
        }
        Self { features: shares.dot(symbols), symbols: shares.t().dot(&features), log_normalisers }
    }
}

/// The derivative of a feature by its latent coordinate: the normal density, scaled as the centre and the feature are.
pub(super) fn feature_slope(latent: f32) -> f32 {
    const DENSITY_AT_0: f32 = 0.398_942_3;
    (1.0 - 2.0 * HALF_WIDTH) * DENSITY_AT_0 * (-0.5 * latent * latent).exp() / CENTRE_DEVIATION
}

/// The pulls between groups: quadratic, each to the mean of a set that the group is in; and of all to the prior.
pub struct Pulls<'a> {
    data: &'a GroupData,
    settings: &'a MatrixSettings,
}

impl<'a> Pulls<'a> {
    /// The pulls that `settings` ask for.
    pub fn new(data: &'a GroupData, settings: &'a MatrixSettings) -> Self {
        Self { data, settings }
    }

    /// Adds their gradient by `latents`, (group, cell).
    pub fn add_gradient(&self, latents: &Array2<f32>, gradient: &mut Array2<f32>) {
        let MatrixSettings { article_pull, title_pull, neighbour_pull, spread, bits, .. } = *self.settings;
        pull_to_means(article_pull, &self.data.articles, latents, gradient);
        pull_to_means(title_pull, &self.data.titles, latents, gradient);
        if neighbour_pull > 0.0 {
            for group in 1..latents.nrows() {
                if self.data.articles[group] == self.data.articles[group - 1] {
                    let apart = neighbour_pull * (&latents.row(group) - &latents.row(group - 1));
                    gradient.row_mut(group).scaled_add(0.5, &apart);
                    gradient.row_mut(group - 1).scaled_add(-0.5, &apart);
                }
            }
        }
        if spread > 0.0 && bits >= FLAT_BITS && latents.nrows() > 1 {
            let means = latents.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(CELLS));
            let squares = latents.mapv(|v| v * v).mean_axis(Axis(0)).unwrap_or_else(|| Array1::ones(CELLS));
            for (latent, mut gradient) in latents.rows().into_iter().zip(gradient.rows_mut()) {
                Zip::from(&mut gradient).and(latent).and(&means).and(&squares).for_each(
                    |gradient, &v, &mean, &square| {
                        *gradient += spread * (mean + v * (square - 1.0));
                    },
                );
            }
        }
    }
}

/// Adds `weight` times each group's difference from the mean of its set.
fn pull_to_means(weight: f32, sets: &[usize], latents: &Array2<f32>, gradient: &mut Array2<f32>) {
    if weight <= 0.0 {
        return;
    }
    let set_count = sets.iter().max().map_or(0, |&last| last + 1);
    let mut means = Array2::<f32>::zeros((set_count, latents.ncols()));
    let mut sizes = vec![0.0f32; set_count];
    for (&set, latent) in sets.iter().zip(latents.rows()) {
        means.row_mut(set).scaled_add(1.0, &latent);
        sizes[set] += 1.0;
    }
    for (mut mean, size) in means.rows_mut().into_iter().zip(sizes) {
        mean /= size.max(1.0);
    }
    for ((&set, latent), mut gradient) in sets.iter().zip(latents.rows()).zip(gradient.rows_mut()) {
        gradient.scaled_add(weight, &latent);
        gradient.scaled_add(-weight, &means.row(set));
    }
}
