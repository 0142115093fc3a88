//! Divisions: pairs that fall into smaller ones, each of a part of the input and what belongs to it of the output.
//!
//! In: a puzzle. Out: every [`Division`] that holds for all its train pairs and test inputs; the parts, and the whole of parts.
//! A division is a hypothesis, as a view is: that what is outside of a part does not matter to it.

use super::drafts::Draft;
use super::fold::{Fold, of_inputs};
use super::name_bits;
use super::objects::{Rectangle, box_of, objects, only_extreme};
use super::sizes::Size;
use super::symmetry::{Symmetry, from_cells};
use super::window::{self, Window, background};
use crate::data::{COLOURS, Grid, Pair, Puzzle};
use std::fmt;

/// Grids with more objects than this are not divided into them.
const MOST_OBJECTS: usize = 64;

/// Rows and columns around an object's box that belong to it.
const MARGIN: usize = 1;

/// How a puzzle's pairs are divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// Not at all.
    Whole,
    /// Not at all, and drafts that have the output's size lie beside the input.
    Beside(Vec<Draft>),
    /// The output lies over a drawing that a general rule makes of the input.
    Draft(Draft),
    /// The output lies over a window of the input.
    Window(Window),
    /// The output lies over one of the input's equal parts, the only one that has most or least of a trait.
    Part {
        /// How the input is cut.
        fold: Fold,
        /// What sets the part apart.
        by: PartTrait,
        /// Most, or least.
        largest: bool,
    },
    /// Rows and columns of one colour cut input and output into rooms.
    Rooms {
        /// The colour.
        line: u8,
    },
    /// They cut the input so, and the output has a cell for each room.
    RoomCells {
        /// The colour.
        line: u8,
    },
    /// The boxes of the objects, and the cells next to them; nothing else changes.
    Objects {
        /// The colour that is no object.
        background: u8,
        /// Whether cells that touch at corners belong together.
        diagonal: bool,
        /// Whether an object has one colour.
        one_colour: bool,
    },
}

/// A number that a part has among the parts of its grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartTrait {
    /// How many of its cells are not of its commonest colour.
    Spots,
    /// How many colours it has.
    Colours,
    /// Under how many of the eight symmetries it is the same.
    Symmetries,
    /// How many parts are the same.
    Copies,
}

impl PartTrait {
    const ALL: [Self; 4] = [Self::Spots, Self::Colours, Self::Symmetries, Self::Copies];

    fn of(self, part: &Grid, parts: &[Grid]) -> usize {
        match self {
            Self::Spots => part.cells().len() - part.colour_counts().into_iter().max().unwrap_or(0),
            Self::Colours => part.colour_counts().into_iter().filter(|&count| count > 0).count(),
            Self::Symmetries => Symmetry::all().filter(|symmetry| symmetry.turn(part) == *part).count(),
            Self::Copies => parts.iter().filter(|other| *other == part).count(),
        }
    }
}

/// An input or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its cells.
    pub grid: Grid,
    /// What rules make of it, each of the output's size.
    pub beside: Vec<Grid>,
}

impl From<Grid> for Source {
    fn from(grid: Grid) -> Self {
        Self { grid, beside: Vec::new() }
    }
}

/// All parts with what belongs to them of the output, and each test input's parts.
type Parts = (Vec<(Source, Grid)>, Vec<Vec<Source>>);

/// A puzzle's parts.
#[derive(Clone, Debug)]
pub struct Divided {
    /// How it is divided.
    pub division: Division,
    /// All parts, and what belongs to them of the outputs.
    pub pairs: Vec<(Source, Grid)>,
    /// By test input, its parts.
    pub tests: Vec<Vec<Source>>,
    /// What it takes to name the division among those that hold, bits.
    pub name_bits: f64,
}

impl Division {
    /// A puzzle by all divisions that hold for it, at most `most`, the whole first, then with at most `drafts` drafts beside it, then
    /// the best of these alone, in a fixed order; no two with the same parts.
    pub fn all(puzzle: &Puzzle, drafts: usize, most: usize) -> Vec<Divided> {
        let background = background(puzzle);
        let drafts = Draft::best(puzzle, drafts);
        let beside = Self::beside(puzzle, &drafts);
        let drafts = drafts.into_iter().map(Self::Draft);
        let windows = window::all(puzzle).map(Self::Window);
        let parts = of_inputs(puzzle).flat_map(|fold| {
            PartTrait::ALL.into_iter().flat_map(move |by| [true, false].map(|largest| Self::Part { fold, by, largest }))
        });
        let lines = (0..COLOURS as u8).flat_map(|line| [Self::Rooms { line }, Self::RoomCells { line }]);
        let kinds = [(true, false), (true, true), (false, false), (false, true)];
        let objects = background.into_iter().flat_map(|background| {
            kinds.map(|(diagonal, one_colour)| Self::Objects { background, diagonal, one_colour })
        });
        let whole = std::iter::once(Self::Whole);
        let mut found: Vec<(Self, Parts)> = Vec::new();
        for division in whole.chain(beside).chain(drafts).chain(windows).chain(parts).chain(lines).chain(objects) {
            if found.len() >= most {
                break;
            }
            let Some(parts) = division.apply(puzzle) else { continue };
            if found.iter().all(|(_, other)| *other != parts) {
                found.push((division, parts));
            }
        }
        let count = found.len();
        let divided = |(number, (division, (pairs, tests))): (usize, (Self, Parts))| {
            let name_bits = match &division {
                Self::Draft(draft) => draft.name_bits(),
                Self::Beside(drafts) => drafts[0].name_bits(),
                _ => name_bits(number, count),
            };
            Divided { division, pairs, tests, name_bits }
        };
        found.into_iter().enumerate().map(divided).collect()
    }

    /// All drafts beside the whole that have the size of the best one.
    fn beside(puzzle: &Puzzle, drafts: &[Draft]) -> Option<Self> {
        let sizes = |draft: &Draft| -> Vec<Option<Size>> {
            let size = |input| draft.draw(input).map(|drawn| (drawn.rows(), drawn.columns()));
            puzzle.test.iter().map(size).collect()
        };
        let first = sizes(drafts.first()?);
        Some(Self::Beside(drafts.iter().filter(|draft| sizes(draft) == first).copied().collect()))
    }

    /// The puzzle's parts; none where the division does not hold.
    fn apply(&self, puzzle: &Puzzle) -> Option<Parts> {
        let mut pairs = Vec::new();
        for Pair { input, output } in &puzzle.train {
            let inputs = self.inputs(input)?;
            let outputs = self.outputs(input, &inputs, output)?;
            pairs.extend(inputs.into_iter().zip(outputs));
        }
        Some((pairs, puzzle.test.iter().map(|input| self.inputs(input)).collect::<Option<_>>()?))
    }

    /// Where an input's parts are; none where there is but the whole, or none.
    fn places(&self, input: &Grid) -> Option<Vec<Rectangle>> {
        match *self {
            Self::Whole | Self::Beside(_) | Self::Draft(_) | Self::Part { .. } => None,
            Self::Window(window) => Some(vec![window.place(input)?]),
            Self::Rooms { line } | Self::RoomCells { line } => {
                let (rows, columns) = rooms(input, line);
                let places = rows.iter().flat_map(|&(top, bottom)| {
                    columns.iter().map(move |&(left, right)| Rectangle { top, left, bottom, right })
                });
                (rows.len() * columns.len() > 1).then(|| places.collect())
            }
            Self::Objects { background, diagonal, one_colour } => {
                let objects = objects(input, background, diagonal, one_colour);
                let around = |cells| {
                    let Rectangle { top, left, bottom, right } = box_of(cells);
                    Rectangle {
                        top: top.saturating_sub(MARGIN),
                        left: left.saturating_sub(MARGIN),
                        bottom: (bottom + MARGIN).min(input.rows()),
                        right: (right + MARGIN).min(input.columns()),
                    }
                };
                (1..=MOST_OBJECTS).contains(&objects.len()).then(|| objects.iter().map(around).collect())
            }
        }
    }

    /// The parts of an input.
    fn inputs(&self, input: &Grid) -> Option<Vec<Source>> {
        match self {
            Self::Whole => Some(vec![input.clone().into()]),
            Self::Beside(drafts) => {
                let beside = drafts.iter().map(|draft| draft.draw(input)).collect::<Option<_>>()?;
                Some(vec![Source { grid: input.clone(), beside }])
            }
            Self::Draft(draft) => Some(vec![draft.draw(input)?.into()]),
            Self::Part { fold, by, largest } => {
                let mut parts = fold.split(input)?;
                let counts: Vec<usize> = parts.iter().map(|part| by.of(part, &parts)).collect();
                Some(vec![parts.swap_remove(only_extreme(&counts, *largest)?).into()])
            }
            _ => Some(self.places(input)?.into_iter().map(|place| place.cut(input).into()).collect()),
        }
    }

    /// The sizes of the output's parts, where they follow from the input's.
    pub fn sizes(&self, inputs: &[Source]) -> Option<Vec<Size>> {
        let size = |grid: &Grid| (grid.rows(), grid.columns());
        match self {
            Self::Whole => None,
            Self::RoomCells { .. } => Some(vec![(1, 1); inputs.len()]),
            _ => Some(inputs.iter().map(|part| size(part.beside.first().unwrap_or(&part.grid))).collect()),
        }
    }

    /// The parts of an output, of an input that has these; none where it is not the whole of its parts.
    pub fn outputs(&self, input: &Grid, inputs: &[Source], output: &Grid) -> Option<Vec<Grid>> {
        let parts = match self {
            Self::Whole => vec![output.clone()],
            Self::Beside(_) | Self::Draft(_) | Self::Window(_) | Self::Part { .. } => {
                let sizes = self.sizes(inputs)?;
                (sizes == [(output.rows(), output.columns())]).then(|| vec![output.clone()])?
            }
            Self::RoomCells { .. } => output.cells().iter().map(|&cell| from_cells(1, 1, |_, _| cell)).collect(),
            Self::Rooms { .. } | Self::Objects { .. } => {
                if (input.rows(), input.columns()) != (output.rows(), output.columns()) {
                    return None;
                }
                self.places(input)?.into_iter().map(|place| place.cut(output)).collect()
            }
        };
        (self.join(input, &parts)? == *output).then_some(parts)
    }

    /// The output that has these parts.
    pub fn join(&self, input: &Grid, parts: &[Grid]) -> Option<Grid> {
        match *self {
            Self::Whole | Self::Beside(_) | Self::Draft(_) | Self::Window(_) | Self::Part { .. } => {
                parts.first().cloned()
            }
            Self::RoomCells { line } => {
                let (rows, columns) = rooms(input, line);
                let cell =
                    |row: usize, column: usize| parts.get(row * columns.len() + column).map(|part| part.get(0, 0));
                let all = parts.len() == rows.len() * columns.len();
                all.then(|| from_cells(rows.len(), columns.len(), |row, column| cell(row, column).unwrap_or_default()))
            }
            Self::Rooms { .. } | Self::Objects { .. } => {
                let mut cells = input.cells().to_vec();
                for (place, part) in self.places(input)?.into_iter().zip(parts) {
                    for row in place.top..place.bottom {
                        for column in place.left..place.right {
                            cells[row * input.columns() + column] = part.get(row - place.top, column - place.left);
                        }
                    }
                }
                Grid::new(input.rows(), input.columns(), cells).ok()
            }
        }
    }
}

/// From the first to before the last.
type Span = (usize, usize);

/// The rows, and the columns, between lines of one colour from border to border.
fn rooms(grid: &Grid, line: u8) -> (Vec<Span>, Vec<Span>) {
    let is_row = |row: usize| (0..grid.columns()).all(|column| grid.get(row, column) == line);
    let is_column = |column: usize| (0..grid.rows()).all(|row| grid.get(row, column) == line);
    (between(grid.rows(), is_row), between(grid.columns(), is_column))
}

fn between(length: usize, is_line: impl Fn(usize) -> bool) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for place in (0..length).filter(|&place| !is_line(place)) {
        match spans.last_mut() {
            Some((_, end)) if *end == place => *end += 1,
            _ => spans.push((place, place + 1)),
        }
    }
    spans
}

/// The division in words.
impl fmt::Display for Division {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = |largest: bool| if largest { "most" } else { "fewest" };
        match self {
            Self::Whole => formatter.write_str("whole"),
            Self::Beside(drafts) => {
                write!(formatter, "whole, drafts beside it: {}", drafts[0])?;
                drafts[1..].iter().try_for_each(|draft| write!(formatter, "; {draft}"))
            }
            Self::Draft(draft) => write!(formatter, "drafted: {draft}"),
            Self::Window(window) => write!(formatter, "seen through {window}"),
            Self::Part { fold, by, largest } => {
                write!(formatter, "the one of {fold} with {} {}", most(*largest), format!("{by:?}").to_lowercase())
            }
            Self::Rooms { line } => write!(formatter, "rooms between lines of {line}"),
            Self::RoomCells { line } => write!(formatter, "rooms between lines of {line}, a cell for each"),
            Self::Objects { diagonal, one_colour, .. } => {
                let near = if *diagonal { "8" } else { "4" };
                let kind = if *one_colour { "of one colour" } else { "of any colours" };
                write!(formatter, "{near}-connected objects {kind}, each with what is around it")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(rows: &[&[u8]]) -> Grid {
        Grid::new(rows.len(), rows[0].len(), rows.concat()).unwrap()
    }

    fn puzzle(pairs: &[(Grid, Grid)], test: Grid) -> Puzzle {
        let pair = |(input, output): &(Grid, Grid)| Pair { input: input.clone(), output: output.clone() };
        Puzzle { id: "p".into(), train: pairs.iter().map(pair).collect(), test: vec![test], solutions: None }
    }

    /// The parts of the first pair, and the test's.
    fn divided(puzzle: &Puzzle, wanted: &Division) -> (Vec<(Source, Grid)>, Vec<Source>) {
        let all = Division::all(puzzle, 0, 99);
        let found = all.iter().find(|divided| divided.division == *wanted).unwrap();
        (found.pairs.clone(), found.tests.concat())
    }

    #[test]
    fn objects_get_a_pair_each_where_nothing_else_changes() {
        let input = grid(&[&[0, 0, 0, 0, 0, 0], &[0, 3, 0, 0, 4, 4], &[0, 0, 0, 0, 0, 0]]);
        let output = grid(&[&[2, 0, 0, 0, 0, 0], &[0, 3, 0, 0, 4, 4], &[0, 0, 0, 2, 0, 0]]);
        let pairs = [(input.clone(), output.clone())];
        let division = Division::Objects { background: 0, diagonal: true, one_colour: false };
        let (pairs, tests) = divided(&puzzle(&pairs, input.clone()), &division);
        assert_eq!(pairs[0].1, grid(&[&[2, 0, 0], &[0, 3, 0], &[0, 0, 0]]));
        assert_eq!(pairs[1].1, grid(&[&[0, 0, 0], &[0, 4, 4], &[2, 0, 0]]));
        assert_eq!(tests.len(), 2);
        let inputs = division.inputs(&input).unwrap();
        let parts = division.outputs(&input, &inputs, &output).unwrap();
        assert_eq!(division.join(&input, &parts), Some(output.clone()));
        assert_eq!(division.sizes(&inputs), Some(vec![(3, 3), (3, 3)]));
        assert_eq!(division.outputs(&input, &inputs, &grid(&[&[7]])), None);
        let wide = grid(&[&[0, 0, 0, 0, 0, 0, 0], &[0, 3, 0, 0, 0, 4, 4], &[0, 0, 0, 0, 0, 0, 0]]);
        let elsewhere = grid(&[&[0, 0, 0, 7, 0, 0, 0], &[0, 3, 0, 0, 0, 4, 4], &[0, 0, 0, 0, 0, 0, 0]]);
        let parts = division.inputs(&wide).unwrap();
        assert_eq!(division.outputs(&wide, &parts, &elsewhere), None, "it is near to neither");
    }

    #[test]
    fn lines_make_rooms_that_may_have_a_cell_each() {
        let input = grid(&[&[1, 1, 5, 0, 0], &[1, 1, 5, 0, 2], &[5, 5, 5, 5, 5], &[0, 3, 5, 4, 4]]);
        let changed = grid(&[&[1, 1, 5, 0, 0], &[1, 1, 5, 0, 9], &[5, 5, 5, 5, 5], &[0, 3, 5, 4, 4]]);
        let (pairs, _) = divided(&puzzle(&[(input.clone(), changed)], input.clone()), &Division::Rooms { line: 5 });
        assert_eq!(pairs[1].0.grid, grid(&[&[0, 0], &[0, 2]]));
        assert_eq!(pairs[1].1, grid(&[&[0, 0], &[0, 9]]));

        let cells = grid(&[&[8, 7], &[7, 8]]);
        let division = Division::RoomCells { line: 5 };
        let (pairs, _) = divided(&puzzle(&[(input.clone(), cells.clone())], input.clone()), &division);
        assert_eq!((&pairs[1].0.grid, &pairs[1].1), (&grid(&[&[0, 0], &[0, 2]]), &grid(&[&[7]])));
        let parts = division.inputs(&input).unwrap();
        assert_eq!(division.join(&input, &division.outputs(&input, &parts, &cells).unwrap()), Some(cells));
    }

    #[test]
    fn the_odd_one_of_equal_parts_is_found() {
        let input = grid(&[&[1, 0, 5, 1, 0, 5, 2, 2], &[0, 1, 5, 0, 1, 5, 2, 2]]);
        let fold = Fold { rows: 1, columns: 3, way: super::super::Way::Panels { gap: 1, border: false } };
        let division = Division::Part { fold, by: PartTrait::Copies, largest: false };
        assert_eq!(division.inputs(&input), Some(vec![grid(&[&[2, 2], &[2, 2]]).into()]));
        assert_eq!(division.to_string(), "the one of 1 × 3 panels with lines of 1 between with fewest copies");
    }

    #[test]
    fn drafts_lie_beside_the_whole() {
        let input =
            |column: usize| from_cells(4, 5, |row, other| if row < 2 && other == column { 3 + row as u8 } else { 0 });
        let fallen =
            |column: usize| from_cells(4, 5, |row, other| if row > 1 && other == column { 1 + row as u8 } else { 0 });
        let puzzle = puzzle(&[(input(1), fallen(1)), (input(4), fallen(4)), (input(2), fallen(2))], input(3));
        let all = Division::all(&puzzle, 3, 99);
        let Divided { division, pairs, tests, .. } = &all[1];
        assert!(division.to_string().starts_with("whole, drafts beside it: "), "{division}");
        assert!(matches!(all[2].division, Division::Draft(_)), "each is read in its place as well");
        let beside = |source: &Source| source.beside[0].clone();
        assert_eq!((&pairs[1].0.grid, beside(&pairs[1].0)), (&input(4), all[2].pairs[1].0.grid.clone()));
        assert_eq!((&tests[0][0].grid, beside(&tests[0][0])), (&input(3), all[2].tests[0][0].grid.clone()));
        assert_eq!(division.sizes(&tests[0]), Some(vec![(4, 5)]));
    }

    proptest! {
        #[test]
        fn what_holds_gives_back_every_train_output(
            cells in prop::collection::vec(prop::sample::select(&[0u8, 0, 0, 1, 5][..]), 24),
            others in prop::collection::vec(prop::sample::select(&[0u8, 1, 5][..]), 24),
            sides in prop::sample::select(&[(4, 6), (2, 12), (24, 1)][..]),
            changed in 0..3usize,
        ) {
            let of = |cells: &Vec<u8>| Grid::new(sides.0, sides.1, cells.clone()).unwrap();
            let input = of(&cells);
            let output = [of(&cells.iter().map(|cell| cell * 2 % 7).collect()), of(&others), grid(&[&[1, 2]])][changed].clone();
            let puzzle = puzzle(&[(input.clone(), output.clone())], of(&others));
            for Divided { division, .. } in Division::all(&puzzle, 2, 99) {
                let inputs = division.inputs(&input).unwrap();
                let parts = division.outputs(&input, &inputs, &output).unwrap();
                prop_assert_eq!(parts.len(), inputs.len());
                prop_assert_eq!(division.join(&input, &parts), Some(output.clone()), "{}", division);
                if let Some(sizes) = division.sizes(&inputs) {
                    let of_parts: Vec<Size> = parts.iter().map(|part| (part.rows(), part.columns())).collect();
                    prop_assert_eq!(sizes, of_parts);
                }
            }
        }
    }
}
