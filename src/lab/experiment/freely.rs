//! Latents of other texts by gradient descent, which know the decoder alone: what
//! [`Memory`](crate::fit::matrices::Memory) is measured against.
//!
//! In: a fit, counts. Out: centres.

use crate::data::article::Counts;
use crate::engine::EngineError;
use crate::engine::article::{self, ArticlePoint};
use crate::fit::matrices::{Adam, FittedMatrices, MatrixSettings, Subsets, centres_of};
use crate::latent::digits::CELLS;
use crate::model::article::{ArticlePlan, Part};
use ndarray::Array2;

/// Fits latents of other texts to `fitted`'s decoder, which stays as it is, under the normal prior alone: the posterior's mode.
///
/// # Errors
/// Those of [`fit`](crate::fit::matrices::fit).
pub(super) fn fit_freely(
    fitted: &FittedMatrices,
    counts: &[Counts],
    settings: &MatrixSettings,
) -> Result<Vec<[f32; CELLS]>, EngineError> {
    let symbol_count = fitted.decoder.background.len();
    let untitled = vec![Counts::new(); counts.len()];
    let mut plan = ArticlePlan::new(counts, &untitled, symbol_count, 0.0, settings.symbol_precision);
    plan.parts[Part::Fragment as usize].background.clone_from(&fitted.decoder.background);
    let mut engine = article::create(&plan, settings.engine, settings.device)?;
    let shape = (counts.len(), fitted.latents.ncols());
    let mut latents = Array2::zeros(shape);
    let noise = Array2::zeros(shape);
    let mut adam = Adam::new(shape, 2.0 * settings.group_learning_rate, 0.9, 0.99);
    let all: Vec<usize> = (0..counts.len()).collect();
    let mut subsets = Subsets::new(symbol_count, settings);
    let (symbols, title) = (&fitted.decoder.symbols, &fitted.title.0);
    for _ in 0..settings.steps / 2 {
        let subset = subsets.next();
        let at = ArticlePoint { groups: &latents, noise: &noise, symbols, title, subset: &subset };
        let gradient = engine.gradients(&at)?.groups + &latents;
        adam.step(&mut latents, &all, &gradient);
    }
    Ok(centres_of(&latents))
}
