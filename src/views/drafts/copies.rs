//! Copies of shapes: mirror images about something, objects turned, made symmetric or repeated, and what is a part of a pattern made whole.

use super::picture::{Corners, Kind, Picture, Place, along, corners};
use crate::data::Grid;
use crate::views::Symmetry;
use crate::views::symmetry::from_cells;
use std::collections::BTreeSet;

/// Pictures of more objects have no pattern of which the others are parts.
const MOST_OBJECTS: usize = 40;

/// Larger objects are not made symmetric.
const MOST_CELLS: usize = 80;

/// Which images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// Left and right exchanged.
    Across,
    /// Top and bottom exchanged.
    Down,
    /// Half a turn.
    Half,
    /// These three.
    Mirrors,
    /// The quarter turns.
    Turns,
    /// All seven.
    All,
}

impl Images {
    pub const ALL: [Self; 6] = [Self::Across, Self::Down, Self::Half, Self::Mirrors, Self::Turns, Self::All];

    /// The symmetries that give the images.
    fn symmetries(self) -> impl Iterator<Item = Symmetry> {
        Symmetry::all().skip(1).filter(move |symmetry| {
            let Symmetry { transpose, flip_rows, flip_columns } = *symmetry;
            match self {
                Self::Across => !transpose && !flip_rows,
                Self::Down => !transpose && !flip_columns,
                Self::Half => !transpose && flip_rows && flip_columns,
                Self::Mirrors => !transpose,
                Self::Turns => (flip_rows && flip_columns) || (transpose && flip_rows != flip_columns),
                Self::All => true,
            }
        })
    }

    /// Where the images of a place lie about the middle of a box. Quarter turns need a middle that is a cell, or a corner of four.
    fn of(self, (row, column): Place, ((top, left), (bottom, right)): Corners) -> Vec<Place> {
        // Twice the way from the middle.
        let (down, across) = (2 * row - top - bottom, 2 * column - left - right);
        let image = |symmetry: Symmetry| {
            let (down, across) = if symmetry.transpose { (across, down) } else { (down, across) };
            let down = if symmetry.flip_rows { -down } else { down } + top + bottom;
            let across = if symmetry.flip_columns { -across } else { across } + left + right;
            (down % 2 == 0 && across % 2 == 0).then_some((down / 2, across / 2))
        };
        self.symmetries().filter_map(image).collect()
    }
}

/// All that is drawn, with its images about the box of a colour below it.
pub(super) fn about(picture: &Picture, colour: u8, images: Images) -> Option<Picture> {
    Some(with_images(picture, corners(&picture.of_colour(colour))?, images))
}

/// All that is drawn, with its images about the middle of the grid, or of its own box, below it.
pub(super) fn mirrored(picture: &Picture, images: Images, whole: bool) -> Option<Picture> {
    let grid = ((0, 0), (picture.rows - 1, picture.columns - 1));
    Some(with_images(picture, if whole { grid } else { picture.drawn_corners()? }, images))
}

fn with_images(picture: &Picture, around: Corners, images: Images) -> Picture {
    let mut drawn = picture.clone();
    drawn.draw_below(
        picture.drawn().flat_map(|(place, own)| images.of(place, around).into_iter().map(move |image| (image, own))),
    );
    drawn
}

/// Each object with its images about its own box below it.
pub(super) fn symmetric(picture: &Picture, kind: Kind, images: Images) -> Picture {
    let mut drawn = picture.clone();
    for object in picture.objects(kind) {
        let Some(around) = corners(&object) else { continue };
        for (&place, own) in object.iter().zip(picture.colours(&object)) {
            drawn.draw_below(images.of(place, around).into_iter().map(|image| (image, own)));
        }
    }
    drawn
}

/// Each object turned in its place; none where it does not fit there.
pub(super) fn turned(picture: &Picture, kind: Kind, symmetry: Symmetry) -> Option<Picture> {
    let mut drawn = picture.blank();
    for object in picture.objects(kind) {
        let around = corners(&object)?;
        let shape = symmetry.turn(&alone(picture, &object, around));
        let (height, width) = sides(around);
        if (shape.rows() as isize, shape.columns() as isize) != (height, width) {
            return None;
        }
        stamp(&mut drawn, &shape, around.0, picture.background);
    }
    Some(drawn)
}

/// At each single cell the shape of the object of most colours, around it: in the cell's colour or its own, the object kept or not.
pub(super) fn stamps(picture: &Picture, kind: Kind, recolour: bool, keep: bool) -> Option<Picture> {
    let objects = picture.objects(kind);
    let pattern = richest(picture, &objects).filter(|object| object.len() > 1)?;
    let around = corners(pattern)?;
    let shape = alone(picture, pattern, around);
    let (height, width) = sides(around);
    let mut drawn = picture.clone();
    for object in objects.iter().filter(|object| object.len() == 1) {
        let (row, column) = object[0];
        let own = picture.get(object[0])?;
        let recoloured = |row: usize, column: usize| {
            let colour = shape.get(row, column);
            if recolour && colour != picture.background { own } else { colour }
        };
        let copy = from_cells(shape.rows(), shape.columns(), recoloured);
        stamp(&mut drawn, &copy, (row - height / 2, column - width / 2), picture.background);
    }
    if !keep {
        drawn.draw(pattern.iter().map(|&place| (place, picture.background)));
    }
    Some(drawn)
}

/// What is left of a pattern elsewhere, made whole: patterns are the objects of most colours, in any of eight symmetries and up to `scale`
/// times as large, and stay where they are or not. None where nothing is a part of one.
pub(super) fn completed(picture: &Picture, kind: Kind, scale: usize, keep: bool) -> Option<Picture> {
    let objects = picture.objects(kind);
    let most = objects.iter().map(|object| picture.count_colours(object)).max()?;
    if !(2..=MOST_OBJECTS).contains(&objects.len()) || most < 2 {
        return None;
    }
    let patterns = || objects.iter().filter(|object| picture.count_colours(object) == most);
    let mut rest = picture.clone();
    patterns().for_each(|pattern| rest.draw(pattern.iter().map(|&place| (place, picture.background))));
    let mut drawn = if keep { picture.clone() } else { rest.clone() };
    let mut placed = Vec::new();
    for pattern in patterns() {
        let shape = alone(picture, pattern, corners(pattern)?);
        placed.extend(placements(&rest, &drawn, &shapes(&shape, scale)));
    }
    // What has most in common with a pattern is seen first.
    placed.sort_by_key(|(colours, cells, _)| std::cmp::Reverse((*colours, cells.len())));
    let mut left = rest;
    for (_, found, cells) in &placed {
        if found.iter().all(|&place| !left.is_free(place)) {
            drawn.draw(cells.iter().copied());
            left.draw(cells.iter().map(|&(place, _)| (place, picture.background)));
        }
    }
    (!placed.is_empty()).then_some(drawn)
}

/// The object of most colours drawn over each other object whose box has the size of its own.
pub(super) fn replaced(picture: &Picture, kind: Kind) -> Option<Picture> {
    let objects = picture.objects(kind);
    let pattern = richest(picture, &objects)?;
    let around = corners(pattern)?;
    let shape = picture.cut(around);
    let mut drawn = picture.clone();
    let alike = |other: &Corners| sides(*other) == sides(around);
    for (corner, _) in objects.iter().filter_map(|object| corners(object)).filter(alike) {
        stamp(&mut drawn, &shape, corner, picture.background);
    }
    Some(drawn)
}

/// The box of all that is drawn, repeated up and down, left and right, or both.
pub(super) fn repeated(picture: &Picture, down: bool, across: bool) -> Option<Picture> {
    let ((top, left), (bottom, right)) = picture.drawn_corners()?;
    let mut drawn = picture.clone();
    let within = |at: isize, first: isize, last: isize, is_on: bool| {
        if is_on { (at - first).rem_euclid(last + 1 - first) + first } else { at }
    };
    let cells = picture.places().filter_map(|(row, column)| {
        let there = (within(row, top, bottom, down), within(column, left, right, across));
        Some(((row, column), picture.get(there)?))
    });
    drawn.draw_below(cells);
    Some(drawn)
}

/// The object of most colours, of these the largest, of these the first.
fn richest<'a>(picture: &Picture, objects: &'a [Vec<Place>]) -> Option<&'a Vec<Place>> {
    objects.iter().rev().max_by_key(|object| (picture.count_colours(object), object.len()))
}

/// A shape in all symmetries and sizes, no two alike.
fn shapes(shape: &Grid, scale: usize) -> Vec<Grid> {
    let mut all = Vec::new();
    for symmetry in Symmetry::all() {
        let turned = symmetry.turn(shape);
        for times in 1..=scale {
            let larger = larger(&turned, times);
            if !all.contains(&larger) {
                all.push(larger);
            }
        }
    }
    all
}

/// Each cell a square of cells.
pub(super) fn larger(grid: &Grid, times: usize) -> Grid {
    from_cells(grid.rows() * times, grid.columns() * times, |row, column| grid.get(row / times, column / times))
}

/// Copies beside and below one another, each the mirror image of its neighbours or not.
pub(super) fn tiles(grid: &Grid, rows: usize, columns: usize, mirrored: bool) -> Grid {
    let place = |at: usize, side: usize| {
        if mirrored && at / side % 2 == 1 { side - 1 - at % side } else { at % side }
    };
    from_cells(grid.rows() * rows, grid.columns() * columns, |row, column| {
        grid.get(place(row, grid.rows()), place(column, grid.columns()))
    })
}

/// How many colours are found, where, and the cells of the whole.
type Placement = (usize, Vec<Place>, Vec<(Place, u8)>);

/// Where a shape lies over cells of `rest` of its own colours, and over background else.
fn placements(rest: &Picture, picture: &Picture, shapes: &[Grid]) -> Vec<Placement> {
    let mut placed = Vec::new();
    for shape in shapes {
        let cells: Vec<(Place, u8)> = Picture::new(shape, rest.background).drawn().collect();
        // Something of the shape has to be there.
        let corners: BTreeSet<Place> = rest
            .drawn()
            .flat_map(|((row, column), there)| {
                let of_colour = cells.iter().filter(move |&&(_, colour)| colour == there);
                of_colour.map(move |&((down, across), _)| (row - down, column - across))
            })
            .collect();
        for (top, left) in corners {
            let at = |&((row, column), colour): &(Place, u8)| ((row + top, column + left), colour);
            let fits = |(place, colour): (Place, u8)| {
                let there = rest.get(place);
                there.is_none() || there == Some(colour) || picture.is_free(place)
            };
            if cells.iter().map(at).all(fits) {
                let there = cells.iter().map(at).filter(|&(place, colour)| rest.get(place) == Some(colour));
                let found: Vec<Place> = there.map(|(place, _)| place).collect();
                placed.push((rest.count_colours(&found), found, cells.iter().map(at).collect()));
            }
        }
    }
    placed
}

/// An object by itself in its box.
fn alone(picture: &Picture, object: &[Place], around: Corners) -> Grid {
    let mut drawn = picture.blank();
    drawn.draw(object.iter().copied().zip(picture.colours(object)));
    drawn.cut(around)
}

fn sides(((top, left), (bottom, right)): Corners) -> Place {
    (bottom + 1 - top, right + 1 - left)
}

/// Draws a shape, but for its background, from a corner on.
fn stamp(drawn: &mut Picture, shape: &Grid, (top, left): Place, background: u8) {
    let shape = Picture::new(shape, background);
    drawn.draw(shape.drawn().map(|((row, column), colour)| ((row + top, column + left), colour)));
}

/// Each object again and again one way, below what is there, with `gap` between.
pub(super) fn trail(picture: &Picture, kind: Kind, step: Place, gap: isize) -> Picture {
    let mut drawn = picture.clone();
    for object in picture.objects(kind) {
        let Some(((top, left), (bottom, right))) = corners(&object) else { continue };
        let length = gap + if step.0 == 0 { right + 1 - left } else { bottom + 1 - top };
        again(picture, &mut drawn, &object, along((0, 0), step, length));
    }
    drawn
}

/// Copies of an object, one step after the other, below what is there.
fn again(picture: &Picture, drawn: &mut Picture, object: &[Place], step: Place) {
    let cells = picture.colours(object);
    for times in 1..=picture.longest() {
        drawn.draw_below(object.iter().map(|&place| along(place, step, times)).zip(cells.iter().copied()));
    }
}

/// Each object again and again in the step that leads to it from the nearest object of its shape, below what is there.
pub(super) fn continued(picture: &Picture, kind: Kind) -> Option<Picture> {
    let objects = picture.objects(kind);
    if !(2..=MOST_OBJECTS).contains(&objects.len()) {
        return None;
    }
    let origin = |object: &[Place]| corners(object).map_or((0, 0), |around| around.0);
    let shape = |object: &[Place]| -> Vec<(Place, u8)> {
        let (top, left) = origin(object);
        object.iter().map(|&(row, column)| (row - top, column - left)).zip(picture.colours(object)).collect()
    };
    let shapes: Vec<_> = objects.iter().map(|object| shape(object)).collect();
    let mut drawn = picture.clone();
    for (index, object) in objects.iter().enumerate() {
        let from = origin(object);
        // From the nearest of its shape.
        let ways = (0..objects.len()).filter(|&other| other != index && shapes[other] == shapes[index]).map(|other| {
            let to = origin(&objects[other]);
            (from.0 - to.0, from.1 - to.1)
        });
        if let Some(step) = ways.min_by_key(|way| way.0.abs().max(way.1.abs())) {
            again(picture, &mut drawn, object, step);
        }
    }
    Some(drawn)
}

/// Each object with its images below it, about the middle for which most of them are there already and none has another colour.
pub(super) fn mended(picture: &Picture, kind: Kind, images: Images) -> Option<Picture> {
    let objects = picture.objects(kind);
    if objects.len() > MOST_OBJECTS {
        return None;
    }
    let mut drawn = picture.clone();
    for object in objects.iter().filter(|object| object.len() <= MOST_CELLS) {
        let ((top, left), (bottom, right)) = corners(object)?;
        let cells: Vec<(Place, u8)> = object.iter().copied().zip(picture.colours(object)).collect();
        let about = |around: Corners| {
            cells
                .iter()
                .flat_map(move |&(place, own)| images.of(place, around).into_iter().map(move |image| (image, own)))
        };
        // Images that are there already; none where something else is.
        let met = |around: Corners| {
            about(around).try_fold(0usize, |met, (place, own)| match picture.get(place) {
                Some(there) if there == own => Some(met + 1),
                Some(there) if there != picture.background => None,
                _ => Some(met),
            })
        };
        // A middle is a cell or lies between cells; where only one side is exchanged the other says nothing.
        let last_row = if images == Images::Across { 2 * top } else { 2 * bottom };
        let last_column = if images == Images::Down { 2 * left } else { 2 * right };
        let middles = (2 * top..=last_row).flat_map(|row| (2 * left..=last_column).map(move |column| (row, column)));
        let around = |(row, column): Place| ((row / 2, column / 2), (row - row / 2, column - column / 2));
        let best = middles.map(around).filter_map(|around| Some((met(around)?, around))).max_by_key(|&(met, _)| met);
        if let Some((_, around)) = best {
            drawn.draw_below(about(around));
        }
    }
    Some(drawn)
}

/// Objects whose boxes have one size, over one another, the first on top.
pub(super) fn overlaid(picture: &Picture, kind: Kind) -> Option<Grid> {
    let objects = picture.objects(kind);
    if !(2..=MOST_OBJECTS).contains(&objects.len()) {
        return None;
    }
    let size = sides(corners(&objects[0])?);
    let mut drawn: Option<Picture> = None;
    for object in &objects {
        let around = corners(object)?;
        if sides(around) != size {
            return None;
        }
        let shape = Picture::new(&alone(picture, object, around), picture.background);
        match &mut drawn {
            Some(drawn) => drawn.draw_below(shape.drawn()),
            None => drawn = Some(shape),
        }
    }
    drawn.map(|drawn| drawn.grid())
}
