//! What the predictor starts from: a weight for each class of inputs, and a formula for contexts that have counted.
//!
//! In: nothing. Out: starting values, the same for every puzzle and every kind of grid.

use super::predictor::{
    BIAS_INPUT, NETWORK_INPUTS, PATTERN_INPUTS, STATES, WAY_INPUTS, inputs_of_beside, representative,
};

/// Starting weights (2⁻¹⁰) of a prediction, of a way's, and of the network's, found on 80 tasks of ARC-AGI-1's training split.
const PREDICTION: i32 = 15;
const WAY: i32 = 60;
const NETWORK: i32 = 205;

/// A weight for each input, in units of 2⁻¹⁰, where so many grids lie beside an input. A context's second input, and the bias, have
/// to be learnt.
pub(super) fn weights(beside: usize) -> Vec<i32> {
    let [counted, patterns, ways, end] = inputs_of_beside(beside);
    let weight = |input| match input {
        _ if input >= ways => WAY,
        _ if input >= patterns => PREDICTION,
        _ if input >= counted && (input - counted).is_multiple_of(2) => PREDICTION,
        BIAS_INPUT.. => 0,
        NETWORK_INPUTS.. => NETWORK,
        WAY_INPUTS.. => WAY,
        PATTERN_INPUTS.. => PREDICTION,
        _ if input % 2 == 0 => PREDICTION,
        _ => 0,
    };
    (0..end).map(weight).collect()
}

/// The probability (2⁻¹⁶) that a context in a state foretells rightly: its count of all, each with some added, more for the
/// colour that came last.
pub(super) fn states() -> [i32; STATES] {
    std::array::from_fn(|state| {
        let added = if state & 2 > 0 { 45 } else { 15 };
        let count = |level: usize| 100 * representative(level);
        let (this, others) = (count(state >> 5), count(state >> 2 & 7));
        65536 * (this + added) / (this + others + 60)
    })
}
