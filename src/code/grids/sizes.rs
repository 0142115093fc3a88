//! What comes before the cells: how many grids there are, which colours they use, and how large they are.
//!
//! In: an [`Outline`]. Out: few bits, since most sizes follow from a rule that the pairs so far have kept; and back.

use crate::code::CodeError;
use crate::code::adaptive::{Bit, code_plain};
use crate::code::range::BitCoder;

/// The most train pairs, and the most test inputs.
pub const MOST_GRIDS: usize = 30;

/// The bits of a side up to 31, and of one that is longer.
const SIDE_BITS: u32 = 5;
const LONG_SIDE_BITS: u32 = 10;

/// The longest side.
pub const LONGEST_SIDE: usize = (1 << LONG_SIDE_BITS) - 1;

/// All grids of a file have no more cells.
pub const MOST_CELLS: usize = 1 << 20;

/// No byte of code stands for more cells: a decision takes 2⁻¹³ of a bit at least.
const CELLS_PER_BYTE: usize = 1 << 16;

/// Rows and columns.
pub type Size = (usize, usize);

/// Probabilities (2⁻¹⁶) that there is another train pair after so many, the last of all that follow; of another test input;
/// that test outputs are given; that colours 0 and above are in use.
const ANOTHER_PAIR: [u32; 4] = [64_000, 60_000, 32_000, 26_000];
const ANOTHER_TEST: [u32; 2] = [4_000, 12_000];
const ANSWERED: u32 = 32_768;
const BLACK: u32 = 62_000;
const OTHER_COLOUR: u32 = 25_000;

/// What the grids of a puzzle are like, but for their cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// Colours in use, ascending.
    pub palette: Vec<u8>,
    /// Sizes of each train pair's input and output.
    pub train: Vec<[Size; 2]>,
    /// Sizes of the test inputs.
    pub tests: Vec<Size>,
    /// Sizes of the test outputs, where they are given.
    pub answers: Vec<Size>,
}

impl Outline {
    /// Encodes `wanted`, or decodes one and does not look at it.
    ///
    /// # Errors
    /// [`CodeError::Exhausted`] where no encoder gives such code, [`CodeError::Shape`] where a puzzle has too many grids, or sides
    /// that are too long.
    pub fn code(coder: &mut impl BitCoder, wanted: &Self) -> Result<Self, CodeError> {
        let outline = Self::coded(coder, wanted).ok_or(CodeError::Exhausted { field: "the outline" })?;
        for (field, found) in [("train pairs", outline.train.len()), ("test inputs", outline.tests.len())] {
            if found > MOST_GRIDS {
                return Err(CodeError::Shape { field, found: found as u64, most: MOST_GRIDS as u64 });
            }
        }
        let sides = outline.sizes().flat_map(|(rows, columns)| [rows, columns]);
        if let Some(side) = sides.into_iter().find(|side| !(1..=LONGEST_SIDE).contains(side)) {
            let (found, most) = (side as u64, LONGEST_SIDE as u64);
            return Err(CodeError::Shape { field: "rows or columns", found, most });
        }
        Ok(outline)
    }

    /// Refuses an outline of more cells than so many bytes of code can have.
    ///
    /// # Errors
    /// [`CodeError::Shape`].
    pub fn justified(&self, code_bytes: usize) -> Result<(), CodeError> {
        let found: usize = self.sizes().map(|(rows, columns)| rows * columns).sum();
        let most = MOST_CELLS.min(CELLS_PER_BYTE * (code_bytes + 8));
        if found > most {
            return Err(CodeError::Shape { field: "cells", found: found as u64, most: most as u64 });
        }
        Ok(())
    }

    /// The sizes of all grids.
    pub fn sizes(&self) -> impl Iterator<Item = Size> {
        self.train.iter().flatten().chain(&self.tests).chain(&self.answers).copied()
    }

    fn coded(coder: &mut impl BitCoder, wanted: &Self) -> Option<Self> {
        let pairs = count(coder, wanted.train.len(), &ANOTHER_PAIR)?;
        let tests = count(coder, wanted.tests.len(), &ANOTHER_TEST)?;
        let mut outline = Self::default();
        for colour in 0..super::COLOURS as u8 {
            let one = if colour == 0 { BLACK } else { OTHER_COLOUR };
            if coder.code(wanted.palette.contains(&colour), one)? {
                outline.palette.push(colour);
            }
        }
        if outline.palette.is_empty() {
            return None;
        }
        let mut sizes = Sizes::default();
        for pair in 0..pairs {
            let [input, output] = wanted.train.get(pair).copied().unwrap_or_default();
            let input = sizes.input(coder, input)?;
            let output = sizes.output(coder, input, output)?;
            outline.train.push([input, output]);
        }
        for test in 0..tests {
            let input = wanted.tests.get(test).copied().unwrap_or_default();
            outline.tests.push(sizes.input(coder, input)?);
        }
        if coder.code(!wanted.answers.is_empty(), ANSWERED)? {
            for (test, &input) in outline.tests.iter().enumerate() {
                let output = wanted.answers.get(test).copied().unwrap_or_default();
                outline.answers.push(sizes.output(coder, input, output)?);
            }
        }
        Some(outline)
    }
}

/// A count from 1 on; one more than the most is enough to be refused.
fn count(coder: &mut impl BitCoder, wanted: usize, another: &[u32]) -> Option<usize> {
    let mut count = 1;
    while count <= MOST_GRIDS && coder.code(wanted > count, another[(count - 1).min(another.len() - 1)])? {
        count += 1;
    }
    Some(count)
}

/// Guesses at an output's size, in the order in which they are tried.
const RULES: usize = 5;

/// What sizes so far have taught.
#[derive(Debug)]
struct Sizes {
    /// The last input, and the last pair.
    input: Size,
    ratio_of: Size,
    output: Size,
    /// Rules that have been wrong.
    broken: [bool; RULES],
    first: bool,
    same_input: Bit,
    square: [Bit; 2],
    /// Whether the first, second, … guess is right; of the first pair, and of the others.
    right: [[Bit; RULES]; 2],
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            input: (0, 0),
            ratio_of: (0, 0),
            output: (0, 0),
            broken: [false; RULES],
            first: true,
            same_input: Bit::after(3, 4),
            square: [Bit::after(3, 4); 2],
            right: [[Bit::after(4, 6); RULES], [Bit::after(12, 12); RULES]],
        }
    }
}

impl Sizes {
    fn input(&mut self, coder: &mut impl BitCoder, wanted: Size) -> Option<Size> {
        let is_first = self.input == (0, 0);
        if is_first || !self.same_input.code(coder, wanted == self.input)? {
            self.input = self.size(coder, wanted, 0)?;
        }
        Some(self.input)
    }

    fn output(&mut self, coder: &mut impl BitCoder, input: Size, wanted: Size) -> Option<Size> {
        let guesses = self.guesses(input);
        let mut tried: Vec<Size> = Vec::new();
        let mut found = None;
        for guess in (0..RULES).filter(|&rule| !self.broken[rule]).filter_map(|rule| guesses[rule]) {
            if tried.contains(&guess) {
                continue;
            }
            if self.right[usize::from(!self.first)][tried.len()].code(coder, guess == wanted)? {
                found = Some(guess);
                break;
            }
            tried.push(guess);
        }
        let output = match found {
            Some(size) => size,
            None => self.size(coder, wanted, 1)?,
        };
        for (broken, guess) in self.broken.iter_mut().zip(guesses) {
            *broken |= guess.is_some_and(|guess| guess != output);
        }
        (self.output, self.first, self.ratio_of) = (output, false, input);
        Some(output)
    }

    /// The input's size, its sides changed, the last output's, as many times as the last, a panel of as many.
    fn guesses(&self, input: Size) -> [Option<Size>; RULES] {
        let both = |of: &dyn Fn(usize, usize, usize) -> Option<usize>| {
            let before = (!self.first).then_some((self.ratio_of, self.output))?;
            Some((of(input.0, before.0.0, before.1.0)?, of(input.1, before.0.1, before.1.1)?))
        };
        [
            Some(input),
            both(&|_, _, last| Some(last)),
            both(&|now, input, output| (now * output % input == 0).then(|| now * output / input)),
            both(&|now, input, output| {
                let panels = (input + 1) / (output + 1);
                ((input + 1) % (output + 1) == 0 && (now + 1) % panels == 0).then(|| (now + 1) / panels - 1)
            }),
            both(&|now, input, output| (now + output).checked_sub(input)),
        ]
        .map(|guess| guess.filter(|&(rows, columns)| rows > 0 && columns > 0))
    }

    /// A size by its rows; most are squares.
    fn size(&mut self, coder: &mut impl BitCoder, wanted: Size, kind: usize) -> Option<Size> {
        let rows = side(coder, wanted.0)?;
        let square = self.square[kind].code(coder, wanted.0 == wanted.1)?;
        Some((rows, if square { rows } else { side(coder, wanted.1)? }))
    }
}

/// A side in five bits, or after five zeros in more.
fn side(coder: &mut impl BitCoder, wanted: usize) -> Option<usize> {
    let short = if wanted < 1 << SIDE_BITS { wanted } else { 0 };
    match code_plain(coder, short as u32, SIDE_BITS)? {
        0 => Some(code_plain(coder, wanted as u32, LONG_SIDE_BITS)? as usize),
        side => Some(side as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::range::{BitDecoder, BitEncoder};
    use proptest::prelude::*;

    fn size() -> impl Strategy<Value = Size> {
        prop_oneof![(1usize..=30, 1usize..=30), (1usize..=LONGEST_SIDE, 1usize..=LONGEST_SIDE)]
    }

    fn bits(outline: &Outline) -> f64 {
        let mut coder = BitEncoder::new();
        Outline::code(&mut coder, outline).unwrap();
        let bits = coder.information_bits();
        let found = Outline::code(&mut BitDecoder::new(&coder.finish()), &Outline::default());
        assert_eq!(found.as_ref(), Ok(outline));
        bits
    }

    proptest! {
        #[test]
        fn an_outline_comes_back(
            train in prop::collection::vec([size(), size()], 1..=MOST_GRIDS),
            tests in prop::collection::vec(size(), 1..=MOST_GRIDS),
            colours in prop::collection::btree_set(0u8..10, 1..10),
            answered: bool,
        ) {
            let answers = if answered { tests.clone() } else { vec![] };
            bits(&Outline { palette: colours.into_iter().collect(), train, tests, answers });
        }

        #[test]
        fn any_code_is_read_or_refused(code: Vec<u8>) {
            let _: Result<Outline, CodeError> = Outline::code(&mut BitDecoder::new(&code), &Outline::default());
        }
    }

    #[test]
    fn sizes_that_follow_from_a_rule_cost_next_to_nothing() {
        let rules: [fn(Size) -> Size; 5] = [
            |input| input,
            |_| (3, 5),
            |(rows, columns)| (3 * rows, 2 * columns),
            |(rows, columns)| ((rows - 1) / 2, columns),
            |(rows, columns)| (rows - 2, columns + 1),
        ];
        let inputs = [(7, 9), (5, 4), (11, 8), (9, 15), (3, 6), (13, 2)];
        for rule in rules {
            let outline = |pairs: usize| Outline {
                palette: vec![0, 3],
                train: inputs[..pairs].iter().map(|&input| [input, rule(input)]).collect(),
                tests: vec![(5, 6)],
                answers: vec![],
            };
            let more = bits(&outline(6)) - bits(&outline(5));
            // An input that is like no other takes 15 bits.
            assert!(more < 15.0, "{more}");
        }
    }
}
