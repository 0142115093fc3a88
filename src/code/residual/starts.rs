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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_start_near_what_they_are_asked_and_rise_with_it() {
        let logistic = Logistic::new();
        let maps = maps(&Parameters::default(), &logistic);
        assert_eq!(maps.len(), MAP_SIZE * contexts::COUNT);
        for count in 0..16 {
            let entries = &maps[count * 64..(count + 1) * 64];
            assert!(entries.windows(2).all(|pair| pair[0].probability() < pair[1].probability()), "count {count}");
            for (index, entry) in entries.iter().enumerate() {
                // A quarter of a nat for each index, from the middle on.
                let exact = 65536.0 / (1.0 + (-(index as f64 - 31.5) / 4.0).exp());
                assert!((f64::from(entry.probability()) - exact).abs() < 0.6, "{index}: {exact}");
            }
        }
    }

    #[test]
    fn longer_runs_and_repeats_are_believed_more_and_zeros_as_much_as_ones() {
        let runs = runs(&Parameters::default());
        assert_eq!(runs[super::super::NO_RUN].probability(), 32768, "nothing is foretold without a run");
        for starts in [&runs[..64], &repeats()[..64]] {
            let ones: Vec<i32> = starts.iter().skip(1).step_by(2).map(|entry| entry.probability()).collect();
            assert!(ones[0] > 32768 && ones.is_sorted() && ones[31] > 64_000, "{ones:?}");
            assert!(starts.chunks(2).all(|pair| pair[0].probability() + pair[1].probability() == 65536));
        }
    }

    #[test]
    fn every_input_has_a_weight_and_all_together_are_worth_more_than_one() {
        let parameters = Parameters::default();
        let weights = weights(&parameters);
        assert_eq!(weights.len(), INPUTS);
        let first_repeat = contexts::COUNT * parameters.context_weights.len();
        assert_eq!(weights[first_repeat], (75 * i64::from(ONE) / 1000) as i32);
        assert!(weights.iter().map(|&weight| i64::from(weight)).sum::<i64>() > i64::from(ONE));
    }
}
