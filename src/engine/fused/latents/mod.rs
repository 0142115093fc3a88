//! Draws the latents, charges for them and decodes them to the stream; see [`crate::latent`] for the formulas.
//!
//! In: one tensor's means, capacity adjustments and noise, in the parameters' order of axes, (…, latent channel). Out: the
//! stream and the KL; on the way back, their gradients. `kernels` has what is done to each latent number.

mod kernels;

use super::columns::{self, block_moments, column_sums, combine_moments};
use super::float::Float;
use super::linear::{add_product, outer, product, transpose};
use super::plan::{TensorPlan, pick};
use super::simd::Level;
use super::team::Team;
use crate::latent::{INITIAL_CAPACITY, MINIMUM_CAPACITY, TARGET_SCALE};
use crate::model::LATENT_CHANNELS;
use kernels::{Shared, centre_gradients, draw, draw_back};
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
