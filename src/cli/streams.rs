//! What standard input and output are: closed, or which file.

use std::fs::Metadata;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs::File, io};

static INPUT_CLOSED: AtomicBool = AtomicBool::new(false);
static OUTPUT_CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks before `main`: where a standard stream is closed, Rust's runtime opens /dev/null in its place first of all, so that no
/// file takes its number. After that what is written to it is lost without an error, and what is read is empty.
#[allow(unsafe_code, reason = "code before main must not need the runtime: two system calls and two stores do not")]
#[ctor::ctor(unsafe)]
fn look() {
    let is_closed = |stream| rustix::io::fcntl_getfd(stream).is_err();
    INPUT_CLOSED.store(is_closed(rustix::stdio::stdin()), Ordering::Relaxed);
    OUTPUT_CLOSED.store(is_closed(rustix::stdio::stdout()), Ordering::Relaxed);
}

/// An error where standard input is closed.
pub fn check_input() -> anyhow::Result<()> {
    anyhow::ensure!(!INPUT_CLOSED.load(Ordering::Relaxed), "standard input is closed: name a file");
    Ok(())
}

/// An error where standard output is closed.
pub fn check_output() -> anyhow::Result<()> {
    anyhow::ensure!(!OUTPUT_CLOSED.load(Ordering::Relaxed), "standard output is closed, and nothing can be printed");
    Ok(())
}

/// What standard input is.
pub fn input_metadata() -> Option<Metadata> {
    metadata(io::stdin())
}

/// What standard output is.
pub fn output_metadata() -> Option<Metadata> {
    metadata(io::stdout())
}

fn metadata(stream: impl AsFd) -> Option<Metadata> {
    File::from(stream.as_fd().try_clone_to_owned().ok()?).metadata().ok()
}
