//! Articles by libtorch: the loss of a step in a few dense operations, its gradient by autograd.
//!
//! In: an [`ArticlePoint`]. Out: [`ArticleGradients`]. Only what a step sees goes to the device: the groups' latents, the latents
//! of the subset's symbols, and the counts that are there, as places in (group, symbol asked for).

use super::{NAME, device, guarded, ops};
use crate::engine::article::{ArticleEngine, ArticleGradients, ArticlePoint};
use crate::engine::{Device, EngineError};
use crate::latent::centre::{CENTRE_DEVIATION, CENTRE_RANGE};
use crate::latent::digits::HALF_WIDTH;
use crate::model::article::{ArticlePlan, Part};
use ndarray::{Array2, Axis};
use tch::{Kind, Tensor};

/// See the module's documentation.
pub struct TorchArticles<'a> {
    plan: &'a ArticlePlan,
    device: tch::Device,
}

impl<'a> TorchArticles<'a> {
    /// An engine for `plan`.
    ///
    /// # Errors
    /// [`EngineError::NoCuda`] where CUDA is asked for and can't be had.
    pub fn new(plan: &'a ArticlePlan, device: Device) -> Result<Self, EngineError> {
        let device = device::resolve(device)?;
        device::prepare(None);
        Ok(Self { plan, device })
    }

    fn evaluate(&self, at: &ArticlePoint) -> ArticleGradients {
        let of_subset = at.symbols.select(Axis(0), at.subset);
        let [groups, symbols, title] =
            [at.groups, &of_subset, at.title].map(|values| self.upload(values).set_requires_grad(true));
        let centres = ((&groups * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * f64::from(0.5 * CENTRE_RANGE)
            + f64::from(HALF_WIDTH);
        let features = (centres + self.upload(at.noise) - 0.5) / f64::from(CENTRE_DEVIATION);
        let heads = &features * (title.narrow(0, 0, 1) + 1.0) + title.narrow(0, 1, 1);

        let (fragments, fragment_counts) = self.reconstruction(Part::Fragment, at.subset, &symbols, &features);
        let (titles, title_counts) = self.reconstruction(Part::Title, at.subset, &symbols, &heads);
        let prior = symbols.square().sum(Kind::Float) * (0.5 * f64::from(self.plan.symbol_precision));
        let loss = &fragments + &titles + prior;
        let gradients = Tensor::run_backward(&[&loss], &[&groups, &symbols, &title], false, false);
        let scale = self.plan.symbols as f32 / at.subset.len().max(1) as f32;
        let download = |tensor: &Tensor, like: &Array2<f32>| {
            Array2::from_shape_vec(like.raw_dim(), ops::to_vec(tensor)).unwrap_or_else(|_| unreachable!("same shape"))
        };
        ArticleGradients {
            groups: scale * download(&gradients[0], at.groups),
            symbols: download(&gradients[1], &of_subset),
            title: download(&gradients[2], at.title),
            nats_per_symbol: [(&fragments, fragment_counts), (&titles, title_counts)]
                .map(|(nats, counts)| if counts > 0.0 { nats.double_value(&[]) / counts } else { 0.0 }),
            loss: loss.double_value(&[]),
        }
    }

    /// −log p of the counts of `part` in nats, and how many there are. `symbols`: (symbol of the subset, cell); `heads`:
    /// (group, cell).
    fn reconstruction(&self, part: Part, subset: &[usize], symbols: &Tensor, heads: &Tensor) -> (Tensor, f64) {
        let asked = self.plan.asked(part, subset);
        let plan = &self.plan.parts[part as usize];
        let background: Vec<f32> = asked.iter().map(|&place| plan.background[subset[place]]).collect();
        let (mut places, mut counts) = (Vec::new(), Vec::new());
        for (row, &place) in asked.iter().enumerate() {
            for &(group, count) in plan.counts.groups_of(subset[place]) {
                places.push((group as usize * asked.len() + row) as i64);
                counts.push(count);
            }
        }
        let asked: Vec<i64> = asked.into_iter().map(|place| place as i64).collect();
        let latents = symbols.index_select(0, &Tensor::from_slice(&asked).to_device(self.device));
        let background = Tensor::from_slice(&background).to_device(self.device);
        let log_probabilities = (heads.matmul(&latents.tr()) + background).log_softmax(1, Kind::Float);
        let told = log_probabilities.flatten(0, 1).index_select(0, &Tensor::from_slice(&places).to_device(self.device));
        let nats = -(told * Tensor::from_slice(&counts).to_device(self.device)).sum(Kind::Float);
        (nats, counts.iter().map(|&count| f64::from(count)).sum())
    }

    fn upload(&self, values: &Array2<f32>) -> Tensor {
        let shape = [values.nrows() as i64, values.ncols() as i64];
        let values = values.as_standard_layout();
        Tensor::from_slice(values.as_slice().unwrap_or_default()).view(shape).to_device(self.device)
    }
}

impl ArticleEngine for TorchArticles<'_> {
    fn name(&self) -> String {
        format!("{NAME} ({})", device::described(self.device))
    }

    fn gradients(&mut self, at: &ArticlePoint) -> Result<ArticleGradients, EngineError> {
        guarded(|| self.evaluate(at))
    }
}
