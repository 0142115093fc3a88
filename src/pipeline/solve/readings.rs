//! Two experts, one choice.
//!
//! In: a puzzle and what its fit has chosen. Out: attempts by the fit's shares and the readings' bits together. The two see
//! different things: the coder of grids knows copies, turns and periods from one end of a grid to the other, for which the
//! network has no layers; the network knows what the coder has no context for. Each judges the other's answers.

use crate::config::Config;
use crate::data::{Grid, Puzzle};
use crate::engine::EngineError;
use crate::fit::{Candidate, Fitted, Read};
use crate::pipeline::puzzle::{readings, readings_bytes};
use crate::views::Size;

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

/// The memory that readings take after a fit, bytes.
pub(super) fn memory_bytes(config: &Config) -> u64 {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    readings_bytes(config.readings, threads)
}

/// Chooses anew where the readings have a say. An answer's score is log2 of its share of the fit's tally, which is none where the
/// fit had but early steps, less what it costs by the readings, which read the sizes that rules give, or that of the fit's
/// first attempt; of equals the cheaper one leads.
///
/// # Errors
/// [`EngineError::Library`] where threads can't be started.
pub(super) fn take(
    puzzle: &Puzzle,
    config: &Config,
    sizes: &[Vec<(Size, f64)>],
    threads: Option<usize>,
    fitted: &mut Fitted,
) -> Result<(), EngineError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build();
    let pool = pool.map_err(|error| EngineError::Library { engine: "readings", message: error.to_string() })?;
    let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    let cells: usize = pairs.chain(&puzzle.test).map(|grid| grid.cells().len()).sum();
    let is_read = config.readings > 0 && cells <= MOST_CELLS;
    let mut candidates = fitted.tally.candidates(MOST_CANDIDATES);
    if fitted.steps <= config.selection.early_steps {
        candidates.iter_mut().flatten().for_each(|candidate| candidate.share = 0.0);
    }
    for (test, (attempts, candidates)) in fitted.attempts.iter_mut().zip(candidates).enumerate() {
        if !is_read {
            fitted.read.push(Vec::new());
            continue;
        }
        let mut sizes: Vec<(Size, f64)> =
            sizes[test].iter().filter(|(_, share)| *share >= LEAST_SHARE).take(MOST_SIZES).copied().collect();
        if sizes.is_empty() {
            sizes.push(((attempts.attempt_1.rows(), attempts.attempt_1.columns()), 1.0));
        }
        let leaders: Vec<Grid> = candidates.iter().map(|candidate| candidate.grid.clone()).collect();
        let read = pool.install(|| readings(puzzle, test, &sizes, &leaders, config));
        let mut order: Vec<&Read> = read.iter().collect();
        order.sort_by(|a, b| score(b, &candidates).total_cmp(&score(a, &candidates)));
        if let [first, second, ..] = order[..] {
            attempts.attempt_1 = first.grid.clone();
            attempts.attempt_2 = second.grid.clone();
        }
        fitted.read.push(read);
    }
    Ok(())
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
            let config = Config { readings, steps: 2, engine: EngineKind::Fused, ..Config::default() };
            solve_one(&puzzle, &config, Some(1), |_| ControlFlow::Continue(())).unwrap().unwrap().1
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
    }
}
