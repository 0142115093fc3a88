//! The settings that are fitted to an article: a few of the predictor's constants, in three bytes of the file.
//!
//! In: three bytes, or a choice of the search. Out: [`Parameters`]. The default settings leave the constants as they are and
//! take no bytes.

use super::contexts::{ALL_FAMILIES, Family};
use super::parameters::Parameters;
use crate::code::CodeError;

/// The bytes of settings in a file.
pub const SETTINGS_BYTES: usize = 3;

/// Factors of rates of learning, in hundredths.
const RATE_FACTORS: [i64; 8] = [35, 50, 71, 100, 141, 200, 283, 400];

/// Highest counts of nodes.
const NODE_LIMITS: [u32; 4] = [15, 10, 6, 4];

/// Highest counts of maps.
const MAP_LIMITS: [u32; 4] = [255, 1023, 100, 40];

/// Which choice each setting takes, as an index of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The factor of the first layer's rates.
    rate: u8,
    /// The factor of the second layer's.
    final_rate: u8,
    node_limit: u8,
    map_limit: u8,
    /// A bit for each family that is left out; the orders stay.
    dropped: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rate: 3, final_rate: 3, node_limit: 0, map_limit: 0, dropped: 0 }
    }
}

impl Settings {
    /// Byte 0: rate | final rate << 3. Byte 1: node limit | map limit << 2. Byte 2: the families left out, words lowest.
    pub fn to_bytes(self) -> [u8; SETTINGS_BYTES] {
        [self.rate | self.final_rate << 3, self.node_limit | self.map_limit << 2, self.dropped]
    }

    /// Reads what [`Settings::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`CodeError::Setting`], where a byte is beyond its range.
    pub fn from_bytes(bytes: [u8; SETTINGS_BYTES], block: u64) -> Result<Self, CodeError> {
        for (setting, found, most) in [("rates", bytes[0], 0x3f), ("limits", bytes[1], 0x0f)] {
            if found > most {
                return Err(CodeError::Setting { block, setting, found, most });
            }
        }
        Ok(Self {
            rate: bytes[0] & 7,
            final_rate: bytes[0] >> 3,
            node_limit: bytes[1] & 3,
            map_limit: bytes[1] >> 2,
            dropped: bytes[2],
        })
    }

    /// The predictor's constants under these settings.
    pub fn parameters(self) -> Parameters {
        let mut parameters = Parameters::default();
        let scale = |rate: i64, index: u8| rate * RATE_FACTORS[usize::from(index & 7)] / 100;
        parameters.rates.start = scale(parameters.rates.start, self.rate);
        parameters.rates.floor = scale(parameters.rates.floor, self.rate);
        parameters.final_rates.start = scale(parameters.final_rates.start, self.final_rate);
        parameters.final_rates.floor = scale(parameters.final_rates.floor, self.final_rate);
        parameters.node_limit = NODE_LIMITS[usize::from(self.node_limit & 3)];
        parameters.map_limit = MAP_LIMITS[usize::from(self.map_limit & 3)];
        parameters.dropped = self.dropped_families();
        parameters
    }

    fn dropped_families(self) -> u16 {
        u16::from(self.dropped) << 1
    }

    /// Whether a rate is not the default.
    pub fn changes_rates(self) -> bool {
        let default = Self::default();
        self.rate != default.rate || self.final_rate != default.final_rate
    }

    /// These, with what `other` changed of `base`.
    #[must_use]
    pub fn with_changes(self, base: Self, other: Self) -> Self {
        let take = |mine, base, other| if other == base { mine } else { other };
        Self {
            rate: take(self.rate, base.rate, other.rate),
            final_rate: take(self.final_rate, base.final_rate, other.final_rate),
            node_limit: take(self.node_limit, base.node_limit, other.node_limit),
            map_limit: take(self.map_limit, base.map_limit, other.map_limit),
            dropped: self.dropped ^ base.dropped ^ other.dropped,
        }
    }

    /// Every settings that differ from these in one choice.
    pub fn neighbours(self) -> Vec<Self> {
        let mut neighbours = Vec::new();
        for rate in [self.rate.wrapping_sub(1), self.rate + 1] {
            neighbours.push(Self { rate, ..self });
        }
        for final_rate in [self.final_rate.wrapping_sub(1), self.final_rate + 1] {
            neighbours.push(Self { final_rate, ..self });
        }
        neighbours.extend((0..4).map(|node_limit| Self { node_limit, ..self }));
        neighbours.extend((0..4).map(|map_limit| Self { map_limit, ..self }));
        for family in ALL_FAMILIES.into_iter().filter(|&family| family != Family::Orders) {
            neighbours.push(Self { dropped: self.dropped ^ 1 << (family as u8 - 1), ..self });
        }
        neighbours.retain(|&other| other != self && other.rate < 8 && other.final_rate < 8);
        neighbours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_their_bytes_and_bytes_beyond_the_range_are_refused() {
        let mut all = vec![Settings::default()];
        for _ in 0..3 {
            all = all.iter().flat_map(|settings| settings.neighbours()).take(5000).collect();
        }
        for settings in all {
            assert_eq!(Settings::from_bytes(settings.to_bytes(), 0), Ok(settings));
        }
        assert!(matches!(Settings::from_bytes([0x40, 0, 0], 3), Err(CodeError::Setting { block: 3, .. })));
        assert!(Settings::from_bytes([0, 0x10, 0], 0).is_err());
    }
}
