//! What several tests share.
#![allow(dead_code, reason = "each test uses its part")]

use std::path::{Path, PathBuf};

/// A file or folder of the measurement data, `$TENFOLD_SHARED` or `../shared`; the project works without it.
pub fn shared(path: &str) -> PathBuf {
    let root = std::env::var_os("TENFOLD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    root.join(path)
}

/// Single-byte changes to a file of this length: (position, what to exclusive-or with), `count` of them, from one seed.
pub fn changes(length: usize, count: usize) -> impl Iterator<Item = (usize, u8)> {
    // Steele, Lea and Flood 2014, SplitMix64.
    let mut state = 0u64;
    (0..count).map(move |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((mixed >> 8) as usize % length, (mixed as u8).max(1))
    })
}
