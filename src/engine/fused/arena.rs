//! The memory that a step writes to, beginning at a cache line, so that no vector lies across two.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of a 512-bit vector.
const LINE: usize = 64;

/// So many numbers.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy> Arena<T> {
    /// All of them `value`.
    pub fn new(length: usize, value: T) -> Self {
        let values = vec![value; length + LINE / size_of::<T>()];
        let start = values.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
        Self { values, start, length }
    }
}

impl<T> Deref for Arena<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.length]
    }
}

impl<T> DerefMut for Arena<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.length]
    }
}
