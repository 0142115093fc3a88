//! `tenfold experiment`: finds edited groups again by their matrices, and compares codes.

use super::groups::{Lengths, read_article};
use super::matrices::Fit;
use super::{files, print, stop};
use clap::Args;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tenfold::internals::data::Article;
use tenfold::internals::fit::matrices::MatrixSettings;
use tenfold::internals::lab::experiment::{Measures, Source, budget_table, experiment, experiment_tables, sweep};
use tenfold::internals::lab::plot::{budget_plot, distance_plot};
use tenfold::internals::report::write_atomically;

/// Measure the digit matrices: edited groups found again, articles held together, beside a codebook, an encoder, LSA, SimHash and MinHash
#[derive(Args)]
#[command(after_help = "Example: tenfold experiment one.md two.md --seeds 3")]
pub struct Arguments {
    /// Texts; all their groups are fitted jointly and asked for
    #[arg(required = true)]
    articles: Vec<PathBuf>,
    /// Later versions of the texts: their groups are asked for, too, and are to be found where they share most triples of words
    #[arg(long, value_name = "TEXT", num_args = 1.., conflicts_with = "budgets")]
    newer: Vec<PathBuf>,
    #[command(flatten)]
    lengths: Lengths,
    /// Fits and edits, with a seed each
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    #[command(flatten)]
    fit: Fit,
    /// Measure budgets of bits a group instead: what our digits find on each, and how long the files get (one seed)
    #[arg(long, value_name = "BITS", value_delimiter = ',', value_parser = super::compress::parse_bits, conflicts_with_all = ["seeds", "output"])]
    budgets: Vec<f32>,
    /// Where the plot of the budgets goes, or of how far apart our digits are with the first seed, as SVG and PNG
    #[arg(long, value_name = "DIR")]
    plot: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write the tables, or with --json all measures, to a file too, after every code
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    stop::polls();
    let settings = arguments.fit.settings()?;
    if !arguments.budgets.is_empty() {
        return run_budgets(arguments, &settings);
    }
    let read = |path: &PathBuf| read_article(path, arguments.lengths);
    let articles: Vec<Article> = arguments.articles.iter().map(read).collect::<anyhow::Result<_>>()?;
    let newer: Vec<Article> = arguments.newer.iter().map(read).collect::<anyhow::Result<_>>()?;
    let groups: usize = articles.iter().map(|article| article.groups.len()).sum();
    print::note(format_args!("{groups} groups of {} texts", articles.len()));
    let show = |measures: &[Measures]| -> anyhow::Result<String> {
        Ok(if arguments.json {
            format!("{}\n", serde_json::to_string_pretty(measures)?)
        } else {
            experiment_tables(measures)
        })
    };
    let mut done: Vec<Measures> = Vec::new();
    let mut failure = None;
    let measures = experiment(&articles, &newer, &settings, arguments.seeds, |one| {
        print::note(format_args!("seed {}: {}", one.seed, one.code));
        done.push(one.clone());
        if let (Some(path), None) = (&arguments.output, &failure) {
            let written = show(&done).and_then(|text| Ok(write_atomically(path, text.as_bytes())?));
            failure = written.err();
        }
        go_on()
    })?;
    print::out(show(&measures)?)?;
    if let (Some(folder), Some(distances)) = (&arguments.plot, measures.iter().find_map(|one| one.distances.as_ref())) {
        distance_plot(distances)?.write(folder)?;
    }
    failure.map_or_else(stopped, Err)
}

fn go_on() -> ControlFlow<()> {
    if stop::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// After what was measured has been shown.
fn stopped() -> anyhow::Result<()> {
    if stop::requested() { Err(stop::stopped("the tables hold what was measured").into()) } else { Ok(()) }
}

fn run_budgets(arguments: &Arguments, settings: &MatrixSettings) -> anyhow::Result<()> {
    let groups = arguments.lengths.settings();
    let read = |path: &PathBuf| -> anyhow::Result<Source> {
        let content = files::read(path)?;
        let article = Article::read(&content, Some(path), groups)?;
        Ok(Source { path: path.clone(), content, article })
    };
    let sources: Vec<Source> = arguments.articles.iter().map(read).collect::<anyhow::Result<_>>()?;
    let measures = sweep(&sources, groups, settings, &arguments.budgets, |one| {
        print::note(format_args!(
            "{} bits: {} bytes, recall {:.3?}",
            one.budget_bits, one.file_bytes, one.recall_by_digits
        ));
        go_on()
    })?;
    if let Some(folder) = &arguments.plot {
        budget_plot(&measures)?.write(folder)?;
    }
    if arguments.json {
        print::json(&measures)?;
    } else {
        print::out(budget_table(&measures))?;
    }
    stopped()
}
