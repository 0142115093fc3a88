//! What several tests share.
#![allow(dead_code, reason = "each test uses its part")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
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

/// The records of a run, as its lines have them.
pub fn records(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("records.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one record of a puzzle.
pub fn record(run: &Path, id: &str) -> Value {
    let found: Vec<Value> = records(run).into_iter().filter(|record| record["id"] == id).collect();
    assert_eq!(found.len(), 1, "records of {id}");
    found[0].clone()
}

/// What doesn't depend on the clock of a run's records, in one order.
pub fn timeless(run: &Path) -> Vec<String> {
    let without_time = |mut record: Value| {
        record.as_object_mut().unwrap().shift_remove("seconds").unwrap();
        record.to_string()
    };
    let mut records: Vec<String> = records(run).into_iter().map(without_time).collect();
    records.sort();
    records
}
