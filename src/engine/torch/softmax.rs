//! The softmax layer: softmaxes over every subset of a tensor's axes, side by side, projected back to the stream.

use super::batch::{Batch, dimension_of};
use super::ops::{add, add_product, multiply, product, sum_over, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::Activation;
use crate::model::{Axes, Network, softmax_rows};
use tch::{Kind, Tensor};

/// What is added to a score at padding, so that it has no share.
const NO_SHARE: f64 = -1e30;

/// One subset's softmax.
struct Subset {
    /// The dimensions it is over.
    over: Vec<i64>,
    /// Its part of the probabilities and of the working space, (member, example, colour, row, column, direction, channel).
    probabilities: Tensor,
    products: Tensor,
    shares: Tensor,
}

/// Working space of a tensor's softmax layers, (member, position, subset · channel).
pub struct Workspace {
    products: Activation,
    shares: Activation,
}

impl Workspace {
    /// For all layers of a tensor.
    pub fn new(batch: &Batch, network: &Network, axes: Axes) -> Self {
        let width = (Network::softmax_subsets(axes).len() * network.softmax_channels) as i64;
        let [products, shares] = std::array::from_fn(|_| Activation::new(batch, axes, width));
        Self { products, shares }
    }
}

/// One tensor's softmax layer.
pub struct Softmax {
    input: Activation,
    output: Activation,
    into: Weight,
    out: Weight,
    /// Which stored row each row of the output weight is, where some are tied.
    tied: Option<Tensor>,
    scores: Activation,
    probabilities: Activation,
    products: Tensor,
    shares: Tensor,
    subsets: Vec<Subset>,
    /// Where there is padding: 1 at own positions, and [`NO_SHARE`] at padding, (member, position, 1).
    padding: Option<[Tensor; 2]>,
    channels: i64,
}

impl Softmax {
    /// From `input` to `output`.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        network: &Network,
        (layer, axes): (usize, Axes),
        workspace: &Workspace,
        [input, output]: [&Activation; 2],
    ) -> Self {
        let channels = network.softmax_channels as i64;
        let subsets = Network::softmax_subsets(axes);
        let probabilities = Activation::new(batch, axes, subsets.len() as i64 * channels);
        let Workspace { products, shares } = workspace;
        let subsets = (0..).zip(subsets).map(|(index, subset)| {
            let part = |of: &Activation| of.full.narrow(6, index * channels, channels);
            let over = subset.iter().map(dimension_of).collect();
            Subset { over, probabilities: part(&probabilities), products: part(products), shares: part(shares) }
        });
        let subsets = subsets.collect();
        let rows = softmax_rows(network, axes);
        let tied = rows.iter().enumerate().any(|(subset, &row)| subset != row).then(|| {
            let row = |row: usize| (0..channels).map(move |channel| row as i64 * channels + channel);
            batch.places(&rows.into_iter().flat_map(row).collect::<Vec<i64>>())
        });
        let padding = batch.is_padded().then(|| {
            let own = batch.own_positions(axes).unsqueeze(2);
            let penalty = (1.0 - &own) * NO_SHARE;
            [own, penalty]
        });
        Self {
            input: input.clone(),
            output: output.clone(),
            into: parameters.branch(layer, "softmax", axes, "in"),
            out: parameters.branch(layer, "softmax", axes, "out"),
            tied,
            scores: Activation::new(batch, axes, channels),
            probabilities,
            products: products.rows.shallow_clone(),
            shares: shares.rows.shallow_clone(),
            subsets,
            padding,
            channels,
        }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        product(&self.scores.rows, &self.input.rows, &self.into.value);
        if let Some([_, penalty]) = &self.padding {
            add(&self.scores.rows, penalty);
        }
        for Subset { over, probabilities, .. } in &self.subsets {
            let mut shares = &self.scores.full - self.scores.full.amax(over.as_slice(), true);
            let _ = shares.exp_();
            let _ = shares.div_out(probabilities, &sum_over(&shares, over));
        }
        if let Some([own, _]) = &self.padding {
            // A line that is nothing but padding has shares all the same.
            multiply(&self.probabilities.rows, own);
        }
        let spread = self.tied.as_ref().map(|rows| self.out.value.index_select(1, rows));
        let out = spread.as_ref().unwrap_or(&self.out.value);
        sum_product(&self.output.rows, &self.input.rows, &self.probabilities.rows, out);
    }

    /// Adds to `gradient`, the output's, what comes through the branch, so that it becomes the input's.
    ///
    /// A softmax p with gradient g gives its scores p · (g − Σ p g): products p g, less p times their sum.
    pub fn backward(&self, gradient: &Activation) {
        match &self.tied {
            None => {
                add_product(&self.out.gradient, &self.probabilities.columns, &gradient.rows);
                product(&self.products, &gradient.rows, &self.out.transposed);
            }
            Some(rows) => {
                let by_rows = self.probabilities.columns.bmm(&gradient.rows);
                let _ = self.out.gradient.index_add_out(&self.out.gradient, 1, rows, &by_rows);
                product(&self.products, &gradient.rows, &self.out.transposed.index_select(2, rows));
            }
        }
        multiply(&self.products, &self.probabilities.rows);
        for Subset { over, probabilities, products, shares } in &self.subsets {
            let _ = probabilities.mul_out(shares, &sum_over(products, over));
        }
        let (members, positions, _) = self.products.size3().unwrap_or_default();
        let by_subset = (&self.products - &self.shares).view([members, positions, -1, self.channels]);
        let by_scores = by_subset.sum_dim_intlist([2i64].as_slice(), false, Kind::Float);
        add_product(&self.into.gradient, &self.input.columns, &by_scores);
        add_product(&gradient.rows, &by_scores, &self.into.transposed);
    }
}
