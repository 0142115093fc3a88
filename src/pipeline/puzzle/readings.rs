//! What the coder of grids, taught by one puzzle alone, holds likeliest for a test output, and what answers cost by it.
//!
//! In: a puzzle, the sizes that its output may have, and answers from elsewhere. Out: answers with their bits. A reading teaches a
//! coder the puzzle's outputs in each of the eight symmetries, in colours drawn anew for each, then the puzzle in one symmetry
//! as it is, and takes for each cell of the output what is likelier. What a rule does not depend on is learnt so, and a few
//! pairs teach more. Readings in different symmetries go through a grid from different corners; an answer that only one of
//! them holds likely is an accident of the order of its cells, so that all say what each answer costs. They see cells and no whole:
//! an answer that is not as all outputs of the puzzle are breaks a law, and costs more.

use super::replay::{cells_of, grid_of, palette_of};
use crate::code::grids::{Cells, GridCoder};
use crate::code::range::{BitEncoder, Likeliest};
use crate::config::Config;
use crate::data::{COLOURS, Grid, Puzzle};
use crate::fit::Read;
use crate::rng::{self, Purpose};
use crate::views::{Laws, Size, Symmetry};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;

/// What it takes to say a size that is not among the likely ones, bits.
const OTHER_SIZE_BITS: f64 = 10.0;

/// Besides what a reading holds likeliest it gives so many answers, each of which takes one uncertain decision the other way.
const DOUBTS: usize = 3;

/// The most answers of readings that are judged: those that break fewest laws, and of these those that most readings gave.
const MOST_JUDGED: usize = 20;

/// What readings hold likeliest in each of `sizes`, which come with their probabilities, and besides that `others`, no two
/// alike: all with their bits, the least first. Solutions are not looked at.
pub fn readings(
    puzzle: &Puzzle,
    test: usize,
    sizes: &[(Size, f64)],
    others: &[Grid],
    &Config { readings: count, law_bits, seed, .. }: &Config,
) -> Vec<Read> {
    let readers: Vec<Reader> = (0..count).filter_map(|index| Reader::taught(puzzle, test, index, seed)).collect();
    let laws = Laws::of(&puzzle.train);
    let broken = |answer: &Grid| laws.broken(&puzzle.test[test], answer);
    let answers = sizes.iter().flat_map(|&(size, _)| readers.iter().flat_map(move |reader| reader.answers(size)));
    let own = worth_judging(answers.filter(|answer| !others.contains(answer)), broken);
    let mut found: Vec<Read> = Vec::new();
    for (grid, broken_laws) in others.iter().map(|answer| (answer.clone(), broken(answer))).chain(own) {
        let size = sizes.iter().find(|(size, _)| *size == (grid.rows(), grid.columns()));
        let of_size = size.map_or(OTHER_SIZE_BITS, |(_, probability)| -probability.log2());
        let of_cells = readers.iter().filter_map(|reader| reader.bits(&grid)).sum::<f64>() / readers.len() as f64;
        let bits = of_size + of_cells + (law_bits * broken_laws) as f64;
        found.push(Read { grid, bits, broken_laws });
    }
    found.sort_by(|a, b| a.bits.total_cmp(&b.bits));
    found
}

/// The answers that may be best, each once, with the laws that it breaks.
fn worth_judging(given: impl Iterator<Item = Grid>, broken: impl Fn(&Grid) -> usize) -> Vec<(Grid, usize)> {
    let mut found: Vec<(Grid, usize, usize)> = Vec::new();
    for grid in given {
        if let Some((_, _, count)) = found.iter_mut().find(|(known, ..)| *known == grid) {
            *count += 1;
        } else {
            let laws = broken(&grid);
            found.push((grid, laws, 1));
        }
    }
    found.sort_by_key(|&(_, laws, count)| (laws, Reverse(count)));
    found.into_iter().take(MOST_JUDGED).map(|(grid, laws, _)| (grid, laws)).collect()
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

    /// The answer whose decisions it holds likeliest, one after the other, then those that take one of the least certain the
    /// other way, and go on from there.
    fn answers(&self, size: Size) -> Vec<Grid> {
        let mut likeliest = Likeliest::default();
        let first = self.answer(size, &mut likeliest);
        let doubts = likeliest.least_certain(DOUBTS).into_iter().map(Likeliest::against);
        first.into_iter().chain(doubts.filter_map(|mut other| self.answer(size, &mut other))).collect()
    }

    fn answer(&self, (rows, columns): Size, taken: &mut Likeliest) -> Option<Grid> {
        let size = if self.own.transpose { (columns, rows) } else { (rows, columns) };
        let output = self.model.clone().output(taken, &cells_of(None, size), &self.input, None)?;
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
        let config = Config { readings: 8, ..Config::default() };
        let found = readings(&puzzle, 0, &sizes, &[noise(29)], &config);
        assert_eq!(found[0].grid, right);
        assert!(found[0].bits < 5.0, "{found:?}");
        let other = found.iter().find(|read| read.grid == noise(29)).unwrap();
        assert!(other.bits > found[0].bits + 10.0, "what does not follow costs more");
        assert!(other.broken_laws > 0, "its cells are others than the input's");
        assert!(found.iter().any(|read| read.grid.rows() == 4 && read.grid != noise(29)), "each size is read");
        assert_eq!(found, readings(&puzzle, 0, &sizes, &[noise(29)], &config), "readings depend on the seed alone");
    }

    #[test]
    fn a_reading_gives_what_it_doubted_the_other_way() {
        let answers = Reader::taught(&puzzle().0, 0, 0, 0).unwrap().answers((5, 4));
        assert_eq!(answers.len(), 1 + DOUBTS);
        assert!(answers[1..].iter().all(|answer| *answer != answers[0]), "{answers:?}");
    }
}
