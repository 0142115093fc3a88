//! Matrix products whose every sum has one order: the same bits on every processor.
//!
//! A matrix library picks its instructions by processor, and with them how it rounds and in which order it adds; what
//! goes into a file, or is read from one, must not depend on that. Here each cell adds its terms one after the other,
//! rounding each product and each sum; tiles of cells lie side by side in registers.

use super::float::Float;
use super::simd::{Level, kernel};
use ndarray::{Array2, ArrayView2};

/// Rows and columns of a tile.
const ROWS: usize = 6;
const COLUMNS: usize = 16;

/// (row, inner) times (inner, column).
pub fn product(a: ArrayView2<f32>, b: ArrayView2<f32>) -> Array2<f32> {
    product_at(Level::best(), a, b)
}

fn product_at(level: Level, a: ArrayView2<f32>, b: ArrayView2<f32>) -> Array2<f32> {
    let inner = a.ncols();
    assert_eq!(inner, b.nrows(), "the inner sides of a product are one");
    let mut result = Array2::zeros((a.nrows(), b.ncols()));
    if inner == 0 {
        return result;
    }
    let blocks = packed(inner, a.nrows(), ROWS, |k, row| a[(row, k)]);
    let panels = packed(inner, b.ncols(), COLUMNS, |k, column| b[(k, column)]);
    for (panel, b) in panels.chunks_exact(inner * COLUMNS).enumerate() {
        for (block, a) in blocks.chunks_exact(inner * ROWS).enumerate() {
            let mut sums = [[0.0; COLUMNS]; ROWS];
            tile(level, a, b, &mut sums);
            let rows = result.outer_iter_mut().skip(block * ROWS);
            for (mut row, sums) in rows.zip(&sums) {
                let cells = row.iter_mut().skip(panel * COLUMNS);
                cells.zip(sums).for_each(|(cell, &sum)| *cell = sum);
            }
        }
    }
    result
}

/// Strips of `width` lines side by side, (strip, inner, line); what is missing from the last one is 0.
fn packed(inner: usize, lines: usize, width: usize, at: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut packed = vec![0.0; lines.div_ceil(width) * inner * width];
    for (strip, values) in packed.chunks_exact_mut(inner * width).enumerate() {
        let taken = width.min(lines - strip * width);
        for (k, values) in values.chunks_exact_mut(width).enumerate() {
            for (line, value) in values[..taken].iter_mut().enumerate() {
                *value = at(k, strip * width + line);
            }
        }
    }
    packed
}

kernel! {
    /// The products of six rows and sixteen columns, packed (inner, row) and (inner, column).
    fn tile<T: Float>(a: &[T], b: &[T], result: &mut [[T; COLUMNS]; ROWS]) {
        let mut sums = [[T::ZERO; COLUMNS]; ROWS];
        for (a, b) in a.chunks_exact(ROWS).zip(b.chunks_exact(COLUMNS)) {
            for (sums, &a) in sums.iter_mut().zip(a) {
                for (sum, &b) in sums.iter_mut().zip(b) {
                    *sum += a * b;
                }
            }
        }
        *result = sums;
    }

    /// e to the power of each less `highest`, in place.
    pub fn exponentials<T: Float>(values: &mut [T], highest: T) {
        for value in values {
            *value = (*value - highest).exp();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, step: u32) -> Array2<f32> {
        let value = |index: usize| (index as u32).wrapping_mul(step) as i32 as f32 / 2f32.powi(31);
        Array2::from_shape_fn((rows, columns), |(row, column)| value(row * columns + column + 1))
    }

    #[test]
    fn every_instruction_set_gives_the_sum_in_the_order_of_the_terms() {
        for (rows, inner, columns) in [(1, 1, 1), (6, 3, 16), (13, 100, 37), (5, 0, 4)] {
            let (a, b) = (matrix(rows, inner, 0x9e37_79b1), matrix(columns, inner, 0x85eb_ca6b));
            let plain = Array2::from_shape_fn((rows, columns), |(row, column)| {
                (0..inner).fold(0.0f32, |sum, k| sum + a[(row, k)] * b[(column, k)])
            });
            for level in Level::available() {
                assert_eq!(product_at(level, a.view(), b.t()), plain, "{level:?}");
            }
        }
    }

    #[test]
    fn every_instruction_set_has_one_exponential() {
        let values: Vec<f32> = (0..37).map(|index| -0.37 * index as f32).collect();
        let of = |level| {
            let mut values = values.clone();
            exponentials(level, &mut values, 0.25);
            values
        };
        for level in Level::available() {
            assert_eq!(of(level), of(Level::Baseline), "{level:?}");
        }
    }
}
