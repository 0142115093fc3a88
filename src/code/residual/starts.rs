//! What a predictor starts from: weights of the inputs, and maps that foretell before they have learnt.
//!
//! In: the constants. Out: starting values, the same for every article.

use super::{INPUTS, MAP_SIZE, Parameters, REPEAT_SIZE, REPEATS, RUN_SIZE, contexts};
use crate::code::mixing::adaptive::Adaptive;
use crate::code::mixing::logistic::Logistic;
use crate::code::mixing::mixer::ONE;

/// A weight for each input, each kind of input alike.
pub fn weights(parameters: &Parameters) -> Vec<i32> {
    let mut thousandths = parameters.context_weights.repeat(contexts::COUNT);
    thousandths.extend(parameters.repeat_weights.repeat(REPEATS));
    thousandths.extend(parameters.direct_weights);
    debug_assert_eq!(thousandths.len(), INPUTS);
    thousandths.iter().map(|&weight| (i64::from(weight) * i64::from(ONE) / 1000) as i32).collect()
}

/// A map starts with each entry at the middle of its logits.
pub fn maps(parameters: &Parameters, logistic: &Logistic) -> Vec<Adaptive> {
    let entry = |index: usize| {
        let logit = 64 * ((index % 64) as i32 - 32) + 32;
        Adaptive::new(logistic.probability(logit), parameters.map_confidence)
    };
    let map: Vec<Adaptive> = (0..MAP_SIZE).map(entry).collect();
    map.repeat(contexts::COUNT)
}

/// A run of n starts as 4n + 3 in 4n + 4 right.
pub fn runs(parameters: &Parameters) -> Vec<Adaptive> {
    let entry = |index: usize| {
        let length = (index >> 1 & 31) as i32;
        Adaptive::new(towards(index & 1 == 1, 4 * length + 3, 4 * length + 4), parameters.run_confidence)
    };
    let map: Vec<Adaptive> = (0..RUN_SIZE).map(entry).collect();
    let mut maps = map.repeat(contexts::COUNT);
    maps.push(Adaptive::new(32768, 0));
    maps
}

/// A repeat of bucket n starts as 2n + 2 in 2n + 3 right.
pub fn repeats() -> Vec<Adaptive> {
    let entry = |index: usize| {
        let length = (index >> 1 & 31) as i32;
        Adaptive::new(towards(index & 1 == 1, 2 * length + 2, 2 * length + 3), 6)
    };
    let map: Vec<Adaptive> = (0..REPEAT_SIZE).map(entry).collect();
    map.repeat(REPEATS)
}

/// The probability (2⁻¹⁶) of a one, where `bit` is right `right` times in `all`.
fn towards(bit: bool, right: i32, all: i32) -> i32 {
    let probability = 65536 * right / all;
    if bit { probability } else { 65536 - probability }
}
