//! Draws the latents, charges for them and decodes them to the stream; see [`crate::latent`] for the formulas.
//!
//! In: one tensor's means, capacity adjustments and noise, in the parameters' order of axes, (…, latent channel). Out: the
//! stream and the KL; on the way back, their gradients. `kernels` has what is done to each latent number.

mod kernels;

use super::columns::{self, channel_sums, combine_moments};
use super::float::Float;
use super::linear::{add_product, outer, product, transpose};
use super::plan::{TensorPlan, pick};
use super::simd::Level;
use super::team::Team;
use crate::latent::{INITIAL_CAPACITY, MINIMUM_CAPACITY, TARGET_SCALE};
use crate::model::LATENT_CHANNELS;
use kernels::{Shared, centre_gradients, draw, draw_back, interleaved_moments};
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
        let block = self.block();
        let ranges =
            [&self.plan.layers[0].input, &self.plan.latents, &self.plan.block_moments, &self.plan.latent_rows];
        let [stream, latent, by_block, rows] = pick(slab, ranges);
        let (mean, adjustment) = (&parameters[self.slices.mean.clone()], &parameters[self.slices.adjustment.clone()]);
        let (weight, bias) = (&parameters[self.slices.weight.clone()], &parameters[self.slices.bias.clone()]);
        by_block[..shape.blocks()]
            .par_chunks_mut(1)
            .zip(latent.par_chunks_mut(block))
            .zip(stream.par_chunks_mut(shape.block(shape.channels)))
            .zip(mean.par_chunks(block).zip(adjustment.par_chunks(block)).zip(noise.par_chunks(block)))
            .zip(rows.par_chunks_mut(shape.block(CHANNELS)))
            .with_min_len(self.team.least())
            .for_each(|((((kl, latent), stream), ((mean, adjustment), noise)), rows)| {
                let nats = draw(self.level, mean, adjustment, noise, &shared, inverse_size, latent);
                kl[0] = T::of(nats);
                self.spread(latent, weight, bias, stream, rows);
            });
        by_block[..shape.blocks()].iter().map(|kl| kl.to_f64()).sum()
    }

    /// Fills the first layer's input from the latents in `plan.latents`.
    pub fn decode_drawn<T: Float>(&self, parameters: &[T], slab: &mut [T]) {
        let shape = &self.plan.shape;
        let [stream, latent, rows] =
            pick(slab, [&self.plan.layers[0].input, &self.plan.latents, &self.plan.latent_rows]);
        let (weight, bias) = (&parameters[self.slices.weight.clone()], &parameters[self.slices.bias.clone()]);
        latent
            .par_chunks(self.block())
            .zip(stream.par_chunks_mut(shape.block(shape.channels)))
            .zip(rows.par_chunks_mut(shape.block(CHANNELS)))
            .with_min_len(self.team.least())
            .for_each(|((latent, stream), rows)| self.spread(latent, weight, bias, stream, rows));
    }

    /// From the stream's gradient in `plan.gradient` to the parameters'; the KL counts once.
    pub fn back<T: Float>(&self, parameters: &[T], noise: &[T], slab: &mut [T], gradient: &mut [T]) {
        let shape = &self.plan.shape;
        let channels = shape.channels;
        let shared = self.shared(parameters, slab);
        let inverse_size: T = self.inverse_size();
        let block = self.block();
        let (mean, adjustment) = (&parameters[self.slices.mean.clone()], &parameters[self.slices.adjustment.clone()]);
        let weight = &parameters[self.slices.weight.clone()];
        let (slices, partial) = (self.slices, self.plan.partial);
        let ranges =
            [&self.plan.gradient, &self.plan.latents, &self.plan.scaled, &self.plan.partials, &self.plan.latent_rows];
        let [dy, latent, scaled, partials, rows] = pick(slab, ranges);
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
            .zip(dy.par_chunks(shape.block(channels)))
            .zip(mean.par_chunks(block).zip(adjustment.par_chunks(block)).zip(noise.par_chunks(block)))
            .zip(by_mean.par_chunks_mut(block).zip(by_adjustment.par_chunks_mut(block)))
            .zip(rows.par_chunks_mut(shape.block(CHANNELS)))
            .with_min_len(self.team.least())
            .for_each(|(((((partial, latent), dy), ((mean, adjustment), noise)), (by_mean, by_adjustment)), rows)| {
                let partial = &mut partial[..long];
                partial.fill(T::ZERO);
                // The latents are drawn again; then their place takes their gradient.
                draw(self.level, mean, adjustment, noise, &shared, inverse_size, latent);
                let (by_weight, rest) = partial.split_at_mut(weight_end);
                let (by_bias, sums) = rest.split_at_mut(channels);
                self.collect(latent, dy, transposed, by_weight, by_bias, rows);
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
        let block = self.block();
        by_mean
            .par_chunks_mut(block)
            .zip(by_adjustment.par_chunks_mut(block))
            .zip(mean.par_chunks(block))
            .with_min_len(self.team.least())
            .for_each(|((by_mean, by_adjustment), mean)| {
                centre_gradients(self.level, mean, &shared.mean, &back, by_mean, by_adjustment);
            });
    }

    /// Latent numbers of a block.
    fn block(&self) -> usize {
        let form = &self.plan.shape.form;
        self.plan.shape.block_planes() * form.cells() * form.directions() * CHANNELS
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
            .zip(values.par_chunks(self.block()))
            .with_min_len(self.team.least())
            .for_each(|(moments, values)| interleaved_moments(self.level, values, moments));
        combine_moments(by_block, shape.block_sizes(), mean, scale);
    }

    /// stream = latent · weight + bias. `rows`: the latents as the stream's kernels read them.
    fn spread<T: Float>(&self, latent: &[T], weight: &[T], bias: &[T], stream: &mut [T], rows: &mut [T]) {
        let (lanes, channels) = (self.plan.shape.form.lanes(), self.plan.shape.channels);
        self.each_place(latent.len(), |from, to| rows[to] = latent[from]);
        let sheets = stream.chunks_mut(channels * lanes).zip(rows.chunks(CHANNELS * lanes));
        for (stream, rows) in sheets {
            for (stream, &bias) in stream.chunks_mut(lanes).zip(bias) {
                stream.fill(bias);
            }
            add_product(self.level, rows, lanes, weight, stream, lanes, CHANNELS, channels, lanes);
        }
    }

    /// The way back of [`Latents::spread`]: the weight's and bias' gradients, and the latent replaced by its own.
    fn collect<T: Float>(
        &self,
        latent: &mut [T],
        dy: &[T],
        transposed: &[T],
        by_weight: &mut [T],
        by_bias: &mut [T],
        rows: &mut [T],
    ) {
        let (form, channels) = (&self.plan.shape.form, self.plan.shape.channels);
        let (lanes, cells) = (form.lanes(), form.cells());
        channel_sums(self.level, dy, by_bias, lanes, cells);
        self.each_place(latent.len(), |from, to| rows[to] = latent[from]);
        let rows = &mut rows[..dy.len() / channels * CHANNELS];
        outer(self.level, rows, &[], dy, by_weight, CHANNELS, channels, lanes, cells);
        for (dy, rows) in dy.chunks(channels * lanes).zip(rows.chunks_mut(CHANNELS * lanes)) {
            product(self.level, dy, lanes, transposed, rows, lanes, channels, CHANNELS, lanes);
        }
        self.each_place(latent.len(), |from, to| latent[from] = rows[to]);
    }

    /// Where a block's latent numbers stand in the parameters' order, and where among rows of lanes. The parameters go
    /// example, colour, direction, row, column, latent channel, and a block has whole planes.
    fn each_place(&self, length: usize, mut work: impl FnMut(usize, usize)) {
        let form = &self.plan.shape.form;
        let (cells, lanes, directions) = (form.cells(), form.lanes(), form.directions());
        let run = form.lengths[2] * form.lengths[3];
        for plane in 0..length / (cells * directions * CHANNELS) {
            for first in (0..cells).step_by(run) {
                for direction in 0..directions {
                    let from = ((plane * cells + first) * directions + direction * run) * CHANNELS;
                    let to = (plane * directions + direction) * CHANNELS * lanes + first;
                    for cell in 0..run {
                        for channel in 0..CHANNELS {
                            work(from + cell * CHANNELS + channel, to + channel * lanes + cell);
                        }
                    }
                }
            }
        }
    }
}
