//! What the readers of all files of puzzles share: bytes, then text, then JSON without repeated keys.
//!
//! In: a path or a reader. Out: JSON values, or a [`DataError`] that names the file, the line and the column. A file of tasks
//! is read one task at a time: it is small, its [`Value`] is not.

use super::describe::describe;
use super::error::{DataError, TaskError};
use super::puzzle::check_id;
use encoding_rs::Encoding;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::de::StrRead;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes that are read of one file: ARC's challenges files have a few million, and a stream may have no end.
const MOST_BYTES: u64 = 64 << 20;

/// Reads a whole file.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, DataError> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(mut file) => read_bytes(&name, &mut file),
        Err(reason) => Err(DataError::Unreadable { file: name, reason }),
    }
}

/// Reads all that `reader` has, and no more than [`MOST_BYTES`].
pub(super) fn read_bytes(file: &str, reader: &mut dyn Read) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let read = reader.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|reason| DataError::Unreadable { file: file.to_owned(), reason })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(DataError::TooLarge { file: file.to_owned(), limit_bytes: MOST_BYTES });
    }
    Ok(bytes)
}

/// Reads the bytes of a file as a JSON object that is not empty.
pub(super) fn read_object(file: &str, bytes: &[u8], expected: &'static str) -> Result<Map<String, Value>, DataError> {
    parse_object(file, &decode(file, bytes)?, expected)
}

fn parse_object(file: &str, text: &str, expected: &'static str) -> Result<Map<String, Value>, DataError> {
    match parse(file, text, 0, |unique, parser| unique.deserialize(parser))? {
        Value::Object(object) if object.is_empty() => Err(DataError::NoTasks { file: file.to_owned(), expected }),
        Value::Object(object) => Ok(object),
        other => Err(DataError::NotAnObject { file: file.to_owned(), found: describe(&other), expected }),
    }
}

/// Reads what a file of solutions or answers has for `task`: an array that is not empty.
pub(super) fn read_list<'a>(task: &str, value: &'a Value, expected: &'static str) -> Result<&'a [Value], TaskError> {
    check_id(task)?;
    match value {
        Value::Array(list) if list.is_empty() => Err(TaskError::EmptyList { expected }),
        Value::Array(list) => Ok(list),
        other => Err(TaskError::NotAList { found: describe(other), expected }),
    }
}

/// Gives what a file of tasks holds to `sink`, one by one: the entries of an object with their keys, the elements of an
/// array, or the values of JSON lines, of which one that is wrong leaves the others right.
///
/// # Errors
/// Text that is neither of these, or holds nothing.
pub(super) fn read_items(
    file: &str,
    bytes: &[u8],
    expected: &'static str,
    mut sink: impl FnMut(Option<String>, Result<Value, DataError>),
) -> Result<(), DataError> {
    let text = decode(file, bytes)?;
    if are_json_lines(&text) {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            sink(None, parse(file, line, index, |unique, parser| unique.deserialize(parser)));
        }
        return Ok(());
    }
    if !text.trim_start().starts_with(['{', '[']) {
        return parse_object(file, &text, expected).map(|_| ());
    }
    match parse(file, &text, 0, |unique, parser| Items { unique, sink }.deserialize(parser))? {
        0 => Err(DataError::NoTasks { file: file.to_owned(), expected }),
        _ => Ok(()),
    }
}

/// Whether each line is a JSON object of its own, as far as the first two tell.
fn are_json_lines(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    let looks = |line: &str| line.starts_with('{') && line.ends_with('}');
    looks(first) && looks(second) && serde_json::from_str::<IgnoredAny>(first).is_ok()
}

/// The text of a file: UTF-8, or what its byte order mark says, which is left out.
fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, DataError> {
    match Encoding::for_bom(bytes) {
        Some((encoding, mark)) if encoding != encoding_rs::UTF_8 => encoding
            .decode_without_bom_handling_and_without_replacement(&bytes[mark..])
            .ok_or_else(|| DataError::NotAsMarked { file: file.to_owned(), encoding: encoding.name() }),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
                file: file.to_owned(),
                offset: error.valid_up_to(),
                value: bytes[error.valid_up_to()],
            })?;
            Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)))
        }
    }
}

/// Parses JSON in UTF-8, or in UTF-16 with a byte order mark. No object may have a key twice.
pub(super) fn parse_json(file: &str, bytes: &[u8]) -> Result<Value, DataError> {
    parse(file, &decode(file, bytes)?, 0, |unique, parser| unique.deserialize(parser))
}

/// Parses as [`parse_json`] says, by `read`; the text has `before` lines before it.
fn parse<'de, T>(
    file: &str,
    text: &'de str,
    before: usize,
    read: impl FnOnce(UniqueKeys<'_>, &mut serde_json::Deserializer<StrRead<'de>>) -> Result<T, serde_json::Error>,
) -> Result<T, DataError> {
    let duplicate = RefCell::new(None);
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = read(UniqueKeys(&duplicate), &mut parser);
    let parsed = value.and_then(|value| parser.end().map(|()| value));
    parsed.map_err(|error| {
        let (line, column) = (before + error.line(), error.column());
        let file = file.to_owned();
        if let Some(key) = duplicate.take() {
            return DataError::DuplicateKey { file, key, line, column };
        }
        let message = error.to_string();
        let position = format!(" at line {} column {column}", error.line());
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

/// Reads an object, entry by entry, or an array, element by element, and counts these.
struct Items<'a, F> {
    unique: UniqueKeys<'a>,
    sink: F,
}

impl<'de, F: FnMut(Option<String>, Result<Value, DataError>)> DeserializeSeed<'de> for Items<'_, F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Option<String>, Result<Value, DataError>)> Visitor<'de> for Items<'_, F> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object or array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(value) = elements.next_element_seed(self.unique)? {
            (self.sink)(None, Ok(value));
            count += 1;
        }
        Ok(count)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<usize, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                self.unique.0.replace(Some(key));
                return Err(A::Error::custom("a key stands twice"));
            }
            let value = entries.next_value_seed(self.unique)?;
            (self.sink)(Some(key), Ok(value));
        }
        Ok(keys.len())
    }
}
