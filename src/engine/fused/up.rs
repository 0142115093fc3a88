//! Messages from smaller tensors: every tensor hears from all whose axes are among its own.
//!
//! In: messages, one for each tensor. Out: their sums, in place. Sums run through the lattice of axis sets one axis at a
//! time; the way back is the same lattice, transposed. Tensors with rows and columns are nearly all of the memory, so each
//! of them hears along all axes in one pass, plane by plane.

use super::float::Float;
use super::lattice::{add_spread, add_sums};
use super::plan::{TensorPlan, pick};
use super::simd::{Level, kernel, row_by_row};
use super::team::Team;
use crate::model::{Axes, Axis};
use rayon::prelude::*;
use std::ops::Range;

/// sum += values from `at` on.
#[inline(always)]
fn add<T: Float, const W: usize>(sum: &mut [T; W], values: &[T], at: usize) {
    let values = &values[at..at + W];
    for lane in 0..W {
        sum[lane] += values[lane];
    }
}

/// What a plane hears from, or tells on the way back: the same plane without colour, without directions, without both,
/// without rows and without columns; empty where there is none.
struct Around<'a, T> {
    colourless: &'a [T],
    plain: &'a [T],
    directionless: &'a mut [T],
    by_column: &'a mut [T],
    by_row: &'a mut [T],
}

/// message (row, column, direction, channel) += what is around it. `cell`: directions times channels.
#[inline(always)]
fn hear_fixed<T: Float, const W: usize, const COLOURED: bool, const DIRECTED: bool>(
    message: &mut [T],
    around: &Around<T>,
    cell: usize,
) {
    let Around { colourless, directionless, plain, by_column, by_row } = around;
    let row = by_column.len();
    for ((index, message), by_row) in message.chunks_exact_mut(row).enumerate().zip(by_row.chunks_exact(cell)) {
        for start in (0..row).step_by(cell) {
            let at = index * row + start;
            let mut spread = [T::ZERO; W];
            if DIRECTED {
                add(&mut spread, directionless, at / cell * W);
                if COLOURED {
                    add(&mut spread, plain, at / cell * W);
                }
            }
            let (message, _) = message[start..start + cell].as_chunks_mut::<W>();
            for (direction, message) in message.iter_mut().enumerate() {
                row_by_row();
                let mut sum = *message;
                if COLOURED {
                    add(&mut sum, colourless, at + direction * W);
                }
                if DIRECTED {
                    add(&mut sum, &spread, 0);
                }
                add(&mut sum, by_column, start + direction * W);
                add(&mut sum, by_row, direction * W);
                *message = sum;
            }
        }
    }
}

#[inline(always)]
fn hear_any<T: Float, const W: usize>(message: &mut [T], around: &Around<T>, cell: usize) {
    match (around.colourless.is_empty(), around.directionless.is_empty()) {
        (false, false) => hear_fixed::<T, W, true, true>(message, around, cell),
        (false, true) => hear_fixed::<T, W, true, false>(message, around, cell),
        (true, false) => hear_fixed::<T, W, false, true>(message, around, cell),
        (true, true) => hear_fixed::<T, W, false, false>(message, around, cell),
    }
}

/// The transpose of [`hear_fixed`], but for what lacks colour.
#[inline(always)]
fn tell_fixed<T: Float, const W: usize>(message: &[T], around: &mut Around<T>, cell: usize) {
    let Around { directionless, by_column, by_row, .. } = around;
    let row = by_column.len();
    for ((index, message), by_row) in message.chunks_exact(row).enumerate().zip(by_row.chunks_exact_mut(cell)) {
        for start in (0..row).step_by(cell) {
            let (message, _) = message[start..start + cell].as_chunks::<W>();
            let (by_column, _) = by_column[start..start + cell].as_chunks_mut::<W>();
            let (by_row, _) = by_row.as_chunks_mut::<W>();
            for ((message, by_column), by_row) in message.iter().zip(by_column).zip(by_row) {
                row_by_row();
                add(by_column, message, 0);
                add(by_row, message, 0);
            }
            if !directionless.is_empty() {
                let (to, _) = directionless[(index * row + start) / cell * W..][..W].as_chunks_mut::<W>();
                for message in message {
                    row_by_row();
                    add(&mut to[0], message, 0);
                }
            }
        }
    }
}

/// Which numbers of a plane and of what is around it belong together, one by one, for widths that are not compiled in.
fn places(length: usize, row: usize, cell: usize, width: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..length).map(move |at| (at, at / cell * width + at % width, at % row, at / row * cell + at % cell))
}

fn hear_general<T: Float>(width: usize, message: &mut [T], around: &Around<T>, cell: usize) {
    let at_or_none = |values: &[T], at: usize| values.get(at).copied().unwrap_or(T::ZERO);
    for (at, undirected, column, row) in places(message.len(), around.by_column.len(), cell, width) {
        let spread = at_or_none(around.directionless, undirected) + at_or_none(around.plain, undirected);
        let sum = message[at] + at_or_none(around.colourless, at) + spread;
        message[at] = sum + around.by_column[column] + around.by_row[row];
    }
}

fn tell_general<T: Float>(width: usize, message: &[T], around: &mut Around<T>, cell: usize) {
    for (at, undirected, column, row) in places(message.len(), around.by_column.len(), cell, width) {
        around.by_column[column] += message[at];
        around.by_row[row] += message[at];
        if let Some(to) = around.directionless.get_mut(undirected) {
            *to += message[at];
        }
    }
}

kernel! {
    fn hear<T: Float>(message: &mut [T], around: &Around<T>, cell: usize, width: usize) {
        match width {
            16 => hear_any::<T, 16>(message, around, cell),
            width => hear_general(width, message, around, cell),
        }
    }

    fn tell<T: Float>(message: &[T], around: &mut Around<T>, cell: usize, width: usize) {
        match width {
            16 => tell_fixed::<T, 16>(message, around, cell),
            width => tell_general(width, message, around, cell),
        }
    }
}

/// Whether a tensor has rows and columns.
fn has_planes(axes: Axes) -> bool {
    axes.has(Axis::Row) && axes.has(Axis::Column)
}

/// Tensors with rows and columns, each before those that it hears from.
fn with_planes() -> [Axes; 4] {
    let plain = Axes::of(&[Axis::Example, Axis::Row, Axis::Column]);
    let directed = plain.with(Axis::Direction);
    [directed.with(Axis::Colour), directed, plain.with(Axis::Colour), plain]
}

/// (smaller, larger) tensors that differ by `axis`, but for those that hear in one pass.
fn pairs(axis: Axis) -> impl Iterator<Item = (Axes, Axes)> {
    let smaller = Axes::all().filter(move |axes| !axes.has(axis) && axes.with(axis).is_valid());
    smaller.map(move |smaller| (smaller, smaller.with(axis))).filter(|&(_, larger)| !has_planes(larger))
}

/// What sums messages up the lattice.
#[derive(Clone, Copy)]
pub struct Up<'a> {
    /// One thread or several.
    pub team: Team,
    /// Instructions to use.
    pub level: Level,
    /// Every tensor.
    pub tensors: &'a [TensorPlan],
    /// Channels of a message.
    pub width: usize,
}

impl Up<'_> {
    /// Each tensor's message becomes the sum of those of its subsets.
    pub fn sum<T: Float>(&self, arena: &mut [T]) {
        for axis in [Axis::Example, Axis::Colour, Axis::Direction, Axis::Row] {
            self.spread(axis, arena);
        }
        for axes in with_planes() {
            let cell = self.cell(axes);
            self.each_plane(axes, arena, |message, around| hear(self.level, message, &around, cell, self.width));
        }
        self.spread(Axis::Column, arena);
    }

    /// The transpose of [`Up::sum`]: each message's gradient becomes the sum of those of its supersets.
    pub fn sum_back<T: Float>(&self, arena: &mut [T]) {
        self.gather(Axis::Column, pairs(Axis::Column), arena);
        for axes in with_planes().into_iter().rev() {
            let cell = self.cell(axes);
            self.each_plane(axes, arena, |message, mut around| {
                tell(self.level, message, &mut around, cell, self.width)
            });
        }
        let coloured = with_planes().into_iter().filter(|axes| axes.has(Axis::Colour));
        let colourless = coloured.map(|axes| (axes.without(Axis::Colour), axes));
        self.gather(Axis::Colour, colourless, arena);
        for axis in [Axis::Row, Axis::Direction, Axis::Colour, Axis::Example] {
            self.gather(axis, pairs(axis), arena);
        }
    }

    fn cell(&self, axes: Axes) -> usize {
        self.tensors[axes.index()].shape.directions() * self.width
    }

    fn message(&self, axes: Axes) -> Range<usize> {
        let tensor = &self.tensors[axes.index()];
        tensor.in_arena(&tensor.message)
    }

    fn spread<T: Float>(&self, axis: Axis, arena: &mut [T]) {
        for (smaller, larger) in pairs(axis) {
            let view = self.tensors[larger.index()].shape.view(larger, axis, self.width);
            let [from, to] = pick(arena, [&self.message(smaller), &self.message(larger)]);
            add_spread(self.team, self.level, view, from, T::ONE, to);
        }
    }

    fn gather<T: Float>(&self, axis: Axis, pairs: impl Iterator<Item = (Axes, Axes)>, arena: &mut [T]) {
        for (smaller, larger) in pairs {
            let view = self.tensors[larger.index()].shape.view(larger, axis, self.width);
            let [to, from] = pick(arena, [&self.message(smaller), &self.message(larger)]);
            add_sums(self.team, self.level, view, from, T::ONE, to);
        }
    }

    /// Does `work` on each plane of `axes` and what is around it.
    fn each_plane<T: Float>(&self, axes: Axes, arena: &mut [T], work: impl Fn(&mut [T], Around<T>) + Sync) {
        let (coloured, directed) = (axes.has(Axis::Colour), axes.has(Axis::Direction));
        let [_, colours, rows, columns, _] = self.tensors[axes.index()].shape.lengths;
        let without = |axis, present: bool| if present { self.message(axes.without(axis)) } else { 0..0 };
        let plain = axes.without(Axis::Colour).without(Axis::Direction);
        let ranges = [
            &self.message(axes),
            &without(Axis::Colour, coloured),
            &if coloured && directed { self.message(plain) } else { 0..0 },
            &without(Axis::Direction, directed),
            &without(Axis::Row, true),
            &without(Axis::Column, true),
        ];
        let [messages, colourless, plain, directionless, by_column, by_row] = pick(arena, ranges);
        let (colourless, plain) = (&*colourless, &*plain);
        let cell = self.cell(axes);
        let of_example = |values: &'_ [T], long: usize, plane: usize| {
            if values.is_empty() { 0..0 } else { plane / colours * long..(plane / colours + 1) * long }
        };
        let (long, narrow) = (rows * columns * cell, rows * columns * self.width);
        let planes = messages
            .par_chunks_mut(long)
            .zip(by_column.par_chunks_mut(columns * cell))
            .zip(by_row.par_chunks_mut(rows * cell))
            .with_min_len(self.team.least())
            .enumerate();
        let run = |plane: usize, message: &mut [T], directionless: &mut [T], by_column: &mut [T], by_row: &mut [T]| {
            let colourless = &colourless[of_example(colourless, long, plane)];
            let plain = &plain[of_example(plain, narrow, plane)];
            work(message, Around { colourless, plain, directionless, by_column, by_row });
        };
        if directed {
            planes.zip(directionless.par_chunks_mut(narrow)).for_each(
                |((plane, ((message, by_column), by_row)), directionless)| {
                    run(plane, message, directionless, by_column, by_row)
                },
            );
        } else {
            planes.for_each(|(plane, ((message, by_column), by_row))| run(plane, message, &mut [], by_column, by_row));
        }
    }
}
