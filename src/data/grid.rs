//! A grid of an ARC puzzle: what a cell may hold.
//!
//! In go rows of colours, out comes a [`Grid`] that is known to be rectangular, with a cell at least, and with every
//! colour below [`COLOURS`]. The rooms below rely on that and check nothing again. How large a grid may be is a question of
//! memory, which whoever fits it has to ask; ARC's own have sides of up to [`ARC_SIDE`].

use super::describe::describe;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

/// The most rows, and the most columns, that ARC's own grids have.
pub const ARC_SIDE: usize = 30;

/// How many colours there are: a cell holds `0..COLOURS`.
pub const COLOURS: usize = 10;

/// A way in which rows of colours fail to be a grid. Rows and columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GridError {
    /// What should be an array of rows is something else.
    #[error("a grid is an array of rows, not {found}")]
    NotAnArray {
        /// What is there instead.
        found: String,
    },
    /// What should be a row, an array of colours, is something else.
    #[error("row {row} is {found}; a row is an array of colours")]
    RowNotAnArray {
        /// The first such row.
        row: usize,
        /// What is there instead.
        found: String,
    },
    /// There are no rows.
    #[error("the grid has no rows; give it at least one")]
    NoRows,
    /// The rows have no cells.
    #[error("row {row} is empty; give it at least one cell")]
    EmptyRow {
        /// The first row without cells.
        row: usize,
    },
    /// Two rows differ in length.
    #[error("row {row} is {found} long and row 1 is {expected} long; make all rows equally long")]
    Ragged {
        /// The first row that differs from row 1.
        row: usize,
        /// The length of row 1.
        expected: usize,
        /// The length of this row.
        found: usize,
    },
    /// A cell's colour is not in `0..COLOURS`.
    #[error("row {row}, column {column} holds {colour}; a colour is a whole number from 0 to 9")]
    Colour {
        /// The cell's row.
        row: usize,
        /// The cell's column.
        column: usize,
        /// The value at fault, as JSON writes it.
        colour: String,
    },
    /// The number of cells is not rows × columns.
    #[error("{cells} cells do not fill {rows} rows of {columns} columns")]
    CellCount {
        /// How many rows were asked for.
        rows: usize,
        /// How many columns were asked for.
        columns: usize,
        /// How many cells were given.
        cells: usize,
    },
}

/// A rectangle of colours, `rows` × `columns`, row by row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grid {
    rows: usize,
    columns: usize,
    cells: Vec<u8>,
}

impl Grid {
    /// Makes a grid of `cells`, given row by row: the cell at (row, column) is `cells[row * columns + column]`.
    ///
    /// # Errors
    /// A side that is 0, a number of cells that is not rows × columns, a colour of 10 or more.
    pub fn new(rows: usize, columns: usize, cells: Vec<u8>) -> Result<Self, GridError> {
        if rows == 0 {
            return Err(GridError::NoRows);
        }
        if columns == 0 {
            return Err(GridError::EmptyRow { row: 1 });
        }
        if rows.checked_mul(columns) != Some(cells.len()) {
            return Err(GridError::CellCount { rows, columns, cells: cells.len() });
        }
        if let Some(index) = cells.iter().position(|&colour| usize::from(colour) >= COLOURS) {
            return Err(GridError::Colour {
                row: index / columns + 1,
                column: index % columns + 1,
                colour: cells[index].to_string(),
            });
        }
        Ok(Self { rows, columns, cells })
    }

    /// Makes a grid of rows of colours.
    ///
    /// # Errors
    /// As [`Grid::new`], and rows that differ in length. A row's own fault is told before a difference between rows.
    pub fn from_rows(rows: &[Vec<u8>]) -> Result<Self, GridError> {
        let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
        let columns = check_shape(&lengths)?;
        Self::new(rows.len(), columns, rows.concat())
    }

    /// Makes a grid of nested JSON arrays, `[[colour, …], …]`.
    ///
    /// # Errors
    /// As [`Grid::from_rows`], and values that are not arrays or not whole numbers.
    pub(super) fn from_value(value: &Value) -> Result<Self, GridError> {
        let rows = value.as_array().ok_or_else(|| GridError::NotAnArray { found: describe(value) })?;
        let rows = rows
            .iter()
            .enumerate()
            .map(|(index, row)| {
                row.as_array().ok_or_else(|| GridError::RowNotAnArray { row: index + 1, found: describe(row) })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let columns = check_shape(&lengths)?;
        let mut cells = Vec::with_capacity(rows.len() * columns);
        for (row, values) in rows.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                match value.as_u64() {
                    Some(colour) if colour < COLOURS as u64 => cells.push(colour as u8),
                    _ => {
                        return Err(GridError::Colour { row: row + 1, column: column + 1, colour: describe(value) });
                    }
                }
            }
        }
        Self::new(rows.len(), columns, cells)
    }

    /// How many rows there are; at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are; at least 1.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many cells have each colour.
    pub fn colour_counts(&self) -> [usize; COLOURS] {
        let mut counts = [0; COLOURS];
        self.cells.iter().for_each(|&colour| counts[usize::from(colour)] += 1);
        counts
    }

    /// All colours, row by row; `rows × columns` of them.
    pub fn cells(&self) -> &[u8] {
        &self.cells
    }

    /// The colour at (row, column), both counted from 0.
    ///
    /// # Panics
    /// When the cell lies outside the grid.
    pub fn get(&self, row: usize, column: usize) -> u8 {
        assert!(
            row < self.rows && column < self.columns,
            "cell ({row}, {column}) lies outside a grid of {} × {}",
            self.rows,
            self.columns
        );
        self.cells[row * self.columns + column]
    }

    /// The colours as rows.
    pub fn to_rows(&self) -> Vec<Vec<u8>> {
        self.cells.chunks_exact(self.columns).map(<[u8]>::to_vec).collect()
    }
}

/// Checks the lengths of a grid's rows and returns how many columns it has.
///
/// # Errors
/// No rows, an empty row, rows that differ in length.
fn check_shape(lengths: &[usize]) -> Result<usize, GridError> {
    let Some(&columns) = lengths.first() else {
        return Err(GridError::NoRows);
    };
    if let Some(index) = lengths.iter().position(|&length| length == 0) {
        return Err(GridError::EmptyRow { row: index + 1 });
    }
    match lengths.iter().position(|&length| length != columns) {
        Some(index) => Err(GridError::Ragged { row: index + 1, expected: columns, found: lengths[index] }),
        None => Ok(columns),
    }
}

impl<'de> Deserialize<'de> for Grid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_rows(&Vec::<Vec<u8>>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A grid is written as an array of rows, each an array of colours, as in ARC's own files.
impl Serialize for Grid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.cells.chunks_exact(self.columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_rows_and_cells_in_order() {
        let grid = Grid::from_rows(&[vec![1, 2, 3], vec![4, 5, 6]]).unwrap();
        assert_eq!((grid.rows(), grid.columns()), (2, 3));
        assert_eq!(grid.cells(), [1, 2, 3, 4, 5, 6]);
        assert_eq!((grid.get(0, 2), grid.get(1, 0)), (3, 4));
        assert_eq!(grid.to_rows(), [[1, 2, 3], [4, 5, 6]]);
        assert_eq!(Grid::new(2, 3, vec![1, 2, 3, 4, 5, 6]).unwrap(), grid);
    }

    #[test]
    fn is_written_as_nested_arrays() {
        let grid = Grid::from_rows(&[vec![0, 9], vec![3, 4]]).unwrap();
        assert_eq!(serde_json::to_string(&grid).unwrap(), "[[0,9],[3,4]]");
    }

    #[test]
    fn accepts_sides_of_any_length() {
        assert!(Grid::new(1, 1, vec![0]).is_ok());
        assert!(Grid::new(30, 30, vec![9; 900]).is_ok());
        assert!(Grid::from_rows(&[vec![9; 93]]).is_ok());
        assert!(Grid::from_rows(&vec![vec![0]; 1000]).is_ok());
    }

    #[test]
    fn reads_nested_arrays_and_names_the_value_at_fault() {
        let grid = Grid::from_value(&json!([[1, 2], [3, 4]])).unwrap();
        assert_eq!(grid.cells(), [1, 2, 3, 4]);
        for (value, message) in [
            (json!(7), "not 7"),
            (json!([1, 2]), "row 1 is 1;"),
            (json!([[1], null]), "row 2 is null;"),
            (json!([[1, 10]]), "row 1, column 2 holds 10;"),
            (json!([[1], [-1]]), "row 2, column 1 holds -1;"),
            (json!([[1.5]]), "holds 1.5;"),
            (json!([["a"]]), "holds \"a\";"),
            (json!([[[1]]]), "holds an array;"),
        ] {
            let error = Grid::from_value(&value).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_not_a_grid() {
        let cases = [
            (vec![], GridError::NoRows),
            (vec![vec![]], GridError::EmptyRow { row: 1 }),
            (vec![vec![1], vec![]], GridError::EmptyRow { row: 2 }),
            (vec![vec![1, 2], vec![3]], GridError::Ragged { row: 2, expected: 2, found: 1 }),
            (vec![vec![1, 2], vec![3, 10]], GridError::Colour { row: 2, column: 2, colour: "10".to_owned() }),
        ];
        for (rows, expected) in cases {
            assert_eq!(Grid::from_rows(&rows), Err(expected));
        }
        assert_eq!(Grid::new(2, 2, vec![0; 3]), Err(GridError::CellCount { rows: 2, columns: 2, cells: 3 }));
        let (rows, columns) = (usize::MAX, usize::MAX);
        assert_eq!(Grid::new(rows, columns, vec![1]), Err(GridError::CellCount { rows, columns, cells: 1 }));
        assert_eq!(Grid::new(0, 2, vec![]), Err(GridError::NoRows));
        assert_eq!(Grid::new(1, 0, vec![]), Err(GridError::EmptyRow { row: 1 }));
    }
}
