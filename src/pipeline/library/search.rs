//! The nearest groups to a text.
//!
//! In: texts. Out: an [`Answer`] each. A text is encoded as `add` would, and nothing but its digits is compared. All matrices are gone
//! through, 100,000 are 10 MB, and none is kept.

use super::frame::Encoded;
use super::matrices::{Known, each_matrix, strayed};
use super::{Library, LibraryError};
use crate::latent::DigitMatrix;
use rusqlite::Connection;
use serde::Serialize;
use std::collections::BinaryHeap;

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

/// A text that is asked for, with the groups that are the nearest so far.
struct Asked {
    encoded: Encoded,
    by_digits: Nearest,
    by_hamming: Nearest,
}

/// A group: the distance that it is ranked by, its number, and the other distance. Of equals the earliest is the least.
type Near = (u32, i64, u32);

/// The `most` least of what was offered.
struct Nearest {
    most: usize,
    /// The farthest first.
    heap: BinaryHeap<Near>,
}

impl Asked {
    fn new(encoded: Encoded, most: usize) -> Self {
        let nearest = || Nearest { most, heap: BinaryHeap::new() };
        Self { encoded, by_digits: nearest(), by_hamming: nearest() }
    }

    fn compare(&mut self, known: &Known) {
        let digits = self.encoded.matrix.digit_distance(&known.matrix);
        let hamming = self.encoded.matrix.hamming_distance(&known.matrix);
        self.by_digits.offer((digits, known.group, hamming));
        self.by_hamming.offer((hamming, known.group, digits));
    }
}

impl Nearest {
    fn offer(&mut self, near: Near) {
        if self.heap.len() < self.most {
            self.heap.push(near);
        } else if let Some(mut farthest) = self.heap.peek_mut()
            && near < *farthest
        {
            *farthest = near;
        }
    }
}

impl Library {
    /// The `most` nearest groups to each text.
    ///
    /// # Errors
    /// Where the file can't be read, or has no articles; and where no text has a word that the frame knows. Of several
    /// texts those without one are near nothing.
    pub fn query(&mut self, texts: &[&str], most: usize) -> Result<Vec<Answer>, LibraryError> {
        let frame = self.some_frame()?;
        // Not in parallel: that takes threads, which start slower than most texts are encoded.
        let mut asked: Vec<Asked> = texts.iter().map(|text| Asked::new(frame.encode_one(text), most)).collect();
        let _snapshot = self.store.snapshot()?;
        let mut groups = 0;
        self.store.run(|connection| {
            each_matrix(connection, frame.version, |known| {
                groups += 1;
                asked.iter_mut().filter(|one| one.encoded.is_known()).for_each(|one| one.compare(&known));
            })
        })?;
        if groups == 0 {
            return Err(LibraryError::Empty { file: self.store.file.clone() });
        }
        if !asked.iter().any(|one| one.encoded.is_known()) {
            return Err(LibraryError::NoKnownWord { file: self.store.file.clone() });
        }
        let hit = |group: i64, digit_distance: u32, hamming_distance: u32| {
            let probability = frame.probability.at(digit_distance, groups);
            self.store.run(|connection| read_hit(connection, group, digit_distance, hamming_distance, probability))
        };
        let answers = texts.iter().zip(asked).map(|(text, asked)| {
            let by_digits = asked.by_digits.heap.into_sorted_vec().into_iter();
            let by_hamming = asked.by_hamming.heap.into_sorted_vec().into_iter();
            Ok(Answer {
                text: (*text).to_owned(),
                matrix: asked.encoded.matrix,
                by_digits: by_digits
                    .map(|(digits, group, hamming)| hit(group, digits, hamming))
                    .collect::<Result<_, _>>()?,
                by_hamming: by_hamming
                    .map(|(hamming, group, digits)| hit(group, digits, hamming))
                    .collect::<Result<_, _>>()?,
            })
        });
        answers.collect()
    }
}

fn read_hit(
    connection: &Connection,
    group: i64,
    digit_distance: u32,
    hamming_distance: u32,
    probability: f64,
) -> rusqlite::Result<Hit> {
    let sql =
        "SELECT name, cluster, title, text FROM groups JOIN articles ON articles.id = article WHERE groups.id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([group])?;
    let row = rows.next()?.ok_or_else(strayed)?;
    Ok(Hit {
        group,
        digit_distance,
        hamming_distance,
        probability,
        article: row.get(0)?,
        cluster: row.get(1)?,
        title: row.get(2)?,
        text: row.get(3)?,
    })
}
