//! The axes that a tensor of the network may carry, and the 18 combinations that exist.
//!
//! In: which axes a tensor has. Out: names, orders and lattice relations that everything else is written in.
//! Source: Liao and Gu 2025 (arXiv 2512.06104), section "Multitensors".

use std::fmt;

/// One axis of a multitensor; the discriminant is its bit in [`Axes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Axis {
    /// A train or test pair.
    Example = 0,
    /// A colour of the palette other than black.
    Colour = 1,
    /// One of eight directions, in eighths of a turn, from "down the rows".
    Direction = 2,
    /// A row of the canvas.
    Row = 3,
    /// A column of the canvas.
    Column = 4,
}

impl Axis {
    /// Every axis, in the order that shapes are written in.
    pub const ALL: [Self; 5] = [Self::Example, Self::Colour, Self::Direction, Self::Row, Self::Column];
}

/// How many directions the direction axis has.
pub const DIRECTIONS: usize = 8;

/// A set of axes: the index of a tensor within a multitensor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axes(u8);

impl Axes {
    /// Example, colour, row and column: what the colour logits are read from.
    pub const CELLS: Self = Self(0b11011);
    /// Example and row: what the row masks are read from.
    pub const ROWS: Self = Self(0b01001);
    /// Example and column: what the column masks are read from.
    pub const COLUMNS: Self = Self(0b10001);
    /// Example, row and column: the latents of an article's groups, where a group is an example.
    pub const GROUPS: Self = Self(0b11001);
    /// Colour, row and column: the latents of its symbols, where a symbol is a colour; no tensor of a puzzle has these.
    pub const SYMBOLS: Self = Self(0b11010);

    /// All combinations that the network has, in its canonical order (the example axis toggles fastest).
    ///
    /// A tensor with a row or column axis also has the example axis (grids belong to examples), and every tensor has
    /// an axis besides the example's.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        (0u8..32).map(Self).filter(|axes| axes.is_valid())
    }

    /// How many combinations [`Axes::all`] gives.
    pub const COUNT: usize = 18;

    /// The combination of the given axes.
    pub fn of(axes: &[Axis]) -> Self {
        Self(axes.iter().fold(0, |bits, &axis| bits | 1 << axis as u8))
    }

    /// Whether a tensor of the network carries these axes.
    pub fn is_valid(self) -> bool {
        let spatial = self.has(Axis::Row) || self.has(Axis::Column);
        (!spatial || self.has(Axis::Example)) && self.0 & !1 != 0
    }

    /// Position in the canonical order; panics on a combination that is not valid.
    pub fn index(self) -> usize {
        assert!(self.is_valid(), "no tensor carries the axes {self}");
        Self::all().take_while(|&other| other != self).count()
    }

    /// Whether `axis` is among these.
    pub fn has(self, axis: Axis) -> bool {
        self.0 >> axis as u8 & 1 == 1
    }

    /// These axes and `axis`.
    #[must_use]
    pub fn with(self, axis: Axis) -> Self {
        Self(self.0 | 1 << axis as u8)
    }

    /// These axes but `axis`.
    #[must_use]
    pub fn without(self, axis: Axis) -> Self {
        Self(self.0 & !(1 << axis as u8))
    }

    /// Whether every one of these axes is among `other`.
    pub fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// How many axes there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is no axis.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These axes with row and column exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        let (row, column) = (self.0 >> 3 & 1, self.0 >> 4 & 1);
        Self(self.0 & 0b111 | column << 3 | row << 4)
    }

    /// The axes present, in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Axis> {
        Axis::ALL.into_iter().filter(move |&axis| self.has(axis))
    }

    /// The combination that a name of five digits (see `Display`) stands for.
    pub fn from_name(name: &str) -> Option<Self> {
        (name.len() == 5).then_some(())?;
        let mut axes = Self(0);
        for (axis, digit) in Axis::ALL.into_iter().zip(name.bytes()) {
            match digit {
                b'1' => axes = axes.with(axis),
                b'0' => {}
                _ => return None,
            }
        }
        Some(axes)
    }
}

/// Five digits, example, colour, direction, row, column: 1 where the axis is there.
impl fmt::Display for Axes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for axis in Axis::ALL {
            write!(formatter, "{}", u8::from(self.has(axis)))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Axes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Axes({self})")
    }
}

/// Something for each of the 18 combinations of axes.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiTensor<T>(Vec<T>);

impl<T> MultiTensor<T> {
    /// One value a combination, made by `make` in canonical order.
    pub fn from_fn(make: impl FnMut(Axes) -> T) -> Self {
        Self(Axes::all().map(make).collect())
    }

    /// Every combination with its value, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = (Axes, &T)> {
        Axes::all().zip(&self.0)
    }
}

impl<T> std::ops::Index<Axes> for MultiTensor<T> {
    type Output = T;
    fn index(&self, axes: Axes) -> &T {
        &self.0[axes.index()]
    }
}

impl<T> std::ops::IndexMut<Axes> for MultiTensor<T> {
    fn index_mut(&mut self, axes: Axes) -> &mut T {
        &mut self.0[axes.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_order_is_the_references() {
        let names: Vec<String> = Axes::all().map(|axes| axes.to_string()).collect();
        let reference = "01000 11000 00100 10100 01100 11100 10010 11010 10110 11110 10001 11001 10101 11101 10011 \
                         11011 10111 11111";
        assert_eq!(names.join(" "), reference.split_whitespace().collect::<Vec<_>>().join(" "));
        assert_eq!(names.len(), Axes::COUNT);
    }

    #[test]
    fn names_are_read_back() {
        for axes in Axes::all() {
            assert_eq!(Axes::from_name(&axes.to_string()), Some(axes));
            assert_eq!(axes.transposed().transposed(), axes);
        }
        assert_eq!(Axes::from_name("1102"), None);
        assert_eq!(Axes::ROWS.transposed(), Axes::COLUMNS);
    }
}
