//! What is shown of puzzles as they end: drawings in the order of the input, and what it came to.

use crate::cli::{print, stop};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tenfold::internals::report::{Style, draw_puzzle, printable, write_atomically};
use tenfold::puzzle::{Loaded, News, Outcome, Puzzle, PuzzleRecord, picture};

pub struct Tally<'a> {
    puzzles: &'a [Puzzle],
    /// Tasks that were given, those that can't be read among them.
    given: usize,
    /// Where the run is kept.
    folder: &'a Path,
    png: Option<&'a Path>,
    quiet: bool,
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
}

impl<'a> Tally<'a> {
    /// Of all that was given; what can't be read is skipped.
    pub fn new(loaded: &'a Loaded, folder: &'a Path, png: Option<&'a Path>, quiet: bool) -> Self {
        let counts = Counts { skipped: loaded.refused.len(), ..Counts::default() };
        let puzzles = &loaded.puzzles;
        let given = puzzles.len() + counts.skipped;
        Self { puzzles, given, folder, png, quiet, waiting: BTreeMap::new(), shown: 0, counts }
    }

    /// Counts and shows what became of a puzzle.
    pub fn hear(&mut self, index: usize, news: News) -> anyhow::Result<()> {
        let outcome = match news {
            News::FittedAgain(why) => {
                print::note(format_args!("fitted again: {}", printable(&why)));
                return Ok(());
            }
            News::Ended(outcome) => outcome,
        };
        match outcome {
            Outcome::Whole(record) | Outcome::Cut(record) => {
                self.counts.known += usize::from(record.solved.is_some());
                self.counts.solved += usize::from(record.solved == Some(true));
                self.counts.cut += usize::from(record.cut);
                self.show_in_order(index, Some(*record))
            }
            Outcome::BrokenOff(_) => self.show_in_order(index, None),
            Outcome::NotBegun => {
                self.counts.not_begun += 1;
                self.show_in_order(index, None)
            }
            Outcome::TooLarge(why) => {
                print::note(format_args!("skipped: puzzle {}: {why}", printable(&self.puzzles[index].id)));
                self.counts.skipped += 1;
                self.show_in_order(index, None)
            }
        }
    }

    /// Says what it came to; the error is what keeps the run from being whole.
    pub fn end(&self, broken_off: bool) -> anyhow::Result<()> {
        let Counts { known, solved, cut, not_begun, skipped } = self.counts;
        let folder = self.folder.to_string_lossy();
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
            write_atomically(&path, &picture(puzzle, &record.attempts)?)?;
        }
        Ok(())
    }
}

/// `dir/name.png` to `dir/name-ID.png`.
fn named_for(path: &Path, id: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{id}.png"))
}
