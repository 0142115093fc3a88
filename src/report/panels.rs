//! What is drawn of a puzzle, row by row: the same in a terminal and in a picture.
//!
//! In: a puzzle and attempts. Out: rows of [`Panel`]s.

use crate::data::{Attempts, Grid, Puzzle};

/// Whether an attempt equals the known solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

/// A grid with what is said about it. Terminal and picture draw the same panels.
pub(super) struct Panel<'a> {
    pub(super) caption: String,
    pub(super) grid: &'a Grid,
    pub(super) verdict: Option<Verdict>,
}

impl<'a> Panel<'a> {
    pub(super) fn new(caption: impl Into<String>, grid: &'a Grid) -> Self {
        Self { caption: caption.into(), grid, verdict: None }
    }

    /// The caption with the verdict, as it is drawn.
    pub(super) fn full_caption(&self) -> String {
        match self.verdict {
            Some(verdict) => format!("{} {}", self.caption, verdict.word()),
            None => self.caption.clone(),
        }
    }
}

/// One row of panels for each train pair: the input, the output.
pub(super) fn train_panels(puzzle: &Puzzle) -> Vec<Vec<Panel<'_>>> {
    let numbered = puzzle.train.iter().enumerate();
    numbered
        .map(|(index, pair)| {
            vec![Panel::new(format!("train {}", index + 1), &pair.input), Panel::new("output", &pair.output)]
        })
        .collect()
}

/// One row of panels for each test input: the input, the two attempts where there are any, the solution where it is known.
pub(super) fn test_panels<'a>(puzzle: &'a Puzzle, attempts: &'a [Attempts]) -> Vec<Vec<Panel<'a>>> {
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
