//! What a fragment says as counts of symbols: words, neighbours, pieces of words, single ideographs, runs of marks.
//!
//! In: texts. Out: [`Symbols`], all that occur, and for each text its [`Counts`]. Nothing about a language is built in; where
//! words aren't spaced (Chinese, Japanese, Thai), each character stands for itself, and pairs for words.

use super::words::{is_unspaced, words};
use std::collections::{BTreeMap, HashMap};

/// Letters of a piece of a word.
const PIECE_LETTERS: usize = 4;

/// Pieces of a word that count in full; those of a longer one count less, so that no word outweighs several others.
const FULL_PIECES: f32 = 3.0;

/// Most characters of a run of marks that are looked at: a line of dashes is one, however long.
const LONGEST_MARKS: usize = 8;

/// What kind of symbol: the same letters may be a word and a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SymbolKind {
    /// A word, or a character of an unspaced script, in small letters.
    Word,
    /// Two words that follow each other.
    Pair,
    /// Four letters of a longer word.
    Piece,
    /// Characters that are no letters and no space: `***`, `);`.
    Marks,
}

/// How often a text has each symbol, by index, in order; weighted by kind.
pub type Counts = Vec<(u32, f32)>;

/// The symbols of a set of texts.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    names: Vec<(SymbolKind, String)>,
    indices: HashMap<(SymbolKind, String), u32>,
    overlap_weight: f32,
}

impl Symbols {
    /// All symbols of `texts`, numbered as they first occur. All but words, which they overlap or say less than, count
    /// `overlap_weight`.
    pub fn gather<'a>(texts: impl IntoIterator<Item = &'a str>, overlap_weight: f32) -> (Self, Vec<Counts>) {
        let mut symbols = Self { overlap_weight, ..Self::default() };
        let mut take = |text| {
            let found = occurrences(text);
            for symbol in found.keys() {
                if !symbols.indices.contains_key(symbol) {
                    symbols.indices.insert(symbol.clone(), symbols.names.len() as u32);
                    symbols.names.push(symbol.clone());
                }
            }
            symbols.weigh(&found)
        };
        let counts = texts.into_iter().map(&mut take).collect();
        (symbols, counts)
    }

    /// Symbols that were gathered before, by kind and text, numbered as they stand. Of one that comes twice the last number
    /// counts.
    pub fn of_names(names: Vec<(SymbolKind, String)>, overlap_weight: f32) -> Self {
        let indices = names.iter().cloned().zip(0..).collect();
        Self { names, indices, overlap_weight }
    }

    /// The counts of another text; symbols that aren't known are left out.
    pub fn count(&self, text: &str) -> Counts {
        self.weigh(&occurrences(text))
    }

    /// The words of another text, and how many of them aren't known.
    pub fn strange_words(&self, text: &str) -> (u32, u32) {
        let text = text.to_lowercase();
        let (mut all, mut strange) = (0, 0);
        for token in tokens(&text) {
            all += 1;
            strange += u32::from(!self.indices.contains_key(&(SymbolKind::Word, token.to_owned())));
        }
        (all, strange)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The kind and text of a symbol.
    pub fn name(&self, index: u32) -> Option<(SymbolKind, &str)> {
        self.names.get(index as usize).map(|(kind, text)| (*kind, text.as_str()))
    }

    /// A symbol as it is written: a word, or two characters that follow each other where words aren't spaced. None of others.
    pub fn written(&self, index: u32) -> Option<String> {
        let (kind, text) = self.name(index)?;
        let unspaced = |part: &str| part.chars().all(is_unspaced);
        match kind {
            SymbolKind::Word => Some(text.to_owned()),
            SymbolKind::Pair => {
                let (first, second) = text.split_once(' ')?;
                (unspaced(first) && unspaced(second)).then(|| format!("{first}{second}"))
            }
            SymbolKind::Piece | SymbolKind::Marks => None,
        }
    }

    /// A symbol as it is written, if it tells a reader something by itself.
    pub fn readable(&self, index: u32) -> Option<String> {
        self.written(index).filter(|written| is_telling(written))
    }

    fn weigh(&self, found: &BTreeMap<(SymbolKind, String), f32>) -> Counts {
        let mut counts: Counts = found
            .iter()
            .filter_map(|(symbol, &count)| {
                let weight = if symbol.0 == SymbolKind::Word { 1.0 } else { self.overlap_weight };
                self.indices.get(symbol).map(|&index| (index, weight * count))
            })
            .collect();
        counts.sort_unstable_by_key(|&(index, _)| index);
        counts
    }
}

/// Whether what is [`Symbols::written`] tells a reader something by itself: not a single character where words aren't spaced.
pub fn is_telling(written: &str) -> bool {
    !is_single_unspaced(written)
}

/// Whether what is [`Symbols::written`] is one word of a text: not two characters.
pub fn is_one_word(written: &str) -> bool {
    is_single_unspaced(written) || !written.contains(is_unspaced)
}

fn is_single_unspaced(written: &str) -> bool {
    let mut characters = written.chars();
    characters.next().is_some_and(is_unspaced) && characters.next().is_none()
}

/// The symbols of a text and how often each occurs.
fn occurrences(text: &str) -> BTreeMap<(SymbolKind, String), f32> {
    let text = text.to_lowercase();
    let mut found = BTreeMap::new();
    let mut add = |kind, symbol: String, times: f32| *found.entry((kind, symbol)).or_insert(0.0) += times;
    let mut before: Option<&str> = None;
    for token in tokens(&text) {
        let letters: Vec<char> = token.chars().collect();
        if letters.len() > PIECE_LETTERS {
            let pieces = letters.windows(PIECE_LETTERS);
            let weight = (FULL_PIECES / pieces.len() as f32).min(1.0);
            for piece in pieces {
                add(SymbolKind::Piece, piece.iter().collect(), weight);
            }
        }
        if let Some(before) = before {
            add(SymbolKind::Pair, format!("{before} {token}"), 1.0);
        }
        add(SymbolKind::Word, token.to_owned(), 1.0);
        before = Some(token);
    }
    for marks in text.split(|c: char| c.is_alphanumeric() || c.is_whitespace()).filter(|marks| !marks.is_empty()) {
        add(SymbolKind::Marks, marks.chars().take(LONGEST_MARKS).collect(), 1.0);
    }
    found
}

/// Words, and single characters where words aren't spaced.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in words(text) {
        let written = &text[word.range];
        if written.chars().any(is_unspaced) {
            tokens.extend(written.char_indices().map(|(start, c)| &written[start..start + c.len_utf8()]));
        } else {
            tokens.push(written);
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs_of_characters_are_readable() {
        let (symbols, _) = Symbols::gather(["a title 信息压 ***"], 0.5);
        let read: Vec<String> = (0..symbols.len() as u32).filter_map(|symbol| symbols.readable(symbol)).collect();
        let mut sorted = read.clone();
        sorted.sort();
        assert_eq!(sorted, ["a", "title", "信息", "息压"], "{read:?}");
        let words: Vec<String> = (0..symbols.len() as u32).filter_map(|symbol| symbols.written(symbol)).collect();
        let words: Vec<&String> = words.iter().filter(|written| is_one_word(written)).collect();
        assert_eq!(words, ["a", "title", "信", "息", "压"]);
    }

    fn names(text: &str) -> Vec<String> {
        let (symbols, counts) = Symbols::gather([text], 0.5);
        counts[0].iter().map(|&(index, _)| symbols.name(index).unwrap().1.to_owned()).collect()
    }

    #[test]
    fn words_pairs_pieces_and_marks_are_symbols_in_any_script() {
        assert_eq!(names("Hello, you"), ["hello", "you", "hello you", "ello", "hell", ","]);
        assert_eq!(names("信息"), ["信", "息", "信 息"]);
        assert_eq!(names("Не я"), ["не", "я", "не я"]);
        assert_eq!(names("***"), ["***"]);
    }

    #[test]
    fn another_text_is_counted_in_known_symbols() {
        let (symbols, counts) = Symbols::gather(["one two one", "three"], 0.5);
        assert_eq!(symbols.count("one two one"), counts[0]);
        assert!(counts[0].contains(&(0, 2.0)), "{counts:?}");
        assert!(symbols.count("unheard").is_empty());
        assert_eq!(symbols.strange_words("One unheard two"), (3, 1));
    }

    #[test]
    fn names_make_the_same_symbols_again() {
        let (symbols, counts) = Symbols::gather(["one two one", "信息压缩"], 0.5);
        let names = (0..symbols.len() as u32).filter_map(|index| symbols.name(index));
        let again = Symbols::of_names(names.map(|(kind, name)| (kind, name.to_owned())).collect(), 0.5);
        assert_eq!(["one two one", "信息压缩"].map(|text| again.count(text)).to_vec(), counts);
    }
}
