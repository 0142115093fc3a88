//! Objects of a grid: connected cells that are not background, and what sets one apart.

use super::symmetry::{Symmetry, from_cells};
use crate::data::{COLOURS, Grid};

/// A set of cells, (row, column), not empty.
pub(super) type Cells = Vec<(usize, usize)>;

/// A rectangle of cells: from the first row and column to before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Rectangle {
    /// What a grid has there.
    pub fn cut(self, grid: &Grid) -> Grid {
        let Self { top, left, bottom, right } = self;
        from_cells(bottom - top, right - left, |row, column| grid.get(top + row, left + column))
    }
}

/// The smallest rectangle around cells.
pub(super) fn box_of(cells: &Cells) -> Rectangle {
    let mut found = Rectangle { top: usize::MAX, left: usize::MAX, bottom: 0, right: 0 };
    for &(row, column) in cells {
        found.top = found.top.min(row);
        found.left = found.left.min(column);
        found.bottom = found.bottom.max(row + 1);
        found.right = found.right.max(column + 1);
    }
    found
}

/// All cells of a grid that hold a colour for which `is_in` is true.
pub(super) fn cells_of(grid: &Grid, is_in: impl Fn(u8) -> bool) -> Cells {
    let places = (0..grid.rows()).flat_map(|row| (0..grid.columns()).map(move |column| (row, column)));
    places.filter(|&(row, column)| is_in(grid.get(row, column))).collect()
}

/// The objects: neighbours that are not background, corners counting as neighbours or not, of one colour each or not.
pub(super) fn objects(grid: &Grid, background: u8, diagonal: bool, one_colour: bool) -> Vec<Cells> {
    let (rows, columns) = (grid.rows(), grid.columns());
    let mut seen: Vec<bool> = grid.cells().iter().map(|&colour| colour == background).collect();
    let mut objects = Vec::new();
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let (mut cells, mut next) = (Vec::new(), vec![start]);
        while let Some(place) = next.pop() {
            let (row, column) = (place / columns, place % columns);
            cells.push((row, column));
            for other_row in row.saturating_sub(1)..rows.min(row + 2) {
                for other_column in column.saturating_sub(1)..columns.min(column + 2) {
                    let other = other_row * columns + other_column;
                    let is_near = diagonal || other_row == row || other_column == column;
                    let is_alike = !one_colour || grid.cells()[other] == grid.cells()[place];
                    if is_near && is_alike && !std::mem::replace(&mut seen[other], true) {
                        next.push(other);
                    }
                }
            }
        }
        objects.push(cells);
    }
    objects
}

/// A number that an object has among the objects of its grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// How many cells it has.
    Cells,
    /// How many cells its box has.
    Area,
    /// How many colours it has.
    Colours,
    /// How many of its cells are not of its commonest colour.
    Spots,
    /// How many objects have its shape.
    Twins,
    /// Under how many of the eight symmetries its shape, with its colours, is the same.
    Symmetries,
}

impl Trait {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Cells, Self::Area, Self::Colours, Self::Spots, Self::Twins, Self::Symmetries];

    /// The number of each object.
    pub(super) fn of(self, grid: &Grid, objects: &[Cells]) -> Vec<usize> {
        let shapes: Vec<Cells> = if self == Self::Twins { objects.iter().map(shape).collect() } else { Vec::new() };
        let count = |cells: &Cells| match self {
            Self::Cells => cells.len(),
            Self::Area => {
                let Rectangle { top, left, bottom, right } = box_of(cells);
                (bottom - top) * (right - left)
            }
            Self::Colours => counts(grid, cells).into_iter().filter(|&count| count > 0).count(),
            Self::Spots => cells.len() - counts(grid, cells).into_iter().max().unwrap_or(0),
            Self::Twins => {
                let own = shape(cells);
                shapes.iter().filter(|other| **other == own).count()
            }
            Self::Symmetries => {
                let alone = alone(grid, cells);
                Symmetry::all().filter(|symmetry| symmetry.turn(&alone) == alone).count()
            }
        };
        objects.iter().map(count).collect()
    }

    /// The one object with the largest number, or the smallest; none where several have it.
    pub(super) fn extreme(self, grid: &Grid, objects: Vec<Cells>, largest: bool) -> Option<Cells> {
        let counts = self.of(grid, &objects);
        only_extreme(&counts, largest).and_then(|index| objects.into_iter().nth(index))
    }
}

/// The place of the largest number, or the smallest; none where several are equal.
pub(super) fn only_extreme(counts: &[usize], largest: bool) -> Option<usize> {
    let most = if largest { counts.iter().max() } else { counts.iter().min() }?;
    let mut places = counts.iter().enumerate().filter(|&(_, count)| count == most).map(|(place, _)| place);
    places.next().filter(|_| places.next().is_none())
}

/// How many cells have each colour.
fn counts(grid: &Grid, cells: &Cells) -> [usize; COLOURS] {
    let mut counts = [0; COLOURS];
    for &(row, column) in cells {
        counts[usize::from(grid.get(row, column))] += 1;
    }
    counts
}

/// The cells from their box's corner on, in order.
pub(super) fn shape(cells: &Cells) -> Cells {
    let Rectangle { top, left, .. } = box_of(cells);
    let mut shape: Cells = cells.iter().map(|(row, column)| (row - top, column - left)).collect();
    shape.sort_unstable();
    shape
}

/// An object in its box, on black.
fn alone(grid: &Grid, cells: &Cells) -> Grid {
    let Rectangle { top, left, bottom, right } = box_of(cells);
    let width = right - left;
    let mut alone = vec![0; (bottom - top) * width];
    for &(row, column) in cells {
        alone[(row - top) * width + column - left] = grid.get(row, column);
    }
    from_cells(bottom - top, width, |row, column| alone[row * width + column])
}
