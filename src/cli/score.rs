//! `tenfold score`: the three scorings in use, with 95% intervals, and of a run how many candidates it would take.

use super::print;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use tenfold::internals::data::{load_solutions, read_submission};
use tenfold::internals::lab::score::{PassAt, Score, pass_at, pass_table, score, score_table};
use tenfold::internals::report::RunFolder;

/// Score a submission, or a run, against known solutions
#[derive(Args)]
pub struct Arguments {
    /// Kaggle's submission.json, or the folder that `solve` left: then also how many tasks are right within 1, 2, 3, 5, 10
    /// and any of their candidates
    #[arg(value_name = "SUBMISSION|RUN")]
    submission: PathBuf,
    /// A solutions file, or tasks with the outputs of their tests: a file or a folder
    #[arg(long, value_name = "PATH")]
    solutions: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Scored {
    #[serde(flatten)]
    score: Score,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pass_at: Vec<PassAt>,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = &arguments.submission;
    let solutions = load_solutions(&arguments.solutions)?;
    let is_run = path.is_dir();
    let submission = read_submission(&if is_run { path.join("submission.json") } else { path.clone() })?;
    let score = score(&submission, &solutions)?;
    let mut pass_at_k = Vec::new();
    if is_run {
        let mut records: Vec<_> = RunFolder::read(path)?.into_iter().map(|(record, _)| record).collect();
        pass_at_k = pass_at(&mut records, &solutions);
    }
    if arguments.json {
        return print::json(&Scored { score, pass_at: pass_at_k });
    }
    let passes = if pass_at_k.is_empty() { String::new() } else { pass_table(&pass_at_k) };
    print::out(score_table(&score) + &passes)
}
