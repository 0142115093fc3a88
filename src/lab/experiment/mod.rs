//! The experiment of the digit matrices: is an edited group found again, and do an article's groups lie together?
//!
//! In: articles, settings, seeds. Out: for each code (ours, ours with queries fitted freely, ours without consistency, by
//! a codebook, by an encoder, LSA, SimHash) and each seed a
//! [`Measures`]. All codes see the same groups, symbols and edits. A group whose text is found in another place too counts as
//! found wherever it is; where several are nearest, each is taken in equal parts.

mod bleu;
mod edits;
mod freely;
mod measure;
mod sweep;
mod tables;

pub use sweep::{BudgetMeasures, Source, sweep};
pub use tables::{budget_table, experiment_tables};

use freely::fit_freely;

use crate::data::article::{Article, Counts};
use crate::engine::EngineError;
use crate::fit::matrices::{Codebook, FittedMatrices, MatrixSettings, Memory, Quantiser, QuerySettings};
use crate::go_on;
use crate::lab::codes::{Lsa, SimHash, fit_encoder};
use crate::latent::DigitMatrix;
use crate::pipeline::collection::Collection;
use crate::rng::{self, Purpose};
use rayon::prelude::*;
use serde::Serialize;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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

/// A code of some texts: digits, and bits where it is one of bits.
struct Coded {
    digits: Vec<DigitMatrix>,
    bits: Option<Vec<[u64; 6]>>,
}

impl Coded {
    fn digits(digits: Vec<DigitMatrix>) -> Self {
        Self { digits, bits: None }
    }
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
    /// For each share, the counts of each group's edited text.
    queries: Vec<Vec<Counts>>,
    /// The same as a memory takes them.
    evidence: Vec<Vec<Counts>>,
    /// For each group a number that groups of equal text share.
    identities: Vec<usize>,
    seed: u64,
}

/// Runs the experiment over `articles` with the seeds from `settings.seed` on. `watch` gets each measure as it is done, and
/// may break off; what was measured is given.
///
/// # Errors
/// Where the settings' engine can't be had or fails.
pub fn experiment(
    articles: &[Article],
    settings: &MatrixSettings,
    query: &QuerySettings,
    seeds: u64,
    mut watch: impl FnMut(&Measures) -> ControlFlow<()>,
) -> Result<Vec<Measures>, EngineError> {
    let collection = Collection::new(articles, settings);
    let mut all = Vec::new();
    for seed in (settings.seed..=u64::MAX).take(seeds as usize) {
        let trial = Trial::new(&collection, seed);
        let ours = MatrixSettings { seed, ..settings.clone() };
        let alone = MatrixSettings { article_pull: 0.0, title_pull: 0.0, neighbour_pull: 0.0, ..ours.clone() };
        let codebook = MatrixSettings { quantiser: Quantiser::Codebook, ..ours.clone() };
        let runs: Vec<Box<dyn FnOnce() -> Result<Measures, EngineError> + '_>> = vec![
            Box::new(|| trial.fitted("ours", &ours, query)),
            Box::new(|| trial.fitted_freely("ours, queries fitted freely", &ours)),
            Box::new(|| trial.fitted("ours without consistency", &alone, query)),
            Box::new(|| trial.fitted("codebook", &codebook, query)),
            Box::new(|| trial.vae(&ours)),
            Box::new(|| trial.lsa()),
            Box::new(|| trial.simhash()),
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
    fn new(collection: &'a Collection<'a>, seed: u64) -> Self {
        let texts: Vec<&str> = collection.groups.iter().map(|group| group.text.as_str()).collect();
        let pool: Vec<&str> =
            texts.iter().flat_map(|text| edits::editable_words(text).into_iter().map(|word| &text[word])).collect();
        let edited = |(number, &share): (usize, &f64)| -> (Vec<Counts>, Vec<Counts>) {
            let query = |(group, text): (usize, &&str)| {
                let index = (number * texts.len() + group) as u64;
                let mut random = rng::stream(seed, Purpose::Edit, index);
                let edited = edits::edit(text, share, &pool, &mut random);
                (collection.symbols.count(&edited), collection.symbols.count_as_evidence(&edited))
            };
            texts.par_iter().enumerate().map(query).unzip()
        };
        let (queries, evidence) = EDITED_SHARES.iter().enumerate().map(edited).unzip();
        let first = |text: &&str| texts.iter().position(|other| other.trim() == text.trim()).unwrap_or_default();
        Self { collection, queries, evidence, identities: texts.iter().map(first).collect(), seed }
    }

    fn fitted(
        &self,
        name: &'static str,
        settings: &MatrixSettings,
        query: &QuerySettings,
    ) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let fitted = self.collection.fit(settings, go_on)?;
        let code = self.code(name, &fitted, start.elapsed());
        let memory = Memory::new(&fitted, query.clone());
        let encode = |counts: &Counts| fitted.encode(&memory.recall(counts).centres);
        self.measure(&code, &self.evidence, |counts| Ok(Coded::digits(counts.par_iter().map(encode).collect())))
    }

    /// Like `fitted`, but the queries' latents know the decoder alone and nothing of the groups it was fitted with.
    fn fitted_freely(&self, name: &'static str, settings: &MatrixSettings) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let fitted = self.collection.fit(settings, go_on)?;
        let code = self.code(name, &fitted, start.elapsed());
        self.measure(&code, &self.evidence, |counts| {
            let centres = fit_freely(&fitted, counts, settings)?;
            Ok(Coded::digits(centres.iter().map(|centres| fitted.encode(centres)).collect()))
        })
    }

    /// The encoder gives the queries' latents as it gave the groups'.
    fn vae(&self, settings: &MatrixSettings) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let Collection { data, symbols, .. } = self.collection;
        let (fitted, encoder) = fit_encoder(data, symbols.len(), settings, go_on)?;
        let code = self.code("vae", &fitted, start.elapsed());
        self.measure(&code, &self.queries, |counts| {
            Ok(Coded::digits(encoder.centres(counts).iter().map(|centres| fitted.encode(centres)).collect()))
        })
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

    fn lsa(&self) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let counts = &self.collection.data.counts;
        let lsa = Lsa::new(counts, self.collection.symbols.len(), self.seed);
        let encode = |counts: &[Counts]| Coded::digits(counts.iter().filter_map(|counts| lsa.digits(counts)).collect());
        let known = encode(counts);
        let code = Code { name: "lsa", known, fit: start.elapsed(), bleu: None, shared_bits: 0.0 };
        self.measure(&code, &self.queries, |counts| Ok(encode(counts)))
    }

    fn simhash(&self) -> Result<Measures, EngineError> {
        let start = Instant::now();
        let hash = SimHash::new(&self.collection.symbols);
        let encode = |counts: &[Counts]| {
            let bits: Vec<[u64; 6]> = counts.iter().map(|counts| hash.bits(counts)).collect();
            Coded { digits: bits.iter().filter_map(SimHash::digits).collect(), bits: Some(bits) }
        };
        let known = encode(&self.collection.data.counts);
        let code = Code { name: "simhash", known, fit: start.elapsed(), bleu: None, shared_bits: 0.0 };
        self.measure(&code, &self.queries, |counts| Ok(encode(counts)))
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
        let measures =
            experiment(&articles, &settings, &QuerySettings::default(), 1, |_| ControlFlow::Continue(())).unwrap();
        let ours = &measures[0];
        assert!(ours.recall_by_digits.as_ref().unwrap()[0] > 0.95, "{ours:?}");
        assert!(ours.auc_by_digits.unwrap() > 0.9, "{ours:?}");
        assert!(ours.cosine_within > ours.cosine_between && ours.digit_entropy > 2.5, "{ours:?}");
        let codes: Vec<&str> = measures.iter().map(|one| one.code).collect();
        assert_eq!(codes[3..], ["codebook", "vae", "lsa", "simhash"]);
        for one in &measures[..5] {
            assert!(one.bleu.unwrap() > 3.0 && one.recall_by_digits.as_ref().unwrap()[0] > 0.8, "{one:?}");
        }
        let unmoved = &measures[6];
        assert!(
            unmoved.recall_by_digits.is_none() && unmoved.bleu.is_none() && unmoved.recall_by_hamming[0] > 0.9,
            "{unmoved:?}"
        );
    }
}
