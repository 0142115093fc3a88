//! The network: latents in, logits and masks out.

use super::directions::Directions;
use super::latents::Latents;
use super::ops::{add_product, dimension_of, full_shape, normalise};
use super::share::Share;
use super::softmax::softmax;
use super::weights::{WeightMap, Weights, constant};
use crate::engine::Problem;
use crate::model::{Axes, Axis, LiveTensors, MultiTensor, Network, Plan};
use tch::{Device, Tensor};

/// What the output bias is multiplied by, so that it learns faster (CompressARC, `forward`).
const HEAD_BIAS_SCALE: f64 = 100.0;
/// Added to the masks of rows and columns that no grid of the example reaches.
const UNREACHABLE: f32 = -1000.0;

/// The network of one puzzle, ready to run.
pub struct Decoder {
    latents: Latents,
    share: Share,
    directions: Directions,
    weights: WeightMap,
    network: Network,
    live: Vec<LiveTensors>,
    plan: Plan,
    seeds: i64,
    latent_count: i64,
    row_modifier: Tensor,
    column_modifier: Tensor,
}

/// What the network says.
pub struct Decoded {
    /// (seed, example, colour, row, column, mode).
    pub logits: Tensor,
    /// (seed, example, row, mode).
    pub row_mask: Tensor,
    /// (seed, example, column, mode).
    pub column_mask: Tensor,
    /// (seed, tensor), nats.
    pub kl_by_tensor: Tensor,
}

impl Decoder {
    /// Prepares everything that doesn't change from step to step.
    pub fn new(problem: &Problem, seeds: i64, device: Device) -> Self {
        let Problem { plan, network, layout, .. } = problem;
        let (row_modifier, column_modifier) = modifiers(plan, device);
        Self {
            latents: Latents::new(plan.dimensions, device),
            share: Share::new(plan, network, seeds, device),
            directions: Directions::new(plan, network, seeds, device),
            weights: WeightMap::new(layout, network, device),
            live: (0..network.layers).map(|layer| network.live(layer)).collect(),
            network: network.clone(),
            plan: plan.clone(),
            seeds,
            latent_count: layout.latents() as i64,
            row_modifier,
            column_modifier,
        }
    }

    /// `parameters`: (seed, parameter); `noise`: (seed, latent number).
    pub fn forward(&self, parameters: &Tensor, noise: &Tensor) -> Decoded {
        let rest = parameters.size()[1] - 2 * self.latent_count;
        let parts = parameters.split_with_sizes([self.latent_count, self.latent_count, rest].as_slice(), 1);
        let weights = self.weights.cut(&parts[2]);
        let sampled = self.latents.sample(&parts[0], &parts[1], noise, &weights);
        let mut stream = sampled.stream;
        for layer in 0..self.network.layers {
            stream = self.layer(layer, &stream, &weights);
        }
        self.heads(&stream, &weights, sampled.kl_by_tensor)
    }

    fn layer(&self, layer: usize, stream: &MultiTensor<Tensor>, weights: &Weights) -> MultiTensor<Tensor> {
        let LiveTensors { inner, output } = &self.live[layer];
        let mut stream = self.share.up(layer, stream, inner, weights);
        for &axes in inner {
            let mut x = softmax(layer, axes, &stream[axes], &self.plan.dimensions, weights);
            if Network::is_directional(axes) {
                x = self.directions.cummax(layer, axes, &x, weights);
                x = self.directions.shift(layer, axes, &x, weights);
            }
            if axes.has(Axis::Direction) {
                x = self.directions.share(layer, axes, &x, weights);
            }
            let hidden = x.bmm(weights.branch(layer, "nonlinear", axes, "in")).silu();
            stream[axes] = add_product(&x, &hidden, weights.branch(layer, "nonlinear", axes, "out"));
        }
        let mut stream = self.share.down(layer, &stream, inner, output, weights);
        for &axes in output {
            stream[axes] = normalise(&stream[axes]);
        }
        stream
    }

    fn heads(&self, stream: &MultiTensor<Tensor>, weights: &Weights, kl_by_tensor: Tensor) -> Decoded {
        let dimensions = &self.plan.dimensions;
        let planes = dimensions.planes as i64;
        let bias = weights.get("head.bias") * HEAD_BIAS_SCALE;
        let logits = bias.baddbmm(&stream[Axes::CELLS], weights.get("head.weight"), 1, 1);
        let mask = |axes: Axes| {
            let mask = weights.get("mask.bias").baddbmm(&stream[axes], weights.get("mask.weight"), 1, 1);
            mask.view([self.seeds, dimensions.examples as i64, -1, planes])
        };
        Decoded {
            logits: logits
                .view(full_shape(self.seeds, dimensions, Axes::CELLS, planes).as_slice())
                .squeeze_dim(dimension_of(Axis::Direction)),
            row_mask: mask(Axes::ROWS) + &self.row_modifier,
            column_mask: mask(Axes::COLUMNS) + &self.column_modifier,
            kl_by_tensor,
        }
    }
}

/// [`UNREACHABLE`] where no grid of an example reaches, (1, example, row or column, 1).
fn modifiers(plan: &Plan, device: Device) -> (Tensor, Tensor) {
    let examples = plan.dimensions.examples;
    let build = |length: usize, extent: &dyn Fn(usize) -> usize| {
        let values: Vec<f32> = (0..examples)
            .flat_map(|example| {
                let reach = extent(example);
                (0..length).map(move |index| if index < reach { 0.0 } else { UNREACHABLE })
            })
            .collect();
        constant(&values, &[1, examples as i64, length as i64, 1], device)
    };
    (
        build(plan.dimensions.rows, &|example| plan.extent(example).0),
        build(plan.dimensions.columns, &|example| plan.extent(example).1),
    )
}
