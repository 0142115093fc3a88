//! The reconstruction: −log p of the known grids, given the network's logits and masks, and its gradient.
//!
//! In: logits (example, colour, row, column, plane) and masks. Out: nats, and gradients in the same places. A grid's place on
//! the canvas is not known: its probability is a sum over all crops of its size, and where the size is not known either,
//! the row and column masks make a distribution over all sizes and offsets.
//!
//! A crop's log-probability is a sum of one table entry a cell, (colour, row, column); for all offsets at once that is a
//! sum of shifted rows of the tables. Source: the public CompressARC code, `take_step`.

use super::float::Float;
use super::simd::{Level, kernel};
use super::team::Team;
use crate::engine::Outputs;
use crate::model::{Dimensions, Objective, Plan};
use rayon::prelude::*;

/// One example's grid in one plane.
#[derive(Clone, Debug)]
struct Slot<T> {
    /// Its size and palette indices, where it is known.
    target: Option<((usize, usize), Vec<u8>)>,
    /// Whether its size was known beforehand.
    certain: bool,
    /// Log-probabilities, then their gradient's place: (colour with black, row, column).
    tables: Vec<T>,
    by_tables: Vec<T>,
    /// Log-probabilities of crops, (row offset, column offset).
    crops: Vec<T>,
    rows: Side<T>,
    columns: Side<T>,
    nats: f64,
}

/// One side of a grid: the masks and the intervals that they make likely.
#[derive(Clone, Debug)]
struct Side<T> {
    mask: Vec<T>,
    by_mask: Vec<T>,
    /// Twice the mask's sum inside each interval, by length, then offset; then their probabilities.
    intervals: Vec<T>,
    /// Log-probability of each offset of the grid, then its gradient.
    offsets: Vec<T>,
}

/// The reconstruction of one puzzle.
#[derive(Clone, Debug)]
pub struct GridReconstruction<T> {
    slots: Vec<Slot<T>>,
    dimensions: Dimensions,
}

/// The network's outputs, or gradients by them.
#[derive(Clone, Debug)]
pub struct Readout<T> {
    /// (example, colour, row, column, plane).
    pub logits: Vec<T>,
    /// (example, row, plane).
    pub row_mask: Vec<T>,
    /// (example, column, plane).
    pub column_mask: Vec<T>,
}

impl<T: Float> Readout<T> {
    /// All zeros.
    pub fn new(dimensions: &Dimensions) -> Self {
        let Dimensions { examples, colours, rows, columns, planes } = *dimensions;
        Self {
            logits: vec![T::ZERO; examples * colours * rows * columns * planes],
            row_mask: vec![T::ZERO; examples * rows * planes],
            column_mask: vec![T::ZERO; examples * columns * planes],
        }
    }

    /// A copy in single precision.
    pub fn outputs(&self) -> Outputs {
        let single = |values: &[T]| values.iter().map(|value| value.to_f64() as f32).collect();
        Outputs {
            logits: single(&self.logits),
            row_mask: single(&self.row_mask),
            column_mask: single(&self.column_mask),
        }
    }
}

kernel! {
    /// Logits to log-probabilities, in place. `tables`: (colour, cell).
    fn log_softmax<T: Float>(tables: &mut [T], area: usize) {
        for cell in 0..area {
            let mut largest = tables[cell];
            for logit in tables[cell..].iter().step_by(area) {
                largest = largest.larger(*logit);
            }
            let mut sum = T::ZERO;
            for logit in tables[cell..].iter().step_by(area) {
                sum += (*logit - largest).exp();
            }
            let partition = largest + sum.ln();
            for logit in tables[cell..].iter_mut().step_by(area) {
                *logit -= partition;
            }
        }
    }

    /// The gradient by log-probabilities to that by logits, in place.
    fn log_softmax_back<T: Float>(tables: &[T], gradient: &mut [T], area: usize) {
        for cell in 0..area {
            let mut sum = T::ZERO;
            for gradient in gradient[cell..].iter().step_by(area) {
                sum += *gradient;
            }
            for (gradient, table) in gradient[cell..].iter_mut().step_by(area).zip(tables[cell..].iter().step_by(area)) {
                *gradient -= table.exp() * sum;
            }
        }
    }

    /// to += from.
    fn add<T: Float>(from: &[T], to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

impl<T: Float> GridReconstruction<T> {
    /// Prepares the slots.
    pub fn new(plan: &Plan) -> Self {
        let dimensions = plan.dimensions;
        let area = dimensions.rows * dimensions.columns;
        let mut slots = Vec::new();
        for (targets, sizes) in plan.targets.iter().zip(&plan.sizes) {
            for ((target, &size), &certain) in targets.iter().zip(sizes).zip(&plan.size_known) {
                let tables = vec![T::ZERO; (dimensions.colours + 1) * area];
                let offsets = (dimensions.rows + 1 - size.0, dimensions.columns + 1 - size.1);
                slots.push(Slot {
                    target: target.clone().map(|cells| (size, cells)),
                    certain,
                    by_tables: tables.clone(),
                    tables,
                    crops: vec![T::ZERO; offsets.0 * offsets.1],
                    rows: Side::new(dimensions.rows, offsets.0),
                    columns: Side::new(dimensions.columns, offsets.1),
                    nats: 0.0,
                });
            }
        }
        Self { slots, dimensions }
    }

    /// Nats; fills `gradient` with the gradient of `objective.reconstruction_weight` times them.
    pub fn run(
        &mut self,
        team: Team,
        level: Level,
        readout: &Readout<T>,
        objective: &Objective,
        step: usize,
        gradient: &mut Readout<T>,
    ) -> f64 {
        let dimensions = self.dimensions;
        let Dimensions { colours, rows, columns, planes, .. } = dimensions;
        let area = rows * columns;
        self.slots.par_iter_mut().with_min_len(team.least()).enumerate().for_each(|(index, slot)| {
            let (example, plane) = (index / planes, index % planes);
            slot.by_tables.fill(T::ZERO);
            slot.rows.by_mask.fill(T::ZERO);
            slot.columns.by_mask.fill(T::ZERO);
            slot.nats = 0.0;
            if slot.target.is_none() {
                return;
            }
            slot.tables[..area].fill(T::ZERO);
            let logits = &readout.logits[example * colours * area * planes..][..colours * area * planes];
            for (table, logit) in slot.tables[area..].iter_mut().zip(logits[plane..].iter().step_by(planes)) {
                *table = *logit;
            }
            log_softmax(level, &mut slot.tables, area);
            slot.rows.read(&readout.row_mask, example, planes, plane);
            slot.columns.read(&readout.column_mask, example, planes, plane);
            slot.explain(level, columns, objective, step);
            log_softmax_back(level, &slot.tables, &mut slot.by_tables, area);
        });
        let mut nats = 0.0;
        for (index, slot) in self.slots.iter().enumerate() {
            let (example, plane) = (index / planes, index % planes);
            nats += slot.nats;
            let logits = &mut gradient.logits[example * colours * area * planes..][..colours * area * planes];
            for (logit, table) in logits[plane..].iter_mut().step_by(planes).zip(&slot.by_tables[area..]) {
                *logit = *table;
            }
            slot.rows.write(&mut gradient.row_mask, example, planes, plane);
            slot.columns.write(&mut gradient.column_mask, example, planes, plane);
        }
        nats
    }
}

impl<T: Float> Slot<T> {
    /// −log p of the grid, and gradients in `by_tables` and the sides' `by_mask`.
    fn explain(&mut self, level: Level, columns: usize, objective: &Objective, step: usize) {
        let Some(((height, width), cells)) = &self.target else { return };
        let (height, width) = (*height, *width);
        let (mask_coefficient, crop_coefficient) = if self.certain {
            (T::ONE, T::ONE)
        } else {
            (T::of(objective.size_mask_coefficient(step)), T::of(objective.crop_coefficient(step)))
        };
        self.rows.intervals(height, self.certain, mask_coefficient);
        self.columns.intervals(width, self.certain, mask_coefficient);
        let (down, right) = (self.rows.offsets.len(), self.columns.offsets.len());
        let area = self.rows.mask.len() * columns;

        self.crops.fill(T::ZERO);
        for (index, &colour) in cells.iter().enumerate() {
            let start = usize::from(colour) * area + index / width * columns + index % width;
            for (offset, crops) in self.crops.chunks_exact_mut(right).enumerate() {
                add(level, &self.tables[start + offset * columns..][..right], crops);
            }
        }
        for (crops, &row) in self.crops.chunks_exact_mut(right).zip(&self.rows.offsets) {
            for (crop, &column) in crops.iter_mut().zip(&self.columns.offsets) {
                *crop = (*crop + (row + column)) * crop_coefficient;
            }
        }
        let largest = self.crops.iter().fold(self.crops[0], |largest, &crop| largest.larger(crop));
        let mut sum = T::ZERO;
        for crop in &mut self.crops {
            *crop = (*crop - largest).exp();
            sum += *crop;
        }
        self.nats = -(largest + sum.ln()).to_f64() / crop_coefficient.to_f64();

        // From here on crops and offsets hold gradients.
        let factor = T::of(-objective.reconstruction_weight) / sum;
        self.crops.iter_mut().for_each(|crop| *crop = *crop * factor);
        self.rows.offsets.fill(T::ZERO);
        self.columns.offsets.fill(T::ZERO);
        for (crops, row) in self.crops.chunks_exact(right).zip(&mut self.rows.offsets) {
            for (&crop, column) in crops.iter().zip(&mut self.columns.offsets) {
                *row += crop;
                *column += crop;
            }
        }
        for (index, &colour) in cells.iter().enumerate() {
            let start = usize::from(colour) * area + index / width * columns + index % width;
            for (offset, crops) in self.crops.chunks_exact(right).enumerate() {
                add(level, crops, &mut self.by_tables[start + offset * columns..][..right]);
            }
        }
        debug_assert_eq!(self.crops.len(), down * right);
        self.rows.intervals_back(height, self.certain, mask_coefficient);
        self.columns.intervals_back(width, self.certain, mask_coefficient);
    }
}

impl<T: Float> Side<T> {
    fn new(canvas: usize, offsets: usize) -> Self {
        Self {
            mask: vec![T::ZERO; canvas],
            by_mask: vec![T::ZERO; canvas],
            intervals: vec![T::ZERO; canvas * (canvas + 1) / 2],
            offsets: vec![T::ZERO; offsets],
        }
    }

    fn read(&mut self, masks: &[T], example: usize, planes: usize, plane: usize) {
        let long = self.mask.len() * planes;
        let from = masks[example * long..][..long].iter().skip(plane).step_by(planes);
        self.mask.iter_mut().zip(from).for_each(|(mask, from)| *mask = *from);
    }

    fn write(&self, masks: &mut [T], example: usize, planes: usize, plane: usize) {
        let long = self.mask.len() * planes;
        let to = masks[example * long..][..long].iter_mut().skip(plane).step_by(planes);
        to.zip(&self.by_mask).for_each(|(to, by_mask)| *to = *by_mask);
    }

    /// Where the intervals of a length begin.
    fn first(&self, length: usize) -> usize {
        let canvas = self.mask.len();
        (1..length).map(|shorter| canvas + 1 - shorter).sum()
    }

    /// The intervals that could be meant: all, or those of the known length.
    fn allowed(&self, length: usize, certain: bool) -> std::ops::Range<usize> {
        let first = self.first(length);
        if certain { first..first + self.mask.len() + 1 - length } else { 0..self.intervals.len() }
    }

    /// Log-probabilities of the offsets of a length; leaves the probabilities of all allowed intervals.
    ///
    /// An interval's weight is the mask's sum inside less its sum outside. Less its sum over everything, which cancels in
    /// the ratio, that is twice the sum inside.
    fn intervals(&mut self, length: usize, certain: bool, coefficient: T) {
        let canvas = self.mask.len();
        for offset in 0..canvas {
            let mut sum = T::ZERO;
            let mut at = offset;
            for (index, end) in (offset..canvas).enumerate() {
                sum += self.mask[end] * coefficient;
                self.intervals[at] = sum + sum;
                // The same offset among the intervals that are one longer.
                at += canvas - index;
            }
        }
        let allowed = self.allowed(length, certain);
        let first = self.first(length);
        let intervals = &mut self.intervals[allowed.clone()];
        let largest = intervals.iter().fold(intervals[0], |largest, &weight| largest.larger(weight));
        let sum = intervals.iter().fold(T::ZERO, |sum, &weight| sum + (weight - largest).exp());
        let partition = largest + sum.ln();
        let own = first - allowed.start;
        for (offset, &weight) in self.offsets.iter_mut().zip(&intervals[own..]) {
            *offset = weight - partition;
        }
        intervals.iter_mut().for_each(|weight| *weight = (*weight - partition).exp());
    }

    /// From the gradient of the offsets' log-probabilities to the mask's.
    fn intervals_back(&mut self, length: usize, certain: bool, coefficient: T) {
        let canvas = self.mask.len();
        let allowed = self.allowed(length, certain);
        let first = self.first(length);
        let total = self.offsets.iter().fold(T::ZERO, |sum, &offset| sum + offset);
        for offset in 0..canvas {
            let mut at = offset;
            for (index, end) in (offset..canvas).enumerate() {
                if allowed.contains(&at) {
                    let own = if index + 1 == length { self.offsets[offset] } else { T::ZERO };
                    let by_weight = own - self.intervals[at] * total;
                    let by_cell = by_weight * coefficient;
                    for by_mask in &mut self.by_mask[offset..=end] {
                        *by_mask += by_cell + by_cell;
                    }
                }
                at += canvas - index;
            }
        }
        debug_assert!(first < self.intervals.len());
    }
}
