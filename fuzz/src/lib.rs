//! What every target does with a file: all that a user's command would read of it, within bounds of time.

use std::io;
use tenfold::internals::code::{Container, Kind};
use tenfold::internals::pipeline::gist::FileMatrices;
use tenfold::internals::pipeline::{article, puzzle};

/// More content than this is not waited for.
const MOST_CONTENT: u64 = 3_000;
/// Nor are the words of more groups.
const MOST_GROUPS: usize = 20_000;
/// Nor is a network with a tensor of more positions than this.
const MOST_POSITIONS: u64 = 5_000;

/// Reads a file: a typed error or content, never a panic, and no memory that its length doesn't justify.
pub fn read(file: &[u8]) {
    match Container::parse(file).map(|container| container.kind()) {
        Ok(Kind::Puzzle) => read_puzzle(file),
        _ => read_article(file),
    }
}

fn read_article(file: &[u8]) {
    if let Ok(ledger) = article::ledger(file) {
        assert_eq!(ledger.total_bits(), 8 * file.len() as u64);
    }
    let short = article::content_bytes(file).is_ok_and(|bytes| bytes <= MOST_CONTENT);
    if let Ok(Some(matrices)) = FileMatrices::read(file) {
        let groups = matrices.digits.matrices.len();
        let mut telling = matrices.tell(3);
        for start in (0..groups.min(MOST_GROUPS)).step_by(512) {
            let part = start..(start + 512).min(groups);
            assert_eq!(telling.part(part.clone()).len(), part.len());
        }
        if short {
            let mut content = Vec::new();
            if article::decompress(file, &mut content).is_ok() {
                let _ = matrices.groups(&content);
            }
        }
    } else if short {
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
            let _ = puzzle::restore(file, Some(1));
        }
        Ok(_) => {}
    }
}
