//! Any bytes as a file, as they are and under a checksum that fits: a typed error or content, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io;
use tenfold::code::container::MAGIC;
use tenfold::code::{Container, Kind};
use tenfold::pipeline::gist::FileMatrices;
use tenfold::pipeline::{article, puzzle};

/// More content than this is not waited for.
const MOST_CONTENT: u64 = 3_000;
/// Nor are the words of more groups.
const MOST_GROUPS: usize = 1_000;
/// Nor is a network with a tensor of more positions than this.
const MOST_POSITIONS: u64 = 5_000;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    for (version, kind) in [(1, Kind::Article), (2, Kind::Article), (1, Kind::Puzzle), (2, Kind::Puzzle)] {
        let body = [&MAGIC[..], &[version << 4 | kind as u8], bytes].concat();
        read(&[&body[..], &crc32fast::hash(&body).to_le_bytes()].concat());
    }
});

fn read(file: &[u8]) {
    match Container::parse(file).map(|container| container.kind()) {
        Ok(Kind::Puzzle) => read_puzzle(file),
        _ => read_article(file),
    }
}

fn read_article(file: &[u8]) {
    if let Ok(ledger) = article::ledger(file) {
        assert_eq!(ledger.total_bits(), 8 * file.len() as u64);
    }
    if let Ok(Some(matrices)) = FileMatrices::read(file)
        && matrices.digits.matrices.len() <= MOST_GROUPS
    {
        let _ = matrices.says();
    }
    if article::content_bytes(file).is_ok_and(|bytes| bytes <= MOST_CONTENT) {
        let _ = article::decompress(file, &mut io::sink());
    }
}

fn read_puzzle(file: &[u8]) {
    match puzzle::positions(file) {
        Err(_) => assert!(puzzle::decompress(file, Some(1)).is_err()),
        Ok(positions) if positions <= MOST_POSITIONS => {
            if let Ok(summary) = puzzle::inspect(file, Some(1)) {
                assert_eq!(summary.ledger.total_bits(), 8 * file.len() as u64);
            }
        }
        Ok(_) => {}
    }
}
