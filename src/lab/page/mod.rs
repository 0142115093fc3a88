//! A page for a browser, in one file that needs no network: what runs came to, or an article's matrices.
//!
//! In: runs with their tasks, or groups with their matrices. Out: the text of the page. What is of others in it is escaped by
//! the templates.
//!
//! - `picture` and `curve`: what is drawn; `totals`, `puzzles` and `matrices`: what the templates are filled with
//! - `*.html`, `page.css`, `page.js`: the templates, how they look, and what they do

mod curve;
mod matrices;
mod picture;
mod puzzles;
mod totals;

pub use matrices::{PagedGroup, matrices_page};

use crate::config::Config;
use crate::data::Puzzle;
use crate::pipeline::fit_bytes;
use crate::report::run::read_tasks;
use crate::report::{PuzzleRecord, Run, RunError};
use indexmap::IndexMap;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use puzzles::{Card, Reported};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use thiserror::Error;
use totals::Totals;

/// Why there is no page.
#[derive(Debug, Error)]
pub enum PageError {
    /// A run can't be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Runs have different puzzles of one id.
    #[error("puzzle {id} of {} is not that of the runs before it: report on runs over the same tasks", run.display())]
    OtherPuzzle {
        /// The puzzle's id.
        id: String,
        /// The run.
        run: PathBuf,
    },
    /// A run has records of a puzzle that is not among its tasks.
    #[error("{}: tasks.json has no puzzle {id}, of which there is a record: put it there", run.display())]
    NoPuzzle {
        /// The puzzle's id.
        id: String,
        /// The run.
        run: PathBuf,
    },
}

/// Runs on one page.
#[derive(Default)]
struct Gathered {
    /// Their names, as the page has them.
    names: Vec<String>,
    puzzles: IndexMap<String, Puzzle>,
    /// All records, their variants named for the page.
    records: Vec<PuzzleRecord>,
    /// The variants in their order, with their settings where these can be read.
    variants: IndexMap<String, Option<Config>>,
}

impl Gathered {
    /// Takes a run up. `alone` says that its variants need no name of the run before theirs.
    fn take(&mut self, path: &Path, alone: bool) -> Result<(), PageError> {
        let run = Run::read(path)?;
        let run_name = self.name(path);
        for puzzle in read_tasks(path)? {
            match self.puzzles.get_mut(&puzzle.id) {
                Some(before) if before.train != puzzle.train || before.test != puzzle.test => {
                    return Err(PageError::OtherPuzzle { id: puzzle.id, run: path.to_owned() });
                }
                Some(before) => before.solutions = before.solutions.take().or(puzzle.solutions),
                None => drop(self.puzzles.insert(puzzle.id.clone(), puzzle)),
            }
        }
        let variants = run.variants();
        let name = |variant: &str| match (alone, variants.len()) {
            (true, _) => variant.to_owned(),
            (false, 1) => run_name.clone(),
            (false, _) => format!("{run_name}: {variant}"),
        };
        for variant in &variants {
            self.variants.insert(name(variant), run.config(variant));
        }
        for mut record in run.records {
            if !self.puzzles.contains_key(&record.id) {
                return Err(PageError::NoPuzzle { id: record.id, run: path.to_owned() });
            }
            record.variant = name(&record.variant);
            self.records.push(record);
        }
        self.names.push(run_name);
        Ok(())
    }

    /// What a run is called: as its folder, with a number where others are called so.
    fn name(&self, path: &Path) -> String {
        let folder = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| !self.names.contains(name)).unwrap_or(name)
    }

    fn cards(&self) -> Vec<Card> {
        let mut by_puzzle: HashMap<&str, Vec<&PuzzleRecord>> = HashMap::new();
        for record in &self.records {
            by_puzzle.entry(&record.id).or_default().push(record);
        }
        let fitted = self.puzzles.values().filter_map(|puzzle| Some((puzzle, by_puzzle.get(puzzle.id.as_str())?)));
        let card = |(number, (puzzle, records)): (usize, (&Puzzle, &Vec<&PuzzleRecord>))| {
            let reported = records.iter().map(|&record| {
                let (variant, _, config) =
                    self.variants.get_full(&record.variant).unwrap_or((0, &record.variant, &None));
                Reported { record, variant, memory: config.as_ref().map(|config| fit_bytes(puzzle, config)) }
            });
            Card::new(number, puzzle, &reported.collect::<Vec<_>>())
        };
        fitted.enumerate().map(card).collect()
    }
}

/// The page of runs: what they came to and how variants compare, and every puzzle with its fits.
///
/// # Errors
/// [`PageError`].
pub fn runs_page(runs: &[PathBuf]) -> Result<String, PageError> {
    let mut gathered = Gathered::default();
    for run in runs {
        gathered.take(run, runs.len() == 1)?;
    }
    let order: Vec<String> = gathered.variants.keys().cloned().collect();
    let judged = gathered.records.iter().any(|record| record.solved.is_some());
    Ok(rendered(
        "puzzles.html",
        context! {
            title => gathered.names.join(", "),
            totals => Value::from(Serde(Totals::new(&gathered.records, &order))),
            cards => Value::from(Serde(gathered.cards())),
            variants => order,
            fits => gathered.records.len(),
            tasks => gathered.puzzles.len(),
            judged,
        },
    ))
}

/// The templates, and what formats numbers in them.
fn rendered(template: &str, values: Value) -> String {
    let mut environment = Environment::new();
    for (name, text) in [
        ("page.html", include_str!("page.html")),
        ("grids.html", include_str!("grids.html")),
        ("page.css", include_str!("page.css")),
        ("page.js", include_str!("page.js")),
        ("puzzles.html", include_str!("puzzles.html")),
        ("matrices.html", include_str!("matrices.html")),
    ] {
        let added = environment.add_template(name, text);
        added.unwrap_or_else(|error| unreachable!("a template of this program: {error:#}"));
    }
    environment.add_filter("percent", |share: f64| format!("{:.1}%", 100.0 * share));
    environment.add_filter("fixed", |value: f64, digits: usize| format!("{value:.digits$}"));
    environment.add_filter("signed", |value: f64, digits: usize| format!("{value:+.digits$}"));
    environment.add_filter("megabytes", |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6));
    environment.add_filter("short", short);
    environment.add_filter("time", |seconds: f64| time(seconds));
    let rendered = environment.get_template(template).and_then(|template| template.render(values));
    rendered.unwrap_or_else(|error| unreachable!("a template of this program: {error:#}"))
}

/// The beginning of a text.
fn short(text: &str) -> String {
    const CHARACTERS: usize = 70;
    let start: String = text.chars().take(CHARACTERS).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

/// Seconds as people say them.
fn time(seconds: f64) -> String {
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests;
