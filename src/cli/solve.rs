//! `tenfold solve`: fits puzzles and keeps two attempts for every test input.

mod bars;
mod tally;

use super::files::parse_threads;
use super::{advice, print, stop};
use anyhow::Context;
use bars::Bars;
use clap::Args;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tally::Tally;
use tenfold::internals::config::{Config, Overrides, Preset};
use tenfold::internals::data::{ARC_SIDE, Grid, LoadOptions, Loaded, PairSample, Puzzle, load};
use tenfold::internals::engine::{self, Device, EngineKind};
use tenfold::internals::fit::Progress;
use tenfold::internals::pipeline::{self, Job, SolveOptions, available_bytes};
use tenfold::internals::report::{Kept, PuzzleRecord, RunFolder, printable};

/// Solve ARC puzzles: fit each one alone and give two attempts for every test input
#[derive(Args)]
pub struct Arguments {
    /// A task's JSON, a folder of them, or a challenges file; `-` for standard input
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Only these tasks
    #[arg(long, num_args = 1.., value_name = "ID")]
    task: Vec<String>,
    /// Solutions, to say which attempts are right; never seen by the fit. A solutions file, or tasks with outputs
    #[arg(long, value_name = "PATH")]
    solutions: Option<PathBuf>,
    /// Of tasks that are nothing but pairs: how many to draw for training and for testing, and a seed, 0 if not given
    #[arg(long, value_name = "TRAIN,TEST[,SEED]", value_parser = parse_pairs)]
    pairs: Option<PairSample>,
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
    /// The time of the whole run, shared among its puzzles: seconds, or such as 9h or 1h30m
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    time_limit: Option<Duration>,
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
    let begin = Instant::now();
    let options = options(arguments, begin)?;
    let loaded = read_puzzles(arguments)?;
    let (jobs, too_large) = fitting(&loaded.puzzles, &options)?;
    let output = arguments.output.clone().unwrap_or_else(|| default_output(arguments, &options.config));
    let run = RunFolder::open(&output, &options.config, arguments.resume)?;

    let mut tally = Tally::new(&loaded, &run, arguments.png.as_deref(), arguments.quiet);
    let (to_fit, cut_before) = take_up(&jobs, &run, &mut tally)?;
    for index in too_large {
        tally.skip(index)?;
    }
    fit_all(&to_fit, &options, cut_before, &mut tally)?;
    tally.end()
}

/// What fits may take, checked before anything is written.
fn options(arguments: &Arguments, begin: Instant) -> anyhow::Result<SolveOptions> {
    let overrides = Overrides {
        steps: arguments.steps,
        seed: arguments.seed,
        seeds: arguments.seeds,
        stable_steps: arguments.stable_steps,
        engine: arguments.engine,
        device: arguments.device,
    };
    let config = Config::resolve(arguments.preset, arguments.config.as_deref(), &overrides).map_err(advice::by_flag)?;
    let fused = engine::resolve(config.engine, config.device)? == EngineKind::Fused;
    Ok(SolveOptions {
        workers: arguments.workers,
        threads: arguments.threads,
        // What libtorch takes, and where, it has to say itself.
        memory: if fused { available_bytes() } else { None },
        deadline: arguments.time_limit.map(|limit| begin + limit),
        config,
    })
}

/// The puzzles, after a word on those that can't be read or are none of ARC's.
fn read_puzzles(arguments: &Arguments) -> anyhow::Result<Loaded> {
    let options =
        LoadOptions { tasks: &arguments.task, solutions: arguments.solutions.as_deref(), pairs: arguments.pairs };
    let mut loaded = load(&arguments.paths, &options)?;
    if loaded.puzzles.is_empty() && loaded.refused.len() == 1 {
        return Err(loaded.refused.remove(0).error.into());
    }
    for refused in &loaded.refused {
        print::note(format_args!("skipped: {}", printable(&advice::told_of_data(&refused.error))));
    }
    anyhow::ensure!(!loaded.puzzles.is_empty(), "none of {} tasks can be read", loaded.refused.len());
    let longest = |puzzle: &Puzzle| {
        let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
        pairs.chain(&puzzle.test).map(|grid: &Grid| grid.rows().max(grid.columns())).max().unwrap_or(0)
    };
    let wide: Vec<usize> = loaded.puzzles.iter().map(longest).filter(|&side| side > ARC_SIDE).collect();
    if let Some(longest) = wide.iter().max() {
        print::note(format_args!(
            "{} of {} puzzles have sides of up to {longest} cells; ARC's end at {ARC_SIDE}",
            wide.len(),
            loaded.puzzles.len()
        ));
    }
    Ok(loaded)
}

/// A puzzle's number and its fit.
type Numbered<'a> = (usize, Job<'a>);

/// What is fitted, and the numbers of puzzles whose fits take more memory than there is.
fn fitting<'a>(puzzles: &'a [Puzzle], options: &SolveOptions) -> anyhow::Result<(Vec<Numbered<'a>>, Vec<usize>)> {
    let free = options.memory.unwrap_or(u64::MAX);
    let jobs = puzzles.iter().map(|puzzle| Job::new(puzzle, &options.config)).enumerate();
    let (fit, too_large): (Vec<Numbered>, Vec<Numbered>) = jobs.partition(|(_, job)| job.bytes <= free);
    let Config { steps, seeds, .. } = options.config;
    for (_, Job { puzzle, bytes }) in &too_large {
        let error = format!(
            "puzzle {}: its fit takes {} ({steps} steps, {seeds} seeds), and {} are free: ask for fewer seeds or steps, or a smaller network",
            printable(&puzzle.id),
            gigabytes(*bytes),
            gigabytes(free)
        );
        anyhow::ensure!(puzzles.len() > 1, "{error}");
        print::note(format_args!("skipped: {error}"));
    }
    anyhow::ensure!(!fit.is_empty(), "none of {} puzzles can be fitted", puzzles.len());
    Ok((fit, too_large.into_iter().map(|(index, _)| index).collect()))
}

fn gigabytes(bytes: u64) -> String {
    if bytes == u64::MAX { "more than any machine has".into() } else { format!("{:.1} GB", bytes as f64 / 1e9) }
}

/// Counts what the run's folder has; gives what is left to fit, and the records of fits that were cut: these come last, and
/// whichever fit gets further is kept.
fn take_up<'a>(
    jobs: &[Numbered<'a>],
    run: &RunFolder,
    tally: &mut Tally,
) -> anyhow::Result<(Vec<Numbered<'a>>, HashMap<usize, PuzzleRecord>)> {
    let (mut to_fit, mut again, mut cut_before) = (Vec::new(), Vec::new(), HashMap::new());
    for &(index, job) in jobs {
        match run.kept(job.puzzle)? {
            Kept::Record(record) if record.cut => {
                tally.answer(index, &record.attempts);
                again.push((index, job));
                cut_before.insert(index, *record);
            }
            Kept::Record(record) => tally.count(index, *record)?,
            Kept::Stale(why) => {
                print::note(format_args!("fitted again: {}", printable(&why)));
                to_fit.push((index, job));
            }
            Kept::Nothing => to_fit.push((index, job)),
        }
    }
    to_fit.extend(again);
    Ok((to_fit, cut_before))
}

fn fit_all(
    to_fit: &[Numbered],
    options: &SolveOptions,
    mut cut_before: HashMap<usize, PuzzleRecord>,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    stop::polls();
    tally.save_submission()?;
    let bars = Bars::new(options.config.steps);
    let jobs: Vec<Job> = to_fit.iter().map(|&(_, job)| job).collect();
    let watch = |number: usize, progress: Progress| {
        let (index, Job { puzzle, .. }) = to_fit[number];
        bars.step(index, &puzzle.id, &progress);
        if stop::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    pipeline::solve_all(&jobs, options, &watch, |number, outcome| {
        let (index, Job { puzzle, .. }) = to_fit[number];
        bars.end(index);
        let outcome = outcome.with_context(|| format!("puzzle {}", puzzle.id))?;
        bars.suspend(|| tally.hear(index, outcome, cut_before.remove(&index), &options.config))
    })
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

fn parse_time(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_hours(24 * 366);
    let seconds = text.parse().ok().map(Duration::from_secs);
    match seconds.or_else(|| humantime::parse_duration(text).ok()) {
        Some(time) if (Duration::from_millis(1)..=LONGEST).contains(&time) => Ok(time),
        _ => Err("seconds, or a time such as 90s, 30m or 9h, up to a year, is needed".into()),
    }
}

fn parse_pairs(text: &str) -> Result<PairSample, String> {
    let wrong = || "two numbers from 1 on, such as 3,1, and maybe a seed, such as 3,1,7, are needed".to_owned();
    let numbers: Result<Vec<u64>, _> = text.split(',').map(str::parse).collect();
    match numbers.map_err(|_| wrong())?.as_slice() {
        &[train, test, ref seed @ ..] if train > 0 && test > 0 && seed.len() < 2 => {
            let [train, test] = [train, test].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
            Ok(PairSample { train, test, seed: seed.first().copied().unwrap_or(0) })
        }
        _ => Err(wrong()),
    }
}
