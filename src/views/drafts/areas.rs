//! Areas that are filled: what is enclosed, boxes, what a colour touches, empty rectangles.

use super::picture::{Corners, Kind, Picture, Place, STEPS, along, commonest, corners};

/// Areas of background that don't reach the border, in `colour`, or in the commonest around them.
pub(super) fn enclosed(picture: &Picture, diagonal: bool, colour: Option<u8>) -> Picture {
    let mut drawn = picture.clone();
    let at_border =
        |&(row, column): &Place| row == 0 || column == 0 || row + 1 == picture.rows || column + 1 == picture.columns;
    for area in picture.free_areas(diagonal).into_iter().filter(|area| !area.iter().any(at_border)) {
        let around: Vec<u8> = neighbours(picture, &area).filter(|&colour| colour != picture.background).collect();
        if let Some(colour) = colour.or_else(|| commonest(&around)) {
            drawn.draw(area.into_iter().map(|place| (place, colour)));
        }
    }
    drawn
}

/// The background in each object's box, in `colour`, or in the object's commonest.
pub(super) fn boxes(picture: &Picture, kind: Kind, colour: Option<u8>) -> Picture {
    let mut drawn = picture.clone();
    for object in picture.objects(kind) {
        let colour = colour.or_else(|| commonest(&picture.colours(&object)));
        if let (Some(colour), Some(around)) = (colour, corners(&object)) {
            drawn.draw_below(cells(around).map(|place| (place, colour)));
        }
    }
    drawn
}

/// Areas of background that touch a colour, in that colour.
pub(super) fn flood(picture: &Picture, colour: u8, diagonal: bool) -> Picture {
    let mut drawn = picture.clone();
    for area in picture.free_areas(diagonal) {
        if neighbours(picture, &area).any(|other| other == colour) {
            drawn.draw(area.into_iter().map(|place| (place, colour)));
        }
    }
    drawn
}

/// The colours beside places, as often as a side touches them.
fn neighbours(picture: &Picture, places: &[Place]) -> impl Iterator<Item = u8> {
    places.iter().flat_map(move |&place| STEPS[..4].iter().filter_map(move |&step| picture.get(along(place, step, 1))))
}

/// The largest rectangles of background, at least two cells high and wide, in a colour.
pub(super) fn vacant(picture: &Picture, colour: u8) -> Picture {
    let mut drawn = picture.clone();
    let found = rectangles(picture);
    let area = |&((top, left), (bottom, right)): &Corners| (bottom + 1 - top) * (right + 1 - left);
    let most = found.iter().map(area).max();
    for rectangle in found.iter().filter(|rectangle| Some(area(rectangle)) == most) {
        drawn.draw(cells(*rectangle).map(|place| (place, colour)));
    }
    drawn
}

/// Rectangles of background as high as they go, at least two cells high and wide.
fn rectangles(picture: &Picture) -> Vec<Corners> {
    let mut found = Vec::new();
    // How far up each column is free.
    let mut free = vec![0; picture.columns as usize];
    for row in 0..picture.rows {
        for column in 0..picture.columns {
            let height = &mut free[column as usize];
            *height = if picture.is_free((row, column)) { *height + 1 } else { 0 };
        }
        for left in 0..picture.columns {
            let mut height = isize::MAX;
            for right in left..picture.columns {
                height = height.min(free[right as usize]);
                if height < 2 {
                    break;
                }
                if right > left {
                    found.push(((row + 1 - height, left), (row, right)));
                }
            }
        }
    }
    found
}

/// Squares of background in a colour, from the upper left on, no two over one another.
pub(super) fn squares(picture: &Picture, side: usize, colour: u8) -> Picture {
    let mut drawn = picture.clone();
    for (row, column) in picture.places() {
        let square = ((row, column), (row + side as isize - 1, column + side as isize - 1));
        if cells(square).all(|place| drawn.is_free(place)) {
            drawn.draw(cells(square).map(|place| (place, colour)));
        }
    }
    drawn
}

/// The places in a box.
fn cells(((top, left), (bottom, right)): Corners) -> impl Iterator<Item = Place> {
    (top..=bottom).flat_map(move |row| (left..=right).map(move |column| (row, column)))
}
