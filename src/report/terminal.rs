//! Draws a puzzle with its answers as text: train pairs first, then each test input with the attempts and the solution.
//!
//! In: a puzzle, attempts, a style and the terminal's width. Out: lines for the terminal, two characters a cell.
//! In colour every cell has its ARC colour behind a faint digit: the digit shows where cells end, tells the grid from a
//! terminal of the same colour, and survives copying; without colour the digits stand alone.

use std::ffi::OsStr;
use std::fmt::Write;
use std::io::IsTerminal;

use super::palette::{Rgb, colour_of, is_dark};
use super::panels::{Panel, Verdict, test_panels, train_panels};
use super::printable;
use crate::data::grid::Grid;
use crate::data::puzzle::Puzzle;
use crate::data::submission::Attempts;

/// How much of white (on dark cells) or black (on light ones) is mixed into a cell's colour to draw its digit, in percent.
const DIGIT_CONTRAST_PERCENT: u16 = 35;

/// Ends every attribute that an escape code began.
const RESET: &str = "\x1b[0m";

/// How grids are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// 24-bit background colours with a faint digit.
    Colour,
    /// Digits only, without escape codes.
    Plain,
}

impl Style {
    /// The style for standard output: plain where that is no terminal, or where `NO_COLOR` is set and not empty
    /// (the convention of no-color.org).
    pub fn for_stdout() -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self::choose(std::io::stdout().is_terminal(), no_color.as_deref())
    }

    fn choose(is_terminal: bool, no_color: Option<&OsStr>) -> Self {
        if is_terminal && no_color.is_none_or(OsStr::is_empty) { Self::Colour } else { Self::Plain }
    }
}

/// What stands between a block and the one to its left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// Another pair or test begins here.
    Card,
    /// The block is what the one to its left turns into.
    Arrow,
    /// One more answer to the same input.
    Gap,
}

impl Lead {
    fn text(self, at_arrow_height: bool) -> &'static str {
        match self {
            Self::Card => "    ",
            Self::Arrow if at_arrow_height => " → ",
            Self::Arrow | Self::Gap => "   ",
        }
    }

    /// Its width in characters. At the left edge only an arrow is drawn.
    fn width(self, at_left_edge: bool) -> usize {
        match self {
            Self::Card | Self::Gap if at_left_edge => 0,
            Self::Card => 4,
            Self::Arrow | Self::Gap => 3,
        }
    }
}

/// A captioned grid, drawn line by line, and its width in visible characters.
struct Block {
    lead: Lead,
    width: usize,
    lines: Vec<Line>,
}

/// Text with escape codes, and how many characters of it are visible.
struct Line {
    text: String,
    width: usize,
}

/// The puzzle as text: train pairs (input → output), then each test input → attempt 1, attempt 2 and, where it is known,
/// the solution, with the attempts marked right or wrong.
///
/// Pairs stand side by side while they fit into `width` characters (`None`: no limit) and go on below otherwise. A grid
/// wider than that is drawn whole all the same. Tests without attempts are drawn without.
pub fn draw_puzzle(puzzle: &Puzzle, attempts: &[Attempts], style: Style, width: Option<usize>) -> String {
    let cards = |rows: Vec<Vec<Panel<'_>>>| -> Vec<Vec<Block>> { rows.iter().map(|row| card(row, style)).collect() };
    let mut text = format!("{}\n", printable(&puzzle.id));
    for row in lay_out(&cards(train_panels(puzzle)), width) {
        push_row(&mut text, &row);
    }
    for test in cards(test_panels(puzzle, attempts)) {
        for row in lay_out(&[test], width) {
            push_row(&mut text, &row);
        }
    }
    text
}

fn card(panels: &[Panel<'_>], style: Style) -> Vec<Block> {
    let leads = [Lead::Card, Lead::Arrow].into_iter().chain(std::iter::repeat(Lead::Gap));
    panels.iter().zip(leads).map(|(panel, lead)| block(panel, lead, style)).collect()
}

fn block(panel: &Panel<'_>, lead: Lead, style: Style) -> Block {
    let mut lines = vec![caption_line(panel, style)];
    lines.extend((0..panel.grid.rows()).map(|row| grid_line(panel.grid, row, style)));
    Block { lead, width: lines.iter().map(|line| line.width).max().unwrap_or(0), lines }
}

fn caption_line(panel: &Panel<'_>, style: Style) -> Line {
    let plain = panel.full_caption();
    let width = plain.chars().count();
    let text = match (style, panel.verdict) {
        (Style::Plain, _) | (_, None) => plain,
        (Style::Colour, Some(Verdict::Right)) => format!("\x1b[32m{plain}{RESET}"),
        (Style::Colour, Some(Verdict::Wrong)) => format!("\x1b[31m{plain}{RESET}"),
    };
    Line { text, width }
}

/// One row of a grid: `digit, space` a cell. Neighbours of one colour share their escape code.
fn grid_line(grid: &Grid, row: usize, style: Style) -> Line {
    let mut text = String::new();
    let mut before = None;
    for column in 0..grid.columns() {
        let cell = grid.get(row, column);
        if style == Style::Colour && before != Some(cell) {
            let background = colour_of(cell);
            let [red, green, blue] = background;
            let [digit_red, digit_green, digit_blue] = digit_colour(background);
            // Writing to a String cannot fail.
            let _ = write!(text, "\x1b[48;2;{red};{green};{blue};38;2;{digit_red};{digit_green};{digit_blue}m");
            before = Some(cell);
        }
        let _ = write!(text, "{cell} ");
    }
    if style == Style::Colour {
        text.push_str(RESET);
    }
    Line { text, width: 2 * grid.columns() }
}

/// The cell's own colour, moved a little towards white or black.
fn digit_colour(background: Rgb) -> Rgb {
    let towards = if is_dark(background) { 255 } else { 0 };
    background.map(|part| {
        let mixed = u16::from(part) * (100 - DIGIT_CONTRAST_PERCENT) + towards * DIGIT_CONTRAST_PERCENT;
        (mixed / 100) as u8
    })
}

/// Rows of blocks: cards are kept whole where they fit into the width, and are broken between their blocks where not.
fn lay_out(cards: &[Vec<Block>], width: Option<usize>) -> Vec<Vec<&Block>> {
    let limit = width.unwrap_or(usize::MAX);
    let mut rows: Vec<Vec<&Block>> = vec![Vec::new()];
    let mut used = 0;
    for card in cards {
        let whole: usize = card.iter().map(|block| block.lead.width(false) + block.width).sum();
        for (index, block) in card.iter().enumerate() {
            let at_left_edge = rows.last().is_none_or(Vec::is_empty);
            let needed = if index == 0 { whole } else { block.lead.width(false) + block.width };
            if !at_left_edge && used + needed > limit {
                rows.push(Vec::new());
                used = 0;
            }
            if let Some(row) = rows.last_mut() {
                used += block.lead.width(row.is_empty()) + block.width;
                row.push(block);
            }
        }
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// The blocks side by side, with an empty line above.
fn push_row(text: &mut String, row: &[&Block]) {
    let height = row.iter().map(|block| block.lines.len()).max().unwrap_or(0);
    for height_index in 0..=height {
        let mut line = String::new();
        let Some(index) = height_index.checked_sub(1) else {
            text.push('\n');
            continue;
        };
        for (place, block) in row.iter().enumerate() {
            if block.lead.width(place == 0) > 0 {
                line.push_str(block.lead.text(index == arrow_height(row, place)));
            }
            let (drawn, drawn_width) = match block.lines.get(index) {
                Some(Line { text, width }) => (text.as_str(), *width),
                None => ("", 0),
            };
            line.push_str(drawn);
            line.extend(std::iter::repeat_n(' ', block.width - drawn_width));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// The line at which the arrow before a block stands: the middle of the lower of the two grids that it joins.
fn arrow_height(row: &[&Block], place: usize) -> usize {
    let left = row[place.saturating_sub(1)].lines.len();
    let grid_lines = left.min(row[place].lines.len()) - 1;
    1 + grid_lines.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::super::examples::{attempts, grid, puzzle};
    use super::*;

    #[test]
    fn plain_digits_side_by_side() {
        let text = draw_puzzle(&puzzle(), &attempts(), Style::Plain, None);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn plain_digits_wrap_to_a_narrow_terminal() {
        let text = draw_puzzle(&puzzle(), &attempts(), Style::Plain, Some(34));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn without_attempts_and_solutions_only_the_questions_are_drawn() {
        let mut puzzle = puzzle();
        puzzle.solutions = None;
        let text = draw_puzzle(&puzzle, &[], Style::Plain, Some(80));
        assert!(text.contains("test 1"));
        assert!(!text.contains("attempt") && !text.contains("solution"));
    }

    #[test]
    fn attempts_at_an_unknown_solution_get_no_mark() {
        let mut puzzle = puzzle();
        puzzle.solutions = None;
        let text = draw_puzzle(&puzzle, &attempts(), Style::Plain, Some(80));
        assert!(text.contains("attempt 2"));
        assert!(!text.contains("right") && !text.contains("wrong"));
    }

    #[test]
    fn colours_are_24_bit_backgrounds_behind_a_faint_digit() {
        let mut puzzle = puzzle();
        puzzle.train.truncate(1);
        let text = draw_puzzle(&puzzle, &attempts(), Style::Colour, None);
        insta::assert_snapshot!(text.replace('\x1b', "ESC"));
    }

    #[test]
    fn colour_differs_from_plain_by_escape_codes_alone() {
        let coloured = draw_puzzle(&puzzle(), &attempts(), Style::Colour, Some(34));
        let mut stripped = String::new();
        for (index, part) in coloured.split('\x1b').enumerate() {
            let visible = if index == 0 { part } else { part.split_once('m').unwrap().1 };
            stripped.push_str(visible);
        }
        let trimmed: Vec<&str> = stripped.lines().map(str::trim_end).collect();
        let plain = draw_puzzle(&puzzle(), &attempts(), Style::Plain, Some(34));
        assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_where_every_grid_fits() {
        let mut puzzle = puzzle();
        puzzle.train[0].output = grid(&["000000000000000", "111111111111111"]);
        for width in [34, 40, 60, 80] {
            let text = draw_puzzle(&puzzle, &attempts(), Style::Plain, Some(width));
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest.unwrap() <= width, "{widest:?} characters in a terminal of {width}");
        }
    }

    #[test]
    fn colour_needs_a_terminal_and_no_wish_against_it() {
        assert_eq!(Style::choose(true, None), Style::Colour);
        assert_eq!(Style::choose(true, Some(OsStr::new(""))), Style::Colour);
        assert_eq!(Style::choose(true, Some(OsStr::new("1"))), Style::Plain);
        assert_eq!(Style::choose(false, None), Style::Plain);
    }
}
