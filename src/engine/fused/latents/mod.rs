//! Draws the latents, charges for them and decodes them to the stream; see [`crate::latent`] for the formulas.
//!
//! In: one tensor's means, capacity adjustments and noise, in the parameters' order of axes, (…, latent channel). Out: the
//! stream and the KL; on the way back, their gradients.

use super::columns::{self, block_moments, column_sums, combine_moments};
use super::float::Float;
use super::linear::{add_product, outer, product, transpose};
use super::plan::{TensorPlan, pick};
use super::simd::{Level, kernel};
use super::team::Team;
use crate::latent::{INITIAL_CAPACITY, MINIMUM_CAPACITY, SATURATED, TARGET_SCALE};
use crate::model::LATENT_CHANNELS;
use rayon::prelude::*;
use std::ops::Range;

const CHANNELS: usize = LATENT_CHANNELS;

/// One tensor's parameters, by their places in the flat vector.
#[derive(Clone, Debug)]
pub struct LatentSlices {
    /// Means; also the tensor's place in the noise.
    pub mean: Range<usize>,
    /// Local capacity adjustments.
    pub adjustment: Range<usize>,
    /// Target capacities.
    pub target: Range<usize>,
    /// The decoding weight, (latent channel, channel).
    pub weight: Range<usize>,
    /// The decoding bias.
    pub bias: Range<usize>,
}

/// What one tensor's latents need between the passes, each by latent channel.
#[derive(Clone, Copy, Debug)]
struct Shared<T> {
    mean: [T; CHANNELS],
    scale: [T; CHANNELS],
    /// Mean of the adjustments less the target: what is taken off an adjustment.
    centre: [T; CHANNELS],
    /// Factor on the latent.
    scaling: [T; CHANNELS],
}

/// A coordinate's shares of capacity and variance.
#[derive(Clone, Copy)]
struct Coordinate<T> {
    capacity: T,
    noise: T,
    signal_variance: T,
    signal: T,
    saturated: bool,
}

#[inline(always)]
fn coordinate<T: Float>(adjustment: T, inverse_size: T) -> Coordinate<T> {
    let capacity = adjustment.exp().mul_add(T::of(INITIAL_CAPACITY), T::of(MINIMUM_CAPACITY)) * inverse_size;
    let signal_variance = -(capacity * T::of(-2.0)).exp_m1();
    let saturated = capacity > T::of(SATURATED / 2.0);
    let signal = if saturated { T::ONE } else { signal_variance.sqrt() };
    Coordinate { capacity, noise: (-capacity).exp(), signal_variance, signal, saturated }
}

/// Latent numbers that are handled at once.
const LANES: usize = 16;

/// Repeats what each latent channel has over the lanes.
#[inline(always)]
fn tiled<T: Float>(values: &[T; CHANNELS]) -> [T; LANES] {
    std::array::from_fn(|lane| values[lane % CHANNELS])
}

kernel! {
    /// Latents times their scaling, and the sum of the KL. All (position, latent channel).
    fn draw<T: Float>(mean: &[T], adjustment: &[T], noise: &[T], shared: &Shared<T>, inverse_size: T, latent: &mut [T]) -> f64 {
        let (means, scales, centres, scalings) =
            (tiled(&shared.mean), tiled(&shared.scale), tiled(&shared.centre), tiled(&shared.scaling));
        let half = T::of(0.5);
        let mut total = 0.0;
        let chunks = mean.chunks(LANES).zip(adjustment.chunks(LANES)).zip(noise.chunks(LANES));
        for (((mean, adjustment), noise), latent) in chunks.zip(latent.chunks_mut(LANES)) {
            let many = mean.len();
            let (mut m, mut a, mut n) = ([T::ZERO; LANES], [T::ZERO; LANES], [T::ZERO; LANES]);
            m[..many].copy_from_slice(mean);
            a[..many].copy_from_slice(adjustment);
            n[..many].copy_from_slice(noise);
            let (mut z, mut cost) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            for lane in 0..LANES {
                let at = coordinate(a[lane] - centres[lane], inverse_size);
                let mean = (m[lane] - means[lane]) * scales[lane];
                z[lane] = at.signal.mul_add(mean, at.noise * n[lane]) * scalings[lane];
                cost[lane] = (mean * mean - T::ONE).mul_add(at.signal_variance * half, at.capacity);
            }
            latent.copy_from_slice(&z[..many]);
            total += cost[..many].iter().fold(T::ZERO, |sum, &cost| sum + cost).to_f64();
        }
        total
    }

    /// From the gradient of the scaled latents: that of the normalised means in `by_mean` and of the centred adjustments
    /// in `by_adjustment`. `sums`, each by latent channel: the means' gradient, its product with the normalised means, the
    /// adjustments' gradient, the scaling's gradient.
    fn draw_back<T: Float>(mean: &[T], adjustment: &[T], noise: &[T], shared: &Shared<T>, inverse_size: T, by_latent: &[T], by_mean: &mut [T], by_adjustment: &mut [T], sums: &mut [T]) {
        let (means, scales, centres, scalings) =
            (tiled(&shared.mean), tiled(&shared.scale), tiled(&shared.centre), tiled(&shared.scaling));
        let floor = T::of(MINIMUM_CAPACITY) * inverse_size;
        let mut lanes = [[T::ZERO; LANES]; 4];
        let inputs = mean.chunks(LANES).zip(adjustment.chunks(LANES)).zip(noise.chunks(LANES)).zip(by_latent.chunks(LANES));
        for ((((mean, adjustment), noise), by_latent), (by_mean, by_adjustment)) in
            inputs.zip(by_mean.chunks_mut(LANES).zip(by_adjustment.chunks_mut(LANES)))
        {
            let many = mean.len();
            let (mut m, mut a, mut n, mut g) = ([T::ZERO; LANES], [T::ZERO; LANES], [T::ZERO; LANES], [T::ZERO; LANES]);
            m[..many].copy_from_slice(mean);
            a[..many].copy_from_slice(adjustment);
            n[..many].copy_from_slice(noise);
            g[..many].copy_from_slice(by_latent);
            let (mut to_mean, mut to_adjustment) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            for lane in 0..LANES {
                let at = coordinate(a[lane] - centres[lane], inverse_size);
                let mean = (m[lane] - means[lane]) * scales[lane];
                let noise = at.noise * n[lane];
                lanes[3][lane] = g[lane].mul_add(at.signal.mul_add(mean, noise), lanes[3][lane]);
                let gradient = g[lane] * scalings[lane];
                to_mean[lane] = gradient.mul_add(at.signal, mean * at.signal_variance);
                let noise_variance = at.noise * at.noise;
                let by_signal = if at.saturated { T::ZERO } else { gradient * mean * noise_variance / at.signal };
                let by_variance = (mean * mean - T::ONE) * noise_variance;
                let by_capacity = T::ONE + by_variance - gradient * noise + by_signal;
                to_adjustment[lane] = by_capacity * (at.capacity - floor);
                // Lanes beyond the end hold no latent.
                let counts = if lane < many { T::ONE } else { T::ZERO };
                lanes[0][lane] = counts.mul_add(to_mean[lane], lanes[0][lane]);
                lanes[1][lane] = (counts * mean).mul_add(to_mean[lane], lanes[1][lane]);
                lanes[2][lane] = counts.mul_add(to_adjustment[lane], lanes[2][lane]);
            }
            by_mean.copy_from_slice(&to_mean[..many]);
            by_adjustment.copy_from_slice(&to_adjustment[..many]);
        }
        for (sums, lanes) in sums.chunks_exact_mut(CHANNELS).zip(&lanes) {
            for (lane, &sum) in lanes.iter().enumerate() {
                sums[lane % CHANNELS] += sum;
            }
        }
    }

    /// The means' gradient back through their normalisation, and the adjustments' through their centring.
    fn centre_gradients<T: Float>(mean: &[T], centre: &[T; CHANNELS], back: &[[T; CHANNELS]; 4], by_mean: &mut [T], by_adjustment: &mut [T]) {
        let [scale, slope, offset, taken] = back;
        let rows = by_mean.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(by_adjustment.as_chunks_mut::<CHANNELS>().0);
        for ((by_mean, by_adjustment), mean) in rows.zip(mean.as_chunks::<CHANNELS>().0) {
            for channel in 0..CHANNELS {
                let rest = (mean[channel] - centre[channel]).mul_add(slope[channel], offset[channel]);
                by_mean[channel] = by_mean[channel].mul_add(scale[channel], rest);
                by_adjustment[channel] += taken[channel];
            }
        }
    }
}

/// One tensor's latents.
pub struct Latents<'a> {
    /// One thread or several.
    pub team: Team,
    /// Instructions to use.
    pub level: Level,
    /// The tensor.
    pub plan: &'a TensorPlan,
    /// Its parameters.
    pub slices: &'a LatentSlices,
}

impl Latents<'_> {
    /// Fills the first layer's input from `parameters` and the tensor's `noise`; gives the KL in nats.
    pub fn decode<T: Float>(&self, parameters: &[T], noise: &[T], slab: &mut [T]) -> f64 {
        let shape = &self.plan.shape;
        let shared = self.shared(parameters, slab);
        let inverse_size = self.inverse_size();
        let block = shape.block() * CHANNELS;
        let [stream, latent, by_block] =
            pick(slab, [&self.plan.layers[0].input, &self.plan.latents, &self.plan.block_moments]);
        let (mean, adjustment) = (&parameters[self.slices.mean.clone()], &parameters[self.slices.adjustment.clone()]);
        let (weight, bias) = (&parameters[self.slices.weight.clone()], &parameters[self.slices.bias.clone()]);
        by_block[..shape.blocks()]
            .par_chunks_mut(1)
            .zip(latent.par_chunks_mut(block))
            .zip(stream.par_chunks_mut(shape.block() * shape.channels))
            .zip(mean.par_chunks(block).zip(adjustment.par_chunks(block)).zip(noise.par_chunks(block)))
            .with_min_len(self.team.least())
            .for_each(|(((kl, latent), stream), ((mean, adjustment), noise))| {
                let nats = draw(self.level, mean, adjustment, noise, &shared, inverse_size, latent);
                kl[0] = T::of(nats);
                self.spread(latent, weight, bias, stream);
            });
        by_block[..shape.blocks()].iter().map(|kl| kl.to_f64()).sum()
    }

    /// Fills the first layer's input from the latents in `plan.latents`.
    pub fn decode_drawn<T: Float>(&self, parameters: &[T], slab: &mut [T]) {
        let shape = &self.plan.shape;
        let [stream, latent] = pick(slab, [&self.plan.layers[0].input, &self.plan.latents]);
        let (weight, bias) = (&parameters[self.slices.weight.clone()], &parameters[self.slices.bias.clone()]);
        latent
            .par_chunks(shape.block() * CHANNELS)
            .zip(stream.par_chunks_mut(shape.block() * shape.channels))
            .with_min_len(self.team.least())
            .for_each(|(latent, stream)| self.spread(latent, weight, bias, stream));
    }

    /// From the stream's gradient in `plan.gradient` to the parameters'; the KL counts once.
    pub fn back<T: Float>(&self, parameters: &[T], noise: &[T], slab: &mut [T], gradient: &mut [T]) {
        let shape = &self.plan.shape;
        let channels = shape.channels;
        let shared = self.shared(parameters, slab);
        let inverse_size: T = self.inverse_size();
        let block = shape.block() * CHANNELS;
        let (mean, adjustment) = (&parameters[self.slices.mean.clone()], &parameters[self.slices.adjustment.clone()]);
        let weight = &parameters[self.slices.weight.clone()];
        let (slices, partial) = (self.slices, self.plan.partial);
        let [dy, latent, scaled, partials] =
            pick(slab, [&self.plan.gradient, &self.plan.latents, &self.plan.scaled, &self.plan.partials]);
        let transposed = &mut scaled[..CHANNELS * channels];
        transpose(weight, transposed, CHANNELS, channels);
        let transposed = &*transposed;

        // Of each block's partial gradient: weight, bias, sums of the means' gradient, of its product with the means, of
        // the adjustments' gradient, and the scaling's gradient.
        let weight_end = CHANNELS * channels;
        let bias_end = weight_end + channels;
        let long = bias_end + 4 * CHANNELS;
        let [by_mean, by_adjustment] = pick(gradient, [&slices.mean, &slices.adjustment]);
        partials
            .par_chunks_mut(partial)
            .zip(latent.par_chunks_mut(block))
            .zip(dy.par_chunks(shape.block() * channels))
            .zip(mean.par_chunks(block).zip(adjustment.par_chunks(block)).zip(noise.par_chunks(block)))
            .zip(by_mean.par_chunks_mut(block).zip(by_adjustment.par_chunks_mut(block)))
            .with_min_len(self.team.least())
            .for_each(|((((partial, latent), dy), ((mean, adjustment), noise)), (by_mean, by_adjustment))| {
                let partial = &mut partial[..long];
                partial.fill(T::ZERO);
                // The latents are drawn again; then their place takes their gradient.
                draw(self.level, mean, adjustment, noise, &shared, inverse_size, latent);
                let (by_weight, rest) = partial.split_at_mut(weight_end);
                let (by_bias, sums) = rest.split_at_mut(channels);
                self.collect(latent, dy, transposed, by_weight, by_bias);
                draw_back(
                    self.level,
                    mean,
                    adjustment,
                    noise,
                    &shared,
                    inverse_size,
                    latent,
                    by_mean,
                    by_adjustment,
                    sums,
                );
            });
        let (first, rest) = partials.split_at_mut(partial);
        let total = &mut first[..long];
        for partial in rest.chunks(partial) {
            columns::add(self.level, &partial[..long], total);
        }
        self.finish(parameters, &shared, total, gradient);
    }

    /// From the sums over blocks to the gradients that need them.
    fn finish<T: Float>(&self, parameters: &[T], shared: &Shared<T>, total: &[T], gradient: &mut [T]) {
        let channels = self.plan.shape.channels;
        let (by_weight, rest) = total.split_at(CHANNELS * channels);
        let (by_bias, sums) = rest.split_at(channels);
        columns::add(self.level, by_weight, &mut gradient[self.slices.weight.clone()]);
        columns::add(self.level, by_bias, &mut gradient[self.slices.bias.clone()]);
        let positions = self.plan.shape.positions();
        let share = T::of(1.0 / positions as f64);
        let inverse_size: T = self.inverse_size();
        let alone = if positions == 1 { T::ZERO } else { T::ONE };
        let mut back = [[T::ZERO; CHANNELS]; 4];
        let [scale, slope, offset, taken] = &mut back;
        for channel in 0..CHANNELS {
            let [flat, along, adjustment, scaling] = [0, 1, 2, 3].map(|part| sums[part * CHANNELS + channel]);
            scale[channel] = shared.scale[channel] * alone;
            slope[channel] = -shared.scale[channel] * shared.scale[channel] * along * share * alone;
            offset[channel] = -shared.scale[channel] * flat * share * alone;
            taken[channel] = -adjustment * share;
            let target = parameters[self.slices.target.start + channel] * T::of(TARGET_SCALE);
            let learnt = target.exp() * T::of(INITIAL_CAPACITY) * inverse_size;
            let by_target = (T::ONE - shared.scaling[channel]) * (learnt + learnt) * scaling + adjustment;
            gradient[self.slices.target.start + channel] = by_target * T::of(TARGET_SCALE);
        }
        let mean = &parameters[self.slices.mean.clone()];
        let [by_mean, by_adjustment] = pick(gradient, [&self.slices.mean, &self.slices.adjustment]);
        let block = self.plan.shape.block() * CHANNELS;
        by_mean
            .par_chunks_mut(block)
            .zip(by_adjustment.par_chunks_mut(block))
            .zip(mean.par_chunks(block))
            .with_min_len(self.team.least())
            .for_each(|((by_mean, by_adjustment), mean)| {
                centre_gradients(self.level, mean, &shared.mean, &back, by_mean, by_adjustment);
            });
    }

    fn inverse_size<T: Float>(&self) -> T {
        T::of(1.0 / (self.plan.shape.positions() * CHANNELS) as f64)
    }

    fn shared<T: Float>(&self, parameters: &[T], slab: &mut [T]) -> Shared<T> {
        let by_block = &mut slab[self.plan.block_moments.clone()];
        let (mut mean, mut scale) = ([T::ZERO; CHANNELS], [T::ZERO; CHANNELS]);
        let (mut centre, mut unused) = ([T::ZERO; CHANNELS], [T::ZERO; CHANNELS]);
        self.measure(&parameters[self.slices.mean.clone()], by_block, &mut mean, &mut scale);
        self.measure(&parameters[self.slices.adjustment.clone()], by_block, &mut centre, &mut unused);
        let mut scaling = [T::ZERO; CHANNELS];
        let targets = &parameters[self.slices.target.clone()];
        for ((&target, centre), scaling) in targets.iter().zip(&mut centre).zip(&mut scaling) {
            let target = target * T::of(TARGET_SCALE);
            *centre -= target;
            let capacity = target.exp().mul_add(T::of(INITIAL_CAPACITY), T::of(MINIMUM_CAPACITY));
            *scaling = -(capacity * self.inverse_size() * T::of(-2.0)).exp_m1();
        }
        Shared { mean, scale, centre, scaling }
    }

    fn measure<T: Float>(&self, values: &[T], by_block: &mut [T], mean: &mut [T], scale: &mut [T]) {
        let shape = &self.plan.shape;
        let by_block = &mut by_block[..shape.blocks() * 2 * CHANNELS];
        by_block
            .par_chunks_mut(2 * CHANNELS)
            .zip(values.par_chunks(shape.block() * CHANNELS))
            .with_min_len(self.team.least())
            .for_each(|(moments, values)| block_moments(self.level, values, moments, CHANNELS));
        combine_moments(by_block, shape.block_sizes(), mean, scale);
    }

    /// stream = latent · weight + bias. A tensor with rows or columns has its directions before them in the parameters, and
    /// after them in the stream.
    fn spread<T: Float>(&self, latent: &[T], weight: &[T], bias: &[T], stream: &mut [T]) {
        let shape = &self.plan.shape;
        let (cells, directions, channels) = (shape.plane_cells(), shape.directions(), shape.channels);
        for stream in stream.chunks_exact_mut(channels) {
            stream.copy_from_slice(bias);
        }
        if directions == 1 || cells == 1 {
            return add_product(self.level, latent, weight, stream, CHANNELS, channels);
        }
        let mut rows = [T::ZERO; ROWS * CHANNELS];
        for (latent, stream) in planes(latent, stream, cells * directions, channels) {
            each_stretch(cells, directions, |start, count| {
                let rows = &mut rows[..count * CHANNELS];
                for (index, row) in rows.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                    row.copy_from_slice(&latent[parameter_place(start + index, cells, directions)..][..CHANNELS]);
                }
                let stream = &mut stream[start * channels..(start + count) * channels];
                add_product(self.level, rows, weight, stream, CHANNELS, channels);
            });
        }
    }

    /// The way back of [`Latents::spread`]: the weight's and bias' gradients, and the latent replaced by its own.
    fn collect<T: Float>(&self, latent: &mut [T], dy: &[T], transposed: &[T], by_weight: &mut [T], by_bias: &mut [T]) {
        let shape = &self.plan.shape;
        let (cells, directions, channels) = (shape.plane_cells(), shape.directions(), shape.channels);
        column_sums(self.level, dy, by_bias, channels);
        let zeros = [T::ZERO; CHANNELS];
        if directions == 1 || cells == 1 {
            outer(self.level, latent, &zeros, dy, by_weight, CHANNELS, channels);
            product(self.level, dy, transposed, latent, channels, CHANNELS);
            return;
        }
        let mut rows = [T::ZERO; ROWS * CHANNELS];
        let positions = cells * directions;
        for (latent, dy) in latent.chunks_exact_mut(positions * CHANNELS).zip(dy.chunks_exact(positions * channels)) {
            each_stretch(cells, directions, |start, count| {
                let rows = &mut rows[..count * CHANNELS];
                let dy = &dy[start * channels..(start + count) * channels];
                let place = |index: usize| parameter_place(start + index, cells, directions);
                for (index, row) in rows.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                    row.copy_from_slice(&latent[place(index)..][..CHANNELS]);
                }
                outer(self.level, rows, &zeros, dy, by_weight, CHANNELS, channels);
                product(self.level, dy, transposed, rows, channels, CHANNELS);
                for (index, row) in rows.as_chunks::<CHANNELS>().0.iter().enumerate() {
                    latent[place(index)..][..CHANNELS].copy_from_slice(row);
                }
            });
        }
    }
}

/// Positions whose latents are put in the stream's order at once.
const ROWS: usize = 64;

/// Where the parameters hold the latent of a position of a plane, which the stream counts by cell, then direction.
fn parameter_place(position: usize, cells: usize, directions: usize) -> usize {
    (position % directions * cells + position / directions) * CHANNELS
}

/// Stretches of at most [`ROWS`] of a plane's positions: (first, how many).
fn each_stretch(cells: usize, directions: usize, mut work: impl FnMut(usize, usize)) {
    let positions = cells * directions;
    for start in (0..positions).step_by(ROWS) {
        work(start, ROWS.min(positions - start));
    }
}

/// Latents and stream by planes of so many positions.
fn planes<'a, T>(
    latent: &'a [T],
    stream: &'a mut [T],
    positions: usize,
    channels: usize,
) -> impl Iterator<Item = (&'a [T], &'a mut [T])> {
    latent.chunks_exact(positions * CHANNELS).zip(stream.chunks_exact_mut(positions * channels))
}
