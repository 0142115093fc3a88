//! Which weights are one and the same, so that the network commutes with the symmetries of a grid.
//!
//! The symmetries are the eight of the square: turning by a quarter moves direction d to d + 2, mirroring the rows
//! moves it to 4 − d. A map between directions and its image under a symmetry share one weight.

use super::axes::{Axes, Axis, DIRECTIONS};

/// A weight from direction `from` to direction `to` in the tensor `axes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectionMap {
    /// The tensor it acts in.
    pub axes: Axes,
    /// The direction it writes to.
    pub to: usize,
    /// The direction it reads from.
    pub from: usize,
}

impl DirectionMap {
    /// The map whose weight this one shares: the first of its orbit under the symmetries that keep the tensor's axes.
    ///
    /// A tensor with columns and no rows is one with rows and no columns, turned by a quarter.
    #[must_use]
    pub fn representative(self) -> Self {
        let (row, column) = (self.axes.has(Axis::Row), self.axes.has(Axis::Column));
        let quarter = if column && !row { 2 } else { 0 };
        let axes = if quarter == 2 { self.axes.transposed() } else { self.axes };
        // A tensor with one spatial axis is kept by half turns only.
        let step = if row == column { 2 } else { 4 };
        let (to, from) = (self.to + quarter, self.from + quarter);
        let turned = (0..DIRECTIONS).step_by(step).map(|turn| ((to + turn) % 8, (from + turn) % 8));
        let mirrored = (0..DIRECTIONS).step_by(step).map(|turn| ((16 + turn - to) % 8, (16 + turn - from) % 8));
        let (to, from) = turned.chain(mirrored).min().unwrap_or((to, from));
        Self { axes, to, from }
    }
}

/// How much of the message from a direction `(from − to) mod 8` eighths of a turn away is added.
///
/// Source: the public CompressARC code, `direction_share`.
pub const DIRECTION_COEFFICIENTS: [f32; DIRECTIONS] = [1.0, 0.2, 0.4, 0.2, 1.0, 0.2, 0.4, 0.2];

/// The tensor whose weights a tensor without directions shares: rows and columns are treated alike.
pub fn representative(axes: Axes) -> Axes {
    if axes.has(Axis::Column) && !axes.has(Axis::Row) { axes.transposed() } else { axes }
}

/// The row and column step of the ray that direction `direction` looks along, for channels that go forward (`parity`
/// 0) or backward (1): direction 0 goes down the rows, direction 2 along the columns.
pub fn ray(direction: usize, parity: usize) -> (i64, i64) {
    const STEPS: [(i64, i64); DIRECTIONS] = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];
    STEPS[(direction + 4 * parity) % DIRECTIONS]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn representatives(name: &str) -> BTreeSet<DirectionMap> {
        let axes = Axes::from_name(name).unwrap();
        (0..8).flat_map(|to| (0..8).map(move |from| DirectionMap { axes, to, from }.representative())).collect()
    }

    #[test]
    fn orbits_have_the_published_number() {
        assert_eq!(representatives("10111").len(), 10);
        assert_eq!(representatives("10110").len(), 18);
        assert_eq!(representatives("10110"), representatives("10101"));
    }

    #[test]
    fn representatives_represent_themselves() {
        for axes in Axes::all().filter(|axes| axes.has(Axis::Direction)) {
            for to in 0..8 {
                for from in 0..8 {
                    let first = DirectionMap { axes, to, from }.representative();
                    assert_eq!(first.representative(), first);
                }
            }
        }
    }
}
