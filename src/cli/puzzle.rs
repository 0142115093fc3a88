//! What compress, decompress and inspect do with puzzles.

use super::{files, progress};
use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::ops::ControlFlow;
use tenfold::code::{Channel, Container, Kind};
use tenfold::data::{Puzzle, parse_puzzles};
use tenfold::pipeline::puzzle::{self, ChannelSummary, PuzzleSettings, PuzzleSummary, Weights};
use tenfold::units::{Bits, Nats};

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

/// Flags that only a puzzle has.
#[derive(Args)]
#[command(next_help_heading = "Puzzles")]
pub struct Options {
    /// What the input is [default: a puzzle if it is an ARC task's JSON]
    #[arg(long = "as", value_name = "CONTENT")]
    content: Option<Content>,
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
    /// The puzzle in an input, if it is taken for one. Of a file with several, or none, only `--as puzzle` makes an error.
    pub fn puzzle(&self, name: &str, content: &[u8]) -> anyhow::Result<Option<Puzzle>> {
        if self.content == Some(Content::Article) {
            return Ok(None);
        }
        match (parse_puzzles(name, "puzzle", content), self.content) {
            (Ok(mut puzzles), _) if puzzles.len() == 1 => Ok(puzzles.pop()),
            (Ok(puzzles), Some(_)) => {
                anyhow::bail!("{name}: {} tasks; a file holds one: give one task's own JSON", puzzles.len())
            }
            (Err(error), Some(_)) => Err(error.into()),
            (_, None) => Ok(None),
        }
    }

    /// Compresses a puzzle, under a progress bar.
    pub fn compress(&self, puzzle: &Puzzle, threads: Option<usize>) -> anyhow::Result<Vec<u8>> {
        let settings = PuzzleSettings {
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
        let bar = progress::bar(self.steps, "fitting", "{msg}, ");
        let compressed = puzzle::compress(puzzle, &settings, &mut |step, evaluation| {
            let Bits(latents) = Nats(evaluation.losses.kl_nats).into();
            let Bits(grids) = Nats(evaluation.losses.reconstruction_nats).into();
            bar.set_position(step as u64);
            bar.set_message(format!("latents {latents:.0} bits, grids {grids:.0} bits"));
            ControlFlow::Continue(())
        })?;
        bar.finish_and_clear();
        Ok(compressed.file)
    }
}

/// Whether a file holds a puzzle, as far as it can be read.
pub fn holds_puzzle(file: &[u8]) -> bool {
    Container::parse(file).is_ok_and(|container| container.kind() == Kind::Puzzle)
}

/// The task's JSON of a file, on one line, with the answers that the code implies.
pub fn decompress(file: &[u8], threads: Option<usize>) -> anyhow::Result<Vec<u8>> {
    let mut json = serde_json::to_vec(&puzzle::decompress(file, threads)?)?;
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
            "{file}: {kind}, format version {}, {file_bytes} bytes for {} and {} in {} colours\n\
             latents {}, weights {} ({} moved), seed {}\n",
            summary.version,
            plural(summary.train, "train pair"),
            plural(summary.tests, "test input"),
            summary.palette.len(),
            summary.channel,
            summary.weights,
            summary.weights_moved,
            summary.seed
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
        let headings = ["posterior", "coordinates", "bits each", "noise", "sample's deviation"];
        let mut rows = vec![headings.map(String::from).to_vec()];
        rows.extend(summary.channels.iter().map(posterior_row));
        text.push('\n');
        text + &files::table(&rows)
    }
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
