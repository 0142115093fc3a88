//! How matrices are fitted, as a user may set it.

use super::CodebookSettings;
use crate::engine::{Device, EngineKind};
use crate::latent::digits::CELLS;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What 100 uniform digits cost, in bits, rounded down.
pub const FLAT_BITS: f32 = 332.0;

/// The least cells that a budget is spread over, so that groups can differ in more than one respect.
const LEAST_CELLS: usize = 4;

/// What a cell of a budget is to hold, in bits: a little less than a uniform digit does, so that the budget can be spent.
const FULL_CELL_BITS: f32 = 3.0;

/// How centres become digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantiser {
    /// Each cell for itself, by subtractive dither: [`encode`](crate::latent::DigitMatrix::encode).
    #[default]
    Dither,
    /// Two cells at a time, by a learned [`Codebook`](super::Codebook).
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
    /// What a symbol in a title counts, against 1 for one in the fragment.
    pub title_weight: f32,
    /// Share of the map's codes that is the article's: how far its groups are drawn together.
    pub article_share: f32,
    /// Pull of each group to its article's global latent, where latents are fitted: on a budget, or by an encoder.
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
    /// Which engine runs. Digits depend on it in the last place, so a file's are always made by the fused one.
    pub engine: EngineKind,
    /// Where to run.
    pub device: Device,
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
            title_weight: 0.3,
            article_share: 0.1,
            article_pull: 1.1,
            title_pull: 0.2,
            neighbour_pull: 0.0,
            spread: 3.0,
            bits: FLAT_BITS,
            seed: 0,
            engine: EngineKind::Fused,
            device: Device::Auto,
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
    pub value: String,
    /// What it has to be.
    pub expected: String,
}

impl MatrixSettingsError {
    pub(super) fn new(field: &'static str, value: &impl ToString, expected: impl Into<String>) -> Self {
        Self { field, value: value.to_string(), expected: expected.into() }
    }
}

/// The most steps of a fit.
const MOST_STEPS: usize = 1_000_000;

/// The largest rate, weight or pull.
const MOST: f32 = 1e6;

impl MatrixSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// Names the first that no fit can have.
    pub fn check(&self) -> Result<(), MatrixSettingsError> {
        for (field, value, range) in [
            ("steps", self.steps, 1..=MOST_STEPS),
            ("symbols_per_step", self.symbols_per_step, 1..=10_000_000),
            ("warmup_steps", self.warmup_steps, 0..=MOST_STEPS),
        ] {
            if !range.contains(&value) {
                let expected = format!("a whole number from {} to {} is needed", range.start(), range.end());
                return Err(MatrixSettingsError::new(field, &value, expected));
            }
        }
        for (field, value) in [
            ("group_learning_rate", self.group_learning_rate),
            ("symbol_learning_rate", self.symbol_learning_rate),
            ("symbol_precision", self.symbol_precision),
            ("overlap_weight", self.overlap_weight),
            ("title_weight", self.title_weight),
            ("article_pull", self.article_pull),
            ("title_pull", self.title_pull),
            ("neighbour_pull", self.neighbour_pull),
            ("spread", self.spread),
            ("bits", self.bits),
        ] {
            if !(0.0..=MOST).contains(&value) {
                return Err(MatrixSettingsError::new(field, &value, "a number from 0 to 1000000 is needed"));
            }
        }
        if !(0.0..1.0).contains(&self.article_share) {
            return Err(MatrixSettingsError::new(
                "article_share",
                &self.article_share,
                "a number from 0 to below 1 is needed",
            ));
        }
        if self.bits < FLAT_BITS && self.quantiser == Quantiser::Codebook {
            let expected = "a codebook keeps to no budget: 332 or more, or quantiser = \"dither\"";
            return Err(MatrixSettingsError::new("bits", &self.bits, expected));
        }
        self.codebook.check()
    }

    /// The cells that carry something, the first of each matrix: as few as can hold the budget. They tell more
    /// than more cells that are less full, and symbols have fewer latents. The others stay in the middle of the prior, where they cost
    /// nothing.
    pub(super) fn cells(&self) -> usize {
        if self.bits < FLAT_BITS {
            ((self.bits / FULL_CELL_BITS).ceil() as usize).clamp(LEAST_CELLS, CELLS)
        } else {
            CELLS
        }
    }
}
