//! The command line of tenfold.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A reader that has enough, such as `head`, ends the program without a message.
    sigpipe::reset();
    let arguments = cli::Arguments::parse();
    let result = cli::listen().and_then(|()| cli::run(&arguments));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(&error),
    }
}
