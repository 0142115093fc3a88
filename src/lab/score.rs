//! Scores answers against the known solutions by the three scorings in use, each with a 95% interval.
//!
//! In: a submission and solutions by task. Out: a [`Score`], which serialises, and a table for the terminal.
//! An output is right if one of its two attempts equals the solution, in size and in every cell.
//!
//! # Intervals
//! All three are Wilson's score interval (E. B. Wilson, "Probable inference, the law of succession, and statistical
//! inference", Journal of the American Statistical Association 22, 1927), which Brown, Cai and DasGupta recommend for
//! proportions ("Interval estimation for a binomial proportion", Statistical Science 16, 2001): it stays within 0–1 and
//! keeps a width when nothing, or everything, is right.
//!
//! The mean over tasks is no proportion: a task's share may be 1/2. A t or a bootstrap interval would shrink to a point
//! when all tasks fail, and reach below 0 when most do. So its interval is Wilson's with the *effective* number of
//! tasks, n · m(1 − m)/v for the mean m and the variance v of the shares: the number of yes-or-no tasks that would tell
//! as much. It is the modified Wilson interval of survey statistics (Franco, Little, Louis and Slud, "Comparative study
//! of confidence intervals for proportions in complex sample surveys", Journal of Survey Statistics and Methodology 7,
//! 2019). It lies between the number of tasks, which it is when every task has one output, and the number of outputs.
//! In a simulation of 10, 40 and 200 tasks of one to three outputs, with true means of 0.03 to 0.7, it held the true mean
//! in 93–97% of the runs; the t interval did in 28–96%, and was no narrower where it held.
//!
//! The intervals say how far the score may move on *other tasks of the same kind*. The one over outputs takes outputs
//! for independent; those of one task are not quite, so that it is slightly narrow.

use std::collections::BTreeMap;
use std::fmt::Write;

use indexmap::IndexMap;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};
use thiserror::Error;

use crate::data::grid::Grid;
use crate::data::submission::GivenSubmission;
use crate::report::PuzzleRecord;
use crate::report::printable;

/// The confidence of the intervals.
pub const CONFIDENCE: f64 = 0.95;

/// How many ids or answers the table names before it only counts.
const LISTED: usize = 8;

/// A share with its 95% interval: 0 ≤ low ≤ value ≤ high ≤ 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The share that was found.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// A submission's score by each of the three scorings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Right outputs over all outputs (Kaggle 2025).
    pub share_of_outputs: Estimate,
    /// The mean over tasks of the share of right outputs.
    pub mean_over_tasks: Estimate,
    /// Tasks with all outputs right over all tasks (ARC-AGI-2).
    pub share_of_tasks: Estimate,
    /// How many outputs are right.
    pub outputs_right: usize,
    /// How many outputs have a known solution.
    pub outputs: usize,
    /// How many tasks have all outputs right.
    pub tasks_right: usize,
    /// How many tasks have known solutions.
    pub tasks: usize,
    /// Tasks with solutions that the submission lacks, sorted. They count as wrong.
    pub missing: Vec<String>,
    /// Answers to tasks with solutions that can't be read or are too many or too few, sorted. They count as wrong.
    pub malformed: Vec<String>,
    /// Tasks of the submission without known solutions, sorted. They are left out.
    pub unknown: Vec<String>,
}

/// How many of a run's tasks have all outputs right within so many answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PassAt {
    /// Answers that count, from the first attempt on; none where all do that ever came up.
    pub k: Option<usize>,
    /// Tasks.
    pub tasks_right: usize,
    /// All of the run's tasks with known solutions.
    pub tasks: usize,
    /// Their share.
    pub share: Estimate,
}

/// What `k` a table has.
const PASS_AT: [Option<usize>; 6] = [Some(1), Some(2), Some(3), Some(5), Some(10), None];

/// Counts a run's tasks by the ranks of their solutions, at most the candidates that are kept where a fit did not know
/// them. Nothing where no solution is known.
pub fn pass_at(records: &mut [PuzzleRecord], solutions: &IndexMap<String, Vec<Grid>>) -> Vec<PassAt> {
    let mut judged = Vec::new();
    for record in records {
        let Some(solutions) = solutions.get(&record.id) else { continue };
        record.judge(solutions);
        judged.push(&*record);
    }
    judged_passes(&judged)
}

/// The same of records by what they know of their solutions; where puzzles have several fits, each is counted, and the
/// share is the mean over puzzles.
pub fn passes(records: &[&PuzzleRecord]) -> Vec<PassAt> {
    let judged: Vec<&PuzzleRecord> = records.iter().copied().filter(|record| record.solved.is_some()).collect();
    judged_passes(&judged)
}

fn judged_passes(records: &[&PuzzleRecord]) -> Vec<PassAt> {
    let at = |k: Option<usize>| {
        let is_right = |record: &PuzzleRecord| record.worst_rank().is_some_and(|rank| k.is_none_or(|k| rank <= k));
        let mut by_puzzle: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for record in records {
            let (right, all) = by_puzzle.entry(&record.id).or_default();
            *right += usize::from(is_right(record));
            *all += 1;
        }
        PassAt {
            k,
            tasks_right: records.iter().filter(|record| is_right(record)).count(),
            tasks: records.len(),
            share: mean_of_shares(by_puzzle.into_values()),
        }
    };
    if records.is_empty() { Vec::new() } else { PASS_AT.map(at).to_vec() }
}

/// The ways in which a submission and solutions do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScoreError {
    /// A task's list of solutions is empty.
    #[error("task '{task}' has no solutions: remove it from the solutions, or complete it")]
    NoOutputs {
        /// The task's id.
        task: String,
    },
    /// There are no solutions at all.
    #[error("there are no solutions to score against: check that the solutions belong to these puzzles")]
    NoSolutions,
}

/// Scores a submission. The order of tasks, in either argument, changes nothing.
///
/// # Errors
/// [`ScoreError`], where a task's solutions are an empty list, or where there are no solutions.
pub fn score(submission: &GivenSubmission, solutions: &IndexMap<String, Vec<Grid>>) -> Result<Score, ScoreError> {
    if solutions.is_empty() {
        return Err(ScoreError::NoSolutions);
    }
    let mut tally = Tally::default();
    let mut missing = Vec::new();
    let known_faults = submission.faults.iter().filter(|fault| solutions.contains_key(&fault.task));
    let mut malformed: Vec<String> = known_faults.map(ToString::to_string).collect();
    for (task, expected) in solutions {
        if expected.is_empty() {
            return Err(ScoreError::NoOutputs { task: task.clone() });
        }
        let Some(answers) = submission.answers.get(task) else {
            missing.push(task.clone());
            tally.add(0, expected.len());
            continue;
        };
        // Where there are none at all, a fault says why.
        if !answers.is_empty() && answers.len() != expected.len() {
            malformed.push(format!("task {task}: {} answers to {} test inputs", answers.len(), expected.len()));
        }
        let is_right =
            |(answer, solution): &(&[Option<Grid>; 2], &Grid)| answer.iter().flatten().any(|one| one == *solution);
        tally.add(answers.iter().zip(expected).filter(is_right).count(), expected.len());
    }
    let known = |task: &&String| !solutions.contains_key(*task);
    let mut unknown: Vec<String> = submission.answers.keys().filter(known).cloned().collect();
    missing.sort();
    malformed.sort();
    unknown.sort();
    Ok(tally.into_score(missing, malformed, unknown))
}

/// How many tasks have so many outputs right of so many. Sums over it have a fixed order, whatever that of the tasks.
#[derive(Default)]
struct Tally {
    tasks_by_result: BTreeMap<(usize, usize), usize>,
}

impl Tally {
    fn add(&mut self, right: usize, outputs: usize) {
        *self.tasks_by_result.entry((right, outputs)).or_default() += 1;
    }

    /// The sum over tasks of what `term` says of (right, outputs).
    fn sum(&self, term: impl Fn(usize, usize) -> f64) -> f64 {
        let results = self.tasks_by_result.iter();
        results.map(|(&(right, outputs), &tasks)| tasks as f64 * term(right, outputs)).sum()
    }

    fn count(&self, term: impl Fn(usize, usize) -> usize) -> usize {
        let results = self.tasks_by_result.iter();
        results.map(|(&(right, outputs), &tasks)| tasks * term(right, outputs)).sum()
    }

    fn into_score(self, missing: Vec<String>, malformed: Vec<String>, unknown: Vec<String>) -> Score {
        let outputs_right = self.count(|right, _| right);
        let outputs = self.count(|_, outputs| outputs);
        let tasks_right = self.count(|right, outputs| usize::from(right == outputs));
        let tasks = self.count(|_, _| 1);
        Score {
            share_of_outputs: proportion(outputs_right, outputs),
            mean_over_tasks: self.mean_over_tasks(tasks, outputs),
            share_of_tasks: proportion(tasks_right, tasks),
            outputs_right,
            outputs,
            tasks_right,
            tasks,
            missing,
            malformed,
            unknown,
        }
    }

    /// The mean share with Wilson's interval for the effective number of tasks; see the module's notes.
    fn mean_over_tasks(&self, tasks: usize, outputs: usize) -> Estimate {
        let (least, most) = (tasks as f64, outputs as f64);
        let share = |right: usize, outputs: usize| right as f64 / outputs as f64;
        let mean = (self.sum(share) / least).clamp(0.0, 1.0);
        let variance = self.sum(|right, outputs| (share(right, outputs) - mean).powi(2)) / least;
        // Shares in 0–1 have a variance of at most mean · (1 − mean), so the quotient is at least the number of tasks.
        let effective =
            if variance > 0.0 { (least * mean * (1.0 - mean) / variance).clamp(least, most) } else { least };
        wilson(mean, effective)
    }
}

/// The mean of shares, each right of so many, with the interval of the module's notes.
pub(super) fn mean_of_shares(shares: impl Iterator<Item = (usize, usize)>) -> Estimate {
    let mut tally = Tally::default();
    shares.for_each(|(right, all)| tally.add(right, all));
    tally.mean_over_tasks(tally.count(|_, _| 1), tally.count(|_, all| all))
}

/// A share of cases.
pub(super) fn proportion(right: usize, all: usize) -> Estimate {
    wilson(right as f64 / all as f64, all as f64)
}

/// Wilson's score interval for a share of `count` cases: the shares p with |value − p| ≤ z · √(p(1 − p)/count).
pub(super) fn wilson(value: f64, count: f64) -> Estimate {
    let z = Normal::standard().inverse_cdf(0.5 + CONFIDENCE / 2.0);
    let shrinkage = 1.0 + z * z / count;
    let centre = (value + z * z / (2.0 * count)) / shrinkage;
    let variance = value * (1.0 - value) / count + z * z / (4.0 * count * count);
    let half_width = z * variance.sqrt() / shrinkage;
    // Rounding may carry the ends past the value, or past 0 and 1, by the last digit.
    Estimate { value, low: (centre - half_width).clamp(0.0, value), high: (centre + half_width).clamp(value, 1.0) }
}

/// The score as a table for the terminal, with the tasks that are missing or unknown below it.
pub fn score_table(score: &Score) -> String {
    let counts = |right: usize, all: usize| format!("{right} of {all}");
    let rows = [
        ("right outputs (Kaggle 2025)", counts(score.outputs_right, score.outputs), score.share_of_outputs),
        ("mean over tasks", format!("{} tasks", score.tasks), score.mean_over_tasks),
        ("solved tasks (ARC-AGI-2)", counts(score.tasks_right, score.tasks), score.share_of_tasks),
    ];
    let mut table = format!("{:<28}{:>14}{:>9}   {}\n", "scoring", "count", "score", "95% interval");
    for (name, count, Estimate { value, low, high }) in rows {
        let [value, low, high] = [value, low, high].map(|share| format!("{:.1}%", 100.0 * share));
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:<28}{count:>14}{value:>9}   {low} to {high}");
    }
    push_ids(&mut table, "missing, counted as wrong", &score.missing);
    push_lines(&mut table, "not as an answer has to be, counted as wrong", &score.malformed);
    push_ids(&mut table, "without known solutions, left out", &score.unknown);
    table
}

/// Pass at k as lines below the table.
pub fn pass_table(passes: &[PassAt]) -> String {
    let mut table = format!("\n{:<28}{:>14}{:>9}   {}\n", "right within", "count", "score", "95% interval");
    for PassAt { k, tasks_right, tasks, share: Estimate { value, low, high } } in passes {
        let within = match k {
            None => "any answer".into(),
            Some(1) => "1 answer".into(),
            Some(k) => format!("{k} answers"),
        };
        let count = format!("{tasks_right} of {tasks}");
        let [value, low, high] = [value, low, high].map(|share| format!("{:.1}%", 100.0 * share));
        let _ = writeln!(table, "{within:<28}{count:>14}{value:>9}   {low} to {high}");
    }
    table
}

fn push_ids(table: &mut String, what: &str, ids: &[String]) {
    if ids.is_empty() {
        return;
    }
    let named = ids[..ids.len().min(LISTED)].join(", ");
    let _ = writeln!(table, "{what} ({}): {}{}", ids.len(), printable(&named), rest(ids));
}

fn push_lines(table: &mut String, what: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(table, "{what} ({}):", lines.len());
    for line in &lines[..lines.len().min(LISTED)] {
        let _ = writeln!(table, "  {}", printable(line));
    }
    if lines.len() > LISTED {
        let _ = writeln!(table, " {}", rest(lines));
    }
}

/// How many are not named.
fn rest(items: &[String]) -> String {
    match items.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

#[cfg(test)]
mod tests;
