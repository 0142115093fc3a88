//! `tenfold solve`: fits puzzles and keeps two attempts for every test input.

use super::files::parse_threads;
use super::{print, progress};
use anyhow::Context;
use clap::Args;
use indicatif::MultiProgress;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use tenfold::config::{Config, Overrides, Preset};
use tenfold::data::{Attempts, Puzzle, Submission, load_puzzles};
use tenfold::engine::{self, Device, EngineKind};
use tenfold::fit::Progress;
use tenfold::pipeline;
use tenfold::report::{PuzzleRecord, RunFolder, Style, draw_puzzle, printable, puzzle_picture, write_atomically};
use tenfold::units::{Bits, Nats};

/// Solve ARC puzzles: fit each one alone and give two attempts for every test input
#[derive(Args)]
pub struct Arguments {
    /// A task's JSON, a folder of them, or a challenges file; `-` for standard input
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Only these tasks
    #[arg(long, num_args = 1.., value_name = "ID")]
    task: Vec<String>,
    /// A solutions file, to say which attempts are right; never seen by the fit
    #[arg(long, value_name = "FILE")]
    solutions: Option<PathBuf>,
    /// Where results go [default: results/NAME-PRESET-seedN]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Go on with the run in the output folder
    #[arg(long)]
    resume: bool,
    /// Settings to start from
    #[arg(long, value_enum, default_value_t)]
    preset: Preset,
    /// Settings over the preset's, as TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Most training steps
    #[arg(long)]
    steps: Option<usize>,
    /// First seed
    #[arg(long)]
    seed: Option<u64>,
    /// Seeds fitted side by side, pooling their votes
    #[arg(long, value_name = "N")]
    seeds: Option<usize>,
    /// Stop when both attempts have been the same for so many steps; 0 never does
    #[arg(long, value_name = "STEPS")]
    stable_steps: Option<usize>,
    /// What runs: Rust on the processor, or libtorch
    #[arg(long, value_enum)]
    engine: Option<EngineKind>,
    /// Where to run
    #[arg(long, value_enum)]
    device: Option<Device>,
    /// Threads of each fit [default: all, shared among the workers]
    #[arg(long, value_parser = parse_threads)]
    threads: Option<usize>,
    /// Puzzles fitted at the same time; results don't depend on it [default: one a core; one with libtorch]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    workers: Option<usize>,
    /// A picture of inputs, outputs and attempts; of several puzzles, one each (FILE-ID.png)
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Print a line a puzzle, and don't draw it
    #[arg(long)]
    quiet: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let overrides = Overrides {
        steps: arguments.steps,
        seed: arguments.seed,
        seeds: arguments.seeds,
        stable_steps: arguments.stable_steps,
        engine: arguments.engine,
        device: arguments.device,
    };
    let config = Config::resolve(arguments.preset, arguments.config.as_deref(), &overrides)?;
    let puzzles = load_puzzles(&arguments.paths, &arguments.task, arguments.solutions.as_deref())?;
    let (workers, threads) = share_cores(arguments, &config, puzzles.len())?;
    let output = arguments.output.clone().unwrap_or_else(|| default_output(arguments, &config));
    let run = RunFolder::open(&output, &config, arguments.resume)?;

    let mut tally =
        Tally { arguments, run: &run, several: puzzles.len() > 1, submission: Submission::new(), known: 0, solved: 0 };
    fit_all(&puzzles, workers, &Fits { config: &config, threads, run: &run }, |puzzle, record| {
        tally.count(puzzle, record)
    })?;
    let Tally { known, solved, .. } = tally;
    let tally = if known > 0 { format!("{solved} of {known} solved; ") } else { String::new() };
    print::line(format_args!("{tally}results in {}", printable(&run.path().to_string_lossy())))
}

/// What is shown and kept of finished puzzles, in the order of the input.
struct Tally<'a> {
    arguments: &'a Arguments,
    run: &'a RunFolder,
    several: bool,
    submission: Submission,
    known: usize,
    solved: usize,
}

impl Tally<'_> {
    fn count(&mut self, puzzle: &Puzzle, record: PuzzleRecord) -> anyhow::Result<()> {
        show(puzzle, &record, self.arguments, self.several)?;
        self.known += usize::from(record.solved.is_some());
        self.solved += usize::from(record.solved == Some(true));
        self.submission.insert(puzzle.id.clone(), record.attempts);
        Ok(self.run.save_submission(&self.submission)?)
    }
}

/// How many puzzles are fitted at the same time, and by how many threads each.
fn share_cores(arguments: &Arguments, config: &Config, puzzles: usize) -> anyhow::Result<(usize, Option<usize>)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let fused = engine::resolve(config.engine, config.device)? == EngineKind::Fused;
    let workers = arguments.workers.unwrap_or(if fused { cores } else { 1 }).clamp(1, puzzles.max(1));
    let threads = if fused { Some((cores / workers).max(1)) } else { None };
    Ok((workers, arguments.threads.or(threads)))
}

/// What every fit of a run needs.
struct Fits<'a> {
    config: &'a Config,
    threads: Option<usize>,
    run: &'a RunFolder,
}

/// Fits the puzzles that aren't finished yet, several at a time, and hands every record to `done` in the puzzles' order.
/// The first error stops all.
fn fit_all(
    puzzles: &[Puzzle],
    workers: usize,
    fits: &Fits,
    mut done: impl FnMut(&Puzzle, PuzzleRecord) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let bars = MultiProgress::new();
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (send, next, stopped, bars) = (send.clone(), &next, &stopped, &bars);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(puzzle) = puzzles.get(index).filter(|_| !stopped.load(Ordering::Relaxed)) else { return };
                    let record = fits.one(puzzle, (index + 1, puzzles.len()), bars, stopped);
                    if send.send((index, record)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut shown = 0;
        for (index, record) in receive {
            let result = record.and_then(|record| {
                waiting.insert(index, record);
                while let Some(record) = waiting.remove(&shown) {
                    bars.suspend(|| done(&puzzles[shown], record))?;
                    shown += 1;
                }
                Ok(())
            });
            if result.is_err() {
                stopped.store(true, Ordering::Relaxed);
                return result;
            }
        }
        Ok(())
    })
}

impl Fits<'_> {
    /// The record of one puzzle: the one that is there, or that of a fit.
    fn one(
        &self,
        puzzle: &Puzzle,
        (number, count): (usize, usize),
        bars: &MultiProgress,
        stopped: &AtomicBool,
    ) -> anyhow::Result<PuzzleRecord> {
        if let Some(record) = self.run.finished(&puzzle.id)? {
            return Ok(record);
        }
        let bar = bars.add(progress::bar(self.config.steps, "{prefix}", "{msg}, "));
        bar.set_prefix(if count > 1 { format!("{number}/{count} {}", puzzle.id) } else { puzzle.id.clone() });
        let watch = |progress: Progress| {
            bar.set_position(progress.step as u64);
            let nats: f64 = progress.losses.iter().map(|losses| losses.kl_nats + losses.reconstruction_nats).sum();
            let Bits(bits) = Nats(nats / progress.losses.len() as f64).into();
            bar.set_message(format!("{bits:.0} bits, confidence {:.0}%", 100.0 * progress.confidence));
            if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let finished = pipeline::solve(puzzle, self.config, self.threads, watch)
            .with_context(|| format!("puzzle {}", puzzle.id))?;
        bar.finish_and_clear();
        let (problem, fitted) = finished.with_context(|| format!("puzzle {}: the fit was broken off", puzzle.id))?;
        let record = PuzzleRecord::new(puzzle, &problem, &fitted);
        self.run.save(&record, &fitted.trace)?;
        Ok(record)
    }
}

fn show(puzzle: &Puzzle, record: &PuzzleRecord, arguments: &Arguments, several: bool) -> anyhow::Result<()> {
    if !arguments.quiet {
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        print::line(draw_puzzle(puzzle, &record.attempts, Style::for_stdout(), width))?;
    }
    print::line(printable(&record.summary()))?;
    if let Some(path) = &arguments.png {
        let path = if several { named_for(path, &puzzle.id) } else { path.clone() };
        save_picture(&path, puzzle, &record.attempts)?;
    }
    Ok(())
}

fn save_picture(path: &Path, puzzle: &Puzzle, attempts: &[Attempts]) -> anyhow::Result<()> {
    Ok(write_atomically(path, &puzzle_picture(puzzle, attempts)?)?)
}

/// `dir/name.png` to `dir/name-ID.png`.
fn named_for(path: &Path, id: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{id}.png"))
}

fn default_output(arguments: &Arguments, config: &Config) -> PathBuf {
    let name = match arguments.task.as_slice() {
        [task] => task.clone(),
        _ => match arguments.paths[0].file_stem() {
            Some(stem) if stem != "-" => stem.to_string_lossy().into_owned(),
            _ => "stdin".into(),
        },
    };
    let preset = match arguments.preset {
        Preset::Default => "default",
        Preset::Faithful => "faithful",
    };
    Path::new("results").join(format!("{name}-{preset}-seed{}", config.seed))
}
