//! What puzzles' outputs cost one after the other, and whether a right answer is shorter than a wrong one.
//!
//! In: records of runs, and their puzzles. Out: tables, as CSV and in columns, and two tests: over puzzles, bits a cell of the
//! train outputs of solved against unsolved ones; within a puzzle, bits of the right answer against those of each wrong
//! candidate, all coded by one and the same mix after the train pairs (Rissanen 1984, "Universal coding, information,
//! prediction, and estimation": a prequential code).

use super::analyze::{RankTest, rank_test};
use super::score::{Estimate, proportion};
use crate::data::{Grid, Puzzle};
use crate::pipeline::puzzle::{PuzzleError, learning};
use crate::report::PuzzleRecord;
use crate::report::{sheet, text_cell};
use serde::Serialize;
use std::fmt::Write;

/// Outputs that tables and plots show, from the first on.
pub const SHOWN_OUTPUTS: usize = 5;

/// What one grid took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Its cells.
    pub cells: usize,
    /// Their bits.
    pub bits: f64,
}

/// The bits of a test's answers, their sizes among them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnswerBits {
    /// Of the right one.
    pub right: f64,
    /// Of the run's other candidates, its two attempts first.
    pub wrong: Vec<f64>,
    /// Of these, how many were attempts.
    pub wrong_attempts: usize,
}

/// One puzzle's learning curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PuzzleCurve {
    /// The puzzle.
    pub id: String,
    /// Whether the run solved it, where that is known.
    pub solved: Option<bool>,
    /// Its train outputs, in order.
    pub outputs: Vec<Cost>,
    /// Its tests, where solutions are known and the run had another candidate.
    pub answers: Vec<AnswerBits>,
}

impl PuzzleCurve {
    /// Codes a puzzle at an effort, with each of its record's candidates, on one thread.
    ///
    /// # Errors
    /// [`PuzzleError`], where a puzzle is too large.
    pub fn of(record: &PuzzleRecord, puzzle: &Puzzle, effort: u8) -> Result<Self, PuzzleError> {
        let solutions = puzzle.solutions.as_deref().unwrap_or_default();
        let tested: Vec<(Vec<Grid>, usize)> =
            solutions.iter().enumerate().map(|(test, right)| candidates(record, test, right)).collect();
        let grids: Vec<Vec<Grid>> = tested.iter().map(|(grids, _)| grids.clone()).collect();
        let learnt = learning(puzzle, &grids, effort)?;
        let is_output = |grid: &str| grid.starts_with("train") && grid.ends_with("output");
        let answers = learnt.candidates.into_iter().zip(tested).filter(|(bits, _)| bits.len() > 1);
        Ok(Self {
            id: record.id.clone(),
            solved: record.solved,
            outputs: learnt
                .grids
                .iter()
                .filter(|grid| is_output(&grid.grid))
                .map(|grid| Cost { cells: grid.cells, bits: grid.bits })
                .collect(),
            answers: answers
                .map(|(bits, (_, wrong_attempts))| AnswerBits {
                    right: bits[0],
                    wrong: bits[1..].to_vec(),
                    wrong_attempts,
                })
                .collect(),
        })
    }

    /// Bits a cell of all train outputs.
    pub fn bits_a_cell(&self) -> f64 {
        let sum = |of: fn(&Cost) -> f64| self.outputs.iter().map(of).sum::<f64>();
        sum(|cost| cost.bits) / sum(|cost| cost.cells as f64)
    }
}

/// The right answer, then all others that a record has; and how many of these were attempts.
fn candidates(record: &PuzzleRecord, test: usize, right: &Grid) -> (Vec<Grid>, usize) {
    let mut grids = vec![right.clone()];
    let attempts =
        record.attempts.get(test).into_iter().flat_map(|attempts| [&attempts.attempt_1, &attempts.attempt_2]);
    let mut add = |grid: &Grid| {
        if !grids.contains(grid) {
            grids.push(grid.clone());
        }
        grids.len() - 1
    };
    let wrong_attempts = attempts.map(&mut add).last().unwrap_or_default();
    for candidate in record.candidates.get(test).into_iter().flatten() {
        add(&candidate.grid);
    }
    (grids, wrong_attempts)
}

/// How often the right answer was the shorter one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shorter {
    /// Cases in which it was.
    pub right: usize,
    /// All cases.
    pub all: usize,
    /// The share, with a 95% interval (Wilson 1927, as of independent cases).
    pub share: Estimate,
}

/// Learning curves, and the tests of the claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearningAnalysis {
    /// By puzzle.
    pub puzzles: Vec<PuzzleCurve>,
    /// Bits a cell of the train outputs: solved puzzles first, unsolved ones second.
    pub solved: Option<RankTest>,
    /// The right answer against each test's wrong attempts, pair by pair.
    pub attempts: Option<Shorter>,
    /// Against each other candidate, pair by pair.
    pub candidates: Option<Shorter>,
    /// Tests whose right answer is the shortest of all candidates.
    pub shortest: Option<Shorter>,
}

impl LearningAnalysis {
    /// Of these puzzles.
    pub fn new(puzzles: Vec<PuzzleCurve>) -> Self {
        let of = |solved| -> Vec<f64> {
            puzzles.iter().filter(|puzzle| puzzle.solved == Some(solved)).map(PuzzleCurve::bits_a_cell).collect()
        };
        let tests = || puzzles.iter().flat_map(|puzzle| &puzzle.answers);
        let pairs = |wrong: fn(&AnswerBits) -> &[f64]| {
            shorter(tests().flat_map(|test| wrong(test).iter().map(|&bits| test.right < bits)))
        };
        Self {
            solved: rank_test(&of(true), &of(false)),
            attempts: pairs(|test| &test.wrong[..test.wrong_attempts]),
            candidates: pairs(|test| &test.wrong),
            shortest: shorter(tests().map(|test| test.wrong.iter().all(|&bits| test.right < bits))),
            puzzles,
        }
    }

    /// A row a puzzle.
    pub fn csv(&self) -> String {
        let mut headings: Vec<String> = ["puzzle", "solved", "bits_a_cell"].map(String::from).to_vec();
        headings.extend((1..=SHOWN_OUTPUTS).map(|output| format!("output_{output}_bits_a_cell")));
        headings.extend(["right_answer_bits", "wrong_candidates_bits"].map(String::from));
        sheet(&headings, self.puzzles.iter().map(|puzzle| puzzle.cells(text_cell(&puzzle.id).into_owned(), 4)))
    }

    /// The tests, a line each.
    pub fn claim(&self) -> String {
        let mut text = match self.solved {
            None => "train outputs: no test, there are not both solved and unsolved puzzles\n".into(),
            Some(test) => format!("train outputs: {}\n", test.in_words("takes fewer bits a cell")),
        };
        let lines = [
            ("answers: the right one is shorter than a wrong attempt", self.attempts),
            ("answers: the right one is shorter than another candidate", self.candidates),
            ("answers: the right one is the shortest of all candidates", self.shortest),
        ];
        for (what, found) in lines {
            // Writing to a String cannot fail.
            let _ = match found {
                None => writeln!(text, "{what}: no case"),
                Some(Shorter { right, all, share }) => writeln!(
                    text,
                    "{what} in {right} of {all}, {:.0}% (95% interval {:.0} to {:.0}%)",
                    100.0 * share.value,
                    100.0 * share.low,
                    100.0 * share.high
                ),
            };
        }
        text
    }
}

impl PuzzleCurve {
    /// A row of a table, with the id as it is to be shown.
    pub fn cells(&self, id: String, decimals: usize) -> Vec<String> {
        let solved = self.solved.map_or("", |solved| if solved { "yes" } else { "no" });
        let mut cells = vec![id, solved.into(), format!("{:.decimals$}", self.bits_a_cell())];
        cells.extend((0..SHOWN_OUTPUTS).map(|output| {
            let rate = |cost: &Cost| format!("{:.decimals$}", cost.bits / cost.cells as f64);
            self.outputs.get(output).map(rate).unwrap_or_default()
        }));
        let all =
            |bits: &mut dyn Iterator<Item = f64>| bits.map(|bits| format!("{bits:.1}")).collect::<Vec<_>>().join(" ");
        cells.push(all(&mut self.answers.iter().map(|test| test.right)));
        cells.push(all(&mut self.answers.iter().flat_map(|test| test.wrong.iter().copied())));
        cells
    }
}

fn shorter(cases: impl Iterator<Item = bool>) -> Option<Shorter> {
    let cases: Vec<bool> = cases.collect();
    let right = cases.iter().filter(|&&case| case).count();
    (!cases.is_empty()).then(|| Shorter { right, all: cases.len(), share: proportion(right, cases.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(id: &str, solved: bool, bits: f64, answers: Vec<AnswerBits>) -> PuzzleCurve {
        PuzzleCurve { id: id.into(), solved: Some(solved), outputs: vec![Cost { cells: 10, bits }], answers }
    }

    #[test]
    fn right_answers_are_held_against_wrong_ones_of_their_own_test() {
        let answer = AnswerBits { right: 5.0, wrong: vec![6.0, 4.0, 9.0], wrong_attempts: 2 };
        let analysis =
            LearningAnalysis::new(vec![curve("=a", true, 1.0, vec![answer]), curve("b", false, 2.0, vec![])]);
        assert!((analysis.solved.unwrap().share - 1.0).abs() < 1e-12);
        let counts = |found: Option<Shorter>| found.map(|found| (found.right, found.all));
        assert_eq!(counts(analysis.attempts), Some((1, 2)));
        assert_eq!(counts(analysis.candidates), Some((2, 3)));
        assert_eq!(counts(analysis.shortest), Some((0, 1)));
        assert_eq!(analysis.csv().lines().nth(1), Some("'=a,yes,0.1000,0.1000,,,,,5.0,6.0 4.0 9.0"));
        assert!(analysis.claim().contains("shorter than a wrong attempt in 1 of 2, 50%"), "{}", analysis.claim());
    }
}
