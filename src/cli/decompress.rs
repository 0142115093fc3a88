//! `tenfold decompress`: a `.tenfold` file back into the article, or into the puzzle with the answers that it implies.

use super::{files, puzzle};
use anyhow::Context;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tenfold::pipeline::article;
use tenfold::report::{Existing, check_free, fill_atomically};

/// Decompress a .tenfold file into what it was made from; a puzzle comes with the answers that its code implies
#[derive(Args)]
pub struct Arguments {
    /// A .tenfold file, or `-` for standard input
    file: PathBuf,
    /// The file to write, `-` for standard output (which is not taken back where the file proves damaged)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    force: bool,
    /// Threads [default: all]
    #[arg(long, value_parser = files::parse_threads)]
    threads: Option<usize>,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let output = &arguments.output;
    if !files::is_stream(output) {
        check_free(output, existing)?;
    }
    let file = files::read(&arguments.file)?;
    let start = Instant::now();
    let name = files::name(&arguments.file);
    let content_bytes = article::with_threads(arguments.threads, || -> anyhow::Result<u64> {
        if puzzle::holds_puzzle(&file) {
            let json = puzzle::decompress(&file, arguments.threads).with_context(|| name.clone())?;
            return write(output, existing, &json);
        }
        if files::is_stream(output) {
            return article::decompress(&file, &mut std::io::stdout()).with_context(|| name.clone());
        }
        fill_atomically(output, existing, |target| article::decompress(&file, target).with_context(|| name.clone()))
    })??;
    let seconds = start.elapsed().as_secs_f64();
    let target = if files::is_stream(output) { String::new() } else { format!(" in {}", output.display()) };
    eprintln_or_println(files::is_stream(output), &format!("{name}: {content_bytes} bytes{target}, {seconds:.1} s"));
    Ok(())
}

fn write(output: &Path, existing: Existing, bytes: &[u8]) -> anyhow::Result<u64> {
    if files::is_stream(output) {
        std::io::stdout().lock().write_all(bytes).context("standard output cannot be written")?;
    } else {
        fill_atomically(output, existing, |target| target.write_all(bytes).map_err(anyhow::Error::new))?;
    }
    Ok(bytes.len() as u64)
}

fn eprintln_or_println(to_stderr: bool, line: &str) {
    if to_stderr {
        eprintln!("{line}");
    } else {
        println!("{line}");
    }
}
