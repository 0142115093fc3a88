//! Tenfold compresses one thing at a time, with no pretraining: it fits a small equivariant decoder and the
//! distribution of its latent to that thing alone, so that the description gets short. For an ARC puzzle, what decodes
//! includes the answer.

pub mod article;
mod code;
mod config;
mod data;
mod engine;
mod file;
mod fit;
pub mod internals;
mod latent;
pub mod library;
mod model;
mod pipeline;
pub mod puzzle;
mod report;
mod rng;
mod units;

pub use code::CodeError;
pub use file::{File, FileError, Summary, open};
pub use library::Library;
pub use units::{Bits, Nats};

use std::ops::ControlFlow;

/// What to give as a callback to work that need not be watched and is not to be broken off.
///
/// ```
/// assert!(tenfold::go_on("step 3").is_continue());
/// ```
pub fn go_on<T>(_: T) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
