//! The experiment of the digit matrices: is an edited group found again, and do an article's groups lie together?
//!
//! In: articles, settings, seeds. Out: for each code (ours, ours with queries fitted freely, ours without consistency, LSA, SimHash) and each seed a
//! [`Measures`]. All codes see the same groups, symbols and edits. A group whose text is found in another place too counts as
//! found wherever it is; where several are nearest, each is taken in equal parts.

use super::matrices::Collection;
use crate::data::article::{Article, Counts, edits};
use crate::fit::matrices::baselines::{Lsa, SimHash};
use crate::fit::matrices::{MatrixSettings, Memory, QuerySettings, fit_freely};
use crate::latent::DigitMatrix;
use crate::latent::digits::{CELLS, adaptive_bits, cell_entropy, digit_entropy};
use crate::rng::{self, Purpose};
use rayon::prelude::*;
use serde::Serialize;
use std::time::Instant;

/// Shares of words that are edited.
pub const EDITED_SHARES: [f64; 3] = [0.2, 0.5, 0.7];

/// What is measured of a code at one seed.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// The code.
    pub code: &'static str,
    /// Of the fit and the edits.
    pub seed: u64,
    /// Recall@1 of the original by the sum of differences of digits, by share edited; none for a code of bits.
    pub recall_by_digits: Option<Vec<f64>>,
    /// Recall@1 by Hamming distance: of cells, or of bits.
    pub recall_by_hamming: Vec<f64>,
    /// AUC of same-article against other-article pairs by the sum of differences.
    pub auc_by_digits: Option<f64>,
    /// The same by Hamming distance.
    pub auc_by_hamming: f64,
    /// Mean cosine of groups of one article, digits taken from their middle.
    pub cosine_within: f64,
    /// Mean cosine of groups of different articles.
    pub cosine_between: f64,
    /// Mean distance of a group's digits from the mean of its article, a cell, in digits.
    pub alignment_error: f64,
    /// Entropy of all digits, in bits a digit.
    pub digit_entropy: f64,
    /// Mean over cells of the entropy of a cell's digits, in bits.
    pub cell_entropy: f64,
    /// Mean number of different digits in a matrix.
    pub distinct_digits: f64,
    /// Bits a group under a prior per cell that learns as it goes.
    pub bits_per_group: f64,
    /// Time of the fit, in milliseconds a group.
    pub fit_milliseconds: f64,
    /// Time of a query's code, in milliseconds.
    pub query_milliseconds: f64,
}

/// A code under test: digits, and bits where it is one of bits.
struct Coded {
    digits: Vec<DigitMatrix>,
    bits: Option<Vec<[u64; 6]>>,
}

/// One seed's groups and edited queries.
struct Trial<'a> {
    collection: &'a Collection<'a>,
    /// For each share, the counts of each group's edited text.
    queries: Vec<Vec<Counts>>,
    /// For each group a number that groups of equal text share.
    identities: Vec<usize>,
    seed: u64,
}

/// Runs the experiment over `articles` with the seeds from `settings.seed` on. `watch` gets each measure as it is done.
pub fn experiment(
    articles: &[Article],
    settings: &MatrixSettings,
    query: &QuerySettings,
    seeds: u64,
    mut watch: impl FnMut(&Measures),
) -> Vec<Measures> {
    let collection = Collection::new(articles, settings);
    let mut all = Vec::new();
    for seed in (settings.seed..).take(seeds as usize) {
        let trial = Trial::new(&collection, seed);
        let ours = MatrixSettings { seed, ..settings.clone() };
        let alone = MatrixSettings { article_pull: 0.0, title_pull: 0.0, neighbour_pull: 0.0, ..ours.clone() };
        let runs: Vec<Box<dyn FnOnce() -> Measures + '_>> = vec![
            Box::new(|| trial.fitted("ours", &ours, query)),
            Box::new(|| trial.fitted_freely("ours, queries fitted freely", &ours)),
            Box::new(|| trial.fitted("ours without consistency", &alone, query)),
            Box::new(|| trial.lsa()),
            Box::new(|| trial.simhash()),
        ];
        for run in runs {
            let measures = run();
            watch(&measures);
            all.push(measures);
        }
    }
    all
}

impl<'a> Trial<'a> {
    fn new(collection: &'a Collection<'a>, seed: u64) -> Self {
        let texts: Vec<&str> = collection.groups.iter().map(|group| group.text.as_str()).collect();
        let pool: Vec<&str> =
            texts.iter().flat_map(|text| edits::editable_words(text).into_iter().map(|word| &text[word])).collect();
        let edited = |(number, &share): (usize, &f64)| {
            let query = |(group, text): (usize, &&str)| {
                let index = (number * texts.len() + group) as u64;
                let mut random = rng::stream(seed, Purpose::Edit, index);
                collection.symbols.count(&edits::edit(text, share, &pool, &mut random))
            };
            texts.par_iter().enumerate().map(query).collect()
        };
        let queries = EDITED_SHARES.iter().enumerate().map(edited).collect();
        let first = |text: &&str| texts.iter().position(|other| other.trim() == text.trim()).unwrap_or_default();
        Self { collection, queries, identities: texts.iter().map(first).collect(), seed }
    }

    fn fitted(&self, name: &'static str, settings: &MatrixSettings, query: &QuerySettings) -> Measures {
        let start = Instant::now();
        let fitted = self.collection.fit(settings, |_| ());
        let fit_time = start.elapsed();
        let known = Coded { digits: fitted.matrices(), bits: None };
        let memory = Memory::new(&fitted, query.clone());
        let code = |counts: &Counts| DigitMatrix::encode(&memory.recall(counts).centres, &fitted.dither);
        self.measure(name, fit_time.as_secs_f64(), &known, |counts| Coded {
            digits: counts.par_iter().map(code).collect(),
            bits: None,
        })
    }

    /// Like `fitted`, but the queries' latents know the decoder alone and nothing of the groups it was fitted with.
    fn fitted_freely(&self, name: &'static str, settings: &MatrixSettings) -> Measures {
        let start = Instant::now();
        let fitted = self.collection.fit(settings, |_| ());
        let fit_time = start.elapsed();
        let known = Coded { digits: fitted.matrices(), bits: None };
        self.measure(name, fit_time.as_secs_f64(), &known, |counts| {
            let centres = fit_freely(&fitted, counts, settings);
            Coded {
                digits: centres.iter().map(|centres| DigitMatrix::encode(centres, &fitted.dither)).collect(),
                bits: None,
            }
        })
    }

    fn lsa(&self) -> Measures {
        let start = Instant::now();
        let counts = &self.collection.data.counts;
        let lsa = Lsa::new(counts, self.collection.symbols.len(), self.seed);
        let code = |counts: &[Counts]| Coded {
            digits: counts.iter().filter_map(|counts| lsa.digits(counts)).collect(),
            bits: None,
        };
        let known = code(counts);
        self.measure("lsa", start.elapsed().as_secs_f64(), &known, |counts| code(counts))
    }

    fn simhash(&self) -> Measures {
        let start = Instant::now();
        let hash = SimHash::new(&self.collection.symbols);
        let code = |counts: &[Counts]| {
            let bits: Vec<[u64; 6]> = counts.iter().map(|counts| hash.bits(counts)).collect();
            Coded { digits: bits.iter().filter_map(SimHash::digits).collect(), bits: Some(bits) }
        };
        let known = code(&self.collection.data.counts);
        self.measure("simhash", start.elapsed().as_secs_f64(), &known, |counts| code(counts))
    }

    fn measure(&self, code: &'static str, fit: f64, known: &Coded, encode: impl Fn(&[Counts]) -> Coded) -> Measures {
        let groups = known.digits.len().max(1) as f64;
        let mut recall_by_digits = known.bits.is_none().then(Vec::new);
        let mut recall_by_hamming = Vec::new();
        let mut query_time = 0.0;
        for counts in &self.queries {
            let start = Instant::now();
            let asked = encode(counts);
            query_time += start.elapsed().as_secs_f64();
            if let Some(recalls) = &mut recall_by_digits {
                recalls.push(self.recall(|a, b| asked.digits[a].digit_distance(&known.digits[b])));
            }
            recall_by_hamming.push(self.recall(|a, b| hamming(&asked, a, known, b)));
        }
        let auc_by_digits =
            known.bits.is_none().then(|| self.auc(|a, b| known.digits[a].digit_distance(&known.digits[b])));
        let (cosine_within, cosine_between) = self.cosines(known);
        Measures {
            code,
            seed: self.seed,
            recall_by_digits,
            recall_by_hamming,
            auc_by_digits,
            auc_by_hamming: self.auc(|a, b| hamming(known, a, known, b)),
            cosine_within,
            cosine_between,
            alignment_error: self.alignment_error(&known.digits),
            digit_entropy: digit_entropy(&known.digits),
            cell_entropy: cell_entropy(&known.digits),
            distinct_digits: known.digits.iter().map(|matrix| matrix.distinct() as f64).sum::<f64>() / groups,
            bits_per_group: adaptive_bits(&known.digits),
            fit_milliseconds: 1e3 * fit / groups,
            query_milliseconds: 1e3 * query_time / groups / EDITED_SHARES.len() as f64,
        }
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
        let vector: Vec<f64> = match &self.bits {
            Some(bits) => bits[group]
                .iter()
                .flat_map(|word| (0..64).map(move |bit| if word >> bit & 1 == 1 { 1.0 } else { -1.0 }))
                .take(crate::fit::matrices::baselines::SIMHASH_BITS)
                .collect(),
            None => self.digits[group].cells().iter().map(|&digit| f64::from(digit) - 4.5).collect(),
        };
        let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        vector.into_iter().map(|value| value / length).collect()
    }
}

fn hamming(asked: &Coded, a: usize, known: &Coded, b: usize) -> u32 {
    match (&asked.bits, &known.bits) {
        (Some(asked), Some(known)) => SimHash::distance(&asked[a], &known[b]),
        _ => asked.digits[a].hamming_distance(&known.digits[b]),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::article::GroupSettings;

    #[test]
    fn edited_groups_are_found_and_articles_hold_together() {
        let sentence = |i: usize, words: [&str; 4]| {
            format!(
                "{} number{i} and {} thing{} near {} place{i} with {}. ",
                words[0],
                words[1],
                i * 7,
                words[2],
                words[3]
            )
        };
        let texts: [String; 2] = [
            (0..60).map(|i| sentence(i, ["Rabbits", "gardens", "hedges", "carrots"])).collect(),
            (0..60).map(|i| sentence(i, ["Кролики", "сады", "заборы", "морковь"])).collect(),
        ];
        let articles: Vec<Article> =
            texts.iter().map(|text| Article::read(text.as_bytes(), None, GroupSettings::default()).unwrap()).collect();
        let settings = MatrixSettings { steps: 100, ..MatrixSettings::default() };
        let measures = experiment(&articles, &settings, &QuerySettings::default(), 1, |_| ());
        let ours = &measures[0];
        assert!(ours.recall_by_digits.as_ref().unwrap()[0] > 0.95, "{ours:?}");
        assert!(ours.auc_by_digits.unwrap() > 0.9, "{ours:?}");
        assert!(ours.cosine_within > ours.cosine_between && ours.digit_entropy > 2.5, "{ours:?}");
        assert_eq!(measures.len(), 5);
        let unmoved = &measures[4];
        assert!(unmoved.recall_by_digits.is_none() && unmoved.recall_by_hamming[0] > 0.9, "{unmoved:?}");
    }
}
