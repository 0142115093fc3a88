//! What uniform noise costs: the rate of a channel whose signal is N(0, 1 − s²) and whose noise is uniform with variance s².
//!
//! In: r = −ln s, which is the rate that Gaussian noise would have. Out: nats a coordinate, and by how much they grow
//! with r. With Δ = s √12 and σ² = 1 − s² the output has density m(z) / Δ, m(z) = Φ((z + Δ/2) / σ) − Φ((z − Δ/2) / σ), and
//! the rate is h(output) − ln Δ = −∫ m ln m dz / Δ. It is ½ ln(2πe / 12) = 0.176 nats more than r at high rates, and at low
//! ones in proportion to the signal's deviation, not to its variance.

use statrs::distribution::{ContinuousCDF, Normal};

/// Rates of the table: 2^(i / 8 − 13) nats.
const ENTRIES: usize = 145;
const PER_OCTAVE: f64 = 8.0;
const LEAST_LOG2: f64 = -13.0;

/// Points of the integral's grid.
const POINTS: usize = 1200;

/// The rate as a table over r.
#[derive(Debug, Clone)]
pub struct UniformRate {
    nats: Vec<f64>,
}

impl Default for UniformRate {
    fn default() -> Self {
        Self::new()
    }
}

impl UniformRate {
    /// Fills the table.
    pub fn new() -> Self {
        let entry = |index: usize| rate(f64::exp2(index as f64 / PER_OCTAVE + LEAST_LOG2));
        Self { nats: (0..ENTRIES).map(entry).collect() }
    }

    /// Nats a coordinate.
    pub fn nats(&self, gaussian_nats: f64) -> f64 {
        let (entry, place) = Self::place(gaussian_nats);
        self.nats[entry] + (self.nats[entry + 1] - self.nats[entry]) * place
    }

    /// The derivative of [`UniformRate::nats`].
    pub fn slope(&self, gaussian_nats: f64) -> f64 {
        let (entry, _) = Self::place(gaussian_nats);
        let low = f64::exp2(entry as f64 / PER_OCTAVE + LEAST_LOG2);
        (self.nats[entry + 1] - self.nats[entry]) / (low * (f64::exp2(1.0 / PER_OCTAVE) - 1.0))
    }

    fn place(nats: f64) -> (usize, f64) {
        let index = ((nats.log2() - LEAST_LOG2) * PER_OCTAVE).clamp(0.0, (ENTRIES - 2) as f64 + 0.999);
        let entry = index as usize;
        let low = f64::exp2(entry as f64 / PER_OCTAVE + LEAST_LOG2);
        (entry, ((nats - low) / (low * (f64::exp2(1.0 / PER_OCTAVE) - 1.0))).clamp(0.0, 1.0))
    }
}

/// KL of a uniform of the noise's width around `mean` from the prior, N(0, 1 − s²) with that uniform added; nats.
pub fn kl_nats(gaussian_nats: f64, mean: f64) -> f64 {
    let (noise, signal) = deviations(gaussian_nats);
    let step = noise * 12f64.sqrt();
    let points = 64;
    let cost = |index: i32| {
        let z = mean + step * ((f64::from(index) + 0.5) / f64::from(points) - 0.5);
        -mass(z, step, signal).max(f64::MIN_POSITIVE).ln()
    };
    (0..points).map(cost).sum::<f64>() / f64::from(points)
}

fn deviations(gaussian_nats: f64) -> (f64, f64) {
    ((-gaussian_nats).exp(), (-(-2.0 * gaussian_nats).exp_m1()).sqrt())
}

/// m(z) of the module's notes.
fn mass(z: f64, step: f64, signal: f64) -> f64 {
    let normal = Normal::standard();
    // In the lower half both terms are small where m is.
    let z = -z.abs();
    normal.cdf((z + step / 2.0) / signal) - normal.cdf((z - step / 2.0) / signal)
}

/// The integral. Around z = 0 m is flat if the step is wide; the grid is dense about the edge at Δ/2 then.
fn rate(gaussian_nats: f64) -> f64 {
    let (noise, signal) = deviations(gaussian_nats);
    let step = noise * 12f64.sqrt();
    let start = (step / 2.0 - 8.0 * signal).max(0.0);
    let end = step / 2.0 + 8.0 * signal;
    let width = (end - start) / POINTS as f64;
    let term = |index: usize| {
        let m = mass(start + (index as f64 + 0.5) * width, step, signal);
        if m > 0.0 { -m * m.ln() } else { 0.0 }
    };
    2.0 * (0..POINTS).map(term).sum::<f64>() * width / step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_a_quarter_bit_above_the_gaussians_at_high_rates_and_falls_to_nothing() {
        let uniform = UniformRate::new();
        assert!((uniform.nats(5.0) - 5.0 - 0.1765).abs() < 1e-3, "{}", uniform.nats(5.0));
        assert!(uniform.nats(1e-4) < 0.01);
        assert!((uniform.slope(5.0) - 1.0).abs() < 1e-3);
        for index in 0..120 {
            let r = f64::exp2(f64::from(index) / 9.0 - 11.0);
            assert!(uniform.nats(r) > r && uniform.slope(r) > 0.0, "at {r}");
        }
    }

    /// The signal's distribution is the KL's average.
    #[test]
    fn the_rate_is_the_mean_kl() {
        let r = 0.5;
        let (_, signal) = deviations(r);
        let normal = Normal::standard();
        let count = 400;
        let kl = |index: i32| kl_nats(r, signal * normal.inverse_cdf((f64::from(index) + 0.5) / f64::from(count)));
        let mean = (0..count).map(kl).sum::<f64>() / f64::from(count);
        assert!((mean - UniformRate::new().nats(r)).abs() < 3e-3, "{mean}");
    }
}
