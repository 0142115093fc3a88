//! What several tests share.
#![allow(dead_code, reason = "each test uses its part")]

use std::path::{Path, PathBuf};

/// A file or folder of the measurement data, `$TENFOLD_SHARED` or `../shared`; the project works without it.
pub fn shared(path: &str) -> PathBuf {
    let root = std::env::var_os("TENFOLD_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    root.join(path)
}
