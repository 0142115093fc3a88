//! What several tests share.
#![allow(dead_code, reason = "each test uses its part")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// A file or folder of the measurement data, `$TENFOLD_SHARED` or `../shared`; the project works without it.
pub fn shared(path: &str) -> PathBuf {
    let root = std::env::var_os("TENFOLD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    root.join(path)
}

/// Single-byte changes to a file of this length: (position, what to exclusive-or with), `count` of them, from one seed.
pub fn changes(length: usize, count: usize) -> impl Iterator<Item = (usize, u8)> {
    let mut stream = ChaCha8Rng::seed_from_u64(0);
    (0..count).map(move |_| (stream.random_range(0..length), stream.random_range(1..=255)))
}
