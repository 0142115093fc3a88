//! Where a fit has its groups' latents from: the map's, which stay; one that is free for each group; or an encoder's (`lab::codes`).
//!
//! In: the gradient of the loss by the latents. Out: latents, moved against it.

use super::adam::Adam;
use super::rate::keep_to_budget;
use super::{FLAT_BITS, MatrixSettings};
use ndarray::Array2;

/// Latents that a fit moves.
pub(crate) trait Source {
    /// The latents as they are, (group, cell).
    fn latents(&self) -> Array2<f32>;

    /// Moves them against the loss's gradient by them, (group, cell).
    fn learn(&mut self, gradient: &Array2<f32>);
}

/// The map's latents, (group, cell): the decoder learns to read them as they are.
pub(super) struct Mapped(pub Array2<f32>);

impl Source for Mapped {
    fn latents(&self) -> Array2<f32> {
        self.0.clone()
    }

    fn learn(&mut self, _: &Array2<f32>) {}
}

/// A latent for each group.
pub(super) struct Free {
    latents: Array2<f32>,
    groups: Vec<usize>,
    adam: Adam,
    /// Of a group, in bits; none where digits are flat.
    budget: Option<f32>,
}

impl Free {
    /// Latents from where they start, (group, cell).
    pub fn new(latents: Array2<f32>, settings: &MatrixSettings) -> Self {
        let groups = (0..latents.nrows()).collect();
        let adam = Adam::new(latents.dim(), settings.group_learning_rate, 0.9, 0.99);
        Self { adam, latents, groups, budget: (settings.bits < FLAT_BITS).then_some(settings.bits) }
    }
}

impl Source for Free {
    fn latents(&self) -> Array2<f32> {
        self.latents.clone()
    }

    fn learn(&mut self, gradient: &Array2<f32>) {
        self.adam.step(&mut self.latents, &self.groups, gradient);
        if let Some(bits) = self.budget {
            keep_to_budget(&mut self.latents, bits);
        }
    }
}
