//! Puzzles and solutions from files.
//!
//! In come paths: a task's own JSON file, a folder of them, Kaggle's `*_challenges.json`, or `-` for standard input, and with
//! them, if the user has it, Kaggle's `*_solutions.json`. Out come [`Puzzle`]s with distinct ids, and what can't be read. What
//! kind a file is, is told by its content, and what is wrong with it by a [`DataError`].

use super::error::{DataError, Place, Refused, TaskError};
use super::forms::{PairSample, read_tasks};
use super::grid::Grid;
use super::json::{parse_json, read_bytes, read_file, read_list, read_object};
use super::puzzle::{Puzzle, read_grid};
use indexmap::IndexMap;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a solutions file should hold.
const EXPECTED_SOLUTIONS: &str = "an object from task ids to arrays of grids";

/// What a task's solutions should be.
const EXPECTED_GRIDS: &str = "an array of grids, one for each test input";

/// How the files of a folder that hold tasks end.
const TASK_EXTENSIONS: [&str; 2] = ["json", "jsonl"];

/// Which puzzles to load, and what to load with them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions<'a> {
    /// The ids of those asked for, in their order; all if there are none.
    pub tasks: &'a [String],
    /// What [`load_solutions`] reads; where it has a puzzle's id, it takes the place of the outputs of the puzzle's own test
    /// pairs.
    pub solutions: Option<&'a Path>,
    /// What to draw from pairs that are neither for training nor for testing.
    pub pairs: Option<PairSample>,
}

/// What was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The puzzles that can be read.
    pub puzzles: Vec<Puzzle>,
    /// The tasks and files that can't.
    pub refused: Vec<Refused>,
}

/// Loads the puzzles in `paths`, in that order; those of a folder by file name, those of a challenges file as they stand.
///
/// A path is a file of tasks (the id of a lone one is the file's name without `.json`), a folder of them, or `-` for
/// standard input (where a lone task has the id `stdin`). A task or file that can't be read leaves the others.
///
/// # Errors
/// No path; a folder without tasks; an id in two places; an id asked for that no file has, or whose task can't be read; a
/// number of solutions that is not that of the test inputs; solutions of none of the puzzles.
pub fn load(paths: &[PathBuf], options: &LoadOptions) -> Result<Loaded, DataError> {
    load_with(paths, options, &mut io::stdin())
}

/// [`load`], where whatever can't be read is an error.
///
/// # Errors
/// As [`load`], and the first task or file that can't be read.
pub fn load_puzzles(
    paths: &[PathBuf],
    task_ids: &[String],
    solutions: Option<&Path>,
) -> Result<Vec<Puzzle>, DataError> {
    let loaded = load(paths, &LoadOptions { tasks: task_ids, solutions, pairs: None })?;
    loaded.refused.into_iter().next().map_or(Ok(loaded.puzzles), |refused| Err(refused.error))
}

/// [`load`], with the reader that `-` stands for.
fn load_with(paths: &[PathBuf], options: &LoadOptions, standard_input: &mut dyn Read) -> Result<Loaded, DataError> {
    let mut puzzles: IndexMap<String, (Puzzle, String)> = IndexMap::new();
    let mut refused = Vec::new();
    for source in list_sources(paths)? {
        let file = source.name();
        let bytes = match &source {
            Source::StandardInput => read_bytes(&file, standard_input),
            Source::File(path) => read_file(path),
        };
        let tasks = bytes.and_then(|bytes| read_tasks(&file, &source.lone_task_id(), &bytes, options.pairs));
        let whole_file = |error| vec![Err(Refused { id: None, tests: 0, error })];
        for task in tasks.unwrap_or_else(whole_file) {
            match task {
                Err(one) => refused.push(one),
                Ok(puzzle) => {
                    if let Some((_, first)) = puzzles.get(&puzzle.id) {
                        return Err(DataError::DuplicateTask { task: puzzle.id, first: first.clone(), second: file });
                    }
                    puzzles.insert(puzzle.id.clone(), (puzzle, file.clone()));
                }
            }
        }
    }
    if let Some(path) = options.solutions {
        attach_solutions(&mut puzzles, path)?;
    }
    choose(&mut puzzles, &mut refused, options.tasks)?;
    Ok(Loaded { puzzles: puzzles.into_values().map(|(puzzle, _)| puzzle).collect(), refused })
}

/// Loads solutions: the right outputs of tasks, in the order of their test inputs. They stand in a solutions file,
/// `{id: [grid, …], …}`, or in the test pairs of tasks, in a file or a folder.
///
/// # Errors
/// A file that cannot be read, is not JSON, or does not hold at least one valid grid for each task that it lists; tasks
/// without a single output.
pub fn load_solutions(path: &Path) -> Result<IndexMap<String, Vec<Grid>>, DataError> {
    let file = path.display().to_string();
    if !path.is_dir() {
        let bytes = read_file(path)?;
        if !holds_tasks(&parse_json(&file, &bytes).unwrap_or_default()) {
            return parse_solutions(&file, &bytes);
        }
    }
    let puzzles = load_puzzles(&[path.to_owned()], &[], None)?;
    let known = puzzles.into_iter().filter_map(|puzzle| Some((puzzle.id, puzzle.solutions?)));
    let solutions: IndexMap<String, Vec<Grid>> = known.collect();
    if solutions.is_empty() { Err(DataError::NoOutputs { file }) } else { Ok(solutions) }
}

/// Whether a file given as solutions holds tasks: there are objects where grids would be arrays.
fn holds_tasks(value: &Value) -> bool {
    let is_task = |value: &Value| value.get("test").is_some();
    match value {
        // JSON lines are no JSON as a whole.
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(is_task),
        Value::Object(entries) => is_task(value) || entries.values().any(is_task),
        _ => false,
    }
}

/// Reads solutions from the bytes of `file`, a name for messages: `{id: [grid, …], …}`.
///
/// # Errors
/// As [`load_solutions`], but for reading the file.
pub fn parse_solutions(file: &str, bytes: &[u8]) -> Result<IndexMap<String, Vec<Grid>>, DataError> {
    let mut solutions = IndexMap::new();
    for (task, value) in read_object(file, bytes, EXPECTED_SOLUTIONS)? {
        let grids = read_list(&task, &value, EXPECTED_GRIDS).and_then(|grids| {
            let place = |index| Place::Solution { test: index + 1 };
            let grids = grids.iter().enumerate();
            grids.map(|(index, grid)| read_grid(grid, place(index))).collect()
        });
        let grids = grids.map_err(|fault| DataError::of_task(file, &task, fault))?;
        solutions.insert(task, grids);
    }
    Ok(solutions)
}

/// A thing that bytes are read from.
enum Source {
    StandardInput,
    File(PathBuf),
}

impl Source {
    /// The name in messages.
    fn name(&self) -> String {
        match self {
            Self::StandardInput => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The id of the task, if it turns out to be a lone one.
    fn lone_task_id(&self) -> String {
        match self {
            Self::StandardInput => "stdin".to_owned(),
            Self::File(path) => path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
        }
    }
}

/// Lists what the paths stand for, folders taken apart.
fn list_sources(paths: &[PathBuf]) -> Result<Vec<Source>, DataError> {
    if paths.is_empty() {
        return Err(DataError::NoPaths);
    }
    if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(DataError::StandardInputTwice);
    }
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(Source::StandardInput);
        } else if path.is_dir() {
            sources.extend(list_task_files(path)?.into_iter().map(Source::File));
        } else {
            sources.push(Source::File(path.clone()));
        }
    }
    Ok(sources)
}

/// Lists the `*.json` and `*.jsonl` files of a folder by name. Folders inside it are not looked into.
fn list_task_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |reason| DataError::Unreadable { file: folder.display().to_string(), reason };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_task = |extension: &OsStr| TASK_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known));
        if path.extension().is_some_and(is_task) && !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(DataError::NoTaskFiles { folder: folder.display().to_string() });
    }
    files.sort();
    Ok(files)
}

/// Gives each puzzle that the solutions have its own.
fn attach_solutions(puzzles: &mut IndexMap<String, (Puzzle, String)>, path: &Path) -> Result<(), DataError> {
    let solutions = load_solutions(path)?;
    let file = path.display().to_string();
    if !puzzles.is_empty() && !solutions.keys().any(|id| puzzles.contains_key(id)) {
        return Err(DataError::UnrelatedSolutions { file, count: solutions.len() });
    }
    for (task, grids) in solutions {
        let Some((puzzle, _)) = puzzles.get_mut(&task) else {
            continue;
        };
        if grids.len() != puzzle.test.len() {
            let fault = TaskError::SolutionCount { solutions: grids.len(), inputs: puzzle.test.len() };
            return Err(DataError::of_task(&file, &task, fault));
        }
        puzzle.solutions = Some(grids);
    }
    Ok(())
}

/// Leaves the tasks with the given ids, in their order, or all of them if none is given. An id given twice counts once.
fn choose(
    puzzles: &mut IndexMap<String, (Puzzle, String)>,
    refused: &mut Vec<Refused>,
    task_ids: &[String],
) -> Result<(), DataError> {
    if task_ids.is_empty() {
        return Ok(());
    }
    // A file that can't be read may hold what is asked for.
    refused.retain(|one| one.id.as_ref().is_none_or(|id| task_ids.contains(id)));
    let unknown = |id: &&String| {
        !puzzles.contains_key(*id) && !refused.iter().any(|one| one.id.as_ref().is_none_or(|known| known == *id))
    };
    if let Some(task) = task_ids.iter().find(unknown) {
        let near = nearest(task, puzzles.keys());
        return Err(DataError::UnknownTask { task: task.clone(), count: puzzles.len(), near });
    }
    *puzzles = task_ids.iter().filter_map(|id| puzzles.swap_remove_entry(id)).collect();
    Ok(())
}

/// The ids, at most three, that differ from `id` by at most two edits or that start with it; nearest first.
fn nearest<'a>(id: &str, ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    const MOST_EDITS: usize = 2;
    const MOST_IDS: usize = 3;
    let mut near: Vec<(usize, &String)> = ids
        .map(|other| (edit_distance(id, other), other))
        .filter(|&(edits, other)| edits <= MOST_EDITS || (!id.is_empty() && other.starts_with(id)))
        .collect();
    near.sort();
    near.into_iter().take(MOST_IDS).map(|(_, id)| id.clone()).collect()
}

/// How many characters must be inserted, removed or replaced to make `first` of `second`.
fn edit_distance(first: &str, second: &str) -> usize {
    let mut distances: Vec<usize> = (0..=second.chars().count()).collect();
    for (row, left) in first.chars().enumerate() {
        let mut diagonal = distances[0];
        distances[0] = row + 1;
        for (column, right) in second.chars().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = distances[column + 1];
            distances[column + 1] = replaced.min(diagonal + 1).min(distances[column] + 1);
        }
    }
    distances[distances.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const TASK: &str = r#"{"train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]]}]}"#;
    const ANSWERED: &str = r#"{"train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]],"output":[[4]]}]}"#;

    /// A folder with the given files.
    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn ids(puzzles: &[Puzzle]) -> Vec<&str> {
        puzzles.iter().map(|puzzle| puzzle.id.as_str()).collect()
    }

    #[test]
    fn a_lone_task_is_named_for_its_file() {
        let folder = folder(&[("mirror.v2.json", TASK)]);
        let path = folder.path().join("mirror.v2.json");
        let puzzles = load_puzzles(&[path], &[], None).unwrap();
        assert_eq!(ids(&puzzles), ["mirror.v2"]);
    }

    #[test]
    fn a_folder_is_read_by_name_and_only_json() {
        let folder = folder(&[("b.json", TASK), ("a.json", TASK), ("README.md", "#"), ("c.JSON", TASK)]);
        fs::create_dir(folder.path().join("deeper.json")).unwrap();
        let puzzles = load_puzzles(&[folder.path().to_owned()], &[], None).unwrap();
        assert_eq!(ids(&puzzles), ["a", "b", "c"]);
    }

    #[test]
    fn a_challenges_file_keeps_its_order_and_gives_the_tasks_asked_for() {
        let text = format!(r#"{{"z": {TASK}, "train": {TASK}, "a": {TASK}}}"#);
        let folder = folder(&[("challenges.json", &text)]);
        let path = [folder.path().join("challenges.json")];
        assert_eq!(ids(&load_puzzles(&path, &[], None).unwrap()), ["z", "train", "a"]);
        let chosen = ["a", "z", "a"].map(str::to_owned);
        assert_eq!(ids(&load_puzzles(&path, &chosen, None).unwrap()), ["a", "z"]);
    }

    #[test]
    fn standard_input_holds_a_task_or_challenges() {
        let read = |text: &str| {
            let path = [PathBuf::from("-")];
            load_with(&path, &LoadOptions::default(), &mut text.as_bytes()).unwrap().puzzles
        };
        assert_eq!(ids(&read(TASK)), ["stdin"]);
        assert_eq!(ids(&read(&format!(r#"{{"x": {TASK}}}"#))), ["x"]);
        assert_eq!(ids(&read(&format!("\u{feff}{TASK}"))), ["stdin"]);
    }

    #[test]
    fn an_endless_input_is_refused() {
        let path = [PathBuf::from("-")];
        let loaded = load_with(&path, &LoadOptions::default(), &mut io::repeat(b' ')).unwrap();
        let error = &loaded.refused[0].error;
        assert!(matches!(error, DataError::TooLarge { .. }), "{error}");
        assert!(error.to_string().starts_with("standard input: "), "{error}");
    }

    #[test]
    fn a_solutions_file_wins_over_test_outputs() {
        let folder = folder(&[
            ("a.json", ANSWERED),
            ("b.json", ANSWERED),
            ("c.json", TASK),
            ("solutions", r#"{"a": [[[5]]], "elsewhere": [[[6]], [[7]]]}"#),
        ]);
        let solutions = folder.path().join("solutions");
        let puzzles = load_puzzles(&[folder.path().to_owned()], &[], Some(&solutions)).unwrap();
        let colours: Vec<Option<u8>> =
            puzzles.iter().map(|puzzle| puzzle.solutions.as_ref().map(|grids| grids[0].get(0, 0))).collect();
        assert_eq!(colours, [Some(5), Some(4), None]);
    }

    #[test]
    fn a_task_or_file_that_cannot_be_read_leaves_the_others() {
        let folder = folder(&[("a.json", TASK), ("b.json", "{"), ("c.json", r#"{"train":[],"test":[]}"#)]);
        let paths = [folder.path().to_owned()];
        let loaded = load(&paths, &LoadOptions::default()).unwrap();
        assert_eq!(ids(&loaded.puzzles), ["a"]);
        let errors: Vec<String> = loaded.refused.iter().map(|refused| refused.error.to_string()).collect();
        assert!(errors[0].contains("b.json: not valid JSON") && errors[1].contains("task c:"), "{errors:?}");
        assert_eq!(loaded.refused[1].id.as_deref(), Some("c"));
        assert!(load_puzzles(&paths, &[], None).is_err());
        let asked = ["a".to_owned()];
        let loaded = load(&paths, &LoadOptions { tasks: &asked, ..LoadOptions::default() }).unwrap();
        assert_eq!((loaded.puzzles.len(), loaded.refused.len()), (1, 1), "b.json may hold it");
    }

    #[test]
    fn solutions_stand_in_a_solutions_file_or_in_tasks() {
        let (with, without) = (folder(&[("a.json", ANSWERED), ("b.json", TASK)]), folder(&[("b.json", TASK)]));
        let files = folder(&[
            ("solutions.json", r#"{"a": [[[4]]]}"#),
            ("tasks.json", &format!(r#"{{"a": {ANSWERED}, "b": {TASK}}}"#)),
            ("array.json", &format!("[{}]", ANSWERED.replacen('{', r#"{"id":"a","#, 1))),
            ("lines.json", &format!("{}\n{TASK}\n", ANSWERED.replacen('{', r#"{"id":"a","#, 1))),
        ]);
        let names = ["solutions.json", "tasks.json", "array.json", "lines.json"];
        let paths = names.iter().map(|name| files.path().join(name));
        for path in paths.chain([with.path().to_owned(), with.path().join("a.json")]) {
            let solutions = load_solutions(&path).unwrap();
            assert_eq!(solutions.keys().collect::<Vec<_>>(), ["a"], "{}", path.display());
            assert_eq!(solutions["a"][0].get(0, 0), 4);
        }
        for path in [without.path().to_owned(), without.path().join("b.json")] {
            let error = load_solutions(&path).unwrap_err().to_string();
            assert!(error.contains("no outputs of their tests"), "{error}");
        }
    }

    #[test]
    fn near_ids_come_nearest_first() {
        let ids = ["007bbfb7", "007bbfb8", "00d62c1b", "007bxxb8", "025d127b"].map(str::to_owned);
        assert_eq!(nearest("007bbfb9", ids.iter()), ["007bbfb7", "007bbfb8"]);
        assert_eq!(nearest("007", ids.iter()), ["007bbfb7", "007bbfb8", "007bxxb8"]);
        assert!(nearest("", ids.iter()).is_empty());
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", ""), 3);
    }
}
