//! Groups that say the same: whose matrices are no further apart than a threshold.
//!
//! In: the threshold, in digits. Out: [`Duplicates`]: each group that is near one that came before it and stays; and, if asked for,
//! a library without them. An article whose groups all go goes with them.

use super::store::{Known, newest_version, read_matrices, wrong};
use super::{Library, LibraryError};
use rayon::prelude::*;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

/// A group that says what an earlier one does.
#[derive(Clone, Debug, Serialize)]
pub struct Duplicate {
    /// Its number.
    pub group: i64,
    /// Its article's name.
    pub article: String,
    /// Its text.
    pub text: String,
    /// The number of the group that stays.
    pub of_group: i64,
    /// Its article's name.
    pub of_article: String,
    /// Its text.
    pub of_text: String,
    /// The sum of the differences of digits.
    pub digit_distance: u32,
}

/// All groups that say what earlier ones do.
#[derive(Clone, Debug, Serialize)]
pub struct Duplicates {
    /// In the order they came in.
    pub groups: Vec<Duplicate>,
    /// Names of articles of which nothing else is left.
    pub articles: Vec<String>,
    /// Whether they were removed.
    pub removed: bool,
}

/// A group, the earlier one that it is near, and how near.
type Pair = (i64, i64, u32);

impl Library {
    /// Finds groups whose digits differ by no more than `most_distance` in sum from those of an earlier one, and removes them where
    /// `remove` says so, in one transaction.
    ///
    /// # Errors
    /// Where the file can't be read or written, or has no articles.
    pub fn dedupe(&mut self, most_distance: u32, remove: bool) -> Result<Duplicates, LibraryError> {
        let frame = self.some_frame()?.version;
        let pairs = duplicates(self.store.read_matrices(frame)?, most_distance);
        let file = self.store.file.clone();
        let transaction = self.store.write()?;
        let found = found(&transaction, frame, &pairs, most_distance, remove);
        found.and_then(|found| transaction.commit().map(|()| found)).map_err(|error| wrong(&file, &error))
    }
}

fn found(
    transaction: &Transaction,
    frame: u32,
    pairs: &[Pair],
    most_distance: u32,
    remove: bool,
) -> rusqlite::Result<Duplicates> {
    // What another process changed since the search.
    let searched_again;
    let pairs = if newest_version(transaction)? == Some(frame) {
        pairs
    } else {
        let newest = newest_version(transaction)?.unwrap_or(frame);
        searched_again = duplicates(read_matrices(transaction, newest)?, most_distance);
        &searched_again
    };
    let mut groups = Vec::new();
    for &(group, of_group, digit_distance) in pairs {
        if let (Some((article, text)), Some((of_article, of_text))) =
            (describe(transaction, group)?, describe(transaction, of_group)?)
        {
            groups.push(Duplicate { group, article, text, of_group, of_article, of_text, digit_distance });
        }
    }
    transaction.execute_batch("CREATE TEMP TABLE IF NOT EXISTS going (id INTEGER PRIMARY KEY); DELETE FROM going")?;
    for duplicate in &groups {
        transaction.prepare_cached("INSERT INTO going VALUES (?)")?.execute(params![duplicate.group])?;
    }
    let emptied = "FROM articles WHERE id IN (SELECT article FROM groups WHERE id IN going)
        AND NOT EXISTS (SELECT 1 FROM groups WHERE article = articles.id AND id NOT IN going)";
    let mut statement = transaction.prepare(&format!("SELECT name {emptied} ORDER BY id"))?;
    let articles = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if remove {
        transaction.execute(&format!("DELETE {emptied}"), [])?;
        transaction.execute("DELETE FROM groups WHERE id IN going", [])?;
    }
    Ok(Duplicates { groups, articles, removed: remove })
}

fn describe(connection: &Connection, group: i64) -> rusqlite::Result<Option<(String, String)>> {
    let sql = "SELECT name, text FROM groups JOIN articles ON articles.id = article WHERE groups.id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([group])?;
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Each group that is near an earlier one that stays, with the nearest such; in the order of groups.
fn duplicates(mut known: Vec<Known>, most_distance: u32) -> Vec<Pair> {
    // Sums of digits differ by no more than digits do, so that only neighbours in this order have to be compared.
    let sum = |known: &Known| known.matrix.cells().iter().map(|&digit| u32::from(digit)).sum::<u32>();
    known.sort_by_cached_key(|known| (sum(known), known.group));
    let sums: Vec<u32> = known.iter().map(sum).collect();
    let near = |(index, one): (usize, &Known)| {
        let beyond = sums.partition_point(|&sum| sum <= sums[index] + most_distance);
        let others = known[index + 1..beyond].iter();
        let pairs = others.map(|other| {
            let (first, later) = (one.group.min(other.group), one.group.max(other.group));
            (later, first, one.matrix.digit_distance(&other.matrix))
        });
        pairs.filter(|&(.., distance)| distance <= most_distance).collect::<Vec<_>>()
    };
    let mut pairs: Vec<Pair> = known.par_iter().enumerate().flat_map_iter(near).collect();
    pairs.sort_unstable_by_key(|&(later, first, distance)| (later, distance, first));
    let mut going: Vec<Pair> = Vec::new();
    for pair in pairs {
        let goes = |group| going.binary_search_by_key(&group, |&(later, ..)| later).is_ok();
        if !goes(pair.0) && !goes(pair.1) {
            going.push(pair);
        }
    }
    going
}
