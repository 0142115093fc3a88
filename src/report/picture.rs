//! Draws a puzzle with its answers as a PNG: train pairs in rows, then each test input with the attempts and the solution.
//!
//! In: a puzzle and attempts. Out: the bytes of a PNG, the same for the same puzzle. Cells have ARC's colours and lines;
//! where the solution is known, a green frame is round each right attempt and a red one round each wrong attempt.

use thiserror::Error;

use super::canvas::{CAPTION, Canvas, DOT, INK_LINE, INK_RIGHT, INK_RULE, INK_TEXT, INK_WRONG};
use super::letters::{GLYPH_ROWS, text_width};
use super::panels::{Panel, Verdict, test_panels, train_panels};
use crate::data::grid::Grid;
use crate::data::puzzle::Puzzle;
use crate::data::submission::Attempts;

/// The side of a cell without its lines, in pixels, as all lengths below.
const CELL: usize = 24;
/// The width of the lines between cells and round a grid.
const LINE: usize = 1;
/// The width of the frame round a judged attempt.
const FRAME: usize = 5;
/// What is left free round the whole picture.
const MARGIN: usize = 28;
/// What is left free between a grid and the one to its right, where an arrow may stand.
const COLUMN_GAP: usize = 60;
/// What is left free between a row of grids and the caption below.
const ROW_GAP: usize = 32;
/// The side of one dot of a letter in the title.
const TITLE_DOT: usize = 3;
/// The title with the space below it.
const TITLE: usize = GLYPH_ROWS * TITLE_DOT + 24;
/// The most pixels of a picture: ARC's largest puzzles have some 20 million.
const MOST_PIXELS: usize = 1 << 28;
/// A longer title is cut off here, in characters.
const TITLE_LIMIT: usize = 32;

/// A picture could not be made.
#[derive(Debug, Error)]
pub enum PictureError {
    /// The puzzle's grids are too large for a picture.
    #[error("puzzle '{puzzle}': its picture would have {width} × {height} pixels, more than {MOST_PIXELS}")]
    TooLarge {
        /// The puzzle's id.
        puzzle: String,
        /// Pixels a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// The PNG could not be encoded.
    #[error("cannot encode the picture of puzzle '{puzzle}': {source}")]
    Encoding {
        /// The puzzle's id.
        puzzle: String,
        /// What the encoder said.
        source: png::EncodingError,
    },
}

/// The puzzle with its answers as the bytes of a PNG: train inputs left and outputs right, one pair a row; then each test
/// input with attempt 1, attempt 2 and, where it is known, the solution.
///
/// # Errors
/// [`PictureError`], where the grids are too large or the PNG encoder refuses: no puzzle within ARC's bounds is known to
/// bring that about.
pub fn puzzle_picture(puzzle: &Puzzle, attempts: &[Attempts]) -> Result<Vec<u8>, PictureError> {
    let (train, tests) = (train_panels(puzzle), test_panels(puzzle, attempts));
    let canvas = draw(&puzzle.id, &train, &tests)?;
    canvas.into_png().map_err(|source| PictureError::Encoding { puzzle: puzzle.id.clone(), source })
}

fn draw(id: &str, train: &[Vec<Panel<'_>>], tests: &[Vec<Panel<'_>>]) -> Result<Canvas, PictureError> {
    let title: String = id.chars().take(TITLE_LIMIT).collect();
    let rows: Vec<&Vec<Panel<'_>>> = train.iter().chain(tests).collect();
    let lefts = column_lefts(&rows);
    let right_edge = |row: &&Vec<Panel<'_>>| {
        let last = row.len().checked_sub(1)?;
        Some(lefts[last] + panel_width(&row[last]))
    };
    let content_right = rows.iter().filter_map(right_edge).max().unwrap_or(MARGIN);
    let title_right = MARGIN + text_width(&title, TITLE_DOT);
    let width = MARGIN + content_right.max(title_right);
    let heights: usize = rows.iter().map(|row| row_height(row) + ROW_GAP).sum();
    let height = 2 * MARGIN + TITLE + heights;

    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(PictureError::TooLarge { puzzle: id.to_owned(), width, height });
    }
    let mut canvas = Canvas::new(width, height);
    canvas.text(MARGIN, MARGIN, &title, TITLE_DOT, INK_TEXT);
    let mut top = MARGIN + TITLE;
    for (index, row) in rows.iter().enumerate() {
        if index == train.len() {
            canvas.fill(MARGIN, top, width - 2 * MARGIN, 2, INK_RULE);
            top += ROW_GAP;
        }
        draw_row(&mut canvas, row, &lefts, top);
        top += row_height(row) + ROW_GAP;
    }
    Ok(canvas)
}

/// Where each column of grids begins: the same for all rows, so that inputs and answers stand below each other.
fn column_lefts(rows: &[&Vec<Panel<'_>>]) -> Vec<usize> {
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let mut lefts = Vec::with_capacity(columns);
    let mut left = MARGIN;
    for column in 0..columns {
        lefts.push(left);
        let in_column = rows.iter().filter_map(|row| row.get(column));
        left += in_column.map(panel_width).max().unwrap_or(0) + COLUMN_GAP;
    }
    lefts
}

fn panel_width(panel: &Panel<'_>) -> usize {
    side(panel.grid.columns()).max(text_width(&panel.full_caption(), DOT))
}

fn row_height(row: &[Panel<'_>]) -> usize {
    let tallest = row.iter().map(|panel| side(panel.grid.rows())).max();
    CAPTION + tallest.unwrap_or(0)
}

/// The length of a grid's side of so many cells, with its lines.
fn side(cells: usize) -> usize {
    cells * (CELL + LINE) + LINE
}

fn draw_row(canvas: &mut Canvas, row: &[Panel<'_>], lefts: &[usize], top: usize) {
    let grid_top = top + CAPTION;
    for (panel, &left) in row.iter().zip(lefts) {
        let ink = match panel.verdict {
            Some(Verdict::Right) => INK_RIGHT,
            Some(Verdict::Wrong) => INK_WRONG,
            None => INK_TEXT,
        };
        canvas.text(left, top, &panel.full_caption(), DOT, ink);
        if panel.verdict.is_some() {
            let (width, height) = (side(panel.grid.columns()), side(panel.grid.rows()));
            canvas.fill(left - FRAME, grid_top - FRAME, width + 2 * FRAME, height + 2 * FRAME, ink);
        }
        draw_grid(canvas, panel.grid, left, grid_top);
    }
    if let ([input, answer, ..], [_, answer_left, ..]) = (row, lefts) {
        let lower = side(input.grid.rows()).min(side(answer.grid.rows()));
        draw_arrow(canvas, answer_left - COLUMN_GAP / 2, grid_top + lower / 2);
    }
}

fn draw_grid(canvas: &mut Canvas, grid: &Grid, left: usize, top: usize) {
    canvas.fill(left, top, side(grid.columns()), side(grid.rows()), INK_LINE);
    for row in 0..grid.rows() {
        for column in 0..grid.columns() {
            canvas.fill(
                left + LINE + column * (CELL + LINE),
                top + LINE + row * (CELL + LINE),
                CELL,
                CELL,
                grid.get(row, column).min(INK_LINE),
            );
        }
    }
}

/// An arrow to the right, centred on the point.
fn draw_arrow(canvas: &mut Canvas, middle: usize, height: usize) {
    const HALF_LENGTH: usize = 12;
    const HEAD: usize = 8;
    let tip = middle + HALF_LENGTH;
    canvas.fill(middle - HALF_LENGTH, height - 1, 2 * HALF_LENGTH - HEAD, 3, INK_TEXT);
    for back in 0..HEAD {
        canvas.fill(tip - back, height - back, 1, 2 * back + 1, INK_TEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{attempts, grid, puzzle};
    use super::super::palette::{PALETTE, RIGHT, Rgb, WRONG};
    use super::*;

    struct Decoded {
        width: usize,
        height: usize,
        pixels: Vec<Rgb>,
    }

    impl Decoded {
        fn count(&self, colour: Rgb) -> usize {
            self.pixels.iter().filter(|&&pixel| pixel == colour).count()
        }
    }

    fn decode(bytes: &[u8]) -> Decoded {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        Decoded { width: info.width as usize, height: info.height as usize, pixels: pixels.as_chunks::<3>().0.to_vec() }
    }

    fn pictured(puzzle: &Puzzle, attempts: &[Attempts]) -> Decoded {
        decode(&puzzle_picture(puzzle, attempts).unwrap())
    }

    #[test]
    fn every_cell_is_drawn_in_its_colour() {
        let decoded = pictured(&puzzle(), &[]);
        assert_eq!(decoded.width * decoded.height, decoded.pixels.len());
        // In the two pairs, the test input and the solution: three cells of colour 3, four of colour 0 in each pair.
        assert_eq!(decoded.count(PALETTE[3]), 2 * CELL * CELL);
        assert_eq!(decoded.count(PALETTE[0]), 10 * CELL * CELL);
        assert_eq!(decoded.count(PALETTE[9]), 2 * CELL * CELL);
    }

    #[test]
    fn frames_show_only_where_the_solution_is_known() {
        let mut puzzle = puzzle();
        let judged = pictured(&puzzle, &attempts());
        assert!(judged.count(RIGHT) > 0 && judged.count(WRONG) > 0);
        puzzle.solutions = None;
        let unjudged = pictured(&puzzle, &attempts());
        assert_eq!(unjudged.count(RIGHT) + unjudged.count(WRONG), 0);
    }

    #[test]
    fn the_largest_and_the_smallest_puzzle_can_be_drawn() {
        let large = grid(&["012345678901234567890123456789"; 30]);
        let mut puzzle = puzzle();
        puzzle.test = vec![large.clone(); 3];
        puzzle.solutions = Some(vec![large.clone(); 3]);
        let answers = Attempts { attempt_1: large.clone(), attempt_2: large };
        let decoded = pictured(&puzzle, &vec![answers; 3]);
        assert!(decoded.width > 4 * side(30));

        puzzle.id = "an id that is far longer than any puzzle's name should be, and odd: ☃".to_owned();
        puzzle.train.clear();
        puzzle.test = vec![grid(&["0"])];
        puzzle.solutions = None;
        assert!(pictured(&puzzle, &[]).width > text_width("TITLE", TITLE_DOT));
    }

    #[test]
    fn the_same_puzzle_gives_the_same_bytes() {
        let bytes = || puzzle_picture(&puzzle(), &attempts()).unwrap();
        assert_eq!(bytes(), bytes());
    }
}
