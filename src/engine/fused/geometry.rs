//! How each tensor lies in memory and how it is cut into blocks of work.
//!
//! In: a puzzle's sizes and the network's settings. Out: shapes and where each buffer starts in the arena. Positions go
//! example, colour, row, column, direction, with channels innermost: a cell's directions and channels are one row for
//! the maps between directions. Blocks are whole planes (all rows and columns of an example and colour), so that lines
//! never cross them.

use super::lattice::View;
use crate::model::{Axes, Axis, DIRECTIONS, Dimensions, Network};
use std::ops::Range;

/// Cells that a block has at least.
const BLOCK_CELLS: usize = 64;
/// Blocks that a tensor is cut into at most.
const MOST_BLOCKS: usize = 48;

/// One tensor's shape and blocks.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Which axes it carries.
    pub axes: Axes,
    /// Lengths of example, colour, row, column, direction; 1 where the axis is absent.
    pub lengths: [usize; 5],
    /// Channels of its residual stream.
    pub channels: usize,
    /// Planes in a block.
    block_planes: usize,
}

/// Where [`Shape::lengths`] holds an axis.
pub fn place(axis: Axis) -> usize {
    match axis {
        Axis::Example => 0,
        Axis::Colour => 1,
        Axis::Row => 2,
        Axis::Column => 3,
        Axis::Direction => 4,
    }
}

impl Shape {
    /// The shape of the tensor `axes`.
    pub fn new(axes: Axes, dimensions: &Dimensions, network: &Network) -> Self {
        let length = |axis| if axes.has(axis) { dimensions.length(axis) } else { 1 };
        let lengths = [
            length(Axis::Example),
            length(Axis::Colour),
            length(Axis::Row),
            length(Axis::Column),
            length(Axis::Direction),
        ];
        let (planes, cells) = (lengths[0] * lengths[1], lengths[2] * lengths[3]);
        let block_planes = BLOCK_CELLS.div_ceil(cells).max(planes.div_ceil(MOST_BLOCKS)).min(planes);
        Self { axes, lengths, channels: network.channels_of(axes), block_planes }
    }

    /// Rows times columns.
    pub fn plane_cells(&self) -> usize {
        self.lengths[2] * self.lengths[3]
    }

    /// Examples times colours.
    pub fn planes(&self) -> usize {
        self.lengths[0] * self.lengths[1]
    }

    /// Positions without the direction.
    pub fn cells(&self) -> usize {
        self.planes() * self.plane_cells()
    }

    /// How many directions it has; 1 without the axis.
    pub fn directions(&self) -> usize {
        self.lengths[4]
    }

    /// Whether it has the direction axis.
    pub fn has_directions(&self) -> bool {
        self.axes.has(Axis::Direction)
    }

    /// Whether the cumulative maximum and the shift act on it.
    pub fn is_directional(&self) -> bool {
        Network::is_directional(self.axes)
    }

    /// All positions.
    pub fn positions(&self) -> usize {
        self.cells() * self.directions()
    }

    /// Positions in a block.
    pub fn block(&self) -> usize {
        self.block_planes * self.plane_cells() * self.directions()
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.planes().div_ceil(self.block_planes)
    }

    /// Positions of each block.
    pub fn block_sizes(&self) -> impl Iterator<Item = usize> + use<> {
        let (block, positions) = (self.block(), self.positions());
        (0..self.blocks()).map(move |index| block.min(positions - index * block))
    }

    /// How an array of `width` numbers a position is seen from one axis, among the positions over `axes`.
    pub fn view(&self, axes: Axes, axis: Axis, width: usize) -> View {
        let length = |index: usize| {
            let axis = [Axis::Example, Axis::Colour, Axis::Row, Axis::Column, Axis::Direction][index];
            if axes.has(axis) { self.lengths[index] } else { 1 }
        };
        let at = place(axis);
        View {
            outer: (0..at).map(length).product(),
            axis: self.lengths[at],
            inner: (at + 1..5).map(length).product::<usize>() * width,
        }
    }
}

/// Hands out stretches of an arena.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    end: usize,
}

/// Stretches start at multiples of so many numbers: a cache line of f32.
pub const ALIGNMENT: usize = 16;

impl Ranges {
    /// The next `length` numbers.
    pub fn take(&mut self, length: usize) -> Range<usize> {
        let start = self.end;
        self.end = start + length.next_multiple_of(ALIGNMENT);
        start..start + length
    }

    /// Numbers handed out.
    pub fn end(&self) -> usize {
        self.end
    }
}

/// Numbers that one cell's directions hold of a branch with `channels` channels.
pub const fn cell_width(channels: usize) -> usize {
    DIRECTIONS * channels
}
