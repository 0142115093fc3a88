//! A trial of a view: how well a short fit foretells outputs that were hidden from it.
//!
//! In: a problem whose first test input's outputs are known to whoever asks, not to the fit. Out: what they cost to be
//! told, given all else, at the end of a short fit: the description that the choice among views compares. It is the same
//! cells under each view.

use super::FitSettings;
use super::readout::Readout;
use crate::data::Grid;
use crate::engine::{self, EngineError, Losses, Problem};
use crate::rng;
use crate::units::{Bits, Nats};
use crate::views::View;
use std::ops::ControlFlow;

/// What a view's trial came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The view.
    pub view: View,
    /// What the hidden outputs cost under it, and to say which view it is.
    pub bits: Bits,
}

/// Fits `problem` for `steps` steps of the first seed; gives −log p of `hidden`, the output planes of its first test
/// input, the mean over the last half of the steps. `watch` hears of the losses of every step and may break off: nothing
/// is given then.
///
/// # Errors
/// Where no engine can be had, or it fails.
pub fn foretell(
    problem: &Problem,
    hidden: &[Grid],
    steps: usize,
    settings: &FitSettings,
    mut watch: impl FnMut(&[Losses]) -> ControlFlow<()>,
) -> Result<Option<Nats>, EngineError> {
    let plan = &problem.plan;
    let start = problem.layout.initial_values(settings.seed);
    let mut engine = engine::create(problem, &[start], settings.engine, settings.device, settings.threads)?;
    let mut noise = vec![0.0; problem.layout.latents()];
    let mut sum = 0.0;
    let first = steps / 2;
    for step in 0..steps {
        rng::step_noise(settings.seed, step, &mut noise);
        let evaluations = engine.step(step, &noise)?;
        if step >= first {
            let planes = hidden.iter().zip(plan.inputs..);
            sum += planes
                .map(|(grid, plane)| {
                    Readout::new(plan, plan.train, plane, &evaluations[0].outputs).nats(plan, plane, grid)
                })
                .sum::<f64>();
        }
        let losses: Vec<Losses> = evaluations.into_iter().map(|evaluation| evaluation.losses).collect();
        if watch(&losses).is_break() {
            return Ok(None);
        }
    }
    Ok((steps > 0).then(|| Nats(sum / (steps - first) as f64)))
}
