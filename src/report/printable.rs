//! Foreign text made safe to print: what a file, a name or an id holds must not command the terminal that shows it.
//!
//! In: any text. Out: the same text, with every character that a terminal would obey or hide written as its code.

use std::borrow::Cow;
use std::fmt::Write;

/// The text on one line: control characters (line breaks too), bidirectional and other invisible formatting, and
/// separators of lines as `\u{1b}`, their code. Letters, marks, joiners within words and emoji stay as they are.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// As [`printable`], but line breaks and tabs stay: for messages and texts of several lines.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| matches!(character, '\n' | '\t'))
}

/// JSON as it is, but that what a terminal would obey within its strings is escaped; it reads as the same values.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let obeyed = |character: char| commands(character) && character != '\n';
    if !json.contains(obeyed) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if obeyed(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let obeyed = |character: char| commands(character) && !kept(character);
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if obeyed(character) {
            let _ = write!(safe, "{}", character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Whether a terminal obeys the character or hides it. The zero-width joiners stay: words of several scripts and emoji
/// are written with them.
fn commands(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_shown_as_its_code() {
        assert_eq!(printable("a\u{1b}[31mred"), "a\\u{1b}[31mred");
        assert_eq!(printable("txt\u{202e}exe\u{9b}2J"), "txt\\u{202e}exe\\u{9b}2J");
        assert_eq!(printable("two\nlines\r"), "two\\u{a}lines\\u{d}");
        assert_eq!(printable_lines("two\nlines\u{7}"), "two\nlines\\u{7}");
    }

    #[test]
    fn json_reads_as_the_same_values_and_commands_no_terminal() {
        let value = serde_json::json!({"id\u{202e}": "a\u{1b}[31m\u{9b}2J\u{7f}\u{e0041}\n", "plain": ["Übergang", 1]});
        let json = serde_json::to_string_pretty(&value).unwrap();
        let safe = printable_json(&json);
        assert!(!safe.contains(|character| commands(character) && character != '\n'), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn text_of_any_script_stays_as_it_is() {
        for text in ["Übergang 渡海 اب ‌کتاب", "👩‍🚀 e\u{301}", ""] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }
}
