//! Randomness as an argument: a stream for each (seed, purpose, index), never a global.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// What a stream is for; streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Starting values of parameters; the index is the parameter's.
    Initial = 1,
    /// Noise of the latents; the index is the step's.
    Noise = 2,
    /// Noise of the weights; the index is the step's.
    WeightNoise = 6,
    /// The dither of the digit matrices; the index is 0.
    Dither = 3,
    /// Which symbols a step of a matrix fit sees; the index is the round's through all symbols.
    Subset = 4,
    /// Random edits of texts; the index is the group's.
    Edit = 5,
    /// Which pairs of a task that doesn't tell train from test make its puzzle; the index is 0.
    Pairs = 7,
    /// Colours and orders of a reading by the coder of grids; the index is the reading's.
    Reading = 8,
}

/// Normals drawn from one stream before the next begins, so that a step's noise can be drawn in parallel.
const CHUNK: usize = 1 << 14;

/// The stream of a purpose and index; the index must be below 2³².
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    sub_stream(seed, purpose, index, 0)
}

fn sub_stream(seed: u64, purpose: Purpose, index: u64, chunk: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 60) | (index << 28) | chunk);
    rng
}

/// Fills `noise` with the standard normals of a training step; the same for any number of threads.
pub fn step_noise(seed: u64, step: usize, noise: &mut [f32]) {
    noise.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
        let mut rng = sub_stream(seed, Purpose::Noise, step as u64, chunk as u64);
        for value in values {
            *value = StandardNormal.sample(&mut rng);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_normal_and_belongs_to_seed_and_step() {
        let draw = |seed, step| {
            let mut noise = vec![0.0f32; 3 * CHUNK + 7];
            step_noise(seed, step, &mut noise);
            noise
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
        let noise = draw(5, 0);
        let count = noise.len() as f64;
        let mean = noise.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        let variance = noise.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / count;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "mean {mean}, variance {variance}");
        assert_ne!(noise[..CHUNK], noise[CHUNK..2 * CHUNK]);
    }
}
