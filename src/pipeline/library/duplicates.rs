//! Groups that say the same: the same text, and with a probability also what is by its digits an edit of another and shares most of its words.
//!
//! In: how probable that has to be, if digits are looked at. Out: [`Duplicates`]: each group that repeats one that came before it and
//! stays; and, if asked for, a library without them. An article whose groups all go goes with them.
//!
//! Digits alone never say that two texts are one: those of texts that the frame knows few words of are all alike.

use super::frame::Frame;
use super::probability::shared;
use super::store::{Known, newest_version, read_matrices, wrong};
use super::{Library, LibraryError};
use crate::data::article::words;
use rayon::prelude::*;
use rusqlite::Connection;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Share of the longer text's words, each as often as it stands there, that the other has too where both say the same.
const LEAST_SHARED_WORDS: f64 = 0.6;

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
    /// Whether the texts are the same but for white space and case.
    pub same_text: bool,
    /// Share of the longer text's words that the other has too.
    pub shared_words: f64,
    /// The sum of the differences of digits.
    pub digit_distance: u32,
    /// That both are edits of one text, by that distance.
    pub probability: f64,
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

/// A stored group as it is compared.
struct Text {
    group: i64,
    article: i64,
    /// A hash of the [`folded`] text.
    same: u64,
    /// Hashes of its words, in order; none where only the same text counts, or the frame can't tell what it says.
    words: Option<Vec<u64>>,
    known: Known,
}

/// A group that goes, and the one that stays, by places among all texts.
#[derive(Clone, Copy)]
struct Pair {
    later: usize,
    first: usize,
    same_text: bool,
    digit_distance: u32,
}

impl Library {
    /// Finds groups that have the text of an earlier one; with `least_probability` also those that are edits of one with at least that
    /// probability by their digits, and that share most words. Removes them where `remove` says so, in one transaction.
    ///
    /// # Errors
    /// Where the file can't be read or written, or has no articles.
    pub fn dedupe(&mut self, least_probability: Option<f64>, remove: bool) -> Result<Duplicates, LibraryError> {
        loop {
            let frame = self.some_frame()?;
            let texts = self.store.run(|connection| read_texts(connection, &frame, least_probability.is_some()))?;
            let near = |least| frame.probability.most_distance(least, texts.len());
            let pairs = duplicates(&texts, least_probability.and_then(near));
            let found = self.store.run(|connection| describe_all(connection, &frame, &texts, &pairs))?;
            if !remove {
                return Ok(found);
            }
            let file = self.store.file.clone();
            let transaction = self.store.write()?;
            let removed = || -> rusqlite::Result<bool> {
                // Where another process fitted a frame or removed one that was to stay: again.
                if newest_version(&transaction)? != Some(frame.version) {
                    return Ok(false);
                }
                for duplicate in &found.groups {
                    if describe(&transaction, duplicate.of_group)?.is_none() {
                        return Ok(false);
                    }
                }
                let mut delete = transaction.prepare("DELETE FROM groups WHERE id = ?")?;
                for duplicate in &found.groups {
                    delete.execute([duplicate.group])?;
                }
                let empty = "DELETE FROM articles WHERE NOT EXISTS (SELECT 1 FROM groups WHERE article = articles.id)";
                transaction.execute(empty, [])?;
                Ok(true)
            };
            let removed = removed().and_then(|removed| transaction.commit().map(|()| removed));
            if removed.map_err(|error| wrong(&file, &error))? {
                return Ok(Duplicates { removed: true, ..found });
            }
        }
    }
}

/// All groups, by number, with their words where `with_words` asks for them.
fn read_texts(connection: &Connection, frame: &Frame, with_words: bool) -> rusqlite::Result<Vec<Text>> {
    let known: HashMap<i64, Known> =
        read_matrices(connection, frame.version)?.into_iter().map(|known| (known.group, known)).collect();
    let mut statement = connection.prepare("SELECT id, article, text FROM groups ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(i64, i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    let text = |(group, article, text): (i64, i64, String)| {
        let known = *known.get(&group)?;
        let words = (with_words && frame.can_tell(&text)).then(|| word_hashes(&text));
        Some(Text { group, article, same: hash(&folded(&text)), words, known })
    };
    Ok(rows.into_par_iter().filter_map(text).collect())
}

/// The text without case, every run of white space one space.
fn folded(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn word_hashes(text: &str) -> Vec<u64> {
    let text = text.to_lowercase();
    let mut hashes: Vec<u64> = words(&text).into_iter().map(|word| hash(&text[word.range])).collect();
    hashes.sort_unstable();
    hashes
}

/// Each group that repeats an earlier one that stays, with the one most like it; in the order of groups.
fn duplicates(texts: &[Text], most_distance: Option<u32>) -> Vec<Pair> {
    let pair = |later: usize, first: usize, same_text| {
        let digit_distance = texts[later].known.matrix.digit_distance(&texts[first].known.matrix);
        Pair { later, first, same_text, digit_distance }
    };
    let mut first_of: HashMap<u64, usize> = HashMap::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        match first_of.get(&text.same) {
            Some(&first) => pairs.push(pair(place, first, true)),
            None => _ = first_of.insert(text.same, place),
        }
    }
    if let Some(most_distance) = most_distance {
        pairs.extend(near(texts, most_distance).into_iter().map(|(later, first)| pair(later, first, false)));
    }
    pairs.sort_unstable_by_key(|pair| (pair.later, !pair.same_text, pair.digit_distance, pair.first));
    let mut going: Vec<Pair> = Vec::new();
    for pair in pairs {
        let goes = |place| going.binary_search_by_key(&place, |pair| pair.later).is_ok();
        if !goes(pair.later) && !goes(pair.first) {
            going.push(pair);
        }
    }
    going
}

/// Pairs, the later first, whose digits differ by no more than that in sum and that share enough words.
fn near(texts: &[Text], most_distance: u32) -> Vec<(usize, usize)> {
    // Sums of digits differ by no more than digits do, so that only neighbours in this order have to be compared.
    let sum = |place: usize| texts[place].known.matrix.cells().iter().map(|&digit| u32::from(digit)).sum::<u32>();
    let told = (0..texts.len()).filter_map(|place| Some((sum(place), place, texts[place].words.as_deref()?)));
    let mut told: Vec<(u32, usize, &[u64])> = told.collect();
    told.sort_unstable();
    let of_one = |(index, &(sum, place, words)): (usize, &(u32, usize, &[u64]))| {
        let beyond = told.partition_point(|&(other, ..)| other <= sum.saturating_add(most_distance));
        let others = told[index + 1..beyond].iter();
        let is_near = |&&(_, other, other_words): &&(u32, usize, &[u64])| {
            texts[place].known.matrix.digit_distance(&texts[other].known.matrix) <= most_distance
                && shared(words, other_words) >= LEAST_SHARED_WORDS
        };
        others.filter(is_near).map(|&(_, other, _)| (place.max(other), place.min(other))).collect::<Vec<_>>()
    };
    told.par_iter().enumerate().flat_map_iter(of_one).collect()
}

fn describe_all(
    connection: &Connection,
    frame: &Frame,
    texts: &[Text],
    pairs: &[Pair],
) -> rusqlite::Result<Duplicates> {
    let mut groups = Vec::new();
    let mut left: BTreeMap<i64, usize> = BTreeMap::new();
    for text in texts {
        *left.entry(text.article).or_default() += 1;
    }
    for &Pair { later, first, same_text, digit_distance } in pairs {
        let (group, of_group) = (texts[later].group, texts[first].group);
        // One may have gone since.
        let (Some((article, text)), Some((of_article, of_text))) =
            (describe(connection, group)?, describe(connection, of_group)?)
        else {
            continue;
        };
        let shared_words = shared(&word_hashes(&text), &word_hashes(&of_text));
        // Equal hashes are a hint; the texts decide.
        if same_text && folded(&text) != folded(&of_text) {
            continue;
        }
        *left.entry(texts[later].article).or_default() -= 1;
        groups.push(Duplicate {
            group,
            article,
            text,
            of_group,
            of_article,
            of_text,
            same_text,
            shared_words,
            digit_distance,
            probability: frame.probability.at(digit_distance, texts.len()),
        });
    }
    let mut name = connection.prepare("SELECT name FROM articles WHERE id = ?")?;
    let emptied = left.into_iter().filter(|&(_, groups)| groups == 0);
    let articles = emptied.map(|(article, _)| name.query_row([article], |row| row.get(0)));
    Ok(Duplicates { groups, articles: articles.collect::<rusqlite::Result<_>>()?, removed: false })
}

fn describe(connection: &Connection, group: i64) -> rusqlite::Result<Option<(String, String)>> {
    let sql = "SELECT name, text FROM groups JOIN articles ON articles.id = article WHERE groups.id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([group])?;
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
