//! What people see of a result, and how it is kept: files written whole, puzzles drawn, curves tabled.
//!
//! In come puzzles, answers and numbers, all plain data; out come text, PNG bytes, CSV and files. This room computes
//! nothing that a fit would need.
//!
//! - [`write`](mod@write): a file that is written whole or not at all
//! - [`printable`](fn@printable): foreign text made safe for a terminal
//! - [`palette`]: the colours of ARC
//! - [`terminal`] and [`picture`]: a puzzle with its answers, as text and as a PNG; both draw its `panels`, the PNG on a `canvas`
//! - [`curves`]: the course of a training run
//! - [`matrices`]: groups with their digit matrices
//! - [`sheet`](fn@sheet): tables as CSV
//! - [`record`]: what is kept of each puzzle, [`run`]: the folder that a run leaves, and [`live`]: what a run says while it runs

pub(crate) mod canvas;
pub mod curves;
pub(crate) mod letters;
pub mod live;
pub mod matrices;
pub mod palette;
mod panels;
pub mod picture;
mod printable;
pub mod record;
pub mod run;
mod sheet;
pub mod terminal;
pub mod write;

pub use curves::CurvePoint;
pub use live::{AtWork, Live};
pub use matrices::{MatrixPanel, MatrixPictureError, draw_matrix, matrices_csv, matrices_npy, matrices_picture};
pub use picture::{PictureError, puzzle_picture};
pub use printable::{printable, printable_json, printable_lines};
pub use record::{Information, Key, PuzzleRecord, SeedRecord};
pub use run::{Kept, Run, RunError, RunFolder};
pub use sheet::{sheet, text_cell};
pub use terminal::{Style, draw_puzzle};
pub use write::{Existing, WriteError, check_free, fill_atomically, sweep_stale, write_atomically};

#[cfg(test)]
pub(crate) mod examples {
    //! Grids and puzzles that the tests of this room share.

    use crate::data::{Attempts, Grid, Pair, Puzzle};

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
