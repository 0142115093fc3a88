//! The ledger: where every bit of a file went.
//!
//! In: names with bits, each with the estimate that the fit worked with, if there is one. Out: shares, and a sum that is
//! the file's size. A line is only ever split into parts that sum to it, so the sum stays true by construction.

use serde::Serialize;

/// A line of a [`Ledger`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// What the bits are for.
    pub name: String,
    /// Bits spent in the file.
    pub bits: u64,
    /// The bits that the fit expected to spend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate_bits: Option<f64>,
}

/// The bits of a file by what they are for, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// A ledger without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn add(&mut self, name: &str, bits: u64) {
        self.entries.push(Entry { name: name.to_owned(), bits, estimate_bits: None });
    }

    /// Takes the first `parts`, with their bits, out of the line `name` and puts them before it; what remains keeps the
    /// name. A part beyond what the line has is cut to that.
    pub fn split(&mut self, name: &str, parts: &[(&str, u64)]) {
        let Some(mut at) = self.entries.iter().position(|entry| entry.name == name) else { return };
        for &(part, bits) in parts {
            let bits = bits.min(self.entries[at].bits);
            self.entries[at].bits -= bits;
            self.entries.insert(at, Entry { name: part.to_owned(), bits, estimate_bits: None });
            at += 1;
        }
    }

    /// Notes what the fit expected the line `name` to cost.
    pub fn estimate(&mut self, name: &str, bits: f64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == name) {
            entry.estimate_bits = Some(bits);
        }
    }

    /// The lines.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The bits of all lines: the size of the file.
    pub fn total_bits(&self) -> u64 {
        self.entries.iter().map(|entry| entry.bits).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn splitting_keeps_the_sum(bits in 0u64..1000, parts in prop::collection::vec(0u64..600, 0..5)) {
            let mut ledger = Ledger::new();
            ledger.add("frame", 72);
            ledger.add("residual", bits);
            let named: Vec<(&str, u64)> = parts.iter().map(|&bits| ("part", bits)).collect();
            ledger.split("residual", &named);
            prop_assert_eq!(ledger.total_bits(), 72 + bits);
            prop_assert_eq!(ledger.entries().len(), 2 + parts.len());
            prop_assert_eq!(&ledger.entries().last().unwrap().name, "residual");
        }
    }

    #[test]
    fn an_estimate_stands_beside_what_was_spent() {
        let mut ledger = Ledger::new();
        ledger.add("latents", 800);
        ledger.estimate("latents", 790.5);
        let json = serde_json::to_string(&ledger).unwrap();
        assert_eq!(json, r#"{"entries":[{"name":"latents","bits":800,"estimate_bits":790.5}]}"#);
    }
}
