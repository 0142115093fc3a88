//! The digits section: an article's digit matrices under a prior for each cell.
//!
//! In: [`Digits`]. Out: the section; and back. A cell's prior is a normal around the middle of the unit interval, whose width
//! is sent, or it is flat; a silent cell has one digit in all groups, that of the middle, and costs nothing. Centres that
//! are spread as the prior says cost the KL of the dither's noise from it (see [`super::dithered`]).

use super::adaptive::{Bit, decode_plain, encode_plain};
use super::bytes::{Reader, write_varint};
use super::dithered::halve;
use super::normal::{CDF_BITS, POSITION_BITS, cdf};
use super::range::{BitDecoder, BitEncoder, TRIMMED_BYTES};
use super::weights::scale;
use super::{CodeError, Ledger, Tag};
use crate::latent::digits::{CELLS, DigitMatrix, Dither, LEVELS};

/// The most groups of a section, and no more than its text has bytes: silent ones cost nothing, so nothing else bounds
/// what a forged section may ask for. An article of more, some 150 MB of text, has no digits in its file.
pub const MOST_GROUPS: u64 = 1 << 20;

/// A text is taken for as long as this, in bytes, however little a file has: what so much justifies costs nothing.
pub const FREE_BYTES: u64 = 1 << 10;

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
    /// How often each digit is in each cell.
    pub fn counts(&self) -> DigitCounts {
        let mut counts = DigitCounts::new(self.seed, self.head().len());
        self.matrices.iter().for_each(|matrix| counts.add(matrix));
        counts
    }

    /// Cells that carry something: not all of their digits are silent.
    pub fn speaking(&self) -> Vec<usize> {
        self.counts().speaking()
    }

    /// What the digits are expected to cost under their priors, in bits: the estimate beside the section's bits.
    pub fn information_bits(&self) -> f64 {
        self.counts().information_bits()
    }

    /// The section.
    pub fn encode(&self) -> Vec<u8> {
        let mut section = self.head();
        section.extend(encode_matrices(&self.counts().priors(), &self.matrices));
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

    /// Reads a section of a file with so many bytes of text, none of which is in two groups.
    ///
    /// # Errors
    /// [`CodeError`], where no encoder gives such a section.
    pub fn decode(section: &[u8], content_bytes: u64) -> Result<Self, CodeError> {
        let reader = DigitsReader::new(section, content_bytes)?;
        let Head { format, lengths, seed, .. } = reader.head;
        let mut matrices = Vec::with_capacity(reader.head.groups as usize);
        for matrix in reader {
            matrices.push(matrix?);
        }
        Ok(Self { format, lengths, seed, matrices })
    }
}

/// What stands before the code of a section.
#[derive(Clone, Copy)]
struct Head {
    format: u8,
    lengths: (u64, u64),
    seed: u64,
    groups: u64,
    bytes: usize,
}

impl Head {
    fn read(reader: &mut Reader, content_bytes: u64) -> Result<Self, CodeError> {
        let before = reader.rest().len();
        let flags = reader.byte("the format of the text")?;
        let lengths = if flags & OTHER_LENGTHS == 0 {
            USUAL_LENGTHS
        } else {
            (reader.varint("the least characters of a group")?, reader.varint("the most characters of a group")?)
        };
        let seed = if flags & OTHER_SEED == 0 { 0 } else { reader.varint("the seed of the dither")? };
        let groups = reader.varint("the number of groups")?;
        let most = MOST_GROUPS.min(content_bytes.max(FREE_BYTES));
        if groups > most {
            return Err(CodeError::Groups { found: groups, most });
        }
        let format = flags & !(OTHER_LENGTHS | OTHER_SEED);
        Ok(Self { format, lengths, seed, groups, bytes: before - reader.rest().len() })
    }
}

/// The matrices of a section, one after the other.
struct DigitsReader<'a> {
    head: Head,
    silent: [u8; CELLS],
    /// The cells that speak.
    priors: Vec<(usize, Prior)>,
    coder: BitDecoder,
    code: &'a [u8],
    left: u64,
}

impl<'a> DigitsReader<'a> {
    fn new(section: &'a [u8], content_bytes: u64) -> Result<Self, CodeError> {
        let mut reader = Reader::new(section);
        let head = Head::read(&mut reader, content_bytes)?;
        let code = reader.rest();
        let mut coder = BitDecoder::new(code);
        let priors = decode_priors(&mut coder, head.seed).ok_or(EXHAUSTED)?;
        Ok(Self { silent: silent(head.seed), priors, coder, code, left: head.groups, head })
    }

    fn matrix(&mut self) -> Option<DigitMatrix> {
        let mut cells = self.silent;
        for (cell, prior) in &self.priors {
            cells[*cell] = prior.decode(&mut self.coder)?;
        }
        // What follows the end of the code reads as zeros; no encoder leaves away more than a few bytes of these.
        let held = 8 * (self.code.len() + TRIMMED_BYTES);
        if self.coder.information_bits() > held as f64 + 1.0 {
            return None;
        }
        DigitMatrix::from_cells(cells)
    }
}

impl Iterator for DigitsReader<'_> {
    type Item = Result<DigitMatrix, CodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.matrix().ok_or(EXHAUSTED))
    }
}

const EXHAUSTED: CodeError = CodeError::Exhausted { field: "the digits of the matrices" };

/// How often each digit is in each cell of a section: what it costs, whatever the order of the groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitCounts {
    seed: u64,
    head_bytes: usize,
    groups: u32,
    of_cells: Vec<[u32; LEVELS]>,
}

impl DigitCounts {
    fn new(seed: u64, head_bytes: usize) -> Self {
        Self { seed, head_bytes, groups: 0, of_cells: vec![[0; LEVELS]; CELLS] }
    }

    fn add(&mut self, matrix: &DigitMatrix) {
        self.groups += 1;
        for (counts, &digit) in self.of_cells.iter_mut().zip(matrix.cells()) {
            counts[usize::from(digit)] += 1;
        }
    }

    /// Counts the digits of a section of a file with so many bytes of text; the matrices are not kept.
    ///
    /// # Errors
    /// Those of [`Digits::decode`].
    pub fn read(section: &[u8], content_bytes: u64) -> Result<Self, CodeError> {
        let reader = DigitsReader::new(section, content_bytes)?;
        let mut counts = Self::new(reader.head.seed, reader.head.bytes);
        for matrix in reader {
            counts.add(&matrix?);
        }
        Ok(counts)
    }

    /// How many groups there are.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// Cells that carry something: not all of their digits are silent.
    pub fn speaking(&self) -> Vec<usize> {
        let silent = silent(self.seed);
        (0..CELLS).filter(|&cell| self.of_cells[cell][usize::from(silent[cell])] < self.groups).collect()
    }

    /// The prior of each cell, none for silent ones.
    fn priors(&self) -> Vec<Option<Prior>> {
        let dither = Dither::new(self.seed);
        let mut priors = vec![None; CELLS];
        for cell in self.speaking() {
            priors[cell] = Some(Prior::best(&self.of_cells[cell], dither.offset(cell)));
        }
        priors
    }

    /// What the digits are expected to cost under their priors, in bits.
    pub fn information_bits(&self) -> f64 {
        let costs = self.priors().into_iter().zip(&self.of_cells);
        costs.map(|(prior, counts)| prior.map_or(0.0, |prior| prior.cost(counts))).sum()
    }

    /// Splits the ledger's line of the section into what describes the digits and the digits, and adds the estimate of these.
    pub fn detail(&self, ledger: &mut Ledger) {
        let before = self.head_bytes + encode_matrices(&self.priors(), &[]).len();
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

/// The priors of the cells that speak.
fn decode_priors(coder: &mut BitDecoder, seed: u64) -> Option<Vec<(usize, Prior)>> {
    let dither = Dither::new(seed);
    let mut speaks = [Bit::default(); 2];
    let mut before = true;
    let mut priors = Vec::new();
    for cell in 0..CELLS {
        before = speaks[usize::from(before)].decode(coder)?;
        if before {
            priors.push((cell, Prior::new(decode_plain(coder, PRIOR_BITS)? as u8, dither.offset(cell))));
        }
    }
    Some(priors)
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
            let section = digits.encode();
            prop_assert_eq!(DigitCounts::read(&section, 12), Ok(digits.counts()));
            prop_assert_eq!(Digits::decode(&section, 12), Ok(digits));
        }

        #[test]
        fn any_section_decodes_or_is_refused(section: Vec<u8>) {
            let _: Result<Digits, CodeError> = Digits::decode(&section, 1000);
        }
    }

    /// Centres of a normal of deviation `spread` in the first cells, silent in the others.
    fn spread(groups: usize, speaking: usize, spread: f32) -> Digits {
        use rand_distr::{Distribution, Normal};
        let mut stream = super::super::shared::shared_stream(5, super::super::shared::Shared::Candidates, 0);
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
        let refused = |section: &[u8], content_bytes| Digits::decode(section, content_bytes).unwrap_err();
        assert!(matches!(refused(&section, u64::MAX), CodeError::Groups { most: MOST_GROUPS, .. }));
        let silent = spread(3000, 0, 0.1).encode();
        assert!(Digits::decode(&silent, 3000).is_ok());
        assert_eq!(refused(&silent, 2999), CodeError::Groups { found: 3000, most: 2999 });
        // Flat digits behind the end of the code, which reads as zeros for ever.
        let mut flat = spread(2, 100, 0.3).encode();
        flat.truncate(80);
        flat[1] = 120;
        assert!(matches!(refused(&flat, 300), CodeError::Exhausted { .. }));
    }
}
