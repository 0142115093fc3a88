//! Tenfold compresses one thing at a time, with no pretraining: it fits a small equivariant decoder and the
//! distribution of its latent to that thing alone, so that the description gets short. For an ARC puzzle, what decodes
//! includes the answer.
//!
//! The flow of a puzzle: [`data`] (read it) → [`model`] (what the network is for it: sizes, named parameters) →
//! [`fit`] on an [`engine`] (training steps, votes) → [`report`] (records, scores, pictures). An article goes the same way,
//! with [`model::article`], [`fit::matrices`] and [`engine::article`], and files of either go on to [`code`]. [`pipeline`] composes
//! them, [`config`] says how, [`latent`] states the latent's formulas; [`rng`] and [`units`] serve all.

pub mod code;
pub mod config;
pub mod data;
pub mod engine;
pub mod fit;
pub mod latent;
pub mod model;
pub mod pipeline;
pub mod report;
pub mod rng;
pub mod units;
