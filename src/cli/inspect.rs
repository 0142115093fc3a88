//! `tenfold inspect`: what is in a `.tenfold` file, and where its bits went.

use super::{files, print, puzzle};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use tenfold::File;
use tenfold::article::{self, ArticleSummary, MatrixSummary};
use tenfold::internals::report::printable;

/// Show the sections of a .tenfold file and where its bits went
#[derive(Args)]
#[command(after_help = "Example: tenfold inspect article.tenfold")]
pub struct Arguments {
    /// A .tenfold file, or `-` for standard input
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Inspection {
    file: String,
    #[serde(flatten)]
    summary: ArticleSummary,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = files::read(&arguments.file)?;
    let name = files::name(&arguments.file);
    let file = match tenfold::open(&file).with_context(|| name.clone())? {
        File::Puzzle(file) => return print::out(puzzle::inspect(name, file, arguments.json)?),
        File::Article(file) => file,
    };
    let summary = article::inspect(file).with_context(|| name.clone())?;
    let inspection = Inspection { file: name, summary };
    if arguments.json {
        print::json(&inspection)?;
    } else {
        print::out(inspection.text())?;
    }
    Ok(())
}

impl Inspection {
    fn text(&self) -> String {
        let encoding = self.summary.encoding.map(|encoding| format!(" of {encoding}")).unwrap_or_default();
        let mut text = format!(
            "{}: {}, format version {}, {} bytes for {}{encoding}\n",
            printable(&self.file),
            self.summary.kind,
            self.summary.version,
            self.summary.file_bytes,
            self.summary.content_bytes
        );
        let has_estimates = self.summary.ledger.entries().iter().any(|entry| entry.estimate_bits.is_some());
        let headings = ["section", "bits", "share", "bits a byte", "bits a character", "estimate"];
        let shown = if has_estimates { 6 } else { 5 };
        let mut rows = vec![headings[..shown].iter().map(|&heading| heading.to_owned()).collect()];
        for entry in self.summary.ledger.entries() {
            rows.push(self.row(&entry.name, entry.bits, entry.estimate_bits));
        }
        rows.push(self.row("all", self.summary.ledger.total_bits(), None));
        for row in &mut rows {
            row.truncate(shown);
        }
        text += &files::table(&rows);
        if let Some(MatrixSummary { groups, speaking_cells, net_bits, net_share }) = self.summary.matrices {
            let _ = writeln!(
                text,
                "matrices: {groups} groups, {speaking_cells} of 100 cells differ between them; {net_bits} bits sent, \
                 0 saved in the residual, net {:.2}% of the file",
                100.0 * net_share
            );
        }
        text
    }

    fn row(&self, name: &str, bits: u64, estimate_bits: Option<f64>) -> Vec<String> {
        let per = |count: Option<u64>| match count {
            Some(count) if count > 0 => format!("{:.4}", bits as f64 / count as f64),
            _ => "–".into(),
        };
        let share = format!("{:.2}%", 100.0 * bits as f64 / self.summary.ledger.total_bits() as f64);
        let estimate = estimate_bits.map_or(String::new(), |bits| format!("{bits:.1}"));
        vec![
            name.to_owned(),
            bits.to_string(),
            share,
            per(Some(self.summary.content_bytes)),
            per(self.summary.characters),
            estimate,
        ]
    }
}
