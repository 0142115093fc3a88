//! What puts several puzzles side by side: a canvas that holds the largest of them, and masks that say what of it is whose.
//!
//! In: a plan a member. Out: shapes with the member as first axis, and constants by member. What lies outside a member's own
//! sizes is *padding*: layers keep activations and their gradients 0 there, so that sums need no masks of their own.

use crate::engine::EngineError;
use crate::model::{Axes, Axis, DIRECTIONS, Dimensions, Plan, tying};
use tch::{Device, Kind, Tensor};

/// The members' plans, and the sizes that hold them all.
pub struct Batch<'a> {
    /// By member.
    pub plans: Vec<&'a Plan>,
    /// The largest of each axis.
    pub dimensions: Dimensions,
    /// Where tensors live.
    pub device: Device,
}

impl<'a> Batch<'a> {
    /// The smallest canvas for these plans.
    ///
    /// # Errors
    /// [`EngineError::Unlike`] where there is none, or numbers of planes differ.
    pub fn new(plans: Vec<&'a Plan>, device: Device) -> Result<Self, EngineError> {
        let dimensions = largest(plans.iter().map(|plan| plan.dimensions)).ok_or(EngineError::Unlike)?;
        Ok(Self { plans, dimensions, device })
    }

    /// How many members there are.
    pub fn members(&self) -> i64 {
        self.plans.len() as i64
    }

    /// Whether some member is smaller than the canvas.
    pub fn is_padded(&self) -> bool {
        self.plans.iter().any(|plan| plan.dimensions != self.dimensions)
    }

    /// Positions of a tensor, those of padding too.
    pub fn positions(&self, axes: Axes) -> i64 {
        self.dimensions.positions(axes) as i64
    }

    /// (member, example, colour, row, column, direction, channel), 1 where the axis is absent: directions stand next to
    /// channels, so that all 64 maps between directions are one matrix.
    pub fn shape(&self, axes: Axes, channels: i64) -> [i64; 7] {
        let [examples, colours, rows, columns, directions] =
            lengths(&self.dimensions, axes).map(|length| length as i64);
        [self.members(), examples, colours, rows, columns, directions, channels]
    }

    /// 1 at the positions of a member's own, 0 at padding, (member, position).
    pub fn own_positions(&self, axes: Axes) -> Tensor {
        let padded = lengths(&self.dimensions, axes);
        let mut values = Vec::new();
        for plan in &self.plans {
            let own = lengths(&plan.dimensions, axes);
            values
                .extend(positions(padded).map(|place| f32::from(u8::from((0..5).all(|axis| place[axis] < own[axis])))));
        }
        self.constant(&values, &[self.members(), self.positions(axes)])
    }

    /// 1 / the members' lengths of an axis, broadcasting against [`Batch::shape`].
    pub fn inverse_length(&self, axis: Axis) -> Tensor {
        let values: Vec<f32> = self.plans.iter().map(|plan| 1.0 / plan.dimensions.length(axis) as f32).collect();
        self.constant(&values, &[self.members(), 1, 1, 1, 1, 1, 1])
    }

    /// A constant on the device.
    pub fn constant(&self, values: &[f32], shape: &[i64]) -> Tensor {
        Tensor::from_slice(values).view(shape).to_device(self.device)
    }

    /// Places on the device.
    pub fn places(&self, values: &[i64]) -> Tensor {
        Tensor::from_slice(values).to_device(self.device)
    }

    /// A buffer of zeros.
    pub fn zeros(&self, shape: &[i64]) -> Tensor {
        Tensor::zeros(shape, (Kind::Float, self.device))
    }
}

/// The smallest sizes that hold all of these; none where there are no sizes, or numbers of planes differ.
pub fn largest(mut all: impl Iterator<Item = Dimensions>) -> Option<Dimensions> {
    let first = all.next()?;
    all.try_fold(first, |most, other| {
        (most.planes == other.planes).then(|| Dimensions {
            examples: most.examples.max(other.examples),
            colours: most.colours.max(other.colours),
            rows: most.rows.max(other.rows),
            columns: most.columns.max(other.columns),
            planes: most.planes,
        })
    })
}

/// The axes in the engine's order.
pub const ORDER: [Axis; 5] = [Axis::Example, Axis::Colour, Axis::Row, Axis::Column, Axis::Direction];

/// Where a shape of the engine holds an axis.
pub fn dimension_of(axis: Axis) -> i64 {
    1 + ORDER.iter().position(|&other| other == axis).unwrap_or_default() as i64
}

/// Lengths of a tensor's axes in the engine's order, 1 where the axis is absent.
pub fn lengths(dimensions: &Dimensions, axes: Axes) -> [usize; 5] {
    ORDER.map(|axis| match axis {
        _ if !axes.has(axis) => 1,
        Axis::Direction => DIRECTIONS,
        _ => dimensions.length(axis),
    })
}

/// All positions of a tensor with these lengths, in order.
pub fn positions(lengths: [usize; 5]) -> impl Iterator<Item = [usize; 5]> {
    (0..lengths.iter().product()).map(move |index| {
        let mut rest = index;
        let mut place = [0; 5];
        for axis in (0..5).rev() {
            place[axis] = rest % lengths[axis];
            rest /= lengths[axis];
        }
        place
    })
}

/// The tensors in the order in which they lie in a stack: what a layer keeps alive is always the end of it (see
/// [`Network::live`](crate::model::Network::live)): without space, with it, what the heads read. Those that share their
/// weights are neighbours.
pub fn stacked() -> Vec<Axes> {
    let mut all: Vec<Axes> = Axes::all().collect();
    let is_head = |axes: &Axes| [Axes::CELLS, Axes::ROWS, Axes::COLUMNS].contains(axes);
    let is_spatial = |axes: &Axes| axes.has(Axis::Row) || axes.has(Axis::Column);
    all.sort_by_key(|axes| (is_head(axes), is_spatial(axes), tying::representative(*axes)));
    all
}
