//! The command line of tenfold.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tenfold::command_line(std::env::args_os()))
}
