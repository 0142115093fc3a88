//! A run: many puzzles fitted side by side, taken up where an earlier one was stopped, and kept as they end.
//!
//! In: what was loaded, what each puzzle is fitted by, and [`RunOptions`]. Out: an [`Outcome`] a fit, as each is known,
//! in no order.

use super::keep::Keeper;
use super::live::Reporter;
use super::pool::{Ended, Job, all_fused, fit_all, share_cores};
use super::{Progress, RunOptions, Shard, SolveOptions, Watch, available_bytes};
use crate::config::experiment::{Fits, Setting};
use crate::config::{Config, ConfigError};
use crate::data::{Loaded, Puzzle};
use crate::engine::{self, EngineError, EngineKind, Problem};
use crate::fit::Fitted;
use crate::report::{Kept, Key, PuzzleRecord, RunError, RunFolder};
use std::cmp::Reverse;
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
    /// A shard that there is none of.
    #[error("shard {number}/{of}: a number from 1 to {of}, and {of} at least 1, is needed")]
    NoShard {
        /// Its number.
        number: usize,
        /// How many there are.
        of: usize,
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

/// What became of a fit.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its fit came to its end, in this run or the one that it goes on with.
    Whole(Box<PuzzleRecord>),
    /// Its fit was cut: its share of the time was over.
    Cut(Box<PuzzleRecord>),
    /// Whoever watched broke its fit off; what there was by then, which no folder keeps.
    BrokenOff(Box<PuzzleRecord>),
    /// Its fit did not begin: the time was over, whoever watched broke off another, or no further one was to begin.
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

/// What a run tells of a fit.
#[derive(Debug)]
pub enum News {
    /// The folder's record of it is not its own, why, and it is fitted again.
    FittedAgain(String),
    /// What became of it; the last that is told of it.
    Ended(Outcome),
}

/// A fit of the run: its number, and what it takes.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    index: usize,
    setting: &'a Setting,
    job: Job<'a>,
}

/// Fits puzzles, several at a time, each by every setting, and keeps what comes in the options' folder. What was refused
/// in loading gets placeholders in the submission, which there is where each puzzle has one fit. `watch` hears of every
/// step; `hear` hears in this thread what becomes of each fit. A fit's number is its puzzle's times the count of
/// settings, and its setting's. The largest fits come first where several run at a time. With a deadline, each gets a
/// share of what is left by its size, and what others don't use goes to those after it. Breaks where whoever watched
/// broke off a fit.
///
/// A run that is gone on with gives the records that it has; then what it has none of is fitted, and last once more what
/// was cut, of which whichever fit gets further is kept.
///
/// # Errors
/// [`SolveError`], or the first error of `hear`: all is broken off then.
pub fn run<E: From<SolveError>>(
    loaded: &Loaded,
    fits: &Fits,
    options: &RunOptions,
    watch: &Watch,
    mut hear: impl FnMut(usize, News) -> Result<(), E>,
) -> Result<ControlFlow<()>, E> {
    let options = checked(fits, options)?;
    let numbered = fitting(numbered(loaded, fits, options.shard)?, &options, &mut hear)?;
    let mut keeper = open(loaded, fits, &options)?;
    let all = numbered.len();
    let mut to_fit = take_up(numbered, &mut keeper, &mut hear)?;
    keeper.save_submission().map_err(SolveError::from)?;
    let mut watched = ControlFlow::Continue(());
    let cores = share_cores(&jobs(&to_fit.fits), &options).map_err(SolveError::NoEngine)?;
    if cores.workers > 1 {
        // What was cut stays behind the rest.
        to_fit.fits.sort_by_key(|fit| (to_fit.cut_before.contains_key(&fit.index), Reverse(fit.job.bytes)));
    }
    let ToFit { fits, mut cut_before } = to_fit;
    let live = options.folder.as_ref().map(|folder| Reporter::new(folder, all, fits.len()));
    fit_all(
        &jobs(&fits),
        &options,
        cores,
        &|number, progress| {
            let fit = &fits[number];
            if let Some(live) = &live {
                live.hear(fit.job.puzzle, fit.setting, progress);
            }
            watch(fit.index, Progress::of(progress))
        },
        |number, ended| {
            let fit = fits[number];
            if let Some(live) = &live {
                live.end(&Key::of(fit.job.puzzle, fit.setting));
            }
            let ended = ended.map_err(|source| SolveError::Fit { puzzle: fit.job.puzzle.id.clone(), source })?;
            if matches!(ended, Ended::BrokenOff(..)) {
                watched = ControlFlow::Break(());
            }
            let before = cut_before.remove(&fit.index);
            let outcome = keep(&mut keeper, fit, ended, before).map_err(SolveError::from)?;
            hear(fit.index, News::Ended(outcome))
        },
    )?;
    keeper.settle().map_err(SolveError::from)?;
    Ok(watched)
}

fn jobs<'a>(fits: &[Numbered<'a>]) -> Vec<Job<'a>> {
    fits.iter().map(|fit| fit.job).collect()
}

/// Solves one puzzle, as [`run`] does.
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
    let _ = run::<SolveError>(&loaded, &Fits::of(&options.config), &options.run, &watch, |_, news| {
        if let News::Ended(outcome) = news {
            solved = outcome.record().cloned();
        }
        Ok(())
    })?;
    solved.ok_or(SolveError::NotBegun)
}

/// The options with the memory that there is.
fn checked(fits: &Fits, options: &RunOptions) -> Result<RunOptions, SolveError> {
    fits.settings.iter().try_for_each(|setting| setting.config.check())?;
    let fused = all_fused(fits.settings.iter().map(|setting| &setting.config)).map_err(SolveError::NoEngine)?;
    if options.batch.is_some() {
        for config in fits.settings.iter().map(|setting| &setting.config) {
            let kind = engine::resolve(config.engine, config.device).map_err(SolveError::NoEngine)?;
            if kind != EngineKind::Torch {
                return Err(SolveError::NoEngine(EngineError::NoBatches(kind)));
            }
        }
    }
    let free = if fused { available_bytes() } else { None };
    Ok(RunOptions { memory: options.memory.or(free), ..options.clone() })
}

/// All fits of a run, or of its shard: every so many-th, from the largest on, so that shards are about as much work each.
fn numbered<'a>(loaded: &'a Loaded, fits: &'a Fits, shard: Option<Shard>) -> Result<Vec<Numbered<'a>>, SolveError> {
    let pairs = loaded.puzzles.iter().flat_map(|puzzle| fits.settings.iter().map(move |setting| (puzzle, setting)));
    let all = pairs.enumerate().map(|(index, (puzzle, setting))| {
        let job = Job::new(puzzle, &setting.config);
        Numbered { index, setting, job }
    });
    let mut all: Vec<Numbered> = all.collect();
    if let Some(Shard { number, of }) = shard {
        if !(1..=of).contains(&number) {
            return Err(SolveError::NoShard { number, of });
        }
        all.sort_by_key(|fit| Reverse(fit.job.bytes));
        all = all.into_iter().skip(number - 1).step_by(of).collect();
        all.sort_by_key(|fit| fit.index);
    }
    Ok(all)
}

/// How many fits are in a shard of so many.
pub fn fits_of_shard(fits: usize, shard: Option<Shard>) -> usize {
    shard.map_or(fits, |Shard { number, of }| fits.saturating_sub(number.saturating_sub(1)).div_ceil(of.max(1)))
}

/// What is fitted: all but what takes more memory than there is.
fn fitting<'a, E: From<SolveError>>(
    fits: Vec<Numbered<'a>>,
    options: &RunOptions,
    hear: &mut impl FnMut(usize, News) -> Result<(), E>,
) -> Result<Vec<Numbered<'a>>, E> {
    let free = options.memory.unwrap_or(u64::MAX);
    let all = fits.len();
    let (fit, rest): (Vec<Numbered>, Vec<Numbered>) = fits.into_iter().partition(|fit| fit.job.bytes <= free);
    for Numbered { index, job: Job { puzzle, config, bytes, .. }, .. } in rest {
        if all == 1 {
            let (puzzle, config) = (puzzle.id.clone(), Box::new(config.clone()));
            return Err(SolveError::TooLarge { puzzle, bytes, free, config }.into());
        }
        hear(index, News::Ended(Outcome::TooLarge(too_large(bytes, free, config))))?;
    }
    if fit.is_empty() && all > 0 {
        return Err(SolveError::NoneFits { puzzles: all }.into());
    }
    Ok(fit)
}

/// Opens the run's folder, if there is one, and keeps the tasks there.
fn open(loaded: &Loaded, fits: &Fits, options: &RunOptions) -> Result<Keeper, SolveError> {
    let folder = options.folder.as_ref();
    let run = folder.map(|folder| RunFolder::open(folder, &fits.declaration, options.resume)).transpose()?;
    run.iter().try_for_each(|run| run.save_tasks(&loaded.puzzles))?;
    Ok(Keeper::new(loaded, fits, run))
}

/// What is left to fit, and by number the records of fits that were cut: these come last.
struct ToFit<'a> {
    fits: Vec<Numbered<'a>>,
    cut_before: HashMap<usize, PuzzleRecord>,
}

/// Tells what the run's folder has; gives what is left.
fn take_up<'a, E: From<SolveError>>(
    all: Vec<Numbered<'a>>,
    keeper: &mut Keeper,
    hear: &mut impl FnMut(usize, News) -> Result<(), E>,
) -> Result<ToFit<'a>, E> {
    let (mut fits, mut again, mut cut_before) = (Vec::new(), Vec::new(), HashMap::new());
    let mut known = Vec::new();
    for fit in all {
        let puzzle = fit.job.puzzle;
        match keeper.run.as_mut().map_or(Kept::Nothing, |run| run.kept(puzzle, fit.setting)) {
            Kept::Record(record) => {
                keeper.answer(&puzzle.id, &record.attempts);
                if record.cut {
                    again.push(fit);
                    cut_before.insert(fit.index, *record);
                } else {
                    known.push((fit.index, record));
                }
            }
            Kept::Stale(why) => {
                hear(fit.index, News::FittedAgain(why))?;
                fits.push(fit);
            }
            Kept::Nothing => fits.push(fit),
        }
    }
    keeper.settle().map_err(SolveError::from)?;
    for (index, record) in known {
        hear(index, News::Ended(Outcome::of(*record)))?;
    }
    fits.extend(again);
    Ok(ToFit { fits, cut_before })
}

/// Keeps what became of a fit; `before` is the record of an earlier one that was cut.
fn keep(
    keeper: &mut Keeper,
    Numbered { setting, job: Job { puzzle, .. }, .. }: Numbered,
    ended: Ended,
    before: Option<PuzzleRecord>,
) -> Result<Outcome, RunError> {
    let record = |problem: &Problem, fitted: &Fitted| PuzzleRecord::new(puzzle, setting, problem, fitted);
    let outcome = match (ended, before) {
        (Ended::Cut(_, fitted), Some(before)) if fitted.steps <= before.steps => Outcome::of(before),
        (Ended::Whole(problem, fitted) | Ended::Cut(problem, fitted), _) => {
            let record = record(&problem, &fitted);
            keeper.run.as_mut().map_or(Ok(()), |run| run.save(&record))?;
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
