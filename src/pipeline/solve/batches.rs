//! Which puzzles are fitted side by side in one engine.
//!
//! In: the puzzles' sizes, and limits. Out: batches that hold every puzzle once. A batch is padded to its largest sizes, and
//! what that wastes and takes is bounded.

use super::available_bytes;
use crate::engine::Device;
use crate::model::{Axes, Dimensions};
use std::cmp::Reverse;
use std::str::FromStr;

/// At most this part of a batch is padding.
const MOST_WASTE: f64 = 0.3;
/// Most members of a batch whose size is left to the program.
const MOST_MEMBERS: usize = 64;
/// What a position of a tensor takes in an engine of batches, of a network as it is by default.
const BYTES_PER_POSITION: u64 = 6_000;

/// How many fits a batch may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// As many as memory holds.
    Auto,
    /// So many at most.
    Most(usize),
}

impl FromStr for BatchSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if number > 0 => Ok(Self::Most(number)),
            _ if text == "auto" => Ok(Self::Auto),
            _ => Err("a number from 1 on, or auto, is needed".into()),
        }
    }
}

/// What a batch may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Members: puzzles times seeds.
    pub members: usize,
    /// Bytes, all members together.
    pub bytes: u64,
}

impl Limits {
    /// On a processor half of the memory that is free; a graphics card says itself when it has no more.
    pub fn new(size: BatchSize, device: Device) -> Self {
        let members = if let BatchSize::Most(members) = size { members } else { MOST_MEMBERS };
        let free = if device == Device::Cpu { available_bytes() } else { None };
        Self { members, bytes: free.map_or(u64::MAX, |bytes| bytes / 2) }
    }
}

/// Positions of all tensors of a puzzle.
fn positions(dimensions: &Dimensions) -> u64 {
    Axes::all().map(|axes| dimensions.positions(axes) as u64).sum()
}

/// The smallest sizes that hold both; none where numbers of planes differ.
fn joined(a: Dimensions, b: Dimensions) -> Option<Dimensions> {
    (a.planes == b.planes).then(|| Dimensions {
        examples: a.examples.max(b.examples),
        colours: a.colours.max(b.colours),
        rows: a.rows.max(b.rows),
        columns: a.columns.max(b.columns),
        planes: a.planes,
    })
}

/// Batches of puzzles with these sizes, `seeds` members each, by their numbers; the largest first.
pub(super) fn batches(sizes: &[Dimensions], seeds: usize, limits: Limits) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..sizes.len()).collect();
    left.sort_by_key(|&index| Reverse(positions(&sizes[index])));
    let mut batches = Vec::new();
    while !left.is_empty() {
        let first = left.remove(0);
        let (mut batch, mut padded, mut own) = (vec![first], sizes[first], positions(&sizes[first]));
        left.retain(|&index| {
            let Some(with) = joined(padded, sizes[index]) else { return true };
            let members = batch.len() + 1;
            let (room, filled) = (members as u64 * positions(&with), own + positions(&sizes[index]));
            let bytes = room.saturating_mul(seeds as u64 * BYTES_PER_POSITION);
            let is_wasteful = 1.0 - filled as f64 / room as f64 >= MOST_WASTE;
            if is_wasteful || members * seeds > limits.members || bytes > limits.bytes {
                return true;
            }
            batch.push(index);
            (padded, own) = (with, filled);
            false
        });
        batches.push(batch);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_sizes() -> impl Strategy<Value = Dimensions> {
        (1usize..9, 1usize..10, 1usize..31, 1usize..31, 2usize..4).prop_map(
            |(examples, colours, rows, columns, planes)| Dimensions { examples, colours, rows, columns, planes },
        )
    }

    proptest! {
        #[test]
        fn batches_hold_all_once_within_the_limits(
            sizes in proptest::collection::vec(any_sizes(), 0..40), seeds in 1usize..4, members in 1usize..12,
            bytes in 1u64..20_000_000_000
        ) {
            let batches = batches(&sizes, seeds, Limits { members, bytes });
            let mut all: Vec<usize> = batches.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..sizes.len()).collect::<Vec<_>>());
            for batch in batches.iter().filter(|batch| batch.len() > 1) {
                let padded = batch[1..].iter().fold(sizes[batch[0]], |all, &index| joined(all, sizes[index]).unwrap());
                let room = batch.len() as u64 * positions(&padded);
                let own: u64 = batch.iter().map(|&index| positions(&sizes[index])).sum();
                prop_assert!(own as f64 > (1.0 - MOST_WASTE) * room as f64);
                prop_assert!(batch.len() * seeds <= members && room * seeds as u64 * BYTES_PER_POSITION <= bytes);
            }
        }
    }

    #[test]
    fn puzzles_alike_are_one_batch() {
        let size = Dimensions { examples: 4, colours: 3, rows: 5, columns: 5, planes: 2 };
        let limits = Limits { members: 16, bytes: u64::MAX };
        assert_eq!(batches(&[size; 16], 1, limits), [(0..16).collect::<Vec<_>>()]);
        assert_eq!(batches(&[size; 16], 4, limits).len(), 4);
        assert_eq!("auto".parse(), Ok(BatchSize::Auto));
        assert!("0".parse::<BatchSize>().is_err() && "x".parse::<BatchSize>().is_err());
    }
}
