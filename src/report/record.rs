//! What is kept of each puzzle: its attempts, what they were worth, what it took and what it cost.
//!
//! In: a puzzle and its fit. Out: a record, written as one JSON file.

use crate::data::{Attempts, Puzzle};
use crate::engine::{Losses, Problem, tensor_names};
use crate::fit::Fitted;
use crate::units::{Bits, Nats};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

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

/// One puzzle's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PuzzleRecord {
    /// The puzzle's id.
    pub id: String,
    /// Two attempts for each test input.
    #[serde(deserialize_with = "read_attempts")]
    pub attempts: Vec<Attempts>,
    /// For each test input, which attempt is right (1, 2, or 0 for none); none where solutions aren't known.
    pub right_attempts: Option<Vec<u8>>,
    /// Whether all test inputs are answered rightly; none where solutions aren't known.
    pub solved: Option<bool>,
    /// For each test input the first step (from 0) after which the solution was the first attempt, if it ever was.
    pub first_step_on_top: Option<Vec<Option<usize>>>,
    /// The step (from 0) after which the attempts were the final ones.
    pub last_change: usize,
    /// The first attempts' share of all votes, the smallest over test inputs.
    pub confidence: f64,
    /// Training steps done.
    pub steps: usize,
    /// Whether the attempts were stable for long enough to stop before the last step.
    pub stopped_early: bool,
    /// Seconds of fitting.
    pub seconds: f64,
    /// The engine that ran.
    pub engine: String,
    /// Numbers that the fit has besides the latents. Their cost is in none of the amounts below.
    pub weights_not_counted: usize,
    /// Costs by seed.
    pub seeds: Vec<SeedRecord>,
}

impl PuzzleRecord {
    /// The record of a finished fit.
    pub fn new(puzzle: &Puzzle, problem: &Problem, fitted: &Fitted) -> Self {
        let right_attempts: Option<Vec<u8>> = puzzle.solutions.as_ref().map(|solutions| {
            solutions
                .iter()
                .zip(&fitted.attempts)
                .map(|(solution, Attempts { attempt_1, attempt_2 })| {
                    if attempt_1 == solution {
                        1
                    } else if attempt_2 == solution {
                        2
                    } else {
                        0
                    }
                })
                .collect()
        });
        let last = fitted.trace.iter().filter(|point| point.step + 1 == fitted.steps);
        Self {
            id: puzzle.id.clone(),
            solved: right_attempts.as_ref().map(|right| right.iter().all(|&attempt| attempt > 0)),
            first_step_on_top: puzzle.solutions.as_ref().map(|solutions| {
                solutions.iter().enumerate().map(|(test, grid)| fitted.first_step_on_top(test, grid)).collect()
            }),
            right_attempts,
            attempts: fitted.attempts.clone(),
            last_change: fitted.changes.last().map_or(0, |change| change.step),
            confidence: fitted.confidence,
            steps: fitted.steps,
            stopped_early: fitted.stopped_early,
            seconds: fitted.duration.as_secs_f64(),
            engine: fitted.engine.clone(),
            weights_not_counted: problem.layout.weights(),
            seeds: last.map(|point| SeedRecord::new(point.seed, &point.losses)).collect(),
        }
    }

    /// What it came to, in a line.
    pub fn summary(&self) -> String {
        let outcome = match self.solved {
            Some(true) => "solved",
            Some(false) => "not solved",
            None => "answered",
        };
        let seeds = self.seeds.len().max(1) as f64;
        let bits: f64 = self.seeds.iter().map(|seed| seed.kl.bits + seed.reconstruction.bits).sum::<f64>() / seeds;
        format!(
            "{}: {outcome} after {} steps, {:.1} s, {bits:.1} bits (weights not counted), confidence {:.0}%",
            self.id,
            self.steps,
            self.seconds,
            100.0 * self.confidence
        )
    }
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

fn read_attempts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Attempts>, D::Error> {
    #[derive(Deserialize)]
    struct Raw {
        attempt_1: Vec<Vec<u8>>,
        attempt_2: Vec<Vec<u8>>,
    }
    let grid = |rows: &[Vec<u8>]| crate::data::Grid::from_rows(rows).map_err(serde::de::Error::custom);
    Vec::<Raw>::deserialize(deserializer)?
        .iter()
        .map(|raw| Ok(Attempts { attempt_1: grid(&raw.attempt_1)?, attempt_2: grid(&raw.attempt_2)? }))
        .collect()
}
