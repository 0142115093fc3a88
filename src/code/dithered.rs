//! The dithered channel: a coordinate's mean is rounded to a grid that is shifted by a dither which both sides know, so
//! that what arrives is the mean and uniform noise (subtractive dither; Schuchman 1964, Ziv 1985).
//!
//! In: rates, a seed, means. Out: the cells' numbers under the integer CDF of N(0, 1 − s²), the means' own distribution
//! (they are normalised), range coded. The grid's step is s √12, so that the noise has variance s². A cell costs the KL of
//! the uniform posterior from the prior N(0, 1 − s²) ∗ U, which has variance 1.

use super::adaptive::{decode_plain, encode_plain};
use super::normal::{CDF_BITS, END, POSITION_BITS, cdf};
use super::range::{BitDecoder, BitEncoder, PROBABILITY_BITS};
use super::shared::{Shared, shared_stream};
use super::{CodeError, Rate};
use rand::Rng;

/// √12, the width of a uniform of variance 1.
const WIDTH: f64 = 3.464_101_615_137_754_6;

/// A dither in units of 2⁻²⁴ of a step, and the grid of one coordinate. Cell k lies around (k + dither) × step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// The step, in units of the latent.
    step: f64,
    /// The step in standard deviations of the means, × 2²⁴.
    relative: i64,
    /// The last cell; the first is its negative.
    last: i64,
}

impl Grid {
    /// The grid for means of standard deviation `signal` and noise of standard deviation `noise`.
    pub(super) fn new(signal: f64, noise: f64) -> Self {
        let step = noise * WIDTH;
        let relative = ((step / signal * f64::from(1 << POSITION_BITS)) as i64).clamp(1, END << 8);
        Self { step, relative, last: END / relative + 1 }
    }

    fn of(rate: Rate) -> Self {
        Self::new(rate.signal_variance().sqrt(), rate.noise())
    }

    /// The CDF at the lower edge of cell `k`.
    fn below(&self, k: i64, dither: u32) -> u64 {
        if k <= -self.last {
            return 0;
        }
        if k > self.last {
            return 1 << CDF_BITS;
        }
        let place = (k << POSITION_BITS) + i64::from(dither) - (1 << (POSITION_BITS - 1));
        cdf(((i128::from(place) * i128::from(self.relative)) >> POSITION_BITS) as i64)
    }

    /// The cell that `mean` is rounded to.
    fn cell(&self, mean: f32, dither: u32) -> i64 {
        let place = f64::from(mean) / self.step - f64::from(dither) / f64::from(1 << POSITION_BITS);
        (place.round() as i64).clamp(-self.last, self.last)
    }

    /// Where a cell lies.
    pub(super) fn value(&self, k: i64, dither: u32) -> f32 {
        ((k as f64 + f64::from(dither) / f64::from(1 << POSITION_BITS)) * self.step) as f32
    }

    /// Finds a cell; see [`halve`].
    fn search(&self, dither: u32, choose: impl FnMut(u32, i64) -> Option<bool>) -> Option<i64> {
        halve(-self.last, self.last + 1, |k| self.below(k, dither), choose)
    }

    /// Encodes `mean`; gives the value that arrives.
    pub(super) fn encode(&self, coder: &mut BitEncoder, mean: f32, dither: u32) -> f32 {
        let cell = self.cell(mean, dither);
        self.search(dither, |upper, middle| {
            coder.encode(cell >= middle, upper);
            Some(cell >= middle)
        });
        self.value(cell, dither)
    }

    /// Decodes the value.
    pub(super) fn decode(&self, coder: &mut BitDecoder, dither: u32) -> Option<f32> {
        let cell = self.search(dither, |upper, _| coder.decode(upper))?;
        Some(self.value(cell, dither))
    }
}

/// Halves the cells from `low` to before `high` until one is left; `below` is the CDF at a cell's lower edge, `choose` is given
/// the probability, in units of 2⁻¹⁶, that it is in the upper half, which begins with a cell, and says whether it is.
pub(super) fn halve(
    mut low: i64,
    mut high: i64,
    below: impl Fn(i64) -> u64,
    mut choose: impl FnMut(u32, i64) -> Option<bool>,
) -> Option<i64> {
    let (mut start, mut end) = (below(low), below(high));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let between = below(middle);
        let upper = ((end - between) << (PROBABILITY_BITS - 1)).checked_div(end - start);
        if choose(2 * upper.unwrap_or(1 << (PROBABILITY_BITS - 2)) as u32, middle)? {
            (low, start) = (middle, between);
        } else {
            (high, end) = (middle, between);
        }
    }
    Some(low)
}

/// A dither from a stream, in units of 2⁻²⁴ of a step.
pub(super) fn draw(stream: &mut impl Rng) -> u32 {
    stream.next_u32() >> (32 - POSITION_BITS)
}

/// The bits of a dither's number, where there is a choice.
const DITHER_BITS: u32 = 4;

/// Where all rates together are below this there is no choice: its number would cost more than it saves.
const LEAST_CHOICE_NATS: f64 = 16.0;

/// The bits of the dither's number for coordinates of these rates.
fn dither_bits(rates: &[Rate]) -> u32 {
    let nats: f64 = rates.iter().map(|rate| rate.nats()).sum();
    if nats < LEAST_CHOICE_NATS { 0 } else { DITHER_BITS }
}

/// How many dithers there are to choose from for coordinates of these rates; a sender tries all and keeps what is shortest.
pub fn dithers(rates: &[Rate]) -> u32 {
    1 << dither_bits(rates)
}

/// Sends all coordinates under one of the [`dithers`], after its number; gives the sample.
pub fn send(coder: &mut BitEncoder, rates: &[Rate], seed: u64, dither: u32, means: &[f32]) -> Vec<f32> {
    encode_plain(coder, dither, dither_bits(rates));
    let mut stream = shared_stream(seed, Shared::Dither, dither.into());
    let coordinates = rates.iter().zip(means);
    coordinates.map(|(&rate, &mean)| Grid::of(rate).encode(coder, mean, draw(&mut stream))).collect()
}

/// Receives all coordinates after the number of their dither.
///
/// # Errors
/// [`CodeError::Exhausted`], where no encoder gives such code.
pub fn receive(coder: &mut BitDecoder, rates: &[Rate], seed: u64) -> Result<Vec<f32>, CodeError> {
    let dither = decode_plain(coder, dither_bits(rates)).ok_or(EXHAUSTED)?;
    receive_under(coder, rates, seed, dither)
}

/// Receives all coordinates under a dither, as version 1 of the format has them: it knows the first alone.
///
/// # Errors
/// [`CodeError::Exhausted`], where no encoder gives such code.
pub fn receive_under(coder: &mut BitDecoder, rates: &[Rate], seed: u64, dither: u32) -> Result<Vec<f32>, CodeError> {
    let mut stream = shared_stream(seed, Shared::Dither, dither.into());
    let decode = |&rate: &Rate| Grid::of(rate).decode(coder, draw(&mut stream));
    rates.iter().map(decode).collect::<Option<_>>().ok_or(EXHAUSTED)
}

const EXHAUSTED: CodeError = CodeError::Exhausted { field: "the latents" };

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};
    use statrs::distribution::{ContinuousCDF, Normal};

    fn rate(level: u8) -> Rate {
        Rate::from_level(level).unwrap()
    }

    /// Means as the fit's: normal of variance 1 − s².
    fn means(rates: &[Rate], seed: u64) -> Vec<f32> {
        let mut stream = shared_stream(seed, Shared::Candidates, 77);
        let mut mean = |rate: &Rate| {
            let normal: f64 = StandardNormal.sample(&mut stream);
            (normal * rate.signal_variance().sqrt()) as f32
        };
        rates.iter().map(&mut mean).collect()
    }

    /// KL of U(mean ± Δ/2) from N(0, σ²) ∗ U, in bits, by the midpoint rule.
    fn kl_bits(rate: Rate, mean: f64) -> f64 {
        let (signal, step) = (rate.signal_variance().sqrt(), rate.noise() * WIDTH);
        let normal = Normal::standard();
        let cost = |index: i32| {
            let z = mean + step * ((f64::from(index) + 0.5) / 200.0 - 0.5);
            let (low, high) = ((z - step / 2.0) / signal, (z + step / 2.0) / signal);
            let mass = if low > 0.0 { normal.sf(low) - normal.sf(high) } else { normal.cdf(high) - normal.cdf(low) };
            -mass.log2()
        };
        (0..200).map(cost).sum::<f64>() / 200.0
    }

    #[test]
    fn sent_bits_are_the_kl() {
        for (level, count) in [(12, 40_000), (20, 8000), (28, 4000), (36, 4000), (44, 4000), (52, 4000)] {
            let rates = vec![rate(level); count];
            let means = means(&rates, 1);
            let mut coder = BitEncoder::new();
            send(&mut coder, &rates, 3, 0, &means);
            let kl: f64 = rates.iter().zip(&means).map(|(&rate, &mean)| kl_bits(rate, f64::from(mean))).sum();
            let bits = coder.information_bits();
            let ratio = bits / kl;
            println!(
                "level {level}: {:.4} nats a coordinate by the Gaussian formula, KL {:.4}, sent {:.4} bits; ratio {ratio:.4}",
                rate(level).nats(),
                kl / count as f64,
                bits / count as f64
            );
            assert!(ratio < 1.03 && ratio > 0.95, "level {level}: sent {bits:.0}, KL {kl:.0}");
        }
    }

    #[test]
    fn the_noise_is_uniform_of_the_rates_variance() {
        let rates = vec![rate(36); 20_000];
        let means = means(&rates, 2);
        let sample = send(&mut BitEncoder::new(), &rates, 9, 0, &means);
        let noise: Vec<f64> = sample.iter().zip(&means).map(|(z, mean)| f64::from(z - mean)).collect();
        let (s, count) = (rate(36).noise(), noise.len() as f64);
        let variance = noise.iter().map(|noise| noise * noise).sum::<f64>() / count;
        let correlation = noise.iter().zip(&means).map(|(noise, &mean)| noise * f64::from(mean)).sum::<f64>() / count;
        assert!((variance / (s * s) - 1.0).abs() < 0.02, "{variance}");
        assert!(correlation.abs() < 0.02 * s, "{correlation}");
        assert!(noise.iter().all(|noise| noise.abs() <= s * WIDTH / 2.0 + 1e-6));
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives(
            coordinates in prop::collection::vec((1u8..=Rate::LEVELS, -20f32..20.0), 0..300), seed: u64, dither in 0u32..16
        ) {
            let rates: Vec<Rate> = coordinates.iter().map(|&(level, _)| rate(level)).collect();
            let means: Vec<f32> = coordinates.iter().map(|&(_, mean)| mean).collect();
            let mut coder = BitEncoder::new();
            let sample = send(&mut coder, &rates, seed, dither % dithers(&rates), &means);
            prop_assert_eq!(receive(&mut BitDecoder::new(&coder.finish()), &rates, seed), Ok(sample));
        }

        #[test]
        fn any_code_arrives_as_something_or_is_refused(code: Vec<u8>, levels in prop::collection::vec(1u8..=55, 0..50)) {
            let rates: Vec<Rate> = levels.into_iter().map(rate).collect();
            let _: Result<Vec<f32>, CodeError> = receive(&mut BitDecoder::new(&code), &rates, 0);
        }
    }
}
