//! Fits the digit matrices of articles: a latent a group, a latent a symbol, by gradient descent with the channel's noise.
//!
//! In: counts of symbols for each group, the article and the title that each belongs to, [`MatrixSettings`]. Out:
//! [`FittedMatrices`]: centres and a decoder.
//!
//! The loss of a step, in nats: −log p of the counts of a random part of the symbols among themselves (an unbiased stand-in
//! for all symbols that keeps the cost of a step in proportion to the text), plus a normal prior on the symbols' latents, plus
//! the pulls that make an article's groups consistent, plus a pull of every cell to the prior, under which digits are uniform;
//! on a budget, the latents are kept to the digits' rate instead.
//!
//! - [`decoder`]: from coordinates to symbols
//! - [`step`]: the loss of one step and its gradient
//! - `source`: where latents are from
//! - `adam`: the optimiser, for the rows that a step touches
//! - `rate`: what the digits cost, kept to a budget
//! - [`encode`](mod@encode): the latents of other texts, fast and the same for the same text
//! - [`query`]: the latent of another text under a decoder that stays as it is
//! - [`codebook`]: the other quantiser, learned
//! - [`vae`]: latents by an encoder, instead of one for each group
//! - [`baselines`]: LSA and SimHash

mod adam;
pub mod baselines;
pub mod codebook;
pub mod decoder;
pub mod encode;
pub mod query;
mod rate;
mod source;
pub mod step;
pub mod vae;

pub use codebook::{Codebook, CodebookSettings};
pub use query::{Memory, QuerySettings};

use crate::data::article::Counts;
use crate::fit::matrices::decoder::GistDecoder;
use crate::latent::digits::{CELLS, DigitMatrix, Dither, HALF_WIDTH};
use crate::rng::{self, Purpose};
use adam::Adam;
use codebook::Learner;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use source::{Free, Source};
use statrs::function::erf::erf;
use step::{Pulls, Step, SymbolMajor};
use thiserror::Error;

/// What 100 uniform digits cost, in bits, rounded down.
pub const FLAT_BITS: f32 = 332.0;

/// The least cells that a budget is spread over, so that groups can differ in more than one respect.
const LEAST_CELLS: usize = 4;

/// How centres become digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantiser {
    /// Each cell for itself, by subtractive dither: [`DigitMatrix::encode`].
    #[default]
    Dither,
    /// Two cells at a time, by a learned [`Codebook`].
    Codebook,
}

/// How matrices are fitted. Defaults are what results/matrix-experiments.md found; none is tuned to one text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixSettings {
    /// Training steps.
    pub steps: usize,
    /// Symbols that a step sees.
    pub symbols_per_step: usize,
    /// Steps in which only the symbols' latents move, so that the groups' latents get a direction first.
    pub warmup_steps: usize,
    /// Adam's learning rate for the groups' latents.
    pub group_learning_rate: f32,
    /// Adam's learning rate for the symbols' latents.
    pub symbol_learning_rate: f32,
    /// Weight of the squared norm of the symbols' latents, halved: the precision of their normal prior.
    pub symbol_precision: f32,
    /// What a pair or a piece of a word counts, against 1 for a word: it says again what words say.
    pub overlap_weight: f32,
    /// Pull of each group to its article's global latent, the mean of its groups.
    pub article_pull: f32,
    /// Pull of each group to the mean of those of its article with the same title.
    pub title_pull: f32,
    /// Pull of each group to the mean of its neighbours in the article.
    pub neighbour_pull: f32,
    /// Pull of each cell to mean 0 and variance 1 over the groups, where digits are uniform; none on a budget.
    pub spread: f32,
    /// The budget of a group's digits in bits; from 332 on digits are as uniform as `spread` makes them.
    pub bits: f32,
    /// Of the start, the noise, the dither.
    pub seed: u64,
    /// How centres become digits.
    pub quantiser: Quantiser,
    /// How the codebook is learned, where that is the quantiser.
    pub codebook: CodebookSettings,
}

impl Default for MatrixSettings {
    fn default() -> Self {
        Self {
            steps: 200,
            symbols_per_step: 4000,
            warmup_steps: 5,
            group_learning_rate: 0.03,
            symbol_learning_rate: 0.03,
            symbol_precision: 0.3,
            overlap_weight: 0.5,
            article_pull: 0.6,
            title_pull: 0.2,
            neighbour_pull: 0.0,
            spread: 3.0,
            bits: FLAT_BITS,
            seed: 0,
            quantiser: Quantiser::Dither,
            codebook: CodebookSettings::default(),
        }
    }
}

/// A setting that no fit can have.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field} = {value}: {expected}")]
pub struct MatrixSettingsError {
    /// The key.
    pub field: &'static str,
    /// What it was set to.
    pub value: f64,
    /// What it has to be.
    pub expected: &'static str,
}

impl MatrixSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// Names the first that no fit can have.
    pub fn check(&self) -> Result<(), MatrixSettingsError> {
        for (field, value) in [("steps", self.steps), ("symbols_per_step", self.symbols_per_step)] {
            if value == 0 {
                return Err(MatrixSettingsError { field, value: 0.0, expected: "it has to be at least 1" });
            }
        }
        for (field, value) in [
            ("group_learning_rate", self.group_learning_rate),
            ("symbol_learning_rate", self.symbol_learning_rate),
            ("symbol_precision", self.symbol_precision),
            ("overlap_weight", self.overlap_weight),
            ("article_pull", self.article_pull),
            ("title_pull", self.title_pull),
            ("neighbour_pull", self.neighbour_pull),
            ("spread", self.spread),
            ("bits", self.bits),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                let expected = "it has to be at least 0 and finite";
                return Err(MatrixSettingsError { field, value: f64::from(value), expected });
            }
        }
        if self.bits < FLAT_BITS && self.quantiser == Quantiser::Codebook {
            let expected = "a codebook keeps to no budget: 332 or more, or quantiser = \"dither\"";
            return Err(MatrixSettingsError { field: "bits", value: f64::from(self.bits), expected });
        }
        self.codebook.check()
    }

    /// The cells that carry something, the first of each matrix: one for each bit of the budget. The others stay in the
    /// middle of the prior, where they cost nothing.
    fn cells(&self) -> usize {
        if self.bits < FLAT_BITS { (self.bits.ceil() as usize).clamp(LEAST_CELLS, CELLS) } else { CELLS }
    }
}

/// What the groups of a fit are, one entry a group.
#[derive(Clone, Debug, Default)]
pub struct GroupData {
    /// Symbols in it.
    pub counts: Vec<Counts>,
    /// The article that it is of, from 0 without gaps.
    pub articles: Vec<usize>,
    /// The title that it has, from 0 without gaps; those of different articles differ.
    pub titles: Vec<usize>,
}

/// Groups' latents and the decoder that was fitted with them.
#[derive(Clone, Debug)]
pub struct FittedMatrices {
    /// The latents of groups, standard normal under the prior, (group, cell); only of cells that carry something.
    pub latents: Array2<f32>,
    /// The centres of each group's cells, where the prior is uniform.
    pub centres: Vec<[f32; CELLS]>,
    /// The decoder.
    pub decoder: GistDecoder,
    /// −log p of a symbol among those of its step, in nats, averaged over the counts, by step.
    pub nats_per_symbol: Vec<f64>,
    /// The dither of the digits.
    pub dither: Dither,
    /// The codebook of the digits, where they aren't dithered.
    pub codebook: Option<Codebook>,
}

impl FittedMatrices {
    /// The digits of each group.
    pub fn matrices(&self) -> Vec<DigitMatrix> {
        self.centres.iter().map(|centres| self.encode(centres)).collect()
    }

    /// The digits of centres.
    pub fn encode(&self, centres: &[f32; CELLS]) -> DigitMatrix {
        match &self.codebook {
            None => DigitMatrix::encode(centres, &self.dither),
            Some(codebook) => codebook.encode(centres),
        }
    }

    /// Centres as the decoder sees them.
    pub fn decode(&self, matrix: &DigitMatrix) -> [f32; CELLS] {
        match &self.codebook {
            None => matrix.decode(&self.dither),
            Some(codebook) => codebook.decode(matrix),
        }
    }

    /// Draws the latents to the prior's middle by the least that makes `keeps` take the matrices; it has to take those of no
    /// latents at all.
    pub fn shrink(&mut self, keeps: impl Fn(&[DigitMatrix]) -> bool) {
        if keeps(&self.matrices()) {
            return;
        }
        let matrices = |factor: f32| {
            let centres = centres_of(&(factor * &self.latents));
            centres.iter().map(|centres| DigitMatrix::encode(centres, &self.dither)).collect::<Vec<_>>()
        };
        let factor = rate::largest_factor(|factor| keeps(&matrices(factor)));
        self.latents *= factor;
        self.centres = centres_of(&self.latents);
    }

    /// One matrix for all groups: of the mean of their latents, stretched to variance 1 over the cells.
    pub fn merged(&self) -> DigitMatrix {
        let cells = self.latents.ncols();
        let mean = self.latents.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(cells));
        let deviation = (mean.dot(&mean) / cells as f32).sqrt().max(f32::MIN_POSITIVE);
        self.encode(&centres_of_latent((mean / deviation).view()))
    }
}

/// Fits the latents of `data`'s groups and of `symbol_count` symbols. `watch` hears of each step done.
pub fn fit(
    data: &GroupData,
    symbol_count: usize,
    settings: &MatrixSettings,
    watch: impl FnMut(usize),
) -> FittedMatrices {
    let start = normals(data.counts.len(), settings.cells(), settings.seed, 0, 1.0);
    fit_source(&mut Free::new(start, settings), data, symbol_count, settings, watch)
}

/// Fits a decoder and what `source` has its latents from.
fn fit_source(
    source: &mut impl Source,
    data: &GroupData,
    symbol_count: usize,
    settings: &MatrixSettings,
    mut watch: impl FnMut(usize),
) -> FittedMatrices {
    let groups = data.counts.len();
    let cells = source.latents().ncols();
    let mut decoder = GistDecoder::flat(symbol_count, &data.counts);
    // Not 0, where neither side would have a direction.
    decoder.symbols = normals(symbol_count, cells, settings.seed, 1, 0.02);
    let by_symbol = SymbolMajor::new(&data.counts, symbol_count);
    let pulls = Pulls::new(data, settings);
    let mut learner =
        (settings.quantiser == Quantiser::Codebook).then(|| Learner::new(&settings.codebook, &data.articles));
    let mut symbol_adam = Adam::new((symbol_count, cells), settings.symbol_learning_rate, 0.9, 0.95);
    let mut subsets = Subsets::new(symbol_count, settings);
    let mut nats_per_symbol = Vec::with_capacity(settings.steps);
    for index in 0..settings.steps {
        let subset = subsets.next();
        let latents = source.latents();
        let noise = match &learner {
            None => noise(groups, cells, settings.seed, index),
            Some(learner) => learner.codebook.errors(&latents),
        };
        let step = Step { decoder: &decoder, by_symbol: &by_symbol, subset: &subset, settings, noise: &noise };
        let gradients = step.gradients(&latents);
        nats_per_symbol.push(gradients.nats_per_symbol);
        symbol_adam.step(&mut decoder.symbols, &subset, &gradients.symbols);
        if index >= settings.warmup_steps {
            let mut of_latents = gradients.latents;
            pulls.add_gradient(&latents, &mut of_latents);
            source.learn(&of_latents);
            if let Some(learner) = &mut learner {
                learner.learn(&centres_of(&latents), index as f32 / settings.steps as f32);
            }
        }
        watch(index + 1);
    }
    let latents = source.latents();
    let centres = centres_of(&latents);
    let codebook = learner.map(|learner| learner.codebook);
    FittedMatrices { latents, centres, decoder, nats_per_symbol, dither: Dither::new(settings.seed), codebook }
}

/// Fits latents of other texts to `fitted`'s decoder, which stays as it is, under the normal prior alone: the posterior's mode.
///
/// What [`Memory`] is measured against: it knows nothing of the groups that the decoder was fitted with.
pub fn fit_freely(fitted: &FittedMatrices, counts: &[Counts], settings: &MatrixSettings) -> Vec<[f32; CELLS]> {
    let symbol_count = fitted.decoder.background.len();
    let by_symbol = SymbolMajor::new(counts, symbol_count);
    let shape = (counts.len(), fitted.latents.ncols());
    let mut latents = Array2::zeros(shape);
    let noise = Array2::zeros(shape);
    let mut adam = Adam::new(shape, 2.0 * settings.group_learning_rate, 0.9, 0.99);
    let all: Vec<usize> = (0..counts.len()).collect();
    let mut subsets = Subsets::new(symbol_count, settings);
    for _ in 0..settings.steps / 2 {
        let subset = subsets.next();
        let step = Step { decoder: &fitted.decoder, by_symbol: &by_symbol, subset: &subset, settings, noise: &noise };
        let gradient = step.gradients(&latents).latents + &latents;
        adam.step(&mut latents, &all, &gradient);
    }
    centres_of(&latents)
}

fn centres_of(latents: &Array2<f32>) -> Vec<[f32; CELLS]> {
    latents.rows().into_iter().map(centres_of_latent).collect()
}

/// The centres of all cells; those that the latent leaves out are in the middle.
fn centres_of_latent(latent: ArrayView1<f32>) -> [f32; CELLS] {
    std::array::from_fn(|cell| latent.get(cell).map_or(0.5, |&coordinate| centre(coordinate)))
}

/// The centre of a latent coordinate: the prior's distribution function, kept from the ends.
pub fn centre(latent: f32) -> f32 {
    let uniform = 0.5 * (1.0 + erf(f64::from(latent) / std::f64::consts::SQRT_2));
    HALF_WIDTH + (1.0 - 2.0 * HALF_WIDTH) * uniform as f32
}

/// Standard normals times `scale`, (row, cell).
fn normals(rows: usize, cells: usize, seed: u64, index: u64, scale: f32) -> Array2<f32> {
    let mut stream = rng::stream(seed, Purpose::Initial, index);
    Array2::from_shape_fn((rows, cells), |_| {
        let normal: f32 = StandardNormal.sample(&mut stream);
        scale * normal
    })
}

/// The channel's noise in a step, uniform on ±0.05, (group, cell).
fn noise(groups: usize, cells: usize, seed: u64, step: usize) -> Array2<f32> {
    let mut stream = rng::stream(seed, Purpose::Noise, step as u64);
    Array2::from_shape_fn((groups, cells), |_| stream.random_range(-HALF_WIDTH..HALF_WIDTH))
}

/// Goes through all symbols in random parts, again and again in another order.
struct Subsets {
    order: Vec<usize>,
    at: usize,
    round: u64,
    size: usize,
    seed: u64,
}

impl Subsets {
    fn new(symbols: usize, settings: &MatrixSettings) -> Self {
        let size = settings.symbols_per_step.clamp(1, symbols.max(1));
        Self { order: (0..symbols).collect(), at: symbols, round: 0, size, seed: settings.seed }
    }

    fn next(&mut self) -> Vec<usize> {
        if self.at + self.size > self.order.len() {
            self.order.shuffle(&mut rng::stream(self.seed, Purpose::Subset, self.round));
            self.round += 1;
            self.at = 0;
        }
        let end = (self.at + self.size).min(self.order.len());
        let mut subset = self.order[self.at..end].to_vec();
        subset.sort_unstable();
        self.at = end;
        subset
    }
}

#[cfg(test)]
mod tests;
