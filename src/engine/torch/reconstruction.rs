//! The reconstruction: −log p of the known grids, given the network's logits and masks, and its gradient.
//!
//! A grid's place on the canvas is not known: its probability is a sum over all crops of its size, and where the size is
//! not known either, the row and column masks make a distribution over all sizes and offsets. All grids of all members
//! are one list; the cells under a crop are a list of places in the table of log-probabilities.
//!
//! Source: the public CompressARC code, `take_step`.

use super::batch::Batch;
use super::heads::Said;
use super::ops::add;
use crate::model::{Dimensions, Objective};
use tch::{Kind, Tensor};

/// Log-probability of what can't be.
const IMPOSSIBLE: f32 = -1e30;

/// A known grid.
struct Known<'a> {
    member: usize,
    example: usize,
    plane: usize,
    /// (rows, columns).
    size: (usize, usize),
    /// (rows, columns) of the member's canvas.
    canvas: (usize, usize),
    /// Palette indices, row-major.
    cells: &'a [u8],
    certain: bool,
}

/// The reconstruction of a batch's grids.
pub struct Reconstruction {
    /// Which member a grid is of, (grid).
    members: Tensor,
    member_count: i64,
    /// 1 where the size was not known beforehand, (grid, 1).
    uncertain: Tensor,
    /// Logits with black's, which are 0: (member, example, colour, row, column, 1, plane).
    tables: Tensor,
    /// [`IMPOSSIBLE`] for colours that are padding, (member, 1, colour, 1, 1, 1, 1).
    colours: Tensor,
    /// For each cell under each crop its place in the tables, and the crop's in (grid, row offset, column offset).
    cells: Tensor,
    crops: Tensor,
    /// [`IMPOSSIBLE`] where a grid has no such crop, (grid, row offset, column offset).
    no_crop: Tensor,
    rows: Side,
    columns: Side,
}

/// One side of the grids.
struct Side {
    /// Places of a grid's rows or columns in the masks, (grid · cell).
    places: Tensor,
    /// 2 where a cell lies in an interval, (cell, interval), and transposed.
    intervals: Tensor,
    intervals_back: Tensor,
    /// 0 for intervals that the mask could have meant, [`IMPOSSIBLE`] for others: (grid, interval).
    allowed: Tensor,
    /// The intervals of the grid's own length, by offset: (grid, offset).
    own: Tensor,
}

impl Reconstruction {
    /// Lists the known grids.
    pub fn new(batch: &Batch) -> Self {
        let Dimensions { examples, colours, rows, columns, planes } = batch.dimensions;
        let grids: Vec<Known> = known(batch).collect();
        let count = grids.len() as i64;
        let offsets = |grid: &Known| (grid.canvas.0 + 1 - grid.size.0, grid.canvas.1 + 1 - grid.size.1);
        let down = grids.iter().map(|grid| offsets(grid).0).max().unwrap_or(1);
        let right = grids.iter().map(|grid| offsets(grid).1).max().unwrap_or(1);

        let mut no_crop = vec![IMPOSSIBLE; grids.len() * down * right];
        let (mut cells, mut crops) = (Vec::new(), Vec::new());
        for (index, grid) in grids.iter().enumerate() {
            let (own_down, own_right) = offsets(grid);
            for (row_offset, column_offset) in
                (0..own_down).flat_map(|row| (0..own_right).map(move |column| (row, column)))
            {
                let crop = (index * down + row_offset) * right + column_offset;
                no_crop[crop] = 0.0;
                for (cell, &colour) in grid.cells.iter().enumerate() {
                    let (row, column) = (row_offset + cell / grid.size.1, column_offset + cell % grid.size.1);
                    let table = (grid.member * examples + grid.example) * (colours + 1) + usize::from(colour);
                    cells.push((((table * rows + row) * columns + column) * planes + grid.plane) as i64);
                    crops.push(crop as i64);
                }
            }
        }
        let colour = |own: usize| (0..=colours).map(move |colour| if colour <= own { 0.0 } else { IMPOSSIBLE });
        let colour: Vec<f32> = batch.plans.iter().flat_map(|plan| colour(plan.dimensions.colours)).collect();
        let uncertain: Vec<f32> = grids.iter().map(|grid| f32::from(u8::from(!grid.certain))).collect();
        let members: Vec<i64> = grids.iter().map(|grid| grid.member as i64).collect();
        let table =
            [batch.members(), examples as i64, colours as i64 + 1, rows as i64, columns as i64, 1, planes as i64];
        let row = |grid: &Known| (grid.size.0, grid.canvas.0);
        let column = |grid: &Known| (grid.size.1, grid.canvas.1);
        Self {
            members: batch.places(&members),
            member_count: batch.members(),
            uncertain: batch.constant(&uncertain, &[count, 1]),
            tables: batch.zeros(table.as_slice()),
            colours: batch.constant(&colour, &[batch.members(), 1, colours as i64 + 1, 1, 1, 1, 1]),
            cells: batch.places(&cells),
            crops: batch.places(&crops),
            no_crop: batch.constant(&no_crop, &[count, down as i64, right as i64]),
            rows: Side::new(batch, &grids, rows, down, &row),
            columns: Side::new(batch, &grids, columns, right, &column),
        }
    }

    /// Nats by member. `says`: logits, row masks and column masks; puts the gradients by these of
    /// `objective.reconstruction_weight` times the nats into `gradients`.
    pub fn run(&self, says: [&Said; 3], gradients: [&Said; 3], objective: &Objective, step: usize) -> Tensor {
        let float = (Kind::Float, self.tables.device());
        let grids = self.uncertain.size()[0];
        let mask_coefficient = &self.uncertain * (objective.size_mask_coefficient(step) - 1.0) + 1.0;
        let crop_coefficient = &self.uncertain * (objective.crop_coefficient(step) - 1.0) + 1.0;

        let colours = self.tables.size()[2] - 1;
        self.tables.narrow(2, 1, colours).copy_(&says[0].full);
        let log_probabilities = (&self.tables + &self.colours).internal_log_softmax(2, false);
        let under_crops = log_probabilities.view(-1).index_select(0, &self.cells);
        let crops = self.no_crop.view(-1).index_add(0, &self.crops, &under_crops).view_as(&self.no_crop);
        let rows = self.rows.log_probabilities(&says[1].rows, &mask_coefficient);
        let columns = self.columns.log_probabilities(&says[2].rows, &mask_coefficient);
        add(&crops, &rows.gather(1, &self.rows.own, false).unsqueeze(2));
        add(&crops, &columns.gather(1, &self.columns.own, false).unsqueeze(1));
        let crops = crops.view([grids, -1]) * &crop_coefficient;
        let log_sum = crops.logsumexp([1i64].as_slice(), true);
        let nats = (&log_sum / crop_coefficient).view(-1);
        let by_member = Tensor::zeros([self.member_count], float).index_add_(0, &self.members, &nats).neg_();

        let by_crop = (crops - log_sum).exp_() * -objective.reconstruction_weight;
        let by_log = log_probabilities.zeros_like();
        let by_cells = by_crop.view(-1).index_select(0, &self.crops);
        let _ = by_log.view(-1).index_add_(0, &self.cells, &by_cells);
        let by_tables = Tensor::internal_log_softmax_backward_data(&by_log, &log_probabilities, 2, Kind::Float);
        gradients[0].full.shallow_clone().copy_(&by_tables.narrow(2, 1, colours));

        let by_crop = by_crop.view_as(&self.no_crop);
        let sum = |over: i64| by_crop.sum_dim_intlist([over].as_slice(), false, Kind::Float);
        self.rows.back(&rows, &sum(2), &mask_coefficient, &gradients[1].rows);
        self.columns.back(&columns, &sum(1), &mask_coefficient, &gradients[2].rows);
        by_member
    }
}

/// The known grids of all members.
fn known<'a>(batch: &'a Batch) -> impl Iterator<Item = Known<'a>> {
    batch.plans.iter().enumerate().flat_map(|(member, plan)| {
        plan.known_grids().map(move |(example, plane, size, cells)| Known {
            member,
            example,
            plane,
            size,
            canvas: (plan.dimensions.rows, plan.dimensions.columns),
            cells,
            certain: plan.size_known[plane],
        })
    })
}

impl Side {
    /// `canvas`: the batch's side; `offsets`: most offsets of a grid; `lengths`: a grid's side and its member's canvas'.
    fn new(
        batch: &Batch,
        grids: &[Known],
        canvas: usize,
        offsets: usize,
        lengths: &dyn Fn(&Known) -> (usize, usize),
    ) -> Self {
        let Dimensions { examples, planes, .. } = batch.dimensions;
        // By length, then by offset.
        let bounds: Vec<(usize, usize)> = (1..=canvas)
            .flat_map(|length| (0..=canvas - length).map(move |offset| (offset, offset + length)))
            .collect();
        let inside = |cell: usize, &(start, end): &(usize, usize)| if (start..end).contains(&cell) { 2.0 } else { 0.0 };
        let intervals: Vec<f32> =
            (0..canvas).flat_map(|cell| bounds.iter().map(move |bounds| inside(cell, bounds))).collect();
        let (mut places, mut allowed, mut own) = (Vec::new(), Vec::new(), Vec::new());
        for grid in grids {
            let (length, own_canvas) = lengths(grid);
            let line = (grid.member * examples + grid.example) * canvas;
            places.extend((0..canvas).map(|cell| ((line + cell) * planes + grid.plane) as i64));
            allowed.extend(bounds.iter().map(|&(start, end)| {
                let is_meant = end <= own_canvas && (!grid.certain || end - start == length);
                if is_meant { 0.0 } else { IMPOSSIBLE }
            }));
            let first: usize = (1..length).map(|shorter| canvas + 1 - shorter).sum();
            let last = own_canvas - length;
            own.extend((0..offsets).map(|offset| (first + offset.min(last)) as i64));
        }
        let count = grids.len() as i64;
        let intervals = batch.constant(&intervals, &[canvas as i64, bounds.len() as i64]);
        Self {
            places: batch.places(&places),
            intervals_back: intervals.tr(),
            intervals,
            allowed: batch.constant(&allowed, &[count, bounds.len() as i64]),
            own: batch.places(&own).view([count, offsets as i64]),
        }
    }

    /// Log-probability of each interval, (grid, interval). `masks`: (member, example · row or column, plane).
    ///
    /// An interval's weight is the mask's sum inside less its sum outside. Less its sum over everything, which cancels
    /// in the ratio, that is twice the sum inside.
    fn log_probabilities(&self, masks: &Tensor, coefficient: &Tensor) -> Tensor {
        let count = coefficient.size()[0];
        let own = masks.view(-1).index_select(0, &self.places).view([count, -1]) * coefficient;
        self.allowed.addmm(&own, &self.intervals).internal_log_softmax(1, false)
    }

    /// From the gradient by the log-probabilities of a grid's offsets, (grid, offset), to that by the masks.
    fn back(&self, log_probabilities: &Tensor, by_offsets: &Tensor, coefficient: &Tensor, by_masks: &Tensor) {
        let by_log = self.allowed.zeros_like().scatter_add_(1, &self.own, by_offsets);
        let by_weights = Tensor::internal_log_softmax_backward_data(&by_log, log_probabilities, 1, Kind::Float);
        let by_own = by_weights.mm(&self.intervals_back) * coefficient;
        let _ = by_masks.shallow_clone().zero_();
        let _ = by_masks.view(-1).index_add_(0, &self.places, &by_own.view(-1));
    }
}
