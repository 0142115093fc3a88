//! MinHash: 128 values, each the least of a hash over a text's symbols (Broder 1997).
//!
//! In: evidence, of which only the symbols count. Out: [`MinHash`], of which as many values are the same as both texts share of all
//! their symbols.

use crate::data::article::Evidence;
use crate::latent::digits::{CELLS, DigitMatrix, LEVELS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Values of a signature.
const VALUES: usize = 128;

/// A text's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinHash([u32; VALUES]);

impl MinHash {
    /// The signature of a text.
    pub fn new(text: &[Evidence]) -> Self {
        let mut least = [u32::MAX; VALUES];
        for one in text {
            let mut stream = ChaCha8Rng::seed_from_u64(one.key);
            for value in &mut least {
                *value = (*value).min(stream.random::<u32>());
            }
        }
        Self(least)
    }

    /// Values that differ.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| u32::from(a != b)).sum()
    }

    /// The first 100 values' last digits, to be shown as other codes are.
    pub fn digits(&self) -> Option<DigitMatrix> {
        let digits: &[u32; CELLS] = self.0.first_chunk()?;
        DigitMatrix::from_cells(digits.map(|value| (value % LEVELS as u32) as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::article::evidence;

    #[test]
    fn as_many_values_are_the_same_as_is_shared() {
        let [a, b, c] = ["one two three four", "one two three five", "six seven"].map(evidence);
        let (all, both) =
            (a.len() + b.len(), a.iter().filter(|one| b.iter().any(|other| other.key == one.key)).count());
        let shared = both as f64 / (all - both) as f64;
        let [a, b, c] = [a, b, c].map(|text| MinHash::new(&text));
        let same = 1.0 - f64::from(a.distance(&b)) / VALUES as f64;
        assert!((same - shared).abs() < 0.15, "{same} {shared}");
        assert_eq!((a.distance(&a), a.distance(&c)), (0, VALUES as u32));
    }
}
