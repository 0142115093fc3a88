//! The handful of operations that the layers are written in.

use crate::model::{Axes, Axis, Dimensions};
use tch::{Kind, Tensor};

/// Added to a variance before its root (CompressARC, `normalize`).
const NORMALISE_EPSILON: f64 = 1e-8;

/// Lengths of a tensor's axes as the engine lays it out: (seed, example, colour, row, column, direction, channel), 1
/// where the axis is absent.
pub fn full_shape(seeds: i64, dimensions: &Dimensions, axes: Axes, channels: i64) -> [i64; 7] {
    let length = |axis| if axes.has(axis) { dimensions.length(axis) as i64 } else { 1 };
    [
        seeds,
        length(Axis::Example),
        length(Axis::Colour),
        length(Axis::Row),
        length(Axis::Column),
        length(Axis::Direction),
        channels,
    ]
}

/// Where the engine's shapes hold an axis.
pub fn dimension_of(axis: Axis) -> i64 {
    match axis {
        Axis::Example => 1,
        Axis::Colour => 2,
        Axis::Row => 3,
        Axis::Column => 4,
        Axis::Direction => 5,
    }
}

/// Every channel to mean 0 and variance 1 over positions. `x`: (seed, position, channel).
///
/// Fused batch normalisation is no faster here, and its gradient is off by up to 1e-3 where few positions differ.
pub fn normalise(x: &Tensor) -> Tensor {
    // Means as products with a row of 1 / n: one call where a mean is four.
    let (_, positions, _) = x.size3().unwrap_or_default();
    let average = Tensor::full([1, 1, positions], 1.0 / positions as f64, (Kind::Float, x.device()))
        .expand([x.size()[0], 1, positions], false);
    let centred = x - average.bmm(x);
    let variance = average.bmm(&(&centred * &centred));
    centred * (variance + NORMALISE_EPSILON).rsqrt()
}

/// residual + input · weight. `residual`, `input`: (seed, position, channel); `weight`: (seed, channel, channel).
pub fn add_product(residual: &Tensor, input: &Tensor, weight: &Tensor) -> Tensor {
    residual.baddbmm(input, weight, 1, 1)
}

/// The values, on the host.
pub fn to_vec(tensor: &Tensor) -> Vec<f32> {
    let host = tensor.detach().to_device(tch::Device::Cpu).to_kind(Kind::Float).contiguous();
    let mut values = vec![0.0; host.numel()];
    host.copy_data(&mut values, host.numel());
    values
}
