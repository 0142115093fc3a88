//! The reconstruction: −log p of the known grids, given the network's logits and masks.
//!
//! A grid's place on the canvas is not known: its probability is a sum over all crops of its size, and where the size is
//! not known either, the row and column masks make a distribution over all sizes and offsets. Grids of one size are
//! taken together, with all their crops as one unfolded view.
//!
//! Source: the public CompressARC code, `take_step`.

use super::weights::constant;
use crate::engine::Problem;
use crate::model::{Dimensions, Objective};
use tch::{Device, Kind, Tensor};

/// Log-probability of what can't be.
const IMPOSSIBLE: f64 = -1e30;

/// Known grids of one size.
struct Group {
    /// Their positions in (example, plane).
    slots: Tensor,
    rows: Side,
    columns: Side,
    /// Palette indices, (1, grid, 1, 1, 1, row, column).
    targets: Tensor,
    /// 1 where the size was not known beforehand, (1, grid, 1).
    uncertain: Tensor,
}

/// One side of a group's grids: its length, and where its intervals lie among all.
struct Side {
    length: i64,
    first: i64,
    offsets: i64,
    /// 0 for intervals that the mask could have meant, [`IMPOSSIBLE`] for others: (1, grid, interval).
    allowed: Tensor,
}

/// The reconstruction of one puzzle.
pub struct TorchReconstruction {
    groups: Vec<Group>,
    /// 2 where a row lies in an interval, (row, interval); intervals by length, then by offset.
    row_intervals: Tensor,
    column_intervals: Tensor,
}

impl TorchReconstruction {
    /// Groups the known grids by size.
    pub fn new(problem: &Problem, device: Device) -> Self {
        let plan = &problem.plan;
        let Dimensions { rows, columns, planes, .. } = plan.dimensions;
        let mut sizes: Vec<(usize, usize)> = plan.known_grids().map(|(_, _, size, _)| size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let groups = sizes
            .into_iter()
            .map(|(height, width)| {
                let members: Vec<_> = plan.known_grids().filter(|&(_, _, size, _)| size == (height, width)).collect();
                let slots: Vec<i64> =
                    members.iter().map(|&(example, plane, _, _)| (example * planes + plane) as i64).collect();
                let certain: Vec<bool> = members.iter().map(|&(_, plane, _, _)| plan.size_known[plane]).collect();
                let targets: Vec<i64> = members
                    .iter()
                    .flat_map(|&(_, _, _, target)| target.iter().map(|&colour| i64::from(colour)))
                    .collect();
                let uncertain: Vec<f32> = certain.iter().map(|&certain| f32::from(u8::from(!certain))).collect();
                let count = slots.len() as i64;
                Group {
                    targets: Tensor::from_slice(&targets)
                        .view([1, count, 1, 1, 1, height as i64, width as i64].as_slice())
                        .to_device(device),
                    slots: Tensor::from_slice(&slots).to_device(device),
                    rows: Side::new(rows, height, &certain, device),
                    columns: Side::new(columns, width, &certain, device),
                    uncertain: constant(&uncertain, &[1, count, 1], device),
                }
            })
            .collect();
        Self { groups, row_intervals: intervals(rows, device), column_intervals: intervals(columns, device) }
    }

    /// Nats by seed. `logits`: (seed, example, colour, row, column, plane); masks: (seed, example, row or column, plane).
    pub fn forward(
        &self,
        logits: &Tensor,
        row_mask: &Tensor,
        column_mask: &Tensor,
        objective: &Objective,
        step: usize,
    ) -> Tensor {
        let black = logits.narrow(2, 0, 1).zeros_like();
        let log_probabilities =
            Tensor::cat(&[&black, logits], 2).log_softmax(2, Kind::Float).movedim_int(5, 2).flatten(1, 2);
        let row_mask = row_mask.movedim_int(3, 2).flatten(1, 2);
        let column_mask = column_mask.movedim_int(3, 2).flatten(1, 2);
        let mut total: Option<Tensor> = None;
        for group in &self.groups {
            let mask_coefficient = &group.uncertain * (objective.size_mask_coefficient(step) - 1.0) + 1.0;
            let crop_coefficient = &group.uncertain * (objective.crop_coefficient(step) - 1.0) + 1.0;
            let select = |tensor: &Tensor| tensor.index_select(1, &group.slots);

            let rows = group.rows.log_probabilities(&(select(&row_mask) * &mask_coefficient), &self.row_intervals);
            let columns =
                group.columns.log_probabilities(&(select(&column_mask) * &mask_coefficient), &self.column_intervals);
            let crops = group.crops(&select(&log_probabilities));
            let by_crop = (crops + rows.unsqueeze(3) + columns.unsqueeze(2)).flatten(2, 3);
            let crop_coefficient_flat = crop_coefficient.squeeze_dim(2);
            let by_grid = (by_crop * crop_coefficient).logsumexp([2i64].as_slice(), false) / crop_coefficient_flat;
            let nats = -by_grid.sum_dim_intlist([1i64].as_slice(), false, Kind::Float);
            total = Some(match total {
                Some(total) => total + nats,
                None => nats,
            });
        }
        total.unwrap_or_else(|| unreachable!("a puzzle has at least one train pair"))
    }
}

impl Group {
    /// Log-probability of the grids at each crop, (seed, grid, row offset, column offset).
    /// `log_probabilities`: (seed, grid, colour, row, column).
    fn crops(&self, log_probabilities: &Tensor) -> Tensor {
        let unfolded = log_probabilities.unfold(3, self.rows.length, 1).unfold(4, self.columns.length, 1);
        let mut shape = unfolded.size();
        shape[2] = 1;
        let targets = self.targets.expand(shape.as_slice(), false);
        unfolded.gather(2, &targets, false).squeeze_dim(2).sum_dim_intlist([4i64, 5].as_slice(), false, Kind::Float)
    }
}

impl Side {
    fn new(canvas: usize, length: usize, certain: &[bool], device: Device) -> Self {
        let lengths: Vec<usize> =
            (1..=canvas).flat_map(|length| std::iter::repeat_n(length, canvas + 1 - length)).collect();
        let first = lengths.iter().take_while(|&&other| other < length).count();
        let allowed: Vec<f32> = certain
            .iter()
            .flat_map(|&certain| {
                lengths.iter().map(move |&other| if certain && other != length { IMPOSSIBLE as f32 } else { 0.0 })
            })
            .collect();
        Self {
            length: length as i64,
            first: first as i64,
            offsets: (canvas + 1 - length) as i64,
            allowed: constant(&allowed, &[1, certain.len() as i64, lengths.len() as i64], device),
        }
    }

    /// Log-probability of each offset of the side, (seed, grid, offset). `mask`: (seed, grid, row or column).
    ///
    /// An interval's weight is the mask's sum inside less its sum outside. Less its sum over everything, which cancels
    /// in the ratio, that is twice the sum inside.
    fn log_probabilities(&self, mask: &Tensor, intervals: &Tensor) -> Tensor {
        let weights = mask.matmul(intervals);
        let partition = (&weights + &self.allowed).logsumexp([2i64].as_slice(), true);
        weights.narrow(2, self.first, self.offsets) - partition
    }
}

/// 2 where a cell of a side lies in an interval, (cell, interval).
fn intervals(canvas: usize, device: Device) -> Tensor {
    let bounds: Vec<(usize, usize)> =
        (1..=canvas).flat_map(|length| (0..=canvas - length).map(move |offset| (offset, offset + length))).collect();
    let values: Vec<f32> = (0..canvas)
        .flat_map(|cell| bounds.iter().map(move |&(start, end)| if (start..end).contains(&cell) { 2.0 } else { 0.0 }))
        .collect();
    constant(&values, &[canvas as i64, bounds.len() as i64], device)
}
