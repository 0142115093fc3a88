//! What tenfold is given, as data: puzzles (grids, pairs, their files), answers to them, and articles as groups.
//!
//! In come paths, or bytes from standard input; out come values that hold what their types promise, or a [`DataError`] that
//! names the file, the task, the pair and the cell at fault. No room below reads a puzzle's file itself.

pub mod article;
mod describe;
pub mod error;
mod forms;
pub mod grid;
mod json;
pub mod load;
mod planes;
pub mod puzzle;
pub mod submission;
pub mod vectors;

pub use article::{Article, Group, GroupSettings, LengthsError, TitleSource};
pub use error::{DataError, Place, Refused, TaskError};
pub use forms::{PairSample, parse_puzzles};
pub use grid::{ARC_SIDE, COLOURS, Grid, GridError};
pub use load::{LoadOptions, Loaded, load, load_puzzles, load_solutions, parse_solutions};
pub use planes::Planes;
pub use puzzle::{Pair, Puzzle};
pub use submission::{AnswerFault, Attempts, GivenSubmission, Submission, parse_submission, read_submission};
pub use vectors::{VectorsError, parse_vectors, read_vectors};
