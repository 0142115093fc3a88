//! The choice of the view that a puzzle is fitted in.
//!
//! In: a puzzle and its views. Out: the one under which a short fit to all pairs but the last foretells the last pair's
//! outputs in the fewest bits, with what it costs to say which view it is. All views are asked for the same cells, so
//! that none gains by what it leaves out.

use crate::config::Config;
use crate::data::{Planes, Puzzle};
use crate::engine::{EngineError, Problem};
use crate::fit::{self, Progress, Trial};
use crate::model::Plan;
use crate::units::Bits;
use crate::views::{Size, View, name_bits, output_sizes};
use std::ops::ControlFlow;

/// The most views that are tried, the identity among them.
const MOST_VIEWS: usize = 6;

/// Steps of a view's trial: no more than the fit has.
fn trial_steps(config: &Config) -> usize {
    config.view_steps.min(config.steps)
}

/// The views that a puzzle may be fitted in, the identity first: it alone where trials are off, or there is no pair to hide.
pub(super) fn views(puzzle: &Puzzle, config: &Config) -> Vec<View> {
    if trial_steps(config) == 0 || puzzle.train.len() < 2 {
        return vec![View::Identity];
    }
    let mut views = View::all(puzzle);
    views.truncate(MOST_VIEWS);
    views
}

/// For each test output the sizes that rules give it, as [`output_sizes`] has them; empty where the settings want none.
pub(super) fn sizes(puzzle: &Puzzle, config: &Config) -> Vec<Vec<(Size, f64)>> {
    if config.size_rules { output_sizes(puzzle) } else { vec![Vec::new(); puzzle.test.len()] }
}

/// The puzzle in a view's coordinates; as it is, with its outputs' likeliest sizes.
pub(super) fn planes(puzzle: &Puzzle, view: &View, sizes: &[Vec<(Size, f64)>]) -> Option<Planes> {
    let planes = view.apply(puzzle)?;
    let likeliest = sizes.iter().map(|sizes| Some(sizes.first()?.0)).collect::<Option<Vec<Size>>>();
    let output_sizes = likeliest.filter(|_| *view == View::Identity).unwrap_or_default();
    Some(Planes { output_sizes, ..planes })
}

/// The puzzle's problem in a view's coordinates.
pub(super) fn problem(planes: &Planes, config: &Config) -> Problem {
    Problem::new(Plan::of(planes), config.network.clone(), config.objective.clone(), config.optimiser.clone())
}

/// What was chosen.
pub(super) struct Choice {
    pub view: View,
    /// The puzzle in it.
    pub planes: Planes,
    /// What every view cost; empty where there was nothing to choose.
    pub trials: Vec<Trial>,
}

/// Tries the views; the shortest description wins, and of equals the first. `watch` hears of every step, as of the fit's
/// step 0; where it breaks off, it is the identity.
///
/// # Errors
/// Where no engine can be had, or it fails.
pub(super) fn choose(
    puzzle: &Puzzle,
    sizes: &[Vec<(Size, f64)>],
    config: &Config,
    threads: Option<usize>,
    watch: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Choice, EngineError> {
    let views = views(puzzle, config);
    let others = views.len() - 1;
    let as_it_is = planes(puzzle, &View::Identity, sizes).unwrap_or_else(|| Planes::from(puzzle));
    let identity = |trials| Choice { view: View::Identity, planes: as_it_is.clone(), trials };
    let (mut best, mut trials) = (identity(Vec::new()), Vec::new());
    if others == 0 {
        return Ok(best);
    }
    let mut shortest = Bits(f64::INFINITY);
    let settings = config.fit_settings(threads);
    for (number, view) in views.into_iter().enumerate() {
        let Some(planes) = planes(puzzle, &view, sizes) else { continue };
        let Some((rest, hidden)) = planes.hide_last() else { continue };
        let mut hear = |losses: &[_]| watch(Progress { step: 0, losses, confidence: 0.0, attempts: &[] });
        let problem = problem(&rest, config);
        let Some(nats) = fit::foretell(&problem, &hidden, trial_steps(config), &settings, &mut hear)? else {
            return Ok(identity(trials));
        };
        let bits = Bits(Bits::from(nats).0 + name_bits(number, others + 1));
        trials.push(Trial { view: view.clone(), bits });
        if bits.0 < shortest.0 {
            shortest = bits;
            best = Choice { view, planes, trials: Vec::new() };
        }
    }
    Ok(Choice { trials, ..best })
}

#[cfg(test)]
mod tests {
    use super::super::solve_one;
    use super::*;
    use crate::data::{Grid, Pair};
    use crate::engine::EngineKind;

    /// The output is the input and its mirror image, side by side.
    fn mirrored() -> Puzzle {
        let input = |cells: [u8; 4]| Grid::new(2, 2, cells.to_vec()).unwrap();
        let output = |[a, b, c, d]: [u8; 4]| Grid::new(2, 4, vec![a, b, b, a, c, d, d, c]).unwrap();
        let pair = |cells| Pair { input: input(cells), output: output(cells) };
        let train = vec![pair([1, 0, 0, 2]), pair([0, 1, 2, 2]), pair([2, 1, 0, 0])];
        Puzzle { id: "p".into(), train, test: vec![input([0, 2, 1, 0])], solutions: None }
    }

    fn config(view_steps: usize) -> Config {
        Config { view_steps, steps: 60, engine: EngineKind::Fused, readings: 0, ..Config::default() }
    }

    #[test]
    fn the_view_that_foretells_best_is_fitted() {
        let mut steps = Vec::new();
        let watch = |progress: Progress| {
            steps.push(progress.step);
            ControlFlow::Continue(())
        };
        let (problem, fitted) = solve_one(&mirrored(), &config(60), Some(1), watch).unwrap().unwrap();
        assert_eq!(fitted.view.to_string(), "output folded into 1 × 2 panels", "{:?}", fitted.trials);
        assert_eq!(fitted.trials.len(), 2, "as it is and by panels; blocks would be the same planes");
        assert!(fitted.trials.iter().all(|trial| trial.bits.0 > 1.0));
        assert_eq!(problem.plan.dimensions.planes, 3);
        let answer = &fitted.attempts[0].attempt_1;
        assert_eq!((answer.rows(), answer.columns()), (2, 4), "answers are in the puzzle's own coordinates");
        assert_eq!(steps, [vec![0; 2 * 60], (1..=60).collect()].concat());
    }

    #[test]
    fn without_trials_a_puzzle_stays_as_it_is() {
        let go_on = |_: Progress| ControlFlow::Continue(());
        let (_, fitted) = solve_one(&mirrored(), &config(0), Some(1), go_on).unwrap().unwrap();
        assert_eq!((fitted.view, fitted.trials), (View::Identity, Vec::new()));
        let lone = Puzzle { train: mirrored().train[..1].to_vec(), ..mirrored() };
        assert_eq!(views(&lone, &config(60)), [View::Identity], "there is no pair to hide");
    }

    #[test]
    fn a_trial_can_be_broken_off() {
        let (_, fitted) = solve_one(&mirrored(), &config(60), Some(1), |_| ControlFlow::Break(())).unwrap().unwrap();
        assert!(fitted.broken_off && fitted.steps == 1 && fitted.view == View::Identity);
    }
}
