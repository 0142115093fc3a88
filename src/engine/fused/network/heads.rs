//! The heads: logits and masks from the last layer's streams.

use super::super::float::Float;
use super::super::linear::{add_product, outer, product, transpose};
use super::super::plan::pick;
use super::super::reconstruction::Readout;
use super::{Model, Workspace};
use crate::model::{Axes, Plan};
use std::ops::Range;

/// What the output bias is multiplied by, so that it learns faster (CompressARC, `forward`).
const HEAD_BIAS_SCALE: f64 = 100.0;
/// Added to the masks of rows and columns that no grid of the example reaches.
const UNREACHABLE: f64 = -1000.0;

/// One head's parameters, by their places in the flat vector, and its input.
#[derive(Clone, Debug)]
pub struct Head {
    axes: Axes,
    weight: Range<usize>,
    bias: Range<usize>,
    bias_scale: f64,
}

impl Head {
    /// The heads of logits, row masks and column masks. `range`: a parameter's place by its name.
    pub fn all(range: impl Fn(&str) -> Range<usize>) -> [Self; 3] {
        let head = |axes, name: &str, bias_scale| Self {
            axes,
            weight: range(&format!("{name}.weight")),
            bias: range(&format!("{name}.bias")),
            bias_scale,
        };
        [head(Axes::CELLS, "head", HEAD_BIAS_SCALE), head(Axes::ROWS, "mask", 1.0), head(Axes::COLUMNS, "mask", 1.0)]
    }
}

impl<T: Float> Model<T> {
    /// From the last stream to `workspace.readout`.
    pub(super) fn heads(&self, parameters: &[T], workspace: &mut Workspace<T>) {
        let Workspace { arena, readout, .. } = workspace;
        let Readout { logits, row_mask, column_mask } = readout;
        let planes = self.planes;
        for (head, out) in self.heads.iter().zip([&mut *logits, &mut *row_mask, &mut *column_mask]) {
            let plan = &self.tensors[head.axes.index()];
            let x = &arena[plan.in_arena(&plan.layers[self.network.layers].input)];
            product(self.level, x, &parameters[head.weight.clone()], out, plan.shape.channels, planes);
            for out in out.chunks_exact_mut(planes) {
                for (out, &bias) in out.iter_mut().zip(&parameters[head.bias.clone()]) {
                    *out = bias.mul_add(T::of(head.bias_scale), *out);
                }
            }
        }
        for (mask, modifier) in [(row_mask, &self.row_modifier), (column_mask, &self.column_modifier)] {
            for (mask, &modifier) in mask.chunks_exact_mut(planes).zip(modifier) {
                mask.iter_mut().for_each(|mask| *mask += modifier);
            }
        }
    }

    /// The heads' gradients, and the last stream's in its tensors' `gradient`.
    pub(super) fn heads_back(&self, parameters: &[T], workspace: &mut Workspace<T>, gradient: &mut [T]) {
        let Workspace { arena, by_readout, .. } = workspace;
        let planes = self.planes;
        let outputs = [&by_readout.logits, &by_readout.row_mask, &by_readout.column_mask];
        for (head, dy) in self.heads.iter().zip(outputs) {
            let plan = &self.tensors[head.axes.index()];
            let channels = plan.shape.channels;
            let slab = &mut arena[plan.slab.clone()];
            let [x, dx, scaled] = pick(slab, [&plan.layers[self.network.layers].input, &plan.gradient, &plan.scaled]);
            let weight_gradient = &mut gradient[head.weight.clone()];
            outer(self.level, x, &self.zeros[..channels], dy, weight_gradient, channels, planes);
            let transposed = &mut scaled[..channels * planes];
            transpose(&parameters[head.weight.clone()], transposed, channels, planes);
            dx.fill(T::ZERO);
            add_product(self.level, dy, transposed, dx, planes, channels);
            for (plane, bias) in gradient[head.bias.clone()].iter_mut().enumerate() {
                let sum = dy[plane..].iter().step_by(planes).fold(T::ZERO, |sum, &dy| sum + dy);
                *bias = sum.mul_add(T::of(head.bias_scale), *bias);
            }
        }
    }
}

/// [`UNREACHABLE`] where no grid of an example reaches, (example, row or column).
pub fn modifier<T: Float>(plan: &Plan, length: usize, reach: impl Fn(usize) -> usize) -> Vec<T> {
    let value = |example, index| if index < reach(example) { T::ZERO } else { T::of(UNREACHABLE) };
    (0..plan.dimensions.examples)
        .flat_map(|example| (0..length).map(move |index| (example, index)))
        .map(|(example, index)| value(example, index))
        .collect()
}
