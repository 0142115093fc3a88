//! The communication layers: every tensor hears from all smaller ones (up) or all larger ones (down).
//!
//! In: messages, one for each tensor. Out: their sums, in place. Sums run through the lattice of axis sets one axis at a
//! time, so that each tensor is added once an axis; the way back is the same lattice, transposed.

use super::float::Float;
use super::columns::total;
use super::geometry::{LANES, place};
use super::lattice::{Pair, add_scaled, some};
use super::plan::{TensorPlan, pick};
use super::simd::{Level, kernel};
use super::team::Team;
use super::wide::{Kernel, Wide};
use crate::model::{Axes, Axis, Equivariance, Plan};
use rayon::prelude::*;
use std::ops::Range;

/// Keeps a mean over no cell finite (CompressARC, `share_direction`).
const MASK_EPSILON: f32 = 1e-4;

/// The weight of each cell in means over rows and columns, for one puzzle.
#[derive(Clone, Debug)]
pub struct SpatialMeans<T> {
    /// Over columns and over rows, (example, lane of a plane).
    columns: Vec<T>,
    rows: Vec<T>,
    /// The same where the tensor lacks the other axis: (example, column) and (example, row).
    columns_alone: Vec<T>,
    rows_alone: Vec<T>,
    /// Over both at once, (example, lane of a plane); without it the mean over columns is taken over rows.
    both: Option<Vec<T>>,
}

impl<T: Float> SpatialMeans<T> {
    /// Over all cells where the output's size is unknown, else over the cells of an example's grids.
    pub fn new(plan: &Plan, equivariance: Equivariance) -> Self {
        let (examples, rows, columns) = (plan.dimensions.examples, plan.dimensions.rows, plan.dimensions.columns);
        let (mask, epsilon) = if plan.output_size_known {
            (plan.in_bounds(), MASK_EPSILON)
        } else {
            (vec![1.0; examples * rows * columns], 0.0)
        };
        let cell = |example: usize, row: usize, column: usize| mask[(example * rows + row) * columns + column];
        let build = |height: usize, width: usize, pad: bool, count: &dyn Fn(usize, usize, usize) -> f32| {
            let mut weights = Vec::with_capacity(examples * height * width);
            for example in 0..examples {
                for row in 0..height {
                    for column in 0..width {
                        let weight = cell(example, row, column) / (count(example, row, column) + epsilon);
                        weights.push(T::of(f64::from(weight)));
                    }
                }
                if pad {
                    weights.resize((example + 1) * (rows * columns).next_multiple_of(LANES), T::ZERO);
                }
            }
            weights
        };
        let in_row =
            |example: usize, row: usize, _: usize| (0..columns).map(|column| cell(example, row, column)).sum::<f32>();
        let in_column =
            |example: usize, _: usize, column: usize| (0..rows).map(|row| cell(example, row, column)).sum::<f32>();
        let in_both =
            |example: usize, _: usize, _: usize| mask[example * rows * columns..][..rows * columns].iter().sum::<f32>();
        let joint = plan.output_size_known && equivariance == Equivariance::Exact;
        Self {
            columns: build(rows, columns, true, &in_row),
            rows: build(rows, columns, true, &in_column),
            // Without one of the axes, the first row or column stands for it: every grid has it.
            columns_alone: build(1, columns, false, &in_row),
            rows_alone: build(rows, 1, false, &in_column),
            both: joint.then(|| build(rows, columns, true, &in_both)),
        }
    }
}

/// Pairs of tensors that differ by `axis`, as (smaller, larger).
fn pairs(axis: Axis) -> impl Iterator<Item = (Axes, Axes)> {
    let smaller = Axes::all().filter(move |axes| !axes.has(axis) && axes.with(axis).is_valid());
    smaller.map(move |axes| (axes, axes.with(axis)))
}

/// Sums messages up the lattice: each tensor's message becomes the sum of those of its subsets.
pub fn sum_up<T: Float>(team: Team, level: Level, tensors: &[TensorPlan], arena: &mut [T], width: usize) {
    for axis in Axis::ALL {
        for (smaller, larger) in pairs(axis) {
            let (from, to) = (&tensors[smaller.index()], &tensors[larger.index()]);
            let pair = Pair { larger: to.shape.form, axis, width };
            let [from, to] = pick(arena, [&from.in_arena(&from.message), &to.in_arena(&to.message)]);
            pair.add_spread(team, level, from, T::ONE, to);
        }
    }
}

/// The transpose of [`sum_up`]: each message's gradient becomes the sum of those of its supersets.
pub fn sum_up_back<T: Float>(team: Team, level: Level, tensors: &[TensorPlan], arena: &mut [T], width: usize) {
    for axis in Axis::ALL.into_iter().rev() {
        for (smaller, larger) in pairs(axis) {
            let (to, from) = (&tensors[smaller.index()], &tensors[larger.index()]);
            let pair = Pair { larger: from.shape.form, axis, width };
            let [to, from] = pick(arena, [&to.in_arena(&to.message), &from.in_arena(&from.message)]);
            pair.add_sums(team, level, from, T::ONE, to);
        }
    }
}

/// Axes other than rows and columns, in the order in which means are taken over them.
const PLAIN_AXES: [Axis; 3] = [Axis::Direction, Axis::Colour, Axis::Example];

/// What sharing down in one layer works on.
pub struct Down<'a, T> {
    /// One thread or several.
    pub team: Team,
    /// Instructions to use.
    pub level: Level,
    /// Every tensor.
    pub tensors: &'a [TensorPlan],
    /// The tensors that send.
    pub sources: &'a [Axes],
    /// The puzzle's means.
    pub means: &'a SpatialMeans<T>,
    /// The layer.
    pub layer: usize,
    /// Channels of a message.
    pub width: usize,
}

impl<T: Float> Down<'_, T> {
    /// Each tensor's message becomes its sum with the means of those of its supersets.
    pub fn sum(&self, arena: &mut [T]) {
        for both in self.planes() {
            self.sum_space(both, arena);
        }
        for axis in PLAIN_AXES {
            for (smaller, larger) in self.pairs(axis) {
                let pair = Pair { larger: self.tensors[larger.index()].shape.form, axis, width: self.width };
                let [to, from] = pick(arena, [&self.message(smaller), &self.message(larger)]);
                pair.add_sums(self.team, self.level, from, self.share(larger, axis), to);
            }
        }
    }

    /// The transpose of [`Down::sum`].
    pub fn sum_back(&self, arena: &mut [T]) {
        for axis in PLAIN_AXES.into_iter().rev() {
            for (smaller, larger) in self.pairs(axis) {
                let pair = Pair { larger: self.tensors[larger.index()].shape.form, axis, width: self.width };
                let [from, to] = pick(arena, [&self.message(smaller), &self.message(larger)]);
                pair.add_spread(self.team, self.level, from, self.share(larger, axis), to);
            }
        }
        for both in self.planes() {
            self.spread_space(both, arena);
        }
    }

    /// Tensors with rows and columns.
    fn planes(&self) -> impl Iterator<Item = Axes> {
        self.sources.iter().copied().filter(|axes| axes.has(Axis::Row) && axes.has(Axis::Column))
    }

    /// (smaller, larger) tensors that differ by `axis`.
    fn pairs(&self, axis: Axis) -> impl Iterator<Item = (Axes, Axes)> {
        let larger = self.sources.iter().copied().filter(move |axes| axes.has(axis));
        larger.map(move |larger| (larger.without(axis), larger)).filter(|(smaller, _)| self.sources.contains(smaller))
    }

    fn message(&self, axes: Axes) -> Range<usize> {
        let tensor = &self.tensors[axes.index()];
        tensor.in_arena(&tensor.layers[self.layer].down)
    }

    /// 1 over the length of an axis.
    fn share(&self, axes: Axes, axis: Axis) -> T {
        T::of(1.0 / self.tensors[axes.index()].shape.form.lengths[place(axis)] as f64)
    }

    /// What a tensor with rows and columns shares space with: the tensors without columns, rows and, where it hears, both.
    fn around(&self, both: Axes) -> (Axes, Axes, Option<Axes>) {
        let (without_columns, without_rows) = (both.without(Axis::Column), both.without(Axis::Row));
        let without = without_columns.without(Axis::Row);
        (without_columns, without_rows, self.sources.contains(&without).then_some(without))
    }

    /// Numbers of a row of a tensor's message.
    fn lanes(&self, axes: Axes) -> usize {
        self.tensors[axes.index()].shape.form.lanes()
    }

    /// Means over columns, rows and both of the messages of `both`.
    fn sum_space(&self, both: Axes, arena: &mut [T]) {
        let form = self.tensors[both.index()].shape.form;
        let [_, colours, rows, columns, directions] = form.lengths;
        let (without_columns, without_rows, without) = self.around(both);
        let (lanes, long) = (form.lanes(), directions * self.width);
        let nothing = self.message(both).end..self.message(both).end;
        let whole = without.map_or(nothing, |axes| self.message(axes));
        let ranges = [&self.message(both), &self.message(without_columns), &self.message(without_rows), &whole];
        let [by_cell, by_row, by_column, whole] = pick(arena, ranges);
        let by_cell = &*by_cell;
        let whole_lanes = without.map(|axes| self.lanes(axes));
        let each = |row: usize, by_row: &mut [T], by_column: &mut [T], mut whole: Option<&mut [T]>| {
            for plane in 0..form.planes() {
                let weights = self.means.of(plane / colours, rows, columns);
                let values = &by_cell[(plane * long + row) * lanes..][..lanes];
                let by_row = &mut by_row[plane * rows..(plane + 1) * rows];
                let by_column = &mut by_column[plane * columns..(plane + 1) * columns];
                // The exact network takes the mean of the cells at once, the published one that of the rows' sums.
                if let Some(whole) = &mut whole {
                    let whole = &mut whole[plane];
                    if let Some(both) = weights.both {
                        *whole += dot(self.level, values, both) + dot_short(by_row, weights.rows_alone);
                    }
                    *whole += dot_short(by_column, weights.columns_alone);
                }
                let (over_columns, over_rows) = (weights.columns, weights.rows);
                T::run(self.level, Fold { values, over_columns, over_rows, by_row, by_column });
                if let (Some(whole), None) = (&mut whole, weights.both) {
                    whole[plane] += dot_short(by_row, weights.rows_alone);
                }
            }
        };
        let by_rows = by_row.par_chunks_mut(self.lanes(without_columns)).zip(by_column.par_chunks_mut(self.lanes(without_rows)));
        match whole_lanes {
            Some(long) => by_rows
                .zip(whole.par_chunks_mut(long))
                .with_min_len(self.team.least())
                .enumerate()
                .for_each(|(row, ((by_row, by_column), whole))| each(row, by_row, by_column, Some(whole))),
            None => by_rows
                .with_min_len(self.team.least())
                .enumerate()
                .for_each(|(row, (by_row, by_column))| each(row, by_row, by_column, None)),
        }
    }

    /// The transpose of [`Down::sum_space`].
    fn spread_space(&self, both: Axes, arena: &mut [T]) {
        let form = self.tensors[both.index()].shape.form;
        let [_, colours, rows, columns, directions] = form.lengths;
        let (without_columns, without_rows, without) = self.around(both);
        let (lanes, long) = (form.lanes(), directions * self.width);
        let nothing = self.message(both).end..self.message(both).end;
        let whole = without.map_or(nothing, |axes| self.message(axes));
        let ranges = [&self.message(both), &self.message(without_columns), &self.message(without_rows), &whole];
        let [by_cell, by_row, by_column, whole] = pick(arena, ranges);
        let whole = without.map(|axes| (&*whole, self.lanes(axes)));
        let published = self.means.both.is_none();
        let (row_lanes, column_lanes) = (self.lanes(without_columns), self.lanes(without_rows));
        let spread_alone = |lines: &mut [T], lanes: usize, count: usize, of: &dyn Fn(usize) -> usize, weights: &[T]| {
            if let Some((whole, long)) = whole {
                for (lines, whole) in lines.chunks_mut(lanes).zip(whole.chunks(long)) {
                    for (plane, (lines, &whole)) in lines.chunks_mut(count).zip(whole).take(form.planes()).enumerate() {
                        for (line, &weight) in lines.iter_mut().zip(&weights[of(plane) * count..]) {
                            *line = weight.mul_add(whole, *line);
                        }
                    }
                }
            }
        };
        let example = |plane: usize| plane / colours;
        if published {
            spread_alone(by_row, row_lanes, rows, &example, &self.means.rows_alone);
        }
        {
            let (by_row, by_column) = (&*by_row, &*by_column);
            by_cell.par_chunks_mut(lanes).with_min_len(self.team.least()).enumerate().for_each(|(index, values)| {
                let (plane, row) = (index / long, index % long);
                let weights = self.means.of(example(plane), rows, columns);
                let by_row = &by_row[row * row_lanes + plane * rows..][..rows];
                let by_column = &by_column[row * column_lanes + plane * columns..][..columns];
                unfold(self.level, values, weights.columns, weights.rows, by_row, by_column);
                if let (Some((whole, long)), Some(both)) = (whole, weights.both) {
                    add_scaled(self.level, &both[..values.len()], whole[row * long + plane], values);
                }
            });
        }
        spread_alone(by_column, column_lanes, columns, &example, &self.means.columns_alone);
        if !published {
            spread_alone(by_row, row_lanes, rows, &example, &self.means.rows_alone);
        }
    }
}

kernel! {
    /// Σ values · weights.
    fn dot<T: Float>(values: &[T], weights: &[T]) -> T {
        let mut sum = [T::ZERO; LANES];
        for (values, weights) in values.as_chunks::<LANES>().0.iter().zip(weights.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                // What stands in the padding is no number to count on.
                let value = if weights[lane] == T::ZERO { T::ZERO } else { values[lane] };
                sum[lane] = value.mul_add(weights[lane], sum[lane]);
            }
        }
        total(sum)
    }

    /// values += by_row · over_columns + by_column · over_rows.
    fn unfold<T: Float>(values: &mut [T], over_columns: &[T], over_rows: &[T], by_row: &[T], by_column: &[T]) {
        let columns = by_column.len();
        for (row, &by_row) in by_row.iter().enumerate() {
            let area = row * columns..(row + 1) * columns;
            let weights = over_columns[area.clone()].iter().zip(&over_rows[area.clone()]);
            for ((value, (&over_columns, &over_rows)), &by_column) in values[area].iter_mut().zip(weights).zip(by_column) {
                *value = by_row.mul_add(over_columns, by_column.mul_add(over_rows, *value));
            }
        }
    }
}

/// by_row += Σ over columns of values · over_columns; by_column += Σ over rows of values · over_rows.
struct Fold<'a, T> {
    values: &'a [T],
    over_columns: &'a [T],
    over_rows: &'a [T],
    by_row: &'a mut [T],
    by_column: &'a mut [T],
}

impl<T: Float> Kernel<T> for Fold<'_, T> {
    #[inline(always)]
    fn run<W: Wide<T>, const TILE: usize, const VECTORS: usize>(self) {
        let columns = self.by_column.len();
        for (chunk, by_column) in self.by_column.chunks_mut(LANES).enumerate() {
            let mut sums = W::splat(T::ZERO);
            for (row, by_row) in self.by_row.iter_mut().enumerate() {
                let at = row * columns + chunk * LANES;
                let values: W = some(self.values, at, by_column.len());
                let along: W = some(self.over_columns, at, by_column.len());
                *by_row += values.times_plus(along, W::splat(T::ZERO)).total();
                sums = values.times_plus(some(self.over_rows, at, by_column.len()), sums);
            }
            let mut lanes = [T::ZERO; LANES];
            sums.store(&mut lanes, 0);
            for (by_column, &sum) in by_column.iter_mut().zip(&lanes) {
                *by_column += sum;
            }
        }
    }
}

/// Σ values · weights, of a line.
fn dot_short<T: Float>(values: &[T], weights: &[T]) -> T {
    values.iter().zip(weights).fold(T::ZERO, |sum, (&value, &weight)| value.mul_add(weight, sum))
}

impl<T> SpatialMeans<T> {
    fn of(&self, example: usize, rows: usize, columns: usize) -> Weights<'_, T> {
        let lanes = (rows * columns).next_multiple_of(LANES);
        let area = example * lanes..(example + 1) * lanes;
        Weights {
            columns: &self.columns[area.clone()],
            rows: &self.rows[area.clone()],
            columns_alone: &self.columns_alone[example * columns..(example + 1) * columns],
            rows_alone: &self.rows_alone[example * rows..(example + 1) * rows],
            both: self.both.as_ref().map(|both| &both[area]),
        }
    }
}

/// One example's part of [`SpatialMeans`].
struct Weights<'a, T> {
    columns: &'a [T],
    rows: &'a [T],
    columns_alone: &'a [T],
    rows_alone: &'a [T],
    both: Option<&'a [T]>,
}
