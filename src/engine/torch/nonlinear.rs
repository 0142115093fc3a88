//! The nonlinear layer: the stream and its projection's SiLU, projected back.

use super::batch::Batch;
use super::ops::{add_product, product, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::Rows;
use super::stream::Stream;
use crate::model::{Axes, Network};
use tch::Tensor;

/// The nonlinear layer of tensors that share their weights.
pub struct Nonlinear {
    input: Rows,
    output: Tensor,
    gradient: Tensor,
    into: Weight,
    out: Weight,
    /// The projection, and its SiLU.
    hidden: Rows,
    active: Rows,
}

impl Nonlinear {
    /// From the first stream to the second; the third is the gradient.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        network: &Network,
        (layer, group): (usize, &[Axes]),
        [input, output, gradient]: [&Stream; 3],
    ) -> Self {
        let input = input.rows(group);
        let positions = input.rows.size()[1];
        let [hidden, active] = std::array::from_fn(|_| Rows::new(batch, positions, network.nonlinear_channels as i64));
        Self {
            input,
            output: output.rows(group).rows,
            gradient: gradient.rows(group).rows,
            into: parameters.branch(layer, "nonlinear", group[0], "in"),
            out: parameters.branch(layer, "nonlinear", group[0], "out"),
            hidden,
            active,
        }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        product(&self.hidden.rows, &self.input.rows, &self.into.value);
        let _ = self.hidden.rows.silu_out(&self.active.rows);
        sum_product(&self.output, &self.input.rows, &self.active.rows, &self.out.value);
    }

    /// Adds to the output's gradient what comes through the branch, so that it becomes the input's.
    pub fn backward(&self) {
        add_product(&self.out.gradient, &self.active.columns, &self.gradient);
        let by_hidden = self.hidden.rows.silu_backward(&self.gradient.bmm(&self.out.transposed));
        add_product(&self.into.gradient, &self.input.columns, &by_hidden);
        add_product(&self.gradient, &by_hidden, &self.into.transposed);
    }
}
