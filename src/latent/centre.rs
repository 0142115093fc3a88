//! A coordinate of a digit matrix' latent: standard normal under the prior, uniform as a centre, of unit variance as a feature.
//!
//! In: a latent coordinate v. Out: its centre c = 0.05 + 0.9 Φ(v), and what the decoder reads, f = (c + noise − ½) / σ, where σ is
//! the deviation of a centre under the prior; with their slopes. Every engine has these formulas.

use super::digits::HALF_WIDTH;

/// The width of the interval that centres lie in.
pub const CENTRE_RANGE: f32 = 1.0 - 2.0 * HALF_WIDTH;

/// Standard deviation of a centre that is uniform on [0.05, 0.95].
pub const CENTRE_DEVIATION: f32 = CENTRE_RANGE / 3.464_101_6;

/// The centre of a latent coordinate: the prior's distribution function, kept from the ends.
pub fn centre(latent: f32) -> f32 {
    let uniform = 0.5 * (1.0 + libm::erf(f64::from(latent) / std::f64::consts::SQRT_2));
    HALF_WIDTH + CENTRE_RANGE * uniform as f32
}

/// A centre as the decoder takes it.
pub fn feature(centre: f32) -> f32 {
    (centre - 0.5) / CENTRE_DEVIATION
}

/// The derivative of a feature by its latent coordinate: the normal density, scaled as the centre and the feature are.
pub fn feature_slope(latent: f32) -> f32 {
    const DENSITY_AT_0: f32 = 0.398_942_3;
    CENTRE_RANGE * DENSITY_AT_0 * libm::expf(-0.5 * latent * latent) / CENTRE_DEVIATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_feature() {
        for latent in [-2.0f32, -0.3, 0.0, 1.1] {
            let slope = (feature(centre(latent + 1e-2)) - feature(centre(latent - 1e-2))) / 2e-2;
            assert!((slope - feature_slope(latent)).abs() < 1e-3, "{latent}: {slope}");
        }
    }
}
