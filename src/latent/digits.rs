//! The digit matrix: 100 latent coordinates as 10×10 digits, by subtractive dither.
//!
//! In: centres c in [0.05, 0.95], one a cell, where the prior is uniform on [0, 1]. Out: digits k = round(10 c − d), always 0–9,
//! with one dither d a cell that all groups share; (k + d) / 10 is c plus noise that is uniform on ±0.05, the noise of the fit.

pub use crate::model::article::SIDE;

use crate::rng::{self, Purpose};
use rand::RngExt;
use serde::{Serialize, Serializer};

/// Cells of a matrix.
pub const CELLS: usize = SIDE * SIDE;

/// Values of a digit.
pub const LEVELS: usize = 10;

/// Half the width of the posterior, and what centres keep from 0 and 1.
pub const HALF_WIDTH: f32 = 0.05;

/// Bytes of a matrix's thermometer code: nine bits a cell, and four that are 0.
pub const THERMOMETER_BYTES: usize = (CELLS * (LEVELS - 1)).div_ceil(8);

/// The offsets of the cells, in [0, 1): the same for all groups, so that near latents give near digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Dither([f32; CELLS]);

impl Dither {
    /// The dither that both sides draw from a seed.
    pub fn new(seed: u64) -> Self {
        let mut stream = rng::stream(seed, Purpose::Dither, 0);
        Self(std::array::from_fn(|_| stream.random()))
    }

    /// The offset of one cell, a multiple of 2⁻²⁴.
    pub fn offset(&self, cell: usize) -> f32 {
        self.0[cell]
    }
}

/// The digits of a group, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DigitMatrix([u8; CELLS]);

impl DigitMatrix {
    /// The digits of centres, one a cell; those beyond the ends are taken to them.
    pub fn encode(centres: &[f32; CELLS], dither: &Dither) -> Self {
        Self(std::array::from_fn(|cell| {
            let centre = centres[cell].clamp(HALF_WIDTH, 1.0 - HALF_WIDTH);
            (LEVELS as f32 * centre - dither.0[cell]).round().clamp(0.0, LEVELS as f32 - 1.0) as u8
        }))
    }

    /// Centres as the decoder sees them.
    pub fn decode(&self, dither: &Dither) -> [f32; CELLS] {
        std::array::from_fn(|cell| (f32::from(self.0[cell]) + dither.0[cell]) / LEVELS as f32)
    }

    /// The digits, row by row.
    pub fn cells(&self) -> &[u8; CELLS] {
        &self.0
    }

    /// A matrix of these digits, if they are digits.
    pub fn from_cells(cells: [u8; CELLS]) -> Option<Self> {
        // The largest of all, without an early end, is found many cells at a time.
        let largest = cells.iter().fold(0, |largest, &digit| digit.max(largest));
        (usize::from(largest) < LEVELS).then_some(Self(cells))
    }

    /// Rows of digits.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.0.chunks(SIDE)
    }

    /// The sum of the differences of digits.
    pub fn digit_distance(&self, other: &Self) -> u32 {
        let sum = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b))).sum::<u32>();
        // Sixteen at a time, as processors have an instruction for it.
        let ((ours, our_rest), (theirs, their_rest)) = (self.0.as_chunks::<16>(), other.0.as_chunks::<16>());
        ours.iter().zip(theirs).map(|(a, b)| sum(a, b)).sum::<u32>() + sum(our_rest, their_rest)
    }

    /// The number of cells that differ.
    pub fn hamming_distance(&self, other: &Self) -> u32 {
        // They fit a byte, and so many of them are counted at a time.
        self.0.iter().zip(&other.0).map(|(a, b)| u8::from(a != b)).sum::<u8>().into()
    }

    /// The digits as 900 bits, nine a cell, of which the first are 1, as many as the digit says; the highest bit of a byte
    /// is the first. Two codes differ in as many bits as [`Self::digit_distance`] says.
    pub fn thermometer(&self) -> [u8; THERMOMETER_BYTES] {
        let mut bytes = [0; THERMOMETER_BYTES];
        for (cell, &digit) in self.0.iter().enumerate() {
            let first = cell * (LEVELS - 1);
            for bit in first..first + usize::from(digit) {
                bytes[bit / 8] |= 0x80 >> (bit % 8);
            }
        }
        bytes
    }

    /// How many of the ten digits occur.
    pub fn distinct(&self) -> usize {
        (0..LEVELS as u8).filter(|digit| self.0.contains(digit)).count()
    }
}

impl Serialize for DigitMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows())
    }
}

/// The entropy of all digits taken together, in bits a digit: at most log2(10) = 3.32.
pub fn digit_entropy(matrices: &[DigitMatrix]) -> f64 {
    let mut counts = [0usize; LEVELS];
    for digit in matrices.iter().flat_map(|matrix| matrix.0) {
        counts[usize::from(digit)] += 1;
    }
    entropy(&counts)
}

/// The mean over cells of the entropy of each cell's digits, in bits a digit.
pub fn cell_entropy(matrices: &[DigitMatrix]) -> f64 {
    let of_cell = |cell: usize| {
        let mut counts = [0usize; LEVELS];
        for matrix in matrices {
            counts[usize::from(matrix.0[cell])] += 1;
        }
        entropy(&counts)
    };
    (0..CELLS).map(of_cell).sum::<f64>() / CELLS as f64
}

fn entropy(counts: &[usize]) -> f64 {
    let all = counts.iter().sum::<usize>() as f64;
    let of = |&count: &usize| if count == 0 { 0.0 } else { count as f64 * (all / count as f64).log2() / all };
    counts.iter().map(of).sum()
}

/// Bits a group of sending the digits one group after the other under a prior per cell that learns as it goes (the
/// Krichevsky–Trofimov estimate): nothing else has to be sent for the prior.
pub fn adaptive_bits(matrices: &[DigitMatrix]) -> f64 {
    let mut bits = 0.0;
    for cell in 0..CELLS {
        let mut counts = [0.5f64; LEVELS];
        for (sent, matrix) in matrices.iter().enumerate() {
            let count = &mut counts[usize::from(matrix.0[cell])];
            bits += ((sent as f64 + 0.5 * LEVELS as f64) / *count).log2();
            *count += 1.0;
        }
    }
    bits / matrices.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_is_within_the_posterior() {
        let dither = Dither::new(3);
        for step in 0..=90 {
            let centre = HALF_WIDTH + 0.01 * step as f32;
            let decoded = DigitMatrix::encode(&[centre; CELLS], &dither).decode(&dither);
            assert!(decoded.iter().all(|value| (value - centre).abs() < HALF_WIDTH + 1e-5), "{centre}");
        }
    }

    #[test]
    fn digits_differ_by_ten_times_the_difference_of_centres_on_average() {
        let mut sum = 0.0;
        for seed in 0..200 {
            let dither = Dither::new(seed);
            let [a, b] = [0.31, 0.46].map(|centre| DigitMatrix::encode(&[centre; CELLS], &dither));
            sum += f64::from(a.digit_distance(&b)) / CELLS as f64;
        }
        assert!((sum / 200.0 - 1.5).abs() < 0.02, "{}", sum / 200.0);
    }

    #[test]
    fn distances_are_those_of_cells_one_by_one() {
        for factor in 1..50 {
            let [a, b]: [[u8; CELLS]; 2] = [factor, factor * factor + 3]
                .map(|factor| std::array::from_fn(|cell| (cell * factor / 7 % LEVELS) as u8));
            let differences = a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)));
            assert_eq!(DigitMatrix(a).digit_distance(&DigitMatrix(b)), differences.clone().sum::<u32>());
            assert_eq!(DigitMatrix(a).hamming_distance(&DigitMatrix(b)), differences.map(|by| by.min(1)).sum::<u32>());
        }
        let [least, most] = [0, 9].map(|digit| DigitMatrix([digit; CELLS]));
        assert_eq!((least.digit_distance(&most), least.hamming_distance(&most)), (900, 100));
    }

    #[test]
    fn entropy_and_bits_are_those_of_uniform_and_constant_digits() {
        let constant = vec![DigitMatrix([4; CELLS]); 50];
        assert!(digit_entropy(&constant) < 1e-12 && adaptive_bits(&constant) < 60.0);
        let uniform: Vec<DigitMatrix> = (0..1000).map(|i| DigitMatrix([(i % 10) as u8; CELLS])).collect();
        assert!((cell_entropy(&uniform) - 10f64.log2()).abs() < 1e-9);
        assert!((adaptive_bits(&uniform) - 332.19).abs() < 5.0);
    }

    #[test]
    fn thermometer_codes_differ_in_as_many_bits_as_digits_do() {
        let [a, b] = [7, 3].map(|factor| DigitMatrix(std::array::from_fn(|cell| (cell * factor / 4 % LEVELS) as u8)));
        let bits = a.thermometer().iter().zip(b.thermometer()).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        assert_eq!(bits, a.digit_distance(&b));
        assert_eq!(DigitMatrix([9; CELLS]).thermometer()[112], 0xf0);
        assert_eq!(DigitMatrix([1; CELLS]).thermometer()[..2], [0x80, 0x40]);
    }

    #[test]
    fn is_written_as_ten_rows() {
        let rows = serde_json::to_value(DigitMatrix([7; CELLS])).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 10);
        assert_eq!(rows[9][9], 7);
    }
}
