//! `tenfold compare`: our size and time beside those of general compressors at their strongest.

use super::{files, folders, print};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tenfold::internals::code::article::Effort;
use tenfold::internals::lab::peers::{self, Size};
use tenfold::internals::pipeline::article;
use tenfold::internals::report::printable;

/// Compare our size (of the text alone, without matrices) and time with gzip, bzip2, xz, zstd, brotli and PPMd at their strongest
#[derive(Args)]
#[command(after_help = "Example: tenfold compare article.md")]
pub struct Arguments {
    /// Files of any kind, folders of them, or `-` for standard input
    #[arg(required = true, value_name = "ARTICLE")]
    articles: Vec<PathBuf>,
    /// How hard to look for settings that suit an article, 1 to 3
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u8).range(1..=3))]
    effort: u8,
    /// Threads of ours [default: all]; the others use one
    #[arg(long, value_parser = files::parse_threads)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Comparison {
    article: String,
    content_bytes: usize,
    /// Ours first.
    sizes: Vec<Size>,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (paths, mut failures) = folders::all_articles(&arguments.articles)?;
    let all = paths.len() + failures.len();
    let mut comparisons = Vec::new();
    article::with_threads(arguments.threads, || {
        for path in paths {
            match compare(&path, arguments.effort) {
                Ok(comparison) => comparisons.push(comparison),
                Err(error) => failures.push((path, error)),
            }
        }
    })?;
    if arguments.json {
        print::json(&comparisons)?;
        return folders::end(failures, all);
    }
    for comparison in &comparisons {
        print::line(comparison.text())?;
    }
    if comparisons.len() > 1 {
        print::out(summary(&comparisons))?;
    }
    folders::end(failures, all)
}

fn compare(path: &Path, effort: u8) -> anyhow::Result<Comparison> {
    let content = files::read(path)?;
    let start = Instant::now();
    let file = article::compress_text(&content, Effort::of(effort)).with_context(|| files::name(path))?;
    let ours = Size { name: "tenfold".into(), bytes: file.len(), seconds: start.elapsed().as_secs_f64() };
    let mut sizes = vec![ours];
    sizes.extend(peers::sizes(&content).with_context(|| files::name(path))?);
    Ok(Comparison { article: files::file_name(path), content_bytes: content.len(), sizes })
}

impl Comparison {
    fn text(&self) -> String {
        let ours = self.sizes[0].bytes;
        let mut rows = vec![["", "bytes", "bits a byte", "ours is", "seconds"].map(String::from).to_vec()];
        for size in &self.sizes {
            rows.push(vec![
                size.name.clone(),
                size.bytes.to_string(),
                format!("{:.3}", 8.0 * size.bytes as f64 / self.content_bytes.max(1) as f64),
                relative(ours, size.bytes),
                format!("{:.3}", size.seconds),
            ]);
        }
        format!("{}, {} bytes\n{}", printable(&self.article), self.content_bytes, files::table(&rows))
    }

    /// The smallest of the others.
    fn best_peer(&self) -> usize {
        self.sizes[1..].iter().map(|size| size.bytes).min().unwrap_or(0)
    }
}

fn relative(ours: usize, theirs: usize) -> String {
    if theirs == 0 { "–".into() } else { format!("{:+.1}%", 100.0 * (ours as f64 / theirs as f64 - 1.0)) }
}

fn summary(comparisons: &[Comparison]) -> String {
    let mut rows = vec![["article", "bytes", "tenfold", "best other", "ours is"].map(String::from).to_vec()];
    let mut row = |name: &str, content: usize, ours: usize, best: usize| {
        let cells = [
            printable(name).into_owned(),
            content.to_string(),
            ours.to_string(),
            best.to_string(),
            relative(ours, best),
        ];
        rows.push(cells.to_vec());
    };
    for one in comparisons {
        row(&one.article, one.content_bytes, one.sizes[0].bytes, one.best_peer());
    }
    let sum = |size: fn(&Comparison) -> usize| comparisons.iter().map(size).sum();
    row("all", sum(|one| one.content_bytes), sum(|one| one.sizes[0].bytes), sum(Comparison::best_peer));
    files::table(&rows)
}
