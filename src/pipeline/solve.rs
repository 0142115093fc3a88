//! Solving: a puzzle goes in, the fit runs, two attempts for every test input come out.

use crate::config::Config;
use crate::data::Puzzle;
use crate::engine::{EngineError, Problem};
use crate::fit::{self, Fitted, Progress};
use crate::model::Plan;
use std::ops::ControlFlow;

/// Fits a puzzle and chooses its answers; the puzzle's solutions, if known, are not looked at. Gives nothing if `watch`
/// breaks off.
///
/// # Errors
/// Where no engine can be had, or it fails.
pub fn solve(
    puzzle: &Puzzle,
    config: &Config,
    threads: Option<usize>,
    watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<(Problem, Fitted)>, EngineError> {
    let problem =
        Problem::new(Plan::new(puzzle), config.network.clone(), config.objective.clone(), config.optimiser.clone());
    let fitted = fit::fit(&problem, &config.fit_settings(threads), watch)?;
    Ok(fitted.map(|fitted| (problem, fitted)))
}
