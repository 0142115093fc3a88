//! A bar for each fit that runs.

use crate::cli::progress;
use indicatif::{MultiProgress, ProgressBar};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tenfold::Bits;
use tenfold::internals::report::printable;
use tenfold::puzzle::Progress;

pub struct Bars {
    steps: usize,
    all: MultiProgress,
    by_puzzle: Mutex<HashMap<usize, ProgressBar>>,
}

impl Bars {
    /// Of fits of so many steps.
    pub fn new(steps: usize) -> Self {
        Self { steps, all: MultiProgress::new(), by_puzzle: Mutex::default() }
    }

    /// A fit did a step.
    pub fn step(&self, puzzle: usize, id: &str, progress: &Progress) {
        let bar = self.by_puzzle().entry(puzzle).or_insert_with(|| self.begin(id)).clone();
        let Bits(bits) = progress.bits;
        bar.set_position(progress.step as u64);
        bar.set_message(format!("{bits:.0} bits, confidence {:.0}%", 100.0 * progress.confidence));
    }

    fn begin(&self, id: &str) -> ProgressBar {
        let bar = self.all.add(progress::bar(self.steps, "{prefix}", "{msg}, "));
        bar.set_prefix(printable(id).into_owned());
        bar
    }

    /// A fit has ended.
    pub fn end(&self, puzzle: usize) {
        if let Some(bar) = self.by_puzzle().remove(&puzzle) {
            bar.finish_and_clear();
        }
    }

    /// Does something that prints, without the bars.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.all.suspend(print)
    }

    fn by_puzzle(&self) -> MutexGuard<'_, HashMap<usize, ProgressBar>> {
        self.by_puzzle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
