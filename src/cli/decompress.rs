//! `tenfold decompress`: a `.tenfold` file back into what it was made from, byte for byte.

use super::files::{self, Output};
use super::{folders, print, progress, puzzle};
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tenfold::File;
use tenfold::article::{self, ArticleError, ArticleProgress};
use tenfold::internals::pipeline::article::{content_bytes, with_threads};
use tenfold::internals::report::WriteError;

/// Decompress a .tenfold file into what it was made from, byte for byte. What went to standard output is not taken back
/// where the file proves damaged
#[derive(Args)]
#[command(after_help = "Example: tenfold decompress article.tenfold -o article.md")]
pub struct Arguments {
    /// A .tenfold file, a folder of them (then the output is a folder too), or `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    output: Output,
    /// Of a puzzle: its JSON on one line, with the answers that its description implies, which are those of `solve`
    #[arg(long, value_enum, default_value = "none")]
    answers: puzzle::Answers,
    /// Most training steps for the answers [default: those of `solve`]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Threads [default: all]
    #[arg(long, value_parser = files::parse_threads)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    with_threads(arguments.threads, || if arguments.file.is_dir() { folder(arguments) } else { single(arguments) })?
}

fn single(arguments: &Arguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    output.check(&arguments.file)?;
    output.sweep();
    let done = decompress(&arguments.file, output, arguments)?;
    if arguments.json {
        return output.say(&serde_json::to_string_pretty(&as_json(&arguments.file, &done))?);
    }
    let Done { content_bytes, seconds } = done;
    let target = if output.is_stream() { String::new() } else { format!(" in {}", files::shown(&output.path)) };
    output.say(&format!("{}: {content_bytes} bytes{target}, {seconds:.1} s", files::shown(&arguments.file)))
}

fn folder(arguments: &Arguments) -> anyhow::Result<()> {
    let found = folders::tenfold_files(&arguments.file)?;
    let work = |path: &Path, target: &Output| decompress(path, target, arguments);
    let outcomes = folders::each(&arguments.file, found, &arguments.output, |path| path.with_extension(""), work)?;
    let cells = |done: &Done| vec![done.content_bytes.to_string(), format!("{:.1}", done.seconds)];
    let sum = outcomes.done().fold(Done { content_bytes: 0, seconds: 0.0 }, |sum, done| Done {
        content_bytes: sum.content_bytes + done.content_bytes,
        seconds: sum.seconds + done.seconds,
    });
    if arguments.json {
        print::json(&outcomes.json("file", as_json))?;
    } else {
        print::out(outcomes.table(&["file", "bytes", "seconds", "outcome"], "decompressed", cells, cells(&sum)))?;
    }
    outcomes.end()
}

/// What became of one file.
struct Done {
    content_bytes: u64,
    seconds: f64,
}

fn as_json(path: &Path, Done { content_bytes, seconds }: &Done) -> Value {
    json!({"file": files::name(path), "content_bytes": content_bytes, "seconds": seconds})
}

fn decompress(path: &Path, output: &Output, arguments: &Arguments) -> anyhow::Result<Done> {
    let origin = files::origin(path);
    let file = files::read(path)?;
    let start = Instant::now();
    let bar = progress::bytes_bar(content_bytes(&file).unwrap_or_default(), "decompressing");
    let bar = progress::of_file(bar, arguments.file.is_dir());
    let watch = |progress| {
        if let ArticleProgress::Coding { bytes, .. } = progress {
            bar.set_position(bytes);
        }
        ControlFlow::Continue(())
    };
    let content_bytes = match tenfold::open(&file).with_context(|| files::name(path))? {
        File::Puzzle(file) => {
            let json = puzzle::decompress(file, arguments.answers, arguments.steps, arguments.threads)
                .with_context(|| files::name(path))?;
            output.write(&json, origin.as_ref())?;
            json.len() as u64
        }
        File::Article(file) if output.is_stream() => article::decompress_into(file, &mut print::stream()?, &watch)
            .map_err(|error| match error {
                ArticleError::Write(source) => print::failed(source),
                other => anyhow::Error::new(other).context(files::name(path)),
            })?,
        File::Article(file) => output.fill(origin.as_ref(), |target| {
            article::decompress_into(file, target, &watch).map_err(|error| match error {
                ArticleError::Write(source) => WriteError::write(&output.path, source).into(),
                other => anyhow::Error::new(other).context(files::name(path)),
            })
        })?,
    };
    bar.finish_and_clear();
    Ok(Done { content_bytes, seconds: start.elapsed().as_secs_f64() })
}
