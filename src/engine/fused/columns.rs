//! Sums down the columns of many rows, and the normalisation that they serve: every channel to mean 0 and variance 1
//! over all positions.
//!
//! In: rows in blocks with fixed bounds. Out: means and variances, put together in the blocks' order, so that they do not
//! depend on which thread took which block.

use super::float::Float;
use super::simd::{kernel, row_by_row};

/// Added to a variance before its root (CompressARC, `normalize`).
pub const NORMALISE_EPSILON: f64 = 1e-8;

/// Calls `$fixed::<T, C>` with a constant width where it is common, else `$general`.
macro_rules! by_columns {
    ($columns:expr, $fixed:ident, $general:ident, ($($argument:expr),*)) => {
        match $columns {
            2 => $fixed::<T, 2>($($argument),*),
            4 => $fixed::<T, 4>($($argument),*),
            8 => $fixed::<T, 8>($($argument),*),
            16 => $fixed::<T, 16>($($argument),*),
            64 => $fixed::<T, 64>($($argument),*),
            columns => $general(columns, $($argument),*),
        }
    };
}

/// Numbers that are handled at once: rows side by side, so that sums don't wait for one another.
const TILE: usize = 64;

/// `values`, repeated over a tile.
#[inline(always)]
fn tiled<T: Float, const C: usize>(values: &[T]) -> [T; TILE] {
    let mut tile = [T::ZERO; TILE];
    let (rows, _) = tile.as_chunks_mut::<C>();
    for row in rows {
        row.copy_from_slice(&values[..C]);
    }
    tile
}

/// Adds a tile's rows, and then `last` rows, to `sums`.
#[inline(always)]
fn fold<T: Float, const C: usize>(tile: &[T; TILE], last: &[T; C], sums: &mut [T]) {
    let (rows, _) = tile.as_chunks::<C>();
    let mut sum = [T::ZERO; C];
    for row in rows {
        for lane in 0..C {
            sum[lane] += row[lane];
        }
    }
    for lane in 0..C {
        sums[lane] += sum[lane] + last[lane];
    }
}

#[inline(always)]
fn sum_fixed<T: Float, const C: usize>(x: &[T], sums: &mut [T]) {
    let (tiles, rest) = x.as_chunks::<TILE>();
    let mut tile = [T::ZERO; TILE];
    for x in tiles {
        row_by_row();
        for lane in 0..TILE {
            tile[lane] += x[lane];
        }
    }
    let (rest, _) = rest.as_chunks::<C>();
    let mut last = [T::ZERO; C];
    for x in rest {
        row_by_row();
        for lane in 0..C {
            last[lane] += x[lane];
        }
    }
    fold(&tile, &last, sums);
}

fn sum_general<T: Float>(columns: usize, x: &[T], sums: &mut [T]) {
    for x in x.chunks_exact(columns) {
        for (sum, &x) in sums.iter_mut().zip(x) {
            *sum += x;
        }
    }
}

#[inline(always)]
fn squares_fixed<T: Float, const C: usize>(x: &[T], mean: &[T], squares: &mut [T]) {
    let (tiles, rest) = x.as_chunks::<TILE>();
    let centre = tiled::<T, C>(mean);
    let mut tile = [T::ZERO; TILE];
    for x in tiles {
        row_by_row();
        for lane in 0..TILE {
            let centred = x[lane] - centre[lane];
            tile[lane] = centred.mul_add(centred, tile[lane]);
        }
    }
    let (rest, _) = rest.as_chunks::<C>();
    let mut last = [T::ZERO; C];
    for x in rest {
        row_by_row();
        for lane in 0..C {
            let centred = x[lane] - centre[lane];
            last[lane] = centred.mul_add(centred, last[lane]);
        }
    }
    fold(&tile, &last, squares);
}

fn squares_general<T: Float>(columns: usize, x: &[T], mean: &[T], squares: &mut [T]) {
    for x in x.chunks_exact(columns) {
        for ((sum, &x), &mean) in squares.iter_mut().zip(x).zip(mean) {
            *sum = (x - mean).mul_add(x - mean, *sum);
        }
    }
}

#[inline(always)]
fn products_fixed<T: Float, const C: usize>(x: &[T], y: &[T], sums: &mut [T]) {
    let (x, x_rest) = x.as_chunks::<TILE>();
    let (y, y_rest) = y.as_chunks::<TILE>();
    let mut tile = [T::ZERO; TILE];
    for (x, y) in x.iter().zip(y) {
        row_by_row();
        for lane in 0..TILE {
            tile[lane] = x[lane].mul_add(y[lane], tile[lane]);
        }
    }
    let (x, _) = x_rest.as_chunks::<C>();
    let (y, _) = y_rest.as_chunks::<C>();
    let mut last = [T::ZERO; C];
    for (x, y) in x.iter().zip(y) {
        row_by_row();
        for lane in 0..C {
            last[lane] = x[lane].mul_add(y[lane], last[lane]);
        }
    }
    fold(&tile, &last, sums);
}

fn products_general<T: Float>(columns: usize, x: &[T], y: &[T], sums: &mut [T]) {
    for (x, y) in x.chunks_exact(columns).zip(y.chunks_exact(columns)) {
        for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
            *sum = x.mul_add(y, *sum);
        }
    }
}

#[inline(always)]
fn normalise_fixed<T: Float, const C: usize>(x: &mut [T], mean: &[T], scale: &[T]) {
    let (centre, scales) = (tiled::<T, C>(mean), tiled::<T, C>(scale));
    let (tiles, rest) = x.as_chunks_mut::<TILE>();
    for x in tiles {
        row_by_row();
        for lane in 0..TILE {
            x[lane] = (x[lane] - centre[lane]) * scales[lane];
        }
    }
    for (lane, x) in rest.iter_mut().enumerate() {
        *x = (*x - centre[lane]) * scales[lane];
    }
}

fn normalise_general<T: Float>(columns: usize, x: &mut [T], mean: &[T], scale: &[T]) {
    for x in x.chunks_exact_mut(columns) {
        for ((x, &mean), &scale) in x.iter_mut().zip(mean).zip(scale) {
            *x = (*x - mean) * scale;
        }
    }
}

#[inline(always)]
fn denormalise_fixed<T: Float, const C: usize>(dx: &mut [T], x: &[T], scale: &[T], slope: &[T], offset: &[T]) {
    let (scales, slopes, offsets) = (tiled::<T, C>(scale), tiled::<T, C>(slope), tiled::<T, C>(offset));
    let (dx, dx_rest) = dx.as_chunks_mut::<TILE>();
    let (x, x_rest) = x.as_chunks::<TILE>();
    for (dx, x) in dx.iter_mut().zip(x) {
        row_by_row();
        for lane in 0..TILE {
            dx[lane] = dx[lane].mul_add(scales[lane], x[lane].mul_add(slopes[lane], offsets[lane]));
        }
    }
    for (lane, (dx, x)) in dx_rest.iter_mut().zip(x_rest).enumerate() {
        *dx = dx.mul_add(scales[lane], x.mul_add(slopes[lane], offsets[lane]));
    }
}

fn denormalise_general<T: Float>(columns: usize, dx: &mut [T], x: &[T], scale: &[T], slope: &[T], offset: &[T]) {
    for (dx, x) in dx.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
        for lane in 0..columns {
            dx[lane] = dx[lane].mul_add(scale[lane], x[lane].mul_add(slope[lane], offset[lane]));
        }
    }
}

#[inline(always)]
fn affine_fixed<T: Float, const C: usize>(y: &mut [T], x: &[T], mean: &[T], slope: &[T], offset: &[T]) {
    let (centre, slopes, offsets) = (tiled::<T, C>(mean), tiled::<T, C>(slope), tiled::<T, C>(offset));
    let (y, y_rest) = y.as_chunks_mut::<TILE>();
    let (x, x_rest) = x.as_chunks::<TILE>();
    for (y, x) in y.iter_mut().zip(x) {
        row_by_row();
        for lane in 0..TILE {
            y[lane] += (x[lane] - centre[lane]).mul_add(slopes[lane], offsets[lane]);
        }
    }
    for (lane, (y, &x)) in y_rest.iter_mut().zip(x_rest).enumerate() {
        *y += (x - centre[lane]).mul_add(slopes[lane], offsets[lane]);
    }
}

fn affine_general<T: Float>(columns: usize, y: &mut [T], x: &[T], mean: &[T], slope: &[T], offset: &[T]) {
    for (y, x) in y.chunks_exact_mut(columns).zip(x.chunks_exact(columns)) {
        for lane in 0..columns {
            y[lane] += (x[lane] - mean[lane]).mul_add(slope[lane], offset[lane]);
        }
    }
}

kernel! {
    /// y += (x − mean) · slope + offset, by column.
    pub fn add_affine<T: Float>(y: &mut [T], x: &[T], mean: &[T], slope: &[T], offset: &[T], columns: usize) {
        by_columns!(columns, affine_fixed, affine_general, (y, x, mean, slope, offset))
    }

    /// sums += the sums of `x`'s columns. `x`: (row, column).
    pub fn column_sums<T: Float>(x: &[T], sums: &mut [T], columns: usize) {
        by_columns!(columns, sum_fixed, sum_general, (x, sums))
    }

    /// squares += Σ (x − mean)² down the columns.
    pub fn column_squares<T: Float>(x: &[T], mean: &[T], squares: &mut [T], columns: usize) {
        by_columns!(columns, squares_fixed, squares_general, (x, mean, squares))
    }

    /// sums += Σ x · y down the columns.
    pub fn column_products<T: Float>(x: &[T], y: &[T], sums: &mut [T], columns: usize) {
        by_columns!(columns, products_fixed, products_general, (x, y, sums))
    }

    /// x = (x − mean) · scale, by column.
    pub fn normalise<T: Float>(x: &mut [T], mean: &[T], scale: &[T], columns: usize) {
        by_columns!(columns, normalise_fixed, normalise_general, (x, mean, scale))
    }

    /// dx = dx · scale + x · slope + offset, by column: a gradient back through a normalisation whose result is `x`.
    pub fn denormalise<T: Float>(dx: &mut [T], x: &[T], scale: &[T], slope: &[T], offset: &[T], columns: usize) {
        by_columns!(columns, denormalise_fixed, denormalise_general, (dx, x, scale, slope, offset))
    }
}

kernel! {
    /// to += from.
    pub fn add<T: Float>(from: &[T], to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

/// Adds one block's column means and centred squares to `moments`: (2, column), means first; the block's own.
pub fn block_moments<T: Float>(level: super::simd::Level, x: &[T], moments: &mut [T], columns: usize) {
    let (mean, squares) = moments.split_at_mut(columns);
    mean.fill(T::ZERO);
    squares.fill(T::ZERO);
    column_sums(level, x, mean, columns);
    let count = T::of(columns as f64 / x.len() as f64);
    mean.iter_mut().for_each(|mean| *mean = *mean * count);
    column_squares(level, x, mean, squares, columns);
}

/// Puts blocks' moments together (Chan, Golub and LeVeque 1979). `moments`: (block, 2, column); `rows`: how many rows a
/// block has. Out: `mean`, and `scale` = 1 / √(variance + ε).
pub fn combine_moments<T: Float>(moments: &[T], rows: impl Iterator<Item = usize>, mean: &mut [T], scale: &mut [T]) {
    let columns = mean.len();
    mean.fill(T::ZERO);
    // While blocks are added `scale` holds the centred squares.
    scale.fill(T::ZERO);
    let mut total = 0.0;
    for (block, rows) in moments.chunks_exact(2 * columns).zip(rows) {
        let rows = rows as f64;
        let (share, weight) = (T::of(rows / (total + rows)), T::of(rows * total / (total + rows)));
        for column in 0..columns {
            let delta = block[column] - mean[column];
            mean[column] = delta.mul_add(share, mean[column]);
            scale[column] += block[columns + column] + delta * delta * weight;
        }
        total += rows;
    }
    let count = T::of(1.0 / total);
    for scale in scale {
        *scale = T::ONE / (*scale * count + T::of(NORMALISE_EPSILON)).sqrt();
    }
}
