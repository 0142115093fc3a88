//! Where a fit has its groups' latents from: the map's, which stay; one that is free for each group until a map is fitted to
//! them; or an encoder's (`lab::codes`).
//!
//! In: the gradient of the loss by the latents. Out: latents, moved against it.

use super::adam::Adam;
use super::rate::keep_to_budget;
use super::{GroupData, MatrixSettings, TextMap};
use ndarray::{Array2, s};

/// The share of the steps in which latents are free; in the others the decoder gets used to the map's.
const FREE_SHARE: f32 = 0.75;

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

/// A latent for each group, kept to a budget: free at first, so that it learns to tell the group's words, then that of a map which is fitted to
/// them all, so that it is a function of the group's text.
pub(super) struct Settling<'a> {
    latents: Array2<f32>,
    groups: Vec<usize>,
    adam: Adam,
    /// Of a group, in bits.
    budget: f32,
    free_steps: usize,
    data: &'a GroupData,
    settled: Option<Settled>,
}

/// The map that latents have come to, and by what its latents are multiplied to keep to the budget.
pub(super) struct Settled {
    pub map: TextMap,
    pub scale: f32,
}

impl<'a> Settling<'a> {
    /// Latents from where they start, (group, cell).
    pub fn new(latents: Array2<f32>, data: &'a GroupData, settings: &MatrixSettings) -> Self {
        let groups = (0..latents.nrows()).collect();
        let adam = Adam::new(latents.dim(), settings.group_learning_rate, 0.9, 0.99);
        let moving = settings.steps.saturating_sub(settings.warmup_steps);
        let free_steps = (FREE_SHARE * moving as f32) as usize;
        Self { latents, groups, adam, budget: settings.bits, free_steps, data, settled: None }
    }

    fn settle(&mut self) -> Settled {
        let map = TextMap::to_latents(&self.data.evidence, &self.latents);
        self.latents = map.latents(&self.data.evidence).slice_move(s![.., ..self.latents.ncols()]);
        let scale = keep_to_budget(&mut self.latents, self.budget);
        Settled { map, scale }
    }

    /// The latents that there are in the end, and their map.
    pub fn end(mut self) -> (Array2<f32>, Settled) {
        let settled = self.settled.take().unwrap_or_else(|| self.settle());
        (self.latents, settled)
    }
}

impl Source for Settling<'_> {
    fn latents(&self) -> Array2<f32> {
        self.latents.clone()
    }

    fn learn(&mut self, gradient: &Array2<f32>) {
        if self.settled.is_some() {
            return;
        }
        self.adam.step(&mut self.latents, &self.groups, gradient);
        keep_to_budget(&mut self.latents, self.budget);
        self.free_steps = self.free_steps.saturating_sub(1);
        if self.free_steps == 0 {
            self.settled = Some(self.settle());
        }
    }
}
