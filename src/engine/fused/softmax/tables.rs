//! Where one tensor's softmax tables lie, and how they are summed from one another.
//!
//! In: a tensor's shape. Out: forms and ranges of its slab.

use super::super::geometry::{Form, Ranges, Shape, place};
use super::super::lattice::Pair;
use crate::model::{Axes, Axis, Network};
use std::ops::Range;

/// One subset's tables.
#[derive(Clone, Debug)]
pub struct Subset {
    /// Which table this one is summed from (none: the exponentials).
    pub parent: Option<usize>,
    /// The parent's form, and over which axis it is summed.
    parent_form: Form,
    axis: Axis,
    /// The tables' form: the axes outside the subset.
    pub form: Form,
    /// Sums of exponentials, then their inverses: (position, softmax channel). Where scores are far apart, they stay sums.
    pub inverse: Range<usize>,
    /// The subset's own largest scores, where scores are far apart: (position, softmax channel).
    pub largest: Range<usize>,
    /// Weights over sums, or sums of e ⊗ dy: (position, softmax channel and channel).
    pub table: Range<usize>,
    /// What is taken off the score's gradient: (position, softmax channel).
    pub taken: Range<usize>,
}

impl Subset {
    /// The parent's table and this one, with so many numbers a position.
    pub fn pair(&self, width: usize) -> Pair {
        Pair { larger: self.parent_form, axis: self.axis, width }
    }

    /// How many of the parent's numbers make one.
    pub fn steps(&self) -> usize {
        self.parent_form.lengths[place(self.axis)]
    }
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
        let whole = shape.form;
        let subsets = Network::softmax_subsets(whole.axes);
        let rest = |subset: Axes| subset.iter().fold(whole, |form, axis| form.without(axis));
        let tables = subsets
            .iter()
            .map(|&subset| {
                // Summed from the smallest table there is.
                let axis = subset.iter().min_by_key(|&axis| whole.lengths[place(axis)]).unwrap_or(Axis::Colour);
                let parent = subset.without(axis);
                let form = rest(subset);
                Subset {
                    parent: subsets.iter().position(|&other| other == parent),
                    parent_form: rest(parent),
                    axis,
                    form,
                    inverse: ranges.take(form.size(width)),
                    largest: ranges.take(form.size(width)),
                    table: ranges.take(form.size(width * shape.channels)),
                    taken: ranges.take(form.size(width)),
                }
            })
            .collect();
        Self {
            single: (0..subsets.len()).filter(|&index| subsets[index].len() == 1).collect(),
            subsets: tables,
            exponentials: ranges.take(shape.size(width)),
            largest: ranges.take((whole.planes() + whole.lengths[0]) * width),
            width,
        }
    }
}

/// The ranges that hold the single axes' tables; empty ones where there are fewer than four.
pub fn single_ranges(tables: &Tables) -> [[Range<usize>; 4]; 2] {
    let range = |index: usize, of: fn(&Subset) -> &Range<usize>| {
        tables.single.get(index).map_or(0..0, |&subset| of(&tables.subsets[subset]).clone())
    };
    [
        std::array::from_fn(|index| range(index, |subset| &subset.table)),
        std::array::from_fn(|index| range(index, |subset| &subset.taken)),
    ]
}
