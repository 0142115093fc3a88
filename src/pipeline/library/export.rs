//! A library's groups for other programs.
//!
//! In: an open library. Out: a file: Parquet with all columns, or a NumPy array of digits, or of thermometer codes, whose
//! Hamming distance is the distance of digits.

use super::entries::GroupEntry;
use super::matrices::read_matrices;
use super::{Library, LibraryError};
use crate::latent::digits::{CELLS, SIDE, THERMOMETER_BYTES};
use crate::report::{Existing, WriteError, fill_atomically};
use npyz::{WriteOptions, WriterBuilder};
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// Parquet, a row a group: `group`, `article`, `cluster` (64-bit integers), `name`, `title`, `text`, `digits` (100
    /// bytes, each a digit) and `bits` (113 bytes, [`DigitMatrix::thermometer`](crate::article::DigitMatrix::thermometer)).
    Parquet,
    /// A NumPy array of unsigned bytes, (group, row, column).
    Digits,
    /// A NumPy array of unsigned bytes, (group, 113): thermometer codes.
    Bits,
}

/// Why a library can't be exported. Nothing was written then.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It can't be read.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The file can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The rows can't be made Parquet.
    #[error("'{}': {source}", .file.display())]
    Parquet {
        /// The file.
        file: PathBuf,
        /// Why.
        source: ParquetError,
    },
}

/// Rows that are held in memory at a time, with their texts.
const ROWS: usize = 10_000;

impl Library {
    /// Writes all groups to a file, in the order they came in, and gives their number.
    ///
    /// # Errors
    /// [`ExportError`]; where a file is already there, and is not to be replaced.
    pub fn export(&self, file: &Path, what: Export, replace: bool) -> Result<u64, ExportError> {
        let existing = if replace { Existing::Replace } else { Existing::Keep };
        fill_atomically(file, existing, None, |output| match what {
            Export::Parquet => self.parquet(file, output),
            Export::Digits => self.numpy(file, output, &[SIDE, SIDE], |entry| entry.cells().to_vec()),
            Export::Bits => self.numpy(file, output, &[THERMOMETER_BYTES], |entry| entry.thermometer().to_vec()),
        })
    }

    fn numpy(
        &self,
        file: &Path,
        output: &mut File,
        shape: &[usize],
        bytes: impl Fn(&crate::latent::DigitMatrix) -> Vec<u8>,
    ) -> Result<u64, ExportError> {
        let _snapshot = self.store.snapshot()?;
        let known = match self.store.newest_version()? {
            Some(version) => self.store.run(|connection| read_matrices(connection, version))?,
            None => Vec::new(),
        };
        let shape: Vec<u64> = [known.len()].iter().chain(shape).map(|&side| side as u64).collect();
        let written = || -> io::Result<()> {
            let mut output = BufWriter::new(output);
            let mut writer = WriteOptions::<u8>::new().default_dtype().shape(&shape).writer(&mut output).begin_nd()?;
            for known in &known {
                writer.extend(bytes(&known.matrix))?;
            }
            writer.finish()?;
            output.flush()
        };
        written().map_err(|source| WriteError::write(file, source))?;
        Ok(known.len() as u64)
    }

    fn parquet(&self, file: &Path, output: &mut File) -> Result<u64, ExportError> {
        let wrong = |source| ExportError::Parquet { file: file.to_owned(), source };
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(wrong)?);
        let mut writer = SerializedFileWriter::new(output, schema, Arc::default()).map_err(wrong)?;
        let mut rows: Vec<GroupEntry> = Vec::new();
        let mut written = 0;
        let mut write = |rows: &mut Vec<GroupEntry>| -> Result<(), ParquetError> {
            let mut group = writer.next_row_group()?;
            write_rows(rows, &mut group)?;
            group.close()?;
            written += rows.len() as u64;
            rows.clear();
            Ok(())
        };
        self.each_group(0, -1, |entry| {
            rows.push(entry);
            if rows.len() == ROWS { write(&mut rows).map_err(wrong) } else { Ok(()) }
        })?;
        if !rows.is_empty() {
            write(&mut rows).map_err(wrong)?;
        }
        writer.close().map_err(wrong)?;
        Ok(written)
    }
}

/// The columns of [`write_rows`], in their order.
const SCHEMA: &str = "message library {
    required int64 group; required int64 article; required int64 cluster;
    required binary name (UTF8); required binary title (UTF8); required binary text (UTF8);
    required fixed_len_byte_array(100) digits; required fixed_len_byte_array(113) bits; }";

const _: () = assert!(CELLS == 100 && THERMOMETER_BYTES == 113, "as the schema says");

fn write_rows<W: Write + Send>(
    rows: &[GroupEntry],
    group: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<(), ParquetError> {
    let numbers: [fn(&GroupEntry) -> i64; 3] = [|row| row.group, |row| row.article, |row| row.cluster];
    for number in numbers {
        let values: Vec<i64> = rows.iter().map(number).collect();
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int64Type>().write_batch(&values, None, None)?;
            column.close()?;
        }
    }
    let texts: [fn(&GroupEntry) -> &str; 3] = [|row| &row.name, |row| &row.title, |row| &row.text];
    for text in texts {
        let values: Vec<ByteArray> = rows.iter().map(|row| text(row).into()).collect();
        if let Some(mut column) = group.next_column()? {
            column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
            column.close()?;
        }
    }
    let codes: [fn(&GroupEntry) -> Vec<u8>; 2] =
        [|row| row.matrix.cells().to_vec(), |row| row.matrix.thermometer().to_vec()];
    for bytes in codes {
        let values: Vec<FixedLenByteArray> = rows.iter().map(|row| ByteArray::from(bytes(row)).into()).collect();
        if let Some(mut column) = group.next_column()? {
            column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None)?;
            column.close()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::library::{LibrarySettings, NewArticle};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use std::ops::ControlFlow;

    #[test]
    fn every_form_has_every_group_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut library = Library::open_or_create(&folder.path().join("library")).unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(library.export(&path("empty.npy"), Export::Digits, false).unwrap(), 0);
        let group = |number: usize| ("a title".to_owned(), format!("the rabbit ran {number} times to the hole"));
        let article = NewArticle { name: "a".into(), groups: (0..5).map(group).collect() };
        library.add(&[article], &LibrarySettings::default(), &mut |_| ControlFlow::Continue(())).unwrap();

        let pages = [library.groups_after(0, 2).unwrap(), library.groups_after(2, 9).unwrap()];
        assert_eq!(pages.each_ref().map(Vec::len), [2, 3]);
        let entries = pages.concat();
        let all = |bytes: fn(&GroupEntry) -> Vec<u8>| entries.iter().flat_map(bytes).collect::<Vec<u8>>();
        for (name, what, expected) in [
            ("digits.npy", Export::Digits, all(|entry| entry.matrix.cells().to_vec())),
            ("bits.npy", Export::Bits, all(|entry| entry.matrix.thermometer().to_vec())),
        ] {
            assert_eq!(library.export(&path(name), what, false).unwrap(), 5);
            let written = std::fs::read(path(name)).unwrap();
            assert!(written.ends_with(&expected) && written.len() - expected.len() == 128, "{name}");
        }

        library.export(&path("all.parquet"), Export::Parquet, false).unwrap();
        let again = library.export(&path("all.parquet"), Export::Parquet, false);
        assert!(matches!(again, Err(ExportError::Write(WriteError::Exists { .. }))));
        let reader = SerializedFileReader::new(File::open(path("all.parquet")).unwrap()).unwrap();
        let texts: Vec<String> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().nth(5).unwrap().1.to_string())
            .collect();
        let expected: Vec<String> = entries.iter().map(|entry| format!("{:?}", entry.text)).collect();
        assert_eq!(texts, expected);
    }
}
