//! What verbs on files share: `-` for standard input and output, the file that is written, tables.

use super::print;
use anyhow::Context;
use clap::Args;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tenfold::report::{Existing, check_free, fill_atomically};

/// The file that a verb writes.
#[derive(Args)]
pub struct Output {
    /// The file to write, `-` for standard output
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub path: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    pub force: bool,
}

impl Output {
    /// Whether it is standard output.
    pub fn is_stream(&self) -> bool {
        is_stream(&self.path)
    }

    /// What becomes of a file that is already there.
    pub fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }

    /// Fails early where the file could not be written in the end.
    pub fn check_free(&self) -> anyhow::Result<()> {
        if self.is_stream() { Ok(()) } else { Ok(check_free(&self.path, self.existing())?) }
    }

    /// Writes all of it.
    pub fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        if self.is_stream() {
            return print::bytes(bytes);
        }
        fill_atomically(&self.path, self.existing(), |target| target.write_all(bytes).map_err(anyhow::Error::new))
    }

    /// Says what was done, beside standard output where the file goes there.
    pub fn say(&self, line: &str) -> anyhow::Result<()> {
        if self.is_stream() {
            print::note(line);
            return Ok(());
        }
        print::line(line)
    }
}

/// Whether a path stands for standard input or output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name of an input in messages.
pub fn name(path: &Path) -> String {
    if is_stream(path) { "standard input".into() } else { path.display().to_string() }
}

/// All bytes of a file or of standard input.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if is_stream(path) {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
        return Ok(bytes);
    }
    anyhow::ensure!(!path.is_dir(), "{} is a folder: name a file of it", path.display());
    fs::read(path).with_context(|| format!("{}: cannot be read; check the path and its permissions", path.display()))
}

/// The articles in a folder, by name: its files, but not those in folders below, hidden ones and `.tenfold` files.
pub fn articles(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("{}: the folder cannot be read; check its permissions", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden && path.extension().is_none_or(|extension| extension != "tenfold") {
            paths.push(path);
        }
    }
    paths.sort();
    anyhow::ensure!(!paths.is_empty(), "{}: no files in the folder; name one that holds articles", folder.display());
    Ok(paths)
}

/// The file name of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| name(path), |name| name.to_string_lossy().into_owned())
}

/// A number of threads, as an argument.
pub fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if (1..=1024).contains(&threads) => Ok(threads),
        _ => Err("a number from 1 to 1024 is needed".into()),
    }
}

/// A table with a line of headings; the first column to the left, the others to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            let parts = if column == 0 { [cell.as_str(), &pad, ""] } else { ["  ", &pad, cell.as_str()] };
            line.extend(parts);
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
