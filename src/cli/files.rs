//! What verbs on files share: `-` for standard input and output, the file that is written, tables.

use super::{print, streams};
use anyhow::Context;
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tenfold::internals::report::{Existing, WriteError, check_free, fill_atomically, printable, sweep_stale};
use unicode_width::UnicodeWidthStr;

/// The file that a verb writes.
#[derive(Args, Clone)]
pub struct Output {
    /// The file to write, `-` for standard output
    #[arg(short = 'o', long = "output", value_name = "FILE", value_parser = output_path())]
    pub path: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    pub force: bool,
}

/// A path to write to, as an argument; other names of standard output are `-`.
pub fn output_path() -> impl TypedValueParser<Value = PathBuf> {
    const SAME: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    PathBufValueParser::new()
        .map(|path| if SAME.iter().any(|same| path == Path::new(same)) { "-".into() } else { path })
}

impl Output {
    /// Whether it is standard output.
    pub fn is_stream(&self) -> bool {
        is_stream(&self.path)
    }

    /// What becomes of a file that is already there.
    fn existing(&self) -> Existing {
        if self.force { Existing::Replace } else { Existing::Keep }
    }

    /// Fails early where the output could not be written in the end, or is the input.
    pub fn check(&self, input: &Path) -> anyhow::Result<()> {
        let found = if self.is_stream() { streams::output_metadata() } else { fs::metadata(&self.path).ok() };
        let same = found.as_ref().is_some_and(|found| origin(input).is_some_and(|origin| is_same(&origin, found)));
        anyhow::ensure!(!same, "{}: the output is the input: give another path", name(&self.path));
        if self.is_stream() { streams::check_output() } else { Ok(check_free(&self.path, self.existing())?) }
    }

    /// Removes what killed programs have left where the output goes.
    pub fn sweep(&self) {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if !self.is_stream() {
            sweep_stale(folder.unwrap_or(Path::new(".")));
        }
    }

    /// Writes all of it; mode and times are those of `origin`.
    pub fn write(&self, bytes: &[u8], origin: Option<&Metadata>) -> anyhow::Result<()> {
        if self.is_stream() {
            return print::bytes(bytes);
        }
        self.fill(origin, |target| {
            Ok(target.write_all(bytes).map_err(|source| WriteError::write(&self.path, source))?)
        })
    }

    /// Writes what `fill` gives to the file; it is no stream.
    pub fn fill<T>(
        &self,
        origin: Option<&Metadata>,
        fill: impl FnOnce(&mut File) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        fill_atomically(&self.path, self.existing(), origin, fill)
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

/// The name of an input in messages; bytes that are not UTF-8 as `\xff`.
pub fn name(path: &Path) -> String {
    if is_stream(path) {
        return "standard input".into();
    }
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name += chunk.valid();
        name.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    name
}

/// The same, safe for a terminal.
pub fn shown(path: &Path) -> String {
    printable(&name(path)).into_owned()
}

/// All bytes of a file or of standard input.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if is_stream(path) {
        streams::check_input()?;
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
        return Ok(bytes);
    }
    anyhow::ensure!(!path.is_dir(), "{} is a folder: name a file of it", name(path));
    fs::read(path).with_context(|| format!("{}: cannot be read; check the path and its permissions", name(path)))
}

/// What is known of the file that an input is; nothing of a pipe or a device.
pub fn origin(path: &Path) -> Option<Metadata> {
    let found = if is_stream(path) { streams::input_metadata() } else { fs::metadata(path).ok() };
    found.filter(Metadata::is_file)
}

/// Whether two are one file.
pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        false
    }
}

/// The file name of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| name(path), |file_name| name(Path::new(file_name)))
}

/// A number of threads, as an argument.
pub fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if (1..=1024).contains(&threads) => Ok(threads),
        _ => Err("a number from 1 to 1024 is needed".into()),
    }
}

/// A table with a line of headings; the first column to the left, the others to the right. Widths are those on a terminal, where a Chinese
/// character takes two columns.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.width());
            let parts = if column == 0 { [cell.as_str(), &pad, ""] } else { ["  ", &pad, cell.as_str()] };
            line.extend(parts);
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_script_names_are_in() {
        let rows =
            [["name", "bytes"], ["道德经.md", "7"], ["cafe\u{301}", "12"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&rows), "name       bytes\n道德经.md      7\ncafe\u{301}          12\n");
    }
}
