//! The one place that writes to standard output and standard error.
//!
//! `println!` panics where standard output is full or gone. Here that is an error, which ends the program with status 1.
//! What is foreign in a text goes through [`tenfold::internals::report::printable`] before it comes here: a picture in colours is
//! made of escape sequences, too.

use super::streams;
use std::fmt::Display;
use std::io::{self, Write};
use tenfold::internals::report::printable_json;

/// Writes bytes to standard output, wholly.
pub fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut output = stream()?;
    output.write_all(bytes).and_then(|()| output.flush()).map_err(failed)
}

/// The error of standard output.
pub fn failed(source: io::Error) -> anyhow::Error {
    anyhow::Error::new(source).context("standard output cannot be written")
}

/// Standard output, for what is written piece by piece; who writes flushes.
pub fn stream() -> anyhow::Result<io::StdoutLock<'static>> {
    streams::check_output()?;
    Ok(io::stdout().lock())
}

/// Writes a text to standard output, as it is.
pub fn out(text: impl Display) -> anyhow::Result<()> {
    bytes(text.to_string().as_bytes())
}

/// Writes a text and a line break to standard output.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    out(format_args!("{text}\n"))
}

/// Writes a value as JSON on several lines to standard output.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(printable_json(&serde_json::to_string_pretty(value)?))
}

/// Says something on standard error. Where that can't be written there is nobody to tell.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
