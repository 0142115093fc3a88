//! The directional layers: the cumulative maximum along each direction's ray, rescaled by its line's extremes, and the
//! shift by one cell.
//!
//! In: a tensor with rows, columns and directions. Out: the stream after each layer; on the way back, gradients. A
//! branch's channels are half forward, half backward: the backward half of direction d looks along the ray of d + 4.

use super::branch::{measure, read_back, receive, send_back, weigh};
use super::context::Context;
use super::float::Float;
use super::linear::product;
use super::plan::{LayerBuffers, TensorPlan, pick};
use super::scan::{SCRATCH, Scan, maxima, maxima_gradient};
use super::simd::kernel;
use super::weights::Matrix;
use crate::model::{DIRECTIONS, tying};
use rayon::prelude::*;

/// The rays over planes of one size, and what of them lies outside each example's grids.
#[derive(Clone, Debug)]
pub struct Rays<T> {
    scans: Vec<Scan>,
    /// By direction, (example, place of the scan).
    outside: Vec<Vec<T>>,
    rows: usize,
    columns: usize,
}

impl<T: Float> Rays<T> {
    /// Looks up the layouts once. `outside`: how far outside each cell is, (example, cell).
    pub fn new(rows: usize, columns: usize, outside: &[T]) -> Self {
        let scans: Vec<Scan> = (0..DIRECTIONS).map(|direction| Scan::new(direction, rows, columns)).collect();
        let examples = || outside.chunks(rows * columns);
        let by_scan = |scan: &Scan| examples().flat_map(|outside| scan.outside(outside)).collect();
        Self { outside: scans.iter().map(by_scan).collect(), scans, rows, columns }
    }

    /// Working space of a scan.
    pub fn scratch(rows: usize, columns: usize) -> usize {
        (0..DIRECTIONS).map(|direction| SCRATCH * Scan::new(direction, rows, columns).size()).max().unwrap_or(0)
    }

    /// The scan of a row of a branch with `width` channels, and its outside.
    fn scan(&self, row: usize, width: usize, example: usize) -> (&Scan, &[T]) {
        let direction = ray_of(row, width);
        let scan = &self.scans[direction];
        (scan, &self.outside[direction][example * scan.size()..][..scan.size()])
    }

    /// Moves a row one cell along its ray (`sign` 1) or back (−1).
    fn shift(&self, row: usize, width: usize, sign: i64, from: &[T], to: &mut [T]) {
        let (down, right) = tying::ray(ray_of(row, width), 0);
        let (down, right) = (sign * down, sign * right);
        let (rows, columns) = (self.rows, self.columns);
        let offset = down * columns as i64 + right;
        let cells = rows * columns;
        let distance = (offset.unsigned_abs() as usize).min(cells);
        if offset >= 0 {
            to[distance..cells].copy_from_slice(&from[..cells - distance]);
        } else {
            to[..cells - distance].copy_from_slice(&from[distance..cells]);
        }
        if down != 0 {
            let row = if down > 0 { 0 } else { rows - 1 };
            to[row * columns..(row + 1) * columns].fill(T::ZERO);
        }
        if right != 0 {
            let column = if right > 0 { 0 } else { columns - 1 };
            to[column..cells].iter_mut().step_by(columns).for_each(|to| *to = T::ZERO);
        }
    }
}

/// The direction whose ray a row of a branch with `width` channels looks along.
fn ray_of(row: usize, width: usize) -> usize {
    let (direction, backward) = (row / width, row % width >= width / 2);
    (direction + if backward { DIRECTIONS / 2 } else { 0 }) % DIRECTIONS
}

kernel! {
    /// Zeros outside an example's grids, in every row.
    fn mask<T: Float>(in_bounds: &[T], rows: &mut [T]) {
        for row in rows.chunks_exact_mut(in_bounds.len()) {
            for (value, &inside) in row.iter_mut().zip(in_bounds) {
                *value = if inside == T::ZERO { T::ZERO } else { *value };
            }
        }
    }
}

/// The example of a block's plane, and its mask.
fn example<'a, T: Float>(context: &Context<'a, T>, plan: &TensorPlan, block: usize, plane: usize) -> (usize, &'a [T]) {
    let form = &plan.shape.form;
    let example = (block * plan.shape.block_planes() + plane) / form.lengths[1];
    (example, &context.in_bounds[example * form.lanes()..][..form.lanes()])
}

/// The cumulative maximum: from `buffers.softmax` to `buffers.cummax`.
fn cummax<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let level = context.level;
    let record = context.record(plan.index);
    let Matrix { inputs, outputs: width, .. } = record.cummax_in;
    let weight = context.weight(plan.index, &record.cummax_in);
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    {
        let [x, scanned, maximal, works] = pick(slab, [&buffers.softmax, &buffers.scanned, &buffers.maxima, &plan.works]);
        scanned
            .par_chunks_mut(plan.shape.block(width))
            .zip(x.par_chunks(plan.shape.block(inputs)))
            .zip(maximal.par_chunks_mut(plan.shape.block(width)))
            .zip(works.par_chunks_mut(plan.work))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(block, (((scanned, x), maximal), work))| {
                for (x, scanned) in x.chunks(inputs * lanes).zip(scanned.chunks_mut(width * lanes)) {
                    product(level, x, lanes, weight, scanned, lanes, inputs, width, lanes);
                }
                let plane = plan.shape.form.plane(width);
                for (index, (scanned, maximal)) in scanned.chunks_mut(plane).zip(maximal.chunks_mut(plane)).enumerate() {
                    let (example, in_bounds) = example(context, plan, block, index);
                    mask(level, in_bounds, scanned);
                    for (row, (scanned, maximal)) in scanned.chunks(lanes).zip(maximal.chunks_mut(lanes)).enumerate() {
                        let (scan, outside) = context.rays.scan(row, width, example);
                        maxima(level, scan, &scanned[..cells], outside, &mut maximal[..cells], work);
                    }
                    if context.clears_outside {
                        mask(level, in_bounds, maximal);
                    }
                }
            });
    }
    measure(context, plan, slab, &buffers.maxima, &buffers.cummax_moments, width);
    let ranges = [&buffers.softmax, &buffers.maxima, &buffers.cummax];
    receive(context, plan, slab, ranges, &buffers.cummax_moments, &record.cummax_out);
}

/// Back through [`cummax`].
fn cummax_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    let level = context.level;
    let record = context.record(plan.index);
    let width = record.cummax_in.outputs;
    let (lanes, cells) = (plan.shape.form.lanes(), plan.shape.form.cells());
    weigh(context, plan, slab, &buffers.maxima, &buffers.cummax_moments, &record.cummax_out, gradient);
    send_back(context, plan, slab, &buffers.maxima, &buffers.cummax_moments, &record.cummax_out);
    {
        let [scanned, gradient, works] = pick(slab, [&buffers.scanned, &buffers.maxima, &plan.works]);
        gradient
            .par_chunks_mut(plan.shape.block(width))
            .zip(scanned.par_chunks(plan.shape.block(width)))
            .zip(works.par_chunks_mut(plan.work))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(block, ((gradient, scanned), work))| {
                let plane = plan.shape.form.plane(width);
                for (index, (scanned, gradient)) in scanned.chunks(plane).zip(gradient.chunks_mut(plane)).enumerate() {
                    let (example, in_bounds) = example(context, plan, block, index);
                    if context.clears_outside {
                        mask(level, in_bounds, gradient);
                    }
                    for (row, (scanned, gradient)) in scanned.chunks(lanes).zip(gradient.chunks_mut(lanes)).enumerate() {
                        let (scan, outside) = context.rays.scan(row, width, example);
                        maxima_gradient(level, scan, &scanned[..cells], outside, &mut gradient[..cells], work);
                    }
                    mask(level, in_bounds, gradient);
                }
            });
    }
    read_back(context, plan, slab, [&buffers.softmax, &buffers.maxima], &record.cummax_in, gradient);
}

/// The shift: from `buffers.cummax` to `buffers.shift`.
fn shift<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let level = context.level;
    let record = context.record(plan.index);
    let Matrix { inputs, outputs: width, .. } = record.shift_in;
    let weight = context.weight(plan.index, &record.shift_in);
    let lanes = plan.shape.form.lanes();
    {
        let [x, shifted, works] = pick(slab, [&buffers.cummax, &buffers.shifted, &plan.works]);
        shifted
            .par_chunks_mut(plan.shape.block(width))
            .zip(x.par_chunks(plan.shape.block(inputs)))
            .zip(works.par_chunks_mut(plan.work))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(block, ((shifted, x), work))| {
                let branch = &mut work[..width * lanes];
                let (plane, plane_x) = (plan.shape.form.plane(width), plan.shape.form.plane(inputs));
                for (index, (shifted, x)) in shifted.chunks_mut(plane).zip(x.chunks(plane_x)).enumerate() {
                    let (_, in_bounds) = example(context, plan, block, index);
                    let sheets = shifted.chunks_mut(width * lanes).zip(x.chunks(inputs * lanes));
                    for (direction, (shifted, x)) in sheets.enumerate() {
                        product(level, x, lanes, weight, branch, lanes, inputs, width, lanes);
                        mask(level, in_bounds, branch);
                        let rows = shifted.chunks_mut(lanes).zip(branch.chunks(lanes));
                        for (row, (shifted, branch)) in (direction * width..).zip(rows) {
                            context.rays.shift(row, width, 1, branch, shifted);
                        }
                    }
                    if context.clears_outside {
                        mask(level, in_bounds, shifted);
                    }
                }
            });
    }
    measure(context, plan, slab, &buffers.shifted, &buffers.shift_moments, width);
    let ranges = [&buffers.cummax, &buffers.shifted, &buffers.shift];
    receive(context, plan, slab, ranges, &buffers.shift_moments, &record.shift_out);
}

/// Back through [`shift`].
fn shift_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    let level = context.level;
    let record = context.record(plan.index);
    let width = record.shift_in.outputs;
    let lanes = plan.shape.form.lanes();
    weigh(context, plan, slab, &buffers.shifted, &buffers.shift_moments, &record.shift_out, gradient);
    send_back(context, plan, slab, &buffers.shifted, &buffers.shift_moments, &record.shift_out);
    {
        let [shifted, works] = pick(slab, [&buffers.shifted, &plan.works]);
        shifted
            .par_chunks_mut(plan.shape.block(width))
            .zip(works.par_chunks_mut(plan.work))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(block, (shifted, work))| {
                let before = &mut work[..lanes];
                for (index, shifted) in shifted.chunks_mut(plan.shape.form.plane(width)).enumerate() {
                    let (_, in_bounds) = example(context, plan, block, index);
                    if context.clears_outside {
                        mask(level, in_bounds, shifted);
                    }
                    for (row, shifted) in shifted.chunks_mut(lanes).enumerate() {
                        before.copy_from_slice(shifted);
                        context.rays.shift(row, width, -1, before, shifted);
                    }
                    mask(level, in_bounds, shifted);
                }
            });
    }
    read_back(context, plan, slab, [&buffers.cummax, &buffers.shifted], &record.shift_in, gradient);
}

/// The cumulative maximum and the shift, where a tensor has them.
pub fn directions<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    if plan.shape.is_directional() {
        cummax(context, plan, slab, buffers);
        shift(context, plan, slab, buffers);
    }
}

/// Back through [`directions`].
pub fn directions_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    if plan.shape.is_directional() {
        shift_back(context, plan, slab, buffers, gradient);
        cummax_back(context, plan, slab, buffers, gradient);
    }
}
