//! The groups of a library one by one, with their matrices.
//!
//! In: an open library. Out: [`GroupEntry`]s in the order they came in.

use super::matrices::{matrices_of, strayed};
use super::{Library, LibraryError};
use crate::latent::DigitMatrix;
use rusqlite::{Connection, Row};
use serde::Serialize;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupEntry {
    /// Its number.
    pub group: i64,
    /// Its article's number.
    pub article: i64,
    /// Its article's name.
    pub name: String,
    /// Its article's cluster.
    pub cluster: i64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its matrix under the newest frame.
    pub matrix: DigitMatrix,
}

const ENTRIES: &str = "SELECT groups.id, article, name, cluster, title, text
    FROM groups JOIN articles ON articles.id = article WHERE groups.id > ? ORDER BY groups.id LIMIT ?";

impl Library {
    /// The first `most` groups after the one with this number, 0 for the first of all; none where there are no more.
    ///
    /// # Errors
    /// Where the file is damaged or can't be read.
    pub fn groups_after(&self, group: i64, most: usize) -> Result<Vec<GroupEntry>, LibraryError> {
        let mut entries = Vec::new();
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        self.each_group(group, limit, |entry| {
            entries.push(entry);
            Ok::<(), LibraryError>(())
        })?;
        Ok(entries)
    }

    /// Hands over groups, read in one go; ends with the first error.
    pub(super) fn each_group<E: From<LibraryError>>(
        &self,
        after: i64,
        limit: i64,
        mut each: impl FnMut(GroupEntry) -> Result<(), E>,
    ) -> Result<(), E> {
        let _snapshot = self.store.snapshot()?;
        let Some(frame) = self.store.newest_version()? else { return Ok(()) };
        let mut failed = Ok(());
        let mut read = |connection: &Connection| {
            let mut statement = connection.prepare_cached(ENTRIES)?;
            let mut rows = statement.query([after, limit])?;
            let (mut article, mut matrices) = (None, Vec::new().into_iter());
            while let Some(row) = rows.next()? {
                let of = row.get(1)?;
                if article.replace(of) != Some(of) {
                    matrices = matrices_of(connection, frame, of)?.into_iter();
                }
                let group: i64 = row.get(0)?;
                let known = matrices.find(|known| known.group == group).ok_or_else(strayed)?;
                failed = each(entry(row, known.matrix)?);
                if failed.is_err() {
                    break;
                }
            }
            Ok(())
        };
        self.store.run(&mut read)?;
        failed
    }
}

fn entry(row: &Row, matrix: DigitMatrix) -> rusqlite::Result<GroupEntry> {
    Ok(GroupEntry {
        group: row.get(0)?,
        article: row.get(1)?,
        name: row.get(2)?,
        cluster: row.get(3)?,
        title: row.get(4)?,
        text: row.get(5)?,
        matrix,
    })
}
