//! Composes the rooms into what a command does to one thing: [`solve`] a puzzle, compress and decompress an [`article`],
//! hold it against its [`peers`], fit its [`matrices`], read them from a file ([`gist`]) or keep those of many in a [`library`].

pub mod article;
pub mod experiment;
pub mod gist;
pub mod library;
pub mod lossy;
pub mod matrices;
#[cfg(feature = "peers")]
pub mod peers;
pub mod puzzle;
mod solve;

pub use solve::{
    News, Outcome, Progress, RunOptions, Shard, SolveError, SolveOptions, Watch, available_bytes, declared_puzzles,
    fits_of_shard, run, solve, solve_one,
};
