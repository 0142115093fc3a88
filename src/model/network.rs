//! The network's settings and which of its tensors matter where.
//!
//! Source: Liao and Gu 2025 (arXiv 2512.06104), appendix "Architecture", and the authors' public code.

use super::axes::{Axes, Axis};
use serde::{Deserialize, Serialize};

/// How far the symmetries of a puzzle are built into the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Equivariance {
    /// As published: transposing, mirroring and turning by a quarter don't quite commute with the network. In tensors
    /// with both rows and columns the softmax layer maps the softmax over rows and the one over columns by unrelated
    /// weights; where an input and an output of different sizes overlap in an L, the mean over the L is taken over
    /// columns first, then over rows; and what the cumulative maximum and the shift leave in the canvas' cells outside
    /// an example's grids depends on the side that those cells lie on.
    Published,
    /// Exact: those weights are tied, that mean is taken over both axes at once, and both layers leave 0 outside.
    Exact,
}

/// Sizes of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Layers, each one share up, softmax, cumulative max, shift, direction share, nonlinear, share down.
    pub layers: usize,
    /// Channels of the residual stream in tensors without the direction axis.
    pub channels: usize,
    /// Channels of the residual stream in tensors with the direction axis.
    pub direction_channels: usize,
    /// Channels that tensors send to larger tensors.
    pub share_up_channels: usize,
    /// Channels that tensors send to smaller tensors.
    pub share_down_channels: usize,
    /// Channels under each softmax.
    pub softmax_channels: usize,
    /// Channels under the cumulative maximum; even (half go forward, half backward).
    pub cummax_channels: usize,
    /// Channels under the shift; even.
    pub shift_channels: usize,
    /// Channels under the SiLU.
    pub nonlinear_channels: usize,
    /// Published or exact.
    pub equivariance: Equivariance,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            layers: 4,
            channels: 16,
            direction_channels: 8,
            share_up_channels: 16,
            share_down_channels: 8,
            softmax_channels: 2,
            cummax_channels: 4,
            shift_channels: 4,
            nonlinear_channels: 16,
            equivariance: Equivariance::Exact,
        }
    }
}

impl Network {
    /// Channels of the residual stream of a tensor.
    pub fn channels_of(&self, axes: Axes) -> usize {
        if axes.has(Axis::Direction) { self.direction_channels } else { self.channels }
    }

    /// The axis subsets that a tensor's softmax layer normalises over, in the order of its output channels: by size,
    /// then lexicographic. The example axis is never among them.
    pub fn softmax_subsets(axes: Axes) -> Vec<Axes> {
        let free = axes.without(Axis::Example);
        let mut subsets: Vec<Vec<Axis>> = (1u32..32)
            .map(|bits| Axis::ALL.into_iter().filter(|&axis| bits >> axis as u32 & 1 == 1).collect::<Vec<_>>())
            .filter(|subset| subset.iter().all(|&axis| free.has(axis)))
            .collect();
        subsets.sort_by_key(|subset| (subset.len(), subset.iter().map(|&axis| axis as u8).collect::<Vec<_>>()));
        subsets.iter().map(|subset| Axes::of(subset)).collect()
    }

    /// Whether the directional layers (cumulative maximum and shift) act on a tensor.
    pub fn is_directional(axes: Axes) -> bool {
        axes.has(Axis::Direction) && axes.has(Axis::Row) && axes.has(Axis::Column)
    }

    /// The tensors that reach the heads from layer `layer`; the rest is never computed and has no weights.
    pub fn live(&self, layer: usize) -> LiveTensors {
        let last = layer + 1 == self.layers;
        let is_head = |axes: Axes| !last || [Axes::CELLS, Axes::ROWS, Axes::COLUMNS].contains(&axes);
        let output: Vec<Axes> = Axes::all().filter(|&axes| is_head(axes)).collect();
        let inner = Axes::all().filter(|&axes| output.iter().any(|head| head.is_subset_of(axes))).collect();
        LiveTensors { inner, output }
    }
}

/// Which tensors a layer has to compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveTensors {
    /// Between share up and share down.
    pub inner: Vec<Axes>,
    /// After share down.
    pub output: Vec<Axes>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_subsets_follow_the_reference_order() {
        let axes = Axes::CELLS;
        let names: Vec<String> = Network::softmax_subsets(axes).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["01000", "00010", "00001", "01010", "01001", "00011", "01011"]);
        assert_eq!(Network::softmax_subsets(Axes::from_name("11111").unwrap()).len(), 15);
    }

    #[test]
    fn the_last_layer_keeps_what_the_heads_read() {
        let network = Network::default();
        assert_eq!(network.live(0).inner.len(), Axes::COUNT);
        let last = network.live(3);
        assert_eq!(last.output, [Axes::ROWS, Axes::COLUMNS, Axes::CELLS]);
        assert!(last.inner.iter().all(|axes| axes.has(Axis::Row) || axes.has(Axis::Column)));
        assert_eq!(last.inner.len(), 12);
    }
}
