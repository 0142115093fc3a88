//! The eight symmetries of a square, on grids.

use crate::data::Grid;

/// One of the eight: transposed or not, then mirrored in either direction or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symmetry {
    /// Whether rows and columns are exchanged, before the rest.
    pub transpose: bool,
    /// Whether the rows are reversed.
    pub flip_rows: bool,
    /// Whether the columns are reversed.
    pub flip_columns: bool,
}

impl Symmetry {
    /// All eight, the identity first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..8u8).map(|bits| Self { transpose: bits & 4 != 0, flip_rows: bits & 1 != 0, flip_columns: bits & 2 != 0 })
    }

    /// What undoes it.
    #[must_use]
    pub fn inverse(self) -> Self {
        let Self { transpose, flip_rows, flip_columns } = self;
        if transpose { Self { transpose, flip_rows: flip_columns, flip_columns: flip_rows } } else { self }
    }

    /// The grid turned by it.
    pub fn turn(self, grid: &Grid) -> Grid {
        let (rows, columns) = (grid.rows(), grid.columns());
        let (rows, columns) = if self.transpose { (columns, rows) } else { (rows, columns) };
        from_cells(rows, columns, |row, column| {
            let row = if self.flip_rows { rows - 1 - row } else { row };
            let column = if self.flip_columns { columns - 1 - column } else { column };
            if self.transpose { grid.get(column, row) } else { grid.get(row, column) }
        })
    }
}

/// The grid of these sides, at least 1, whose cells `cell` gives by (row, column).
pub(super) fn from_cells(rows: usize, columns: usize, cell: impl Fn(usize, usize) -> u8) -> Grid {
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let cells = cells.map(|(row, column)| cell(row, column)).collect();
    Grid::new(rows, columns, cells).unwrap_or_else(|error| unreachable!("cells of grids: {error}"))
}
