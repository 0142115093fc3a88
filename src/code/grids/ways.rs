//! Ways from a cell of an output to a cell of its input, each a guess how the two belong together.
//!
//! In: an output's size, the input, a place. Out: for each way the place in the input, where the sizes allow it. Which way is
//! right is learnt: each has a record of how often the cells were the same.

use super::input::Input;
use super::{ALL_WAYS, Cells};

/// How many ways there are.
pub(super) const WAYS: usize = 16;

/// The way of a window whose place is found on the way: see [`Window`].
pub(super) const WINDOW: usize = 11;

/// More windows than this are not followed.
const MOST_WINDOWS: usize = 4096;

/// A place, which may be beyond the grid.
pub(super) type Place = (isize, isize);

/// Where way number `way` leads from `place`, if the sizes allow that way.
pub(super) fn follow(way: usize, input: &Cells, size: (usize, usize), place: Place, window: Place) -> Option<Place> {
    let (in_rows, in_columns) = (input.rows as isize, input.columns as isize);
    let (rows, columns) = (size.0 as isize, size.1 as isize);
    let (row, column) = place;
    let (up, left) = (rows - 1 - row, columns - 1 - column);
    let same = (in_rows, in_columns) == (rows, columns);
    let turned = (in_rows, in_columns) == (columns, rows);
    let fits = rows <= in_rows && columns <= in_columns;
    let multiple = !fits && rows % in_rows == 0 && columns % in_columns == 0;
    let part = fits && !same && in_rows % rows == 0 && in_columns % columns == 0;
    match way {
        0 => Some(place),
        1 => same.then_some((row, left)),
        2 => same.then_some((up, column)),
        3 => same.then_some((up, left)),
        4 => turned.then_some((column, row)),
        5 => turned.then_some((left, up)),
        6 => turned.then_some((left, row)),
        7 => turned.then_some((column, up)),
        8 => (!fits).then(|| (row.rem_euclid(in_rows), column.rem_euclid(in_columns))),
        9 => multiple.then(|| (row.div_euclid(rows / in_rows), column.div_euclid(columns / in_columns))),
        10 => part.then(|| (row * (in_rows / rows), column * (in_columns / columns))),
        WINDOW => (fits && !same).then_some((row + window.0, column + window.1)),
        12..=14 if fits && !same => {
            let ((down, row_step), (across, column_step)) = (panels(in_rows, rows)?, panels(in_columns, columns)?);
            let panel = way as isize - 11;
            (panel < down * across).then(|| (row + panel / across * row_step, column + panel % across * column_step))
        }
        15 => multiple.then(|| (mirrored(row, in_rows), mirrored(column, in_columns))),
        _ => None,
    }
}

/// The most panels that are laid over one another.
const MOST_PANELS: isize = 9;

/// The places in the input that lie over one of the output, where the input is cut into panels of the output's size.
pub(super) fn panel_places(
    input: &Cells,
    (rows, columns): (usize, usize),
    (row, column): (usize, usize),
) -> impl Iterator<Item = Place> {
    let sides = (input.rows as isize, input.columns as isize);
    let (rows, columns) = (rows as isize, columns as isize);
    let panels = (rows <= sides.0 && columns <= sides.1 && (rows, columns) != sides)
        .then(|| panels(sides.0, rows).zip(panels(sides.1, columns)))
        .flatten()
        .filter(|((down, _), (across, _))| down * across <= MOST_PANELS);
    panels.into_iter().flat_map(move |((down, row_step), (across, column_step))| {
        let place =
            move |panel| (row as isize + panel / across * row_step, column as isize + panel % across * column_step);
        (0..down * across).map(place)
    })
}

/// How many panels of length `part` there are in `all`, with or without a line between, and how far apart they start.
fn panels(all: isize, part: isize) -> Option<(isize, isize)> {
    if all % part == 0 {
        Some((all / part, part))
    } else {
        ((all + 1) % (part + 1) == 0).then(|| ((all + 1) / (part + 1), part + 1))
    }
}

fn mirrored(at: isize, length: isize) -> isize {
    let at = at.rem_euclid(2 * length);
    at.min(2 * length - 1 - at)
}

/// How often each way led to the right colour.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    right: [u32; ALL_WAYS],
    wrong: [u32; ALL_WAYS],
    /// The last results, the newest lowest.
    pub history: [u8; ALL_WAYS],
}

impl Records {
    pub fn add(&mut self, way: usize, right: bool) {
        let count = if right { &mut self.right[way] } else { &mut self.wrong[way] };
        *count += 1;
        self.history[way] = self.history[way] << 1 | u8::from(right);
    }

    /// The share that was right, in units of 10⁻³; a half where nothing is known.
    pub fn score(&self, way: usize) -> u64 {
        (u64::from(self.right[way]) * 1000 + 500) / u64::from(self.right[way] + self.wrong[way] + 1)
    }
}

/// Where in an input that is larger its output may be cut out: each place with how well it has done.
#[derive(Debug)]
pub(super) struct Window {
    places: Vec<(usize, usize)>,
    scores: Vec<i32>,
}

impl Window {
    /// `last` is the place in the pair before, where there was one.
    pub fn new(input: &Input, (rows, columns): (usize, usize), last: Option<Place>) -> Self {
        let Cells { rows: in_rows, columns: in_columns, .. } = input.cells;
        let mut places = Vec::new();
        let fits = rows <= in_rows && columns <= in_columns && (rows, columns) != (in_rows, in_columns);
        if fits && (in_rows - rows + 1) * (in_columns - columns + 1) <= MOST_WINDOWS {
            for top in 0..=in_rows - rows {
                places.extend((0..=in_columns - columns).map(|left| (top, left)));
            }
        }
        let is_last = |(top, left): (usize, usize)| Some((top as isize, left as isize)) == last;
        let start = |&place: &(usize, usize)| i32::from(place == input.corner) + i32::from(is_last(place));
        let scores = places.iter().map(start).collect();
        Self { places, scores }
    }

    /// The place that has done best; of equals the first.
    pub fn best(&self) -> Place {
        let best = self.places.iter().zip(&self.scores).rev().max_by_key(|&(_, &score)| score);
        best.map_or((0, 0), |(&(top, left), _)| (top as isize, left as isize))
    }

    /// Learns the colour at a place of the output.
    pub fn learn(&mut self, input: &Cells, (row, column): (usize, usize), colour: u8) {
        for (&(top, left), score) in self.places.iter().zip(&mut self.scores) {
            let right = input.cells[(row + top) * input.columns + column + left] == colour;
            *score += if right { 1 } else { -2 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(rows: usize, columns: usize) -> Cells {
        Cells { rows, columns, cells: (0..rows * columns).map(|cell| (cell * cell * 3 / 7 % 10) as u8).collect() }
    }

    #[test]
    fn no_way_divides_by_nothing_and_each_is_open_for_some_sizes() {
        let mut open = [false; WAYS];
        for in_rows in 1..8 {
            for in_columns in 1..8 {
                let input = counted(in_rows, in_columns);
                for rows in 1..9 {
                    for columns in 1..9 {
                        for (way, open) in open.iter_mut().enumerate() {
                            for place in [(0, 0), (-1, 2), (rows as isize, columns as isize - 1)] {
                                *open |= follow(way, &input, (rows, columns), place, (0, 0)).is_some();
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(open, [true; WAYS]);
    }

    #[test]
    fn a_window_is_found() {
        let input = Input::new(&counted(5, 7));
        let mut window = Window::new(&input, (2, 2), None);
        for (row, column) in [(0, 0), (0, 1), (1, 0)] {
            window.learn(&input.cells, (row, column), input.cells.cells[(2 + row) * 7 + 3 + column]);
        }
        assert_eq!(window.best(), (2, 3));
    }
}
