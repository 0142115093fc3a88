//! What two texts have in common word for word: runs of three words, over all that either has (Broder 1997). In programs and addresses each name counts, so that
//! `a.b` is two words here.
//!
//! In: texts. Out: their [`Runs`], and the overlap of two.

use super::symbols::part_keys;

/// Words of a run.
const WORDS: usize = 3;

/// The runs of a text's words, as hashes in order; of a text with fewer words, these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs(Vec<u64>);

impl Runs {
    /// Those of a text.
    pub fn of(text: &str) -> Self {
        let mut words = part_keys(text);
        words.resize(words.len().max(WORDS), 0);
        // As FNV-1a goes on with bytes, over keys.
        let hash = |run: &[u64]| run.iter().fold(0u64, |hash, key| (hash ^ key).wrapping_mul(0x0100_0000_01b3));
        let mut runs: Vec<u64> = words.windows(WORDS).map(hash).collect();
        runs.sort_unstable();
        runs.dedup();
        Self(runs)
    }

    /// All of them.
    pub fn all(&self) -> &[u64] {
        &self.0
    }

    /// The runs that both have, over those that either has.
    pub fn overlap(&self, other: &Self) -> f64 {
        let (mut left, mut right, mut both) = (0, 0, 0);
        while let (Some(one), Some(two)) = (self.0.get(left), other.0.get(right)) {
            both += usize::from(one == two);
            left += usize::from(one <= two);
            right += usize::from(two <= one);
        }
        both as f64 / (self.0.len() + other.0.len() - both) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_of_runs_in_order_whatever_the_case() {
        let overlap = |a: &str, b: &str| Runs::of(a).overlap(&Runs::of(b));
        assert_eq!(overlap("one two three four", "ONE two,\nthree four"), 1.0);
        assert_eq!(overlap("one two three four", "one two three five"), 1.0 / 3.0);
        assert_eq!(overlap("one two three", "three two one"), 0.0);
        assert_eq!(overlap("one two", "one two"), 1.0);
        assert_eq!(overlap("a.read(b, 1.2)", "a#read b 1.2"), 1.0);
        assert_eq!(overlap("信息压缩技术", "信息压缩"), 0.5);
        assert_eq!(overlap("", ""), 1.0);
    }
}
