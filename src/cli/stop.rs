//! Stopping by hand: what SIGINT, SIGTERM and SIGHUP do.
//!
//! Outputs are renamed into place when they are whole, so most verbs may end at any moment: a line says so, and the status
//! is 128 and the signal's number. A verb that has something to keep says [`polls`], asks [`requested`] after each step,
//! and ends by itself with [`Stopped`]; a second signal ends it at once. One that has much at hand says [`finishes`]: then the
//! first SIGINT (Ctrl-C) only keeps it from beginning anything more, and counts for no signal in what is said above.

use super::print;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

static POLLS: AtomicBool = AtomicBool::new(false);
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static FINISH: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// The work was stopped by a signal, after what was whole had been written.
#[derive(Debug, thiserror::Error)]
#[error("stopped by {}: {how_to_go_on}", name(*.signal))]
pub struct Stopped {
    signal: i32,
    how_to_go_on: String,
}

impl Stopped {
    /// The program's exit status.
    pub fn status(&self) -> u8 {
        status(self.signal)
    }
}

/// Begins to listen. `SIGHUP` stays ignored where it was (nohup).
///
/// # Errors
/// What the system says where signals can't be handled.
pub fn listen() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if signal == SIGINT && FINISH.get().is_some_and(|finish| !finish.swap(true, Ordering::Relaxed)) {
                print::note("SIGINT: finishing what is at hand; once more stops after this step, a third time at once");
                continue;
            }
            let again = SIGNAL.swap(signal, Ordering::Relaxed) != 0;
            if again || !POLLS.load(Ordering::Relaxed) {
                print::note(format_args!("stopped by {}: an output that is not whole was not written", name(signal)));
                std::process::exit(i32::from(status(signal)));
            }
            print::note(format_args!("{}: stopping after this step; once more stops at once", name(signal)));
        }
    });
    Ok(())
}

/// The verb asks [`requested`] from now on, and is not ended by the first signal.
pub fn polls() {
    POLLS.store(true, Ordering::Relaxed);
}

/// The flag that the first SIGINT sets from now on: nothing more is to begin, and what is at hand comes to its end.
pub fn finishes() -> Arc<AtomicBool> {
    Arc::clone(FINISH.get_or_init(Arc::default))
}

/// Whether a signal asked to stop.
pub fn requested() -> bool {
    SIGNAL.load(Ordering::Relaxed) != 0
}

/// Whether a signal asked to stop, or to finish what is at hand.
pub fn heard() -> bool {
    requested() || FINISH.get().is_some_and(|finish| finish.load(Ordering::Relaxed))
}

/// The error to end with where [`heard`] says so: how the work goes on, in words.
pub fn stopped(how_to_go_on: impl Into<String>) -> Stopped {
    // Where only SIGINT was heard, none stands there.
    let signal = Some(SIGNAL.load(Ordering::Relaxed)).filter(|&signal| signal != 0).unwrap_or(SIGINT);
    Stopped { signal, how_to_go_on: how_to_go_on.into() }
}

fn status(signal: i32) -> u8 {
    128 + signal as u8
}

fn name(signal: i32) -> &'static str {
    match signal {
        SIGINT => "SIGINT",
        SIGTERM => "SIGTERM",
        SIGHUP => "SIGHUP",
        _ => "a signal",
    }
}
