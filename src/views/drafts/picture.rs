//! A grid that is drawn on: places may lie beyond it, where nothing is read and nothing drawn.

use crate::data::{COLOURS, Grid};
use crate::views::objects::{Rectangle, box_of, objects};
use crate::views::symmetry::from_cells;
use std::collections::BTreeSet;

/// Row and column, which may lie beyond the grid; or a step.
pub(super) type Place = (isize, isize);

/// First row and column, last row and column.
pub(super) type Corners = (Place, Place);

/// Steps down, up, right and left, then to the four corners.
pub(super) const STEPS: [Place; 8] = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)];

/// What is one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each cell that is not background.
    Cells,
    /// Cells that are not background and touch.
    Connected {
        /// Whether cells that touch at corners belong together.
        diagonal: bool,
        /// Whether an object has one colour.
        one_colour: bool,
    },
    /// An area of background.
    Free {
        /// Whether areas that touch at corners belong together.
        diagonal: bool,
    },
}

impl Kind {
    /// The four kinds of connected objects.
    pub const OBJECTS: [Self; 4] = [
        Self::Connected { diagonal: true, one_colour: false },
        Self::Connected { diagonal: true, one_colour: true },
        Self::Connected { diagonal: false, one_colour: false },
        Self::Connected { diagonal: false, one_colour: true },
    ];
}

/// A grid and the colour on which it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub rows: isize,
    pub columns: isize,
    pub background: u8,
    cells: Vec<u8>,
}

impl Picture {
    pub fn new(grid: &Grid, background: u8) -> Self {
        Self { rows: grid.rows() as isize, columns: grid.columns() as isize, background, cells: grid.cells().to_vec() }
    }

    pub fn grid(&self) -> Grid {
        let columns = self.columns as usize;
        from_cells(self.rows as usize, columns, |row, column| self.cells[row * columns + column])
    }

    /// Nothing but background, of the same size.
    pub fn blank(&self) -> Self {
        Self { cells: vec![self.background; self.cells.len()], ..*self }
    }

    /// Where a place of the grid is in it.
    fn index(&self, (row, column): Place) -> Option<usize> {
        let inside = (0..self.rows).contains(&row) && (0..self.columns).contains(&column);
        inside.then(|| (row * self.columns + column) as usize)
    }

    /// The colour of a place in the grid.
    pub fn get(&self, place: Place) -> Option<u8> {
        self.index(place).map(|index| self.cells[index])
    }

    /// No way in the grid is longer.
    pub fn longest(&self) -> isize {
        self.rows.max(self.columns)
    }

    /// Whether the place is background; no place beyond the grid is.
    pub fn is_free(&self, place: Place) -> bool {
        self.get(place) == Some(self.background)
    }

    pub fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let (rows, columns) = (self.rows, self.columns);
        (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
    }

    /// The places that are not background, with their colours.
    pub fn drawn(&self) -> impl Iterator<Item = (Place, u8)> {
        self.coloured().filter(|&(_, colour)| colour != self.background)
    }

    /// All places with their colours.
    pub fn coloured(&self) -> impl Iterator<Item = (Place, u8)> {
        self.places().zip(self.cells.iter().copied())
    }

    /// Draws cells over what was there.
    pub fn draw(&mut self, cells: impl IntoIterator<Item = (Place, u8)>) {
        self.put(cells, |_| true);
    }

    /// Draws cells where there is background.
    pub fn draw_below(&mut self, cells: impl IntoIterator<Item = (Place, u8)>) {
        let background = self.background;
        self.put(cells, |there| there == background);
    }

    fn put(&mut self, cells: impl IntoIterator<Item = (Place, u8)>, may: impl Fn(u8) -> bool) {
        for (place, colour) in cells {
            if let Some(index) = self.index(place).filter(|&index| may(self.cells[index])) {
                self.cells[index] = colour;
            }
        }
    }

    /// The objects of a kind.
    pub fn objects(&self, kind: Kind) -> Vec<Vec<Place>> {
        match kind {
            Kind::Cells => self.drawn().map(|(place, _)| vec![place]).collect(),
            Kind::Free { diagonal } => self.free_areas(diagonal),
            Kind::Connected { diagonal, one_colour } => {
                let place = |&(row, column): &(usize, usize)| (row as isize, column as isize);
                let found = objects(&self.grid(), self.background, diagonal, one_colour);
                found.iter().map(|cells| cells.iter().map(place).collect()).collect()
            }
        }
    }

    /// Areas of background, connected by sides or by corners as well.
    pub fn free_areas(&self, diagonal: bool) -> Vec<Vec<Place>> {
        // What is free is the object, on all else.
        let cells = self.cells.iter().map(|&colour| u8::from(colour == self.background)).collect();
        Self { cells, background: 0, ..*self }.objects(Kind::Connected { diagonal, one_colour: true })
    }

    /// The colours of places, those in the grid.
    pub fn colours(&self, places: &[Place]) -> Vec<u8> {
        places.iter().filter_map(|&place| self.get(place)).collect()
    }

    /// How many colours the places have.
    pub fn count_colours(&self, places: &[Place]) -> usize {
        self.colours(places).into_iter().collect::<BTreeSet<u8>>().len()
    }

    /// All places of a colour.
    pub fn of_colour(&self, wanted: u8) -> Vec<Place> {
        self.coloured().filter(|&(_, colour)| colour == wanted).map(|(place, _)| place).collect()
    }

    /// The corners of the box of all that is drawn.
    pub fn drawn_corners(&self) -> Option<Corners> {
        corners(&self.drawn().map(|(place, _)| place).collect::<Vec<_>>())
    }

    /// The part between corners, which are in the grid.
    pub fn cut(&self, ((top, left), (bottom, right)): Corners) -> Grid {
        let [top, left, bottom, right] = [top, left, bottom + 1, right + 1].map(|at| at as usize);
        Rectangle { top, left, bottom, right }.cut(&self.grid())
    }
}

/// The corners of the box around places; none where there are none.
pub(super) fn corners(places: &[Place]) -> Option<Corners> {
    let cells = places.iter().map(|&(row, column)| (row as usize, column as usize)).collect::<Vec<_>>();
    if cells.is_empty() {
        return None;
    }
    let found = box_of(&cells);
    Some(((found.top as isize, found.left as isize), (found.bottom as isize - 1, found.right as isize - 1)))
}

/// So many steps from a place.
pub(super) fn along((row, column): Place, (down, across): Place, steps: isize) -> Place {
    (row + down * steps, column + across * steps)
}

/// How many cells have each colour.
pub(super) fn counts(colours: &[u8]) -> [usize; COLOURS] {
    let mut counts = [0; COLOURS];
    for &colour in colours {
        counts[usize::from(colour)] += 1;
    }
    counts
}

/// The commonest colour; of equals the first. None where there is none at all.
pub(super) fn commonest(colours: &[u8]) -> Option<u8> {
    let counts = counts(colours);
    let there = (0..COLOURS).filter(|&colour| counts[colour] > 0);
    there.rev().max_by_key(|&colour| counts[colour]).map(|colour| colour as u8)
}
