//! Tenfold compresses one thing at a time, with no pretraining: it fits a small equivariant decoder and the
//! distribution of its latent to that thing alone, so that the description gets short. For an ARC puzzle, what decodes
//! includes the answer.

mod code;
mod config;
mod data;
mod engine;
mod fit;
pub mod internals;
mod latent;
mod model;
mod pipeline;
mod report;
mod rng;
mod units;

use std::ops::ControlFlow;

/// What to give as a callback to work that need not be watched and is not to be broken off.
///
/// ```
/// assert!(tenfold::go_on("step 3").is_continue());
/// ```
pub fn go_on<T>(_: T) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
