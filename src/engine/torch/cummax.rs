//! The cumulative maximum along every slice's ray, rescaled by its line's extremes to [−1, 1].
//!
//! All lines of all slices are laid side by side, padded to one length, so that there is one scan. A cell outside the grids is
//! moved out of the way for both extremes; along rows and columns it is brought back by its own shift, along diagonals it
//! comes out 0.

use super::batch::Batch;
use super::ops::{add, multiply, sum_over};
use super::parameters::Parameters;
use super::rays::{Branch, Cells, SLICES, by_example, ray};
use super::stack::Rows;
use crate::model::{Axes, Equivariance};
use std::rc::Rc;
use tch::{Kind, Tensor};

/// What a cell outside the grids is moved by, so that it is no maximum (CompressARC, `cummax_`).
const OUTSIDE: f32 = 1e3;
/// Keeps the range of a line positive, along rows and columns.
const CARDINAL_MARGIN: f32 = 1e-3;
/// The same along diagonals.
const DIAGONAL_MARGIN: f32 = 1e-5;

/// Dimension of a line's cells in (member, example, colour, line, cell, channel).
const CELL: i64 = 4;

/// The lines of all slices, for all layers of a batch. Masks: (member, example, 1, line, cell, 1).
pub struct Lines {
    /// For each (line, cell) its place, any beyond the line's end; for each place its (line, cell).
    places: Tensor,
    back: Tensor,
    count: i64,
    length: i64,
    /// 1 in bounds.
    inside: Tensor,
    /// [`OUTSIDE`] where a cell is out of bounds.
    outside: Tensor,
    /// Added above the least value, and to the range.
    above: Tensor,
    range: Tensor,
    /// 1 where the result counts, and twice that.
    kept: Tensor,
    kept_twice: Tensor,
}

impl Lines {
    /// Lays out the lines.
    pub fn new(batch: &Batch, cells: &Cells, equivariance: Equivariance) -> Self {
        let canvas = cells.canvas;
        let length = canvas.rows.max(canvas.columns);
        // (slice, cells from the line's first on).
        let mut lines: Vec<(usize, Vec<usize>)> = Vec::new();
        for slice in 0..SLICES {
            let ray = ray(slice);
            for first in (0..canvas.cells()).filter(|&cell| canvas.along(cell, ray, -1).is_none()) {
                lines.push((slice, (0..).map_while(|steps| canvas.along(first, ray, steps)).collect()));
            }
        }
        let mut places = vec![0; lines.len() * length];
        let mut back = vec![0; canvas.cells() * SLICES];
        for (line, (slice, cells)) in lines.iter().enumerate() {
            for (index, cell) in cells.iter().enumerate() {
                places[line * length + index] = (cell * SLICES + slice) as i64;
                back[cell * SLICES + slice] = (line * length + index) as i64;
            }
        }
        let shape = [batch.members(), batch.dimensions.examples as i64, 1, lines.len() as i64, length as i64, 1];
        let mask = |value: &dyn Fn(bool, bool, bool) -> f32| {
            let mut values = Vec::new();
            for (in_bounds, own) in cells.in_bounds.iter().zip(&cells.own) {
                for (slice, line) in &lines {
                    let (down, right) = ray(*slice);
                    let diagonal = down != 0 && right != 0;
                    let at =
                        |index: usize| line.get(index).map_or((false, false), |&cell| (in_bounds[cell], own[cell]));
                    values.extend((0..length).map(at).map(|(inside, own)| value(diagonal, inside, own)));
                }
            }
            batch.constant(&values, shape.as_slice())
        };
        let outside = |inside: bool| if inside { 0.0 } else { OUTSIDE };
        let kept = mask(&|diagonal, inside, own| {
            let published = equivariance == Equivariance::Published && !diagonal;
            f32::from(u8::from(if published { own } else { inside }))
        });
        Self {
            places: batch.places(&places),
            back: batch.places(&back),
            count: lines.len() as i64,
            length: length as i64,
            inside: mask(&|_, inside, _| f32::from(u8::from(inside))),
            outside: mask(&|_, inside, _| outside(inside)),
            above: mask(&|diagonal, inside, _| if diagonal { 0.0 } else { 2.0 * outside(inside) + CARDINAL_MARGIN }),
            range: mask(&|diagonal, inside, _| {
                if diagonal { DIAGONAL_MARGIN } else { 2.0 * outside(inside) + 2.0 * CARDINAL_MARGIN }
            }),
            kept_twice: &kept * 2.0,
            kept,
        }
    }
}

/// One tensor's cumulative maximum layer.
pub struct CumulativeMaximum {
    branch: Branch,
    lines: Rc<Lines>,
    /// Working space: (group, line · cell, channel), and (member, example, colour, line, cell, channel).
    values: Tensor,
    by_line: Tensor,
}

/// What the way back needs, (member, example, colour, line, cell, channel).
pub struct Scanned {
    /// Which cell the maximum was at.
    taken: Tensor,
    /// 1 at a line's least values, shared among equals.
    least: Tensor,
    ratio: Tensor,
    range: Tensor,
}

impl CumulativeMaximum {
    /// From the first of `ends` to the second; the third is the gradient.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        (layer, axes): (usize, Axes),
        lines: &Rc<Lines>,
        ends: [&Rows; 3],
    ) -> Self {
        let branch = Branch::new(batch, parameters, (layer, "cummax", axes), ends);
        let (groups, _, channels) = branch.by_place.size3().unwrap_or_default();
        let values = batch.zeros(&[groups, lines.count * lines.length, channels]);
        let by_line = by_example(batch, axes, &values, &[lines.count, lines.length]);
        Self { branch, lines: Rc::clone(lines), values, by_line }
    }

    /// From the input to the output.
    pub fn forward(&self) -> Scanned {
        let Lines { places, back, length, inside, outside, above, range, kept, kept_twice, .. } = &*self.lines;
        self.branch.project();
        let _ = self.branch.by_place.index_select_out(&self.values, 1, places);
        multiply(&self.by_line, inside);
        let (cumulative, taken) = (&self.by_line - outside).cummax(CELL);
        let raised = &self.by_line + outside;
        let lowest = raised.amin([CELL].as_slice(), true);
        let least = raised.eq_tensor(&lowest).to_kind(Kind::Float);
        let least = &least / sum_over(&least, &[CELL]);
        let range = (cumulative.narrow(CELL, length - 1, 1) - &lowest) + range;
        let ratio = ((cumulative - lowest) + above) / &range;
        let _ = (&ratio * kept_twice).sub_out(&self.by_line, kept);
        self.branch.receive(&self.values.index_select(1, back));
        Scanned { taken, least, ratio, range }
    }

    /// Adds to the output's gradient what comes through the branch, so that it becomes the input's.
    ///
    /// The result is 2 (cumulative − lowest + …) / (highest − lowest + …) − 1, where the highest is the last of the
    /// cumulative. The gradient of a maximum goes to where it was taken, that of a minimum is shared among equals.
    pub fn backward(&self, scanned: &Scanned) {
        let Lines { places, back, length, inside, kept_twice, .. } = &*self.lines;
        self.branch.receive_back();
        let _ = self.branch.by_place.index_select_out(&self.values, 1, places);
        let by_cumulative = (&self.by_line * kept_twice) / &scanned.range;
        let by_highest = -sum_over(&(&by_cumulative * &scanned.ratio), &[CELL]);
        let by_lowest = -(sum_over(&by_cumulative, &[CELL]) + &by_highest);
        add(&by_cumulative.narrow(CELL, length - 1, 1), &by_highest);
        let _ = (&scanned.least * by_lowest).scatter_add_out(&self.by_line, CELL, &scanned.taken, &by_cumulative);
        multiply(&self.by_line, inside);
        self.branch.project_back(&self.values.index_select(1, back));
    }
}
