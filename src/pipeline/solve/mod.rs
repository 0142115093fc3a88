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
use crate::data::{Grid, Puzzle};
use crate::engine::{EngineError, Problem};
use crate::fit::{self, Fitted, Subject};
use crate::units::{Bits, Nats};
use batches::{Limits, batches};
use rayon::ThreadPool;
use readings::Forecast;
use std::borrow::Cow;
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
    let pool = readings::pool(threads)?;
    let begun = Begun::new(puzzle, config, threads, &pool, &mut watch)?;
    let fitted = fit::fit(&begun.subject(), &begun.config.fit_settings(threads), watch)?;
    Ok(fitted.map(|fitted| begun.end(fitted)))
}

/// A puzzle before its fit.
struct Begun<'a> {
    forecast: Forecast<'a>,
    /// The settings of its fit: one step, where the forecast is sure.
    config: Cow<'a, Config>,
    choice: Choice,
    problem: Problem,
    expected: Vec<Grid>,
}

impl<'a> Begun<'a> {
    fn new(
        puzzle: &'a Puzzle,
        config: &'a Config,
        threads: Option<usize>,
        pool: &'a ThreadPool,
        watch: &mut impl FnMut(fit::Progress) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        let sizes = views::sizes(puzzle, config);
        let forecast = Forecast::new(puzzle, config, &sizes, pool);
        let config = if forecast.is_sure() {
            Cow::Owned(Config { steps: config.steps.min(1), view_steps: 0, ..config.clone() })
        } else {
            Cow::Borrowed(config)
        };
        let choice = views::choose(puzzle, &sizes, &config, threads, watch)?;
        let problem = views::problem(&choice.planes, &config);
        Ok(Self { expected: forecast.expected(), forecast, config, choice, problem })
    }

    fn subject(&self) -> Subject<'_> {
        Subject { problem: &self.problem, view: &self.choice.view, expected: &self.expected }
    }

    /// Chooses answers after its fit.
    fn end(self, fitted: Fitted) -> (Problem, Fitted) {
        let fitted = Fitted { trials: self.choice.trials, ..fitted };
        let mut fitted = if self.forecast.is_sure() { fitted.by_readings() } else { fitted };
        self.forecast.choose(&mut fitted);
        (self.problem, fitted)
    }
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
    let pool = readings::pool(threads)?;
    let mut begun = Vec::with_capacity(puzzles.len());
    for (index, puzzle) in puzzles.iter().enumerate() {
        begun.push(Begun::new(puzzle, config, threads, &pool, &mut |progress| watch(index, progress))?);
    }
    let mut solved: Vec<Option<Fitted>> = puzzles.iter().map(|_| None).collect();
    let (sure, unsure): (Vec<usize>, Vec<usize>) =
        (0..puzzles.len()).partition(|&index| begun[index].forecast.is_sure());
    // In their views puzzles may be less alike than they were.
    let dimensions: Vec<_> = unsure.iter().map(|&index| begun[index].problem.plan.dimensions).collect();
    let batches = batches(&dimensions, config.seeds, limits).into_iter();
    let batches = batches.map(|batch| batch.into_iter().map(|place| unsure[place]).collect::<Vec<_>>());
    for batch in sure.iter().map(|&index| vec![index]).chain(batches) {
        let subjects: Vec<Subject> = batch.iter().map(|&index| begun[index].subject()).collect();
        let settings = begun[batch[0]].config.fit_settings(threads);
        let mut hear = |index: usize, progress: fit::Progress| watch(batch[index], progress);
        for (&index, fitted) in batch.iter().zip(fit::fit_batch(&subjects, &settings, &mut hear)?) {
            solved[index] = fitted;
        }
    }
    Ok(begun.into_iter().zip(solved).map(|(begun, fitted)| fitted.map(|fitted| begun.end(fitted))).collect())
}
