//! Shows groups with their digit matrices: as text in ARC's colours, CSV, NPY and a picture.
//!
//! In: titles, keywords and [`DigitMatrix`]es. Out: text or the bytes of a file, the same for the same groups.

use super::canvas::{CAPTION, Canvas, DOT, INK_LINE, INK_TEXT};
use super::palette::{colour_of, is_dark};
use super::printable;
use super::sheet::{sheet, text_cell};
use super::terminal::Style;
use crate::latent::DigitMatrix;
use crate::latent::digits::{CELLS, SIDE};
use npyz::{WriteOptions, WriterBuilder};
use std::fmt::Write;
use thiserror::Error;

/// What is shown of a group.
#[derive(Clone, Debug)]
pub struct MatrixPanel<'a> {
    /// Its title, on one line.
    pub title: &'a str,
    /// Its keywords.
    pub keywords: &'a [String],
    /// Its digits.
    pub matrix: DigitMatrix,
}

/// A picture of matrices could not be made.
#[derive(Debug, Error)]
pub enum MatrixPictureError {
    /// The PNG could not be encoded.
    #[error("cannot encode the picture of {count} matrices: {source}")]
    Encoding {
        /// How many there are.
        count: usize,
        /// What the encoder said.
        source: png::EncodingError,
    },
}

/// A group's title and keywords above its matrix, two characters a cell.
pub fn draw_matrix(number: usize, panel: &MatrixPanel<'_>, style: Style) -> String {
    let keywords = if panel.keywords.is_empty() { String::new() } else { format!("  [{}]", panel.keywords.join(", ")) };
    let mut text = format!("{number}  {}{}\n", printable(panel.title), printable(&keywords));
    for row in panel.matrix.rows() {
        text.push_str("  ");
        for &digit in row {
            match style {
                Style::Plain => {
                    let _ = write!(text, "{digit} ");
                }
                Style::Colour => {
                    let [red, green, blue] = colour_of(digit);
                    let ink = if is_dark([red, green, blue]) { 255 } else { 0 };
                    let _ = write!(text, "\x1b[48;2;{red};{green};{blue};38;2;{ink};{ink};{ink}m{digit} ");
                }
            }
        }
        if style == Style::Colour {
            text.push_str("\x1b[0m");
        }
        let kept = text.trim_end_matches(' ').len();
        text.truncate(kept);
        text.push('\n');
    }
    text
}

/// A line a group: its number, its title, its hundred digits row by row.
pub fn matrices_csv(panels: &[MatrixPanel<'_>]) -> String {
    let cells = (0..CELLS).map(|cell| format!("r{}c{}", cell / SIDE, cell % SIDE));
    let headings: Vec<String> = ["group", "title"].map(String::from).into_iter().chain(cells).collect();
    let row = |(index, panel): (usize, &MatrixPanel<'_>)| {
        let group = [(index + 1).to_string(), text_cell(panel.title).into_owned()];
        group.into_iter().chain(panel.matrix.cells().iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    sheet(&headings, panels.iter().enumerate().map(row))
}

/// A NumPy array of unsigned bytes, (group, row, column).
pub fn matrices_npy(matrices: &[DigitMatrix]) -> Vec<u8> {
    let shape = [matrices.len(), SIDE, SIDE].map(|side| side as u64);
    let mut bytes = Vec::new();
    let writer = WriteOptions::<u8>::new().default_dtype().shape(&shape).writer(&mut bytes).begin_nd();
    let written = writer.and_then(|mut writer| {
        writer.extend(matrices.iter().flat_map(DigitMatrix::cells).copied())?;
        writer.finish()
    });
    written.unwrap_or_else(|error| unreachable!("memory takes all cells: {error}"));
    bytes
}

/// The side of a cell without its line, in pixels, as all lengths below.
const CELL: usize = 12;
/// What is left free between matrices and round the picture.
const GAP: usize = 24;
/// A matrix with the lines round its cells.
const WIDTH: usize = SIDE * (CELL + 1) + 1;
/// Matrices side by side.
const COLUMNS: usize = 8;

/// All matrices in order as a PNG, eight side by side, each below its number.
///
/// # Errors
/// Where the PNG encoder refuses, as for a picture of more rows than the format has.
pub fn matrices_picture(matrices: &[DigitMatrix]) -> Result<Vec<u8>, MatrixPictureError> {
    let columns = matrices.len().clamp(1, COLUMNS);
    let rows = matrices.len().div_ceil(COLUMNS).max(1);
    let height = CAPTION + WIDTH + GAP;
    let mut canvas = Canvas::new(GAP + columns * (WIDTH + GAP), GAP + rows * height);
    for (index, matrix) in matrices.iter().enumerate() {
        let (left, top) = (GAP + index % COLUMNS * (WIDTH + GAP), GAP + index / COLUMNS * height);
        canvas.text(left, top, &(index + 1).to_string(), DOT, INK_TEXT);
        canvas.fill(left, top + CAPTION, WIDTH, WIDTH, INK_LINE);
        for (cell, &digit) in matrix.cells().iter().enumerate() {
            let (row, column) = (cell / SIDE, cell % SIDE);
            let (x, y) = (left + 1 + column * (CELL + 1), top + CAPTION + 1 + row * (CELL + 1));
            canvas.fill(x, y, CELL, CELL, digit);
        }
    }
    canvas.into_png().map_err(|source| MatrixPictureError::Encoding { count: matrices.len(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> DigitMatrix {
        DigitMatrix::from_cells(std::array::from_fn(|cell| (cell % 10) as u8)).unwrap()
    }

    #[test]
    fn text_has_ten_rows_of_ten_digits() {
        let panel = MatrixPanel { title: "A title", keywords: &["word".into()], matrix: matrix() };
        let drawn = draw_matrix(3, &panel, Style::Plain);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!((lines[0], lines[1], lines.len()), ("3  A title  [word]", "  0 1 2 3 4 5 6 7 8 9", 11));
        let coloured = draw_matrix(3, &panel, Style::Colour);
        assert!(coloured.contains("48;2;0;116;217"), "blue for 1");
    }

    #[test]
    fn csv_quotes_titles() {
        let panel = MatrixPanel { title: "say \"a, b\"", keywords: &[], matrix: matrix() };
        let csv = matrices_csv(&[panel]);
        let line = csv.lines().nth(1).unwrap();
        assert!(line.starts_with("1,\"say \"\"a, b\"\"\",0,1,2"), "{line}");
        let panel = MatrixPanel { title: "=1+1", keywords: &[], matrix: matrix() };
        assert!(matrices_csv(&[panel]).contains("\n1,'=1+1,0,1,2"));
    }

    #[test]
    fn npy_is_aligned_and_holds_the_digits() {
        let bytes = matrices_npy(&[matrix(); 3]);
        assert_eq!(bytes.len() % 4, 0);
        let data = bytes.len() - 300;
        assert_eq!(data % 64, 0);
        assert_eq!(bytes[data..data + 12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
        assert!(String::from_utf8_lossy(&bytes[..data]).contains("(3, 10, 10, )"));
    }

    #[test]
    fn the_picture_is_a_png() {
        for count in [0, 1, 9] {
            assert!(matrices_picture(&vec![matrix(); count]).unwrap().starts_with(b"\x89PNG"));
        }
    }
}
