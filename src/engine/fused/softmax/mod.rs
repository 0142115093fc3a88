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
use super::lattice::Pair;
use super::linear::product;
use super::plan::{LayerBuffers, TensorPlan, pick};
use kernels::{exponentials, finish, invert, maximum, multiplied, scaled, spend, weigh_table};
use rayon::prelude::*;
use std::ops::Range;
pub use tables::Tables;
use tables::single_ranges;

/// Exponentials and inverse sums; and whether scores are too far apart for them to be of use.
fn prepare<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], scores: &Range<usize>) -> bool {
    let Tables { width, .. } = plan.tables;
    let form = &plan.shape.form;
    let (lanes, cells, plane) = (form.lanes(), form.cells(), form.plane(width));
    // Where all examples are one plane, they have one largest score.
    let colours = if form.planes() == 1 { 1 } else { form.lengths[1] };
    {
        let [scores, e, largest] = pick(slab, [scores, &plan.tables.exponentials, &plan.tables.largest]);
        let (by_plane, by_example) = largest.split_at_mut(form.planes() * width);
        by_plane
            .par_chunks_mut(width)
            .zip(scores.par_chunks(plane))
            .with_min_len(context.team.least())
            .for_each(|(largest, scores)| {
                for (row, scores) in scores.chunks(lanes).enumerate() {
                    let so_far = if row < width { scores[0] } else { largest[row % width] };
                    largest[row % width] = maximum(context.level, &scores[..cells], so_far);
                }
            });
        for (example, planes) in by_example.chunks_mut(width).zip(by_plane.chunks(colours * width)) {
            for (channel, largest) in example.iter_mut().enumerate() {
                *largest = planes[channel..].iter().step_by(width).fold(planes[channel], |most, &x| most.larger(x));
            }
        }
        let by_example = &*by_example;
        e.par_chunks_mut(plane)
            .zip(scores.par_chunks(plane))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, (e, scores))| {
                let largest = &by_example[index / colours * width..][..width];
                for (row, (e, scores)) in e.chunks_mut(lanes).zip(scores.chunks(lanes)).enumerate() {
                    exponentials(context.level, scores, largest[row % width], e);
                }
            });
    }
    for subset in &plan.tables.subsets {
        let from = subset.parent.map_or(&plan.tables.exponentials, |parent| &plan.tables.subsets[parent].inverse);
        let [from, to] = pick(slab, [from, &subset.inverse]);
        to.fill(T::ZERO);
        subset.pair(width).add_sums(context.team, context.level, from, T::ONE, to);
    }
    let limit = (T::SOFTMAX_RANGE - T::SOFTMAX_TOP - T::SOFTMAX_MARGIN).exp();
    let mut apart = false;
    for subset in &plan.tables.subsets {
        let cells = subset.form.cells();
        for row in slab[subset.inverse.clone()].chunks_mut(subset.form.lanes()) {
            apart |= invert(context.level, row, limit, cells);
        }
    }
    apart
}

/// G: every subset's weights over its sums, spread into the tables of single axes.
fn fill_tables<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T]) {
    let matrix = &context.record(plan.index).softmax_out;
    let weight = context.weight(plan.index, matrix);
    let Tables { width, .. } = plan.tables;
    let channels = matrix.outputs;
    let long = width * channels;
    for (subset, weight) in plan.tables.subsets.iter().zip(weight.chunks(long)) {
        let [inverse, table] = pick(slab, [&subset.inverse, &subset.table]);
        let (inverse, lanes) = (&*inverse, subset.form.lanes());
        table.par_chunks_mut(lanes).with_min_len(context.team.least()).enumerate().for_each(|(row, table)| {
            scaled(context.level, &inverse[row / channels * lanes..][..lanes], weight[row % long], table);
        });
    }
    for subset in plan.tables.subsets.iter().rev() {
        if let Some(parent) = subset.parent {
            let [from, to] = pick(slab, [&subset.table, &plan.tables.subsets[parent].table]);
            subset.pair(long).add_spread(context.team, context.level, from, T::ONE, to);
        }
    }
}

/// The sum of the single axes' tables in one row of a plane.
fn gather<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    tables: &[&[T]; 4],
    width: usize,
    plane: usize,
    row: usize,
    sum: &mut [T],
) {
    sum.fill(T::ZERO);
    for (&subset, table) in plan.tables.single.iter().zip(tables) {
        let pair: Pair = plan.tables.subsets[subset].pair(width);
        pair.add_row(context.level, table, T::ONE, plane, row, sum);
    }
}

/// The softmax layer on the stream in `buffers.softmax`, in place.
pub fn softmax<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let matrix = &context.record(plan.index).softmax_in;
    let weight = context.weight(plan.index, matrix);
    let (channels, width, lanes) = (plan.shape.channels, plan.tables.width, plan.shape.form.lanes());
    {
        let [x, scores] = pick(slab, [&buffers.softmax, &buffers.scores]);
        scores
            .par_chunks_mut(plan.shape.block(width))
            .zip(x.par_chunks(plan.shape.block(channels)))
            .with_min_len(context.team.least())
            .for_each(|(scores, x)| {
                for (scores, x) in scores.chunks_mut(width * lanes).zip(x.chunks(channels * lanes)) {
                    product(context.level, x, lanes, weight, scores, lanes, channels, width, lanes);
                }
            });
    }
    if prepare(context, plan, slab, &buffers.scores) {
        return apart::softmax(context, plan, slab, buffers);
    }
    fill_tables(context, plan, slab);
    let [[a, b, c, d], _] = single_ranges(&plan.tables);
    let ranges = [&buffers.softmax, &plan.tables.exponentials, &plan.works, &a, &b, &c, &d];
    let [x, e, works, a, b, c, d] = pick(slab, ranges);
    let tables = [&*a, &*b, &*c, &*d];
    let sheets = plan.shape.block_planes() * plan.shape.form.directions();
    x.par_chunks_mut(plan.shape.block(channels))
        .zip(e.par_chunks(plan.shape.block(width)))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .enumerate()
        .for_each(|(block, ((x, e), work))| {
            let sum = &mut work[..lanes];
            let rows = x.chunks_mut(channels * lanes).zip(e.chunks(width * lanes));
            for (sheet, (x, e)) in (block * sheets..).zip(rows) {
                let (plane, direction) = plan.sheet(sheet);
                for row in 0..width * channels {
                    gather(context, plan, &tables, width * channels, plane, direction * width * channels + row, sum);
                    let y = &mut x[row % channels * lanes..][..lanes];
                    spend(context.level, &e[row / channels * lanes..][..lanes], sum, y);
                }
            }
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
    let (channels, width, lanes) = (plan.shape.channels, plan.tables.width, plan.shape.form.lanes());
    let long = width * channels;
    if prepare(context, plan, slab, &buffers.scores) {
        return apart::softmax_back(context, plan, slab, buffers, gradient);
    }
    {
        let [e, dy, products] = pick(slab, [&plan.tables.exponentials, &plan.gradient, &plan.products]);
        let (e, dy) = (&*e, &*dy);
        products.par_chunks_mut(lanes).with_min_len(context.team.least()).enumerate().for_each(|(index, product)| {
            let (sheet, row) = (index / long, index % long);
            let e = &e[(sheet * width + row / channels) * lanes..][..lanes];
            multiplied(context.level, e, &dy[(sheet * channels + row % channels) * lanes..][..lanes], product);
        });
    }
    for subset in &plan.tables.subsets {
        let from = subset.parent.map_or(&plan.products, |parent| &plan.tables.subsets[parent].table);
        let [from, to] = pick(slab, [from, &subset.table]);
        to.fill(T::ZERO);
        subset.pair(long).add_sums(context.team, context.level, from, T::ONE, to);
    }
    let weights = weight.chunks(long).zip(gradient[matrix.range.clone()].chunks_mut(long));
    for (subset, (weight, gradient)) in plan.tables.subsets.iter().zip(weights) {
        let [inverse, table, taken] = pick(slab, [&subset.inverse, &subset.table, &subset.taken]);
        let (lanes, cells) = (subset.form.lanes(), subset.form.cells());
        let rows = inverse.chunks(lanes).zip(table.chunks(channels * lanes)).zip(taken.chunks_mut(lanes));
        for (row, ((inverse, table), taken)) in rows.enumerate() {
            let own = row % width * channels..(row % width + 1) * channels;
            weigh_table(context.level, inverse, table, &weight[own.clone()], &mut gradient[own], taken, cells);
        }
    }
    for subset in plan.tables.subsets.iter().rev() {
        if let Some(parent) = subset.parent {
            let [from, to] = pick(slab, [&subset.taken, &plan.tables.subsets[parent].taken]);
            subset.pair(width).add_spread(context.team, context.level, from, T::ONE, to);
        }
    }
    fill_tables(context, plan, slab);
    let [[a, b, c, d], [f, g, h, i]] = single_ranges(&plan.tables);
    let ranges = [&plan.gradient, &plan.tables.exponentials, &buffers.scores, &plan.works, &a, &b, &c, &d, &f, &g, &h, &i];
    let [dy, e, scores, works, a, b, c, d, f, g, h, i] = pick(slab, ranges);
    let (tables, takens) = ([&*a, &*b, &*c, &*d], [&*f, &*g, &*h, &*i]);
    let sheets = plan.shape.block_planes() * plan.shape.form.directions();
    scores
        .par_chunks_mut(plan.shape.block(width))
        .zip(e.par_chunks(plan.shape.block(width)))
        .zip(dy.par_chunks(plan.shape.block(channels)))
        .zip(works.par_chunks_mut(plan.work))
        .with_min_len(context.team.least())
        .enumerate()
        .for_each(|(block, (((scores, e), dy), work))| {
            let sum = &mut work[..lanes];
            let rows = scores.chunks_mut(width * lanes).zip(e.chunks(width * lanes)).zip(dy.chunks(channels * lanes));
            for (sheet, ((scores, e), dy)) in (block * sheets..).zip(rows) {
                let (plane, direction) = plan.sheet(sheet);
                scores.fill(T::ZERO);
                for row in 0..long {
                    gather(context, plan, &tables, long, plane, direction * long + row, sum);
                    let along = &mut scores[row / channels * lanes..][..lanes];
                    spend(context.level, &dy[row % channels * lanes..][..lanes], sum, along);
                }
                for (row, (scores, e)) in scores.chunks_mut(lanes).zip(e.chunks(lanes)).enumerate() {
                    gather(context, plan, &takens, width, plane, direction * width + row, sum);
                    finish(context.level, e, sum, scores);
                }
            }
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
