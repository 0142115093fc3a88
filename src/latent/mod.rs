//! The latent's distribution, as constants of the method: what a posterior coordinate is and how many nats it may use.
//!
//! For a tensor of n latent numbers (positions × channels), capacity target τ (one per channel) and adjustment a (one
//! per coordinate), with ā the mean of a over positions:
//!
//! - capacity  c = exp(10 τ + a − ā) · [`INITIAL_CAPACITY`] + [`MINIMUM_CAPACITY`] nats, for the tensor;
//! - noise variance  s² = exp(−2 c / n), signal variance 1 − s²;
//! - mean  μ = the tensor's means, each channel normalised to mean 0, variance 1;
//! - latent  z = √(1 − s²) μ + s ε, with ε standard normal;
//! - KL(q‖p)  = ½ (1 − s²)(μ² − 1) + c / n  nats for a coordinate.
//!
//! z is then scaled by 1 − exp(−2 C / n), where C is c without the adjustment: the channel's output scaling, which leaks
//! a little information that the KL doesn't count (as published).
//!
//! Source: Liao and Gu 2025 (arXiv 2512.06104), section "Decoding layer"; the public CompressARC code, `channel_layer`.

pub mod centre;
mod channel;
pub mod digits;
pub mod uniform;

pub use channel::LatentChannel;
pub use digits::{DigitMatrix, Dither};

/// Capacity that a channel of a tensor has at τ = 0, in nats.
pub const INITIAL_CAPACITY: f64 = 10_000.0;

/// Capacity that it keeps in any case, in nats.
pub const MINIMUM_CAPACITY: f64 = 0.5;

/// Targets are learned in units of a tenth, so that they learn faster.
pub const TARGET_SCALE: f64 = 10.0;

/// Above this many nats of signal the noise is lost in rounding, and its square root is taken as 1.
pub const SATURATED: f64 = 20.0;
