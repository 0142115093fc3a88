//! Windows: the part of the input that the output lies over.

use super::objects::{Cells, Rectangle, Trait, box_of, cells_of, objects, only_extreme};
use crate::data::{COLOURS, Grid, Puzzle};
use std::fmt;

/// A rule for a rectangle of a grid: the box of a region, or what lies inside its outermost cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The colour that is no object.
    pub background: u8,
    /// What the window is around.
    pub region: Region,
    /// Whether the box's outermost cells are left out.
    pub inside: bool,
}

/// Cells of a grid by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// All that is not background.
    Foreground,
    /// All cells of a colour.
    Colour(u8),
    /// All cells of the colour, but the background, that has most or fewest.
    ExtremeColour {
        /// Most, or fewest.
        largest: bool,
    },
    /// The one object that has most or least of a trait.
    Object {
        /// Whether cells that touch at corners belong together.
        diagonal: bool,
        /// Whether an object has one colour.
        one_colour: bool,
        /// What sets it apart.
        by: Trait,
        /// Most, or least.
        largest: bool,
    },
}

impl Region {
    /// All rules, in a fixed order.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let both = [true, false];
        let colours = (0..COLOURS as u8).map(Self::Colour);
        let extremes = both.into_iter().map(|largest| Self::ExtremeColour { largest });
        let kinds = both.into_iter().flat_map(move |diagonal| both.map(|one_colour| (diagonal, one_colour)));
        let objects = kinds.flat_map(move |(diagonal, one_colour)| {
            Trait::ALL
                .into_iter()
                .flat_map(move |by| both.map(|largest| Self::Object { diagonal, one_colour, by, largest }))
        });
        std::iter::once(Self::Foreground).chain(extremes).chain(objects).chain(colours)
    }

    /// Its cells in a grid; none where there are none, or several things are extreme.
    fn cells(self, grid: &Grid, background: u8) -> Option<Cells> {
        let cells = match self {
            Self::Foreground => cells_of(grid, |colour| colour != background),
            Self::Colour(wanted) => cells_of(grid, |colour| colour == wanted),
            Self::ExtremeColour { largest } => {
                let colours = (0..COLOURS as u8).filter(|&colour| colour != background);
                let mut each: Vec<Cells> = colours.map(|wanted| cells_of(grid, |colour| colour == wanted)).collect();
                each.retain(|cells| !cells.is_empty());
                let counts: Vec<usize> = each.iter().map(Vec::len).collect();
                each.swap_remove(only_extreme(&counts, largest)?)
            }
            Self::Object { diagonal, one_colour, by, largest } => {
                by.extreme(grid, objects(grid, background, diagonal, one_colour), largest)?
            }
        };
        (!cells.is_empty()).then_some(cells)
    }
}

impl Window {
    /// Where the window is in a grid.
    pub(super) fn place(self, grid: &Grid) -> Option<Rectangle> {
        let mut found = box_of(&self.region.cells(grid, self.background)?);
        if self.inside {
            found = Rectangle {
                top: found.top + 1,
                left: found.left + 1,
                bottom: found.bottom - 1,
                right: found.right - 1,
            };
        }
        (found.top < found.bottom && found.left < found.right).then_some(found)
    }

    /// The grid's part in the window; none where the rule gives none.
    pub fn cut(self, grid: &Grid) -> Option<Grid> {
        Some(self.place(grid)?.cut(grid))
    }
}

/// The rules whose windows have the size of every output, and that give a window for each test input, with something in
/// it: where all windows have one colour, they say no more than a size. None where outputs are as large as their inputs:
/// the whole input is their window.
pub(super) fn all(puzzle: &Puzzle) -> impl Iterator<Item = Window> {
    let size = |grid: &Grid| (grid.rows(), grid.columns());
    let same_size = puzzle.train.iter().all(|pair| size(&pair.input) == size(&pair.output));
    let background = background(puzzle).filter(|_| !same_size);
    let holds = move |window: &Window| {
        let fits = |input: &Grid, output: &Grid| window.cut(input).is_some_and(|cut| size(&cut) == size(output));
        puzzle.train.iter().all(|pair| fits(&pair.input, &pair.output))
            && puzzle.test.iter().all(|input| window.cut(input).is_some())
            && !is_blank(puzzle.train.iter().filter_map(|pair| window.cut(&pair.input)))
    };
    background
        .into_iter()
        .flat_map(|background| {
            [false, true]
                .into_iter()
                .flat_map(move |inside| Region::all().map(move |region| Window { background, region, inside }))
        })
        .filter(holds)
}

/// Whether all cells of all grids have one colour.
fn is_blank(grids: impl Iterator<Item = Grid>) -> bool {
    let mut colours = grids.flat_map(|grid| grid.cells().to_vec());
    let first = colours.next();
    colours.all(|colour| Some(colour) == first)
}

/// The colour that is no object: black if each input has some, else the commonest of the inputs, unless several are.
pub(super) fn background(puzzle: &Puzzle) -> Option<u8> {
    let inputs = || puzzle.train.iter().map(|pair| &pair.input).chain(&puzzle.test);
    if inputs().all(|input| input.cells().contains(&0)) {
        return Some(0);
    }
    let count = |wanted: u8| inputs().flat_map(Grid::cells).filter(|&&colour| colour == wanted).count();
    let counts: Vec<usize> = (0..COLOURS as u8).map(count).collect();
    only_extreme(&counts, true).map(|colour| colour as u8)
}

/// The window in words.
impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.inside { "the inside of the box of " } else { "the box of " })?;
        match self.region {
            Region::Foreground => formatter.write_str("all objects"),
            Region::Colour(colour) => write!(formatter, "colour {colour}"),
            Region::ExtremeColour { largest } => {
                write!(formatter, "the {} colour", if largest { "commonest" } else { "rarest" })
            }
            Region::Object { diagonal, one_colour, by, largest } => {
                let most = if largest { "most" } else { "least" };
                let near = if diagonal { "8" } else { "4" };
                let kind = if one_colour { "of one colour" } else { "of any colours" };
                write!(formatter, "the {near}-connected object {kind} with {most} {}", format!("{by:?}").to_lowercase())
            }
        }
    }
}
