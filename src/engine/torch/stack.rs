//! Buffers that are made once and written in every step, with the views that layers read made once too.
//!
//! A stack holds several tensors of as many channels one after the other, so that what treats all alike is one operation, and
//! so that those that share their weights, next to each other, are multiplied by them together.

use super::batch::Batch;
use crate::model::{Axes, MultiTensor, tying};
use tch::Tensor;

/// Numbers of one or more tensors in a buffer, in both forms that products take.
pub struct Rows {
    /// (member, position, channel).
    pub rows: Tensor,
    /// (member, channel, position).
    pub columns: Tensor,
}

impl Rows {
    /// A buffer of its own.
    pub fn new(batch: &Batch, positions: i64, channels: i64) -> Self {
        Self::of(batch.zeros(&[batch.members(), positions, channels]))
    }

    /// Views of a buffer (member, position, channel).
    pub fn of(rows: Tensor) -> Self {
        Self { columns: rows.transpose(1, 2), rows }
    }
}

impl Clone for Rows {
    fn clone(&self) -> Self {
        Self { rows: self.rows.shallow_clone(), columns: self.columns.shallow_clone() }
    }
}

/// Several tensors of as many channels.
pub struct Stack {
    /// (member, position, channel), the tensors' positions one after the other.
    pub whole: Tensor,
    tensors: Vec<Axes>,
    /// Where a tensor's positions begin, and how many there are.
    places: MultiTensor<Option<(i64, i64)>>,
}

impl Stack {
    /// A buffer for these tensors.
    pub fn new(batch: &Batch, tensors: &[Axes], channels: i64) -> Self {
        let mut places = MultiTensor::from_fn(|_| None);
        let mut end = 0;
        for &axes in tensors {
            places[axes] = Some((end, batch.positions(axes)));
            end += batch.positions(axes);
        }
        Self { whole: batch.zeros(&[batch.members(), end, channels]), tensors: tensors.to_vec(), places }
    }

    /// The part of the stack with these tensors, which are its end.
    pub fn end(&self, tensors: &[Axes]) -> Self {
        debug_assert!(self.tensors.ends_with(tensors));
        let all = self.whole.size()[1];
        let first = tensors.first().map_or(all, |&axes| self.place(axes).0);
        let place = |axes| tensors.contains(&axes).then(|| self.place(axes));
        Self {
            whole: self.whole.narrow(1, first, all - first),
            tensors: tensors.to_vec(),
            places: MultiTensor::from_fn(|axes| place(axes).map(|(place, length)| (place - first, length))),
        }
    }

    /// The tensors in it.
    pub fn tensors(&self) -> &[Axes] {
        &self.tensors
    }

    /// Some of its tensors, which lie next to each other.
    pub fn rows(&self, group: &[Axes]) -> Rows {
        let first = self.place(group[0]).0;
        let length = group.iter().map(|&axes| self.place(axes).1).sum();
        Rows::of(self.whole.narrow(1, first, length))
    }

    /// One of its tensors, (member, example, colour, row, column, direction, channel).
    pub fn full(&self, batch: &Batch, axes: Axes) -> Tensor {
        self.rows(&[axes]).rows.view(batch.shape(axes, self.whole.size()[2]).as_slice())
    }

    fn place(&self, axes: Axes) -> (i64, i64) {
        self.places[axes].unwrap_or_else(|| unreachable!("{axes} is not in this stack"))
    }
}

/// Tensors that share their weights, as they lie in a stack.
pub fn tied(tensors: &[Axes]) -> Vec<Vec<Axes>> {
    let alike = |a: &Axes, b: &Axes| tying::representative(*a) == tying::representative(*b);
    tensors.chunk_by(alike).map(<[Axes]>::to_vec).collect()
}
