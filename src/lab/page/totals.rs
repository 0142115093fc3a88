//! What all fits of a page came to, by variant, and each variant against the first.
//!
//! In: records, whose variants are named for the page. Out: what the template's tables have.

use crate::lab::comparison::{Comparison, Paired, VariantResult};
use crate::lab::score::{PassAt, passes};
use crate::report::PuzzleRecord;
use serde::Serialize;

/// A variant's row.
#[derive(Debug, Serialize)]
pub(super) struct Total {
    #[serde(flatten)]
    result: VariantResult,
    /// Right within so many answers.
    passes: Vec<PassAt>,
    /// Seconds of all fits.
    all_seconds: f64,
    /// Fits that were cut.
    cut: usize,
}

/// The tables.
#[derive(Debug, Serialize)]
pub(super) struct Totals {
    variants: Vec<Total>,
    paired: Vec<Paired>,
}

impl Totals {
    /// Of these records, in this order of variants.
    pub(super) fn new(records: &[PuzzleRecord], order: &[String]) -> Self {
        let Comparison { variants, paired } = Comparison::new(records, order);
        let total = |result: VariantResult| {
            let own: Vec<&PuzzleRecord> = records.iter().filter(|record| record.variant == result.variant).collect();
            Total {
                passes: passes(&own),
                all_seconds: own.iter().map(|record| record.seconds).sum(),
                cut: own.iter().filter(|record| record.cut).count(),
                result,
            }
        };
        Self { variants: variants.into_iter().map(total).collect(), paired }
    }
}
