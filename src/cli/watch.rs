//! `tenfold watch`: a live view of a run, made of its files alone: of one that runs anywhere, or has ended.

mod draw;

use super::stop;
use anyhow::Context;
use clap::Args;
use draw::draw;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tenfold::internals::report::live::now;
use tenfold::internals::report::{Live, PuzzleRecord, Run};

/// Watch a run: how far it is, the guesses of the fits at work, and what ended last. It reads the run's files only, and may be opened
/// from another terminal or for a run that has ended; q ends it
#[derive(Args)]
#[command(after_help = "Example: tenfold watch results/two-variants")]
pub struct Arguments {
    /// The folder that `solve` or `run` writes
    run: PathBuf,
}

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// What is seen of a run.
struct Seen {
    /// Its folder's name.
    name: String,
    /// Its records as they ended.
    records: Vec<PuzzleRecord>,
    /// The length of the file that they were read from.
    length: Option<u64>,
    /// What it says itself, while it runs.
    live: Option<Live>,
    /// When it was looked at, in seconds since 1970.
    now: f64,
}

impl Seen {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let mut seen = Self { name, records: Vec::new(), length: None, live: None, now: now() };
        seen.look(folder)?;
        Ok(seen)
    }

    /// Reads what is new.
    fn look(&mut self, folder: &Path) -> anyhow::Result<()> {
        self.live = Live::read(folder);
        self.now = now();
        let length = folder.join("records.jsonl").metadata().ok().map(|found| found.len());
        if length.is_none() || length != self.length {
            self.records = Run::ended(folder)?;
            self.length = length;
        }
        Ok(())
    }
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::ensure!(stdout().is_terminal(), "a terminal is needed to watch; `tenfold score RUN` prints what there is");
    let mut seen = Seen::new(&arguments.run)?;
    stop::polls();
    let mut screen = ratatui::try_init().context("the terminal cannot be drawn on")?;
    let watched = (|| {
        while !stop::requested() {
            screen.draw(|frame| draw(&seen, frame))?;
            if event::poll(EVERY)? && ends(&event::read()?) {
                break;
            }
            seen.look(&arguments.run)?;
        }
        Ok(())
    })();
    ratatui::restore();
    watched
}

fn ends(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) || control && key.code == KeyCode::Char('c')
}
