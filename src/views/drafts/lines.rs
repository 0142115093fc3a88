//! Lines: between cells, from cells on, and on from where they end.

use super::picture::{Picture, Place, STEPS, along};

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
            ray(picture, &mut drawn, place, step, own, stop);
        }
    }
    drawn
}

/// A line from a place to the border, below what is there, or up to it.
fn ray(picture: &Picture, drawn: &mut Picture, place: Place, step: Place, colour: u8, stop: bool) {
    let goes_on = |place: &Place| if stop { picture.is_free(*place) } else { picture.get(*place).is_some() };
    let line = (1..=picture.longest()).map(|steps| along(place, step, steps)).take_while(goes_on);
    drawn.draw_below(line.map(|place| (place, colour)));
}

/// Lines go on where they end: from each cell with one neighbour of its colour, by sides or by corners as well, away from that.
pub(super) fn ends(picture: &Picture, corners: bool, colour: Option<u8>, stop: bool) -> Picture {
    let steps = if corners { &STEPS[..] } else { &STEPS[..4] };
    let mut drawn = picture.clone();
    for (place, own) in picture.drawn().filter(|&(_, own)| colour.is_none_or(|colour| colour == own)) {
        let mut beside = steps.iter().filter(|&&step| picture.get(along(place, step, 1)) == Some(own));
        if let (Some(&(down, across)), None) = (beside.next(), beside.next()) {
            ray(picture, &mut drawn, place, (-down, -across), own, stop);
        }
    }
    drawn
}

/// Lines away from each cell that touches a cell of another colour on the other side: in its own colour or in that.
pub(super) fn pointed(picture: &Picture, corners: bool, colour: u8, own: bool, stop: bool) -> Picture {
    let steps = if corners { &STEPS[..] } else { &STEPS[..4] };
    let mut drawn = picture.clone();
    for place in picture.of_colour(colour) {
        for &(down, across) in steps {
            let behind = picture.get(along(place, (down, across), -1));
            if let Some(behind) = behind.filter(|&there| there != colour && there != picture.background) {
                ray(picture, &mut drawn, place, (down, across), if own { colour } else { behind }, stop);
            }
        }
    }
    drawn
}

/// Lines between cells of different colours that see each other, in the colour of the first.
pub(super) fn bridges(picture: &Picture, steps: &[Place]) -> Picture {
    let mut drawn = picture.clone();
    for &step in steps {
        for (place, own) in picture.drawn() {
            let count = (1..=picture.longest()).take_while(|&steps| picture.is_free(along(place, step, steps))).count()
                as isize;
            if picture.get(along(place, step, count + 1)).is_some_and(|there| there != own) {
                drawn.draw_below((1..=count).map(|steps| (along(place, step, steps), own)));
            }
        }
    }
    drawn
}
