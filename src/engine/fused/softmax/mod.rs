//! The softmax layer: softmaxes over every subset of a tensor's axes, side by side, each mapped to the stream.
//!
//! In: the stream. Out: stream + Σ over subsets S and channels of p_S · W_S, with p_S = e / E_S, where e = exp(score) and
//! E_S is e summed over S.
//!
//! No probability is ever formed. E_S depends on the axes outside S alone, so W_S / E_S is a small table, and all
//! tables are summed from the smallest up; the stream gets e · G, with G the sum of the (at most four) tables that lack one
//! axis. Backward, with V_S the sum of e ⊗ dy over S (again summed from table to smaller table):
//! dW_S = Σ V_S / E_S, and the score's gradient is e (G · dy − Σ_S (V_S · W_S) / E_S²).
//!
//! All exponentials of an example are taken under its one largest score, which serves as long as no subset lies so far below
//! it that f32 loses it; `apart` has the other case.

mod apart;
mod kernels;
mod tables;
#[cfg(test)]
mod tests;

use super::branch::read_back;
use super::context::Context;
use super::float::Float;
use super::lattice::{add_spread, add_sums};
use super::linear::product;
use super::plan::{LayerBuffers, TensorPlan, pick};
use kernels::{column_maxima, divide_weights, exponentials, invert, outer_rows, spend, spend_back, weigh_tables};
use rayon::prelude::*;
use std::ops::Range;
pub use tables::Tables;
use tables::{runs, single_ranges, singles, wide};

/// Exponentials and inverse sums; and whether scores are too far apart for them to be of use.
fn prepare<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], scores: &Range<usize>) -> bool {
    let Tables { width, .. } = plan.tables;
    let plane = plan.shape.plane_cells() * plan.shape.directions();
    {
        let [scores, e, largest] = pick(slab, [scores, &plan.tables.exponentials, &plan.tables.largest]);
        let (by_plane, by_example) = largest.split_at_mut(plan.shape.planes() * width);
        by_plane
            .par_chunks_mut(width)
            .zip(scores.par_chunks(plane * width))
            .with_min_len(context.team.least())
            .for_each(|(largest, scores)| {
                largest.copy_from_slice(&scores[..width]);
                column_maxima(context.level, scores, largest);
            });
        let colours = plan.shape.lengths[1];
        for (example, planes) in by_example.chunks_mut(width).zip(by_plane.chunks(colours * width)) {
            example.copy_from_slice(&planes[..width]);
            column_maxima(context.level, planes, example);
        }
        let by_example = &*by_example;
        e.par_chunks_mut(plane * width)
            .zip(scores.par_chunks(plane * width))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, (e, scores))| {
                exponentials(context.level, scores, &by_example[index / colours * width..][..width], e);
            });
    }
    for subset in &plan.tables.subsets {
        let from = subset.parent.map_or(&plan.tables.exponentials, |parent| &plan.tables.subsets[parent].inverse);
        let [from, to] = pick(slab, [from, &subset.inverse]);
        to.fill(T::ZERO);
        add_sums(context.team, context.level, wide(subset.parent_view, width), from, T::ONE, to);
    }
    let limit = (T::SOFTMAX_RANGE - T::SOFTMAX_TOP - T::SOFTMAX_MARGIN).exp();
    let mut apart = false;
    for subset in &plan.tables.subsets {
        apart |= invert(context.level, &mut slab[subset.inverse.clone()], limit);
    }
    apart
}

/// G: every subset's weights over its sums, spread into the tables of single axes.
fn fill_tables<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T]) {
    let matrix = &context.record(plan.index).softmax_out;
    let weight = context.weight(plan.index, matrix);
    let Tables { width, .. } = plan.tables;
    let long = width * matrix.outputs;
    for (subset, weight) in plan.tables.subsets.iter().zip(weight.chunks(long)) {
        let [inverse, table] = pick(slab, [&subset.inverse, &subset.table]);
        divide_weights(context.level, inverse, weight, table);
    }
    for subset in plan.tables.subsets.iter().rev() {
        if let Some(parent) = subset.parent {
            let [from, to] = pick(slab, [&subset.table, &plan.tables.subsets[parent].table]);
            add_spread(context.team, context.level, wide(subset.parent_view, long), from, T::ONE, to);
        }
    }
}

/// The softmax layer on the stream in `buffers.softmax`, in place.
pub fn softmax<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let matrix = &context.record(plan.index).softmax_in;
    let weight = context.weight(plan.index, matrix);
    let (channels, width, block) = (plan.shape.channels, plan.tables.width, plan.shape.block());
    {
        let [x, scores] = pick(slab, [&buffers.softmax, &buffers.scores]);
        scores
            .par_chunks_mut(block * width)
            .zip(x.par_chunks(block * channels))
            .with_min_len(context.team.least())
            .for_each(|(scores, x)| product(context.level, x, weight, scores, channels, width));
    }
    if prepare(context, plan, slab, &buffers.scores) {
        return apart::softmax(context, plan, slab, buffers);
    }
    fill_tables(context, plan, slab);
    let [[a, b, c, d], _] = single_ranges(plan);
    let [x, e, a, b, c, d] = pick(slab, [&buffers.softmax, &plan.tables.exponentials, &a, &b, &c, &d]);
    let singles = singles(plan, [&*a, &*b, &*c, &*d], [&[]; 4]);
    x.par_chunks_mut(block * channels)
        .zip(e.par_chunks(block * width))
        .with_min_len(context.team.least())
        .enumerate()
        .for_each(|(index, (x, e))| {
            runs(plan, index, |rows, start| {
                let entries = &plan.tables.single_entries(start);
                let e = &e[rows.start * width..rows.end * width];
                let x = &mut x[rows.start * channels..rows.end * channels];
                spend(context.level, &singles, entries, e, x, width, channels);
            });
        });
}

/// Back through [`softmax`]; `before` is the stream that the scores were read from. Uses the message buffer.
pub fn softmax_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    let matrix = &context.record(plan.index).softmax_out;
    let weight = context.weight(plan.index, matrix);
    let (channels, width, block) = (plan.shape.channels, plan.tables.width, plan.shape.block());
    let long = width * channels;
    if prepare(context, plan, slab, &buffers.scores) {
        return apart::softmax_back(context, plan, slab, buffers, gradient);
    }
    {
        let [e, dy, products] = pick(slab, [&plan.tables.exponentials, &plan.gradient, &plan.products]);
        products
            .par_chunks_mut(block * long)
            .zip(e.par_chunks(block * width))
            .zip(dy.par_chunks(block * channels))
            .with_min_len(context.team.least())
            .for_each(|((products, e), dy)| outer_rows(context.level, e, dy, products, width, channels));
    }
    for subset in &plan.tables.subsets {
        let from = subset.parent.map_or(&plan.products, |parent| &plan.tables.subsets[parent].table);
        let [from, to] = pick(slab, [from, &subset.table]);
        to.fill(T::ZERO);
        add_sums(context.team, context.level, wide(subset.parent_view, long), from, T::ONE, to);
    }
    let weights = weight.chunks(long).zip(gradient[matrix.range.clone()].chunks_mut(long));
    for (subset, (weight, gradient)) in plan.tables.subsets.iter().zip(weights) {
        let [inverse, table, taken] = pick(slab, [&subset.inverse, &subset.table, &subset.taken]);
        weigh_tables(context.level, inverse, table, weight, gradient, taken);
    }
    for subset in plan.tables.subsets.iter().rev() {
        if let Some(parent) = subset.parent {
            let [from, to] = pick(slab, [&subset.taken, &plan.tables.subsets[parent].taken]);
            add_spread(context.team, context.level, wide(subset.parent_view, width), from, T::ONE, to);
        }
    }
    fill_tables(context, plan, slab);
    let [[a, b, c, d], [f, g, h, i]] = single_ranges(plan);
    let ranges = [&plan.gradient, &plan.tables.exponentials, &buffers.scores, &a, &b, &c, &d, &f, &g, &h, &i];
    let [dy, e, scores, a, b, c, d, f, g, h, i] = pick(slab, ranges);
    let singles = singles(plan, [&*a, &*b, &*c, &*d], [&*f, &*g, &*h, &*i]);
    scores
        .par_chunks_mut(block * width)
        .zip(e.par_chunks(block * width))
        .zip(dy.par_chunks(block * channels))
        .with_min_len(context.team.least())
        .enumerate()
        .for_each(|(index, ((scores, e), dy))| {
            runs(plan, index, |rows, start| {
                let entries = &plan.tables.single_entries(start);
                let narrow = rows.start * width..rows.end * width;
                let dy = &dy[rows.start * channels..rows.end * channels];
                let scores = &mut scores[narrow.clone()];
                spend_back(context.level, &singles, entries, &e[narrow], dy, scores, width, channels);
            });
        });
}

/// The rest of [`softmax_back`], once the stream before the layer is known again: through the scores.
pub fn scores_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    before: &Range<usize>,
    gradient: &mut [T],
) {
    let matrix = &context.record(plan.index).softmax_in;
    read_back(context, plan, slab, [before, &buffers.scores], matrix, gradient);
}
