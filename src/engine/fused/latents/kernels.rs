//! What the latents do to each of their numbers: draw it and charge for it, and the way back.
//!
//! In: one block's means, capacity adjustments and noise, (position, latent channel). Out: latents and KL; gradients.

use super::super::float::Float;
use super::super::simd::kernel;
use super::CHANNELS;
use crate::latent::{INITIAL_CAPACITY, MINIMUM_CAPACITY, SATURATED};

/// What one tensor's latents need between the passes, each by latent channel.
#[derive(Clone, Copy, Debug)]
pub struct Shared<T> {
    pub mean: [T; CHANNELS],
    pub scale: [T; CHANNELS],
    /// Mean of the adjustments less the target: what is taken off an adjustment.
    pub centre: [T; CHANNELS],
    /// Factor on the latent.
    pub scaling: [T; CHANNELS],
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
    pub fn draw<T: Float>(mean: &[T], adjustment: &[T], noise: &[T], shared: &Shared<T>, inverse_size: T, latent: &mut [T]) -> f64 {
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
    pub fn draw_back<T: Float>(mean: &[T], adjustment: &[T], noise: &[T], shared: &Shared<T>, inverse_size: T, by_latent: &[T], by_mean: &mut [T], by_adjustment: &mut [T], sums: &mut [T]) {
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

    /// Means, then centred squares, of numbers that lie (position, latent channel).
    pub fn interleaved_moments<T: Float>(values: &[T], moments: &mut [T]) {
        let fold = |lanes: [T; LANES], sums: &mut [T]| {
            for (lane, &sum) in lanes.iter().enumerate() {
                sums[lane % CHANNELS] += sum;
            }
        };
        moments.fill(T::ZERO);
        let (mean, squares) = moments.split_at_mut(CHANNELS);
        let (vectors, rest) = values.as_chunks::<LANES>();
        let mut sums = [T::ZERO; LANES];
        for values in vectors {
            for lane in 0..LANES {
                sums[lane] += values[lane];
            }
        }
        sums.iter_mut().zip(rest).for_each(|(sum, &value)| *sum += value);
        fold(sums, mean);
        let share = T::of(CHANNELS as f64 / values.len() as f64);
        mean.iter_mut().for_each(|mean| *mean = *mean * share);
        let centre: [T; LANES] = std::array::from_fn(|lane| mean[lane % CHANNELS]);
        let mut sums = [T::ZERO; LANES];
        for values in vectors {
            for lane in 0..LANES {
                let centred = values[lane] - centre[lane];
                sums[lane] = centred.mul_add(centred, sums[lane]);
            }
        }
        for ((sum, &value), &centre) in sums.iter_mut().zip(rest).zip(&centre) {
            *sum = (value - centre).mul_add(value - centre, *sum);
        }
        fold(sums, squares);
    }

    /// The means' gradient back through their normalisation, and the adjustments' through their centring.
    pub fn centre_gradients<T: Float>(mean: &[T], centre: &[T; CHANNELS], back: &[[T; CHANNELS]; 4], by_mean: &mut [T], by_adjustment: &mut [T]) {
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
