//! The engine seam of articles: the whole loss of a step and its gradient, for the decoder that [`model::article`](crate::model::article) states.
//!
//! In: an [`ArticlePlan`], and for each step an [`ArticlePoint`]. Out: [`ArticleGradients`], in nats. What a step then does with
//! these is the fit's: latents may be an encoder's, are pulled together and kept to a budget. Two engines given the same
//! point agree to rounding.

use super::{Device, EngineError, EngineKind, fused, resolve};
use crate::model::article::{ArticlePlan, PARTS};
use ndarray::Array2;

/// Where a step is evaluated. Cells beyond those that carry something are left out of all tensors alike.
#[derive(Clone, Copy, Debug)]
pub struct ArticlePoint<'a> {
    /// Latents of groups, standard normal under the prior, (group, cell).
    pub groups: &'a Array2<f32>,
    /// What the channel adds to their centres, (group, cell).
    pub noise: &'a Array2<f32>,
    /// Latents of all symbols, (symbol, cell).
    pub symbols: &'a Array2<f32>,
    /// What makes a title's head of a fragment's, (gain or bias, cell).
    pub title: &'a Array2<f32>,
    /// The symbols that the step sees, each once.
    pub subset: &'a [usize],
}

/// A step's loss and the gradient of it.
#[derive(Clone, Debug)]
pub struct ArticleGradients {
    /// By the groups' latents, (group, cell); scaled up to all symbols.
    pub groups: Array2<f32>,
    /// By the latents of the step's symbols, (symbol of the subset, cell).
    pub symbols: Array2<f32>,
    /// By the title's gain and bias, (gain or bias, cell).
    pub title: Array2<f32>,
    /// −log p of a part's symbol of the subset among those of the subset that the part asks for, averaged over the counts.
    pub nats_per_symbol: [f64; PARTS.len()],
    /// The loss in nats: of the counts of the subset in both parts, and the symbols' prior.
    pub loss: f64,
}

/// Evaluates steps of one fit.
pub trait ArticleEngine {
    /// A short name with the device, for records.
    fn name(&self) -> String;

    /// The loss and its gradient.
    ///
    /// # Errors
    /// [`EngineError::Library`] when the library below fails.
    fn gradients(&mut self, at: &ArticlePoint) -> Result<ArticleGradients, EngineError>;
}

/// The engine for `plan`.
///
/// # Errors
/// Where the binary lacks the engine, the engine the device, or the machine either.
pub fn create(
    plan: &ArticlePlan,
    kind: EngineKind,
    device: Device,
) -> Result<Box<dyn ArticleEngine + '_>, EngineError> {
    match resolve(kind, device)? {
        #[cfg(feature = "torch")]
        EngineKind::Torch => Ok(Box::new(super::torch::TorchArticles::new(plan, device)?)),
        _ => Ok(Box::new(fused::article::FusedArticles::new(plan))),
    }
}
