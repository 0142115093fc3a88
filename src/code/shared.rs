//! What the channels and the weights have in common: random numbers that encoder and decoder share, and how an encoder is
//! asked for means.
//!
//! In: a file's seed. Out: a stream for each purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The posterior's means of all coordinates, given those that have been sent.
pub type Means<'a, E> = dyn FnMut(&[Option<f32>]) -> Result<Vec<f32>, E> + 'a;

/// What a stream of random numbers is for; streams of different purposes are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Shared {
    /// The dither of the latents.
    Dither = 16,
    /// The order of coordinates in blocks.
    Order = 17,
    /// The candidates of a block; the index is the block's.
    Candidates = 18,
    /// The starting values of the weights; the index is the parameter's.
    Weights = 19,
    /// The dither of the weights.
    WeightDither = 20,
    /// The noise of a fit that the decoder repeats; the index is the step.
    Replay = 21,
}

/// Random numbers that encoder and decoder share: ChaCha with eight rounds, by the file's seed.
pub fn shared_stream(seed: u64, purpose: Shared, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream((purpose as u64) << 56 | index);
    stream
}
