//! What the same grids cost without a network: raw, by an adaptive order-0 code, by xz.
//!
//! In: a puzzle; the grids are those of a file, without the test outputs. Out: bits.

use super::peers;
use crate::data::{Grid, Puzzle};
use serde::Serialize;

/// Baselines of one puzzle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Baselines {
    /// Cells of all grids but the test outputs.
    pub cells: usize,
    /// Cells × log₂ of the colours in use; sizes not counted.
    pub raw_bits: f64,
    /// An adaptive code of the colours in use (half a count added to each); sizes not counted.
    pub order_0_bits: f64,
    /// xz −9e without its container, of sizes and cells as bytes; none where it fails.
    pub xz_bits: usize,
}

/// The baselines of a puzzle.
pub fn baselines(puzzle: &Puzzle) -> Baselines {
    let grids: Vec<&Grid> =
        puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]).chain(&puzzle.test).collect();
    let cells: Vec<u8> = grids.iter().flat_map(|grid| grid.cells().iter().copied()).collect();
    let mut used: Vec<u8> = cells.clone();
    used.sort_unstable();
    used.dedup();
    let bytes: Vec<u8> = grids
        .iter()
        .flat_map(|grid| [grid.rows() as u8, grid.columns() as u8].into_iter().chain(grid.cells().iter().copied()))
        .collect();
    Baselines {
        cells: cells.len(),
        raw_bits: cells.len() as f64 * (used.len() as f64).log2(),
        order_0_bits: order_0_bits(&cells, used.len()),
        xz_bits: peers::xz(&bytes).map_or(0, |(_, bytes)| 8 * bytes),
    }
}

/// Krichevsky and Trofimov's code over `colours` symbols.
fn order_0_bits(cells: &[u8], colours: usize) -> f64 {
    let mut counts = [0.5; 256];
    let mut total = 0.5 * colours as f64;
    let mut bits = 0.0;
    for &cell in cells {
        bits -= (counts[usize::from(cell)] / total).log2();
        counts[usize::from(cell)] += 1.0;
        total += 1.0;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_0_learns_the_shares() {
        let cells: Vec<u8> = (0..4000).map(|index| u8::from(index % 8 == 0) * 3).collect();
        let entropy = 4000.0 * -(0.125 * 0.125f64.log2() + 0.875 * 0.875f64.log2());
        let bits = order_0_bits(&cells, 2);
        assert!((bits - entropy).abs() < 10.0, "{bits} for {entropy}");
    }
}
