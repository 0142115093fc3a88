//! What is kept of each puzzle: its attempts, what they were worth, what it took and what it cost.
//!
//! In: a puzzle and its fit. Out: a record, one line of JSON.

use super::curves::{CurvePoint, thinned};
use crate::config::Config;
use crate::config::experiment::Setting;
use crate::data::{Attempts, Grid, Puzzle};
use crate::engine::{Losses, Problem, tensor_names};
use crate::fit::{Candidate, Fitted, Read};
use crate::units::{Bits, Nats};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// An amount of information in both units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Information {
    /// In nats.
    pub nats: f64,
    /// In bits.
    pub bits: f64,
}

impl From<f64> for Information {
    fn from(nats: f64) -> Self {
        Self { nats, bits: Bits::from(Nats(nats)).0 }
    }
}

/// What one seed's description costs at the last step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRecord {
    /// The seed.
    pub seed: u64,
    /// KL(q‖p) of all latents.
    pub kl: Information,
    /// −log p(puzzle | z).
    pub reconstruction: Information,
    /// The KL of each tensor's latents, by axes (example, colour, direction, row, column).
    pub kl_by_tensor: IndexMap<String, Information>,
}

/// What a view's trial came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewTrial {
    /// The view, in words.
    pub view: String,
    /// What the hidden outputs cost under it, and to say which view it is.
    pub bits: f64,
}

/// The version of the form below.
pub const SCHEMA: u32 = 7;

/// Candidates of a test output that are kept.
pub const CANDIDATES: usize = 10;

/// One puzzle's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PuzzleRecord {
    /// [`SCHEMA`], when it was made.
    pub schema: u32,
    /// The puzzle's id.
    pub id: String,
    /// The variant of the settings that it was fitted by.
    pub variant: String,
    /// The first seed of the fit.
    pub seed: u64,
    /// [`fingerprint`] of the puzzle and the settings that it was fitted by.
    pub fingerprint: String,
    /// Two attempts for each test input.
    pub attempts: Vec<Attempts>,
    /// For each test input, which attempt is right (1, 2, or 0 for none); none where solutions aren't known.
    pub right_attempts: Option<Vec<u8>>,
    /// Whether all test inputs are answered rightly; none where solutions aren't known.
    pub solved: Option<bool>,
    /// A hash of these solutions.
    pub solutions: Option<String>,
    /// For each test input the first step (from 0) after which the solution was the first attempt, if it ever was.
    pub first_step_on_top: Option<Vec<Option<usize>>>,
    /// For each test input the solution's rank, from 1, if it is an answer at all: in `read`, then among the fit's candidates.
    pub solution_ranks: Option<Vec<Option<usize>>>,
    /// For each test input its leading candidates, at most [`CANDIDATES`].
    pub candidates: Vec<Vec<Candidate>>,
    /// For each test input, how many candidates there were.
    pub candidates_seen: Vec<usize>,
    /// The step (from 0) after which the attempts were the final ones.
    pub last_change: usize,
    /// The first attempts' share of all votes, the smallest over test inputs.
    pub confidence: f64,
    /// Whether readings were sure, so that there was no fit, but for a step that counts nowhere: no candidates, no costs.
    pub sure: bool,
    /// Training steps done.
    pub steps: usize,
    /// Whether the attempts were stable for long enough to stop before the last step.
    pub stopped_early: bool,
    /// Whether the fit was cut before that: its share of the run's time was over.
    pub cut: bool,
    /// The view that it was fitted in, in words.
    pub view: String,
    /// What trials of its views cost; empty where there were none.
    pub view_trials: Vec<ViewTrial>,
    /// For each test input what readings by the coder of grids say, in the order in which answers are chosen: of [`CANDIDATES`] and of
    /// the candidates above.
    pub read: Vec<Vec<Read>>,
    /// Seconds of fitting, without trials.
    pub seconds: f64,
    /// The engine that ran.
    pub engine: String,
    /// Numbers that the fit has besides the latents. Their cost is in none of the amounts below.
    pub weights_not_counted: usize,
    /// Costs by seed.
    pub seeds: Vec<SeedRecord>,
    /// The course of the costs, the mean over seeds.
    pub curve: Vec<CurvePoint>,
}

/// What tells a run's records apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The puzzle's id.
    pub id: String,
    /// The variant.
    pub variant: String,
    /// The first seed.
    pub seed: u64,
}

impl Key {
    /// Of a puzzle's fit under a setting.
    pub fn of(puzzle: &Puzzle, setting: &Setting) -> Self {
        Self { id: puzzle.id.clone(), variant: setting.variant.clone(), seed: setting.config.seed }
    }
}

impl PuzzleRecord {
    /// The record of a fit that has ended.
    pub fn new(puzzle: &Puzzle, setting: &Setting, problem: &Problem, fitted: &Fitted) -> Self {
        let config = &setting.config;
        let last = fitted.trace.iter().filter(|point| point.step + 1 == fitted.steps);
        let candidates = fitted.tally.candidates(CANDIDATES);
        let kept = |(read, candidates): (&Vec<Read>, &Vec<Candidate>)| -> Vec<Read> {
            let is_candidate = |read: &Read| candidates.iter().any(|candidate| candidate.grid == read.grid);
            let kept = read.iter().enumerate().filter(|&(rank, read)| rank < CANDIDATES || is_candidate(read));
            kept.map(|(_, read)| read.clone()).collect()
        };
        let read = fitted.read.iter().zip(&candidates).map(kept).collect();
        let mut record = Self {
            schema: SCHEMA,
            id: puzzle.id.clone(),
            variant: setting.variant.clone(),
            seed: config.seed,
            fingerprint: fingerprint(puzzle, config),
            attempts: fitted.attempts.clone(),
            right_attempts: None,
            solved: None,
            solutions: None,
            first_step_on_top: None,
            solution_ranks: None,
            candidates,
            candidates_seen: fitted.tally.counts(),
            last_change: fitted.changes.last().map_or(0, |change| change.step),
            confidence: fitted.confidence,
            sure: fitted.sure,
            steps: fitted.steps,
            stopped_early: fitted.stopped_early,
            cut: fitted.broken_off,
            view: fitted.view.to_string(),
            read,
            view_trials: fitted
                .trials
                .iter()
                .map(|trial| ViewTrial { view: trial.view.to_string(), bits: trial.bits.0 })
                .collect(),
            seconds: fitted.duration.as_secs_f64(),
            engine: fitted.engine.clone(),
            weights_not_counted: problem.layout.weights(),
            seeds: last.map(|point| SeedRecord::new(point.seed, &point.losses)).collect(),
            curve: thinned(&fitted.trace, config.steps),
        };
        if let Some(solutions) = &puzzle.solutions {
            record.judge(solutions);
            let on_top = solutions.iter().enumerate().map(|(test, grid)| fitted.first_step_on_top(test, grid));
            record.first_step_on_top = Some(on_top.collect());
            record.solution_ranks = Some(fitted.ranks(solutions));
        }
        record
    }

    /// Judges the attempts by the puzzle's solutions, where these are others than before; says whether they were. When
    /// such solutions were first on top is not known afterwards, nor their rank behind the candidates that are kept.
    pub fn judge(&mut self, solutions: &[Grid]) -> bool {
        let hash = Some(hash(&[json(&solutions).as_slice()]));
        if self.solutions == hash {
            return false;
        }
        let right = |(solution, attempts): (&Grid, &Attempts)| match [&attempts.attempt_1, &attempts.attempt_2] {
            [first, _] if first == solution => 1,
            [_, second] if second == solution => 2,
            _ => 0,
        };
        let right: Vec<u8> = solutions.iter().zip(&self.attempts).map(right).collect();
        self.solved = Some(right.iter().all(|&attempt| attempt > 0));
        self.right_attempts = Some(right);
        self.first_step_on_top = None;
        let rank = |(solution, (read, candidates)): (&Grid, (&Vec<Read>, &Vec<Candidate>))| {
            let answers = read.iter().map(|read| &read.grid).chain(candidates.iter().map(|candidate| &candidate.grid));
            answers.enumerate().find(|(_, grid)| *grid == solution).map(|(rank, _)| rank + 1)
        };
        let answers = self.read.iter().zip(&self.candidates);
        self.solution_ranks = Some(solutions.iter().zip(answers).map(rank).collect());
        self.solutions = hash;
        true
    }

    /// What tells it from the run's others.
    pub fn key(&self) -> Key {
        Key { id: self.id.clone(), variant: self.variant.clone(), seed: self.seed }
    }

    /// Bits of latents and grids, the mean over its seeds; none where no seed is kept.
    pub fn bits(&self) -> Option<f64> {
        let bits: f64 = self.seeds.iter().map(|seed| seed.kl.bits + seed.reconstruction.bits).sum();
        (!self.seeds.is_empty()).then(|| bits / self.seeds.len() as f64)
    }

    /// The rank, from 1, among its answers that has the solutions of all tests up to it; none where one was none of them, or
    /// none is known.
    pub fn worst_rank(&self) -> Option<usize> {
        let ranks = self.solution_ranks.as_deref().filter(|ranks| ranks.len() == self.attempts.len())?;
        ranks.iter().try_fold(1, |worst, &rank| Some(worst.max(rank?)))
    }

    /// Why it can't be the record of this puzzle under these settings, if it can't.
    pub fn fault(&self, puzzle: &Puzzle, config: &Config) -> Option<&'static str> {
        if self.schema != SCHEMA {
            Some("is of another version")
        } else if self.attempts.len() != puzzle.test.len() {
            Some("has not two attempts for every test input")
        } else if self.fingerprint != fingerprint(puzzle, config) {
            Some("is of another puzzle of this id, or of other settings")
        } else {
            None
        }
    }

    /// What it came to, in a line.
    pub fn summary(&self) -> String {
        let outcome = match self.solved {
            Some(true) => "solved",
            Some(false) => "not solved",
            None => "answered",
        };
        if self.sure {
            let lead = |read: &Vec<Read>| if let [a, b, ..] = &read[..] { b.bits - a.bits } else { 0.0 };
            let lead = self.read.iter().map(lead).fold(f64::INFINITY, f64::min);
            return format!("{}: {outcome} without a fit, by readings that are sure by {lead:.1} bits", self.id);
        }
        let bits = self.bits().unwrap_or(0.0);
        let cut = if self.cut { " (cut by the time limit)" } else { "" };
        format!(
            "{}: {outcome} after {} steps{cut}, {:.1} s, {bits:.1} bits (weights not counted), confidence {:.0}%",
            self.id,
            self.steps,
            self.seconds,
            100.0 * self.confidence
        )
    }
}

/// A hash of all that a fit is given: the puzzle without its solutions, and the settings.
pub fn fingerprint(puzzle: &Puzzle, config: &Config) -> String {
    hash(&[&json(&puzzle.train), &json(&puzzle.test), config.to_toml().as_bytes()])
}

/// SHA-256 of the parts' lengths and bytes, in hexadecimal.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("plain data: {error}"))
}

impl SeedRecord {
    fn new(seed: u64, losses: &Losses) -> Self {
        let by_tensor = losses.kl_by_tensor_nats.iter().map(|&nats| Information::from(nats));
        Self {
            seed,
            kl: losses.kl_nats.into(),
            reconstruction: losses.reconstruction_nats.into(),
            kl_by_tensor: tensor_names().into_iter().zip(by_tensor).collect(),
        }
    }
}
