//! What compress, decompress and inspect do with puzzles.

use super::{files, progress};
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::ops::ControlFlow;
use tenfold::internals::code::Kind;
use tenfold::internals::config::Overrides;
use tenfold::internals::pipeline::puzzle::EFFORT_STEPS;
use tenfold::internals::report::printable;
use tenfold::puzzle::{
    self, Channel, ChannelSummary, Config, FileProgress, Grid, Method, Pair, Preset, PuzzleError, PuzzleSettings,
    PuzzleSummary, RunOptions, SolveOptions, Weights,
};
use tenfold::{Bits, Nats};

/// What an input is taken for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Content {
    /// Bytes of any kind
    Article,
    /// An ARC task's JSON
    Puzzle,
}

/// How latents are sent.
#[derive(Clone, Copy, ValueEnum)]
enum ChannelName {
    /// Uniform noise, by subtractive dither
    Dithered,
    /// Gaussian noise, by minimal random coding
    Blocks,
}

/// What a puzzle's file is made of.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CodeName {
    /// The shortest: grids one after the other, and fits that the decoder repeats
    Grids,
    /// The published convention: latents and weights are sent; the flags below are for it
    Latents,
}

/// Answers that a puzzle is decompressed with.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Answers {
    /// None: the file as it was, byte for byte
    None,
    /// The first attempt as each test's output
    First,
    /// The first attempt as the output, and both as "candidates"
    Both,
}

/// Flags that only a puzzle has.
#[derive(Args)]
#[command(next_help_heading = "Puzzles")]
pub struct Options {
    /// What the input is [default: a puzzle if it is an ARC task's JSON]
    #[arg(long = "as", value_name = "CONTENT")]
    content: Option<Content>,
    /// What the file is made of
    #[arg(long, value_enum, default_value = "grids")]
    code: CodeName,
    /// Training steps
    #[arg(long, default_value_t = PuzzleSettings::default().steps, value_parser = parse_steps)]
    steps: usize,
    /// The seed of all randomness
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// How the latents are sent
    #[arg(long, value_enum, default_value = "dithered")]
    channel: ChannelName,
    /// How the weights are sent
    #[arg(long, value_enum, default_value_t = PuzzleSettings::default().weights)]
    weights: Weights,
    /// What a bit of the grids counts against a bit of the latents; 1 makes the shortest file
    #[arg(long, value_name = "FACTOR", default_value_t = PuzzleSettings::default().reconstruction_weight, value_parser = parse_weight)]
    reconstruction_weight: f64,
}

fn parse_steps(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(steps) if steps > 0 => Ok(steps),
        _ => Err("a number from 1 on is needed".into()),
    }
}

fn parse_weight(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(weight) if weight > 0.0 && f64::is_finite(weight) => Ok(weight),
        _ => Err("a number above 0 is needed".into()),
    }
}

impl Options {
    /// Whether the input may be sent as a puzzle.
    pub fn allows(&self) -> bool {
        self.content != Some(Content::Article)
    }

    /// Whether the input has to be sent as a puzzle.
    pub fn is_forced(&self) -> bool {
        self.content == Some(Content::Puzzle)
    }

    /// Compresses a task's JSON, under a progress bar.
    pub fn compress(
        &self,
        content: &[u8],
        effort: u8,
        threads: Option<usize>,
        in_folder: bool,
    ) -> Result<Vec<u8>, PuzzleError> {
        let (method, steps) = match self.code {
            CodeName::Grids => (Method::Grids(effort), EFFORT_STEPS[usize::from(effort)]),
            CodeName::Latents => (Method::Latents, self.steps),
        };
        let settings = PuzzleSettings {
            method,
            steps: self.steps,
            seed: self.seed,
            channel: match self.channel {
                ChannelName::Dithered => Channel::Dithered,
                ChannelName::Blocks => Channel::Blocks,
            },
            weights: self.weights,
            reconstruction_weight: self.reconstruction_weight,
            threads,
            ..PuzzleSettings::default()
        };
        let bar = progress::of_file(progress::bar(steps, "fitting", "{msg}, "), in_folder);
        let file = puzzle::compress(content, &settings, |FileProgress { step, latents, grids }| {
            bar.set_position(step as u64);
            bar.set_message(format!("latents {:.0} bits, grids {:.0} bits", latents.0, grids.0));
            ControlFlow::Continue(())
        });
        bar.finish_and_clear();
        file
    }
}

/// A task's JSON with answers.
#[derive(Serialize)]
struct Answered<'a> {
    train: &'a [Pair],
    test: Vec<AnsweredTest<'a>>,
}

#[derive(Serialize)]
struct AnsweredTest<'a> {
    input: &'a Grid,
    output: &'a Grid,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<[&'a Grid; 2]>,
}

/// The task's file, byte for byte; or its JSON on one line, with answers.
pub fn decompress(
    file: &[u8],
    answers: Answers,
    steps: Option<usize>,
    threads: Option<usize>,
) -> anyhow::Result<Vec<u8>> {
    let bar = progress::bar(EFFORT_STEPS[EFFORT_STEPS.len() - 1], "fitting again", "");
    let watch = |progress: FileProgress| {
        bar.set_position(progress.step as u64);
        ControlFlow::Continue(())
    };
    if answers == Answers::None {
        let content = puzzle::decompress(file, threads, watch);
        bar.finish_and_clear();
        return Ok(content?);
    }
    let puzzle = puzzle::read(file, threads, watch)?;
    bar.finish_and_clear();
    let config = Config::resolve(Preset::Default, None, &Overrides { steps, ..Overrides::default() })?;
    let bar = progress::bar(config.steps, "solving", "");
    let options = SolveOptions { config, run: RunOptions { threads, ..RunOptions::default() } };
    let solved = puzzle::solve(&puzzle, &options, |progress| {
        bar.set_position(progress.step as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let attempts = solved?.attempts;
    let test = puzzle.test.iter().zip(&attempts).map(|(input, attempts)| AnsweredTest {
        input,
        output: &attempts.attempt_1,
        candidates: (answers == Answers::Both).then_some([&attempts.attempt_1, &attempts.attempt_2]),
    });
    let mut json = serde_json::to_vec(&Answered { train: &puzzle.train, test: test.collect() })?;
    json.push(b'\n');
    Ok(json)
}

#[derive(Serialize)]
struct Inspection {
    file: String,
    kind: String,
    file_bytes: usize,
    #[serde(flatten)]
    summary: PuzzleSummary,
}

/// What is in a puzzle's file, as text or JSON.
pub fn inspect(name: String, file: &[u8], json: bool) -> anyhow::Result<String> {
    let summary = puzzle::inspect(file, None).with_context(|| name.clone())?;
    let inspection = Inspection { file: name, kind: Kind::Puzzle.to_string(), file_bytes: file.len(), summary };
    if json { Ok(serde_json::to_string_pretty(&inspection)? + "\n") } else { Ok(inspection.text()) }
}

impl Inspection {
    fn text(&self) -> String {
        let Self { file, kind, file_bytes, summary } = self;
        let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut text = format!(
            "{}: {kind}, format version {}, {file_bytes} bytes for {} and {} in {} colours\n\
             {}\n",
            printable(file),
            summary.version,
            plural(summary.train, "train pair"),
            plural(summary.tests, "test input"),
            summary.palette.len(),
            method(summary)
        );
        let total = summary.ledger.total_bits();
        let row = |name: &str, bits: u64, estimate: Option<f64>| {
            let share = format!("{:.1}%", 100.0 * bits as f64 / total as f64);
            let estimate = estimate.map_or(String::new(), |bits| format!("{bits:.1}"));
            vec![name.to_owned(), bits.to_string(), share, estimate]
        };
        let mut rows = vec![["section", "bits", "share", "estimate"].map(String::from).to_vec()];
        rows.extend(summary.ledger.entries().iter().map(|entry| row(&entry.name, entry.bits, entry.estimate_bits)));
        rows.push(row("all", total, None));
        text += &files::table(&rows);
        text.push('\n');
        if summary.effort.is_some() {
            text += "bits of each grid, and how many more it would take without a part of the mix\n";
            return text + &files::table(&grid_rows(summary));
        }
        let headings = ["posterior", "coordinates", "bits each", "noise", "sample's deviation"];
        let mut rows = vec![headings.map(String::from).to_vec()];
        rows.extend(summary.channels.iter().map(posterior_row));
        text + &files::table(&rows)
    }
}

/// What the file is made of, in words.
fn method(summary: &PuzzleSummary) -> String {
    match summary.effort {
        Some(0) => "grids, no network".into(),
        Some(effort) => {
            format!("grids, and networks of {} steps that decoding fits again", EFFORT_STEPS[usize::from(effort)])
        }
        None => format!(
            "latents {}, weights {} ({} moved), seed {}",
            summary.channel, summary.weights, summary.weights_moved, summary.seed
        ),
    }
}

fn grid_rows(summary: &PuzzleSummary) -> Vec<Vec<String>> {
    let parts = summary.worths.iter().map(|worth| worth.part);
    let mut rows: Vec<Vec<String>> =
        vec![["grid", "cells", "bits"].into_iter().chain(parts).map(String::from).collect()];
    rows.extend(summary.grids.iter().enumerate().map(|(index, grid)| {
        let worths = summary.worths.iter().map(|worth| format!("{:+.1}", worth.bits[index]));
        let own = [grid.grid.clone(), grid.cells.to_string(), format!("{:.1}", grid.bits)];
        own.into_iter().chain(worths).collect()
    }));
    rows
}

fn posterior_row(channel: &ChannelSummary) -> Vec<String> {
    let Bits(bits) = Nats(channel.rate_nats).into();
    vec![
        format!("{} channel {}", channel.tensor, channel.channel),
        channel.coordinates.to_string(),
        format!("{bits:.3}"),
        format!("{:.3}", channel.noise),
        format!("{:.2}", channel.sample_deviation),
    ]
}
