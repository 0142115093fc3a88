//! The heads: what the stream says of colours and of sizes.
//!
//! In: the stream. Out: logits and masks; on the way back the stream's gradient, whatever it was, is what the heads say.

use super::batch::Batch;
use super::ops::{add, add_product, product, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::Rows;
use super::stream::Stream;
use crate::model::{Axes, Plan};
use tch::{Kind, Tensor};

/// What the bias of colours is multiplied by, so that it learns faster (CompressARC, `forward`).
const BIAS_SCALE: f64 = 100.0;
/// Added to the masks of rows and columns that no grid of the example reaches.
const UNREACHABLE: f32 = -1000.0;

/// What a head says, or the gradient by it.
pub struct Said {
    /// (member, position, plane).
    pub rows: Tensor,
    /// (member, example, colour, row, column, 1, plane).
    pub full: Tensor,
}

/// One head.
struct Head {
    stream: Rows,
    by_stream: Tensor,
    weight: Weight,
    bias: Weight,
    bias_scale: f64,
    /// Added to what it says, (member, position, 1).
    modifier: Option<Tensor>,
    says: Said,
    gradient: Said,
}

/// The three heads.
pub struct Heads {
    heads: [Head; 3],
}

impl Heads {
    /// Reads the first stream; the second is its gradient.
    pub fn new(batch: &Batch, parameters: &Parameters, [stream, gradient]: [&Stream; 2]) -> Self {
        let planes = batch.dimensions.planes as i64;
        let said = |axes: Axes| {
            let full = batch.zeros(batch.shape(axes, planes).as_slice());
            Said { rows: full.view([batch.members(), -1, planes]), full }
        };
        let head = |axes: Axes, name: &str, bias_scale: f64, modifier: Option<Tensor>| Head {
            stream: stream.rows(&[axes]),
            by_stream: gradient.rows(&[axes]).rows,
            weight: parameters.weight(&format!("{name}.weight")),
            bias: parameters.weight(&format!("{name}.bias")),
            bias_scale,
            modifier,
            says: said(axes),
            gradient: said(axes),
        };
        let rows = modifier(batch, batch.dimensions.rows, &|plan, example| plan.extent(example).0);
        let columns = modifier(batch, batch.dimensions.columns, &|plan, example| plan.extent(example).1);
        let heads = [
            head(Axes::CELLS, "head", BIAS_SCALE, None),
            head(Axes::ROWS, "mask", 1.0, Some(rows)),
            head(Axes::COLUMNS, "mask", 1.0, Some(columns)),
        ];
        Self { heads }
    }

    /// Logits, row masks and column masks; the channels are planes.
    pub fn say(&self) -> [&Said; 3] {
        self.heads.each_ref().map(|head| &head.says)
    }

    /// Where the gradients by these have to be put before the way back.
    pub fn gradients(&self) -> [&Said; 3] {
        self.heads.each_ref().map(|head| &head.gradient)
    }

    /// From the stream to what the heads say.
    pub fn forward(&self) {
        for Head { stream, weight, bias, bias_scale, modifier, says, .. } in &self.heads {
            let bias = &bias.value * *bias_scale;
            sum_product(&says.rows, &bias, &stream.rows, &weight.value);
            if let Some(modifier) = modifier {
                add(&says.rows, modifier);
            }
        }
    }

    /// From the gradients by what the heads say to those of the weights and of the stream.
    pub fn backward(&self) {
        for Head { stream, by_stream, weight, bias, bias_scale, gradient, .. } in &self.heads {
            add_product(&weight.gradient, &stream.columns, &gradient.rows);
            let sum = gradient.rows.sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
            add(&bias.gradient, &(sum * *bias_scale));
            product(by_stream, &gradient.rows, &weight.transposed);
        }
    }
}

/// [`UNREACHABLE`] where no grid of an example reaches, (member, example · row or column, 1).
fn modifier(batch: &Batch, length: usize, extent: &dyn Fn(&Plan, usize) -> usize) -> Tensor {
    let examples = batch.dimensions.examples;
    let reach =
        |plan: &Plan, example: usize| if example < plan.dimensions.examples { extent(plan, example) } else { 0 };
    let values: Vec<f32> = batch
        .plans
        .iter()
        .flat_map(|plan| (0..examples).map(move |example| reach(plan, example)))
        .flat_map(|reach| (0..length).map(move |index| if index < reach { 0.0 } else { UNREACHABLE }))
        .collect();
    batch.constant(&values, &[batch.members(), (examples * length) as i64, 1])
}
