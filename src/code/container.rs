//! The container: what every `.tenfold` file shares, whatever is in it.
//!
//! In: a kind and sections, each a [`Tag`] and bytes. Out: a file of magic, version, sections and a checksum; and back,
//! or a [`CodeError`]. Costs eight bytes for one section. Reading allocates as much as the file is long, at most.
//!
//! ```
//! use tenfold::internals::code::{Container, Kind, Tag};
//!
//! let file = Container::new(Kind::Article).with(Tag::Residual, vec![1, 2, 3]).to_bytes();
//! assert_eq!(file.len(), 11);
//! assert_eq!(Container::parse(&file)?.require(Tag::Residual)?, [1, 2, 3]);
//! # Ok::<(), tenfold::internals::code::CodeError>(())
//! ```

use super::bytes::{Reader, write_varint};
use super::{CodeError, Ledger};
use std::collections::BTreeMap;
use std::fmt;

/// How every file starts. Not the start of a text in any encoding in use: 0x10 is a control character.
pub const MAGIC: [u8; 2] = [0x10, 0xf0];

/// The newest version of the format, 1 to 15. Puzzles have it; articles are written as version 1, with a gist as version 2.
pub const VERSION: u8 = 4;

/// The version of articles with a gist.
const GIST_VERSION: u8 = 2;

/// The bytes of the checksum at the end.
const CHECK_BYTES: usize = 4;

/// Set in the head of the last section, which has no length: it goes up to the checksum.
const LAST: u8 = 0x80;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An article: bytes of any kind.
    Article = 0,
    /// An ARC puzzle.
    Puzzle = 1,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Article, Self::Puzzle];
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Article => "an article",
            Self::Puzzle => "a puzzle",
        })
    }
}

/// What a section is. A file's sections are in the order of these numbers, each at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Tag {
    /// What has to be known first: shapes, lengths, settings.
    Header = 1,
    /// The latents of a puzzle.
    Latents = 2,
    /// The digits of an article's matrices.
    Digits = 3,
    /// The latents of an article's symbols.
    Symbols = 4,
    /// The decoder's weights.
    Weights = 5,
    /// What the decoder's probabilities leave.
    Residual = 6,
    /// All parts of a puzzle, in one range code.
    Code = 7,
    /// How a task's file is written around its grids.
    Form = 8,
    /// The grids of a puzzle, by context mixing.
    Grids = 9,
}

impl Tag {
    /// Every tag, in order.
    pub const ALL: [Self; 9] = [
        Self::Header,
        Self::Latents,
        Self::Digits,
        Self::Symbols,
        Self::Weights,
        Self::Residual,
        Self::Code,
        Self::Form,
        Self::Grids,
    ];

    /// The section's name in messages and ledgers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Latents => "latents",
            Self::Digits => "digits",
            Self::Symbols => "symbols",
            Self::Weights => "weights",
            Self::Residual => "residual",
            Self::Code => "code",
            Self::Form => "form",
            Self::Grids => "grids",
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A file as its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    kind: Kind,
    version: u8,
    sections: BTreeMap<Tag, Vec<u8>>,
}

impl Container {
    /// A file without sections; it needs at least one before it can be read.
    pub fn new(kind: Kind) -> Self {
        let version = if kind == Kind::Article { 1 } else { VERSION };
        Self { kind, version, sections: BTreeMap::new() }
    }

    /// Adds a section; one of the same tag is replaced.
    #[must_use]
    pub fn with(mut self, tag: Tag, bytes: Vec<u8>) -> Self {
        if tag == Tag::Symbols {
            self.version = GIST_VERSION;
        }
        self.sections.insert(tag, bytes);
        self
    }

    /// What the file holds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The version of the format that the file has.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The sections in the order of the file.
    pub fn sections(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        self.sections.iter().map(|(&tag, bytes)| (tag, bytes.as_slice()))
    }

    /// A section, if the file has it.
    pub fn section(&self, tag: Tag) -> Option<&[u8]> {
        self.sections.get(&tag).map(Vec::as_slice)
    }

    /// A section that has to be there.
    ///
    /// # Errors
    /// [`CodeError::MissingSection`].
    pub fn require(&self, tag: Tag) -> Result<&[u8], CodeError> {
        self.section(tag).ok_or(CodeError::MissingSection { tag })
    }

    /// Refuses a file that holds something else.
    ///
    /// # Errors
    /// [`CodeError::WrongKind`].
    pub fn expect_kind(&self, expected: Kind) -> Result<(), CodeError> {
        if self.kind == expected { Ok(()) } else { Err(CodeError::WrongKind { found: self.kind, expected }) }
    }

    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.push(self.version << 4 | self.kind as u8);
        for (index, (&tag, bytes)) in self.sections.iter().enumerate() {
            if index + 1 == self.sections.len() {
                file.push(tag as u8 | LAST);
            } else {
                file.push(tag as u8);
                write_varint(&mut file, bytes.len() as u64);
            }
            file.extend_from_slice(bytes);
        }
        let check = crc32fast::hash(&file);
        file.extend_from_slice(&check.to_le_bytes());
        file
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// [`CodeError`], for anything that [`Container::to_bytes`] cannot have written.
    pub fn parse(file: &[u8]) -> Result<Self, CodeError> {
        if !file.starts_with(&MAGIC) {
            return Err(CodeError::Magic { found: file[..file.len().min(MAGIC.len())].to_vec() });
        }
        let mut reader = Reader::new(&file[MAGIC.len()..]);
        let version_and_kind = reader.byte("the version")?;
        let (version, kind) = (version_and_kind >> 4, version_and_kind & 15);
        let known = Kind::ALL.into_iter().find(|&known| known as u8 == kind);
        if !(1..=VERSION).contains(&version) {
            return Err(CodeError::Version { found: version, known: VERSION });
        }
        let body = check_file(reader.rest(), file)?;
        let kind = known.ok_or(CodeError::UnknownKind { found: kind })?;
        Ok(Self { kind, version, sections: read_sections(Reader::new(body))? })
    }

    /// Where the file's bits went: a line for each section, and one for magic, version, heads and checksum. The sum is
    /// the length of [`Container::to_bytes`].
    pub fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new();
        let content: usize = self.sections.values().map(Vec::len).sum();
        let frame_bytes = self.to_bytes().len() - content;
        ledger.add("frame", 8 * frame_bytes as u64);
        for (tag, bytes) in &self.sections {
            ledger.add(tag.name(), 8 * bytes.len() as u64);
        }
        ledger
    }
}

/// Holds the checksum in the last bytes of `rest`, the end of `file`, against all bytes before it; gives what is between.
fn check_file<'a>(rest: &'a [u8], file: &[u8]) -> Result<&'a [u8], CodeError> {
    let truncated =
        CodeError::Truncated { field: "the checksum", needed: CHECK_BYTES as u64, available: rest.len() as u64 };
    let (body, check) = rest.split_last_chunk::<CHECK_BYTES>().ok_or(truncated)?;
    let stored = u32::from_le_bytes(*check);
    let computed = crc32fast::hash(&file[..file.len() - CHECK_BYTES]);
    if stored == computed { Ok(body) } else { Err(CodeError::FileCheck { stored, computed }) }
}

fn read_sections(mut reader: Reader<'_>) -> Result<BTreeMap<Tag, Vec<u8>>, CodeError> {
    let mut sections = BTreeMap::new();
    loop {
        let head = reader.byte("the head of a section")?;
        let found = head & !LAST;
        let tag = Tag::ALL.into_iter().find(|&tag| tag as u8 == found).ok_or(CodeError::UnknownSection { found })?;
        if sections.last_key_value().is_some_and(|(&last, _)| last >= tag) {
            return Err(CodeError::SectionOrder { tag });
        }
        if head & LAST != 0 {
            sections.insert(tag, reader.rest().to_vec());
            return Ok(sections);
        }
        let length = reader.varint("the length of a section")?;
        sections.insert(tag, reader.take(length, "a section")?.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_container() -> impl Strategy<Value = Container> {
        let sections = prop::collection::btree_map(prop::sample::select(&Tag::ALL[..]), any::<Vec<u8>>(), 1..=6);
        let kinds = prop::sample::select(&Kind::ALL[..]);
        (kinds, 1..=VERSION, sections).prop_map(|(kind, version, sections)| Container { kind, version, sections })
    }

    /// With a checksum that fits, as a forger would.
    fn sealed(body: &[u8]) -> Vec<u8> {
        [body, &crc32fast::hash(body).to_le_bytes()].concat()
    }

    proptest! {
        #[test]
        fn a_file_comes_back_and_its_ledger_sums_to_its_length(container in any_container()) {
            let file = container.to_bytes();
            prop_assert_eq!(Container::parse(&file), Ok(container.clone()));
            prop_assert_eq!(container.ledger().total_bits(), 8 * file.len() as u64);
        }

        #[test]
        fn a_file_with_a_changed_byte_or_without_its_end_is_refused(
            container in any_container(), position: prop::sample::Index, change in 1u8..
        ) {
            let mut file = container.to_bytes();
            prop_assert!(Container::parse(&file[..position.index(file.len())]).is_err());
            let position = position.index(file.len());
            file[position] ^= change;
            prop_assert!(Container::parse(&file).is_err());
        }

        #[test]
        fn forged_bytes_are_read_as_they_would_be_written_or_refused(body: Vec<u8>, kind in 0u8..3) {
            let start = [0x10, 0xf0, 0x10 | kind];
            let file = sealed(&[&start[..], &body].concat());
            if let Ok(container) = Container::parse(&file) {
                prop_assert_eq!(container.to_bytes(), file);
            }
        }
    }

    #[test]
    fn each_fault_has_its_error() {
        let parse = |body: &[u8]| Container::parse(&sealed(body)).unwrap_err();
        assert_eq!(Container::parse(b""), Err(CodeError::Magic { found: vec![] }));
        assert_eq!(Container::parse(b"PK\x03\x04"), Err(CodeError::Magic { found: b"PK".to_vec() }));
        assert_eq!(parse(&[0x10, 0xf0, 0x50]), CodeError::Version { found: 5, known: 4 });
        assert_eq!(parse(&[0x10, 0xf0, 0x51]), CodeError::Version { found: 5, known: 4 });
        assert_eq!(parse(&[0x10, 0xf0, 0x01]), CodeError::Version { found: 0, known: 4 });
        assert_eq!(parse(&[0x10, 0xf0, 0x15, 0x86]), CodeError::UnknownKind { found: 5 });
        assert_eq!(parse(&[0x10, 0xf0, 0x10, 0x8f]), CodeError::UnknownSection { found: 15 });
        assert_eq!(parse(&[0x10, 0xf0, 0x10, 6, 0, 0x85]), CodeError::SectionOrder { tag: Tag::Weights });
        let endless = parse(&[0x10, 0xf0, 0x10, 6, 0xff, 0xff, 0xff, 0xff, 0x7f, 1]);
        assert!(matches!(endless, CodeError::Truncated { field: "a section", needed: 0x7_ffff_ffff, available: 1 }));
        let empty = Container::new(Kind::Puzzle).to_bytes();
        assert!(matches!(Container::parse(&empty), Err(CodeError::Truncated { .. })));
        let article = Container::new(Kind::Article).with(Tag::Header, vec![]);
        assert_eq!(article.require(Tag::Residual), Err(CodeError::MissingSection { tag: Tag::Residual }));
        let wrong = CodeError::WrongKind { found: Kind::Article, expected: Kind::Puzzle };
        assert_eq!(article.expect_kind(Kind::Puzzle), Err(wrong));
    }
}
