//! What tenfold is given, as data: puzzles (grids, pairs, their files), answers to them, and articles as groups.
//!
//! In come paths, or bytes from standard input; out come values that hold what their types promise, or a [`DataError`] that
//! names the file, the task, the pair and the cell at fault. No room below reads a puzzle's file itself.
//! What the readers of all files share stands here: bytes, then JSON without repeated keys, then an object by task id.

pub mod article;
pub mod error;
pub mod grid;
pub mod load;
pub mod puzzle;
pub mod submission;
pub mod vectors;

pub use article::{Article, ArticleError, Group, GroupSettings, TitleSource};
pub use error::{DataError, Place, TaskError};
pub use grid::{COLOURS, Grid, GridError, MAX_SIDE};
pub use load::{load_puzzles, load_solutions, parse_puzzles};
pub use puzzle::{Pair, Puzzle};
pub use submission::{Attempts, Submission, parse_submission, read_submission};
pub use vectors::{VectorsError, parse_vectors, read_vectors};

use error::describe;
use puzzle::check_id;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::de::StrRead;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes that are read of one file: ARC's challenges files have a few million, and a stream may have no end.
const MOST_BYTES: u64 = 64 << 20;

/// Reads a whole file.
fn read_file(path: &Path) -> Result<Vec<u8>, DataError> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(mut file) => read_bytes(&name, &mut file),
        Err(reason) => Err(DataError::Unreadable { file: name, reason }),
    }
}

/// Reads all that `reader` has, and no more than [`MOST_BYTES`].
fn read_bytes(file: &str, reader: &mut dyn Read) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let read = reader.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|reason| DataError::Unreadable { file: file.to_owned(), reason })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(DataError::TooLarge { file: file.to_owned(), limit_bytes: MOST_BYTES });
    }
    Ok(bytes)
}

/// Reads the bytes of a file as a JSON object that is not empty.
fn read_object(file: &str, bytes: &[u8], expected: &'static str) -> Result<Map<String, Value>, DataError> {
    match parse_json(file, bytes)? {
        Value::Object(object) if object.is_empty() => Err(DataError::NoTasks { file: file.to_owned(), expected }),
        Value::Object(object) => Ok(object),
        other => Err(DataError::NotAnObject { file: file.to_owned(), found: describe(&other), expected }),
    }
}

/// Reads what a file of solutions or answers has for `task`: an array that is not empty.
fn read_list<'a>(task: &str, value: &'a Value, expected: &'static str) -> Result<&'a [Value], TaskError> {
    check_id(task)?;
    match value {
        Value::Array(list) if list.is_empty() => Err(TaskError::EmptyList { expected }),
        Value::Array(list) => Ok(list),
        other => Err(TaskError::NotAList { found: describe(other), expected }),
    }
}

/// Gives the entries of a JSON object that is not empty to `sink`, one by one: a file of tasks is small, its [`Value`] is not.
fn read_entries(
    file: &str,
    bytes: &[u8],
    expected: &'static str,
    sink: impl FnMut(String, Value),
) -> Result<(), DataError> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    if first != Some(&b'{') {
        return read_object(file, bytes, expected).map(|_| ());
    }
    match parse(file, bytes, |unique, parser| Entries { unique, sink }.deserialize(parser))? {
        0 => Err(DataError::NoTasks { file: file.to_owned(), expected }),
        _ => Ok(()),
    }
}

/// Parses UTF-8 JSON, with or without a byte order mark. No object may have a key twice.
fn parse_json(file: &str, bytes: &[u8]) -> Result<Value, DataError> {
    parse(file, bytes, |unique, parser| unique.deserialize(parser))
}

/// Parses as [`parse_json`] says, by `read`.
fn parse<'de, T>(
    file: &str,
    bytes: &'de [u8],
    read: impl FnOnce(UniqueKeys<'_>, &mut serde_json::Deserializer<StrRead<'de>>) -> Result<T, serde_json::Error>,
) -> Result<T, DataError> {
    let text = std::str::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        file: file.to_owned(),
        offset: error.valid_up_to(),
        value: bytes[error.valid_up_to()],
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let duplicate = RefCell::new(None);
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = read(UniqueKeys(&duplicate), &mut parser);
    let parsed = value.and_then(|value| parser.end().map(|()| value));
    parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let file = file.to_owned();
        if let Some(key) = duplicate.take() {
            return DataError::DuplicateKey { file, key, line, column };
        }
        let message = error.to_string();
        let position = format!(" at line {line} column {column}");
        let reason = message.strip_suffix(&position).unwrap_or(&message).to_owned();
        DataError::NotJson { file, line, column, reason }
    })
}

/// Builds a [`Value`], as serde_json does, but stops at a key that its object already has and leaves that key in the cell.
#[derive(Clone, Copy)]
struct UniqueKeys<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for UniqueKeys<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                self.0.replace(Some(key));
                return Err(A::Error::custom("a key stands twice"));
            }
            let value = entries.next_value_seed(self)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Reads an object, entry by entry, and counts these.
struct Entries<'a, F> {
    unique: UniqueKeys<'a>,
    sink: F,
}

impl<'de, F: FnMut(String, Value)> DeserializeSeed<'de> for Entries<'_, F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(String, Value)> Visitor<'de> for Entries<'_, F> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<usize, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                self.unique.0.replace(Some(key));
                return Err(A::Error::custom("a key stands twice"));
            }
            let value = entries.next_value_seed(self.unique)?;
            (self.sink)(key, value);
        }
        Ok(keys.len())
    }
}
