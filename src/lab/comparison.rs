//! Variants of a run held against each other, in pairs: the same puzzle and seed under both.
//!
//! In: records, and the order of the variants. Out: a [`Comparison`], which serialises, and a table for the terminal.
//! Every variant is held against the first.
//!
//! # How sure a difference is
//! Fits of one puzzle by several seeds are no independent cases, so puzzles are what is counted.
//!
//! - *Who solves more*: McNemar's exact test (Q. McNemar, "Note on the sampling error of the difference between
//!   correlated proportions or percentages", Psychometrika 12, 1947): of the puzzles that one variant solves more often
//!   than the other, over the seeds that both have, as many should be better as worse, each with probability 1/2. With
//!   one seed it is the test as published; with more, it is the sign test of the same question.
//! - *By how much*: the difference of the shares of fits that are solved, with the interval of method 10 of R. G.
//!   Newcombe, "Improved confidence intervals for the difference between binomial proportions based on paired data",
//!   Statistics in Medicine 17, 1998. Like Wilson's, on which it rests, it keeps a width where no pair differs. With
//!   several seeds it is computed for the *effective* number of pairs, as the mean over tasks in [`score`](super::score)
//!   is: pairs, times the variance that their mean difference would have if they were independent, over that which it has
//!   with puzzles as the cases; at least the puzzles, at most the pairs.
//! - *Bits, steps, seconds*: the mean over puzzles of the mean paired difference, with Student's t interval.

use super::score::{CONFIDENCE, Estimate, mean_of_shares, wilson};
use crate::report::PuzzleRecord;
use crate::report::printable;
use serde::Serialize;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A difference with its 95% interval; no ends where one puzzle alone tells it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// What was found.
    pub value: f64,
    /// The interval's lower end.
    pub low: Option<f64>,
    /// The interval's upper end.
    pub high: Option<f64>,
}

/// What a variant came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantResult {
    /// The variant.
    pub variant: String,
    /// Its puzzles.
    pub puzzles: usize,
    /// Its fits.
    pub fits: usize,
    /// Fits whose solutions are known.
    pub judged: usize,
    /// Of these, how many are solved.
    pub solved: usize,
    /// The mean over puzzles of the share of fits that are solved; none where nothing is known.
    pub share: Option<Estimate>,
    /// Judged fits with the solutions of all tests among so many first candidates: 1, 2, and all.
    pub solved_within: [usize; 3],
    /// Bits of latents and grids a fit, the mean.
    pub bits: Option<f64>,
    /// Steps a fit, the mean.
    pub steps: f64,
    /// Seconds a fit, the mean.
    pub seconds: f64,
}

/// A variant against the first, over the puzzles and seeds that both have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paired {
    /// The variant.
    pub variant: String,
    /// The first variant.
    pub against: String,
    /// Pairs of fits.
    pub pairs: usize,
    /// Pairs that are judged.
    pub judged: usize,
    /// Judged pairs: solved by both, by this alone, by the first alone, by neither.
    pub table: [usize; 4],
    /// Puzzles that this variant solves more often, and those that it solves less often.
    pub puzzles_better_worse: (usize, usize),
    /// The difference of the shares of fits that are solved; above 0 where this variant solves more.
    pub solved: Option<Difference>,
    /// McNemar's exact two-sided p.
    pub p: Option<f64>,
    /// Difference in bits.
    pub bits: Option<Difference>,
    /// Difference in steps.
    pub steps: Option<Difference>,
    /// Difference in seconds.
    pub seconds: Option<Difference>,
}

/// All variants, and each against the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// By variant.
    pub variants: Vec<VariantResult>,
    /// All but the first against it.
    pub paired: Vec<Paired>,
}

impl Comparison {
    /// Of these records; variants that have none are left out.
    pub fn new(records: &[PuzzleRecord], order: &[String]) -> Self {
        let of = |variant: &String| -> Vec<&PuzzleRecord> {
            records.iter().filter(|record| record.variant == *variant).collect()
        };
        let groups: Vec<_> =
            order.iter().map(|variant| (variant, of(variant))).filter(|(_, own)| !own.is_empty()).collect();
        let variants = groups.iter().map(|(variant, own)| VariantResult::new(variant, own)).collect();
        let paired = match groups.split_first() {
            None => Vec::new(),
            Some(((name, first), rest)) => {
                rest.iter().map(|(variant, own)| Paired::new((variant, own), (name, first))).collect()
            }
        };
        Self { variants, paired }
    }
}

impl VariantResult {
    fn new(variant: &str, records: &[&PuzzleRecord]) -> Self {
        let mean = |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        let mut by_puzzle: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let judged: Vec<(&PuzzleRecord, bool)> =
            records.iter().filter_map(|record| Some((*record, record.solved?))).collect();
        for &(record, solved) in &judged {
            let (right, all) = by_puzzle.entry(&record.id).or_default();
            *right += usize::from(solved);
            *all += 1;
        }
        let within =
            |k: usize| judged.iter().filter(|(record, _)| record.worst_rank().is_some_and(|rank| rank <= k)).count();
        let mut ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        Self {
            variant: variant.to_owned(),
            puzzles: ids.len(),
            fits: records.len(),
            judged: judged.len(),
            solved: judged.iter().filter(|(_, solved)| *solved).count(),
            share: (!judged.is_empty()).then(|| mean_of_shares(by_puzzle.into_values())),
            solved_within: [1, 2, usize::MAX].map(within),
            bits: mean(records.iter().filter_map(|record| record.bits()).collect()),
            steps: mean(records.iter().map(|record| record.steps as f64).collect()).unwrap_or(0.0),
            seconds: mean(records.iter().map(|record| record.seconds).collect()).unwrap_or(0.0),
        }
    }
}

/// A fit under one variant, and under the first.
type Pair<'a> = (&'a PuzzleRecord, &'a PuzzleRecord);

impl Paired {
    fn new((variant, own): (&str, &[&PuzzleRecord]), (against, first): (&str, &[&PuzzleRecord])) -> Self {
        let known: BTreeMap<(&str, u64), &PuzzleRecord> =
            first.iter().map(|record| ((record.id.as_str(), record.seed), *record)).collect();
        let mut by_puzzle: BTreeMap<&str, Vec<Pair>> = BTreeMap::new();
        for record in own {
            if let Some(other) = known.get(&(record.id.as_str(), record.seed)) {
                by_puzzle.entry(&record.id).or_default().push((record, other));
            }
        }
        let (mut table, mut differences) = ([0; 4], Vec::new());
        for pairs in by_puzzle.values() {
            let outcomes = pairs.iter().filter_map(|(own, other)| Some((own.solved?, other.solved?)));
            let mut of_puzzle = Vec::new();
            for (own, other) in outcomes {
                table[2 * usize::from(!own) + usize::from(!other)] += 1;
                of_puzzle.push(f64::from(i8::from(own) - i8::from(other)));
            }
            if !of_puzzle.is_empty() {
                differences.push(of_puzzle);
            }
        }
        let net = |sign: f64| differences.iter().filter(|of_puzzle| sign * of_puzzle.iter().sum::<f64>() > 0.0).count();
        let puzzles_better_worse = (net(1.0), net(-1.0));
        let judged: usize = table.iter().sum();
        let difference = |value: &dyn Fn(&PuzzleRecord) -> Option<f64>| {
            let means = by_puzzle.values().filter_map(|pairs| {
                let known: Vec<f64> =
                    pairs.iter().filter_map(|(own, other)| Some(value(own)? - value(other)?)).collect();
                (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
            });
            mean_difference(&means.collect::<Vec<_>>())
        };
        Self {
            variant: variant.to_owned(),
            against: against.to_owned(),
            pairs: by_puzzle.values().map(Vec::len).sum(),
            judged,
            table,
            puzzles_better_worse,
            solved: (judged > 0).then(|| solved_difference(table, &differences)),
            p: (judged > 0).then(|| mcnemar(puzzles_better_worse)),
            bits: difference(&PuzzleRecord::bits),
            steps: difference(&|record| Some(record.steps as f64)),
            seconds: difference(&|record| Some(record.seconds)),
        }
    }
}

/// The exact two-sided p of so many better and worse.
fn mcnemar((better, worse): (usize, usize)) -> f64 {
    let binomial = Binomial::new(0.5, (better + worse) as u64);
    let binomial = binomial.unwrap_or_else(|error| unreachable!("1/2 is a probability: {error}"));
    (2.0 * binomial.cdf(better.min(worse) as u64)).min(1.0)
}

/// Newcombe's method 10 for the effective number of pairs; see the module's notes. `differences` has the pairs' by puzzle.
fn solved_difference([both, own, first, neither]: [usize; 4], differences: &[Vec<f64>]) -> Difference {
    let pairs = (both + own + first + neither) as f64;
    let value = (own as f64 - first as f64) / pairs;
    let as_pairs: f64 = differences.iter().flatten().map(|one| (one - value).powi(2)).sum();
    let as_puzzles: f64 = differences.iter().map(|of| of.iter().map(|one| one - value).sum::<f64>().powi(2)).sum();
    let puzzles = differences.len() as f64;
    let effective = if as_puzzles > 0.0 { (pairs * as_pairs / as_puzzles).clamp(puzzles, pairs) } else { puzzles };
    let [a, b, c, d] = [both, own, first, neither].map(|count| count as f64 * effective / pairs);
    let [one, two] = [(a + b) / effective, (a + c) / effective].map(|share| wilson(share.clamp(0.0, 1.0), effective));
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    let excess = a * d - b * c;
    // The correlation of the two, with Newcombe's correction where it is positive.
    let excess = if excess > 0.0 { (excess - effective / 2.0).max(0.0) } else { excess };
    let correlation = if margins > 0.0 { excess / margins.sqrt() } else { 0.0 };
    let reach = |from_one: f64, from_two: f64| {
        (from_one * from_one - 2.0 * correlation * from_one * from_two + from_two * from_two).max(0.0).sqrt()
    };
    Difference {
        value,
        low: Some((value - reach(one.value - one.low, two.high - two.value)).max(-1.0)),
        high: Some((value + reach(one.high - one.value, two.value - two.low)).min(1.0)),
    }
}

/// The mean of values with Student's t interval; none of none.
fn mean_difference(values: &[f64]) -> Option<Difference> {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|one| (one - value).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok();
    let half = student.map(|student| student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * (variance / count).sqrt());
    (!values.is_empty()).then(|| Difference {
        value,
        low: half.map(|half| value - half),
        high: half.map(|half| value + half),
    })
}

/// The comparison as tables for the terminal.
pub fn comparison_table(comparison: &Comparison) -> String {
    let width = comparison.variants.iter().map(|one| one.variant.chars().count()).max().unwrap_or(0).max(7) + 2;
    let mut text = format!(
        "{:<width$}{:>8}{:>14}{:>8}   {:<17}{:>9}{:>10}{:>10}{:>10}\n",
        "variant", "puzzles", "solved fits", "share", "95% interval", "pass@any", "bits", "steps", "seconds"
    );
    for one in &comparison.variants {
        let [share, interval] = match one.share {
            Some(Estimate { value, low, high }) => {
                [format!("{:.1}%", 100.0 * value), format!("{:.1}% to {:.1}%", 100.0 * low, 100.0 * high)]
            }
            None => ["–".to_owned(), "–".to_owned()],
        };
        let solved = format!("{} of {}", one.solved, one.judged);
        let bits = one.bits.map_or("–".into(), |bits| format!("{bits:.1}"));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<width$}{:>8}{solved:>14}{share:>8}   {interval:<17}{:>9}{bits:>10}{:>10.1}{:>10.1}",
            printable(&one.variant),
            one.puzzles,
            one.solved_within[2],
            one.steps,
            one.seconds
        );
    }
    for one in &comparison.paired {
        push_paired(&mut text, one);
    }
    text
}

fn push_paired(text: &mut String, one: &Paired) {
    let [both, own, first, neither] = one.table;
    let (variant, against) = (printable(&one.variant), printable(&one.against));
    let _ = writeln!(text, "\n{variant} against {against}: {} pairs of the same puzzle and seed", one.pairs);
    if let (Some(solved), Some(p)) = (one.solved, one.p) {
        let (better, worse) = one.puzzles_better_worse;
        let _ = writeln!(
            text,
            "  solved by both {both}, by {variant} alone {own}, by {against} alone {first}, by neither {neither}\n  \
             solved {}; puzzles better {better}, worse {worse}; exact McNemar p = {p:.3}",
            told(solved, 100.0, " points", 1)
        );
    }
    for (name, difference) in [("bits", one.bits), ("steps", one.steps), ("seconds", one.seconds)] {
        if let Some(difference) = difference {
            let _ = writeln!(text, "  {name} {}", told(difference, 1.0, "", 1));
        }
    }
}

/// `+1.5 points (95% interval -0.5 to +3.5)`.
fn told(Difference { value, low, high }: Difference, factor: f64, unit: &str, digits: usize) -> String {
    // No minus before a zero.
    let number = |value: f64| {
        let text = format!("{:+.digits$}", factor * value);
        if text.trim_start_matches(['-', '+', '0', '.']).is_empty() { text.replace('-', "+") } else { text }
    };
    match (low, high) {
        (Some(low), Some(high)) => {
            format!("{}{unit} (95% interval {} to {})", number(value), number(low), number(high))
        }
        _ => format!("{}{unit} (one puzzle, no interval)", number(value)),
    }
}

#[cfg(test)]
mod tests;
