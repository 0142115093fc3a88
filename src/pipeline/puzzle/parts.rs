//! The parts of a puzzle's file one after the other: in one range code, or each in a section of its own, as version 1 has them.
//!
//! In: a file. Out: for each part the decoder that stands at its start, and a ledger of what the parts took.

use super::grids;
use crate::code::range::BitDecoder;
use crate::code::{Channel, CodeError, Container, Kind, Ledger, Rate, Tag, dithered};

/// The version that has a section for each part.
const IN_SECTIONS: u8 = 1;

/// Where in a file's parts its reader is.
pub(super) struct Parts {
    container: Container,
    /// Of the one code, or of the part's section.
    pub(super) coder: BitDecoder,
    /// For each part that has begun, the information before it, in bits.
    begun: Vec<(Tag, f64)>,
}

impl Parts {
    pub(super) fn new(file: &[u8]) -> Result<Self, CodeError> {
        let container = Container::parse(file)?;
        container.expect_kind(Kind::Puzzle)?;
        let first = if container.version() == IN_SECTIONS { Tag::Header } else { Tag::Code };
        let coder = BitDecoder::new(container.require(first)?);
        Ok(Self { container, coder, begun: Vec::new() })
    }

    /// The file's version of the format.
    pub(super) fn version(&self) -> u8 {
        self.container.version()
    }

    fn in_sections(&self) -> bool {
        self.version() == IN_SECTIONS
    }

    /// The decoder at the start of the next part.
    pub(super) fn next(&mut self, part: Tag) -> &mut BitDecoder {
        if self.in_sections() {
            self.coder = BitDecoder::new(self.container.section(part).unwrap_or_default());
        }
        self.begun.push((part, self.coder.information_bits()));
        &mut self.coder
    }

    /// The latents. Version 1 knows the first dither alone.
    pub(super) fn receive(&mut self, channel: Channel, rates: &[Rate], seed: u64) -> Result<Vec<f32>, CodeError> {
        let first_dither = self.in_sections() && channel == Channel::Dithered;
        let coder = self.next(Tag::Latents);
        if first_dither { dithered::receive_under(coder, rates, seed, 0) } else { channel.receive(coder, rates, seed) }
    }

    /// The grids' check; the decoder is at their start then. Version 1 has it in bytes before their code.
    pub(super) fn check(&mut self) -> Result<u16, CodeError> {
        if !self.in_sections() {
            return grids::decode_check(self.next(Tag::Residual));
        }
        let section = self.container.require(Tag::Residual)?;
        let (&check, code) = section.split_first_chunk().ok_or(CodeError::Truncated {
            field: "the check of the content",
            needed: u64::from(grids::CHECK_BITS / 8),
            available: section.len() as u64,
        })?;
        self.coder = BitDecoder::new(code);
        Ok(u16::from_le_bytes(check))
    }

    /// Where the bits went, after all has been decoded. A part of the one code takes its information in whole bits; what
    /// the code has beyond the sum, for its end in a whole byte, stays on the code's own line.
    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = self.container.ledger();
        if !self.in_sections() {
            let ends = self.begun.iter().skip(1).map(|&(_, bits)| bits).chain([self.coder.information_bits()]);
            let mut before = 0;
            let parts: Vec<(&str, u64)> = self
                .begun
                .iter()
                .zip(ends)
                .map(|(&(part, _), end)| {
                    let bits = end.round() as u64 - before;
                    before += bits;
                    (part.name(), bits)
                })
                .collect();
            ledger.split(Tag::Code.name(), &parts);
        }
        ledger
    }
}
