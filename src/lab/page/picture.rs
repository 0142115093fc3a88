//! Grids as SVG: each different one is drawn once, as a symbol that all its places use.
//!
//! In: grids. Out: symbols, whose colours the page's style gives, and what a place has to say to use one.

use crate::data::Grid;
use serde::Serialize;
use std::collections::HashMap;
use std::fmt::Write;

/// The longest side of a grid on the page, in pixels, and the longest of a cell.
const SIDE: usize = 76;
const CELL: usize = 14;

/// A place where a grid is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Shown {
    /// The symbol's name.
    symbol: String,
    /// Pixels.
    width: usize,
    /// Pixels.
    height: usize,
    /// Cells, for those who cannot see it.
    size: String,
}

/// The symbols of one part of a page.
pub(super) struct Pictures {
    /// What their names begin with.
    prefix: String,
    numbers: HashMap<(usize, Vec<u8>), usize>,
    svg: String,
}

impl Pictures {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, numbers: HashMap::new(), svg: String::new() }
    }

    /// Takes a grid up, if it is not there yet, and says how it is shown.
    pub(super) fn show(&mut self, grid: &Grid) -> Shown {
        let cells = (0..grid.rows()).flat_map(|row| (0..grid.columns()).map(move |column| grid.get(row, column)));
        self.show_cells(cells.collect(), grid.columns())
    }

    /// The same of the cells of a picture, row by row, of so many columns.
    pub(super) fn show_cells(&mut self, cells: Vec<u8>, columns: usize) -> Shown {
        let rows = cells.len() / columns;
        let next = self.numbers.len();
        let (prefix, svg) = (&self.prefix, &mut self.svg);
        let number = *self.numbers.entry((columns, cells)).or_insert_with_key(|(_, cells)| {
            push_symbol(svg, &format!("{prefix}{next}"), cells, columns);
            next
        });
        let cell = (SIDE as f64 / rows.max(columns) as f64).min(CELL as f64);
        let [width, height] = [columns, rows].map(|side| (cell * side as f64).round().max(1.0) as usize);
        Shown { symbol: format!("{prefix}{number}"), width, height, size: format!("{columns} × {rows}") }
    }

    /// All symbols.
    pub(super) fn into_svg(self) -> String {
        self.svg
    }
}

/// The ground in the commonest colour, over it the runs of each other colour as strokes one cell wide, over these the lines.
fn push_symbol(svg: &mut String, name: &str, cells: &[u8], columns: usize) {
    let rows = cells.len() / columns;
    let mut counts = [0; 256];
    for &cell in cells {
        counts[usize::from(cell)] += 1;
    }
    let ground = (0..=u8::MAX).max_by_key(|&cell| counts[usize::from(cell)]).unwrap_or(0);
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<symbol id=\"{name}\" viewBox=\"0 0 {columns} {rows}\"><path class=\"f{ground}\" d=\"M0 0h{columns}v{rows}H0z\"/>"
    );
    for colour in (0..=u8::MAX).filter(|&colour| colour != ground && counts[usize::from(colour)] > 0) {
        let _ = write!(svg, "<path class=\"s{colour}\" d=\"");
        for (row, cells) in cells.chunks(columns).enumerate() {
            let mut column = 0;
            for run in cells.chunk_by(|one, other| one == other) {
                if run[0] == colour {
                    let _ = write!(svg, "M{column} {row}.5h{}", run.len());
                }
                column += run.len();
            }
        }
        svg.push_str("\"/>");
    }
    // A line as thick as the picture, cut into dashes: that is all lines across it at once.
    let (middle_row, middle_column) = (rows as f64 / 2.0, columns as f64 / 2.0);
    let _ = write!(
        svg,
        "<path class=\"l\" stroke-width=\"{rows}\" d=\"M0 {middle_row}h{columns}\"/>\
         <path class=\"l\" stroke-width=\"{columns}\" d=\"M{middle_column} 0v{rows}\"/></symbol>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples::grid;

    #[test]
    fn a_grid_is_drawn_once_and_every_cell_in_its_colour() {
        let mut pictures = Pictures::new("g".into());
        let shown = pictures.show(&grid(&["0011", "0010"]));
        assert_eq!((shown.width, shown.height, shown.size.as_str()), (56, 28, "4 × 2"));
        assert_eq!(pictures.show(&grid(&["0011", "0010"])), shown);
        assert_ne!(pictures.show(&grid(&["00110010"])).symbol, shown.symbol, "the same cells in another form");
        let svg = pictures.into_svg();
        assert_eq!(svg.matches("<symbol").count(), 2);
        let (first, _) = svg.split_once("</symbol>").unwrap();
        assert!(
            first.contains("<path class=\"f0\" d=\"M0 0h4v2H0z\"/><path class=\"s1\" d=\"M2 0.5h2M2 1.5h1\"/>"),
            "{first}"
        );
    }

    #[test]
    fn large_grids_are_shown_small_and_stay_whole() {
        let mut pictures = Pictures::new("g".into());
        let shown = pictures.show(&grid(&["0"; 30]));
        assert_eq!((shown.width, shown.height), (3, 76));
        assert_eq!(pictures.show_cells(vec![1; 1000], 1000).height, 1);
    }
}
