//! A puzzle's part of the page: its grids, and what each of its fits came to.
//!
//! In: a puzzle and its records. Out: a [`Card`], plain data for the template.

use super::curve::curve_svg;
use super::picture::{Pictures, Shown};
use crate::data::{Attempts, Grid, Puzzle};
use crate::fit::Candidate;
use crate::report::PuzzleRecord;
use serde::Serialize;

/// The longest side of a small puzzle, and of a middling one.
const SMALL: usize = 10;
const MIDDLING: usize = 20;

/// A puzzle with its fits.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    id: String,
    /// The longest side of its grids, in cells, and what it is called.
    side: usize,
    size: &'static str,
    /// Its pictures' symbols, as SVG.
    symbols: String,
    train: Vec<[Shown; 2]>,
    tests: Vec<Test>,
    fits: Vec<FitPart>,
}

#[derive(Debug, Serialize)]
struct Test {
    input: Shown,
    solution: Option<Shown>,
}

/// A fit.
#[derive(Debug, Serialize)]
struct FitPart {
    /// Its variant's place in the page's order, and its name.
    variant: usize,
    name: String,
    seed: u64,
    state: &'static str,
    /// For each test its two attempts.
    attempts: Vec<[Judged; 2]>,
    /// For each test its candidates.
    candidates: Vec<Vec<CandidatePart>>,
    bits: Option<f64>,
    kl_bits: f64,
    reconstruction_bits: f64,
    /// Bits by tensor, most first, and of the most in percent.
    tensors: Vec<(String, f64, f64)>,
    curve: String,
    /// Bytes that its fit was estimated to take, where its settings are known.
    memory: Option<u64>,
    #[serde(flatten)]
    facts: Facts,
}

/// What is told of a fit as its record has it.
#[derive(Debug, Serialize)]
struct Facts {
    steps: usize,
    seconds: f64,
    confidence: f64,
    last_change: usize,
    sure: bool,
    stopped_early: bool,
    cut: bool,
    view: String,
    view_trials: Vec<(String, f64)>,
    read: Vec<f64>,
    engine: String,
    weights_not_counted: usize,
    first_steps_on_top: Option<Vec<Option<usize>>>,
    ranks: Option<Vec<Option<usize>>>,
    candidates_seen: Vec<usize>,
}

/// An attempt.
#[derive(Debug, Serialize)]
struct Judged {
    shown: Shown,
    /// Whether it is right; none where that isn't known.
    right: Option<bool>,
}

#[derive(Debug, Serialize)]
struct CandidatePart {
    #[serde(flatten)]
    judged: Judged,
    share: f64,
    first_seen: usize,
}

/// A record of the puzzle, its variant's place, and the bytes that its fit was estimated to take.
pub(super) struct Reported<'a> {
    pub(super) record: &'a PuzzleRecord,
    pub(super) variant: usize,
    pub(super) memory: Option<u64>,
}

impl Card {
    /// Of a puzzle, the `number`th of the page, and its records.
    pub(super) fn new(number: usize, puzzle: &Puzzle, records: &[Reported]) -> Self {
        let mut pictures = Pictures::new(format!("p{number}g"));
        let solutions: Vec<Option<&Grid>> = match &puzzle.solutions {
            Some(solutions) => solutions.iter().map(Some).collect(),
            None => vec![None; puzzle.test.len()],
        };
        let train: Vec<[Shown; 2]> =
            puzzle.train.iter().map(|pair| [&pair.input, &pair.output].map(|grid| pictures.show(grid))).collect();
        let tests: Vec<Test> = puzzle
            .test
            .iter()
            .zip(&solutions)
            .map(|(input, solution)| Test {
                input: pictures.show(input),
                solution: solution.map(|solution| pictures.show(solution)),
            })
            .collect();
        let fits = records.iter().map(|shown| FitPart::new(shown, &solutions, &mut pictures)).collect();
        let side = longest_side(puzzle);
        let size = if side <= SMALL {
            "small"
        } else if side <= MIDDLING {
            "medium"
        } else {
            "large"
        };
        Self { id: puzzle.id.clone(), side, size, train, tests, fits, symbols: pictures.into_svg() }
    }
}

fn longest_side(puzzle: &Puzzle) -> usize {
    let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    let grids = pairs.chain(&puzzle.test).chain(puzzle.solutions.iter().flatten());
    grids.map(|grid| grid.rows().max(grid.columns())).max().unwrap_or(0)
}

impl FitPart {
    fn new(
        Reported { record, variant, memory }: &Reported,
        solutions: &[Option<&Grid>],
        pictures: &mut Pictures,
    ) -> Self {
        let mut judged = |grid: &Grid, solution: Option<&Grid>| Judged {
            shown: pictures.show(grid),
            right: solution.map(|solution| solution == grid),
        };
        let attempts = record.attempts.iter().zip(solutions).map(|(Attempts { attempt_1, attempt_2 }, &solution)| {
            [attempt_1, attempt_2].map(|attempt| judged(attempt, solution))
        });
        let attempts = attempts.collect();
        let candidates = record.candidates.iter().zip(solutions).map(|(candidates, &solution)| {
            let part = |candidate: &Candidate| CandidatePart {
                judged: judged(&candidate.grid, solution),
                share: candidate.share,
                first_seen: candidate.first_seen,
            };
            candidates.iter().map(part).collect()
        });
        let candidates = candidates.collect();
        let mean = |of: &dyn Fn(&crate::report::SeedRecord) -> f64| {
            record.seeds.iter().map(of).sum::<f64>() / record.seeds.len().max(1) as f64
        };
        Self {
            variant: *variant,
            name: record.variant.clone(),
            seed: record.seed,
            state: match record.solved {
                Some(true) => "solved",
                Some(false) => "wrong",
                None => "unknown",
            },
            attempts,
            candidates,
            bits: record.bits(),
            kl_bits: mean(&|seed| seed.kl.bits),
            reconstruction_bits: mean(&|seed| seed.reconstruction.bits),
            tensors: tensors(record),
            curve: curve_svg(&record.curve),
            memory: *memory,
            facts: Facts::new(record),
        }
    }
}

/// The mean over seeds of each tensor's bits, most first, with its percentage of the most.
fn tensors(record: &PuzzleRecord) -> Vec<(String, f64, f64)> {
    let Some(first) = record.seeds.first() else { return Vec::new() };
    let bits = |name: &String| {
        let known = record.seeds.iter().filter_map(|seed| seed.kl_by_tensor.get(name));
        known.map(|information| information.bits).sum::<f64>() / record.seeds.len() as f64
    };
    let mut tensors: Vec<(String, f64)> = first.kl_by_tensor.keys().map(|name| (name.clone(), bits(name))).collect();
    tensors.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let most = tensors.first().map_or(0.0, |&(_, bits)| bits).max(f64::MIN_POSITIVE);
    tensors.into_iter().map(|(name, bits)| (name, bits, 100.0 * bits / most)).collect()
}

impl Facts {
    fn new(record: &PuzzleRecord) -> Self {
        Self {
            steps: record.steps,
            seconds: record.seconds,
            confidence: record.confidence,
            last_change: record.last_change,
            sure: record.sure,
            stopped_early: record.stopped_early,
            cut: record.cut,
            view: record.view.clone(),
            view_trials: record.view_trials.iter().map(|trial| (trial.view.clone(), trial.bits)).collect(),
            read: record.read.iter().filter_map(|read| read.first()).map(|read| read.bits).collect(),
            engine: record.engine.clone(),
            weights_not_counted: record.weights_not_counted,
            first_steps_on_top: record.first_step_on_top.clone(),
            ranks: record.solution_ranks.clone(),
            candidates_seen: record.candidates_seen.clone(),
        }
    }
}
