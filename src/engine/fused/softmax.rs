//! The softmax layer: softmaxes over every subset of a tensor's axes, side by side, each mapped to the stream.
//!
//! In: the stream. Out: stream + Σ over subsets S and channels of p_S · W_S, with p_S = e / E_S, where e = exp(score) and
//! E_S is e summed over S.
//!
//! No probability is ever formed. E_S depends on the axes outside S alone, so W_S / E_S is a small table, and all
//! tables are summed from the smallest up; the stream gets e · G, with G the sum of the (at most four) tables that lack one
//! axis. Backward, with V_S the sum of e ⊗ dy over S (again summed from table to smaller table):
//! dW_S = Σ V_S / E_S, and the score's gradient is e (G · dy − Σ_S (V_S · W_S) / E_S²).

use super::branch::read_back;
use super::context::Context;
use super::float::Float;
use super::geometry::{Ranges, Shape, place};
use super::lattice::{View, add_spread, add_sums};
use super::linear::product;
use super::plan::{LayerBuffers, TensorPlan, pick};
use super::simd::{kernel, row_by_row};
use crate::model::{Axes, Axis, Network};
use rayon::prelude::*;
use std::ops::Range;

/// One subset's tables.
#[derive(Clone, Debug)]
pub struct Subset {
    /// Which table this one is summed from (none: the exponentials), and over which axis.
    parent: Option<usize>,
    /// How the parent is seen, one number a position.
    parent_view: View,
    /// Sums of exponentials, then their inverses: (position, softmax channel).
    inverse: Range<usize>,
    /// Weights over sums, or sums of e ⊗ dy: (position, softmax channel, channel).
    table: Range<usize>,
    /// What is taken off the score's gradient: (position, softmax channel).
    taken: Range<usize>,
    /// Strides of a position's table entry by example, colour, row, column, direction.
    strides: [usize; 5],
}

/// The tables of one tensor; layers share them.
#[derive(Clone, Debug)]
pub struct Tables {
    subsets: Vec<Subset>,
    /// Which subsets are a single axis.
    single: Vec<usize>,
    /// Exponentials, (position, softmax channel).
    exponentials: Range<usize>,
    /// Largest scores, (plane, softmax channel), then (example, softmax channel).
    largest: Range<usize>,
    /// Softmax channels.
    width: usize,
}

impl Tables {
    /// Lays out the tables of a tensor.
    pub fn new(shape: &Shape, width: usize, ranges: &mut Ranges) -> Self {
        let axes = shape.axes;
        let subsets = Network::softmax_subsets(axes);
        let rest = |subset: Axes| subset.iter().fold(axes, Axes::without);
        let positions = |axes: Axes| axes.iter().map(|axis| shape.lengths[place(axis)]).product::<usize>();
        let tables = subsets
            .iter()
            .map(|&subset| {
                // Summed from the smallest table there is.
                let last = subset.iter().min_by_key(|&axis| shape.lengths[place(axis)]).unwrap_or(Axis::Colour);
                let parent = subset.without(last);
                let left = rest(subset);
                let mut strides = [0; 5];
                let mut stride = 1;
                for (index, axis) in [Axis::Example, Axis::Colour, Axis::Row, Axis::Column, Axis::Direction]
                    .into_iter()
                    .enumerate()
                    .rev()
                {
                    if left.has(axis) {
                        strides[index] = stride;
                        stride *= shape.lengths[index];
                    }
                }
                let count = positions(left);
                Subset {
                    parent: subsets.iter().position(|&other| other == parent),
                    parent_view: shape.view(rest(parent), last, 1),
                    inverse: ranges.take(count * width),
                    table: ranges.take(count * width * shape.channels),
                    taken: ranges.take(count * width),
                    strides,
                }
            })
            .collect();
        Self {
            single: (0..subsets.len()).filter(|&index| subsets[index].len() == 1).collect(),
            subsets: tables,
            exponentials: ranges.take(shape.positions() * width),
            largest: ranges.take(2 * shape.planes() * width),
            width,
        }
    }
}

/// The same view with `width` numbers a position.
fn wide(view: View, width: usize) -> View {
    View { inner: view.inner * width, ..view }
}

/// Where the tables of single axes start for a run of positions along the last axis, and how far apart entries are.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    start: usize,
    stride: usize,
}

/// Numbers that are handled at once.
const TILE: usize = 32;

/// `values` repeated over a tile; none where they don't fit a whole number of times.
#[inline(always)]
fn tiled<T: Float>(values: &[T]) -> Option<[T; TILE]> {
    if !TILE.is_multiple_of(values.len()) {
        return None;
    }
    let mut tile = [T::ZERO; TILE];
    for row in tile.chunks_exact_mut(values.len()) {
        row.copy_from_slice(values);
    }
    Some(tile)
}

#[inline(always)]
fn exponential<T: Float>(x: T, largest: T) -> T {
    (x - largest + T::SOFTMAX_TOP).larger(T::SOFTMAX_TOP - T::SOFTMAX_RANGE).exp()
}

kernel! {
    /// The largest of each column. `x`: (row, column).
    fn column_maxima<T: Float>(x: &[T], largest: &mut [T]) {
        let columns = largest.len();
        let mut rest = x;
        if let Some(mut tile) = tiled(largest) {
            let (tiles, after) = x.as_chunks::<TILE>();
            for x in tiles {
                row_by_row();
                for lane in 0..TILE {
                    tile[lane] = tile[lane].larger(x[lane]);
                }
            }
            for (lane, &value) in tile.iter().enumerate() {
                largest[lane % columns] = largest[lane % columns].larger(value);
            }
            rest = after;
        }
        for x in rest.chunks_exact(columns) {
            for (largest, &x) in largest.iter_mut().zip(x) {
                *largest = largest.larger(x);
            }
        }
    }

    /// e = exp(x − largest + top), by column.
    fn exponentials<T: Float>(x: &[T], largest: &[T], e: &mut [T]) {
        let mut done = 0;
        if let Some(tile) = tiled(largest) {
            for (x, e) in x.as_chunks::<TILE>().0.iter().zip(e.as_chunks_mut::<TILE>().0) {
                row_by_row();
                for lane in 0..TILE {
                    e[lane] = exponential(x[lane], tile[lane]);
                }
                done += TILE;
            }
        }
        let columns = largest.len();
        for (x, e) in x[done..].chunks_exact(columns).zip(e[done..].chunks_exact_mut(columns)) {
            for ((&x, &largest), e) in x.iter().zip(largest).zip(e) {
                *e = exponential(x, largest);
            }
        }
    }

    /// 1 / x, in place.
    fn invert<T: Float>(x: &mut [T]) {
        for x in x {
            *x = T::ONE / *x;
        }
    }

    /// table = inverse ⊗ weight. `inverse`: (row, width); `weight`: (width, channel); `table`: (row, width, channel).
    fn divide_weights<T: Float>(inverse: &[T], weight: &[T], table: &mut [T]) {
        let width = inverse.len() * weight.len() / table.len();
        let channels = weight.len() / width;
        for (inverse, table) in inverse.chunks_exact(width).zip(table.chunks_exact_mut(weight.len())) {
            for ((&inverse, weight), table) in
                inverse.iter().zip(weight.chunks_exact(channels)).zip(table.chunks_exact_mut(channels))
            {
                for (table, &weight) in table.iter_mut().zip(weight) {
                    *table = inverse * weight;
                }
            }
        }
    }

    /// gradient += Σ inverse · table; taken = inverse² (table · weight).
    fn weigh_tables<T: Float>(inverse: &[T], table: &[T], weight: &[T], gradient: &mut [T], taken: &mut [T]) {
        let width = inverse.len() * weight.len() / table.len();
        let channels = weight.len() / width;
        let rows = inverse.chunks_exact(width).zip(table.chunks_exact(weight.len())).zip(taken.chunks_exact_mut(width));
        for ((inverse, table), taken) in rows {
            for channel in 0..width {
                let inverse = inverse[channel];
                let range = channel * channels..(channel + 1) * channels;
                let mut along = T::ZERO;
                for ((&table, &weight), gradient) in
                    table[range.clone()].iter().zip(&weight[range.clone()]).zip(&mut gradient[range])
                {
                    let share = inverse * table;
                    *gradient += share;
                    along = share.mul_add(weight, along);
                }
                taken[channel] = inverse * along;
            }
        }
    }

    /// product = e ⊗ dy. `e`: (row, width); `dy`: (row, channel); `product`: (row, width, channel).
    fn outer_rows<T: Float>(e: &[T], dy: &[T], product: &mut [T], width: usize, channels: usize) {
        match channels {
            8 => outer_fixed::<T, 8>(e, dy, product, width),
            16 => outer_fixed::<T, 16>(e, dy, product, width),
            _ => {
                let rows = e.chunks_exact(width).zip(dy.chunks_exact(channels));
                for ((e, dy), product) in rows.zip(product.chunks_exact_mut(width * channels)) {
                    for (&e, product) in e.iter().zip(product.chunks_exact_mut(channels)) {
                        for (product, &dy) in product.iter_mut().zip(dy) {
                            *product = e * dy;
                        }
                    }
                }
            }
        }
    }

    /// y += e · (the sum of the tables), along one run of positions.
    fn spend<T: Float>(arena: &Singles<T>, entries: &[Entry; 4], e: &[T], y: &mut [T], width: usize, channels: usize) {
        match (width, channels) {
            (2, 8) => spend_fixed::<T, 2, 8>(arena, entries, e, y),
            (2, 16) => spend_fixed::<T, 2, 16>(arena, entries, e, y),
            _ => spend_general(arena, entries, e, y, width, channels),
        }
    }

    /// scores' gradient = e (Σ tables · dy − Σ taken), along one run of positions.
    fn spend_back<T: Float>(arena: &Singles<T>, entries: &[Entry; 4], e: &[T], dy: &[T], scores: &mut [T], width: usize, channels: usize) {
        match (width, channels) {
            (2, 8) => spend_back_fixed::<T, 2, 8>(arena, entries, e, dy, scores),
            (2, 16) => spend_back_fixed::<T, 2, 16>(arena, entries, e, dy, scores),
            _ => spend_back_general(arena, entries, e, dy, scores, width, channels),
        }
    }
}

#[inline(always)]
fn outer_fixed<T: Float, const C: usize>(e: &[T], dy: &[T], product: &mut [T], width: usize) {
    let (product, _) = product.as_chunks_mut::<C>();
    let (dy, _) = dy.as_chunks::<C>();
    for ((e, dy), product) in e.chunks_exact(width).zip(dy).zip(product.chunks_exact_mut(width)) {
        row_by_row();
        for (&e, product) in e.iter().zip(product) {
            for lane in 0..C {
                product[lane] = e * dy[lane];
            }
        }
    }
}

/// The sum of one softmax channel's tables at a position of a run.
#[inline(always)]
fn table_sum<T: Float, const W: usize, const C: usize>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    row: usize,
    channel: usize,
) -> [T; C] {
    let mut sum = [T::ZERO; C];
    for (table, entry) in arena.tables[..arena.count].iter().zip(entries) {
        let at = ((entry.start + row * entry.stride) * W + channel) * C;
        let (table, _) = table[at..at + C].as_chunks::<C>();
        for lane in 0..C {
            sum[lane] += table[0][lane];
        }
    }
    sum
}

#[inline(always)]
fn spend_fixed<T: Float, const W: usize, const C: usize>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    y: &mut [T],
) {
    for (row, (e, y)) in e.as_chunks::<W>().0.iter().zip(y.as_chunks_mut::<C>().0).enumerate() {
        row_by_row();
        for channel in 0..W {
            let sum = table_sum::<T, W, C>(arena, entries, row, channel);
            for lane in 0..C {
                y[lane] = e[channel].mul_add(sum[lane], y[lane]);
            }
        }
    }
}

fn spend_general<T: Float>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    y: &mut [T],
    width: usize,
    channels: usize,
) {
    for (row, (e, y)) in e.chunks_exact(width).zip(y.chunks_exact_mut(channels)).enumerate() {
        for (channel, &e) in e.iter().enumerate() {
            for (lane, y) in y.iter_mut().enumerate() {
                let mut sum = T::ZERO;
                for (table, entry) in arena.tables[..arena.count].iter().zip(entries) {
                    sum += table[((entry.start + row * entry.stride) * width + channel) * channels + lane];
                }
                *y = e.mul_add(sum, *y);
            }
        }
    }
}

/// The sum of a row, pair by pair.
#[inline(always)]
fn pairwise<T: Float, const C: usize>(mut values: [T; C]) -> T {
    let mut half = C / 2;
    while half > 0 {
        for lane in 0..half {
            values[lane] += values[lane + half];
        }
        half /= 2;
    }
    values[0]
}

#[inline(always)]
fn spend_back_fixed<T: Float, const W: usize, const C: usize>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    dy: &[T],
    scores: &mut [T],
) {
    let rows = e.as_chunks::<W>().0.iter().zip(dy.as_chunks::<C>().0).zip(scores.as_chunks_mut::<W>().0);
    for (row, ((e, dy), scores)) in rows.enumerate() {
        row_by_row();
        for channel in 0..W {
            let mut products = table_sum::<T, W, C>(arena, entries, row, channel);
            for lane in 0..C {
                products[lane] = products[lane] * dy[lane];
            }
            let mut taken = T::ZERO;
            for (table, entry) in arena.taken[..arena.count].iter().zip(entries) {
                taken += table[(entry.start + row * entry.stride) * W + channel];
            }
            scores[channel] = e[channel] * (pairwise(products) - taken);
        }
    }
}

fn spend_back_general<T: Float>(
    arena: &Singles<T>,
    entries: &[Entry; 4],
    e: &[T],
    dy: &[T],
    scores: &mut [T],
    width: usize,
    channels: usize,
) {
    let rows = e.chunks_exact(width).zip(dy.chunks_exact(channels)).zip(scores.chunks_exact_mut(width));
    for (row, ((e, dy), scores)) in rows.enumerate() {
        for channel in 0..width {
            let mut along = T::ZERO;
            for index in 0..arena.count {
                let entry = entries[index];
                let at = (entry.start + row * entry.stride) * width + channel;
                along -= arena.taken[index][at];
                for (&dy, &table) in dy.iter().zip(&arena.tables[index][at * channels..(at + 1) * channels]) {
                    along = dy.mul_add(table, along);
                }
            }
            scores[channel] = e[channel] * along;
        }
    }
}

/// The tables of single axes.
struct Singles<'a, T> {
    tables: [&'a [T]; 4],
    taken: [&'a [T]; 4],
    count: usize,
}

/// Calls `run` for every run of positions along the last axis of one block: (first position, entries).
fn runs<'a>(plan: &'a TensorPlan, block: usize, mut run: impl FnMut(Range<usize>, &[Entry; 4]) + 'a) {
    let lengths = plan.shape.lengths;
    let last = (0..5).rev().find(|&index| lengths[index] > 1).unwrap_or(1);
    let long = lengths[last];
    let start = block * plan.shape.block();
    let end = (start + plan.shape.block()).min(plan.shape.positions());
    let mut position = start;
    while position < end {
        let mut left = position;
        let mut place = [0; 5];
        for index in (0..5).rev() {
            place[index] = left % lengths[index];
            left /= lengths[index];
        }
        // A block of planes of one cell may begin or end within a run.
        let count = (long - place[last]).min(end - position);
        let mut entries = [Entry::default(); 4];
        for (entry, &subset) in entries.iter_mut().zip(&plan.tables.single) {
            let strides = plan.tables.subsets[subset].strides;
            entry.start = place.iter().zip(&strides).map(|(place, stride)| place * stride).sum();
            entry.stride = strides[last];
        }
        run(position - start..position - start + count, &entries);
        position += count;
    }
}

/// Scores, exponentials, inverse sums and the tables of weights over sums.
fn prepare<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], scores: &Range<usize>) {
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
    for subset in &plan.tables.subsets {
        invert(context.level, &mut slab[subset.inverse.clone()]);
    }
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

/// The tables of single axes, cut out of what `pick` gave.
fn singles<'a, T>(plan: &TensorPlan, tables: [&'a [T]; 4], taken: [&'a [T]; 4]) -> Singles<'a, T> {
    Singles { tables, taken, count: plan.tables.single.len() }
}

/// The ranges that hold the single axes' tables; empty ones where there are fewer than four.
fn single_ranges(plan: &TensorPlan) -> [[Range<usize>; 4]; 2] {
    let range = |index: usize, of: fn(&Subset) -> &Range<usize>| {
        plan.tables.single.get(index).map_or(0..0, |&subset| of(&plan.tables.subsets[subset]).clone())
    };
    [
        std::array::from_fn(|index| range(index, |subset| &subset.table)),
        std::array::from_fn(|index| range(index, |subset| &subset.taken)),
    ]
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
    prepare(context, plan, slab, &buffers.scores);
    fill_tables(context, plan, slab);
    let [[a, b, c, d], _] = single_ranges(plan);
    let [x, e, a, b, c, d] = pick(slab, [&buffers.softmax, &plan.tables.exponentials, &a, &b, &c, &d]);
    let singles = singles(plan, [&*a, &*b, &*c, &*d], [&[]; 4]);
    x.par_chunks_mut(block * channels)
        .zip(e.par_chunks(block * width))
        .with_min_len(context.team.least())
        .enumerate()
        .for_each(|(index, (x, e))| {
            runs(plan, index, |rows, entries| {
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
    prepare(context, plan, slab, &buffers.scores);
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
            runs(plan, index, |rows, entries| {
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
