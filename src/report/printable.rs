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
    fn text_of_any_script_stays_as_it_is() {
        for text in ["Übergang 渡海 اب ‌کتاب", "👩‍🚀 e\u{301}", ""] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }
}
