//! What a network says of an output that is not known yet, once it has been fitted to the pairs before and to the input.
//!
//! In: pairs, an input and its output's size. Out: for each effort up to one the mean of the cells' probabilities over the latter
//! half of so many steps, as integers. Starting values and noise come from tables, so that every machine has the same.

use super::{PuzzleError, Watch, decoder};
use crate::code::grids::{COLOURS, Opinion};
use crate::code::normal::{exp, quantile};
use crate::code::shared::{Shared, shared_stream};
use crate::data::{Grid, Pair, Puzzle};
use crate::engine::{self, Device, EngineKind, Outputs, Problem};
use crate::model::{Axes, MODES, Mode, Plan};
use rand::Rng;

/// Steps of a fit, by effort; 0 has none.
pub const STEPS: [usize; 4] = [0, 100, 200, 400];

/// A network whose tensors have more positions together is not fitted, nor one for later outputs than these: both sides
/// know it, and so a file can't ask for more.
const MOST_POSITIONS: usize = 200_000;
const MOST_FITS: usize = 10;

/// The seed of all fits.
const SEED: u64 = 0;

/// Opinions by effort, from 1 on; none where nothing was fitted.
#[derive(Debug, Clone, Default)]
pub(super) struct Foresight(Vec<Vec<Opinion>>);

impl Foresight {
    /// What the fit said after the steps of an effort.
    pub fn after(&self, effort: u8) -> Option<Vec<Opinion>> {
        self.0.get(usize::from(effort).checked_sub(1)?).cloned()
    }
}

/// Fits and asks. Nothing is fitted without pairs, for outputs whose size the network would have to guess, and where it would take
/// too much.
pub(super) fn foresee(
    known: &[Pair],
    input: &Grid,
    size: (usize, usize),
    effort: u8,
    threads: Option<usize>,
    watch: &mut Watch,
) -> Result<Foresight, PuzzleError> {
    let nothing = Foresight::default();
    if known.is_empty() || known.len() > MOST_FITS {
        return Ok(nothing);
    }
    let puzzle = Puzzle { id: String::new(), train: known.to_vec(), test: vec![input.clone()], solutions: None };
    let plan = Plan::new(&puzzle);
    let told = plan.output_size_known && plan.sizes[plan.train][Mode::Output as usize] == size;
    if !told || plan.dimensions.colours == 0 || all_positions(&plan) > MOST_POSITIONS {
        return Ok(nothing);
    }
    let problem = decoder::problem_of(plan);
    let start = decoder::starting_values(&problem.layout, SEED as u32);
    let mut engine = engine::create(&problem, &[start], EngineKind::Fused, Device::Cpu, threads)?;
    let mut noise = vec![0.0; problem.layout.latents()];
    let mut foresight = Vec::new();
    let mut sums = vec![[0.0; COLOURS]; size.0 * size.1];
    let steps = STEPS[usize::from(effort)];
    for step in 0..steps {
        let mut stream = shared_stream(SEED, Shared::Replay, step as u64);
        for value in &mut noise {
            *value = quantile(stream.next_u32());
        }
        let evaluation = engine.step(step, &noise)?.remove(0);
        if STEPS.contains(&(2 * step)) {
            sums.fill([0.0; COLOURS]);
        }
        add(&mut sums, &problem, &evaluation.outputs, size);
        if let Some(level) = STEPS.iter().position(|&steps| steps == step + 1) {
            let window = (STEPS[level] - STEPS[level] / 2) as f64;
            foresight.push(sums.iter().map(|sum| sum.map(|sum| (sum / window * 65_535.0) as u16)).collect());
        }
        if watch(step + 1, &evaluation).is_break() {
            return Err(PuzzleError::BrokenOff);
        }
    }
    Ok(Foresight(foresight))
}

/// The positions of all tensors of a plan's network, which is what its memory follows.
fn all_positions(plan: &Plan) -> usize {
    Axes::all().map(|axes| plan.dimensions.positions(axes)).sum()
}

/// Adds the probabilities of the colours in each cell of the test output.
fn add(sums: &mut [[f64; COLOURS]], problem: &Problem, outputs: &Outputs, (rows, columns): (usize, usize)) {
    let plan = &problem.plan;
    let dimensions = &plan.dimensions;
    for (place, sums) in sums.iter_mut().enumerate() {
        let (row, column) = (place / columns, place % columns);
        debug_assert!(row < rows);
        let mut logits = [f64::NEG_INFINITY; COLOURS];
        logits[usize::from(plan.palette[0])] = 0.0;
        for (index, &colour) in plan.palette.iter().enumerate().skip(1) {
            let colours = plan.train * dimensions.colours + index - 1;
            let cell = (colours * dimensions.rows + row) * dimensions.columns + column;
            logits[usize::from(colour)] = outputs.logits[cell * MODES.len() + Mode::Output as usize].into();
        }
        let largest = logits.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let weights = logits.map(|logit| exp(logit - largest));
        let all: f64 = weights.iter().sum();
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight / all;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fused::memory_bytes;
    use std::ops::ControlFlow;

    fn noise(rows: usize, columns: usize) -> Grid {
        let cells = (0..rows * columns).map(|cell| (cell * 7 % 10) as u8).collect();
        Grid::new(rows, columns, cells).unwrap()
    }

    /// What the largest fit that a file may ask for takes, whatever shape it has.
    #[test]
    fn the_largest_fit_takes_less_than_300_megabytes() {
        for (pairs, rows, columns) in [(1, 32, 32), (2, 20, 34), (9, 12, 16), (10, 10, 17), (1, 1, 554)] {
            let grid = noise(rows, columns);
            let known = vec![Pair { input: grid.clone(), output: grid.clone() }; pairs];
            let puzzle = Puzzle { id: String::new(), train: known, test: vec![grid], solutions: None };
            let plan = Plan::new(&puzzle);
            let positions = all_positions(&plan);
            assert!(positions <= MOST_POSITIONS && positions > MOST_POSITIONS * 95 / 100, "{positions}");
            let problem = decoder::problem_of(plan);
            let bytes = memory_bytes(&problem.plan, &problem.network, 1, 1);
            assert!(bytes < 300_000_000, "{pairs} pairs of {rows} × {columns}: {bytes} bytes");
        }
    }

    #[test]
    fn a_larger_puzzle_is_not_fitted() {
        let grid = noise(33, 32);
        let known = [Pair { input: grid.clone(), output: grid.clone() }];
        let foresight = foresee(&known, &grid, (33, 32), 1, Some(1), &mut |_, _| ControlFlow::Break(())).unwrap();
        assert!(foresight.after(1).is_none());
    }
}
