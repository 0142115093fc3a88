//! The choice of answers: every step proposes candidates, and those that keep coming back with confidence win.
//!
//! In: a step's outputs for each seed. Out: two attempts for each test input. Each step gives two candidates, the
//! network's own and that of running means of its outputs; a candidate adds exp(score) to its tally, where the score
//! falls with the mean uncertainty of its cells.
//!
//! Source: the public CompressARC code, `solution_selection.py`.

use super::readout::{Answer, Readout};
use crate::data::{Attempts, Grid};
use crate::engine::Outputs;
use crate::model::Plan;
use crate::views::View;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What is voted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vote {
    /// Each test output on its own.
    Output,
    /// All test outputs of a task together, as published.
    Task,
}

/// How candidates are scored. The defaults are the published ones but for the vote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// What is voted on.
    pub vote: Vote,
    /// What the mean uncertainty of a candidate's cells, in nats, takes off its score.
    pub uncertainty_weight: f64,
    /// Steps whose candidates count less.
    pub early_steps: usize,
    /// What is taken off their scores.
    pub early_penalty: f64,
    /// Decay of the running means a step.
    pub mean_decay: f64,
    /// What is taken off the score of the running means' candidate.
    pub mean_penalty: f64,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            vote: Vote::Output,
            uncertainty_weight: 10.0,
            early_steps: 150,
            early_penalty: 10.0,
            mean_decay: 0.97,
            mean_penalty: 4.0,
        }
    }
}

/// The tally over all steps and seeds.
#[derive(Clone, Debug)]
pub struct Tally {
    settings: Selection,
    /// Which test outputs are voted on together.
    groups: Vec<Vec<usize>>,
    /// For each group, its candidates.
    scores: Vec<IndexMap<Vec<Grid>, Standing>>,
    /// For each seed, test input and output plane, running means of the outputs.
    means: Vec<Vec<Vec<Readout>>>,
    /// What answers are brought back from.
    view: View,
}

/// How a candidate stands.
#[derive(Clone, Debug)]
struct Standing {
    /// The log of the sum of exp(score).
    score: f64,
    first_seen: usize,
    led: Vec<[usize; 2]>,
}

/// A candidate for a test output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The answer.
    pub grid: Grid,
    /// Its share of all scores.
    pub share: f64,
    /// The step (from 0) that proposed it first.
    pub first_seen: usize,
    /// The first and the last step of each time that it led.
    pub led: Vec<[usize; 2]>,
}

/// An answer, and what it costs by readings, which need no fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// The test output.
    pub grid: Grid,
    /// The mean over readings of its information, and what its size, its division, the laws that it breaks and the readings that hold
    /// others likeliest add, bits.
    pub bits: f64,
    /// How the puzzle's pairs are divided where it costs least, in words.
    pub division: String,
    /// How many readings hold it likeliest so.
    pub likeliest: usize,
    /// How many kinds of law it breaks.
    pub broken_laws: usize,
}

/// The two leading candidates for each test output, and the leaders' share of the tally.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaders {
    /// Two attempts for each test input.
    pub attempts: Vec<Attempts>,
    /// The first attempts' share of all scores, the smallest over test outputs.
    pub confidence: f64,
}

impl Tally {
    /// An empty tally for a puzzle fitted with `seeds` seeds, whose plan is in the coordinates of `view`; candidates are in the
    /// puzzle's own.
    pub fn new(plan: &Plan, view: &View, settings: &Selection, seeds: usize) -> Self {
        let tests = plan.tests();
        let groups: Vec<Vec<usize>> = match settings.vote {
            Vote::Output => (0..tests).map(|test| vec![test]).collect(),
            Vote::Task => vec![(0..tests).collect()],
        };
        let empty = vec![Readout::empty(plan); plan.dimensions.planes - plan.inputs];
        Self {
            settings: settings.clone(),
            scores: vec![IndexMap::new(); groups.len()],
            groups,
            means: vec![vec![empty; tests]; seeds],
            view: view.clone(),
        }
    }

    /// The same without any candidate.
    #[must_use]
    pub fn emptied(self) -> Self {
        Self { scores: vec![IndexMap::new(); self.groups.len()], ..self }
    }

    /// Counts what seed number `seed` says at `step`.
    pub fn add(&mut self, plan: &Plan, seed: usize, step: usize, outputs: &Outputs) {
        let early = if step < self.settings.early_steps { self.settings.early_penalty } else { 0.0 };
        let mut own = Vec::new();
        let mut averaged = Vec::new();
        for (test, means) in self.means[seed].iter_mut().enumerate() {
            let readouts: Vec<Readout> = (plan.inputs..plan.dimensions.planes)
                .map(|plane| Readout::new(plan, plan.train + test, plane, outputs))
                .collect();
            for (mean, readout) in means.iter_mut().zip(&readouts) {
                mean.decay_towards(readout, self.settings.mean_decay as f32);
            }
            own.push(Answer::new(plan, test, &self.view, &readouts));
            averaged.push(Answer::new(plan, test, &self.view, means));
        }
        for (answers, penalty) in [(own, early), (averaged, early + self.settings.mean_penalty)] {
            for (group, scores) in self.groups.iter().zip(&mut self.scores) {
                let uncertainty =
                    group.iter().map(|&test| answers[test].uncertainty_nats).sum::<f64>() / group.len() as f64;
                let score = -self.settings.uncertainty_weight * uncertainty - penalty;
                let candidate: Vec<Grid> = group.iter().map(|&test| answers[test].grid.clone()).collect();
                let new = Standing { score: f64::NEG_INFINITY, first_seen: step, led: Vec::new() };
                let standing = scores.entry(candidate).or_insert(new);
                standing.score = log_add(standing.score, score);
            }
        }
    }

    /// The leaders after `step`; none before the first.
    pub fn leaders(&mut self, step: usize) -> Option<Leaders> {
        let tests = self.groups.iter().map(Vec::len).sum();
        let mut attempts: Vec<Option<Attempts>> = vec![None; tests];
        let mut confidence = 1f64;
        for (group, scores) in self.groups.iter().zip(&mut self.scores) {
            let ranked = ranked(scores);
            let &(first, share) = ranked.first()?;
            let second = ranked.get(1).map_or(first, |&(second, _)| second);
            confidence = confidence.min(share);
            match scores[first].led.last_mut() {
                Some([_, last]) if *last + 1 == step => *last = step,
                _ => scores[first].led.push([step, step]),
            }
            for (place, &test) in group.iter().enumerate() {
                let attempt = |index: usize| scores.get_index(index).map(|(grids, _)| grids[place].clone());
                attempts[test] = Some(Attempts { attempt_1: attempt(first)?, attempt_2: attempt(second)? });
            }
        }
        Some(Leaders { attempts: attempts.into_iter().collect::<Option<_>>()?, confidence })
    }

    /// How many candidates each test output has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.groups.iter().map(Vec::len).sum()];
        for (group, scores) in self.groups.iter().zip(&self.scores) {
            for &test in group {
                counts[test] = scores.len();
            }
        }
        counts
    }

    /// For each test output its candidates, at most so many, the leader first.
    pub fn candidates(&self, most: usize) -> Vec<Vec<Candidate>> {
        let mut candidates = vec![Vec::new(); self.groups.iter().map(Vec::len).sum()];
        for (group, scores) in self.groups.iter().zip(&self.scores) {
            for (index, share) in ranked(scores).into_iter().take(most) {
                let Some((grids, Standing { first_seen, led, .. })) = scores.get_index(index) else { continue };
                for (&test, grid) in group.iter().zip(grids) {
                    let (grid, led) = (grid.clone(), led.clone());
                    candidates[test].push(Candidate { grid, share, first_seen: *first_seen, led });
                }
            }
        }
        candidates
    }

    /// For each test output the rank of `solutions`' one among all candidates, from 1.
    pub fn ranks(&self, solutions: &[Grid]) -> Vec<Option<usize>> {
        let mut ranks = vec![None; solutions.len()];
        for (group, scores) in self.groups.iter().zip(&self.scores) {
            let ranked = ranked(scores);
            for (place, &test) in group.iter().enumerate() {
                let is_right = |&(index, _): &(usize, f64)| {
                    scores.get_index(index).is_some_and(|(grids, _)| grids[place] == solutions[test])
                };
                ranks[test] = ranked.iter().position(is_right).map(|rank| rank + 1);
            }
        }
        ranks
    }
}

/// Candidates' indices and their shares of all scores, the leader first; of equals the one seen first leads.
fn ranked(scores: &IndexMap<Vec<Grid>, Standing>) -> Vec<(usize, f64)> {
    let mut ranked: Vec<(usize, f64)> = scores.values().map(|standing| standing.score).enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let total = ranked.iter().map(|&(_, score)| score).fold(f64::NEG_INFINITY, log_add);
    for (_, score) in &mut ranked {
        *score = (*score - total).exp();
    }
    ranked
}

/// ln(exp(a) + exp(b)).
fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Pair, Puzzle};
    use proptest::prelude::*;

    fn puzzle(tests: usize) -> Puzzle {
        let grid = |colour| Grid::new(1, 2, vec![0, colour]).unwrap();
        Puzzle {
            id: "p".into(),
            train: vec![Pair { input: grid(3), output: grid(5) }],
            test: vec![grid(3); tests],
            solutions: None,
        }
    }

    /// Outputs in which every test output is two cells of the colours with these palette indices.
    fn outputs(plan: &Plan, cells: &[[usize; 2]], sure: f32) -> Outputs {
        let dimensions = &plan.dimensions;
        let mut logits = vec![0.0; dimensions.examples * dimensions.colours * 2 * 2];
        for (test, colours) in cells.iter().enumerate() {
            for (column, &colour) in colours.iter().enumerate() {
                for index in 1..=dimensions.colours {
                    let example = plan.train + test;
                    let position = ((example * dimensions.colours + index - 1) * 2 + column) * 2 + 1;
                    logits[position] = if index == colour { sure } else { -sure };
                }
            }
        }
        Outputs {
            logits,
            row_mask: vec![0.0; dimensions.examples * 2],
            column_mask: vec![0.0; dimensions.examples * 2 * 2],
        }
    }

    #[test]
    fn sure_candidates_beat_frequent_ones() {
        let plan = Plan::new(&puzzle(1));
        let mut tally = Tally::new(&plan, &View::Identity, &Selection::default(), 1);
        assert_eq!(tally.leaders(0), None);
        for step in 200..210 {
            tally.add(&plan, 0, step, &outputs(&plan, &[[0, 1]], 0.1));
        }
        tally.add(&plan, 0, 210, &outputs(&plan, &[[0, 2]], 9.0));
        let leaders = tally.leaders(210).unwrap();
        assert_eq!(leaders.attempts[0].attempt_1.cells(), [0, 5]);
        assert_eq!(leaders.attempts[0].attempt_2.cells(), [0, 3]);
        assert!(leaders.confidence > 0.9);
        let candidates = tally.candidates(10).remove(0);
        assert_eq!(tally.counts(), [candidates.len()]);
        assert_eq!((candidates[0].first_seen, &candidates[0].led[..]), (210, &[[210, 210]][..]));
        assert_eq!((candidates[1].first_seen, &candidates[1].led[..]), (200, &[][..]));
        assert!((candidates[0].share - leaders.confidence).abs() < 1e-12);
        let absent = Grid::new(1, 2, vec![9, 9]).unwrap();
        assert_eq!(tally.ranks(&[candidates[1].grid.clone()]), [Some(2)]);
        assert_eq!(tally.ranks(&[absent]), [None]);
    }

    #[test]
    fn outputs_are_voted_on_their_own_or_together() {
        let plan = Plan::new(&puzzle(2));
        let lead = |vote| {
            let settings = Selection { vote, mean_penalty: 1e3, ..Selection::default() };
            let mut tally = Tally::new(&plan, &View::Identity, &settings, 1);
            for (step, cells) in
                [[[0, 1], [0, 1]], [[0, 2], [0, 1]], [[0, 2], [0, 2]], [[0, 1], [2, 2]]].into_iter().enumerate()
            {
                let sure = if step < 3 { 2.0 } else { 2.1 };
                tally.add(&plan, 0, 200 + step, &outputs(&plan, &cells, sure));
            }
            let leaders = tally.leaders(203).unwrap();
            leaders.attempts.iter().map(|attempts| attempts.attempt_1.cells().to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(lead(Vote::Task), [[0, 3], [5, 5]], "the surest pair, once");
        assert_eq!(lead(Vote::Output)[1], [0, 3], "the grid that came twice");
    }

    proptest! {
        #[test]
        fn log_add_adds(a in -50f64..50.0, b in -50f64..50.0) {
            prop_assert!((log_add(a, b).exp() - (a.exp() + b.exp())).abs() <= 1e-9 * (a.exp() + b.exp()));
        }
    }
}
