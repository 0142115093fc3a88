//! Articles into a library: encoded under the newest frame, put to the nearest cluster, one transaction each.
//!
//! In: [`NewArticle`]s. Out: an [`Outcome`] each, reported when it is on the disk. Where there is no frame, one is fitted first.

use super::frame::{Encoded, Frame, FrameGroup};
use super::matrices::{Known, write_matrices};
use super::store::{Census, newest_version, write_frame, wrong};
use super::{Library, LibraryError, LibrarySettings, Progress};
use crate::data::article::Article;
use crate::fit::matrices::map::evenly;
use crate::latent::DigitMatrix;
use crate::latent::centre::CENTRE_DEVIATION;
use crate::latent::digits::{CELLS, LEVELS};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;

/// An article to add.
#[derive(Clone, Debug)]
pub struct NewArticle {
    /// What it is called.
    pub name: String,
    /// Titles and texts of its groups.
    pub groups: Vec<(String, String)>,
}

impl NewArticle {
    /// The groups of an article, but for those that show nothing.
    pub fn new(name: String, article: Article) -> Self {
        let groups = article.groups.into_iter().map(|group| (group.title, group.text));
        Self { name, groups: groups.filter(|(_, text)| !text.trim().is_empty()).collect() }
    }

    /// SHA-256 of the texts in a row, so however they are cut: what an article is known by.
    fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        self.groups.iter().for_each(|(_, text)| hasher.update(text));
        hasher.finalize().into()
    }

    fn texts(&self) -> Vec<&str> {
        self.groups.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// An article that was added.
#[derive(Clone, Debug, Serialize)]
pub struct Added {
    /// Its name.
    pub name: String,
    /// Its number.
    pub article: i64,
    /// Its groups.
    pub groups: usize,
    /// Its cluster.
    pub cluster: i64,
    /// Whether it opened the cluster.
    pub opened: bool,
    /// The frame that it was encoded under.
    pub frame: u32,
}

/// What became of an article.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is in the library now.
    Added(Added),
    /// Its text was there before.
    Known {
        /// Its name.
        name: String,
        /// The article that has the text.
        article: i64,
    },
    /// It has no groups.
    Blank {
        /// Its name.
        name: String,
    },
}

impl Library {
    /// Adds articles, each in a transaction of its own, and reports each when it is on the disk. The first ones make the frame.
    ///
    /// # Errors
    /// Where the file can't be written, or `watch` breaks off. What was reported before is in the library.
    pub fn add(
        &mut self,
        articles: &[NewArticle],
        settings: &LibrarySettings,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), LibraryError> {
        if articles.iter().any(|article| !article.groups.is_empty()) && self.newest_frame()?.is_none() {
            self.first_frame(articles, settings)?;
        }
        for article in articles {
            let outcome = self.add_one(article, settings)?;
            if watch(Progress::Article(&outcome)).is_break() {
                return Err(LibraryError::BrokenOff);
            }
        }
        Ok(())
    }

    fn first_frame(&mut self, articles: &[NewArticle], settings: &LibrarySettings) -> Result<(), LibraryError> {
        let all: Vec<FrameGroup> = (0..)
            .zip(articles)
            .flat_map(|(article, new)| new.groups.iter().map(move |(_, text)| FrameGroup { article, text }))
            .collect();
        let frame = fit_frame(1, &all, settings);
        let texts: Vec<&str> = all.iter().map(|group| group.text).collect();
        let mut census = Census { groups: all.len(), ..Census::default() };
        census.count(&frame.encode(&texts));
        let file = self.store.file.clone();
        let transaction = self.store.write()?;
        let mut written = || -> rusqlite::Result<()> {
            // Another process may have been first; then its frame holds.
            if newest_version(&transaction)?.is_none() {
                // The articles that follow now are those that it was fitted with.
                let last: i64 =
                    transaction.query_row("SELECT COALESCE(MAX(id), 0) FROM articles", [], |row| row.get(0))?;
                census.last_article = last + articles.len() as i64;
                write_frame(&transaction, &frame, census)?;
            }
            Ok(())
        };
        written().and_then(|()| transaction.commit()).map_err(|error| wrong(&file, &error))
    }

    fn add_one(&mut self, article: &NewArticle, settings: &LibrarySettings) -> Result<Outcome, LibraryError> {
        if article.groups.is_empty() {
            return Ok(Outcome::Blank { name: article.name.clone() });
        }
        if let Some(known) = self.store.run(|connection| article_of(connection, article.hash()))? {
            return Ok(Outcome::Known { name: article.name.clone(), article: known });
        }
        loop {
            let frame = self.some_frame()?;
            let encoded = frame.encode(&article.texts());
            let file = self.store.file.clone();
            let transaction = self.store.write()?;
            let outcome = insert(&transaction, article, &frame, &encoded, settings);
            match outcome.map_err(|error| wrong(&file, &error))? {
                Some(outcome) => {
                    transaction.commit().map_err(|error| wrong(&file, &error))?;
                    return Ok(outcome);
                }
                // There is a newer frame: again, under that.
                None => drop(transaction),
            }
        }
    }
}

/// Fits a frame to groups taken evenly from `all`, as many as a map takes.
pub(super) fn fit_frame(version: u32, all: &[FrameGroup], settings: &LibrarySettings) -> Frame {
    Frame::fit(version, &evenly(all).copied().collect::<Vec<_>>(), settings)
}

impl Census {
    /// Counts the words of groups.
    pub fn count(&mut self, encoded: &[Encoded]) {
        self.words += encoded.iter().map(|one| u64::from(one.words)).sum::<u64>();
        self.strange_words += encoded.iter().map(|one| u64::from(one.strange_words)).sum::<u64>();
    }
}

/// The article with a text of this hash.
fn article_of(connection: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT id FROM articles WHERE hash = ?", [hash], |row| row.get(0)).optional()
}

/// Inserts an article; nothing where `frame` isn't the newest any more.
fn insert(
    transaction: &Transaction,
    article: &NewArticle,
    frame: &Frame,
    encoded: &[Encoded],
    settings: &LibrarySettings,
) -> rusqlite::Result<Option<Outcome>> {
    let name = article.name.clone();
    if let Some(article) = article_of(transaction, article.hash())? {
        return Ok(Some(Outcome::Known { name, article }));
    }
    if newest_version(transaction)? != Some(frame.version) {
        return Ok(None);
    }
    let direction = direction(encoded.iter().map(|one| &one.matrix));
    let (cluster, opened) = choose_cluster(transaction, frame.version, &direction, settings.cluster_cosine)?;
    let mut census = Census::default();
    census.count(encoded);
    transaction.execute(
        "INSERT INTO articles (name, hash, cluster, words, strange_words) VALUES (?, ?, ?, ?, ?)",
        params![name, article.hash(), cluster, census.words as i64, census.strange_words as i64],
    )?;
    let id = transaction.last_insert_rowid();
    let mut known = Vec::with_capacity(encoded.len());
    for ((title, text), one) in article.groups.iter().zip(encoded) {
        let sql = "INSERT INTO groups (article, title, text) VALUES (?, ?, ?)";
        transaction.prepare_cached(sql)?.execute(params![id, title, text])?;
        known.push(Known { group: transaction.last_insert_rowid(), matrix: one.matrix });
    }
    write_matrices(transaction, frame.version, id, &known)?;
    let (groups, frame) = (encoded.len(), frame.version);
    Ok(Some(Outcome::Added(Added { name, article: id, groups, cluster, opened, frame })))
}

/// The unit vector along the mean of groups' features: what an article is to a cluster.
pub(super) fn direction<'a>(matrices: impl Iterator<Item = &'a DigitMatrix>) -> [f32; CELLS] {
    let mut sums = [0.0f32; CELLS];
    for matrix in matrices {
        for (sum, &digit) in sums.iter_mut().zip(matrix.cells()) {
            *sum += ((f32::from(digit) + 0.5) / LEVELS as f32 - 0.5) / CENTRE_DEVIATION;
        }
    }
    let length = norm(&sums);
    sums.map(|sum| sum / length)
}

fn norm(vector: &[f32; CELLS]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
}

/// The nearest cluster if it is near enough, else a new one, with `direction` added to it; and whether it is new.
fn choose_cluster(
    transaction: &Transaction,
    frame: u32,
    direction: &[f32; CELLS],
    least_cosine: f32,
) -> rusqlite::Result<(i64, bool)> {
    let mut best: Option<(f32, i64, [f32; CELLS])> = None;
    let mut statement = transaction.prepare_cached("SELECT cluster, sums FROM centres WHERE frame = ?")?;
    let mut rows = statement.query([frame])?;
    while let Some(row) = rows.next()? {
        let sums = floats(row.get_ref(1)?.as_blob()?);
        let cosine = sums.iter().zip(direction).map(|(a, b)| a * b).sum::<f32>() / norm(&sums);
        if cosine >= least_cosine && best.as_ref().is_none_or(|(highest, ..)| cosine > *highest) {
            best = Some((cosine, row.get(0)?, sums));
        }
    }
    let (cluster, mut sums, opened) = if let Some((_, cluster, sums)) = best {
        (cluster, sums, false)
    } else {
        transaction.execute("INSERT INTO clusters DEFAULT VALUES", [])?;
        (transaction.last_insert_rowid(), [0.0; CELLS], true)
    };
    for (sum, value) in sums.iter_mut().zip(direction) {
        *sum += value;
    }
    write_centre(transaction, frame, cluster, &sums)?;
    Ok((cluster, opened))
}

/// Writes a cluster's sum under a frame.
pub(super) fn write_centre(
    transaction: &Transaction,
    frame: u32,
    cluster: i64,
    sums: &[f32; CELLS],
) -> rusqlite::Result<()> {
    let bytes: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    let sql = "INSERT OR REPLACE INTO centres (frame, cluster, sums) VALUES (?, ?, ?)";
    transaction.prepare_cached(sql)?.execute(params![frame, cluster, bytes])?;
    Ok(())
}

/// Floats of a blob; 0 for what is missing.
fn floats(bytes: &[u8]) -> [f32; CELLS] {
    let mut all = [0.0; CELLS];
    for (value, &bytes) in all.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *value = f32::from_le_bytes(bytes);
    }
    all
}
