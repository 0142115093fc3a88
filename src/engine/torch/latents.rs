//! Draws the latents, charges for them, and decodes them to the residual stream; see [`crate::latent`] for the formulas.
//!
//! In: the posteriors' parameters and noise. Out: the stream's beginning and the KL of every tensor. All tensors' latents
//! are one stack.

use super::batch::{Batch, stacked};
use super::normalise::{Normalise, Owners};
use super::ops::{add, add_product, multiply, product};
use super::parameters::{Parameters, Weight};
use super::stack::{Rows, Stack, tied};
use super::stream::Stream;
use crate::latent::{INITIAL_CAPACITY, MINIMUM_CAPACITY, SATURATED, TARGET_SCALE};
use crate::model::{LATENT_CHANNELS, tying};
use std::rc::Rc;
use tch::{Kind, Tensor};

/// Of tensors that share their weights, how latents become streams.
struct Decode {
    weight: Weight,
    bias: Weight,
    /// 1 at a member's own positions, (member, position, 1), and (member, 1, position).
    own: Tensor,
    own_row: Tensor,
    latents: Rows,
    by_latents: Tensor,
    stream: Tensor,
    by_stream: Tensor,
}

/// The latents of a batch.
pub struct Latents {
    owners: Rc<Owners>,
    mean: [Tensor; 2],
    adjustment: [Tensor; 2],
    target: [Tensor; 2],
    normalise: Normalise,
    /// The means, normalised: μ.
    normalised: Tensor,
    /// 1 / n for each tensor, (member, tensor, 1), and for each position, (member, position, 1), 0 at padding.
    inverse_size: Tensor,
    inverse_size_spread: Tensor,
    /// Whether a position is padding, (member, position, 1).
    padding: Tensor,
    /// The latents, scaled, and their gradient, (member, position, channel).
    scaled: Tensor,
    gradient: Tensor,
    decode: Vec<Decode>,
}

/// What the way back needs of the way there, each (member, position, channel) but for the last two.
pub struct Drawn {
    noise: Tensor,
    /// C₀ · exp(10 τ + a − ā).
    growth: Tensor,
    /// 1 − s².
    signal_variance: Tensor,
    signal: Tensor,
    /// s.
    deviation: Tensor,
    /// z, and what it is multiplied by.
    latent: Tensor,
    scaling_spread: Tensor,
    /// Where √(1 − s²) is taken as 1.
    held: Tensor,
    /// C₀ · exp(10 τ), and 1 − exp(−2 C / n): (member, tensor, channel).
    target_growth: Tensor,
    scaling: Tensor,
    /// Nats, (member, tensor), as stacked.
    pub kl_by_tensor: Tensor,
}

impl Latents {
    /// Writes the first stream; the second is its gradient.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        owners: Rc<Owners>,
        [stream, stream_gradient]: [&Stream; 2],
    ) -> Self {
        let tensors = stacked();
        let channels = LATENT_CHANNELS as i64;
        let [mean, adjustment, target] = parameters.latents();
        let normalised = mean[0].zeros_like().contiguous();
        let inverse_size = &owners.share * (1.0 / channels as f64);
        let inverse_size_spread = owners.spread.bmm(&inverse_size);
        let [scaled, gradient] = std::array::from_fn(|_| Stack::new(batch, &tensors, channels));
        let decode = tied(&tensors)
            .into_iter()
            .map(|group| {
                let first = tying::representative(group[0]);
                let own: Vec<Tensor> = group.iter().map(|&axes| batch.own_positions(axes)).collect();
                let own = Tensor::cat(&own, 1);
                Decode {
                    weight: parameters.weight(&format!("decode.{first}.weight")),
                    bias: parameters.weight(&format!("decode.{first}.bias")),
                    own: own.unsqueeze(2),
                    own_row: own.unsqueeze(1),
                    latents: scaled.rows(&group),
                    by_latents: gradient.rows(&group).rows,
                    stream: stream.rows(&group).rows,
                    by_stream: stream_gradient.rows(&group).rows,
                }
            })
            .collect();
        Self {
            normalise: Normalise::new(batch, Rc::clone(&owners), &normalised),
            padding: inverse_size_spread.eq(0.0),
            mean,
            adjustment,
            target,
            normalised,
            inverse_size,
            inverse_size_spread,
            scaled: scaled.whole,
            gradient: gradient.whole,
            decode,
            owners,
        }
    }

    /// `noise`: (member, position, channel), 0 at padding.
    pub fn forward(&self, noise: Tensor) -> Drawn {
        let Owners { spread, collect, negative_share, .. } = &*self.owners;
        self.normalise.forward(&self.mean[0]);

        let target = &self.target[0] * TARGET_SCALE;
        let target_growth = target.exp() * INITIAL_CAPACITY;
        let scaling = -((&target_growth + MINIMUM_CAPACITY) * &self.inverse_size * -2.0).expm1();
        let level = collect.bmm(&self.adjustment[0]);
        multiply(&level, negative_share);
        add(&level, &target);
        let growth = self.adjustment[0].baddbmm(spread, &level, 1, 1).exp_() * INITIAL_CAPACITY;
        let capacity = (&growth + MINIMUM_CAPACITY) * &self.inverse_size_spread;

        let signal_variance = -(&capacity * -2.0).expm1();
        let held = capacity.gt(SATURATED / 2.0).logical_or_(&self.padding);
        let signal = signal_variance.sqrt().masked_fill_(&held, 1.0);
        let deviation = (-&capacity).exp_();
        let latent = (&deviation * &noise).addcmul_(&signal, &self.normalised);
        let kl = capacity.addcmul(&(self.normalised.square() - 1.0), &(&signal_variance * 0.5));
        let kl_by_tensor = collect.bmm(&kl).sum_dim_intlist([2i64].as_slice(), false, Kind::Float);

        let scaling_spread = spread.bmm(&scaling);
        let _ = latent.mul_out(&self.scaled, &scaling_spread);
        for Decode { latents, weight, bias, own, stream, .. } in &self.decode {
            product(stream, own, &bias.value);
            add_product(stream, &latents.rows, &weight.value);
        }
        Drawn {
            noise,
            growth,
            signal_variance,
            signal,
            deviation,
            latent,
            scaling_spread,
            held,
            target_growth,
            scaling,
            kl_by_tensor,
        }
    }

    /// From the stream's gradient to that of the parameters; the KL counts as it is.
    ///
    /// With v = 1 − s² and c a coordinate's capacity, dz/dv = μ / (2 √v), dv/dc = 2 s², ds/dc = −s, and c grows with the
    /// exponent's argument by growth / n.
    pub fn backward(&self, drawn: &Drawn) {
        let Owners { spread, collect, negative_share, .. } = &*self.owners;
        for Decode { latents, by_latents, weight, bias, own_row, by_stream, .. } in &self.decode {
            add_product(&weight.gradient, &latents.columns, by_stream);
            add_product(&bias.gradient, own_row, by_stream);
            product(by_latents, by_stream, &weight.transposed);
        }
        let by_scaling = collect.bmm(&(&self.gradient * &drawn.latent));
        let by_latent = &self.gradient * &drawn.scaling_spread;

        let by_mean = (&by_latent * &drawn.signal).addcmul_(&drawn.signal_variance, &self.normalised);
        self.normalise.backward_onto(&self.mean[1], &by_mean);

        let half = (&by_latent * &self.normalised / (&drawn.signal * 2.0)).masked_fill_(&drawn.held, 0.0);
        let by_variance = (self.normalised.square() - 1.0) * 0.5 + half;
        let by_capacity =
            by_variance * drawn.deviation.square() * 2.0 - by_latent * &drawn.noise * &drawn.deviation + 1.0;
        let by_exponent = by_capacity * &drawn.growth * &self.inverse_size_spread;
        let sum = collect.bmm(&by_exponent);
        let centre = &sum * negative_share;
        add(&self.adjustment[1], &by_exponent);
        add_product(&self.adjustment[1], spread, &centre);

        let by_target = by_scaling * (1.0 - &drawn.scaling) * &self.inverse_size * &drawn.target_growth * 2.0 + sum;
        add(&self.target[1], &(by_target * TARGET_SCALE));
    }
}
