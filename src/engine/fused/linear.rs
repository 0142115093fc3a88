//! Products of many positions with a small matrix, and their weights' gradients.
//!
//! In: sheets (channel, lane), whose rows lie `stride` numbers apart, and a matrix (inputs, outputs), row-major, applied to
//! the channels. Out: sheets, or sums over lanes. Lanes fill the registers and weights are scalars: a tile of outputs is
//! summed at once over two vectors of lanes, so that each weight that is read serves twice and each lane eight times.

use super::columns::{load, total};
use super::float::Float;
use super::geometry::LANES;
use super::simd::kernel;

/// Rows of lanes: the first channel's start, and how far the rows are apart.
#[derive(Clone, Copy)]
struct Sheet<'a, T> {
    values: &'a [T],
    stride: usize,
}

/// One tile: `O` outputs of `V` vectors of lanes.
#[inline(always)]
fn tile<T: Float, const O: usize, const V: usize, const CENTRED: bool>(
    x: Sheet<T>,
    mean: &[T],
    w: &[T],
    (inputs, outputs): (usize, usize),
    (first, at): (usize, usize),
    start: impl Fn(usize, usize) -> [T; LANES],
    y: &mut [T],
    stride: usize,
) {
    let mut sums = [[[T::ZERO; LANES]; V]; O];
    for output in 0..O {
        for vector in 0..V {
            sums[output][vector] = start(first + output, at + vector * LANES);
        }
    }
    for input in 0..inputs {
        let mut values = [[T::ZERO; LANES]; V];
        let row = &x.values[input * x.stride + at..][..V * LANES];
        for vector in 0..V {
            values[vector] = load(row, vector * LANES);
            if CENTRED {
                let mean = mean[input];
                for lane in 0..LANES {
                    values[vector][lane] = values[vector][lane] - mean;
                }
            }
        }
        let w = &w[input * outputs + first..][..O];
        for output in 0..O {
            for vector in 0..V {
                for lane in 0..LANES {
                    sums[output][vector][lane] = w[output].mul_add(values[vector][lane], sums[output][vector][lane]);
                }
            }
        }
    }
    for output in 0..O {
        let row = &mut y[(first + output) * stride + at..][..V * LANES];
        for vector in 0..V {
            row[vector * LANES..(vector + 1) * LANES].copy_from_slice(&sums[output][vector]);
        }
    }
}

#[inline(always)]
fn outputs<T: Float, const V: usize, const CENTRED: bool>(
    x: Sheet<T>,
    mean: &[T],
    w: &[T],
    sizes: (usize, usize),
    at: usize,
    start: &impl Fn(&[T], usize, usize) -> [T; LANES],
    y: &mut [T],
    stride: usize,
) {
    let mut first = 0;
    macro_rules! tiles {
        ($($long:literal),*) => {$(
            while first + $long <= sizes.1 {
                let mut old = [[[T::ZERO; LANES]; V]; $long];
                for output in 0..$long {
                    for vector in 0..V {
                        old[output][vector] = start(y, first + output, at + vector * LANES);
                    }
                }
                let begin = |output: usize, lane: usize| old[output - first][(lane - at) / LANES];
                tile::<T, $long, V, CENTRED>(x, mean, w, sizes, (first, at), begin, y, stride);
                first += $long;
            }
        )*};
    }
    tiles!(8, 4, 2, 1);
}

/// y = start + (x − mean) · w; `start` may read what y holds.
#[inline(always)]
fn multiply<T: Float, const CENTRED: bool>(
    x: Sheet<T>,
    mean: &[T],
    w: &[T],
    sizes: (usize, usize),
    lanes: usize,
    start: impl Fn(&[T], usize, usize) -> [T; LANES],
    y: &mut [T],
    stride: usize,
) {
    let mut at = 0;
    while at + 2 * LANES <= lanes {
        outputs::<T, 2, CENTRED>(x, mean, w, sizes, at, &start, y, stride);
        at += 2 * LANES;
    }
    if at < lanes {
        outputs::<T, 1, CENTRED>(x, mean, w, sizes, at, &start, y, stride);
    }
}

/// Inputs and outputs of a tile of a gradient.
const GRADIENT_TILE: usize = 4;

#[inline(always)]
fn outer_tile<T: Float, const I: usize, const O: usize>(
    x: &[T],
    mean: &[T],
    dy: &[T],
    gradient: &mut [T],
    (inputs, outputs): (usize, usize),
    (input, output): (usize, usize),
    lanes: usize,
    cells: usize,
) {
    let mut sums = [[[T::ZERO; LANES]; O]; I];
    let mut centre = [T::ZERO; I];
    for row in 0..I {
        centre[row] = if mean.is_empty() { T::ZERO } else { mean[(input + row) % mean.len()] };
    }
    let full = cells / LANES;
    let rest = cells % LANES;
    for (x, dy) in x.chunks_exact(inputs * lanes).zip(dy.chunks_exact(outputs * lanes)) {
        let x: [&[T]; I] = std::array::from_fn(|row| &x[(input + row) * lanes..][..lanes]);
        let dy: [&[T]; O] = std::array::from_fn(|row| &dy[(output + row) * lanes..][..lanes]);
        let vectors = lanes / LANES;
        for vector in 0..vectors {
            let at = vector * LANES;
            let mut by = [[T::ZERO; LANES]; O];
            for row in 0..O {
                by[row] = load(dy[row], at);
            }
            if vector == full {
                for row in 0..O {
                    for lane in 0..LANES {
                        by[row][lane] = if lane < rest { by[row][lane] } else { T::ZERO };
                    }
                }
            }
            for row in 0..I {
                let mut values = load(x[row], at);
                for lane in 0..LANES {
                    values[lane] = values[lane] - centre[row];
                }
                if vector == full {
                    for lane in 0..LANES {
                        values[lane] = if lane < rest { values[lane] } else { T::ZERO };
                    }
                }
                for column in 0..O {
                    for lane in 0..LANES {
                        sums[row][column][lane] = values[lane].mul_add(by[column][lane], sums[row][column][lane]);
                    }
                }
            }
        }
    }
    for row in 0..I {
        for column in 0..O {
            gradient[(input + row) * outputs + output + column] += total(sums[row][column]);
        }
    }
}

kernel! {
    /// y = x · w. `x`: rows `x_stride` apart; `y`: rows `y_stride` apart; `w`: (inputs, outputs).
    pub fn product<T: Float>(x: &[T], x_stride: usize, w: &[T], y: &mut [T], y_stride: usize, inputs: usize, outputs: usize, lanes: usize) {
        let x = Sheet { values: x, stride: x_stride };
        multiply::<T, false>(x, &[], w, (inputs, outputs), lanes, |_, _, _| [T::ZERO; LANES], y, y_stride);
    }

    /// y += x · w.
    pub fn add_product<T: Float>(x: &[T], x_stride: usize, w: &[T], y: &mut [T], y_stride: usize, inputs: usize, outputs: usize, lanes: usize) {
        let x = Sheet { values: x, stride: x_stride };
        let start = |y: &[T], output: usize, at: usize| load(y, output * y_stride + at);
        multiply::<T, false>(x, &[], w, (inputs, outputs), lanes, start, y, y_stride);
    }

    /// y = residual + (x − mean) · w, of one sheet with rows `lanes` apart. `mean`: (inputs).
    pub fn add_centred<T: Float>(residual: &[T], x: &[T], mean: &[T], w: &[T], y: &mut [T], inputs: usize, outputs: usize, lanes: usize) {
        let x = Sheet { values: x, stride: lanes };
        let start = |_: &[T], output: usize, at: usize| load(residual, output * lanes + at);
        multiply::<T, true>(x, mean, w, (inputs, outputs), lanes, start, y, lanes);
    }

    /// branch = dy · w + (branch − mean) ∘ slope + offset: a gradient through a weight and a normalisation, in place of
    /// what was normalised, of one sheet with rows `lanes` apart. `w`: (inputs, outputs); the rest by output.
    pub fn branch_gradient<T: Float>(dy: &[T], w: &[T], mean: &[T], slope: &[T], offset: &[T], branch: &mut [T], inputs: usize, outputs: usize, lanes: usize) {
        let dy = Sheet { values: dy, stride: lanes };
        let start = |branch: &[T], output: usize, at: usize| {
            let mut values = load(branch, output * lanes + at);
            let (mean, slope, offset) = (mean[output], slope[output], offset[output]);
            for lane in 0..LANES {
                values[lane] = (values[lane] - mean).mul_add(slope, offset);
            }
            values
        };
        multiply::<T, false>(dy, &[], w, (inputs, outputs), lanes, start, branch, lanes);
    }

    /// gradient += Σ over sheets and cells (x − mean) ⊗ dy: what the weight of `add_centred` gets. Inputs share the means in
    /// turn, where there are fewer; none is 0.
    pub fn outer<T: Float>(x: &[T], mean: &[T], dy: &[T], gradient: &mut [T], inputs: usize, outputs: usize, lanes: usize, cells: usize) {
        let sizes = (inputs, outputs);
        let many = (inputs / GRADIENT_TILE * GRADIENT_TILE, outputs / GRADIENT_TILE * GRADIENT_TILE);
        for input in (0..many.0).step_by(GRADIENT_TILE) {
            for output in (0..many.1).step_by(GRADIENT_TILE) {
                outer_tile::<T, GRADIENT_TILE, GRADIENT_TILE>(x, mean, dy, gradient, sizes, (input, output), lanes, cells);
            }
            for output in many.1..outputs {
                outer_tile::<T, GRADIENT_TILE, 1>(x, mean, dy, gradient, sizes, (input, output), lanes, cells);
            }
        }
        for input in many.0..inputs {
            for output in 0..outputs {
                outer_tile::<T, 1, 1>(x, mean, dy, gradient, sizes, (input, output), lanes, cells);
            }
        }
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
