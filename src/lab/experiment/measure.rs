//! What is measured of a code: recall, AUC, cosines, alignment, BLEU.
//!
//! In: a trial, the code of its groups and how other texts are coded. Out: [`Measures`].

use super::bleu::{Bleu, Tokenisation};
use super::{Code, Coded, DISTANCE_STEP, Distances, EDITED_SHARES, Measures, OVERLAPS, Query, Signatures, Trial};
use crate::data::article::counted;
use crate::fit::matrices::FittedMatrices;
use crate::lab::codes::{SIMHASH_BITS, SimHash};
use crate::latent::DigitMatrix;
use crate::latent::digits::{CELLS, adaptive_bits, cell_entropy, digit_entropy};
use rayon::prelude::*;
use std::time::Instant;

impl Trial<'_> {
    pub(super) fn measure(&self, code: &Code, encode: impl Fn(&[Query]) -> Coded) -> Measures {
        let known = &code.known;
        let groups = known.digits.len().max(1) as f64;
        let mut recall_by_digits = known.signatures.is_none().then(Vec::new);
        let mut recall_by_hamming = Vec::new();
        let mut edited = Vec::new();
        let mut query_time = 0.0;
        for queries in &self.queries {
            let start = Instant::now();
            let asked = encode(queries);
            query_time += start.elapsed().as_secs_f64();
            if let Some(recalls) = &mut recall_by_digits {
                let apart =
                    (0..asked.digits.len()).map(|group| asked.digits[group].digit_distance(&known.digits[group]));
                edited.push(histogram(apart));
                recalls.push(self.recall(|a, b| asked.digits[a].digit_distance(&known.digits[b])));
            }
            recall_by_hamming.push(self.recall(|a, b| hamming(&asked, a, known, b)));
        }
        let auc_by_digits =
            known.signatures.is_none().then(|| self.auc(|a, b| known.digits[a].digit_distance(&known.digits[b])));
        let (cosine_within, cosine_between) = self.cosines(known);
        let asked = encode(&self.newer);
        let has_real = !self.real.is_empty();
        Measures {
            code: code.name,
            seed: self.seed,
            recall_by_digits,
            recall_by_hamming,
            real_by_digits: (has_real && known.signatures.is_none())
                .then(|| self.recall_of_real(|a, b| asked.digits[a].digit_distance(&known.digits[b]))),
            real_by_hamming: has_real.then(|| self.recall_of_real(|a, b| hamming(&asked, a, known, b))),
            distances: known.signatures.is_none().then(|| Distances {
                edited,
                within: self.pair_distances(&known.digits, true),
                between: self.pair_distances(&known.digits, false),
            }),
            auc_by_digits,
            auc_by_hamming: self.auc(|a, b| hamming(known, a, known, b)),
            cosine_within,
            cosine_between,
            alignment_error: self.alignment_error(&known.digits),
            bleu: code.bleu,
            digit_entropy: digit_entropy(&known.digits),
            cell_entropy: cell_entropy(&known.digits),
            distinct_digits: known.digits.iter().map(|matrix| matrix.distinct() as f64).sum::<f64>() / groups,
            bits_per_group: adaptive_bits(&known.digits) + code.shared_bits / groups,
            fit_milliseconds: 1e3 * code.fit.as_secs_f64() / groups,
            query_milliseconds: 1e3 * query_time / groups / EDITED_SHARES.len() as f64,
        }
    }

    /// BLEU of the lossy texts of a fit, each group with the tokens of its script.
    pub(super) fn bleu(&self, fitted: &FittedMatrices) -> f64 {
        let mut bleu = Bleu::default();
        for (said, group) in self.collection.lossy_texts(fitted).iter().zip(&self.collection.groups) {
            bleu.add(said, &counted(&group.text), Tokenisation::of(&group.text));
        }
        bleu.score()
    }

    /// The share of queries whose nearest group, by `distance(query, group)`, has the original's text.
    fn recall(&self, distance: impl Fn(usize, usize) -> u32 + Sync) -> f64 {
        let count = self.identities.len();
        let found = |query: usize| {
            let (mut nearest, mut all, mut right) = (u32::MAX, 0u32, 0u32);
            for group in 0..count {
                let distance = distance(query, group);
                if distance < nearest {
                    (nearest, all, right) = (distance, 0, 0);
                }
                if distance == nearest {
                    all += 1;
                    right += u32::from(self.identities[group] == self.identities[query]);
                }
            }
            f64::from(right) / f64::from(all.max(1))
        };
        (0..count).into_par_iter().map(found).collect::<Vec<f64>>().iter().sum::<f64>() / count.max(1) as f64
    }

    /// The share of later groups whose nearest group, by `distance(later, group)`, is one that they overlap most with, by overlap. Of several nearest
    /// any may be that.
    fn recall_of_real(&self, distance: impl Fn(usize, usize) -> u32) -> Vec<f64> {
        let mut found = [[0.0f64; 2]; OVERLAPS.len()];
        for (query, edit) in self.real.iter().enumerate() {
            let distances: Vec<u32> = (0..self.identities.len()).map(|group| distance(query, group)).collect();
            let nearest = distances.iter().min();
            let right = edit.truth.iter().any(|&group| distances.get(group) == nearest);
            found[edit.overlap][usize::from(right)] += 1.0;
        }
        found.iter().map(|[missed, right]| right / (missed + right)).collect()
    }

    /// How far apart groups of one article are, or of two.
    fn pair_distances(&self, digits: &[DigitMatrix], of_one: bool) -> Vec<f64> {
        let articles = &self.collection.data.articles;
        let pairs = (0..digits.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let wanted = pairs.filter(|&(a, b)| (articles[a] == articles[b]) == of_one);
        histogram(wanted.map(|(a, b)| digits[a].digit_distance(&digits[b])))
    }

    /// The probability that a pair of one article is nearer than a pair of two, ties counting half.
    fn auc(&self, distance: impl Fn(usize, usize) -> u32 + Sync) -> f64 {
        let articles = &self.collection.data.articles;
        let mut counts: Vec<[u64; 2]> = Vec::new();
        for a in 0..articles.len() {
            for b in 0..a {
                let distance = distance(a, b) as usize;
                if counts.len() <= distance {
                    counts.resize(distance + 1, [0; 2]);
                }
                counts[distance][usize::from(articles[a] == articles[b])] += 1;
            }
        }
        let (mut nearer, mut others_passed) = (0.0, 0.0);
        for [others, same] in counts {
            // Pairs of one article at this distance are farther than all other pairs passed so far.
            nearer += same as f64 * (others_passed + 0.5 * others as f64);
            others_passed += others as f64;
        }
        let same: f64 = pairs(articles);
        1.0 - nearer / (same * others_passed).max(1.0)
    }

    /// Mean cosines within articles and between them.
    fn cosines(&self, known: &Coded) -> (f64, f64) {
        let articles = &self.collection.data.articles;
        let vectors: Vec<Vec<f64>> = (0..articles.len()).map(|group| known.unit_vector(group)).collect();
        let width = vectors.first().map_or(0, Vec::len);
        let sum = |groups: &mut dyn Iterator<Item = usize>| {
            let mut sum = vec![0.0; width];
            for group in groups {
                sum.iter_mut().zip(&vectors[group]).for_each(|(sum, value)| *sum += value);
            }
            sum.iter().map(|value| value * value).sum::<f64>()
        };
        // Of unit vectors, |Σ v|² is the sum of all cosines, each pair twice and each vector once with itself.
        let last = articles.iter().max().map_or(0, |&last| last + 1);
        let members = |article: usize| (0..articles.len()).filter(move |&group| articles[group] == article);
        let within: f64 = (0..last).map(|article| sum(&mut members(article))).sum();
        let all = sum(&mut (0..articles.len()));
        let count = articles.len() as f64;
        let pairs_within = 2.0 * pairs(articles);
        let pairs_between = count * (count - 1.0) - pairs_within;
        ((within - count) / pairs_within.max(1.0), (all - within) / pairs_between.max(1.0))
    }

    /// Mean distance of digits from their article's mean.
    fn alignment_error(&self, digits: &[DigitMatrix]) -> f64 {
        let articles = &self.collection.data.articles;
        let last = articles.iter().max().map_or(0, |&last| last + 1);
        let (mut means, mut sizes) = (vec![[0.0f64; CELLS]; last], vec![0.0; last]);
        for (matrix, &article) in digits.iter().zip(articles) {
            sizes[article] += 1.0;
            means[article].iter_mut().zip(matrix.cells()).for_each(|(mean, &digit)| *mean += f64::from(digit));
        }
        let mut sum = 0.0;
        for (matrix, &article) in digits.iter().zip(articles) {
            let mean = means[article].iter().map(|sum| sum / sizes[article]);
            sum += matrix.cells().iter().zip(mean).map(|(&digit, mean)| (f64::from(digit) - mean).abs()).sum::<f64>();
        }
        sum / (digits.len() * CELLS).max(1) as f64
    }
}

impl Coded {
    /// A group's digits from their middle, or its bits as ±1, at length 1.
    fn unit_vector(&self, group: usize) -> Vec<f64> {
        let vector: Vec<f64> = match &self.signatures {
            Some(Signatures::Bits(bits)) => bits[group]
                .iter()
                .flat_map(|word| (0..64).map(move |bit| if word >> bit & 1 == 1 { 1.0 } else { -1.0 }))
                .take(SIMHASH_BITS)
                .collect(),
            _ => self.digits[group].cells().iter().map(|&digit| f64::from(digit) - 4.5).collect(),
        };
        let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        vector.into_iter().map(|value| value / length).collect()
    }
}

fn hamming(asked: &Coded, a: usize, known: &Coded, b: usize) -> u32 {
    match (&asked.signatures, &known.signatures) {
        (Some(Signatures::Bits(asked)), Some(Signatures::Bits(known))) => SimHash::distance(&asked[a], &known[b]),
        (Some(Signatures::Values(asked)), Some(Signatures::Values(known))) => asked[a].distance(&known[b]),
        _ => asked.digits[a].hamming_distance(&known.digits[b]),
    }
}

/// The shares of distances in steps of [`DISTANCE_STEP`].
fn histogram(distances: impl Iterator<Item = u32>) -> Vec<f64> {
    let mut counts: Vec<f64> = Vec::new();
    let mut all = 0.0;
    for distance in distances {
        let bin = distance as usize / DISTANCE_STEP;
        counts.resize(counts.len().max(bin + 1), 0.0);
        counts[bin] += 1.0;
        all += 1.0;
    }
    counts.into_iter().map(|count| count / all).collect()
}

/// Pairs of groups of one article.
fn pairs(articles: &[usize]) -> f64 {
    let last = articles.iter().max().map_or(0, |&last| last + 1);
    let mut sizes = vec![0.0f64; last];
    for &article in articles {
        sizes[article] += 1.0;
    }
    sizes.iter().map(|size| size * (size - 1.0) / 2.0).sum()
}
