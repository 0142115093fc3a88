//! A puzzle whose examples may have several inputs and several outputs, as a view makes it of one that has one of each.

use super::grid::Grid;
use super::puzzle::Puzzle;

/// Grids by example and plane. All examples have the same number of inputs, and all train examples of outputs; at least
/// one of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    /// How many planes are inputs; the outputs come after them.
    pub inputs: usize,
    /// For each train pair its inputs, then its outputs.
    pub train: Vec<Vec<Grid>>,
    /// For each test input its inputs.
    pub test: Vec<Vec<Grid>>,
    /// For each test input the size, rows and columns, that a rule gives its outputs; empty where there is no rule.
    pub output_sizes: Vec<(usize, usize)>,
}

impl Planes {
    /// How many planes an example has: inputs and outputs.
    pub fn count(&self) -> usize {
        self.train.first().map_or(self.inputs + 1, Vec::len)
    }

    /// All inputs, train before test.
    pub fn inputs(&self) -> impl Iterator<Item = &Grid> {
        self.train.iter().flat_map(|grids| &grids[..self.inputs]).chain(self.test.iter().flatten())
    }

    /// The outputs of the train pairs.
    pub fn outputs(&self) -> impl Iterator<Item = &Grid> {
        self.train.iter().flat_map(|grids| &grids[self.inputs..])
    }

    /// The same puzzle with the last train pair's outputs hidden: it becomes the first to answer. Gives these outputs,
    /// too; none where it is the only pair.
    pub fn hide_last(&self) -> Option<(Self, Vec<Grid>)> {
        let (last, rest) = self.train.split_last().filter(|(_, rest)| !rest.is_empty())?;
        let (inputs, outputs) = last.split_at(self.inputs);
        let test = std::iter::once(inputs.to_vec()).chain(self.test.iter().cloned()).collect();
        // A rule of sizes holds for every train pair.
        let hidden = (!self.output_sizes.is_empty()).then(|| (outputs[0].rows(), outputs[0].columns()));
        let output_sizes = hidden.into_iter().chain(self.output_sizes.iter().copied()).collect();
        Some((Self { inputs: self.inputs, train: rest.to_vec(), test, output_sizes }, outputs.to_vec()))
    }
}

/// A puzzle as it is: one input and one output.
impl From<&Puzzle> for Planes {
    fn from(puzzle: &Puzzle) -> Self {
        Self {
            inputs: 1,
            train: puzzle.train.iter().map(|pair| vec![pair.input.clone(), pair.output.clone()]).collect(),
            test: puzzle.test.iter().map(|input| vec![input.clone()]).collect(),
            output_sizes: Vec::new(),
        }
    }
}
