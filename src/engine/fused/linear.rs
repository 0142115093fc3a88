//! Products of many short rows with a small matrix, and their weights' gradients.
//!
//! In: rows, one after the other, and a matrix (inputs, outputs), row-major, applied from the right. Out: rows, or sums
//! over rows. Widths of the published network are compiled in; any other width takes the same steps in the same order.

use super::float::Float;
use super::simd::{kernel, row_by_row};

/// Calls `$call::<T, I, O>` with constant widths where they are common, else `$general`.
macro_rules! by_width {
    ($inputs:expr, $outputs:expr, $fixed:ident, $general:ident, ($($argument:expr),*)) => {
        match ($inputs, $outputs) {
            (8, 16) => $fixed::<T, 8, 16>($($argument),*),
            (16, 8) => $fixed::<T, 16, 8>($($argument),*),
            (8, 8) => $fixed::<T, 8, 8>($($argument),*),
            (16, 16) => $fixed::<T, 16, 16>($($argument),*),
            (4, 8) => $fixed::<T, 4, 8>($($argument),*),
            (8, 4) => $fixed::<T, 8, 4>($($argument),*),
            (4, 16) => $fixed::<T, 4, 16>($($argument),*),
            (16, 4) => $fixed::<T, 16, 4>($($argument),*),
            (2, 8) => $fixed::<T, 2, 8>($($argument),*),
            (8, 2) => $fixed::<T, 8, 2>($($argument),*),
            (2, 16) => $fixed::<T, 2, 16>($($argument),*),
            (16, 2) => $fixed::<T, 16, 2>($($argument),*),
            (inputs, outputs) => $general(inputs, outputs, $($argument),*),
        }
    };
}

/// The first `I` rows of a matrix. The rows' loop clobbers memory ([`row_by_row`]): what is read from there would be read
/// again for every row; what is held stays in registers.
#[inline(always)]
fn held<T: Float, const I: usize, const O: usize>(w: &[T]) -> [[T; O]; I] {
    let mut held = [[T::ZERO; O]; I];
    held.copy_from_slice(&w.as_chunks::<O>().0[..I]);
    held
}

/// Rows that are centred before they are multiplied.
const TILE: usize = 32;

/// sum += factor · values, lane by lane.
#[inline(always)]
fn fma<T: Float, const L: usize>(sum: &mut [T; L], factor: T, values: &[T; L]) {
    for lane in 0..L {
        sum[lane] = factor.mul_add(values[lane], sum[lane]);
    }
}

#[inline(always)]
fn product_fixed<T: Float, const I: usize, const O: usize>(x: &[T], w: &[T], y: &mut [T]) {
    let w = held::<T, I, O>(w);
    let (x, _) = x.as_chunks::<I>();
    let (y, _) = y.as_chunks_mut::<O>();
    for (x, y) in x.iter().zip(y) {
        row_by_row();
        let mut sum = [T::ZERO; O];
        for (&x, w) in x.iter().zip(&w) {
            fma(&mut sum, x, w);
        }
        *y = sum;
    }
}

fn product_general<T: Float>(inputs: usize, outputs: usize, x: &[T], w: &[T], y: &mut [T]) {
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        y.fill(T::ZERO);
        add_row(x, w, y);
    }
}

/// y += x · w for one row.
fn add_row<T: Float>(x: &[T], w: &[T], y: &mut [T]) {
    for (&x, w) in x.iter().zip(w.chunks_exact(y.len())) {
        for (y, &w) in y.iter_mut().zip(w) {
            *y = x.mul_add(w, *y);
        }
    }
}

#[inline(always)]
fn add_product_fixed<T: Float, const I: usize, const O: usize>(x: &[T], w: &[T], y: &mut [T]) {
    let w = held::<T, I, O>(w);
    let (x, _) = x.as_chunks::<I>();
    let (y, _) = y.as_chunks_mut::<O>();
    for (x, y) in x.iter().zip(y) {
        row_by_row();
        let mut sum = *y;
        for (&x, w) in x.iter().zip(&w) {
            fma(&mut sum, x, w);
        }
        *y = sum;
    }
}

fn add_product_general<T: Float>(inputs: usize, outputs: usize, x: &[T], w: &[T], y: &mut [T]) {
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        add_row(x, w, y);
    }
}

/// x − mean, lane by lane.
#[inline(always)]
fn centred<T: Float, const I: usize>(x: &[T; I], mean: &[T; I]) -> [T; I] {
    let mut centred = *x;
    for lane in 0..I {
        centred[lane] -= mean[lane];
    }
    centred
}

#[inline(always)]
fn add_centred_fixed<T: Float, const I: usize, const O: usize>(
    residual: &[T],
    x: &[T],
    mean: &[T],
    w: &[T],
    y: &mut [T],
) {
    let w = held::<T, I, O>(w);
    let (x, _) = x.as_chunks::<I>();
    let (y, _) = y.as_chunks_mut::<O>();
    let (residual, _) = residual.as_chunks::<O>();
    let mut centre = [T::ZERO; I];
    centre.copy_from_slice(&mean[..I]);
    // Numbers that are read from memory are broadcast as they are read; those just made have to be moved. Wide rows would
    // not stay in registers while they are made.
    let mut tile = [[T::ZERO; I]; TILE];
    for ((x, y), residual) in x.chunks(TILE).zip(y.chunks_mut(TILE)).zip(residual.chunks(TILE)) {
        if I <= 8 {
            for (tile, x) in tile.iter_mut().zip(x) {
                *tile = centred(x, &centre);
            }
        }
        for (((x, tile), y), residual) in x.iter().zip(&tile).zip(y).zip(residual) {
            row_by_row();
            let mut sum = *residual;
            if I <= 8 {
                for (&x, w) in tile.iter().zip(&w) {
                    fma(&mut sum, x, w);
                }
            } else {
                for ((&x, &centre), w) in x.iter().zip(&centre).zip(&w) {
                    fma(&mut sum, x - centre, w);
                }
            }
            *y = sum;
        }
    }
}

fn add_centred_general<T: Float>(
    inputs: usize,
    outputs: usize,
    residual: &[T],
    x: &[T],
    mean: &[T],
    w: &[T],
    y: &mut [T],
) {
    let rows = x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)).zip(residual.chunks_exact(outputs));
    for ((x, y), residual) in rows {
        y.copy_from_slice(residual);
        for ((&x, &centre), w) in x.iter().zip(mean).zip(w.chunks_exact(outputs)) {
            for (y, &w) in y.iter_mut().zip(w) {
                *y = (x - centre).mul_add(w, *y);
            }
        }
    }
}

/// The gradient's rows from `first` on, `G` times `R`, in one pass over all rows of x and dy. A loop over few rows is
/// unrolled, so that its sums stay in registers.
#[inline(always)]
fn outer_rows<T: Float, const I: usize, const O: usize, const R: usize, const G: usize>(
    x: &[[T; I]],
    mean: &[T; I],
    dy: &[[T; O]],
    gradient: &mut [[T; O]],
    first: usize,
) {
    let mut sums = [[[T::ZERO; O]; R]; G];
    for (x, dy) in x.iter().zip(dy) {
        row_by_row();
        let x = centred(x, mean);
        for (group, sums) in sums.iter_mut().enumerate() {
            for (row, sum) in sums.iter_mut().enumerate() {
                fma(sum, x[first + group * R + row], dy);
            }
        }
    }
    for (gradient, sum) in gradient[first..].iter_mut().zip(sums.as_flattened()) {
        fma(gradient, T::ONE, sum);
    }
}

#[inline(always)]
fn outer_fixed<T: Float, const I: usize, const O: usize>(x: &[T], mean: &[T], dy: &[T], gradient: &mut [T]) {
    let (x, _) = x.as_chunks::<I>();
    let (dy, _) = dy.as_chunks::<O>();
    let (gradient, _) = gradient.as_chunks_mut::<O>();
    let mut centre = [T::ZERO; I];
    centre.copy_from_slice(&mean[..I]);
    match I {
        2 => outer_rows::<T, I, O, 2, 1>(x, &centre, dy, gradient, 0),
        4 => outer_rows::<T, I, O, 4, 1>(x, &centre, dy, gradient, 0),
        8 => outer_rows::<T, I, O, 4, 2>(x, &centre, dy, gradient, 0),
        _ => {
            outer_rows::<T, I, O, 4, 2>(x, &centre, dy, gradient, 0);
            outer_rows::<T, I, O, 4, 2>(x, &centre, dy, gradient, 8);
        }
    }
}

fn outer_general<T: Float>(inputs: usize, outputs: usize, x: &[T], mean: &[T], dy: &[T], gradient: &mut [T]) {
    for (input, gradient) in gradient.chunks_exact_mut(outputs).enumerate() {
        for (x, dy) in x.chunks_exact(inputs).zip(dy.chunks_exact(outputs)) {
            for (gradient, &dy) in gradient.iter_mut().zip(dy) {
                *gradient = (x[input] - mean[input]).mul_add(dy, *gradient);
            }
        }
    }
}

#[inline(always)]
fn branch_gradient_fixed<T: Float, const I: usize, const O: usize>(
    dy: &[T],
    w: &[T],
    mean: &[T],
    slope: &[T],
    offset: &[T],
    branch: &mut [T],
) {
    let w = held::<T, I, O>(w);
    let (dy, _) = dy.as_chunks::<I>();
    let (branch, _) = branch.as_chunks_mut::<O>();
    let mut centre = [T::ZERO; O];
    centre.copy_from_slice(&mean[..O]);
    let (mut slopes, mut offsets) = ([T::ZERO; O], [T::ZERO; O]);
    slopes.copy_from_slice(&slope[..O]);
    offsets.copy_from_slice(&offset[..O]);
    for (dy, branch) in dy.iter().zip(branch) {
        row_by_row();
        let mut sum = offsets;
        for lane in 0..O {
            sum[lane] = (branch[lane] - centre[lane]).mul_add(slopes[lane], sum[lane]);
        }
        for (&dy, w) in dy.iter().zip(&w) {
            fma(&mut sum, dy, w);
        }
        *branch = sum;
    }
}

fn branch_gradient_general<T: Float>(
    inputs: usize,
    outputs: usize,
    dy: &[T],
    w: &[T],
    mean: &[T],
    slope: &[T],
    offset: &[T],
    branch: &mut [T],
) {
    for (dy, branch) in dy.chunks_exact(inputs).zip(branch.chunks_exact_mut(outputs)) {
        for (lane, branch) in branch.iter_mut().enumerate() {
            *branch = (*branch - mean[lane]).mul_add(slope[lane], offset[lane]);
        }
        add_row(dy, w, branch);
    }
}

kernel! {
    /// y = x · w. `x`: (row, inputs); `w`: (inputs, outputs); `y`: (row, outputs).
    pub fn product<T: Float>(x: &[T], w: &[T], y: &mut [T], inputs: usize, outputs: usize) {
        by_width!(inputs, outputs, product_fixed, product_general, (x, w, y))
    }

    /// y += x · w.
    pub fn add_product<T: Float>(x: &[T], w: &[T], y: &mut [T], inputs: usize, outputs: usize) {
        by_width!(inputs, outputs, add_product_fixed, add_product_general, (x, w, y))
    }

    /// y = residual + (x − mean) · w. `mean`: (inputs).
    pub fn add_centred<T: Float>(residual: &[T], x: &[T], mean: &[T], w: &[T], y: &mut [T], inputs: usize, outputs: usize) {
        by_width!(inputs, outputs, add_centred_fixed, add_centred_general, (residual, x, mean, w, y))
    }

    /// gradient += Σ over rows (x − mean) ⊗ dy: what the weight of `add_centred` gets.
    pub fn outer<T: Float>(x: &[T], mean: &[T], dy: &[T], gradient: &mut [T], inputs: usize, outputs: usize) {
        by_width!(inputs, outputs, outer_fixed, outer_general, (x, mean, dy, gradient))
    }

    /// branch = dy · w + (branch − mean) ∘ slope + offset: a gradient through a weight and a normalisation, in place of
    /// what was normalised. `dy`: (row, inputs); `w`: (inputs, outputs); the rest by output.
    pub fn branch_gradient<T: Float>(dy: &[T], w: &[T], mean: &[T], slope: &[T], offset: &[T], branch: &mut [T], inputs: usize, outputs: usize) {
        by_width!(inputs, outputs, branch_gradient_fixed, branch_gradient_general, (dy, w, mean, slope, offset, branch))
    }
}

/// `to` = the transpose of `from`, (rows, columns).
pub fn transpose<T: Float>(from: &[T], to: &mut [T], rows: usize, columns: usize) {
    for row in 0..rows {
        for column in 0..columns {
            to[column * rows + row] = from[row * columns + column];
        }
    }
}
