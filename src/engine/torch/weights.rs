//! The flat parameter tensor, cut into what each layer uses.

use crate::model::{Axes, Axis, DIRECTIONS, Layout, Network, tying};
use crate::model::{direction_map_name, softmax_rows};
use tch::{Device, Kind, Tensor};

/// Where each weight lies and how tied ones are spread out; made once a puzzle.
pub struct WeightMap {
    layout: Layout,
    network: Network,
    /// Sizes of the slices after the latents', in order.
    sizes: Vec<i64>,
    /// Position of the first of these among all slices.
    first: usize,
    /// For each layer's tensor with directions, (64), which of all direction maps each pair uses.
    direction_index: Tensor,
    direction_tensors: Vec<(usize, Axes)>,
    direction_maps: Vec<usize>,
    coefficients: Tensor,
    softmax_index: Vec<(Axes, Tensor)>,
}

/// One step's weights, each (seed, inputs, outputs) or (seed, 1, outputs).
pub struct Weights<'a> {
    map: &'a WeightMap,
    slices: Vec<Tensor>,
    direction: Vec<((usize, Axes), Tensor)>,
}

impl WeightMap {
    /// Looks up the layout once.
    pub fn new(layout: &Layout, network: &Network, device: Device) -> Self {
        let first = 2 * Axes::COUNT;
        let sizes = layout.slices()[first..].iter().map(|slice| slice.len() as i64).collect();

        let mut direction_tensors = Vec::new();
        let mut direction_maps: Vec<usize> = Vec::new();
        let mut direction_index: Vec<i64> = Vec::new();
        for layer in 0..network.layers {
            for axes in network.live(layer).inner.into_iter().filter(|axes| axes.has(Axis::Direction)) {
                direction_tensors.push((layer, axes));
                // Row-vector convention: row (from, channel), column (to, channel).
                for from in 0..DIRECTIONS {
                    for to in 0..DIRECTIONS {
                        let map = tying::DirectionMap { axes, to, from }.representative();
                        let slice = layout.index_of(&direction_map_name(layer, map));
                        let known = direction_maps.iter().position(|&other| other == slice);
                        direction_index.push(known.unwrap_or_else(|| {
                            direction_maps.push(slice);
                            direction_maps.len() - 1
                        }) as i64);
                    }
                }
            }
        }
        let coefficients: Vec<f32> = (0..DIRECTIONS)
            .flat_map(|from| {
                (0..DIRECTIONS).map(move |to| tying::DIRECTION_COEFFICIENTS[(DIRECTIONS + from - to) % DIRECTIONS])
            })
            .collect();
        let side = DIRECTIONS as i64;
        let softmax_index = Axes::all()
            .filter_map(|axes| {
                let rows = softmax_rows(network, axes);
                let tied = rows.iter().enumerate().any(|(subset, &row)| subset != row);
                let width = network.softmax_channels;
                let index: Vec<i64> =
                    rows.iter().flat_map(|row| (0..width).map(move |channel| (row * width + channel) as i64)).collect();
                tied.then(|| (axes, Tensor::from_slice(&index).to_device(device)))
            })
            .collect();
        Self {
            layout: layout.clone(),
            network: network.clone(),
            sizes,
            first,
            direction_index: Tensor::from_slice(&direction_index).to_device(device),
            direction_tensors,
            direction_maps,
            coefficients: Tensor::from_slice(&coefficients).view([1, 1, side, side, 1, 1]).to_device(device),
            softmax_index,
        }
    }

    /// Cuts the weights out of `flat`, (seed, number), the part of the parameters after the posteriors'.
    pub fn cut(&self, flat: &Tensor) -> Weights<'_> {
        let seeds = flat.size()[0];
        let slices: Vec<Tensor> = flat
            .split_with_sizes(&self.sizes, 1)
            .into_iter()
            .zip(&self.layout.slices()[self.first..])
            .map(|(values, slice)| match slice.shape[..] {
                [inputs, outputs] => values.view([seeds, inputs as i64, outputs as i64]),
                _ => values.unsqueeze(1),
            })
            .collect();
        let direction = self.direction_matrices(&slices, seeds);
        Weights { map: self, slices, direction }
    }

    /// The 64 maps of each tensor as one matrix, (seed, 64, 64): row (from, channel), column (to, channel).
    fn direction_matrices(&self, slices: &[Tensor], seeds: i64) -> Vec<((usize, Axes), Tensor)> {
        let maps: Vec<&Tensor> = self.direction_maps.iter().map(|&slice| &slices[slice - self.first]).collect();
        let (side, channels) = (DIRECTIONS as i64, self.network.direction_channels as i64);
        let tensors = self.direction_tensors.len() as i64;
        let spread = Tensor::stack(&maps, 1)
            .index_select(1, &self.direction_index)
            .view([seeds, tensors, side, side, channels, channels]);
        let matrices = (spread * &self.coefficients).permute([1, 0, 2, 4, 3, 5]).reshape([
            tensors,
            seeds,
            side * channels,
            side * channels,
        ]);
        self.direction_tensors.iter().copied().zip(matrices.unbind(0)).collect()
    }
}

impl Weights<'_> {
    /// The weight of this name.
    pub fn get(&self, name: &str) -> &Tensor {
        &self.slices[self.map.layout.index_of(name) - self.map.first]
    }

    /// The weight into (`end` = "in") or out of ("out") a layer's residual branch for a tensor.
    pub fn branch(&self, layer: usize, kind: &str, axes: Axes, end: &str) -> &Tensor {
        let axes = tying::representative(axes);
        self.get(&format!("layer{layer}.{kind}.{axes}.{end}.weight"))
    }

    /// The softmax layer's output weight for a tensor, with tied rows spread out.
    pub fn softmax_out(&self, layer: usize, axes: Axes) -> Tensor {
        let weight = self.branch(layer, "softmax", axes, "out");
        match self.map.softmax_index.iter().find(|(tied, _)| *tied == axes) {
            Some((_, index)) => weight.index_select(1, index),
            None => weight.shallow_clone(),
        }
    }

    /// All direction-to-direction maps of a tensor as one matrix, (seed, 8 · channels, 8 · channels).
    pub fn direction_matrix(&self, layer: usize, axes: Axes) -> Option<&Tensor> {
        self.direction.iter().find(|(key, _)| *key == (layer, axes)).map(|(_, matrix)| matrix)
    }

    /// Every target capacity, (seed, tensor, channel).
    pub fn target_capacities(&self) -> Tensor {
        Tensor::cat(&self.slices[..Axes::COUNT], 1)
    }
}

/// Float tensor from host values.
pub fn constant(values: &[f32], shape: &[i64], device: Device) -> Tensor {
    Tensor::from_slice(values).view(shape).to_kind(Kind::Float).to_device(device)
}
