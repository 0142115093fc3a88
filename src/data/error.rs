//! Every way in which a file of puzzles, solutions or answers can be wrong.
//!
//! A [`DataError`] says which file; a [`TaskError`] which pair and grid of a task; a [`GridError`] which cell. Each message
//! gives the value at fault and what should stand there. Pairs, rows, columns and lines are counted from 1.

use super::grid::GridError;
use std::fmt;
use std::io;
use thiserror::Error;

/// A file that cannot be taken, or a request that the files cannot meet.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// Nothing was given to read.
    #[error("no puzzles given; name a task's JSON file, a folder of them, a challenges file, or - for standard input")]
    NoPaths,
    /// Standard input was named more than once.
    #[error("standard input (-) is named twice; it can be read once")]
    StandardInputTwice,
    /// The operating system refused to read a file or a folder.
    #[error("{file}: cannot be read ({reason}); check the path and its permissions")]
    Unreadable {
        /// The file or folder.
        file: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// A folder without a file named `*.json`.
    #[error("{folder}: the folder holds no *.json files; name a folder of task files")]
    NoTaskFiles {
        /// The folder.
        folder: String,
    },
    /// Data without the split that was asked for.
    #[error("{folder}: there is no split '{split}': neither a folder of this name nor a file *{split}_challenges.json")]
    NoSplit {
        /// The folder.
        folder: String,
        /// The split.
        split: String,
    },
    /// A file beyond the size that puzzles can justify.
    #[error("{file}: longer than {limit_bytes} bytes, the most that is read; split it into several files")]
    TooLarge {
        /// The file.
        file: String,
        /// The most bytes that are read.
        limit_bytes: u64,
    },
    /// Bytes that are not in the encoding that their byte order mark says.
    #[error("{file}: begins with the byte order mark of {encoding}, but is not {encoding}; save the file as UTF-8")]
    NotAsMarked {
        /// The file.
        file: String,
        /// The encoding.
        encoding: &'static str,
    },
    /// Bytes that are not UTF-8.
    #[error("{file}: not UTF-8: byte 0x{value:02x} at offset {offset}; save the file as UTF-8")]
    NotUtf8 {
        /// The file.
        file: String,
        /// How many bytes come before the first one at fault.
        offset: usize,
        /// The byte at fault.
        value: u8,
    },
    /// Text that is not JSON, or is nested too deeply.
    #[error("{file}: not valid JSON at line {line}, column {column}: {reason}")]
    NotJson {
        /// The file.
        file: String,
        /// The line at fault.
        line: usize,
        /// The column at fault, in bytes.
        column: usize,
        /// What the parser met.
        reason: String,
    },
    /// One key twice in one JSON object, such as a task's id in a challenges file.
    #[error(
        "{file}: the key {key:?} stands twice in one object, again at line {line}, column {column}; remove or rename one"
    )]
    DuplicateKey {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// The line of the second one.
        line: usize,
        /// The column where the second one ends, in bytes.
        column: usize,
    },
    /// A file whose JSON is not an object.
    #[error("{file}: holds {found}; expected {expected}")]
    NotAnObject {
        /// The file.
        file: String,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A file that is an object without a single task.
    #[error("{file}: holds no tasks; expected {expected}")]
    NoTasks {
        /// The file.
        file: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A task that is not as it should be.
    #[error("{file}: task {task}: {fault}")]
    Task {
        /// The file.
        file: String,
        /// The task's id.
        task: String,
        /// What is wrong with it.
        fault: Box<TaskError>,
    },
    /// One id in two of the files.
    #[error("task {task} is both in {first} and in {second}; leave one of them out")]
    DuplicateTask {
        /// The task's id.
        task: String,
        /// The file that had it first.
        first: String,
        /// The file that has it too.
        second: String,
    },
    /// A task was asked for that no file has.
    #[error("no task {task} among the {count} given; {}", suggest(near))]
    UnknownTask {
        /// The id asked for.
        task: String,
        /// How many tasks there are.
        count: usize,
        /// The ids most like it, best first; none if nothing is near.
        near: Vec<String>,
    },
    /// Tasks whose test outputs aren't known, given as solutions.
    #[error("{file}: holds tasks, but no outputs of their tests; name a solutions file, or tasks with outputs")]
    NoOutputs {
        /// The file or folder.
        file: String,
    },
    /// A solutions file that has none of the puzzles.
    #[error("{file}: has none of the puzzles given here among its {count}; name the solutions file of these puzzles")]
    UnrelatedSolutions {
        /// The solutions file.
        file: String,
        /// How many tasks it has.
        count: usize,
    },
}

impl DataError {
    /// Names the file and the task of a fault.
    pub(super) fn of_task(file: &str, task: &str, fault: TaskError) -> Self {
        Self::Task { file: file.to_owned(), task: task.to_owned(), fault: Box::new(fault) }
    }
}

/// What is wrong with one task of a file of puzzles, solutions or answers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TaskError {
    /// An id that could not name a file.
    #[error(
        "the id is empty, a dot or two, over {limit_bytes} bytes, or holds a slash or a control character; rename it"
    )]
    Id {
        /// The most bytes that an id may have.
        limit_bytes: usize,
    },
    /// The task is not an object.
    #[error("is {found}; a task is an object with \"train\" and \"test\"{}", mistaken_file(found))]
    NotAnObject {
        /// What it is.
        found: String,
    },
    /// The task lacks its train or test pairs.
    #[error("has no {set:?}; give it an array of pairs")]
    MissingPairs {
        /// `train` or `test`.
        set: &'static str,
    },
    /// The train or test pairs are not an array.
    #[error("{set:?} is {found}; make it an array of pairs")]
    PairsNotAnArray {
        /// `train` or `test`.
        set: &'static str,
        /// What it is.
        found: String,
    },
    /// There are no train or no test pairs.
    #[error("{set:?} is an empty array; give it at least one pair")]
    NoPairs {
        /// `train` or `test`.
        set: &'static str,
    },
    /// Pairs of which nobody says which are for training.
    #[error("holds {pairs} pairs that are neither \"train\" nor \"test\", and nobody says how many to draw for each")]
    UnsortedPairs {
        /// How many there are.
        pairs: usize,
    },
    /// More pairs are to be drawn than there are.
    #[error("holds {pairs} pairs, too few to draw {train} for training and {test} to test from; ask for fewer")]
    TooFewPairs {
        /// How many there are.
        pairs: usize,
        /// How many are to be train pairs.
        train: usize,
        /// How many are to be test pairs.
        test: usize,
    },
    /// A pair is not an object.
    #[error("{set} pair {pair} is {found}; a pair is an object with \"input\" and \"output\"{}", if *.set == "examples" { ", or the array [input, output]" } else { "" })]
    PairNotAnObject {
        /// `train` or `test`.
        set: &'static str,
        /// The pair, from 1.
        pair: usize,
        /// What it is.
        found: String,
    },
    /// A pair, a solution or an attempt is not there.
    #[error("{place} is missing; add the grid")]
    MissingGrid {
        /// Which grid.
        place: Place,
    },
    /// Some test pairs have an output and others have none.
    #[error("{place} is missing while other test pairs have theirs; give all or none")]
    SomeTestOutputs {
        /// The first output that is not there.
        place: Place,
    },
    /// A grid is not as it should be.
    #[error("{place}: {fault}")]
    Grid {
        /// Which grid.
        place: Place,
        /// What is wrong with it.
        fault: GridError,
    },
    /// A task's solutions or answers are not an array.
    #[error("is {found}; expected {expected}")]
    NotAList {
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A task's solutions or answers are an empty array.
    #[error("is an empty array; expected {expected}")]
    EmptyList {
        /// What it should be.
        expected: &'static str,
    },
    /// A test input's answer is not an object.
    #[error("test {test} is {found}; expected an object with \"attempt_1\" and \"attempt_2\"")]
    AnswerNotAnObject {
        /// The test input, from 1.
        test: usize,
        /// What it is.
        found: String,
    },
    /// There are more or fewer solutions than test inputs.
    #[error("{solutions} solutions for {inputs} test inputs; give one for each")]
    SolutionCount {
        /// How many solutions the file has.
        solutions: usize,
        /// How many test inputs the puzzle has.
        inputs: usize,
    },
}

/// Where a grid stands in a task. Counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The input or output of a pair in a task's file.
    Pair {
        /// `train` or `test`.
        set: &'static str,
        /// The pair.
        pair: usize,
        /// `input` or `output`.
        side: &'static str,
    },
    /// The solution of a test input in a solutions file.
    Solution {
        /// The test input.
        test: usize,
    },
    /// An attempt at a test input in a submission.
    Attempt {
        /// The test input.
        test: usize,
        /// `attempt_1` or `attempt_2`.
        attempt: &'static str,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { set, pair, side } => write!(formatter, "{set} pair {pair} {side}"),
            Self::Solution { test } => write!(formatter, "solution {test}"),
            Self::Attempt { test, attempt } => write!(formatter, "test {test} {attempt}"),
        }
    }
}

/// A task, or a file of tasks, that can't be read.
#[derive(Debug)]
pub struct Refused {
    /// The task's id, where that much is known.
    pub id: Option<String>,
    /// How many test inputs it seems to have.
    pub tests: usize,
    /// Why.
    pub error: DataError,
}

/// What to do about an unknown id.
fn suggest(near: &[String]) -> String {
    if near.is_empty() {
        "none is like it; check the id and the file".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    }
}

/// What kind of file was probably taken for a challenges file, by what stands in a task's place.
fn mistaken_file(found: &str) -> &'static str {
    if found == "an array" { " (is this a solutions file or a submission?)" } else { "" }
}
