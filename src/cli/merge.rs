//! `tenfold merge`: runs of one declaration, put together.

use super::print;
use clap::Args;
use std::path::{Path, PathBuf};
use tenfold::internals::report::{Run, RunFolder, printable};

/// Put shards of a run together, or runs of the same declaration; the result is a run like any other
#[derive(Args)]
#[command(after_help = "Example: tenfold merge results/two-variants-*of4 --output results/two-variants")]
pub struct Arguments {
    /// Folders that `run` left
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Where the whole goes; records that are there already stay
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for path in &arguments.runs {
        runs.push((path.clone(), Run::read(path)?));
    }
    let count = runs.len();
    let merged = Run::merge(runs)?;
    let folders: Vec<&Path> = arguments.runs.iter().map(PathBuf::as_path).collect();
    let all = RunFolder::merge_into(&arguments.output, &merged, &folders)?;
    let shown = arguments.output.to_string_lossy();
    print::line(format_args!("{} records of {count} runs; {all} in {}", merged.records.len(), printable(&shown)))
}
