//! A reading: a coder of grids that has been taught one puzzle, and what it holds likeliest.
//!
//! In: inputs and outputs, a puzzle's or those of its parts, and a test input's parts. Out: answers by their parts, and what the
//! cells of an answer cost. The coder is taught the train outputs in each of the eight symmetries but one, in colours drawn anew for each, then the puzzle in that
//! one as it is, and takes for each cell of the output what is likelier. What a rule does not depend on is learnt so, and a
//! few pairs teach more.

use super::replay::{cells_of, grid_of};
use crate::code::grids::{Cells, GridCoder};
use crate::code::range::{BitEncoder, Likeliest};
use crate::data::{COLOURS, Grid};
use crate::rng::{self, Purpose};
use crate::views::{Size, Source, Symmetry};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Besides what a reading holds likeliest it gives so many answers, each of which takes one uncertain decision the other way.
const DOUBTS: usize = 3;

/// A coder that has been taught all that is known before a test output.
pub(super) struct Reader {
    model: GridCoder,
    /// The symmetry in which it sees the puzzle as it is.
    own: Symmetry,
    /// The test input's parts so.
    inputs: Vec<Seen>,
}

/// A source as a reading sees it.
struct Seen {
    cells: Cells,
    beside: Vec<Cells>,
}

impl Seen {
    fn new(source: &Source, seen: impl Fn(&Grid) -> Cells) -> Self {
        Self { cells: seen(&source.grid), beside: source.beside.iter().map(seen).collect() }
    }
}

impl Reader {
    /// Reading number `index` of a puzzle's parts, which have some of the colours of `palette`; none if no encoder gives such code.
    pub fn taught(
        pairs: &[(Source, Grid)],
        inputs: &[Source],
        palette: &[u8],
        index: usize,
        seed: u64,
    ) -> Option<Self> {
        let mut random = rng::stream(seed, Purpose::Reading, index as u64);
        let own = Symmetry::all().nth(index % Symmetry::all().count())?;
        let beside = pairs.first().map_or(0, |(input, _)| input.beside.len());
        let mut model = GridCoder::with_beside(palette, beside);
        let mut known = BitEncoder::new();
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        for other in Symmetry::all().filter(|&other| other != own) {
            order.shuffle(&mut random);
            let colours = drawn(palette, &mut random);
            let told = |grid: &Grid| {
                let mut told = cells(&other.turn(grid));
                told.cells.iter_mut().for_each(|cell| *cell = colours[usize::from(*cell)]);
                told
            };
            for &pair in &order {
                let (input, output) = &pairs[pair];
                let input = Seen::new(input, told);
                model.output(&mut known, &told(output), &input.cells, &input.beside, None)?;
            }
        }
        let seen = |grid: &Grid| cells(&own.turn(grid));
        for (input, output) in pairs {
            let input = Seen::new(input, seen);
            model.input(&mut known, &input.cells)?;
            model.output(&mut known, &seen(output), &input.cells, &input.beside, None)?;
        }
        let inputs: Vec<Seen> = inputs.iter().map(|input| Seen::new(input, seen)).collect();
        for input in &inputs {
            model.input(&mut known, &input.cells)?;
        }
        Some(Self { model, own, inputs })
    }

    /// The answer whose decisions it holds likeliest, one after the other, then those that take one of the least certain the
    /// other way, and go on from there; each by its parts, which have these sizes.
    pub fn answers(&self, sizes: &[Size]) -> Vec<Vec<Grid>> {
        let mut likeliest = Likeliest::default();
        let first = self.answer(sizes, &mut likeliest);
        let doubts = likeliest.least_certain(DOUBTS).into_iter().map(Likeliest::against);
        first.into_iter().chain(doubts.filter_map(|mut other| self.answer(sizes, &mut other))).collect()
    }

    fn answer(&self, sizes: &[Size], taken: &mut Likeliest) -> Option<Vec<Grid>> {
        let mut model = self.model.clone();
        let parts = self.inputs.iter().zip(sizes).map(|(input, &(rows, columns))| {
            let size = if self.own.transpose { (columns, rows) } else { (rows, columns) };
            let output = model.output(taken, &cells_of(None, size), &input.cells, &input.beside, None)?;
            Some(self.own.inverse().turn(&grid_of(&output).ok()?))
        });
        parts.collect()
    }

    /// What the cells of an answer's parts cost.
    pub fn bits(&self, parts: &[Grid]) -> Option<f64> {
        let mut coder = BitEncoder::new();
        let mut model = self.model.clone();
        for (input, part) in self.inputs.iter().zip(parts) {
            model.output(&mut coder, &cells(&self.own.turn(part)), &input.cells, &input.beside, None)?;
        }
        Some(coder.information_bits())
    }
}

/// The colours of a palette exchanged at random; others, which a draft may have, stay.
fn drawn(palette: &[u8], random: &mut ChaCha8Rng) -> [u8; COLOURS] {
    let mut others = palette.to_vec();
    others.shuffle(random);
    let mut colours = std::array::from_fn(|colour| colour as u8);
    for (&colour, other) in palette.iter().zip(others) {
        colours[usize::from(colour)] = other;
    }
    colours
}

fn cells(grid: &Grid) -> Cells {
    cells_of(Some(grid), (grid.rows(), grid.columns()))
}

#[cfg(test)]
mod tests {
    use super::super::readings::tests::puzzle;
    use super::*;

    #[test]
    fn a_reading_gives_what_it_doubted_the_other_way() {
        let (puzzle, _) = puzzle();
        let pairs: Vec<_> = puzzle.train.into_iter().map(|pair| (pair.input.into(), pair.output)).collect();
        let inputs: Vec<_> = puzzle.test.into_iter().map(Source::from).collect();
        let answers = Reader::taught(&pairs, &inputs, &[0, 1, 2], 0, 0).unwrap().answers(&[(5, 4)]);
        assert_eq!(answers.len(), 1 + DOUBTS);
        assert!(answers[1..].iter().all(|answer| *answer != answers[0]), "{answers:?}");
    }
}
