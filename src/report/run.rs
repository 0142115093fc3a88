//! The folder that a run leaves: what was declared, a line for each fit, the tasks, and the submission.
//!
//! `config.toml`, `records.jsonl`, `tasks.json`, `submission.json` where there is one fit a puzzle, and `lock`, which whoever runs holds.
//! A record is appended as its fit ends, and is on the disk before the next; a last line that is torn counts for nothing.
//! So a run that is stopped at any moment loses the fits at hand only and can be taken up again. The last of several
//! records of a fit counts.

mod whole;

pub use whole::Run;

use super::record::{Key, PuzzleRecord, SCHEMA};
use super::write::{WriteError, write_atomically};
use crate::config::ConfigError;
use crate::config::experiment::Setting;
use crate::data::{DataError, Puzzle, Submission, load_puzzles};
use indexmap::IndexMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use toml::Table;

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
        /// What differs.
        differences: String,
    },
    /// Its settings can't be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its tasks can't be read.
    #[error(transparent)]
    Tasks(#[from] DataError),
    /// A record can't be read.
    #[error("{}: {message}: mend it, or delete the line to fit this puzzle again", file.display())]
    Record {
        /// Which file.
        file: PathBuf,
        /// Where, and what is wrong.
        message: String,
    },
    /// Two runs have records of different puzzles under one id.
    #[error("puzzle {id} (variant {variant}, seed {seed}) is not the same in all runs: merge runs over the same tasks")]
    Conflict {
        /// The puzzle's id.
        id: String,
        /// The variant.
        variant: String,
        /// The seed.
        seed: u64,
    },
    /// The folder can't be made or read, or its lock not taken.
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

/// What a run's folder has of a fit.
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
    records: IndexMap<Key, PuzzleRecord>,
    /// The records' file, to append to.
    file: File,
    /// Whether lines in it count for nothing, or differ from the records.
    unsettled: bool,
    /// Held for as long as it is open.
    _lock: File,
}

impl RunFolder {
    /// Begins a run in `path`, or takes one up again. Where a run left no record yet, another begins in its place.
    ///
    /// # Errors
    /// Where somebody runs into it, a run is there and `resume` isn't asked for, something else was declared, or a record
    /// can't be read.
    pub fn open(path: &Path, declaration: &Table, resume: bool) -> Result<Self, RunError> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::Unusable { path, source }
        };
        fs::create_dir_all(path).map_err(unusable(path))?;
        let lock = lock(path)?;
        let (settings, name) = (path.join("config.toml"), path.join("records.jsonl"));
        let bytes = match fs::read(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            read => read.map_err(unusable(&name))?,
        };
        let Lines { records, whole_bytes, superseded } = parse(&name, &bytes)?;
        if !records.is_empty() && !resume {
            return Err(RunError::Exists(path.to_owned()));
        }
        if !records.is_empty() && settings.exists() {
            let before = read_declaration(&settings)?;
            if before != *declaration {
                let differences = differences(&before, declaration);
                return Err(RunError::OtherSettings { folder: path.to_owned(), differences });
            }
        } else {
            write_atomically(&settings, declaration.to_string().as_bytes())?;
        }
        if !name.exists() {
            write_atomically(&name, b"")?;
        }
        let file = append_to(&name)?;
        // What is torn goes, so that the next line begins where a line begins.
        file.set_len(whole_bytes).map_err(unusable(&name))?;
        Ok(Self { path: path.to_owned(), records, file, unsettled: superseded, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What there is of a fit. A record of the same puzzle and settings is judged by the solutions at hand.
    pub fn kept(&mut self, puzzle: &Puzzle, setting: &Setting) -> Kept {
        let Some(record) = self.records.get_mut(&Key::of(puzzle, setting)) else { return Kept::Nothing };
        if let Some(fault) = record.fault(puzzle, &setting.config) {
            return Kept::Stale(format!("{}: the record of {}: {fault}", self.path.display(), puzzle.id));
        }
        if puzzle.solutions.as_ref().is_some_and(|solutions| record.judge(solutions)) {
            self.unsettled = true;
        }
        Kept::Record(Box::new(record.clone()))
    }

    /// Keeps a fit's record; when this returns it is on the disk.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn save(&mut self, record: &PuzzleRecord) -> Result<(), RunError> {
        let appended = self.file.write_all(&line(record)).and_then(|()| self.file.sync_data());
        let path = || self.path.join("records.jsonl");
        appended.map_err(|source| RunError::Unusable { path: path(), source })?;
        self.unsettled |= self.records.insert(record.key(), record.clone()).is_some();
        Ok(())
    }

    /// Puts a run that [`Run::merge`] made into `path`, with the tasks of the folders that it is from; gives how many
    /// records are there then.
    ///
    /// # Errors
    /// As [`RunFolder::open`], and where records that are there are of other puzzles.
    pub fn merge_into(path: &Path, merged: &Run, folders: &[&Path]) -> Result<usize, RunError> {
        let mut folder = Self::open(path, &merged.declaration, true)?;
        let there = Run::new(merged.declaration.clone(), folder.records.values().cloned());
        let all = Run::merge(vec![(path.to_owned(), there), (path.to_owned(), merged.clone())])?;
        for from in folders {
            folder.save_tasks(&read_tasks(from)?)?;
        }
        folder.records = all.records.iter().map(|record| (record.key(), record.clone())).collect();
        folder.unsettled = true;
        folder.settle()?;
        if let Some(submission) = all.submission() {
            folder.save_submission(&submission)?;
        }
        Ok(all.records.len())
    }

    /// Writes the file of records anew where lines in it count for nothing, or records were judged.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn settle(&mut self) -> Result<(), RunError> {
        if self.unsettled {
            let name = self.path.join("records.jsonl");
            write_atomically(&name, &self.records.values().flat_map(line).collect::<Vec<u8>>())?;
            self.file = append_to(&name)?;
            self.unsettled = false;
        }
        Ok(())
    }

    /// Keeps the tasks beside the records, those that are there from before among them.
    ///
    /// # Errors
    /// Where they can't be written, or those that are there not read.
    pub fn save_tasks(&self, puzzles: &[Puzzle]) -> Result<(), RunError> {
        let mut all: IndexMap<String, Puzzle> = IndexMap::new();
        for puzzle in read_tasks(&self.path)?.iter().chain(puzzles) {
            all.insert(puzzle.id.clone(), puzzle.clone());
        }
        let bytes = serde_json::to_vec(&all).unwrap_or_else(|error| unreachable!("plain data: {error}"));
        Ok(write_atomically(&self.path.join("tasks.json"), &bytes)?)
    }

    /// Writes `submission.json`, in Kaggle's form.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn save_submission(&self, submission: &Submission) -> Result<(), RunError> {
        let bytes = serde_json::to_vec(submission).unwrap_or_else(|error| unreachable!("plain data: {error}"));
        Ok(write_atomically(&self.path.join("submission.json"), &bytes)?)
    }
}

/// The tasks that a run keeps.
///
/// # Errors
/// Where they can't be read.
pub fn read_tasks(run: &Path) -> Result<Vec<Puzzle>, RunError> {
    let file = run.join("tasks.json");
    if file.exists() { Ok(load_puzzles(&[file], &[], None)?) } else { Ok(Vec::new()) }
}

/// What a file of records holds.
struct Lines {
    /// The last of each fit.
    records: IndexMap<Key, PuzzleRecord>,
    /// How long the file is without a last line that is no record.
    whole_bytes: u64,
    /// Whether there is more than one of a fit.
    superseded: bool,
}

fn parse(file: &Path, bytes: &[u8]) -> Result<Lines, RunError> {
    let mut lines = Lines { records: IndexMap::new(), whole_bytes: 0, superseded: false };
    let mut rest = bytes.split_inclusive(|&byte| byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = rest.next() {
        let is_last = rest.peek().is_none();
        let fault = match serde_json::from_slice::<PuzzleRecord>(line) {
            Ok(record) if record.schema == SCHEMA => {
                if is_last && !line.ends_with(b"\n") {
                    break;
                }
                lines.whole_bytes += line.len() as u64;
                lines.superseded |= lines.records.insert(record.key(), record).is_some();
                continue;
            }
            Ok(_) => "a record of another version".to_owned(),
            Err(error) => match serde_json::from_slice::<Value>(line) {
                Ok(value) if value["schema"] != SCHEMA => "a record of another version".to_owned(),
                // What a program that was killed, or a machine that lost power, has left.
                _ if is_last => break,
                _ => format!("no record ({error})"),
            },
        };
        return Err(RunError::Record { file: file.to_owned(), message: format!("line {}: {fault}", index + 1) });
    }
    Ok(lines)
}

fn append_to(name: &Path) -> Result<File, RunError> {
    let opened = File::options().append(true).open(name);
    opened.map_err(|source| RunError::Unusable { path: name.to_owned(), source })
}

fn line(record: &PuzzleRecord) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(record).unwrap_or_else(|error| unreachable!("plain data: {error}"));
    bytes.push(b'\n');
    bytes
}

fn read_declaration(file: &Path) -> Result<Table, RunError> {
    let text = fs::read_to_string(file).map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    let malformed = |error: toml::de::Error| ConfigError::Malformed {
        file: file.display().to_string(),
        message: error.to_string(),
    };
    Ok(text.parse().map_err(malformed)?)
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

/// The settings that differ: what they are in the first, and in the second.
fn differences(before: &Table, now: &Table) -> String {
    let (before, now) = (leaves(before), leaves(now));
    let told = |leaves: &BTreeMap<String, String>, key: &String| match leaves.get(key) {
        Some(value) => format!("{key} = {value}"),
        None => format!("no {key}"),
    };
    let mut keys: Vec<&String> =
        before.keys().chain(now.keys()).filter(|&key| before.get(key) != now.get(key)).collect();
    keys.sort();
    keys.dedup();
    keys.iter()
        .map(|key| format!("{} there, {} now", told(&before, key), told(&now, key)))
        .collect::<Vec<_>>()
        .join("; ")
}

/// The values of a table and of those in it, by their whole keys.
fn leaves(table: &Table) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => {
                found.extend(leaves(inner).into_iter().map(|(end, value)| (format!("{key}.{end}"), value)));
            }
            value => drop(found.insert(key.clone(), value.to_string())),
        }
    }
    found
}

#[cfg(test)]
mod tests;
