//! What the weights of a file's fit may do, and what they pay for it: they are part of the description.
//!
//! In: starting values and a [`WeightFit`]. Out: noise on the weights, additions to their gradient, and their differences
//! from the start by group of weights. Posteriors: a group's differences are Gaussian with noise s; against the best
//! prior N(0, M + s²), M the mean of their squares, a weight costs ½ ln(1 + M / s²) nats.

use crate::model::{Layout, Optimiser, WeightGroup};
use crate::rng::{self, Purpose};
use rand::RngExt;

/// Which weights learn, and what they pay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightFit {
    /// They stay as they start.
    Frozen,
    /// They learn and pay nothing.
    Free,
    /// A nat for so much distance from the start, on average (the lasso by proximal steps): most don't move.
    Sparse {
        /// Nats for a distance of 1.
        pressure: f64,
    },
    /// Each group has a posterior; its KL is in the loss.
    Posterior,
}

/// The deviation that posteriors start with.
const START_NOISE: f64 = 0.05;

/// Of the noise's logarithm, in units of the other parameters' learning rate.
const NOISE_LEARNING: f64 = 3.0;

/// The state beside the parameters.
pub(super) struct WeightState {
    fit: WeightFit,
    /// The places of each group's weights among the parameters.
    places: Vec<Vec<usize>>,
    /// All parameters' starting values; only those of weights count.
    start: Vec<f32>,
    weights_from: usize,
    /// ln of the deviation, its gradient's moments, by group.
    log_noise: Vec<[f64; 3]>,
    /// The last step's noise, by parameter from `weights_from`, of variance 1.
    noise: Vec<f32>,
}

impl WeightState {
    pub(super) fn new(layout: &Layout, start: &[f32], fit: WeightFit) -> Self {
        let places: Vec<Vec<usize>> =
            WeightGroup::all(layout).iter().map(|group| group.places(layout).collect()).collect();
        let weights_from = layout.len() - layout.weights();
        Self {
            fit,
            log_noise: vec![[START_NOISE.ln(), 0.0, 0.0]; places.len()],
            places,
            start: start.to_vec(),
            weights_from,
            noise: if fit == WeightFit::Posterior { vec![0.0; layout.weights()] } else { Vec::new() },
        }
    }

    fn has_posteriors(&self) -> bool {
        self.fit == WeightFit::Posterior
    }

    /// Adds the posteriors' noise to the weights.
    pub(super) fn add_noise(&mut self, seed: u64, step: usize, parameters: &mut [f32]) {
        if !self.has_posteriors() {
            return;
        }
        let mut stream = rng::stream(seed, Purpose::WeightNoise, step as u64);
        let half = 3f32.sqrt();
        self.noise.fill_with(|| stream.random_range(-half..half));
        for (places, [log_noise, ..]) in self.places.iter().zip(&self.log_noise) {
            let deviation = log_noise.exp() as f32;
            for &place in places {
                parameters[place] += deviation * self.noise[place - self.weights_from];
            }
        }
    }

    /// Adds the posteriors' KL to the gradient, and updates their noise.
    pub(super) fn charge(&mut self, parameters: &[f32], gradient: &mut [f32], optimiser: &Optimiser) {
        if !self.has_posteriors() {
            return;
        }
        for (places, state) in self.places.iter().zip(&mut self.log_noise) {
            let count = places.len() as f64;
            let difference = |place: usize| f64::from(parameters[place] - self.start[place]);
            let square = places.iter().map(|&place| difference(place).powi(2)).sum::<f64>() / count;
            let deviation = state[0].exp();
            let variance = deviation * deviation + square;
            let through_noise: f64 = places
                .iter()
                .map(|&place| f64::from(gradient[place]) * f64::from(self.noise[place - self.weights_from]))
                .sum();
            let by_log_noise = through_noise * deviation - count * square / variance;
            for &place in places {
                gradient[place] += (difference(place) / variance) as f32;
            }
            let [log_noise, first, second] = state;
            *first = optimiser.beta1 * *first + (1.0 - optimiser.beta1) * by_log_noise;
            *second = optimiser.beta2 * *second + (1.0 - optimiser.beta2) * by_log_noise * by_log_noise;
            *log_noise -= NOISE_LEARNING * optimiser.learning_rate * *first / (second.sqrt() + optimiser.epsilon);
            *log_noise = log_noise.min(0.0);
        }
    }

    /// The lasso's proximal step on one parameter; `rate` is what its update multiplied the gradient's mean by.
    pub(super) fn shrink(&self, place: usize, parameter: &mut f32, rate: f32) {
        if let WeightFit::Sparse { pressure } = self.fit
            && place >= self.weights_from
        {
            let difference = *parameter - self.start[place];
            let left = (difference.abs() - rate * pressure as f32).max(0.0);
            *parameter = self.start[place] + left.copysign(difference);
        }
    }

    pub(super) fn keep_moved(&mut self, weights: &[f32], trainable: &mut [bool]) {
        if let WeightFit::Sparse { .. } = self.fit {
            self.fit = WeightFit::Free;
            for ((weight, start), trainable) in weights.iter().zip(&self.start[self.weights_from..]).zip(trainable) {
                *trainable &= weight.to_bits() != start.to_bits();
            }
        }
    }

    pub(super) fn differences(&self, parameters: &[f32]) -> Vec<Vec<f32>> {
        let difference = |&place: &usize| parameters[place] - self.start[place];
        self.places.iter().map(|places| places.iter().map(difference).collect()).collect()
    }

    pub(super) fn noise(&self) -> Vec<f64> {
        self.log_noise.iter().map(|[log_noise, ..]| log_noise.exp()).collect()
    }

    /// Puts the weights where these differences, by group, say.
    pub(super) fn place(&self, differences: &[Vec<f32>], parameters: &mut [f32]) {
        for (places, differences) in self.places.iter().zip(differences) {
            for (&place, &difference) in places.iter().zip(differences) {
                parameters[place] = self.start[place] + difference;
            }
        }
    }
}
