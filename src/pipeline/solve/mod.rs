//! Solving: puzzles go in, two attempts for every test input come out.
//!
//! [`run`] fits many puzzles side by side, each by every setting of its run, takes up a run that was stopped, and keeps
//! what comes; [`solve`] does it with one; [`solve_one`] is the fit alone. [`declared_puzzles`] finds the puzzles of an
//! experiment. Nothing is printed here; whoever asks hears of every step and may break off.

mod batches;
mod declared;
mod keep;
mod live;
mod memory;
mod pool;
mod readings;
mod run;
mod share;
mod views;

pub use batches::BatchSize;
pub use declared::declared_puzzles;
pub use memory::available_bytes;
pub use pool::fit_bytes;
pub use run::{News, Outcome, SolveError, fits_of_shard, run, solve};

use crate::config::Config;
use crate::data::Puzzle;
use crate::engine::{EngineError, Problem};
use crate::fit::{self, Fitted};
use crate::units::{Bits, Nats};
use batches::{Limits, batches};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use views::Choice;

/// How puzzles are fitted, what that may take, and where results go.
#[derive(Clone, Debug, Default)]
pub struct SolveOptions {
    /// The settings of every fit.
    pub config: Config,
    /// All else.
    pub run: RunOptions,
}

/// What fits may take, and where results go.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Puzzles fitted at the same time; one a core by default, one with libtorch. Results don't depend on it.
    pub workers: Option<usize>,
    /// Fits puzzles of similar sizes side by side in one engine, so many at most; with libtorch alone. One by one by default.
    pub batch: Option<BatchSize>,
    /// Threads of each fit; the cores shared among the workers by default.
    pub threads: Option<usize>,
    /// Memory that all fits together may take, in bytes; puzzles wait where it would be more. What is free by default, but with
    /// libtorch, which has to say itself what it takes and where.
    pub memory: Option<u64>,
    /// When the last fit has to end. Those that are not done by then are cut, each after its share of the time.
    pub deadline: Option<Instant>,
    /// The folder that keeps what was declared, a record of each fit, and the submission; nothing is kept without one.
    pub folder: Option<PathBuf>,
    /// Whether to go on with the run that is in the folder.
    pub resume: bool,
    /// Which part of the fits is done; all, if there is none.
    pub shard: Option<Shard>,
    /// As soon as this is set no further fit begins; those at work come to their end.
    pub finish: Option<Arc<AtomicBool>>,
}

/// One of several parts of a run, which are about as much work each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// Where a fit stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps done; 0 while views are tried.
    pub step: usize,
    /// What the latents and the grids cost together, the mean over seeds.
    pub bits: Bits,
    /// The leading attempts' share of the tally, 0 to 1.
    pub confidence: f64,
}

impl Progress {
    fn of(progress: &fit::Progress) -> Self {
        let nats: f64 = progress.losses.iter().map(|losses| losses.kl_nats + losses.reconstruction_nats).sum();
        let bits = Nats(nats / progress.losses.len() as f64).into();
        Self { step: progress.step, bits, confidence: progress.confidence }
    }
}

/// Who hears of every step, by the fit's number ([`run`]), on any thread, and may break off all.
pub type Watch<'a> = dyn Fn(usize, Progress) -> ControlFlow<()> + Sync + 'a;

/// Fits a puzzle and chooses its answers; the puzzle's solutions, if known, are not looked at. `watch` may break off; what
/// there is then is given. Gives nothing where no step is asked for.
///
/// # Errors
/// Where no engine can be had, or it fails.
pub fn solve_one(
    puzzle: &Puzzle,
    config: &Config,
    threads: Option<usize>,
    mut watch: impl FnMut(fit::Progress) -> ControlFlow<()>,
) -> Result<Option<(Problem, Fitted)>, EngineError> {
    let sizes = views::sizes(puzzle, config);
    let Choice { view, planes, trials } = views::choose(puzzle, &sizes, config, threads, &mut watch)?;
    let problem = views::problem(&planes, config);
    let fitted = fit::fit(&problem, &view, &config.fit_settings(threads), watch)?;
    let Some(fitted) = fitted else { return Ok(None) };
    let mut fitted = Fitted { trials, ..fitted };
    readings::take(puzzle, config, &sizes, threads, &mut fitted)?;
    Ok(Some((problem, fitted)))
}

/// Fits puzzles as [`solve_one`] does each, those of similar sizes side by side in one engine. `watch` hears of which it is.
///
/// # Errors
/// Where no engine of batches can be had, or it fails.
fn solve_batch(
    puzzles: &[&Puzzle],
    config: &Config,
    threads: Option<usize>,
    limits: Limits,
    watch: &mut dyn FnMut(usize, fit::Progress) -> ControlFlow<()>,
) -> Result<Vec<Option<(Problem, Fitted)>>, EngineError> {
    let mut chosen = Vec::with_capacity(puzzles.len());
    for (index, puzzle) in puzzles.iter().enumerate() {
        let sizes = views::sizes(puzzle, config);
        let choice = views::choose(puzzle, &sizes, config, threads, &mut |progress| watch(index, progress))?;
        chosen.push((sizes, views::problem(&choice.planes, config), choice));
    }
    // In their views puzzles may be less alike than they were.
    let dimensions: Vec<_> = chosen.iter().map(|(_, problem, _)| problem.plan.dimensions).collect();
    let mut solved: Vec<Option<Fitted>> = puzzles.iter().map(|_| None).collect();
    for batch in batches(&dimensions, config.seeds, limits) {
        let fits: Vec<_> = batch.iter().map(|&index| (&chosen[index].1, &chosen[index].2.view)).collect();
        let mut hear = |index: usize, progress: fit::Progress| watch(batch[index], progress);
        for (&index, fitted) in batch.iter().zip(fit::fit_batch(&fits, &config.fit_settings(threads), &mut hear)?) {
            solved[index] = fitted;
        }
    }
    let all = puzzles.iter().zip(chosen).zip(solved);
    all.map(|((puzzle, (sizes, problem, choice)), fitted)| {
        let Some(fitted) = fitted else { return Ok(None) };
        let mut fitted = Fitted { trials: choice.trials, ..fitted };
        readings::take(puzzle, config, &sizes, threads, &mut fitted)?;
        Ok(Some((problem, fitted)))
    })
    .collect()
}
