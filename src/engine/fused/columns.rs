//! Sums along rows of lanes, and the normalisation that they serve: every channel to mean 0 and variance 1 over all
//! positions.
//!
//! In: arrays (sheet, channel, lane), a sheet being a plane's direction, in blocks with fixed bounds. Out: means and
//! variances, put together in the blocks' order, so that they do not depend on which thread took which block.

use super::float::Float;
use super::geometry::LANES;
use super::simd::kernel;

/// Added to a variance before its root (CompressARC, `normalize`).
pub const NORMALISE_EPSILON: f64 = 1e-8;

/// Vectors that are summed side by side, so that sums don't wait for one another.
const SUMS: usize = 4;

/// The vector at `at`.
#[inline(always)]
pub fn load<T: Float>(values: &[T], at: usize) -> [T; LANES] {
    let mut vector = [T::ZERO; LANES];
    vector.copy_from_slice(&values[at..at + LANES]);
    vector
}

/// The sum of a vector, half by half.
#[inline(always)]
pub fn total<T: Float>(vector: [T; LANES]) -> T {
    let mut eight = [T::ZERO; 8];
    for lane in 0..8 {
        eight[lane] = vector[lane] + vector[lane + 8];
    }
    let mut four = [T::ZERO; 4];
    for lane in 0..4 {
        four[lane] = eight[lane] + eight[lane + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The sum over the first `cells` lanes of a row of (x − mean) · (y − mean).
#[inline(always)]
pub fn row_products<T: Float>(x: &[T], y: &[T], mean: T, cells: usize) -> T {
    let mut sums = [[T::ZERO; LANES]; SUMS];
    let (x, y) = (x.as_chunks::<LANES>().0, y.as_chunks::<LANES>().0);
    let full = cells / LANES;
    for (vector, (x, y)) in x[..full].iter().zip(&y[..full]).enumerate() {
        let sums = &mut sums[vector % SUMS];
        for lane in 0..LANES {
            sums[lane] = (x[lane] - mean).mul_add(y[lane] - mean, sums[lane]);
        }
    }
    if cells % LANES > 0 {
        for lane in 0..LANES {
            let product = (x[full][lane] - mean) * (y[full][lane] - mean);
            sums[0][lane] += if lane < cells % LANES { product } else { T::ZERO };
        }
    }
    together(sums)
}

/// The sum over the first `cells` lanes of a row.
#[inline(always)]
fn row_sum<T: Float>(x: &[T], cells: usize) -> T {
    let mut sums = [[T::ZERO; LANES]; SUMS];
    let x = x.as_chunks::<LANES>().0;
    let full = cells / LANES;
    for (vector, x) in x[..full].iter().enumerate() {
        let sums = &mut sums[vector % SUMS];
        for lane in 0..LANES {
            sums[lane] += x[lane];
        }
    }
    if cells % LANES > 0 {
        for lane in 0..LANES {
            sums[0][lane] += if lane < cells % LANES { x[full][lane] } else { T::ZERO };
        }
    }
    together(sums)
}

#[inline(always)]
fn together<T: Float>(sums: [[T; LANES]; SUMS]) -> T {
    let mut sum = [T::ZERO; LANES];
    for lane in 0..LANES {
        sum[lane] = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
    }
    total(sum)
}

kernel! {
    /// sums += the sums of `x`'s channels. `x`: (sheet, channel, lane).
    pub fn channel_sums<T: Float>(x: &[T], sums: &mut [T], lanes: usize, cells: usize) {
        for x in x.chunks_exact(sums.len() * lanes) {
            for (x, sum) in x.chunks_exact(lanes).zip(&mut *sums) {
                *sum += row_sum(x, cells);
            }
        }
    }

    /// squares += Σ (x − mean)² of each channel.
    pub fn channel_squares<T: Float>(x: &[T], mean: &[T], squares: &mut [T], lanes: usize, cells: usize) {
        for x in x.chunks_exact(squares.len() * lanes) {
            for ((x, sum), &mean) in x.chunks_exact(lanes).zip(&mut *squares).zip(mean) {
                *sum += row_products(x, x, mean, cells);
            }
        }
    }

    /// sums += Σ x · y of each channel.
    pub fn channel_products<T: Float>(x: &[T], y: &[T], sums: &mut [T], lanes: usize, cells: usize) {
        for (x, y) in x.chunks_exact(sums.len() * lanes).zip(y.chunks_exact(sums.len() * lanes)) {
            for ((x, y), sum) in x.chunks_exact(lanes).zip(y.chunks_exact(lanes)).zip(&mut *sums) {
                *sum += row_products(x, y, T::ZERO, cells);
            }
        }
    }

    /// x = (x − mean) · scale, by channel.
    pub fn normalise<T: Float>(x: &mut [T], mean: &[T], scale: &[T], lanes: usize) {
        for x in x.chunks_exact_mut(mean.len() * lanes) {
            for ((x, &mean), &scale) in x.chunks_exact_mut(lanes).zip(mean).zip(scale) {
                for x in x {
                    *x = (*x - mean) * scale;
                }
            }
        }
    }

    /// dx = dx · scale + x · slope + offset, by channel: a gradient back through a normalisation whose result is `x`.
    pub fn denormalise<T: Float>(dx: &mut [T], x: &[T], scale: &[T], slope: &[T], offset: &[T], lanes: usize) {
        for (row, (dx, x)) in dx.chunks_exact_mut(lanes).zip(x.chunks_exact(lanes)).enumerate() {
            let channel = row % scale.len();
            let (scale, slope, offset) = (scale[channel], slope[channel], offset[channel]);
            for (dx, &x) in dx.iter_mut().zip(x) {
                *dx = dx.mul_add(scale, x.mul_add(slope, offset));
            }
        }
    }

    /// to += from.
    pub fn add<T: Float>(from: &[T], to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

/// One block's means and centred squares, (2, channel), means first.
pub fn block_moments<T: Float>(level: super::simd::Level, x: &[T], moments: &mut [T], lanes: usize, cells: usize) {
    let width = moments.len() / 2;
    let (mean, squares) = moments.split_at_mut(width);
    mean.fill(T::ZERO);
    squares.fill(T::ZERO);
    channel_sums(level, x, mean, lanes, cells);
    let count = T::of((width * lanes) as f64 / (x.len() * cells) as f64);
    mean.iter_mut().for_each(|mean| *mean = *mean * count);
    channel_squares(level, x, mean, squares, lanes, cells);
}

/// Puts blocks' moments together (Chan, Golub and LeVeque 1979). `moments`: (block, 2, channel); `positions`: how many a
/// block has. Out: `mean`, and `scale` = 1 / √(variance + ε).
pub fn combine_moments<T: Float>(moments: &[T], positions: impl Iterator<Item = usize>, mean: &mut [T], scale: &mut [T]) {
    let width = mean.len();
    mean.fill(T::ZERO);
    // While blocks are added `scale` holds the centred squares.
    scale.fill(T::ZERO);
    let mut total = 0.0;
    for (block, positions) in moments.chunks_exact(2 * width).zip(positions) {
        let positions = positions as f64;
        let (share, weight) =
            (T::of(positions / (total + positions)), T::of(positions * total / (total + positions)));
        for channel in 0..width {
            let delta = block[channel] - mean[channel];
            mean[channel] = delta.mul_add(share, mean[channel]);
            scale[channel] += block[width + channel] + delta * delta * weight;
        }
        total += positions;
    }
    let count = T::of(1.0 / total);
    for scale in scale {
        *scale = T::ONE / (*scale * count + T::of(NORMALISE_EPSILON)).sqrt();
    }
}
