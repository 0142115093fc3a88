//! Pure bytes: what a `.tenfold` file is made of, and how its parts are coded. Knows neither the fit nor the engine.
//!
//! [`Container`] holds the sections and the checksum of the whole, [`Ledger`] says where every bit went, [`article`] codes
//! bytes of any kind into a residual section by the predictor in [`residual`] and the range coder in [`range`]. What is
//! wrong with a file is a [`CodeError`]. `docs/format.md` specifies all of it byte by byte.

pub mod article;
mod bytes;
pub mod container;
mod error;
pub mod ledger;
pub mod range;
pub mod residual;
mod search;

pub use container::{Container, Kind, Tag};
pub use error::CodeError;
pub use ledger::{Entry, Ledger};
