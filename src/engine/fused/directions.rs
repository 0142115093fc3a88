//! The directional layers: the cumulative maximum along each direction's ray, rescaled by its line's extremes, and the
//! shift by one cell.
//!
//! In: a tensor with rows, columns and directions. Out: the stream after each layer; on the way back, gradients. A
//! branch's channels are half forward, half backward: the backward half of direction d looks along the ray of d + 4. So
//! 8 rays have one full set of branch channels each, and a scan sees an array (cell, branch channel) for every ray.

use super::branch::{measure, read_back, receive, send_back, weigh};
use super::context::Context;
use super::float::Float;
use super::linear::product;
use super::plan::{LayerBuffers, TensorPlan, pick};
use super::rays::Rays;
use super::scan::{SCRATCH, maxima, maxima_gradient};
use super::weights::Matrix;
use crate::model::{DIRECTIONS, tying};
use rayon::prelude::*;

/// Copies of a constant length where it is the published one: the compiler makes moves of them.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    const HALF: usize = 2;
    if let (Some(from), Some(to), true) = (from.first_chunk::<HALF>(), to.first_chunk_mut::<HALF>(), from.len() == HALF)
    {
        *to = *from;
    } else {
        to.copy_from_slice(from);
    }
}

/// (cell, direction, branch channel) to (ray, cell, branch channel), of one plane.
fn to_rays<T: Copy>(by_cell: &[T], by_ray: &mut [T], width: usize) {
    let (cells, half) = (by_cell.len() / (DIRECTIONS * width), width / 2);
    for (ray, by_ray) in by_ray.chunks_exact_mut(cells * width).enumerate() {
        let (forward, backward) = (ray * width, (ray + DIRECTIONS / 2) % DIRECTIONS * width + half);
        for (to, from) in by_ray.chunks_exact_mut(width).zip(by_cell.chunks_exact(DIRECTIONS * width)) {
            copy(&from[forward..forward + half], &mut to[..half]);
            copy(&from[backward..backward + half], &mut to[half..]);
        }
    }
}

/// The inverse of [`to_rays`].
fn from_rays<T: Copy>(by_ray: &[T], by_cell: &mut [T], width: usize) {
    let (cells, half) = (by_cell.len() / (DIRECTIONS * width), width / 2);
    for (ray, by_ray) in by_ray.chunks_exact(cells * width).enumerate() {
        let (forward, backward) = (ray * width, (ray + DIRECTIONS / 2) % DIRECTIONS * width + half);
        for (from, to) in by_ray.chunks_exact(width).zip(by_cell.chunks_exact_mut(DIRECTIONS * width)) {
            copy(&from[..half], &mut to[forward..forward + half]);
            copy(&from[half..], &mut to[backward..backward + half]);
        }
    }
}

/// Moves every direction's halves one cell along their rays (`sign` 1) or back (−1), of one plane.
fn shift_plane<T: Float>(rays: &Rays, from: &[T], to: &mut [T], width: usize, sign: i64) {
    let half = width / 2;
    let cell = DIRECTIONS * width;
    let (rows, columns) = (rays.rows as i64, rays.columns as i64);
    to.fill(T::ZERO);
    for index in 0..2 * DIRECTIONS {
        let (down, right) = tying::ray(index / 2, index % 2);
        let (down, right) = (sign * down, sign * right);
        for row in down.max(0)..(rows + down).min(rows) {
            let (first, end) = (right.max(0), (columns + right).min(columns));
            let count = (end - first).max(0) as usize;
            let target = (row * columns + first) as usize * cell + index * half;
            let source = ((row - down) * columns + first - right) as usize * cell + index * half;
            for place in 0..count {
                let (target, source) = (target + place * cell, source + place * cell);
                copy(&from[source..source + half], &mut to[target..target + half]);
            }
        }
    }
}

/// Zeros outside an example's grids. `values`: (cell, …), of one plane.
fn mask_plane<T: Float>(in_bounds: &[T], values: &mut [T]) {
    let width = values.len() / in_bounds.len();
    for (values, &inside) in values.chunks_exact_mut(width).zip(in_bounds) {
        if inside == T::ZERO {
            values.fill(T::ZERO);
        }
    }
}

/// What the directional layers leave outside the grids is cleared where symmetry is to be exact, on the way back too.
fn clear_outside<T: Float>(context: &Context<T>, plan: &TensorPlan, plane: usize, values: &mut [T]) {
    if context.clears_outside {
        mask_plane(example_of(context.in_bounds, plan, plane, 1), values);
    }
}

/// An example's part of an array by example and cell.
fn example_of<'a, T>(values: &'a [T], plan: &TensorPlan, plane: usize, width: usize) -> &'a [T] {
    let long = plan.shape.plane_cells() * width;
    &values[plane / plan.shape.lengths[1] * long..][..long]
}

/// The cumulative maximum: from `buffers.softmax` to `buffers.cummax`.
fn cummax<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let record = context.record(plan.index);
    let Matrix { inputs, outputs: width, .. } = record.cummax_in;
    let weight = context.weight(plan.index, &record.cummax_in);
    let cells = plan.shape.plane_cells();
    let plane = cells * DIRECTIONS;
    {
        let [x, branch, scanned, maximal, lines] =
            pick(slab, [&buffers.softmax, &plan.branch, &buffers.scanned, &buffers.maxima, &plan.lines]);
        branch
            .par_chunks_mut(plane * width)
            .zip(x.par_chunks(plane * inputs))
            .zip(scanned.par_chunks_mut(plane * width))
            .zip(maximal.par_chunks_mut(plane * width))
            .zip(lines.par_chunks_mut(SCRATCH * cells * width))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, ((((branch, x), scanned), maximal), lines))| {
                product(context.level, x, weight, branch, inputs, width);
                mask_plane(example_of(context.in_bounds, plan, index, 1), branch);
                to_rays(branch, scanned, width);
                let outside = example_of(context.outside, plan, index, width);
                let rays = scanned.chunks(cells * width).zip(maximal.chunks_mut(cells * width));
                for (ray, (scanned, maximal)) in context.rays.by_direction.iter().zip(rays) {
                    maxima(context.level, ray, scanned, outside, maximal, lines, width);
                    clear_outside(context, plan, index, maximal);
                }
            });
    }
    measure(context, plan, slab, &buffers.maxima, &buffers.cummax_moments, width);
    gather_maxima(context, plan, slab, buffers, width);
    let ranges = [&buffers.softmax, &plan.branch, &buffers.cummax];
    receive(context, plan, slab, ranges, &buffers.cummax_moments, &record.cummax_out);
}

fn gather_maxima<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    width: usize,
) {
    let plane = plan.shape.plane_cells() * DIRECTIONS * width;
    let [branch, maximal] = pick(slab, [&plan.branch, &buffers.maxima]);
    branch
        .par_chunks_mut(plane)
        .zip(maximal.par_chunks(plane))
        .with_min_len(context.team.least())
        .for_each(|(branch, maximal)| from_rays(maximal, branch, width));
}

/// Back through [`cummax`].
fn cummax_back<T: Float>(
    context: &Context<T>,
    plan: &TensorPlan,
    slab: &mut [T],
    buffers: &LayerBuffers,
    gradient: &mut [T],
) {
    let record = context.record(plan.index);
    let width = record.cummax_in.outputs;
    let cells = plan.shape.plane_cells();
    let plane = cells * DIRECTIONS * width;
    gather_maxima(context, plan, slab, buffers, width);
    weigh(context, plan, slab, &plan.branch, &buffers.cummax_moments, &record.cummax_out, gradient);
    send_back(context, plan, slab, &plan.branch, &buffers.cummax_moments, &record.cummax_out);
    {
        let [branch, scanned, maximal, lines] =
            pick(slab, [&plan.branch, &buffers.scanned, &buffers.maxima, &plan.lines]);
        branch
            .par_chunks_mut(plane)
            .zip(scanned.par_chunks(plane))
            .zip(maximal.par_chunks_mut(plane))
            .zip(lines.par_chunks_mut(SCRATCH * cells * width))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, (((branch, scanned), gradient), lines))| {
                clear_outside(context, plan, index, branch);
                to_rays(branch, gradient, width);
                let outside = example_of(context.outside, plan, index, width);
                let rays = scanned.chunks(cells * width).zip(gradient.chunks_mut(cells * width));
                for (ray, (scanned, gradient)) in context.rays.by_direction.iter().zip(rays) {
                    maxima_gradient(context.level, ray, scanned, outside, gradient, lines, width);
                }
                from_rays(gradient, branch, width);
                mask_plane(example_of(context.in_bounds, plan, index, 1), branch);
            });
    }
    read_back(context, plan, slab, [&buffers.softmax, &plan.branch], &record.cummax_in, gradient);
}

/// The shift: from `buffers.cummax` to `buffers.shift`.
fn shift<T: Float>(context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
    let record = context.record(plan.index);
    let Matrix { inputs, outputs: width, .. } = record.shift_in;
    let weight = context.weight(plan.index, &record.shift_in);
    let plane = plan.shape.plane_cells() * DIRECTIONS;
    {
        let [x, branch, shifted] = pick(slab, [&buffers.cummax, &plan.branch, &buffers.shifted]);
        branch
            .par_chunks_mut(plane * width)
            .zip(x.par_chunks(plane * inputs))
            .zip(shifted.par_chunks_mut(plane * width))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, ((branch, x), shifted))| {
                product(context.level, x, weight, branch, inputs, width);
                mask_plane(example_of(context.in_bounds, plan, index, 1), branch);
                shift_plane(context.rays, branch, shifted, width, 1);
                clear_outside(context, plan, index, shifted);
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
    let record = context.record(plan.index);
    let width = record.shift_in.outputs;
    let plane = plan.shape.plane_cells() * DIRECTIONS * width;
    weigh(context, plan, slab, &buffers.shifted, &buffers.shift_moments, &record.shift_out, gradient);
    send_back(context, plan, slab, &buffers.shifted, &buffers.shift_moments, &record.shift_out);
    {
        let [branch, shifted] = pick(slab, [&plan.branch, &buffers.shifted]);
        branch
            .par_chunks_mut(plane)
            .zip(shifted.par_chunks_mut(plane))
            .with_min_len(context.team.least())
            .enumerate()
            .for_each(|(index, (branch, shifted))| {
                clear_outside(context, plan, index, shifted);
                shift_plane(context.rays, shifted, branch, width, -1);
                mask_plane(example_of(context.in_bounds, plan, index, 1), branch);
            });
    }
    read_back(context, plan, slab, [&buffers.cummax, &plan.branch], &record.shift_in, gradient);
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
