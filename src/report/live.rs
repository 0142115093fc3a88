//! What a run says of itself while it runs, for who watches from elsewhere: `live.json` in its folder.
//!
//! In: the state of the fits at work. Out: a file that is written anew about once a second, and is gone when the run has ended. One
//! that was killed leaves its last.

use super::record::Key;
use super::write::{WriteError, write_atomically};
use crate::data::Attempts;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The file's name.
const NAME: &str = "live.json";

/// A run at work. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// When it began, or was taken up again.
    pub begun: f64,
    /// When this was written.
    pub written: f64,
    /// Fits of the whole run or shard.
    pub fits: usize,
    /// How many of them were done when it began.
    pub before: usize,
    /// Those that run now, in the order of their beginning.
    pub at_work: Vec<AtWork>,
}

/// A fit that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtWork {
    /// The puzzle's id.
    pub id: String,
    /// The variant.
    pub variant: String,
    /// The first seed.
    pub seed: u64,
    /// Steps done; 0 while views are tried.
    pub step: usize,
    /// Most steps of the fit.
    pub steps: usize,
    /// Bits of latents and grids, the mean over seeds.
    pub bits: f64,
    /// The leading attempts' share of the tally, 0 to 1.
    pub confidence: f64,
    /// The leading attempts at each test input; none while views are tried.
    pub attempts: Vec<Attempts>,
}

impl AtWork {
    /// Which fit it is.
    pub fn key(&self) -> Key {
        Key { id: self.id.clone(), variant: self.variant.clone(), seed: self.seed }
    }
}

impl Live {
    /// What a run says now; none where none is at work, or it can't be read.
    pub fn read(run: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(run.join(NAME)).ok()?).ok()
    }

    /// Puts it into a run's folder.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write(&self, run: &Path) -> Result<(), WriteError> {
        let bytes = serde_json::to_vec(self).unwrap_or_else(|error| unreachable!("plain data: {error}"));
        write_atomically(&run.join(NAME), &bytes)
    }

    /// Takes what a run said out of its folder.
    pub fn remove(run: &Path) {
        // Where it stays, its time says that it is old.
        let _ = fs::remove_file(run.join(NAME));
    }
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
