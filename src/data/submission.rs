//! Kaggle's `submission.json`: two attempts at every test input of every task.
//!
//! `{id: [{"attempt_1": grid, "attempt_2": grid}, …], …}`, the answers of a task in the order of its test inputs. A
//! [`Submission`] is written with serde; what others wrote is read by [`read_submission`], which names every fault.

use super::describe::describe;
use super::error::{DataError, Place, TaskError};
use super::grid::Grid;
use super::json::{read_file, read_list, read_object};
use super::puzzle::read_grid;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use thiserror::Error;

/// What a submission should hold.
const EXPECTED: &str = "an object from task ids to arrays of {\"attempt_1\": grid, \"attempt_2\": grid}";

/// What a task's answers should be.
const EXPECTED_ANSWERS: &str = "an array of {\"attempt_1\": grid, \"attempt_2\": grid}, one for each test input";

/// The two attempts at one test input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// The answer held most likely.
    pub attempt_1: Grid,
    /// The second one.
    pub attempt_2: Grid,
}

/// Answers by task id; those of a task stand in the order of its test inputs.
pub type Submission = IndexMap<String, Vec<Attempts>>;

/// A submission as somebody gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenSubmission {
    /// By task id and test input both attempts; none where one can't be read.
    pub answers: IndexMap<String, Vec<[Option<Grid>; 2]>>,
    /// What can't be read, in order.
    pub faults: Vec<AnswerFault>,
}

/// What is wrong with one answer of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("task {task}: {fault}")]
pub struct AnswerFault {
    /// The task's id.
    pub task: String,
    /// What is wrong.
    pub fault: TaskError,
}

impl From<Submission> for GivenSubmission {
    fn from(submission: Submission) -> Self {
        let both = |attempts: Attempts| [Some(attempts.attempt_1), Some(attempts.attempt_2)];
        let answers = submission.into_iter().map(|(task, answers)| (task, answers.into_iter().map(both).collect()));
        Self { answers: answers.collect(), faults: Vec::new() }
    }
}

/// Reads a submission from a file. An answer that can't be read leaves the others.
///
/// # Errors
/// A file that cannot be read, is not JSON, or is no object from task ids.
pub fn read_submission(path: &Path) -> Result<GivenSubmission, DataError> {
    let file = path.display().to_string();
    parse_submission(&file, &read_file(path)?)
}

/// Reads a submission from the bytes of `file`, a name for messages.
///
/// # Errors
/// As [`read_submission`], but for reading the file.
pub fn parse_submission(file: &str, bytes: &[u8]) -> Result<GivenSubmission, DataError> {
    let mut given = GivenSubmission::default();
    for (task, value) in read_object(file, bytes, EXPECTED)? {
        let mut note = |fault| given.faults.push(AnswerFault { task: task.clone(), fault });
        let answers = match read_list(&task, &value, EXPECTED_ANSWERS) {
            Ok(list) => {
                list.iter().enumerate().map(|(index, answer)| read_attempts(answer, index + 1, &mut note)).collect()
            }
            Err(fault) => {
                note(fault);
                Vec::new()
            }
        };
        given.answers.insert(task, answers);
    }
    Ok(given)
}

/// Reads both attempts at the `test`th test input, from 1.
fn read_attempts(value: &Value, test: usize, note: &mut impl FnMut(TaskError)) -> [Option<Grid>; 2] {
    let Some(answer) = value.as_object() else {
        note(TaskError::AnswerNotAnObject { test, found: describe(value) });
        return [None, None];
    };
    ["attempt_1", "attempt_2"].map(|attempt| {
        let place = Place::Attempt { test, attempt };
        let grid = answer.get(attempt).ok_or(TaskError::MissingGrid { place }).and_then(|grid| read_grid(grid, place));
        grid.map_err(&mut *note).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<GivenSubmission, DataError> {
        parse_submission("submission.json", text.as_bytes())
    }

    #[test]
    fn survives_writing_and_reading_in_order() {
        let text = r#"{"b":[{"attempt_1":[[1]],"attempt_2":[[2,3]]},{"attempt_1":[[4]],"attempt_2":[[5]]}],"a":[{"attempt_1":[[6]],"attempt_2":[[7]]}]}"#;
        let given = parse(text).unwrap();
        assert_eq!(given.faults, []);
        let attempts =
            |[first, second]: [Option<Grid>; 2]| Attempts { attempt_1: first.unwrap(), attempt_2: second.unwrap() };
        let submission: Submission = given
            .answers
            .into_iter()
            .map(|(task, answers)| (task, answers.into_iter().map(attempts).collect()))
            .collect();
        assert_eq!(submission["b"][0].attempt_2.to_rows(), [[2, 3]]);
        assert_eq!(serde_json::to_string(&submission).unwrap(), text);
    }

    #[test]
    fn what_is_no_submission_is_refused() {
        for (text, message) in [
            ("[]", "submission.json: holds an array; expected an object from task ids"),
            ("{}", "submission.json: holds no tasks"),
            (r#"{"a": [], "a": []}"#, "submission.json: the key \"a\" stands twice"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn an_attempt_that_cannot_be_read_is_named_and_leaves_the_others() {
        for (answers, message) in [
            ("3", "task a: is 3; expected an array of"),
            ("[]", "task a: is an empty array;"),
            ("[[[1]]]", "task a: test 1 is an array; expected an object"),
            (r#"[{"attempt_1": [[1]]}]"#, "task a: test 1 attempt_2 is missing"),
            (r#"[{"attempt_1": [[1]], "attempt_2": []}]"#, "test 1 attempt_2: the grid has no rows"),
            (r#"[{"attempt_1": [[1]], "attempt_2": null}]"#, "test 1 attempt_2: a grid is an array of rows, not null"),
            (r#"[{"attempt_1": [[1]], "attempt_2": [[1, 2], [3]]}]"#, "test 1 attempt_2: row 2 is 1 long"),
            (r#"[{"attempt_1": [[1]], "attempt_2": [[-1]]}]"#, "test 1 attempt_2: row 1, column 1 holds -1;"),
            (r#"[{"attempt_1": [[1]], "attempt_2": [[1.0]]}]"#, "test 1 attempt_2: row 1, column 1 holds 1.0;"),
        ] {
            let given = parse(&format!(r#"{{"a": {answers}, "b": [{{"attempt_1": [[6]], "attempt_2": [[7]]}}]}}"#));
            let given = given.unwrap();
            assert!(given.faults.len() == 1 && given.faults[0].to_string().contains(message), "{:?}", given.faults);
            assert_eq!(given.answers["b"][0][1].as_ref().unwrap().get(0, 0), 7);
            if answers.contains("attempt_1") {
                assert!(given.answers["a"][0][0].is_some() && given.answers["a"][0][1].is_none());
            }
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_submission(Path::new("no/such/submission.json")).unwrap_err();
        assert!(error.to_string().contains("no/such/submission.json"), "{error}");
    }
}
