//! Laws: what is true of every pair of a puzzle, and so should be of its answer.
//!
//! In: pairs of input and output. Out: how many kinds of [`Law`] an answer breaks. No law knows a puzzle: each is a statement
//! about any pair, and those that are true of all train pairs are the puzzle's. Which statements are worth making was found on the
//! training split (`results/accuracy.md`).

use super::Symmetry;
use super::objects::{Cells, objects, shape};
use crate::data::{COLOURS, Grid, Pair};
use std::collections::{BTreeSet, HashSet};
use std::mem::discriminant;

/// A statement that is true of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Law {
    /// The output is not the input.
    Differs,
    /// The output has these colours, a bit each, that its input has not.
    NewColours(u16),
    /// The input has these that its output has not.
    GoneColours(u16),
    /// The output has so many colours.
    Colours(u32),
    /// The output has more than one colour.
    SeveralColours,
    /// The output is the same under this symmetry.
    Symmetric(usize),
    /// It is not.
    NotSymmetric(usize),
    /// A cell of the first colour has become one of the second.
    Change(u8, u8),
    /// What was not background is as it was.
    ObjectsKept,
    /// More cells than before are not of the input's background.
    MoreCells,
    /// Fewer are.
    FewerCells,
    /// There are as many objects as in the input, seen this way.
    AsManyObjects(usize),
    /// Each object has the shape of one of the input's.
    KnownShapes(usize),
}

/// The ways to see objects: whether corners connect cells, and whether an object has one colour.
const WAYS: [(bool, bool); 3] = [(true, true), (false, true), (true, false)];

/// The laws of a puzzle.
#[derive(Clone, Debug)]
pub struct Laws(BTreeSet<Law>);

impl Laws {
    /// What is true of all of these pairs; nothing, where there are none.
    pub fn of(pairs: &[Pair]) -> Self {
        let all = pairs.iter().map(|pair| truths(&pair.input, &pair.output));
        Self(all.reduce(|all, truths| &all & &truths).unwrap_or_default())
    }

    /// How many kinds of law an answer to an input breaks.
    pub fn broken(&self, input: &Grid, answer: &Grid) -> usize {
        let truths = truths(input, answer);
        let kinds: HashSet<_> = self.0.difference(&truths).map(discriminant).collect();
        kinds.len()
    }
}

fn truths(input: &Grid, output: &Grid) -> BTreeSet<Law> {
    let mut truths = BTreeSet::new();
    let mut say = |law, is_true| {
        if is_true {
            truths.insert(law);
        }
    };
    let (before, after) = (colours(input), colours(output));
    say(Law::Differs, input != output);
    say(Law::NewColours(after & !before), true);
    say(Law::GoneColours(before & !after), true);
    say(Law::Colours(after.count_ones()), true);
    say(Law::SeveralColours, after.count_ones() > 1);
    for (number, symmetry) in Symmetry::all().enumerate().skip(1) {
        let same = symmetry.turn(output) == *output;
        say(if same { Law::Symmetric(number) } else { Law::NotSymmetric(number) }, true);
    }
    let background = commonest(input);
    if (input.rows(), input.columns()) == (output.rows(), output.columns()) {
        let mut kept = true;
        for (&from, &to) in input.cells().iter().zip(output.cells()) {
            say(Law::Change(from, to), from != to);
            kept &= from == to || from == background;
        }
        say(Law::ObjectsKept, kept);
    }
    let foreground = |grid: &Grid| grid.cells().iter().filter(|&&colour| colour != background).count();
    say(Law::MoreCells, foreground(output) > foreground(input));
    say(Law::FewerCells, foreground(output) < foreground(input));
    for (way, (diagonal, one_colour)) in WAYS.into_iter().enumerate() {
        let shapes = |grid: &Grid| -> Vec<Cells> {
            objects(grid, commonest(grid), diagonal, one_colour).iter().map(shape).collect()
        };
        let (before, after) = (shapes(input), shapes(output));
        say(Law::AsManyObjects(way), before.len() == after.len());
        let known: HashSet<&Cells> = before.iter().collect();
        say(Law::KnownShapes(way), after.iter().all(|shape| known.contains(shape)));
    }
    truths
}

/// The colours of a grid, a bit each.
fn colours(grid: &Grid) -> u16 {
    grid.cells().iter().fold(0, |colours, &colour| colours | 1 << colour)
}

/// The commonest colour; of equals the first.
fn commonest(grid: &Grid) -> u8 {
    let counts = grid.colour_counts();
    (0..COLOURS).rev().max_by_key(|&colour| counts[colour]).unwrap_or_default() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&[u8]]) -> Grid {
        Grid::new(rows.len(), rows[0].len(), rows.concat()).unwrap()
    }

    #[test]
    fn an_answer_that_does_what_no_pair_does_breaks_laws() {
        // A cell of 3 is put below each 2.
        let pair = |input: &[&[u8]], output: &[&[u8]]| Pair { input: grid(input), output: grid(output) };
        let pairs = [
            pair(&[&[2, 0, 0], &[0, 0, 0], &[0, 0, 0]], &[&[2, 0, 0], &[3, 0, 0], &[0, 0, 0]]),
            pair(&[&[0, 2, 0], &[0, 0, 2], &[0, 0, 0]], &[&[0, 2, 0], &[0, 3, 2], &[0, 0, 3]]),
        ];
        let laws = Laws::of(&pairs);
        let input = grid(&[&[0, 0, 0], &[0, 0, 2], &[0, 0, 0]]);
        let broken = |answer: &[&[u8]]| laws.broken(&input, &grid(answer));
        assert_eq!(broken(&[&[0, 0, 0], &[0, 0, 2], &[0, 0, 3]]), 0);
        // It is the input; nothing is new, no 0 became 3, two colours instead of three, no cells more, and a mirror image of itself.
        assert_eq!(broken(&[&[0, 0, 0], &[0, 0, 2], &[0, 0, 0]]), 6);
        // The 2 is gone, so an object was not kept, two colours are left, and no object has the form of one that was there.
        assert_eq!(broken(&[&[0, 0, 0], &[0, 0, 3], &[0, 0, 3]]), 4);
        // 4 for 3: another colour is new, and no 0 became 3.
        assert_eq!(broken(&[&[0, 0, 0], &[0, 0, 2], &[0, 0, 4]]), 2);
    }

    #[test]
    fn a_puzzle_without_pairs_has_no_laws() {
        let input = grid(&[&[1, 2]]);
        assert_eq!(Laws::of(&[]).broken(&input, &input), 0);
    }
}
