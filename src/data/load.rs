//! Puzzles and solutions from files.
//!
//! In come paths: a task's own JSON file, a folder of them, Kaggle's `*_challenges.json`, or `-` for standard input, and with
//! them, if the user has it, Kaggle's `*_solutions.json`. Out come [`Puzzle`]s with distinct ids. What kind a file is, is told
//! by its content, and what is wrong with it by a [`DataError`].

use super::error::{DataError, Place, TaskError};
use super::grid::Grid;
use super::puzzle::{Puzzle, read_grid};
use super::{read_bytes, read_entries, read_file, read_list, read_object};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a file of puzzles should hold.
const EXPECTED_PUZZLES: &str = "a task, {\"train\": [pair, …], \"test\": [pair, …]}, or an object from ids to tasks";

/// What a solutions file should hold.
const EXPECTED_SOLUTIONS: &str = "an object from task ids to arrays of grids";

/// What a task's solutions should be.
const EXPECTED_GRIDS: &str = "an array of grids, one for each test input";

/// Loads the puzzles in `paths`, in that order; those of a folder by file name, those of a challenges file as they stand.
///
/// A path is a task's own file (its id is the file's name without `.json`), a folder of them, a challenges file, or `-` for
/// standard input (where a lone task has the id `stdin`). If `task_ids` is not empty, it says which puzzles to return, in its
/// order. `solutions` is a solutions file; where it has a puzzle's id, it takes the place of the outputs of the puzzle's own
/// test pairs.
///
/// # Errors
/// Whatever is missing, unreadable or malformed; an id in two places; an id in `task_ids` that no file has; a number of
/// solutions that is not that of the test inputs; a solutions file that has none of the puzzles.
pub fn load_puzzles(
    paths: &[PathBuf],
    task_ids: &[String],
    solutions: Option<&Path>,
) -> Result<Vec<Puzzle>, DataError> {
    load_puzzles_with(paths, task_ids, solutions, &mut io::stdin())
}

/// [`load_puzzles`], with the reader that `-` stands for.
fn load_puzzles_with(
    paths: &[PathBuf],
    task_ids: &[String],
    solutions: Option<&Path>,
    standard_input: &mut dyn Read,
) -> Result<Vec<Puzzle>, DataError> {
    let mut puzzles: IndexMap<String, (Puzzle, String)> = IndexMap::new();
    for source in list_sources(paths)? {
        let file = source.name();
        let bytes = match &source {
            Source::StandardInput => read_bytes(&file, standard_input)?,
            Source::File(path) => read_file(path)?,
        };
        for puzzle in parse_puzzles(&file, &source.lone_task_id(), &bytes)? {
            if let Some((_, first)) = puzzles.get(&puzzle.id) {
                return Err(DataError::DuplicateTask { task: puzzle.id, first: first.clone(), second: file });
            }
            puzzles.insert(puzzle.id.clone(), (puzzle, file.clone()));
        }
    }
    if let Some(path) = solutions {
        attach_solutions(&mut puzzles, path)?;
    }
    choose(puzzles, task_ids)
}

/// Loads a solutions file, `{id: [grid, …], …}`: the right outputs of tasks, in the order of their test inputs.
///
/// # Errors
/// A file that cannot be read, is not JSON, or does not hold at least one valid grid for each task that it lists.
pub fn load_solutions(path: &Path) -> Result<IndexMap<String, Vec<Grid>>, DataError> {
    let file = path.display().to_string();
    let mut solutions = IndexMap::new();
    for (task, value) in read_object(&file, &read_file(path)?, EXPECTED_SOLUTIONS)? {
        let grids = read_list(&task, &value, EXPECTED_GRIDS).and_then(|grids| {
            let place = |index| Place::Solution { test: index + 1 };
            let grids = grids.iter().enumerate();
            grids.map(|(index, grid)| read_grid(grid, place(index))).collect()
        });
        let grids = grids.map_err(|fault| DataError::of_task(&file, &task, fault))?;
        solutions.insert(task, grids);
    }
    Ok(solutions)
}

/// Reads the puzzles in the bytes of `file`, a name for messages: one with the id `lone_task_id`, or those of a challenges file.
///
/// # Errors
/// Bytes that are not UTF-8 (a byte order mark is let pass) or not JSON, a key twice in one object, and whatever a task lacks.
pub fn parse_puzzles(file: &str, lone_task_id: &str, bytes: &[u8]) -> Result<Vec<Puzzle>, DataError> {
    let read =
        |id: &str, task: &Value| Puzzle::from_value(id, task).map_err(|fault| DataError::of_task(file, id, fault));
    let mut puzzles = Vec::new();
    // The parts of a lone task, which has `train` or `test`, and not as the id of a task.
    let mut parts = Map::new();
    read_entries(file, bytes, EXPECTED_PUZZLES, |key, value| {
        let has_pairs = value.get("train").is_some() || value.get("test").is_some();
        if (key == "train" || key == "test") && !has_pairs {
            parts.insert(key, value);
        } else {
            puzzles.push(read(&key, &value));
        }
    })?;
    if parts.is_empty() { puzzles.into_iter().collect() } else { Ok(vec![read(lone_task_id, &Value::Object(parts))?]) }
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

/// Lists the `*.json` files of a folder by name. Folders inside it are not looked into.
fn list_task_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |reason| DataError::Unreadable { file: folder.display().to_string(), reason };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if is_json && !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(DataError::NoTaskFiles { folder: folder.display().to_string() });
    }
    files.sort();
    Ok(files)
}

/// Gives each puzzle that the solutions file has its solutions.
fn attach_solutions(puzzles: &mut IndexMap<String, (Puzzle, String)>, path: &Path) -> Result<(), DataError> {
    let solutions = load_solutions(path)?;
    let file = path.display().to_string();
    if !solutions.keys().any(|id| puzzles.contains_key(id)) {
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

/// Takes the puzzles with the given ids, or all of them if none is given. An id given twice counts once.
fn choose(mut puzzles: IndexMap<String, (Puzzle, String)>, task_ids: &[String]) -> Result<Vec<Puzzle>, DataError> {
    if task_ids.is_empty() {
        return Ok(puzzles.into_values().map(|(puzzle, _)| puzzle).collect());
    }
    if let Some(task) = task_ids.iter().find(|id| !puzzles.contains_key(*id)) {
        return Err(DataError::UnknownTask {
            task: task.clone(),
            count: puzzles.len(),
            near: nearest(task, puzzles.keys()),
        });
    }
    let chosen = task_ids.iter().filter_map(|id| puzzles.swap_remove(id));
    Ok(chosen.map(|(puzzle, _)| puzzle).collect())
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
            load_puzzles_with(&path, &[], None, &mut text.as_bytes()).unwrap()
        };
        assert_eq!(ids(&read(TASK)), ["stdin"]);
        assert_eq!(ids(&read(&format!(r#"{{"x": {TASK}}}"#))), ["x"]);
        assert_eq!(ids(&read(&format!("\u{feff}{TASK}"))), ["stdin"]);
    }

    #[test]
    fn an_endless_input_is_refused() {
        let path = [PathBuf::from("-")];
        let error = load_puzzles_with(&path, &[], None, &mut io::repeat(b' ')).unwrap_err();
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
