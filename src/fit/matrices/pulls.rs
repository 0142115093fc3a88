//! The pulls between groups.
//!
//! In: latents (group, cell). Out: what is added to the loss's gradient by them. The pull to the article's global latent is
//! [`global`](super::global)'s.

use super::{FLAT_BITS, GroupData, MatrixSettings};
use crate::latent::digits::CELLS;
use ndarray::{Array1, Array2, Axis, Zip};

/// The pulls between groups: quadratic, each to the mean of a set that the group is in; and of all to the prior.
pub struct Pulls<'a> {
    data: &'a GroupData,
    settings: &'a MatrixSettings,
}

impl<'a> Pulls<'a> {
    /// The pulls that `settings` ask for.
    pub fn new(data: &'a GroupData, settings: &'a MatrixSettings) -> Self {
        Self { data, settings }
    }

    /// Adds their gradient by `latents`, (group, cell).
    pub fn add_gradient(&self, latents: &Array2<f32>, gradient: &mut Array2<f32>) {
        let MatrixSettings { title_pull, neighbour_pull, spread, bits, .. } = *self.settings;
        pull_to_means(title_pull, &self.data.titles, latents, gradient);
        if neighbour_pull > 0.0 {
            for group in 1..latents.nrows() {
                if self.data.articles[group] == self.data.articles[group - 1] {
                    let apart = neighbour_pull * (&latents.row(group) - &latents.row(group - 1));
                    gradient.row_mut(group).scaled_add(0.5, &apart);
                    gradient.row_mut(group - 1).scaled_add(-0.5, &apart);
                }
            }
        }
        if spread > 0.0 && bits >= FLAT_BITS && latents.nrows() > 1 {
            let means = latents.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(CELLS));
            let squares = latents.mapv(|v| v * v).mean_axis(Axis(0)).unwrap_or_else(|| Array1::ones(CELLS));
            for (latent, mut gradient) in latents.rows().into_iter().zip(gradient.rows_mut()) {
                Zip::from(&mut gradient).and(latent).and(&means).and(&squares).for_each(
                    |gradient, &v, &mean, &square| {
                        *gradient += spread * (mean + v * (square - 1.0));
                    },
                );
            }
        }
    }
}

/// Adds `weight` times each group's difference from the mean of its set.
fn pull_to_means(weight: f32, sets: &[usize], latents: &Array2<f32>, gradient: &mut Array2<f32>) {
    if weight <= 0.0 {
        return;
    }
    let set_count = sets.iter().max().map_or(0, |&last| last + 1);
    let mut means = Array2::<f32>::zeros((set_count, latents.ncols()));
    let mut sizes = vec![0.0f32; set_count];
    for (&set, latent) in sets.iter().zip(latents.rows()) {
        means.row_mut(set).scaled_add(1.0, &latent);
        sizes[set] += 1.0;
    }
    for (mut mean, size) in means.rows_mut().into_iter().zip(sizes) {
        mean /= size.max(1.0);
    }
    for ((&set, latent), mut gradient) in sets.iter().zip(latents.rows()).zip(gradient.rows_mut()) {
        gradient.scaled_add(weight, &latent);
        gradient.scaled_add(-weight, &means.row(set));
    }
}
