//! The latents of a puzzle as a section: a sample of the posterior by one of two channels behind one trait.
//!
//! In: the rate of every coordinate that is sent, which header and decoder share, and the posterior's means. Out: the
//! section and the sample; and the sample again. A coordinate has the prior N(0, 1).

use super::{CodeError, Rate, blocks, dithered};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// How a sample of the posterior is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Channel {
    /// Uniform noise by subtractive dither; see [`dithered`].
    Dithered = 0,
    /// Gaussian noise by minimal random coding; see [`blocks`].
    Blocks = 1,
}

/// What a channel sent: the code, and the latents that the decoder will have.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The section.
    pub code: Vec<u8>,
    /// The latents.
    pub sample: Vec<f32>,
}

/// The posterior's means of all coordinates, given those that have been sent.
pub type Means<'a, E> = dyn FnMut(&[Option<f32>]) -> Result<Vec<f32>, E> + 'a;

impl Channel {
    /// Sends a sample of the posterior. Coordinates are sent in groups, one after the other: before each group, `means`
    /// is asked for the posterior's means of all coordinates, given what has been sent (the rest is `None`).
    ///
    /// # Errors
    /// Those of `means`.
    pub fn send<E>(self, rates: &[Rate], seed: u64, means: &mut Means<'_, E>) -> Result<Sent, E> {
        match self {
            Self::Dithered => Ok(dithered::send(rates, seed, &means(&vec![None; rates.len()])?)),
            Self::Blocks => blocks::send(rates, seed, means),
        }
    }

    /// The latents that were sent.
    ///
    /// # Errors
    /// [`CodeError::Exhausted`], where no encoder gives such code.
    pub fn receive(self, rates: &[Rate], seed: u64, code: &[u8]) -> Result<Vec<f32>, CodeError> {
        match self {
            Self::Dithered => dithered::receive(rates, seed, code),
            Self::Blocks => blocks::receive(rates, seed, code),
        }
    }
}

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
}

/// Random numbers that encoder and decoder share: ChaCha with eight rounds, by the file's seed.
pub fn shared_stream(seed: u64, purpose: Shared, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream((purpose as u64) << 56 | index);
    stream
}
