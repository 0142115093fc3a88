//! How much each latent channel says: a level, which header and fit share, and what follows from it.
//!
//! In: a level from 1 to [`Rate::LEVELS`], or nats. Out: nats a coordinate, noise, signal, the factor on the latent, all by
//! arithmetic that gives the same bits everywhere. The formulas are those of [`crate::latent`].

use super::normal::exp;

/// Nats a coordinate at level 0, which stands for nothing being sent: levels go up from here.
const LEAST_NATS: f64 = 1.0 / 1024.0;

/// 2^(i / 4), by which four levels double a rate.
const QUARTERS: [f64; 4] = [1.0, 1.189_207_115_002_721, std::f64::consts::SQRT_2, 1.681_792_830_507_429];

/// The rate of a channel that is sent, as its level; from 0.00116 to 13.5 nats a coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u8);

impl Rate {
    /// The highest level.
    pub const LEVELS: u8 = 55;

    /// The rate of a level, if there is such a level.
    pub fn from_level(level: u8) -> Option<Self> {
        (1..=Self::LEVELS).contains(&level).then_some(Self(level))
    }

    /// The level nearest to `nats` a coordinate, if that is not too little for one.
    pub fn nearest(nats: f64) -> Option<Self> {
        let nats = if nats > 0.0 { nats } else { return None };
        let level = (4.0 * (nats / LEAST_NATS).log2()).round().min(f64::from(Self::LEVELS));
        if level >= 1.0 { Some(Self(level as u8)) } else { None }
    }

    /// The level.
    pub fn level(self) -> u8 {
        self.0
    }

    /// Nats a coordinate: −ln of the noise.
    pub fn nats(self) -> f64 {
        LEAST_NATS * QUARTERS[usize::from(self.0 % 4)] * f64::from(1u32 << (self.0 / 4))
    }

    /// The noise's standard deviation s.
    pub fn noise(self) -> f64 {
        exp(-self.nats())
    }

    /// The signal's variance 1 − s²; also what the latent is scaled by before it is decoded.
    pub fn signal_variance(self) -> f64 {
        1.0 - exp(-2.0 * self.nats())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_back_from_their_nats() {
        for level in 1..=Rate::LEVELS {
            let rate = Rate::from_level(level).unwrap();
            assert_eq!(Rate::nearest(rate.nats()), Some(rate));
            let variance = rate.noise().powi(2) + rate.signal_variance();
            assert!((variance - 1.0).abs() < 1e-14);
        }
        assert_eq!((Rate::from_level(0), Rate::from_level(56), Rate::nearest(0.001)), (None, None, None));
        assert_eq!(Rate::nearest(1e9), Rate::from_level(55));
        assert_eq!((Rate::nearest(0.0), Rate::nearest(f64::NAN)), (None, None));
    }
}
