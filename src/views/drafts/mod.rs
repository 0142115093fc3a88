//! Drafts: what a general rule makes of every input, where that says more of the outputs than the inputs do.
//!
//! In: a puzzle. Out: the [`Draft`]s that tell the train outputs' cells best ([`Draft::best`]), and any grid's draft. A coder that goes
//! cell by cell sees no shape as a whole: not where it moves to, nor what a pattern elsewhere makes of it. A draft does such a thing in
//! a fixed way, and what is still wrong with it is learnt by whoever reads it. No draft knows a puzzle: which rules are worth
//! having was found on the training split (`results/accuracy.md`).

mod areas;
mod borrowed;
mod copies;
mod lines;
mod moves;
mod picture;
mod repair;
mod rule;
mod summaries;
mod words;

#[cfg(test)]
mod tests;

pub use borrowed::Lender;
pub use copies::Images;
pub use picture::Kind;
pub use rule::{Movers, Rule};
pub use summaries::{Measure, Order, Which};

use super::window::background;
use crate::data::{COLOURS, Grid, Pair, Puzzle};
use rayon::prelude::*;

/// What it takes to name a rule, bits; no draft that saves less is worth it (`results/accuracy.md`).
const RULE_BITS: f64 = 4.0;

/// Each of so many best rules is tried with every other rule after it.
const MOST_FIRST: usize = 4;

/// What is added to each count of a colour, and to the count of all (Krichevsky and Trofimov's estimator, for ten colours of which
/// most never come).
const ADDED: [f64; 2] = [0.1, 1.0];

/// A rule, or one after another, and the colour on which they draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The colour that is no object.
    pub background: u8,
    /// What is drawn.
    pub rule: Rule,
    /// What is then made of that.
    pub then: Option<Rule>,
}

impl Draft {
    /// The drafts of a puzzle that leave the fewest bits of its train outputs unsaid, their rules' names counted, at most `most`,
    /// the best first, no two alike; none that leaves as much as the inputs, or that has nothing for a test input.
    pub fn best(puzzle: &Puzzle, most: usize) -> Vec<Self> {
        let Some(background) = background(puzzle).filter(|_| most > 0) else { return Vec::new() };
        let inputs: Vec<Grid> = puzzle.train.iter().map(|pair| pair.input.clone()).collect();
        let without = bits(&puzzle.train, &inputs).unwrap_or(f64::INFINITY);
        let rules = Rule::all(puzzle, background);
        let mut known = vec![inputs.clone()];
        let mut found = Self::tried(puzzle, &inputs, &rules, |rule| Self { background, rule, then: None });
        let mut first: Vec<Tried> = Vec::new();
        found.sort_by(|a, b| a.bits.total_cmp(&b.bits));
        for tried in &found {
            if first.len() < MOST_FIRST && !known.contains(&tried.drawn) {
                known.push(tried.drawn.clone());
                first.push(tried.clone());
            }
        }
        for Tried { draft, drawn, .. } in first {
            found.extend(Self::tried(puzzle, &drawn, &rules, |then| Self { then: Some(then), ..draft }));
        }
        for &rule in rules.iter().filter(|rule| rule.is_cut()) {
            let cut: Option<Vec<Grid>> = inputs.iter().map(|input| rule.draw(input, background)).collect();
            if let Some(drawn) = cut.filter(|drawn| !known.contains(drawn)) {
                let named = |then| Self { background, rule, then: Some(then) };
                found.extend(Self::tried(puzzle, &drawn, &Rule::of_wholes(), named));
                known.push(drawn);
            }
        }
        found.sort_by(|a, b| a.bits.total_cmp(&b.bits));
        let mut best: Vec<(Self, Vec<Grid>)> = Vec::new();
        for Tried { bits, draft, mut drawn } in found {
            if best.len() == most || bits >= without {
                break;
            }
            let Some(tests) = puzzle.test.iter().map(|input| draft.draw(input)).collect::<Option<Vec<Grid>>>() else {
                continue;
            };
            drawn.extend(tests);
            if best.iter().all(|(_, other)| *other != drawn) {
                best.push((draft, drawn));
            }
        }
        best.into_iter().map(|(draft, _)| draft).collect()
    }

    /// Rules drawn for grids, one for each train pair, where they give what has the output's size.
    fn tried(puzzle: &Puzzle, grids: &[Grid], rules: &[Rule], named: impl Fn(Rule) -> Self + Sync) -> Vec<Tried> {
        let tried = rules.par_iter().filter_map(|&rule| {
            let draft = named(rule);
            // Most rules draw nothing of the right size for the first pair.
            let drawn = grids
                .iter()
                .zip(&puzzle.train)
                .map(|(grid, pair)| rule.draw(grid, draft.background).filter(|drawn| are_alike(drawn, &pair.output)));
            // What changes nothing here is no rule of this puzzle.
            let drawn = drawn.collect::<Option<Vec<Grid>>>().filter(|drawn| drawn != grids)?;
            Some(Tried { bits: bits(&puzzle.train, &drawn)? + draft.name_bits(), draft, drawn })
        });
        tried.collect()
    }

    /// What it takes to name its rules, bits.
    pub fn name_bits(self) -> f64 {
        RULE_BITS * if self.then.is_some() { 2.0 } else { 1.0 }
    }

    /// The draft of an input; none where a rule gives none.
    pub fn draw(self, input: &Grid) -> Option<Grid> {
        let drawn = self.rule.draw(input, self.background)?;
        self.then.map_or(Some(drawn.clone()), |then| then.draw(&drawn, self.background))
    }
}

/// A draft of the train inputs, and the bits that it leaves.
#[derive(Clone)]
struct Tried {
    bits: f64,
    draft: Draft,
    drawn: Vec<Grid>,
}

fn are_alike(a: &Grid, b: &Grid) -> bool {
    (a.rows(), a.columns()) == (b.rows(), b.columns())
}

/// What the cells of all outputs cost, each told by the draft's cell and, where the input has the output's size, by the input's; the
/// counts of colours by what tells them are learnt on the way. None where a draft has another size than its output.
fn bits(pairs: &[Pair], drafts: &[Grid]) -> Option<f64> {
    let mut counts = vec![[0u32; COLOURS]; COLOURS * (COLOURS + 1)];
    let mut bits = 0.0;
    for (Pair { input, output }, draft) in pairs.iter().zip(drafts) {
        if !are_alike(draft, output) {
            return None;
        }
        let is_as_large = are_alike(input, output);
        for (place, (&told, &colour)) in draft.cells().iter().zip(output.cells()).enumerate() {
            let besides = if is_as_large { usize::from(input.cells()[place]) } else { COLOURS };
            let counts = &mut counts[usize::from(told) * (COLOURS + 1) + besides];
            let count = &mut counts[usize::from(colour)];
            let this = f64::from(*count) + ADDED[0];
            *count += 1;
            let all = counts.iter().sum::<u32>() - 1;
            bits -= (this / (f64::from(all) + ADDED[1])).log2();
        }
    }
    Some(bits)
}
