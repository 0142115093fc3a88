//! What every stage of a layer reads: the weights, the puzzle's constants, and who does the work.

use super::float::Float;
use super::rays::Rays;
use super::simd::Level;
use super::team::Team;
use super::weights::{Matrix, Record};

/// One layer's surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a, T> {
    /// Instructions to use.
    pub level: Level,
    /// One thread or several.
    pub team: Team,
    /// The layer's records' places, by tensor.
    pub layout: &'a [Record],
    /// Every record.
    pub records: &'a [T],
    /// Every record's transposes.
    pub transposed: &'a [T],
    /// 1 for cells in an example's grids, (example, row, column).
    pub in_bounds: &'a [T],
    /// Whether the directional layers leave 0 outside the grids (see [`crate::model::Equivariance`]).
    pub clears_outside: bool,
    /// What a cell outside is moved by in the cumulative maximum, (example, cell, branch channel).
    pub outside: &'a [T],
    /// The rays of the directional layers.
    pub rays: &'a Rays,
    /// Zeros, for what is not centred.
    pub zeros: &'a [T],
}

impl<'a, T: Float> Context<'a, T> {
    /// A tensor's record.
    pub fn record(&self, tensor: usize) -> &'a Record {
        &self.layout[tensor]
    }

    /// A weight of a tensor, (inputs, outputs).
    pub fn weight(&self, tensor: usize, matrix: &Matrix) -> &'a [T] {
        &self.records[self.layout[tensor].range.clone()][matrix.range.clone()]
    }

    /// Its transpose, (outputs, inputs).
    pub fn transpose(&self, tensor: usize, matrix: &Matrix) -> &'a [T] {
        &self.transposed[self.layout[tensor].range.clone()][matrix.range.clone()]
    }
}
