//! The cumulative maximum of one channel along one ray of one plane, rescaled by its line's extremes to [−1, 1], and its
//! gradient.
//!
//! In and out: a row of lanes, one a cell. For a scan the cells are laid out anew, so that every line of the ray is a column
//! and its steps are rows: rows and columns exchanged where it runs along columns, rows moved sideways where it runs along
//! diagonals. A sweep then combines whole rows. Places that are no cell lie infinitely far outside.

use super::columns::load;
use super::float::Float;
use super::geometry::LANES;
use super::simd::kernel;
use crate::model::tying;

/// What a cell outside the grids is moved by, so that it is no maximum (CompressARC, `cummax_`).
pub const OUTSIDE: f64 = 1e3;
/// How far outside a place is that is no cell.
const NOWHERE: f64 = 1e30;
/// Keeps the range of a line positive, along rows and columns.
const CARDINAL_MARGIN: f64 = 1e-3;
/// The same along diagonals.
const DIAGONAL_MARGIN: f64 = 1e-5;
/// Arrays that a scan works with, each as long as [`Scan::size`].
pub const SCRATCH: usize = 3;

/// One ray over planes of one size: how cells are laid out for it.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Where each cell goes.
    places: Vec<u32>,
    /// Rows of the layout, lanes of a row.
    rows: usize,
    lanes: usize,
    /// Whether the ray goes from the last row to the first.
    reversed: bool,
    diagonal: bool,
}

impl Scan {
    /// The ray of a direction.
    pub fn new(direction: usize, rows: usize, columns: usize) -> Self {
        let (down, right) = tying::ray(direction, 0);
        let place = |row: usize, column: usize| match (down, right) {
            (_, 0) => (row, column),
            (0, _) => (column, row),
            (down, right) if down == right => (row, column + rows - 1 - row),
            _ => (row, column + row),
        };
        let (steps, lines) = match (down, right) {
            (_, 0) => (rows, columns),
            (0, _) => (columns, rows),
            _ => (rows, columns + rows - 1),
        };
        let lanes = lines.next_multiple_of(LANES);
        let places = (0..rows * columns).map(|cell| {
            let (step, line) = place(cell / columns, cell % columns);
            (step * lanes + line) as u32
        });
        Self {
            places: places.collect(),
            rows: steps,
            lanes,
            reversed: if down == 0 { right < 0 } else { down < 0 },
            diagonal: down != 0 && right != 0,
        }
    }

    /// Numbers of the layout.
    pub fn size(&self) -> usize {
        self.rows * self.lanes
    }

    /// How far outside each place of the layout is, given so for each cell.
    pub fn outside<T: Float>(&self, by_cell: &[T]) -> Vec<T> {
        let mut outside = vec![T::of(NOWHERE); self.size()];
        self.lay_out(by_cell, &mut outside);
        outside
    }

    fn lay_out<T: Float>(&self, by_cell: &[T], places: &mut [T]) {
        for (&value, &place) in by_cell.iter().zip(&self.places) {
            places[place as usize] = value;
        }
    }

    fn take_back<T: Float>(&self, places: &[T], by_cell: &mut [T]) {
        for (value, &place) in by_cell.iter_mut().zip(&self.places) {
            *value = places[place as usize];
        }
    }

    /// The rows in the ray's order.
    fn row(&self, step: usize) -> usize {
        if self.reversed { self.rows - 1 - step } else { step }
    }
}

/// What is added above the least value, and to the range, for how far outside a cell is; and what the result is
/// multiplied by. Along rows and columns a cell outside is brought back by its own shift; along diagonals it is 0.
#[derive(Clone, Copy)]
struct Margins<T> {
    above: T,
    range: T,
    lift: T,
    fade: T,
}

impl<T: Float> Margins<T> {
    fn of(diagonal: bool) -> Self {
        if diagonal {
            let range = T::of(DIAGONAL_MARGIN);
            Self { above: T::ZERO, range, lift: T::ZERO, fade: T::of(1.0 / OUTSIDE) }
        } else {
            let margin = T::of(CARDINAL_MARGIN);
            Self { above: margin, range: margin + margin, lift: T::of(2.0), fade: T::ZERO }
        }
    }
}

/// The cumulative maximum of 16 lines; gives their lowest and highest values.
#[inline(always)]
fn extremes<T: Float>(scan: &Scan, first: usize, values: &[T], outside: &[T], cumulative: &mut [T]) -> [[T; LANES]; 2] {
    let mut highest = [T::of(-NOWHERE); LANES];
    let mut lowest = [T::of(NOWHERE); LANES];
    for step in 0..scan.rows {
        let at = scan.row(step) * scan.lanes + first;
        let (values, outside) = (load(values, at), load(outside, at));
        for lane in 0..LANES {
            highest[lane] = (values[lane] - outside[lane]).larger(highest[lane]);
            lowest[lane] = (values[lane] + outside[lane]).smaller(lowest[lane]);
        }
        cumulative[at..at + LANES].copy_from_slice(&highest);
    }
    [lowest, highest]
}

kernel! {
    /// `maximal` = the rescaled cumulative maximum of `values`, by cell. `outside`: by the scan's places, [`OUTSIDE`] where a
    /// cell is outside, else 0. `scratch`: working space, whose first array is 0 where there is no cell.
    pub fn maxima<T: Float>(scan: &Scan, values: &[T], outside: &[T], maximal: &mut [T], scratch: &mut [T]) {
        let (values_by_place, rest) = scratch.split_at_mut(scan.size());
        let cumulative = &mut rest[..scan.size()];
        values_by_place.fill(T::ZERO);
        scan.lay_out(values, values_by_place);
        let margins = Margins::of(scan.diagonal);
        let two = T::of(2.0);
        for first in (0..scan.lanes).step_by(LANES) {
            let [lowest, highest] = extremes(scan, first, values_by_place, outside, cumulative);
            for row in 0..scan.rows {
                let at = row * scan.lanes + first;
                let outside = load(outside, at);
                let mut values = load(cumulative, at);
                for lane in 0..LANES {
                    let lift = outside[lane] * margins.lift;
                    let above = (values[lane] - lowest[lane]) + (lift + margins.above);
                    let range = (highest[lane] - lowest[lane]) + (lift + margins.range);
                    values[lane] = (above / range * two - T::ONE) * (T::ONE - outside[lane] * margins.fade);
                }
                cumulative[at..at + LANES].copy_from_slice(&values);
            }
        }
        scan.take_back(cumulative, maximal);
    }

    /// Replaces the gradient of `maxima`'s result by that of its `values`. The gradient of a maximum goes to the last of
    /// equals, that of a minimum is shared among equals.
    pub fn maxima_gradient<T: Float>(scan: &Scan, values: &[T], outside: &[T], gradient: &mut [T], scratch: &mut [T]) {
        let size = scan.size();
        let (values_by_place, rest) = scratch.split_at_mut(size);
        let (cumulative, rest) = rest.split_at_mut(size);
        let passed = &mut rest[..size];
        values_by_place.fill(T::ZERO);
        passed.fill(T::ZERO);
        scan.lay_out(values, values_by_place);
        scan.lay_out(gradient, passed);
        let margins = Margins::of(scan.diagonal);
        let two = T::of(2.0);
        for first in (0..scan.lanes).step_by(LANES) {
            let [lowest, highest] = extremes(scan, first, values_by_place, outside, cumulative);
            // What reaches a line's highest and lowest value, and how many cells share the latter.
            let (mut by_highest, mut by_lowest, mut equals) = ([T::ZERO; LANES], [T::ZERO; LANES], [T::ZERO; LANES]);
            for step in 0..scan.rows {
                let at = scan.row(step) * scan.lanes + first;
                let (values, outside, cumulative) = (load(values_by_place, at), load(outside, at), load(cumulative, at));
                let mut gradient = load(passed, at);
                for lane in 0..LANES {
                    let is_cell = outside[lane] < T::of(NOWHERE);
                    let lift = outside[lane] * margins.lift;
                    let above = (cumulative[lane] - lowest[lane]) + (lift + margins.above);
                    let range = (highest[lane] - lowest[lane]) + (lift + margins.range);
                    let by_maximum = gradient[lane] * (T::ONE - outside[lane] * margins.fade) * two / range;
                    let by_range = -by_maximum * (above / range);
                    gradient[lane] = by_maximum;
                    by_highest[lane] += if is_cell { by_range } else { T::ZERO };
                    by_lowest[lane] += if is_cell { -(by_maximum + by_range) } else { T::ZERO };
                    equals[lane] += if values[lane] + outside[lane] == lowest[lane] { T::ONE } else { T::ZERO };
                }
                passed[at..at + LANES].copy_from_slice(&gradient);
            }
            // From a line's last cell back: what is the maximum there takes what came so far. Beyond a line's end
            // nothing has come, so that what the highest value gets waits for the last cell.
            let mut waiting = by_highest;
            for step in (0..scan.rows).rev() {
                let at = scan.row(step) * scan.lanes + first;
                let before = if step > 0 { load(cumulative, scan.row(step - 1) * scan.lanes + first) } else { [T::of(-NOWHERE); LANES] };
                let (values, outside) = (load(values_by_place, at), load(outside, at));
                let mut gradient = load(passed, at);
                for lane in 0..LANES {
                    let is_cell = outside[lane] < T::of(NOWHERE);
                    let all = gradient[lane] + waiting[lane];
                    let took = values[lane] - outside[lane] >= before[lane];
                    let least = values[lane] + outside[lane] == lowest[lane];
                    let own = if took { all } else { T::ZERO };
                    gradient[lane] = own + if least { by_lowest[lane] / equals[lane] } else { T::ZERO };
                    let left = if took { T::ZERO } else { all };
                    waiting[lane] = if is_cell { left } else { waiting[lane] };
                }
                passed[at..at + LANES].copy_from_slice(&gradient);
            }
        }
        scan.take_back(passed, gradient);
    }
}
