//! What readings, taught by one puzzle alone, hold likeliest for a test output, and what answers cost by them.
//!
//! In: a puzzle, the sizes that its output may have, and answers from elsewhere. Out: answers with their bits, each by the division
//! of the puzzle under which it costs least. Readings in different symmetries go through a grid from different corners; an
//! answer that only one of them holds likely is an accident of the order of its cells, so that all say what each answer
//! costs. They see cells and no whole: an answer that is not as all outputs of the puzzle are breaks a law, and costs more.

use super::reader::Reader;
use super::replay::palette_of;
use crate::code::grids::GridCoder;
use crate::config::Config;
use crate::data::{Grid, Puzzle};
use crate::fit::Read;
use crate::views::{Divided, Division, Laws, Size};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::sync::Arc;

/// What it takes to say a size that is not among the likely ones, bits.
const OTHER_SIZE_BITS: f64 = 10.0;

/// The most answers of the whole's readings that are judged, and of another division's: those that break fewest laws, and of
/// these those that most readings gave.
const MOST_JUDGED: usize = 20;
const MOST_JUDGED_OF_PARTS: usize = 10;

/// The most answers of readings that are kept for the next division to judge: those of fewest bits.
const MOST_KEPT: usize = 12;

/// The most divisions that are read, the whole among them, and the readings of each but the whole: one a symmetry.
const MOST_DIVISIONS: usize = 10;
const READINGS_OF_PARTS: usize = 8;

/// What is the same for all answers to a puzzle's test input: how it may be divided, its laws, and the sizes that are likely.
pub struct Readings<'a> {
    config: &'a Config,
    input: &'a Grid,
    test: usize,
    /// With what it takes to say them, bits.
    sizes: Vec<(Size, f64)>,
    laws: Laws,
    /// Answers from elsewhere may have colours that no part has.
    palette: Vec<u8>,
    divisions: Arc<[Divided]>,
}

impl<'a> Readings<'a> {
    /// How a puzzle may be divided, the same for all of its test inputs. The threads of the pool it runs in share the work.
    pub fn divisions(puzzle: &Puzzle, config: &Config) -> Arc<[Divided]> {
        Division::all(puzzle, config.drafts, MOST_DIVISIONS).into()
    }

    /// Readings of a test input whose output may have `sizes`, which come with their probabilities. Solutions are not looked
    /// at.
    pub fn new(
        puzzle: &'a Puzzle,
        divisions: Arc<[Divided]>,
        test: usize,
        sizes: &[(Size, f64)],
        config: &'a Config,
    ) -> Self {
        let input = &puzzle.test[test];
        let grids = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
        Self {
            config,
            input,
            test,
            sizes: sizes.iter().map(|&(size, probability)| (size, -probability.log2())).collect(),
            laws: Laws::of(&puzzle.train),
            palette: palette_of(grids.chain([input])),
            divisions,
        }
    }

    /// What readings hold likeliest, with its bits, the least first, no two alike. The threads of the pool it runs in share the
    /// work.
    pub fn answers(&self) -> Vec<Read> {
        let mut found = Vec::new();
        for (number, divided) in self.divisions.iter().enumerate() {
            let readers = self.readers(divided);
            let before = found.len();
            self.ask(divided, &readers, &mut found);
            let most = if divided.division == Division::Whole { MOST_JUDGED } else { MOST_JUDGED_OF_PARTS };
            found[before..].sort_by_key(|answer| (answer.read.broken_laws, Reverse(answer.given)));
            found.truncate(before + most);
            self.judge(number, &readers, &mut found);
            found.sort_by(|a, b| a.read.bits.total_cmp(&b.read.bits));
            found.truncate(MOST_KEPT);
        }
        found.into_iter().map(|answer| answer.read).collect()
    }

    /// What answers cost that no reading gave, in their order.
    pub fn costs(&self, grids: Vec<&Grid>) -> Vec<Read> {
        let mut answers: Vec<Answer> = grids.into_iter().map(|grid| self.answer(grid.clone())).collect();
        if !answers.is_empty() {
            for (number, divided) in self.divisions.iter().enumerate() {
                self.judge(number, &self.readers(divided), &mut answers);
            }
        }
        answers.into_iter().map(|answer| answer.read).collect()
    }

    fn readers(&self, Divided { division, pairs, tests, .. }: &Divided) -> Vec<Reader> {
        let readings = self.config.readings;
        let count = if *division == Division::Whole { readings } else { readings.min(READINGS_OF_PARTS) };
        let taught = |index| Reader::taught(pairs, &tests[self.test], &self.palette, index, self.config.seed);
        (0..count).into_par_iter().filter_map(taught).collect()
    }

    /// The likely sizes of the output's parts: those that the division gives them, where it does.
    fn sizes(&self, Divided { division, tests, .. }: &Divided) -> Vec<(Vec<Size>, f64)> {
        division.sizes(&tests[self.test]).map_or_else(
            || self.sizes.iter().map(|&(size, bits)| (vec![size], bits)).collect(),
            |sizes| vec![(sizes, 0.0)],
        )
    }

    /// Adds what readings of a division give.
    fn ask(&self, divided: &Divided, readers: &[Reader], found: &mut Vec<Answer>) {
        for answer in found.iter_mut() {
            (answer.likeliest, answer.given) = (0, 0);
        }
        let sizes = self.sizes(divided);
        let of_reader = |reader: &Reader| -> Vec<_> { sizes.iter().map(|(sizes, _)| reader.answers(sizes)).collect() };
        let given: Vec<Vec<_>> = readers.par_iter().map(of_reader).collect();
        for (place, parts) in given.into_iter().flatten().flat_map(|answers| answers.into_iter().enumerate()) {
            let Some(grid) = divided.division.join(self.input, &parts) else { continue };
            let known = found.iter().position(|answer| answer.read.grid == grid);
            let index = known.unwrap_or_else(|| {
                found.push(self.answer(grid));
                found.len() - 1
            });
            found[index].likeliest += usize::from(place == 0);
            found[index].given += 1;
        }
    }

    /// An answer that has not been judged.
    fn answer(&self, grid: Grid) -> Answer {
        let broken_laws = self.laws.broken(self.input, &grid);
        let read = Read { grid, bits: f64::INFINITY, division: String::new(), likeliest: 0, broken_laws };
        Answer { read, likeliest: 0, given: 0 }
    }

    /// What answers cost in a division, where that is less than before.
    fn judge(&self, number: usize, readers: &[Reader], answers: &mut [Answer]) {
        let Divided { division, tests, name_bits, .. } = &self.divisions[number];
        let inputs = &tests[self.test];
        let sizes = self.sizes(&self.divisions[number]);
        answers.par_iter_mut().for_each(|answer| {
            let Some(parts) = division.outputs(self.input, inputs, &answer.read.grid) else { return };
            let of_parts: Vec<Size> = parts.iter().map(|part| (part.rows(), part.columns())).collect();
            let size = sizes.iter().find(|(sizes, _)| *sizes == of_parts);
            let of_size = size.map_or(OTHER_SIZE_BITS, |&(_, bits)| bits);
            let of_cells = readers.iter().filter_map(|reader| reader.bits(&parts)).sum::<f64>() / readers.len() as f64;
            let of_readings = ((readers.len() as f64 + 0.5) / (answer.likeliest as f64 + 0.5)).log2();
            let of_laws = (self.config.law_bits * answer.read.broken_laws) as f64;
            let bits = name_bits + of_size + of_cells + of_readings + of_laws;
            if bits < answer.read.bits {
                let (division, likeliest) = (division.to_string(), answer.likeliest);
                answer.read = Read { bits, division, likeliest, ..answer.read.clone() };
            }
        });
    }
}

/// An answer, and how it stands in one division.
struct Answer {
    read: Read,
    /// The readings that hold it likeliest, of answers of its size.
    likeliest: usize,
    /// The readings that give it.
    given: usize,
}

/// The memory that so many readings take with so many threads, bytes.
pub fn memory_bytes(count: usize, threads: usize) -> u64 {
    // Each thread has one more at work.
    if count == 0 { 0 } else { (count as u64 + threads as u64) * GridCoder::memory_bytes() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::data::Pair;
    use crate::views::Symmetry;

    fn noise(seed: usize) -> Grid {
        let cells = (0..20).map(|cell| ((cell + 3) * (cell + seed) * seed / 7 % 3) as u8).collect();
        Grid::new(4, 5, cells).unwrap()
    }

    /// The output is the input turned by a quarter.
    pub fn puzzle() -> (Puzzle, Grid) {
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
        let readings = Readings::new(&puzzle, Readings::divisions(&puzzle, &config), 0, &sizes, &config);
        let found = readings.answers();
        assert_eq!(found[0].grid, right);
        assert!(found[0].bits < 6.0, "{found:?}");
        let other = readings.costs(vec![&noise(29)]).remove(0);
        assert!(other.bits > found[0].bits + 10.0, "what does not follow costs more");
        assert!(other.broken_laws > 0, "its cells are others than the input's");
        assert!(found.iter().any(|read| read.grid.rows() == 4 && read.grid != noise(29)), "each size is read");
        assert_eq!(found, readings.answers(), "readings depend on the seed alone");
        assert!(readings.costs(Vec::new()).is_empty());
    }

    #[test]
    fn a_puzzle_is_read_by_its_parts_where_that_is_shorter() {
        // Each object of three cells gets a cell of its own colour and one of 9 below, wherever it lies.
        let grid = |places: &[(usize, usize, u8)], changed: bool| {
            let mut cells = vec![0; 10 * 10];
            for &(row, column, colour) in places {
                for (down, across) in [(0, 0), (0, 1), (1, 0)] {
                    cells[(row + down) * 10 + column + across] = colour;
                }
                if changed {
                    cells[(row + 1) * 10 + column + 1] = 9;
                }
            }
            Grid::new(10, 10, cells).unwrap()
        };
        let pair = |places: &[_]| Pair { input: grid(places, false), output: grid(places, true) };
        let train = vec![pair(&[(1, 1, 3), (6, 5, 4)]), pair(&[(0, 6, 4)]), pair(&[(7, 0, 3), (2, 4, 3), (5, 7, 4)])];
        let test = [(2, 7, 4), (7, 3, 3), (3, 1, 4)];
        let puzzle = Puzzle { id: "p".into(), train, test: vec![grid(&test, false)], solutions: None };
        let config = Config { readings: 2, drafts: 0, ..Config::default() };
        let divisions = Readings::divisions(&puzzle, &config);
        let found = Readings::new(&puzzle, divisions, 0, &[((10, 10), 1.0)], &config).answers();
        assert_eq!(found[0].grid, grid(&test, true));
        assert!(found[0].division.contains("objects"), "{}", found[0].division);
    }

    #[test]
    fn a_puzzle_is_read_by_what_a_rule_draws_where_that_is_shorter() {
        // What lies somewhere falls, and gets a stripe of 9 on top.
        let grid = |shape: [u8; 2], row: usize, column: usize, top: u8| {
            let mut cells = vec![0; 7 * 6];
            for (down, colours) in [(0, [top, top]), (1, shape), (2, [shape[1], shape[0]])] {
                cells[(row + down) * 6 + column..][..2].copy_from_slice(&colours);
            }
            Grid::new(7, 6, cells).unwrap()
        };
        let pair = |shape: [u8; 2], row, column| Pair {
            input: grid(shape, row, column, shape[1]),
            output: grid(shape, 4, column, 9),
        };
        let train = vec![pair([1, 2], 0, 3), pair([4, 3], 2, 0), pair([2, 4], 1, 4), pair([3, 3], 0, 1)];
        let puzzle = Puzzle { id: "p".into(), train, test: vec![grid([1, 4], 2, 2, 4)], solutions: None };
        let config = Config { readings: 4, ..Config::default() };
        let divisions = Readings::divisions(&puzzle, &config);
        let found = Readings::new(&puzzle, divisions, 0, &[((7, 6), 1.0)], &config).answers();
        assert_eq!(found[0].grid, grid([1, 4], 4, 2, 9));
        assert!(found[0].division.contains("as far down as they go"), "{}", found[0].division);
    }
}
