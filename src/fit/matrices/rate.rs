//! The rate of digits on a budget.
//!
//! A cell whose latents have the variance V over the groups costs ½ ln(1 + V / ν) nats a group, the capacity of a Gaussian
//! channel whose noise ν is the dither's (Cover and Thomas 2006, section 9.1). Latents beyond the budget are drawn to the
//! prior's middle, all by one factor, after each step: what the reconstruction does not pull out again goes silent.

use ndarray::{Array2, Axis};

/// The variance of noise that is uniform on ±0.05 of the prior, in units of the latent at the prior's middle.
const NOISE_VARIANCE: f32 = 0.006_47;

/// Halvings of the interval in which the factor is looked for.
const HALVINGS: usize = 20;

/// Scales `latents`, (group, cell), by a factor of at most 1, which is given, so that they cost no more than `bits` a group.
pub(super) fn keep_to_budget(latents: &mut Array2<f32>, bits: f32) -> f32 {
    let Some(variances) = latents.mapv(|v| v * v).mean_axis(Axis(0)) else { return 1.0 };
    let budget = bits * std::f32::consts::LN_2;
    let nats = |factor: f32| -> f32 {
        variances.iter().map(|variance| 0.5 * libm::log1pf(factor * factor * variance / NOISE_VARIANCE)).sum()
    };
    let factor = if nats(1.0) > budget { largest_factor(|factor| nats(factor) <= budget) } else { 1.0 };
    *latents *= factor;
    factor
}

/// The largest factor in [0, 1) that `keeps` the budget, where each smaller one does too.
pub(super) fn largest_factor(keeps: impl Fn(f32) -> bool) -> f32 {
    let (mut low, mut high) = (0.0f32, 1.0);
    for _ in 0..HALVINGS {
        let middle = f32::midpoint(low, high);
        if keeps(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
