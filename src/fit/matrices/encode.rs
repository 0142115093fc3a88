//! The latents of other texts under a decoder that stays as it is, for a library that keeps growing.
//!
//! In: a decoder, a text's counts. Out: the text's centres, the mode of its posterior under the normal prior, and the logarithm of
//! the decoder's normaliser there. They depend on the decoder and the text alone: the same text has the same matrix whenever
//! it comes, and whatever came before. Each step takes all symbols in one pass, so that a lone text costs milliseconds.

use super::adam::Adam;
use super::centres_of;
use super::query::HIGHEST_EXPONENT;
use crate::data::article::Counts;
use crate::engine::gist::GistDecoder;
use crate::latent::centre::{feature, feature_slope};
use crate::latent::digits::CELLS;
use ndarray::Array2;
use rayon::prelude::*;

/// How texts are encoded. 25 steps find as well as 100 with a quarter of the rate (results/library.md).
#[derive(Clone, Debug, PartialEq)]
pub struct EncodeSettings {
    /// Steps of Adam.
    pub steps: usize,
    /// Its rate at the first step; it falls to 0 in even steps.
    pub learning_rate: f32,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self { steps: 25, learning_rate: 0.3 }
    }
}

/// Numbers that are added up side by side; the order of summation is the same on every machine.
const LANES: usize = 20;

/// Texts that go through the symbols together, so that these come from memory once for all; results don't depend on it.
const TOGETHER: usize = 8;

/// The centres of each text.
pub fn encode(decoder: &GistDecoder, counts: &[Counts], settings: &EncodeSettings) -> Vec<[f32; CELLS]> {
    counts.par_chunks(TOGETHER).flat_map_iter(|counts| encode_some(decoder, counts, settings)).collect()
}

fn encode_some(decoder: &GistDecoder, counts: &[Counts], settings: &EncodeSettings) -> Vec<[f32; CELLS]> {
    let mut observed = vec![[0.0f32; CELLS]; counts.len()];
    for (sums, counts) in observed.iter_mut().zip(counts) {
        for &(symbol, count) in counts {
            add_scaled(sums, count, row(decoder, symbol as usize));
        }
    }
    let total = |counts: &Counts| counts.iter().map(|&(_, count)| count).sum();
    let totals: Vec<f32> = counts.iter().map(total).collect();
    let all: Vec<usize> = (0..counts.len()).collect();
    let mut latents = Array2::<f32>::zeros((counts.len(), CELLS));
    let mut adam = Adam::new((counts.len(), CELLS), settings.learning_rate, 0.8, 0.95);
    for step in 0..settings.steps {
        adam.learning_rate = settings.learning_rate * (1.0 - step as f32 / settings.steps as f32);
        let expected = expectations(decoder, &centres_of(&latents));
        let gradient = Array2::from_shape_fn(latents.raw_dim(), |(text, cell)| {
            let v = latents[(text, cell)];
            let (normaliser, sums) = &expected[text];
            (totals[text] * sums[cell] / normaliser - observed[text][cell]) * feature_slope(v) + v
        });
        adam.step(&mut latents, &all, &gradient);
    }
    centres_of(&latents)
}

/// log Σ_s p(s) exp(f · e_s) at each of `centres`, in nats.
pub fn log_normalisers(decoder: &GistDecoder, centres: &[[f32; CELLS]]) -> Vec<f32> {
    let of_some = |centres| expectations(decoder, centres).into_iter().map(|(normaliser, _)| libm::logf(normaliser));
    centres.par_chunks(TOGETHER).flat_map_iter(of_some).collect()
}

/// At each of `centres`, Σ_s p(s) exp(f · e_s), and the same sum with each term times e_s.
fn expectations(decoder: &GistDecoder, centres: &[[f32; CELLS]]) -> Vec<(f32, [f32; CELLS])> {
    let features: Vec<[f32; CELLS]> = centres.iter().map(|centres| centres.map(feature)).collect();
    let mut expected = vec![(f32::MIN_POSITIVE, [0.0f32; CELLS]); centres.len()];
    for (symbol, background) in decoder.background.iter().enumerate() {
        let latent = row(decoder, symbol);
        for (features, (normaliser, sums)) in features.iter().zip(&mut expected) {
            let weight = libm::expf((background + dot(features, latent)).min(HIGHEST_EXPONENT));
            *normaliser += weight;
            add_scaled(sums, weight, latent);
        }
    }
    expected
}

/// A symbol's latent. Rows are contiguous as decoders are made; one that isn't says nothing.
fn row(decoder: &GistDecoder, symbol: usize) -> &[f32; CELLS] {
    const NOTHING: &[f32; CELLS] = &[0.0; CELLS];
    let all = decoder.symbols.as_slice().and_then(|all| all.get(symbol * CELLS..(symbol + 1) * CELLS));
    all.and_then(|row| row.try_into().ok()).unwrap_or(NOTHING)
}

fn dot(a: &[f32; CELLS], b: &[f32; CELLS]) -> f32 {
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

fn add_scaled(sums: &mut [f32; CELLS], scale: f32, values: &[f32; CELLS]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += scale * value;
    }
}
