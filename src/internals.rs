//! The rooms of the library, for its own tests, benches and program. Nothing here is promised: it may change with any release.
//!
//! The flow of a puzzle: [`data`] (read it) → [`model`] (what the network is for it: sizes, named parameters) → [`fit`]
//! on an [`engine`] (training steps, votes) → [`report`] (records, scores, pictures). An article goes the same way, with
//! `model::article`, `fit::matrices` and `engine::article`, and files of either go on to [`code`]. [`pipeline`] composes
//! them, [`lab`] measures what comes out, [`config`] says how, [`latent`] states the latent's formulas; [`rng`] and
//! [`units`] serve all.

/// Pure bytes: range coder, residual coder, digits, container, ledger.
pub mod code {
    pub use crate::code::*;
}

/// The settings of a run.
pub mod config {
    pub use crate::config::*;
}

/// Puzzles, articles and answers, read and written.
pub mod data {
    pub use crate::data::*;
}

/// How the network runs.
pub mod engine {
    pub use crate::engine::*;
}

/// The loop that fits one thing.
pub mod fit {
    pub use crate::fit::*;
}

/// What measures.
pub mod lab {
    pub use crate::lab::*;
}

/// Formulas of the latent: channels, centres, digits.
pub mod latent {
    pub use crate::latent::*;
}

/// What the network is, as data.
pub mod model {
    pub use crate::model::*;
}

/// The rooms composed into what a command does.
pub mod pipeline {
    pub use crate::pipeline::*;
}

/// What people see of a result, and how it is kept.
pub mod report {
    pub use crate::report::*;
}

/// Randomness as an argument.
pub mod rng {
    pub use crate::rng::*;
}

/// Nats and bits.
pub mod units {
    pub use crate::units::*;
}

/// Coordinate systems of a puzzle.
pub mod views {
    pub use crate::views::*;
}
