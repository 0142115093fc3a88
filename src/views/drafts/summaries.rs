//! What a grid says in short: objects painted by what they are or as a cell each, some of them alone, bars of colours, lines once.

use super::picture::{Corners, Kind, Picture, Place, commonest, corners, counts};
use crate::data::{COLOURS, Grid};
use crate::views::Symmetry;
use crate::views::objects::Trait;
use crate::views::symmetry::from_cells;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Pictures of more objects are not summed up.
const MOST_OBJECTS: usize = 60;

/// Bars are at most so long.
const LONGEST_BAR: usize = 30;

/// A number of an object that it is painted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How many things enclosed in it are not of it.
    Holes,
    /// The rows of its box.
    Height,
    /// The columns of its box.
    Width,
    /// Higher than wide, square, or wider than high.
    Aspect,
    /// The first row.
    Top,
    /// The first column.
    Left,
    /// Whether it fills its box.
    Full,
    /// Whether it lies at the border.
    Border,
    /// What windows tell objects apart by.
    Trait(Trait),
}

impl Measure {
    /// All that are tried.
    pub fn all() -> impl Iterator<Item = Self> {
        let own =
            [Self::Holes, Self::Height, Self::Width, Self::Aspect, Self::Top, Self::Left, Self::Full, Self::Border];
        own.into_iter().chain(Trait::ALL.map(Self::Trait))
    }

    fn of(self, picture: &Picture, objects: &[Vec<Place>]) -> Vec<usize> {
        if let Self::Trait(by) = self {
            let cells =
                |object: &Vec<Place>| object.iter().map(|&(row, column)| (row as usize, column as usize)).collect();
            return by.of(&picture.grid(), &objects.iter().map(cells).collect::<Vec<_>>());
        }
        let count = |object: &Vec<Place>| {
            let Some(((top, left), (bottom, right))) = corners(object) else { return 0 };
            let (height, width) = (bottom + 1 - top, right + 1 - left);
            (match self {
                Self::Holes => holes(object, (height, width), (top, left)) as isize,
                Self::Height => height,
                Self::Width => width,
                Self::Aspect => 1 + (height - width).signum(),
                Self::Top => top,
                Self::Left => left,
                Self::Full => isize::from(object.len() as isize == height * width),
                Self::Border => {
                    isize::from(top == 0 || left == 0 || bottom + 1 == picture.rows || right + 1 == picture.columns)
                }
                Self::Trait(_) => 0,
            }) as usize
        };
        objects.iter().map(count).collect()
    }
}

/// How many areas in a box an object encloses.
fn holes(object: &[Place], (height, width): Place, (top, left): Place) -> usize {
    // A margin all around is one area; the others are holes.
    let mut mask = Picture::new(&from_cells(height as usize + 2, width as usize + 2, |_, _| 0), 0);
    mask.draw(object.iter().map(|&(row, column)| ((row + 1 - top, column + 1 - left), 1)));
    mask.free_areas(false).len() - 1
}

/// How a number becomes a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The number itself.
    Value,
    /// Its place among the numbers of the grid, the largest first.
    Largest,
    /// The smallest first.
    Smallest,
}

/// Objects in one of `colours` each (a bit a colour), by a number.
pub(super) fn painted(picture: &Picture, kind: Kind, by: Measure, order: Order, colours: u16) -> Option<Picture> {
    let objects = picture.objects(kind);
    let colours: Vec<u8> =
        (0..COLOURS as u8).filter(|&colour| colours >> colour & 1 == 1 && colour != picture.background).collect();
    if objects.is_empty() || objects.len() > MOST_OBJECTS || colours.is_empty() {
        return None;
    }
    let numbers = by.of(picture, &objects);
    let distinct: BTreeSet<usize> = numbers.iter().copied().collect();
    let place = |number: usize| match order {
        Order::Value => number,
        Order::Largest => distinct.iter().filter(|&&other| other > number).count(),
        Order::Smallest => distinct.iter().filter(|&&other| other < number).count(),
    };
    let mut drawn = picture.clone();
    for (object, number) in objects.into_iter().zip(numbers) {
        let colour = colours[place(number).min(colours.len() - 1)];
        drawn.draw(object.into_iter().map(|place| (place, colour)));
    }
    Some(drawn)
}

/// Some of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of those with the most of something.
    Most(Measure),
    /// With the least.
    Least(Measure),
    /// With more cells than this.
    Above(usize),
    /// With a colour.
    With(u8),
}

/// These objects alone, or all others.
pub(super) fn kept(picture: &Picture, kind: Kind, which: Which, others: bool) -> Option<Picture> {
    let objects = picture.objects(kind);
    if objects.is_empty() || objects.len() > MOST_OBJECTS {
        return None;
    }
    let by = match which {
        Which::Most(by) | Which::Least(by) => by,
        Which::Above(_) | Which::With(_) => Measure::Trait(Trait::Cells),
    };
    let numbers = by.of(picture, &objects);
    let (most, least) = (*numbers.iter().max()?, *numbers.iter().min()?);
    let mut drawn = picture.blank();
    for (object, number) in objects.iter().zip(numbers) {
        let is_one = match which {
            Which::Most(_) => number == most,
            Which::Least(_) => number == least,
            Which::Above(size) => number > size,
            Which::With(colour) => picture.colours(object).contains(&colour),
        };
        if is_one != others {
            drawn.draw(object.iter().copied().zip(picture.colours(object)));
        }
    }
    Some(drawn)
}

/// Each object in its commonest colour, or its rarest.
pub(super) fn blended(picture: &Picture, kind: Kind, rarest: bool) -> Picture {
    let mut drawn = picture.clone();
    for object in picture.objects(kind) {
        let colours = picture.colours(&object);
        let counts = counts(&colours);
        let least = || colours.iter().copied().min_by_key(|&colour| (counts[usize::from(colour)], colour));
        let colour = if rarest { least() } else { commonest(&colours) };
        drawn.draw(object.into_iter().zip(std::iter::repeat(colour.unwrap_or(picture.background))));
    }
    drawn
}

/// A cell for each object, in its commonest colour, where objects stand in rows and columns.
pub(super) fn arranged(picture: &Picture, kind: Kind) -> Option<Grid> {
    let objects = picture.objects(kind);
    if !(2..=MOST_OBJECTS).contains(&objects.len()) {
        return None;
    }
    let boxes: Vec<Corners> = objects.iter().filter_map(|object| corners(object)).collect();
    let rows = bands(boxes.iter().map(|&((top, _), (bottom, _))| (top, bottom)));
    let columns = bands(boxes.iter().map(|&((_, left), (_, right))| (left, right)));
    let band = |bands: &[Place], at: isize| bands.iter().position(|&(first, last)| (first..=last).contains(&at));
    let mut cells = vec![picture.background; rows.len() * columns.len()];
    for (object, ((top, left), _)) in objects.iter().zip(boxes) {
        cells[band(&rows, top)? * columns.len() + band(&columns, left)?] = commonest(&picture.colours(object))?;
    }
    Some(from_cells(rows.len(), columns.len(), |row, column| cells[row * columns.len() + column]))
}

/// Spans, first and last, that overlap as one.
fn bands(spans: impl Iterator<Item = Place>) -> Vec<Place> {
    let mut spans: Vec<Place> = spans.collect();
    spans.sort_unstable();
    let mut found: Vec<Place> = Vec::new();
    for (first, last) in spans {
        match found.last_mut() {
            Some(band) if first <= band.1 => band.1 = band.1.max(last),
            _ => found.push((first, last)),
        }
    }
    found
}

/// Colours but the background by how often they come, a row each, the commonest first: a cell, or as many cells as there are.
pub(super) fn bars(picture: &Picture, counted: bool) -> Option<Grid> {
    let counts = picture.grid().colour_counts();
    let mut colours: Vec<u8> =
        (0..COLOURS as u8).filter(|&colour| colour != picture.background && counts[usize::from(colour)] > 0).collect();
    colours.sort_by_key(|&colour| Reverse(counts[usize::from(colour)]));
    let longest = if counted { counts[usize::from(*colours.first()?)] } else { 1 };
    let cell = |row: usize, column: usize| {
        if column < counts[usize::from(colours[row])] { colours[row] } else { picture.background }
    };
    (!colours.is_empty() && longest <= LONGEST_BAR).then(|| from_cells(colours.len(), longest, cell))
}

/// Rows, or columns, that are like the one before left out.
pub(super) fn once(grid: &Grid, columns: bool) -> Grid {
    let transpose = Symmetry { transpose: columns, flip_rows: false, flip_columns: false };
    let mut rows = transpose.turn(grid).to_rows();
    rows.dedup();
    let short = from_cells(rows.len(), rows[0].len(), |row, column| rows[row][column]);
    transpose.turn(&short)
}

/// Rows and columns of nothing but background left out.
pub(super) fn dense(picture: &Picture) -> Option<Grid> {
    let drawn: Vec<Place> = picture.drawn().map(|(place, _)| place).collect();
    let rows: Vec<isize> = drawn.iter().map(|place| place.0).collect::<BTreeSet<_>>().into_iter().collect();
    let columns: Vec<isize> = drawn.iter().map(|place| place.1).collect::<BTreeSet<_>>().into_iter().collect();
    let cell = |row: usize, column: usize| picture.get((rows[row], columns[column])).unwrap_or(picture.background);
    (!drawn.is_empty()).then(|| from_cells(rows.len(), columns.len(), cell))
}

/// The upper left quarter of the box of all that is not background, with the middle.
pub(super) fn quarter(picture: &Picture) -> Option<Grid> {
    let ((top, left), (bottom, right)) = picture.drawn_corners()?;
    Some(picture.cut(((top, left), (top + (bottom - top) / 2, left + (right - left) / 2))))
}
