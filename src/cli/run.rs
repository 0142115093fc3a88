//! `tenfold run`: a whole experiment, as a file declares it.

use super::files::parse_threads;
use super::solve::{note_wide, parse_time};
use super::{advice, print, progress, stop};
use clap::Args;
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tenfold::internals::config::experiment::Experiment;
use tenfold::internals::lab::comparison::{Comparison, comparison_table};
use tenfold::internals::pipeline::{self, Shard, declared_puzzles};
use tenfold::internals::report::{Run, printable};
use tenfold::puzzle::{News, Outcome, RunOptions};

/// Run a declared experiment: every puzzle by every variant of the settings and every seed. The same command goes on with one
/// that was stopped
#[derive(Args)]
#[command(after_help = "Example: tenfold run configs/two-variants.toml --workers 2")]
pub struct Arguments {
    /// What is run, as TOML: data, split, subset, seeds, settings and variants
    #[arg(value_name = "FILE.toml")]
    experiment: PathBuf,
    /// Where results go [default: results/NAME, of a shard results/NAME-IofN]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Only a part of the fits, such as 1/4; `tenfold merge` puts all four together
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    shard: Option<Shard>,
    /// The time of the whole run, shared among its fits: seconds, or such as 9h or 1h30m
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    time_limit: Option<Duration>,
    /// Threads of each fit [default: all, shared among the workers]
    #[arg(long, value_parser = parse_threads)]
    threads: Option<usize>,
    /// Fits at the same time; results don't depend on it [default: one a core; one with libtorch]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    workers: Option<usize>,
    /// Print the comparison of the variants as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let begin = Instant::now();
    let Experiment { source, fits } = Experiment::load(&arguments.experiment)?;
    let loaded = declared_puzzles(&source)?;
    for refused in &loaded.refused {
        print::note(format_args!("skipped: {}", printable(&advice::told_of_data(&refused.error))));
    }
    anyhow::ensure!(!loaded.puzzles.is_empty(), "none of {} tasks can be read", loaded.refused.len());
    note_wide(&loaded.puzzles);
    let folder = arguments.output.clone().unwrap_or_else(|| default_output(&arguments.experiment, arguments.shard));
    let options = RunOptions {
        workers: arguments.workers,
        threads: arguments.threads,
        deadline: arguments.time_limit.map(|limit| begin + limit),
        folder: Some(folder.clone()),
        resume: true,
        shard: arguments.shard,
        finish: Some(stop::finishes()),
        ..RunOptions::default()
    };
    let settings = &fits.settings;
    let fits_here = pipeline::fits_of_shard(loaded.puzzles.len() * settings.len(), arguments.shard);
    let steps: Vec<usize> = settings.iter().map(|setting| setting.config.steps).collect();
    let tally = Tally::new(fits_here, steps);
    stop::polls();
    let watch = |index: usize, progress: pipeline::Progress| {
        tally.step(index, progress.step);
        if stop::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let watched = pipeline::run::<anyhow::Error>(&loaded, &fits, &options, &watch, |index, news| {
        let id = &loaded.puzzles[index / settings.len()].id;
        tally.hear(index, id, news);
        Ok(())
    })?;
    let counts = tally.end();
    let shown = printable(&folder.to_string_lossy()).into_owned();
    if watched.is_break() || (counts.not_begun > 0 && stop::heard()) {
        return Err(stop::stopped(format!("what is whole is in {shown}; go on by the same command")).into());
    }
    let run = Run::read(&folder)?;
    let comparison = Comparison::new(&run.records, &run.variants());
    if arguments.json {
        print::json(&comparison)?;
    } else {
        print::out(comparison_table(&comparison))?;
    }
    let mut parts = vec![format!("{} of {fits_here} fits in {shown}", run.records.len())];
    for (count, what) in [(counts.cut, "cut by the time limit"), (counts.not_begun, "not begun")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    print::note(parts.join("; "));
    let skipped = loaded.refused.len() + counts.skipped;
    anyhow::ensure!(skipped == 0, "{skipped} tasks or fits were skipped, see above");
    Ok(())
}

fn default_output(experiment: &Path, shard: Option<Shard>) -> PathBuf {
    let name = experiment.file_stem().unwrap_or_default().to_string_lossy();
    let part = shard.map_or(String::new(), |Shard { number, of }| format!("-{number}of{of}"));
    Path::new("results").join(format!("{name}{part}"))
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    match numbers {
        Some((number, of)) if (1..=of).contains(&number) => Ok(Shard { number, of }),
        _ => Err("a part and their number, such as 1/4 to 4/4, are needed".into()),
    }
}

/// How often a line says how far a run is where there is no terminal for a bar.
const SAY: Duration = Duration::from_mins(1);

/// How far the run is.
struct Tally {
    all: usize,
    bar: ProgressBar,
    /// Steps of a fit, by its setting.
    steps: Vec<usize>,
    state: Mutex<State>,
}

struct State {
    begin: Instant,
    said: Instant,
    /// Of the fits at work, the share that is done.
    at_work: HashMap<usize, f64>,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    /// Records that an earlier run left, and those of this one.
    before: usize,
    done: usize,
    solved: usize,
    cut: usize,
    not_begun: usize,
    skipped: usize,
}

impl Tally {
    fn new(all: usize, steps: Vec<usize>) -> Self {
        let (now, counts) = (Instant::now(), Counts::default());
        let state = Mutex::new(State { begin: now, said: now, at_work: HashMap::new(), counts });
        Self { all, bar: progress::fits_bar(all), steps, state }
    }

    /// A fit did a step.
    fn step(&self, index: usize, step: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.at_work.insert(index, step as f64 / self.steps[index % self.steps.len()].max(1) as f64);
        self.show(&mut state);
    }

    /// Something became of a fit.
    fn hear(&self, index: usize, id: &str, news: News) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_at_work = state.at_work.remove(&index).is_some();
        let counts = &mut state.counts;
        match news {
            News::FittedAgain(why) => self.note(&format!("fitted again: {}", printable(&why))),
            News::Ended(Outcome::Whole(record) | Outcome::Cut(record)) => {
                *(if was_at_work { &mut counts.done } else { &mut counts.before }) += 1;
                counts.solved += usize::from(record.solved == Some(true));
                counts.cut += usize::from(record.cut);
            }
            News::Ended(Outcome::NotBegun) => counts.not_begun += 1,
            News::Ended(Outcome::BrokenOff(_)) => {}
            News::Ended(Outcome::TooLarge(why)) => {
                counts.skipped += 1;
                self.note(&format!("skipped: puzzle {}: {why}", printable(id)));
            }
        }
        self.bar.set_position((counts.before + counts.done) as u64);
        self.show(&mut state);
    }

    /// Says on the bar, or now and then in a line, how far it is.
    fn show(&self, state: &mut State) {
        let Counts { before, done, solved, .. } = state.counts;
        let elapsed = state.begin.elapsed().as_secs_f64();
        let fits = done as f64 + state.at_work.values().sum::<f64>();
        let left = (self.all - before.min(self.all)) as f64 - fits;
        let rate = fits / elapsed.max(1e-3);
        let time =
            if fits > 0.0 { Duration::from_secs_f64((left / rate).clamp(0.0, 1e9).round()) } else { Duration::ZERO };
        let left = if fits > 0.0 { format!("{} left", humantime::format_duration(time)) } else { String::new() };
        let message = format!("{solved} solved, {:.1} a minute, {left}", 60.0 * rate);
        if self.bar.is_hidden() {
            if state.said.elapsed() >= SAY {
                state.said = Instant::now();
                print::note(format_args!("{} of {} fits, {message}", before + done, self.all));
            }
        } else {
            self.bar.set_message(message);
        }
    }

    fn note(&self, text: &str) {
        self.bar.suspend(|| print::note(text));
    }

    fn end(&self) -> Counts {
        self.bar.finish_and_clear();
        self.state.lock().unwrap_or_else(PoisonError::into_inner).counts
    }
}
