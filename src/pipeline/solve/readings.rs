//! Two experts, one choice.
//!
//! In: a puzzle and what its fit has chosen. Out: attempts by the fit's shares and the readings' together. The two see different
//! things: the coder of grids knows copies, turns and periods from one end of a grid to the other, for which the network has
//! no layers; the network knows what the coder has no context for.

use crate::config::Config;
use crate::data::{Grid, Puzzle};
use crate::fit::{Fitted, Read};
use crate::pipeline::puzzle::readings;

/// Puzzles with more cells are left to the vote: no puzzle of ARC's form has as many, and a reading takes some 10 µs a cell
/// and symmetry.
const MOST_CELLS: usize = 32_768;

/// Chooses anew where the readings have a say. A grid's score is its share of the fit's tally and of the readings, in the size
/// of the fit's first attempt; of equals the fit's leads.
pub(super) fn take(puzzle: &Puzzle, config: &Config, fitted: &mut Fitted) {
    let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    let cells: usize = pairs.chain(&puzzle.test).map(|grid| grid.cells().len()).sum();
    let count = if cells > MOST_CELLS { 0 } else { config.readings };
    let candidates = fitted.tally.candidates(usize::MAX);
    for ((test, attempts), candidates) in fitted.attempts.iter_mut().enumerate().zip(candidates) {
        let size = (attempts.attempt_1.rows(), attempts.attempt_1.columns());
        let found = readings(puzzle, test, size, count, config.seed);
        if !found.is_empty() {
            let mut scored: Vec<(Grid, f64)> =
                candidates.into_iter().map(|candidate| (candidate.grid, candidate.share)).collect();
            for Read { grid, share } in &found {
                match scored.iter_mut().find(|(other, _)| other == grid) {
                    Some((_, score)) => *score += share,
                    None => scored.push((grid.clone(), *share)),
                }
            }
            scored.sort_by(|a, b| b.1.total_cmp(&a.1));
            let mut leaders = scored.into_iter().map(|(grid, _)| grid);
            if let (Some(first), Some(second)) = (leaders.next(), leaders.next()) {
                attempts.attempt_1 = first;
                attempts.attempt_2 = second;
            }
        }
        fitted.read.push(found);
    }
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
        assert!(has(&with, &right) && has(&with, &without.attempts[0].attempt_1));
        assert_eq!(with.read[0][0].grid, right);
    }
}
