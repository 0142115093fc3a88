//! Composes the rooms into what a command does to one thing: [`solve`] a puzzle, compress and decompress an [`article`],
//! hold it against its [`peers`].

pub mod article;
pub mod peers;
mod solve;

pub use solve::solve;
