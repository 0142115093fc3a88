//! JSON values in words, for errors.
//!
//! In: a value. Out: what it is, shortly.

use serde_json::Value;

/// Says in a few words what a JSON value is: a scalar as it is written, cut at 24 characters; else its kind.
pub(super) fn describe(value: &Value) -> String {
    const MOST_CHARACTERS: usize = 24;
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > MOST_CHARACTERS => {
            let start: String = text.chars().take(MOST_CHARACTERS).collect();
            format!("a string that starts with {start:?}")
        }
        scalar => scalar.to_string(),
    }
}
