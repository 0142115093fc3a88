//! The contexts: what the next byte is foretold from.
//!
//! In: the state of the text and of the repeats. Out: a hash for each context, different for different contexts even
//! where what they see is the same. They come in families, which the settings of an article can leave out.

use super::matches::Repeat;
use super::text::{Text, combine};

/// Contexts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    /// The last bytes in a row.
    Orders,
    /// Words and what stands between them.
    Words,
    /// Unicode characters.
    Characters,
    /// Bytes with gaps.
    Sparse,
    /// Lines, columns, indentation.
    Layout,
    /// Kinds of bytes.
    Shape,
    /// Tags, brackets, keys.
    Markup,
    /// What followed before.
    Successors,
    /// What repeats foretell.
    Repeats,
}

/// How many contexts there are.
pub const COUNT: usize = 65;

/// The first contexts are orders 1 to 6 and 8.
pub const ORDERS: usize = 7;

/// Collects the hashes of one byte's contexts.
#[derive(Debug)]
pub struct Contexts {
    pub hashes: Vec<u64>,
    pub families: Vec<Family>,
}

impl Contexts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { hashes: Vec::with_capacity(COUNT), families: Vec::with_capacity(COUNT) }
    }

    fn add(&mut self, family: Family, parts: &[u64]) {
        let number = self.hashes.len() as u64 + 1;
        self.hashes.push(parts.iter().fold(number, |hash, &part| combine(hash, part)));
        self.families.push(family);
    }

    /// The contexts of the next byte.
    pub fn fill(&mut self, text: &Text, repeats: &[Repeat]) {
        self.hashes.clear();
        self.families.clear();
        for order in [1, 2, 3, 4, 5, 6, 8] {
            self.add(Family::Orders, &[text.bytes_back(order)]);
        }
        self.add(Family::Orders, &[]);
        self.words(text);
        self.characters(text);
        self.sparse(text);
        self.layout(text);
        self.shape(text);
        self.markup(text);
        self.successors(text);
        self.repeats(text, repeats);
    }

    fn words(&mut self, text: &Text) {
        let words = &text.words;
        let [word, before, second, third] = words.hashes;
        let last = u64::from(text.byte(1));
        let [gap, gap_before, _] = words.gaps;
        let punctuation = u64::from(words.punctuation);
        for parts in [
            &[word, 1][..],
            &[word, before],
            &[word, before, second],
            &[word, second],
            &[word, third],
            &[word, last],
            &[word, last, punctuation],
            &[word, last, u64::from(text.line.first)],
            &[word, gap_before, gap],
            &[last, word, gap_before, gap],
            &[before, last, u64::from(word == 0)],
            &[words.suffix, words.length.min(5) as u64],
        ] {
            self.add(Family::Words, parts);
        }
    }

    fn characters(&mut self, text: &Text) {
        let [first, second, third] = text.characters.last.map(u64::from);
        let under_way = text.characters.under_way();
        for parts in [
            &[under_way, first][..],
            &[under_way, first, second],
            &[under_way, first, second, third],
            &[under_way, second],
        ] {
            self.add(Family::Characters, parts);
        }
    }

    fn sparse(&mut self, text: &Text) {
        let [first, second, third, fifth] = [1, 2, 3, 5].map(|back| u64::from(text.byte(back)));
        for parts in [&[second][..], &[second, third], &[first, third], &[text.bytes_back(3), fifth]] {
            self.add(Family::Sparse, parts);
        }
    }

    fn layout(&mut self, text: &Text) {
        let line = &text.line;
        let column = text.column().min(255) as u64;
        let [above, last, first] = [text.above(0), text.byte(1), line.first].map(u64::from);
        for parts in [
            &[above, column][..],
            &[above, last],
            &[u64::from(line.indent), first, last],
            &[column, last],
            &[column, line.previous_length.min(255) as u64],
            &[first],
            &[first, last],
            &[line.first_word],
            &[line.first_word, last],
            &[line.first_word, text.words.hashes[0], last],
        ] {
            self.add(Family::Layout, parts);
        }
    }

    fn shape(&mut self, text: &Text) {
        let [classes, shape, word] = [text.classes, text.shape, text.words.hashes[0]];
        let last = u64::from(text.byte(1));
        for parts in [
            &[classes & 0xffff_ffff, last][..],
            &[shape & 0xffff_ffff, last],
            &[shape & 0xffff_ffff_ffff],
            &[shape],
            &[shape & 0x00ff_ffff, word],
            &[classes & 0xff_ffff_ffff, word],
            &[classes & 0xffff_ffff_ffff],
            &[classes & 0xffff, text.bytes_back(2)],
            &[shape & 0xffff_ffff, u64::from(text.above(0))],
            &[classes],
            &[shape & 0xffff, text.words.length as u64],
        ] {
            self.add(Family::Shape, parts);
        }
    }

    fn markup(&mut self, text: &Text) {
        let markup = &text.markup;
        let word = text.words.hashes[0];
        let [last, bracket, in_tag, quoted] =
            [text.byte(1), markup.bracket(), u8::from(markup.in_tag), u8::from(markup.quoted)].map(u64::from);
        let [tag, tag_before] = markup.tags;
        for parts in [
            &[tag, word, in_tag][..],
            &[tag, markup.attribute, last],
            &[tag, tag_before, in_tag, last],
            &[bracket, word, last],
            &[bracket, word],
            &[bracket, quoted, text.bytes_back(2)],
            &[text.line.key, word, last],
        ] {
            self.add(Family::Markup, parts);
        }
    }

    fn successors(&mut self, text: &Text) {
        let [one, two, three, word] = text.successors.of(text.last);
        let last = u64::from(text.byte(1));
        for parts in [
            &[one & 0xffff, last][..],
            &[one & 0xff_ffff],
            &[two & 0xff, text.bytes_back(2)],
            &[two & 0xffff, last],
            &[three & 0xffff, last],
            &[word & 0xffff, last],
        ] {
            self.add(Family::Successors, parts);
        }
    }

    fn repeats(&mut self, text: &Text, repeats: &[Repeat]) {
        let seen = [(31, 0), (15, 1), (15, 2)];
        for (repeat, (longest, order)) in repeats.iter().zip(seen) {
            let before = if order == 0 { 0 } else { text.bytes_back(order) };
            self.add(Family::Repeats, &[u64::from(repeat.expected()), repeat.length().min(longest) as u64, before]);
        }
    }
}
