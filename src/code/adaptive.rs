//! Adaptive coding of small things: bits whose probability is learnt from the bits before, and numbers made of them.
//!
//! In: flags and numbers. Out: the bits that a [`BitEncoder`] is given for them; and back. Encoder and decoder learn the
//! same.

use super::range::{BitCoder, BitDecoder, BitEncoder, PROBABILITY_BITS};

/// A probability of one half.
const HALF: u32 = 1 << (PROBABILITY_BITS - 1);

/// Bits after which the probability no longer settles further.
const MEMORY: u32 = 255;

/// A bit's probability, learnt by counting (Krichevsky and Trofimov 1981: a half is added to either count).
#[derive(Debug, Clone, Copy, Default)]
pub struct Bit {
    ones: u32,
    all: u32,
}

impl Bit {
    /// The probability of a one in units of 2⁻¹⁶.
    fn one(self) -> u32 {
        ((2 * self.ones + 1) << (PROBABILITY_BITS - 1)) / (self.all + 1)
    }

    fn learn(&mut self, bit: bool) {
        if self.all >= MEMORY {
            self.ones /= 2;
            self.all /= 2;
        }
        self.ones += u32::from(bit);
        self.all += 1;
    }

    /// Encodes or decodes a bit and learns it; nothing if no encoder gives such code.
    pub fn code(&mut self, coder: &mut impl BitCoder, bit: bool) -> Option<bool> {
        let bit = coder.code(bit, self.one())?;
        self.learn(bit);
        Some(bit)
    }

    /// As if so many bits had come, so many of them ones.
    pub fn after(ones: u32, all: u32) -> Self {
        Self { ones, all }
    }

    /// Encodes `bit` and learns it.
    pub fn encode(&mut self, coder: &mut BitEncoder, bit: bool) {
        coder.encode(bit, self.one());
        self.learn(bit);
    }

    /// Decodes a bit and learns it; nothing if no encoder gives such code.
    pub fn decode(&mut self, coder: &mut BitDecoder) -> Option<bool> {
        let bit = coder.decode(self.one())?;
        self.learn(bit);
        Some(bit)
    }
}

/// Encodes the lowest `bits` of `value`, each at a cost of one bit.
pub fn encode_plain(coder: &mut BitEncoder, value: u32, bits: u32) {
    for shift in (0..bits).rev() {
        coder.encode(value >> shift & 1 == 1, HALF);
    }
}

/// Encodes or decodes the lowest `bits` of a value, each at a cost of one bit.
pub fn code_plain(coder: &mut impl BitCoder, value: u32, bits: u32) -> Option<u32> {
    (0..bits).rev().try_fold(0, |read, shift| Some(read << 1 | u32::from(coder.code(value >> shift & 1 == 1, HALF)?)))
}

/// Decodes what [`encode_plain`] encoded.
pub fn decode_plain(coder: &mut BitDecoder, bits: u32) -> Option<u32> {
    (0..bits).try_fold(0, |value, _| Some(value << 1 | u32::from(coder.decode(HALF)?)))
}

/// The most bits of a number.
const NUMBER_BITS: usize = 24;

/// Numbers from 0 to 2²⁴ − 2 whose size is learnt: of n + 1 the count of binary digits in unary, then the digits below
/// the first (Elias' gamma code); the first two of these are learnt too.
#[derive(Debug, Clone, Default)]
pub struct Number {
    longer: [Bit; NUMBER_BITS],
    first: [Bit; NUMBER_BITS],
    second: [[Bit; 2]; NUMBER_BITS],
}

impl Number {
    /// Encodes a number and learns it; one that is too large is cut.
    pub fn encode(&mut self, coder: &mut BitEncoder, value: u32) {
        let value = value.min((1 << NUMBER_BITS) - 2) + 1;
        let digits = value.ilog2() as usize;
        for (length, bit) in self.longer.iter_mut().enumerate().take(digits + 1) {
            bit.encode(coder, length < digits);
        }
        if digits >= 1 {
            let first = value >> (digits - 1) & 1 == 1;
            self.first[digits].encode(coder, first);
            if digits >= 2 {
                self.second[digits][usize::from(first)].encode(coder, value >> (digits - 2) & 1 == 1);
                encode_plain(coder, value, digits as u32 - 2);
            }
        }
    }

    /// Decodes a number and learns it; nothing if no encoder gives such code.
    pub fn decode(&mut self, coder: &mut BitDecoder) -> Option<u32> {
        let mut digits = 0;
        while self.longer.get_mut(digits)?.decode(coder)? {
            digits += 1;
        }
        let mut value = 1;
        if digits >= 1 {
            let first = self.first.get_mut(digits)?.decode(coder)?;
            value = value << 1 | u32::from(first);
            if digits >= 2 {
                value = value << 1 | u32::from(self.second[digits][usize::from(first)].decode(coder)?);
                value = value << (digits - 2) | decode_plain(coder, digits as u32 - 2)?;
            }
        }
        Some(value - 1)
    }
}

/// 0, −1, 1, −2, … as 0, 1, 2, 3, …
pub fn fold_sign(value: i32) -> u32 {
    (value << 1 ^ value >> 31) as u32
}

/// What [`fold_sign`] folded.
pub fn unfold_sign(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn flags_and_numbers_come_back(
            values in prop::collection::vec((any::<bool>(), 0u32..(1 << 24) - 1, 0u32..24, -9000i32..9000), 0..200)
        ) {
            let (mut flag, mut number, mut signed) = (Bit::default(), Number::default(), Number::default());
            let mut coder = BitEncoder::new();
            for &(bit, value, shift, sign) in &values {
                flag.encode(&mut coder, bit);
                number.encode(&mut coder, value >> shift);
                encode_plain(&mut coder, value, 24);
                signed.encode(&mut coder, fold_sign(sign));
            }
            let code = coder.finish();
            let mut coder = BitDecoder::new(&code);
            let (mut flag, mut number, mut signed) = (Bit::default(), Number::default(), Number::default());
            for (bit, value, shift, sign) in values {
                prop_assert_eq!(flag.decode(&mut coder), Some(bit));
                prop_assert_eq!(number.decode(&mut coder), Some(value >> shift));
                prop_assert_eq!(decode_plain(&mut coder, 24), Some(value));
                prop_assert_eq!(signed.decode(&mut coder).map(unfold_sign), Some(sign));
            }
        }

        #[test]
        fn any_code_decodes_or_is_refused(code: Vec<u8>) {
            let mut coder = BitDecoder::new(&code);
            let mut number = Number::default();
            let _: Option<Vec<u32>> = (0..100).map(|_| number.decode(&mut coder)).collect();
        }
    }

    #[test]
    fn what_repeats_gets_cheap() {
        let mut coder = BitEncoder::new();
        let mut number = Number::default();
        (0..1000).for_each(|_| number.encode(&mut coder, 2));
        assert!(coder.finish().len() < 8, "1000 times the same number");
    }
}
