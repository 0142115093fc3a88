//! What one puzzle asks of the network: sizes, masks and targets.
//!
//! In: a puzzle (its solutions are not looked at). Out: a [`Plan`], all that an engine and the objective need to know.
//! Source: the public CompressARC code, `preprocessing.py`.

use super::axes::{Axes, Axis, DIRECTIONS};
use crate::data::{Grid, Planes, Puzzle};

/// Whether a grid is the input or the output of its example, in a puzzle as it is; the number is the plane's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Mode {
    /// The given grid.
    Input = 0,
    /// The grid that the rule makes of it.
    Output = 1,
}

/// Both modes, in the order of the network's last axis, the planes.
pub const MODES: [Mode; 2] = [Mode::Input, Mode::Output];

/// Lengths of the axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// Train and test pairs.
    pub examples: usize,
    /// Colours of the puzzle, black left out.
    pub colours: usize,
    /// Rows of the canvas: of the tallest grid, known or by rule.
    pub rows: usize,
    /// Columns of the canvas: of the widest grid, known or by rule.
    pub columns: usize,
    /// Grids of an example: its input and its output, or more where a view has folded one of them.
    pub planes: usize,
}

impl Dimensions {
    /// Length of one axis.
    pub fn length(&self, axis: Axis) -> usize {
        match axis {
            Axis::Example => self.examples,
            Axis::Colour => self.colours,
            Axis::Direction => DIRECTIONS,
            Axis::Row => self.rows,
            Axis::Column => self.columns,
        }
    }

    /// Lengths of a tensor's axes, in canonical order, channels left out.
    pub fn shape(&self, axes: Axes) -> Vec<usize> {
        axes.iter().map(|axis| self.length(axis)).collect()
    }

    /// Positions of a tensor, channels left out.
    pub fn positions(&self, axes: Axes) -> usize {
        self.shape(axes).iter().product()
    }
}

/// One puzzle as the network sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Lengths of the axes.
    pub dimensions: Dimensions,
    /// Examples whose output is known; the test inputs come after them.
    pub train: usize,
    /// How many of an example's planes are inputs; the outputs come after them.
    pub inputs: usize,
    /// The colours of the puzzle, ascending, black first: palette\[i\] is the colour of index i.
    pub palette: Vec<u8>,
    /// (rows, columns) of each example's planes; of a test output, what is known of it or the canvas.
    pub sizes: Vec<Vec<(usize, usize)>>,
    /// Whether a grid's size follows from the train pairs, by plane.
    pub size_known: Vec<bool>,
    /// Whether a test output has the size in `sizes` (else it may be any size that the canvas holds).
    pub output_size_known: bool,
    /// For each example and plane the grid's palette indices, row-major; none for a test output.
    pub targets: Vec<Vec<Option<Vec<u8>>>>,
}

impl Plan {
    /// Makes the plan of a puzzle as it is.
    pub fn new(puzzle: &Puzzle) -> Self {
        Self::of(&Planes::from(puzzle))
    }

    /// Makes the plan of a puzzle whose examples may have several inputs and outputs.
    pub fn of(planes: &Planes) -> Self {
        let size = |grid: &Grid| (grid.rows(), grid.columns());
        let inputs: Vec<&Grid> = planes.inputs().collect();
        let outputs: Vec<&Grid> = planes.outputs().collect();

        let same_size = planes.train.iter().all(|grids| grids.iter().all(|grid| size(grid) == size(&grids[0])));
        let inputs_alike = inputs.iter().all(|grid| size(grid) == size(inputs[0]));
        let outputs_alike = outputs.iter().all(|grid| size(grid) == size(outputs[0]));
        let by_rule = if same_size || outputs_alike { &[][..] } else { &planes.output_sizes };
        let largest = |side: fn(&(usize, usize)) -> usize| {
            let all = inputs.iter().chain(&outputs).map(|grid| size(grid)).chain(by_rule.iter().copied());
            all.map(|size| side(&size)).max().unwrap_or(1)
        };
        let (rows, columns) = (largest(|size| size.0), largest(|size| size.1));
        let output_of_test = |test: usize| match () {
            () if same_size => size(&planes.test[test][0]),
            () if outputs_alike => size(outputs[0]),
            () => by_rule.get(test).copied().unwrap_or((rows, columns)),
        };
        let examples = || planes.train.iter().chain(&planes.test);
        let sizes = examples()
            .enumerate()
            .map(|(example, grids)| {
                let unknown = || output_of_test(example - planes.train.len());
                (0..planes.count()).map(|plane| grids.get(plane).map_or_else(unknown, size)).collect()
            })
            .collect();

        let palette = palette(inputs.iter().chain(&outputs).copied());
        let indices = |grid: &Grid| -> Vec<u8> {
            let index = |colour| palette.iter().position(|&known| known == colour).unwrap_or(0) as u8;
            grid.cells().iter().map(|&colour| index(colour)).collect()
        };
        let targets =
            examples().map(|grids| (0..planes.count()).map(|plane| grids.get(plane).map(indices)).collect()).collect();
        let outputs_known = same_size || outputs_alike || !by_rule.is_empty();
        let size_known = |plane| if plane < planes.inputs { same_size || inputs_alike } else { outputs_known };

        Self {
            dimensions: Dimensions {
                examples: examples().count(),
                colours: palette.len() - 1,
                rows,
                columns,
                planes: planes.count(),
            },
            train: planes.train.len(),
            inputs: planes.inputs,
            palette,
            sizes,
            size_known: (0..planes.count()).map(size_known).collect(),
            output_size_known: outputs_known,
            targets,
        }
    }

    /// How many test inputs there are.
    pub fn tests(&self) -> usize {
        self.dimensions.examples - self.train
    }

    /// Which cells lie in any of an example's planes, (example, row, column), 1 where they do.
    pub fn in_bounds(&self) -> Vec<f32> {
        let Dimensions { examples, rows, columns, .. } = self.dimensions;
        let mut mask = vec![0.0; examples * rows * columns];
        for (example, sizes) in self.sizes.iter().enumerate() {
            for &(height, width) in sizes {
                for row in 0..height {
                    let start = (example * rows + row) * columns;
                    mask[start..start + width].fill(1.0);
                }
            }
        }
        mask
    }

    /// Which rows (or columns) can be part of an example's grids at all: those within the largest.
    pub fn extent(&self, example: usize) -> (usize, usize) {
        self.sizes[example].iter().fold((0, 0), |most, size| (most.0.max(size.0), most.1.max(size.1)))
    }

    /// The grids that the reconstruction has to explain: (example, plane, size, palette indices).
    pub fn known_grids(&self) -> impl Iterator<Item = (usize, usize, (usize, usize), &[u8])> {
        self.targets.iter().enumerate().flat_map(move |(example, targets)| {
            targets.iter().enumerate().filter_map(move |(plane, target)| {
                Some((example, plane, self.sizes[example][plane], target.as_deref()?))
            })
        })
    }
}

/// The colours in use, ascending, with black; at least two, so that the colour axis is never empty.
fn palette<'a>(grids: impl Iterator<Item = &'a Grid>) -> Vec<u8> {
    let mut seen = [false; crate::data::COLOURS];
    seen[0] = true;
    for grid in grids {
        for &colour in grid.cells() {
            seen[usize::from(colour)] = true;
        }
    }
    if seen.iter().filter(|&&used| used).count() == 1 {
        seen[1] = true;
    }
    (0u8..).zip(seen).filter_map(|(colour, used)| used.then_some(colour)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pair;

    fn grid(rows: usize, columns: usize, colour: u8) -> Grid {
        Grid::new(rows, columns, vec![colour; rows * columns]).unwrap()
    }

    fn puzzle(sizes: &[[(usize, usize); 2]], test: (usize, usize)) -> Puzzle {
        let train = sizes
            .iter()
            .map(|&[input, output]| Pair { input: grid(input.0, input.1, 3), output: grid(output.0, output.1, 7) })
            .collect();
        Puzzle { id: "p".into(), train, test: vec![grid(test.0, test.1, 3)], solutions: None }
    }

    #[test]
    fn sizes_follow_from_the_train_pairs() {
        let same = Plan::new(&puzzle(&[[(2, 3), (2, 3)], [(4, 1), (4, 1)]], (5, 5)));
        assert!(same.output_size_known && same.sizes[2][1] == (5, 5));
        let alike = Plan::new(&puzzle(&[[(2, 3), (1, 1)], [(4, 1), (1, 1)]], (5, 5)));
        assert!(alike.output_size_known && alike.sizes[2][1] == (1, 1));
        assert_eq!(alike.size_known, [false, true]);
        let unknown = Plan::new(&puzzle(&[[(2, 3), (1, 1)], [(4, 1), (6, 1)]], (5, 5)));
        assert!(!unknown.output_size_known && unknown.sizes[2][1] == (6, 5));
    }

    #[test]
    fn a_rule_s_sizes_are_known_and_the_canvas_holds_them() {
        let varied = puzzle(&[[(2, 3), (1, 1)], [(4, 1), (6, 1)]], (5, 5));
        let plan = Plan::of(&Planes { output_sizes: vec![(3, 9)], ..Planes::from(&varied) });
        assert!(plan.output_size_known && plan.sizes[2][1] == (3, 9) && plan.size_known == [false, true]);
        assert_eq!((plan.dimensions.rows, plan.dimensions.columns), (6, 9));
        let alike = puzzle(&[[(2, 3), (1, 1)], [(4, 1), (1, 1)]], (5, 5));
        let plan = Plan::of(&Planes { output_sizes: vec![(3, 9)], ..Planes::from(&alike) });
        assert_eq!(plan, Plan::new(&alike), "where all outputs have one size there is no other rule");
    }

    #[test]
    fn the_palette_has_black_and_another_colour() {
        let plan = Plan::new(&puzzle(&[[(1, 1), (1, 1)]], (1, 1)));
        assert_eq!(plan.palette, [0, 3, 7]);
        assert_eq!(palette([grid(1, 1, 0)].iter()), [0, 1]);
    }

    #[test]
    fn bounds_are_the_union_of_input_and_output() {
        let plan = Plan::new(&puzzle(&[[(1, 2), (2, 1)]], (1, 2)));
        assert_eq!(&plan.in_bounds()[..4], [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(plan.known_grids().count(), 3);
    }
}
