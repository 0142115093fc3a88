//! A task's JSON to a file and back: what `compress` and `decompress` do with puzzles.

use super::{PuzzleError, PuzzleSettings, compress_file, has_form, restore_watched};
use crate::data::{DataError, Puzzle, parse_puzzles};
use crate::engine::Evaluation;
use crate::units::{Bits, Nats};
use std::ops::ControlFlow;
use thiserror::Error;

/// The most bytes of a task's file: 30 pairs and 30 tests of the largest grids, a line a cell.
const MOST_TASK_BYTES: usize = 1 << 20;

/// Why bytes are not a task that a file can be made of.
#[derive(Debug, Error)]
pub enum NotATask {
    /// They are too many.
    #[error("{bytes} bytes; a task has {MOST_TASK_BYTES} at most: give one task's own JSON")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// A task's keys are not in it.
    #[error("no \"train\" and \"test\" in it: give one task's own JSON")]
    NoPairs,
    /// It can't be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// It holds another number of tasks than one.
    #[error("{tasks} tasks; a file holds one: give one task's own JSON")]
    Tasks {
        /// How many.
        tasks: usize,
    },
    /// Its text does not follow from the puzzle.
    #[error("its grids are not all written in one way: compress it as an article")]
    NoForm,
}

/// Where a fit for a file stands, in compressing or when it is repeated in decompressing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileProgress {
    /// Steps done.
    pub step: usize,
    /// What the latents cost.
    pub latents: Bits,
    /// What the grids cost, given these.
    pub grids: Bits,
}

impl FileProgress {
    fn of(step: usize, evaluation: &Evaluation) -> Self {
        let losses = &evaluation.losses;
        Self { step, latents: Nats(losses.kl_nats).into(), grids: Nats(losses.reconstruction_nats).into() }
    }
}

/// The puzzle in bytes that hold one task; `name` is what errors call them. What is too large or does not have its keys is refused before
/// it is read as a tree, which takes a hundred times its length.
///
/// # Errors
/// [`NotATask`].
pub fn read_task(name: &str, json: &[u8]) -> Result<Puzzle, NotATask> {
    if json.len() > MOST_TASK_BYTES {
        return Err(NotATask::TooLong { bytes: json.len() });
    }
    let has = |key: &[u8]| json.windows(key.len()).any(|window| window == key);
    if !(has(b"\"train\"") && has(b"\"test\"")) {
        return Err(NotATask::NoPairs);
    }
    let mut puzzles = parse_puzzles(name, "puzzle", json)?;
    let tasks = puzzles.len();
    match puzzles.pop() {
        Some(puzzle) if tasks == 1 => {
            if has_form(json, &puzzle) {
                Ok(puzzle)
            } else {
                Err(NotATask::NoForm)
            }
        }
        _ => Err(NotATask::Tasks { tasks }),
    }
}

/// Compresses a task's JSON, so that [`decompress_json`] gives its very bytes; the file is decoded again and compared. `watch` hears of
/// every step of a fit, and may break off.
///
/// # Errors
/// [`PuzzleError`]; [`PuzzleError::NotATask`] without a fit.
pub fn compress_json(
    json: &[u8],
    settings: &PuzzleSettings,
    mut watch: impl FnMut(FileProgress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PuzzleError> {
    let puzzle = read_task("the task", json)?;
    compress_file(json, &puzzle, settings, &mut |step, evaluation| watch(FileProgress::of(step, evaluation)))
}

/// Gives back the task's JSON, byte for byte, with so many threads, or all. `watch` hears of every step of a fit that is repeated, and may
/// break off.
///
/// # Errors
/// [`PuzzleError`], where the file is wrong or the network cannot be run.
pub fn decompress_json(
    file: &[u8],
    threads: Option<usize>,
    mut watch: impl FnMut(FileProgress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PuzzleError> {
    restore_watched(file, threads, &mut |step, evaluation| watch(FileProgress::of(step, evaluation)))
}

/// The puzzle of a file, the same way. Its solutions are the test outputs that were given; where latents were sent, the answers that the
/// code implies. The id is empty.
///
/// # Errors
/// As [`decompress_json`].
pub fn read_file(
    file: &[u8],
    threads: Option<usize>,
    mut watch: impl FnMut(FileProgress) -> ControlFlow<()>,
) -> Result<Puzzle, PuzzleError> {
    super::decompress_watched(file, threads, &mut |step, evaluation| watch(FileProgress::of(step, evaluation)))
}
