//! Kaggle's `submission.json`: two attempts at every test input of every task.
//!
//! `{id: [{"attempt_1": grid, "attempt_2": grid}, …], …}`, the answers of a task in the order of its test inputs. A
//! [`Submission`] is written with serde and read, with every fault named, by [`read_submission`].

use super::error::{DataError, Place, TaskError, describe};
use super::grid::Grid;
use super::puzzle::read_grid;
use super::{read_file, read_list, read_object};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// What a submission should hold.
const EXPECTED: &str = "an object from task ids to arrays of {\"attempt_1\": grid, \"attempt_2\": grid}";

/// What a task's answers should be.
const EXPECTED_ANSWERS: &str = "an array of {\"attempt_1\": grid, \"attempt_2\": grid}, one for each test input";

/// The two attempts at one test input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempts {
    /// The answer held most likely.
    pub attempt_1: Grid,
    /// The second one.
    pub attempt_2: Grid,
}

/// Answers by task id; those of a task stand in the order of its test inputs.
pub type Submission = IndexMap<String, Vec<Attempts>>;

/// Reads a submission from a file.
///
/// # Errors
/// A file that cannot be read, is not JSON, or does not hold both attempts, as valid grids, at each test input it lists.
pub fn read_submission(path: &Path) -> Result<Submission, DataError> {
    let file = path.display().to_string();
    parse_submission(&file, &read_file(path)?)
}

/// Reads a submission from the bytes of `file`, a name for messages.
///
/// # Errors
/// As [`read_submission`], but for reading the file.
pub fn parse_submission(file: &str, bytes: &[u8]) -> Result<Submission, DataError> {
    let mut submission = Submission::new();
    for (task, answers) in read_object(file, bytes, EXPECTED)? {
        let answers = read_answers(&task, &answers).map_err(|fault| DataError::of_task(file, &task, fault))?;
        submission.insert(task, answers);
    }
    Ok(submission)
}

/// Reads the answers to one task.
fn read_answers(task: &str, value: &Value) -> Result<Vec<Attempts>, TaskError> {
    read_list(task, value, EXPECTED_ANSWERS)?
        .iter()
        .enumerate()
        .map(|(index, answer)| read_attempts(answer, index + 1))
        .collect()
}

/// Reads both attempts at the `test`th test input, from 1.
fn read_attempts(value: &Value, test: usize) -> Result<Attempts, TaskError> {
    let answer = value.as_object().ok_or_else(|| TaskError::AnswerNotAnObject { test, found: describe(value) })?;
    let read = |attempt| {
        let place = Place::Attempt { test, attempt };
        match answer.get(attempt) {
            Some(grid) => read_grid(grid, place),
            None => Err(TaskError::MissingGrid { place }),
        }
    };
    Ok(Attempts { attempt_1: read("attempt_1")?, attempt_2: read("attempt_2")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Submission, DataError> {
        parse_submission("submission.json", text.as_bytes())
    }

    #[test]
    fn survives_writing_and_reading_in_order() {
        let text = r#"{"b":[{"attempt_1":[[1]],"attempt_2":[[2,3]]},{"attempt_1":[[4]],"attempt_2":[[5]]}],"a":[{"attempt_1":[[6]],"attempt_2":[[7]]}]}"#;
        let submission = parse(text).unwrap();
        assert_eq!(submission["b"][0].attempt_2.to_rows(), [[2, 3]]);
        assert_eq!(serde_json::to_string(&submission).unwrap(), text);
    }

    #[test]
    fn names_what_is_wrong() {
        for (text, message) in [
            ("[]", "submission.json: holds an array; expected an object from task ids"),
            ("{}", "submission.json: holds no tasks"),
            (r#"{"a": 3}"#, "submission.json: task a: is 3; expected an array of"),
            (r#"{"a": []}"#, "submission.json: task a: is an empty array;"),
            (r#"{"a": [[[1]]]}"#, "task a: test 1 is an array; expected an object"),
            (r#"{"a": [{"attempt_1": [[1]]}]}"#, "task a: test 1 attempt_2 is missing"),
            (
                r#"{"a": [{"attempt_1": [[1]], "attempt_2": [[1, 11]]}]}"#,
                "task a: test 1 attempt_2: row 1, column 2 holds 11;",
            ),
            (r#"{"a": [], "a": []}"#, "submission.json: the key \"a\" stands twice"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_submission(Path::new("no/such/submission.json")).unwrap_err();
        assert!(error.to_string().contains("no/such/submission.json"), "{error}");
    }
}
