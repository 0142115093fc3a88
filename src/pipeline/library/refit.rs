//! Drift, and the frame that follows it.
//!
//! Drift is how much higher the share of words that the newest frame doesn't know is among the articles that came since it was
//! fitted than it was in the library then. Words alone, since a text of any language has pairs and pieces nobody saw before.

use super::add::{direction, fit_frame, write_centre};
use super::frame::{Encoded, Frame, FrameGroup};
use super::matrices::{Known, write_matrices};
use super::store::{Census, newest_version, write_frame, wrong};
use super::{Library, LibraryError, LibrarySettings, Progress};
use crate::latent::digits::CELLS;
use rusqlite::{Connection, Transaction};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

/// Groups that are encoded at a time.
const PART: usize = 4096;

/// How a library has changed since its newest frame was fitted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drift {
    /// Share of unknown words now less the share then; 0 where nothing came.
    pub drift: f64,
    /// Groups that came since, for each that was there.
    pub growth: f64,
}

/// A stored group.
struct Stored {
    id: i64,
    article: i64,
    cluster: i64,
    text: String,
}

impl Library {
    /// The drift of the newest frame.
    pub(super) fn drift(&self) -> Result<Drift, LibraryError> {
        self.store.run(drift)
    }

    /// Fits a new frame if the newest has drifted, and rewrites all matrices under it in one transaction.
    ///
    /// # Errors
    /// Where the file can't be read or written; it is then as it was.
    pub fn refit_if_drifted(
        &mut self,
        settings: &LibrarySettings,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), LibraryError> {
        let Drift { drift, growth } = self.drift()?;
        let Some(newest) = self.store.newest_version()? else { return Ok(()) };
        if drift <= settings.drift || growth < settings.growth {
            return Ok(());
        }
        let groups = self.store.run(|connection| stored_after(connection, 0))?;
        let all: Vec<FrameGroup> = groups.iter().map(Stored::for_frame).collect();
        let frame = fit_frame(newest + 1, &all, settings);
        let mut encoded = encode_all(&frame, &groups);

        let file = self.store.file.clone();
        let transaction = self.store.write()?;
        let rewrite = || -> rusqlite::Result<Option<usize>> {
            if newest_version(&transaction)? != Some(newest) {
                // Another process fitted a frame in the meantime; that holds.
                return Ok(None);
            }
            // Groups that came or went during the fit.
            let last = groups.last().map_or(0, |group| group.id);
            let mut now = stored_after(&transaction, last)?;
            encoded.extend(encode_all(&frame, &now));
            let left = groups_left(&transaction)?;
            let mut groups = groups;
            groups.append(&mut now);
            let written = groups.iter().zip(&encoded).filter(|(group, _)| left.contains(&group.id));
            write_all(&transaction, &frame, &written.collect::<Vec<_>>()).map(Some)
        };
        let rewritten = rewrite().and_then(|groups| transaction.commit().map(|()| groups));
        if let Some(groups) = rewritten.map_err(|error| wrong(&file, &error))? {
            let _ = watch(Progress::Refitted { version: newest + 1, groups, drift });
        }
        Ok(())
    }
}

impl Stored {
    fn for_frame(&self) -> FrameGroup<'_> {
        FrameGroup { article: self.article, text: &self.text }
    }
}

fn drift(connection: &Connection) -> rusqlite::Result<Drift> {
    let frames = "SELECT groups, words, strange_words, last_article FROM frames ORDER BY version DESC LIMIT 1";
    let mut statement = connection.prepare(frames)?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(Drift::default()) };
    let last: i64 = row.get(3)?;
    let share = |strange: i64, words: i64| strange as f64 / words.max(1) as f64;
    let then = (row.get::<_, i64>(0)?, share(row.get(2)?, row.get(1)?));
    let since = "SELECT COALESCE(SUM(words), 0), COALESCE(SUM(strange_words), 0),
        (SELECT COUNT(*) FROM groups WHERE article > ?1) FROM articles WHERE id > ?1";
    connection.query_row(since, [last], |row| {
        let words: i64 = row.get(0)?;
        let drift = if words == 0 { 0.0 } else { share(row.get(1)?, words) - then.1 };
        Ok(Drift { drift, growth: row.get::<_, i64>(2)? as f64 / then.0.max(1) as f64 })
    })
}

fn stored_after(connection: &Connection, last: i64) -> rusqlite::Result<Vec<Stored>> {
    let sql = "SELECT groups.id, article, cluster, text FROM groups JOIN articles ON articles.id = article
        WHERE groups.id > ? ORDER BY groups.id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([last], |row| {
        Ok(Stored { id: row.get(0)?, article: row.get(1)?, cluster: row.get(2)?, text: row.get(3)? })
    })?;
    rows.collect()
}

fn groups_left(connection: &Connection) -> rusqlite::Result<HashSet<i64>> {
    let mut statement = connection.prepare("SELECT id FROM groups")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

fn encode_all(frame: &Frame, groups: &[Stored]) -> Vec<Encoded> {
    let texts: Vec<&str> = groups.iter().map(|group| group.text.as_str()).collect();
    texts.chunks(PART).flat_map(|part| frame.encode(part)).collect()
}

/// Writes a frame and all that is under it: matrices, clusters' centres, articles' strange words.
fn write_all(transaction: &Transaction, frame: &Frame, groups: &[(&Stored, &Encoded)]) -> rusqlite::Result<usize> {
    let mut articles: BTreeMap<(i64, i64), Vec<(Known, &Encoded)>> = BTreeMap::new();
    for &(group, encoded) in groups {
        let known = Known { group: group.id, matrix: encoded.matrix };
        articles.entry((group.article, group.cluster)).or_default().push((known, encoded));
    }
    let mut all = Census { groups: groups.len(), ..Census::default() };
    let mut clusters: BTreeMap<i64, [f32; CELLS]> = BTreeMap::new();
    for (&(article, cluster), groups) in &articles {
        let mut census = Census::default();
        for (_, one) in groups {
            census.count(std::slice::from_ref(one));
        }
        let sql = "UPDATE articles SET words = ?, strange_words = ? WHERE id = ?";
        transaction.prepare_cached(sql)?.execute((census.words as i64, census.strange_words as i64, article))?;
        all.words += census.words;
        all.strange_words += census.strange_words;
        all.last_article = all.last_article.max(article);
        let sums = clusters.entry(cluster).or_insert([0.0; CELLS]);
        for (sum, value) in sums.iter_mut().zip(direction(groups.iter().map(|(known, _)| &known.matrix))) {
            *sum += value;
        }
    }
    write_frame(transaction, frame, all)?;
    for (cluster, sums) in clusters {
        write_centre(transaction, frame.version, cluster, &sums)?;
    }
    for ((article, _), groups) in articles {
        let known: Vec<Known> = groups.into_iter().map(|(known, _)| known).collect();
        write_matrices(transaction, frame.version, article, &known)?;
    }
    Ok(groups.len())
}
