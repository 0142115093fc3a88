//! Real edits: groups of later versions of the texts, and which group each one was.
//!
//! In: texts of groups, and of later ones. Out: a [`RealEdit`] for each later group that shares enough with one of ours, but is not
//! the same. What is shared are [`Runs`] of words.

use crate::data::article::runs::Runs;
use std::collections::HashMap;

/// The kinds of edits, by overlap: from 0.6, from 0.4, from 0.2.
pub(super) const OVERLAPS: [&str; 3] = ["0.6–1", "0.4–0.6", "0.2–0.4"];

/// The least overlap of each kind.
const LEAST: [f64; 3] = [0.6, 0.4, 0.2];

/// A later group.
pub(super) struct RealEdit {
    /// Its place among the later ones.
    pub later: usize,
    /// Its kind.
    pub overlap: usize,
    /// The groups that it overlaps most with.
    pub truth: Vec<usize>,
}

/// The edits of `texts` among `later`.
pub(super) fn real_edits(texts: &[&str], later: &[&str]) -> Vec<RealEdit> {
    let known: Vec<Runs> = texts.iter().map(|text| Runs::of(text)).collect();
    let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
    for (group, runs) in known.iter().enumerate() {
        for &run in runs.all() {
            having.entry(run).or_default().push(group);
        }
    }
    let edit = |(later, text): (usize, &&str)| {
        let runs = Runs::of(text);
        let mut sharing: Vec<usize> = runs.all().iter().filter_map(|run| having.get(run)).flatten().copied().collect();
        sharing.sort_unstable();
        sharing.dedup();
        let overlaps: Vec<(usize, f64)> =
            sharing.into_iter().map(|group| (group, runs.overlap(&known[group]))).collect();
        let most = overlaps.iter().map(|&(_, overlap)| overlap).fold(0.0, f64::max);
        let kind = LEAST.iter().position(|&least| most >= least).filter(|_| most < 0.999)?;
        let truth = overlaps.into_iter().filter(|&(_, overlap)| overlap >= most - 1e-9).map(|(group, _)| group);
        Some(RealEdit { later, overlap: kind, truth: truth.collect() })
    };
    later.iter().enumerate().filter_map(edit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_groups_are_of_those_that_they_share_most_with() {
        let texts = ["one two three four five six seven", "the same as ever it was", "nothing of all this"];
        let later =
            ["one two three four five six eight", "the same as ever it was", "one two three four other words", "new"];
        let edits = real_edits(&texts, &later);
        let found: Vec<_> = edits.iter().map(|edit| (edit.later, edit.overlap, edit.truth.clone())).collect();
        assert_eq!(found, [(0, 0, vec![0]), (2, 2, vec![0])]);
    }
}
