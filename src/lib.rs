#![doc = include_str!("../README.md")]
//!
//! # The door
//!
//! [`puzzle`] solves puzzles and makes files of them, [`article`] does what can be done with a document, [`library`]
//! keeps many, and [`open`] takes a file of either kind. Options are plain structs with defaults that are the program's;
//! what takes long tells how far it is to a callback, which may break it off ([`go_on`] never does). [`internals`] has
//! the rooms behind the door, for this package's own tests and benches.

// The program in here is written as its own crate would be: it says `tenfold::`.
#[cfg(feature = "cli")]
extern crate self as tenfold;

pub mod article;
#[cfg(feature = "cli")]
mod cli;
mod code;
mod config;
mod data;
mod engine;
mod file;
mod fit;
pub mod internals;
mod lab;
mod latent;
pub mod library;
mod model;
mod pipeline;
pub mod puzzle;
#[cfg(feature = "python")]
mod python;
mod report;
mod rng;
mod units;
mod views;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::main as command_line;
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
