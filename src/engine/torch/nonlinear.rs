//! The nonlinear layer: the stream and its projection's SiLU, projected back.

use super::batch::Batch;
use super::ops::{add_product, product, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::Activation;
use crate::model::{Axes, Network};

/// One tensor's nonlinear layer.
pub struct Nonlinear {
    input: Activation,
    output: Activation,
    into: Weight,
    out: Weight,
    /// The projection, and its SiLU.
    hidden: Activation,
    active: Activation,
}

impl Nonlinear {
    /// From `input` to `output`.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        network: &Network,
        (layer, axes): (usize, Axes),
        [input, output]: [&Activation; 2],
    ) -> Self {
        let [hidden, active] = std::array::from_fn(|_| Activation::new(batch, axes, network.nonlinear_channels as i64));
        Self {
            input: input.clone(),
            output: output.clone(),
            into: parameters.branch(layer, "nonlinear", axes, "in"),
            out: parameters.branch(layer, "nonlinear", axes, "out"),
            hidden,
            active,
        }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        product(&self.hidden.rows, &self.input.rows, &self.into.value);
        let _ = self.hidden.rows.silu_out(&self.active.rows);
        sum_product(&self.output.rows, &self.input.rows, &self.active.rows, &self.out.value);
    }

    /// Adds to `gradient`, the output's, what comes through the branch, so that it becomes the input's.
    pub fn backward(&self, gradient: &Activation) {
        add_product(&self.out.gradient, &self.active.columns, &gradient.rows);
        let by_hidden = self.hidden.rows.silu_backward(&gradient.rows.bmm(&self.out.transposed));
        add_product(&self.into.gradient, &self.input.columns, &by_hidden);
        add_product(&gradient.rows, &by_hidden, &self.into.transposed);
    }
}
