//! Range coding of binary decisions, by constriction's range coder.
//!
//! In: bits, each with the probability that it is one, in units of 2⁻¹⁶. Out: bytes, the fewest that identify them; and
//! back. The coder's words are 32 bits; zero bytes at the very end are left away, and the decoder reads as many as it
//! likes.

use constriction::stream::model::{DecoderModel, EncoderModel, EntropyModel};
use constriction::stream::queue::{DefaultRangeDecoder, DefaultRangeEncoder, EncoderSituation};
use constriction::stream::{Decode, Encode};
use std::borrow::Borrow;
use std::num::NonZeroU32;

/// The bits of a probability.
pub const PROBABILITY_BITS: u32 = 16;

/// The least and the most that [`clamp`] gives; neither decision is impossible.
const PROBABILITIES: (u32, u32) = (1, (1 << PROBABILITY_BITS) - 1);

/// The most bytes of code that are left away at the end because they are zero.
pub const TRIMMED_BYTES: usize = 8;

/// A probability of a one, in units of 2⁻¹⁶, that leaves some for a zero.
#[derive(Debug, Clone, Copy)]
struct Bernoulli {
    one: u32,
}

impl Bernoulli {
    fn new(one: u32) -> Self {
        Self { one: one.clamp(PROBABILITIES.0, PROBABILITIES.1) }
    }

    /// Ones are first. The probability of either is at least 1, by the clamp.
    fn interval(self, bit: bool) -> (u32, NonZeroU32) {
        let zero = (1 << PROBABILITY_BITS) - self.one;
        let (start, length) = if bit { (0, self.one) } else { (self.one, zero) };
        (start, NonZeroU32::new(length).unwrap_or(NonZeroU32::MIN))
    }
}

impl EntropyModel<{ PROBABILITY_BITS as usize }> for Bernoulli {
    type Symbol = bool;
    type Probability = u32;
}

impl EncoderModel<{ PROBABILITY_BITS as usize }> for Bernoulli {
    fn left_cumulative_and_probability(&self, bit: impl Borrow<bool>) -> Option<(u32, NonZeroU32)> {
        Some(self.interval(*bit.borrow()))
    }
}

impl DecoderModel<{ PROBABILITY_BITS as usize }> for Bernoulli {
    fn quantile_function(&self, quantile: u32) -> (bool, u32, NonZeroU32) {
        let bit = quantile < self.one;
        let (start, length) = self.interval(bit);
        (bit, start, length)
    }
}

/// The information of decisions, for ledgers. Probabilities are multiplied as long as a double holds the product, so that a
/// logarithm is rarely taken.
#[derive(Debug)]
struct Information {
    bits: f64,
    product: f64,
}

impl Default for Information {
    fn default() -> Self {
        Self { bits: 0.0, product: 1.0 }
    }
}

impl Information {
    const LEAST_PRODUCT: f64 = 1e-280;

    fn add(&mut self, model: Bernoulli, bit: bool) {
        self.product *= f64::from(model.interval(bit).1.get()) / f64::from(1 << PROBABILITY_BITS);
        if self.product < Self::LEAST_PRODUCT {
            self.bits = self.bits();
            self.product = 1.0;
        }
    }

    fn bits(&self) -> f64 {
        self.bits - self.product.log2()
    }
}

/// Either side of a code: what is written once for both asks for bits by this.
pub trait BitCoder {
    /// Encodes `bit`, or decodes one and does not look at `bit`; gives the bit, or nothing if no encoder gives such code.
    /// The probability of a one is `one` × 2⁻¹⁶.
    fn code(&mut self, bit: bool, one: u32) -> Option<bool>;

    /// The information of all bits so far.
    fn information_bits(&self) -> f64;
}

impl BitCoder for BitEncoder {
    fn code(&mut self, bit: bool, one: u32) -> Option<bool> {
        self.encode(bit, one);
        Some(bit)
    }

    fn information_bits(&self) -> f64 {
        self.information_bits()
    }
}

/// Takes the likelier decision each time, as if it had been decoded; or all but one.
#[derive(Debug, Default)]
pub struct Likeliest {
    information: Information,
    /// How far each probability was from one half, in 2⁻¹⁶.
    margins: Vec<u32>,
    against: Option<usize>,
}

impl Likeliest {
    /// Takes decision number `decision` the other way.
    pub fn against(decision: usize) -> Self {
        Self { against: Some(decision), ..Self::default() }
    }

    /// The numbers of the `most` decisions that were least certain, the least first.
    pub fn least_certain(&self, most: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.margins.len()).collect();
        order.sort_by_key(|&decision| self.margins[decision]);
        order.truncate(most);
        order
    }
}

impl BitCoder for Likeliest {
    fn code(&mut self, _: bool, one: u32) -> Option<bool> {
        let model = Bernoulli::new(one);
        let half = 1 << (PROBABILITY_BITS - 1);
        let bit = (model.one > half) != (self.against == Some(self.margins.len()));
        self.margins.push(model.one.abs_diff(half));
        self.information.add(model, bit);
        Some(bit)
    }

    fn information_bits(&self) -> f64 {
        self.information.bits()
    }
}

impl BitCoder for BitDecoder {
    fn code(&mut self, _: bool, one: u32) -> Option<bool> {
        self.decode(one)
    }

    fn information_bits(&self) -> f64 {
        self.information_bits()
    }
}

/// Takes bits, gives bytes.
#[derive(Debug, Default)]
pub struct BitEncoder {
    coder: DefaultRangeEncoder,
    information: Information,
}

impl BitEncoder {
    /// An encoder that has been given nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Encodes one bit, whose probability of being one is `one` × 2⁻¹⁶, cut to leave 2⁻¹⁶ for either.
    pub fn encode(&mut self, bit: bool, one: u32) {
        let model = Bernoulli::new(one);
        // No bit is impossible and a vector takes all words, so this cannot fail.
        let _ = self.coder.encode_symbol(bit, model);
        self.information.add(model, bit);
    }

    /// The information of all that was encoded, in bits: what it takes of the code, but for the rounding at its end.
    pub fn information_bits(&self) -> f64 {
        self.information.bits()
    }

    /// The code: the shortest that decodes to what was encoded, with zeros read after its end.
    pub fn finish(self) -> Vec<u8> {
        let (words, state, situation) = self.coder.into_raw_parts();
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
        if state.range().get() == u64::MAX {
            return bytes; // nothing was encoded
        }
        let (point, kept) = shortest_point(state.lower(), state.range().get());
        if let EncoderSituation::Inverted(held, first) = situation {
            let carried = point < state.lower();
            let (first, rest) = if carried { (first.wrapping_add(1), 0) } else { (first, u32::MAX) };
            bytes.extend(first.to_be_bytes());
            for _ in 1..held.get() {
                bytes.extend(rest.to_be_bytes());
            }
        }
        bytes.extend(&point.to_be_bytes()[..kept]);
        bytes
    }
}

/// The value in `lower..lower + range` (modulo 2⁶⁴) that ends in the most zero bytes, and how many bytes come before these.
fn shortest_point(lower: u64, range: u64) -> (u64, usize) {
    for kept in 0..TRIMMED_BYTES {
        let below = u64::MAX.checked_shr(8 * kept as u32).unwrap_or(0);
        let point = lower.wrapping_add(below) & !below;
        if point.wrapping_sub(lower) < range {
            return (point, kept);
        }
    }
    (lower, TRIMMED_BYTES)
}

/// Takes bytes, gives bits.
#[derive(Debug)]
pub struct BitDecoder {
    coder: DefaultRangeDecoder,
    information: Information,
}

impl BitDecoder {
    /// A decoder at the start of `code`.
    pub fn new(code: &[u8]) -> Self {
        let word = |bytes: &[u8]| {
            let mut padded = [0; 4];
            padded[..bytes.len()].copy_from_slice(bytes);
            u32::from_be_bytes(padded)
        };
        let words: Vec<u32> = code.chunks(4).map(word).collect();
        let Ok(coder) = DefaultRangeDecoder::from_compressed(words);
        Self { coder, information: Information::default() }
    }

    /// The next bit, whose probability of being one was `one` × 2⁻¹⁶; nothing if no encoder gives such code.
    pub fn decode(&mut self, one: u32) -> Option<bool> {
        let model = Bernoulli::new(one);
        let bit = self.coder.decode_symbol(model).ok()?;
        self.information.add(model, bit);
        Some(bit)
    }

    /// The information of all that was decoded, in bits: what it took of the code, but for the rounding at its end.
    pub fn information_bits(&self) -> f64 {
        self.information.bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(bits: &[(bool, u32)]) -> usize {
        let mut encoder = BitEncoder::new();
        for &(bit, one) in bits {
            encoder.encode(bit, one);
        }
        let spent = encoder.information_bits();
        let code = encoder.finish();
        let mut decoder = BitDecoder::new(&code);
        for (index, &(bit, one)) in bits.iter().enumerate() {
            assert_eq!(decoder.decode(one), Some(bit), "bit {index}");
        }
        let information = information_bits(bits);
        for found in [spent, decoder.information_bits()] {
            assert!((found - information).abs() < 1e-9 * information + 1e-9, "{found} bits for {information}");
        }
        code.len()
    }

    fn information_bits(bits: &[(bool, u32)]) -> f64 {
        let cost = |&(bit, one): &(bool, u32)| {
            let one = f64::from(one.clamp(1, 65535)) / 65536.0;
            -(if bit { one } else { 1.0 - one }).log2()
        };
        bits.iter().map(cost).sum()
    }

    #[test]
    fn the_likelier_decisions_are_taken_but_for_one() {
        let ones = [60_000, 20_000, 33_000, 40_000];
        let take = |mut taken: Likeliest| {
            let bits = ones.map(|one| taken.code(false, one).unwrap());
            (bits, taken)
        };
        let (bits, taken) = take(Likeliest::default());
        assert_eq!(bits, [true, false, true, true]);
        assert_eq!(taken.least_certain(3), [2, 3, 1]);
        let (other, against) = take(Likeliest::against(2));
        assert_eq!(other, [true, false, false, true]);
        assert!(against.information_bits() > taken.information_bits());
    }

    proptest! {
        #[test]
        fn bits_come_back_at_the_cost_of_their_information(
            bits in prop::collection::vec((any::<bool>(), prop_oneof![0u32..65537, Just(1u32), Just(65535u32)]), 0..2000)
        ) {
            let bytes = round_trip(&bits);
            let information = information_bits(&bits);
            prop_assert!(8.0 * bytes as f64 <= information * 1.0001 + 16.0, "{bytes} bytes for {information} bits");
        }

        #[test]
        fn any_code_decodes_to_something_or_stops(code: Vec<u8>, ones in prop::collection::vec(0u32..65537, 0..300)) {
            let mut decoder = BitDecoder::new(&code);
            let _: Vec<Option<bool>> = ones.iter().map(|&one| decoder.decode(one)).collect();
        }
    }

    #[test]
    fn nothing_costs_nothing_and_long_carries_resolve() {
        assert_eq!(round_trip(&[]), 0);
        // Halves of the interval taken so that the point hangs just below a carry for hundreds of words.
        for last in [false, true] {
            let mut bits = vec![(true, 32768)];
            bits.extend(vec![(false, 32768); 10_000]);
            bits.push((last, 32768));
            assert!(round_trip(&bits) <= 1252);
        }
    }
}
