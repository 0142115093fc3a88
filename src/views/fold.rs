//! Folds: a grid's equal parts, laid over one another.

use super::MOST_PARTS;
use super::symmetry::{Symmetry, from_cells};
use crate::data::{Grid, Puzzle};
use std::fmt;

/// The widest line between panels.
const WIDEST_GAP: usize = 2;

/// How a grid is cut into rows × columns parts of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Parts from top to bottom, or rows of a block.
    pub rows: usize,
    /// Parts from left to right, or columns of a block.
    pub columns: usize,
    /// What a part is.
    pub way: Way,
}

/// What a part of a grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A panel: neighbouring cells. Lines of `gap` cells lie between panels, and around all with a border.
    Panels {
        /// Width of the lines, in cells.
        gap: usize,
        /// Whether there are lines around, too.
        border: bool,
    },
    /// The cells with one place in their block of rows × columns cells, one a block.
    Blocks,
}

/// How a part's cells lie along one side of the whole.
struct Side {
    /// Cells of a part.
    length: usize,
    /// Where the first part begins.
    start: usize,
    /// From a part to the next.
    part: usize,
    /// From a cell of a part to the next.
    cell: usize,
}

impl Side {
    /// A side of `whole` cells in `parts` parts; none where it can't be cut so.
    fn new(whole: usize, parts: usize, way: Way) -> Option<Self> {
        let (gap, edge) = match way {
            Way::Panels { gap, border } => (gap, if border { gap } else { 0 }),
            Way::Blocks => (0, 0),
        };
        let cells = whole.checked_sub((parts - 1) * gap + 2 * edge)?;
        let length = cells / parts;
        if cells % parts != 0 || length == 0 {
            return None;
        }
        let (part, cell) = if way == Way::Blocks { (1, parts) } else { (length + gap, 1) };
        Some(Self { length, start: edge, part, cell })
    }

    fn at(&self, part: usize, cell: usize) -> usize {
        self.start + part * self.part + cell * self.cell
    }

    /// Whether a cell lies in no part.
    fn is_line(&self, cell: usize, parts: usize) -> bool {
        self.cell == 1 && !(0..parts).any(|part| (self.at(part, 0)..self.at(part, self.length)).contains(&cell))
    }
}

impl Fold {
    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.rows * self.columns
    }

    fn sides(&self, grid: &Grid) -> Option<(Side, Side)> {
        Some((Side::new(grid.rows(), self.rows, self.way)?, Side::new(grid.columns(), self.columns, self.way)?))
    }

    /// The parts, row by row; none where the grid can't be cut so, or its lines have more than one colour.
    pub fn split(&self, grid: &Grid) -> Option<Vec<Grid>> {
        let (rows, columns) = self.sides(grid)?;
        let is_line = |row, column| rows.is_line(row, self.rows) || columns.is_line(column, self.columns);
        let cells = (0..grid.rows()).flat_map(|row| (0..grid.columns()).map(move |column| (row, column)));
        let mut lines = cells.filter(|&(row, column)| is_line(row, column)).map(|(row, column)| grid.get(row, column));
        if let Some(first) = lines.next()
            && lines.any(|colour| colour != first)
        {
            return None;
        }
        let part = |index: usize| {
            let (down, right) = (index / self.columns, index % self.columns);
            from_cells(rows.length, columns.length, |row, column| {
                grid.get(rows.at(down, row), columns.at(right, column))
            })
        };
        Some((0..self.parts()).map(part).collect())
    }

    /// The whole of parts of one size, without lines: what [`Fold::split`] undoes.
    pub fn join(&self, parts: &[Grid]) -> Grid {
        let (high, wide) = (parts[0].rows(), parts[0].columns());
        from_cells(high * self.rows, wide * self.columns, |row, column| {
            let (down, row, right, column) = match self.way {
                Way::Panels { .. } => (row / high, row % high, column / wide, column % wide),
                Way::Blocks => (row % self.rows, row / self.rows, column % self.columns, column / self.columns),
            };
            parts[down * self.columns + right].get(row, column)
        })
    }

    /// All that could be, in a fixed order.
    fn all() -> impl Iterator<Item = Self> {
        let counts = || (1..=MOST_PARTS).flat_map(|rows| (1..=MOST_PARTS / rows).map(move |columns| (rows, columns)));
        let gaps = (0..=WIDEST_GAP).flat_map(|gap| [false, true].map(|border| (gap, border)));
        let ways = gaps.filter(|&(gap, border)| gap > 0 || !border).map(|(gap, border)| Way::Panels { gap, border });
        ways.chain([Way::Blocks])
            .flat_map(move |way| counts().map(move |(rows, columns)| Self { rows, columns, way }))
            .filter(|fold| fold.parts() > 1)
    }
}

/// The folds of all inputs whose parts have the outputs' sizes.
pub(super) fn of_inputs(puzzle: &Puzzle) -> impl Iterator<Item = Fold> {
    Fold::all().filter(|fold| {
        let fits = |input: &Grid, output: &Grid| {
            let sides = fold.sides(input);
            sides.is_some_and(|(rows, columns)| (rows.length, columns.length) == (output.rows(), output.columns()))
        };
        puzzle.train.iter().all(|pair| fits(&pair.input, &pair.output))
            && puzzle.test.iter().all(|input| fold.split(input).is_some())
    })
}

/// The folds of all outputs whose parts have the inputs' sizes, and the symmetry that makes each part most like the input.
pub(super) fn of_outputs(puzzle: &Puzzle) -> impl Iterator<Item = (Fold, Vec<Symmetry>)> {
    let plain = |fold: &Fold| matches!(fold.way, Way::Blocks | Way::Panels { gap: 0, .. });
    Fold::all().filter(plain).filter_map(|fold| {
        let fits = |input: &Grid, output: &Grid| {
            (input.rows() * fold.rows, input.columns() * fold.columns) == (output.rows(), output.columns())
        };
        if !puzzle.train.iter().all(|pair| fits(&pair.input, &pair.output)) {
            return None;
        }
        let parts: Vec<Vec<Grid>> = puzzle.train.iter().map(|pair| fold.split(&pair.output)).collect::<Option<_>>()?;
        Some((fold, (0..fold.parts()).map(|part| likest(puzzle, |pair| &parts[pair][part])).collect()))
    })
}

/// The symmetry by which the inputs turn into most cells of the parts; of equals the first. Only those that keep all
/// inputs' sizes, tests' included.
fn likest<'a>(puzzle: &'a Puzzle, part: impl Fn(usize) -> &'a Grid) -> Symmetry {
    let inputs = puzzle.train.iter().map(|pair| &pair.input).chain(&puzzle.test);
    let all_square = inputs.clone().all(|input| input.rows() == input.columns());
    let alike = |symmetry: Symmetry| -> usize {
        let pairs = puzzle.train.iter().enumerate();
        pairs
            .map(|(index, pair)| {
                let turned = symmetry.turn(&pair.input);
                turned.cells().iter().zip(part(index).cells()).filter(|(a, b)| a == b).count()
            })
            .sum()
    };
    let mut best = (None, 0);
    for symmetry in Symmetry::all().filter(|symmetry| all_square || !symmetry.transpose) {
        let count = alike(symmetry);
        if best.0.is_none() || count > best.1 {
            best = (Some(symmetry), count);
        }
    }
    best.0.unwrap_or_else(|| unreachable!("the identity is among them"))
}

/// The fold in words.
impl fmt::Display for Fold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, columns, way } = self;
        match way {
            Way::Panels { gap: 0, .. } => write!(formatter, "{rows} × {columns} panels"),
            Way::Panels { gap, border } => {
                let around = if *border { " and around" } else { "" };
                write!(formatter, "{rows} × {columns} panels with lines of {gap} between{around}")
            }
            Way::Blocks => write!(formatter, "blocks of {rows} × {columns}"),
        }
    }
}
