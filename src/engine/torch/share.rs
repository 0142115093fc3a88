//! The communication layers: every tensor hears from all smaller ones (up) or all larger ones (down).
//!
//! Instead of visiting pairs of tensors, sums run through the lattice of axis sets one axis at a time, so that each
//! tensor is added once an axis: 33 additions, not some hundreds.

use super::ops::{add_product, dimension_of, full_shape, normalise};
use super::weights::{Weights, constant};
use crate::model::{Axes, Axis, Dimensions, Equivariance, MultiTensor, Network, Plan};
use tch::{Device, Kind, Tensor};

/// Keeps a mean over no cell finite (CompressARC, `share_direction`).
const MASK_EPSILON: f32 = 1e-4;

/// Weights of a mean over rows, columns or both.
struct Mean {
    /// Broadcasts against (seed, example, colour, row, column, direction, channel).
    weight: Tensor,
    over: Vec<i64>,
}

/// How to take means over rows and columns in one puzzle.
enum SpatialMeans {
    /// Sizes are unknown, so all cells count.
    Plain,
    /// Only cells of a grid count.
    Masked { columns: Mean, rows: Mean, columns_alone: Mean, rows_alone: Mean, both: Option<Mean> },
}

/// The communication layers of one puzzle.
pub struct Share {
    dimensions: Dimensions,
    seeds: i64,
    means: SpatialMeans,
}

impl Share {
    /// Prepares the means.
    pub fn new(plan: &Plan, network: &Network, seeds: i64, device: Device) -> Self {
        let means =
            if plan.output_size_known { masked_means(plan, network.equivariance, device) } else { SpatialMeans::Plain };
        Self { dimensions: plan.dimensions, seeds, means }
    }

    /// Share up: reads all of `stream`, gives the tensors of `live`.
    pub fn up(
        &self,
        layer: usize,
        stream: &MultiTensor<Tensor>,
        live: &[Axes],
        weights: &Weights,
    ) -> MultiTensor<Tensor> {
        let mut messages = self.messages(layer, "share_up", stream, weights);
        for axis in Axis::ALL {
            for smaller in Axes::all().filter(|axes| !axes.has(axis) && axes.with(axis).is_valid()) {
                let larger = smaller.with(axis);
                let sum = &messages[larger] + &messages[smaller];
                messages[larger] = sum;
            }
        }
        self.receive(layer, "share_up", stream, &messages, live, weights)
    }

    /// Share down: reads the tensors of `stream` (those not live are undefined), gives the tensors of `live`.
    pub fn down(
        &self,
        layer: usize,
        stream: &MultiTensor<Tensor>,
        sources: &[Axes],
        live: &[Axes],
        weights: &Weights,
    ) -> MultiTensor<Tensor> {
        let mut messages = MultiTensor::from_fn(|_| Tensor::new());
        for &axes in sources {
            messages[axes] = self.message(layer, "share_down", axes, &stream[axes], weights);
        }
        self.sum_over_space(&mut messages, sources);
        for axis in [Axis::Direction, Axis::Colour, Axis::Example] {
            for larger in sources.iter().filter(|axes| axes.has(axis)) {
                let smaller = larger.without(axis);
                if sources.contains(&smaller) {
                    let mean = messages[*larger].mean_dim([dimension_of(axis)].as_slice(), true, Kind::Float);
                    messages[smaller] += mean;
                }
            }
        }
        self.receive(layer, "share_down", stream, &messages, live, weights)
    }

    /// Adds the means over columns, over rows and over both to the tensors without them.
    fn sum_over_space(&self, messages: &mut MultiTensor<Tensor>, sources: &[Axes]) {
        let spatial = |axes: Axes| (axes.has(Axis::Row), axes.has(Axis::Column));
        for &both in sources.iter().filter(|&&axes| spatial(axes) == (true, true)) {
            let (rows, columns) = (both.without(Axis::Column), both.without(Axis::Row));
            let neither = rows.without(Axis::Row);
            let over_columns = self.mean(&messages[both], SpatialMean::Columns);
            let over_rows = self.mean(&messages[both], SpatialMean::Rows);
            if sources.contains(&neither) {
                let row_message = if self.has_joint_mean() {
                    let joint = self.mean(&messages[both], SpatialMean::Both);
                    messages[neither] += joint;
                    messages[rows].shallow_clone()
                } else {
                    &messages[rows] + &over_columns
                };
                let sum = self.mean(&row_message, SpatialMean::RowsAlone)
                    + self.mean(&messages[columns], SpatialMean::ColumnsAlone);
                messages[neither] += sum;
            }
            messages[rows] += over_columns;
            messages[columns] += over_rows;
        }
    }

    fn has_joint_mean(&self) -> bool {
        matches!(self.means, SpatialMeans::Masked { both: Some(_), .. })
    }

    fn mean(&self, message: &Tensor, mean: SpatialMean) -> Tensor {
        match &self.means {
            SpatialMeans::Plain => {
                let over: &[i64] = match mean {
                    SpatialMean::Columns | SpatialMean::ColumnsAlone => &[4],
                    SpatialMean::Rows | SpatialMean::RowsAlone => &[3],
                    SpatialMean::Both => &[3, 4],
                };
                message.mean_dim(over, true, Kind::Float)
            }
            SpatialMeans::Masked { columns, rows, columns_alone, rows_alone, both } => {
                let mean = match mean {
                    SpatialMean::Columns => columns,
                    SpatialMean::Rows => rows,
                    SpatialMean::ColumnsAlone => columns_alone,
                    SpatialMean::RowsAlone => rows_alone,
                    SpatialMean::Both => both.as_ref().unwrap_or_else(|| unreachable!("asked for only where it is")),
                };
                (message * &mean.weight).sum_dim_intlist(mean.over.as_slice(), true, Kind::Float)
            }
        }
    }

    fn messages(
        &self,
        layer: usize,
        kind: &str,
        stream: &MultiTensor<Tensor>,
        weights: &Weights,
    ) -> MultiTensor<Tensor> {
        MultiTensor::from_fn(|axes| self.message(layer, kind, axes, &stream[axes], weights))
    }

    fn message(&self, layer: usize, kind: &str, axes: Axes, x: &Tensor, weights: &Weights) -> Tensor {
        let message = x.bmm(weights.branch(layer, kind, axes, "in"));
        let channels = message.size()[2];
        message.view(full_shape(self.seeds, &self.dimensions, axes, channels).as_slice())
    }

    fn receive(
        &self,
        layer: usize,
        kind: &str,
        stream: &MultiTensor<Tensor>,
        messages: &MultiTensor<Tensor>,
        live: &[Axes],
        weights: &Weights,
    ) -> MultiTensor<Tensor> {
        MultiTensor::from_fn(|axes| {
            if !live.contains(&axes) {
                return Tensor::new();
            }
            let positions = self.dimensions.positions(axes) as i64;
            let message = messages[axes].reshape([self.seeds, positions, -1]);
            add_product(&stream[axes], &normalise(&message), weights.branch(layer, kind, axes, "out"))
        })
    }
}

/// Which mean over space is meant; "alone" where the tensor lacks the other spatial axis.
#[derive(Clone, Copy)]
enum SpatialMean {
    Columns,
    Rows,
    ColumnsAlone,
    RowsAlone,
    Both,
}

/// Means over the cells that lie in an example's input or output.
fn masked_means(plan: &Plan, equivariance: Equivariance, device: Device) -> SpatialMeans {
    let Dimensions { examples, rows, columns, .. } = plan.dimensions;
    let mask = plan.in_bounds();
    let cell = |example: usize, row: usize, column: usize| mask[(example * rows + row) * columns + column];
    let build = |height: usize, width: usize, over: &[i64]| {
        // Without one of the axes, the first row or column stands for it: every grid has it.
        let mut weight = vec![0.0; examples * height * width];
        for example in 0..examples {
            for row in 0..height {
                for column in 0..width {
                    let count: f32 = match over {
                        [3] => (0..rows).map(|row| cell(example, row, column)).sum(),
                        [4] => (0..columns).map(|column| cell(example, row, column)).sum(),
                        _ => mask[example * rows * columns..][..rows * columns].iter().sum(),
                    };
                    weight[(example * height + row) * width + column] =
                        cell(example, row, column) / (count + MASK_EPSILON);
                }
            }
        }
        let shape = [1, examples as i64, 1, height as i64, width as i64, 1, 1];
        Mean { weight: constant(&weight, &shape, device), over: over.to_vec() }
    };
    SpatialMeans::Masked {
        columns: build(rows, columns, &[4]),
        rows: build(rows, columns, &[3]),
        columns_alone: build(1, columns, &[4]),
        rows_alone: build(rows, 1, &[3]),
        both: (equivariance == Equivariance::Exact).then(|| build(rows, columns, &[3, 4])),
    }
}
