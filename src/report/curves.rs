//! The course of a fit's costs, thin enough to stand in its record.
//!
//! In: the trace of a fit. Out: the means over its seeds, at evenly spread steps.

use crate::fit::TracePoint;
use crate::units::{Bits, Nats};
use serde::{Deserialize, Serialize};

/// The most points of a curve.
const MOST_POINTS: usize = 128;

/// One step of a curve, the mean over its seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The step, from 0.
    pub step: usize,
    /// KL of the latents.
    pub kl_bits: f64,
    /// What the grids cost besides.
    pub reconstruction_bits: f64,
    /// The KL of each tensor's latents, in the order of [`tensor_names`](crate::engine::tensor_names).
    pub by_tensor_bits: Vec<f64>,
}

/// A trace at the multiples of the least power of two that leaves at most 128 of `steps`, in thousandths of a bit. So
/// curves of fits of different length have steps in common.
pub fn thinned(trace: &[TracePoint], steps: usize) -> Vec<CurvePoint> {
    let stride = steps.div_ceil(MOST_POINTS).next_power_of_two();
    let by_step = trace.chunk_by(|one, other| one.step == other.step);
    by_step.filter(|seeds| seeds[0].step.is_multiple_of(stride)).map(mean).collect()
}

fn mean(seeds: &[TracePoint]) -> CurvePoint {
    let mean = |nats: &dyn Fn(&TracePoint) -> f64| {
        let Bits(bits) = Nats(seeds.iter().map(nats).sum::<f64>() / seeds.len() as f64).into();
        (1000.0 * bits).round() / 1000.0
    };
    CurvePoint {
        step: seeds[0].step,
        kl_bits: mean(&|point| point.losses.kl_nats),
        reconstruction_bits: mean(&|point| point.losses.reconstruction_nats),
        by_tensor_bits: (0..seeds[0].losses.kl_by_tensor_nats.len())
            .map(|tensor| mean(&|point| point.losses.kl_by_tensor_nats[tensor]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Losses;
    use crate::model::Axes;

    fn trace(steps: usize) -> Vec<TracePoint> {
        let nats = 2f64.ln();
        let point = |step, seed| {
            let kl = nats * (step as f64 + 2.0 * seed as f64);
            let kl_by_tensor_nats = vec![kl / Axes::COUNT as f64; Axes::COUNT];
            TracePoint { step, seed, losses: Losses { kl_nats: kl, reconstruction_nats: nats, kl_by_tensor_nats } }
        };
        (0..steps).flat_map(|step| [point(step, 0), point(step, 1)]).collect()
    }

    #[test]
    fn a_short_curve_has_every_step_as_the_mean_over_seeds() {
        let curve = thinned(&trace(3), 3);
        assert_eq!(
            curve.iter().map(|point| (point.step, point.kl_bits)).collect::<Vec<_>>(),
            [(0, 1.0), (1, 2.0), (2, 3.0)]
        );
        assert_eq!((curve[1].reconstruction_bits, curve[1].by_tensor_bits.len()), (1.0, Axes::COUNT));
        assert_eq!(curve[2].by_tensor_bits[0], 0.167, "three bits over eighteen tensors");
    }

    #[test]
    fn long_curves_are_thin_and_share_their_steps() {
        for (steps, stride) in [(128, 1), (129, 2), (1500, 16), (2000, 16)] {
            let curve = thinned(&trace(steps), steps);
            assert!(curve.len() <= MOST_POINTS && curve.windows(2).all(|pair| pair[1].step - pair[0].step == stride));
        }
        assert_eq!(thinned(&trace(40), 2000).len(), 3, "of a fit that stopped early");
    }
}
