//! What is kept and shown of puzzles as they end: records and the submission at once, drawings in the order of the input.

use crate::cli::{print, stop};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tenfold::internals::config::Config;
use tenfold::internals::data::{Attempts, Grid, Loaded, Puzzle, Submission};
use tenfold::internals::pipeline::Outcome;
use tenfold::internals::report::{
    PuzzleRecord, RunFolder, Style, draw_puzzle, printable, puzzle_picture, write_atomically,
};

pub struct Tally<'a> {
    puzzles: &'a [Puzzle],
    /// Tasks that were given, those that can't be read among them.
    given: usize,
    run: &'a RunFolder,
    png: Option<&'a Path>,
    quiet: bool,
    submission: Submission,
    /// By puzzle what there is to show; the first `shown` have been.
    waiting: BTreeMap<usize, Option<PuzzleRecord>>,
    shown: usize,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    known: usize,
    solved: usize,
    cut: usize,
    not_begun: usize,
    skipped: usize,
    broken_off: bool,
}

impl<'a> Tally<'a> {
    /// Nothing is known yet but the ids: placeholders stand for both attempts at every test input.
    pub fn new(loaded: &'a Loaded, run: &'a RunFolder, png: Option<&'a Path>, quiet: bool) -> Self {
        let both = |grid: Grid| Attempts { attempt_1: grid.clone(), attempt_2: grid };
        let black = || Grid::new(1, 1, vec![0]).unwrap_or_else(|error| unreachable!("a black cell: {error}"));
        let puzzles = &loaded.puzzles;
        let mut submission: Submission =
            puzzles.iter().map(|puzzle| (puzzle.id.clone(), puzzle.test.iter().cloned().map(both).collect())).collect();
        for refused in &loaded.refused {
            if let Some(id) = &refused.id {
                submission.entry(id.clone()).or_insert_with(|| vec![both(black()); refused.tests.max(1)]);
            }
        }
        let counts = Counts { skipped: loaded.refused.len(), ..Counts::default() };
        let given = puzzles.len() + counts.skipped;
        Self { puzzles, given, run, png, quiet, submission, waiting: BTreeMap::new(), shown: 0, counts }
    }

    /// Writes the submission as it stands.
    pub fn save_submission(&self) -> anyhow::Result<()> {
        Ok(self.run.save_submission(&self.submission)?)
    }

    /// Takes attempts for a puzzle's answers so far.
    pub fn answer(&mut self, index: usize, attempts: &[Attempts]) {
        self.submission.insert(self.puzzles[index].id.clone(), attempts.to_vec());
    }

    /// Counts a record.
    pub fn count(&mut self, index: usize, record: PuzzleRecord) -> anyhow::Result<()> {
        self.counts.known += usize::from(record.solved.is_some());
        self.counts.solved += usize::from(record.solved == Some(true));
        self.counts.cut += usize::from(record.cut);
        self.answer(index, &record.attempts);
        self.show_in_order(index, Some(record))
    }

    /// A puzzle is not fitted at all.
    pub fn skip(&mut self, index: usize) -> anyhow::Result<()> {
        self.counts.skipped += 1;
        self.show_in_order(index, None)
    }

    /// What became of a fit; `before` is the record of an earlier one that was cut.
    pub fn hear(
        &mut self,
        index: usize,
        outcome: Outcome,
        before: Option<PuzzleRecord>,
        config: &Config,
    ) -> anyhow::Result<()> {
        self.counts.broken_off |= matches!(outcome, Outcome::BrokenOff(_));
        match (outcome, before) {
            (Outcome::Cut(_, fitted), Some(record)) if fitted.steps <= record.steps => self.count(index, record)?,
            (Outcome::Whole(problem, fitted) | Outcome::Cut(problem, fitted), _) => {
                let record = PuzzleRecord::new(&self.puzzles[index], config, &problem, &fitted);
                self.run.save(&record, &fitted.trace)?;
                self.count(index, record)?;
            }
            (Outcome::BrokenOff(_) | Outcome::NotBegun, Some(record)) => self.count(index, record)?,
            (Outcome::BrokenOff(fitted), None) => {
                self.answer(index, &fitted.attempts);
                self.show_in_order(index, None)?;
            }
            (Outcome::NotBegun, None) => {
                self.counts.not_begun += 1;
                self.show_in_order(index, None)?;
            }
        }
        self.save_submission()
    }

    /// Says what it came to; the error is what keeps the run from being whole.
    pub fn end(&self) -> anyhow::Result<()> {
        let Counts { known, solved, cut, not_begun, skipped, broken_off } = self.counts;
        let folder = self.run.path().to_string_lossy();
        if broken_off || (not_begun > 0 && stop::requested()) {
            let how =
                format!("what is whole is in {folder}; go on by the same command with --resume --output {folder}");
            return Err(stop::stopped(how).into());
        }
        let mut parts = Vec::new();
        if known > 0 {
            parts.push(format!("{solved} of {known} solved"));
        }
        if cut > 0 {
            parts.push(format!("{cut} cut by the time limit"));
        }
        if not_begun > 0 {
            parts.push(format!("{not_begun} not begun"));
        }
        parts.push(format!("results in {}", printable(&folder)));
        print::line(parts.join("; "))?;
        anyhow::ensure!(skipped == 0, "{skipped} of {} tasks were skipped, see above", self.given);
        Ok(())
    }

    /// Shows all puzzles up to the first of which nothing is known yet.
    fn show_in_order(&mut self, index: usize, record: Option<PuzzleRecord>) -> anyhow::Result<()> {
        self.waiting.insert(index, record);
        while let Some(next) = self.waiting.remove(&self.shown) {
            if let Some(record) = next {
                self.show(&self.puzzles[self.shown], &record)?;
            }
            self.shown += 1;
        }
        Ok(())
    }

    fn show(&self, puzzle: &Puzzle, record: &PuzzleRecord) -> anyhow::Result<()> {
        if !self.quiet {
            let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
            print::line(draw_puzzle(puzzle, &record.attempts, Style::for_stdout(), width))?;
        }
        print::line(printable(&record.summary()))?;
        if let Some(path) = self.png {
            let path = if self.puzzles.len() > 1 { named_for(path, &puzzle.id) } else { path.to_owned() };
            write_atomically(&path, &puzzle_picture(puzzle, &record.attempts)?)?;
        }
        Ok(())
    }
}

/// `dir/name.png` to `dir/name-ID.png`.
fn named_for(path: &Path, id: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{id}.png"))
}
