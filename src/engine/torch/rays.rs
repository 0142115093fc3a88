//! The directional layers' branches: 16 slices (direction × parity) of a tensor's cells, along 8 rays.
//!
//! A branch's channels are half forward, half backward: direction d's backward channels look along the ray of d + 4. With
//! cells, directions and parities as one axis, the *places*, whatever moves along rays is one selection of places.

use super::batch::Batch;
use super::normalise::{Normalise, Owners};
use super::ops::{add_product, product, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::Rows;
use crate::model::{Axes, DIRECTIONS, tying};
use std::rc::Rc;
use tch::Tensor;

/// Slices of the direction × parity axis.
pub const SLICES: usize = 2 * DIRECTIONS;

/// The ray of a slice: the step down and to the right.
pub fn ray(slice: usize) -> (i64, i64) {
    tying::ray(slice / 2, slice % 2)
}

/// The cells of a canvas.
#[derive(Clone, Copy)]
pub struct Canvas {
    pub rows: usize,
    pub columns: usize,
}

impl Canvas {
    /// The cell so many steps along a ray from `cell`, if it is on the canvas.
    pub fn along(self, cell: usize, (down, right): (i64, i64), steps: i64) -> Option<usize> {
        let row = (cell / self.columns) as i64 + steps * down;
        let column = (cell % self.columns) as i64 + steps * right;
        let inside = (0..self.rows as i64).contains(&row) && (0..self.columns as i64).contains(&column);
        inside.then(|| row as usize * self.columns + column as usize)
    }

    /// How many cells there are.
    pub fn cells(self) -> usize {
        self.rows * self.columns
    }
}

/// Which cells lie in an example's grids, and on a member's own canvas, on the batch's canvas.
pub struct Cells {
    /// The batch's canvas.
    pub canvas: Canvas,
    /// By member and example, (member · example, cell).
    pub in_bounds: Vec<Vec<bool>>,
    pub own: Vec<Vec<bool>>,
}

impl Cells {
    /// Those of all members.
    pub fn new(batch: &Batch) -> Self {
        let canvas = Canvas { rows: batch.dimensions.rows, columns: batch.dimensions.columns };
        let (mut in_bounds, mut own) = (Vec::new(), Vec::new());
        for plan in &batch.plans {
            let (rows, columns) = (plan.dimensions.rows, plan.dimensions.columns);
            let inside = plan.in_bounds();
            for example in 0..batch.dimensions.examples {
                let on_canvas = |cell: usize| {
                    let (row, column) = (cell / canvas.columns, cell % canvas.columns);
                    let is_own = example < plan.dimensions.examples && row < rows && column < columns;
                    is_own.then(|| inside[(example * rows + row) * columns + column] > 0.0)
                };
                in_bounds.push((0..canvas.cells()).map(|cell| on_canvas(cell) == Some(true)).collect());
                own.push((0..canvas.cells()).map(|cell| on_canvas(cell).is_some()).collect());
            }
        }
        Self { canvas, in_bounds, own }
    }
}

/// One tensor's directional layer but for what moves along the rays: projection there and back, normalised.
pub struct Branch {
    input: Rows,
    output: Tensor,
    gradient: Tensor,
    into: Weight,
    out: Weight,
    /// The projection, (member, position, channel): working space.
    projected: Tensor,
    /// The same numbers as (member · example · colour, place, half a branch's channels).
    pub by_place: Tensor,
    normalise: Normalise,
    normalised: Rows,
    shape: [i64; 3],
}

impl Branch {
    /// From the first of these to the second; the third is the gradient.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        (layer, kind, axes): (usize, &str, Axes),
        [input, output, gradient]: [&Rows; 3],
    ) -> Self {
        let into = parameters.branch(layer, kind, axes, "in");
        let channels = into.value.size()[2];
        let projected = batch.zeros(&[batch.members(), batch.positions(axes), channels]);
        let [members, examples, colours, rows, columns, ..] = batch.shape(axes, channels);
        let by_place = [members * examples * colours, rows * columns * SLICES as i64, channels / 2];
        let normalised = Rows::new(batch, batch.positions(axes), channels);
        Self {
            input: input.clone(),
            output: output.rows.shallow_clone(),
            gradient: gradient.rows.shallow_clone(),
            out: parameters.branch(layer, kind, axes, "out"),
            into,
            by_place: projected.view(by_place),
            shape: projected.size3().map_or([0; 3], |(a, b, c)| [a, b, c]),
            projected,
            normalise: Normalise::new(batch, Rc::new(Owners::new(batch, &[axes])), &normalised.rows),
            normalised,
        }
    }

    /// Fills [`Branch::by_place`].
    pub fn project(&self) {
        product(&self.projected, &self.input.rows, &self.into.value);
    }

    /// `moved`: as [`Branch::by_place`], 0 at padding.
    pub fn receive(&self, moved: &Tensor) {
        self.normalise.forward(&moved.view(self.shape));
        sum_product(&self.output, &self.input.rows, &self.normalised.rows, &self.out.value);
    }

    /// The gradient of what moved goes to [`Branch::by_place`].
    pub fn receive_back(&self) {
        add_product(&self.out.gradient, &self.normalised.columns, &self.gradient);
        product(&self.projected, &self.gradient, &self.out.transposed);
        self.normalise.backward(&self.projected);
    }

    /// `by_projection`: as [`Branch::by_place`].
    pub fn project_back(&self, by_projection: &Tensor) {
        let by_projection = by_projection.view(self.shape);
        add_product(&self.into.gradient, &self.input.columns, &by_projection);
        add_product(&self.gradient, &by_projection, &self.into.transposed);
    }
}

/// (member, example, colour, …, half a branch's channels) of a buffer by place, so that masks by example broadcast.
pub fn by_example(batch: &Batch, axes: Axes, values: &Tensor, middle: &[i64]) -> Tensor {
    let [members, examples, colours, ..] = batch.shape(axes, 1);
    let channels = values.size()[2];
    let mut shape = vec![members, examples, colours];
    shape.extend_from_slice(middle);
    shape.push(channels);
    values.view(shape.as_slice())
}
