//! The amortised baseline: latents by an encoder that all groups share, a variational autoencoder (Kingma and Welling 2014).
//!
//! In: counts. Out: [`Encoder`], trained together with the decoder: TF-IDF → 100 hidden units, tanh → the latent's 100 means.
//! Decoder, channel, pulls and steps are those of the fitted latents; what differs is only where the latents are from. The
//! posterior is the channel's, uniform on ±0.05 about the centre, whose KL to the uniform prior is the same everywhere, so
//! `spread` is what is left of the KL in the loss.

use super::TfIdf;
use crate::data::article::Counts;
use crate::engine::EngineError;
use crate::fit::matrices::{Adam, FittedMatrices, GroupData, MatrixSettings, Source, centres_of, fit_source, normals};
use crate::latent::digits::CELLS;
use ndarray::{Array2, Axis, Zip};
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Hidden units: as many as cells.
const HIDDEN: usize = CELLS;

/// Adam's learning rate: of 0.001, 0.003 and 0.01 the one that found most groups of which 70% was edited.
const LEARNING_RATE: f32 = 0.01;

/// Mean square of tanh of a standard normal.
const HIDDEN_VARIANCE: f32 = 0.394;

/// A text's latent, by two layers.
#[derive(Clone, Debug)]
pub struct Encoder {
    weights: TfIdf,
    /// (symbol, hidden unit).
    first: Array2<f32>,
    /// (1, hidden unit).
    first_bias: Array2<f32>,
    /// (hidden unit, cell).
    second: Array2<f32>,
    /// (1, cell).
    second_bias: Array2<f32>,
}

/// The gradient of a loss by an encoder's parameters, in their shapes.
struct Gradients {
    first: Array2<f32>,
    first_bias: Array2<f32>,
    second: Array2<f32>,
    second_bias: Array2<f32>,
}

impl Encoder {
    /// An encoder whose latents are nearly standard normal, a random projection.
    fn new(counts: &[Counts], symbols: usize, seed: u64) -> Self {
        let scale = (HIDDEN as f32 * HIDDEN_VARIANCE).sqrt().recip();
        Self {
            weights: TfIdf::new(counts, symbols),
            first: normals(symbols, CELLS, seed, 4, 1.0),
            first_bias: Array2::zeros((1, HIDDEN)),
            second: normals(HIDDEN, CELLS, seed, 5, scale),
            second_bias: Array2::zeros((1, CELLS)),
        }
    }

    /// The centres of texts.
    pub fn centres(&self, counts: &[Counts]) -> Vec<[f32; CELLS]> {
        let inputs: Vec<Counts> = counts.iter().map(|counts| self.weights.weigh(counts)).collect();
        centres_of(&self.latents(&self.hidden(&inputs)))
    }

    /// Hidden units of weighed counts, (group, hidden unit).
    fn hidden(&self, inputs: &[Counts]) -> Array2<f32> {
        let mut hidden = Array2::zeros((inputs.len(), HIDDEN));
        let rows: Vec<_> = hidden.rows_mut().into_iter().zip(inputs).collect();
        rows.into_par_iter().for_each(|(mut row, input)| {
            row.assign(&self.first_bias.row(0));
            for &(symbol, weight) in input {
                row.scaled_add(weight, &self.first.row(symbol as usize));
            }
            row.mapv_inplace(f32::tanh);
        });
        hidden
    }

    /// Latents of hidden units, (group, cell).
    fn latents(&self, hidden: &Array2<f32>) -> Array2<f32> {
        hidden.dot(&self.second) + &self.second_bias
    }

    /// The gradient by the parameters from that by the latents, (group, cell).
    fn gradients(&self, inputs: &[Counts], of_latents: &Array2<f32>) -> Gradients {
        let hidden = self.hidden(inputs);
        let mut of_sums = of_latents.dot(&self.second.t());
        Zip::from(&mut of_sums).and(&hidden).for_each(|gradient, &h| *gradient *= 1.0 - h * h);
        let mut first = Array2::zeros(self.first.raw_dim());
        for (input, of_sums) in inputs.iter().zip(of_sums.rows()) {
            for &(symbol, weight) in input {
                first.row_mut(symbol as usize).scaled_add(weight, &of_sums);
            }
        }
        let sum = |gradient: &Array2<f32>| gradient.sum_axis(Axis(0)).insert_axis(Axis(0));
        Gradients { first, first_bias: sum(&of_sums), second: hidden.t().dot(of_latents), second_bias: sum(of_latents) }
    }
}

/// An encoder while it is trained.
struct Amortised {
    encoder: Encoder,
    inputs: Vec<Counts>,
    /// Of the parameters in the order of [`Gradients`].
    adams: [Adam; 4],
}

impl Source for Amortised {
    fn latents(&self) -> Array2<f32> {
        self.encoder.latents(&self.encoder.hidden(&self.inputs))
    }

    fn learn(&mut self, gradient: &Array2<f32>) {
        let gradients = self.encoder.gradients(&self.inputs, gradient);
        let Encoder { first, first_bias, second, second_bias, .. } = &mut self.encoder;
        let parameters = [
            (first, gradients.first),
            (first_bias, gradients.first_bias),
            (second, gradients.second),
            (second_bias, gradients.second_bias),
        ];
        for (adam, (parameter, gradient)) in self.adams.iter_mut().zip(parameters) {
            let rows: Vec<usize> = (0..parameter.nrows()).collect();
            adam.step(parameter, &rows, &gradient);
        }
    }
}

/// Trains an encoder of `data`'s groups and a decoder of `symbol_count` symbols. `watch` hears of each step done.
///
/// # Errors
/// Those of [`fit`](crate::fit::matrices::fit).
pub fn fit_encoder(
    data: &GroupData,
    symbol_count: usize,
    settings: &MatrixSettings,
    watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<(FittedMatrices, Encoder), EngineError> {
    let encoder = Encoder::new(&data.counts, symbol_count, settings.seed);
    let inputs = data.counts.iter().map(|counts| encoder.weights.weigh(counts)).collect();
    let shapes = [&encoder.first, &encoder.first_bias, &encoder.second, &encoder.second_bias].map(Array2::dim);
    let adams = shapes.map(|shape| Adam::new(shape, LEARNING_RATE, 0.9, 0.99));
    let mut source = Amortised { encoder, inputs, adams };
    let fitted = fit_source(&mut source, data, symbol_count, settings, watch)?;
    Ok((fitted, source.encoder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::article::Symbols;
    use crate::go_on;
    use crate::latent::digits::DigitMatrix;

    #[test]
    fn gradients_are_those_of_the_latents() {
        let (symbols, counts) = Symbols::gather(["the white rabbit", "the queen of hearts", "信息压缩"], 0.5);
        let mut encoder = Encoder::new(&counts, symbols.len(), 3);
        encoder.first_bias = normals(1, CELLS, 3, 6, 0.3);
        let inputs: Vec<Counts> = counts.iter().map(|counts| encoder.weights.weigh(counts)).collect();
        // A loss that is linear in the latents, so that its gradient by them is known.
        let weights = normals(3, CELLS, 3, 7, 1.0);
        let analytic = encoder.gradients(&inputs, &weights);
        let loss = |encoder: &Encoder| (encoder.latents(&encoder.hidden(&inputs)) * &weights).sum();
        let check = |parameter: fn(&mut Encoder) -> &mut Array2<f32>, gradient: &Array2<f32>, at: [usize; 2]| {
            let step = 1e-2;
            let mut moved = encoder.clone();
            parameter(&mut moved)[at] += step;
            let above = loss(&moved);
            parameter(&mut moved)[at] -= 2.0 * step;
            let slope = (above - loss(&moved)) / (2.0 * step);
            assert!((slope - gradient[at]).abs() < 0.02 * (0.1 + slope.abs()), "{at:?}: {slope} {}", gradient[at]);
        };
        check(|encoder| &mut encoder.first, &analytic.first, [4, 17]);
        check(|encoder| &mut encoder.first_bias, &analytic.first_bias, [0, 5]);
        check(|encoder| &mut encoder.second, &analytic.second, [9, 60]);
        check(|encoder| &mut encoder.second_bias, &analytic.second_bias, [0, 99]);
    }

    #[test]
    fn the_encoder_gives_the_matrices_of_the_fit() {
        let texts = ["the white rabbit ran", "alice saw the white rabbit", "fractal image compression", "of images"];
        let (symbols, counts) = Symbols::gather(texts, 0.5);
        let data = GroupData {
            title_counts: vec![Counts::new(); 4],
            evidence: Vec::new(),
            counts,
            articles: vec![0, 0, 1, 1],
            titles: vec![0, 0, 1, 1],
        };
        let settings = MatrixSettings { steps: 40, symbols_per_step: 30, ..MatrixSettings::default() };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit_encoder(&data, symbols.len(), &settings, go_on).unwrap())
        };
        let (fitted, encoder) = run(1);
        assert_eq!(run(3).0.matrices(), fitted.matrices(), "for any number of threads");
        let again: Vec<DigitMatrix> = encoder.centres(&data.counts).iter().map(|c| fitted.encode(c)).collect();
        assert_eq!(again, fitted.matrices());
        assert!(fitted.nats_per_symbol.last() < fitted.nats_per_symbol.first());
    }
}
