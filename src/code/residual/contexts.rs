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

/// Every family, in the order of their numbers.
pub const ALL_FAMILIES: [Family; 9] = [
    Family::Orders,
    Family::Words,
    Family::Characters,
    Family::Sparse,
    Family::Layout,
    Family::Shape,
    Family::Markup,
    Family::Successors,
    Family::Repeats,
];

/// How many contexts there are.
pub const COUNT: usize = 44;

/// The first contexts: so many of the last bytes.
pub const ORDERS: [u32; 5] = [2, 3, 4, 5, 6];

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
    pub fn fill(&mut self, text: &Text, repeats: &[Repeat; 3]) {
        self.hashes.clear();
        self.families.clear();
        for order in ORDERS {
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
        let [word, before, second] = words.hashes;
        let last = u64::from(text.byte(1));
        let punctuation = u64::from(words.punctuation);
        for parts in [
            &[word, 1][..],
            &[word, before],
            &[word, before, second],
            &[word, second],
            &[word, last],
            &[word, last, punctuation],
            &[before, last, u64::from(word == 0)],
            &[words.suffix, words.length.min(5) as u64],
        ] {
            self.add(Family::Words, parts);
        }
    }

    fn characters(&mut self, text: &Text) {
        let [first, second] = text.characters.last.map(u64::from);
        let under_way = text.characters.under_way();
        for parts in [&[under_way, first, second], &[under_way, second, 1]] {
            self.add(Family::Characters, parts);
        }
    }

    fn sparse(&mut self, text: &Text) {
        let [first, second, third, fifth] = [1, 2, 3, 5].map(|back| u64::from(text.byte(back)));
        for parts in [[second, third], [first, third], [text.bytes_back(3), fifth]] {
            self.add(Family::Sparse, &parts);
        }
    }

    fn layout(&mut self, text: &Text) {
        let line = &text.line;
        let column = text.column().min(255) as u64;
        let [above, last, first] = [text.above(0), text.byte(1), line.first].map(u64::from);
        for parts in [
            &[above, column][..],
            &[column, line.previous_length.min(255) as u64],
            &[first],
            &[line.first_word],
            &[line.first_word, text.words.hashes[0], last],
        ] {
            self.add(Family::Layout, parts);
        }
    }

    fn shape(&mut self, text: &Text) {
        let [classes, shape] = [text.classes, text.shape];
        let last = u64::from(text.byte(1));
        for parts in [
            &[classes & 0xffff_ffff, last][..],
            &[shape & 0xffff_ffff, last],
            &[shape & 0xffff_ffff_ffff],
            &[shape],
            &[classes & 0xffff_ffff_ffff],
            &[classes & 0xffff, text.bytes_back(2)],
            &[shape & 0xffff_ffff, u64::from(text.above(0))],
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
            &[tag, tag_before, in_tag, last],
            &[bracket, word, last],
            &[bracket, word],
            &[bracket, quoted, text.bytes_back(2)],
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
            &[two & 0xffff, last],
            &[three & 0xffff, last],
            &[word & 0xffff, last],
        ] {
            self.add(Family::Successors, parts);
        }
    }

    fn repeats(&mut self, text: &Text, repeats: &[Repeat; 3]) {
        for (repeat, longest, before) in [(&repeats[0], 31, 0), (&repeats[2], 15, text.bytes_back(2))] {
            self.add(Family::Repeats, &[u64::from(repeat.expected()), repeat.length().min(longest) as u64, before]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};
    use std::fmt::Write;

    /// Text of several kinds, with repeats and without.
    fn sample() -> Vec<u8> {
        let mut text = String::new();
        for n in 0..60u32 {
            let noise = n.wrapping_mul(2_654_435_769) >> 16;
            let _ = writeln!(
                text,
                "<p class=\"a{}\">The Cat no. {noise} sat, and {} more; (\"x{n}\")</p>",
                n % 7,
                noise % 13
            );
            let _ = writeln!(text, "  key{} = [道可道{}, жили были {noise:x}]: {{a: {n}}} 非常名。", n % 5, n % 3);
            let first = char::from(b'a' + (noise % 17) as u8);
            let _ = writeln!(text, "{first}{} starts a line of its own{}", noise % 11, ".".repeat(n as usize % 9));
        }
        text.into_bytes()
    }

    /// Every context's hashes over the sample.
    fn columns(bytes: &[u8]) -> Vec<Vec<u64>> {
        let mut text = Text::new();
        let mut repeats = [12, 7, 4].map(|least| Repeat::new(least, 12));
        let mut contexts = Contexts::new();
        let mut columns = vec![Vec::new(); COUNT];
        for &byte in bytes {
            text.push(byte);
            for repeat in &mut repeats {
                repeat.update(text.bytes());
            }
            contexts.fill(&text, &repeats);
            assert_eq!(contexts.hashes.len(), COUNT);
            columns.iter_mut().zip(&contexts.hashes).for_each(|(column, &hash)| column.push(hash));
        }
        columns
    }

    #[test]
    fn orders_have_a_value_for_each_string_of_so_many_bytes() {
        let bytes = sample();
        let columns = columns(&bytes);
        for (column, order) in columns.iter().zip(ORDERS) {
            let order = order as usize;
            let padded = [vec![0; order - 1], bytes.clone()].concat();
            let strings: HashSet<&[u8]> = padded.windows(order).collect();
            let values: HashSet<u64> = column.iter().copied().collect();
            assert_eq!(values.len(), strings.len(), "order {order}");
        }
    }

    #[test]
    fn contexts_take_many_values_and_no_two_split_the_text_alike() {
        let columns = columns(&sample());
        let mut splits: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut hashes = HashSet::new();
        for (context, column) in columns.iter().enumerate() {
            let mut numbers: HashMap<u64, usize> = HashMap::new();
            let split: Vec<usize> = column
                .iter()
                .map(|&hash| {
                    let next = numbers.len();
                    *numbers.entry(hash).or_insert(next)
                })
                .collect();
            let least = if context == ORDERS.len() { 1 } else { 8 };
            assert!(numbers.len() >= least, "context {context} has {} values", numbers.len());
            if let Some(other) = splits.insert(split, context) {
                panic!("contexts {other} and {context} are the same");
            }
            assert!(numbers.keys().all(|&hash| hashes.insert(hash)), "context {context} shares values with another");
        }
    }
}
