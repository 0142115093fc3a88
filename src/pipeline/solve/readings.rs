//! Two experts, one choice.
//!
//! In: a puzzle, before its fit and after. Out: whether there has to be a fit, what answers it may stop at, and attempts by the
//! fit's shares and the readings' bits together. The two see different things: the coder of grids knows copies, turns and
//! periods from one end of a grid to the other, for which the network has no layers; the network knows what the coder has
//! no context for. Each judges the other's answers, and where they agree, or one is sure, no more is asked.

use super::pool::cores;
use crate::config::Config;
use crate::data::{Grid, Puzzle};
use crate::engine::EngineError;
use crate::fit::{Candidate, Fitted, Read};
use crate::pipeline::puzzle::{Readings, readings_bytes};
use crate::views::{Divided, Size};
use rayon::ThreadPool;
use std::sync::Arc;

/// Puzzles with more cells are left to the vote: no puzzle of ARC's form has as many, and a reading takes some 10 µs a cell
/// and symmetry.
const MOST_CELLS: usize = 32_768;

/// The fit's leaders that the readings judge, and the likeliest sizes that they read.
const MOST_CANDIDATES: usize = 10;
const MOST_SIZES: usize = 2;

/// A size less likely than this is not read.
const LEAST_SHARE: f64 = 0.1;

/// What each of the readings' bits counts, and the share of the tally that an answer has of which the fit knows nothing.
/// Chosen on the training split: `results/accuracy.md`.
const BIT_WEIGHT: f64 = 0.35;
const LEAST_TALLY: f64 = 0.03;

/// The share of the tally from which on what the fit leads with is an attempt, whatever it costs.
const LEAST_LEAD: f64 = 0.1;

/// The memory that readings take before and after a fit, bytes.
pub(super) fn memory_bytes(config: &Config) -> u64 {
    readings_bytes(config.readings, cores())
}

/// The threads that readings share.
///
/// # Errors
/// [`EngineError::Library`] where they can't be started.
pub(super) fn pool(threads: Option<usize>) -> Result<ThreadPool, EngineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    pool.map_err(|error| EngineError::Library { engine: "readings", message: error.to_string() })
}

/// What readings say of a puzzle before its fit.
pub(super) struct Forecast<'a> {
    puzzle: &'a Puzzle,
    config: &'a Config,
    pool: &'a ThreadPool,
    divisions: Arc<[Divided]>,
    /// By test input; none where no rule gives a size, or readings have no say.
    tests: Vec<Option<(Readings<'a>, Vec<Read>)>>,
}

impl<'a> Forecast<'a> {
    /// Reads the sizes that rules give, of which `sizes` has all.
    pub fn new(puzzle: &'a Puzzle, config: &'a Config, sizes: &[Vec<(Size, f64)>], pool: &'a ThreadPool) -> Self {
        let mut forecast = Self { puzzle, config, pool, divisions: Arc::new([]), tests: Vec::new() };
        if forecast.has_say() {
            forecast.divisions = pool.install(|| Readings::divisions(puzzle, config));
        }
        let read = |(test, sizes): (usize, &Vec<(Size, f64)>)| {
            let likely = sizes.iter().filter(|(_, share)| *share >= LEAST_SHARE).take(MOST_SIZES).copied();
            let likely: Vec<(Size, f64)> = likely.collect();
            (forecast.has_say() && !likely.is_empty()).then(|| forecast.read(test, &likely))
        };
        forecast.tests = sizes.iter().enumerate().map(read).collect();
        forecast
    }

    fn read(&self, test: usize, sizes: &[(Size, f64)]) -> (Readings<'a>, Vec<Read>) {
        let readings = Readings::new(self.puzzle, self.divisions.clone(), test, sizes, self.config);
        let read = self.pool.install(|| readings.answers());
        (readings, read)
    }

    fn has_say(&self) -> bool {
        let pairs = self.puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
        let cells: usize = pairs.chain(&self.puzzle.test).map(|grid| grid.cells().len()).sum();
        self.config.readings > 0 && cells <= MOST_CELLS
    }

    /// Whether the likeliest answers lead by so much that a fit could hardly change them.
    pub fn is_sure(&self) -> bool {
        let Config { stable_steps, sure_bits, .. } = *self.config;
        let lead = |read: &[Read]| matches!(read, [a, b, ..] if b.bits - a.bits >= sure_bits as f64);
        let all = self.tests.iter().all(|test| test.as_ref().is_some_and(|(_, read)| lead(read)));
        stable_steps > 0 && sure_bits > 0 && all
    }

    /// The likeliest answer to each test input; none at all where one is not known.
    pub fn expected(&self) -> Vec<Grid> {
        let likeliest = self.tests.iter().map(|test| Some(test.as_ref()?.1.first()?.grid.clone()));
        likeliest.collect::<Option<_>>().unwrap_or_default()
    }

    /// Chooses the attempts anew. An answer's score is log2 of its share of the fit's tally, which is none where the fit had but
    /// early steps, less what it costs by the readings. Two attempts are for two experts: where the fit's leader has a tenth
    /// of the tally, it is the second if it is not the first. What the fit leads with is judged by the readings, too, unless
    /// its first is theirs. Where no rule gives a size, its first attempt does.
    pub fn choose(mut self, fitted: &mut Fitted) {
        fitted.read = vec![Vec::new(); fitted.attempts.len()];
        if !self.has_say() {
            return;
        }
        let mut candidates = fitted.tally.candidates(MOST_CANDIDATES);
        if fitted.steps <= self.config.selection.early_steps {
            candidates.iter_mut().for_each(Vec::clear);
        }
        for (test, (attempts, candidates)) in fitted.attempts.iter_mut().zip(candidates).enumerate() {
            let size = (attempts.attempt_1.rows(), attempts.attempt_1.columns());
            let (readings, mut read) = self.tests[test].take().unwrap_or_else(|| self.read(test, &[(size, 1.0)]));
            let leader = candidates.first();
            if leader.is_some_and(|leader| read.first().is_none_or(|first| first.grid != leader.grid)) {
                let is_new = |grid: &&Grid| read.iter().all(|read| read.grid != **grid);
                let new: Vec<&Grid> = candidates.iter().map(|candidate| &candidate.grid).filter(is_new).collect();
                read.extend(self.pool.install(|| readings.costs(new)));
            }
            read.sort_by(|a, b| score(b, &candidates).total_cmp(&score(a, &candidates)));
            let leader = leader.filter(|leader| leader.share >= LEAST_LEAD);
            if let Some(place) = leader.and_then(|leader| read.iter().position(|read| read.grid == leader.grid)) {
                read[place.min(1)..=place].rotate_right(1);
            }
            if let [first, second, ..] = &read[..] {
                attempts.attempt_1 = first.grid.clone();
                attempts.attempt_2 = second.grid.clone();
            }
            fitted.read[test] = read;
        }
    }
}

fn score(read: &Read, candidates: &[Candidate]) -> f64 {
    let candidate = candidates.iter().find(|candidate| candidate.grid == read.grid);
    (candidate.map_or(0.0, |candidate| candidate.share) + LEAST_TALLY).log2() - BIT_WEIGHT * read.bits
}

#[cfg(test)]
mod tests {
    use super::super::solve_one;
    use super::*;
    use crate::data::Pair;
    use crate::engine::EngineKind;
    use crate::fit::Selection;
    use crate::views::Symmetry;
    use std::ops::ControlFlow;

    /// The output is the input turned by a quarter.
    fn turned() -> (Puzzle, Grid) {
        let grid =
            |seed: usize| Grid::new(4, 4, (0..16).map(|cell| (cell * cell * seed / 7 % 3) as u8).collect()).unwrap();
        let quarter = Symmetry { transpose: true, flip_rows: false, flip_columns: true };
        let pair = |seed| Pair { input: grid(seed), output: quarter.turn(&grid(seed)) };
        let train = [11, 13, 17, 19].map(pair).to_vec();
        let test = grid(23);
        let right = quarter.turn(&test);
        (Puzzle { id: "p".into(), train, test: vec![test], solutions: None }, right)
    }

    #[test]
    fn what_the_readings_are_sure_of_is_an_attempt_and_without_them_the_vote_stands() {
        let (puzzle, right) = turned();
        let solved = |readings| {
            let selection = Selection { early_steps: 0, ..Selection::default() };
            solve(&puzzle, &Config { readings, steps: 2, sure_bits: 0, selection, ..Config::default() })
        };
        let (without, with) = (solved(0), solved(8));
        let has = |fitted: &Fitted, grid: &Grid| {
            [&fitted.attempts[0].attempt_1, &fitted.attempts[0].attempt_2].contains(&grid)
        };
        assert!(without.read[0].is_empty() && !has(&without, &right), "two steps are none");
        assert!(has(&with, &right), "{:?}", with.read);
        assert_eq!(with.read[0][0].grid, right);
        let judged = |grid: &Grid| with.read[0].iter().any(|read| read.grid == *grid);
        assert!(judged(&without.attempts[0].attempt_1), "the fit's leaders are judged, too");
        assert_eq!(with.read[0][1].grid, with.attempts[0].attempt_2, "in the order of choice");
        assert_eq!(with.attempts[0].attempt_2, without.attempts[0].attempt_1, "what the vote is for is tried, too");
    }

    #[test]
    fn there_is_no_fit_but_a_step_where_readings_are_sure() {
        let (puzzle, right) = turned();
        let solved = |sure_bits| {
            solve(&puzzle, &Config { readings: 8, steps: 4, view_steps: 4, sure_bits, ..Config::default() })
        };
        let sure = solved(1);
        assert!(sure.sure && sure.steps == 1 && !sure.broken_off);
        assert_eq!(sure.ranks(std::slice::from_ref(&right)), [Some(1)]);
        assert_eq!(sure.attempts[0].attempt_1, right);
        let lead = (sure.read[0][1].bits - sure.read[0][0].bits).ceil() as usize;
        for sure_bits in [0, lead] {
            let unsure = solved(sure_bits);
            assert!(!unsure.sure && unsure.steps == 4);
            assert_eq!(
                (unsure.read, unsure.attempts),
                (sure.read.clone(), sure.attempts.clone()),
                "early steps have no vote"
            );
        }
    }

    fn solve(puzzle: &Puzzle, config: &Config) -> Fitted {
        let config = Config { engine: EngineKind::Fused, ..config.clone() };
        solve_one(puzzle, &config, Some(1), |_| ControlFlow::Continue(())).unwrap().unwrap().1
    }
}
