//! The second attempt, by the shortest description.
//!
//! In: a puzzle and what its fit has chosen. Out: the fit's second attempts give way where the coder of grids, which
//! needs no fit, is nearly certain of another answer. The two see different things: the coder knows copies, turns and
//! periods from one end of a grid to the other, for which the network has no layers.

use crate::config::Config;
use crate::data::Puzzle;
use crate::fit::Fitted;
use crate::pipeline::puzzle;

/// Puzzles with more cells are left to the vote: no puzzle of ARC's form has as many, and reading takes some 0.1 ms a
/// cell, for each test.
const MOST_CELLS: usize = 32_768;

/// Takes what is implied in at most `implied_bits`, in the size of the first attempt.
pub(super) fn take(puzzle: &Puzzle, config: &Config, fitted: &mut Fitted) {
    fitted.implied = vec![None; fitted.attempts.len()];
    let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    let cells: usize = pairs.chain(&puzzle.test).map(|grid| grid.cells().len()).sum();
    if config.implied_bits == 0.0 || cells > MOST_CELLS {
        return;
    }
    for (test, attempts) in fitted.attempts.iter_mut().enumerate() {
        let size = (attempts.attempt_1.rows(), attempts.attempt_1.columns());
        let Some((grid, bits)) = puzzle::implied(puzzle, test, size) else { continue };
        if bits.0 <= config.implied_bits && grid != attempts.attempt_1 {
            attempts.attempt_2 = grid;
            fitted.implied[test] = Some(bits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::solve_one;
    use super::*;
    use crate::data::{Grid, Pair};
    use crate::engine::EngineKind;
    use std::ops::ControlFlow;

    /// The output is the input turned by a quarter.
    fn turned() -> (Puzzle, Grid) {
        let grid =
            |seed: usize| Grid::new(4, 4, (0..16).map(|cell| (cell * cell * seed / 7 % 3) as u8).collect()).unwrap();
        let turn = |grid: &Grid| {
            let cells = (0..16).map(|cell| grid.get(3 - cell % 4, cell / 4)).collect();
            Grid::new(4, 4, cells).unwrap()
        };
        let pair = |seed| Pair { input: grid(seed), output: turn(&grid(seed)) };
        let train = [11, 13, 17, 19].map(pair).to_vec();
        let test = grid(23);
        (Puzzle { id: "p".into(), train, test: vec![test.clone()], solutions: None }, turn(&test))
    }

    #[test]
    fn what_the_coder_is_certain_of_is_the_second_attempt() {
        let (puzzle, right) = turned();
        let solved = |implied_bits| {
            let config = Config { implied_bits, steps: 2, engine: EngineKind::Fused, ..Config::default() };
            solve_one(&puzzle, &config, Some(1), |_| ControlFlow::Continue(())).unwrap().unwrap().1
        };
        let (without, with) = (solved(0.0), solved(5.0));
        assert_eq!((&without.implied[0], &without.attempts[0].attempt_1), (&None, &with.attempts[0].attempt_1));
        assert_ne!(without.attempts[0].attempt_1, right, "two steps are none");
        assert_eq!(with.attempts[0].attempt_2, right);
        assert!(with.implied[0].unwrap().0 < 5.0);
        let unsure = Puzzle { train: puzzle.train[..1].to_vec(), ..puzzle.clone() };
        let config = Config { implied_bits: 1.0, steps: 2, engine: EngineKind::Fused, ..Config::default() };
        let (_, fitted) = solve_one(&unsure, &config, Some(1), |_| ControlFlow::Continue(())).unwrap().unwrap();
        assert_eq!(fitted.implied, [None]);
    }
}
