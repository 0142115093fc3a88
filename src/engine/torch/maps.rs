//! The maps between directions: every direction of a tensor hears from all eight, each pair by a map of its own or of its
//! symmetry's, and by a fixed coefficient.

use super::batch::Batch;
use super::normalise::{Normalise, Owners};
use super::ops::{multiply, product, sum_product};
use super::parameters::Parameters;
use super::stack::Stack;
use crate::model::{Axes, Axis, DIRECTIONS, Network, direction_map_name, tying};
use std::rc::Rc;
use tch::Tensor;

/// The 64 maps of every layer's tensors as matrices, made anew in each step.
pub struct Matrices {
    /// Every map that is stored, (member, map, number), and its gradient.
    maps: [Tensor; 2],
    /// For each layer's tensor and pair of directions, from the first to the second, the map that it uses.
    index: Tensor,
    coefficients: Tensor,
    /// (member, pair, number), and the same as (member, tensor, from, channel, to, channel).
    by_pair: Tensor,
    permuted: Tensor,
    /// (member, tensor, from, channel, to, channel); the same as (member, tensor, 64, 64); and their gradients.
    wide: [Tensor; 2],
    tensors: Vec<(usize, Axes)>,
}

impl Matrices {
    /// Of all layers.
    pub fn new(batch: &Batch, parameters: &Parameters, network: &Network) -> Self {
        let mut tensors = Vec::new();
        let (mut index, mut coefficients) = (Vec::new(), Vec::new());
        for layer in 0..network.layers {
            for axes in network.live(layer).inner.into_iter().filter(|axes| axes.has(Axis::Direction)) {
                tensors.push((layer, axes));
                for from in 0..DIRECTIONS {
                    for to in 0..DIRECTIONS {
                        let map = tying::DirectionMap { axes, to, from }.representative();
                        index.push(parameters.direction_map(&direction_map_name(layer, map), network));
                        coefficients.push(tying::DIRECTION_COEFFICIENTS[(DIRECTIONS + from - to) % DIRECTIONS]);
                    }
                }
            }
        }
        let (members, count) = (batch.members(), tensors.len() as i64);
        let (side, channels) = (DIRECTIONS as i64, network.direction_channels as i64);
        let pairs = index.len() as i64;
        let by_pair = batch.zeros(&[members, pairs, channels * channels]);
        let whole = [members, count, side, channels, side, channels];
        Self {
            maps: parameters.direction_maps(network),
            index: batch.places(&index),
            coefficients: batch.constant(&coefficients, &[1, pairs, 1]),
            permuted: by_pair
                .view([members, count, side, side, channels, channels].as_slice())
                .permute([0, 1, 2, 4, 3, 5]),
            by_pair,
            wide: [batch.zeros(&whole), batch.zeros(&whole)],
            tensors,
        }
    }

    /// A tensor's matrix and its gradient, (member, from · channel, to · channel).
    fn of(&self, layer: usize, axes: Axes) -> [Tensor; 2] {
        let index = self.tensors.iter().position(|&key| key == (layer, axes)).unwrap_or_default() as i64;
        self.wide.each_ref().map(|all| {
            let size = all.size();
            let width = size[2] * size[3];
            all.select(1, index).view([size[0], width, width])
        })
    }

    /// Spreads the stored maps out.
    pub fn forward(&self) {
        let _ = self.maps[0].index_select_out(&self.by_pair, 1, &self.index);
        multiply(&self.by_pair, &self.coefficients);
        self.wide[0].shallow_clone().copy_(&self.permuted);
    }

    /// Adds the matrices' gradients to the stored maps'.
    pub fn backward(&self) {
        self.permuted.shallow_clone().copy_(&self.wide[1]);
        multiply(&self.by_pair, &self.coefficients);
        let _ = self.maps[1].index_add_out(&self.maps[1], 1, &self.index, &self.by_pair);
    }
}

/// One tensor's part of a [`DirectionMaps`]: each (member, position without directions, direction · channel).
struct Part {
    input: Tensor,
    output: Tensor,
    normalised: Tensor,
    normalised_columns: Tensor,
    by_normalised: Tensor,
    matrix: Tensor,
    transposed: Tensor,
    by_matrix: Tensor,
    gradient: Tensor,
}

/// One layer's maps between directions.
pub struct DirectionMaps {
    input: Tensor,
    gradient: Tensor,
    by_normalised: Tensor,
    normalise: Normalise,
    parts: Vec<Part>,
}

impl DirectionMaps {
    /// From `input` to `output`; `gradient` is the output's, then the input's; `workspace` is shared among layers.
    pub fn new(
        batch: &Batch,
        matrices: &Matrices,
        layer: usize,
        [input, output, gradient, workspace]: [&Stack; 4],
    ) -> Self {
        let tensors = input.tensors();
        let normalised = Stack::new(batch, tensors, input.whole.size()[2]);
        let parts = tensors
            .iter()
            .map(|&axes| {
                let wide = |stack: &Stack| {
                    let rows = stack.rows(&[axes]).rows;
                    let (members, positions, channels) = rows.size3().unwrap_or_default();
                    let side = DIRECTIONS as i64;
                    rows.view([members, positions / side, channels * side])
                };
                let [matrix, by_matrix] = matrices.of(layer, axes);
                Part {
                    input: wide(input),
                    output: wide(output),
                    normalised_columns: wide(&normalised).transpose(1, 2),
                    normalised: wide(&normalised),
                    by_normalised: wide(workspace),
                    transposed: matrix.transpose(1, 2),
                    matrix,
                    by_matrix,
                    gradient: wide(gradient),
                }
            })
            .collect();
        Self {
            input: input.whole.shallow_clone(),
            gradient: gradient.whole.shallow_clone(),
            by_normalised: workspace.whole.shallow_clone(),
            normalise: Normalise::new(batch, Rc::new(Owners::new(batch, tensors)), &normalised.whole),
            parts,
        }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        self.normalise.forward(&self.input);
        for part in &self.parts {
            sum_product(&part.output, &part.input, &part.normalised, &part.matrix);
        }
    }

    /// From the output's gradient to the input's, in place, and the matrices'.
    pub fn backward(&self) {
        for part in &self.parts {
            product(&part.by_matrix, &part.normalised_columns, &part.gradient);
            product(&part.by_normalised, &part.gradient, &part.transposed);
        }
        self.normalise.backward_onto(&self.gradient, &self.by_normalised);
    }
}
