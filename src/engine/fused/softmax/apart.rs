//! The softmaxes where scores lie so far apart that one largest score does not serve all subsets: each takes its own.
//!
//! In: the scores. Out: what the folder's layer gives. With m_S the largest score of S and E_S = Σ exp(score − m_S), both
//! found from those of a smaller subset, p_S = exp(score − m_S) / E_S. Backward, V_S = Σ p_S ⊗ dy is summed from table
//! to smaller table too, each cell of the parent R weighing exp(m_R − m_S) E_R / E_S; then dW_S = Σ V_S, and the score's
//! gradient is Σ_S p_S (W_S · dy − V_S · W_S). An exponential for each subset and position: slower, and hardly ever needed.

use super::super::context::Context;
use super::super::float::Float;
use super::super::lattice::View;
use super::super::plan::{LayerBuffers, TensorPlan, pick};
use super::super::simd::kernel;
use super::kernels::{outer_rows, weigh_tables};
use super::tables::{Entry, runs};
use rayon::prelude::*;

/// Positions of a table that one task fills.
const GRAIN: usize = 256;

/// Which position of the parent is the `step`th of those summed into `position`.
#[inline(always)]
fn source(View { axis, inner, .. }: View, position: usize, step: usize) -> usize {
    (position / inner * axis + step) * inner + position % inner
}

kernel! {
    /// Largest scores and sums of exponentials under them, from the parent's, for positions from `first` on.
    fn gather<T: Float>(view: View, first: usize, width: usize, parent: [&[T]; 2], largest: &mut [T], sums: &mut [T]) {
        let [scores, weights] = parent;
        for (index, (largest, sum)) in largest.iter_mut().zip(sums).enumerate() {
            let at = |step| source(view, first + index / width, step) * width + index % width;
            *largest = scores[at(0)];
            for step in 1..view.axis {
                *largest = largest.larger(scores[at(step)]);
            }
            *sum = T::ZERO;
            for step in 0..view.axis {
                *sum = (scores[at(step)] - *largest).exp().mul_add(weights[at(step)], *sum);
            }
        }
    }

    /// V of each position, from the parent's. `parent`: largest scores, sums, V.
    fn gather_gradient<T: Float>(view: View, first: usize, width: usize, parent: [&[T]; 3], largest: &[T], sums: &[T], table: &mut [T]) {
        let [scores, weights, from] = parent;
        let channels = table.len() / largest.len();
        for (index, table) in table.chunks_exact_mut(channels).enumerate() {
            table.fill(T::ZERO);
            for step in 0..view.axis {
                let at = source(view, first + index / width, step) * width + index % width;
                let share = (scores[at] - largest[index]).exp() * weights[at] / sums[index];
                for (to, &from) in table.iter_mut().zip(&from[at * channels..][..channels]) {
                    *to = share.mul_add(from, *to);
                }
            }
        }
    }

    /// y += p · W, along one run of positions. `tables`: largest scores and sums.
    fn spend<T: Float>(tables: [&[T]; 2], entry: Entry, weight: &[T], scores: &[T], y: &mut [T], width: usize, channels: usize) {
        let [largest, sums] = tables;
        for (row, (scores, y)) in scores.chunks_exact(width).zip(y.chunks_exact_mut(channels)).enumerate() {
            let first = (entry.start + row * entry.stride) * width;
            for ((at, &score), weight) in (first..).zip(scores).zip(weight.chunks_exact(channels)) {
                let p = (score - largest[at]).exp() / sums[at];
                for (y, &weight) in y.iter_mut().zip(weight) {
                    *y = p.mul_add(weight, *y);
                }
            }
        }
    }

    /// slopes += p (W · dy − V · W), along one run of positions. `tables`: largest scores, sums and V · W.
    fn spend_back<T: Float>(tables: [&[T]; 3], entry: Entry, weight: &[T], scores: &[T], dy: &[T], slopes: &mut [T], width: usize, channels: usize) {
        let [largest, sums, taken] = tables;
        let rows = scores.chunks_exact(width).zip(dy.chunks_exact(channels)).zip(slopes.chunks_exact_mut(width));
        for (row, ((scores, dy), slopes)) in rows.enumerate() {
            let first = (entry.start + row * entry.stride) * width;
            let by_channel = scores.iter().zip(slopes).zip(weight.chunks_exact(channels));
            for (at, ((&score, slope), weight)) in (first..).zip(by_channel) {
                let p = (score - largest[at]).exp() / sums[at];
                let mut along = -taken[at];
                for (&weight, &dy) in weight.iter().zip(dy) {
                    along = weight.mul_add(dy, along);
                }
                *slope = p.mul_add(along, *slope);
            }
        }
    }
}

/// Every subset's largest scores and sums. The exponentials' place holds ones: each position is its own sum.
fn prepare<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let tables = &plan.tables;
    let grain = GRAIN * tables.width;
    slab[tables.exponentials.clone()].fill(T::ONE);
    for subset in &tables.subsets {
        let parent = subset.parent.map(|parent| &tables.subsets[parent]);
        let [scores, weights] =
            parent.map_or([&buffers.scores, &tables.exponentials], |parent| [&parent.largest, &parent.inverse]);
        let [scores, weights, largest, sums] = pick(slab, [scores, weights, &subset.largest, &subset.inverse]);
        let parent = [&*scores, &*weights];
        largest
            .par_chunks_mut(grain)
            .zip(sums.par_chunks_mut(grain))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(chunk, (largest, sums))| {
                gather(context.level, subset.parent_view, chunk * GRAIN, tables.width, parent, largest, sums);
            });
    }
}

/// [`super::softmax`] from the scores on.
pub fn softmax<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let weight = context.weight(plan.index, &context.record(plan.index).softmax_out);
    let (channels, width, block) = (plan.shape.channels, plan.tables.width, plan.shape.block());
    prepare(context, plan, slab, buffers);
    for (subset, weight) in plan.tables.subsets.iter().zip(weight.chunks(width * channels)) {
        let ranges = [&subset.largest, &subset.inverse, &buffers.scores, &buffers.softmax];
        let [largest, sums, scores, y] = pick(slab, ranges);
        let tables = [&*largest, &*sums];
        y.par_chunks_mut(block * channels)
            .zip(scores.par_chunks(block * width))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, (y, scores))| {
                runs(plan, index, |rows, start| {
                    let scores = &scores[rows.start * width..rows.end * width];
                    let y = &mut y[rows.start * channels..rows.end * channels];
                    spend(context.level, tables, subset.entry(start), weight, scores, y, width, channels);
                });
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
    let (channels, width, block) = (plan.shape.channels, plan.tables.width, plan.shape.block());
    let long = width * channels;
    let tables = &plan.tables;
    prepare(context, plan, slab, buffers);
    {
        let [ones, dy, products] = pick(slab, [&tables.exponentials, &plan.gradient, &plan.products]);
        outer_rows(context.level, ones, dy, products, width, channels);
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
        let parent = [&*scores, &*weights, &*from];
        table
            .par_chunks_mut(GRAIN * long)
            .zip(largest.par_chunks(GRAIN * width).zip(sums.par_chunks(GRAIN * width)))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(chunk, (table, (largest, sums)))| {
                let first = chunk * GRAIN;
                gather_gradient(context.level, subset.parent_view, first, width, parent, largest, sums, table);
            });
        let [ones, table, taken] = pick(slab, [&tables.exponentials, &subset.table, &subset.taken]);
        weigh_tables(context.level, &ones[..taken.len()], table, weight, gradient, taken);
    }
    // The ones have served: their place takes the sum.
    slab[tables.exponentials.clone()].fill(T::ZERO);
    for (subset, weight) in tables.subsets.iter().zip(weight.chunks(long)) {
        let ranges =
            [&subset.largest, &subset.inverse, &subset.taken, &buffers.scores, &plan.gradient, &tables.exponentials];
        let [largest, sums, taken, scores, dy, slopes] = pick(slab, ranges);
        let by_subset = [&*largest, &*sums, &*taken];
        slopes
            .par_chunks_mut(block * width)
            .zip(scores.par_chunks(block * width))
            .zip(dy.par_chunks(block * channels))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, ((slopes, scores), dy))| {
                runs(plan, index, |rows, start| {
                    let narrow = rows.start * width..rows.end * width;
                    let dy = &dy[rows.start * channels..rows.end * channels];
                    let (scores, slopes) = (&scores[narrow.clone()], &mut slopes[narrow]);
                    let entry = subset.entry(start);
                    spend_back(context.level, by_subset, entry, weight, scores, dy, slopes, width, channels);
                });
            });
    }
    let [slopes, scores] = pick(slab, [&tables.exponentials, &buffers.scores]);
    scores.copy_from_slice(slopes);
}
