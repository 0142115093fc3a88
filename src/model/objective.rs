//! The loss and the optimiser, as data. The defaults are the published ones.

use serde::{Deserialize, Serialize};

/// The loss: KL + weight × reconstruction, in nats.
///
/// Source: the public CompressARC code, `take_step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objective {
    /// What a nat of reconstruction counts against a nat of KL.
    pub reconstruction_weight: f64,
    /// Steps over which unknown grid sizes get their full say.
    pub size_warmup_steps: usize,
    /// Factor on the size masks of unknown sizes at step 0; grows to 1 geometrically over the warm-up.
    pub size_mask_start: f64,
    /// Factor on the log-probabilities of unknown crops at step 0; grows to 1 geometrically over the warm-up.
    pub crop_start: f64,
}

impl Default for Objective {
    fn default() -> Self {
        Self { reconstruction_weight: 10.0, size_warmup_steps: 100, size_mask_start: 0.01, crop_start: 0.1 }
    }
}

impl Objective {
    /// The factor that starts at `start` and is 1 from the end of the warm-up on.
    fn warmed(&self, start: f64, step: usize) -> f64 {
        let left = 1.0 - step as f64 / self.size_warmup_steps.max(1) as f64;
        start.powf(left.max(0.0))
    }

    /// The factor on the size masks where the size is unknown.
    pub fn size_mask_coefficient(&self, step: usize) -> f64 {
        self.warmed(self.size_mask_start, step)
    }

    /// The factor on the crops' log-probabilities where the size is unknown.
    pub fn crop_coefficient(&self, step: usize) -> f64 {
        self.warmed(self.crop_start, step)
    }
}

/// Adam (Kingma and Ba 2015, algorithm 1) over all parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimiser {
    /// Step size.
    pub learning_rate: f64,
    /// Decay of the gradient's running mean.
    pub beta1: f64,
    /// Decay of the squared gradient's running mean.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
}

impl Default for Optimiser {
    fn default() -> Self {
        Self { learning_rate: 0.01, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_ends_at_one() {
        let objective = Objective::default();
        assert!((objective.size_mask_coefficient(0) - 0.01).abs() < 1e-12);
        assert!((objective.crop_coefficient(50) - 0.1f64.sqrt()).abs() < 1e-12);
        assert!((objective.crop_coefficient(100) - 1.0).abs() < 1e-12);
        assert!((objective.size_mask_coefficient(5000) - 1.0).abs() < 1e-12);
    }
}
