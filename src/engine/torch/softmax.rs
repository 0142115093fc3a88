//! The softmax layer: softmaxes over every subset of a tensor's axes, side by side.
//!
//! The log-partition of a subset is that of the subset less its last axis, reduced over that axis, so that each costs
//! one pass over something smaller; then one subtraction and one exponential give all softmaxes.

use super::ops::{add_product, dimension_of, full_shape};
use super::weights::Weights;
use crate::model::{Axes, Axis, Dimensions, Network};
use std::collections::HashMap;
use tch::Tensor;

/// The softmax layer on one tensor. `x`: (seed, position, channel).
pub fn softmax(layer: usize, axes: Axes, x: &Tensor, dimensions: &Dimensions, weights: &Weights) -> Tensor {
    let scores = x.bmm(weights.branch(layer, "softmax", axes, "in"));
    let (seeds, positions, channels) = scores.size3().unwrap_or_default();
    let scores = scores.view(full_shape(seeds, dimensions, axes, channels).as_slice());
    let mut full = scores.size();
    full.insert(6, 1);

    let subsets = Network::softmax_subsets(axes);
    let mut partitions: HashMap<Axes, Tensor> = HashMap::new();
    for &subset in &subsets {
        // Reduce first over what shrinks the tensor most; ties by order.
        let last = subset.iter().min_by_key(|&axis| dimensions.length(axis)).unwrap_or(Axis::Colour);
        let rest = subset.without(last);
        let from = partitions.get(&rest).unwrap_or(&scores);
        let partition = from.logsumexp([dimension_of(last)].as_slice(), true);
        partitions.insert(subset, partition);
    }
    let spread: Vec<Tensor> =
        subsets.iter().map(|subset| partitions[subset].unsqueeze(6).expand(&full, false)).collect();
    let probabilities = (scores.unsqueeze(6) - Tensor::cat(&spread, 6)).exp_();
    let probabilities = probabilities.view([seeds, positions, subsets.len() as i64 * channels]);
    add_product(x, &probabilities, &weights.softmax_out(layer, axes))
}
