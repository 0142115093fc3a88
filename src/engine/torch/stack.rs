//! Buffers that are made once and written in every step, with the views that layers read made once too.
//!
//! A stack holds several tensors of as many channels one after the other, so that what treats all alike is one operation.

use super::batch::Batch;
use crate::model::{Axes, MultiTensor};
use tch::Tensor;

/// One tensor's numbers in a buffer, in each form that layers use.
pub struct Activation {
    /// (member, position, channel).
    pub rows: Tensor,
    /// (member, channel, position).
    pub columns: Tensor,
    /// (member, example, colour, row, column, direction, channel).
    pub full: Tensor,
}

impl Activation {
    /// A buffer of its own.
    pub fn new(batch: &Batch, axes: Axes, channels: i64) -> Self {
        Self::of(batch, axes, batch.zeros(&[batch.members(), batch.positions(axes), channels]))
    }

    /// Views of a buffer (member, position, channel).
    pub fn of(batch: &Batch, axes: Axes, rows: Tensor) -> Self {
        let channels = rows.size()[2];
        Self { columns: rows.transpose(1, 2), full: rows.view(batch.shape(axes, channels).as_slice()), rows }
    }
}

impl Clone for Activation {
    fn clone(&self) -> Self {
        let [rows, columns, full] = [&self.rows, &self.columns, &self.full].map(Tensor::shallow_clone);
        Self { rows, columns, full }
    }
}

/// Several tensors of as many channels.
pub struct Stack {
    /// (member, position, channel), the tensors' positions one after the other.
    pub whole: Tensor,
    tensors: Vec<Axes>,
    parts: MultiTensor<Option<Activation>>,
}

impl Stack {
    /// A buffer for these tensors.
    pub fn new(batch: &Batch, tensors: &[Axes], channels: i64) -> Self {
        let length: i64 = tensors.iter().map(|&axes| batch.positions(axes)).sum();
        Self::of(batch, tensors, batch.zeros(&[batch.members(), length, channels]))
    }

    /// The tensors that lie in `whole`.
    pub fn of(batch: &Batch, tensors: &[Axes], whole: Tensor) -> Self {
        let mut parts = MultiTensor::from_fn(|_| None);
        let mut first = 0;
        for &axes in tensors {
            let length = batch.positions(axes);
            parts[axes] = Some(Activation::of(batch, axes, whole.narrow(1, first, length)));
            first += length;
        }
        Self { whole, tensors: tensors.to_vec(), parts }
    }

    /// The part of the stack with these tensors, which are its end.
    pub fn end(&self, tensors: &[Axes]) -> Self {
        debug_assert!(self.tensors.ends_with(tensors));
        let parts = MultiTensor::from_fn(|axes| if tensors.contains(&axes) { self.parts[axes].clone() } else { None });
        let length: i64 = tensors.iter().map(|&axes| self.part(axes).rows.size()[1]).sum();
        let all = self.whole.size()[1];
        Self { whole: self.whole.narrow(1, all - length, length), tensors: tensors.to_vec(), parts }
    }

    /// The tensors in it.
    pub fn tensors(&self) -> &[Axes] {
        &self.tensors
    }

    /// One of its tensors.
    pub fn part(&self, axes: Axes) -> &Activation {
        self.parts[axes].as_ref().unwrap_or_else(|| unreachable!("{axes} is not in this stack"))
    }
}
