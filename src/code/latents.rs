//! The latents of a puzzle: a sample of the posterior by one of two channels.
//!
//! In: the rate of every coordinate that is sent, which header and decoder share, and the posterior's means. Out: their
//! code and the sample; and the sample again. A coordinate has the prior N(0, 1).

use super::range::{BitDecoder, BitEncoder};
use super::shared::Means;
use super::{CodeError, Rate, blocks, dithered};

/// How a sample of the posterior is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Channel {
    /// Uniform noise by subtractive dither; see [`dithered`].
    Dithered = 0,
    /// Gaussian noise by minimal random coding; see [`blocks`].
    Blocks = 1,
}

impl Channel {
    /// In how many ways the channel may send a posterior of these rates; the sender tries all.
    pub fn ways(self, rates: &[Rate]) -> u32 {
        match self {
            Self::Dithered => dithered::dithers(rates),
            Self::Blocks => 1,
        }
    }

    /// Sends a sample of the posterior in one of the channel's ways and gives it. Coordinates are sent in groups, one
    /// after the other: before each group, `means` is asked for the posterior's means of all coordinates, given what has
    /// been sent (the rest is `None`).
    ///
    /// # Errors
    /// Those of `means`.
    pub fn send<E>(
        self,
        coder: &mut BitEncoder,
        rates: &[Rate],
        seed: u64,
        way: u32,
        means: &mut Means<'_, E>,
    ) -> Result<Vec<f32>, E> {
        match self {
            Self::Dithered => Ok(dithered::send(coder, rates, seed, way, &means(&vec![None; rates.len()])?)),
            Self::Blocks => blocks::send(coder, rates, seed, means),
        }
    }

    /// The latents that were sent.
    ///
    /// # Errors
    /// [`CodeError::Exhausted`], where no encoder gives such code.
    pub fn receive(self, coder: &mut BitDecoder, rates: &[Rate], seed: u64) -> Result<Vec<f32>, CodeError> {
        match self {
            Self::Dithered => dithered::receive(coder, rates, seed),
            Self::Blocks => blocks::receive(coder, rates, seed),
        }
    }
}
