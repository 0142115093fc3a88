//! The folder that a run leaves: settings, a record and a curve for each puzzle, and the submission.
//!
//! `config.toml`, `puzzles/ID.json`, `curves/ID.csv`, `submission.json`, and `lock`, which whoever runs holds. Every file is
//! written whole, as each puzzle ends, so that a run that is stopped loses the puzzle at hand only and can be taken up again.

use super::curves::{CurvePoint, curves_csv, read_curves};
use super::record::{PuzzleRecord, SCHEMA};
use super::write::{WriteError, write_atomically};
use crate::config::{Config, ConfigError};
use crate::data::{Puzzle, Submission};
use crate::fit::TracePoint;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Why a run's folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It holds a run already.
    #[error("{} holds a run already", .0.display())]
    Exists(PathBuf),
    /// Somebody is running into it.
    #[error("{} is in use by {holder}: wait for its end", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Who says so in the lock.
        holder: String,
    },
    /// The run there was made with other settings.
    #[error("{} was made with other settings ({differences}): use the same", folder.display())]
    OtherSettings {
        /// The folder.
        folder: PathBuf,
        /// Lines that differ.
        differences: String,
    },
    /// Its settings can't be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A record can't be read.
    #[error("{}: {message}: mend it, or delete it to fit this puzzle again", file.display())]
    Record {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The folder can't be made, or its lock not taken.
    #[error("{}: cannot be used as a run's folder ({source}): check the path and that you may write there", path.display())]
    Unusable {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a run's folder has of a puzzle.
#[derive(Debug, PartialEq)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Its record.
    Record(Box<PuzzleRecord>),
    /// A record that isn't its own, and why.
    Stale(String),
}

/// A run's folder, open for results.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    config: Config,
    /// Held for as long as it is open.
    _lock: File,
}

impl RunFolder {
    /// Begins a run in `path`, or takes one up again. Where a run left no record yet, another begins in its place.
    ///
    /// # Errors
    /// Where somebody runs into it, a run is there and `resume` isn't asked for, or its settings differ.
    pub fn open(path: &Path, config: &Config, resume: bool) -> Result<Self, RunError> {
        fs::create_dir_all(path).map_err(|source| RunError::Unusable { path: path.to_owned(), source })?;
        let lock = lock(path)?;
        let settings = path.join("config.toml");
        let has_records =
            fs::read_dir(path.join("puzzles")).is_ok_and(|files| files.flatten().any(|file| is_record(&file.path())));
        if has_records && !resume {
            return Err(RunError::Exists(path.to_owned()));
        }
        if has_records && settings.exists() {
            let before = Config::load(&settings)?;
            if before != *config {
                let differences = differences(&before.to_toml(), &config.to_toml());
                return Err(RunError::OtherSettings { folder: path.to_owned(), differences });
            }
        } else {
            write_atomically(&settings, config.to_toml().as_bytes())?;
        }
        Ok(Self { path: path.to_owned(), config: config.clone(), _lock: lock })
    }

    /// All records of the run in `path`, by id, and their curves; nothing there is changed.
    ///
    /// # Errors
    /// Where there is no run, or something in it can't be read.
    pub fn read(path: &Path) -> Result<Vec<(PuzzleRecord, Vec<CurvePoint>)>, RunError> {
        let folder = path.join("puzzles");
        let unreadable = |file: &Path, error: &dyn std::fmt::Display| RunError::Record {
            file: file.to_owned(),
            message: error.to_string(),
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let file = entry.map_err(|error| unreadable(&folder, &error))?.path();
            if is_record(&file) {
                files.push(file);
            }
        }
        files.sort();
        let read = |file: &PathBuf| -> Result<(PuzzleRecord, Vec<CurvePoint>), RunError> {
            let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
            let record: PuzzleRecord = serde_json::from_str(&text).map_err(|error| unreadable(file, &error))?;
            if record.schema != SCHEMA {
                return Err(unreadable(file, &"a record of another version"));
            }
            if file.file_stem().is_none_or(|stem| stem != record.id.as_str()) {
                return Err(unreadable(file, &"a record of another puzzle"));
            }
            let file = path.join("curves").join(format!("{}.csv", record.id));
            let curve = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
            Ok((record, read_curves(&curve).map_err(|error| unreadable(&file, &error))?))
        };
        files.iter().map(read).collect()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What there is of a puzzle. A record of the same puzzle and settings is judged by the solutions at hand.
    ///
    /// # Errors
    /// Where there is a record that the system does not let read.
    pub fn kept(&self, puzzle: &Puzzle) -> Result<Kept, RunError> {
        let file = self.record_path(&puzzle.id);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Kept::Nothing),
            Err(error) => return Err(RunError::Record { file, message: error.to_string() }),
        };
        let stale = |why: &dyn std::fmt::Display| Ok(Kept::Stale(format!("{}: {why}", file.display())));
        let mut record: PuzzleRecord = match serde_json::from_slice(&bytes) {
            Ok(record) => record,
            Err(error) => return stale(&format_args!("is no whole record ({error})")),
        };
        if let Some(fault) = record.fault(puzzle, &self.config) {
            return stale(&fault);
        }
        if puzzle.solutions.as_ref().is_some_and(|solutions| record.judge(solutions)) {
            write_atomically(&file, &json(&record))?;
        }
        Ok(Kept::Record(Box::new(record)))
    }

    /// Keeps a puzzle's curve, then its record; with the record it is finished.
    ///
    /// # Errors
    /// Where a file can't be written.
    pub fn save(&self, record: &PuzzleRecord, trace: &[TracePoint]) -> Result<(), RunError> {
        let curve = self.path.join("curves").join(format!("{}.csv", record.id));
        write_atomically(&curve, curves_csv(trace).as_bytes())?;
        write_atomically(&self.record_path(&record.id), &json(record))?;
        Ok(())
    }

    /// Writes `submission.json`, in Kaggle's form.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn save_submission(&self, submission: &Submission) -> Result<(), RunError> {
        let bytes = serde_json::to_vec(submission).unwrap_or_else(|error| unreachable!("plain data: {error}"));
        Ok(write_atomically(&self.path.join("submission.json"), &bytes)?)
    }

    fn record_path(&self, id: &str) -> PathBuf {
        self.path.join("puzzles").join(format!("{id}.json"))
    }
}

fn is_record(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json")
}

/// Takes the lock of a run's folder, and says in it who has it.
fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join("lock");
    let unusable = |source| RunError::Unusable { path: path.clone(), source };
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Where even that can't be read, somebody has it all the same.
            let read = file.take(200).read_to_string(&mut holder);
            let holder = if read.is_ok() && !holder.is_empty() { holder } else { "another process".into() };
            return Err(RunError::InUse { folder: folder.to_owned(), holder });
        }
        // A file system without locks.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => return Ok(file),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let host = sysinfo::System::host_name().unwrap_or_else(|_| "this machine".into());
    let holder = format!("process {} on {host}", std::process::id());
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes())).map_err(unusable)?;
    Ok(file)
}

fn json(record: &PuzzleRecord) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).unwrap_or_else(|error| unreachable!("plain data: {error}"));
    bytes.push(b'\n');
    bytes
}

/// The lines that differ, "before → now".
fn differences(before: &str, now: &str) -> String {
    let changed: Vec<String> = before
        .lines()
        .zip(now.lines())
        .filter(|(before, now)| before != now)
        .map(|(before, now)| format!("{before} there, {now} now"))
        .collect();
    changed.join("; ")
}

#[cfg(test)]
mod tests;
