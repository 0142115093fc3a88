//! The latents of other texts under a decoder that stays as it is, for a library that keeps growing.
//!
//! In: a decoder, a text's counts. Out: the text's centres, the mode of its posterior under the normal prior, and the logarithm of
//! the decoder's normaliser there. They depend on the decoder and the text alone: the same text has the same matrix whenever
//! it comes, and whatever came before. Each step takes all symbols in one pass, so that a lone text costs milliseconds.

use super::adam::Adam;
use super::query::HIGHEST_EXPONENT;
use super::step::feature_slope;
use super::{centre, centres_of};
use crate::data::article::Counts;
use crate::fit::matrices::decoder::{GistDecoder, feature};
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

/// The centres of each text.
pub fn encode(decoder: &GistDecoder, counts: &[Counts], settings: &EncodeSettings) -> Vec<[f32; CELLS]> {
    counts.par_iter().map(|counts| encode_one(decoder, counts, settings)).collect()
}

fn encode_one(decoder: &GistDecoder, counts: &Counts, settings: &EncodeSettings) -> [f32; CELLS] {
    let mut observed = [0.0f32; CELLS];
    let mut total = 0.0;
    for &(symbol, count) in counts {
        add_scaled(&mut observed, count, row(decoder, symbol as usize));
        total += count;
    }
    let mut latents = Array2::<f32>::zeros((1, CELLS));
    let mut adam = Adam::new(1, settings.learning_rate, 0.8, 0.95);
    for step in 0..settings.steps {
        adam.learning_rate = settings.learning_rate * (1.0 - step as f32 / settings.steps as f32);
        let features = std::array::from_fn(|cell| feature(centre(latents[(0, cell)])));
        let (normaliser, expected) = expectation(decoder, &features);
        let gradient = Array2::from_shape_fn((1, CELLS), |at| {
            let v = latents[at];
            (total * expected[at.1] / normaliser - observed[at.1]) * feature_slope(v) + v
        });
        adam.step(&mut latents, &[0], &gradient);
    }
    centres_of(&latents)[0]
}

/// log Σ_s p(s) exp(f · e_s) at each of `centres`, in nats.
pub fn log_normalisers(decoder: &GistDecoder, centres: &[[f32; CELLS]]) -> Vec<f32> {
    centres.par_iter().map(|centres| expectation(decoder, &centres.map(feature)).0.ln()).collect()
}

/// Σ_s p(s) exp(f · e_s), and the same sum with each term times e_s.
fn expectation(decoder: &GistDecoder, features: &[f32; CELLS]) -> (f32, [f32; CELLS]) {
    let mut normaliser = f32::MIN_POSITIVE;
    let mut sums = [0.0f32; CELLS];
    for (symbol, background) in decoder.background.iter().enumerate() {
        let latent = row(decoder, symbol);
        let weight = (background + dot(features, latent)).min(HIGHEST_EXPONENT).exp();
        normaliser += weight;
        add_scaled(&mut sums, weight, latent);
    }
    (normaliser, sums)
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
