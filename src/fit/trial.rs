//! A trial of a view: how well a short fit foretells outputs that were hidden from it.
//!
//! In: a problem whose first test input's outputs are known to whoever asks, not to the fit. Out: what they cost to be told, given
//! all else, at the end of a short fit: the description that the choice among views compares. It is the same cells under each view.

use super::FitSettings;
use super::selection::Readout;
use crate::data::{COLOURS, Grid};
use crate::engine::{self, EngineError, Losses, Problem};
use crate::model::Plan;
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

/// Fits `problem` for `steps` steps of the first seed; gives −log p of `hidden`, the output planes of its first test input, the mean over
/// the last half of the steps. `watch` hears of the losses of every step and may break off: nothing is given then.
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

impl Readout {
    /// −log p of an output in its likeliest place: of its size, of where it is, and of its cells. What the canvas or the palette can't
    /// say costs as much as if all colours were as likely.
    fn nats(&self, plan: &Plan, plane: usize, grid: &Grid) -> f64 {
        let (rows, columns) = (grid.rows(), grid.columns());
        let unknown = (COLOURS as f64).ln();
        if rows > self.row_mask.len() || columns > self.column_mask.len() {
            return unknown * grid.cells().len() as f64;
        }
        let known = plan.size_known[plane];
        let (top, row_nats) = place(&self.row_mask, rows, known);
        let (left, column_nats) = place(&self.column_mask, columns, known);
        let area = plan.dimensions.rows * plan.dimensions.columns;
        let mut nats = row_nats + column_nats;
        for (index, colour) in grid.cells().iter().enumerate() {
            let position = (top + index / columns) * plan.dimensions.columns + left + index % columns;
            let logits = self.logits.iter().skip(position).step_by(area).map(|&logit| f64::from(logit));
            let largest = logits.clone().fold(0f64, f64::max);
            let partition =
                largest + ((-largest).exp() + logits.clone().map(|logit| (logit - largest).exp()).sum::<f64>()).ln();
            nats += match plan.palette.iter().position(|known| known == colour) {
                None => unknown,
                Some(0) => partition,
                Some(place) => partition - logits.clone().nth(place - 1).unwrap_or(0.0),
            };
        }
        nats
    }
}

/// The likeliest offset of an interval of a length, and −log p of it among those of the length, or among all.
fn place(mask: &[f32], length: usize, known: bool) -> (usize, f64) {
    let weight = |start: usize, length: usize| 2.0 * f64::from(mask[start..start + length].iter().sum::<f32>());
    let weights = |length: usize| (0..=mask.len() - length).map(move |start| weight(start, length));
    let (best, own) = weights(length)
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (start, weight)| if weight > best.1 { (start, weight) } else { best });
    let lengths = if known { length..=length } else { 1..=mask.len() };
    let all: Vec<f64> = lengths.flat_map(weights).collect();
    let largest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let partition = largest + all.iter().map(|weight| (weight - largest).exp()).sum::<f64>().ln();
    (best, partition - own)
}
