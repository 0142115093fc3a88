//! What is in a library.
//!
//! In: an open library. Out: [`Contents`]: its frames, clusters and articles, after a check of the whole file; or its groups.

use super::{Library, LibraryError};
use crate::latent::DigitMatrix;
use rusqlite::{Connection, Row};
use serde::Serialize;
use std::collections::HashMap;

/// A frame.
#[derive(Clone, Debug, Serialize)]
pub struct FrameEntry {
    /// Counted from 1.
    pub version: u32,
    /// Groups of the library when it was fitted.
    pub groups_then: i64,
    /// Share of their words that it doesn't know.
    pub strange_share: f64,
    /// Matrices under it.
    pub matrices: i64,
}

/// A cluster of articles.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterEntry {
    /// Its number.
    pub cluster: i64,
    /// Its articles.
    pub articles: i64,
    /// The first one's name.
    pub first: String,
}

/// An article.
#[derive(Clone, Debug, Serialize)]
pub struct ArticleEntry {
    /// Its number.
    pub article: i64,
    /// Its name.
    pub name: String,
    /// Its cluster.
    pub cluster: i64,
    /// Its groups.
    pub groups: i64,
    /// Share of its words that the newest frame doesn't know.
    pub strange_share: f64,
}

/// All that is in a library, but for texts and matrices.
#[derive(Clone, Debug, Serialize)]
pub struct Contents {
    /// Groups of all articles.
    pub groups: i64,
    /// How much stranger what came since the newest frame is than what it was fitted with.
    pub drift: f64,
    /// Oldest first.
    pub frames: Vec<FrameEntry>,
    /// Those with articles.
    pub clusters: Vec<ClusterEntry>,
    /// In the order they came in.
    pub articles: Vec<ArticleEntry>,
}

/// A group of an article, with its matrix under the newest frame.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupEntry {
    /// Its article's name.
    pub article: String,
    /// Its article's cluster.
    pub cluster: i64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its digits.
    pub matrix: DigitMatrix,
}

impl Library {
    /// All groups, in the order they came in.
    ///
    /// # Errors
    /// Where the file can't be read, or has no articles.
    pub fn groups(&self) -> Result<Vec<GroupEntry>, LibraryError> {
        let empty = || LibraryError::Empty { file: self.store.file.clone() };
        let version = self.store.newest_version()?.ok_or_else(empty)?;
        let matrices = self.store.read_matrices(version)?;
        let matrices: HashMap<i64, DigitMatrix> = matrices.iter().map(|known| (known.group, known.matrix)).collect();
        let groups = self.store.run(|connection| {
            rows(connection, GROUPS, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, String>(4)?))
            })
        })?;
        // One may have come since.
        let entry = |(group, article, cluster, title, text): (i64, String, i64, String, String)| {
            Some(GroupEntry { article, cluster, title, text, matrix: *matrices.get(&group)? })
        };
        let groups: Vec<GroupEntry> = groups.into_iter().filter_map(entry).collect();
        if groups.is_empty() { Err(empty()) } else { Ok(groups) }
    }

    /// Checks the file, and says what is in it.
    ///
    /// # Errors
    /// Where the file is damaged or can't be read.
    pub fn contents(&self) -> Result<Contents, LibraryError> {
        let found: String =
            self.store.run(|connection| connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)))?;
        if found != "ok" {
            return Err(LibraryError::Corrupt { file: self.store.file.clone(), reason: found });
        }
        // Also whether the frames can be used.
        if let Some(version) = self.store.newest_version()? {
            self.store.read_frame(version)?;
            self.store.read_matrices(version)?;
        }
        let drift = self.drift()?.drift;
        self.store.run(|connection| {
            Ok(Contents {
                groups: connection.query_row("SELECT COUNT(*) FROM groups", [], |row| row.get(0))?,
                drift,
                frames: rows(connection, FRAMES, |row| {
                    Ok(FrameEntry {
                        version: row.get(0)?,
                        groups_then: row.get(1)?,
                        strange_share: row.get(2)?,
                        matrices: row.get(3)?,
                    })
                })?,
                clusters: rows(connection, CLUSTERS, |row| {
                    Ok(ClusterEntry { cluster: row.get(0)?, articles: row.get(1)?, first: row.get(2)? })
                })?,
                articles: rows(connection, ARTICLES, |row| {
                    Ok(ArticleEntry {
                        article: row.get(0)?,
                        name: row.get(1)?,
                        cluster: row.get(2)?,
                        groups: row.get(3)?,
                        strange_share: row.get(4)?,
                    })
                })?,
            })
        })
    }
}

const FRAMES: &str = "SELECT version, groups, CAST(strange_words AS REAL) / MAX(words, 1),
    (SELECT COUNT(*) FROM matrices WHERE frame = version) FROM frames ORDER BY version";

/// With `MIN`, SQLite takes the other columns from the row that has the least.
const CLUSTERS: &str = "SELECT cluster, COUNT(*), name, MIN(id) FROM articles GROUP BY cluster ORDER BY cluster";

const GROUPS: &str = "SELECT groups.id, name, cluster, title, text FROM groups JOIN articles ON articles.id = article
    ORDER BY groups.id";

const ARTICLES: &str = "SELECT id, name, cluster, (SELECT COUNT(*) FROM groups WHERE article = articles.id),
    CAST(strange_words AS REAL) / MAX(words, 1) FROM articles ORDER BY id";

fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], read)?.collect()
}
