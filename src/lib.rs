//! Tenfold
pub mod data;
pub mod engine;
pub mod latent;
pub mod model;
pub mod report;
pub mod rng;
pub mod units;
