//! How each tensor lies in memory and how it is cut into blocks of work.
//!
//! In: a puzzle's sizes and the network's settings. Out: shapes and where each buffer starts in the arena.
//!
//! Positions are lanes: a row of an array is one channel over many cells, so that every kernel fills its registers whatever
//! the number of channels, and weights are scalars to it. An array is (plane, direction, channel, lane). Where a tensor has
//! rows and columns, a plane is one example and colour and its lanes are the cells; else all there is of example, colour, row
//! and column is the lanes of one plane. Rows are padded to whole vectors; what stands in the padding is never summed.

use crate::model::{Axes, Axis, DIRECTIONS, Dimensions, Network};
use std::ops::Range;

/// Numbers of a vector: a 512-bit register of f32.
pub const LANES: usize = 16;
/// Cells that a block has at least.
const BLOCK_CELLS: usize = 64;
/// Blocks that a tensor is cut into at most.
const MOST_BLOCKS: usize = 48;

/// Where [`Form::lengths`] holds an axis.
pub fn place(axis: Axis) -> usize {
    match axis {
        Axis::Example => 0,
        Axis::Colour => 1,
        Axis::Row => 2,
        Axis::Column => 3,
        Axis::Direction => 4,
    }
}

/// How an array over some axes lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Which axes it carries.
    pub axes: Axes,
    /// Lengths of example, colour, row, column, direction; 1 where the axis is absent.
    pub lengths: [usize; 5],
}

/// How an array meets the one that lacks one of its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The axis is among the planes, seen as (outer, axis, inner).
    Planes(View),
    /// The axis is the direction, of so many.
    Directions(usize),
    /// The axis is among the lanes, seen as (outer, axis, inner). The smaller array is one plane, in which those of the
    /// larger one's planes follow one another.
    Lanes(View),
}

/// Lengths before, of and after an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Product of the lengths before the axis.
    pub outer: usize,
    /// Length of the axis.
    pub axis: usize,
    /// Product of the lengths after it.
    pub inner: usize,
}

impl Form {
    /// Of an array over `axes`, given the lengths of all axes in the order of [`place`].
    pub fn new(axes: Axes, all: [usize; 5]) -> Self {
        let mut lengths = [1; 5];
        for axis in axes.iter() {
            lengths[place(axis)] = all[place(axis)];
        }
        Self { axes, lengths }
    }

    /// Whether a plane is a grid.
    fn is_spatial(&self) -> bool {
        self.axes.has(Axis::Row) && self.axes.has(Axis::Column)
    }

    /// How many planes there are.
    pub fn planes(&self) -> usize {
        if self.is_spatial() { self.lengths[0] * self.lengths[1] } else { 1 }
    }

    /// Lanes of a row that are in use.
    pub fn cells(&self) -> usize {
        let cells = self.lengths[2] * self.lengths[3];
        if self.is_spatial() { cells } else { self.lengths[0] * self.lengths[1] * cells }
    }

    /// Numbers of a row.
    pub fn lanes(&self) -> usize {
        self.cells().next_multiple_of(LANES)
    }

    /// How many directions it has; 1 without the axis.
    pub fn directions(&self) -> usize {
        self.lengths[4]
    }

    /// All positions.
    pub fn positions(&self) -> usize {
        self.lengths.iter().product()
    }

    /// Numbers of a plane with so many channels.
    pub fn plane(&self, width: usize) -> usize {
        self.directions() * width * self.lanes()
    }

    /// Numbers of an array with so many channels.
    pub fn size(&self, width: usize) -> usize {
        self.planes() * self.plane(width)
    }

    /// The same array without one of its axes.
    pub fn without(&self, axis: Axis) -> Self {
        Self::new(self.axes.without(axis), self.lengths)
    }

    /// How it meets [`Form::without`] the axis.
    pub fn link(&self, axis: Axis) -> Link {
        let at = place(axis);
        let product = |range: Range<usize>| self.lengths[range].iter().product::<usize>();
        match axis {
            Axis::Direction => Link::Directions(self.lengths[at]),
            Axis::Example | Axis::Colour if self.is_spatial() => {
                Link::Planes(View { outer: product(0..at), axis: self.lengths[at], inner: product(at + 1..2) })
            }
            _ => {
                let first = if self.is_spatial() { 2 } else { 0 };
                Link::Lanes(View { outer: product(first..at), axis: self.lengths[at], inner: product(at + 1..4) })
            }
        }
    }

    /// Example, colour, row, column and direction of a plane's direction and lane.
    pub fn at(&self, plane: usize, direction: usize, lane: usize) -> [usize; 5] {
        let [_, colours, rows, columns, _] = self.lengths;
        let (cell, plane) = if self.is_spatial() { (lane, plane) } else { (lane % (rows * columns), lane / (rows * columns)) };
        [plane / colours, plane % colours, cell / columns, cell % columns, direction]
    }

    /// Where the number of one channel of `width` stands for an example, colour, row, column and direction; places on axes
    /// that the array lacks are not looked at.
    pub fn index(&self, at: [usize; 5], width: usize, channel: usize) -> usize {
        let at: [usize; 5] = std::array::from_fn(|index| if self.lengths[index] == 1 { 0 } else { at[index] });
        let [examples, colours, rows, columns] = [0, 1, 2, 3].map(|index| self.lengths[index]);
        let (plane, lane) = (at[0] * colours + at[1], at[2] * columns + at[3]);
        debug_assert!(plane < examples * colours && lane < rows * columns);
        let (plane, lane) = if self.is_spatial() { (plane, lane) } else { (0, plane * rows * columns + lane) };
        ((plane * self.directions() + at[4]) * width + channel) * self.lanes() + lane
    }
}

/// One tensor's form, channels and blocks.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its axes and their lengths.
    pub form: Form,
    /// Channels of its residual stream.
    pub channels: usize,
    /// Planes in a block.
    block_planes: usize,
}

impl Shape {
    /// The shape of the tensor `axes`.
    pub fn new(axes: Axes, dimensions: &Dimensions, network: &Network) -> Self {
        let lengths =
            [Axis::Example, Axis::Colour, Axis::Row, Axis::Column, Axis::Direction].map(|axis| dimensions.length(axis));
        let form = Form::new(axes, lengths);
        let planes = form.planes();
        let block_planes = BLOCK_CELLS.div_ceil(form.cells()).max(planes.div_ceil(MOST_BLOCKS)).min(planes);
        Self { form, channels: network.channels_of(axes), block_planes }
    }

    /// Whether it has the direction axis.
    pub fn has_directions(&self) -> bool {
        self.form.axes.has(Axis::Direction)
    }

    /// Whether the cumulative maximum and the shift act on it.
    pub fn is_directional(&self) -> bool {
        Network::is_directional(self.form.axes)
    }

    /// All positions.
    pub fn positions(&self) -> usize {
        self.form.positions()
    }

    /// Numbers of an array with so many channels.
    pub fn size(&self, width: usize) -> usize {
        self.form.size(width)
    }

    /// Numbers of a block with so many channels.
    pub fn block(&self, width: usize) -> usize {
        self.block_planes * self.form.plane(width)
    }

    /// Planes in a block.
    pub fn block_planes(&self) -> usize {
        self.block_planes
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.form.planes().div_ceil(self.block_planes)
    }

    /// Positions of each block.
    pub fn block_sizes(&self) -> impl Iterator<Item = usize> + use<> {
        let (block, planes) = (self.block_planes, self.form.planes());
        let positions = self.form.cells() * self.form.directions();
        (0..self.blocks()).map(move |index| block.min(planes - index * block) * positions)
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
