//! Where one tensor's softmax tables lie, how they are summed from one another, and how runs of positions meet them.
//!
//! In: a tensor's shape. Out: ranges of its slab, and for a run of positions where each single axis' table starts.

use super::super::geometry::{Ranges, Shape, place};
use super::super::lattice::View;
use super::super::plan::TensorPlan;
use crate::model::{Axes, Axis, Network};
use std::ops::Range;

/// One subset's tables.
#[derive(Clone, Debug)]
pub struct Subset {
    /// Which table this one is summed from (none: the exponentials), and over which axis.
    pub parent: Option<usize>,
    /// How the parent is seen, one number a position.
    pub parent_view: View,
    /// Sums of exponentials, then their inverses: (position, softmax channel). Where scores are far apart, they stay sums.
    pub inverse: Range<usize>,
    /// The subset's own largest scores, where scores are far apart: (position, softmax channel).
    pub largest: Range<usize>,
    /// Weights over sums, or sums of e ⊗ dy: (position, softmax channel, channel).
    pub table: Range<usize>,
    /// What is taken off the score's gradient: (position, softmax channel).
    pub taken: Range<usize>,
    /// Strides of a position's table entry by example, colour, row, column, direction.
    pub strides: [usize; 5],
}

/// The tables of one tensor; layers share them.
#[derive(Clone, Debug)]
pub struct Tables {
    /// By size; a subset's parent comes before it.
    pub subsets: Vec<Subset>,
    /// Which subsets are a single axis.
    pub single: Vec<usize>,
    /// Exponentials, (position, softmax channel).
    pub exponentials: Range<usize>,
    /// Largest scores, (plane, softmax channel), then (example, softmax channel).
    pub largest: Range<usize>,
    /// Softmax channels.
    pub width: usize,
}

impl Tables {
    /// Lays out the tables of a tensor.
    pub fn new(shape: &Shape, width: usize, ranges: &mut Ranges) -> Self {
        let axes = shape.axes;
        let subsets = Network::softmax_subsets(axes);
        let rest = |subset: Axes| subset.iter().fold(axes, Axes::without);
        let positions = |axes: Axes| axes.iter().map(|axis| shape.lengths[place(axis)]).product::<usize>();
        let tables = subsets
            .iter()
            .map(|&subset| {
                // Summed from the smallest table there is.
                let last = subset.iter().min_by_key(|&axis| shape.lengths[place(axis)]).unwrap_or(Axis::Colour);
                let parent = subset.without(last);
                let left = rest(subset);
                let mut strides = [0; 5];
                let mut stride = 1;
                for (index, axis) in [Axis::Example, Axis::Colour, Axis::Row, Axis::Column, Axis::Direction]
                    .into_iter()
                    .enumerate()
                    .rev()
                {
                    if left.has(axis) {
                        strides[index] = stride;
                        stride *= shape.lengths[index];
                    }
                }
                let count = positions(left);
                Subset {
                    parent: subsets.iter().position(|&other| other == parent),
                    parent_view: shape.view(rest(parent), last, 1),
                    inverse: ranges.take(count * width),
                    largest: ranges.take(count * width),
                    table: ranges.take(count * width * shape.channels),
                    taken: ranges.take(count * width),
                    strides,
                }
            })
            .collect();
        Self {
            single: (0..subsets.len()).filter(|&index| subsets[index].len() == 1).collect(),
            subsets: tables,
            exponentials: ranges.take(shape.positions() * width),
            largest: ranges.take(2 * shape.planes() * width),
            width,
        }
    }
}

/// The same view with `width` numbers a position.
pub fn wide(view: View, width: usize) -> View {
    View { inner: view.inner * width, ..view }
}

/// Where a table's entries for a run of positions along the last axis start, and how far apart they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// Number of the first position's entry.
    pub start: usize,
    /// From one position's entry to the next one's.
    pub stride: usize,
}

/// The tables of single axes.
pub struct Singles<'a, T> {
    /// Weights over sums.
    pub tables: [&'a [T]; 4],
    /// What is taken off the score's gradient.
    pub taken: [&'a [T]; 4],
    /// How many there are.
    pub count: usize,
}

/// Where a run of positions along the last axis starts.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    place: [usize; 5],
    last: usize,
}

impl Subset {
    /// A run's entries in this subset's tables.
    pub fn entry(&self, Start { place, last }: Start) -> Entry {
        Entry {
            start: place.iter().zip(&self.strides).map(|(place, stride)| place * stride).sum(),
            stride: self.strides[last],
        }
    }
}

impl Tables {
    /// A run's entries in the tables of single axes.
    pub fn single_entries(&self, start: Start) -> [Entry; 4] {
        let mut entries = [Entry::default(); 4];
        for (entry, &subset) in entries.iter_mut().zip(&self.single) {
            *entry = self.subsets[subset].entry(start);
        }
        entries
    }
}

/// Calls `run` for every run of positions along the last axis of one block: (positions, where they start).
pub fn runs<'a>(plan: &'a TensorPlan, block: usize, mut run: impl FnMut(Range<usize>, Start) + 'a) {
    let lengths = plan.shape.lengths;
    let last = (0..5).rev().find(|&index| lengths[index] > 1).unwrap_or(1);
    let long = lengths[last];
    let start = block * plan.shape.block();
    let end = (start + plan.shape.block()).min(plan.shape.positions());
    let mut position = start;
    while position < end {
        let mut left = position;
        let mut place = [0; 5];
        for index in (0..5).rev() {
            place[index] = left % lengths[index];
            left /= lengths[index];
        }
        // A block of planes of one cell may begin or end within a run.
        let count = (long - place[last]).min(end - position);
        run(position - start..position - start + count, Start { place, last });
        position += count;
    }
}

/// The tables of single axes, cut out of what `pick` gave.
pub fn singles<'a, T>(plan: &TensorPlan, tables: [&'a [T]; 4], taken: [&'a [T]; 4]) -> Singles<'a, T> {
    Singles { tables, taken, count: plan.tables.single.len() }
}

/// The ranges that hold the single axes' tables; empty ones where there are fewer than four.
pub fn single_ranges(plan: &TensorPlan) -> [[Range<usize>; 4]; 2] {
    let range = |index: usize, of: fn(&Subset) -> &Range<usize>| {
        plan.tables.single.get(index).map_or(0..0, |&subset| of(&plan.tables.subsets[subset]).clone())
    };
    [
        std::array::from_fn(|index| range(index, |subset| &subset.table)),
        std::array::from_fn(|index| range(index, |subset| &subset.taken)),
    ]
}
