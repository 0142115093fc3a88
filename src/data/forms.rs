//! The forms in which public data sets keep tasks, told apart by what a file holds.
//!
//! In: the bytes of a file. Out: its puzzles, and what is wrong with those that can't be read; one that is wrong leaves the
//! others right. docs/guide.md has a table of the forms.

use super::describe::describe;
use super::error::{DataError, Refused, TaskError};
use super::json::read_items;
use super::puzzle::{Pair, Puzzle, check_id, read_pair};
use crate::rng::{self, Purpose};
use rand::seq::index;
use serde_json::{Map, Value};

/// What a file of puzzles should hold.
const EXPECTED: &str = "a task, {\"train\": [pair, …], \"test\": [pair, …]}, an object from ids to tasks, an array or \
                        lines of tasks, or an array of pairs";

/// Keys under which a task in an array or on a line may have its id.
const ID_KEYS: [&str; 2] = ["id", "task_id"];

/// How many pairs of a file that doesn't tell train from test make a puzzle, and the seed that draws them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairSample {
    /// Train pairs; at least 1.
    pub train: usize,
    /// Test pairs; at least 1.
    pub test: usize,
    /// Of the draw.
    pub seed: u64,
}

/// Reads the puzzles in the bytes of `file`, a name for messages: one with the id `lone_task_id`, or as many as there are.
///
/// # Errors
/// Bytes that are not text (a byte order mark is let pass) or not JSON, a key twice in one object, and whatever a task lacks.
pub fn parse_puzzles(file: &str, lone_task_id: &str, bytes: &[u8]) -> Result<Vec<Puzzle>, DataError> {
    let tasks = read_tasks(file, lone_task_id, bytes, None)?;
    tasks.into_iter().map(|task| task.map_err(|refused| refused.error)).collect()
}

/// As [`parse_puzzles`], but what is wrong with one task is told beside the others.
pub(super) fn read_tasks(
    file: &str,
    lone_task_id: &str,
    bytes: &[u8],
    pairs: Option<PairSample>,
) -> Result<Vec<Result<Puzzle, Refused>>, DataError> {
    let reader = Reader { file, pairs };
    let mut tasks = Vec::new();
    // The parts of a lone task: keys that are not the ids of tasks.
    let mut parts = Map::new();
    // Pairs that stand in no task, and how many elements there were before.
    let mut loose: Vec<Result<Pair, TaskError>> = Vec::new();
    let mut count = 0;
    let mut strange = None;
    read_items(file, bytes, EXPECTED, |key, value| {
        count += 1;
        match (key, value) {
            (Some(key), Ok(value)) if is_part(&key, &value) => {
                parts.insert(key, value);
            }
            (Some(key), Ok(value)) => tasks.push(reader.task(&key, &value)),
            (None, Ok(value)) if is_loose_pair(&value) => {
                loose.push(read_pair(&value, ARRAY, count).and_then(|pair| pair.complete(ARRAY, count)));
            }
            (None, Ok(value)) if !value.is_object() => {
                strange.get_or_insert_with(|| format!("an array whose element {count} is {}", describe(&value)));
            }
            (None, Ok(value)) => {
                let id = own_id(&value).unwrap_or_else(|| format!("{lone_task_id}-{count}"));
                tasks.push(reader.task(&id, &value));
            }
            (_, Err(error)) => {
                tasks.push(Err(Refused { id: Some(format!("{lone_task_id}-{count}")), tests: 1, error }));
            }
        }
    })?;
    if let Some(found) = strange {
        return Err(DataError::NotAnObject { file: file.to_owned(), found, expected: EXPECTED });
    }
    if !parts.is_empty() {
        return Ok(vec![reader.task(lone_task_id, &Value::Object(parts))]);
    }
    if !loose.is_empty() {
        let pairs = loose.into_iter().collect::<Result<Vec<Pair>, TaskError>>();
        let puzzle = pairs.and_then(|pairs| draw(lone_task_id, &pairs, reader.pairs));
        tasks.push(puzzle.map_err(|fault| reader.refused(lone_task_id, 1, fault)));
    }
    Ok(tasks)
}

/// What pairs in an array that is no part of a task are called.
const ARRAY: &str = "array";

struct Reader<'a> {
    file: &'a str,
    pairs: Option<PairSample>,
}

impl Reader<'_> {
    /// A task in any of the forms that one has.
    fn task(&self, id: &str, value: &Value) -> Result<Puzzle, Refused> {
        let sets = |set: &str| value.get(set).and_then(Value::as_array);
        let puzzle = match (value, sets("examples")) {
            (Value::Array(pairs), _) if pairs.first().is_some_and(is_loose_pair) => self.drawn(id, pairs, ARRAY),
            (_, Some(pairs)) if sets("train").is_none() => self.drawn(id, pairs, "examples"),
            _ => Puzzle::from_value(id, value),
        };
        puzzle.map_err(|fault| self.refused(id, sets("test").map_or(1, Vec::len), fault))
    }

    fn drawn(&self, id: &str, pairs: &[Value], set: &'static str) -> Result<Puzzle, TaskError> {
        let read = |(index, value)| read_pair(value, set, index + 1)?.complete(set, index + 1);
        let pairs = pairs.iter().enumerate().map(read).collect::<Result<Vec<Pair>, TaskError>>()?;
        draw(id, &pairs, self.pairs)
    }

    fn refused(&self, id: &str, tests: usize, fault: TaskError) -> Refused {
        Refused { id: Some(id.to_owned()), tests, error: DataError::of_task(self.file, id, fault) }
    }
}

/// A puzzle of a sample of pairs; the outputs of those that are to test are its solutions.
fn draw(id: &str, pairs: &[Pair], sample: Option<PairSample>) -> Result<Puzzle, TaskError> {
    check_id(id)?;
    let PairSample { train, test, seed } = sample.ok_or(TaskError::UnsortedPairs { pairs: pairs.len() })?;
    let asked = train.saturating_add(test);
    if asked > pairs.len() {
        return Err(TaskError::TooFewPairs { pairs: pairs.len(), train, test });
    }
    let drawn = index::sample(&mut rng::stream(seed, Purpose::Pairs, 0), pairs.len(), asked);
    let mut drawn = drawn.iter().map(|index| pairs[index].clone());
    let train = drawn.by_ref().take(train).collect();
    let (test, solutions) = drawn.map(|pair| (pair.input, pair.output)).unzip();
    Ok(Puzzle { id: id.to_owned(), train, test, solutions: Some(solutions) })
}

/// Whether an entry of an object is a part of the one task that the object is, and not a task of its own.
fn is_part(key: &str, value: &Value) -> bool {
    match key {
        "train" | "test" => value.get("train").is_none() && value.get("test").is_none(),
        "examples" => value.is_array(),
        _ => false,
    }
}

fn is_loose_pair(value: &Value) -> bool {
    value.get("input").is_some() && value.get("train").is_none()
}

/// The id that a task in an array or on a line says it has.
fn own_id(value: &Value) -> Option<String> {
    ID_KEYS.into_iter().find_map(|key| match value.get(key)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = r#""train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]]}]"#;

    fn read(text: &str, pairs: Option<PairSample>) -> Vec<Result<Puzzle, Refused>> {
        read_tasks("f.json", "lone", text.as_bytes(), pairs).unwrap()
    }

    fn ids(text: &str) -> Vec<String> {
        read(text, None).into_iter().map(|task| task.unwrap().id).collect()
    }

    /// Ten pairs, of which pair n turns n into 9 − n.
    fn pairs(write: impl Fn(usize) -> String) -> String {
        (0..10).map(write).collect::<Vec<_>>().join(",")
    }

    fn as_objects() -> String {
        format!("[{}]", pairs(|n| format!(r#"{{"input":[[{n}]],"output":[[{}]]}}"#, 9 - n)))
    }

    #[test]
    fn a_test_output_that_is_null_or_empty_is_unknown() {
        for unknown in ["null", "[]"] {
            let text = format!(
                r#"{{"train":[{{"input":[[1]],"output":[[2]]}}],"test":[{{"input":[[3]],"output":{unknown}}}]}}"#
            );
            let puzzle = read(&text, None).remove(0).unwrap();
            assert_eq!((puzzle.id.as_str(), puzzle.solutions), ("lone", None));
        }
        let text = r#"{"train":[{"input":[[1]],"output":null}],"test":[{"input":[[3]]}]}"#;
        let error = read(text, None).remove(0).unwrap_err().error.to_string();
        assert!(error.contains("train pair 1 output: a grid is an array of rows, not null"), "{error}");
    }

    #[test]
    fn an_array_or_lines_of_tasks_have_their_own_ids_or_are_numbered() {
        let [a, b, c] = [r#""id":"a","#, r#""task_id":7,"#, ""].map(|id| format!("{{{id}{TASK}}}"));
        assert_eq!(ids(&format!("[{a},\n{b},{c}]")), ["a", "7", "lone-3"]);
        assert_eq!(ids(&format!("{a}\n{b}\n\n{c}\n")), ["a", "7", "lone-3"]);
        assert_eq!(ids(&format!("{{\"x\": {a},\n\"y\": {c}}}")), ["x", "y"], "keys go before ids");
        assert_eq!(ids(&a), ["lone"], "a file's own name goes before its id");
    }

    #[test]
    fn one_task_that_is_wrong_leaves_the_others_right() {
        let text = format!("{{{TASK}}}\n{{\"id\": \"b\", \"train\": 3}}\n{{oops}}\n{{{TASK}}}");
        let tasks = read(&text, None);
        let errors: Vec<String> = tasks
            .iter()
            .map(|task| task.as_ref().map_or_else(|refused| refused.error.to_string(), |_| String::new()))
            .collect();
        assert_eq!(errors[1], "f.json: task b: \"train\" is 3; make it an array of pairs");
        assert!(errors[2].starts_with("f.json: not valid JSON at line 3, column 2"), "{}", errors[2]);
        assert!(errors[0].is_empty() && errors[3].is_empty());
        let text = format!(r#"{{"x":{{{TASK}}},"y":{{"train":[],"test":[1,2]}}}}"#);
        let tasks = read(&text, None);
        assert_eq!(tasks[1].as_ref().unwrap_err().tests, 2);
        assert!(tasks[0].is_ok());
    }

    #[test]
    fn pairs_that_nobody_sorted_make_a_puzzle_by_a_sample() {
        let examples = format!("{{\"source\": 1, \"examples\": [{}]}}", pairs(|n| format!("[[[{n}]],[[{}]]]", 9 - n)));
        let by_id = format!("{{\"t\": {}}}", as_objects());
        let draw = |text: &str, seed| {
            let sample = PairSample { train: 3, test: 2, seed };
            read(text, Some(sample)).remove(0).unwrap()
        };
        for text in [as_objects(), examples, by_id] {
            let puzzle = draw(&text, 0);
            assert_eq!((puzzle.train.len(), puzzle.test.len()), (3, 2));
            let mut inputs: Vec<u8> =
                puzzle.train.iter().map(|pair| &pair.input).chain(&puzzle.test).map(|grid| grid.get(0, 0)).collect();
            assert_eq!(puzzle.solutions.as_ref().unwrap()[1].get(0, 0), 9 - inputs[4]);
            inputs.sort_unstable();
            inputs.dedup();
            assert_eq!(inputs.len(), 5, "drawn once each");
            assert_eq!(draw(&text, 0), puzzle);
            assert_ne!(draw(&text, 1), puzzle);
            let error = read(&text, None).remove(0).unwrap_err().error.to_string();
            assert!(error.contains("holds 10 pairs") && error.contains("how many to draw"), "{error}");
        }
        let sample = PairSample { train: 10, test: 1, seed: 0 };
        let error = read(&as_objects(), Some(sample)).remove(0).unwrap_err().error.to_string();
        assert!(error.contains("too few to draw 10 for training and 1 to test from"), "{error}");
    }

    #[test]
    fn pairs_are_named_where_one_is_wrong() {
        let sample = Some(PairSample { train: 1, test: 1, seed: 0 });
        for (text, says) in [
            (r#"[{"input":[[1]],"output":[[2]]},{"input":[[1]]}]"#, "array pair 2 output is missing"),
            (r#"{"examples":[[[[1]],[[2]]],[[[1]]]]}"#, "examples pair 2 is an array;"),
            (r#"{"examples":[[[[1]],[[2]]],[[[1]],[[12]]]]}"#, "examples pair 2 output: row 1, column 1 holds 12"),
        ] {
            let error = read(text, sample).remove(0).unwrap_err().error.to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn utf_16_is_read_by_its_mark() {
        let text = format!("\u{feff}{{{TASK}}}");
        for bytes in [
            text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            text.clone().into_bytes(),
        ] {
            assert_eq!(parse_puzzles("f.json", "lone", &bytes).unwrap().len(), 1);
        }
        let error = parse_puzzles("f.json", "lone", b"\xff\xfe{").unwrap_err().to_string();
        assert!(error.contains("byte order mark of UTF-16LE"), "{error}");
    }
}
