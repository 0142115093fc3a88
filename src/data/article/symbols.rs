//! What a fragment says as counts of symbols: words, neighbours, pieces of words, single ideographs, runs of marks. Forms of one
//! text are counted alike (`counted`).
//!
//! In: texts. Out: [`Symbols`], all that occur, and for each text its [`Counts`]. Nothing about a language is built in; where
//! words aren't spaced (Chinese, Japanese, Thai), each character stands for itself, and pairs for words.

use super::counted::counted;
use super::words::{is_unspaced, words};
use std::collections::{BTreeMap, HashMap};

/// Letters of a piece of a word.
const PIECE_LETTERS: usize = 4;

/// Pieces of a word that count in full; those of a longer one count less, so that no word outweighs several others.
const FULL_PIECES: f32 = 3.0;

/// What the symbols of a run without white space count at most as evidence: about what those of three long words do.
const FULL_RUN: f32 = 12.0;

/// What a pair's evidence counts, against 1 for a word's: it says what its words do, and in which order.
const PAIR_EVIDENCE: f32 = 0.75;

/// What a piece's or a mark's evidence counts.
const PART_EVIDENCE: f32 = 0.5;

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

/// What a symbol of a text says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The symbol's [`key`].
    pub key: u64,
    /// ln(1 + how often it occurs), times what its kind counts.
    pub weight: f32,
    /// Its kind.
    pub kind: SymbolKind,
}

/// What a text says, by symbol in the order of their keys. It needs no list of symbols, so that any text can be held against any other.
/// A word is edited as a whole, so that an address or a formula is one witness and may not outvote the rest.
pub fn evidence(text: &str) -> Vec<Evidence> {
    let weigh = |((kind, name), count): ((SymbolKind, String), f32)| {
        let counts = match kind {
            SymbolKind::Word => 1.0,
            SymbolKind::Pair => PAIR_EVIDENCE,
            SymbolKind::Piece | SymbolKind::Marks => PART_EVIDENCE,
        };
        Evidence { key: key(kind, &name), weight: counts * libm::log1pf(count), kind }
    };
    let mut found: Vec<Evidence> = occurrences(text, 1.0, FULL_RUN).into_iter().map(weigh).collect();
    found.sort_unstable_by_key(|one| one.key);
    found
}

/// The keys of a text's words, in order, each as often as it occurs.
pub fn word_keys(text: &str) -> Vec<u64> {
    let text = counted(text);
    tokens(&text).into_iter().map(|(_, token)| key(SymbolKind::Word, token)).collect()
}

/// The keys of the parts of a text's words, in order: names such as `a.b` are two.
pub(super) fn part_keys(text: &str) -> Vec<u64> {
    let text = counted(text);
    let is_between = |character: char| !(character.is_alphanumeric() || character == '_');
    let parts = tokens(&text).into_iter().flat_map(|(_, token)| token.split(is_between));
    parts.filter(|part| !part.is_empty()).map(|part| key(SymbolKind::Word, part)).collect()
}

/// A number for a symbol that is the same in all texts: FNV-1a with 64 bits (Fowler, Noll and Vo), of its kind and its text.
pub fn key(kind: SymbolKind, text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(step(0xcbf2_9ce4_8422_2325, kind as u8), step)
}

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
            let found = occurrences(text, overlap_weight, f32::INFINITY);
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

    /// The counts of another text; symbols that aren't known are left out.
    pub fn count(&self, text: &str) -> Counts {
        self.weigh(&occurrences(text, self.overlap_weight, f32::INFINITY))
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
        let mut counts: Counts =
            found.iter().filter_map(|(symbol, &count)| self.indices.get(symbol).map(|&index| (index, count))).collect();
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

/// The symbols of a text and how often each occurs; all but words count `overlap_weight`, and what stands in one run without white
/// space at most `full_run`.
fn occurrences(text: &str, overlap_weight: f32, full_run: f32) -> BTreeMap<(SymbolKind, String), f32> {
    let text = counted(text);
    let starts = run_starts(&text);
    let run_of = |place: usize| starts.partition_point(|&start| start <= place);
    // Symbols in one run, and those between runs under `None`.
    let mut found: Vec<(Option<usize>, SymbolKind, String, f32)> = Vec::new();
    let mut before: Option<(usize, &str)> = None;
    for (place, token) in tokens(&text) {
        let run = run_of(place);
        let letters: Vec<char> = token.chars().collect();
        if letters.len() > PIECE_LETTERS {
            let pieces = letters.windows(PIECE_LETTERS);
            let weight = overlap_weight * (FULL_PIECES / pieces.len() as f32).min(1.0);
            for piece in pieces {
                found.push((Some(run), SymbolKind::Piece, piece.iter().collect(), weight));
            }
        }
        if let Some((run_before, before)) = before {
            let within = (run_before == run).then_some(run);
            found.push((within, SymbolKind::Pair, format!("{before} {token}"), overlap_weight));
        }
        found.push((Some(run), SymbolKind::Word, token.to_owned(), 1.0));
        before = Some((run, token));
    }
    for marks in text.split(|c: char| c.is_alphanumeric() || c.is_whitespace()).filter(|marks| !marks.is_empty()) {
        let run = run_of(marks.as_ptr() as usize - text.as_ptr() as usize);
        let shown = marks.chars().take(LONGEST_MARKS).collect();
        found.push((Some(run), SymbolKind::Marks, shown, overlap_weight));
    }
    let mut in_run = vec![0.0f32; starts.len() + 1];
    for (run, _, _, weight) in &found {
        if let Some(run) = run {
            in_run[*run] += weight;
        }
    }
    let mut counts = BTreeMap::new();
    for (run, kind, symbol, weight) in found {
        let share = run.map_or(1.0, |run| (full_run / in_run[run]).min(1.0));
        *counts.entry((kind, symbol)).or_insert(0.0) += share * weight;
    }
    counts
}

/// Where runs of characters without white space start; a character of an unspaced script is one by itself.
fn run_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut before = ' ';
    for (place, character) in text.char_indices() {
        let starts_here = before.is_whitespace() || is_unspaced(before) || is_unspaced(character);
        if starts_here && !character.is_whitespace() {
            starts.push(place);
        }
        before = character;
    }
    starts
}

/// Words, and single characters where words aren't spaced, with their places.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for word in words(text) {
        let start = word.range.start;
        let written = &text[word.range];
        if written.chars().any(is_unspaced) {
            let characters = written.char_indices();
            tokens.extend(characters.map(|(at, c)| (start + at, &written[at..at + c.len_utf8()])));
        } else {
            tokens.push((start, written));
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
        assert_eq!(words, ["a", "title", "信", "压", "息"]);
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
    }

    #[test]
    fn an_address_is_one_witness_and_other_words_are_as_they_are() {
        let text = "See http://www.example.org/some/longer/path/with/names/that/go/on/index.html in 信息压缩 for more";
        let found = evidence(text);
        let of = |name: &str| found.iter().find(|one| one.key == key(SymbolKind::Word, name)).unwrap().weight;
        for name in ["see", "in", "信", "缩", "more"] {
            assert_eq!(of(name), libm::log1pf(1.0), "{name}");
        }
        let of_address = ["http", "www.example.org", "some", "longer", "path", "names", "that", "go", "on"];
        assert!(of_address.iter().all(|name| of(name) < 0.5), "{found:?}");
        assert_eq!(evidence("See NAMES"), evidence("see names"));
        assert!(found.windows(2).all(|pair| pair[0].key < pair[1].key));
        assert_eq!(word_keys("One two one").len(), 3);
    }
}
