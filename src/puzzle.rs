//! ARC puzzles: solve them, or make short files of them.
//!
//! ```
//! use tenfold::puzzle::{self, Config, SolveOptions};
//!
//! let task = br#"{"train": [{"input": [[1, 0]], "output": [[0, 1]]}, {"input": [[0, 1]], "output": [[1, 0]]}],
//!                 "test": [{"input": [[1, 1]]}]}"#;
//! let puzzles = puzzle::parse(task)?;
//! // 2,000 steps by default; a few are enough to show the call.
//! let options = SolveOptions { config: Config { steps: 3, ..Config::default() }, ..SolveOptions::default() };
//! let record = puzzle::solve(&puzzles[0], &options, tenfold::go_on)?;
//! assert_eq!(record.attempts.len(), 1, "two attempts for each test input");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A fit of 2,000 steps takes minutes. Every function that fits takes a callback that hears how far it is and may break it off.

pub use crate::code::{Channel, Entry, Ledger};
pub use crate::config::{Config, ConfigError, Overrides, Preset};
pub use crate::data::{
    Attempts, DataError, GivenSubmission, Grid, GridError, LoadOptions, Loaded, Pair, PairSample, Puzzle, Refused,
    TaskError, load_solutions, parse_solutions, parse_submission,
};
pub use crate::engine::{Device, EngineError, EngineKind};
pub use crate::fit::Candidate;
pub use crate::lab::score::{Estimate, Score, ScoreError, score};
pub use crate::pipeline::puzzle::{
    ChannelSummary, FileProgress, GridBits, Method, NotATask, PuzzleError, PuzzleSettings, PuzzleSummary, Weights,
    Worth,
};
pub use crate::pipeline::{BatchSize, News, Outcome, Progress, RunOptions, SolveError, SolveOptions};
pub use crate::report::{Information, PictureError, PuzzleRecord, RunError, SeedRecord};

use crate::config::experiment::Fits;
use crate::pipeline;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Reads the puzzles in JSON of any of the forms that docs/guide.md lists: a task's own, Kaggle's challenges, arrays and
/// lines of tasks.
///
/// # Errors
/// [`DataError`], which names the task, the pair and the cell at fault.
///
/// ```
/// let json = br#"{"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}"#;
/// assert_eq!(tenfold::puzzle::parse(json)?[0].test.len(), 1);
/// # Ok::<(), tenfold::puzzle::DataError>(())
/// ```
pub fn parse(json: &[u8]) -> Result<Vec<Puzzle>, DataError> {
    crate::data::parse_puzzles("the tasks", "puzzle", json)
}

/// Loads the puzzles of files and folders, and says of each task that can't be read why.
///
/// # Errors
/// [`DataError`], where a path is not there, or nothing at all can be read.
///
/// ```
/// use tenfold::puzzle::{LoadOptions, load};
///
/// let loaded = load(&["arc_tasks".into()], &LoadOptions::default())?;
/// assert!(loaded.puzzles.len() > 10 && loaded.refused.is_empty());
/// # Ok::<(), tenfold::puzzle::DataError>(())
/// ```
pub fn load(paths: &[PathBuf], options: &LoadOptions) -> Result<Loaded, DataError> {
    crate::data::load(paths, options)
}

/// Fits a puzzle alone and gives two attempts for every test input, with the costs and the course of the fit. Known
/// solutions only say which attempts are right. `watch` hears of every step; the record of a fit that it breaks off says
/// so by `cut`.
///
/// # Errors
/// [`SolveError`], where a setting makes no sense, the engine can't be had, or the memory is too small.
///
/// ```
/// use tenfold::puzzle::{self, Config, SolveOptions};
/// use std::ops::ControlFlow;
///
/// let puzzles = puzzle::parse(br#"{"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[1]]}]}"#)?;
/// // All steps of the fit, though the answer is clear without.
/// let options = SolveOptions { config: Config { stable_steps: 0, ..Config::default() }, ..SolveOptions::default() };
/// let record = puzzle::solve(&puzzles[0], &options, |progress| {
///     if progress.step == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// })?;
/// assert!(record.cut && record.steps == 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(
    puzzle: &Puzzle,
    options: &SolveOptions,
    watch: impl FnMut(Progress) -> ControlFlow<()> + Send,
) -> Result<PuzzleRecord, SolveError> {
    pipeline::solve(puzzle, options, watch)
}

/// Solves many puzzles side by side, within the cores and the memory that there are, and gives what became of each, in
/// their order. With a folder in the options it is a run: records and a submission are kept there as puzzles end, and a
/// run that was stopped is gone on with. `watch` hears of every step, by the puzzle's number, on any thread.
///
/// # Errors
/// As [`solve`], and where the folder can't be used.
///
/// ```
/// use tenfold::puzzle::{self, Config, LoadOptions, SolveOptions};
///
/// let loaded = puzzle::load(&["arc_tasks/colour_swap.json".into()], &LoadOptions::default())?;
/// let options = SolveOptions { config: Config { steps: 2, ..Config::default() }, ..SolveOptions::default() };
/// for outcome in puzzle::solve_all(&loaded, &options, |_, _| tenfold::go_on(()))? {
///     println!("{:?}", outcome.record().map(|record| &record.attempts));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve_all(
    loaded: &Loaded,
    options: &SolveOptions,
    watch: impl Fn(usize, Progress) -> ControlFlow<()> + Sync,
) -> Result<Vec<Outcome>, SolveError> {
    let mut outcomes = vec![Outcome::NotBegun; loaded.puzzles.len()];
    let _ = solve_and_hear(loaded, options, watch, |index, news| {
        if let News::Ended(outcome) = news {
            outcomes[index] = outcome;
        }
        Ok::<(), SolveError>(())
    })?;
    Ok(outcomes)
}

/// The same, and `hear` hears what becomes of each puzzle as soon as it is known, in this thread and in no order. Breaks
/// where `watch` broke off a fit.
///
/// # Errors
/// As [`solve_all`], and the first error of `hear`, which ends all.
///
/// ```
/// use tenfold::puzzle::{self, Config, LoadOptions, News, Outcome, SolveError, SolveOptions};
///
/// let loaded = puzzle::load(&["arc_tasks/colour_swap.json".into()], &LoadOptions::default())?;
/// let options = SolveOptions { config: Config { steps: 2, ..Config::default() }, ..SolveOptions::default() };
/// puzzle::solve_and_hear(&loaded, &options, |_, _| tenfold::go_on(()), |index, news| {
///     if let News::Ended(Outcome::Whole(record)) = news {
///         println!("{}: {}", loaded.puzzles[index].id, record.summary());
///     }
///     Ok::<(), SolveError>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve_and_hear<E: From<SolveError>>(
    loaded: &Loaded,
    options: &SolveOptions,
    watch: impl Fn(usize, Progress) -> ControlFlow<()> + Sync,
    hear: impl FnMut(usize, News) -> Result<(), E>,
) -> Result<ControlFlow<()>, E> {
    pipeline::run(loaded, &Fits::of(&options.config), &options.run, &watch, hear)
}

/// Compresses a task's JSON into a `.tenfold` file, decodes it again and compares. By default grids are coded one after
/// the other, which takes milliseconds; [`Method::Grids`]`(1)` to `(3)` fit networks beside, which the decoder fits
/// again.
///
/// # Errors
/// [`PuzzleError`]; [`PuzzleError::NotATask`] where the bytes are not one task's JSON, or its text can't be told from its grids.
///
/// ```
/// use tenfold::puzzle::{self, PuzzleSettings};
///
/// let json = std::fs::read("arc_tasks/colour_swap.json")?;
/// let file = puzzle::compress(&json, &PuzzleSettings::default(), tenfold::go_on)?;
/// assert!(file.len() < json.len() / 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compress(
    json: &[u8],
    settings: &PuzzleSettings,
    watch: impl FnMut(FileProgress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PuzzleError> {
    pipeline::puzzle::compress_json(json, settings, watch)
}

/// Gives back the task's JSON of a file, byte for byte, with so many threads, or all. What was fitted to compress it is
/// fitted again, and takes as long.
///
/// # Errors
/// [`PuzzleError`], where the file is wrong.
///
/// ```
/// # use tenfold::puzzle::{self, PuzzleSettings};
/// # let json = std::fs::read("arc_tasks/colour_swap.json")?;
/// # let file = puzzle::compress(&json, &PuzzleSettings::default(), tenfold::go_on)?;
/// assert_eq!(puzzle::decompress(&file, None, tenfold::go_on)?, json);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decompress(
    file: &[u8],
    threads: Option<usize>,
    watch: impl FnMut(FileProgress) -> ControlFlow<()>,
) -> Result<Vec<u8>, PuzzleError> {
    pipeline::puzzle::decompress_json(file, threads, watch)
}

/// The puzzle of a file, to be solved or shown. Its id is empty; its solutions are the outputs that the task's JSON had
/// for its tests, or, where latents were sent, the answers that the code implies.
///
/// # Errors
/// As [`decompress`].
///
/// ```
/// # use tenfold::puzzle::{self, PuzzleSettings};
/// # let json = std::fs::read("arc_tasks/colour_swap.json")?;
/// # let file = puzzle::compress(&json, &PuzzleSettings::default(), tenfold::go_on)?;
/// assert_eq!(puzzle::read(&file, None, tenfold::go_on)?.train, puzzle::parse(&json)?[0].train);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(
    file: &[u8],
    threads: Option<usize>,
    watch: impl FnMut(FileProgress) -> ControlFlow<()>,
) -> Result<Puzzle, PuzzleError> {
    pipeline::puzzle::read_file(file, threads, watch)
}

/// Where a file's bits went: by section, by grid, and by channel where latents were sent. Fits again what decoding fits.
///
/// # Errors
/// As [`decompress`].
///
/// ```
/// # use tenfold::puzzle::{self, PuzzleSettings};
/// # let json = std::fs::read("arc_tasks/colour_swap.json")?;
/// # let file = puzzle::compress(&json, &PuzzleSettings::default(), tenfold::go_on)?;
/// assert_eq!(puzzle::inspect(&file, None)?.ledger.total_bits(), 8 * file.len() as u64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inspect(file: &[u8], threads: Option<usize>) -> Result<PuzzleSummary, PuzzleError> {
    pipeline::puzzle::inspect(file, threads)
}

/// A PNG of a puzzle's pairs and test inputs in ARC's colours, with both attempts at each, and which is right where that is known.
///
/// # Errors
/// [`PictureError`], where the grids are too large for a picture.
///
/// ```
/// use tenfold::puzzle;
///
/// let puzzles = puzzle::parse(&std::fs::read("arc_tasks/colour_swap.json")?)?;
/// assert!(puzzle::picture(&puzzles[0], &[])?.starts_with(b"\x89PNG"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn picture(puzzle: &Puzzle, attempts: &[Attempts]) -> Result<Vec<u8>, PictureError> {
    crate::report::puzzle_picture(puzzle, attempts)
}
