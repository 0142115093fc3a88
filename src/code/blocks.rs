//! The Gaussian channel: coordinates in blocks, each sent as the number of one candidate among many that both sides draw
//! from the prior (minimal random coding; Havasi, Peharz and Hernández-Lobato 2019).
//!
//! In: rates, a seed, and the posterior's means, asked for again before each block. Out: for each block a number of two
//! bits more than its KL. The candidate is drawn with probability in proportion to q / p, so it is a sample of q up to
//! an error that falls as candidates are added to the 2^KL that are needed.

use super::adaptive::{decode_plain, encode_plain};
use super::normal::quantile;
use super::range::{BitDecoder, BitEncoder};
use super::shared::{Means, Shared, shared_stream};
use super::{CodeError, Rate};
use rand::Rng;

/// The most KL of a block by its coordinates' rates, in bits; a block of one coordinate may have more.
const MOST_BITS: f64 = 14.0;

/// Bits of a candidate's number beyond the block's KL: four candidates for each that is needed.
const SPARE_BITS: u32 = 2;

/// Nats of a bit.
const BIT: f64 = std::f64::consts::LN_2;

/// Steps of the bisection that gives a block's posterior the block's KL: more than a double resolves within its range.
const BISECTIONS: usize = 50;

/// Coordinates that are sent together.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Which.
    pub coordinates: Vec<usize>,
    /// Their KL in whole bits.
    pub kl_bits: u32,
}

impl Block {
    /// The bits of a candidate's number.
    pub fn number_bits(&self) -> u32 {
        self.kl_bits + SPARE_BITS
    }
}

/// All coordinates in an order drawn from the seed, cut into blocks of at most 14 bits by their rates.
pub fn partition(rates: &[Rate], seed: u64) -> Vec<Block> {
    let mut order: Vec<usize> = (0..rates.len()).collect();
    let mut stream = shared_stream(seed, Shared::Order, 0);
    for last in (1..order.len()).rev() {
        // Of 64 random bits the remainder's bias is below 2⁻³².
        let other = (u128::from(stream.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, other as usize);
    }
    let mut blocks: Vec<Block> = Vec::new();
    let mut bits = 0.0;
    for coordinate in order {
        let more = rates[coordinate].nats() / BIT;
        match blocks.last_mut() {
            Some(block) if bits + more <= MOST_BITS => {
                bits += more;
                block.coordinates.push(coordinate);
            }
            _ => {
                bits = more;
                blocks.push(Block { coordinates: vec![coordinate], kl_bits: 0 });
            }
        }
        if let Some(block) = blocks.last_mut() {
            block.kl_bits = (bits.ceil() as u32).min(MOST_BITS as u32);
        }
    }
    blocks
}

/// A Gaussian posterior of one coordinate.
#[derive(Debug, Clone, Copy)]
struct Gaussian {
    mean: f64,
    noise: f64,
}

impl Gaussian {
    fn kl_nats(self) -> f64 {
        0.5 * (self.mean * self.mean + self.noise * self.noise - 1.0) - self.noise.ln()
    }
}

/// The KL of a block's posterior in bits.
fn kl_bits(posterior: &[Gaussian]) -> f64 {
    posterior.iter().map(|gaussian| gaussian.kl_nats()).sum::<f64>() / BIT
}

/// Widens or narrows all coordinates by one factor, up to the prior's width, so that the KL is `bits`; where no width is
/// wide enough, the means shrink. The decoder need not know.
fn steer(posterior: &[Gaussian], bits: f64) -> Vec<Gaussian> {
    let shaped = |(shrink, factor): (f64, f64)| -> Vec<Gaussian> {
        let shape = |gaussian: &Gaussian| Gaussian {
            mean: gaussian.mean * shrink,
            noise: (gaussian.noise * factor).clamp(1e-6, 1.0),
        };
        posterior.iter().map(shape).collect()
    };
    let wide_enough = kl_bits(&shaped((1.0, 1e6))) <= bits;
    // Along `place` from 0 to 1 the KL falls.
    let at = |place: f64| if wide_enough { (1.0, f64::exp(14.0 * (2.0 * place - 1.0))) } else { (1.0 - place, 1e6) };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if kl_bits(&shaped(at(middle))) > bits { low = middle } else { high = middle }
    }
    shaped(at(high))
}

/// A block's candidates, one after the other.
struct Candidates {
    stream: rand_chacha::ChaCha8Rng,
    values: Vec<f32>,
}

impl Candidates {
    fn new(seed: u64, block: usize, coordinates: usize) -> Self {
        Self { stream: shared_stream(seed, Shared::Candidates, block as u64), values: vec![0.0; coordinates] }
    }

    /// Skips to a candidate: each takes as many words of the stream as it has coordinates.
    fn skip_to(&mut self, number: u32) {
        self.stream.set_word_pos(u128::from(number) * self.values.len() as u128);
    }

    fn next(&mut self) -> &[f32] {
        for value in &mut self.values {
            *value = quantile(self.stream.next_u32());
        }
        &self.values
    }
}

/// Draws a candidate's number with probability in proportion to q / p, by the largest of log q / p + Gumbel noise.
fn choose(candidates: &mut Candidates, count: u32, posterior: &[Gaussian], noise: &mut impl Rng) -> u32 {
    // log q / p is, up to a constant, a quadratic in each coordinate.
    let terms: Vec<(f32, f32)> = posterior
        .iter()
        .map(|gaussian| {
            let precision = 1.0 / (gaussian.noise * gaussian.noise);
            ((0.5 - 0.5 * precision) as f32, (gaussian.mean * precision) as f32)
        })
        .collect();
    let mut best = (f64::NEG_INFINITY, 0);
    for number in 0..count {
        let log_ratio: f32 =
            candidates.next().iter().zip(&terms).map(|(&z, &(square, linear))| (square * z + linear) * z).sum();
        let uniform = (f64::from(noise.next_u32()) + 0.5) / f64::from(u32::MAX);
        let score = f64::from(log_ratio) - (-uniform.min(1.0 - 1e-12).ln()).ln();
        if score > best.0 {
            best = (score, number);
        }
    }
    best.1
}

/// Sends all coordinates, block by block; `means` is asked before each.
///
/// # Errors
/// Those of `means`.
pub fn send<E>(coder: &mut BitEncoder, rates: &[Rate], seed: u64, means: &mut Means<'_, E>) -> Result<Vec<f32>, E> {
    let mut sample = vec![None; rates.len()];
    for (index, block) in partition(rates, seed).iter().enumerate() {
        let means = means(&sample)?;
        let gaussian =
            |&coordinate: &usize| Gaussian { mean: f64::from(means[coordinate]), noise: rates[coordinate].noise() };
        let posterior: Vec<Gaussian> = block.coordinates.iter().map(gaussian).collect();
        let posterior = steer(&posterior, f64::from(block.kl_bits));
        let mut candidates = Candidates::new(seed, index, block.coordinates.len());
        // The choice's noise is the encoder's own; from the seed, so that a file can be made again.
        let mut noise = shared_stream(!seed, Shared::Candidates, index as u64);
        let number = choose(&mut candidates, 1 << block.number_bits(), &posterior, &mut noise);
        encode_plain(coder, number, block.number_bits());
        candidates.skip_to(number);
        for (&coordinate, &value) in block.coordinates.iter().zip(candidates.next()) {
            sample[coordinate] = Some(value);
        }
    }
    Ok(sample.into_iter().map(Option::unwrap_or_default).collect())
}

/// Receives all coordinates.
///
/// # Errors
/// [`CodeError::Exhausted`], where no encoder gives such code.
pub fn receive(coder: &mut BitDecoder, rates: &[Rate], seed: u64) -> Result<Vec<f32>, CodeError> {
    let mut sample = vec![0.0; rates.len()];
    for (index, block) in partition(rates, seed).iter().enumerate() {
        let number = decode_plain(coder, block.number_bits());
        let number = number.ok_or(CodeError::Exhausted { field: "the latents" })?;
        let mut candidates = Candidates::new(seed, index, block.coordinates.len());
        candidates.skip_to(number);
        for (&coordinate, &value) in block.coordinates.iter().zip(candidates.next()) {
            sample[coordinate] = value;
        }
    }
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};
    use std::convert::Infallible;

    fn rate(level: u8) -> Rate {
        Rate::from_level(level).unwrap()
    }

    fn means(rates: &[Rate], seed: u64) -> Vec<f32> {
        let mut stream = shared_stream(seed, Shared::Dither, 77);
        let mut mean = |rate: &Rate| {
            let normal: f64 = StandardNormal.sample(&mut stream);
            (normal * rate.signal_variance().sqrt()) as f32
        };
        rates.iter().map(&mut mean).collect()
    }

    fn send_at_once(coder: &mut BitEncoder, rates: &[Rate], seed: u64, means: &[f32]) -> Vec<f32> {
        let Ok(sample) = send::<Infallible>(coder, rates, seed, &mut |_| Ok(means.to_vec()));
        sample
    }

    #[test]
    fn blocks_hold_every_coordinate_once_and_up_to_14_bits() {
        let rates: Vec<Rate> = (0..3000).map(|index| rate(1 + (index * 7 % 55) as u8)).collect();
        let blocks = partition(&rates, 5);
        let mut seen: Vec<usize> = blocks.iter().flat_map(|block| block.coordinates.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..3000).collect::<Vec<_>>());
        for block in &blocks {
            let nats: f64 = block.coordinates.iter().map(|&coordinate| rates[coordinate].nats()).sum();
            assert!(block.coordinates.len() == 1 || nats / BIT <= MOST_BITS);
            assert!(block.kl_bits <= 14);
        }
        assert_ne!(partition(&rates, 6), blocks);
    }

    #[test]
    fn sent_bits_are_at_most_a_quarter_above_the_kl_and_the_sample_is_the_posteriors() {
        for level in [18, 26, 34, 40] {
            let count = (180.0 / rate(level).nats()) as usize;
            let rates = vec![rate(level); count];
            let means = means(&rates, 1);
            let mut coder = BitEncoder::new();
            let sample = send_at_once(&mut coder, &rates, 3, &means);
            let posterior: Vec<Gaussian> = rates
                .iter()
                .zip(&means)
                .map(|(rate, &mean)| Gaussian { mean: f64::from(mean), noise: rate.noise() })
                .collect();
            let kl = kl_bits(&posterior);
            let ratio = coder.information_bits() / kl;
            let error: f64 =
                sample.iter().zip(&posterior).map(|(&z, q)| ((f64::from(z) - q.mean) / q.noise).powi(2)).sum();
            let error = error / rates.len() as f64;
            println!(
                "level {level}: {} coordinates, KL {kl:.0}, ratio {ratio:.4}, squared error {error:.3}",
                rates.len()
            );
            assert!(ratio < 1.25, "level {level}: {ratio}");
            assert!((0.6..1.7).contains(&error), "level {level}: {error}");
        }
    }

    #[test]
    fn steering_meets_the_kl() {
        let posterior: Vec<Gaussian> =
            (0..20).map(|index| Gaussian { mean: 0.1 * f64::from(index), noise: 0.3 }).collect();
        for bits in [1.0, 5.0, 13.0, 40.0] {
            assert!((kl_bits(&steer(&posterior, bits)) - bits).abs() < 1e-6, "{bits}");
        }
        assert!(kl_bits(&steer(&[Gaussian { mean: 1e3, noise: 1.0 }], 14.0)) < 14.001);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_sent_arrives(
            coordinates in prop::collection::vec((1u8..=Rate::LEVELS, -5f32..5.0), 0..6), seed: u64
        ) {
            let rates: Vec<Rate> = coordinates.iter().map(|&(level, _)| rate(level)).collect();
            let means: Vec<f32> = coordinates.iter().map(|&(_, mean)| mean).collect();
            let mut coder = BitEncoder::new();
            let sample = send_at_once(&mut coder, &rates, seed, &means);
            prop_assert_eq!(receive(&mut BitDecoder::new(&coder.finish()), &rates, seed), Ok(sample));
        }

        #[test]
        fn any_code_arrives_as_something_or_is_refused(code: Vec<u8>, levels in prop::collection::vec(1u8..=55, 0..50)) {
            let rates: Vec<Rate> = levels.into_iter().map(rate).collect();
            let _: Result<Vec<f32>, CodeError> = receive(&mut BitDecoder::new(&code), &rates, 0);
        }
    }
}
