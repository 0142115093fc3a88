//! `tenfold decompress`: a `.tenfold` file back into the article, or into the puzzle with the answers that it implies.

use super::{files, puzzle};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use tenfold::pipeline::article;
use tenfold::report::fill_atomically;

/// Decompress a .tenfold file into what it was made from; a puzzle comes with the answers that its code implies. What went to
/// standard output is not taken back where the file proves damaged
#[derive(Args)]
pub struct Arguments {
    /// A .tenfold file, or `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    output: files::Output,
    /// Threads [default: all]
    #[arg(long, value_parser = files::parse_threads)]
    threads: Option<usize>,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    output.check_free()?;
    let file = files::read(&arguments.file)?;
    let start = Instant::now();
    let name = files::name(&arguments.file);
    let content_bytes = article::with_threads(arguments.threads, || -> anyhow::Result<u64> {
        if puzzle::holds_puzzle(&file) {
            let json = puzzle::decompress(&file, arguments.threads).with_context(|| name.clone())?;
            output.write(&json)?;
            return Ok(json.len() as u64);
        }
        if output.is_stream() {
            return article::decompress(&file, &mut std::io::stdout()).with_context(|| name.clone());
        }
        fill_atomically(&output.path, output.existing(), |target| {
            article::decompress(&file, target).with_context(|| name.clone())
        })
    })??;
    let seconds = start.elapsed().as_secs_f64();
    let target = if output.is_stream() { String::new() } else { format!(" in {}", output.path.display()) };
    output.say(&format!("{name}: {content_bytes} bytes{target}, {seconds:.1} s"))
}
