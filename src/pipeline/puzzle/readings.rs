//! What the coder of grids, taught by one puzzle alone, holds likeliest for a test output.
//!
//! In: a puzzle and the output's size. Out: answers with the probability that the coder gives them. A reading teaches a coder
//! the puzzle's outputs in each of the eight symmetries, in colours drawn anew for each, then the puzzle in one symmetry as it
//! is, and takes for each cell of the output what is likelier. What a rule does not depend on is learnt so, and a few pairs
//! teach more. Readings in different symmetries go through a grid from different corners, so that what they agree on is no
//! matter of the order of its cells.

use super::replay::{cells_of, grid_of, palette_of};
use crate::code::grids::{Cells, GridCoder};
use crate::code::range::{BitEncoder, Likeliest};
use crate::data::{COLOURS, Grid, Puzzle};
use crate::fit::Read;
use crate::rng::{self, Purpose};
use crate::views::Symmetry;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The answers of `count` readings, the likeliest first. Solutions are not looked at.
pub fn readings(puzzle: &Puzzle, test: usize, size: (usize, usize), count: usize, seed: u64) -> Vec<Read> {
    let mut found: Vec<Read> = Vec::new();
    for index in 0..count {
        let Some((grid, probability)) = reading(puzzle, test, size, index, seed) else { continue };
        let share = probability / count as f64;
        match found.iter_mut().find(|read| read.grid == grid) {
            Some(read) => read.share += share,
            None => found.push(Read { grid, share }),
        }
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found
}

fn reading(
    puzzle: &Puzzle,
    test: usize,
    (rows, columns): (usize, usize),
    index: usize,
    seed: u64,
) -> Option<(Grid, f64)> {
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
    let (rows, columns) = if own.transpose { (columns, rows) } else { (rows, columns) };
    let mut likeliest = Likeliest::default();
    let output = model.output(&mut likeliest, &cells_of(None, (rows, columns)), &input, None)?;
    Some((own.inverse().turn(&grid_of(&output).ok()?), likeliest.probability()))
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
        let found = readings(&puzzle, 0, (5, 4), 8, 0);
        assert_eq!(found[0].grid, right);
        assert!(found[0].share > 0.3 && found.iter().map(|read| read.share).sum::<f64>() <= 1.0, "{found:?}");
        assert_eq!(found, readings(&puzzle, 0, (5, 4), 8, 0), "readings depend on the seed alone");
        assert_eq!(readings(&puzzle, 0, (5, 4), 0, 0), []);
    }
}
