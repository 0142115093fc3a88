//! TF-IDF: counts damped by a logarithm, times how rare a symbol is, at unit length (Salton and Buckley 1988).
//!
//! In: counts of groups. Out: [`TfIdf`], which weighs a text's counts.

use crate::data::article::Counts;

/// The weights of symbols.
#[derive(Clone, Debug)]
pub struct TfIdf {
    inverse_frequencies: Vec<f32>,
}

impl TfIdf {
    /// The weights of `symbols` symbols in the groups of `counts`.
    pub fn new(counts: &[Counts], symbols: usize) -> Self {
        let mut groups_with = vec![0.0f32; symbols];
        for &(symbol, _) in counts.iter().flatten() {
            groups_with[symbol as usize] += 1.0;
        }
        let all = counts.len() as f32;
        Self { inverse_frequencies: groups_with.iter().map(|with| ((all + 1.0) / (with + 0.5)).ln()).collect() }
    }

    /// A text's counts, weighed.
    pub fn weigh(&self, counts: &Counts) -> Counts {
        let weigh = |&(symbol, count): &(u32, f32)| (symbol, count.ln_1p() * self.inverse_frequencies[symbol as usize]);
        let weighted: Counts = counts.iter().map(weigh).collect();
        let length = weighted.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        weighted.into_iter().map(|(symbol, weight)| (symbol, weight / length)).collect()
    }
}
