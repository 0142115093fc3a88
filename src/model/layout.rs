//! Where every parameter lies in one flat vector, by name.
//!
//! In: the network's settings and a puzzle's sizes. Out: named slices with shapes and starting distributions. First
//! come the posteriors' means, then their local capacity adjustments (all tensors of each, in canonical order), then
//! target capacities, then weights. Tied weights are there once, under the first of their names.

use super::axes::{Axes, Axis, DIRECTIONS};
use super::network::{Equivariance, Network};
use super::plan::Dimensions;
use super::tying::{DirectionMap, representative};
use crate::rng::{self, Purpose};
use rand_distr::{Distribution, StandardNormal};
use std::collections::HashMap;

/// Latent channels at each position of a tensor.
pub const LATENT_CHANNELS: usize = 4;

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// All zeros.
    Zero,
    /// Independent normals of this standard deviation.
    Normal(f32),
    /// One column of normals of this standard deviation, repeated.
    NormalColumn(f32),
}

/// One named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Its name, such as `layer0.softmax.11011.in.weight`.
    pub name: String,
    /// Its shape; a weight is (inputs, outputs), applied to row vectors from the right.
    pub shape: Vec<usize>,
    /// Where it starts in the flat vector.
    pub offset: usize,
    /// How it starts.
    pub initial: Initial,
}

impl Slice {
    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its place in the flat vector.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len()
    }
}

/// All parameters of one puzzle's network.
#[derive(Clone, Debug)]
pub struct Layout {
    slices: Vec<Slice>,
    by_name: HashMap<String, usize>,
    latents: usize,
}

impl Layout {
    /// The parameters of `network` for a puzzle of these sizes; tensors that never reach the heads have none.
    pub fn new(network: &Network, dimensions: &Dimensions) -> Self {
        let mut layout = Self::empty();
        let latent_shape = |axes: Axes| {
            let mut shape = dimensions.shape(axes);
            shape.push(LATENT_CHANNELS);
            shape
        };
        for axes in Axes::all() {
            layout.push(format!("posterior.{axes}.mean"), latent_shape(axes), Initial::Normal(0.01));
        }
        layout.latents = layout.len();
        for axes in Axes::all() {
            let name = format!("posterior.{axes}.local_capacity_adjustment");
            layout.push(name, latent_shape(axes), Initial::Zero);
        }
        for axes in Axes::all() {
            layout.push(format!("target_capacity.{axes}"), vec![LATENT_CHANNELS], Initial::Zero);
        }
        for axes in Axes::all().filter(|&axes| representative(axes) == axes) {
            let channels = network.channels_of(axes);
            layout.push_weight(&format!("decode.{axes}.weight"), LATENT_CHANNELS, channels);
            layout.push_bias(format!("decode.{axes}.bias"), LATENT_CHANNELS, channels);
        }
        for layer in 0..network.layers {
            layout.push_layer(network, layer);
        }
        let channels = network.channels_of(Axes::CELLS);
        let scale = fan_in(channels);
        let planes = dimensions.planes;
        layout.push("head.weight".into(), vec![channels, planes], Initial::NormalColumn(scale));
        layout.push_bias("head.bias".into(), channels, planes);
        layout.push_weight("mask.weight", network.channels_of(Axes::ROWS), planes);
        layout.push_bias("mask.bias".into(), network.channels_of(Axes::ROWS), planes);
        layout
    }

    pub(super) fn empty() -> Self {
        Self { slices: Vec::new(), by_name: HashMap::new(), latents: 0 }
    }

    fn push_layer(&mut self, network: &Network, layer: usize) {
        let live = network.live(layer);
        for axes in Axes::all().filter(|&axes| representative(axes) == axes) {
            let channels = network.channels_of(axes);
            let name = |kind: &str, end: &str| format!("layer{layer}.{kind}.{axes}.{end}.weight");
            let inner = live.inner.contains(&axes);

            self.push_weight(&name("share_up", "in"), channels, network.share_up_channels);
            if inner {
                self.push_weight(&name("share_up", "out"), network.share_up_channels, channels);

                let softmaxes = softmax_rows(network, axes).len() * network.softmax_channels;
                let tied = softmax_weights(network, axes) * network.softmax_channels;
                self.push_weight(&name("softmax", "in"), channels, network.softmax_channels);
                let scale = fan_in(softmaxes);
                self.push(name("softmax", "out"), vec![tied, channels], Initial::Normal(scale));

                if Network::is_directional(axes) {
                    self.push_weight(&name("cummax", "in"), channels, network.cummax_channels);
                    self.push_weight(&name("cummax", "out"), network.cummax_channels, channels);
                    self.push_weight(&name("shift", "in"), channels, network.shift_channels);
                    self.push_weight(&name("shift", "out"), network.shift_channels, channels);
                }
                if axes.has(Axis::Direction) {
                    self.push_direction_maps(layer, axes, channels);
                }
                self.push_weight(&name("nonlinear", "in"), channels, network.nonlinear_channels);
                self.push_weight(&name("nonlinear", "out"), network.nonlinear_channels, channels);
                self.push_weight(&name("share_down", "in"), channels, network.share_down_channels);
            }
            if live.output.contains(&axes) {
                self.push_weight(&name("share_down", "out"), network.share_down_channels, channels);
            }
        }
    }

    fn push_direction_maps(&mut self, layer: usize, axes: Axes, channels: usize) {
        for to in 0..DIRECTIONS {
            for from in 0..DIRECTIONS {
                let map = DirectionMap { axes, to, from };
                if map.representative() == map {
                    self.push_weight(&direction_map_name(layer, map), channels, channels);
                }
            }
        }
    }

    pub(super) fn push(&mut self, name: String, shape: Vec<usize>, initial: Initial) {
        let offset = self.len();
        self.by_name.insert(name.clone(), self.slices.len());
        self.slices.push(Slice { name, shape, offset, initial });
    }

    fn push_weight(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.push(name.to_owned(), vec![inputs, outputs], Initial::Normal(fan_in(inputs)));
    }

    fn push_bias(&mut self, name: String, inputs: usize, outputs: usize) {
        self.push(name, vec![outputs], Initial::Normal(fan_in(inputs)));
    }

    /// Numbers in the flat vector.
    pub fn len(&self) -> usize {
        self.slices.last().map_or(0, |slice| slice.range().end)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Latent coordinates: the length of all posteriors' means, and of the noise of one step.
    pub fn latents(&self) -> usize {
        self.latents
    }

    /// Every parameter, in order.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The parameter of this name.
    pub fn get(&self, name: &str) -> Option<&Slice> {
        self.by_name.get(name).map(|&index| &self.slices[index])
    }

    /// Position among [`Layout::slices`] of the parameter of this name; panics if there is none.
    pub fn index_of(&self, name: &str) -> usize {
        *self.by_name.get(name).unwrap_or_else(|| panic!("no parameter is named {name}"))
    }

    /// Numbers that are weights, not latents.
    pub fn weights(&self) -> usize {
        self.len() - 2 * self.latents - Axes::COUNT * LATENT_CHANNELS
    }

    /// Starting values for `seed`.
    pub fn initial_values(&self, seed: u64) -> Vec<f32> {
        let mut values = vec![0.0; self.len()];
        for (index, slice) in self.slices.iter().enumerate() {
            self.draw(index, seed, &mut values[slice.range()]);
        }
        values
    }

    /// Starting values of the parameter of this name alone; panics if there is none.
    pub fn initial_values_of(&self, name: &str, seed: u64) -> Vec<f32> {
        let index = self.index_of(name);
        let mut values = vec![0.0; self.slices[index].len()];
        self.draw(index, seed, &mut values);
        values
    }

    /// Each parameter has a stream of its own.
    fn draw(&self, index: usize, seed: u64, target: &mut [f32]) {
        let slice = &self.slices[index];
        let mut stream = rng::stream(seed, Purpose::Initial, index as u64);
        let mut normal = |scale: f32| {
            let value: f32 = StandardNormal.sample(&mut stream);
            scale * value
        };
        match slice.initial {
            Initial::Zero => {}
            Initial::Normal(scale) => target.iter_mut().for_each(|value| *value = normal(scale)),
            Initial::NormalColumn(scale) => {
                let columns = slice.shape[1];
                target.chunks_mut(columns).for_each(|row| row.fill(normal(scale)));
            }
        }
    }
}

/// The name of a direction map that represents itself.
pub(crate) fn direction_map_name(layer: usize, map: DirectionMap) -> String {
    format!("layer{layer}.direction_share.{}.{}{}.weight", map.axes, map.to, map.from)
}

/// For each softmax subset of a tensor, which of its stored output weights it uses.
///
/// The exact network uses one for a subset and its transpose; the published one does so only across tensors.
pub(crate) fn softmax_rows(network: &Network, axes: Axes) -> Vec<usize> {
    let subsets = Network::softmax_subsets(axes);
    let ties = network.equivariance == Equivariance::Exact && axes == axes.transposed();
    let mut stored: Vec<Axes> = Vec::new();
    subsets
        .into_iter()
        .map(|subset| {
            let first = if ties { representative(subset) } else { subset };
            stored.iter().position(|&known| known == first).unwrap_or_else(|| {
                stored.push(first);
                stored.len() - 1
            })
        })
        .collect()
}

fn softmax_weights(network: &Network, axes: Axes) -> usize {
    softmax_rows(network, axes).into_iter().max().map_or(0, |last| last + 1)
}

/// The standard deviation that keeps the scale through a linear map.
fn fan_in(inputs: usize) -> f32 {
    1.0 / (inputs as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIMENSIONS: Dimensions = Dimensions { examples: 4, colours: 2, rows: 9, columns: 3, planes: 2 };

    fn network(equivariance: Equivariance) -> Network {
        Network { equivariance, ..Network::default() }
    }

    #[test]
    fn the_published_network_has_76068_weights() {
        let layout = Layout::new(&network(Equivariance::Published), &DIMENSIONS);
        assert_eq!(layout.weights(), 76_068);
        assert_eq!(layout.len(), 110_876, "as the reference for puzzle 017c7c7b has");
    }

    #[test]
    fn slices_are_contiguous_and_named_once() {
        let layout = Layout::new(&network(Equivariance::Exact), &DIMENSIONS);
        let mut offset = 0;
        for slice in layout.slices() {
            assert_eq!(slice.offset, offset);
            offset = slice.range().end;
            assert_eq!(layout.get(&slice.name), Some(slice));
        }
        assert_eq!(layout.slices().len(), layout.by_name.len());
    }

    #[test]
    fn exact_ties_rows_to_columns() {
        let exact = network(Equivariance::Exact);
        assert_eq!(softmax_rows(&exact, Axes::CELLS), [0, 1, 1, 2, 2, 3, 4]);
        let published = network(Equivariance::Published);
        assert_eq!(softmax_rows(&published, Axes::CELLS), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn starting_values_follow_the_seed() {
        let layout = Layout::new(&network(Equivariance::Exact), &DIMENSIONS);
        assert_eq!(layout.initial_values(3), layout.initial_values(3));
        assert_ne!(layout.initial_values(3), layout.initial_values(4));
        let head = layout.get("head.weight").unwrap();
        assert!(layout.initial_values(3)[head.range()].chunks(2).all(|row| row[0] == row[1]));
    }
}
