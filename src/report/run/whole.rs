//! A run as far as it is: read, and put together from several.

use super::{RunError, differences, parse, read_declaration};
use crate::config::Config;
use crate::config::experiment::BASE;
use crate::data::Submission;
use crate::report::record::{Key, PuzzleRecord};
use indexmap::IndexMap;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

/// What a run has come to, as far as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was declared.
    pub declaration: Table,
    /// Its records, by variant in the order of their declaration, then by puzzle and seed.
    pub records: Vec<PuzzleRecord>,
}

impl Run {
    /// The run in `path`; nothing there is changed.
    ///
    /// # Errors
    /// Where there is no run, or something in it can't be read.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let declaration = read_declaration(&path.join("config.toml"))?;
        Ok(Self::new(declaration, Self::ended(path)?.into_iter()))
    }

    /// The records in `path` as they ended, of each fit the last; nothing there is changed.
    ///
    /// # Errors
    /// As [`Run::read`].
    pub fn ended(path: &Path) -> Result<Vec<PuzzleRecord>, RunError> {
        let file = path.join("records.jsonl");
        let bytes = fs::read(&file).map_err(|source| RunError::Unusable { path: file.clone(), source })?;
        Ok(parse(&file, &bytes)?.records.into_values().collect())
    }

    /// Of these records.
    pub(super) fn new(declaration: Table, records: impl Iterator<Item = PuzzleRecord>) -> Self {
        let mut run = Self { declaration, records: records.collect() };
        let order = run.variants();
        let place = |record: &PuzzleRecord| order.iter().position(|variant| *variant == record.variant);
        run.records.sort_by_cached_key(|record| (place(record), record.key()));
        run
    }

    /// The variants, in the order of their declaration.
    pub fn variants(&self) -> Vec<String> {
        match self.declaration.get("variants").and_then(toml::Value::as_table) {
            Some(variants) => variants.keys().cloned().collect(),
            None => vec![BASE.into()],
        }
    }

    /// The settings of a variant; its fits' seeds are their own. None where this version doesn't know them.
    pub fn config(&self, variant: &str) -> Option<Config> {
        let settings = match self.declaration.get("variants") {
            Some(variants) => variants.get(variant)?.clone(),
            None => toml::Value::Table(self.declaration.clone()),
        };
        settings.try_into().ok()
    }

    /// The answers in Kaggle's form; none where a puzzle has several fits.
    pub(super) fn submission(&self) -> Option<Submission> {
        let mut submission = Submission::new();
        let mut again = self.records.iter().map(|record| submission.insert(record.id.clone(), record.attempts.clone()));
        let is_one = again.all(|before| before.is_none());
        is_one.then_some(submission)
    }

    /// Puts runs of one declaration together, named for messages. Of several records of a fit that which got furthest is
    /// kept, the first of equals.
    ///
    /// # Errors
    /// Where declarations differ, or the puzzles of one id.
    pub fn merge(runs: Vec<(PathBuf, Self)>) -> Result<Self, RunError> {
        let mut records: IndexMap<Key, PuzzleRecord> = IndexMap::new();
        let mut declaration: Option<Table> = None;
        for (folder, run) in runs {
            let first = declaration.get_or_insert_with(|| run.declaration.clone());
            if *first != run.declaration {
                let differences = differences(&run.declaration, first);
                return Err(RunError::OtherSettings { folder, differences });
            }
            for record in run.records {
                let rank = |record: &PuzzleRecord| (!record.cut, record.steps);
                match records.get_mut(&record.key()) {
                    Some(other) if other.fingerprint != record.fingerprint => {
                        let Key { id, variant, seed } = record.key();
                        return Err(RunError::Conflict { id, variant, seed });
                    }
                    Some(other) if rank(&record) > rank(other) => *other = record,
                    Some(_) => {}
                    None => drop(records.insert(record.key(), record)),
                }
            }
        }
        Ok(Self::new(declaration.unwrap_or_default(), records.into_values()))
    }
}
