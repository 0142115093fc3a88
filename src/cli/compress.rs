//! `tenfold compress`: an article, a puzzle, or a folder of them, into `.tenfold` files.

use super::files::{self, Output};
use super::folders::{self, Outcomes};
use super::{print, progress, puzzle};
use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tenfold::article::{self, ArticleOptions, ArticleProgress, Effort, GistSettings, MatrixMode};
use tenfold::internals::pipeline::article::with_threads;
use tenfold::internals::report::printable;
use tenfold::puzzle::PuzzleError;

/// Compress an article or an ARC puzzle; the file is decoded again and compared before success is reported
#[derive(Args)]
#[command(after_help = "Example: tenfold compress article.md -o article.tenfold")]
pub struct Arguments {
    /// A file of any kind, a folder of files (then the output is a folder too), or `-` for standard input
    article: PathBuf,
    #[command(flatten)]
    output: Output,
    /// How hard to look for a short file, 0 to 3. Articles: settings that suit them, 1 to 3 (2 if not given). Puzzles: steps
    /// of the networks that foretell outputs, 0, 100, 200 or 400 (0 if not given); decompressing takes as long again
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    effort: Option<u8>,
    /// Threads [default: all]
    #[arg(long, value_parser = files::parse_threads)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    matrix: MatrixOptions,
    #[command(flatten)]
    puzzle: puzzle::Options,
}

/// Flags that only an article has.
#[derive(Args)]
#[command(next_help_heading = "Articles")]
struct MatrixOptions {
    /// What the file says of the digit matrices
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    matrix: MatrixMode,
    /// The same as --matrix none
    #[arg(long, conflicts_with_all = ["matrix", "matrix_bits"])]
    no_matrix: bool,
    /// The budget of a group's digits in bits, up to 332 [default: 3; with a gist 32]
    #[arg(long, value_name = "N", value_parser = parse_bits)]
    matrix_bits: Option<f32>,
}

/// A budget in bits, as an argument.
pub fn parse_bits(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(bits) if bits > 0.0 && f32::is_finite(bits) => Ok(bits),
        _ => Err("a number of bits above 0 is needed; 332 and more are digits without a budget".into()),
    }
}

impl MatrixOptions {
    fn settings(&self) -> anyhow::Result<GistSettings> {
        anyhow::ensure!(
            self.matrix != MatrixMode::None || self.matrix_bits.is_none(),
            "--matrix none sends no digits, so --matrix-bits has nothing to budget: leave out one of the two"
        );
        Ok(GistSettings::new(if self.no_matrix { MatrixMode::None } else { self.matrix }, self.matrix_bits))
    }
}

/// What became of one article.
#[derive(Serialize)]
struct Summary {
    article: String,
    file: String,
    content_bytes: usize,
    file_bytes: usize,
    bits_per_byte: Option<f64>,
    seconds: f64,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let matrices = arguments.matrix.settings()?;
    with_threads(arguments.threads, || {
        if arguments.article.is_dir() { folder(arguments, &matrices) } else { single(arguments, &matrices) }
    })?
}

fn single(arguments: &Arguments, matrices: &GistSettings) -> anyhow::Result<()> {
    arguments.output.check(&arguments.article)?;
    arguments.output.sweep();
    let summary = compress(&arguments.article, &arguments.output, arguments, matrices)?;
    let text = if arguments.json { serde_json::to_string_pretty(&summary)? } else { summary.line() };
    arguments.output.say(&text)
}

fn folder(arguments: &Arguments, matrices: &GistSettings) -> anyhow::Result<()> {
    let found = folders::articles(&arguments.article)?;
    let rename = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".tenfold");
        PathBuf::from(name)
    };
    let work = |path: &Path, target: &Output| compress(path, target, arguments, matrices);
    let outcomes = folders::each(&arguments.article, found, &arguments.output, rename, work)?;
    if arguments.json {
        print::json(&outcomes.json("article", |_, summary| json!(summary)))?;
    } else {
        print::out(summary_table(&outcomes))?;
    }
    outcomes.end()
}

fn compress(path: &Path, output: &Output, arguments: &Arguments, settings: &GistSettings) -> anyhow::Result<Summary> {
    let origin = files::origin(path);
    let content = files::read(path)?;
    let start = Instant::now();
    let file = encode(path, &content, arguments, settings)?;
    output.write(&file, origin.as_ref())?;
    Ok(Summary {
        article: files::name(path),
        file: if output.is_stream() { "-".into() } else { files::name(&output.path) },
        content_bytes: content.len(),
        file_bytes: file.len(),
        bits_per_byte: bits_per(file.len(), content.len()),
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn encode(path: &Path, content: &[u8], arguments: &Arguments, settings: &GistSettings) -> anyhow::Result<Vec<u8>> {
    let in_folder = arguments.article.is_dir();
    if arguments.puzzle.allows() {
        match arguments.puzzle.compress(content, arguments.effort.unwrap_or(0), arguments.threads, in_folder) {
            Err(PuzzleError::NotATask(_)) if !arguments.puzzle.is_forced() => {}
            // What can't be sent as a puzzle is an article, too.
            Err(error) if !arguments.puzzle.is_forced() => {
                print::note(format_args!("{}: made an article; as a puzzle: {error:#}", files::shown(path)));
            }
            file => return file.with_context(|| files::name(path)),
        }
    }
    let options = ArticleOptions {
        effort: arguments.effort.map_or(Effort::Quick, Effort::of),
        matrices: settings.clone(),
        name: Some(path.to_path_buf()),
        threads: None,
    };
    let bars = Bars { in_folder, bar: Mutex::default() };
    let file = article::compress(content, &options, &|progress| bars.hear(progress));
    bars.end();
    file.with_context(|| files::name(path))
}

/// The bar of what is being done to an article. A folder's articles go side by side, without one.
struct Bars {
    in_folder: bool,
    /// With whether it is of the coding.
    bar: Mutex<Option<(bool, ProgressBar)>>,
}

impl Bars {
    fn hear(&self, progress: ArticleProgress) -> ControlFlow<()> {
        let mut shown = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let (coding, done, all) = match progress {
            ArticleProgress::Fitting { step, steps } => (false, step as u64, steps as u64),
            // The content is coded, and decoded again.
            ArticleProgress::Coding { bytes, all } => (true, bytes, all),
        };
        if let Some((_, bar)) = shown.take_if(|(of_coding, _)| *of_coding != coding) {
            bar.finish_and_clear();
        }
        let new = || {
            if coding { progress::bytes_bar(all, "compressing") } else { progress::bar(all as usize, "fitting", "") }
        };
        let (_, bar) = shown.get_or_insert_with(|| (coding, progress::of_file(new(), self.in_folder)));
        bar.set_position(done);
        ControlFlow::Continue(())
    }

    fn end(&self) {
        if let Some((_, bar)) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

fn bits_per(file_bytes: usize, count: usize) -> Option<f64> {
    (count > 0).then(|| 8.0 * file_bytes as f64 / count as f64)
}

impl Summary {
    fn line(&self) -> String {
        let Self { article, file, content_bytes, file_bytes, seconds, .. } = self;
        let rate = self.bits_per_byte.map_or(String::new(), |rate| format!(", {rate:.3} bits a byte"));
        let target = if file == "-" { String::new() } else { format!(" in {}", printable(file)) };
        let article = printable(article);
        format!("{article}: {content_bytes} bytes to {file_bytes}{rate}, verified{target}, {seconds:.1} s")
    }
}

fn summary_table(outcomes: &Outcomes<Summary>) -> String {
    let cells = |content: usize, file: usize, seconds: f64| {
        let rate = bits_per(file, content).map_or("–".into(), |rate| format!("{rate:.3}"));
        let share = if content > 0 { format!("{:.1}%", 100.0 * file as f64 / content as f64) } else { "–".into() };
        vec![content.to_string(), file.to_string(), share, rate, format!("{seconds:.1}")]
    };
    let sum = |size: fn(&Summary) -> usize| outcomes.done().map(size).sum();
    let seconds = outcomes.done().map(|one| one.seconds).sum();
    outcomes.table(
        &["article", "bytes", "file", "share", "bits a byte", "seconds", "outcome"],
        "verified",
        |one| cells(one.content_bytes, one.file_bytes, one.seconds),
        cells(sum(|one| one.content_bytes), sum(|one| one.file_bytes), seconds),
    )
}
