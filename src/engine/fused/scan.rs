//! The cumulative maximum along one ray of one plane, rescaled by its line's extremes to [−1, 1], and its gradient.
//!
//! In and out: arrays (cell, branch channel). A sweep takes the ray's steps in order, so that whole rows are combined with
//! the rows before them, and back again to spread what a line's last cell knows.

use super::float::Float;
use super::rays::Ray;
use super::simd::kernel;

/// Arrays of one ray's cells that a scan works with.
pub const SCRATCH: usize = 5;

/// What a cell outside the grids is moved by, so that it is no maximum (CompressARC, `cummax_`).
pub const OUTSIDE: f64 = 1e3;
/// Keeps the range of a line positive, along rows and columns.
const CARDINAL_MARGIN: f64 = 1e-3;
/// The same along diagonals.
const DIAGONAL_MARGIN: f64 = 1e-5;

/// What is added above the least value, and to the range, for how far outside a cell is; and what the result is
/// multiplied by. Along rows and columns a cell outside is brought back by its own shift; along diagonals it is 0.
#[derive(Clone, Copy)]
struct Margins<T> {
    above: T,
    range: T,
    lift: T,
    fade: T,
}

impl<T: Float> Margins<T> {
    fn of(diagonal: bool) -> Self {
        if diagonal {
            let range = T::of(DIAGONAL_MARGIN);
            Self { above: T::ZERO, range, lift: T::ZERO, fade: T::of(1.0 / OUTSIDE) }
        } else {
            let margin = T::of(CARDINAL_MARGIN);
            Self { above: margin, range: margin + margin, lift: T::of(2.0), fade: T::ZERO }
        }
    }
}

/// The cells from `to` on, to write, and those from `from` on, to read; the two do not overlap.
#[inline(always)]
fn pair<T>(values: &mut [T], to: usize, from: usize, length: usize) -> (&mut [T], &[T]) {
    if to > from {
        let (before, after) = values.split_at_mut(to);
        (&mut after[..length], &before[from..from + length])
    } else {
        let (before, after) = values.split_at_mut(from);
        (&mut before[to..to + length], &after[..length])
    }
}

/// The cumulative maximum and each line's extremes, spread over the line.
#[inline(always)]
fn extremes<T: Float>(ray: &Ray, values: &[T], outside: &[T], lines: &mut [T], width: usize) {
    let size = values.len();
    let (cumulative, rest) = lines.split_at_mut(size);
    let (lowest, rest) = rest.split_at_mut(size);
    let highest = &mut rest[..size];
    for index in 0..size {
        cumulative[index] = values[index] - outside[index];
        lowest[index] = values[index] + outside[index];
    }
    for step in &ray.steps {
        let (to, from, length) = (step.to * width, step.from * width, step.cells * width);
        let (now, before) = pair(cumulative, to, from, length);
        for (now, &before) in now.iter_mut().zip(before) {
            *now = now.larger(before);
        }
        let (now, before) = pair(lowest, to, from, length);
        for (now, &before) in now.iter_mut().zip(before) {
            *now = now.smaller(before);
        }
    }
    highest.copy_from_slice(cumulative);
    for step in ray.steps.iter().rev() {
        let (to, from, length) = (step.to * width, step.from * width, step.cells * width);
        let (before, after) = pair(highest, from, to, length);
        before.copy_from_slice(after);
        let (before, after) = pair(lowest, from, to, length);
        before.copy_from_slice(after);
    }
}

kernel! {
    /// `maximal` = the rescaled cumulative maximum of `values`. `outside`: [`OUTSIDE`] where a cell is outside, else 0;
    /// `lines`: working space.
    pub fn maxima<T: Float>(ray: &Ray, values: &[T], outside: &[T], maximal: &mut [T], lines: &mut [T], width: usize) {
        extremes(ray, values, outside, lines, width);
        let size = values.len();
        let margins = Margins::of(ray.diagonal);
        let (cumulative, rest) = lines.split_at(size);
        let (lowest, rest) = rest.split_at(size);
        let two = T::of(2.0);
        for index in 0..size {
            let lift = outside[index] * margins.lift;
            let above = (cumulative[index] - lowest[index]) + (lift + margins.above);
            let range = (rest[index] - lowest[index]) + (lift + margins.range);
            maximal[index] = (above / range * two - T::ONE) * (T::ONE - outside[index] * margins.fade);
        }
    }

    /// Replaces the gradient of `maxima`'s result by that of its `values`. The gradient of a maximum goes to the last of
    /// equals, that of a minimum is shared among equals.
    pub fn maxima_gradient<T: Float>(ray: &Ray, values: &[T], outside: &[T], gradient: &mut [T], lines: &mut [T], width: usize) {
        extremes(ray, values, outside, lines, width);
        let size = values.len();
        let margins = Margins::of(ray.diagonal);
        let (cumulative, rest) = lines.split_at_mut(size);
        let (lowest, rest) = rest.split_at_mut(size);
        let (highest, rest) = rest.split_at_mut(size);
        let (low, rest) = rest.split_at_mut(size);
        let equals = &mut rest[..size];
        let two = T::of(2.0);
        for index in 0..size {
            let lift = outside[index] * margins.lift;
            let above = (cumulative[index] - lowest[index]) + (lift + margins.above);
            let range = (highest[index] - lowest[index]) + (lift + margins.range);
            let by_maximum = gradient[index] * (T::ONE - outside[index] * margins.fade) * two / range;
            let by_highest = -by_maximum * (above / range);
            gradient[index] = by_maximum;
            highest[index] = by_highest;
            low[index] = -(by_maximum + by_highest);
            equals[index] = if values[index] + outside[index] == lowest[index] { T::ONE } else { T::ZERO };
        }
        // Sums along each line end up in its last cell.
        for step in &ray.steps {
            let (to, from, length) = (step.to * width, step.from * width, step.cells * width);
            for sums in [&mut *highest, &mut *low, &mut *equals] {
                let (now, before) = pair(sums, to, from, length);
                for (now, &before) in now.iter_mut().zip(before) {
                    *now += before;
                }
            }
        }
        for &end in &ray.ends {
            for index in end * width..(end + 1) * width {
                gradient[index] += highest[index];
            }
        }
        for step in ray.steps.iter().rev() {
            let (to, from, length) = (step.to * width, step.from * width, step.cells * width);
            for sums in [&mut *low, &mut *equals] {
                let (before, after) = pair(sums, from, to, length);
                before.copy_from_slice(after);
            }
            for lane in 0..length {
                let own = values[to + lane] - outside[to + lane];
                let passed = gradient[to + lane];
                let took = own >= cumulative[from + lane];
                gradient[to + lane] = if took { passed } else { T::ZERO };
                gradient[from + lane] += if took { T::ZERO } else { passed };
            }
        }
        for index in 0..size {
            let least = values[index] + outside[index] == lowest[index];
            gradient[index] += if least { low[index] / equals[index] } else { T::ZERO };
        }
    }
}
