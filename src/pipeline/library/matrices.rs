//! Groups' digits in the file: those of an article under a frame are one row, so that a search reads few.
//!
//! In: rows of `matrices`. Out: [`Known`] groups in the order they came in, or what is wrong with a row. In a row's blob each group of
//! the article takes [`PACKED`] bytes: its number, eight bytes little-endian, and its digits, row by row, a byte each.

use crate::latent::DigitMatrix;
use crate::latent::digits::CELLS;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, Error, Result, Transaction, params};
use std::collections::HashSet;

/// Bytes of a group.
pub(super) const PACKED: usize = 8 + CELLS;

/// A stored group's digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub group: i64,
    pub matrix: DigitMatrix,
}

fn pack(groups: &[Known]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(PACKED * groups.len());
    for known in groups {
        blob.extend(known.group.to_le_bytes());
        blob.extend(known.matrix.cells());
    }
    blob
}

/// Hands over the groups of an article's blob.
fn unpack(article: i64, blob: &[u8], mut each: impl FnMut(Known)) -> Result<()> {
    let wrong = |fault| damaged(format!("the matrices of article {article} {fault}"));
    let (groups, rest) = blob.as_chunks::<PACKED>();
    if !rest.is_empty() {
        return Err(wrong("are cut short"));
    }
    for packed in groups {
        let known = packed.split_first_chunk().and_then(|(group, cells)| {
            let matrix = DigitMatrix::from_cells(*cells.as_array()?)?;
            Some(Known { group: i64::from_le_bytes(*group), matrix })
        });
        each(known.ok_or_else(|| wrong("have cells that are no digits"))?);
    }
    Ok(())
}

/// What is wrong with digits, as an error of SQLite's kind.
fn damaged(fault: String) -> Error {
    FromSqlError::Other(fault.into()).into()
}

/// That a group has a matrix and no text, or a text and no matrix.
pub(super) fn strayed() -> Error {
    damaged("its matrices and its texts are of different groups".into())
}

/// Hands over the digits of all groups under a frame, in the order they came in.
pub(super) fn each_matrix(connection: &Connection, frame: u32, mut each: impl FnMut(Known)) -> Result<()> {
    let sql = "SELECT article, digits FROM matrices WHERE frame = ? ORDER BY article";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([frame])?;
    while let Some(row) = rows.next()? {
        unpack(row.get(0)?, row.get_ref(1)?.as_blob()?, &mut each)?;
    }
    Ok(())
}

/// The digits of all groups under a frame, of those and no others that have texts, in the order they came in.
pub(super) fn read_matrices(connection: &Connection, frame: u32) -> Result<Vec<Known>> {
    let mut all = Vec::new();
    each_matrix(connection, frame, |known| all.push(known))?;
    let mut statement = connection.prepare("SELECT id FROM groups ORDER BY id")?;
    let groups = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>>>()?;
    if !all.iter().map(|known| known.group).eq(groups) {
        return Err(strayed());
    }
    Ok(all)
}

/// The digits of an article's groups under a frame.
pub(super) fn matrices_of(connection: &Connection, frame: u32, article: i64) -> Result<Vec<Known>> {
    let mut all = Vec::new();
    let sql = "SELECT digits FROM matrices WHERE frame = ? AND article = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![frame, article])?;
    if let Some(row) = rows.next()? {
        unpack(article, row.get_ref(0)?.as_blob()?, |known| all.push(known))?;
    }
    Ok(all)
}

/// Writes the digits of an article's groups under a frame.
pub(super) fn write_matrices(transaction: &Transaction, frame: u32, article: i64, groups: &[Known]) -> Result<()> {
    let sql = "INSERT INTO matrices (frame, article, digits) VALUES (?, ?, ?)";
    transaction.prepare_cached(sql)?.execute(params![frame, article, pack(groups)])?;
    Ok(())
}

/// Takes the digits of groups that have gone out of what an article has under all frames.
pub(super) fn remove_matrices(transaction: &Transaction, article: i64, gone: &HashSet<i64>) -> Result<()> {
    let mut statement = transaction.prepare("SELECT frame FROM matrices WHERE article = ?")?;
    let frames = statement.query_map([article], |row| row.get(0))?.collect::<Result<Vec<u32>>>()?;
    for frame in frames {
        let mut left = matrices_of(transaction, frame, article)?;
        left.retain(|known| !gone.contains(&known.group));
        let sql = "UPDATE matrices SET digits = ? WHERE frame = ? AND article = ?";
        transaction.prepare_cached(sql)?.execute(params![pack(&left), frame, article])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpacked(blob: &[u8]) -> Result<Vec<Known>> {
        let mut all = Vec::new();
        unpack(7, blob, |known| all.push(known)).map(|()| all)
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(
            groups in prop::collection::vec((any::<i64>(), prop::array::uniform::<_, CELLS>(0..10u8)), 0..9),
        ) {
            let matrix = |cells| DigitMatrix::from_cells(cells).unwrap();
            let all: Vec<Known> = groups.iter().map(|&(group, cells)| Known { group, matrix: matrix(cells) }).collect();
            prop_assert_eq!(unpacked(&pack(&all)).unwrap(), all);
        }

        #[test]
        fn any_bytes_are_groups_or_an_error(blob in prop::collection::vec(0..12u8, 0..4 * PACKED)) {
            let digits = blob.as_chunks::<PACKED>().0.iter().all(|packed| packed[8..].iter().all(|&digit| digit < 10));
            prop_assert_eq!(unpacked(&blob).is_ok(), blob.len() % PACKED == 0 && digits);
        }
    }

    #[test]
    fn what_is_wrong_names_the_article() {
        for (blob, fault) in [(&[0; 107][..], "are cut short"), (&[10; 108][..], "have cells that are no digits")] {
            assert_eq!(unpacked(blob).unwrap_err().to_string(), format!("the matrices of article 7 {fault}"));
        }
    }
}
