//! The weights as the kernels read them: one record for each layer and tensor, tied weights spread out, the 64 maps
//! between directions as one matrix.
//!
//! In: the flat parameters. Out: records and their transposes; on the way back, the records' gradients are summed into
//! the flat gradient in a fixed order.

use super::float::Float;
use super::geometry::{Ranges, cell_width};
use super::linear::transpose;
use crate::model::tying::{DIRECTION_COEFFICIENTS, DirectionMap, representative};
use crate::model::{Axes, Axis, DIRECTIONS, Layout, Network, direction_map_name, softmax_rows};
use std::ops::Range;

/// A matrix in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Its place in the record.
    pub range: Range<usize>,
    /// Inputs, the rows.
    pub inputs: usize,
    /// Outputs, the columns.
    pub outputs: usize,
}

/// Where one layer's matrices of one tensor lie in its record; those that the tensor lacks are empty.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The record's place among all.
    pub range: Range<usize>,
    /// Message to larger tensors.
    pub up_in: Matrix,
    /// Sum of messages from smaller ones.
    pub up_out: Matrix,
    /// Scores of the softmaxes.
    pub softmax_in: Matrix,
    /// Probabilities, (subset, channel) by output.
    pub softmax_out: Matrix,
    /// Into the cumulative maximum: forward channels, then backward ones.
    pub cummax_in: Matrix,
    /// Out of it.
    pub cummax_out: Matrix,
    /// Into the shift: forward channels, then backward ones.
    pub shift_in: Matrix,
    /// Out of it.
    pub shift_out: Matrix,
    /// From (direction, channel) to (direction, channel).
    pub maps: Matrix,
    /// Into the SiLU.
    pub hidden_in: Matrix,
    /// Out of it.
    pub hidden_out: Matrix,
    /// Message to smaller tensors.
    pub down_in: Matrix,
    /// Sum of messages from larger ones.
    pub down_out: Matrix,
}

/// A stretch of the flat parameters and where it goes, times a factor.
#[derive(Clone, Debug)]
struct Run {
    flat: usize,
    spread: usize,
    length: usize,
    factor: f32,
}

/// All records of a network.
#[derive(Clone, Debug)]
pub struct Records {
    /// By layer, then by tensor in canonical order.
    pub layers: Vec<Vec<Record>>,
    runs: Vec<Run>,
    length: usize,
}

impl Records {
    /// Looks up the layout once.
    pub fn new(layout: &Layout, network: &Network) -> Self {
        let mut builder = Builder { layout, network, ranges: Ranges::default(), runs: Vec::new() };
        let layers =
            (0..network.layers).map(|layer| Axes::all().map(|axes| builder.record(layer, axes)).collect()).collect();
        Self { layers, runs: builder.runs, length: builder.ranges.end() }
    }

    /// Numbers in all records.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Spreads the flat parameters out to `records` and `transposed`.
    pub fn spread<T: Float>(&self, flat: &[T], records: &mut [T], transposed: &mut [T]) {
        for Run { flat: from, spread, length, factor } in &self.runs {
            let factor = T::of(f64::from(*factor));
            for (to, &from) in records[*spread..*spread + length].iter_mut().zip(&flat[*from..*from + length]) {
                *to = from * factor;
            }
        }
        for record in self.layers.iter().flatten() {
            let (from, to) = (&records[record.range.clone()], &mut transposed[record.range.clone()]);
            for matrix in record.matrices().filter(|matrix| matrix.inputs > 0) {
                let range = matrix.range.clone();
                transpose(&from[range.clone()], &mut to[range], matrix.inputs, matrix.outputs);
            }
        }
    }

    /// gradient += the records' gradients, gathered where they came from.
    pub fn gather<T: Float>(&self, records: &[T], gradient: &mut [T]) {
        for Run { flat: to, spread, length, factor } in &self.runs {
            let factor = T::of(f64::from(*factor));
            for (to, &from) in gradient[*to..*to + length].iter_mut().zip(&records[*spread..*spread + length]) {
                *to = from.mul_add(factor, *to);
            }
        }
    }
}

impl Record {
    fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        [
            &self.up_in,
            &self.up_out,
            &self.softmax_in,
            &self.softmax_out,
            &self.cummax_in,
            &self.cummax_out,
            &self.shift_in,
            &self.shift_out,
            &self.maps,
            &self.hidden_in,
            &self.hidden_out,
            &self.down_in,
            &self.down_out,
        ]
        .into_iter()
    }
}

struct Builder<'a> {
    layout: &'a Layout,
    network: &'a Network,
    ranges: Ranges,
    runs: Vec<Run>,
}

impl Builder<'_> {
    fn record(&mut self, layer: usize, axes: Axes) -> Record {
        let start = self.ranges.end();
        let plain = |this: &mut Self, kind: &str, end: &str| this.plain(start, layer, axes, kind, end);
        let mut record = Record {
            up_in: plain(self, "share_up", "in"),
            up_out: plain(self, "share_up", "out"),
            softmax_in: plain(self, "softmax", "in"),
            cummax_out: plain(self, "cummax", "out"),
            shift_out: plain(self, "shift", "out"),
            hidden_in: plain(self, "nonlinear", "in"),
            hidden_out: plain(self, "nonlinear", "out"),
            down_in: plain(self, "share_down", "in"),
            down_out: plain(self, "share_down", "out"),
            ..Record::default()
        };
        record.softmax_out = self.softmax_out(start, layer, axes);
        record.cummax_in = self.by_parity(start, layer, axes, "cummax");
        record.shift_in = self.by_parity(start, layer, axes, "shift");
        record.maps = self.maps(start, layer, axes);
        record.range = start..self.ranges.end();
        record
    }

    fn matrix(&mut self, start: usize, inputs: usize, outputs: usize) -> Matrix {
        let range = self.ranges.take(inputs * outputs);
        Matrix { range: range.start - start..range.end - start, inputs, outputs }
    }

    fn offset(&self, layer: usize, axes: Axes, kind: &str, end: &str) -> Option<(usize, usize, usize)> {
        let axes = representative(axes);
        let slice = self.layout.get(&format!("layer{layer}.{kind}.{axes}.{end}.weight"))?;
        Some((slice.offset, slice.shape[0], slice.shape[1]))
    }

    fn run(&mut self, flat: usize, spread: usize, length: usize, factor: f32) {
        self.runs.push(Run { flat, spread, length, factor });
    }

    fn plain(&mut self, start: usize, layer: usize, axes: Axes, kind: &str, end: &str) -> Matrix {
        let Some((offset, inputs, outputs)) = self.offset(layer, axes, kind, end) else { return Matrix::default() };
        let matrix = self.matrix(start, inputs, outputs);
        self.run(offset, start + matrix.range.start, inputs * outputs, 1.0);
        matrix
    }

    fn softmax_out(&mut self, start: usize, layer: usize, axes: Axes) -> Matrix {
        let Some((offset, _, outputs)) = self.offset(layer, axes, "softmax", "out") else { return Matrix::default() };
        let rows = softmax_rows(self.network, axes);
        let long = self.network.softmax_channels * outputs;
        let matrix = self.matrix(start, rows.len() * self.network.softmax_channels, outputs);
        for (subset, row) in rows.into_iter().enumerate() {
            self.run(offset + row * long, start + matrix.range.start + subset * long, long, 1.0);
        }
        matrix
    }

    /// The stored weight interleaves forward and backward channels.
    fn by_parity(&mut self, start: usize, layer: usize, axes: Axes, kind: &str) -> Matrix {
        let Some((offset, inputs, outputs)) = self.offset(layer, axes, kind, "in") else { return Matrix::default() };
        let matrix = self.matrix(start, inputs, outputs);
        let order: Vec<usize> = (0..2).flat_map(|parity| (parity..outputs).step_by(2)).collect();
        for input in 0..inputs {
            for (output, &stored) in order.iter().enumerate() {
                let row = input * outputs;
                self.run(offset + row + stored, start + matrix.range.start + row + output, 1, 1.0);
            }
        }
        matrix
    }

    fn maps(&mut self, start: usize, layer: usize, axes: Axes) -> Matrix {
        let live = self.network.live(layer).inner.contains(&axes);
        if !live || !axes.has(Axis::Direction) {
            return Matrix::default();
        }
        let channels = self.network.channels_of(axes);
        let side = cell_width(channels);
        let matrix = self.matrix(start, side, side);
        for from in 0..DIRECTIONS {
            for to in 0..DIRECTIONS {
                let map = DirectionMap { axes, to, from }.representative();
                let offset = self.layout.slices()[self.layout.index_of(&direction_map_name(layer, map))].offset;
                let factor = DIRECTION_COEFFICIENTS[(DIRECTIONS + from - to) % DIRECTIONS];
                for channel in 0..channels {
                    let spread = start + matrix.range.start + (from * channels + channel) * side + to * channels;
                    self.run(offset + channel * channels, spread, channels, factor);
                }
            }
        }
        matrix
    }
}
