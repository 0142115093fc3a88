//! Objects that move as they are: to where something is in the way, or to something.

use super::picture::{Picture, Place, STEPS, along, corners};
use std::cmp::Reverse;

/// An object that another one holds up may move once that has moved.
const PASSES: usize = 2;

/// Each of the objects as far in one direction as it goes, the foremost first.
pub(super) fn slide(picture: &Picture, mut objects: Vec<Vec<Place>>, step: Place) -> Picture {
    let mut drawn = picture.clone();
    let foremost = |object: &Vec<Place>| object.iter().map(|place| place.0 * step.0 + place.1 * step.1).max();
    for _ in 0..PASSES {
        objects.sort_by_key(|object| Reverse(foremost(object)));
        for object in &mut objects {
            let cells = lift(&mut drawn, object);
            let steps = (1..=picture.longest())
                .find(|&steps| !object.iter().all(|&place| drawn.is_free(along(place, step, steps))));
            let steps = steps.unwrap_or(1) - 1;
            for place in object.iter_mut() {
                *place = along(*place, step, steps);
            }
            drawn.draw(object.iter().copied().zip(cells));
        }
    }
    drawn
}

/// Each object without colour `to` straight to the nearest cell of it, until they touch.
pub(super) fn gather(picture: &Picture, objects: &[Vec<Place>], to: u8) -> Picture {
    let mut drawn = picture.clone();
    for object in objects.iter().filter(|object| !picture.colours(object).contains(&to)) {
        if let Some((steps, step)) = way(picture, object, &[], to) {
            let cells = lift(&mut drawn, object);
            drawn.draw(object.iter().map(|&place| along(place, step, steps)).zip(cells));
        }
    }
    drawn
}

/// Each object that is one cell straight to the nearest larger object of its colour, until they touch; those that see none go.
pub(super) fn return_home(picture: &Picture, objects: &[Vec<Place>]) -> Picture {
    let mut drawn = picture.clone();
    let single: Vec<Place> = objects.iter().filter(|object| object.len() == 1).map(|object| object[0]).collect();
    for &place in &single {
        let cells = lift(&mut drawn, &[place]);
        if let Some((steps, step)) = way(picture, &[place], &single, cells[0]) {
            drawn.draw([(along(place, step, steps), cells[0])]);
        }
    }
    drawn
}

/// The fewest steps, and their direction, after which one more would meet a cell of a colour that isn't among `but`.
fn way(picture: &Picture, object: &[Place], but: &[Place], to: u8) -> Option<(isize, Place)> {
    let meets = |place: Place| picture.get(place) == Some(to) && !but.contains(&place);
    let steps_to = |&step: &Place| {
        let inside = |&steps: &isize| object.iter().all(|&place| picture.get(along(place, step, steps)).is_some());
        let met = |&steps: &isize| object.iter().any(|&place| meets(along(place, step, steps)));
        Some(((1..=picture.longest()).take_while(inside).find(met)? - 1, step))
    };
    STEPS.iter().filter_map(steps_to).min_by_key(|&(steps, _)| steps)
}

/// Each object one way by its own length there; where it was as well, or not.
pub(super) fn leap(picture: &Picture, objects: &[Vec<Place>], step: Place, copy: bool) -> Picture {
    let mut drawn = if copy { picture.clone() } else { picture.blank() };
    for object in objects {
        let Some(((top, left), (bottom, right))) = corners(object) else { continue };
        let length = if step.0 == 0 { right + 1 - left } else { bottom + 1 - top };
        let cells = picture.colours(object);
        drawn.draw(object.iter().map(|&place| along(place, step, length)).zip(cells));
    }
    drawn
}

/// Each object up or down, or left or right, until it begins where the box of a colour begins.
pub(super) fn aligned(picture: &Picture, objects: &[Vec<Place>], with: u8, rows: bool) -> Option<Picture> {
    let ((top, left), _) = corners(&picture.of_colour(with))?;
    let mut drawn = picture.blank();
    for object in objects {
        let ((own_top, own_left), _) = corners(object)?;
        let step = if rows { (top - own_top, 0) } else { (0, left - own_left) };
        drawn.draw(object.iter().map(|&place| along(place, step, 1)).zip(picture.colours(object)));
    }
    Some(drawn)
}

/// Takes an object off the picture; gives its colours.
fn lift(picture: &mut Picture, object: &[Place]) -> Vec<u8> {
    let colours = picture.colours(object);
    let background = picture.background;
    picture.draw(object.iter().map(|&place| (place, background)));
    colours
}
