//! Probabilities that learn: by counting, and as maps that correct another probability.
//!
//! In: bits that came. Out: the probability of a one, 16 bits. Each moves towards what came by a share that shrinks as
//! it has seen more, down to a floor, so that it is exact for few and follows changes for many.

use super::logistic::Logistic;

/// The shares by which an adaptive probability moves: 2¹⁶ / (n + offset) after n bits.
#[derive(Debug, Clone)]
pub struct Shares(Vec<i32>);

/// More bits than this are not counted.
pub const MOST_COUNTED: u32 = 1023;

impl Shares {
    /// `offset` in units of 1/16. With 24, after n1 ones in n bits the probability is (n1 + ¼) / (n + ½).
    pub fn new(offset: i32) -> Self {
        Self((0..=MOST_COUNTED as i32).map(|n| (1 << 20) / (16 * n + offset)).collect())
    }

    /// The step after so many bits, in units of 2⁻¹⁶.
    #[inline]
    pub fn of(&self, count: u32) -> i32 {
        self.0[count as usize]
    }
}

/// A probability of 22 bits with a count of 10.
#[derive(Debug, Clone, Copy)]
pub struct Adaptive(u32);

impl Adaptive {
    /// Starts from a probability (2⁻¹⁶) as if it had come from `count` bits.
    pub fn new(probability: i32, count: u32) -> Self {
        Self((probability as u32) << 16 | count.min(MOST_COUNTED))
    }

    /// The probability of a one (2⁻¹⁶).
    #[inline]
    pub fn probability(self) -> i32 {
        (self.0 >> 16) as i32
    }

    /// Learns a bit; counts up to `limit`.
    #[inline]
    pub fn update(&mut self, bit: bool, limit: u32, shares: &Shares) {
        let probability = (self.0 >> 10) as i32;
        let count = self.0 & MOST_COUNTED;
        let target = if bit { (1 << 22) - 1 } else { 0 };
        let step = (i64::from(target - probability) * i64::from(shares.of(count))) >> 16;
        self.0 = ((probability + step as i32) as u32) << 10 | (count + 1).min(limit).max(count.min(limit));
    }
}

/// The knots of a [`FinalMap`]: logits from −2048 to 2048, 128 apart.
const KNOTS: usize = 33;

/// A map from a logit to a probability under a context, linear between knots; it starts as the logistic curve.
#[derive(Debug, Clone)]
pub struct FinalMap {
    knots: Vec<u16>,
    at: usize,
    /// How far the logit is from the lower knot to the upper, in 128ths.
    between: i32,
    /// The knots move by 2^−rate of what is missing.
    rate: u32,
}

impl FinalMap {
    /// Maps for so many contexts; knots move by 2^−`rate` of what is missing.
    pub fn new(contexts: usize, rate: u32, logistic: &Logistic) -> Self {
        let curve: Vec<u16> = (0..KNOTS as i32).map(|knot| logistic.probability(128 * (knot - 16)) as u16).collect();
        Self { knots: curve.repeat(contexts), at: 0, between: 0, rate }
    }

    /// The probability (2⁻¹⁶) that the context's curve has at `logit`.
    pub fn refine(&mut self, logit: i32, context: usize) -> i32 {
        let place = logit.clamp(-2047, 2047) + 2048;
        self.at = context * KNOTS + (place >> 7) as usize;
        self.between = place & 127;
        let (low, high) = (i32::from(self.knots[self.at]), i32::from(self.knots[self.at + 1]));
        (low * (128 - self.between) + high * self.between) >> 7
    }

    /// Moves the two knots that the last probability was between, each by how near it was.
    pub fn update(&mut self, bit: bool) {
        let target = if bit { 65535 } else { 0 };
        for (index, near) in [(self.at, 128 - self.between), (self.at + 1, self.between)] {
            let value = i32::from(self.knots[index]);
            self.knots[index] = (value + (((target - value) * near) >> (7 + self.rate))) as u16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adaptive_probability_follows_what_comes_and_never_leaves_its_range() {
        let shares = Shares::new(24);
        let mut adaptive = Adaptive::new(32768, 0);
        for _ in 0..100_000 {
            adaptive.update(true, 255, &shares);
        }
        assert!(adaptive.probability() > 65500);
        for _ in 0..100_000 {
            adaptive.update(false, 255, &shares);
        }
        assert!(adaptive.probability() < 300);
        let mut few = Adaptive::new(32768, 0);
        few.update(true, 255, &shares);
        few.update(false, 255, &shares);
        few.update(true, 255, &shares);
        assert!((few.probability() - 65536 * 9 / 14).abs() < 40, "2 ones in 3: {}", few.probability());
    }

    #[test]
    fn a_final_map_starts_as_the_curve_and_learns_its_context() {
        let logistic = Logistic::new();
        let mut map = FinalMap::new(2, 5, &logistic);
        for logit in (-2000..2000).step_by(50) {
            assert!(
                (map.refine(logit, 1) - logistic.probability(logit)).abs() < 600,
                "{logit}: linear between knots half a nat apart"
            );
        }
        for _ in 0..1000 {
            map.refine(0, 1);
            map.update(true);
        }
        assert!(map.refine(0, 1) > 64000);
        assert_eq!(map.refine(0, 0), 32768);
    }
}
