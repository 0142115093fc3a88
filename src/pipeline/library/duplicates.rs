//! Groups that say the same: the same text, and with a probability also what shares most of its runs of words with another and is an edit of
//! it by its digits.
//!
//! In: how probable that has to be, if digits are looked at. Out: [`Duplicates`]: each group that repeats one that came before it and
//! stays; and, if asked for, a library without them. An article whose groups all go goes with them.
//!
//! Digits alone never say that two texts are one: passages of one form, such as lists of calls, are as near as edits are. What a group has to be told
//! apart from are therefore only the groups that share its runs of words, and these are few, so that a distance says more than among all groups.

use super::frame::Frame;
use super::matrices::{Known, read_matrices, remove_matrices};
use super::probability::Probability;
use super::store::{newest_version, wrong};
use super::{Library, LibraryError};
use crate::data::article::runs::Runs;
use rayon::prelude::*;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The overlap of two texts' runs of words from which on both say the same.
const LEAST_OVERLAP: f64 = 0.6;

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
    /// The runs of three words that both texts have, over those that either has.
    pub overlap: f64,
    /// The sum of the differences of digits.
    pub digit_distance: u32,
    /// That both are edits of one text, by that distance, where one of the groups with such an overlap is to be.
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
    /// Its runs of words; none where only the same text counts, or the frame can't tell what it says.
    runs: Option<Runs>,
    known: Known,
}

/// A group that goes, and the one that stays, by places among all texts.
#[derive(Clone, Copy)]
struct Pair {
    later: usize,
    first: usize,
    same_text: bool,
    digit_distance: u32,
    probability: f64,
}

impl Library {
    /// Finds groups that have the text of an earlier one; with `least_probability` also those that share most of their runs of words with one, and
    /// are with at least that probability edits of it by their digits. Removes them where `remove` says so, in one transaction.
    ///
    /// # Errors
    /// Where the file can't be read or written, or has no articles.
    pub fn dedupe(&mut self, least_probability: Option<f64>, remove: bool) -> Result<Duplicates, LibraryError> {
        loop {
            let frame = self.some_frame()?;
            let texts = {
                let _snapshot = self.store.snapshot()?;
                if self.store.newest_version()? != Some(frame.version) {
                    continue;
                }
                self.store.run(|connection| read_texts(connection, &frame, least_probability.is_some()))?
            };
            let pairs = duplicates(&texts, frame.probability, least_probability);
            let found = self.store.run(|connection| describe_all(connection, &texts, &pairs))?;
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
                let mut gone: BTreeMap<i64, HashSet<i64>> = BTreeMap::new();
                let mut delete = transaction.prepare("DELETE FROM groups WHERE id = ? RETURNING article")?;
                for duplicate in &found.groups {
                    // One may have gone since.
                    if let Some(article) = delete.query_row([duplicate.group], |row| row.get(0)).optional()? {
                        gone.entry(article).or_default().insert(duplicate.group);
                    }
                }
                for (article, groups) in gone {
                    remove_matrices(&transaction, article, &groups)?;
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

/// All groups, by number, with their runs of words where `with_runs` asks for them.
fn read_texts(connection: &Connection, frame: &Frame, with_runs: bool) -> rusqlite::Result<Vec<Text>> {
    let known = read_matrices(connection, frame.version)?;
    let mut statement = connection.prepare("SELECT id, article, text FROM groups ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(i64, i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    let text = |((group, article, text), known): ((i64, i64, String), Known)| {
        let runs = (with_runs && frame.can_tell(&text)).then(|| Runs::of(&text));
        Text { group, article, same: hash(&folded(&text)), runs, known }
    };
    Ok(rows.into_par_iter().zip(known).map(text).collect())
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

/// Each group that repeats an earlier one that stays, with the one most like it; in the order of groups.
fn duplicates(texts: &[Text], curve: Probability, least_probability: Option<f64>) -> Vec<Pair> {
    let pair = |later: usize, first: usize, same_text, among| {
        let digit_distance = texts[later].known.matrix.digit_distance(&texts[first].known.matrix);
        Pair { later, first, same_text, digit_distance, probability: curve.at(digit_distance, among) }
    };
    let mut first_of: HashMap<u64, usize> = HashMap::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        match first_of.get(&text.same) {
            Some(&first) => pairs.push(pair(place, first, true, 1)),
            None => _ = first_of.insert(text.same, place),
        }
    }
    if let Some(least) = least_probability {
        for (later, others) in alike(texts).iter().enumerate() {
            let earlier = others.iter().filter(|&&other| other < later);
            let pairs_of = earlier.map(|&first| pair(later, first, false, others.len()));
            pairs.extend(pairs_of.filter(|pair| pair.probability >= least));
        }
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

/// For each text the others whose runs of words overlap enough with its own.
fn alike(texts: &[Text]) -> Vec<Vec<usize>> {
    let mut frequencies: HashMap<u64, usize> = HashMap::new();
    for &run in texts.iter().filter_map(|text| text.runs.as_ref()).flat_map(Runs::all) {
        *frequencies.entry(run).or_default() += 1;
    }
    // Two texts with such an overlap share that part of the runs of each. So if all but this part and one more are left out, the most frequent ones
    // first, one that both have is still there (Chaudhuri, Ganti and Kaushik 2006), and frequent ones, which many texts have, need no look.
    let rarest = |text: &Text| {
        let mut runs = text.runs.as_ref().map_or(Vec::new(), |runs| runs.all().to_vec());
        runs.sort_unstable_by_key(|run| (frequencies[run], *run));
        let shared = (LEAST_OVERLAP * runs.len() as f64).floor() as usize;
        runs.truncate(runs.len() + 1 - shared);
        runs
    };
    let rarest: Vec<Vec<u64>> = texts.par_iter().map(rarest).collect();
    let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, runs) in rarest.iter().enumerate() {
        for &run in runs {
            having.entry(run).or_default().push(place);
        }
    }
    let others = |place: usize| {
        let mut others: Vec<usize> = rarest[place].iter().flat_map(|run| &having[run]).copied().collect();
        others.sort_unstable();
        others.dedup();
        let overlaps = |other: usize| {
            let (ours, theirs) = (texts[place].runs.as_ref(), texts[other].runs.as_ref());
            ours.zip(theirs).is_some_and(|(ours, theirs)| ours.overlap(theirs) >= LEAST_OVERLAP)
        };
        others.retain(|&other| other != place && overlaps(other));
        others
    };
    (0..texts.len()).into_par_iter().map(others).collect()
}

fn describe_all(connection: &Connection, texts: &[Text], pairs: &[Pair]) -> rusqlite::Result<Duplicates> {
    let mut groups = Vec::new();
    let mut left: BTreeMap<i64, usize> = BTreeMap::new();
    for text in texts {
        *left.entry(text.article).or_default() += 1;
    }
    for &Pair { later, first, same_text, digit_distance, probability } in pairs {
        let (group, of_group) = (texts[later].group, texts[first].group);
        // One may have gone since.
        let (Some((article, text)), Some((of_article, of_text))) =
            (describe(connection, group)?, describe(connection, of_group)?)
        else {
            continue;
        };
        let overlap = Runs::of(&text).overlap(&Runs::of(&of_text));
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
            overlap,
            digit_distance,
            probability,
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
