//! Words and sentences in scripts with and without spaces.
//!
//! In: text. Out: byte ranges of words (UAX 29, with dictionaries for Chinese, Japanese and South-East Asian scripts) and
//! offsets where sentences end.

use icu_segmenter::options::{SentenceBreakInvariantOptions, WordBreakInvariantOptions};
use icu_segmenter::{SentenceSegmenter, WordSegmenter};
use std::ops::Range;

/// A word: letters or a number, without the space or punctuation around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Whether it has a letter; numbers have none.
    pub letters: bool,
}

/// Every segment of `text`, words and what is between them, with whether it is a word.
pub(super) fn segments(text: &str) -> Vec<(Range<usize>, bool)> {
    let segmenter = WordSegmenter::new_auto(WordBreakInvariantOptions::default());
    let mut start = 0;
    let mut segments = Vec::new();
    for (end, kind) in segmenter.segment_str(text).iter_with_word_type() {
        if end > start {
            segments.push((start..end, kind.is_word_like()));
            start = end;
        }
    }
    segments
}

/// The words of `text` in order.
pub fn words(text: &str) -> Vec<Word> {
    let as_word = |(range, is_word): (Range<usize>, bool)| {
        is_word.then(|| Word { letters: text[range.clone()].chars().any(char::is_alphabetic), range })
    };
    segments(text).into_iter().filter_map(as_word).collect()
}

/// Offsets where sentences of a paragraph end, the space after them included. Line ends do not end a sentence.
pub(super) fn sentence_ends(paragraph: &str) -> Vec<usize> {
    // The segmenter ends a sentence at every line end; a space of the same length keeps the offsets.
    let flat: String = paragraph.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect();
    let segmenter = SentenceSegmenter::new(SentenceBreakInvariantOptions::default());
    segmenter.segment_str(&flat).filter(|&end| end > 0 && ends_sentence(&flat[..end], end == flat.len())).collect()
}

/// Whether a sentence does end where the segmenter says so: not after an initial, nor inside what has no space (`a != b`).
fn ends_sentence(text: &str, last: bool) -> bool {
    let spaced = text.ends_with(|c: char| c.is_whitespace() || !c.is_ascii());
    last || (spaced && !follows_initial(text))
}

/// Whether text ends with a capital and a dot, an initial: the name goes on. The end of all text is no matter.
fn follows_initial(text: &str) -> bool {
    let Some(initial) = text.trim_end().strip_suffix('.') else { return false };
    let mut backwards = initial.chars().rev();
    backwards.next().is_some_and(char::is_uppercase) && backwards.next().is_none_or(|c| c.is_whitespace() || c == '.')
}

/// Whether words of this character's script stand without spaces between them.
pub fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}'   // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{2e80}'..='\u{9fff}' // CJK with kana, radicals and punctuation
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
        // Their half and full widths, but for those of letters and digits of other scripts.
        | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ffef}')
}

/// Whether the character is an ideograph, which says as much alone as a short word does.
pub(crate) fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        words(text).into_iter().map(|word| &text[word.range]).collect()
    }

    #[test]
    fn words_of_scripts_with_and_without_spaces_are_found() {
        assert_eq!(split("Don't panic, Zoë: 42 times!"), ["Don't", "panic", "Zoë", "42", "times"]);
        assert_eq!(split("Не паникуй, Зоя!"), ["Не", "паникуй", "Зоя"]);
        assert_eq!(split("信息压缩技术"), ["信息", "压缩", "技术"]);
        assert_eq!(split("ภาษาไทย"), ["ภาษา", "ไทย"]);
    }

    #[test]
    fn sentences_run_over_line_ends() {
        let text = "One goes\r\non here, with J. S. Bach. Two ends?  Three";
        let ends = sentence_ends(text);
        assert_eq!(ends, [text.find("Two").unwrap(), text.find("Three").unwrap(), text.len()]);
    }
}
