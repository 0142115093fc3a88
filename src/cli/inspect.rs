//! `tenfold inspect`: what is in a `.tenfold` file, and where its bits went.

use super::{files, print, puzzle};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;
use tenfold::internals::code::digits::DigitCounts;
use tenfold::internals::code::{Container, Ledger, Tag};
use tenfold::internals::pipeline::article;
use tenfold::internals::report::printable;

/// Show the sections of a .tenfold file and where its bits went
#[derive(Args)]
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
    version: u8,
    kind: String,
    file_bytes: usize,
    content_bytes: u64,
    /// Of text: its Unicode scalar values.
    characters: Option<u64>,
    /// Of text: what it is encoded in.
    encoding: Option<&'static str>,
    bits_per_byte: Option<f64>,
    bits_per_character: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matrices: Option<Matrices>,
    #[serde(flatten)]
    ledger: Ledger,
}

/// What the matrices of an article are and cost. The residual doesn't read them, so that nothing is saved by them.
#[derive(Clone, Copy, Serialize)]
struct Matrices {
    groups: u32,
    /// Cells whose digit is not the same in all groups.
    speaking_cells: usize,
    /// Bits of the digits and symbols sections.
    net_bits: u64,
    net_share: f64,
}

fn matrices(container: &Container, file: &[u8]) -> anyhow::Result<Option<Matrices>> {
    let of_section = |tag| container.section(tag).map_or(0, |section| 8 * section.len() as u64);
    let net_bits = of_section(Tag::Digits) + of_section(Tag::Symbols);
    let Some(section) = container.section(Tag::Digits) else { return Ok(None) };
    let counts = DigitCounts::read(section, article::content_bytes(file)?)?;
    Ok(Some(Matrices {
        groups: counts.groups(),
        speaking_cells: counts.speaking().len(),
        net_bits,
        net_share: net_bits as f64 / (8 * file.len()) as f64,
    }))
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = files::read(&arguments.file)?;
    let name = files::name(&arguments.file);
    if puzzle::holds_puzzle(&file) {
        print::out(puzzle::inspect(name, &file, arguments.json)?)?;
        return Ok(());
    }
    let inspection = inspect(name.clone(), &file).context(name)?;
    if arguments.json {
        print::json(&inspection)?;
    } else {
        print::out(inspection.text())?;
    }
    Ok(())
}

fn inspect(name: String, file: &[u8]) -> anyhow::Result<Inspection> {
    let container = Container::parse(file)?;
    let ledger = article::ledger(file)?;
    let content = article::measure(file)?;
    let rate = |count: u64| (count > 0).then(|| ledger.total_bits() as f64 / count as f64);
    Ok(Inspection {
        file: name,
        version: container.version(),
        kind: container.kind().to_string(),
        file_bytes: file.len(),
        content_bytes: content.bytes,
        characters: content.characters,
        encoding: content.encoding,
        bits_per_byte: rate(content.bytes),
        bits_per_character: content.characters.and_then(rate),
        matrices: matrices(&container, file)?,
        ledger,
    })
}

impl Inspection {
    fn text(&self) -> String {
        let encoding = self.encoding.map(|encoding| format!(" of {encoding}")).unwrap_or_default();
        let mut text = format!(
            "{}: {}, format version {}, {} bytes for {}{encoding}\n",
            printable(&self.file),
            self.kind,
            self.version,
            self.file_bytes,
            self.content_bytes
        );
        let has_estimates = self.ledger.entries().iter().any(|entry| entry.estimate_bits.is_some());
        let headings = ["section", "bits", "share", "bits a byte", "bits a character", "estimate"];
        let shown = if has_estimates { 6 } else { 5 };
        let mut rows = vec![headings[..shown].iter().map(|&heading| heading.to_owned()).collect()];
        for entry in self.ledger.entries() {
            rows.push(self.row(&entry.name, entry.bits, entry.estimate_bits));
        }
        rows.push(self.row("all", self.ledger.total_bits(), None));
        for row in &mut rows {
            row.truncate(shown);
        }
        text += &files::table(&rows);
        if let Some(Matrices { groups, speaking_cells, net_bits, net_share }) = self.matrices {
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
        let share = format!("{:.2}%", 100.0 * bits as f64 / self.ledger.total_bits() as f64);
        let estimate = estimate_bits.map_or(String::new(), |bits| format!("{bits:.1}"));
        vec![name.to_owned(), bits.to_string(), share, per(Some(self.content_bytes)), per(self.characters), estimate]
    }
}
