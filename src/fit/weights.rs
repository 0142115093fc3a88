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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dimensions, Network};

    fn layout() -> Layout {
        let dimensions = Dimensions { planes: 2, examples: 3, colours: 2, rows: 3, columns: 3 };
        Layout::new(&Network::default(), &dimensions)
    }

    /// Parameters that have moved from their start, each by another distance below `most`.
    fn moved(start: &[f32], most: f32) -> Vec<f32> {
        start
            .iter()
            .enumerate()
            .map(|(place, start)| start + most * ((place * 7919 % 201) as f32 / 100.0 - 1.0))
            .collect()
    }

    /// What the posteriors' formula says that one group's weights cost, in nats.
    fn kl_nats(differences: &[f32], noise: f64) -> f64 {
        let squares = differences.iter().map(|&difference| f64::from(difference).powi(2)).sum::<f64>();
        let count = differences.len() as f64;
        0.5 * count * (squares / count / (noise * noise)).ln_1p()
    }

    #[test]
    fn posteriors_pay_the_slope_of_their_kl() {
        let layout = layout();
        let start = layout.initial_values(1);
        let optimiser = Optimiser::default();
        let mut state = WeightState::new(&layout, &start, WeightFit::Posterior);
        let parameters = moved(&start, 0.1);
        let mut gradient = vec![0.0; layout.len()];
        let (before, noise) = (state.noise(), START_NOISE);
        state.charge(&parameters, &mut gradient, &optimiser);

        let differences = state.differences(&parameters);
        let cost = |group: usize, index: usize, by: f32| {
            let mut differences = differences[group].clone();
            differences[index] += by;
            kl_nats(&differences, noise)
        };
        for (group, places) in state.places.iter().enumerate() {
            for (index, &place) in places.iter().enumerate().step_by(1 + places.len() / 3) {
                let slope = (cost(group, index, 1e-3) - cost(group, index, -1e-3)) / 2e-3;
                let found = f64::from(gradient[place]);
                assert!((found - slope).abs() < 0.01 * (1.0 + slope.abs()), "group {group}: {found} for {slope}");
            }
            let by_log_noise = (kl_nats(&differences[group], noise * 1.001)
                - kl_nats(&differences[group], noise / 1.001))
                / (2.0 * 1.001f64.ln());
            let found = state.log_noise[group][1] / (1.0 - optimiser.beta1);
            assert!((found - by_log_noise).abs() < 1e-3 * (1.0 + by_log_noise.abs()), "{found} for {by_log_noise}");
        }
        assert!(gradient[..state.weights_from].iter().all(|&slope| slope == 0.0), "the latents don't pay");
        assert!(state.noise().iter().zip(&before).all(|(after, before)| after > before), "more noise costs less");
    }

    #[test]
    fn only_posteriors_have_noise_and_it_belongs_to_seed_and_step() {
        let layout = layout();
        let start = layout.initial_values(1);
        let noisy = |fit, seed, step| {
            let mut parameters = start.clone();
            WeightState::new(&layout, &start, fit).add_noise(seed, step, &mut parameters);
            parameters
        };
        for fit in [WeightFit::Frozen, WeightFit::Free, WeightFit::Sparse { pressure: 1.0 }] {
            assert_eq!(noisy(fit, 1, 2), start, "{fit:?}");
        }
        let drawn = noisy(WeightFit::Posterior, 1, 2);
        assert_eq!(drawn, noisy(WeightFit::Posterior, 1, 2));
        assert!(drawn != noisy(WeightFit::Posterior, 1, 3) && drawn != noisy(WeightFit::Posterior, 2, 2));
        let weights_from = layout.len() - layout.weights();
        assert_eq!(drawn[..weights_from], start[..weights_from]);
        let squares = drawn.iter().zip(&start).map(|(drawn, start)| f64::from(drawn - start).powi(2)).sum::<f64>();
        let deviation = (squares / layout.weights() as f64).sqrt();
        assert!((deviation / START_NOISE - 1.0).abs() < 0.02, "{deviation}");
    }

    #[test]
    fn pressure_takes_weights_back_to_their_start_and_never_beyond() {
        let layout = layout();
        let start = layout.initial_values(1);
        let state = WeightState::new(&layout, &start, WeightFit::Sparse { pressure: 2.0 });
        let (rate, least) = (0.01, 0.02);
        for (place, value) in moved(&start, 0.1).into_iter().enumerate() {
            let mut shrunk = value;
            state.shrink(place, &mut shrunk, rate);
            let (before, after) = (value - start[place], shrunk - start[place]);
            if place < state.weights_from {
                assert_eq!(shrunk, value);
            } else if before.abs() <= least {
                assert_eq!(shrunk, start[place]);
            } else {
                assert!((before - after - least.copysign(before)).abs() < 1e-5 && before * after >= 0.0);
            }
        }
        let mut free = 1.0;
        WeightState::new(&layout, &start, WeightFit::Free).shrink(layout.len() - 1, &mut free, rate);
        assert_eq!(free, 1.0);
    }

    #[test]
    fn weights_that_have_not_moved_stay_and_the_others_are_free() {
        let layout = layout();
        let start = layout.initial_values(1);
        let weights_from = layout.len() - layout.weights();
        let mut weights = start[weights_from..].to_vec();
        weights[3] += 0.5;
        let mut trainable = vec![true; weights.len()];
        let mut state = WeightState::new(&layout, &start, WeightFit::Sparse { pressure: 2.0 });
        state.keep_moved(&weights, &mut trainable);
        let kept: Vec<usize> = (0..trainable.len()).filter(|&index| trainable[index]).collect();
        assert_eq!(kept, [3]);
        state.shrink(weights_from + 3, &mut weights[3], 1.0);
        assert_eq!(weights[3], start[weights_from + 3] + 0.5, "the pressure has ended");
        let mut all = vec![true; weights.len()];
        WeightState::new(&layout, &start, WeightFit::Posterior).keep_moved(&weights, &mut all);
        assert!(all.iter().all(|&trainable| trainable));
    }

    #[test]
    fn differences_by_group_say_where_the_weights_are() {
        let layout = layout();
        let start = layout.initial_values(1);
        let state = WeightState::new(&layout, &start, WeightFit::Free);
        let parameters = moved(&start, 0.1);
        let mut placed = start.clone();
        state.place(&state.differences(&parameters), &mut placed);
        let off = placed.iter().zip(&parameters).skip(state.weights_from).map(|(placed, meant)| (placed - meant).abs());
        assert!(off.fold(0.0, f32::max) < 1e-6, "every weight is in one group");
        assert_eq!(placed[..state.weights_from], start[..state.weights_from]);
    }
}
