//! Nats inside, bits outside, and the one conversion between them.

use serde::{Deserialize, Serialize};

/// An amount of information in natural units.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nats(pub f64);

/// An amount of information in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bits(pub f64);

impl From<Nats> for Bits {
    fn from(nats: Nats) -> Self {
        Self(nats.0 / std::f64::consts::LN_2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_ln_2_nats() {
        assert!((Bits::from(Nats(2f64.ln())).0 - 1.0).abs() < 1e-15);
    }
}
