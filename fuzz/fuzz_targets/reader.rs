//! Any bytes as a file, as they are and under a checksum that fits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenfold::internals::code::Kind;
use tenfold::internals::code::container::{MAGIC, VERSION};
use tenfold_fuzz::read;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let of = |version| [(version, Kind::Article), (version, Kind::Puzzle)];
    for (version, kind) in (1..=VERSION).flat_map(of) {
        let body = [&MAGIC[..], &[version << 4 | kind as u8], bytes].concat();
        read(&[&body[..], &crc32fast::hash(&body).to_le_bytes()].concat());
    }
});
