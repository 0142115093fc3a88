//! The command line: one file a verb.

mod advice;
mod analyze;
mod compare;
mod completions;
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
mod report;
mod run;
mod score;
mod slurm;
mod solve;
mod stop;
mod streams;
mod watch;

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use tenfold::internals::report::printable_lines;

/// Compresses one thing at a time, with no pretraining; for an ARC puzzle, what decodes includes the answer.
#[derive(Parser)]
#[command(name = "tenfold", version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// An example, and what the exit status says.
const AFTER_HELP: &str = "\
Example: tenfold solve arc_tasks/frame_grid.json

Exit status:
  0    all was done
  1    something could not be done, or only in part: standard error says what
  2    the command line is wrong
  129, 130, 143
       stopped by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; what was whole by then is kept";

#[derive(Subcommand)]
enum Verb {
    Solve(solve::Arguments),
    Run(run::Arguments),
    Watch(watch::Arguments),
    Merge(merge::Arguments),
    Slurm(slurm::Arguments),
    Score(score::Arguments),
    Report(report::Arguments),
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
    Completions(completions::Arguments),
    #[command(hide = true)]
    Man(completions::Man),
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
        Verb::Watch(arguments) => watch::run(arguments),
        Verb::Merge(arguments) => merge::run(arguments),
        Verb::Slurm(arguments) => slurm::run(arguments),
        Verb::Score(arguments) => score::run(arguments),
        Verb::Report(arguments) => report::run(arguments),
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
        Verb::Completions(arguments) => completions::run(arguments),
        Verb::Man(arguments) => completions::man(arguments),
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_verb_has_an_example_that_it_understands() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = help.lines().find_map(|line| line.strip_prefix("Example: "));
            let example = example.unwrap_or_else(|| panic!("{} has no example", command.get_name()));
            // What the shell does with the rest is its own.
            let words = example.split(['|', '>']).next().unwrap_or_default().replace("\"some words\"", "words");
            if let Err(error) = Arguments::try_parse_from(words.split_whitespace()) {
                panic!("{example}: {error}");
            }
            command.get_subcommands().filter(|verb| verb.get_name() != "help").for_each(check);
        }
        let command = Arguments::command();
        command.clone().debug_assert();
        check(&command);
    }
}
