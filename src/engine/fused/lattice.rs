//! Sums over one axis of an array, and the spreading of a smaller array along an axis: what sharing between tensors and
//! the softmaxes over axis subsets are made of.
//!
//! In and out: arrays of two forms that differ by one axis (see [`super::geometry`]). Each number of a result is summed in an
//! order that does not depend on who does it.

use super::float::Float;
use super::geometry::{Form, LANES, Link, View};
use super::simd::{Level, kernel};
use super::team::Team;
use super::wide::{Kernel, Wide};
use crate::model::Axis;
use rayon::prelude::*;

/// An array with `width` channels and the one that lacks `axis`.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The array with the axis.
    pub larger: Form,
    /// The axis.
    pub axis: Axis,
    /// Channels of both.
    pub width: usize,
}

kernel! {
    /// to += factor · from, element by element.
    pub fn add_scaled<T: Float>(from: &[T], factor: T, to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = factor.mul_add(from, *to);
        }
    }

    /// to (outer, axis, inner) += factor · from (outer, inner), the same along the axis.
    fn add_lane_spread<T: Float>(from: &[T], view: View, factor: T, to: &mut [T]) {
        let View { outer, axis, inner } = view;
        let to = &mut to[..outer * axis * inner];
        if inner == 1 {
            for (to, &from) in to.chunks_exact_mut(axis).zip(from) {
                to.iter_mut().for_each(|to| *to = factor.mul_add(from, *to));
            }
        } else {
            for (to, from) in to.chunks_exact_mut(axis * inner).zip(from.chunks_exact(inner)) {
                for to in to.chunks_exact_mut(inner) {
                    for (to, &from) in to.iter_mut().zip(from) {
                        *to = factor.mul_add(from, *to);
                    }
                }
            }
        }
    }
}

/// `count` lanes of a row from `at` on, and zeros.
#[inline(always)]
pub fn some<T: Float, W: Wide<T>>(values: &[T], at: usize, count: usize) -> W {
    if at + LANES <= values.len() {
        return W::load(values, at).first(count);
    }
    let mut lanes = [T::ZERO; LANES];
    for (lane, &value) in lanes.iter_mut().zip(&values[at..(at + count.min(LANES)).min(values.len())]) {
        *lane = value;
    }
    W::load(&lanes, 0)
}

/// to (outer, inner) += factor · Σ over the axis of from (outer, axis, inner).
struct LaneSums<'a, T> {
    from: &'a [T],
    view: View,
    factor: T,
    to: &'a mut [T],
}

impl<T: Float> Kernel<T> for LaneSums<'_, T> {
    #[inline(always)]
    fn run<W: Wide<T>, const TILE: usize, const VECTORS: usize>(self) {
        let Self { from, view: View { outer, axis, inner }, factor, to } = self;
        let one = W::splat(T::ONE);
        for outer in 0..outer {
            if inner == 1 {
                let mut sum = W::splat(T::ZERO);
                for first in (0..axis).step_by(LANES) {
                    sum = some::<T, W>(from, outer * axis + first, axis - first).times_plus(one, sum);
                }
                to[outer] = factor.mul_add(sum.total(), to[outer]);
                continue;
            }
            for first in (0..inner).step_by(LANES) {
                let mut sum = W::splat(T::ZERO);
                for step in 0..axis {
                    let at = (outer * axis + step) * inner + first;
                    sum = some::<T, W>(from, at, inner - first).times_plus(one, sum);
                }
                let mut lanes = [T::ZERO; LANES];
                sum.store(&mut lanes, 0);
                for (to, &sum) in to[outer * inner + first..(outer + 1) * inner].iter_mut().zip(&lanes) {
                    *to = factor.mul_add(sum, *to);
                }
            }
        }
    }
}

impl Pair {
    /// The row of the smaller array that the larger one's `plane` and `row` (direction and channel) belong to: where it
    /// starts, and how the axis lies among its lanes (none: lane for lane).
    pub fn row(&self, plane: usize, row: usize) -> (usize, Option<View>) {
        let smaller = self.larger.without(self.axis);
        let lanes = smaller.lanes();
        let rows = smaller.directions() * self.width;
        match self.larger.link(self.axis) {
            Link::Planes(View { axis, inner, .. }) => {
                let plane = plane / (axis * inner) * inner + plane % inner;
                ((plane * rows + row) * lanes, None)
            }
            Link::Directions(_) => ((plane * rows + row % self.width) * lanes, None),
            Link::Lanes(view) => (row * lanes + plane * view.outer * view.inner, Some(view)),
        }
    }

    /// Where in the larger array the `step`th number lies that belongs to a plane, row and lane of the smaller one.
    pub fn source(&self, plane: usize, row: usize, lane: usize, step: usize) -> usize {
        let form = self.larger;
        let (plane, row, lane) = match form.link(self.axis) {
            Link::Planes(View { axis, inner, .. }) => ((plane / inner * axis + step) * inner + plane % inner, row, lane),
            Link::Directions(_) => (plane, step * self.width + row, lane),
            Link::Lanes(View { outer, axis, inner }) => {
                let (plane, lane) = (lane / (outer * inner), lane % (outer * inner));
                (plane, row, (lane / inner * axis + step) * inner + lane % inner)
            }
        };
        (plane * form.directions() * self.width + row) * form.lanes() + lane
    }

    /// smaller += factor · Σ over the axis of larger.
    pub fn add_sums<T: Float>(&self, team: Team, level: Level, larger: &[T], factor: T, smaller: &mut [T]) {
        let (form, to_form) = (self.larger, self.larger.without(self.axis));
        let (lanes, rows) = (form.lanes(), form.directions() * self.width);
        let to_rows = to_form.directions() * self.width;
        let from = |plane: usize, row: usize| &larger[(plane * rows + row) * lanes..][..lanes];
        smaller.par_chunks_mut(to_form.lanes()).with_min_len(team.least()).enumerate().for_each(|(index, to)| {
            let (plane, row) = (index / to_rows, index % to_rows);
            match form.link(self.axis) {
                Link::Planes(View { axis, inner, .. }) => {
                    let first = plane / inner * axis * inner + plane % inner;
                    for step in 0..axis {
                        add_scaled(level, from(first + step * inner, row), factor, to);
                    }
                }
                Link::Directions(directions) => {
                    for direction in 0..directions {
                        add_scaled(level, from(plane, direction * self.width + row), factor, to);
                    }
                }
                Link::Lanes(view) => {
                    for (plane, to) in to.chunks_mut(view.outer * view.inner).take(form.planes()).enumerate() {
                        T::run(level, LaneSums { from: from(plane, row), view, factor, to });
                    }
                }
            }
        });
    }

    /// larger += factor · smaller, the same along the axis.
    pub fn add_spread<T: Float>(&self, team: Team, level: Level, smaller: &[T], factor: T, larger: &mut [T]) {
        let (lanes, rows) = (self.larger.lanes(), self.larger.directions() * self.width);
        larger.par_chunks_mut(lanes).with_min_len(team.least()).enumerate().for_each(|(index, to)| {
            self.add_row(level, smaller, factor, index / rows, index % rows, to);
        });
    }

    /// One row of [`Pair::add_spread`].
    pub fn add_row<T: Float>(&self, level: Level, smaller: &[T], factor: T, plane: usize, row: usize, to: &mut [T]) {
        let (start, view) = self.row(plane, row);
        match view {
            None => add_scaled(level, &smaller[start..][..to.len()], factor, to),
            Some(view) => add_lane_spread(level, &smaller[start..][..view.outer * view.inner], view, factor, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Axes;

    /// All axes of an array, each summed over and spread along, against one another and against sums written out.
    #[test]
    fn sums_and_spreads_are_adjoint_and_right() {
        let lengths = [2, 3, 5, 7, 8];
        for axes in Axes::all() {
            let larger = Form::new(axes, lengths);
            for axis in axes.iter() {
                let pair = Pair { larger, axis, width: 2 };
                let smaller = larger.without(axis);
                let (mut large, mut small) = (vec![0.0; larger.size(2)], vec![0.0; smaller.size(2)]);
                let (mut sums, mut spread) = (small.clone(), large.clone());
                let mut expected = small.clone();
                for index in 0..larger.positions() * 2 {
                    let mut left = index / 2;
                    let mut at = [0; 5];
                    for axis in 0..5 {
                        at[axis] = left % larger.lengths[axis];
                        left /= larger.lengths[axis];
                    }
                    let (here, there) = (larger.index(at, 2, index % 2), smaller.index(at, 2, index % 2));
                    large[here] = (index as f64).sin();
                    small[there] = (there as f64).cos();
                    expected[there] += 0.5 * large[here];
                }
                pair.add_sums(Team::default(), Level::best(), &large, 0.5, &mut sums);
                pair.add_spread(Team::default(), Level::best(), &small, 0.5, &mut spread);
                for (found, expected) in sums.iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-12, "{axes} over {axis:?}");
                }
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                assert!((dot(&sums, &small) - dot(&large, &spread)).abs() < 1e-9, "{axes} along {axis:?}");
            }
        }
    }
}
