//! Composes the rooms into what a command does to one thing: [`solve`] a puzzle, compress and decompress an [`article`],
//! fit its [`matrices`], read them from a file ([`gist`]) or keep those of many in a [`library`].

pub mod article;
pub mod collection;
pub mod gist;
pub mod library;
pub mod lossy;
pub mod matrices;
pub mod puzzle;
mod solve;

pub use solve::{
    BatchSize, News, Outcome, Progress, RunOptions, Shard, SolveError, SolveOptions, Watch, available_bytes,
    declared_puzzles, fit_bytes, fits_of_shard, run, solve, solve_one,
};
