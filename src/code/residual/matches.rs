//! The longest repeat: where the last bytes stood before, and what followed there.
//!
//! In: the bytes so far. Out: the byte that is expected next, and how many bytes agree up to here. A candidate is the
//! last place with the same hash of the last few bytes; it is compared byte by byte before it is believed.

use super::text::combine;

/// Longer agreement is not looked for when a candidate is first compared.
const LONGEST_COMPARED: usize = 400;

/// Longer agreement is not counted.
const LONGEST: usize = 65_535;

/// A finder of repeats of some least length.
#[derive(Debug)]
pub struct Repeat {
    least: usize,
    places: Vec<u32>,
    /// Where the expected byte is; meaningless while `length` is 0.
    at: usize,
    length: usize,
    /// The bytes foretold since the last that was wrong, up to [`LONGEST`].
    since_miss: usize,
    expected: u8,
}

impl Repeat {
    /// Finds repeats of at least `least` bytes, with a table of 2^`bits` places.
    pub fn new(least: usize, bits: u32) -> Self {
        Self { least, places: vec![0; 1 << bits], at: 0, length: 0, since_miss: LONGEST, expected: 0 }
    }

    /// How many bytes agree before the expected one; 0 if nothing is expected.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The byte that is expected, or 0.
    pub fn expected(&self) -> u8 {
        self.expected
    }

    /// How many bytes were foretold since a wrong one.
    pub fn since_miss(&self) -> usize {
        self.since_miss
    }

    /// The bit that is expected after the bits so far of this byte, `partial` behind a leading one, if these agree.
    #[inline]
    pub fn bit(&self, partial: usize, bit: u32) -> Option<bool> {
        let agrees = self.length > 0 && (usize::from(self.expected) | 256) >> (8 - bit) == partial;
        agrees.then(|| self.expected >> (7 - bit) & 1 == 1)
    }

    /// Goes on to the next byte: the last of `bytes` has just come.
    pub fn update(&mut self, bytes: &[u8]) {
        let end = bytes.len();
        if self.length > 0 {
            if bytes[self.at] == bytes[end - 1] {
                self.length = (self.length + 1).min(LONGEST);
                self.since_miss = (self.since_miss + 1).min(LONGEST);
                self.at += 1;
            } else {
                self.length = 0;
                self.since_miss = 0;
            }
        }
        if end >= self.least {
            let hash = bytes[end - self.least..].iter().fold(0, |hash, &byte| combine(hash, u64::from(byte) + 1));
            let place = (hash >> 20) as usize & (self.places.len() - 1);
            let candidate = std::mem::replace(&mut self.places[place], end as u32) as usize;
            if self.length == 0 && candidate > 0 {
                let agreeing = agreement(&bytes[..candidate], bytes);
                if agreeing >= self.least {
                    self.length = agreeing;
                    self.at = candidate;
                }
            }
        }
        self.expected = if self.length > 0 { bytes[self.at] } else { 0 };
    }
}

/// How many bytes at the ends of both are the same.
fn agreement(a: &[u8], b: &[u8]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take(LONGEST_COMPARED).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_found_followed_and_left() {
        let text = b"the cat sat; the cat sang";
        let mut repeat = Repeat::new(4, 10);
        let lengths: Vec<usize> = (1..=text.len())
            .map(|end| {
                repeat.update(&text[..end]);
                repeat.length()
            })
            .collect();
        assert_eq!(lengths[..16], [0; 16]);
        assert_eq!(lengths[16..23], [4, 5, 6, 7, 8, 9, 10], "from 'the ' to 'the cat sa'");
        assert_eq!(lengths[23..], [0, 0], "'t' was expected, not 'n'");
        assert_eq!(repeat.since_miss(), 0);
    }
}
