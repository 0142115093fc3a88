//! `tenfold analyze`: bit lengths over many puzzles, from runs of `solve` and from files of `compress`.

use super::{files, print, progress};
use anyhow::Context;
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use tenfold::internals::data::load_puzzles;
use tenfold::internals::lab::analyze::{Analysis, PuzzleLength, kl_over_steps, steps_csv};
use tenfold::internals::lab::learning::{LearningAnalysis, PuzzleCurve, SHOWN_OUTPUTS};
use tenfold::internals::lab::plot::{Course, learning_plots, plots};
use tenfold::internals::lab::{Baselines, baselines};
use tenfold::internals::pipeline::puzzle;
use tenfold::internals::report::{CurvePoint, PuzzleRecord, Run, printable, sheet, text_cell, write_atomically};

/// Analyze bit lengths: over the steps of runs, solved against unsolved puzzles, what was sent against what was estimated
#[derive(Args)]
#[command(after_help = "Example: tenfold analyze results/arc_tasks-default-seed0 --output analysis")]
pub struct Arguments {
    /// Folders that `solve` left, and puzzles' `.tenfold` files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Where tables go as CSV, and plots as SVG and PNG
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Rows of the table over the steps
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    points: u16,
    /// The runs' tasks: adds what outputs take one after the other, and right answers against wrong candidates
    #[arg(long, num_args = 1.., value_name = "PATH")]
    puzzles: Vec<PathBuf>,
    /// The tasks' solutions, where they are apart
    #[arg(long, value_name = "PATH", requires = "puzzles")]
    solutions: Option<PathBuf>,
    /// Of the tasks' code: 0 is context mixing alone, up to 3 fits a network before each output
    #[arg(long, value_name = "N", default_value_t = 0, requires = "puzzles", value_parser = clap::value_parser!(u8).range(0..=3))]
    effort: u8,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One puzzle's file against its estimates and baselines.
#[derive(Serialize)]
struct FileRow {
    file: String,
    channel: &'static str,
    weights: &'static str,
    file_bits: usize,
    latent_bits: u64,
    latent_estimate_bits: f64,
    weight_bits: u64,
    residual_bits: u64,
    residual_estimate_bits: f64,
    #[serde(flatten)]
    baselines: Baselines,
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Analysis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learning: Option<LearningAnalysis>,
    files: Vec<FileRow>,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (runs, single): (Vec<&PathBuf>, Vec<&PathBuf>) = arguments.paths.iter().partition(|path| path.is_dir());
    let mut lengths = Vec::new();
    let mut records = Vec::new();
    for run in &runs {
        for record in Run::read(run)?.records {
            lengths.extend(PuzzleLength::of(&record));
            records.push(record);
        }
    }
    let learning = if arguments.puzzles.is_empty() { None } else { Some(learning(arguments, &mut records)?) };
    let files: Vec<FileRow> = single.into_iter().map(|path| file_row(path)).collect::<Result<_, _>>()?;
    let report = Report { runs: (!runs.is_empty()).then(|| Analysis::new(lengths)), learning, files };
    if let Some(folder) = &arguments.output {
        if let Some(runs) = &report.runs {
            write_atomically(&folder.join("lengths.csv"), runs.csv().as_bytes())?;
            write_atomically(&folder.join("tests.csv"), runs.tests_csv().as_bytes())?;
            let points: Vec<&[CurvePoint]> = records.iter().map(|record| record.curve.as_slice()).collect();
            let steps = kl_over_steps(&points, arguments.points.into());
            write_atomically(&folder.join("kl-over-steps.csv"), steps_csv(&steps).as_bytes())?;
            let courses: Vec<Course> =
                records.iter().map(|record| Course { solved: record.solved, points: &record.curve }).collect();
            for plot in plots(&courses)? {
                plot.write(folder)?;
            }
        }
        if let Some(learning) = &report.learning {
            write_atomically(&folder.join("learning.csv"), learning.csv().as_bytes())?;
            for plot in learning_plots(&learning.puzzles)? {
                plot.write(folder)?;
            }
        }
        if !report.files.is_empty() {
            write_atomically(
                &folder.join("files.csv"),
                sheet(&FileRow::HEADINGS, report.files.iter().map(|row| row.cells(text_cell(&row.file)))).as_bytes(),
            )?;
        }
    }
    if arguments.json {
        print::json(&report)?;
    } else {
        print::out(report.text())?;
    }
    Ok(())
}

/// The learning curves of the records' puzzles, several at a time.
fn learning(arguments: &Arguments, records: &mut [PuzzleRecord]) -> anyhow::Result<LearningAnalysis> {
    let puzzles = load_puzzles(&arguments.puzzles, &[], arguments.solutions.as_deref())?;
    let bar = progress::bar(records.len(), "coding", "");
    let curve = |record: &mut PuzzleRecord| -> anyhow::Result<PuzzleCurve> {
        let puzzle = puzzles.iter().find(|puzzle| puzzle.id == record.id);
        let puzzle =
            puzzle.with_context(|| format!("{}: not among the tasks that --puzzles names", printable(&record.id)))?;
        if let Some(solutions) = &puzzle.solutions {
            record.judge(solutions);
        }
        let curve = PuzzleCurve::of(record, puzzle, arguments.effort)?;
        bar.inc(1);
        Ok(curve)
    };
    let curves = records.par_iter_mut().map(curve).collect::<anyhow::Result<_>>()?;
    bar.finish_and_clear();
    Ok(LearningAnalysis::new(curves))
}

fn file_row(path: &Path) -> anyhow::Result<FileRow> {
    let file = files::read(path)?;
    let name = files::name(path);
    let summary = puzzle::inspect(&file, None).with_context(|| name.clone())?;
    let puzzle = puzzle::decompress(&file, None).with_context(|| name.clone())?;
    let line = |name: &str| summary.ledger.entries().iter().find(|entry| entry.name == name);
    let bits = |name: &str| line(name).map_or(0, |entry| entry.bits);
    let estimate = |name: &str| line(name).and_then(|entry| entry.estimate_bits).unwrap_or(0.0);
    Ok(FileRow {
        file: files::file_name(path),
        channel: summary.channel,
        weights: summary.weights,
        file_bits: 8 * file.len(),
        latent_bits: bits("latents"),
        latent_estimate_bits: estimate("latents"),
        weight_bits: bits("weights"),
        residual_bits: bits("residual"),
        residual_estimate_bits: estimate("residual"),
        baselines: baselines(&puzzle),
    })
}

impl FileRow {
    const HEADINGS: [&'static str; 13] = [
        "file",
        "channel",
        "weights",
        "file_bits",
        "latent_bits",
        "latent_estimate_bits",
        "weight_bits",
        "residual_bits",
        "residual_estimate_bits",
        "cells",
        "raw_bits",
        "order_0_bits",
        "xz_bits",
    ];

    /// The row, with the file's name as it is to be shown.
    fn cells(&self, file: Cow<str>) -> Vec<String> {
        vec![
            file.into_owned(),
            self.channel.into(),
            self.weights.into(),
            self.file_bits.to_string(),
            self.latent_bits.to_string(),
            format!("{:.1}", self.latent_estimate_bits),
            self.weight_bits.to_string(),
            self.residual_bits.to_string(),
            format!("{:.1}", self.residual_estimate_bits),
            self.baselines.cells.to_string(),
            format!("{:.0}", self.baselines.raw_bits),
            format!("{:.0}", self.baselines.order_0_bits),
            self.baselines.xz_bits.to_string(),
        ]
    }
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(runs) = &self.runs {
            let mut rows = vec![["puzzle", "solved", "latents", "grids", "bits"].map(String::from).to_vec()];
            rows.extend(runs.puzzles.iter().map(|puzzle| {
                let solved = puzzle.solved.map_or("", |solved| if solved { "yes" } else { "no" });
                let bits = |bits: f64| format!("{bits:.1}");
                let lengths = [puzzle.kl_bits, puzzle.reconstruction_bits, puzzle.bits()].map(bits);
                [printable(&puzzle.id).into_owned(), solved.into()].into_iter().chain(lengths).collect()
            }));
            text += &files::table(&rows);
            text.push('\n');
            text += &runs.claim();
        }
        if let Some(learning) = &self.learning {
            let mut rows = vec![["puzzle", "solved", "bits a cell"].map(String::from).to_vec()];
            rows[0].extend((1..=SHOWN_OUTPUTS).map(|output| format!("output {output}")));
            rows[0].extend(["right answer", "other candidates"].map(String::from));
            rows.extend(learning.puzzles.iter().map(|puzzle| puzzle.cells(printable(&puzzle.id).into_owned(), 3)));
            text.push('\n');
            text += &files::table(&rows);
            text.push('\n');
            text += &learning.claim();
        }
        if !self.files.is_empty() {
            let headings: Vec<String> = FileRow::HEADINGS.iter().map(|heading| heading.replace('_', " ")).collect();
            let cells = self.files.iter().map(|row| row.cells(printable(&row.file)));
            let rows: Vec<Vec<String>> = std::iter::once(headings).chain(cells).collect();
            text += &files::table(&rows);
            let sum = |bits: fn(&FileRow) -> f64| self.files.iter().map(bits).sum::<f64>();
            let (sent, estimate) = (sum(|row| row.latent_bits as f64), sum(|row| row.latent_estimate_bits));
            let cells = sum(|row| row.baselines.cells as f64);
            // Files of grids have no latents to estimate.
            let latents = if estimate > 0.0 {
                let both = sum(|row| (row.latent_bits + row.residual_bits) as f64) / cells;
                let ratio = sent / estimate;
                format!(
                    "latents: {sent:.0} bits sent for {estimate:.0} estimated, {ratio:.3}; with the residual {both:.3} bits a cell\n"
                )
            } else {
                String::new()
            };
            let summary = format!(
                "\n{latents}bits a cell: file {:.3}, order 0 {:.3}, xz {:.3}, raw {:.3}\n",
                sum(|row| row.file_bits as f64) / cells,
                sum(|row| row.baselines.order_0_bits) / cells,
                sum(|row| row.baselines.xz_bits as f64) / cells,
                sum(|row| row.baselines.raw_bits) / cells
            );
            text += &summary;
        }
        text
    }
}
