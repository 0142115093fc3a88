//! What the contexts and the repeats give the mixer for the next bit.
//!
//! In: the slots and repeats that the [`Predictor`] has found, with their maps. Out: their logits among the mixer's inputs, and
//! the entries to learn from.

use super::parameters::INPUTS_PER_CONTEXT;
use super::{
    DIRECT_INPUTS, INPUTS_PER_REPEAT, MAP_SIZE, NO_RUN, NONE, Predictor, REPEAT_INPUTS, REPEAT_SIZE, RUN_SIZE,
};
use crate::code::mixing::mixer::as_input;

/// A node of count n that has seen one kind of bit only is at most so far from 0 or 1, in units of 2⁻¹².
const ONE_SIDED: [u16; 16] = [0, 700, 420, 300, 240, 200, 170, 150, 130, 115, 105, 95, 88, 82, 77, 60];

impl Predictor {
    /// Fills the contexts' inputs; gives how many contexts had been seen.
    pub(super) fn context_inputs(&mut self) -> usize {
        let node = self.node();
        let half = if self.bit == 0 { 0 } else { 1 + (self.bit >> 2) as usize };
        let inputs = self.mixer.inputs()[..REPEAT_INPUTS].chunks_exact_mut(INPUTS_PER_CONTEXT);
        let mut seen = 0;
        // Without branches, since none of them could be foretold.
        for (index, (place, inputs)) in self.places.iter_mut().zip(inputs).enumerate() {
            let node = self.slots.node(place.slot, node);
            let count = node.count() as usize;
            let is_seen = count > 0;
            seen += usize::from(is_seen);
            let direct = self.logistic.logit(node.probability());
            place.map_entry = index * MAP_SIZE + count * 64 + ((direct + 2048) >> 6) as usize;
            let mapped = if is_seen { self.maps[place.map_entry].probability() } else { 32768 };
            let logit = as_input(self.logistic.logit(mapped));
            let near = (node.probability() >> 4).min(4095 - (node.probability() >> 4));
            let one_sided = i16::from(near < i32::from(ONE_SIDED[count]));
            let run = self.slots.run(place.first);
            let agrees = run.length > 0 && (usize::from(run.byte) | 256) >> (8 - self.bit) == self.partial;
            let bit = usize::from(run.byte >> (7 - self.bit) & 1);
            let entry = index * RUN_SIZE + (half * 32 + usize::from(run.length.min(31))) * 2 + bit;
            place.run_entry = if agrees { entry } else { NO_RUN };
            inputs[0] = logit;
            inputs[1] = ((mapped - 32768) >> 5) as i16;
            inputs[2] = as_input(direct);
            inputs[3] = as_input(self.logistic.logit(self.run_maps[place.run_entry].probability()));
            inputs[4] = logit * one_sided;
        }
        seen
    }

    /// Fills the repeats' inputs; gives the longest that agrees with this byte so far.
    pub(super) fn repeat_inputs(&mut self) -> usize {
        let mut longest = 0;
        let inputs = self.mixer.inputs()[REPEAT_INPUTS..DIRECT_INPUTS].chunks_exact_mut(INPUTS_PER_REPEAT);
        for (index, (repeat, inputs)) in self.repeats.iter().zip(inputs).enumerate() {
            inputs.fill(0);
            self.repeat_entries[index] = [NONE; 2];
            let Some(bit) = repeat.bit(self.partial, self.bit) else { continue };
            let length = repeat.length();
            longest = longest.max(length);
            let entry = (usize::from(repeat.since_miss() < 8) * 32 + length_bucket(length)) * 2 + usize::from(bit);
            let entry = index * REPEAT_SIZE + entry;
            let mapped = self.repeat_maps[entry].probability();
            inputs[0] = as_input(self.logistic.logit(mapped));
            inputs[1] = ((mapped - 32768) >> 5) as i16;
            let byte_entry =
                index << 13 | (length.min(31) / 8) << 11 | usize::from(repeat.expected()) << 3 | self.bit as usize;
            inputs[2] = as_input(self.logistic.logit(self.repeat_bytes[byte_entry].probability()));
            let strength = 16 * length.min(32) as i16;
            inputs[3] = if bit { strength } else { -strength };
            self.repeat_entries[index] = [entry, byte_entry];
        }
        longest
    }
}

/// Exact up to 15, then in steps of 4, from 32 on of 16; 31 at most.
fn length_bucket(length: usize) -> usize {
    match length {
        0..16 => length,
        16..32 => 16 + (length - 16) / 4,
        _ => (20 + (length - 32) / 16).min(31),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parameters;
    use super::*;

    #[test]
    fn longer_repeats_are_in_no_lower_bucket() {
        let buckets: Vec<usize> = (0..70_000).map(length_bucket).collect();
        assert_eq!(buckets[..16], (0..16).collect::<Vec<_>>());
        assert!(buckets.is_sorted() && buckets.windows(2).all(|pair| pair[1] - pair[0] <= 1));
        assert_eq!((buckets[32], buckets[69_999]), (20, 31));
    }

    /// A predictor that has read these bytes, and of the next one the bits so far.
    fn after(bytes: &[u8], bits: &[bool]) -> Predictor {
        let mut predictor = Predictor::new(bytes.len() + 1, Parameters::default());
        let read = bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1 == 1));
        for bit in read.chain(bits.iter().copied()) {
            predictor.one();
            predictor.update(bit);
        }
        predictor
    }

    #[test]
    fn a_repeat_speaks_for_its_byte_until_a_bit_denies_it() {
        let text = b"a text that comes again: a text that comes agai".as_slice();
        let strengths = |bits: &[bool]| {
            let mut predictor = after(text, bits);
            let longest = predictor.repeat_inputs();
            let inputs = &predictor.mixer.inputs()[REPEAT_INPUTS..DIRECT_INPUTS];
            (longest, inputs.iter().skip(3).step_by(INPUTS_PER_REPEAT).copied().collect::<Vec<i16>>())
        };
        // 'n' is 0110_1110.
        let (longest, for_zero) = strengths(&[]);
        assert!(longest >= 20 && for_zero.iter().all(|&strength| strength < 0), "{longest}, {for_zero:?}");
        assert!(strengths(&[false]).1.iter().all(|&strength| strength > 0));
        assert_eq!(strengths(&[true]), (0, vec![0; 3]));
    }

    #[test]
    fn contexts_that_were_never_seen_say_nothing() {
        let mut new = after(b"", &[]);
        assert_eq!(new.context_inputs(), 0);
        assert!(new.mixer.inputs()[..REPEAT_INPUTS].iter().all(|&input| input == 0));
        let mut known = after(&b"aaaaaaaaaaaaaaaa".repeat(4), &[]);
        assert!(known.context_inputs() > 10);
        // The first bit of 'a' is 0.
        let logits: Vec<i16> =
            known.mixer.inputs()[..REPEAT_INPUTS].iter().step_by(INPUTS_PER_CONTEXT).copied().collect();
        assert!(logits.iter().all(|&logit| logit <= 0) && logits.iter().any(|&logit| logit < -500), "{logits:?}");
    }
}
