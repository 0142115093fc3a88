//! The parts of a puzzle's file one after the other in one range code.
//!
//! In: a file. Out: for each part the decoder that stands at its start, and a ledger of what the parts took.

use crate::code::container::VERSION;
use crate::code::range::BitDecoder;
use crate::code::{CodeError, Container, Kind, Ledger, Tag};

/// Where in a file's parts its reader is.
pub(super) struct Parts {
    container: Container,
    /// Of the one code.
    pub(super) coder: BitDecoder,
    /// For each part that has begun, the information before it, in bits.
    begun: Vec<(Tag, f64)>,
}

impl Parts {
    pub(super) fn new(file: &[u8]) -> Result<Self, CodeError> {
        let container = Container::parse(file)?;
        container.expect_kind(Kind::Puzzle)?;
        if container.version() != VERSION {
            return Err(CodeError::Version { found: container.version(), known: VERSION });
        }
        let coder = BitDecoder::new(container.require(Tag::Code)?);
        Ok(Self { container, coder, begun: Vec::new() })
    }

    /// The file's version of the format.
    pub(super) fn version(&self) -> u8 {
        self.container.version()
    }

    /// The decoder at the start of the next part.
    pub(super) fn next(&mut self, part: Tag) -> &mut BitDecoder {
        self.begun.push((part, self.coder.information_bits()));
        &mut self.coder
    }

    /// Where the bits went, after all has been decoded. A part of the code takes its information in whole bits; what the
    /// code has beyond the sum, for its end in a whole byte, stays on the code's own line.
    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = self.container.ledger();
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
        ledger
    }
}
