//! The residual stream: tensors without and with directions, which have different numbers of channels, as two stacks.

use super::batch::{Batch, stacked};
use super::stack::{Rows, Stack};
use crate::model::{Axes, Axis, Network};

/// Every tensor of the residual stream, or its gradient.
pub struct Stream {
    /// Tensors without directions.
    pub plain: Stack,
    /// Tensors with directions.
    pub directed: Stack,
}

/// Those of `tensors` without and with directions, as stacked.
pub fn split(tensors: &[Axes]) -> [Vec<Axes>; 2] {
    [false, true].map(|directed| {
        let kind = |axes: &Axes| axes.has(Axis::Direction) == directed && tensors.contains(axes);
        stacked().into_iter().filter(kind).collect()
    })
}

impl Stream {
    /// Buffers for some tensors.
    pub fn new(batch: &Batch, network: &Network, tensors: &[Axes]) -> Self {
        let [plain, directed] = split(tensors);
        Self {
            plain: Stack::new(batch, &plain, network.channels as i64),
            directed: Stack::new(batch, &directed, network.direction_channels as i64),
        }
    }

    /// The part of it with these tensors.
    pub fn end(&self, tensors: &[Axes]) -> Self {
        let [plain, directed] = split(tensors);
        Self { plain: self.plain.end(&plain), directed: self.directed.end(&directed) }
    }

    /// Some of its tensors, which lie next to each other.
    pub fn rows(&self, group: &[Axes]) -> Rows {
        if group[0].has(Axis::Direction) { self.directed.rows(group) } else { self.plain.rows(group) }
    }

    /// Both stacks.
    pub fn stacks(&self) -> [&Stack; 2] {
        [&self.plain, &self.directed]
    }
}
