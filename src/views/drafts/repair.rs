//! What a colour hides, read off the symmetries and the periods that the rest of a grid has.

use super::picture::{Corners, Picture, Place, commonest, corners};
use crate::data::Grid;
use std::cmp::Reverse;

/// A map of the grid onto itself is of use where so much of the grid is known at both ends (a share of a hundredth), ...
const LEAST_COMMON: usize = 30;

/// ... where so many of these places are not background at both ends, ...
const LEAST_SEEN: usize = 10;

/// ... and where so many of those are the same (of a thousandth).
const LEAST_SAME: usize = 980;

/// Diagonals further from the corner than this are no axes.
const FARTHEST_DIAGONAL: isize = 3;

/// The most maps that are followed, the truest first.
const MOST_MAPS: usize = 40;

/// How often what was found is used to find more.
const PASSES: usize = 6;

/// The place that belongs to a place.
#[derive(Clone, Copy, Debug)]
enum Map {
    /// Mirrored: rows add up to this, columns are as they were.
    Rows(isize),
    Columns(isize),
    /// Rows and columns exchanged, so far from the main diagonal.
    Diagonal(isize),
    /// The same along the other diagonal.
    Across(isize),
    Shift(Place),
}

impl Map {
    fn all(rows: isize, columns: isize) -> impl Iterator<Item = Self> {
        let mirrored = |side: isize| side / 2..=2 * side - 2 - side / 2;
        let (least, most) = (rows.min(columns), rows.max(columns));
        let shifts = (0..=rows / 2).flat_map(move |down| {
            (-(columns / 2)..=columns / 2)
                .filter(move |&across| down > 0 || across > 0)
                .map(move |across| Self::Shift((down, across)))
        });
        mirrored(rows)
            .map(Self::Rows)
            .chain(mirrored(columns).map(Self::Columns))
            .chain((-FARTHEST_DIAGONAL..=FARTHEST_DIAGONAL).map(Self::Diagonal))
            .chain((least / 2..2 * most - least / 2).map(Self::Across))
            .chain(shifts)
    }

    /// What is as true as this one: of shifts the one back as well.
    fn both_ways(self) -> impl Iterator<Item = Self> {
        let back = match self {
            Self::Shift((down, across)) => Some(Self::Shift((-down, -across))),
            _ => None,
        };
        std::iter::once(self).chain(back)
    }

    fn of(self, (row, column): Place) -> Place {
        match self {
            Self::Rows(sum) => (sum - row, column),
            Self::Columns(sum) => (row, sum - column),
            Self::Diagonal(off) => (column + off, row - off),
            Self::Across(sum) => (sum - column, sum - row),
            Self::Shift((down, across)) => (row + down, column + across),
        }
    }
}

/// The grid with all that `hidden` hides, as far as it can be read off; none where nothing can. And the box of what was hidden.
pub(super) fn repaired(picture: &Picture, hidden: u8) -> Option<(Picture, Corners)> {
    let places = picture.of_colour(hidden);
    let around = corners(&places)?;
    let known: Vec<u8> = picture.coloured().map(|(_, colour)| colour).filter(|&colour| colour != hidden).collect();
    let background = commonest(&known)?;
    let mut maps: Vec<(usize, usize, Map)> = Map::all(picture.rows, picture.columns)
        .filter_map(|map| Some((truth(picture, map, hidden, background)?, map)))
        .flat_map(|((same, common), map)| map.both_ways().map(move |map| (same, common, map)))
        .collect();
    maps.sort_by_key(|&(same, common, _)| Reverse((same, common)));
    maps.truncate(MOST_MAPS);
    let mut drawn = picture.clone();
    for _ in 0..PASSES {
        for &(_, _, map) in &maps {
            let read = |place: Place| {
                let colour = drawn.get(map.of(place)).filter(|&colour| colour != hidden)?;
                (drawn.get(place) == Some(hidden)).then_some((place, colour))
            };
            let found: Vec<(Place, u8)> = places.iter().filter_map(|&place| read(place)).collect();
            drawn.draw(found);
        }
    }
    (drawn != *picture).then_some((drawn, around))
}

/// How many of a thousand places that say something are the same, and how many are known at both ends; none where the map is
/// of no use.
fn truth(picture: &Picture, map: Map, hidden: u8, background: u8) -> Option<(usize, usize)> {
    let (mut common, mut seen, mut same) = (0, 0, 0);
    for (place, colour) in picture.coloured().filter(|&(_, colour)| colour != hidden) {
        let there = map.of(place);
        let Some(other) = picture.get(there).filter(|&other| other != hidden && there != place) else { continue };
        common += 1;
        if (colour, other) != (background, background) {
            seen += 1;
            same += usize::from(colour == other);
        }
    }
    let all = (picture.rows * picture.columns) as usize;
    let is_true = 100 * common >= LEAST_COMMON * all && seen >= LEAST_SEEN && 1000 * same >= LEAST_SAME * seen;
    is_true.then(|| (1000 * same / seen, common))
}

/// What was hidden, cut out; see [`repaired`].
pub(super) fn patch(picture: &Picture, hidden: u8) -> Option<Grid> {
    let (drawn, around) = repaired(picture, hidden)?;
    Some(drawn.cut(around))
}
