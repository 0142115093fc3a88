//! The folder that a run leaves: settings, a record and a curve for each puzzle, and the submission.
//!
//! `config.toml`, `puzzles/ID.json`, `curves/ID.csv`, `submission.json`. Every file is written whole, as each puzzle
//! ends, so that a run that is stopped loses the puzzle at hand only and can be taken up again.

use super::curves::{CurvePoint, curves_csv, read_curves};
use super::record::PuzzleRecord;
use super::write::{WriteError, write_atomically};
use crate::config::{Config, ConfigError};
use crate::data::Submission;
use crate::fit::TracePoint;
use std::path::{Path, PathBuf};

/// Why a run's folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It holds a run already.
    #[error("{} holds a run already: go on with it by --resume, or name another folder by --output", .0.display())]
    Exists(PathBuf),
    /// The run there was made with other settings.
    #[error("{} was made with other settings ({differences}): use the same, or another folder by --output", folder.display())]
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
    /// A file can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A run's folder, open for results.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Begins a run in `path`, or takes one up again.
    ///
    /// # Errors
    /// Where a run is there and `resume` isn't asked for, or its settings differ.
    pub fn open(path: &Path, config: &Config, resume: bool) -> Result<Self, RunError> {
        let settings = path.join("config.toml");
        if settings.exists() {
            if !resume {
                return Err(RunError::Exists(path.to_owned()));
            }
            let before = Config::load(&settings)?;
            if before != *config {
                let differences = differences(&before.to_toml(), &config.to_toml());
                return Err(RunError::OtherSettings { folder: path.to_owned(), differences });
            }
        } else {
            write_atomically(&settings, config.to_toml().as_bytes())?;
        }
        Ok(Self { path: path.to_owned() })
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
            if file.extension().is_some_and(|extension| extension == "json") {
                files.push(file);
            }
        }
        files.sort();
        let read = |file: &PathBuf| -> Result<(PuzzleRecord, Vec<CurvePoint>), RunError> {
            let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
            let record: PuzzleRecord = serde_json::from_str(&text).map_err(|error| unreadable(file, &error))?;
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

    /// The record of a puzzle that is finished, if it is.
    ///
    /// # Errors
    /// Where there is one that can't be read.
    pub fn finished(&self, id: &str) -> Result<Option<PuzzleRecord>, RunError> {
        let file = self.record_path(id);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(RunError::Record { file, message: error.to_string() }),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| RunError::Record { file, message: error.to_string() })
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
mod tests {
    use super::*;
    use crate::data::{Attempts, Grid};

    fn record() -> PuzzleRecord {
        let grid = |colour| Grid::new(1, 2, vec![colour, 0]).unwrap();
        PuzzleRecord {
            id: "p".into(),
            attempts: vec![Attempts { attempt_1: grid(1), attempt_2: grid(2) }],
            right_attempts: Some(vec![2]),
            solved: Some(true),
            first_step_on_top: Some(vec![None]),
            last_change: 1,
            confidence: 0.5,
            steps: 3,
            stopped_early: false,
            seconds: 0.25,
            engine: "test".into(),
            weights_not_counted: 76_068,
            seeds: Vec::new(),
        }
    }

    #[test]
    fn a_run_is_taken_up_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let config = Config::default();
        let run = RunFolder::open(&path, &config, false).unwrap();
        assert_eq!(run.finished("p").unwrap(), None);
        run.save(&record(), &[]).unwrap();

        assert!(matches!(RunFolder::open(&path, &config, false), Err(RunError::Exists(_))));
        let read: Vec<PuzzleRecord> = RunFolder::read(&path).unwrap().into_iter().map(|(record, _)| record).collect();
        assert_eq!(read, [record()]);
        let again = RunFolder::open(&path, &config, true).unwrap();
        assert_eq!(again.finished("p").unwrap(), Some(record()));
        let other = Config { steps: 5, ..config };
        let error = RunFolder::open(&path, &other, true).unwrap_err().to_string();
        assert!(error.contains("steps = 2000 there, steps = 5 now"), "{error}");
    }

    #[test]
    fn a_spoilt_record_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::open(folder.path(), &Config::default(), false).unwrap();
        run.save(&record(), &[]).unwrap();
        std::fs::write(folder.path().join("puzzles/p.json"), "{").unwrap();
        assert!(run.finished("p").unwrap_err().to_string().contains("puzzles/p.json"));
    }
}
