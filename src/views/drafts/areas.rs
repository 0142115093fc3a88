//! Areas that are filled: what is enclosed, boxes, what a colour touches.

use super::picture::{Kind, Picture, Place, STEPS, along, commonest, corners};

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
        if let (Some(colour), Some(((top, left), (bottom, right)))) = (colour, corners(&object)) {
            let cells = (top..=bottom).flat_map(|row| (left..=right).map(move |column| ((row, column), colour)));
            drawn.draw_below(cells);
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
