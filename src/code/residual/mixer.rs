//! Logistic mixing: predictions, weighted and summed as logits, with weights that learn online.
//!
//! In: the logits of the inputs and, for each set of weight vectors, which one is selected. Out: one logit a set, whose
//! vector then moves along the gradient of that prediction's cost: w += rate · (bit − p) · x. Weights are 32 bits with
//! 28 after the point and sums are exact in integers, so the order of summation, and with it the processor, is free.

use super::logistic::{INPUT_LOGIT, Logistic, WIDEST_LOGIT};

/// A weight of one.
pub const ONE: i32 = 1 << 28;

/// Weights are brought back within ±4 every [`TRIM_EVERY`] bits, so that they never leave 32 bits in between.
const MOST: i32 = 4 * ONE - 1;

/// See [`MOST`]: 32 · [`MOST_STEP`] · 2047 < 2³⁰.
const TRIM_EVERY: u32 = 32;

/// The most that a weight moves for an input of 1.
const MOST_STEP: i64 = 16_383;

/// Inputs come in groups of so many, summed side by side.
const LANES: usize = 16;

/// How fast weights learn: rate(n) = max(floor, start / (1 + n · decay)) after a vector's n bits.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// In units of 10⁻⁶.
    pub start: i64,
    /// In units of 10⁻³.
    pub decay: i64,
    /// In units of 10⁻⁶.
    pub floor: i64,
    /// Errors below this teach nothing, in units of 2⁻¹⁶; most bits are foretold so well, which saves the work.
    pub least_error: i64,
}

impl Rates {
    /// The rate after `count` bits, in units of 10⁻⁶.
    fn after(self, count: u32) -> i64 {
        (self.start * 1000 / (1000 + self.decay * i64::from(count))).max(self.floor)
    }
}

/// A set of weight vectors, one of which is selected for each bit.
#[derive(Debug)]
struct Set {
    /// The first vector's index.
    first: usize,
    selected: usize,
    /// The bits that each vector has seen.
    counts: Vec<u32>,
    probability: i32,
}

/// Sets of weight vectors over the same inputs.
#[derive(Debug)]
pub struct Mixer {
    inputs: Vec<i16>,
    weights: Vec<i32>,
    sets: Vec<Set>,
    rates: Rates,
}

impl Mixer {
    /// A mixer of as many inputs as there are starting weights, with a set for each of `sizes`, of so many vectors.
    pub fn new(start: &[i32], sizes: &[usize], rates: Rates) -> Self {
        let mut start = start.to_vec();
        start.resize(start.len().next_multiple_of(LANES), 0);
        let mut sets = Vec::new();
        let mut first = 0;
        for &size in sizes {
            sets.push(Set { first, selected: 0, counts: vec![0; size], probability: 0 });
            first += size;
        }
        Self { inputs: vec![0; start.len()], weights: start.repeat(first), sets, rates }
    }

    /// The inputs to fill: logits within ±[`INPUT_LOGIT`].
    pub fn inputs(&mut self) -> &mut [i16] {
        &mut self.inputs
    }

    /// Mixes the inputs with the vectors that `selected` names, one for each set; gives each set's logit.
    pub fn mix(&mut self, selected: &[usize], logistic: &Logistic, logits: &mut [i32]) {
        let length = self.inputs.len();
        for ((set, &selected), logit) in self.sets.iter_mut().zip(selected).zip(logits) {
            set.selected = selected.min(set.counts.len() - 1);
            let at = (set.first + set.selected) * length;
            let sum = dot(&self.inputs, &self.weights[at..at + length]);
            *logit = ((sum >> 12) as i32).clamp(-WIDEST_LOGIT, WIDEST_LOGIT);
            set.probability = logistic.probability(*logit);
        }
    }

    /// Learns the bit, each set by its own error.
    pub fn update(&mut self, bit: bool) {
        let length = self.inputs.len();
        for set in &mut self.sets {
            let error = i64::from((i32::from(bit) << 16) - set.probability);
            let count = &mut set.counts[set.selected];
            // In units of a weight: rate · 10⁻⁶ · error / 2¹⁶ · input / 2⁸ · 2²⁸ = input · (16 · rate · error / 10⁶).
            let step = (16 * self.rates.after(*count) * error + 500_000).div_euclid(1_000_000);
            *count = count.saturating_add(1);
            let at = (set.first + set.selected) * length;
            let weights = &mut self.weights[at..at + length];
            if error.abs() >= self.rates.least_error {
                train(&self.inputs, weights, step.clamp(-MOST_STEP, MOST_STEP) as i32);
            }
            if *count % TRIM_EVERY == 0 {
                weights.iter_mut().for_each(|weight| *weight = (*weight).clamp(-MOST, MOST));
            }
        }
    }
}

/// The sum of inputs times the upper halves of weights; the latter are in units of 2⁻¹².
fn dot(inputs: &[i16], weights: &[i32]) -> i64 {
    let mut sums = [0i32; LANES];
    for (inputs, weights) in inputs.chunks_exact(LANES).zip(weights.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] = sums[lane].wrapping_add(i32::from(inputs[lane]) * (weights[lane] >> 16));
        }
    }
    sums.iter().map(|&sum| i64::from(sum)).sum()
}

/// weights += inputs · step. `step` is 16 bits, so a product has 27.
fn train(inputs: &[i16], weights: &mut [i32], step: i32) {
    for (inputs, weights) in inputs.chunks_exact(LANES).zip(weights.chunks_exact_mut(LANES)) {
        for lane in 0..LANES {
            weights[lane] = weights[lane].wrapping_add(i32::from(inputs[lane]) * step);
        }
    }
}

/// A logit as an input.
#[inline]
pub fn as_input(logit: i32) -> i16 {
    logit.clamp(-INPUT_LOGIT, INPUT_LOGIT) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { start: 20_000, decay: 20, floor: 1000, least_error: 1 };

    #[test]
    fn a_useful_input_gains_weight_and_a_useless_one_does_not() {
        let logistic = Logistic::new();
        let mut mixer = Mixer::new(&[ONE / 4; 2], &[1], RATES);
        let mut logits = [0];
        for step in 0..5000u32 {
            let bit = step.wrapping_mul(2_654_435_769) >> 31 == 1;
            let noise = step.wrapping_mul(40_503).wrapping_add(77) >> 3 & 1 == 1;
            mixer.inputs()[0] = if bit { 500 } else { -500 };
            mixer.inputs()[1] = if noise { 500 } else { -500 };
            mixer.mix(&[0], &logistic, &mut logits);
            mixer.update(bit);
        }
        assert!(mixer.weights[0] > ONE && mixer.weights[1].abs() < ONE / 4, "{:?}", &mixer.weights[..2]);
    }

    #[test]
    fn vectors_learn_apart_and_weights_keep_their_bounds() {
        let logistic = Logistic::new();
        let mut mixer = Mixer::new(&[0; 3], &[2, 1], RATES);
        let mut logits = [0; 2];
        for step in 0..200_000 {
            let which = step & 1;
            mixer.inputs()[..3].fill(2047);
            mixer.mix(&[which, 0], &logistic, &mut logits);
            mixer.update(which == 1);
        }
        assert!(mixer.weights[0] < 0 && mixer.weights[LANES] > 0);
        assert!(mixer.weights.iter().all(|weight| weight.abs() <= MOST));
        mixer.mix(&[7, 0], &logistic, &mut logits); // beyond the set: its last vector
        assert!(logits[0] > 0);
    }
}
