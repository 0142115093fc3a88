//! The command line: one file a verb.

mod advice;
mod analyze;
mod compare;
mod compress;
mod decompress;
mod experiment;
mod files;
mod folders;
mod gist;
mod groups;
mod inspect;
mod library;
mod matrices;
mod merge;
mod print;
mod progress;
mod puzzle;
mod run;
mod score;
mod solve;
mod stop;
mod streams;

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use tenfold::internals::report::printable_lines;

/// Compresses one thing at a time, with no pretraining; for an ARC puzzle, what decodes includes the answer.
#[derive(Parser)]
#[command(name = "tenfold", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Solve(solve::Arguments),
    Run(run::Arguments),
    Merge(merge::Arguments),
    Score(score::Arguments),
    Groups(groups::Arguments),
    Compress(compress::Arguments),
    Decompress(decompress::Arguments),
    Inspect(inspect::Arguments),
    Compare(compare::Arguments),
    Analyze(analyze::Arguments),
    Matrices(matrices::Arguments),
    Gist(gist::Arguments),
    Experiment(experiment::Arguments),
    Library(library::Arguments),
}

/// Does what the command line says, the program's name first, and gives the exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    // A reader that has enough, such as `head`, ends the program without a message.
    sigpipe::reset();
    let arguments = Arguments::parse_from(arguments);
    let listening = stop::listen().context("signals cannot be handled");
    match listening.and_then(|()| run(&arguments)) {
        Ok(()) => 0,
        Err(error) => fail(&error),
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.verb {
        Verb::Solve(arguments) => solve::run(arguments),
        Verb::Run(arguments) => run::run(arguments),
        Verb::Merge(arguments) => merge::run(arguments),
        Verb::Score(arguments) => score::run(arguments),
        Verb::Groups(arguments) => groups::run(arguments),
        Verb::Compress(arguments) => compress::run(arguments),
        Verb::Decompress(arguments) => decompress::run(arguments),
        Verb::Inspect(arguments) => inspect::run(arguments),
        Verb::Compare(arguments) => compare::run(arguments),
        Verb::Analyze(arguments) => analyze::run(arguments),
        Verb::Matrices(arguments) => matrices::run(arguments),
        Verb::Gist(arguments) => gist::run(arguments),
        Verb::Experiment(arguments) => experiment::run(arguments),
        Verb::Library(arguments) => library::run(arguments),
    }
}

/// Says what went wrong; the exit status is 1, or 128 and the number of the signal that stopped the work.
fn fail(error: &anyhow::Error) -> u8 {
    if let Some(stopped) = error.downcast_ref::<stop::Stopped>() {
        print::note(printable_lines(&stopped.to_string()));
        return stopped.status();
    }
    print::note(format_args!("error: {}", printable_lines(&advice::told(error))));
    1
}
