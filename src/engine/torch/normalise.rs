//! Normalisation: every channel of every tensor of a stack to mean 0 and variance 1 over a member's own positions.
//!
//! Means are products with a matrix that says which position is which tensor's; padding is nobody's, so it counts in no
//! mean and comes out 0, on the way back too.

use super::batch::Batch;
use super::ops::{add, add_product, add_scaled, multiply};
use crate::model::Axes;
use tch::Tensor;

/// Added to a variance before its root (CompressARC, `normalize`).
const EPSILON: f64 = 1e-8;

/// Which position is which tensor's, for the tensors of a stack.
pub struct Owners {
    /// 1 where a position is a tensor's, (member, position, tensor).
    pub spread: Tensor,
    /// The same, (member, tensor, position).
    pub collect: Tensor,
    /// 1 / how many positions a tensor has, (member, tensor, 1).
    pub share: Tensor,
    /// Its negative.
    pub negative_share: Tensor,
}

impl Owners {
    /// Of a stack of these tensors.
    pub fn new(batch: &Batch, tensors: &[Axes]) -> Self {
        let length: i64 = tensors.iter().map(|&axes| batch.positions(axes)).sum();
        let spread = batch.zeros(&[batch.members(), length, tensors.len() as i64]);
        let mut first = 0;
        for (index, &axes) in tensors.iter().enumerate() {
            let own = batch.own_positions(axes);
            spread.narrow(1, first, batch.positions(axes)).select(2, index as i64).copy_(&own);
            first += batch.positions(axes);
        }
        let counts: Vec<f32> = batch
            .plans
            .iter()
            .flat_map(|plan| tensors.iter().map(|&axes| 1.0 / plan.dimensions.positions(axes) as f32))
            .collect();
        let share = batch.constant(&counts, &[batch.members(), tensors.len() as i64, 1]);
        Self { collect: spread.transpose(1, 2), spread, negative_share: share.neg(), share }
    }

    /// Takes every tensor's means off its own positions. `values`: (member, position, channel), 0 at padding.
    pub fn less_mean(&self, values: &Tensor) -> Tensor {
        let mean = self.collect.bmm(values);
        multiply(&mean, &self.negative_share);
        values.baddbmm(&self.spread, &mean, 1, 1)
    }
}

/// A normalisation with what its way back needs.
pub struct Normalise {
    /// The stack's owners.
    owners: std::rc::Rc<Owners>,
    /// What it gave, (member, position, channel).
    normalised: Tensor,
    /// 1 / √(variance + ε), (member, tensor, channel).
    scale: Tensor,
}

impl Normalise {
    /// Writes into `normalised`, which has to stay as it is until the way back.
    pub fn new(batch: &Batch, owners: std::rc::Rc<Owners>, normalised: &Tensor) -> Self {
        let scale = batch.zeros(&[batch.members(), owners.share.size()[1], normalised.size()[2]]);
        Self { owners, normalised: normalised.shallow_clone(), scale }
    }

    /// `values`: (member, position, channel), 0 at padding.
    pub fn forward(&self, values: &Tensor) {
        let Owners { spread, collect, share, .. } = &*self.owners;
        let centred = self.owners.less_mean(values);
        let mut variance = collect.bmm(&(&centred * &centred));
        multiply(&variance, share);
        let _ = variance.g_add_scalar_(EPSILON).rsqrt_out(&self.scale);
        let _ = centred.mul_out(&self.normalised, &spread.bmm(&self.scale));
    }

    /// Replaces the gradient by what was given, n, by the gradient by the values: (g − mean g − n · mean (g n)) · scale.
    pub fn backward(&self, gradient: &Tensor) {
        let Owners { spread, collect, negative_share, .. } = &*self.owners;
        let mean = collect.bmm(gradient);
        multiply(&mean, negative_share);
        let along = collect.bmm(&(gradient * &self.normalised));
        multiply(&along, negative_share);
        add_product(gradient, spread, &mean);
        add_scaled(gradient, &self.normalised, &spread.bmm(&along));
        multiply(gradient, &spread.bmm(&self.scale));
    }

    /// Adds the gradient by the values to `target`; `gradient` is lost.
    pub fn backward_onto(&self, target: &Tensor, gradient: &Tensor) {
        self.backward(gradient);
        add(target, gradient);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::torch::tests::{plan, with_batch};
    use tch::Kind;

    #[test]
    fn the_way_back_is_autograds_and_padding_counts_nowhere() {
        with_batch(&[plan(2, 3, 2), plan(4, 2, 3)], |batch| {
            let tensors = [Axes::ROWS, Axes::COLUMNS, Axes::CELLS];
            let owners = std::rc::Rc::new(Owners::new(batch, &tensors));
            let own = owners.spread.sum_dim_intlist([2i64].as_slice(), true, Kind::Float);
            let random = || Tensor::randn([2, own.size()[1], 3], (Kind::Float, batch.device)) * &own;
            let (values, gradient) = (random(), random());
            let normalised = values.zeros_like();
            let normalise = Normalise::new(batch, std::rc::Rc::clone(&owners), &normalised);
            normalise.forward(&values);
            let ours = gradient.copy();
            normalise.backward(&ours);

            let leaf = values.set_requires_grad(true);
            let mut first = 0;
            let mut loss = Tensor::from(0f32);
            for &axes in &tensors {
                let length = batch.positions(axes);
                for member in 0..2 {
                    let part = |of: &Tensor| of.select(0, member).narrow(0, first, length);
                    let kept = batch.own_positions(axes).select(0, member).nonzero().view(-1);
                    let x = part(&leaf).index_select(0, &kept);
                    let centred = &x - x.mean_dim([0i64].as_slice(), true, Kind::Float);
                    let variance = (&centred * &centred).mean_dim([0i64].as_slice(), true, Kind::Float);
                    let expected = centred / (variance + EPSILON).sqrt();
                    let given = part(&normalised).index_select(0, &kept);
                    assert!((&expected - given).abs().max().double_value(&[]) < 1e-4);
                    loss += (expected * part(&gradient).index_select(0, &kept)).sum(Kind::Float);
                }
                first += length;
            }
            let theirs = Tensor::run_backward(&[&loss], &[&leaf], false, false).remove(0);
            assert!((ours - theirs).abs().max().double_value(&[]) < 1e-3);
            let outside: Tensor = 1.0 - &own;
            assert_eq!((&normalised * &outside).abs().max().double_value(&[]), 0.0);
        });
    }
}
