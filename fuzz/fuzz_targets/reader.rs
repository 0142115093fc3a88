//! Any bytes as a file, as they are and under a checksum that fits: a typed error or content, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io;
use tenfold::code::container::{MAGIC, VERSION};
use tenfold::pipeline::article;

/// More content than this is not waited for.
const MOST_CONTENT: u64 = 3_000;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let body = [&MAGIC[..], &[VERSION << 4], bytes].concat();
    read(&[&body[..], &crc32fast::hash(&body).to_le_bytes()].concat());
});

fn read(file: &[u8]) {
    let Ok(ledger) = article::ledger(file) else {
        assert!(article::decompress(file, &mut io::sink()).is_err());
        return;
    };
    assert_eq!(ledger.total_bits(), 8 * file.len() as u64);
    if article::content_bytes(file).is_ok_and(|bytes| bytes <= MOST_CONTENT) {
        let _ = article::decompress(file, &mut io::sink());
    }
}
