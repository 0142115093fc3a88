//! Fits the digit matrices of articles: a latent a group, a latent a symbol, by gradient descent with the channel's noise.
//!
//! In: counts of symbols for each group's fragment and title, the article and the title that each belongs to, [`MatrixSettings`].
//! Out: [`FittedMatrices`]: centres and a decoder.
//!
//! The groups' latents are those of the [map](mod@map), which reads any text alike. With all 100 digits the map comes first, and the decoder is fitted
//! to its latents. On a budget the few cells that a file sends have to say most of their words: they are fitted with the decoder, then a map is fitted to
//! them, and the decoder gets used to what that gives.
//!
//! The loss of a step, in nats: −log p of the counts of a random part of the symbols among themselves, in fragments and
//! in titles (a stand-in for all symbols that keeps the cost of a step in proportion to the text), plus a normal prior on
//! the symbols' latents, plus the pulls that make an article's groups consistent, plus a pull of every cell to the prior,
//! under which digits are uniform; on a budget, the latents are kept to the digits' rate instead.
//!
//! The decoder is [`model::article`](crate::model::article)'s; an [`engine`](crate::engine::article) gives a step's loss
//! and gradient. What is done with these is here:
//!
//! - `settings`: how a user has it
//! - `global`: the latent of an article, which its groups align with
//! - `pulls`: the pulls between groups
//! - `source`: where latents are from
//! - `adam`: the optimiser, for the rows that a step touches
//! - `rate`: what the digits cost, kept to a budget
//! - [`map`](mod@map): the one map from any text to its latent
//! - [`codebook`]: the other quantiser, learned
//! - `vectors`: a user's vectors as digits

mod adam;
pub mod codebook;
mod global;
pub mod map;
mod pulls;
mod rate;
mod settings;
mod source;
mod vectors;

pub use codebook::{Codebook, CodebookSettings};
pub use map::TextMap;
pub use settings::{FLAT_BITS, MatrixSettings, MatrixSettingsError, Quantiser};
pub use vectors::centres_of_vectors;

pub(crate) use adam::Adam;
pub(crate) use source::Source;

use crate::data::article::{Counts, Evidence};
use crate::engine::EngineError;
use crate::engine::article::{self, ArticlePoint};
use crate::engine::gist::GistDecoder;
use crate::latent::centre::centre;
use crate::latent::digits::{CELLS, DigitMatrix, Dither, HALF_WIDTH};
use crate::model::Layout;
use crate::model::article::{ArticlePlan, GAIN, Part, tensors};
use crate::rng::{self, Purpose};
use codebook::Learner;
use global::Globals;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use pulls::Pulls;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use source::{Mapped, Settled, Settling};
use std::ops::ControlFlow;

/// Adam's learning rate for the title's weights: a tenth of the latents', which they multiply.
const TITLE_LEARNING_RATE: f32 = 0.003;

/// What the groups of a fit are, one entry a group.
#[derive(Clone, Debug, Default)]
pub struct GroupData {
    /// Symbols in its fragment.
    pub counts: Vec<Counts>,
    /// What its fragment says, as the map reads it.
    pub evidence: Vec<Vec<Evidence>>,
    /// Symbols in its title.
    pub title_counts: Vec<Counts>,
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
    /// What titles read instead: weights, (gain or bias, cell), and each symbol's background.
    pub(crate) title: (Array2<f32>, Vec<f32>),
    /// The global latent of each article, decoded to the groups' cells, (article, cell).
    pub globals: Array2<f32>,
    /// −log p of a fragment's symbol among those of its step, in nats, averaged over the counts, by step.
    pub nats_per_symbol: Vec<f64>,
    /// The same of titles' symbols.
    pub title_nats_per_symbol: Vec<f64>,
    /// The dither of the digits.
    pub dither: Dither,
    /// The codebook of the digits, where they aren't dithered.
    pub codebook: Option<Codebook>,
    /// What made the latents of the groups' texts, and makes those of others; none where another encoder did.
    pub map: Option<TextMap>,
    /// What the map's latents are multiplied by, one after the other, to keep to a budget.
    pub scales: Vec<f32>,
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

    /// The decoder of titles: as log-linear as that of fragments, with the weights taken into its numbers.
    pub fn title_decoder(&self) -> GistDecoder {
        self.decoder.with_head(&self.title.0, &self.title.1)
    }

    /// By how much more a title's symbol minds each cell than a fragment's does: 1 + gain times.
    pub fn title_gains(&self) -> ArrayView1<'_, f32> {
        self.title.0.row(GAIN)
    }

    /// The digits of another text, as the map makes them; none where there is no map.
    pub fn encode_text(&self, text: &[Evidence]) -> Option<DigitMatrix> {
        let latent = self.map.as_ref()?.latent(text);
        let scaled = |&cell: &f32| self.scales.iter().fold(cell, |cell, scale| scale * cell);
        let latent = Array1::from_iter(latent.iter().take(self.latents.ncols()).map(scaled));
        Some(self.encode(&centres_of_latent(latent.view())))
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
        self.scales.push(factor);
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

/// Fits the latents of `data`'s groups and of `symbol_count` symbols. `watch` hears of each step done, and may break off;
/// what there is then is given.
///
/// # Errors
/// [`EngineError`], where the settings' engine can't be had or fails; the fused one on the processor does neither.
pub fn fit(
    data: &GroupData,
    symbol_count: usize,
    settings: &MatrixSettings,
    watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<FittedMatrices, EngineError> {
    if settings.bits >= FLAT_BITS {
        let map = TextMap::fit(&data.evidence, &data.articles, settings.article_share, settings.seed);
        let mut source = Mapped(map.latents(&data.evidence));
        let fitted = fit_source(&mut source, data, symbol_count, settings, watch)?;
        return Ok(FittedMatrices { map: Some(map), ..fitted });
    }
    let layout = Layout::of_article(data.counts.len(), symbol_count, settings.cells());
    let mut source = Settling::new(initial(&layout, tensors::GROUPS, settings.seed), data, settings);
    let fitted = fit_source(&mut source, data, symbol_count, settings, watch)?;
    let (latents, Settled { map, scale }) = source.end();
    Ok(FittedMatrices { centres: centres_of(&latents), latents, map: Some(map), scales: vec![scale], ..fitted })
}

/// Fits a decoder and what `source` has its latents from.
pub(crate) fn fit_source(
    source: &mut impl Source,
    data: &GroupData,
    symbol_count: usize,
    settings: &MatrixSettings,
    mut watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<FittedMatrices, EngineError> {
    let groups = data.counts.len();
    let cells = source.latents().ncols();
    let layout = Layout::of_article(groups, symbol_count, cells);
    let mut symbols = initial(&layout, tensors::SYMBOLS, settings.seed);
    let mut title = initial(&layout, tensors::TITLE, settings.seed);
    let MatrixSettings { title_weight, symbol_precision, .. } = *settings;
    let plan = ArticlePlan::new(&data.counts, &data.title_counts, symbol_count, title_weight, symbol_precision);
    let mut engine = article::create(&plan, settings.engine, settings.device)?;
    let pulls = Pulls::new(data, settings);
    let mut globals = Globals::new(&data.articles, cells, settings);
    let mut learner =
        (settings.quantiser == Quantiser::Codebook).then(|| Learner::new(&settings.codebook, &data.articles));
    let mut symbol_adam = Adam::new(symbols.dim(), settings.symbol_learning_rate, 0.9, 0.95);
    let mut title_adam = Adam::new(title.dim(), TITLE_LEARNING_RATE, 0.9, 0.99);
    let mut subsets = Subsets::new(symbol_count, settings);
    let mut nats_per_symbol = Vec::with_capacity(settings.steps);
    let mut title_nats_per_symbol = Vec::with_capacity(settings.steps);
    for index in 0..settings.steps {
        let subset = subsets.next();
        let latents = source.latents();
        let noise = match &learner {
            None => noise(groups, cells, settings.seed, index),
            Some(learner) => learner.codebook.errors(&latents),
        };
        let at = ArticlePoint { groups: &latents, noise: &noise, symbols: &symbols, title: &title, subset: &subset };
        let gradients = engine.gradients(&at)?;
        nats_per_symbol.push(gradients.nats_per_symbol[Part::Fragment as usize]);
        title_nats_per_symbol.push(gradients.nats_per_symbol[Part::Title as usize]);
        symbol_adam.step(&mut symbols, &subset, &gradients.symbols);
        title_adam.step(&mut title, &[0, 1], &gradients.title);
        if index >= settings.warmup_steps {
            let mut of_latents = gradients.groups;
            pulls.add_gradient(&latents, &mut of_latents);
            globals.align(&latents, &mut of_latents);
            source.learn(&of_latents);
            if let Some(learner) = &mut learner {
                learner.learn(&centres_of(&latents), index as f32 / settings.steps as f32);
            }
        }
        if watch(index + 1).is_break() {
            break;
        }
    }
    drop(engine);
    let latents = source.latents();
    let [fragments, titles] = plan.parts.map(|part| part.background);
    Ok(FittedMatrices {
        centres: centres_of(&latents),
        latents,
        decoder: GistDecoder { symbols, background: fragments },
        title: (title, titles),
        globals: globals.decoded(),
        nats_per_symbol,
        title_nats_per_symbol,
        dither: Dither::new(settings.seed),
        codebook: learner.map(|learner| learner.codebook),
        map: None,
        scales: Vec::new(),
    })
}

/// Starting values of a tensor of the decoder, (its first axis, cell).
fn initial(layout: &Layout, name: &str, seed: u64) -> Array2<f32> {
    let shape = layout.get(name).map_or((0, 0), |slice| (slice.shape[0], slice.shape[1]));
    Array2::from_shape_vec(shape, layout.initial_values_of(name, seed)).unwrap_or_else(|_| Array2::zeros(shape))
}

pub(crate) fn centres_of(latents: &Array2<f32>) -> Vec<[f32; CELLS]> {
    latents.rows().into_iter().map(centres_of_latent).collect()
}

/// The centres of all cells; those that the latent leaves out are in the middle.
fn centres_of_latent(latent: ArrayView1<f32>) -> [f32; CELLS] {
    std::array::from_fn(|cell| latent.get(cell).map_or(0.5, |&coordinate| centre(coordinate)))
}

/// Standard normals times `scale`, (row, cell).
pub(crate) fn normals(rows: usize, cells: usize, seed: u64, index: u64, scale: f32) -> Array2<f32> {
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
pub(crate) struct Subsets {
    order: Vec<usize>,
    at: usize,
    round: u64,
    size: usize,
    seed: u64,
}

impl Subsets {
    pub(crate) fn new(symbols: usize, settings: &MatrixSettings) -> Self {
        let size = settings.symbols_per_step.clamp(1, symbols.max(1));
        Self { order: (0..symbols).collect(), at: symbols, round: 0, size, seed: settings.seed }
    }

    pub(crate) fn next(&mut self) -> Vec<usize> {
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
