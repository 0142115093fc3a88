//! Composes the rooms into what a command does to one thing: [`solve`] a puzzle, compress and decompress an [`article`],
//! hold it against its [`peers`], keep the matrices of many in a [`library`].

pub mod article;
pub mod experiment;
pub mod library;
pub mod matrices;
pub mod peers;
pub mod puzzle;
mod solve;

pub use solve::solve;
