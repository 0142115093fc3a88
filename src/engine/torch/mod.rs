//! The libtorch engine: the whole step by autograd, in few large operations, on a processor or on CUDA.
//!
//! Seeds are the first axis of every tensor. All parameters are one tensor (seed, parameter), split once a step, so that
//! the gradient and Adam are each a few operations on it. Activations are (seed, position, channel) with positions in
//! the order example, colour, row, column, direction: directions stand next to channels, so that the 64
//! direction-to-direction maps are one matrix product and every tensor's shape is a view.

mod article;
mod device;
mod directions;
mod latents;
mod network;
mod objective;
mod ops;
mod share;
mod softmax;
mod weights;

use super::{Device, Engine, EngineError, Evaluation, Losses, Outputs, Problem};
use crate::model::Axes;
pub use article::TorchArticles;
pub use device::has_cuda;
use network::Decoder;
use objective::TorchReconstruction;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tch::{Kind, Tensor};

const NAME: &str = "torch";

/// One puzzle's parameters and moments on a device.
pub struct TorchEngine {
    device: tch::Device,
    seeds: i64,
    parameters: Tensor,
    first_moment: Tensor,
    second_moment: Tensor,
    updates: i32,
    decoder: Decoder,
    reconstruction: TorchReconstruction,
    problem: Problem,
}

/// What one evaluation leaves on the device.
struct Evaluated {
    loss: Tensor,
    kl_by_tensor: Tensor,
    reconstruction: Tensor,
    logits: Tensor,
    row_mask: Tensor,
    column_mask: Tensor,
}

impl TorchEngine {
    /// Puts the parameters on the device.
    ///
    /// # Errors
    /// [`EngineError::NoCuda`] where CUDA is asked for and can't be had.
    pub fn new(
        problem: &Problem,
        parameters: &[Vec<f32>],
        device: Device,
        threads: Option<usize>,
    ) -> Result<Self, EngineError> {
        let device = device::resolve(device)?;
        device::prepare(threads);
        let seeds = parameters.len() as i64;
        guarded(|| {
            let flat =
                Tensor::from_slice(&parameters.concat()).view([seeds, problem.layout.len() as i64]).to_device(device);
            Self {
                device,
                seeds,
                first_moment: flat.zeros_like(),
                second_moment: flat.zeros_like(),
                parameters: flat.set_requires_grad(true),
                updates: 0,
                decoder: Decoder::new(problem, seeds, device),
                reconstruction: TorchReconstruction::new(problem, device),
                problem: problem.clone(),
            }
        })
    }

    fn evaluate(&self, step: usize, noise: &[f32]) -> Evaluated {
        let noise =
            Tensor::from_slice(noise).view([self.seeds, self.problem.layout.latents() as i64]).to_device(self.device);
        let decoded = self.decoder.forward(&self.parameters, &noise);
        let reconstruction = self.reconstruction.forward(
            &decoded.logits,
            &decoded.row_mask,
            &decoded.column_mask,
            &self.problem.objective,
            step,
        );
        let loss = decoded.kl_by_tensor.sum(Kind::Float)
            + reconstruction.sum(Kind::Float) * self.problem.objective.reconstruction_weight;
        Evaluated {
            loss,
            kl_by_tensor: decoded.kl_by_tensor,
            reconstruction,
            logits: decoded.logits,
            row_mask: decoded.row_mask,
            column_mask: decoded.column_mask,
        }
    }

    fn gradient(&self, evaluated: &Evaluated) -> Tensor {
        Tensor::run_backward(&[&evaluated.loss], &[&self.parameters], false, false).remove(0)
    }

    /// Adam (Kingma and Ba 2015, algorithm 1).
    fn update(&mut self, gradient: &Tensor) {
        let adam = &self.problem.optimiser;
        self.updates += 1;
        let corrected = 1.0 / (1.0 - adam.beta2.powi(self.updates)).sqrt();
        let rate = adam.learning_rate / (1.0 - adam.beta1.powi(self.updates));
        tch::no_grad(|| {
            let _ = self.first_moment.lerp_(gradient, 1.0 - adam.beta1);
            self.second_moment *= adam.beta2;
            let _ = self.second_moment.addcmul_(&(gradient * (1.0 - adam.beta2)), gradient);
            let mut scale = self.second_moment.sqrt();
            scale *= corrected;
            scale += adam.epsilon;
            let _ = self.parameters.addcdiv_(&(&self.first_moment * -rate), &scale);
        });
    }

    fn evaluations(&self, evaluated: &Evaluated) -> Vec<Evaluation> {
        let kl = per_seed(&evaluated.kl_by_tensor, self.seeds);
        let reconstruction = per_seed(&evaluated.reconstruction, self.seeds);
        let logits = per_seed(&evaluated.logits, self.seeds);
        let row_mask = per_seed(&evaluated.row_mask, self.seeds);
        let column_mask = per_seed(&evaluated.column_mask, self.seeds);
        kl.into_iter()
            .zip(reconstruction)
            .zip(logits.into_iter().zip(row_mask).zip(column_mask))
            .map(|((kl, reconstruction), ((logits, row_mask), column_mask))| {
                debug_assert_eq!(kl.len(), Axes::COUNT);
                let kl_by_tensor_nats: Vec<f64> = kl.into_iter().map(f64::from).collect();
                Evaluation {
                    losses: Losses {
                        kl_nats: kl_by_tensor_nats.iter().sum(),
                        reconstruction_nats: reconstruction.into_iter().map(f64::from).sum(),
                        kl_by_tensor_nats,
                    },
                    outputs: Outputs { logits, row_mask, column_mask },
                }
            })
            .collect()
    }
}

impl Engine for TorchEngine {
    fn name(&self) -> String {
        let device = if self.device.is_cuda() { "cuda" } else { "cpu" };
        format!("{NAME} ({device})")
    }

    fn gradients(&mut self, step: usize, noise: &[f32]) -> Result<(Vec<Evaluation>, Vec<f32>), EngineError> {
        guarded(|| {
            let evaluated = self.evaluate(step, noise);
            let gradient = self.gradient(&evaluated);
            (self.evaluations(&evaluated), ops::to_vec(&gradient))
        })
    }

    fn step(&mut self, step: usize, noise: &[f32]) -> Result<Vec<Evaluation>, EngineError> {
        guarded(|| {
            let evaluated = self.evaluate(step, noise);
            let gradient = self.gradient(&evaluated);
            self.update(&gradient);
            self.evaluations(&evaluated)
        })
    }

    fn parameters(&self) -> Vec<f32> {
        ops::to_vec(&self.parameters)
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), EngineError> {
        guarded(|| {
            let values = Tensor::from_slice(parameters).view_as(&self.parameters);
            tch::no_grad(|| self.parameters.copy_(&values));
        })
    }
}

/// The values of a tensor whose first axis is the seed, by seed.
fn per_seed(tensor: &Tensor, seeds: i64) -> Vec<Vec<f32>> {
    let values = ops::to_vec(tensor);
    values.chunks(values.len() / seeds as usize).map(<[f32]>::to_vec).collect()
}

/// Runs `body`; tch panics where libtorch throws (out of memory, above all), which becomes a typed error here.
fn guarded<T>(body: impl FnOnce() -> T) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "unknown failure".into());
        EngineError::Library { engine: NAME, message: message.lines().next().unwrap_or_default().into() }
    })
}
