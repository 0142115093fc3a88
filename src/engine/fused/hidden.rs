//! The second half of a layer's work on each tensor alone: the maps between directions, the SiLU layer, and the message
//! to smaller tensors, in one go over stretches that stay in the first cache.
//!
//! In: the stream after the shift. Out: `stream`, and the messages in `down`; on the way back, gradients. What lies
//! between is computed again rather than kept.

use super::branch::{add_partials, measure};
use super::columns::{self, column_sums};
use super::context::Context;
use super::float::Float;
use super::geometry::cell_width;
use super::linear::{add_product, outer, product, transpose};
use super::maps::{add_maps, maps_outer};
use super::plan::{LayerBuffers, TensorPlan, pick};
use super::simd::kernel;
use rayon::prelude::*;

kernel! {
    /// x · σ(x), in place.
    fn silu<T: Float>(x: &mut [T]) {
        for x in x {
            *x = *x / (T::ONE + (-*x).exp());
        }
    }

    /// `hidden` = silu(x), and x = its derivative.
    fn silu_and_slope<T: Float>(x: &mut [T], hidden: &mut [T]) {
        for (x, hidden) in x.iter_mut().zip(hidden) {
            let sigmoid = T::ONE / (T::ONE + (-*x).exp());
            *hidden = *x * sigmoid;
            *x = (T::ONE - sigmoid).mul_add(*hidden, sigmoid);
        }
    }

    /// x = x · factor, element by element.
    fn scale<T: Float>(x: &mut [T], factor: &[T]) {
        for (x, &factor) in x.iter_mut().zip(factor) {
            *x = *x * factor;
        }
    }
}

/// From `buffers.shift` to `buffers.maps`, `plan.stream` and the message in `buffers.down`.
pub fn maps_and_hidden<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let channels = plan.shape.channels;
    if plan.shape.has_directions() {
        measure(context, plan, slab, &buffers.shift, &buffers.maps_moments, channels);
        maps(context, plan, slab, buffers);
    }
    let record = context.record(plan.index);
    let (hidden, message) = (record.hidden_in.outputs, record.down_in.outputs);
    let [hidden_in, hidden_out, down_in] =
        [&record.hidden_in, &record.hidden_out, &record.down_in].map(|matrix| context.weight(plan.index, matrix));
    let block = plan.shape.block();
    let [x, y, down, works] = pick(slab, [&buffers.maps, &plan.stream, &buffers.down, &plan.works]);
    y.par_chunks_mut(block * channels)
        .zip(x.par_chunks(block * channels))
        .zip(down.par_chunks_mut(block * message))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .for_each(|(((y, x), down), work)| {
            let passes = y.chunks_mut(plan.pass * channels).zip(x.chunks(plan.pass * channels));
            for ((y, x), down) in passes.zip(down.chunks_mut(plan.pass * message)) {
                let work = &mut work[..x.len() / channels * hidden];
                product(context.level, x, hidden_in, work, channels, hidden);
                silu(context.level, work);
                y.copy_from_slice(x);
                add_product(context.level, work, hidden_out, y, hidden, channels);
                product(context.level, y, down_in, down, channels, message);
            }
        });
}

/// `buffers.maps` = `buffers.shift` + normalised(`buffers.shift`) · maps.
fn maps<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let channels = plan.shape.channels;
    let side = cell_width(channels);
    let weight = context.weight(plan.index, &context.record(plan.index).maps);
    let block = plan.shape.block() * channels;
    let moments = &buffers.maps_moments;
    let [x, y, works, mean, scale] =
        pick(slab, [&buffers.shift, &buffers.maps, &plan.works, &moments.mean, &moments.scale]);
    let (mean, scale) = (&*mean, &*scale);
    y.par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .for_each(|((y, x), work)| {
            for (y, x) in y.chunks_mut(plan.pass * channels).zip(x.chunks(plan.pass * channels)) {
                let normal = &mut work[..x.len()];
                normal.copy_from_slice(x);
                columns::normalise(context.level, normal, mean, scale, channels);
                y.copy_from_slice(x);
                add_maps(context.level, normal, weight, y, side);
            }
        });
}

/// Back through [`maps_and_hidden`]: the message's gradient is in `buffers.down`, the stream's in `plan.gradient`.
pub fn maps_and_hidden_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    let record = context.record(plan.index);
    let channels = plan.shape.channels;
    let side = cell_width(channels);
    let (hidden, message) = (record.hidden_in.outputs, record.down_in.outputs);
    let weights = [&record.hidden_in, &record.hidden_out];
    let [hidden_in, hidden_out] = weights.map(|matrix| context.weight(plan.index, matrix));
    let transposes = [&record.hidden_in, &record.hidden_out, &record.down_in];
    let [hidden_in_back, hidden_out_back, down_in_back] =
        transposes.map(|matrix| context.transpose(plan.index, matrix));
    let block = plan.shape.block();
    let moments = &buffers.maps_moments;
    {
        let [x, before, dx, down, works, partials, mean, scales] = if plan.shape.has_directions() {
            let ranges = [&buffers.maps, &buffers.shift, &plan.gradient, &buffers.down, &plan.works, &plan.partials];
            let [x, before, dx, down, works, partials] = ranges;
            pick(slab, [x, before, dx, down, works, partials, &moments.mean, &moments.scale])
        } else {
            let none = &(0..0);
            pick(slab, [&buffers.maps, none, &plan.gradient, &buffers.down, &plan.works, &plan.partials, none, none])
        };
        let (before, mean, scales) = (&*before, &*mean, &*scales);
        dx.par_chunks_mut(block * channels)
            .zip(x.par_chunks(block * channels))
            .zip(down.par_chunks(block * message))
            .zip(works.par_chunks_mut(plan.work))
            .zip(partials.par_chunks_mut(plan.partial))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, ((((dx, x), down), work), partial))| {
                partial.fill(T::ZERO);
                let pass = plan.pass * channels;
                let start = index * block * channels;
                let passes = dx.chunks_mut(pass).zip(x.chunks(pass)).zip(down.chunks(plan.pass * message));
                for (number, ((dx, x), down)) in passes.enumerate() {
                    let rows = x.len() / channels;
                    let (slope, rest) = work.split_at_mut(rows * hidden);
                    let (active, rest) = rest.split_at_mut(rows * hidden);
                    let stream = &mut rest[..rows * channels];
                    let level = context.level;
                    product(level, x, hidden_in, slope, channels, hidden);
                    silu_and_slope(level, slope, active);
                    stream.copy_from_slice(x);
                    add_product(level, active, hidden_out, stream, hidden, channels);

                    let down_gradient = &mut partial[record.down_in.range.clone()];
                    outer(level, stream, &context.zeros[..channels], down, down_gradient, channels, message);
                    add_product(level, down, down_in_back, dx, message, channels);

                    let out_gradient = &mut partial[record.hidden_out.range.clone()];
                    outer(level, active, &context.zeros[..hidden], dx, out_gradient, hidden, channels);
                    product(level, dx, hidden_out_back, active, channels, hidden);
                    scale(level, active, slope);
                    let in_gradient = &mut partial[record.hidden_in.range.clone()];
                    outer(level, x, &context.zeros[..channels], active, in_gradient, channels, hidden);
                    add_product(level, active, hidden_in_back, dx, hidden, channels);

                    if plan.shape.has_directions() {
                        let normal = stream;
                        normal.copy_from_slice(&before[start + number * pass..][..x.len()]);
                        columns::normalise(level, normal, mean, scales, channels);
                        let (weights, sums) = partial.split_at_mut(plan.sums);
                        maps_outer(level, normal, dx, &mut weights[record.maps.range.clone()], side);
                        column_sums(level, dx, &mut sums[..side], side);
                    }
                }
            });
        for matrix in [&record.down_in, &record.hidden_out, &record.hidden_in, &record.maps] {
            add_partials(context, plan, partials, &matrix.range, &mut gradient[matrix.range.clone()]);
        }
    }
    if plan.shape.has_directions() {
        maps_back(context, plan, slab, buffers, gradient);
    }
}

/// The gradient of the stream back through the maps; see [`super::branch`] for the formula.
fn maps_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &[T],
) {
    let matrix = &context.record(plan.index).maps;
    let weight = context.weight(plan.index, matrix);
    let weight_gradient = &gradient[matrix.range.clone()];
    let channels = plan.shape.channels;
    let side = cell_width(channels);
    let moments = &buffers.maps_moments;
    let ranges = [&buffers.shift, &plan.gradient, &plan.works, &plan.partials, &plan.scaled];
    let [x, dx, works, partials, scaled] = ranges;
    let ranges = [x, dx, works, partials, scaled, &plan.slopes, &plan.offsets, &moments.mean, &moments.scale];
    let [x, dx, works, partials, scaled, slopes, offsets, mean, scale] = pick(slab, ranges);
    let (slopes, offsets) = (&mut slopes[..channels], &mut offsets[..channels]);

    let (first, rest) = partials.split_at_mut(plan.partial);
    let sums = &mut first[plan.sums..][..side];
    for partial in rest.chunks(plan.partial) {
        columns::add(context.level, &partial[plan.sums..][..side], sums);
    }
    slopes.fill(T::ZERO);
    offsets.fill(T::ZERO);
    for (row, (weight, gradient)) in weight.chunks(side).zip(weight_gradient.chunks(side)).enumerate() {
        let (mut along, mut flat) = (T::ZERO, T::ZERO);
        for ((&weight, &gradient), &sum) in weight.iter().zip(gradient).zip(&*sums) {
            along = weight.mul_add(gradient, along);
            flat = weight.mul_add(sum, flat);
        }
        slopes[row % channels] += along;
        offsets[row % channels] += flat;
    }
    let share = T::of(1.0 / plan.shape.positions() as f64);
    for channel in 0..channels {
        slopes[channel] = -scale[channel] * scale[channel] * slopes[channel] * share;
        offsets[channel] = -scale[channel] * offsets[channel] * share;
    }
    let scaled = &mut scaled[..side * side];
    transpose(weight, scaled, side, side);
    for row in scaled.chunks_mut(channels) {
        for (weight, &scale) in row.iter_mut().zip(&*scale) {
            *weight = *weight * scale;
        }
    }
    let (scaled, slopes, offsets, mean) = (&*scaled, &*slopes, &*offsets, &*mean);
    let block = plan.shape.block() * channels;
    dx.par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .for_each(|((dx, x), work)| {
            for (dx, x) in dx.chunks_mut(plan.pass * channels).zip(x.chunks(plan.pass * channels)) {
                let before = &mut work[..dx.len()];
                before.copy_from_slice(dx);
                add_maps(context.level, before, scaled, dx, side);
                columns::add_affine(context.level, dx, x, mean, slopes, offsets, channels);
            }
        });
}
