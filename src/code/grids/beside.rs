//! The contexts of what lies beside an input: grids of the output's size, that a rule drew of it.
//!
//! In: what is known where the cell stands. Out: contexts and patterns, as [`contexts`](super::contexts) has them, of each grid with
//! the input's cell that belongs to this one, and of all grids together. Which of them are here, and at which weights they
//! start, was decided on the training split (`results/accuracy.md`).

use super::contexts::{Pairing, Pattern, Scene, combine, packed};
use super::ways::WAYS;
use super::{Cells, MOST_BESIDE};

/// Contexts, and patterns, of all grids together and of each.
const COUNTED_OF_ALL: usize = 1;
const PATTERNS_OF_ALL: usize = 2;
const COUNTED_OF_EACH: usize = 7;
const PATTERNS_OF_EACH: usize = 6;

/// Down and across to the neighbours of a cell.
const SIDES: [(isize, isize); 4] = [(0, -1), (-1, 0), (0, 1), (1, 0)];

/// How many contexts count colours where so many grids lie beside an input.
pub(super) fn counted(grids: usize) -> usize {
    if grids == 0 { 0 } else { COUNTED_OF_ALL + COUNTED_OF_EACH * grids }
}

/// How many patterns there are then.
pub(super) fn patterns(grids: usize) -> usize {
    if grids == 0 { 0 } else { PATTERNS_OF_ALL + PATTERNS_OF_EACH * grids }
}

impl Scene<'_> {
    /// Adds the contexts and the patterns of what lies beside the input.
    pub fn beside(&self, pair: &Pairing, contexts: &mut Vec<u64>, patterns: &mut Vec<Pattern>) {
        if pair.beside.is_empty() {
            return;
        }
        let told = &pair.sources[WAYS..];
        let (source, left, up) = (self.source(pair, 0, 0), self.at(0, -1), self.at(-1, 0));
        self.add(contexts, &[&[source][..], told].concat());
        patterns.push(Pattern::new(&[&[source][..], told].concat(), 0));
        patterns.push(Pattern::new(&[&[source, left, up][..], told].concat(), 0));
        let around = SIDES.map(|(down, across)| self.source(pair, down, across));
        for grid in pair.beside {
            self.beside_of(grid, source, around, contexts, patterns);
        }
    }

    /// Adds those of one grid; `source` is the input's cell that belongs to this one, and `around` has its neighbours.
    fn beside_of(
        &self,
        grid: &Cells,
        source: u8,
        around: [u8; 4],
        contexts: &mut Vec<u64>,
        patterns: &mut Vec<Pattern>,
    ) {
        let [left, up, up_left, up_right] =
            [(0, -1), (-1, 0), (-1, -1), (-1, 1)].map(|(down, across)| self.at(down, across));
        let at = |down: isize, across: isize| grid.at(self.row as isize + down, self.column as isize + across);
        let told = at(0, 0);
        let ring = SIDES.map(|(down, across)| at(down, across));
        let corners = [at(-1, -1), at(-1, 1), at(1, -1), at(1, 1)];
        let mut add = |cells: &[u8]| self.add(contexts, cells);
        add(&[told]);
        add(&[told, source]);
        add(&[told, source, left, up]);
        add(&[&[told, source][..], &ring].concat());
        add(&[&[told][..], &ring, &corners].concat());
        add(&[told, left, ring[0], up, ring[1]]);
        add(&[&[told, source][..], &ring, &around].concat());
        let mut add = |cells: &[u8]| patterns.push(Pattern::new(cells, 0));
        add(&[told, source, self.background]);
        add(&[told, source, left, up]);
        add(&[told, left, ring[0], up, ring[1]]);
        add(&[&[told, source][..], &ring, &around].concat());
        add(&[&[told, source][..], &ring].concat());
        add(&[told, source, left, up, up_left, up_right, ring[0], ring[1]]);
    }

    fn add(&self, contexts: &mut Vec<u64>, cells: &[u8]) {
        let number = contexts.len() as u64 + 1;
        contexts.push(combine(combine(number, packed(cells)), self.kind as u64));
    }

    /// Of a colour: whether the input's cell has it, the first grid beside, and how many of the others.
    pub fn told(&self, colour: u8) -> usize {
        self.pair.as_ref().map_or(0, |pair| {
            let has = |cell: u8| usize::from(cell == colour);
            let others: usize = pair.sources[WAYS + 1..].iter().map(|&cell| has(cell)).sum();
            others * 4 + has(pair.sources[WAYS]) * 2 + has(pair.sources[pair.way])
        })
    }
}

/// How many values [`Scene::told`] has.
pub(super) const TOLD: usize = 4 * MOST_BESIDE;
