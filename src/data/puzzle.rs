//! An ARC puzzle in memory.
//!
//! [`load_puzzles`](super::load_puzzles) makes them from files; the solver reads `train` and `test`. `solutions` is for scoring
//! alone and must not reach the model.

use super::describe::describe;
use super::error::{Place, TaskError};
use super::grid::Grid;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The longest id, so that a file can be named for it.
const MOST_ID_BYTES: usize = 200;

/// A puzzle: pairs that show the rule, and inputs whose outputs are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Puzzle {
    /// The task's id: its key in a challenges file, or the name of its own file without `.json`.
    pub id: String,
    /// The pairs that show the rule; at least one.
    pub train: Vec<Pair>,
    /// The inputs to answer; at least one.
    pub test: Vec<Grid>,
    /// The right outputs, one for each of `test`, where they are known.
    pub solutions: Option<Vec<Grid>>,
}

/// An input and the output that the puzzle's rule gives for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// What the rule is applied to.
    pub input: Grid,
    /// What the rule gives.
    pub output: Grid,
}

/// A test input as a task's own file has it, with its output where that is known.
#[derive(Serialize)]
struct TestPair<'a> {
    input: &'a Grid,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Grid>,
}

/// A puzzle is written as a task's own file: `{"train": [{"input", "output"}], "test": [{"input", "output"?}]}`, without its id.
impl Serialize for Puzzle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let test: Vec<TestPair> = self
            .test
            .iter()
            .enumerate()
            .map(|(index, input)| TestPair {
                input,
                output: self.solutions.as_ref().and_then(|solutions| solutions.get(index)),
            })
            .collect();
        let mut task = serializer.serialize_struct("Puzzle", 2)?;
        task.serialize_field("train", &self.train)?;
        task.serialize_field("test", &test)?;
        task.end()
    }
}

impl Puzzle {
    /// Makes a puzzle of a task's JSON, `{"train": [{"input", "output"}, …], "test": [{"input", "output"?}, …]}`. Other keys
    /// are let pass.
    ///
    /// # Errors
    /// The first thing that is missing or wrong, train before test and inputs before outputs.
    pub(super) fn from_value(id: &str, value: &Value) -> Result<Self, TaskError> {
        check_id(id)?;
        let task = value.as_object().ok_or_else(|| TaskError::NotAnObject { found: describe(value) })?;
        let train = read_pairs(task, "train")?;
        let train = train.into_iter().enumerate().map(|(index, pair)| pair.complete("train", index + 1));
        let train = train.collect::<Result<Vec<Pair>, TaskError>>()?;
        let (test, outputs): (Vec<Grid>, Vec<Option<Grid>>) =
            read_pairs(task, "test")?.into_iter().map(|pair| (pair.input, pair.output)).unzip();
        let first_without = outputs.iter().position(Option::is_none);
        let outputs: Vec<Grid> = outputs.into_iter().flatten().collect();
        let solutions = match first_without {
            None => Some(outputs),
            Some(_) if outputs.is_empty() => None,
            Some(index) => {
                let place = output_place("test", index + 1);
                return Err(TaskError::SomeTestOutputs { place });
            }
        };
        Ok(Self { id: id.to_owned(), train, test, solutions })
    }
}

/// Refuses an id that could not name a file, since results are written under it.
pub(super) fn check_id(id: &str) -> Result<(), TaskError> {
    let names_a_file = !matches!(id, "" | "." | "..")
        && id.len() <= MOST_ID_BYTES
        && !id.contains(|letter: char| letter.is_control() || matches!(letter, '/' | '\\'));
    if names_a_file { Ok(()) } else { Err(TaskError::Id { limit_bytes: MOST_ID_BYTES }) }
}

/// Reads a grid that stands at `place`.
pub(super) fn read_grid(value: &Value, place: Place) -> Result<Grid, TaskError> {
    Grid::from_value(value).map_err(|fault| TaskError::Grid { place, fault })
}

/// A pair as a file has it.
pub(super) struct FoundPair {
    input: Grid,
    output: Option<Grid>,
}

impl FoundPair {
    /// The pair, if its output is there; it is the `pair`th of `set`, from 1.
    pub(super) fn complete(self, set: &'static str, pair: usize) -> Result<Pair, TaskError> {
        let Self { input, output } = self;
        match output {
            Some(output) => Ok(Pair { input, output }),
            None => Err(TaskError::MissingGrid { place: output_place(set, pair) }),
        }
    }
}

/// Reads the pairs of `train` or `test`, each with the output that it may have.
fn read_pairs(task: &Map<String, Value>, set: &'static str) -> Result<Vec<FoundPair>, TaskError> {
    let pairs = task.get(set).ok_or(TaskError::MissingPairs { set })?;
    let pairs = pairs.as_array().ok_or_else(|| TaskError::PairsNotAnArray { set, found: describe(pairs) })?;
    if pairs.is_empty() {
        return Err(TaskError::NoPairs { set });
    }
    pairs.iter().enumerate().map(|(index, value)| read_pair(value, set, index + 1)).collect()
}

/// Reads one pair, the `pair`th of `set` from 1: an object, or among `examples` an array of input and output. A test
/// output that is `null` or `[]` is one that isn't known.
pub(super) fn read_pair(value: &Value, set: &'static str, pair: usize) -> Result<FoundPair, TaskError> {
    let (input, output) = match value {
        Value::Object(grids) => (grids.get("input"), grids.get("output")),
        Value::Array(grids) if set == "examples" && grids.len() == 2 => (grids.first(), grids.get(1)),
        _ => return Err(TaskError::PairNotAnObject { set, pair, found: describe(value) }),
    };
    let place = Place::Pair { set, pair, side: "input" };
    let input = read_grid(input.ok_or(TaskError::MissingGrid { place })?, place)?;
    let unknown = |output: &&Value| set == "test" && (output.is_null() || **output == Value::Array(Vec::new()));
    let output = output.filter(|output| !unknown(output)).map(|output| read_grid(output, output_place(set, pair)));
    Ok(FoundPair { input, output: output.transpose()? })
}

/// Where the output of the `pair`th pair, from 1, stands.
fn output_place(set: &'static str, pair: usize) -> Place {
    let side = "output";
    Place::Pair { set, pair, side }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(task: &Value) -> Result<Puzzle, TaskError> {
        Puzzle::from_value("some_task", task)
    }

    #[test]
    fn reads_a_task_and_lets_other_keys_pass() {
        let task = json!({
            "name": "swap",
            "train": [{"input": [[1, 2]], "output": [[2, 1]], "note": 1}],
            "test": [{"input": [[3, 4]]}, {"input": [[5]]}],
        });
        let puzzle = read(&task).unwrap();
        assert_eq!(puzzle.id, "some_task");
        assert_eq!(puzzle.train[0].input.to_rows(), [[1, 2]]);
        assert_eq!(puzzle.train[0].output.to_rows(), [[2, 1]]);
        assert_eq!(puzzle.test.len(), 2);
        assert_eq!(puzzle.solutions, None);
    }

    #[test]
    fn test_outputs_become_solutions_if_all_are_there() {
        let train = json!([{"input": [[1]], "output": [[2]]}]);
        let all = json!({"train": train, "test": [{"input": [[3]], "output": [[4]]}]});
        let solutions = read(&all).unwrap().solutions.unwrap();
        assert_eq!(solutions[0].to_rows(), [[4]]);

        let some = json!({
            "train": train,
            "test": [{"input": [[3]], "output": [[4]]}, {"input": [[5]]}],
        });
        let place = Place::Pair { set: "test", pair: 2, side: "output" };
        assert_eq!(read(&some), Err(TaskError::SomeTestOutputs { place }));
    }

    #[test]
    fn is_written_as_it_is_read() {
        for task in [
            json!({"train": [{"input": [[1]], "output": [[2, 3]]}], "test": [{"input": [[4]]}]}),
            json!({"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[4]], "output": [[5]]}]}),
        ] {
            assert_eq!(serde_json::to_value(read(&task).unwrap()).unwrap(), task);
        }
    }

    #[test]
    fn refuses_ids_that_cannot_name_a_file() {
        for id in ["", ".", "..", "a/b", "a\\b", "a\nb", &"x".repeat(201)] {
            assert!(matches!(check_id(id), Err(TaskError::Id { .. })), "{id:?}");
        }
        for id in ["007bbfb7", "two words", "蛇", "..."] {
            assert_eq!(check_id(id), Ok(()), "{id:?}");
        }
    }
}
