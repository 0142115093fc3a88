//! Logistic mixing: predictions, weighted and summed as logits, with weights that learn online.
//!
//! In: the logits of the inputs and, for each set of weight vectors, which one is selected. Out: one logit a set, whose
//! vector then moves along the gradient of that prediction's cost: w += rate · (bit − p) · x. Weights are 32 bits with
//! 28 after the point, their halves kept apart: the upper ones predict, both learn. Sums are exact in integers, so the order
//! of summation, and with it the processor, is free.

use super::logistic::{INPUT_LOGIT, Logistic, WIDEST_LOGIT};

/// A weight of one.
pub const ONE: i32 = 1 << 28;

/// Weights are brought back within ±4 every [`TRIM_EVERY`] bits, so that they never leave 32 bits in between; this is the
/// upper half of the most.
const MOST: i16 = ((4 * ONE as i64 - 1) >> 16) as i16;

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
#[derive(Debug, Clone)]
struct Set {
    /// The first vector's index.
    first: usize,
    selected: usize,
    /// The bits that each vector has seen.
    counts: Vec<u32>,
    probability: i32,
}

/// Sets of weight vectors over the same inputs.
#[derive(Debug, Clone)]
pub struct Mixer {
    inputs: Vec<i16>,
    upper: Vec<i16>,
    lower: Vec<u16>,
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
        let upper: Vec<i16> = start.iter().map(|&weight| (weight >> 16) as i16).collect();
        let lower: Vec<u16> = start.iter().map(|&weight| weight as u16).collect();
        let inputs = vec![0; start.len()];
        Self { inputs, upper: upper.repeat(first), lower: lower.repeat(first), sets, rates }
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
            let sum = dot(&self.inputs, &self.upper[at..at + length]);
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
            let (upper, lower) = (&mut self.upper[at..at + length], &mut self.lower[at..at + length]);
            if error.abs() >= self.rates.least_error {
                train(&self.inputs, upper, lower, step.clamp(-MOST_STEP, MOST_STEP) as i16);
            }
            if *count % TRIM_EVERY == 0 {
                for weight in upper {
                    *weight = (*weight).clamp(-MOST, MOST);
                }
            }
        }
    }
}

/// The sum of inputs times the upper halves of weights; the latter are in units of 2⁻¹².
fn dot(inputs: &[i16], upper: &[i16]) -> i64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code, reason = "the processor has the instructions that the function was compiled for")]
        return unsafe { avx2::dot(inputs, upper) };
    }
    dot_lanes(inputs, upper)
}

/// weights += inputs · step. `step` is 15 bits, so a product has 26.
fn train(inputs: &[i16], upper: &mut [i16], lower: &mut [u16], step: i16) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[allow(unsafe_code, reason = "the processor has the instructions that the function was compiled for")]
        return unsafe { avx2::train(inputs, upper, lower, step) };
    }
    train_lanes(inputs, upper, lower, step);
}

#[allow(clippy::inline_always, reason = "to be compiled anew in each of its callers")]
#[inline(always)]
fn dot_lanes(inputs: &[i16], upper: &[i16]) -> i64 {
    let mut sums = [0i32; LANES];
    for (inputs, upper) in inputs.chunks_exact(LANES).zip(upper.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] = sums[lane].wrapping_add(i32::from(inputs[lane]) * i32::from(upper[lane]));
        }
    }
    sums.iter().map(|&sum| i64::from(sum)).sum()
}

#[allow(clippy::inline_always, reason = "to be compiled anew in each of its callers")]
#[inline(always)]
fn train_lanes(inputs: &[i16], upper: &mut [i16], lower: &mut [u16], step: i16) {
    let halves = upper.chunks_exact_mut(LANES).zip(lower.chunks_exact_mut(LANES));
    for (inputs, (upper, lower)) in inputs.chunks_exact(LANES).zip(halves) {
        for lane in 0..LANES {
            let product = i32::from(inputs[lane]) * i32::from(step);
            let sum = lower[lane].wrapping_add(product as u16);
            let carry = i16::from(sum < product as u16);
            lower[lane] = sum;
            upper[lane] = upper[lane].wrapping_add((product >> 16) as i16).wrapping_add(carry);
        }
    }
}

/// The same loops compiled for wider registers. Integer sums come out the same.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    #[target_feature(enable = "avx2")]
    pub fn dot(inputs: &[i16], upper: &[i16]) -> i64 {
        super::dot_lanes(inputs, upper)
    }

    #[target_feature(enable = "avx2")]
    pub fn train(inputs: &[i16], upper: &mut [i16], lower: &mut [u16], step: i16) {
        super::train_lanes(inputs, upper, lower, step);
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
        assert!(mixer.upper[0] > 4096 && mixer.upper[1].abs() < 1024, "{:?}", &mixer.upper[..2]);
    }

    #[test]
    fn wide_registers_give_what_narrow_ones_do() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i16
        };
        for length in [16, 240, 352] {
            let inputs: Vec<i16> = (0..length).map(|_| next() >> 4).collect();
            let upper: Vec<i16> = (0..length).map(|_| next() >> 1).collect();
            let lower: Vec<u16> = (0..length).map(|_| next() as u16).collect();
            assert_eq!(dot(&inputs, &upper), dot_lanes(&inputs, &upper));
            let exact: i64 = inputs.iter().zip(&upper).map(|(&x, &w)| i64::from(x) * i64::from(w)).sum();
            assert_eq!(dot(&inputs, &upper), exact);
            for step in [-16_383, -1, 0, 77, 16_383] {
                let mut dispatched = (upper.clone(), lower.clone());
                let mut plain = dispatched.clone();
                train(&inputs, &mut dispatched.0, &mut dispatched.1, step);
                train_lanes(&inputs, &mut plain.0, &mut plain.1, step);
                assert_eq!(dispatched, plain);
                for (index, &input) in inputs.iter().enumerate() {
                    let whole = |upper: i16, lower: u16| i32::from(upper) << 16 | i32::from(lower);
                    let expected = whole(upper[index], lower[index]) + i32::from(input) * i32::from(step);
                    assert_eq!(whole(plain.0[index], plain.1[index]), expected);
                }
            }
        }
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
        assert!(mixer.upper[0] < 0 && mixer.upper[LANES] > 0);
        assert!(mixer.upper.iter().all(|weight| weight.abs() < 32_000), "trimmed before it can wrap");
        mixer.mix(&[7, 0], &logistic, &mut logits); // beyond the set: its last vector
        assert!(logits[0] > 0);
    }
}
