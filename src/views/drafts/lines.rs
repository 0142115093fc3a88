//! Lines: between cells of one colour, and from cells on.

use super::picture::{Picture, Place, along};

/// Lines between cells of one colour with nothing of that colour between them: of `colour` alone, or of all; over other colours, or only where
/// there is nothing else.
pub(super) fn connect(picture: &Picture, steps: &[Place], colour: Option<u8>, over: bool) -> Picture {
    let mut drawn = picture.clone();
    for &step in steps {
        for (place, own) in picture.drawn().filter(|&(_, own)| colour.is_none_or(|colour| colour == own)) {
            let between = |&steps: &isize| {
                let there = picture.get(along(place, step, steps));
                there.is_some_and(|there| there != own && (over || there == picture.background))
            };
            let count = (1..=picture.longest()).take_while(between).count() as isize;
            if picture.get(along(place, step, count + 1)) == Some(own) {
                let cells = (1..=count).map(|steps| (along(place, step, steps), own));
                if over { drawn.draw(cells) } else { drawn.draw_below(cells) }
            }
        }
    }
    drawn
}

/// Lines from each cell of a colour, or of any, to the border, below what is there, or up to it.
pub(super) fn rays(picture: &Picture, steps: &[Place], colour: Option<u8>, stop: bool) -> Picture {
    let mut drawn = picture.clone();
    for (place, own) in picture.drawn().filter(|&(_, own)| colour.is_none_or(|colour| colour == own)) {
        for &step in steps {
            let goes_on = |place: &Place| if stop { picture.is_free(*place) } else { picture.get(*place).is_some() };
            let line = (1..=picture.longest()).map(|steps| along(place, step, steps)).take_while(goes_on);
            drawn.draw_below(line.map(|place| (place, own)));
        }
    }
    drawn
}
