//! What the network says of one example's outputs: the likeliest answer, and what a known one costs.
//!
//! In: a step's outputs, or running means of them. Out: grids in the puzzle's own coordinates, or nats. Source of the former: the
//! public CompressARC code, `solution_selection.py`.

use crate::data::{COLOURS, Grid};
use crate::engine::Outputs;
use crate::model::Plan;
use crate::views::View;

/// What one plane of an example is read from.
#[derive(Clone, Debug)]
pub struct Readout {
    /// (colour without black, row, column).
    logits: Vec<f32>,
    /// By row.
    row_mask: Vec<f32>,
    /// By column.
    column_mask: Vec<f32>,
}

/// An answer and how sure the network is of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The grid.
    pub grid: Grid,
    /// Mean over cells of the log-partition less the largest logit, nats.
    pub uncertainty_nats: f64,
}

impl Answer {
    /// The answer that its output planes make.
    pub fn new(plan: &Plan, test: usize, view: &View, readouts: &[Readout]) -> Self {
        let planes: Vec<Self> = readouts.iter().map(|readout| readout.answer(plan, test)).collect();
        let uncertainty = planes.iter().map(|plane| plane.uncertainty_nats).sum::<f64>() / planes.len() as f64;
        Self { grid: view.undo(planes.into_iter().map(|plane| plane.grid).collect()), uncertainty_nats: uncertainty }
    }
}

impl Readout {
    /// All zeros.
    pub fn empty(plan: &Plan) -> Self {
        let dimensions = &plan.dimensions;
        Self {
            logits: vec![0.0; dimensions.colours * dimensions.rows * dimensions.columns],
            row_mask: vec![0.0; dimensions.rows],
            column_mask: vec![0.0; dimensions.columns],
        }
    }

    /// Reads a plane of an example.
    pub fn new(plan: &Plan, example: usize, plane: usize, outputs: &Outputs) -> Self {
        let dimensions = &plan.dimensions;
        let planes = dimensions.planes;
        let pick = |values: &[f32], length: usize| -> Vec<f32> {
            let start = example * length * planes;
            values[start..start + length * planes].iter().skip(plane).step_by(planes).copied().collect()
        };
        Self {
            logits: pick(&outputs.logits, dimensions.colours * dimensions.rows * dimensions.columns),
            row_mask: pick(&outputs.row_mask, dimensions.rows),
            column_mask: pick(&outputs.column_mask, dimensions.columns),
        }
    }

    /// Goes the part 1 − `decay` of the way to another.
    pub fn decay_towards(&mut self, other: &Self, decay: f32) {
        let blend = |mean: &mut [f32], values: &[f32]| {
            for (mean, value) in mean.iter_mut().zip(values) {
                *mean = decay * *mean + (1.0 - decay) * value;
            }
        };
        blend(&mut self.logits, &other.logits);
        blend(&mut self.row_mask, &other.row_mask);
        blend(&mut self.column_mask, &other.column_mask);
    }

    /// The likeliest colours within the likeliest crop of an output.
    fn answer(&self, plan: &Plan, test: usize) -> Answer {
        let size = plan.sizes[plan.train + test][plan.inputs];
        let known = plan.output_size_known;
        let (top, rows) = best_interval(&self.row_mask, known.then_some(size.0));
        let (left, columns) = best_interval(&self.column_mask, known.then_some(size.1));
        let area = plan.dimensions.rows * plan.dimensions.columns;
        let mut cells = Vec::with_capacity(rows * columns);
        let mut uncertainty = 0.0;
        for row in top..top + rows {
            for column in left..left + columns {
                let position = row * plan.dimensions.columns + column;
                let logits = self.logits.iter().skip(position).step_by(area);
                // Black's logit is 0.
                let (mut best, mut largest) = (0, 0f32);
                for (index, &logit) in logits.clone().enumerate() {
                    if logit > largest {
                        (best, largest) = (index + 1, logit);
                    }
                }
                let partition = (-largest).exp() + logits.map(|logit| (logit - largest).exp()).sum::<f32>();
                uncertainty += f64::from(partition.ln());
                cells.push(plan.palette[best]);
            }
        }
        let count = cells.len() as f64;
        let grid = Grid::new(rows, columns, cells).unwrap_or_else(|error| unreachable!("a crop of a canvas: {error}"));
        Answer { grid, uncertainty_nats: uncertainty / count }
    }

    /// −log p of an output in its likeliest place: of its size, of where it is, and of its cells. What the canvas or the
    /// palette can't say costs as much as if all colours were as likely.
    pub fn nats(&self, plan: &Plan, plane: usize, grid: &Grid) -> f64 {
        let (rows, columns) = (grid.rows(), grid.columns());
        let unknown = (COLOURS as f64).ln();
        if rows > self.row_mask.len() || columns > self.column_mask.len() {
            return unknown * grid.cells().len() as f64;
        }
        let known = plan.size_known[plane];
        let (top, row_nats) = place(&self.row_mask, rows, known);
        let (left, column_nats) = place(&self.column_mask, columns, known);
        let area = plan.dimensions.rows * plan.dimensions.columns;
        let mut nats = row_nats + column_nats;
        for (index, colour) in grid.cells().iter().enumerate() {
            let position = (top + index / columns) * plan.dimensions.columns + left + index % columns;
            let logits = self.logits.iter().skip(position).step_by(area).map(|&logit| f64::from(logit));
            let largest = logits.clone().fold(0f64, f64::max);
            let partition =
                largest + ((-largest).exp() + logits.clone().map(|logit| (logit - largest).exp()).sum::<f64>()).ln();
            nats += match plan.palette.iter().position(|known| known == colour) {
                None => unknown,
                Some(0) => partition,
                Some(place) => partition - logits.clone().nth(place - 1).unwrap_or(0.0),
            };
        }
        nats
    }
}

/// Start and length of the interval for which the mask's sum inside less that outside is largest, among those of a
/// known length or among all. Of equals the shortest, then the first.
fn best_interval(mask: &[f32], length: Option<usize>) -> (usize, usize) {
    let lengths = length.map_or(1..=mask.len(), |length| length..=length);
    let mut best = (f32::NEG_INFINITY, 0, 1);
    for length in lengths {
        for start in 0..=mask.len() - length {
            let inside: f32 = mask[start..start + length].iter().sum();
            if inside > best.0 {
                best = (inside, start, length);
            }
        }
    }
    (best.1, best.2)
}

/// The likeliest offset of an interval of a length, and −log p of it among those of the length, or among all.
fn place(mask: &[f32], length: usize, known: bool) -> (usize, f64) {
    let weight = |start: usize, length: usize| 2.0 * f64::from(mask[start..start + length].iter().sum::<f32>());
    let weights = |length: usize| (0..=mask.len() - length).map(move |start| weight(start, length));
    let (best, own) = weights(length)
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (start, weight)| if weight > best.1 { (start, weight) } else { best });
    let lengths = if known { length..=length } else { 1..=mask.len() };
    let all: Vec<f64> = lengths.flat_map(weights).collect();
    let largest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let partition = largest + all.iter().map(|weight| (weight - largest).exp()).sum::<f64>().ln();
    (best, partition - own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_found_by_their_mask() {
        assert_eq!(best_interval(&[-1.0, 2.0, 1.0, -3.0], None), (1, 2));
        assert_eq!(best_interval(&[-1.0, 2.0, 1.0, -3.0], Some(3)), (0, 3));
        assert_eq!(best_interval(&[-1.0], None), (0, 1));
    }

    #[test]
    fn a_place_costs_what_the_others_leave_it() {
        let mask = [-1.0, 2.0, 1.0, -3.0];
        assert_eq!(place(&mask, 4, true), (0, 0.0), "there is one");
        let (start, nats) = place(&mask, 2, true);
        let others: f64 = [1.0f64, 3.0, -2.0].iter().map(|sum| (2.0 * sum).exp()).sum();
        assert!(start == 1 && (nats - (others.ln() - 6.0)).abs() < 1e-9);
        assert!(place(&mask, 2, false).1 > nats, "the length has to be told, too");
    }
}
