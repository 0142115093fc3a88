//! Pure bytes: what a `.tenfold` file is made of, and how its parts are coded. Knows neither the fit nor the engine.
//!
//! [`Container`] holds the sections and the checksum of the whole, [`Ledger`] says where every bit went, [`article`] codes
//! bytes of any kind into a residual section by the predictor in [`residual`] and the range coder in [`range`];
//! [`digits`] an article's digit matrices and [`gist`] what it takes to read them without the text;
//! [`primed`] codes short texts after what is known;
//! [`latents`] a puzzle's latents by one of two channels, under tables and arithmetic that are the same everywhere. What is
//! wrong with a file is a [`CodeError`]. `docs/format.md` specifies all of it byte by byte, and
//! `docs/format-puzzle.md` what is a puzzle's own.

pub mod adaptive;
pub mod article;
pub mod blocks;
mod bytes;
pub mod container;
pub mod digits;
pub mod dithered;
mod error;
pub mod gist;
pub mod grids;
pub mod latents;
pub mod ledger;
pub mod mixing;
pub mod normal;
mod normal_tables;
pub mod primed;
pub mod puzzle;
pub mod range;
mod rate;
pub mod residual;
mod search;
pub mod shared;
pub mod symbols;
pub mod weights;

pub use container::{Container, Kind, Tag};
pub use error::CodeError;
pub use latents::Channel;
pub use ledger::{Entry, Ledger};
pub use rate::Rate;
