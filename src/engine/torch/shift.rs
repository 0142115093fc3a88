//! The shift layer: every slice moves one cell along its ray.

use super::batch::Batch;
use super::ops::multiply;
use super::parameters::Parameters;
use super::rays::{Branch, Cells, SLICES, by_example, ray};
use super::stack::Rows;
use crate::model::{Axes, Equivariance};
use std::rc::Rc;
use tch::Tensor;

/// What moves where, for all shift layers of a batch.
pub struct Moves {
    /// For each place the one whose value comes to it, and the one that its value goes to; any where there is none.
    from: Tensor,
    to: Tensor,
    /// 1 where a value comes to a place, and where a place's value goes anywhere: (member, example, 1, place, 1).
    comes: Tensor,
    goes: Tensor,
}

impl Moves {
    /// Values outside the grids don't move; where symmetry is to be exact none moves there either.
    pub fn new(batch: &Batch, cells: &Cells, equivariance: Equivariance) -> Self {
        let canvas = cells.canvas;
        let neighbour = |place: usize, steps: i64| {
            canvas.along(place / SLICES, ray(place % SLICES), steps).map(|cell| cell * SLICES + place % SLICES)
        };
        let places = canvas.cells() * SLICES;
        let all = |steps: i64| -> Vec<i64> {
            (0..places).map(|place| neighbour(place, steps).unwrap_or_default() as i64).collect()
        };
        let (mut comes, mut goes) = (Vec::new(), Vec::new());
        for (in_bounds, own) in cells.in_bounds.iter().zip(&cells.own) {
            let target = if equivariance == Equivariance::Exact { in_bounds } else { own };
            let is_moved = |from: Option<usize>, to: Option<usize>| {
                let moved = from.zip(to).is_some_and(|(from, to)| in_bounds[from / SLICES] && target[to / SLICES]);
                f32::from(u8::from(moved))
            };
            comes.extend((0..places).map(|place| is_moved(neighbour(place, -1), Some(place))));
            goes.extend((0..places).map(|place| is_moved(Some(place), neighbour(place, 1))));
        }
        let shape = [batch.members(), batch.dimensions.examples as i64, 1, places as i64, 1];
        Self {
            from: batch.places(&all(-1)),
            to: batch.places(&all(1)),
            comes: batch.constant(&comes, &shape),
            goes: batch.constant(&goes, &shape),
        }
    }
}

/// One tensor's shift layer.
pub struct Shift {
    branch: Branch,
    moves: Rc<Moves>,
    /// Working space: as the branch by place, and the same by example.
    moved: Tensor,
    by_example: Tensor,
}

impl Shift {
    /// From the first of `ends` to the second; the third is the gradient.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        (layer, axes): (usize, Axes),
        moves: &Rc<Moves>,
        ends: [&Rows; 3],
    ) -> Self {
        let branch = Branch::new(batch, parameters, (layer, "shift", axes), ends);
        let moved = branch.by_place.zeros_like();
        let by_example = by_example(batch, axes, &moved, &[moved.size()[1]]);
        Self { branch, moves: Rc::clone(moves), moved, by_example }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        self.branch.project();
        self.select(&self.moves.from, &self.moves.comes);
        self.branch.receive(&self.moved);
    }

    /// Adds to the output's gradient what comes through the branch, so that it becomes the input's.
    pub fn backward(&self) {
        self.branch.receive_back();
        self.select(&self.moves.to, &self.moves.goes);
        self.branch.project_back(&self.moved);
    }

    fn select(&self, places: &Tensor, mask: &Tensor) {
        let _ = self.branch.by_place.index_select_out(&self.moved, 1, places);
        multiply(&self.by_example, mask);
    }
}
