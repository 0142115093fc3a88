//! The decoder of articles as data: the multitensor decoder's other axes, its named tensors, and the counts that it has to tell.
//!
//! An example is here a group, a colour a symbol, rows and columns are those of the digit matrix, and a mode is a part of a
//! group, title or fragment. Tensors that carry symbols *and* groups are left out, so that memory grows with the text:
//!
//! logits(group, symbol, part) = background(symbol, part) + Σ over rows and columns of head(group, row, column, part) ·
//! symbol(row, column),
//!
//! where a fragment's head is the group's features f, and a title's is (1 + gain) · f + bias, with a gain and a bias for each
//! cell that all groups and symbols share. So relabelling symbols and permuting groups commute with it. In: counts. Out:
//! [`ArticlePlan`], and the [`Layout`] of its tensors.

use super::layout::{Initial, Layout};
use crate::data::article::Counts;

/// Rows, and columns, of the digit matrix.
pub const SIDE: usize = 10;

/// What a symbol stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Part {
    /// The group's text.
    Fragment = 0,
    /// The line above it.
    Title = 1,
}

/// Both parts, in the order of the decoder's last axis.
pub const PARTS: [Part; 2] = [Part::Fragment, Part::Title];

/// The names of the decoder's tensors, each (its first axis, cell).
pub mod tensors {
    /// Latents of groups, (group, cell).
    pub const GROUPS: &str = "posterior.10011.mean";
    /// Latents of symbols, (symbol, cell).
    pub const SYMBOLS: &str = "posterior.01011.mean";
    /// What makes a title's head of a fragment's: (gain or bias, cell).
    pub const TITLE: &str = "head.title.weight";
    /// Global latents of articles, one coordinate a row, (article, row).
    pub const GLOBAL_ROWS: &str = "posterior.00010.mean";
    /// And one a column, (article, column).
    pub const GLOBAL_COLUMNS: &str = "posterior.00001.mean";
}

/// Row of a title's weights: what a cell's feature gains.
pub const GAIN: usize = 0;

/// Row of a title's weights: what is added to it.
pub const BIAS: usize = 1;

/// The standard deviation that symbols' latents start with: not 0, where neither side would have a direction.
const SYMBOL_START: f32 = 0.02;

/// That of global latents: articles begin apart.
const GLOBAL_START: f32 = 0.3;

impl Layout {
    /// The tensors of the decoder of articles, of so many groups, symbols and cells.
    pub fn of_article(groups: usize, symbols: usize, cells: usize) -> Self {
        let mut layout = Self::empty();
        layout.push(tensors::GROUPS.into(), vec![groups, cells], Initial::Normal(1.0));
        layout.push(tensors::SYMBOLS.into(), vec![symbols, cells], Initial::Normal(SYMBOL_START));
        layout.push(tensors::TITLE.into(), vec![2, cells], Initial::Zero);
        layout
    }

    /// The tensors of so many articles' global latents: their decoder is the broadcast to (row, column), which has no weights.
    pub fn of_globals(articles: usize) -> Self {
        let mut layout = Self::empty();
        for name in [tensors::GLOBAL_ROWS, tensors::GLOBAL_COLUMNS] {
            layout.push(name.into(), vec![articles, SIDE], Initial::Normal(GLOBAL_START));
        }
        layout
    }
}

/// Counts by symbol: the groups that have each one.
#[derive(Clone, Debug, Default)]
pub struct SymbolMajor {
    starts: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl SymbolMajor {
    /// Turns counts by group around, each times `weight`.
    pub fn new(counts: &[Counts], symbols: usize, weight: f32) -> Self {
        let mut starts = vec![0; symbols + 1];
        for &(symbol, _) in counts.iter().flatten() {
            starts[symbol as usize + 1] += 1;
        }
        for symbol in 0..symbols {
            starts[symbol + 1] += starts[symbol];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); starts[symbols]];
        for (group, counts) in counts.iter().enumerate() {
            for &(symbol, count) in counts {
                entries[next[symbol as usize]] = (group as u32, weight * count);
                next[symbol as usize] += 1;
            }
        }
        Self { starts, entries }
    }

    /// The groups that have `symbol`, in order, and how often.
    pub fn groups_of(&self, symbol: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[symbol]..self.starts[symbol + 1]]
    }
}

/// One part of all groups.
#[derive(Clone, Debug)]
pub struct PartPlan {
    /// How often groups have each symbol in it, weighted.
    pub counts: SymbolMajor,
    /// The logarithm of each symbol's share of all its counts, in nats.
    pub background: Vec<f32>,
}

impl PartPlan {
    fn new(counts: &[Counts], symbols: usize, weight: f32) -> Self {
        Self { counts: SymbolMajor::new(counts, symbols, weight), background: background(counts, symbols) }
    }
}

/// What articles ask of the decoder.
#[derive(Clone, Debug)]
pub struct ArticlePlan {
    /// How many groups there are.
    pub groups: usize,
    /// How many symbols.
    pub symbols: usize,
    /// The parts, in the order of [`PARTS`]; of a title only symbols that stand in titles are asked.
    pub parts: [PartPlan; 2],
    /// Weight of the squared norm of the symbols' latents, halved: the precision of their normal prior.
    pub symbol_precision: f32,
}

impl ArticlePlan {
    /// The plan for groups with these counts in their fragments and titles, one entry a group; those of titles count
    /// `title_weight`.
    pub fn new(
        fragments: &[Counts],
        titles: &[Counts],
        symbols: usize,
        title_weight: f32,
        symbol_precision: f32,
    ) -> Self {
        let parts = [PartPlan::new(fragments, symbols, 1.0), PartPlan::new(titles, symbols, title_weight)];
        Self { groups: fragments.len(), symbols, parts, symbol_precision }
    }

    /// Those of `subset` that a part asks for, as places in it.
    pub fn asked(&self, part: Part, subset: &[usize]) -> Vec<usize> {
        let stands = |&place: &usize| !self.parts[part as usize].counts.groups_of(subset[place]).is_empty();
        (0..subset.len()).filter(|place| part == Part::Fragment || stands(place)).collect()
    }
}

/// The logarithm of each symbol's share of all counts, in nats.
pub fn background(counts: &[Counts], symbols: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; symbols];
    for &(symbol, count) in counts.iter().flatten() {
        sums[symbol as usize] += f64::from(count);
    }
    let all: f64 = sums.iter().sum();
    sums.iter().map(|sum| libm::log(sum.max(f64::MIN_POSITIVE) / all.max(1.0)) as f32).collect()
}

/// Logarithms of shares, moved by one number so that the shares sum to 1.
pub fn normalised(mut logits: Vec<f32>) -> Vec<f32> {
    let sum = log_sum(logits.iter().copied());
    for logit in &mut logits {
        *logit -= sum;
    }
    logits
}

/// log Σ exp(x), in nats.
pub fn log_sum(logits: impl Iterator<Item = f32> + Clone) -> f32 {
    let highest = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    highest + libm::logf(logits.map(|logit| libm::expf(logit - highest)).sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Axes;

    #[test]
    fn tensors_are_named_by_their_axes() {
        assert_eq!(tensors::GROUPS, format!("posterior.{}.mean", Axes::GROUPS));
        assert_eq!(tensors::SYMBOLS, format!("posterior.{}.mean", Axes::SYMBOLS));
        assert!(Axes::all().all(|axes| axes != Axes::SYMBOLS));
        let layout = Layout::of_article(3, 5, 100);
        assert_eq!(layout.get(tensors::SYMBOLS).unwrap().shape, [5, 100]);
        assert_eq!(layout.len(), (3 + 5 + 2) * 100);
    }

    #[test]
    fn counts_by_symbol_are_those_by_group() {
        let counts: Vec<Counts> = vec![vec![(0, 1.0), (2, 3.0)], vec![], vec![(2, 1.0)]];
        let by_symbol = SymbolMajor::new(&counts, 4, 0.5);
        assert_eq!(by_symbol.groups_of(2), [(0, 1.5), (2, 0.5)]);
        assert!(by_symbol.groups_of(1).is_empty());
        let plan = ArticlePlan::new(&counts, &[vec![(1, 1.0)], vec![], vec![]], 4, 1.0, 0.3);
        assert_eq!(plan.asked(Part::Fragment, &[0, 1, 3]), [0, 1, 2]);
        assert_eq!(plan.asked(Part::Title, &[0, 1, 3]), [1]);
    }
}
