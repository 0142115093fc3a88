//! Composes the rooms into what a command does to one thing: [`solve`] a puzzle, compress and decompress an [`article`].

pub mod article;
mod solve;

pub use solve::solve;
