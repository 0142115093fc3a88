//! What is in a library.
//!
//! In: an open library. Out: [`Contents`]: its frames, clusters and articles, after a check of the whole file.

use super::matrices::{PACKED, read_matrices};
use super::{Library, LibraryError};
use rusqlite::{Connection, Params, Row};
use serde::Serialize;

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

impl Library {
    /// Checks the file, and says what is in it.
    ///
    /// # Errors
    /// Where the file is damaged or can't be read.
    pub fn contents(&self) -> Result<Contents, LibraryError> {
        let _snapshot = self.store.snapshot()?;
        let found: String =
            self.store.run(|connection| connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)))?;
        if found != "ok" {
            return Err(LibraryError::Corrupt { file: self.store.file.clone(), reason: found });
        }
        // Also whether the frames can be used.
        if let Some(version) = self.store.newest_version()? {
            self.store.read_frame(version)?;
            self.store.run(|connection| read_matrices(connection, version))?;
        }
        let drift = self.drift()?.drift;
        self.store.run(|connection| {
            Ok(Contents {
                groups: connection.query_row("SELECT COUNT(*) FROM groups", [], |row| row.get(0))?,
                drift,
                frames: rows(connection, FRAMES, [PACKED as i64], |row| {
                    Ok(FrameEntry {
                        version: row.get(0)?,
                        groups_then: row.get(1)?,
                        strange_share: row.get(2)?,
                        matrices: row.get(3)?,
                    })
                })?,
                clusters: rows(connection, CLUSTERS, [], |row| {
                    Ok(ClusterEntry { cluster: row.get(0)?, articles: row.get(1)?, first: row.get(2)? })
                })?,
                articles: rows(connection, ARTICLES, [], |row| {
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
    (SELECT COALESCE(SUM(LENGTH(digits)), 0) / ? FROM matrices WHERE frame = version) FROM frames ORDER BY version";

/// With `MIN`, SQLite takes the other columns from the row that has the least.
const CLUSTERS: &str = "SELECT cluster, COUNT(*), name, MIN(id) FROM articles GROUP BY cluster ORDER BY cluster";

const ARTICLES: &str = "SELECT id, name, cluster, (SELECT COUNT(*) FROM groups WHERE article = articles.id),
    CAST(strange_words AS REAL) / MAX(words, 1) FROM articles ORDER BY id";

fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map(parameters, read)?.collect()
}
