//! The directional layers: cumulative maximum and shift along each direction's ray, and the maps between directions.
//!
//! A branch's channels are half forward, half backward: direction d's backward channels look along the ray of d + 4. So
//! a tensor has 16 slices (direction × parity) along 8 rays. For the cumulative maximum the slices of opposite rays are
//! mirrored into one orientation and scanned together; diagonals are sheared into columns first.

use super::ops::{add_product, full_shape, normalise};
use super::weights::{Weights, constant};
use crate::model::{Axes, DIRECTIONS, Dimensions, Equivariance, Network, Plan, tying};
use tch::{Device, Tensor};

/// What a cell outside the grids is moved by, so that it is no maximum (CompressARC, `cummax_`).
const OUTSIDE: f64 = 1e3;
/// Keeps the range of a line positive, along rows and columns.
const CARDINAL_MARGIN: f64 = 1e-3;
/// The same along diagonals.
const DIAGONAL_MARGIN: f64 = 1e-5;

const ROW: i64 = 3;
const COLUMN: i64 = 4;
/// Slices of the direction × parity axis.
const SLICES: usize = 2 * DIRECTIONS;

/// The slices scanned together, with what mirrors each into the common orientation.
struct Scan {
    /// (slice, axes to mirror).
    members: Vec<(usize, Vec<i64>)>,
    /// Axis to scan along, after shearing.
    along: i64,
    diagonal: bool,
    /// [`OUTSIDE`] where a cell is out of bounds, per member: (1, example, 1, row, column, member, 1), sheared.
    outside: Tensor,
}

/// The directional layers of one puzzle.
pub struct Directions {
    dimensions: Dimensions,
    seeds: i64,
    /// 1 in bounds, (1, example, 1, row, column, 1, 1).
    mask: Tensor,
    scans: Vec<Scan>,
    /// Puts forward channels before backward ones.
    parity_order: Tensor,
    equivariance: Equivariance,
}

impl Directions {
    /// Prepares masks.
    pub fn new(plan: &Plan, network: &Network, seeds: i64, device: Device) -> Self {
        let Dimensions { examples, rows, columns, .. } = plan.dimensions;
        let shape = [1, examples as i64, 1, rows as i64, columns as i64, 1, 1];
        let mask = constant(&plan.in_bounds(), &shape, device);
        assert_eq!(network.cummax_channels, network.shift_channels, "the directional layers split channels alike");
        let channels = network.cummax_channels as i64;
        let order: Vec<i64> = (0..2).flat_map(|parity| (parity..channels).step_by(2)).collect();
        let scans = [vec![(1, 0), (-1, 0)], vec![(0, 1), (0, -1)], vec![(1, 1), (-1, -1), (-1, 1), (1, -1)]]
            .iter()
            .map(|rays| scan(rays, &mask))
            .collect();
        Self {
            dimensions: plan.dimensions,
            seeds,
            mask,
            scans,
            parity_order: Tensor::from_slice(&order).to_device(device),
            equivariance: network.equivariance,
        }
    }

    /// The cumulative maximum layer on one tensor. `x`: (seed, position, channel).
    pub fn cummax(&self, layer: usize, axes: Axes, x: &Tensor, weights: &Weights) -> Tensor {
        let slices = self.slices(x, weights.branch(layer, "cummax", axes, "in"), axes);
        let mut results: Vec<Option<Tensor>> = (0..SLICES).map(|_| None).collect();
        for scan in &self.scans {
            let members: Vec<Tensor> =
                scan.members.iter().map(|(slice, mirror)| mirrored(&slices[*slice], mirror)).collect();
            let lines = scan.rescaled(&Tensor::stack(&members, 5));
            for ((slice, mirror), line) in scan.members.iter().zip(lines.unbind(5)) {
                results[*slice] = Some(mirrored(&line, mirror));
            }
        }
        let results: Vec<Tensor> = results.into_iter().flatten().collect();
        self.joined(&results, x, weights.branch(layer, "cummax", axes, "out"))
    }

    /// The shift layer on one tensor: every slice moves one cell along its ray. `x`: (seed, position, channel).
    pub fn shift(&self, layer: usize, axes: Axes, x: &Tensor, weights: &Weights) -> Tensor {
        let slices = self.slices(x, weights.branch(layer, "shift", axes, "in"), axes);
        let shifted: Vec<Tensor> = slices
            .iter()
            .enumerate()
            .map(|(slice, values)| {
                let (row, column) = tying::ray(slice / 2, slice % 2);
                values.constant_pad_nd([0, 0, column, -column, row, -row])
            })
            .collect();
        self.joined(&shifted, x, weights.branch(layer, "shift", axes, "out"))
    }

    /// The maps between directions on one tensor. `x`: (seed, position, channel).
    pub fn share(&self, layer: usize, axes: Axes, x: &Tensor, weights: &Weights) -> Tensor {
        let Some(matrix) = weights.direction_matrix(layer, axes) else { return x.shallow_clone() };
        let size = x.size();
        let side = matrix.size()[1];
        let rows = |tensor: &Tensor| tensor.reshape([self.seeds, -1, side]);
        add_product(&rows(x), &rows(&normalise(x)), matrix).view(size.as_slice())
    }

    /// The branch's input by direction and parity, each (seed, example, colour, row, column, channel / 2), 0 outside.
    fn slices(&self, x: &Tensor, weight: &Tensor, axes: Axes) -> Vec<Tensor> {
        let branch = x.bmm(&weight.index_select(2, &self.parity_order));
        let channels = branch.size()[2];
        let shape = full_shape(self.seeds, &self.dimensions, axes, channels);
        let mut split = shape;
        split[5] = SLICES as i64;
        split[6] = channels / 2;
        (branch.view(shape.as_slice()) * &self.mask).view(split.as_slice()).unbind(5)
    }

    fn joined(&self, slices: &[Tensor], x: &Tensor, weight: &Tensor) -> Tensor {
        let branch = Tensor::stack(slices, 5);
        let branch = match self.equivariance {
            Equivariance::Published => branch,
            Equivariance::Exact => branch * &self.mask,
        };
        let branch = branch.view([self.seeds, x.size()[1], -1]);
        add_product(x, &normalise(&branch), weight)
    }
}

impl Scan {
    /// The cumulative maximum of each line, rescaled by the line's extremes to [−1, 1].
    /// `lines`: (seed, example, colour, row, column, member, channel).
    fn rescaled(&self, lines: &Tensor) -> Tensor {
        let columns = lines.size()[COLUMN as usize];
        let lines = if self.diagonal { shear(lines, 0.0) } else { lines.shallow_clone() };
        let (cumulative, _) = (&lines - &self.outside).cummax(self.along);
        let length = cumulative.size()[self.along as usize];
        let highest = cumulative.narrow(self.along, length - 1, 1);
        let lowest = (lines + &self.outside).amin([self.along].as_slice(), true);
        if self.diagonal {
            let range = highest - &lowest + DIAGONAL_MARGIN;
            let scaled = unshear(&((cumulative - lowest) / range * 2.0 - 1.0), columns);
            return scaled * self.unsheared_mask(columns);
        }
        let above = (cumulative - &lowest) + (&self.outside * 2.0 + CARDINAL_MARGIN);
        let range = (highest - lowest) + (&self.outside * 2.0 + 2.0 * CARDINAL_MARGIN);
        above / range * 2.0 - 1.0
    }

    fn unsheared_mask(&self, columns: i64) -> Tensor {
        1.0 - unshear(&self.outside, columns) / OUTSIDE
    }
}

/// The scan of the slices along `rays`, which are all along rows, all along columns or all diagonal.
fn scan(rays: &[(i64, i64)], mask: &Tensor) -> Scan {
    let diagonal = rays[0].0 != 0 && rays[0].1 != 0;
    // Sheared columns run down the rows and against the columns: (1, −1).
    let (down, right) = if diagonal { (1, -1) } else { (1, 1) };
    let mut members = Vec::new();
    for slice in 0..SLICES {
        let ray = tying::ray(slice / 2, slice % 2);
        if rays.contains(&ray) {
            let flips = [(ray.0 == -down).then_some(ROW), (ray.1 == -right).then_some(COLUMN)];
            members.push((slice, flips.into_iter().flatten().collect::<Vec<_>>()));
        }
    }
    let outside: Vec<Tensor> =
        members.iter().map(|(_, mirror)| (1.0 - mirrored(&mask.squeeze_dim(5), mirror)) * OUTSIDE).collect();
    let outside = Tensor::stack(&outside, 5);
    let outside = if diagonal { shear(&outside, OUTSIDE) } else { outside };
    let along = if diagonal || rays[0].1 == 0 { ROW } else { COLUMN };
    Scan { members, along, diagonal, outside }
}

fn mirrored(tensor: &Tensor, axes: &[i64]) -> Tensor {
    if axes.is_empty() { tensor.shallow_clone() } else { tensor.flip(axes) }
}

/// Moves row i right by i cells, so that antidiagonals become columns: (…, row, column, member, channel) to
/// (…, row, row + column − 1, member, channel), the rest filled with `fill`.
fn shear(tensor: &Tensor, fill: f64) -> Tensor {
    let size = tensor.size();
    let (rows, columns) = (size[3], size[4]);
    let padded = tensor.f_pad([0, 0, 0, 0, 0, rows], "constant", fill).unwrap_or_else(|error| panic!("{error}"));
    let width = rows + columns - 1;
    let flat = [size[0], size[1], size[2], rows * (width + 1), size[5], size[6]];
    let sheared = [size[0], size[1], size[2], rows, width, size[5], size[6]];
    padded.reshape(flat).narrow(3, 0, rows * width).reshape(sheared)
}

/// Undoes [`shear`].
fn unshear(tensor: &Tensor, columns: i64) -> Tensor {
    let size = tensor.size();
    let (rows, width) = (size[3], size[4]);
    let flat = [size[0], size[1], size[2], rows * width, size[5], size[6]];
    let padded = [size[0], size[1], size[2], rows, width + 1, size[5], size[6]];
    tensor.reshape(flat).constant_pad_nd([0, 0, 0, 0, 0, rows]).reshape(padded).narrow(4, 0, columns)
}
