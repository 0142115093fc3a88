//! `tenfold score`: the three scorings in use, with 95% intervals.

use super::print;
use clap::Args;
use std::path::PathBuf;
use tenfold::internals::data::{load_solutions, read_submission};
use tenfold::internals::report::{score, score_table};

/// Score a submission against known solutions
#[derive(Args)]
pub struct Arguments {
    /// Kaggle's submission.json
    submission: PathBuf,
    /// A solutions file, or tasks with the outputs of their tests: a file or a folder
    #[arg(long, value_name = "PATH")]
    solutions: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let submission = read_submission(&arguments.submission)?;
    let solutions = load_solutions(&arguments.solutions)?;
    let score = score(&submission, &solutions)?;
    if arguments.json { print::json(&score) } else { print::out(score_table(&score)) }
}
