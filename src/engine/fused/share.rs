//! Messages from larger tensors: every tensor hears the means of all whose axes include its own.
//!
//! In: messages, one for each tensor. Out: their sums, in place. Sums run through the lattice of axis sets one axis at a
//! time, so that each tensor is added once an axis; the way back is the same lattice, transposed.

use super::float::Float;
use super::lattice::{add_spread, add_sums};
use super::plan::{TensorPlan, pick};
use super::simd::{Level, kernel};
use super::team::Team;
use crate::model::{Axes, Axis, Equivariance, Plan};
use rayon::prelude::*;
use std::ops::Range;

/// Keeps a mean over no cell finite (CompressARC, `share_direction`).
const MASK_EPSILON: f32 = 1e-4;

/// The weight of each cell in means over rows and columns, for one puzzle.
#[derive(Clone, Debug)]
pub struct SpatialMeans<T> {
    /// Over columns and over rows, (example, row, column).
    columns: Vec<T>,
    rows: Vec<T>,
    /// The same where the tensor lacks the other axis: (example, column) and (example, row).
    columns_alone: Vec<T>,
    rows_alone: Vec<T>,
    /// Over both at once, (example, row, column); without it the mean over columns is taken over rows.
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
        let build = |height: usize, width: usize, count: &dyn Fn(usize, usize, usize) -> f32| {
            let mut weights = Vec::with_capacity(examples * height * width);
            for example in 0..examples {
                for row in 0..height {
                    for column in 0..width {
                        let weight = cell(example, row, column) / (count(example, row, column) + epsilon);
                        weights.push(T::of(f64::from(weight)));
                    }
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
            columns: build(rows, columns, &in_row),
            rows: build(rows, columns, &in_column),
            // Without one of the axes, the first row or column stands for it: every grid has it.
            columns_alone: build(1, columns, &in_row),
            rows_alone: build(rows, 1, &in_column),
            both: joint.then(|| build(rows, columns, &in_both)),
        }
    }
}

kernel! {
    /// to += weight · from.
    fn add_scaled<T: Float>(from: &[T], weight: T, to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = weight.mul_add(from, *to);
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
            self.over_space(both, arena, &|plane, weights| plane.sum(&weights));
        }
        for axis in PLAIN_AXES {
            for (smaller, larger) in self.pairs(axis) {
                let view = self.tensors[larger.index()].shape.view(larger, axis, self.width);
                let [to, from] = pick(arena, [&self.message(smaller), &self.message(larger)]);
                add_sums(self.team, self.level, view, from, T::of(1.0 / view.axis as f64), to);
            }
        }
    }

    /// The transpose of [`Down::sum`].
    pub fn sum_back(&self, arena: &mut [T]) {
        for axis in PLAIN_AXES.into_iter().rev() {
            for (smaller, larger) in self.pairs(axis) {
                let view = self.tensors[larger.index()].shape.view(larger, axis, self.width);
                let [from, to] = pick(arena, [&self.message(smaller), &self.message(larger)]);
                add_spread(self.team, self.level, view, from, T::of(1.0 / view.axis as f64), to);
            }
        }
        for both in self.planes() {
            self.over_space(both, arena, &|plane, weights| plane.spread(&weights));
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

    /// Does `work` on each plane of `both` and what belongs to it in the tensors without rows, columns or both.
    fn over_space(&self, both: Axes, arena: &mut [T], work: &(dyn Fn(Plane<T>, Weights<T>) + Sync)) {
        let (without_columns, without_rows) = (both.without(Axis::Column), both.without(Axis::Row));
        let without = without_columns.without(Axis::Row);
        let shape = &self.tensors[both.index()].shape;
        let [_, colours, rows, columns, directions] = shape.lengths;
        let cell = directions * self.width;
        let weights = |plane: usize| self.means.of(plane / colours, rows, columns);
        let ranges = [&self.message(both), &self.message(without_columns), &self.message(without_rows)];
        if self.sources.contains(&without) {
            let [by_cell, by_row, by_column] = ranges;
            let [by_cell, by_row, by_column, whole] = pick(arena, [by_cell, by_row, by_column, &self.message(without)]);
            by_cell
                .par_chunks_mut(rows * columns * cell)
                .zip(by_row.par_chunks_mut(rows * cell))
                .zip(by_column.par_chunks_mut(columns * cell))
                .zip(whole.par_chunks_mut(cell))
                .with_min_len(self.team.least())
                .enumerate()
                .for_each(|(plane, (((by_cell, by_row), by_column), whole))| {
                    work(Plane { level: self.level, by_cell, by_row, by_column, whole: Some(whole) }, weights(plane));
                });
        } else {
            let [by_cell, by_row, by_column] = pick(arena, ranges);
            by_cell
                .par_chunks_mut(rows * columns * cell)
                .zip(by_row.par_chunks_mut(rows * cell))
                .zip(by_column.par_chunks_mut(columns * cell))
                .with_min_len(self.team.least())
                .enumerate()
                .for_each(|(plane, ((by_cell, by_row), by_column))| {
                    work(Plane { level: self.level, by_cell, by_row, by_column, whole: None }, weights(plane));
                });
        }
    }
}

impl<T> SpatialMeans<T> {
    fn of(&self, example: usize, rows: usize, columns: usize) -> Weights<'_, T> {
        let area = example * rows * columns..(example + 1) * rows * columns;
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

/// Messages of one example and colour: by cell, by row, by column, and one for all where such a tensor hears.
struct Plane<'a, T> {
    level: Level,
    by_cell: &'a mut [T],
    by_row: &'a mut [T],
    by_column: &'a mut [T],
    whole: Option<&'a mut [T]>,
}

impl<T: Float> Plane<'_, T> {
    fn sum(self, weights: &Weights<T>) {
        let Self { level, by_cell, by_row, by_column, whole } = self;
        let (rows, columns) = (weights.rows_alone.len(), weights.columns_alone.len());
        let cell = by_row.len() / rows;
        let mut whole = whole;
        // The exact network takes the mean of the cells at once, the published one that of the rows' sums.
        if let (Some(whole), Some(both)) = (&mut whole, weights.both) {
            for (values, &weight) in by_cell.chunks_exact(cell).zip(both) {
                add_scaled(level, values, weight, whole);
            }
            add_alone(level, by_row, weights.rows_alone, whole);
        }
        if let Some(whole) = &mut whole {
            add_alone(level, by_column, weights.columns_alone, whole);
        }
        for row in 0..rows {
            for column in 0..columns {
                let index = row * columns + column;
                let values = &by_cell[index * cell..][..cell];
                add_scaled(level, values, weights.columns[index], &mut by_row[row * cell..][..cell]);
                add_scaled(level, values, weights.rows[index], &mut by_column[column * cell..][..cell]);
            }
        }
        if let (Some(whole), None) = (whole, weights.both) {
            add_alone(level, by_row, weights.rows_alone, whole);
        }
    }

    fn spread(self, weights: &Weights<T>) {
        let Self { level, by_cell, by_row, by_column, whole } = self;
        let (rows, columns) = (weights.rows_alone.len(), weights.columns_alone.len());
        let cell = by_row.len() / rows;
        let published = weights.both.is_none();
        if let (Some(whole), true) = (&whole, published) {
            spread_alone(level, whole, weights.rows_alone, by_row);
        }
        for row in 0..rows {
            for column in 0..columns {
                let index = row * columns + column;
                let values = &mut by_cell[index * cell..][..cell];
                add_scaled(level, &by_row[row * cell..][..cell], weights.columns[index], values);
                add_scaled(level, &by_column[column * cell..][..cell], weights.rows[index], values);
                if let (Some(whole), Some(both)) = (&whole, weights.both) {
                    add_scaled(level, whole, both[index], values);
                }
            }
        }
        if let Some(whole) = whole {
            spread_alone(level, whole, weights.columns_alone, by_column);
            if !published {
                spread_alone(level, whole, weights.rows_alone, by_row);
            }
        }
    }
}

/// whole += Σ weight · line.
fn add_alone<T: Float>(level: Level, lines: &[T], weights: &[T], whole: &mut [T]) {
    for (line, &weight) in lines.chunks_exact(whole.len()).zip(weights) {
        add_scaled(level, line, weight, whole);
    }
}

/// Each line += weight · whole.
fn spread_alone<T: Float>(level: Level, whole: &[T], weights: &[T], lines: &mut [T]) {
    for (line, &weight) in lines.chunks_exact_mut(whole.len()).zip(weights) {
        add_scaled(level, whole, weight, line);
    }
}
