//! Any bytes as a file, as they are and under a checksum that fits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenfold::internals::code::Kind;
use tenfold::internals::code::container::MAGIC;
use tenfold_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    for (version, kind) in [(1, Kind::Article), (2, Kind::Article), (1, Kind::Puzzle), (2, Kind::Puzzle)] {
        let body = [&MAGIC[..], &[version << 4 | kind as u8], bytes].concat();
        read(&[&body[..], &crc32fast::hash(&body).to_le_bytes()].concat());
    }
});
