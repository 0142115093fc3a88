//! A text as it is counted: what looks the same, or differs by nothing that can be seen, is one text.
//!
//! In: text. Out: its compatibility form (NFKC) in small letters, without invisible characters; and lengths that don't depend
//! on the form.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The form that symbols are counted in.
pub fn counted(text: &str) -> String {
    if text.is_ascii() {
        return text.to_lowercase();
    }
    text.chars().filter(|&c| !is_ignorable(c)).nfkc().collect::<String>().to_lowercase()
}

/// How many characters a text has, whether accents are written apart (NFD) or not (NFC).
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.nfc().count() }
}

/// The text with its accents where they belong (NFC).
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Whether a character is never seen and changes nothing around it: soft hyphens, spaces of no width, byte-order marks.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Unicode's `Default_Ignorable_Code_Point`: what is not seen, though it may change how its neighbours look.
fn is_ignorable(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_text_are_counted_alike() {
        let text = "Zoë's Café № 7, 한국 がぎ";
        let apart: String = text.nfd().collect();
        let hyphenated: String = text.chars().flat_map(|c| [c, '\u{ad}', '\u{200b}']).collect();
        let wide: String = "abc 12".chars().map(|c| if c == ' ' { '\u{3000}' } else { wide(c) }).collect();
        assert_ne!(apart, text);
        for other in [&apart, &hyphenated, &format!("\u{feff}{text}")] {
            assert_eq!(counted(other), counted(text));
        }
        assert_eq!(length(&apart), length(text));
        assert_eq!(counted(&wide), "abc 12");
        assert_eq!(composed(&apart), text);
    }

    fn wide(c: char) -> char {
        char::from_u32(c as u32 - 0x21 + 0xff01).unwrap()
    }
}
