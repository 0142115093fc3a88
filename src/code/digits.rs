//! The digits section: an article's digit matrices under a prior for each cell.
//!
//! In: [`Digits`]. Out: the section; and back. A cell's prior is a normal around the middle of the unit interval, whose width
//! is sent, or it is flat; a silent cell has one digit in all groups, that of the middle, and costs nothing. Centres that
//! are spread as the prior says cost the KL of the dither's noise from it (see [`super::dithered`]).

use super::adaptive::{Bit, decode_plain, encode_plain};
use super::bytes::{Reader, write_varint};
use super::dithered::halve;
use super::normal::{CDF_BITS, POSITION_BITS, cdf};
use super::range::{BitDecoder, BitEncoder};
use super::weights::scale;
use super::{CodeError, Ledger, Tag};
use crate::latent::digits::{CELLS, DigitMatrix, Dither, LEVELS};

/// The most groups of a section, whose digits take 105 MB: silent ones cost nothing, so nothing else bounds what a forged
/// section may ask for. An article of more, some 150 MB of text, has no digits in its file.
pub const MOST_GROUPS: u64 = 1 << 20;

/// The bits of a prior's number.
const PRIOR_BITS: u32 = 4;

/// The flat prior's number; those before it get narrower by √2.
const FLAT: u8 = (1 << PRIOR_BITS) - 1;

/// The widest normal's place in [`scale`]: a standard deviation of 0.35 of the unit interval.
const WIDEST: u8 = 6;

/// Set where the lengths of groups are not the usual ones.
const OTHER_LENGTHS: u8 = 0x40;

/// Set where the seed is not 0.
const OTHER_SEED: u8 = 0x80;

/// The least and most characters of groups that are not sent.
const USUAL_LENGTHS: (u64, u64) = (100, 200);

/// The digits of all groups, and how the text was cut into these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    /// The format that the text was read in, by its number, below 64.
    pub format: u8,
    /// The least and the most characters of a group.
    pub lengths: (u64, u64),
    /// The dither's seed.
    pub seed: u64,
    /// For each group its digits; those of a silent cell are all the middle's.
    pub matrices: Vec<DigitMatrix>,
}

/// The digits of the prior's middle, which silent cells have.
fn silent(seed: u64) -> [u8; CELLS] {
    *DigitMatrix::encode(&[0.5; CELLS], &Dither::new(seed)).cells()
}

/// The prior of one cell's digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Prior {
    number: u8,
    /// The width of a digit in standard deviations, × 2²⁴.
    relative: i64,
    /// In units of 2⁻²⁴ of a digit.
    dither: i64,
}

impl Prior {
    fn new(number: u8, dither: f32) -> Self {
        let deviation = LEVELS as f64 * scale(WIDEST + 2 * number.min(FLAT - 1));
        let one = f64::from(1 << POSITION_BITS);
        Self { number, relative: (one / deviation) as i64, dither: (f64::from(dither) * one) as i64 }
    }

    /// The CDF below digit `k`; what lies beyond the ends belongs to the digits there.
    fn below(&self, k: i64) -> u64 {
        let last = LEVELS as i64;
        if k <= 0 {
            return 0;
        }
        if k >= last {
            return 1 << CDF_BITS;
        }
        if self.number == FLAT {
            return ((1u64 << CDF_BITS) / LEVELS as u64) * k as u64;
        }
        // The lower edge of the digit, from the middle.
        let place = ((2 * k - 1 - last) << (POSITION_BITS - 1)) + self.dither;
        cdf(((i128::from(place) * i128::from(self.relative)) >> POSITION_BITS) as i64)
    }

    /// −log₂ of a digit's probability.
    fn bits(&self, digit: u8) -> f64 {
        let (start, end) = (self.below(digit.into()), self.below(i64::from(digit) + 1));
        f64::from(CDF_BITS) - ((end - start).max(1) as f64).log2()
    }

    fn encode(&self, coder: &mut BitEncoder, digit: u8) {
        halve(
            0,
            LEVELS as i64,
            |k| self.below(k),
            |upper, middle| {
                let above = i64::from(digit) >= middle;
                coder.encode(above, upper);
                Some(above)
            },
        );
    }

    fn decode(&self, coder: &mut BitDecoder) -> Option<u8> {
        halve(0, LEVELS as i64, |k| self.below(k), |upper, _| coder.decode(upper)).map(|digit| digit as u8)
    }

    /// What digits that occur so often cost.
    fn cost(&self, counts: &[u32; LEVELS]) -> f64 {
        let digits = counts.iter().zip(0..).filter(|(count, _)| **count > 0);
        digits.map(|(&count, digit)| f64::from(count) * self.bits(digit)).sum()
    }

    /// The prior under which digits that occur so often cost least.
    fn best(counts: &[u32; LEVELS], dither: f32) -> Self {
        let cost = |prior: &Self| prior.cost(counts);
        let all = (0..=FLAT).map(|number| Self::new(number, dither));
        all.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or(Self::new(FLAT, dither))
    }
}

impl Digits {
    /// Cells that carry something: not all of their digits are silent.
    pub fn speaking(&self) -> Vec<usize> {
        let silent = silent(self.seed);
        let speaks = |&cell: &usize| self.matrices.iter().any(|matrix| matrix.cells()[cell] != silent[cell]);
        (0..CELLS).filter(speaks).collect()
    }

    /// How often each digit is in a cell.
    fn counts(&self, cell: usize) -> [u32; LEVELS] {
        let mut counts = [0; LEVELS];
        for matrix in &self.matrices {
            counts[usize::from(matrix.cells()[cell])] += 1;
        }
        counts
    }

    /// The prior of each cell, none for silent ones.
    fn priors(&self) -> Vec<Option<Prior>> {
        let dither = Dither::new(self.seed);
        let mut priors = vec![None; CELLS];
        for cell in self.speaking() {
            priors[cell] = Some(Prior::best(&self.counts(cell), dither.offset(cell)));
        }
        priors
    }

    /// What the digits are expected to cost under their priors, in bits: the estimate beside the section's bits.
    pub fn information_bits(&self) -> f64 {
        let of_cell = |(cell, prior): (usize, Option<Prior>)| prior.map_or(0.0, |prior| prior.cost(&self.counts(cell)));
        self.priors().into_iter().enumerate().map(of_cell).sum()
    }

    /// The section.
    pub fn encode(&self) -> Vec<u8> {
        let mut section = self.head();
        section.extend(encode_matrices(&self.priors(), &self.matrices));
        section
    }

    /// What stands before the code.
    fn head(&self) -> Vec<u8> {
        let mut section = Vec::new();
        let other_lengths = self.lengths != USUAL_LENGTHS;
        let flags = [(other_lengths, OTHER_LENGTHS), (self.seed != 0, OTHER_SEED)];
        section.push(flags.into_iter().fold(self.format, |byte, (set, flag)| if set { byte | flag } else { byte }));
        if other_lengths {
            write_varint(&mut section, self.lengths.0);
            write_varint(&mut section, self.lengths.1);
        }
        if self.seed != 0 {
            write_varint(&mut section, self.seed);
        }
        write_varint(&mut section, self.matrices.len() as u64);
        section
    }

    /// Reads a section.
    ///
    /// # Errors
    /// [`CodeError`], where no encoder gives such a section.
    pub fn decode(section: &[u8]) -> Result<Self, CodeError> {
        let mut reader = Reader::new(section);
        let flags = reader.byte("the format of the text")?;
        let lengths = if flags & OTHER_LENGTHS == 0 {
            USUAL_LENGTHS
        } else {
            (reader.varint("the least characters of a group")?, reader.varint("the most characters of a group")?)
        };
        let seed = if flags & OTHER_SEED == 0 { 0 } else { reader.varint("the seed of the dither")? };
        let count = reader.varint("the number of groups")?;
        if count > MOST_GROUPS {
            return Err(CodeError::Groups { found: count, most: MOST_GROUPS });
        }
        let matrices = decode_matrices(reader.rest(), seed, count)
            .ok_or(CodeError::Exhausted { field: "the digits of the matrices" })?;
        Ok(Self { format: flags & !(OTHER_LENGTHS | OTHER_SEED), lengths, seed, matrices })
    }

    /// Splits the ledger's line of the section into what describes the digits and the digits, and adds the estimate of these.
    pub fn detail(&self, ledger: &mut Ledger) {
        let before = self.head().len() + encode_matrices(&self.priors(), &[]).len();
        ledger.split(Tag::Digits.name(), &[("digits' header and priors", 8 * before as u64)]);
        ledger.estimate(Tag::Digits.name(), self.information_bits());
    }
}

/// The priors and the digits under them.
fn encode_matrices(priors: &[Option<Prior>], matrices: &[DigitMatrix]) -> Vec<u8> {
    let mut coder = BitEncoder::new();
    let mut speaks = [Bit::default(); 2];
    let mut before = true;
    for prior in priors {
        speaks[usize::from(before)].encode(&mut coder, prior.is_some());
        before = prior.is_some();
        if let Some(prior) = prior {
            encode_plain(&mut coder, prior.number.into(), PRIOR_BITS);
        }
    }
    for matrix in matrices {
        for (prior, &digit) in priors.iter().zip(matrix.cells()) {
            if let Some(prior) = prior {
                prior.encode(&mut coder, digit);
            }
        }
    }
    coder.finish()
}

fn decode_matrices(code: &[u8], seed: u64, count: u64) -> Option<Vec<DigitMatrix>> {
    let dither = Dither::new(seed);
    let silent = silent(seed);
    let mut coder = BitDecoder::new(code);
    let mut speaks = [Bit::default(); 2];
    let mut before = true;
    let mut priors = vec![None; CELLS];
    for (cell, prior) in priors.iter_mut().enumerate() {
        before = speaks[usize::from(before)].decode(&mut coder)?;
        if before {
            *prior = Some(Prior::new(decode_plain(&mut coder, PRIOR_BITS)? as u8, dither.offset(cell)));
        }
    }
    let mut matrices = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut cells = silent;
        for (cell, prior) in cells.iter_mut().zip(&priors) {
            if let Some(prior) = prior {
                *cell = prior.decode(&mut coder)?;
            }
        }
        matrices.push(DigitMatrix::from_cells(cells)?);
    }
    Some(matrices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_digits() -> impl Strategy<Value = Digits> {
        let matrix = |speaking: usize| prop::collection::vec(0u8..10, speaking);
        let matrices = (0usize..=CELLS).prop_flat_map(move |speaking| prop::collection::vec(matrix(speaking), 0..12));
        let lengths = prop_oneof![Just(USUAL_LENGTHS), (1u64..300, 1u64..900)];
        (0u8..64, lengths, prop_oneof![Just(0), any::<u64>()], matrices).prop_map(
            |(format, lengths, seed, speaking)| {
                let silent = silent(seed);
                let matrix = |digits: Vec<u8>| {
                    let mut cells = silent;
                    cells[..digits.len()].copy_from_slice(&digits);
                    DigitMatrix::from_cells(cells).unwrap()
                };
                Digits { format, lengths, seed, matrices: speaking.into_iter().map(matrix).collect() }
            },
        )
    }

    proptest! {
        #[test]
        fn digits_come_back(digits in any_digits()) {
            prop_assert_eq!(Digits::decode(&digits.encode()), Ok(digits));
        }

        #[test]
        fn any_section_decodes_or_is_refused(section: Vec<u8>) {
            let _: Result<Digits, CodeError> = Digits::decode(&section);
        }
    }

    /// Centres of a normal of deviation `spread` in the first cells, silent in the others.
    fn spread(groups: usize, speaking: usize, spread: f32) -> Digits {
        use rand_distr::{Distribution, Normal};
        let mut stream = super::super::latents::shared_stream(5, super::super::latents::Shared::Candidates, 0);
        let normal = Normal::new(0.5f32, spread).unwrap();
        let mut matrix = || {
            let mut centres = [0.5; CELLS];
            centres[..speaking].fill_with(|| normal.sample(&mut stream));
            DigitMatrix::encode(&centres, &Dither::new(0))
        };
        let matrices = (0..groups).map(|_| matrix()).collect();
        Digits { format: 0, lengths: USUAL_LENGTHS, seed: 0, matrices }
    }

    #[test]
    fn digits_cost_their_information_and_narrow_cells_cost_little() {
        for (speaking, deviation, most) in [(100, 0.3, 332.2), (10, 0.1, 25.0), (10, 0.02, 10.0)] {
            let digits = spread(300, speaking, deviation);
            let (sent, information) = (8.0 * digits.encode().len() as f64, digits.information_bits());
            // The numbers of the priors and the flags are sent besides.
            assert!(sent < 1.01 * information + 16.0 + 6.0 * speaking as f64 + 16.0, "{sent} bits for {information}");
            assert!(information / 300.0 < most, "{} bits a group", information / 300.0);
        }
        assert!(spread(300, 0, 0.1).encode().len() < 8, "silent groups");
    }

    #[test]
    fn too_many_groups_are_refused_before_they_are_made() {
        let mut section = vec![0];
        write_varint(&mut section, 1 << 40);
        assert!(matches!(Digits::decode(&section), Err(CodeError::Groups { .. })));
    }
}
