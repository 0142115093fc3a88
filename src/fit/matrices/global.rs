//! The global latent of an article, which its groups align with: 20 coordinates, one a row and one a column of the matrix.
//!
//! It is decoded to the groups' cells as tensors share down to one with more axes, g(row, column) = row + column, and fitted with
//! the groups by the alignment alone, weight · |v − g|² / 2 for each group's latent v: the groups are drawn to it, and it
//! goes to what of their mean has its form. It is a mould for the fit and not sent: digits are read
//! without it, and what they would save with it is about its price (results/matrix-experiments.md).

use super::adam::Adam;
use super::{MatrixSettings, initial};
use crate::latent::digits::SIDE;
use crate::model::Layout;
use crate::model::article::tensors;
use ndarray::Array2;

/// The global latents of all articles while a fit goes on.
pub(super) struct Globals<'a> {
    /// (article, row) and (article, column).
    latents: [Array2<f32>; 2],
    adams: [Adam; 2],
    /// The article of each group.
    articles: &'a [usize],
    cells: usize,
    weight: f32,
}

/// The row and the column of a cell.
fn place(cell: usize) -> [usize; 2] {
    [cell / SIDE, cell % SIDE]
}

impl<'a> Globals<'a> {
    /// Those of groups that are of these articles, on the first so many cells.
    pub fn new(articles: &'a [usize], cells: usize, settings: &MatrixSettings) -> Self {
        let count = articles.iter().max().map_or(0, |&last| last + 1);
        let layout = Layout::of_globals(count);
        let latents = [tensors::GLOBAL_ROWS, tensors::GLOBAL_COLUMNS].map(|name| initial(&layout, name, settings.seed));
        let adams = [0, 1].map(|_| Adam::new((count, SIDE), settings.group_learning_rate, 0.9, 0.99));
        Self { latents, adams, articles, cells, weight: settings.article_pull }
    }

    /// In the groups' cells, (article, cell).
    pub fn decoded(&self) -> Array2<f32> {
        let [rows, columns] = &self.latents;
        Array2::from_shape_fn((rows.nrows(), self.cells), |(article, cell)| {
            let [row, column] = place(cell);
            rows[(article, row)] + columns[(article, column)]
        })
    }

    /// Adds the alignment's gradient by the groups' latents, (group, cell), and moves the global latents against theirs.
    pub fn align(&mut self, groups: &Array2<f32>, gradient: &mut Array2<f32>) {
        if self.weight <= 0.0 {
            return;
        }
        let mut of_latents = [0, 1].map(|side| Array2::<f32>::zeros(self.latents[side].raw_dim()));
        let decoded = self.decoded();
        for ((&article, group), mut gradient) in self.articles.iter().zip(groups.rows()).zip(gradient.rows_mut()) {
            for cell in 0..self.cells {
                let apart = self.weight * (group[cell] - decoded[(article, cell)]);
                gradient[cell] += apart;
                for (of_latents, index) in of_latents.iter_mut().zip(place(cell)) {
                    of_latents[(article, index)] -= apart;
                }
            }
        }
        let all: Vec<usize> = (0..decoded.nrows()).collect();
        for ((latents, adam), gradient) in self.latents.iter_mut().zip(&mut self.adams).zip(&of_latents) {
            adam.step(latents, &all, gradient);
        }
    }
}
