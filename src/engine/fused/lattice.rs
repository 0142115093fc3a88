//! Sums over one axis of a tensor, and the spreading of a smaller tensor along an axis: what sharing between tensors and
//! the softmaxes over axis subsets are made of.
//!
//! In and out: dense arrays seen as (outer, axis, inner). Each number of the result is summed in the axis' order, whoever
//! does it.

use super::float::Float;
use super::simd::{Level, kernel};
use super::team::Team;
use rayon::prelude::*;

/// Numbers of a result that one task makes.
const GRAIN: usize = 1 << 13;

/// How an array is seen: (outer, axis, inner).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Product of the lengths before the axis.
    pub outer: usize,
    /// Length of the axis.
    pub axis: usize,
    /// Product of the lengths after it.
    pub inner: usize,
}

kernel! {
    /// to += factor · from, element by element.
    fn add_scaled<T: Float>(from: &[T], factor: T, to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = factor.mul_add(from, *to);
        }
    }
}

/// The stretches of `start..end` that do not cross a multiple of `length`: (which multiple, within it, how long).
fn stretches(start: usize, end: usize, length: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let (which, within) = (at / length, at % length);
        let long = (length - within).min(end - at);
        at += long;
        (long > 0).then_some((which, within, long))
    })
}

/// to (outer, inner) += factor · Σ over the axis of from (outer, axis, inner).
pub fn add_sums<T: Float>(team: Team, level: Level, view: View, from: &[T], factor: T, to: &mut [T]) {
    let View { axis, inner, .. } = view;
    to.par_chunks_mut(GRAIN).with_min_len(team.least()).enumerate().for_each(|(chunk, to)| {
        let start = chunk * GRAIN;
        let mut done = 0;
        for (outer, within, long) in stretches(start, start + to.len(), inner) {
            let target = &mut to[done..done + long];
            for step in 0..axis {
                add_scaled(level, &from[(outer * axis + step) * inner + within..][..long], factor, target);
            }
            done += long;
        }
    });
}

/// to (outer, axis, inner) += factor · from (outer, inner), the same along the axis.
pub fn add_spread<T: Float>(team: Team, level: Level, view: View, from: &[T], factor: T, to: &mut [T]) {
    let View { axis, inner, .. } = view;
    to.par_chunks_mut(GRAIN).with_min_len(team.least()).enumerate().for_each(|(chunk, to)| {
        let start = chunk * GRAIN;
        let mut done = 0;
        for (row, within, long) in stretches(start, start + to.len(), inner) {
            let source = &from[row / axis * inner + within..][..long];
            add_scaled(level, source, factor, &mut to[done..done + long]);
            done += long;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_spreads_are_adjoint() {
        let view = View { outer: 3, axis: 5, inner: 2000 };
        let large: Vec<f64> = (0..30_000).map(|index| f64::from(index).sin()).collect();
        let small: Vec<f64> = (0..6000).map(|index| f64::from(index).cos()).collect();
        let (mut sums, mut spread) = (vec![0.0; small.len()], vec![0.0; large.len()]);
        add_sums(Team::default(), Level::best(), view, &large, 0.5, &mut sums);
        add_spread(Team::default(), Level::best(), view, &small, 0.5, &mut spread);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        assert!((dot(&sums, &small) - dot(&large, &spread)).abs() < 1e-9);
        assert!((sums[2000] - 0.5 * (5..10).map(|row| large[row * 2000]).sum::<f64>()).abs() < 1e-12);
    }
}
