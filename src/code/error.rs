//! Every way in which a `.tenfold` file can be wrong.
//!
//! Offsets and lengths are in bytes, counted from 0. Who knows the file's name adds it.

use super::container::{Kind, Tag};
use thiserror::Error;

/// A file, or a part of one, that does not decode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The first bytes are not those of a `.tenfold` file.
    #[error("not a .tenfold file: it starts with {found:02x?}, not with [10, f0]; compress something first")]
    Magic {
        /// The first bytes, two at most.
        found: Vec<u8>,
    },
    /// A version that this program does not know.
    #[error("format version {found}; this program reads version {known}: decompress with the program that made it")]
    Version {
        /// The version in the file.
        found: u8,
        /// The newest version that is known.
        known: u8,
    },
    /// A kind of content that version 1 does not have.
    #[error("content of kind {found}, which this version of the format does not have; the file is damaged")]
    UnknownKind {
        /// The number of the kind.
        found: u8,
    },
    /// An article where a puzzle was expected, or the other way round.
    #[error("the file holds {found}, and {expected} was asked for")]
    WrongKind {
        /// What the file holds.
        found: Kind,
        /// What was expected.
        expected: Kind,
    },
    /// The checksum of the whole file does not fit its bytes.
    #[error(
        "the file is damaged: its bytes have CRC-32 {computed:08x}, the last four say {stored:08x}; get a fresh copy"
    )]
    FileCheck {
        /// What the file says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// The file ends before a part of it does.
    #[error("the file ends inside {field}: {needed} bytes are needed there, {available} are left; get the whole file")]
    Truncated {
        /// The part.
        field: &'static str,
        /// How many bytes it needs.
        needed: u64,
        /// How many there are.
        available: u64,
    },
    /// A number that is longer than it needs to be, or beyond 64 bits.
    #[error("{field} is not a number in its shortest form; the file is damaged")]
    Number {
        /// What the number says.
        field: &'static str,
    },
    /// A section that this version does not have.
    #[error("a section of tag {found}, which this version of the format does not have; the file is damaged")]
    UnknownSection {
        /// The tag's number.
        found: u8,
    },
    /// A section that stands twice, or after one of a higher tag.
    #[error("the {tag} section is out of order; the file is damaged")]
    SectionOrder {
        /// The section.
        tag: Tag,
    },
    /// A section that is needed and not there.
    #[error("the file has no {tag} section; it is damaged, or holds something else")]
    MissingSection {
        /// The section.
        tag: Tag,
    },
    /// A method of coding a block that this version does not have.
    #[error("block {block} is coded by method {found}, which this version of the format does not have")]
    UnknownMethod {
        /// The block, from 0.
        block: u64,
        /// The number of the method.
        found: u8,
    },
    /// A setting outside its range.
    #[error("block {block}: the setting '{setting}' is {found}, at most {most} is possible; the file is damaged")]
    Setting {
        /// The block, from 0.
        block: u64,
        /// The setting.
        setting: &'static str,
        /// What the file says.
        found: u8,
        /// The most that is possible.
        most: u8,
    },
    /// A length that so few bytes of code cannot stand for.
    #[error(
        "block {block} is said to hold {declared} bytes in {coded} bytes of code, more than they can; the file is damaged"
    )]
    Absurd {
        /// The block, from 0.
        block: u64,
        /// The length of its content.
        declared: u64,
        /// The length of its code.
        coded: u64,
    },
    /// A form that no task's file has.
    #[error("the form of the task's file says {reason}; the file is damaged")]
    Form {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More groups than a digits section can have.
    #[error("matrices of {found} groups; this file's text has at most {most}: it is damaged")]
    Groups {
        /// What the file says.
        found: u64,
        /// The most that is possible.
        most: u64,
    },
    /// Words that are fewer or more than the file says.
    #[error("the symbols section holds {found} words and should hold {declared}; the file is damaged")]
    Words {
        /// What the file says.
        declared: u64,
        /// How many there are.
        found: u64,
    },
    /// More words, or longer ones, than a symbols section can have.
    #[error("{what} of the symbols section is {found}, at most {most} is possible; the file is damaged")]
    Gist {
        /// What is too much.
        what: &'static str,
        /// What the file says.
        found: u64,
        /// The most that is possible.
        most: u64,
    },
    /// A block whose bytes stand as they are, but are too few or too many.
    #[error("block {block} is stored as {found} bytes and should hold {declared}; the file is damaged")]
    StoredLength {
        /// The block, from 0.
        block: u64,
        /// The length of its content.
        declared: u64,
        /// The bytes that are there.
        found: u64,
    },
    /// Bytes behind an article that has none.
    #[error("{found} bytes follow an article of no bytes; the file is damaged")]
    TrailingBytes {
        /// How many.
        found: u64,
    },
    /// Code that the range decoder cannot have been given by its encoder.
    #[error("block {block} does not decode after {decoded} bytes; the file is damaged")]
    Undecodable {
        /// The block, from 0.
        block: u64,
        /// How many bytes had been decoded.
        decoded: u64,
    },
    /// What was decoded is not what was encoded.
    #[error(
        "the content decoded has check {computed:04x}, not {stored:04x}: a damaged file, or a fault in this program"
    )]
    ContentCheck {
        /// What the file says.
        stored: u16,
        /// What was decoded.
        computed: u16,
    },
    /// Code that the range decoder cannot have been given by its encoder, outside of an article's blocks.
    #[error("{field} cannot be decoded: no encoder gives such bytes; the file is damaged")]
    Exhausted {
        /// What was decoded.
        field: &'static str,
    },
    /// A network larger than a file of that length can be about.
    #[error(
        "the file asks for a network of {found} positions, where {file_bytes} bytes can be about {most} at most; the file is damaged"
    )]
    Unjustified {
        /// Positions of the network's largest tensor.
        found: u64,
        /// The most that are allowed for.
        most: u64,
        /// The file's length.
        file_bytes: u64,
    },
    /// A count or a length that no puzzle has.
    #[error("{found} {field}: from 1 to {most} are possible in a puzzle; the file is damaged")]
    Shape {
        /// Of what.
        field: &'static str,
        /// What the file says.
        found: u64,
        /// The most that is possible.
        most: u64,
    },
}
