//! What the coder of grids, taught by one puzzle alone, holds likeliest for a test output, and what answers cost by it.
//!
//! In: a puzzle, the sizes that its output may have, and answers from elsewhere. Out: answers with their bits. A reading teaches a
//! coder the puzzle's outputs in each of the eight symmetries, in colours drawn anew for each, then the puzzle in one symmetry
//! as it is, and takes for each cell of the output what is likelier. What a rule does not depend on is learnt so, and a few
//! pairs teach more. Readings in different symmetries go through a grid from different corners; an answer that only one of
//! them holds likely is an accident of the order of its cells, so that all say what each answer costs.

use super::replay::{cells_of, grid_of, palette_of};
use crate::code::grids::{Cells, GridCoder};
use crate::code::range::{BitEncoder, Likeliest};
use crate::data::{COLOURS, Grid, Puzzle};
use crate::fit::Read;
use crate::rng::{self, Purpose};
use crate::views::{Size, Symmetry};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// What it takes to say a size that is not among the likely ones, bits.
const OTHER_SIZE_BITS: f64 = 10.0;

/// What `count` readings hold likeliest in each of `sizes`, which come with their probabilities, and besides that `others`: all
/// with their bits, the least first. Solutions are not looked at.
pub fn readings(
    puzzle: &Puzzle,
    test: usize,
    sizes: &[(Size, f64)],
    others: &[Grid],
    count: usize,
    seed: u64,
) -> Vec<Read> {
    let readers: Vec<Reader> = (0..count).filter_map(|index| Reader::taught(puzzle, test, index, seed)).collect();
    let mut grids: Vec<Grid> = Vec::new();
    for &(size, _) in sizes {
        grids.extend(readers.iter().filter_map(|reader| reader.likeliest(size)));
    }
    grids.extend_from_slice(others);
    let mut found: Vec<Read> = Vec::new();
    for grid in grids {
        if found.iter().any(|read| read.grid == grid) {
            continue;
        }
        let size = sizes.iter().find(|(size, _)| *size == (grid.rows(), grid.columns()));
        let of_size = size.map_or(OTHER_SIZE_BITS, |(_, probability)| -probability.log2());
        let of_cells = readers.iter().filter_map(|reader| reader.bits(&grid)).sum::<f64>() / readers.len() as f64;
        found.push(Read { grid, bits: of_size + of_cells });
    }
    found.sort_by(|a, b| a.bits.total_cmp(&b.bits));
    found
}

/// The memory that so many readings take, bytes.
pub fn memory_bytes(count: usize) -> u64 {
    // One more is at work.
    if count == 0 { 0 } else { (count as u64 + 1) * GridCoder::memory_bytes() }
}

/// A coder that has been taught all that is known before a test output.
struct Reader {
    model: GridCoder,
    /// The symmetry in which it sees the puzzle as it is.
    own: Symmetry,
    /// The test input so.
    input: Cells,
}

impl Reader {
    fn taught(puzzle: &Puzzle, test: usize, index: usize, seed: u64) -> Option<Self> {
        let mut random = rng::stream(seed, Purpose::Reading, index as u64);
        let own = Symmetry::all().nth(index % Symmetry::all().count())?;
        let input = &puzzle.test[test];
        let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
        let palette = palette_of(pairs.chain([input]));
        let mut model = GridCoder::new(&palette);
        let mut known = BitEncoder::new();
        let mut order: Vec<usize> = (0..puzzle.train.len()).collect();
        for other in Symmetry::all().filter(|&other| other != own) {
            order.shuffle(&mut random);
            let colours = drawn(&palette, &mut random);
            let told = |grid: &Grid| {
                let mut told = cells(&other.turn(grid));
                told.cells.iter_mut().for_each(|cell| *cell = colours[usize::from(*cell)]);
                told
            };
            for &pair in &order {
                let pair = &puzzle.train[pair];
                model.output(&mut known, &told(&pair.output), &told(&pair.input), None)?;
            }
        }
        for pair in &puzzle.train {
            let [input, output] = [&pair.input, &pair.output].map(|grid| cells(&own.turn(grid)));
            model.input(&mut known, &input)?;
            model.output(&mut known, &output, &input, None)?;
        }
        let input = model.input(&mut known, &cells(&own.turn(input)))?;
        Some(Self { model, own, input })
    }

    /// The answer whose cells it holds likeliest, one after the other.
    fn likeliest(&self, (rows, columns): Size) -> Option<Grid> {
        let size = if self.own.transpose { (columns, rows) } else { (rows, columns) };
        let output = self.model.clone().output(&mut Likeliest::default(), &cells_of(None, size), &self.input, None)?;
        Some(self.own.inverse().turn(&grid_of(&output).ok()?))
    }

    /// What an answer's cells cost.
    fn bits(&self, answer: &Grid) -> Option<f64> {
        let mut coder = BitEncoder::new();
        self.model.clone().output(&mut coder, &cells(&self.own.turn(answer)), &self.input, None)?;
        Some(coder.information_bits())
    }
}

/// The colours of a palette exchanged at random.
fn drawn(palette: &[u8], random: &mut ChaCha8Rng) -> [u8; COLOURS] {
    let mut others = palette.to_vec();
    others.shuffle(random);
    let mut colours = [0; COLOURS];
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
    use super::*;
    use crate::data::Pair;

    fn noise(seed: usize) -> Grid {
        let cells = (0..20).map(|cell| ((cell + 3) * (cell + seed) * seed / 7 % 3) as u8).collect();
        Grid::new(4, 5, cells).unwrap()
    }

    /// The output is the input turned by a quarter.
    fn puzzle() -> (Puzzle, Grid) {
        let turn = Symmetry { transpose: true, flip_rows: false, flip_columns: true };
        let train = [11, 13, 17, 19].map(|seed| Pair { input: noise(seed), output: turn.turn(&noise(seed)) }).to_vec();
        let puzzle = Puzzle { id: "p".into(), train, test: vec![noise(23)], solutions: None };
        (puzzle, turn.turn(&noise(23)))
    }

    #[test]
    fn what_follows_from_a_few_pairs_is_read_in_every_symmetry() {
        let (puzzle, right) = puzzle();
        let sizes = [((5, 4), 0.97), ((4, 5), 0.03)];
        let found = readings(&puzzle, 0, &sizes, &[noise(29)], 8, 0);
        assert_eq!(found[0].grid, right);
        assert!(found[0].bits < 5.0, "{found:?}");
        let other = found.iter().find(|read| read.grid == noise(29)).unwrap();
        assert!(other.bits > found[0].bits + 10.0, "what does not follow costs more");
        assert!(found.iter().any(|read| read.grid.rows() == 4 && read.grid != noise(29)), "each size is read");
        assert_eq!(found, readings(&puzzle, 0, &sizes, &[noise(29)], 8, 0), "readings depend on the seed alone");
        assert_eq!(readings(&puzzle, 0, &sizes, &[], 0, 0), []);
    }
}
