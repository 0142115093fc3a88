//! The nearest groups to a text.
//!
//! In: texts. Out: an [`Answer`] each. A text is encoded as `add` would, and nothing but its digits is compared. All matrices are gone
//! through: 100,000 are 10 MB.

use super::frame::Encoded;
use super::store::Known;
use super::{Library, LibraryError};
use crate::latent::DigitMatrix;
use rusqlite::Connection;
use serde::Serialize;
use std::panic::resume_unwind;
use std::thread;

/// A group that is near.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// Its number.
    pub group: i64,
    /// The sum of the differences of digits.
    pub digit_distance: u32,
    /// How many cells differ.
    pub hamming_distance: u32,
    /// That the group and the text are edits of one, by the sum of differences, where one group of the library is to be.
    pub probability: f64,
    /// Its article's name.
    pub article: String,
    /// Its article's cluster.
    pub cluster: i64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
}

/// What a library knows about a text.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Its matrix, as it would be added.
    pub matrix: DigitMatrix,
    /// The nearest by the sum of differences, nearest first.
    pub by_digits: Vec<Hit>,
    /// The nearest by cells that differ.
    pub by_hamming: Vec<Hit>,
}

impl Library {
    /// The `most` nearest groups to each text.
    ///
    /// # Errors
    /// Where the file can't be read, or has no articles; and where no text has a word that the frame knows. Of several
    /// texts those without one are near nothing.
    pub fn query(&mut self, texts: &[&str], most: usize) -> Result<Vec<Answer>, LibraryError> {
        let frame = self.some_frame()?;
        // The texts are encoded while the matrices are read.
        let (known, encoded) = thread::scope(|scope| {
            let frame = &*frame;
            let encoding = scope.spawn(move || frame.encode(texts));
            let known = self.store.read_matrices(frame.version);
            (known, encoding.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        let known = known?;
        if known.is_empty() {
            return Err(LibraryError::Empty { file: self.store.file.clone() });
        }
        if !encoded.iter().any(Encoded::is_known) {
            return Err(LibraryError::NoKnownWord { file: self.store.file.clone() });
        }
        let answers = texts.iter().zip(encoded).map(|(text, encoded)| {
            let known = if encoded.is_known() { &known[..] } else { &[] };
            let matrix = encoded.matrix;
            let hits = |nearest: Vec<&Known>| -> Result<Vec<Hit>, LibraryError> {
                let hit = |one: &Known| {
                    let probability = frame.probability.at(one.matrix.digit_distance(&matrix), known.len());
                    self.store.run(|connection| read_hit(connection, one, &matrix, probability))
                };
                // One may have been removed since.
                nearest.into_iter().filter_map(|known| hit(known).transpose()).collect()
            };
            Ok(Answer {
                text: (*text).to_owned(),
                matrix,
                by_digits: hits(nearest(known, most, |other| matrix.digit_distance(other)))?,
                by_hamming: hits(nearest(known, most, |other| matrix.hamming_distance(other)))?,
            })
        });
        answers.collect()
    }
}

/// The `most` groups of the least distance; of equals the earliest.
fn nearest(known: &[Known], most: usize, distance: impl Fn(&DigitMatrix) -> u32) -> Vec<&Known> {
    let mut distances: Vec<(u32, usize)> =
        known.iter().enumerate().map(|(index, known)| (distance(&known.matrix), index)).collect();
    if most < distances.len() {
        distances.select_nth_unstable(most);
        distances.truncate(most);
    }
    distances.sort_unstable();
    distances.into_iter().map(|(_, index)| &known[index]).collect()
}

fn read_hit(
    connection: &Connection,
    known: &Known,
    asked: &DigitMatrix,
    probability: f64,
) -> rusqlite::Result<Option<Hit>> {
    let sql =
        "SELECT name, cluster, title, text FROM groups JOIN articles ON articles.id = article WHERE groups.id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([known.group])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Hit {
        group: known.group,
        digit_distance: asked.digit_distance(&known.matrix),
        hamming_distance: asked.hamming_distance(&known.matrix),
        probability,
        article: row.get(0)?,
        cluster: row.get(1)?,
        title: row.get(2)?,
        text: row.get(3)?,
    }))
}
