//! Random edits of a text, to ask whether an edited group is still found.
//!
//! In: a text, a share of its words, a pool of other words, randomness. Out: the text with that share of words dropped,
//! replaced from the pool or swapped with another, a third each by chance. A word is what stands between white space; an
//! ideograph is one by itself.

use super::words::is_ideograph;
use rand::{Rng, RngExt, seq::index};
use std::ops::Range;

/// The words of a text that edits work on.
pub fn editable_words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (start, character) in text.char_indices() {
        let end = start + character.len_utf8();
        if character.is_whitespace() {
            open = false;
        } else if is_ideograph(character) {
            words.push(start..end);
            open = false;
        } else if let (true, Some(word)) = (open, words.last_mut()) {
            word.end = end;
        } else {
            words.push(start..end);
            open = true;
        }
    }
    words.retain(|word| text[word.clone()].contains(char::is_alphanumeric));
    words
}

/// `text` with `share` of its words edited.
pub fn edit(text: &str, share: f64, pool: &[&str], random: &mut impl Rng) -> String {
    let places = editable_words(text);
    let mut words: Vec<&str> = places.iter().map(|place| &text[place.clone()]).collect();
    let count = words.len();
    let edits = (share.clamp(0.0, 1.0) * count as f64).round() as usize;
    for word in index::sample(random, count, edits) {
        match random.random_range(0..3) {
            0 => words[word] = "",
            1 if !pool.is_empty() => words[word] = pool[random.random_range(0..pool.len())],
            _ => words.swap(word, random.random_range(0..count)),
        }
    }
    let mut edited = String::with_capacity(text.len());
    let mut after = 0;
    for (place, word) in places.into_iter().zip(words) {
        edited.push_str(&text[after..place.start]);
        edited.push_str(word);
        after = place.end;
    }
    edited + &text[after..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    #[test]
    fn as_many_words_are_edited_as_asked_in_any_script() {
        let english = "one two three four five six seven eight nine ten ".repeat(20);
        let chinese = "信息压缩技术把文章拆分".repeat(20);
        for text in [english, chinese] {
            assert_eq!(edit(&text, 0.0, &["x"], &mut stream(1, Purpose::Edit, 0)), text);
            let edited = edit(&text, 0.5, &["NEW"], &mut stream(1, Purpose::Edit, 0));
            let (before, after) = (editable_words(&text).len(), editable_words(&edited).len());
            let replaced = edited.matches("NEW").count();
            assert!(
                (before as f64 * 0.10..before as f64 * 0.24).contains(&(replaced as f64)),
                "{replaced} of {before}"
            );
            assert!(after < before, "{after} {before}");
        }
    }

    #[test]
    fn a_text_without_words_stays() {
        assert_eq!(edit("*** ***", 0.7, &["x"], &mut stream(1, Purpose::Edit, 0)), "*** ***");
    }
}
