//! The softmax layer: softmaxes over every subset of a tensor's axes, side by side, projected back to the stream.
//!
//! Where a subset's axes lie next to each other they are one dimension, and its softmax is one call, there and back.

use super::batch::{Batch, dimension_of};
use super::ops::{add, add_product, multiply, product, sum_over, sum_product};
use super::parameters::{Parameters, Weight};
use super::stack::Rows;
use crate::model::{Axes, Network, softmax_rows};
use tch::{Kind, Tensor};

/// What is added to a score at padding, so that it has no share.
const NO_SHARE: f64 = -1e30;

/// One subset's softmax.
struct Subset {
    /// The dimensions of the views below that it is over: the middle one of three where its axes lie next to each other, else
    /// some of (member, example, colour, row, column, direction, channel).
    over: Vec<i64>,
    scores: Tensor,
    probabilities: Tensor,
    gradient: Tensor,
}

/// One tensor's softmaxes.
struct Softmaxes {
    /// Its part of the group's scores, and the same close together, (member, position, channel).
    given: Tensor,
    scores: Tensor,
    /// (subset, member, position, channel), and the same numbers' place among the group's.
    probabilities: Tensor,
    probabilities_of_group: Tensor,
    /// The same of their gradients.
    gradient: Tensor,
    gradient_of_group: Tensor,
    /// Where the scores' gradient goes, (member, position, channel).
    by_scores: Tensor,
    subsets: Vec<Subset>,
}

/// Working space for the softmax layers of tensors that share their weights.
pub struct Workspace {
    /// (member, position, channel), scores and their gradient.
    scores: Tensor,
    by_scores: Tensor,
    /// (member, position, subset · channel).
    gradient: Tensor,
    /// By tensor, (subset, member, position, channel).
    gradients: Vec<Tensor>,
}

impl Workspace {
    /// For all layers of a group.
    pub fn new(batch: &Batch, network: &Network, group: &[Axes]) -> Self {
        let members = batch.members();
        let positions = group.iter().map(|&axes| batch.positions(axes)).sum();
        let (channels, subsets) = (network.softmax_channels as i64, Network::softmax_subsets(group[0]).len() as i64);
        let of_tensor = |&axes: &Axes| batch.zeros(&[subsets, members, batch.positions(axes), channels]);
        Self {
            scores: batch.zeros(&[members, positions, channels]),
            by_scores: batch.zeros(&[members, positions, channels]),
            gradient: batch.zeros(&[members, positions, subsets * channels]),
            gradients: group.iter().map(of_tensor).collect(),
        }
    }
}

/// The softmax layer of tensors that share their weights.
pub struct Softmax {
    input: Rows,
    output: Tensor,
    gradient: Tensor,
    into: Weight,
    out: Weight,
    /// Which stored row each row of the output weight is, where some are tied.
    tied: Option<Tensor>,
    scores: Tensor,
    by_scores: Tensor,
    /// (member, position, subset · channel).
    probabilities: Rows,
    by_probabilities: Tensor,
    tensors: Vec<Softmaxes>,
    /// Where there is padding: 1 at own positions, and [`NO_SHARE`] at padding, (member, position, 1).
    padding: Option<[Tensor; 2]>,
}

impl Softmax {
    /// From the first of `ends` to the second; the third is the gradient.
    pub fn new(
        batch: &Batch,
        parameters: &Parameters,
        network: &Network,
        (layer, group): (usize, &[Axes]),
        workspace: &Workspace,
        [input, output, gradient]: [Rows; 3],
    ) -> Self {
        let channels = network.softmax_channels as i64;
        let count = Network::softmax_subsets(group[0]).len() as i64;
        let probabilities = Rows::new(batch, input.rows.size()[1], count * channels);
        let mut first = 0;
        let tensors = group.iter().zip(&workspace.gradients).map(|(&axes, gradient)| {
            let length = batch.positions(axes);
            let part = |whole: &Tensor| whole.narrow(1, first, length);
            let by_subset =
                |whole: &Tensor| part(whole).view([batch.members(), length, count, channels]).permute([2, 0, 1, 3]);
            let given = part(&workspace.scores);
            let scores = if group.len() == 1 { given.shallow_clone() } else { given.zeros_like().contiguous() };
            let own = gradient.zeros_like();
            let subsets = (0..).zip(Network::softmax_subsets(axes)).map(|(index, subset)| {
                let mut over: Vec<i64> = subset.iter().map(dimension_of).collect();
                over.sort_unstable();
                let (shape, over) = view(batch.shape(axes, channels), &over);
                Subset {
                    over,
                    scores: scores.view(shape.as_slice()),
                    probabilities: own.select(0, index).view(shape.as_slice()),
                    gradient: gradient.select(0, index).view(shape.as_slice()),
                }
            });
            let softmaxes = Softmaxes {
                subsets: subsets.collect(),
                by_scores: part(&workspace.by_scores),
                gradient_of_group: by_subset(&workspace.gradient),
                gradient: gradient.shallow_clone(),
                probabilities_of_group: by_subset(&probabilities.rows),
                probabilities: own,
                given,
                scores,
            };
            first += length;
            softmaxes
        });
        let tensors = tensors.collect();
        let rows = softmax_rows(network, group[0]);
        let tied = rows.iter().enumerate().any(|(subset, &row)| subset != row).then(|| {
            let row = |row: usize| (0..channels).map(move |channel| row as i64 * channels + channel);
            batch.places(&rows.into_iter().flat_map(row).collect::<Vec<i64>>())
        });
        let padding = batch.is_padded().then(|| {
            let own: Vec<Tensor> = group.iter().map(|&axes| batch.own_positions(axes)).collect();
            let own = Tensor::cat(&own, 1).unsqueeze(2);
            let penalty = (1.0 - &own) * NO_SHARE;
            [own, penalty]
        });
        Self {
            input,
            output: output.rows,
            gradient: gradient.rows,
            into: parameters.branch(layer, "softmax", group[0], "in"),
            out: parameters.branch(layer, "softmax", group[0], "out"),
            tied,
            scores: workspace.scores.shallow_clone(),
            by_scores: workspace.by_scores.shallow_clone(),
            probabilities,
            by_probabilities: workspace.gradient.shallow_clone(),
            tensors,
            padding,
        }
    }

    /// From the input to the output.
    pub fn forward(&self) {
        product(&self.scores, &self.input.rows, &self.into.value);
        if let Some([_, penalty]) = &self.padding {
            add(&self.scores, penalty);
        }
        for tensor in &self.tensors {
            if self.tensors.len() > 1 {
                tensor.scores.shallow_clone().copy_(&tensor.given);
            }
            tensor.subsets.iter().for_each(Subset::forward);
            tensor.probabilities_of_group.shallow_clone().copy_(&tensor.probabilities);
        }
        if let Some([own, _]) = &self.padding {
            // A line that is nothing but padding has shares all the same.
            multiply(&self.probabilities.rows, own);
        }
        let spread = self.tied.as_ref().map(|rows| self.out.value.index_select(1, rows));
        let out = spread.as_ref().unwrap_or(&self.out.value);
        sum_product(&self.output, &self.input.rows, &self.probabilities.rows, out);
    }

    /// Adds to the output's gradient what comes through the branch, so that it becomes the input's.
    pub fn backward(&self) {
        match &self.tied {
            None => {
                add_product(&self.out.gradient, &self.probabilities.columns, &self.gradient);
                product(&self.by_probabilities, &self.gradient, &self.out.transposed);
            }
            Some(rows) => {
                let by_rows = self.probabilities.columns.bmm(&self.gradient);
                let _ = self.out.gradient.index_add_out(&self.out.gradient, 1, rows, &by_rows);
                product(&self.by_probabilities, &self.gradient, &self.out.transposed.index_select(2, rows));
            }
        }
        for tensor in &self.tensors {
            tensor.gradient.shallow_clone().copy_(&tensor.gradient_of_group);
            tensor.subsets.iter().for_each(Subset::backward);
            let _ = tensor.gradient.sum_intlist_out(&tensor.by_scores, [0i64].as_slice(), false, Kind::Float);
        }
        add_product(&self.into.gradient, &self.input.columns, &self.by_scores);
        add_product(&self.gradient, &self.by_scores, &self.into.transposed);
    }
}

impl Subset {
    fn forward(&self) {
        let Self { over, scores, probabilities, .. } = self;
        if let [dimension] = over[..] {
            let _ = scores.internal_softmax_out(probabilities, dimension, false);
        } else {
            let mut shares = scores - scores.amax(over.as_slice(), true);
            let _ = shares.exp_();
            let _ = shares.div_out(probabilities, &sum_over(&shares, over));
        }
    }

    /// Replaces the gradient by a softmax p, g, by that by its scores: p · (g − Σ p g).
    fn backward(&self) {
        let Self { over, probabilities, gradient, .. } = self;
        if let [dimension] = over[..] {
            let _ =
                Tensor::internal_softmax_backward_data_out(gradient, gradient, probabilities, dimension, Kind::Float);
        } else {
            let sum = sum_over(&(gradient * probabilities), over);
            let _ = (gradient - sum).mul_out(gradient, probabilities);
        }
    }
}

/// How to look at a tensor of this shape for a softmax over some dimensions, and which of the view's these are.
fn view(shape: [i64; 7], over: &[i64]) -> (Vec<i64>, Vec<i64>) {
    let longer = |dimension: &i64| shape[*dimension as usize] > 1;
    let first = over.iter().copied().find(longer).unwrap_or(over[0]) as usize;
    let last = over.iter().copied().rfind(longer).unwrap_or(over[0]) as usize;
    if (first as i64..=last as i64).filter(longer).all(|dimension| over.contains(&dimension)) {
        let [before, middle, after] = [&shape[..first], &shape[first..=last], &shape[last + 1..]];
        ([before, middle, after].map(|part| part.iter().product()).to_vec(), vec![1])
    } else {
        (shape.to_vec(), over.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_axes_are_one_dimension() {
        let shape = [2, 3, 4, 5, 6, 8, 2];
        assert_eq!(view(shape, &[3, 4]), (vec![2 * 3 * 4, 5 * 6, 8 * 2], vec![1]));
        assert_eq!(view(shape, &[2, 4]), (shape.to_vec(), vec![2, 4]));
        let flat = [2, 3, 4, 1, 6, 8, 2];
        assert_eq!(
            view(flat, &[2, 4]),
            (vec![2 * 3, 4 * 6, 8 * 2], vec![1]),
            "an axis of length 1 stands between them"
        );
    }

    #[test]
    fn one_call_and_several_are_the_same_softmax() {
        let shape = [2i64, 2, 3, 4, 1, 2, 2];
        let options = (Kind::Float, tch::Device::Cpu);
        let [scores, gradient] = std::array::from_fn(|_| Tensor::randn(shape.as_slice(), options));
        let run = |shape: Vec<i64>, over: Vec<i64>| {
            let [scores, gradient] = [&scores, &gradient].map(|values| values.copy().view(shape.as_slice()));
            let subset = Subset { over, probabilities: scores.zeros_like(), scores, gradient };
            subset.forward();
            subset.backward();
            [subset.probabilities.view(-1), subset.gradient.view(-1)]
        };
        let (by_view, over) = view(shape, &[2, 3]);
        let by_call = run(by_view, over);
        for (one, several) in by_call.iter().zip(run(shape.to_vec(), vec![2, 3])) {
            assert!((one - several).abs().max().double_value(&[]) < 1e-6);
        }
    }
}
