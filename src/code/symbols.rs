//! Coding of a symbol under a distribution that a network gives: a cell's colour, a grid's place on the canvas.
//!
//! In: log-weights and the symbol. Out: the decisions "is it the likeliest? is it the next?", each under a probability in
//! units of 2⁻¹⁶. The weights become integers by [`exp`], so that encoder and decoder have the same.

use super::normal::exp;
use super::range::{BitDecoder, BitEncoder, PROBABILITY_BITS};

/// The fractional bits of a weight. With at most 2⁸ symbols a sum of weights, shifted by a probability's bits, fits in 64.
const WEIGHT_BITS: u32 = 36;

/// The symbols with their weights, the likeliest first; of equals the first first. A log-weight that is no number counts
/// as the least.
fn ranked(log_weights: &[f64]) -> Vec<(usize, u64)> {
    let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weight = |&log: &f64| {
        let below = log - largest;
        let share = if log >= largest {
            1.0
        } else if below < 0.0 {
            exp(below)
        } else {
            0.0
        };
        (share * (1u64 << WEIGHT_BITS) as f64) as u64
    };
    let mut ranked: Vec<(usize, u64)> = log_weights.iter().map(weight).enumerate().collect();
    ranked.sort_by_key(|&(symbol, weight)| (std::cmp::Reverse(weight), symbol));
    ranked
}

/// Asks for one symbol after the other; `decide` is given the probability that this one is it. The last needs no asking.
fn search(log_weights: &[f64], mut decide: impl FnMut(usize, u32) -> Option<bool>) -> Option<usize> {
    let ranked = ranked(log_weights);
    let mut left: u64 = ranked.iter().map(|&(_, weight)| weight).sum();
    let (&(last, _), others) = ranked.split_last()?;
    for &(symbol, weight) in others {
        let one = (weight << PROBABILITY_BITS).checked_div(left).unwrap_or(1 << (PROBABILITY_BITS - 1));
        if decide(symbol, one as u32)? {
            return Some(symbol);
        }
        left -= weight;
    }
    Some(last)
}

/// Encodes `symbol`, whose probability is in proportion to exp of its log-weight, among up to 256.
pub fn encode(coder: &mut BitEncoder, log_weights: &[f64], symbol: usize) {
    search(log_weights, |candidate, one| {
        coder.encode(candidate == symbol, one);
        Some(candidate == symbol)
    });
}

/// Decodes a symbol; nothing if no encoder gives such code, or there is no symbol.
pub fn decode(coder: &mut BitDecoder, log_weights: &[f64]) -> Option<usize> {
    search(log_weights, |_, one| coder.decode(one))
}

/// −log₂ of a symbol's probability.
pub fn information_bits(log_weights: &[f64], symbol: usize) -> f64 {
    let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let partition: f64 = log_weights.iter().map(|log| f64::exp(log - largest)).sum();
    (partition.ln() + largest - log_weights[symbol]) / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_log_weight() -> impl Strategy<Value = f64> {
        prop_oneof![8 => -12.0..12.0, 1 => -1e3..1e3, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
    }

    proptest! {
        #[test]
        fn symbols_come_back_under_any_weights(
            symbols in prop::collection::vec((prop::collection::vec(any_log_weight(), 1..31), any::<prop::sample::Index>()), 0..60)
        ) {
            let mut coder = BitEncoder::new();
            for (weights, symbol) in &symbols {
                encode(&mut coder, weights, symbol.index(weights.len()));
            }
            let code = coder.finish();
            let mut coder = BitDecoder::new(&code);
            for (weights, symbol) in &symbols {
                prop_assert_eq!(decode(&mut coder, weights), Some(symbol.index(weights.len())));
            }
        }

        #[test]
        fn any_code_decodes_to_a_symbol_or_stops(code: Vec<u8>, weights in prop::collection::vec(any_log_weight(), 0..31)) {
            let mut coder = BitDecoder::new(&code);
            for _ in 0..50 {
                prop_assert!(decode(&mut coder, &weights).is_none_or(|symbol| symbol < weights.len()));
            }
        }
    }

    #[test]
    fn a_symbol_costs_its_information() {
        let weights: Vec<Vec<f64>> = (0..2000)
            .map(|index| (0..10).map(|colour| f64::from((index * 7 + colour * 13) % 29) / 4.0).collect())
            .collect();
        let mut coder = BitEncoder::new();
        let mut bits = 0.0;
        for (index, weights) in weights.iter().enumerate() {
            encode(&mut coder, weights, index % 10);
            bits += information_bits(weights, index % 10);
        }
        let sent = 8.0 * coder.finish().len() as f64;
        assert!((sent / bits - 1.0).abs() < 0.002, "{sent} bits sent for {bits}");
    }
}
