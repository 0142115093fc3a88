//! `tenfold score`: the three scorings in use, with 95% intervals, and of a run how many answers it would take; of a run with variants, how
//! they compare.

use super::print;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use tenfold::internals::data::{load_solutions, read_submission};
use tenfold::internals::lab::comparison::{Comparison, comparison_table};
use tenfold::internals::lab::score::{PassAt, Score, pass_at, pass_table, score, score_table};
use tenfold::internals::report::Run;

/// Score a submission, or a run, against known solutions
#[derive(Args)]
#[command(after_help = "Example: tenfold score results/two-variants")]
pub struct Arguments {
    /// Kaggle's submission.json, or the folder that `solve` or `run` left: then also how many tasks are right within 1,
    /// 2, 3, 5, 10 and any of their answers; where puzzles have several fits, how the variants compare
    #[arg(value_name = "SUBMISSION|RUN")]
    submission: PathBuf,
    /// A solutions file, or tasks with the outputs of their tests: a file or a folder. Of a run, what it was judged by,
    /// if not given
    #[arg(long, value_name = "PATH")]
    solutions: Option<PathBuf>,
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
    let solutions = arguments.solutions.as_deref().map(load_solutions).transpose()?;
    let mut run = if path.is_dir() { Some(Run::read(path)?) } else { None };
    let submission = if run.is_some() { path.join("submission.json") } else { path.clone() };
    let mut passes = Vec::new();
    match (&mut run, solutions) {
        (None, None) => anyhow::bail!("a submission is scored against solutions: name them by --solutions"),
        (Some(run), None) => show_comparison(arguments, run),
        (run, Some(solutions)) => {
            if let Some(run) = run {
                passes = pass_at(&mut run.records, &solutions);
                if !submission.exists() {
                    return show_comparison(arguments, run);
                }
            }
            let score = score(&read_submission(&submission)?, &solutions)?;
            if arguments.json {
                return print::json(&Scored { score, pass_at: passes });
            }
            let passes = if passes.is_empty() { String::new() } else { pass_table(&passes) };
            print::out(score_table(&score) + &passes)
        }
    }
}

fn show_comparison(arguments: &Arguments, run: &Run) -> anyhow::Result<()> {
    let comparison = Comparison::new(&run.records, &run.variants());
    if arguments.json { print::json(&comparison) } else { print::out(comparison_table(&comparison)) }
}
