//! The library's file: an SQLite database with a write-ahead log, each commit flushed to the disk.
//!
//! In: a path. Out: an open [`Store`] whose schema is known, or a [`LibraryError`] that says what the file is instead. The
//! schema's version stands in `user_version`, tenfold's mark in `application_id`.

use super::LibraryError;
use super::frame::{Frame, FrameParts};
use super::probability::Probability;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the schema. Version 1 knew articles by a hash of 64 bits; those that had lost groups to `dedupe` can't be given
/// another, so such a file is refused rather than rewritten. Version 2 had frames whose symbols were counted as they were written,
/// and texts with their markup. Version 3 read a text that was asked for otherwise than one that was stored. Version 4 had a row for the digits
/// of each group, which took a search most of its time.
pub(super) const SCHEMA_VERSION: i64 = 5;

/// "TFLB", what `file` and others may know the format by.
pub(super) const APPLICATION: i64 = 0x5446_4c42;

/// How long a process waits for another's transaction; they take milliseconds, a refit's seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// `AUTOINCREMENT`, since a number that was used may stand in the output of an earlier command.
const SCHEMA: &str = "
CREATE TABLE frames (
    version INTEGER PRIMARY KEY,
    map BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    -- The logarithm of the odds that two texts are edits of one, at distance 0, and what a step of a digit takes.
    odds_at_zero REAL NOT NULL,
    odds_slope REAL NOT NULL,
    -- The library when it was fitted: groups, words, words that the frame doesn't know, the newest article.
    groups INTEGER NOT NULL,
    words INTEGER NOT NULL,
    strange_words INTEGER NOT NULL,
    last_article INTEGER NOT NULL
) STRICT;
CREATE TABLE clusters (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;
CREATE TABLE articles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    -- SHA-256 of the whole text, some of whose groups may be gone.
    hash BLOB NOT NULL UNIQUE,
    cluster INTEGER NOT NULL REFERENCES clusters (id),
    -- Under the newest frame.
    words INTEGER NOT NULL,
    strange_words INTEGER NOT NULL
) STRICT;
CREATE INDEX articles_by_cluster ON articles (cluster);
CREATE TABLE groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    article INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX groups_by_article ON groups (article);
-- Apart from the texts, so that a search reads digits alone; those of an article are one row, so that it reads few. With row
-- identifiers, since pages of a table without them hold little of a row that is larger than a page.
CREATE TABLE matrices (
    frame INTEGER NOT NULL REFERENCES frames (version),
    article INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    -- Numbers and digits of the groups (matrices.rs).
    digits BLOB NOT NULL,
    PRIMARY KEY (frame, article)
) STRICT;
CREATE INDEX matrices_by_article ON matrices (article);
-- The sum of the unit vectors of a cluster's articles, as 32-bit little-endian floats.
CREATE TABLE centres (
    frame INTEGER NOT NULL REFERENCES frames (version),
    cluster INTEGER NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    sums BLOB NOT NULL,
    PRIMARY KEY (frame, cluster)
) STRICT, WITHOUT ROWID;
";

/// An open file.
pub(super) struct Store {
    pub connection: Connection,
    pub file: PathBuf,
}

/// Whether bytes are those of a library: SQLite's head, and in it our mark.
pub(super) fn is_library(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SQLite format 3\0") && bytes.get(68..72) == Some(&(APPLICATION as u32).to_be_bytes())
}

/// Whether the file at `path` has all that was committed to it.
fn log_is_empty(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// The address of a file that nobody writes to.
fn immutable(path: &Path) -> OsString {
    let mut address = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte) {
            address.push(byte.into());
        } else {
            // Writing to a string can't fail.
            let _ = write!(address, "%{byte:02x}");
        }
    }
    (address + "?immutable=1").into()
}

impl Store {
    /// Opens the file at `path`; with `create`, a file that is missing or empty becomes an empty library.
    pub fn open(path: &Path, create: bool) -> Result<Self, LibraryError> {
        let file = path.to_owned();
        if !create && !path.exists() {
            return Err(LibraryError::Missing { file });
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let open = |path: &OsStr, flags| {
            let connection = Connection::open_with_flags(path, flags).map_err(|error| wrong(&file, &error))?;
            let mut store = Self { connection, file: file.clone() };
            store.prepare(create)?;
            Ok(store)
        };
        match open(path.as_os_str(), flags) {
            // Even to read, SQLite makes files beside one with a write-ahead log. Where it may not and the log is empty, nobody
            // writes to the file.
            Err(LibraryError::Unusable { .. }) if !create && log_is_empty(path) => {
                open(&immutable(path), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
            }
            opened => opened,
        }
    }

    fn prepare(&mut self, create: bool) -> Result<(), LibraryError> {
        self.run(|connection| {
            connection.busy_timeout(PATIENCE)?;
            // The cache of pages is as small as by default: a search reads each page once, and a new page takes longer than a used one.
            connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY")
        })?;
        if self.is_blank()? && create {
            self.run(|connection| connection.execute_batch("PRAGMA journal_mode = WAL"))?;
            let transaction = self.write()?;
            // Another process may have been first.
            let made = transaction.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
            let made = made.and_then(|tables| {
                if tables == 0 {
                    transaction.execute_batch(SCHEMA)?;
                    transaction.pragma_update(None, "application_id", APPLICATION)?;
                    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                }
                transaction.commit()
            });
            made.map_err(|error| wrong(&self.file, &error))?;
        }
        if self.is_blank()? {
            return Err(LibraryError::Empty { file: self.file.clone() });
        }
        let (application, found) = self.run(|connection| {
            let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
            Ok((number("application_id")?, number("user_version")?))
        })?;
        if application != APPLICATION {
            return Err(LibraryError::NotALibrary { file: self.file.clone() });
        }
        if found != SCHEMA_VERSION {
            return Err(LibraryError::Version { file: self.file.clone(), found, known: SCHEMA_VERSION });
        }
        Ok(())
    }

    /// Whether the file has nothing in it, as one whose making was cut short.
    fn is_blank(&self) -> Result<bool, LibraryError> {
        self.run(|connection| {
            let tables: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
            let mark: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
            Ok(tables == 0 && mark == 0)
        })
    }

    /// Runs queries; their errors name the file.
    pub fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LibraryError> {
        work(&self.connection).map_err(|error| wrong(&self.file, &error))
    }

    /// Begins a transaction that reads: until its end the file says what it says now, whatever other processes write.
    pub fn snapshot(&self) -> Result<Transaction<'_>, LibraryError> {
        self.connection.unchecked_transaction().map_err(|error| wrong(&self.file, &error))
    }

    /// Begins a transaction that writes; no other process writes until its end.
    pub fn write(&mut self) -> Result<Transaction<'_>, LibraryError> {
        let file = &self.file;
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        begun.map_err(|error| wrong(file, &error))
    }

    /// The newest frame's version.
    pub fn newest_version(&self) -> Result<Option<u32>, LibraryError> {
        self.run(newest_version)
    }

    /// Reads a frame.
    pub fn read_frame(&self, version: u32) -> Result<Frame, LibraryError> {
        let sql = "SELECT map, seed, odds_at_zero, odds_slope, checksum FROM frames WHERE version = ?";
        let frame = self.run(|connection| {
            connection.query_row(sql, [version], |row| {
                let probability = Probability { at_zero: row.get(2)?, slope: row.get(3)? };
                let seed: i64 = row.get(1)?;
                let map = row.get_ref(0)?.as_blob()?.into();
                let parts = FrameParts { version, map, seed: seed as u64, probability };
                if frame_checksum(&parts) != row.get::<_, u32>(4)? {
                    return Ok(Err(format!("the CRC-32 of frame {version} doesn't fit")));
                }
                Ok(Frame::of_parts(&parts))
            })
        })?;
        frame.map_err(|reason| LibraryError::Corrupt { file: self.file.clone(), reason })
    }
}

/// The newest frame's version.
pub(super) fn newest_version(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    let newest = "SELECT version FROM frames ORDER BY version DESC LIMIT 1";
    connection.query_row(newest, [], |row| row.get(0)).optional()
}

/// The library as a frame finds it when it is fitted.
#[derive(Clone, Copy, Default)]
pub(super) struct Census {
    pub groups: usize,
    pub words: u64,
    pub strange_words: u64,
    pub last_article: i64,
}

/// Writes a frame.
pub(super) fn write_frame(transaction: &Transaction, frame: &Frame, census: Census) -> rusqlite::Result<()> {
    let parts = frame.to_parts();
    let sql = "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    transaction.execute(
        sql,
        params![
            parts.version,
            parts.map,
            frame_checksum(&parts),
            parts.seed as i64,
            parts.probability.at_zero,
            parts.probability.slope,
            census.groups as i64,
            census.words as i64,
            census.strange_words as i64,
            census.last_article,
        ],
    )?;
    Ok(())
}

fn frame_checksum(parts: &FrameParts) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&parts.map);
    hasher.update(&parts.seed.to_le_bytes());
    hasher.update(&parts.probability.at_zero.to_le_bytes());
    hasher.update(&parts.probability.slope.to_le_bytes());
    hasher.finalize()
}

/// An error of SQLite, as one that names the file and says what to do.
pub(super) fn wrong(file: &Path, error: &rusqlite::Error) -> LibraryError {
    use rusqlite::Error as Sql;
    let file = file.to_owned();
    let reason = error.to_string();
    match error {
        Sql::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::NotADatabase => LibraryError::NotALibrary { file },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => LibraryError::Busy { file },
            // Unknown is what a table or column that is missing gives.
            ErrorCode::DatabaseCorrupt | ErrorCode::Unknown | ErrorCode::ConstraintViolation => {
                LibraryError::Corrupt { file, reason }
            }
            _ => LibraryError::Unusable { file, reason },
        },
        _ => LibraryError::Corrupt { file, reason },
    }
}
