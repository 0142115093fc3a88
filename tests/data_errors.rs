//! Malformed puzzles are refused with the file, the task, the pair and the cell at fault; valid ones survive being written.

use proptest::collection::vec;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tenfold::internals::data::{
    DataError, Grid, Pair, Puzzle, load_puzzles, load_solutions, parse_puzzles, parse_submission,
};

/// A valid task, to be spoilt.
const TASK: &str = r#"{"train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]]},{"input":[[4]]}]}"#;

/// Reads bytes as `puzzles/some.json`, for the message that refuses them.
fn refusal(bytes: &[u8]) -> String {
    parse_puzzles("puzzles/some.json", "some", bytes).expect_err("malformed").to_string()
}

/// A task whose first train pair is valid, and whose second has `grid` for its output.
fn with_output(grid: &str) -> String {
    format!(
        r#"{{"train":[{{"input":[[1]],"output":[[2]]}},{{"input":[[1]],"output":{grid}}}],"test":[{{"input":[[3]]}}]}}"#
    )
}

#[test]
fn a_malformed_grid_is_named_with_its_pair_and_cell() {
    for (grid, cell) in [
        ("[[1,2],[3]]", "row 2 is 1 long and row 1 is 2 long;"),
        ("[[1,2],[3,10]]", "row 2, column 2 holds 10; a colour is a whole number from 0 to 9"),
        ("[[-1]]", "row 1, column 1 holds -1;"),
        ("[[0,1.5]]", "row 1, column 2 holds 1.5;"),
        ("[[0],[\"a\"]]", "row 2, column 1 holds \"a\";"),
        ("[[null]]", "row 1, column 1 holds null;"),
        ("[[true]]", "row 1, column 1 holds true;"),
        ("[[[1]]]", "row 1, column 1 holds an array;"),
        ("[[18446744073709551616]]", "row 1, column 1 holds 1.8446744073709552e+19;"),
        ("[]", "the grid has no rows; give it at least one"),
        ("[[]]", "row 1 is empty;"),
        ("[[1],[]]", "row 2 is empty;"),
        ("null", "a grid is an array of rows, not null"),
        ("{}", "a grid is an array of rows, not an object"),
        ("[1,2]", "row 1 is 1; a row is an array of colours"),
    ] {
        let message = refusal(with_output(grid).as_bytes());
        let place = "puzzles/some.json: task some: train pair 2 output: ";
        assert!(message.starts_with(place), "{message}");
        assert!(message.contains(cell), "{message}");
    }
}

#[test]
fn a_malformed_task_is_named_with_its_pair() {
    for (task, fault) in [
        (r#"{"test":[{"input":[[1]]}]}"#, r#"has no "train""#),
        (r#"{"train":[{"input":[[1]],"output":[[1]]}]}"#, r#"has no "test""#),
        (r#"{"train":[],"test":[{"input":[[1]]}]}"#, r#""train" is an empty array"#),
        (r#"{"train":[{"input":[[1]],"output":[[1]]}],"test":[]}"#, r#""test" is an empty array"#),
        (r#"{"train":7,"test":[]}"#, r#""train" is 7; make it an array"#),
        (r#"{"train":{"input":[[1]]},"test":[]}"#, r#""train" is an object;"#),
        (r#"{"train":[3],"test":[]}"#, "train pair 1 is 3;"),
        (r#"{"train":[{"output":[[1]]}],"test":[]}"#, "train pair 1 input is missing"),
        (r#"{"train":[{"input":[[1]]}],"test":[]}"#, "train pair 1 output is missing"),
        (r#"{"train":[{"input":[[1]],"output":[[1]]}],"test":[{"input":[[1]]},{}]}"#, "test pair 2 input is missing"),
        (
            r#"{"train":[{"input":[[1]],"output":[[1]]}],"test":[{"input":[[1]]},{"input":[[1]],"output":[[1]]}]}"#,
            "test pair 1 output is missing while other test pairs have theirs",
        ),
        (
            r#"{"train":[{"input":[[1]],"output":[[1]]}],"test":[{"input":[[1,12]]}]}"#,
            "test pair 1 input: row 1, column 2 holds 12;",
        ),
    ] {
        let message = refusal(task.as_bytes());
        assert!(message.starts_with("puzzles/some.json: task some: "), "{message}");
        assert!(message.contains(fault), "{message}");

        let challenges = format!(r#"{{"good": {TASK}, "bad": {task}}}"#);
        let message = refusal(challenges.as_bytes());
        assert!(message.starts_with("puzzles/some.json: task bad: "), "{message}");
        assert!(message.contains(fault), "{message}");
    }
}

#[test]
fn a_file_that_holds_no_tasks_is_told_apart() {
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"a":"#.repeat(100_000);
    let twice = format!("{{\"x\": {TASK},\n \"x\": {TASK}}}");
    let repeated_train = r#"{"train": [], "test": [], "train": []}"#;
    let after = format!("{TASK} x");
    for (bytes, message) in [
        (&b""[..], "not valid JSON at line 1, column 0: EOF"),
        (b"{\n  \"train\": oops", "not valid JSON at line 2, column 12: expected"),
        (b"{\"a\": 1e999}", "not valid JSON at line 1, column 11: number out of range"),
        (after.as_bytes(), "not valid JSON at line 1, column 85: trailing characters"),
        (deep.as_bytes(), "not valid JSON at line 1, column 128: recursion limit exceeded"),
        (deep_object.as_bytes(), "recursion limit exceeded"),
        (b"{\"a\xff\": 1}", "not UTF-8: byte 0xff at offset 3;"),
        (b"\xff\xfe{\0}\0", "holds no tasks; expected a task"),
        (b"\xfe\xff\0{\xd8\0", "begins with the byte order mark of UTF-16BE, but is not UTF-16BE;"),
        (b"[]", "holds no tasks; expected a task"),
        (b"[[1, 2], [3, 4]]", "holds an array whose element 1 is an array; expected a task"),
        (b"[{}]", "task some-1: has no \"train\""),
        (b"12", "holds 12; expected a task"),
        (b"null", "holds null; expected a task"),
        (b"\"text\"", "holds \"text\"; expected a task"),
        (b"{}", "holds no tasks; expected a task"),
        (b"{\"name\": 3}", "task name: is 3; a task is an object"),
        (
            b"{\"x\": [[[1]]]}",
            "task x: is an array; a task is an object with \"train\" and \"test\" (is this a solutions",
        ),
        (b"{\"a/b\": {\"train\": []}}", "task a/b: the id is empty"),
        (b"{\"\": {\"train\": []}}", "the id is empty"),
        (twice.as_bytes(), "the key \"x\" stands twice in one object, again at line 2, column 4;"),
        (repeated_train.as_bytes(), "the key \"train\" stands twice"),
    ] {
        let found = refusal(bytes);
        assert!(found.starts_with("puzzles/some.json: "), "{found}");
        assert!(found.contains(message), "{found}\n{message}");
    }
}

/// A folder with the given files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn refused_load(paths: &[PathBuf], task_ids: &[&str], solutions: Option<&Path>) -> String {
    let task_ids: Vec<String> = task_ids.iter().map(|&id| id.to_owned()).collect();
    load_puzzles(paths, &task_ids, solutions).expect_err("malformed").to_string()
}

#[test]
fn paths_that_give_no_puzzle_are_named() {
    let files = folder(&[("notes.txt", "")]);
    let empty = files.path().to_owned();
    let message = refused_load(&[], &[], None);
    assert!(message.contains("no puzzles given"), "{message}");

    let message = refused_load(std::slice::from_ref(&empty), &[], None);
    assert!(message.contains(&*empty.to_string_lossy()), "{message}");
    assert!(message.contains("no *.json files"), "{message}");

    let missing = empty.join("nowhere.json");
    let error = load_puzzles(std::slice::from_ref(&missing), &[], None).unwrap_err();
    assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("nowhere.json"), "{error}");

    let message = refused_load(&["-".into(), "-".into()], &[], None);
    assert!(message.contains("standard input (-) is named twice"), "{message}");
}

#[test]
fn an_id_in_two_files_is_named_with_both() {
    let first = folder(&[("x.json", TASK)]);
    let second = folder(&[("challenges.json", &format!(r#"{{"x": {TASK}}}"#))]);
    let paths = [first.path().to_owned(), second.path().to_owned()];
    let message = refused_load(&paths, &[], None);
    for part in ["task x is both in", "x.json", "challenges.json"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_unknown_id_is_told_what_is_near_or_how_many_there_are() {
    let challenges = format!(r#"{{"007bbfb7": {TASK}, "00d62c1b": {TASK}}}"#);
    let files = folder(&[("challenges.json", &challenges)]);
    let path = [files.path().join("challenges.json")];
    let message = refused_load(&path, &["007bbfb8"], None);
    assert_eq!(message, "no task 007bbfb8 among the 2 given; did you mean 007bbfb7?");
    let message = refused_load(&path, &["00d62c1b", "zebra"], None);
    assert!(message.starts_with("no task zebra among the 2 given;"), "{message}");
}

#[test]
fn wrong_solutions_are_named() {
    let files = folder(&[("x.json", TASK)]);
    let path = [files.path().join("x.json")];
    let solutions = files.path().join("solutions");
    for (text, fault) in [
        (r#"{"x": [[[1]]]}"#, "task x: 1 solutions for 2 test inputs"),
        (r#"{"x": [[[1]], [[1, 10]]]}"#, "task x: solution 2: row 1, column 2 holds 10;"),
        (r#"{"x": [[1, 2]]}"#, "task x: solution 1: row 1 is 1;"),
        (r#"{"x": []}"#, "task x: is an empty array;"),
        (r#"{"x": {"train": []}}"#, "task x: is an object; expected an array of grids"),
        (r#"{"x": {"train": [], "test": []}}"#, r#"task x: "train" is an empty array"#),
        (r#"{"y": [[[1]]]}"#, "has none of the puzzles given here among its 1;"),
        (r#"{"x": [[[1]]], "x": [[[1]]]}"#, "the key \"x\" stands twice"),
        ("{}", "holds no tasks;"),
        ("[]", "holds an array; expected an object from task ids to arrays of grids"),
        (TASK, "holds tasks, but no outputs of their tests"),
    ] {
        fs::write(&solutions, text).unwrap();
        let message = refused_load(&path, &[], Some(&solutions));
        assert!(message.starts_with(&*solutions.to_string_lossy()), "{message}");
        assert!(message.contains(fault), "{message}");
    }
}

prop_compose! {
    fn grid()(rows in 1_usize..=30, columns in 1_usize..=30)
        (cells in vec(0_u8..10, rows * columns), rows in Just(rows), columns in Just(columns)) -> Grid {
        Grid::new(rows, columns, cells).unwrap()
    }
}

prop_compose! {
    fn puzzle()(
        id in "[a-z0-9_]{1,12}",
        train in vec((grid(), grid()), 1..4),
        test in vec((grid(), grid()), 1..3),
        answered in any::<bool>(),
    ) -> Puzzle {
        let (test, outputs) = test.into_iter().unzip();
        let train = train.into_iter().map(|(input, output)| Pair { input, output }).collect();
        Puzzle { id, train, test, solutions: answered.then_some(outputs) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_valid_puzzle_survives_write_and_load(puzzle in puzzle()) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(format!("{}.json", puzzle.id));
        fs::write(&path, serde_json::to_vec_pretty(&puzzle).unwrap()).unwrap();
        prop_assert_eq!(load_puzzles(&[path], &[], None).unwrap(), [puzzle]);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse_puzzles("file", "id", &bytes);
        let _ = parse_submission("file", &bytes);
    }

    #[test]
    fn a_spoilt_task_never_panics(position in 0..TASK.len(), byte in any::<u8>(), end in 0..=TASK.len()) {
        let mut bytes = TASK.as_bytes().to_vec();
        bytes[position] = byte;
        bytes.truncate(end);
        let _ = parse_puzzles("file", "id", &bytes);
        let _ = parse_submission("file", &bytes);
    }

    #[test]
    fn text_made_of_json_tokens_never_panics(tokens in vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"train\"", "\"test\"", "\"input\"", "\"output\"", "\"attempt_1\"", "0", "10", "-1", "null",
    ]), 0..40)) {
        let text = tokens.concat();
        let _ = parse_puzzles("file", "id", text.as_bytes());
        let _ = parse_submission("file", text.as_bytes());
    }
}

#[test]
fn the_public_tasks_load() {
    let shared = std::env::var_os("TENFOLD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("arc/arc-agi-1");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    for (split, suffix, with_solutions) in [("training", "", 400), ("evaluation", "_dev200", 200)] {
        let challenges = folder.join(format!("arc-agi_{split}_challenges.json"));
        let solutions = folder.join(format!("arc-agi_{split}_solutions{suffix}.json"));
        let puzzles = load_puzzles(&[challenges], &[], Some(&solutions)).unwrap();
        assert_eq!(puzzles.len(), 400, "{split}");
        let solved = puzzles.iter().filter(|puzzle| puzzle.solutions.is_some());
        assert_eq!(solved.count(), with_solutions, "{split}");
        assert_eq!(load_solutions(&solutions).unwrap().len(), with_solutions);
    }
    let folders = [folder.join("training"), shared.join("arc/arc-agi-2/training")];
    let tasks = load_puzzles(&folders, &[], None).unwrap();
    assert!(tasks.iter().all(|puzzle| puzzle.solutions.is_some()));
}

#[test]
fn our_own_tasks_load_with_their_solutions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("arc_tasks");
    let puzzles = load_puzzles(&[folder], &[], None).unwrap();
    assert!(puzzles.len() >= 12, "{}", puzzles.len());
    for puzzle in puzzles {
        assert!(puzzle.solutions.is_some(), "{}", puzzle.id);
        assert!((3..=4).contains(&puzzle.train.len()), "{}", puzzle.id);
    }
}
