//! What a distance means: the probability that two texts are edits of one.
//!
//! In: the groups of a frame. Out: [`Probability`], a logistic curve over the sum of the digits' differences: between random edits of the groups and their
//! originals, against the nearest of the groups that are no edits of the original. Each frame has its own, since how near others come depends on how
//! much its texts are alike: a list of calls is nearer to the next one than most edits are to their originals.

use super::frame::FrameGroup;
use crate::data::article::edits::{edit, editable_words};
use crate::data::article::runs::Runs;
use crate::latent::DigitMatrix;
use crate::rng::{self, Purpose};
use rayon::prelude::*;

/// Logarithms of odds by distance, of one pair alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probability {
    /// At distance 0.
    pub at_zero: f64,
    /// What each step of a digit takes.
    pub slope: f64,
}

/// Where a frame has too few groups to say: about what READMEs of ten packages gave (results/one-map.md).
const USUAL: Probability = Probability { at_zero: 17.0, slope: 0.06 };

/// The least pairs of either kind that a curve is fitted to.
const LEAST_PAIRS: usize = 50;

/// Shares of words that are edited, in turn.
const SHARES: [f64; 7] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

/// The least words of a text that is edited; of fewer nothing would be left.
const LEAST_WORDS: usize = 5;

/// Texts whose runs of words overlap by this or more are edits of one.
const LEAST_OVERLAP: f64 = 0.2;

/// Steps of Newton's method; a few are enough.
const STEPS: usize = 30;

impl Probability {
    /// That two texts at a distance are edits of one, where each text has one such other among so many.
    pub fn at(&self, distance: u32, among: usize) -> f64 {
        let odds = self.at_zero - self.slope * f64::from(distance) - libm::log(among.max(1) as f64);
        1.0 / (1.0 + libm::exp(-odds))
    }

    /// Fits the curve to groups, which `encode` makes digits of.
    pub fn fit(groups: &[FrameGroup], seed: u64, encode: impl Fn(&[&str]) -> Vec<DigitMatrix>) -> Self {
        let texts: Vec<&str> = groups.iter().map(|group| group.text).collect();
        let pool: Vec<&str> =
            texts.iter().flat_map(|text| editable_words(text).into_iter().map(|word| &text[word])).collect();
        let long: Vec<usize> = (0..texts.len()).filter(|&at| editable_words(texts[at]).len() >= LEAST_WORDS).collect();
        let edited: Vec<String> = long
            .par_iter()
            .map(|&at| {
                let mut random = rng::stream(seed, Purpose::Edit, at as u64);
                edit(texts[at], SHARES[at % SHARES.len()], &pool, &mut random)
            })
            .collect();
        let known = encode(&texts);
        let asked = encode(&edited.iter().map(String::as_str).collect::<Vec<_>>());
        let near: Vec<u32> = long.iter().zip(&asked).map(|(&at, asked)| asked.digit_distance(&known[at])).collect();
        let runs: Vec<Runs> = texts.par_iter().map(|text| Runs::of(text)).collect();
        let nearest_other = |(&at, asked): (&usize, &DigitMatrix)| {
            let mut others: Vec<(u32, usize)> =
                known.iter().zip(0..).map(|(known, other)| (asked.digit_distance(known), other)).collect();
            others.sort_unstable();
            let is_other = |&&(_, other): &&(u32, usize)| runs[at].overlap(&runs[other]) < LEAST_OVERLAP;
            others.iter().find(is_other).map(|&(distance, _)| distance)
        };
        let far: Vec<u32> = long.par_iter().zip(&asked).filter_map(nearest_other).collect();
        if near.len().min(far.len()) < LEAST_PAIRS {
            return USUAL;
        }
        // The nearest of so many: of each alone it is so much less probable that it comes as near.
        let of_one = |fitted: Self| Self { at_zero: fitted.at_zero + libm::log(texts.len() as f64), ..fitted };
        logistic(&near, &far).map_or(USUAL, of_one)
    }
}

/// The likeliest curve, both kinds of pairs counting alike, by Newton's method; none where it is not falling.
fn logistic(near: &[u32], far: &[u32]) -> Option<Probability> {
    // Hundreds of digits, so that both numbers are of one size.
    let all = |distances: &[u32], is_near: f64| -> Vec<(f64, f64, f64)> {
        distances.iter().map(|&d| (f64::from(d) / 100.0, is_near, 1.0 / distances.len() as f64)).collect()
    };
    let pairs = [all(near, 1.0), all(far, 0.0)].concat();
    let (mut level, mut slope) = (0.0, 0.0);
    for _ in 0..STEPS {
        // A weak prior keeps the curve from becoming a step where both kinds lie apart.
        let prior = 1e-4;
        let (mut of_level, mut of_slope) = (-prior * level, -prior * slope);
        let (mut aa, mut ab, mut bb) = (prior, 0.0, prior);
        for &(x, is_near, weight) in &pairs {
            let p = 1.0 / (1.0 + libm::exp(-(level - slope * x)));
            let (error, curvature) = (weight * (is_near - p), weight * p * (1.0 - p));
            of_level += error;
            of_slope -= error * x;
            aa += curvature;
            ab -= curvature * x;
            bb += curvature * x * x;
        }
        let determinant = aa * bb - ab * ab;
        level += (bb * of_level - ab * of_slope) / determinant;
        slope += (aa * of_slope - ab * of_level) / determinant;
    }
    let fitted = Probability { at_zero: level, slope: slope / 100.0 };
    (level.is_finite() && fitted.slope > 0.0).then_some(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_one_half_where_both_kinds_are_as_frequent() {
        let near: Vec<u32> = (0..200).collect();
        let far: Vec<u32> = (100..300).collect();
        let fitted = logistic(&near, &far).unwrap();
        assert!((fitted.at(150, 1) - 0.5).abs() < 0.05, "{fitted:?}");
        assert!(fitted.at(20, 1) > 0.9 && fitted.at(280, 1) < 0.1, "{fitted:?}");
        assert!(fitted.at(20, 1000) < fitted.at(20, 1), "among more, a chance is likelier");
        assert!(logistic(&far, &near).is_none(), "farther is never likelier");
    }
}
