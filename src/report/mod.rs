//! What people see of a result, and how it is kept: files written whole, puzzles drawn, answers scored, curves tabled.
//!
//! In come puzzles, answers and numbers, all plain data; out come text, PNG bytes, CSV and files. This room computes
//! nothing that a fit would need.
//!
//! - [`write`](mod@write): a file that is written whole or not at all
//! - [`printable`](fn@printable): foreign text made safe for a terminal
//! - [`palette`]: the colours of ARC
//! - [`terminal`] and [`picture`]: a puzzle with its answers, as text and as a PNG
//! - [`score`](mod@score): the three scorings in use, each with an interval, and [`comparison`]: variants of a run in pairs
//! - [`curves`]: the course of a training run, [`analyze`]: bit lengths over many puzzles,
//!   [`learning`]: what their outputs take one after the other, and [`plot`]: their pictures
//! - [`matrices`]: groups with their digit matrices, and [`experiment`]: the tables of what is measured of them
//! - [`sheet`](fn@sheet): tables as CSV
//! - [`record`]: what is kept of each puzzle, and [`run`]: the folder that a run leaves

pub mod analyze;
pub mod comparison;
pub mod curves;
pub mod experiment;
pub mod learning;
mod letters;
pub mod matrices;
pub mod palette;
pub mod picture;
pub mod plot;
mod printable;
pub mod record;
pub mod run;
pub mod score;
mod sheet;
pub mod terminal;
pub mod write;

pub use comparison::{Comparison, comparison_table};
pub use curves::CurvePoint;
pub use experiment::{budget_table, experiment_tables};
pub use matrices::{MatrixPanel, MatrixPictureError, draw_matrix, matrices_csv, matrices_npy, matrices_picture};
pub use picture::{PictureError, puzzle_picture};
pub use printable::{printable, printable_json, printable_lines};
pub use record::{Information, Key, PuzzleRecord, SeedRecord};
pub use run::{Kept, Run, RunError, RunFolder};
pub use score::{Estimate, PassAt, Score, ScoreError, pass_at, pass_table, score, score_table};
pub use sheet::{sheet, text_cell};
pub use terminal::{Style, draw_puzzle};
pub use write::{Existing, WriteError, check_free, fill_atomically, sweep_stale, write_atomically};

use crate::data::grid::Grid;
use crate::data::puzzle::Puzzle;
use crate::data::submission::Attempts;

/// Whether an attempt equals the known solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

/// A grid with what is said about it. Terminal and picture draw the same panels.
struct Panel<'a> {
    caption: String,
    grid: &'a Grid,
    verdict: Option<Verdict>,
}

impl<'a> Panel<'a> {
    fn new(caption: impl Into<String>, grid: &'a Grid) -> Self {
        Self { caption: caption.into(), grid, verdict: None }
    }

    /// The caption with the verdict, as it is drawn.
    fn full_caption(&self) -> String {
        match self.verdict {
            Some(verdict) => format!("{} {}", self.caption, verdict.word()),
            None => self.caption.clone(),
        }
    }
}

/// One row of panels for each train pair: the input, the output.
fn train_panels(puzzle: &Puzzle) -> Vec<Vec<Panel<'_>>> {
    let numbered = puzzle.train.iter().enumerate();
    numbered
        .map(|(index, pair)| {
            vec![Panel::new(format!("train {}", index + 1), &pair.input), Panel::new("output", &pair.output)]
        })
        .collect()
}

/// One row of panels for each test input: the input, the two attempts where there are any, the solution where it is known.
fn test_panels<'a>(puzzle: &'a Puzzle, attempts: &'a [Attempts]) -> Vec<Vec<Panel<'a>>> {
    let numbered = puzzle.test.iter().enumerate();
    numbered
        .map(|(index, input)| {
            let known = puzzle.solutions.as_ref();
            let solution = known.and_then(|solutions| solutions.get(index));
            let mut panels = vec![Panel::new(format!("test {}", index + 1), input)];
            if let Some(Attempts { attempt_1, attempt_2 }) = attempts.get(index) {
                for (caption, attempt) in [("attempt 1", attempt_1), ("attempt 2", attempt_2)] {
                    panels.push(Panel {
                        verdict: solution.map(|solution| verdict_on(attempt, solution)),
                        ..Panel::new(caption, attempt)
                    });
                }
            }
            panels.extend(solution.map(|solution| Panel::new("solution", solution)));
            panels
        })
        .collect()
}

fn verdict_on(attempt: &Grid, solution: &Grid) -> Verdict {
    if attempt == solution { Verdict::Right } else { Verdict::Wrong }
}

#[cfg(test)]
mod examples {
    //! Grids and puzzles that the tests of this room share.

    use super::{Attempts, Grid, Puzzle};
    use crate::data::puzzle::Pair;

    /// A grid from one digit a cell.
    pub fn grid(rows: &[&str]) -> Grid {
        let cells = rows.concat().bytes().map(|digit| digit - b'0').collect();
        Grid::new(rows.len(), rows[0].len(), cells).unwrap()
    }

    /// Two train pairs, one of them wide, and one test, whose solution is known.
    pub fn puzzle() -> Puzzle {
        Puzzle {
            id: "3c9b0459".to_owned(),
            train: vec![
                Pair { input: grid(&["012", "345"]), output: grid(&["543", "210"]) },
                Pair { input: grid(&["0678901"]), output: grid(&["1098760"]) },
            ],
            test: vec![grid(&["22", "11", "00"])],
            solutions: Some(vec![grid(&["00", "11", "22"])]),
        }
    }

    /// One wrong attempt and the right one.
    pub fn attempts() -> Vec<Attempts> {
        vec![Attempts { attempt_1: grid(&["22", "11", "00"]), attempt_2: grid(&["00", "11", "22"]) }]
    }
}
