//! The constants of the predictor: all that was tuned, in one place.
//!
//! They were tuned on the ten texts of the development corpus (results/residual-coder.md), by coordinate descent on the
//! geometric mean of their sizes. The settings of an article change some of them.

use super::contexts::Family;
use crate::code::mixing::mixer::Rates;

/// The kinds of inputs that a context gives.
pub const INPUTS_PER_CONTEXT: usize = 5;

/// The constants.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Starting weights of a context's inputs, in units of 10⁻³.
    pub context_weights: [i32; INPUTS_PER_CONTEXT],
    /// Starting weights of a repeat's inputs, in units of 10⁻³.
    pub repeat_weights: [i32; 4],
    /// Starting weights of the direct orders 0 and 1 and of the bias, in units of 10⁻³.
    pub direct_weights: [i32; 3],
    /// The rates of the first layer of mixing.
    pub rates: Rates,
    /// The rates of the second.
    pub final_rates: Rates,
    /// The offset of an adaptive probability's share, in units of 1/16.
    pub share_offset: i32,
    /// The offset of a node's share, in units of 1/16.
    pub node_offset: i32,
    /// The highest count of a node, 15 at most.
    pub node_limit: u32,
    /// The bits that a map's starting value is worth.
    pub map_confidence: u32,
    /// The highest count of a map's entry.
    pub map_limit: u32,
    /// The bits that a run's starting value is worth.
    pub run_confidence: u32,
    /// The highest count of a run's entry.
    pub run_limit: u32,
    /// The least bytes of the three finders of repeats.
    pub repeat_least: [usize; 3],
    /// The rates of the final maps, as powers of ½.
    pub final_map_rates: [u32; 4],
    /// A bit for each family of contexts that is left out, by its number; see [`Parameters::without`].
    pub dropped: u16,
    /// Only one vector of weights, for measuring what selecting them is worth.
    pub one_set: bool,
    /// The share of the final maps in the prediction, in 64ths.
    pub final_map_share: i32,
}

impl Parameters {
    /// Leaves out a family of contexts.
    #[must_use]
    pub fn without(mut self, family: Family) -> Self {
        self.dropped |= 1 << family as u8;
        self
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            context_weights: [7, 16, -2, 6, 25],
            repeat_weights: [75, 0, 0, 60],
            direct_weights: [75, 25, 0],
            rates: Rates { start: 9000, decay: 12, floor: 600, least_error: 512 },
            final_rates: Rates { start: 14_000, decay: 12, floor: 800, least_error: 1 },
            share_offset: 17,
            node_offset: 22,
            node_limit: 15,
            map_confidence: 96,
            map_limit: 255,
            run_confidence: 6,
            run_limit: 600,
            repeat_least: [20, 8, 4],
            final_map_rates: [5; 4],
            dropped: 0,
            one_set: false,
            final_map_share: 64,
        }
    }
}
