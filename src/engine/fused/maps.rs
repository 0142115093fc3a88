//! The maps between directions: every cell's directions and channels, one row, times one matrix.
//!
//! In: rows of (direction, channel) and the matrix. Out: rows, or the matrix' gradient. This is where most of a step's
//! arithmetic is, so that sums are kept in registers over several rows at once.

use super::float::Float;
use super::simd::{kernel, row_by_row};

/// Rows that share one pass over the matrix.
const ROWS: usize = 6;
/// Columns whose sums are kept at once.
const COLUMNS: usize = 32;
/// Columns that are kept at once where [`COLUMNS`] do not tile the matrix; 8 directions always tile.
const FEW_COLUMNS: usize = 8;
/// Rows of the gradient whose sums are kept at once.
const GRADIENT_ROWS: usize = 4;

#[inline(always)]
fn multiply<T: Float, const R: usize, const L: usize>(x: &[T], w: &[T], y: &mut [T], side: usize) {
    let rows: [&[T]; R] = std::array::from_fn(|row| &x[row * side..(row + 1) * side]);
    for first in (0..side).step_by(L) {
        let mut sums = [[T::ZERO; L]; R];
        for row in 0..R {
            sums[row].copy_from_slice(&y[row * side + first..][..L]);
        }
        for (step, w) in w.chunks_exact(side).enumerate() {
            row_by_row();
            let mut weights = [T::ZERO; L];
            weights.copy_from_slice(&w[first..first + L]);
            for row in 0..R {
                let x = rows[row][step];
                for lane in 0..L {
                    sums[row][lane] = x.mul_add(weights[lane], sums[row][lane]);
                }
            }
        }
        for row in 0..R {
            y[row * side + first..][..L].copy_from_slice(&sums[row]);
        }
    }
}

#[inline(always)]
fn multiply_all<T: Float, const L: usize>(x: &[T], w: &[T], y: &mut [T], side: usize) {
    let many = x.len() / (ROWS * side) * ROWS * side;
    for (x, y) in x[..many].chunks_exact(ROWS * side).zip(y[..many].chunks_exact_mut(ROWS * side)) {
        multiply::<T, ROWS, L>(x, w, y, side);
    }
    for (x, y) in x[many..].chunks_exact(side).zip(y[many..].chunks_exact_mut(side)) {
        multiply::<T, 1, L>(x, w, y, side);
    }
}

#[inline(always)]
fn accumulate<T: Float, const L: usize>(x: &[T], dy: &[T], gradient: &mut [T], side: usize) {
    for input in (0..side).step_by(GRADIENT_ROWS) {
        for first in (0..side).step_by(L) {
            let mut sums = [[T::ZERO; L]; GRADIENT_ROWS];
            for (x, dy) in x.chunks_exact(side).zip(dy.chunks_exact(side)) {
                let (dy, _) = dy[first..first + L].as_chunks::<L>();
                let x = &x[input..input + GRADIENT_ROWS];
                for row in 0..GRADIENT_ROWS {
                    for lane in 0..L {
                        sums[row][lane] = x[row].mul_add(dy[0][lane], sums[row][lane]);
                    }
                }
            }
            for row in 0..GRADIENT_ROWS {
                let target = &mut gradient[(input + row) * side + first..][..L];
                for (target, &sum) in target.iter_mut().zip(&sums[row]) {
                    *target += sum;
                }
            }
        }
    }
}

kernel! {
    /// y += x · w. `x`, `y`: (cell, side); `w`: (side, side).
    pub fn add_maps<T: Float>(x: &[T], w: &[T], y: &mut [T], side: usize) {
        if side.is_multiple_of(COLUMNS) {
            multiply_all::<T, COLUMNS>(x, w, y, side);
        } else {
            multiply_all::<T, FEW_COLUMNS>(x, w, y, side);
        }
    }

    /// gradient += Σ over cells x ⊗ dy.
    pub fn maps_outer<T: Float>(x: &[T], dy: &[T], gradient: &mut [T], side: usize) {
        if side.is_multiple_of(COLUMNS) {
            accumulate::<T, COLUMNS>(x, dy, gradient, side);
        } else {
            accumulate::<T, FEW_COLUMNS>(x, dy, gradient, side);
        }
    }
}
