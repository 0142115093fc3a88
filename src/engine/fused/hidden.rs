//! The second half of a layer's work on each tensor alone: the maps between directions, the SiLU layer, and the message
//! to smaller tensors, in one go over stretches that stay in the cache.
//!
//! In: the stream after the shift. Out: `stream`, and the messages in `down`; on the way back, gradients. What lies
//! between is computed again rather than kept.

use super::branch::{add_partials, measure};
use super::columns::{self, channel_sums};
use super::context::Context;
use super::float::Float;
use super::geometry::cell_width;
use super::linear::{add_product, outer, product, transpose};
use super::plan::{LayerBuffers, MAP_LANES, TensorPlan, pick};
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

    /// Some lanes of a plane's rows, normalised and one after the other. `x`: rows `stride` apart.
    fn take_normalised<T: Float>(x: &[T], stride: usize, mean: &[T], scale: &[T], taken: &mut [T], lanes: usize) {
        for (row, taken) in taken.chunks_exact_mut(lanes).enumerate() {
            let (mean, scale) = (mean[row % mean.len()], scale[row % mean.len()]);
            for (taken, &x) in taken.iter_mut().zip(&x[row * stride..][..lanes]) {
                *taken = (x - mean) * scale;
            }
        }
    }

    /// Some lanes of a plane's rows, one after the other; adds (x − mean) · slope + offset to where they were.
    fn take_and_add<T: Float>(dx: &mut [T], x: &[T], stride: usize, affine: [&[T]; 3], taken: &mut [T], lanes: usize) {
        let [mean, slope, offset] = affine;
        for (row, taken) in taken.chunks_exact_mut(lanes).enumerate() {
            let channel = row % mean.len();
            let (mean, slope, offset) = (mean[channel], slope[channel], offset[channel]);
            let rows = dx[row * stride..][..lanes].iter_mut().zip(&x[row * stride..][..lanes]);
            for (taken, (dx, &x)) in taken.iter_mut().zip(rows) {
                *taken = *dx;
                *dx += (x - mean).mul_add(slope, offset);
            }
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
    let level = context.level;
    let record = context.record(plan.index);
    let (hidden, message) = (record.hidden_in.outputs, record.down_in.outputs);
    let [hidden_in, hidden_out, down_in] =
        [&record.hidden_in, &record.hidden_out, &record.down_in].map(|matrix| context.weight(plan.index, matrix));
    let lanes = plan.shape.form.lanes();
    let [x, y, down, works] = pick(slab, [&buffers.maps, &plan.stream, &buffers.down, &plan.works]);
    y.par_chunks_mut(plan.shape.block(channels))
        .zip(x.par_chunks(plan.shape.block(channels)))
        .zip(down.par_chunks_mut(plan.shape.block(message)))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .for_each(|(((y, x), down), work)| {
            let work = &mut work[..hidden * lanes];
            let sheets = y.chunks_mut(channels * lanes).zip(x.chunks(channels * lanes));
            for ((y, x), down) in sheets.zip(down.chunks_mut(message * lanes)) {
                product(level, x, lanes, hidden_in, work, lanes, channels, hidden, lanes);
                silu(level, work);
                y.copy_from_slice(x);
                add_product(level, work, lanes, hidden_out, y, lanes, hidden, channels, lanes);
                product(level, y, lanes, down_in, down, lanes, channels, message, lanes);
            }
        });
}

/// Stretches of a plane's lanes: (first, how many).
fn stretches(lanes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..lanes).step_by(MAP_LANES).map(move |first| (first, MAP_LANES.min(lanes - first)))
}

/// `buffers.maps` = `buffers.shift` + normalised(`buffers.shift`) · maps.
fn maps<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let channels = plan.shape.channels;
    let side = cell_width(channels);
    let weight = context.weight(plan.index, &context.record(plan.index).maps);
    let (block, plane, lanes) = (plan.shape.block(channels), plan.shape.form.plane(channels), plan.shape.form.lanes());
    let moments = &buffers.maps_moments;
    let [x, y, works, mean, scale] =
        pick(slab, [&buffers.shift, &buffers.maps, &plan.works, &moments.mean, &moments.scale]);
    let (mean, scale) = (&*mean, &*scale);
    y.par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .for_each(|((y, x), work)| {
            y.copy_from_slice(x);
            for (y, x) in y.chunks_mut(plane).zip(x.chunks(plane)) {
                for (first, count) in stretches(lanes) {
                    let normal = &mut work[..side * count];
                    take_normalised(context.level, &x[first..], lanes, mean, scale, normal, count);
                    add_product(context.level, normal, count, weight, &mut y[first..], lanes, side, side, count);
                }
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
    let level = context.level;
    let record = context.record(plan.index);
    let channels = plan.shape.channels;
    let side = cell_width(channels);
    let (hidden, message) = (record.hidden_in.outputs, record.down_in.outputs);
    let weights = [&record.hidden_in, &record.hidden_out];
    let [hidden_in, hidden_out] = weights.map(|matrix| context.weight(plan.index, matrix));
    let transposes = [&record.hidden_in, &record.hidden_out, &record.down_in];
    let [hidden_in_back, hidden_out_back, down_in_back] =
        transposes.map(|matrix| context.transpose(plan.index, matrix));
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    let block = plan.shape.block(channels);
    let moments = &buffers.maps_moments;
    {
        let [x, before, dx, down, works, partials, mean] = if plan.shape.has_directions() {
            let ranges = [&buffers.maps, &buffers.shift, &plan.gradient, &buffers.down, &plan.works, &plan.partials];
            let [x, before, dx, down, works, partials] = ranges;
            pick(slab, [x, before, dx, down, works, partials, &moments.mean])
        } else {
            let none = &(0..0);
            pick(slab, [&buffers.maps, none, &plan.gradient, &buffers.down, &plan.works, &plan.partials, none])
        };
        let (before, mean) = (&*before, &*mean);
        dx.par_chunks_mut(block)
            .zip(x.par_chunks(block))
            .zip(down.par_chunks(plan.shape.block(message)))
            .zip(works.par_chunks_mut(plan.work))
            .zip(partials.par_chunks_mut(plan.partial))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, ((((dx, x), down), work), partial))| {
                partial.fill(T::ZERO);
                let pass = plan.pass * channels * lanes;
                let passes = dx.chunks_mut(pass).zip(x.chunks(pass)).zip(down.chunks(plan.pass * message * lanes));
                for ((dx, x), down) in passes {
                    let sheets = x.len() / (channels * lanes);
                    let (slope, rest) = work.split_at_mut(sheets * hidden * lanes);
                    let (active, rest) = rest.split_at_mut(sheets * hidden * lanes);
                    let stream = &mut rest[..x.len()];
                    stream.copy_from_slice(x);
                    for sheet in 0..sheets {
                        let narrow = sheet * channels * lanes..(sheet + 1) * channels * lanes;
                        let wide = sheet * hidden * lanes..(sheet + 1) * hidden * lanes;
                        let message_rows = sheet * message * lanes..(sheet + 1) * message * lanes;
                        let (slope, active) = (&mut slope[wide.clone()], &mut active[wide]);
                        let (stream, x) = (&mut stream[narrow.clone()], &x[narrow.clone()]);
                        product(level, x, lanes, hidden_in, slope, lanes, channels, hidden, lanes);
                        silu_and_slope(level, slope, active);
                        add_product(level, active, lanes, hidden_out, stream, lanes, hidden, channels, lanes);
                        let (down, dx) = (&down[message_rows], &mut dx[narrow]);
                        add_product(level, down, lanes, down_in_back, dx, lanes, message, channels, lanes);
                    }
                    let down_gradient = &mut partial[record.down_in.range.clone()];
                    outer(level, stream, &[], down, down_gradient, channels, message, lanes, cells);
                    let out_gradient = &mut partial[record.hidden_out.range.clone()];
                    outer(level, active, &[], dx, out_gradient, hidden, channels, lanes, cells);
                    for sheet in 0..sheets {
                        let narrow = sheet * channels * lanes..(sheet + 1) * channels * lanes;
                        let wide = sheet * hidden * lanes..(sheet + 1) * hidden * lanes;
                        let (slope, active, dx) = (&slope[wide.clone()], &mut active[wide], &mut dx[narrow]);
                        product(level, dx, lanes, hidden_out_back, active, lanes, channels, hidden, lanes);
                        scale(level, active, slope);
                        add_product(level, active, lanes, hidden_in_back, dx, lanes, hidden, channels, lanes);
                    }
                    let in_gradient = &mut partial[record.hidden_in.range.clone()];
                    outer(level, x, &[], active, in_gradient, channels, hidden, lanes, cells);
                }
                if plan.shape.has_directions() {
                    let before = &before[index * block..][..dx.len()];
                    let (weights, sums) = partial.split_at_mut(plan.sums);
                    outer(level, before, mean, dx, &mut weights[record.maps.range.clone()], side, side, lanes, cells);
                    channel_sums(level, dx, &mut sums[..side], lanes, cells);
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
    gradient: &mut [T],
) {
    let matrix = &context.record(plan.index).maps;
    let weight = context.weight(plan.index, matrix);
    let weight_gradient = &mut gradient[matrix.range.clone()];
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
    for (row, (weight, gradient)) in weight.chunks(side).zip(weight_gradient.chunks_mut(side)).enumerate() {
        let scale = scale[row % channels];
        let (mut along, mut flat) = (T::ZERO, T::ZERO);
        for ((&weight, gradient), &sum) in weight.iter().zip(gradient).zip(&*sums) {
            *gradient = *gradient * scale;
            along = weight.mul_add(*gradient, along);
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
    let (block, plane, lanes) = (plan.shape.block(channels), plan.shape.form.plane(channels), plan.shape.form.lanes());
    dx.par_chunks_mut(block)
        .zip(x.par_chunks(block))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .for_each(|((dx, x), work)| {
            for (dx, x) in dx.chunks_mut(plane).zip(x.chunks(plane)) {
                for (first, count) in stretches(lanes) {
                    let (before, dx) = (&mut work[..side * count], &mut dx[first..]);
                    let affine = [mean, slopes, offsets];
                    take_and_add(context.level, dx, &x[first..], lanes, affine, before, count);
                    add_product(context.level, before, count, scaled, dx, lanes, side, side, count);
                }
            }
        });
}
