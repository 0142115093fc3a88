//! `tenfold completions` and `tenfold man`: what shells and `man` know of the command line, made of its own definition.

use super::print;
use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::path::PathBuf;
use tenfold::internals::report::printable;

/// Print a shell's completions
#[derive(Args)]
#[command(after_help = "Example: tenfold completions bash > ~/.local/share/bash-completion/completions/tenfold")]
pub struct Arguments {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "tenfold", &mut bytes);
    print::bytes(&bytes)
}

/// Write manual pages, one a verb; `make man` does it
#[derive(Args)]
#[command(after_help = "Example: tenfold man target/man")]
pub struct Man {
    /// The folder that they go to
    folder: PathBuf,
}

/// Writes the manual pages.
pub fn man(arguments: &Man) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    let shown = folder.to_string_lossy().into_owned();
    let made = std::fs::create_dir_all(folder);
    let written = made.and_then(|()| clap_mangen::generate_to(super::Arguments::command(), folder));
    written.with_context(|| format!("{shown}: manual pages cannot be written"))?;
    print::line(format_args!("manual pages in {}", printable(&shown)))
}
