//! `tenfold solve`: fits puzzles and keeps two attempts for every test input.

mod bars;
mod tally;

use super::files::parse_threads;
use super::{advice, print, stop};
use bars::Bars;
use clap::Args;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tally::Tally;
use tenfold::internals::config::Overrides;
use tenfold::internals::data::ARC_SIDE;
use tenfold::internals::report::printable;
use tenfold::puzzle::{
    self, BatchSize, Config, Device, EngineKind, Grid, LoadOptions, Loaded, PairSample, Preset, Progress, Puzzle,
    RunOptions, SolveOptions, load,
};

/// Solve ARC puzzles: fit each one alone and give two attempts for every test input
#[derive(Args)]
#[command(after_help = "Example: tenfold solve arc_tasks/frame_grid.json --png frame_grid.png")]
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
    /// Stop when the first attempts have been the same for so many steps; 0 does all steps
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
    /// Puzzles of similar sizes that are fitted side by side in one engine, or `auto` for as many as memory holds; with libtorch
    #[arg(long, value_name = "N|auto")]
    batch: Option<BatchSize>,
    /// A picture of inputs, outputs and attempts; of several puzzles, one each (FILE-ID.png)
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Print a line a puzzle, and don't draw it
    #[arg(long)]
    quiet: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut options = options(arguments, Instant::now())?;
    let loaded = read_puzzles(arguments)?;
    let folder = arguments.output.clone().unwrap_or_else(|| default_output(arguments, &options.config));
    options.run.folder = Some(folder.clone());

    let mut tally = Tally::new(&loaded, &folder, arguments.png.as_deref(), arguments.quiet);
    let bars = Bars::new(options.config.steps);
    stop::polls();
    let watch = |index: usize, progress: Progress| {
        bars.step(index, &loaded.puzzles[index].id, &progress);
        if stop::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let watched = puzzle::solve_and_hear(&loaded, &options, watch, |index, news| {
        bars.end(index);
        bars.suspend(|| tally.hear(index, news))
    })?;
    tally.end(watched.is_break())
}

/// What fits may take.
fn options(arguments: &Arguments, begin: Instant) -> anyhow::Result<SolveOptions> {
    let overrides = Overrides {
        steps: arguments.steps,
        seed: arguments.seed,
        seeds: arguments.seeds,
        stable_steps: arguments.stable_steps,
        engine: arguments.engine,
        device: arguments.device,
    };
    Ok(SolveOptions {
        config: Config::resolve(arguments.preset, arguments.config.as_deref(), &overrides).map_err(advice::by_flag)?,
        run: RunOptions {
            workers: arguments.workers,
            batch: arguments.batch,
            threads: arguments.threads,
            deadline: arguments.time_limit.map(|limit| begin + limit),
            resume: arguments.resume,
            ..RunOptions::default()
        },
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
    note_wide(&loaded.puzzles);
    Ok(loaded)
}

/// A word on puzzles that are none of ARC's.
pub fn note_wide(puzzles: &[Puzzle]) {
    let longest = |puzzle: &Puzzle| {
        let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
        pairs.chain(&puzzle.test).map(|grid: &Grid| grid.rows().max(grid.columns())).max().unwrap_or(0)
    };
    let wide: Vec<usize> = puzzles.iter().map(longest).filter(|&side| side > ARC_SIDE).collect();
    if let Some(longest) = wide.iter().max() {
        print::note(format_args!(
            "{} of {} puzzles have sides of up to {longest} cells; ARC's end at {ARC_SIDE}",
            wide.len(),
            puzzles.len()
        ));
    }
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

pub fn parse_time(text: &str) -> Result<Duration, String> {
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
