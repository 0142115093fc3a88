//! The softmaxes where scores lie so far apart that one largest score does not serve all subsets: each takes its own.
//!
//! In: the scores. Out: what the folder's layer gives. With m_S the largest score of S and E_S = Σ exp(score − m_S), both
//! found from those of a smaller subset, p_S = exp(score − m_S) / E_S. Backward, V_S = Σ p_S ⊗ dy is summed from table
//! to smaller table too, each cell of the parent R weighing exp(m_R − m_S) E_R / E_S; then dW_S = Σ V_S, and the score's
//! gradient is Σ_S p_S (W_S · dy − V_S · W_S). An exponential for each subset and position: slower, and hardly ever needed.

use super::super::context::Context;
use super::super::float::Float;
use super::super::lattice::Pair;
use super::super::plan::{LayerBuffers, TensorPlan, pick};
use super::kernels::{multiplied, weigh_table};
use rayon::prelude::*;

/// Largest scores and sums of exponentials under them in one row of a table, from the parent's.
fn gather<T: Float>(pair: Pair, steps: usize, index: usize, cells: usize, parent: [&[T]; 2], largest: &mut [T], sums: &mut [T]) {
    let [scores, weights] = parent;
    let rows = pair.larger.without(pair.axis).directions() * pair.width;
    for (lane, (largest, sum)) in largest.iter_mut().zip(sums).enumerate().take(cells) {
        let at = |step| pair.source(index / rows, index % rows, lane, step);
        *largest = (1..steps).fold(scores[at(0)], |most, step| most.larger(scores[at(step)]));
        *sum = (0..steps).fold(T::ZERO, |sum, step| (scores[at(step)] - *largest).exp().mul_add(weights[at(step)], sum));
    }
}

/// Every subset's largest scores and sums. The exponentials' place holds ones: each position is its own sum.
fn prepare<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let tables = &plan.tables;
    slab[tables.exponentials.clone()].fill(T::ONE);
    for subset in &tables.subsets {
        let parent = subset.parent.map(|parent| &tables.subsets[parent]);
        let [scores, weights] =
            parent.map_or([&buffers.scores, &tables.exponentials], |parent| [&parent.largest, &parent.inverse]);
        let [scores, weights, largest, sums] = pick(slab, [scores, weights, &subset.largest, &subset.inverse]);
        let (parent, pair, lanes, cells) =
            ([&*scores, &*weights], subset.pair(tables.width), subset.form.lanes(), subset.form.cells());
        largest
            .par_chunks_mut(lanes)
            .zip(sums.par_chunks_mut(lanes))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(row, (largest, sums))| gather(pair, subset.steps(), row, cells, parent, largest, sums));
    }
}

/// [`super::softmax`] from the scores on.
pub fn softmax<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let weight = context.weight(plan.index, &context.record(plan.index).softmax_out);
    let (channels, width, form) = (plan.shape.channels, plan.tables.width, plan.shape.form);
    let (lanes, cells) = (form.lanes(), form.cells());
    prepare(context, plan, slab, buffers);
    for (subset, weight) in plan.tables.subsets.iter().zip(weight.chunks(width * channels)) {
        let ranges = [&subset.largest, &subset.inverse, &buffers.scores, &buffers.softmax];
        let [largest, sums, scores, y] = pick(slab, ranges);
        let (largest, sums) = (&*largest, &*sums);
        y.par_chunks_mut(channels * lanes)
            .zip(scores.par_chunks(width * lanes))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(sheet, (y, scores))| {
                let (plane, direction) = plan.sheet(sheet);
                for (channel, (scores, weight)) in scores.chunks(lanes).zip(weight.chunks(channels)).enumerate() {
                    for lane in 0..cells {
                        let at = subset.form.index(form.at(plane, direction, lane), width, channel);
                        let p = (scores[lane] - largest[at]).exp() / sums[at];
                        for (y, &weight) in y.chunks_mut(lanes).zip(weight) {
                            y[lane] = p.mul_add(weight, y[lane]);
                        }
                    }
                }
            });
    }
}

/// [`super::softmax_back`] from the scores on; leaves their gradient in their place.
pub fn softmax_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    let matrix = &context.record(plan.index).softmax_out;
    let weight = context.weight(plan.index, matrix);
    let (channels, width, form) = (plan.shape.channels, plan.tables.width, plan.shape.form);
    let (lanes, cells) = (form.lanes(), form.cells());
    let long = width * channels;
    let tables = &plan.tables;
    prepare(context, plan, slab, buffers);
    {
        let [ones, dy, products] = pick(slab, [&tables.exponentials, &plan.gradient, &plan.products]);
        for (sheet, product) in products.chunks_mut(long * lanes).enumerate() {
            for (row, product) in product.chunks_mut(lanes).enumerate() {
                let dy = &dy[(sheet * channels + row % channels) * lanes..][..lanes];
                multiplied(context.level, &ones[..lanes], dy, product);
            }
        }
    }
    let weights = weight.chunks(long).zip(gradient[matrix.range.clone()].chunks_mut(long));
    for (subset, (weight, gradient)) in tables.subsets.iter().zip(weights) {
        let parent = subset.parent.map(|parent| &tables.subsets[parent]);
        let [scores, weights, from] = parent
            .map_or([&buffers.scores, &tables.exponentials, &plan.products], |parent| {
                [&parent.largest, &parent.inverse, &parent.table]
            });
        let ranges = [scores, weights, from, &subset.largest, &subset.inverse, &subset.table];
        let [scores, weights, from, largest, sums, table] = pick(slab, ranges);
        let (scores, weights, from, largest, sums) = (&*scores, &*weights, &*from, &*largest, &*sums);
        let (lanes, cells) = (subset.form.lanes(), subset.form.cells());
        // V of each position, from the parent's, each weighing by what it is of the sum.
        let (narrow, wide) = (subset.pair(width), subset.pair(long));
        let rows = subset.form.directions() * long;
        table.par_chunks_mut(lanes).with_min_len(context.team.least()).enumerate().for_each(|(index, table)| {
            let (plane, row) = (index / rows, index % rows);
            for (lane, to) in table.iter_mut().enumerate().take(cells) {
                let own = index / channels * lanes + lane;
                *to = (0..subset.steps()).fold(T::ZERO, |sum, step| {
                    let at = narrow.source(plane, row / channels, lane, step);
                    let share = (scores[at] - largest[own]).exp() * weights[at] / sums[own];
                    share.mul_add(from[wide.source(plane, row, lane, step)], sum)
                });
            }
        });
        let [ones, table, taken] = pick(slab, [&tables.exponentials, &subset.table, &subset.taken]);
        let rows = table.chunks(channels * lanes).zip(taken.chunks_mut(lanes));
        for (row, (table, taken)) in rows.enumerate() {
            let own = row % width * channels..(row % width + 1) * channels;
            let (weight, gradient) = (&weight[own.clone()], &mut gradient[own]);
            weigh_table(context.level, &ones[..lanes], table, weight, gradient, taken, cells);
        }
    }
    // The ones have served: their place takes the sum.
    slab[tables.exponentials.clone()].fill(T::ZERO);
    for (subset, weight) in tables.subsets.iter().zip(weight.chunks(long)) {
        let ranges =
            [&subset.largest, &subset.inverse, &subset.taken, &buffers.scores, &plan.gradient, &tables.exponentials];
        let [largest, sums, taken, scores, dy, slopes] = pick(slab, ranges);
        let (largest, sums, taken) = (&*largest, &*sums, &*taken);
        slopes
            .par_chunks_mut(width * lanes)
            .zip(scores.par_chunks(width * lanes))
            .zip(dy.par_chunks(channels * lanes))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(sheet, ((slopes, scores), dy))| {
                let (plane, direction) = plan.sheet(sheet);
                let rows = slopes.chunks_mut(lanes).zip(scores.chunks(lanes)).zip(weight.chunks(channels));
                for (channel, ((slopes, scores), weight)) in rows.enumerate() {
                    for lane in 0..cells {
                        let at = subset.form.index(form.at(plane, direction, lane), width, channel);
                        let p = (scores[lane] - largest[at]).exp() / sums[at];
                        let along = weight
                            .iter()
                            .zip(dy.chunks(lanes))
                            .fold(-taken[at], |along, (&weight, dy)| weight.mul_add(dy[lane], along));
                        slopes[lane] = p.mul_add(along, slopes[lane]);
                    }
                }
            });
    }
    let [slopes, scores] = pick(slab, [&tables.exponentials, &buffers.scores]);
    scores.copy_from_slice(slopes);
}
