//! What measures: nothing that solves a puzzle or makes a file needs it, only the verbs `score`, `analyze`, `compare` and
//! `experiment`,
//! `matrices --method`, benches and tests.
//!
//! In: results of the other rooms, and what they were made of. Out: numbers, their tables and plots.
//!
//! - [`score`](mod@score): answers against solutions, by the three scorings in use, each with an interval, and
//!   [`comparison`]: variants of a run in pairs
//! - [`analyze`]: bit lengths over many puzzles, [`learning`]: what their outputs take one after the other, and [`plot`]:
//!   their pictures
//! - [`page`]: runs, or an article's matrices, for a browser
//! - `baselines`: what a puzzle's grids cost without a network, and `peers`: the general compressors that a file is held against
//! - [`experiment`](mod@experiment): what digit matrices find and tell, beside other [`codes`]

pub mod analyze;
#[cfg(feature = "peers")]
mod baselines;
pub mod codes;
pub mod comparison;
pub mod experiment;
pub mod learning;
#[cfg(feature = "page")]
pub mod page;
#[cfg(feature = "peers")]
pub mod peers;
pub mod plot;
pub mod score;

#[cfg(feature = "peers")]
pub use baselines::{Baselines, baselines};
