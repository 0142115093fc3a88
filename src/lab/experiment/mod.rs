//! The experiment of the digit matrices: is an edited group found again, and do an article's groups lie together?
//!
//! In: articles, settings, seeds; also later versions of the articles, where there are some. Out: for each code (ours, ours without consistency, by
//! a codebook, by an encoder, LSA, SimHash, MinHash) and each seed a
//! [`Measures`]. Whatever is asked is encoded as what is known was, from its text alone. All codes see the same groups, symbols and edits. A group whose text is found in another place too counts as
//! found wherever it is; where several are nearest, each is taken in equal parts.

mod bleu;
mod measure;
mod real;
mod sweep;
mod tables;

pub use sweep::{BudgetMeasures, Source, sweep};
pub use tables::{budget_table, experiment_tables};

use real::{OVERLAPS, RealEdit, real_edits};

use crate::data::article::edits::{edit, editable_words};
use crate::data::article::{Article, Counts, Evidence, evidence};
use crate::engine::EngineError;
use crate::fit::matrices::{Codebook, FittedMatrices, MatrixSettings, Quantiser};
use crate::go_on;
use crate::lab::codes::{Lsa, MinHash, SimHash, fit_encoder};
use crate::latent::DigitMatrix;
use crate::pipeline::collection::Collection;
use crate::rng::{self, Purpose};
use rayon::prelude::*;
use serde::Serialize;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Shares of words that are edited.
pub const EDITED_SHARES: [f64; 3] = [0.2, 0.5, 0.7];

/// Distances that are counted together.
pub const DISTANCE_STEP: usize = 10;

/// Shares of pairs by the sum of differences of their digits, in steps of [`DISTANCE_STEP`] from 0.
#[derive(Clone, Debug, Serialize)]
pub struct Distances {
    /// Edited groups and their originals, by share edited.
    pub edited: Vec<Vec<f64>>,
    /// Groups of one article.
    pub within: Vec<f64>,
    /// Groups of two.
    pub between: Vec<f64>,
}

impl Distances {
    /// Each with what it is of.
    pub fn named(&self) -> Vec<(String, &[f64])> {
        let edited = EDITED_SHARES.iter().zip(&self.edited);
        let edited = edited.map(|(share, shares)| (format!("{:.0}% of the words edited", 100.0 * share), &shares[..]));
        let others = [("of one article", &self.within), ("of two articles", &self.between)];
        edited.chain(others.map(|(name, shares)| (name.to_owned(), &shares[..]))).collect()
    }
}

/// What is measured of a code at one seed.
#[derive(Clone, Debug, Serialize)]
pub struct Measures {
    /// The code.
    pub code: &'static str,
    /// Of the fit and the edits.
    pub seed: u64,
    /// Recall@1 of the original by the sum of differences of digits, by share edited; none for a code of bits.
    pub recall_by_digits: Option<Vec<f64>>,
    /// Recall@1 by Hamming distance: of cells, of bits, or of values.
    pub recall_by_hamming: Vec<f64>,
    /// Recall@1 of real edits by the sum of differences, by overlap; none for a code of bits, or without later versions.
    pub real_by_digits: Option<Vec<f64>>,
    /// The same by Hamming distance.
    pub real_by_hamming: Option<Vec<f64>>,
    /// How far apart digits are; none for a code of bits.
    pub distances: Option<Distances>,
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
    /// BLEU of each group's lossy text against its text, both in small letters, 0–100; none without a decoder.
    pub bleu: Option<f64>,
    /// Entropy of all digits, in bits a digit.
    pub digit_entropy: f64,
    /// Mean over cells of the entropy of a cell's digits, in bits.
    pub cell_entropy: f64,
    /// Mean number of different digits in a matrix.
    pub distinct_digits: f64,
    /// Bits a group under a prior per cell that learns as it goes, a learned codebook included.
    pub bits_per_group: f64,
    /// Time of the fit, in milliseconds a group.
    pub fit_milliseconds: f64,
    /// Time of a query's code, in milliseconds.
    pub query_milliseconds: f64,
}

/// A code of some texts: digits, and a signature where it is one of bits or values.
struct Coded {
    digits: Vec<DigitMatrix>,
    signatures: Option<Signatures>,
}

/// What is compared instead of digits.
enum Signatures {
    Bits(Vec<[u64; 6]>),
    Values(Vec<MinHash>),
}

impl Coded {
    fn digits(digits: Vec<DigitMatrix>) -> Self {
        Self { digits, signatures: None }
    }
}

/// A text that is asked for, as codes read it.
struct Query {
    counts: Counts,
    evidence: Vec<Evidence>,
}

/// A code under test.
struct Code {
    name: &'static str,
    /// Of the groups.
    known: Coded,
    /// The time that the fit took.
    fit: Duration,
    /// BLEU of what the digits say, where there is a decoder.
    bleu: Option<f64>,
    /// Bits that have to be sent once, so that the digits can be read.
    shared_bits: f64,
}

/// One seed's groups and edited queries.
struct Trial<'a> {
    collection: &'a Collection<'a>,
    /// For each share, each group's edited text.
    queries: Vec<Vec<Query>>,
    /// Groups of later versions, and which of ours each was.
    newer: Vec<Query>,
    real: Vec<RealEdit>,
    /// For each group a number that groups of equal text share.
    identities: Vec<usize>,
    seed: u64,
}

/// Runs the experiment over `articles`, and `newer` versions of them, with the seeds from `settings.seed` on. `watch` gets each measure as it is done, and
/// may break off; what was measured is given.
///
/// # Errors
/// Where the settings' engine can't be had or fails.
pub fn experiment(
    articles: &[Article],
    newer: &[Article],
    settings: &MatrixSettings,
    seeds: u64,
    mut watch: impl FnMut(&Measures) -> ControlFlow<()>,
) -> Result<Vec<Measures>, EngineError> {
    let collection = Collection::new(articles, settings);
    let mut all = Vec::new();
    for seed in (settings.seed..=u64::MAX).take(seeds as usize) {
        let trial = Trial::new(&collection, newer, seed);
        let ours = MatrixSettings { seed, ..settings.clone() };
        let alone = MatrixSettings {
            article_share: 0.0,
            article_pull: 0.0,
            title_pull: 0.0,
            neighbour_pull: 0.0,
            ..ours.clone()
        };
        let codebook = MatrixSettings { quantiser: Quantiser::Codebook, ..ours.clone() };
        let runs: Vec<Box<dyn FnOnce() -> Result<Measures, EngineError> + '_>> = vec![
            Box::new(|| trial.fitted("ours", &ours)),
            Box::new(|| trial.fitted("ours without consistency", &alone)),
            Box::new(|| trial.fitted("codebook", &codebook)),
            Box::new(|| trial.vae(&ours)),
            Box::new(|| Ok(trial.lsa())),
            Box::new(|| Ok(trial.simhash())),
            Box::new(|| Ok(trial.minhash())),
        ];
        for run in runs {
            let measures = run()?;
            let watched = watch(&measures);
            all.push(measures);
            if watched.is_break() {
                return Ok(all);
            }
        }
    }
    Ok(all)
}

impl<'a> Trial<'a> {
    fn new(collection: &'a Collection<'a>, newer: &[Article], seed: u64) -> Self {
        let texts: Vec<&str> = collection.groups.iter().map(|group| group.text.as_str()).collect();
        let pool: Vec<&str> =
            texts.iter().flat_map(|text| editable_words(text).into_iter().map(|word| &text[word])).collect();
        let read = |text: &str| Query { counts: collection.symbols.count(text), evidence: evidence(text) };
        let edited = |(number, &share): (usize, &f64)| -> Vec<Query> {
            let query = |(group, text): (usize, &&str)| {
                let index = (number * texts.len() + group) as u64;
                let mut random = rng::stream(seed, Purpose::Edit, index);
                read(&edit(text, share, &pool, &mut random))
            };
            texts.par_iter().enumerate().map(query).collect()
        };
        let queries = EDITED_SHARES.iter().enumerate().map(edited).collect();
        let later: Vec<&str> =
            newer.iter().flat_map(|article| article.groups.iter().map(|group| group.text.as_str())).collect();
        let real = real_edits(&texts, &later);
        let newer = real.iter().map(|one| read(later[one.later])).collect();
        let first = |text: &&str| texts.iter().position(|other| other.trim() == text.trim()).unwrap_or_default();
        Self { collection, queries, newer, real, identities: texts.iter().map(first).collect(), seed }
    }

    fn fitted(&self, name: &'static str, settings: &MatrixSettings) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let fitted = self.collection.fit(settings, go_on)?;
        let code = self.code(name, &fitted, start.elapsed());
        let encode = |query: &Query| fitted.encode_text(&query.evidence);
        Ok(self.measure(&code, |queries| Coded::digits(queries.par_iter().filter_map(encode).collect())))
    }

    /// The encoder gives the queries' latents as it gave the groups'.
    fn vae(&self, settings: &MatrixSettings) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let Collection { data, symbols, .. } = self.collection;
        let (fitted, encoder) = fit_encoder(data, symbols.len(), settings, go_on)?;
        let code = self.code("vae", &fitted, start.elapsed());
        Ok(self.measure(&code, |queries| {
            let counts: Vec<Counts> = queries.iter().map(|query| query.counts.clone()).collect();
            Coded::digits(encoder.centres(&counts).iter().map(|centres| fitted.encode(centres)).collect())
        }))
    }

    fn code(&self, name: &'static str, fitted: &FittedMatrices, fit: Duration) -> Code {
        Code {
            name,
            known: Coded::digits(fitted.matrices()),
            fit,
            bleu: Some(self.bleu(fitted)),
            shared_bits: fitted.codebook.as_ref().map_or(0.0, |_| Codebook::BITS),
        }
    }

    fn lsa(&self) -> Measures {
        let start = Instant::now();
        let counts = &self.collection.data.counts;
        let lsa = Lsa::new(counts, self.collection.symbols.len(), self.seed);
        let known = Coded::digits(counts.iter().filter_map(|counts| lsa.digits(counts)).collect());
        let code = Code { name: "lsa", known, fit: start.elapsed(), bleu: None, shared_bits: 0.0 };
        let encode = |query: &Query| lsa.digits(&query.counts);
        self.measure(&code, |queries| Coded::digits(queries.iter().filter_map(encode).collect()))
    }

    fn simhash(&self) -> Measures {
        let start = Instant::now();
        let hash = SimHash::new(&self.collection.symbols);
        let encode = |all: &mut dyn Iterator<Item = &Counts>| {
            let bits: Vec<[u64; 6]> = all.map(|counts| hash.bits(counts)).collect();
            let digits = bits.iter().filter_map(SimHash::digits).collect();
            Coded { digits, signatures: Some(Signatures::Bits(bits)) }
        };
        let known = encode(&mut self.collection.data.counts.iter());
        let code = Code { name: "simhash", known, fit: start.elapsed(), bleu: None, shared_bits: 0.0 };
        self.measure(&code, |queries| encode(&mut queries.iter().map(|query| &query.counts)))
    }

    fn minhash(&self) -> Measures {
        let start = Instant::now();
        let encode = |all: &mut dyn Iterator<Item = &Vec<Evidence>>| {
            let values: Vec<MinHash> = all.map(|text| MinHash::new(text)).collect();
            let digits = values.iter().filter_map(MinHash::digits).collect();
            Coded { digits, signatures: Some(Signatures::Values(values)) }
        };
        let known = encode(&mut self.collection.data.evidence.iter());
        let code = Code { name: "minhash", known, fit: start.elapsed(), bleu: None, shared_bits: 0.0 };
        self.measure(&code, |queries| encode(&mut queries.iter().map(|query| &query.evidence)))
    }
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
        let measures = experiment(&articles, &articles[..1], &settings, 1, |_| ControlFlow::Continue(())).unwrap();
        let ours = &measures[0];
        assert!(ours.recall_by_digits.as_ref().unwrap()[0] > 0.95, "{ours:?}");
        assert!(ours.auc_by_digits.unwrap() > 0.9, "{ours:?}");
        assert!(ours.cosine_within > ours.cosine_between && ours.digit_entropy > 2.5, "{ours:?}");
        let codes: Vec<&str> = measures.iter().map(|one| one.code).collect();
        assert_eq!(codes[2..], ["codebook", "vae", "lsa", "simhash", "minhash"]);
        for one in &measures[..4] {
            assert!(one.bleu.unwrap() > 3.0 && one.recall_by_digits.as_ref().unwrap()[0] > 0.8, "{one:?}");
        }
        let unmoved = &measures[5];
        assert!(
            unmoved.recall_by_digits.is_none() && unmoved.bleu.is_none() && unmoved.recall_by_hamming[0] > 0.9,
            "{unmoved:?}"
        );
    }
}
