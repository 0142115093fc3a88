//! The residual branches that begin with a normalisation: y = x + normalised(b) · W.
//!
//! In: a stream x, a branch b, both (sheet, channel, lane). Out: the stream y; on the way back, the gradients of W and b.
//!
//! With b̂ = ρ (b − μ) and g = dy · Wᵀ, the gradient through the normalisation is db = ρ (g − ⟨g⟩ − b̂ ⟨g b̂⟩), the means
//! over positions. They need no pass of their own: ⟨g⟩ = ⟨dy⟩ · Wᵀ and ⟨g b̂⟩ is the sum over outputs of W ∘ dW, divided
//! by the number of positions, where dW = Σ b̂ ⊗ dy is wanted anyway.

use super::columns::{self, block_moments, channel_sums, combine_moments};
use super::context::Context;
use super::float::Float;
use super::linear::{add_centred, add_product, branch_gradient, outer, transpose};
use super::plan::{Moments, TensorPlan, pick};
use super::weights::Matrix;
use rayon::prelude::*;
use std::ops::Range;

/// Means and scales of `width` channels of a buffer.
pub fn measure<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffer: &Range<usize>,
    moments: &Moments,
    width: usize,
) {
    let [values, mean, scale, by_block] = pick(slab, [buffer, &moments.mean, &moments.scale, &plan.block_moments]);
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    let by_block = &mut by_block[..plan.shape.blocks() * 2 * width];
    by_block
        .par_chunks_mut(2 * width)
        .zip(values.par_chunks(plan.shape.block(width)))
        .with_min_len(context.team.least())
        .for_each(|(moments, values)| block_moments(context.level, values, moments, lanes, cells));
    combine_moments(by_block, plan.shape.block_sizes(), mean, scale);
}

/// y = x + normalised(b) · W.
pub fn receive<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    [x, branch, y]: [&Range<usize>; 3],
    moments: &Moments,
    matrix: &Matrix,
) {
    let Matrix { inputs, outputs, .. } = *matrix;
    let weight = context.weight(plan.index, matrix);
    let [x, branch, y, scaled, mean, scale] = pick(slab, [x, branch, y, &plan.scaled, &moments.mean, &moments.scale]);
    let scaled = &mut scaled[..inputs * outputs];
    for ((scaled, weight), &scale) in scaled.chunks_mut(outputs).zip(weight.chunks(outputs)).zip(&*scale) {
        for (scaled, &weight) in scaled.iter_mut().zip(weight) {
            *scaled = weight * scale;
        }
    }
    let (scaled, mean) = (&*scaled, &*mean);
    let lanes = plan.shape.form.lanes();
    y.par_chunks_mut(plan.shape.block(outputs))
        .zip(x.par_chunks(plan.shape.block(outputs)))
        .zip(branch.par_chunks(plan.shape.block(inputs)))
        .with_min_len(context.team.least())
        .for_each(|((y, x), branch)| {
            let sheets = y.chunks_mut(outputs * lanes).zip(x.chunks(outputs * lanes));
            for ((y, x), branch) in sheets.zip(branch.chunks(inputs * lanes)) {
                add_centred(context.level, x, branch, mean, scaled, y, inputs, outputs, lanes);
            }
        });
}

/// The weight's gradient, given that of y in `plan.gradient`; prepares [`send_back`].
pub fn weigh<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    branch: &Range<usize>,
    moments: &Moments,
    matrix: &Matrix,
    record: &mut [T],
) {
    let Matrix { inputs, outputs, .. } = *matrix;
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    {
        let [branch, gradient, partials, mean] = pick(slab, [branch, &plan.gradient, &plan.partials, &moments.mean]);
        let mean = &*mean;
        partials
            .par_chunks_mut(plan.partial)
            .zip(branch.par_chunks(plan.shape.block(inputs)))
            .zip(gradient.par_chunks(plan.shape.block(outputs)))
            .with_min_len(context.team.least())
            .for_each(|((partial, branch), dy)| {
                let (record, sums) = partial.split_at_mut(plan.sums);
                let (target, sums) = (&mut record[matrix.range.clone()], &mut sums[..outputs]);
                target.fill(T::ZERO);
                sums.fill(T::ZERO);
                outer(context.level, branch, mean, dy, target, inputs, outputs, lanes, cells);
                channel_sums(context.level, dy, sums, lanes, cells);
            });
    }
    finish(context, plan, slab, moments, matrix, record);
}

/// Sums the blocks' gradients of one weight behind a normalisation, and derives from them what [`send_back`] needs.
fn finish<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    moments: &Moments,
    matrix: &Matrix,
    record: &mut [T],
) {
    let Matrix { inputs, outputs, .. } = *matrix;
    let weight = context.weight(plan.index, matrix);
    let [partials, scaled, slopes, offsets, scale] =
        pick(slab, [&plan.partials, &plan.scaled, &plan.slopes, &plan.offsets, &moments.scale]);
    let gradient = &mut record[matrix.range.clone()];
    add_partials(context, plan, partials, &matrix.range, gradient);
    let (first, rest) = partials.split_at_mut(plan.partial);
    let sums = &mut first[plan.sums..][..outputs];
    for partial in rest.chunks(plan.partial) {
        for (sum, &other) in sums.iter_mut().zip(&partial[plan.sums..]) {
            *sum += other;
        }
    }
    let positions = plan.shape.positions();
    let share = T::of(1.0 / positions as f64);
    for (input, (gradient, weight)) in gradient.chunks_mut(outputs).zip(weight.chunks(outputs)).enumerate() {
        let scale = scale[input];
        let (mut along, mut mean) = (T::ZERO, T::ZERO);
        for ((gradient, &weight), &sum) in gradient.iter_mut().zip(weight).zip(&*sums) {
            *gradient = *gradient * scale;
            along = weight.mul_add(*gradient, along);
            mean = weight.mul_add(sum, mean);
        }
        slopes[input] = -scale * scale * along * share;
        offsets[input] = -scale * mean * share;
    }
    // A normalisation over one position gives 0 whatever goes in; rounding must not make a gradient of that.
    let alone = if positions == 1 { T::ZERO } else { T::ONE };
    let scaled = &mut scaled[..inputs * outputs];
    transpose(weight, scaled, inputs, outputs);
    for row in scaled.chunks_mut(inputs) {
        for (weight, &scale) in row.iter_mut().zip(&*scale) {
            *weight = *weight * scale * alone;
        }
    }
    for input in 0..inputs {
        slopes[input] = slopes[input] * alone;
        offsets[input] = offsets[input] * alone;
    }
}

/// Replaces the branch by its gradient.
pub fn send_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    branch: &Range<usize>,
    moments: &Moments,
    matrix: &Matrix,
) {
    let Matrix { inputs, outputs, .. } = *matrix;
    let [branch, gradient, scaled, slopes, offsets, mean] =
        pick(slab, [branch, &plan.gradient, &plan.scaled, &plan.slopes, &plan.offsets, &moments.mean]);
    let (scaled, slopes, offsets, mean) = (&*scaled, &*slopes, &*offsets, &*mean);
    let lanes = plan.shape.form.lanes();
    branch
        .par_chunks_mut(plan.shape.block(inputs))
        .zip(gradient.par_chunks(plan.shape.block(outputs)))
        .with_min_len(context.team.least())
        .for_each(|(branch, dy)| {
            for (branch, dy) in branch.chunks_mut(inputs * lanes).zip(dy.chunks(outputs * lanes)) {
                branch_gradient(context.level, dy, scaled, mean, slopes, offsets, branch, outputs, inputs, lanes);
            }
        });
}

/// gradient += the blocks' parts of it, in the blocks' order.
pub fn add_partials<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    partials: &[T],
    range: &Range<usize>,
    gradient: &mut [T],
) {
    for partial in partials.chunks(plan.partial) {
        columns::add(context.level, &partial[range.clone()], gradient);
    }
}

/// Back through y = x · W, a linear map that reads the stream: the weight's gradient, and gradient += dy · Wᵀ.
pub fn read_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    [x, dy]: [&Range<usize>; 2],
    matrix: &Matrix,
    record: &mut [T],
) {
    let Matrix { inputs, outputs, .. } = *matrix;
    let transposed = context.transpose(plan.index, matrix);
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    let [x, dy, gradient, partials] = pick(slab, [x, dy, &plan.gradient, &plan.partials]);
    partials
        .par_chunks_mut(plan.partial)
        .zip(x.par_chunks(plan.shape.block(inputs)))
        .zip(dy.par_chunks(plan.shape.block(outputs)))
        .zip(gradient.par_chunks_mut(plan.shape.block(inputs)))
        .with_min_len(context.team.least())
        .for_each(|(((partial, x), dy), gradient)| {
            let target = &mut partial[matrix.range.clone()];
            target.fill(T::ZERO);
            outer(context.level, x, &[], dy, target, inputs, outputs, lanes, cells);
            for (dy, gradient) in dy.chunks(outputs * lanes).zip(gradient.chunks_mut(inputs * lanes)) {
                add_product(context.level, dy, lanes, transposed, gradient, lanes, outputs, inputs, lanes);
            }
        });
    add_partials(context, plan, partials, &matrix.range, &mut record[matrix.range.clone()]);
}

/// Normalises the stream at a layer's end, in place.
pub fn normalise_end<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    stream: &Range<usize>,
    moments: &Moments,
) {
    measure(context, plan, slab, stream, moments, plan.shape.channels);
    let [stream, mean, scale] = pick(slab, [stream, &moments.mean, &moments.scale]);
    let (mean, scale) = (&*mean, &*scale);
    stream
        .par_chunks_mut(plan.shape.block(plan.shape.channels))
        .with_min_len(context.team.least())
        .for_each(|block| columns::normalise(context.level, block, mean, scale, plan.shape.form.lanes()));
}

/// The gradient in `plan.gradient` back through [`normalise_end`], whose result is `stream`.
pub fn denormalise_end<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    stream: &Range<usize>,
    moments: &Moments,
) {
    let channels = plan.shape.channels;
    let block = plan.shape.block(channels);
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    let [stream, gradient, by_block, slopes, offsets, scale] =
        pick(slab, [stream, &plan.gradient, &plan.block_moments, &plan.slopes, &plan.offsets, &moments.scale]);
    let positions = plan.shape.positions();
    if positions == 1 {
        gradient.fill(T::ZERO);
        return;
    }
    let by_block = &mut by_block[..plan.shape.blocks() * 2 * channels];
    by_block
        .par_chunks_mut(2 * channels)
        .zip(stream.par_chunks(block))
        .zip(gradient.par_chunks(block))
        .with_min_len(context.team.least())
        .for_each(|((moments, x), dy)| {
            moments.fill(T::ZERO);
            let (means, alongs) = moments.split_at_mut(channels);
            channel_sums(context.level, dy, means, lanes, cells);
            columns::channel_products(context.level, dy, x, alongs, lanes, cells);
        });
    let share = T::of(1.0 / positions as f64);
    for channel in 0..channels {
        let (mut mean, mut along) = (T::ZERO, T::ZERO);
        for moments in by_block.chunks(2 * channels) {
            mean += moments[channel];
            along += moments[channels + channel];
        }
        slopes[channel] = -scale[channel] * along * share;
        offsets[channel] = -scale[channel] * mean * share;
    }
    let (slopes, offsets, scale) = (&*slopes, &*offsets, &*scale);
    gradient
        .par_chunks_mut(block)
        .zip(stream.par_chunks(block))
        .with_min_len(context.team.least())
        .for_each(|(dx, x)| columns::denormalise(context.level, dx, x, scale, slopes, offsets, lanes));
}
