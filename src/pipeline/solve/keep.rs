//! What is kept of a run as it goes: records in its folder, and the submission, which has every id from the first second.

use crate::config::experiment::Fits;
use crate::data::{Attempts, Grid, Loaded, Submission};
use crate::report::{RunError, RunFolder};

/// The submission so far, and the folder that keeps it, if there is one.
pub(super) struct Keeper {
    pub run: Option<RunFolder>,
    /// None where a puzzle has several fits, and so no answer that is the run's.
    submission: Option<Submission>,
}

impl Keeper {
    /// Nothing is known yet but the ids: placeholders stand for both attempts at every test input.
    pub fn new(loaded: &Loaded, fits: &Fits, run: Option<RunFolder>) -> Self {
        Self { run, submission: (fits.settings.len() == 1).then(|| placeholders(loaded)) }
    }

    /// [`RunFolder::settle`], where there is a folder.
    pub fn settle(&mut self) -> Result<(), RunError> {
        self.run.as_mut().map_or(Ok(()), RunFolder::settle)
    }

    /// Takes attempts for a puzzle's answers so far.
    pub fn answer(&mut self, id: &str, attempts: &[Attempts]) {
        if let Some(submission) = &mut self.submission {
            submission.insert(id.into(), attempts.to_vec());
        }
    }

    /// Writes the submission as it stands.
    pub fn save_submission(&self) -> Result<(), RunError> {
        match (&self.run, &self.submission) {
            (Some(run), Some(submission)) => run.save_submission(submission),
            _ => Ok(()),
        }
    }
}

fn placeholders(loaded: &Loaded) -> Submission {
    let both = |grid: Grid| Attempts { attempt_1: grid.clone(), attempt_2: grid };
    let black = || Grid::new(1, 1, vec![0]).unwrap_or_else(|error| unreachable!("a black cell: {error}"));
    let puzzles = loaded.puzzles.iter();
    let mut submission: Submission =
        puzzles.map(|puzzle| (puzzle.id.clone(), puzzle.test.iter().cloned().map(both).collect())).collect();
    for refused in &loaded.refused {
        if let Some(id) = &refused.id {
            submission.entry(id.clone()).or_insert_with(|| vec![both(black()); refused.tests.max(1)]);
        }
    }
    submission
}
