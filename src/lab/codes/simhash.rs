//! SimHash: 332 bits, each the sign of a sum of the symbols' random signs (Charikar 2002), as many as 100 digits hold.
//!
//! In: counts and symbols' names. Out: bits, compared by Hamming distance, and the same bits shown as a matrix of digits.

use crate::data::article::{Counts, Symbols, key};
use crate::latent::digits::{CELLS, DigitMatrix, LEVELS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bits of a code: 100 digits hold 332.19.
pub const SIMHASH_BITS: usize = 332;

const WORDS: usize = SIMHASH_BITS.div_ceil(64);

/// The signs of all symbols.
pub struct SimHash {
    signs: Vec<[u64; WORDS]>,
}

impl SimHash {
    /// The signs of `symbols`, from their names alone.
    pub fn new(symbols: &Symbols) -> Self {
        let signs_of = |index: u32| {
            let (kind, text) = symbols.name(index)?;
            let mut stream = ChaCha8Rng::seed_from_u64(key(kind, text));
            Some(std::array::from_fn(|_| stream.random()))
        };
        Self { signs: (0..symbols.len() as u32).filter_map(signs_of).collect() }
    }

    /// The bits of a text.
    pub fn bits(&self, counts: &Counts) -> [u64; WORDS] {
        let mut sums = [0.0f32; SIMHASH_BITS];
        for &(symbol, count) in counts {
            let signs = &self.signs[symbol as usize];
            for (bit, sum) in sums.iter_mut().enumerate() {
                *sum += if signs[bit / 64] >> (bit % 64) & 1 == 1 { count } else { -count };
            }
        }
        let mut bits = [0; WORDS];
        for (bit, &sum) in sums.iter().enumerate() {
            bits[bit / 64] |= u64::from(sum > 0.0) << (bit % 64);
        }
        bits
    }

    /// Bits that differ.
    pub fn distance(a: &[u64; WORDS], b: &[u64; WORDS]) -> u32 {
        a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// The bits as one number, written with 100 digits.
    pub fn digits(bits: &[u64; WORDS]) -> Option<DigitMatrix> {
        let mut number = *bits;
        let mut cells = [0u8; CELLS];
        for cell in cells.iter_mut().rev() {
            let mut rest = 0u128;
            for word in number.iter_mut().rev() {
                let part = (rest << 64) | u128::from(*word);
                *word = (part / LEVELS as u128) as u64;
                rest = part % LEVELS as u128;
            }
            *cell = rest as u8;
        }
        DigitMatrix::from_cells(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_texts_get_like_bits() {
        let texts = ["the white rabbit ran away quickly", "the white rabbit ran off quickly", "信息压缩技术把文章拆分"];
        let (symbols, counts) = Symbols::gather(texts, 0.5);
        let hash = SimHash::new(&symbols);
        let [a, b, c] = [0, 1, 2].map(|text: usize| hash.bits(&counts[text]));
        assert!(SimHash::distance(&a, &b) + 60 < SimHash::distance(&a, &c));
        assert_eq!(SimHash::distance(&a, &a), 0);
    }

    #[test]
    fn digits_hold_all_bits() {
        let mut ones = [u64::MAX; WORDS];
        ones[WORDS - 1] = (1 << (SIMHASH_BITS % 64)) - 1;
        // 2^332 − 1 = 8749002899132047697490008908470485461412677723572849745703082425639811996797503692894052708092215295.
        let digits = SimHash::digits(&ones).unwrap();
        assert_eq!(digits.cells()[..8], [8, 7, 4, 9, 0, 0, 2, 8]);
        assert_eq!(digits.cells()[97..], [2, 9, 5]);
    }
}
