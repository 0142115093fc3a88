//! A run: many puzzles fitted side by side, taken up where an earlier one was stopped, and kept as they end.
//!
//! In: what was loaded, and [`SolveOptions`]. Out: an [`Outcome`] a puzzle, as each is known, in no order.

use super::keep::Keeper;
use super::pool::{Ended, Job, fit_all, share_cores};
use super::{Progress, SolveOptions, Watch, available_bytes};
use crate::config::{Config, ConfigError};
use crate::data::{Loaded, Puzzle};
use crate::engine::{self, EngineError, EngineKind, Problem};
use crate::fit::Fitted;
use crate::report::{Kept, PuzzleRecord, RunError, RunFolder};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// Why puzzles can't be solved.
#[derive(Debug, Error)]
pub enum SolveError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The engine that was asked for can't be had.
    #[error(transparent)]
    NoEngine(EngineError),
    /// A fit failed.
    #[error("puzzle {puzzle}")]
    Fit {
        /// The puzzle's id.
        puzzle: String,
        /// Why.
        source: EngineError,
    },
    /// The only puzzle's fit takes more memory than there is.
    #[error("puzzle {puzzle}: {}", too_large(*bytes, *free, config))]
    TooLarge {
        /// The puzzle's id.
        puzzle: String,
        /// What it takes, in bytes.
        bytes: u64,
        /// What there is.
        free: u64,
        /// The settings of the fit.
        config: Box<Config>,
    },
    /// The fits of all puzzles take more memory than there is.
    #[error("none of {puzzles} puzzles can be fitted")]
    NoneFits {
        /// How many there are.
        puzzles: usize,
    },
    /// The time was over, or whoever watched had broken off, before the first step.
    #[error("the fit did not begin: there was no time for a step")]
    NotBegun,
    /// The run's folder can't be used.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// That a fit takes too much memory, in words.
fn too_large(bytes: u64, free: u64, Config { steps, seeds, .. }: &Config) -> String {
    let gigabytes = |bytes: u64| match bytes {
        u64::MAX => "more than any machine has".into(),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    };
    format!(
        "its fit takes {} ({steps} steps, {seeds} seeds), and {} are free: ask for fewer seeds or steps, or a smaller network",
        gigabytes(bytes),
        gigabytes(free)
    )
}

/// What became of a puzzle.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its fit came to its end, in this run or the one that it goes on with.
    Whole(Box<PuzzleRecord>),
    /// Its fit was cut: its share of the time was over.
    Cut(Box<PuzzleRecord>),
    /// Whoever watched broke its fit off; what there was by then, which no folder keeps.
    BrokenOff(Box<PuzzleRecord>),
    /// Its fit did not begin: the time was over, or whoever watched broke off another.
    NotBegun,
    /// Its fit takes more memory than there is, and was not begun; why, in words.
    TooLarge(String),
}

impl Outcome {
    /// The record of its fit, with two attempts for each test input; none where there was no fit.
    pub fn record(&self) -> Option<&PuzzleRecord> {
        match self {
            Self::Whole(record) | Self::Cut(record) | Self::BrokenOff(record) => Some(record),
            Self::NotBegun | Self::TooLarge(_) => None,
        }
    }

    fn of(record: PuzzleRecord) -> Self {
        let record = Box::new(record);
        if record.cut { Self::Cut(record) } else { Self::Whole(record) }
    }
}

/// What a run tells of a puzzle.
#[derive(Debug)]
pub enum News {
    /// The folder's record of it is not its own, why, and it is fitted again.
    FittedAgain(String),
    /// What became of it; the last that is told of it.
    Ended(Outcome),
}

/// A puzzle's number and its fit.
type Numbered<'a> = (usize, Job<'a>);

/// Solves puzzles, several at a time, and keeps what comes in the options' folder. What was refused in loading gets placeholders in
/// the submission. `watch` hears of every step; `hear` hears in this thread what becomes of each puzzle, by its number. With a
/// deadline, each puzzle gets a share of what is left by its size, and what others don't use goes to those after it. Breaks where
/// whoever watched broke off a fit.
///
/// A run that is gone on with gives the records that it has; then what it has none of is fitted, and last once more what was cut, of which
/// whichever fit gets further is kept.
///
/// # Errors
/// [`SolveError`], or the first error of `hear`: all is broken off then.
pub fn solve_all<E: From<SolveError>>(
    loaded: &Loaded,
    options: &SolveOptions,
    watch: &Watch,
    mut hear: impl FnMut(usize, News) -> Result<(), E>,
) -> Result<ControlFlow<()>, E> {
    let options = checked(options)?;
    let puzzles = &loaded.puzzles;
    let jobs = fitting(puzzles, &options, &mut hear)?;
    let folder = options.folder.as_ref();
    let run = folder.map(|folder| RunFolder::open(folder, &options.config, options.resume)).transpose();
    let mut keeper = Keeper::new(loaded, run.map_err(SolveError::from)?);
    let (to_fit, mut cut_before) = take_up(&jobs, &mut keeper, &mut hear)?;
    keeper.save_submission().map_err(SolveError::from)?;
    let mut watched = ControlFlow::Continue(());
    let jobs: Vec<Job> = to_fit.iter().map(|&(_, job)| job).collect();
    let cores = share_cores(&jobs, &options).map_err(SolveError::NoEngine)?;
    fit_all(&jobs, &options, cores, &|number, progress| watch(to_fit[number].0, progress), |number, ended| {
        let (index, Job { puzzle, .. }) = to_fit[number];
        let ended = ended.map_err(|source| SolveError::Fit { puzzle: puzzle.id.clone(), source })?;
        if matches!(ended, Ended::BrokenOff(..)) {
            watched = ControlFlow::Break(());
        }
        let before = cut_before.remove(&index);
        let outcome = keep(&mut keeper, puzzle, &options.config, ended, before).map_err(SolveError::from)?;
        hear(index, News::Ended(outcome))
    })?;
    Ok(watched)
}

/// Solves one puzzle, as [`solve_all`] does.
///
/// # Errors
/// [`SolveError`]; [`SolveError::NotBegun`] where not a step was done.
pub fn solve(
    puzzle: &Puzzle,
    options: &SolveOptions,
    watch: impl FnMut(Progress) -> ControlFlow<()> + Send,
) -> Result<PuzzleRecord, SolveError> {
    let loaded = Loaded { puzzles: vec![puzzle.clone()], refused: Vec::new() };
    let watch = Mutex::new(watch);
    let mut solved = None;
    let watch = |_, progress| (watch.lock().unwrap_or_else(PoisonError::into_inner))(progress);
    let _ = solve_all::<SolveError>(&loaded, options, &watch, |_, news| {
        if let News::Ended(outcome) = news {
            solved = outcome.record().cloned();
        }
        Ok(())
    })?;
    solved.ok_or(SolveError::NotBegun)
}

/// The options with the memory that there is.
fn checked(options: &SolveOptions) -> Result<SolveOptions, SolveError> {
    options.config.check()?;
    let engine = engine::resolve(options.config.engine, options.config.device).map_err(SolveError::NoEngine)?;
    let free = if engine == EngineKind::Fused { available_bytes() } else { None };
    Ok(SolveOptions { memory: options.memory.or(free), ..options.clone() })
}

/// What is fitted: all but what takes more memory than there is.
fn fitting<'a, E: From<SolveError>>(
    puzzles: &'a [Puzzle],
    options: &SolveOptions,
    hear: &mut impl FnMut(usize, News) -> Result<(), E>,
) -> Result<Vec<Numbered<'a>>, E> {
    let free = options.memory.unwrap_or(u64::MAX);
    let jobs = puzzles.iter().map(|puzzle| Job::new(puzzle, &options.config)).enumerate();
    let (fit, rest): (Vec<Numbered>, Vec<Numbered>) = jobs.partition(|(_, job)| job.bytes <= free);
    for (index, Job { puzzle, bytes }) in rest {
        if puzzles.len() == 1 {
            let (puzzle, config) = (puzzle.id.clone(), Box::new(options.config.clone()));
            return Err(SolveError::TooLarge { puzzle, bytes, free, config }.into());
        }
        hear(index, News::Ended(Outcome::TooLarge(too_large(bytes, free, &options.config))))?;
    }
    if fit.is_empty() && !puzzles.is_empty() {
        return Err(SolveError::NoneFits { puzzles: puzzles.len() }.into());
    }
    Ok(fit)
}

/// Tells what the run's folder has; gives what is left to fit, and the records of fits that were cut: these come last.
fn take_up<'a, E: From<SolveError>>(
    jobs: &[Numbered<'a>],
    keeper: &mut Keeper,
    hear: &mut impl FnMut(usize, News) -> Result<(), E>,
) -> Result<(Vec<Numbered<'a>>, HashMap<usize, PuzzleRecord>), E> {
    let (mut to_fit, mut again, mut cut_before) = (Vec::new(), Vec::new(), HashMap::new());
    for &(index, job) in jobs {
        let kept = keeper.run.as_ref().map_or(Ok(Kept::Nothing), |run| run.kept(job.puzzle));
        match kept.map_err(SolveError::from)? {
            Kept::Record(record) => {
                keeper.answer(&job.puzzle.id, &record.attempts);
                if record.cut {
                    again.push((index, job));
                    cut_before.insert(index, *record);
                } else {
                    hear(index, News::Ended(Outcome::of(*record)))?;
                }
            }
            Kept::Stale(why) => {
                hear(index, News::FittedAgain(why))?;
                to_fit.push((index, job));
            }
            Kept::Nothing => to_fit.push((index, job)),
        }
    }
    to_fit.extend(again);
    Ok((to_fit, cut_before))
}

/// Keeps what became of a fit; `before` is the record of an earlier one that was cut.
fn keep(
    keeper: &mut Keeper,
    puzzle: &Puzzle,
    config: &Config,
    ended: Ended,
    before: Option<PuzzleRecord>,
) -> Result<Outcome, RunError> {
    let record = |problem: &Problem, fitted: &Fitted| PuzzleRecord::new(puzzle, config, problem, fitted);
    let outcome = match (ended, before) {
        (Ended::Cut(_, fitted), Some(before)) if fitted.steps <= before.steps => Outcome::of(before),
        (Ended::Whole(problem, fitted) | Ended::Cut(problem, fitted), _) => {
            let record = record(&problem, &fitted);
            keeper.run.as_ref().map_or(Ok(()), |run| run.save(&record, &fitted.trace))?;
            Outcome::of(record)
        }
        (Ended::BrokenOff(..) | Ended::NotBegun, Some(before)) => Outcome::of(before),
        (Ended::BrokenOff(problem, fitted), None) => Outcome::BrokenOff(Box::new(record(&problem, &fitted))),
        (Ended::NotBegun, None) => Outcome::NotBegun,
    };
    if let Some(record) = outcome.record() {
        keeper.answer(&puzzle.id, &record.attempts);
    }
    keeper.save_submission()?;
    Ok(outcome)
}
