//! Views: coordinate systems that a puzzle can be looked at in.
//!
//! In: a puzzle. Out: every [`View`] that holds for all its train pairs and test inputs, the puzzle in the coordinates of
//! one ([`View::apply`]), and answers back in its own ([`View::undo`]). A view is a hypothesis about what belongs
//! together: cells that a fold lays over one another, or the part of the input that the output speaks of. No network
//! knows of views, and no view knows a puzzle's rule. In all but the identity, all planes of an example have one size.
//!
//! What else is true of all pairs, without a network: the sizes of outputs ([`output_sizes`]), and [`Laws`].

mod division;
mod drafts;
mod fold;
mod laws;
mod objects;
mod sizes;
mod symmetry;
mod window;

#[cfg(test)]
mod tests;

pub use division::{Divided, Division, PartTrait, Source};
pub use drafts::Draft;
pub use fold::{Fold, Way};
pub use laws::Laws;
pub use objects::Trait;
pub use sizes::{Size, output_sizes};
pub use symmetry::Symmetry;
pub use window::{Region, Window};

use crate::data::{Grid, Planes, Puzzle};
use std::fmt;

/// The most grids that a fold makes of one: the network reads them off 16 channels.
const MOST_PARTS: usize = 9;

/// A coordinate system for a puzzle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// The puzzle as it is.
    Identity,
    /// The input's parts lie over one another, and over the output.
    Inputs(Fold),
    /// The output's parts lie over one another, each turned by its symmetry, and over the input.
    Outputs(Fold, Vec<Symmetry>),
    /// The output lies over a window of the input.
    Window(Window),
}

impl View {
    /// All views of a puzzle, the identity first, in a fixed order; none twice under two names.
    pub fn all(puzzle: &Puzzle) -> Vec<Self> {
        let mut views = vec![Self::Identity];
        let mut seen = vec![Planes::from(puzzle)];
        let folds = fold::of_inputs(puzzle).map(Self::Inputs);
        let tiles = fold::of_outputs(puzzle).map(|(fold, symmetries)| Self::Outputs(fold, symmetries));
        for view in folds.chain(tiles).chain(window::all(puzzle).map(Self::Window)) {
            let Some(planes) = view.apply(puzzle) else { continue };
            if !seen.contains(&planes) {
                views.push(view);
                seen.push(planes);
            }
        }
        views
    }

    /// The puzzle in this view's coordinates; none where the view does not hold for it.
    pub fn apply(&self, puzzle: &Puzzle) -> Option<Planes> {
        let inputs = |grid: &Grid| match self {
            Self::Identity | Self::Outputs(..) => Some(vec![grid.clone()]),
            Self::Inputs(fold) => fold.split(grid),
            Self::Window(window) => Some(vec![window.cut(grid)?]),
        };
        let outputs = |grid: &Grid| match self {
            Self::Outputs(fold, symmetries) => {
                let parts = fold.split(grid)?;
                Some(parts.iter().zip(symmetries).map(|(part, symmetry)| symmetry.inverse().turn(part)).collect())
            }
            _ => Some(vec![grid.clone()]),
        };
        let mut train = Vec::new();
        for pair in &puzzle.train {
            let mut grids = inputs(&pair.input)?;
            grids.extend(outputs(&pair.output)?);
            let size = |grid: &Grid| (grid.rows(), grid.columns());
            if *self != Self::Identity && grids.iter().any(|grid| size(grid) != size(&grids[0])) {
                return None;
            }
            train.push(grids);
        }
        let test: Vec<Vec<Grid>> = puzzle.test.iter().map(inputs).collect::<Option<_>>()?;
        let inputs = test.first().map_or(1, Vec::len);
        Some(Planes { inputs, train, test, output_sizes: Vec::new() })
    }

    /// An answer in this view's coordinates, its output planes, back in the puzzle's. The planes have one size.
    pub fn undo(&self, outputs: Vec<Grid>) -> Grid {
        match self {
            Self::Outputs(fold, symmetries) => {
                let parts: Vec<Grid> =
                    outputs.iter().zip(symmetries).map(|(part, symmetry)| symmetry.turn(part)).collect();
                fold.join(&parts)
            }
            _ => outputs.into_iter().next().unwrap_or_else(|| unreachable!("an answer has an output")),
        }
    }
}

/// What it takes to name hypothesis number `number` of `count`, bits: half of what could be is the first, and the others share
/// the rest.
pub fn name_bits(number: usize, count: usize) -> f64 {
    match (number, count) {
        (_, 1) => 0.0,
        (0, _) => 1.0,
        _ => 1.0 + ((count - 1) as f64).log2(),
    }
}

/// The view in words, without the puzzle.
impl fmt::Display for View {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => formatter.write_str("as it is"),
            Self::Inputs(fold) => write!(formatter, "input folded into {fold}"),
            Self::Outputs(fold, _) => write!(formatter, "output folded into {fold}"),
            Self::Window(window) => write!(formatter, "input seen through {window}"),
        }
    }
}
