//! Weights of the means over rows and columns, by member: over all cells of a member's canvas where its output's size is
//! unknown, else over the cells that lie in an example's grids.

use super::batch::Batch;
use crate::model::{Dimensions, Equivariance, Plan};
use tch::Tensor;

/// Keeps a mean over no cell finite (CompressARC, `share_direction`).
const MASK_EPSILON: f32 = 1e-4;

/// Each broadcasts against (member, example, colour, row, column, direction, channel), and is 0 at padding.
pub struct SpatialMeans {
    /// Over columns, and over rows.
    pub columns: Tensor,
    pub rows: Tensor,
    /// The same where the tensor lacks the other axis.
    pub columns_alone: Tensor,
    pub rows_alone: Tensor,
    /// Over both at once; without it the mean over columns is taken over rows.
    pub both: Option<Tensor>,
}

impl SpatialMeans {
    /// Those of all members.
    pub fn new(batch: &Batch, equivariance: Equivariance) -> Self {
        let Dimensions { examples, rows, columns, .. } = batch.dimensions;
        let build = |height: usize, width: usize, over: [bool; 2]| {
            let mut weights = vec![0.0; batch.plans.len() * examples * height * width];
            for (plan, weights) in batch.plans.iter().zip(weights.chunks_mut(examples * height * width)) {
                let own = plan.dimensions;
                let cells = Cells::of(plan);
                for example in 0..own.examples {
                    for row in 0..height.min(own.rows) {
                        for column in 0..width.min(own.columns) {
                            weights[(example * height + row) * width + column] =
                                cells.weight([example, row, column], over);
                        }
                    }
                }
            }
            let shape = [batch.members(), examples as i64, 1, height as i64, width as i64, 1, 1];
            batch.constant(&weights, &shape)
        };
        Self {
            columns: build(rows, columns, [false, true]),
            rows: build(rows, columns, [true, false]),
            // Without one of the axes, the first row or column stands for it: every grid has it.
            columns_alone: build(1, columns, [false, true]),
            rows_alone: build(rows, 1, [true, false]),
            both: (equivariance == Equivariance::Exact).then(|| build(rows, columns, [true, true])),
        }
    }
}

/// Which cells of a member count.
struct Cells {
    counted: Vec<f32>,
    epsilon: f32,
    rows: usize,
    columns: usize,
}

impl Cells {
    fn of(plan: &Plan) -> Self {
        let Dimensions { examples, rows, columns, .. } = plan.dimensions;
        let (counted, epsilon) = if plan.output_size_known {
            (plan.in_bounds(), MASK_EPSILON)
        } else {
            (vec![1.0; examples * rows * columns], 0.0)
        };
        Self { counted, epsilon, rows, columns }
    }

    /// The weight of a cell in the mean over all rows, all columns or both.
    fn weight(&self, [example, row, column]: [usize; 3], [over_rows, over_columns]: [bool; 2]) -> f32 {
        let cell = |row: usize, column: usize| self.counted[(example * self.rows + row) * self.columns + column];
        let range = |over: bool, at: usize, length: usize| if over { 0..length } else { at..at + 1 };
        let count: f32 = range(over_rows, row, self.rows)
            .flat_map(|row| range(over_columns, column, self.columns).map(move |column| (row, column)))
            .map(|(row, column)| cell(row, column))
            .sum();
        cell(row, column) / (count + self.epsilon)
    }
}
