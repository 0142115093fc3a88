//! Says in a run's folder what is at work, about once a second.
//!
//! In: steps of fits, on any thread. Out: [`Live`] in the folder, for as long as this lives.

use super::Progress;
use crate::config::experiment::Setting;
use crate::data::Puzzle;
use crate::fit;
use crate::report::Key;
use crate::report::live::{AtWork, Live, now};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often it is written.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Reporter {
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    live: Live,
    written: Option<Instant>,
}

impl Reporter {
    /// Of so many fits in all, of which so many are left.
    pub(super) fn new(folder: &Path, all: usize, left: usize) -> Self {
        let live =
            Live { begun: now(), written: now(), fits: all, before: all.saturating_sub(left), at_work: Vec::new() };
        Self { folder: folder.to_owned(), state: Mutex::new(State { live, written: None }) }
    }

    /// A fit did a step.
    pub(super) fn hear(&self, puzzle: &Puzzle, setting: &Setting, progress: &fit::Progress) {
        let mut state = self.state();
        let key = Key::of(puzzle, setting);
        let Progress { step, bits, confidence } = Progress::of(progress);
        let Key { id, variant, seed } = key.clone();
        let steps = setting.config.steps;
        let attempts = progress.attempts.to_vec();
        let fit = AtWork { id, variant, seed, step, steps, bits: bits.0, confidence, attempts };
        match state.live.at_work.iter_mut().find(|fit| fit.key() == key) {
            Some(known) => *known = fit,
            None => state.live.at_work.push(fit),
        }
        if state.written.is_none_or(|written| written.elapsed() >= EVERY) {
            state.live.written = now();
            state.written = Some(Instant::now());
            // Nothing depends on it: a run goes on where nobody can watch it.
            let _ = state.live.write(&self.folder);
        }
    }

    /// A fit has ended.
    pub(super) fn end(&self, key: &Key) {
        self.state().live.at_work.retain(|fit| fit.key() != *key);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        Live::remove(&self.folder);
    }
}
