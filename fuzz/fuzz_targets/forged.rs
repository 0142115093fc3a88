//! A file as a forger makes it: sections that fit the container, whatever is in them, under a checksum that fits.
//!
//! The first byte says which sections there are and of what kind the file is; each section then begins with its length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenfold::internals::code::container::{MAGIC, VERSION};
use tenfold::internals::code::{Kind, Tag};
use tenfold_fuzz::read;

/// The sections of the kinds of files.
const SHAPES: [(Kind, &[Tag]); 7] = [
    (Kind::Article, &[Tag::Digits, Tag::Symbols, Tag::Residual]),
    (Kind::Article, &[Tag::Digits, Tag::Residual]),
    (Kind::Article, &[Tag::Residual]),
    (Kind::Puzzle, &[Tag::Code]),
    (Kind::Puzzle, &[Tag::Code, Tag::Form]),
    (Kind::Puzzle, &[Tag::Grids]),
    (Kind::Puzzle, &[Tag::Form, Tag::Grids]),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, mut rest)) = bytes.split_first() else { return };
    let (kind, tags) = SHAPES[usize::from(first) % SHAPES.len()];
    let mut sections = Vec::new();
    for _ in tags {
        let length = rest.first().copied().map_or(0, usize::from);
        let section = rest.get(1..).unwrap_or_default();
        let (section, after) = section.split_at(length.min(section.len()));
        sections.push(section);
        rest = after;
    }
    for version in 1..=VERSION {
        let mut body = [&MAGIC[..], &[version << 4 | kind as u8]].concat();
        for (index, (&tag, section)) in tags.iter().zip(&sections).enumerate() {
            if index + 1 == tags.len() {
                body.push(tag as u8 | 0x80);
            } else {
                body.push(tag as u8);
                // As a number of variable length.
                body.extend(if section.len() < 128 {
                    vec![section.len() as u8]
                } else {
                    vec![section.len() as u8 | 0x80, (section.len() >> 7) as u8]
                });
            }
            body.extend_from_slice(section);
        }
        read(&[&body[..], &crc32fast::hash(&body).to_le_bytes()].concat());
    }
});
