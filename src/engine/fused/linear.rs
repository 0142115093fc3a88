//! Products of many positions with a small matrix, and their weights' gradients.
//!
//! In: sheets (channel, lane), whose rows lie `stride` numbers apart, and a matrix (inputs, outputs), row-major, applied to
//! the channels. Out: sheets, or sums over lanes. Lanes fill the registers and weights are scalars: a tile of outputs is
//! summed at once over two vectors of lanes, so that each weight that is read serves twice and each lane eight times.

use super::float::Float;
use super::geometry::LANES;
use super::simd::Level;
use super::wide::{Kernel, Wide};

/// What a product is added to.
trait Start<T: Float>: Copy {
    /// Lanes of an output; `y` is what the result's place holds.
    fn at<W: Wide<T>>(self, y: &[T], output: usize, at: usize) -> W;
}

/// Nothing.
#[derive(Clone, Copy)]
struct Zero;

impl<T: Float> Start<T> for Zero {
    #[inline(always)]
    fn at<W: Wide<T>>(self, _: &[T], _: usize, _: usize) -> W {
        W::splat(T::ZERO)
    }
}

/// What is in the result's place, with rows so far apart.
#[derive(Clone, Copy)]
struct Own(usize);

impl<T: Float> Start<T> for Own {
    #[inline(always)]
    fn at<W: Wide<T>>(self, y: &[T], output: usize, at: usize) -> W {
        W::load(y, output * self.0 + at)
    }
}

/// Another array, with rows so far apart.
#[derive(Clone, Copy)]
struct Residual<'a, T>(&'a [T], usize);

impl<T: Float> Start<T> for Residual<'_, T> {
    #[inline(always)]
    fn at<W: Wide<T>>(self, _: &[T], output: usize, at: usize) -> W {
        W::load(self.0, output * self.1 + at)
    }
}

/// (what is in the result's place − mean) · slope + offset, with rows so far apart.
#[derive(Clone, Copy)]
struct Affine<'a, T>([&'a [T]; 3], usize);

impl<T: Float> Start<T> for Affine<'_, T> {
    #[inline(always)]
    fn at<W: Wide<T>>(self, y: &[T], output: usize, at: usize) -> W {
        let [mean, slope, offset] = self.0;
        let (mean, slope, offset) = (W::splat(mean[output]), W::splat(slope[output]), W::splat(offset[output]));
        W::load(y, output * self.1 + at).minus(mean).times_plus(slope, offset)
    }
}

/// y = start + (x − mean) · w; without means nothing is taken off.
struct Multiply<'a, T, S> {
    x: &'a [T],
    x_stride: usize,
    mean: Option<&'a [T]>,
    w: &'a [T],
    y: &'a mut [T],
    y_stride: usize,
    inputs: usize,
    outputs: usize,
    lanes: usize,
    start: S,
}

impl<T: Float, S: Start<T>> Multiply<'_, T, S> {
    /// One tile: `O` outputs of `V` vectors.
    #[inline(always)]
    fn tile<W: Wide<T>, const O: usize, const V: usize>(&mut self, first: usize, at: usize) {
        let mut sums = [[W::splat(T::ZERO); V]; O];
        for output in 0..O {
            for vector in 0..V {
                sums[output][vector] = self.start.at(self.y, first + output, at + vector * LANES);
            }
        }
        for input in 0..self.inputs {
            let row = &self.x[input * self.x_stride + at..][..V * LANES];
            let mut values = [W::splat(T::ZERO); V];
            for vector in 0..V {
                values[vector] = W::load(row, vector * LANES);
            }
            if let Some(mean) = self.mean {
                let mean = W::splat(mean[input]);
                for vector in 0..V {
                    values[vector] = values[vector].minus(mean);
                }
            }
            let w = &self.w[input * self.outputs + first..][..O];
            for output in 0..O {
                let w = W::splat(w[output]);
                for vector in 0..V {
                    sums[output][vector] = w.times_plus(values[vector], sums[output][vector]);
                }
            }
        }
        for output in 0..O {
            let row = &mut self.y[(first + output) * self.y_stride + at..][..V * LANES];
            for vector in 0..V {
                sums[output][vector].store(row, vector * LANES);
            }
        }
    }

    #[inline(always)]
    fn all_outputs<W: Wide<T>, const TILE: usize, const V: usize>(&mut self, at: usize) {
        let mut first = 0;
        while first + TILE <= self.outputs {
            self.tile::<W, TILE, V>(first, at);
            first += TILE;
        }
        while first + 4 <= self.outputs {
            self.tile::<W, 4, V>(first, at);
            first += 4;
        }
        while first + 2 <= self.outputs {
            self.tile::<W, 2, V>(first, at);
            first += 2;
        }
        while first < self.outputs {
            self.tile::<W, 1, V>(first, at);
            first += 1;
        }
    }
}

impl<T: Float, S: Start<T>> Kernel<T> for Multiply<'_, T, S> {
    #[inline(always)]
    fn run<W: Wide<T>, const TILE: usize, const VECTORS: usize>(mut self) {
        let mut at = 0;
        while at + VECTORS * LANES <= self.lanes {
            self.all_outputs::<W, TILE, VECTORS>(at);
            at += VECTORS * LANES;
        }
        while at < self.lanes {
            self.all_outputs::<W, TILE, 1>(at);
            at += LANES;
        }
    }
}

/// y = x · w. `x`: rows `x_stride` apart; `y`: rows `y_stride` apart; `w`: (inputs, outputs).
pub fn product<T: Float>(
    level: Level,
    x: &[T],
    x_stride: usize,
    w: &[T],
    y: &mut [T],
    y_stride: usize,
    inputs: usize,
    outputs: usize,
    lanes: usize,
) {
    T::run(level, Multiply { x, x_stride, mean: None, w, y, y_stride, inputs, outputs, lanes, start: Zero });
}

/// y += x · w.
pub fn add_product<T: Float>(
    level: Level,
    x: &[T],
    x_stride: usize,
    w: &[T],
    y: &mut [T],
    y_stride: usize,
    inputs: usize,
    outputs: usize,
    lanes: usize,
) {
    T::run(level, Multiply { x, x_stride, mean: None, w, y, y_stride, inputs, outputs, lanes, start: Own(y_stride) });
}

/// y = residual + (x − mean) · w, of one sheet with rows `lanes` apart. `mean`: (inputs).
pub fn add_centred<T: Float>(
    level: Level,
    residual: &[T],
    x: &[T],
    mean: &[T],
    w: &[T],
    y: &mut [T],
    inputs: usize,
    outputs: usize,
    lanes: usize,
) {
    let (x_stride, y_stride, start) = (lanes, lanes, Residual(residual, lanes));
    T::run(level, Multiply { x, x_stride, mean: Some(mean), w, y, y_stride, inputs, outputs, lanes, start });
}

/// branch = dy · w + (branch − mean) ∘ slope + offset: a gradient through a weight and a normalisation, in place of what
/// was normalised, of one sheet with rows `lanes` apart. `w`: (inputs, outputs); the rest by output.
pub fn branch_gradient<T: Float>(
    level: Level,
    dy: &[T],
    w: &[T],
    mean: &[T],
    slope: &[T],
    offset: &[T],
    branch: &mut [T],
    inputs: usize,
    outputs: usize,
    lanes: usize,
) {
    let (x_stride, y_stride, start) = (lanes, lanes, Affine([mean, slope, offset], lanes));
    T::run(level, Multiply { x: dy, x_stride, mean: None, w, y: branch, y_stride, inputs, outputs, lanes, start });
}

/// Inputs and outputs of a tile of a gradient.
const GRADIENT_TILE: usize = 4;

/// See [`outer`].
struct Outer<'a, T> {
    x: &'a [T],
    mean: &'a [T],
    dy: &'a [T],
    gradient: &'a mut [T],
    inputs: usize,
    outputs: usize,
    lanes: usize,
    cells: usize,
}

impl<T: Float> Outer<'_, T> {
    #[inline(always)]
    fn tile<W: Wide<T>, const I: usize, const O: usize>(&mut self, input: usize, output: usize) {
        let (lanes, mean) = (self.lanes, self.mean);
        let mut sums = [[W::splat(T::ZERO); O]; I];
        let mut centre = [W::splat(T::ZERO); I];
        if !mean.is_empty() {
            for row in 0..I {
                centre[row] = W::splat(mean[(input + row) % mean.len()]);
            }
        }
        let full = self.cells / LANES * LANES;
        let sheets = self.x.chunks_exact(self.inputs * lanes).zip(self.dy.chunks_exact(self.outputs * lanes));
        for (x, dy) in sheets {
            let (x, dy) = (&x[input * lanes..(input + I) * lanes], &dy[output * lanes..(output + O) * lanes]);
            let mut at = 0;
            while at < full {
                let mut by = [W::splat(T::ZERO); O];
                for column in 0..O {
                    by[column] = W::load(dy, column * lanes + at);
                }
                for row in 0..I {
                    let values = W::load(x, row * lanes + at).minus(centre[row]);
                    for column in 0..O {
                        sums[row][column] = values.times_plus(by[column], sums[row][column]);
                    }
                }
                at += LANES;
            }
            let rest = self.cells - full;
            if rest > 0 {
                let mut by = [W::splat(T::ZERO); O];
                for column in 0..O {
                    by[column] = W::load(dy, column * lanes + full).first(rest);
                }
                for row in 0..I {
                    let values = W::load(x, row * lanes + full).minus(centre[row]).first(rest);
                    for column in 0..O {
                        sums[row][column] = values.times_plus(by[column], sums[row][column]);
                    }
                }
            }
        }
        // Sums that a loop of many instructions reads by number could not stay in registers.
        let mut totals = [[T::ZERO; O]; I];
        for row in 0..I {
            for column in 0..O {
                totals[row][column] = sums[row][column].total();
            }
        }
        for row in 0..I {
            for column in 0..O {
                self.gradient[(input + row) * self.outputs + output + column] += totals[row][column];
            }
        }
    }
}

impl<T: Float> Kernel<T> for Outer<'_, T> {
    #[inline(always)]
    fn run<W: Wide<T>, const TILE: usize, const VECTORS: usize>(mut self) {
        let whole = |count: usize| count / GRADIENT_TILE * GRADIENT_TILE;
        for input in (0..whole(self.inputs)).step_by(GRADIENT_TILE) {
            for output in (0..whole(self.outputs)).step_by(GRADIENT_TILE) {
                self.tile::<W, GRADIENT_TILE, GRADIENT_TILE>(input, output);
            }
            for output in whole(self.outputs)..self.outputs {
                self.tile::<W, GRADIENT_TILE, 1>(input, output);
            }
        }
        for input in whole(self.inputs)..self.inputs {
            for output in 0..self.outputs {
                self.tile::<W, 1, 1>(input, output);
            }
        }
    }
}

/// gradient += Σ over sheets and cells (x − mean) ⊗ dy: what the weight of `add_centred` gets. Inputs share the means in
/// turn, where there are fewer; none is 0.
pub fn outer<T: Float>(
    level: Level,
    x: &[T],
    mean: &[T],
    dy: &[T],
    gradient: &mut [T],
    inputs: usize,
    outputs: usize,
    lanes: usize,
    cells: usize,
) {
    T::run(level, Outer { x, mean, dy, gradient, inputs, outputs, lanes, cells });
}

/// `to` = the transpose of `from`, (rows, columns).
pub fn transpose<T: Float>(from: &[T], to: &mut [T], rows: usize, columns: usize) {
    for row in 0..rows {
        for column in 0..columns {
            to[column * rows + row] = from[row * columns + column];
        }
    }
}
