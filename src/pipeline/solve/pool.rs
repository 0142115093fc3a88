//! Fits side by side, within what there is of cores, memory and time.
//!
//! In: puzzles with what their fits take ([`Job`]), and [`RunOptions`]. Out: what became of each fit, as it ends. Nothing
//! is written and nothing printed here.

use super::batches::{BatchSize, Limits, batches};
use super::memory::side_by_side;
use super::share::Shares;
use super::{RunOptions, readings, solve_batch, solve_one, views};
use crate::config::Config;
use crate::data::Puzzle;
use crate::engine::{self, EngineError, EngineKind, Problem, fused};
use crate::fit::{self, Fitted};
use crate::model::{Dimensions, Plan};
use crate::views::View;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A puzzle to fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    /// The puzzle.
    pub puzzle: &'a Puzzle,
    /// The settings of the fit.
    pub config: &'a Config,
    /// The memory that its fit takes, by its sizes: in the view that takes most.
    pub bytes: u64,
    /// Its sizes as it is.
    pub dimensions: Dimensions,
}

impl<'a> Job<'a> {
    /// A puzzle's fit under these settings.
    pub fn new(puzzle: &'a Puzzle, config: &'a Config) -> Self {
        let sizes = views::sizes(puzzle, config);
        let plan = |view: View| Some(Plan::of(&views::planes(puzzle, &view, &sizes)?));
        let plans: Vec<Plan> = views::views(puzzle, config).into_iter().filter_map(plan).collect();
        let of_plan = |plan: &Plan| {
            let engine = fused::memory_bytes(plan, &config.network, config.seeds, cores());
            engine.saturating_add(fit::memory_bytes(plan, &config.fit_settings(None)))
        };
        let bytes = plans.iter().map(of_plan).max();
        let readings = readings::memory_bytes(config);
        // The identity is the first of all views, and always holds.
        let as_it_is = plans.into_iter().next().unwrap_or_else(|| Plan::new(puzzle));
        Self {
            puzzle,
            config,
            bytes: bytes.map_or(u64::MAX, |bytes| bytes.max(readings)),
            dimensions: as_it_is.dimensions,
        }
    }
}

/// The memory that a puzzle's fit takes at most under these settings, in bytes, by its sizes.
pub fn fit_bytes(puzzle: &Puzzle, config: &Config) -> u64 {
    Job::new(puzzle, config).bytes
}

/// Who hears of every step, by the job's number, on any thread, and may break off all.
pub(super) type Watch<'a> = dyn Fn(usize, &fit::Progress) -> ControlFlow<()> + Sync + 'a;

/// What became of a fit.
#[derive(Debug)]
pub(super) enum Ended {
    /// Its fit came to its end.
    Whole(Problem, Fitted),
    /// Its fit was cut: its share of the time was over.
    Cut(Problem, Fitted),
    /// Whoever watched broke it off.
    BrokenOff(Problem, Fitted),
    /// Its fit did not begin: the time was over, whoever watched broke off another, or no further one was to begin.
    NotBegun,
}

/// Fits puzzles, several at a time. `watch` hears of every step of each; `done` hears in this thread what becomes of each,
/// as it ends. With a deadline, each puzzle gets a share of what is left by its size, and what others don't use goes to
/// those after it.
///
/// # Errors
/// The first error of `done`, which may be that of a fit: all is broken off then.
pub(super) fn fit_all<E>(
    jobs: &[Job],
    options: &RunOptions,
    Cores { workers, threads }: Cores,
    watch: &Watch,
    mut done: impl FnMut(usize, Result<Ended, EngineError>) -> Result<(), E>,
) -> Result<(), E> {
    let weights = jobs.iter().map(|job| job.bytes as f64).collect();
    let shares = options.deadline.map(|deadline| Shares::new(deadline, workers, weights));
    let stopped = AtomicBool::new(false);
    let finish = options.finish.as_deref();
    let groups = groups(jobs, options.batch);
    let pool = Pool { jobs, threads, shares, batch: options.batch, stopped: &stopped, finish, watch };
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (send, next, pool, groups) = (send.clone(), &next, &pool, &groups);
            scope.spawn(move || {
                while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ended = match pool.batch {
                        Some(size) if group.len() > 1 => pool.fit_batch(group, size),
                        _ => group.iter().map(|&index| (index, pool.fit(index))).collect(),
                    };
                    if ended.into_iter().any(|ended| send.send(ended).is_err()) {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (index, outcome) in receive {
            let result = done(index, outcome);
            if result.is_err() {
                stopped.store(true, Ordering::Relaxed);
                return result;
            }
        }
        Ok(())
    })
}

/// What the workers share.
struct Pool<'a> {
    jobs: &'a [Job<'a>],
    threads: Option<usize>,
    shares: Option<Shares>,
    batch: Option<BatchSize>,
    stopped: &'a AtomicBool,
    /// Whether no further fit is to begin.
    finish: Option<&'a AtomicBool>,
    watch: &'a Watch<'a>,
}

impl Pool<'_> {
    /// Fits one puzzle within its share of the time.
    fn fit(&self, index: usize) -> Result<Ended, EngineError> {
        let mut before = Instant::now();
        let end = self.shares.as_ref().map(|shares| shares.begin(index, before));
        let is_finishing = self.finish.is_some_and(|finish| finish.load(Ordering::Relaxed));
        if self.is_stopped() || is_finishing || end == Some(None) {
            return Ok(Ended::NotBegun);
        }
        let end = end.flatten();
        let watch = |progress: fit::Progress| self.hear(index, &progress, &mut before, end);
        let Job { puzzle, config, .. } = self.jobs[index];
        let solved = solve_one(puzzle, config, self.threads, watch);
        if let Some(shares) = &self.shares {
            shares.end(index);
        }
        Ok(self.ended(solved?))
    }

    /// Fits puzzles of one configuration side by side, within their shares of the time together.
    fn fit_batch(&self, group: &[usize], size: BatchSize) -> Vec<(usize, Result<Ended, EngineError>)> {
        let begin = Instant::now();
        let is_finishing = self.finish.is_some_and(|finish| finish.load(Ordering::Relaxed));
        let shares = self.shares.as_ref().map(|shares| group.iter().map(|&index| shares.begin(index, begin)));
        let ends: Option<Vec<Option<Instant>>> = shares.map(Iterator::collect);
        let is_late = ends.as_ref().is_some_and(|ends| ends.contains(&None));
        if self.is_stopped() || is_finishing || is_late {
            return group.iter().map(|&index| (index, Ok(Ended::NotBegun))).collect();
        }
        let end = ends.map(|ends| begin + ends.into_iter().flatten().map(|end| end - begin).sum::<Duration>());
        let mut before = vec![begin; group.len()];
        let mut watch =
            |index: usize, progress: fit::Progress| self.hear(group[index], &progress, &mut before[index], end);
        let config = self.jobs[group[0]].config;
        let puzzles: Vec<&Puzzle> = group.iter().map(|&index| self.jobs[index].puzzle).collect();
        let solved = solve_batch(&puzzles, config, self.threads, Limits::new(size, config.device), &mut watch);
        if let Some(shares) = &self.shares {
            for &index in group {
                shares.end(index);
            }
        }
        match solved {
            Ok(solved) => group.iter().zip(solved).map(|(&index, solved)| (index, Ok(self.ended(solved)))).collect(),
            Err(error) => vec![(group[0], Err(error))],
        }
    }

    /// Passes on what a fit says at a step, and breaks it off where it is stopped or its next step would end too late. `before`: when
    /// it said something last.
    fn hear(
        &self,
        index: usize,
        progress: &fit::Progress,
        before: &mut Instant,
        end: Option<Instant>,
    ) -> ControlFlow<()> {
        let now = Instant::now();
        // The first step takes the setting up with it, and says nothing of the next.
        let next_step = if progress.step > 1 { now - *before } else { Duration::ZERO };
        *before = now;
        if (self.watch)(index, progress).is_break() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        let is_over = end.is_some_and(|end| now + next_step > end);
        if is_over || self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn ended(&self, solved: Option<(Problem, Fitted)>) -> Ended {
        match solved {
            None => Ended::NotBegun,
            Some((problem, fitted)) if !fitted.broken_off => Ended::Whole(problem, fitted),
            Some((problem, fitted)) if self.is_stopped() => Ended::BrokenOff(problem, fitted),
            Some((problem, fitted)) => Ended::Cut(problem, fitted),
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// Which jobs are fitted in one engine: each alone where there are no batches, else those of one configuration and of similar
/// sizes.
fn groups(jobs: &[Job], batch: Option<BatchSize>) -> Vec<Vec<usize>> {
    let Some(size) = batch else { return (0..jobs.len()).map(|index| vec![index]).collect() };
    let mut by_config: Vec<Vec<usize>> = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        match by_config.iter_mut().find(|group| std::ptr::eq(jobs[group[0]].config, job.config)) {
            Some(group) => group.push(index),
            None => by_config.push(vec![index]),
        }
    }
    let of_config = |group: Vec<usize>| {
        let config = jobs[group[0]].config;
        let sizes: Vec<Dimensions> = group.iter().map(|&index| jobs[index].dimensions).collect();
        let batches = batches(&sizes, config.seeds, Limits::new(size, config.device));
        batches.into_iter().map(|batch| batch.into_iter().map(|place| group[place]).collect()).collect::<Vec<_>>()
    };
    by_config.into_iter().flat_map(of_config).collect()
}

/// How many puzzles are fitted at the same time, and by how many threads each.
#[derive(Clone, Copy)]
pub(super) struct Cores {
    pub workers: usize,
    threads: Option<usize>,
}

/// Shares the cores among fits.
///
/// # Errors
/// Where no engine can be had.
pub(super) fn share_cores(jobs: &[Job], options: &RunOptions) -> Result<Cores, EngineError> {
    let cores = cores();
    let fused = all_fused(jobs.iter().map(|job| job.config))?;
    let mut workers = options.workers.unwrap_or(if fused { cores } else { 1 }).clamp(1, jobs.len().max(1));
    if let Some(memory) = options.memory {
        workers = side_by_side(jobs.iter().map(|job| job.bytes), workers, memory);
    }
    let threads = if fused { Some((cores / workers).max(1)) } else { None };
    Ok(Cores { workers, threads: options.threads.or(threads) })
}

/// The machine's cores, as far as they may be used.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether the fused engine does all fits.
///
/// # Errors
/// Where an engine can't be had.
pub(super) fn all_fused<'a>(mut configs: impl Iterator<Item = &'a Config>) -> Result<bool, EngineError> {
    configs
        .try_fold(true, |all, config| Ok(all & (engine::resolve(config.engine, config.device)? == EngineKind::Fused)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Grid, Pair};
    use std::sync::{Arc, Mutex};

    fn puzzle(id: &str, columns: usize) -> Puzzle {
        let grid = |colour: u8| Grid::new(1, columns, vec![colour; columns]).unwrap();
        let train = vec![Pair { input: grid(1), output: grid(2) }];
        Puzzle { id: id.into(), train, test: vec![grid(1)], solutions: None }
    }

    fn config(steps: usize) -> Config {
        Config { steps, engine: EngineKind::Fused, readings: 0, ..Config::default() }
    }

    fn options() -> RunOptions {
        RunOptions { workers: Some(2), threads: Some(1), ..RunOptions::default() }
    }

    /// For each job whether it was whole, cut, broken off or not begun, and the steps done.
    fn run(puzzles: &[Puzzle], steps: usize, options: &RunOptions, watch: &Watch) -> Vec<(char, usize)> {
        let config = config(steps);
        let jobs: Vec<Job> = puzzles.iter().map(|puzzle| Job::new(puzzle, &config)).collect();
        let mut outcomes = vec![('?', 0); puzzles.len()];
        let cores = share_cores(&jobs, options).unwrap();
        fit_all(&jobs, options, cores, watch, |index, outcome| {
            outcomes[index] = match outcome? {
                Ended::Whole(_, fitted) => ('w', fitted.steps),
                Ended::Cut(_, fitted) => ('c', fitted.steps),
                Ended::BrokenOff(_, fitted) => ('b', fitted.steps),
                Ended::NotBegun => ('n', 0),
            };
            Ok::<_, EngineError>(())
        })
        .unwrap();
        outcomes
    }

    #[test]
    fn all_are_fitted_and_every_step_is_heard_of() {
        let puzzles = [puzzle("a", 2), puzzle("b", 3), puzzle("c", 4)];
        let steps = Mutex::new([0; 3]);
        let outcomes = run(&puzzles, 4, &options(), &|index, progress| {
            steps.lock().unwrap()[index] = progress.step;
            ControlFlow::Continue(())
        });
        assert_eq!(outcomes, [('w', 4); 3]);
        assert_eq!(steps.into_inner().unwrap(), [4; 3]);
    }

    #[test]
    fn a_deadline_cuts_every_fit_and_none_is_left_out() {
        let puzzles: Vec<Puzzle> = (0..6).map(|index| puzzle("p", 2 + index)).collect();
        let begin = Instant::now();
        let deadline = begin + Duration::from_secs(6);
        let outcomes = run(&puzzles, 1_000_000, &RunOptions { deadline: Some(deadline), ..options() }, &|_, _| {
            ControlFlow::Continue(())
        });
        assert!(outcomes.iter().all(|&(kind, steps)| kind == 'c' && steps > 0), "{outcomes:?}");
        let late = RunOptions { deadline: Some(begin), ..options() };
        assert_eq!(run(&puzzles[..2], 5, &late, &|_, _| ControlFlow::Continue(())), [('n', 0); 2]);
    }

    #[test]
    fn breaking_off_ends_all_after_the_step() {
        let puzzles: Vec<Puzzle> = (0..5).map(|_| puzzle("p", 2)).collect();
        let outcomes = run(&puzzles, 50, &RunOptions { workers: Some(1), ..options() }, &|index, progress| {
            if index == 1 && progress.step == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(outcomes, [('w', 50), ('b', 7), ('n', 0), ('n', 0), ('n', 0)]);
        let at_the_end = run(&puzzles[..1], 7, &options(), &|_, progress| {
            if progress.step == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(at_the_end, [('w', 7)], "the last step makes it whole");
    }

    #[test]
    fn what_is_at_work_when_no_further_fit_is_to_begin_comes_to_its_end() {
        let puzzles: Vec<Puzzle> = (0..4).map(|_| puzzle("p", 2)).collect();
        let finish = Arc::new(AtomicBool::new(false));
        let options = RunOptions { workers: Some(1), finish: Some(Arc::clone(&finish)), ..options() };
        let outcomes = run(&puzzles, 20, &options, &|index, progress| {
            finish.fetch_or(index == 1 && progress.step == 3, Ordering::Relaxed);
            ControlFlow::Continue(())
        });
        assert_eq!(outcomes, [('w', 20), ('w', 20), ('n', 0), ('n', 0)]);
    }

    #[test]
    fn an_error_of_who_listens_ends_all() {
        let puzzles: Vec<Puzzle> = (0..9).map(|_| puzzle("p", 2)).collect();
        let (config, options) = (config(2), options());
        let jobs: Vec<Job> = puzzles.iter().map(|puzzle| Job::new(puzzle, &config)).collect();
        let mut heard = 0;
        let cores = share_cores(&jobs, &options).unwrap();
        let result = fit_all(&jobs, &options, cores, &|_, _| ControlFlow::Continue(()), |_, _| {
            heard += 1;
            Err(EngineError::NotBuilt)
        });
        assert!(matches!(result, Err(EngineError::NotBuilt)) && heard == 1);
    }
}
