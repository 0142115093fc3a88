//! Articles by the fused engine: the loss of a step and its gradient by hand.
//!
//! In: an [`ArticlePoint`]. Out: [`ArticleGradients`]. Groups are worked through in parts of a fixed size whose sums are added in
//! order, so that results don't depend on threads. Memory is the groups' by the step's symbols, never all symbols'.

mod reconstruction;

use crate::engine::EngineError;
use crate::engine::article::{ArticleEngine, ArticleGradients, ArticlePoint};
use crate::latent::centre::{centre, feature, feature_slope};
use crate::model::article::{ArticlePlan, BIAS, GAIN, Part};
use ndarray::{Array2, Axis, Zip};
use reconstruction::SymbolReconstruction;

/// See the module's documentation.
pub struct FusedArticles<'a> {
    plan: &'a ArticlePlan,
}

impl<'a> FusedArticles<'a> {
    /// An engine for `plan`.
    pub fn new(plan: &'a ArticlePlan) -> Self {
        Self { plan }
    }

    /// The loss and its gradient.
    pub fn evaluate(&self, at: &ArticlePoint) -> ArticleGradients {
        let symbols = at.symbols.select(Axis(0), at.subset);
        let features = Zip::from(at.groups).and(at.noise).map_collect(|&v, &noise| feature(centre(v) + noise));

        let fragments = SymbolReconstruction::new(self.plan, Part::Fragment, at.subset, &symbols, &features);
        let gain = 1.0 + &at.title.row(GAIN);
        let heads = &features * &gain + at.title.row(BIAS);
        let titles = SymbolReconstruction::new(self.plan, Part::Title, at.subset, &symbols, &heads);

        let mut title = Array2::zeros(at.title.raw_dim());
        title.row_mut(GAIN).assign(&(&titles.heads * &features).sum_axis(Axis(0)));
        title.row_mut(BIAS).assign(&titles.heads.sum_axis(Axis(0)));
        let scale = self.plan.symbols as f32 / at.subset.len().max(1) as f32;
        let mut groups = &fragments.heads + &titles.heads * &gain;
        Zip::from(&mut groups).and(at.groups).for_each(|gradient, &v| *gradient *= scale * feature_slope(v));

        let precision = self.plan.symbol_precision;
        let prior = 0.5 * precision * symbols.iter().map(|e| e * e).sum::<f32>();
        ArticleGradients {
            groups,
            symbols: &fragments.symbols + &titles.symbols + precision * symbols,
            title,
            nats_per_symbol: [fragments.nats_per_symbol(), titles.nats_per_symbol()],
            loss: fragments.nats + titles.nats + f64::from(prior),
        }
    }
}

impl ArticleEngine for FusedArticles<'_> {
    fn name(&self) -> String {
        format!("{} (cpu)", super::NAME)
    }

    fn gradients(&mut self, at: &ArticlePoint) -> Result<ArticleGradients, EngineError> {
        Ok(self.evaluate(at))
    }
}
