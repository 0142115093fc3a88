//! Objects in a colour that something else has: what they touch or lie in line with, what has their shape, what is nearest.

use super::picture::{Kind, Picture, Place, commonest, corners};
use crate::data::Grid;
use crate::views::Symmetry;
use crate::views::symmetry::from_cells;
use std::collections::BTreeSet;

/// Pictures of more objects are left alone.
const MOST_OBJECTS: usize = 40;

/// From what an object takes its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lender {
    /// What is of another colour and touches it, at corners as well.
    Touching,
    /// The nearest cell of another colour.
    Nearest,
    /// What is of another colour in its rows and columns.
    InLine,
    /// The objects of another colour whose shape is its own, in any symmetry.
    Alike,
    /// What is of another colour in its box.
    Inside,
}

impl Lender {
    /// All that are tried.
    pub const ALL: [Self; 5] = [Self::Touching, Self::Nearest, Self::InLine, Self::Alike, Self::Inside];
}

/// Each object of a colour, or of any, in the colour that something else lends; those to which nothing does stay as they are.
pub(super) fn borrowed(picture: &Picture, kind: Kind, from: Lender, only: Option<u8>) -> Option<Picture> {
    let objects = picture.objects(kind);
    if !(2..=MOST_OBJECTS).contains(&objects.len()) {
        return None;
    }
    let own: Vec<Option<u8>> = objects.iter().map(|object| commonest(&picture.colours(object))).collect();
    let shapes: Vec<Vec<Grid>> = match from {
        Lender::Alike => objects.iter().map(|object| turned(object)).collect(),
        _ => Vec::new(),
    };
    let mut drawn = picture.clone();
    for (index, object) in objects.iter().enumerate() {
        let Some(colour) = own[index].filter(|&colour| only.is_none_or(|only| only == colour)) else { continue };
        let ((top, left), (bottom, right)) = corners(object)?;
        let (rows, columns) = (top..=bottom, left..=right);
        let others = || picture.drawn().filter(|&(_, there)| there != colour);
        let commonest_where = |is: &dyn Fn(Place) -> bool| {
            commonest(&others().filter(|&(place, _)| is(place)).map(|(_, there)| there).collect::<Vec<_>>())
        };
        let far = |place: Place| object.iter().map(|&cell| distance(cell, place)).min();
        let lent = match from {
            Lender::Touching => commonest_where(&|place| far(place) == Some(1)),
            Lender::Nearest => others().min_by_key(|&(place, _)| far(place)).map(|(_, there)| there),
            Lender::InLine => commonest_where(&|(row, column)| rows.contains(&row) || columns.contains(&column)),
            Lender::Inside => commonest_where(&|(row, column)| rows.contains(&row) && columns.contains(&column)),
            Lender::Alike => {
                let alike = |other: &usize| own[*other] != own[index] && shapes[*other].contains(&shapes[index][0]);
                commonest(&(0..objects.len()).filter(alike).filter_map(|other| own[other]).collect::<Vec<_>>())
            }
        };
        if let Some(lent) = lent {
            let cells = object.iter().filter(|&&place| picture.get(place) == Some(colour));
            drawn.draw(cells.map(|&place| (place, lent)));
        }
    }
    Some(drawn)
}

/// Steps of any of the eight kinds between places.
fn distance((row, column): Place, (other_row, other_column): Place) -> isize {
    (row - other_row).abs().max((column - other_column).abs())
}

/// An object's shape in all symmetries, its own first.
fn turned(object: &[Place]) -> Vec<Grid> {
    let Some(((top, left), (bottom, right))) = corners(object) else { return Vec::new() };
    let cells: BTreeSet<Place> = object.iter().copied().collect();
    let shape = from_cells((bottom + 1 - top) as usize, (right + 1 - left) as usize, |row, column| {
        u8::from(cells.contains(&(row as isize + top, column as isize + left)))
    });
    Symmetry::all().map(|symmetry| symmetry.turn(&shape)).collect()
}
