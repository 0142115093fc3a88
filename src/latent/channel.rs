//! Where each latent channel lies among a puzzle's parameters; what encodes and what decodes a file count them alike.
//!
//! In: a [`Layout`]. Out: a [`LatentChannel`] for each channel of each tensor, in the order that files have.

use crate::model::{Axes, LATENT_CHANNELS, Layout};

/// One latent channel of one tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatentChannel {
    /// Its first coordinate; the next is [`LATENT_CHANNELS`] on.
    pub first: usize,
    /// Its coordinates.
    pub positions: usize,
    /// Where its target capacity lies among the parameters.
    pub target: usize,
}

impl LatentChannel {
    /// The channels of all tensors, in the order of the target capacities.
    pub fn all(layout: &Layout) -> Vec<Self> {
        let slice = |name: String| &layout.slices()[layout.index_of(&name)];
        Axes::all()
            .flat_map(|axes| {
                let (mean, target) =
                    (slice(format!("posterior.{axes}.mean")), slice(format!("target_capacity.{axes}")));
                (0..LATENT_CHANNELS).map(move |channel| Self {
                    first: mean.offset + channel,
                    positions: mean.len() / LATENT_CHANNELS,
                    target: target.offset + channel,
                })
            })
            .collect()
    }

    /// Its coordinates.
    pub fn coordinates(self) -> impl Iterator<Item = usize> {
        (self.first..).step_by(LATENT_CHANNELS).take(self.positions)
    }

    /// Latent numbers of its tensor, over which a capacity is spread.
    pub fn tensor_size(self) -> f64 {
        (self.positions * LATENT_CHANNELS) as f64
    }
}
