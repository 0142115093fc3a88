//! Draws the latents and charges for them; see [`crate::latent`] for the formulas.

use super::ops::{dimension_of, full_shape, normalise};
use super::weights::{Weights, constant};
use crate::latent::{INITIAL_CAPACITY, MINIMUM_CAPACITY, SATURATED, TARGET_SCALE};
use crate::model::{Axes, Axis, Dimensions, LATENT_CHANNELS, MultiTensor, tying};
use tch::{Device, Kind, Tensor};

const CHANNELS: i64 = LATENT_CHANNELS as i64;

/// The latents' places and sizes; made once a puzzle.
pub struct Latents {
    /// Numbers of each tensor's latent.
    sizes: Vec<i64>,
    /// 1 / n for each tensor, (1, tensor, 1).
    inverse_size: Tensor,
    /// 1 / n for each latent number, (1, number).
    inverse_size_flat: Tensor,
    dimensions: Dimensions,
}

/// A step's latents, decoded to the residual stream, and their cost.
pub struct Sampled {
    /// (seed, position, channel) for each tensor.
    pub stream: MultiTensor<Tensor>,
    /// KL by seed and tensor, nats.
    pub kl_by_tensor: Tensor,
}

impl Latents {
    /// Looks up the sizes once.
    pub fn new(dimensions: Dimensions, device: Device) -> Self {
        let sizes: Vec<i64> = Axes::all().map(|axes| dimensions.positions(axes) as i64 * CHANNELS).collect();
        let inverse: Vec<f32> = sizes.iter().map(|&size| 1.0 / size as f32).collect();
        let flat: Vec<f32> =
            sizes.iter().zip(&inverse).flat_map(|(&size, &value)| std::iter::repeat_n(value, size as usize)).collect();
        Self {
            inverse_size: constant(&inverse, &[1, sizes.len() as i64, 1], device),
            inverse_size_flat: constant(&flat, &[1, flat.len() as i64], device),
            sizes,
            dimensions,
        }
    }

    /// `mean`, `adjustment` and `noise`: (seed, latent number), all tensors one after the other.
    pub fn sample(&self, mean: &Tensor, adjustment: &Tensor, noise: &Tensor, weights: &Weights) -> Sampled {
        let seeds = mean.size()[0];
        let mean = self.per_tensor(mean, |values| normalise(&values));
        let adjustment = self.per_tensor(adjustment, |values| {
            let centre = values.mean_dim([1i64].as_slice(), true, Kind::Float);
            values - centre
        });
        let target = weights.target_capacities() * TARGET_SCALE;
        let scaling = -((target.exp() * INITIAL_CAPACITY + MINIMUM_CAPACITY) * &self.inverse_size * -2.0).expm1();

        let spread: Vec<Tensor> = target
            .unbind(1)
            .iter()
            .zip(&self.sizes)
            .map(|(target, &size)| {
                target.unsqueeze(1).expand([seeds, size / CHANNELS, CHANNELS], false).reshape([seeds, size])
            })
            .collect();
        let capacity = ((adjustment + Tensor::cat(&spread, 1)).exp() * INITIAL_CAPACITY + MINIMUM_CAPACITY)
            * &self.inverse_size_flat;
        let signal_variance = -(&capacity * -2.0).expm1();
        let saturated = capacity.gt(SATURATED / 2.0);
        let signal = signal_variance.sqrt().masked_fill(&saturated, 1.0);
        let latent = signal * &mean + (-&capacity).exp() * noise;
        let kl = (mean.square() - 1.0) * signal_variance * 0.5 + capacity;

        let kl_by_tensor: Vec<Tensor> = kl
            .split_with_sizes(&self.sizes, 1)
            .iter()
            .map(|kl| kl.sum_dim_intlist([1i64].as_slice(), false, Kind::Float))
            .collect();
        let scaling = scaling.unbind(1);
        let mut latents = latent.split_with_sizes(&self.sizes, 1).into_iter().zip(scaling);
        let stream = MultiTensor::from_fn(|axes| {
            let (latent, scaling) = latents.next().unwrap_or_else(|| unreachable!("one latent a tensor"));
            self.decode(axes, &latent, &scaling.unsqueeze(1), weights)
        });
        Sampled { stream, kl_by_tensor: Tensor::stack(&kl_by_tensor, 1) }
    }

    /// One tensor's latent, (seed, number) in canonical order, to the residual stream in the engine's order.
    fn decode(&self, axes: Axes, latent: &Tensor, scaling: &Tensor, weights: &Weights) -> Tensor {
        let seeds = latent.size()[0];
        let first = tying::representative(axes);
        let weight = weights.get(&format!("decode.{first}.weight"));
        let bias = weights.get(&format!("decode.{first}.bias"));
        let positions = self.dimensions.positions(axes) as i64;
        let latent = if axes.has(Axis::Direction) && (axes.has(Axis::Row) || axes.has(Axis::Column)) {
            // Directions come before rows and columns in the parameters, after them here.
            let [_, examples, colours, rows, columns, directions, _] =
                full_shape(seeds, &self.dimensions, axes, CHANNELS);
            latent
                .view([seeds, examples, colours, directions, rows, columns, CHANNELS].as_slice())
                .movedim_int(3, dimension_of(Axis::Direction))
                .reshape([seeds, positions, CHANNELS])
        } else {
            latent.view([seeds, positions, CHANNELS])
        };
        bias.baddbmm(&(latent * scaling), weight, 1, 1)
    }

    /// Applies `change` to each tensor's numbers as (seed, position, channel).
    fn per_tensor(&self, flat: &Tensor, change: impl Fn(Tensor) -> Tensor) -> Tensor {
        let seeds = flat.size()[0];
        let changed: Vec<Tensor> = flat
            .split_with_sizes(&self.sizes, 1)
            .into_iter()
            .map(|values| change(values.reshape([seeds, -1, CHANNELS])).reshape([seeds, -1]))
            .collect();
        Tensor::cat(&changed, 1)
    }
}
