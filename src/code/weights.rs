//! The decoder's weights: how far they are from the values that the seed gives.
//!
//! In: groups of differences, as whole multiples of a step a group or as a posterior a group. Out: their code, and the
//! differences that the decoder will have. A group that stays at its starting values costs a fraction of a bit.

use super::adaptive::{Bit, Number, decode_plain, encode_plain, fold_sign, unfold_sign};
use super::dithered::{Grid, draw};
use super::range::{BitDecoder, BitEncoder};
use super::shared::{Shared, shared_stream};
use super::{CodeError, Rate};

/// How the weights are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum WeightCode {
    /// Not at all: they are what the seed gives.
    Seed = 0,
    /// As whole multiples of a step.
    Steps = 1,
    /// As a sample of a posterior, by dither.
    Posterior = 2,
}

/// The bits of a scale's level.
const SCALE_BITS: u32 = 6;

/// A scale from 2⁰ down to 2^(−63/4), by its level.
pub fn scale(level: u8) -> f64 {
    /// 2^(−i / 4).
    const QUARTERS: [f64; 4] = [1.0, 0.840_896_415_253_714_5, std::f64::consts::FRAC_1_SQRT_2, 0.594_603_557_501_360_5];
    QUARTERS[usize::from(level % 4)] / f64::from(1u32 << ((level / 4) & 15))
}

/// The level whose scale is nearest to `value`.
pub fn nearest_scale(value: f64) -> u8 {
    (-4.0 * value.log2()).round().clamp(0.0, f64::from((1u8 << SCALE_BITS) - 1)) as u8
}

/// A group's differences as multiples of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// The step's level; see [`scale`].
    pub level: u8,
    /// How many steps each weight is from its starting value.
    pub values: Vec<i32>,
}

impl Steps {
    /// The differences.
    pub fn differences(&self) -> Vec<f32> {
        self.values.iter().map(|&value| (f64::from(value) * scale(self.level)) as f32).collect()
    }
}

/// Whether a weight is at its start, learnt by whether the one before was.
#[derive(Default)]
struct StepsModel {
    moved: [Bit; 2],
    number: Number,
}

/// Encodes groups of differences.
pub fn encode_steps(coder: &mut BitEncoder, groups: &[Steps]) {
    let mut used = Bit::default();
    for group in groups {
        let any = group.values.iter().any(|&value| value != 0);
        used.encode(coder, any);
        if any {
            encode_plain(coder, u32::from(group.level), SCALE_BITS);
            let mut model = StepsModel::default();
            let mut before = false;
            for &value in &group.values {
                let moved = value != 0;
                model.moved[usize::from(before)].encode(coder, moved);
                if moved {
                    let folded = fold_sign(value);
                    encode_plain(coder, folded & 1, 1);
                    model.number.encode(coder, folded.div_ceil(2) - 1);
                }
                before = moved;
            }
        }
    }
}

/// Decodes groups of differences, of these sizes.
///
/// # Errors
/// [`CodeError::Exhausted`], where no encoder gives such code.
pub fn decode_steps(coder: &mut BitDecoder, sizes: &[usize]) -> Result<Vec<Vec<f32>>, CodeError> {
    let mut used = Bit::default();
    let groups: Option<Vec<Vec<f32>>> =
        sizes.iter().map(|&size| Some(decode_group(coder, &mut used, size)?.differences())).collect();
    groups.ok_or(CodeError::Exhausted { field: "the weights" })
}

fn decode_group(coder: &mut BitDecoder, used: &mut Bit, size: usize) -> Option<Steps> {
    if !used.decode(coder)? {
        return Some(Steps { level: 0, values: vec![0; size] });
    }
    let level = decode_plain(coder, SCALE_BITS)? as u8;
    let mut model = StepsModel::default();
    let mut before = false;
    let mut values = Vec::with_capacity(size);
    for _ in 0..size {
        before = model.moved[usize::from(before)].decode(coder)?;
        values.push(if before {
            let negative = decode_plain(coder, 1)?;
            let magnitude = model.number.decode(coder)? + 1;
            unfold_sign(2 * magnitude - negative)
        } else {
            0
        });
    }
    Some(Steps { level, values })
}

/// A group's posterior: means of the differences, whose own deviation is `signal`, under noise that follows from `rate`.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// The level of the means' standard deviation; see [`scale`].
    pub signal: u8,
    /// Nats a weight: ½ ln(1 + signal² / noise²).
    pub rate: Rate,
    /// The means.
    pub means: Vec<f32>,
}

/// The grid for the differences of a group; the noise is the signal's × s / √(1 − s²).
fn grid(signal: u8, rate: Rate) -> Grid {
    let signal = scale(signal);
    Grid::new(signal, signal * rate.noise() / rate.signal_variance().sqrt())
}

/// Encodes a sample of the groups' posteriors; `None` stays at its starting values. Gives the differences.
pub fn encode_posteriors(coder: &mut BitEncoder, groups: &[(usize, Option<Posterior>)], seed: u64) -> Vec<Vec<f32>> {
    let mut used = Bit::default();
    let mut stream = shared_stream(seed, Shared::WeightDither, 0);
    let mut differences = Vec::new();
    for (size, posterior) in groups {
        used.encode(coder, posterior.is_some());
        differences.push(match posterior {
            None => vec![0.0; *size],
            Some(posterior) => {
                encode_plain(coder, u32::from(posterior.signal), SCALE_BITS);
                encode_plain(coder, u32::from(posterior.rate.level()), SCALE_BITS);
                let grid = grid(posterior.signal, posterior.rate);
                posterior.means.iter().map(|&mean| grid.encode(coder, mean, draw(&mut stream))).collect()
            }
        });
    }
    differences
}

/// Decodes a sample of the posteriors of groups of these sizes.
///
/// # Errors
/// [`CodeError::Exhausted`], where no encoder gives such code.
pub fn decode_posteriors(coder: &mut BitDecoder, sizes: &[usize], seed: u64) -> Result<Vec<Vec<f32>>, CodeError> {
    let mut used = Bit::default();
    let mut stream = shared_stream(seed, Shared::WeightDither, 0);
    let mut decode = |&size: &usize| -> Option<Vec<f32>> {
        if !used.decode(coder)? {
            return Some(vec![0.0; size]);
        }
        let signal = decode_plain(coder, SCALE_BITS)? as u8;
        let rate = Rate::from_level(decode_plain(coder, SCALE_BITS)? as u8)?;
        let grid = grid(signal, rate);
        (0..size).map(|_| grid.decode(coder, draw(&mut stream))).collect()
    };
    sizes.iter().map(&mut decode).collect::<Option<_>>().ok_or(CodeError::Exhausted { field: "the weights" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn steps_come_back(groups in prop::collection::vec(
            (0u8..64, prop::collection::vec(prop_oneof![3 => Just(0), 1 => -500_000..500_000], 0..80)), 0..6)
        ) {
            let groups: Vec<Steps> = groups.into_iter().map(|(level, values)| Steps { level, values }).collect();
            let sizes: Vec<usize> = groups.iter().map(|group| group.values.len()).collect();
            let differences: Vec<Vec<f32>> = groups.iter().map(Steps::differences).collect();
            let mut coder = BitEncoder::new();
            encode_steps(&mut coder, &groups);
            prop_assert_eq!(decode_steps(&mut BitDecoder::new(&coder.finish()), &sizes), Ok(differences));
        }

        #[test]
        fn posteriors_come_back(groups in prop::collection::vec(
            (any::<bool>(), 0u8..64, 1u8..=55, prop::collection::vec(-3f32..3.0, 0..40)), 0..6), seed: u64
        ) {
            let sizes: Vec<usize> = groups.iter().map(|group| group.3.len()).collect();
            let groups: Vec<(usize, Option<Posterior>)> = groups
                .into_iter()
                .map(|(used, signal, level, means)| {
                    let rate = Rate::from_level(level).unwrap();
                    (means.len(), used.then_some(Posterior { signal, rate, means }))
                })
                .collect();
            let mut coder = BitEncoder::new();
            let differences = encode_posteriors(&mut coder, &groups, seed);
            prop_assert_eq!(decode_posteriors(&mut BitDecoder::new(&coder.finish()), &sizes, seed), Ok(differences));
        }

        #[test]
        fn any_code_decodes_or_is_refused(code: Vec<u8>, sizes in prop::collection::vec(0usize..200, 0..6)) {
            let _: Result<Vec<Vec<f32>>, CodeError> = decode_steps(&mut BitDecoder::new(&code), &sizes);
            let _: Result<Vec<Vec<f32>>, CodeError> = decode_posteriors(&mut BitDecoder::new(&code), &sizes, 0);
        }
    }

    #[test]
    fn weights_at_their_start_cost_a_byte() {
        let groups = vec![Steps { level: 8, values: vec![0; 3000] }; 31];
        let mut coder = BitEncoder::new();
        encode_steps(&mut coder, &groups);
        assert!(coder.finish().len() <= 1);
    }

    #[test]
    fn scales_are_read_back() {
        for level in 0..64 {
            assert_eq!(nearest_scale(scale(level)), level);
        }
        assert_eq!((nearest_scale(0.0), nearest_scale(1e9)), (63, 0));
    }
}
