//! The libtorch engine: whole steps of many puzzles side by side, in few large operations, on a processor or on CUDA.
//!
//! The first axis of every tensor is the member of the batch, which is a puzzle and a seed and has parameters of its own. The
//! way back is written out beside the way there, so that nothing is recorded and no call is made but those that are
//! needed; buffers and their views are made once. Activations are (member, position, channel) with positions in the order
//! example, colour, row, column, direction.

mod article;
mod batch;
mod cummax;
mod device;
mod heads;
mod latents;
mod maps;
mod means;
mod network;
mod nonlinear;
mod normalise;
mod ops;
mod parameters;
mod rays;
mod reconstruction;
mod share;
mod shift;
mod softmax;
mod stack;
mod stream;

use super::{Device, Engine, EngineError, Evaluation, Losses, Outputs, Problem};
use crate::model::{Axes, Dimensions, LATENT_CHANNELS};
pub use article::TorchArticles;
use batch::{Batch, stacked};
pub use device::has_cuda;
use network::{Decoded, Decoder};
use parameters::Parameters;
use reconstruction::Reconstruction;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tch::Tensor;

const NAME: &str = "torch";

/// A batch's parameters and moments on a device.
pub struct TorchEngine {
    device: tch::Device,
    parameters: Parameters,
    decoder: Decoder,
    reconstruction: Reconstruction,
    /// By member.
    sizes: Vec<Dimensions>,
    /// What holds them all.
    padded: Dimensions,
    problem: Problem,
}

/// What one evaluation leaves on the device.
struct Evaluated {
    decoded: Decoded,
    /// Nats, (member).
    reconstruction: Tensor,
}

impl TorchEngine {
    /// Puts a batch on the device: puzzles with the parameters that each starts from.
    ///
    /// # Errors
    /// [`EngineError::NoCuda`] where CUDA is asked for and can't be had, [`EngineError::Unlike`] where the puzzles can't
    /// be a batch, [`EngineError::Library`] where libtorch fails.
    pub fn new(members: &[(&Problem, &[f32])], device: Device, threads: Option<usize>) -> Result<Self, EngineError> {
        let device = device::resolve(device)?;
        device::prepare(threads);
        let problems: Vec<&Problem> = members.iter().map(|(problem, _)| *problem).collect();
        let first = *problems.first().ok_or(EngineError::Unlike)?;
        let settings =
            |problem: &Problem| (problem.network.clone(), problem.objective.clone(), problem.optimiser.clone());
        if problems.iter().any(|problem| settings(problem) != settings(first)) {
            return Err(EngineError::Unlike);
        }
        let starts: Vec<f32> = members.iter().flat_map(|(_, start)| start.iter().copied()).collect();
        let batch = Batch::new(problems.iter().map(|problem| &problem.plan).collect(), device)?;
        guarded(|| {
            let _no_grad = tch::no_grad_guard();
            let mut parameters = Parameters::new(&batch, &problems);
            parameters.set(&starts);
            Self {
                device,
                decoder: Decoder::new(&batch, &parameters, &first.network),
                parameters,
                reconstruction: Reconstruction::new(&batch),
                sizes: batch.plans.iter().map(|plan| plan.dimensions).collect(),
                padded: batch.dimensions,
                problem: first.clone(),
            }
        })
    }

    /// The loss and, in its place, its gradient.
    fn evaluate(&self, step: usize, noise: &[f32]) -> Evaluated {
        let members = self.sizes.len() as i64;
        let noise = Tensor::from_slice(&self.parameters.noise(noise)).to_device(self.device);
        let decoded = self.decoder.forward(noise.view([members, -1, LATENT_CHANNELS as i64]));
        let heads = self.decoder.heads();
        let reconstruction = self.reconstruction.run(heads.say(), heads.gradients(), &self.problem.objective, step);
        self.parameters.begin();
        self.decoder.backward(&decoded);
        Evaluated { decoded, reconstruction }
    }

    /// What the host hears of a step, in one transfer.
    fn evaluations(&self, evaluated: &Evaluated) -> Vec<Evaluation> {
        let members = self.sizes.len() as i64;
        let [logits, rows, columns] = self.decoder.heads().say().map(|says| says.rows.view([members, -1]));
        let nats = evaluated.reconstruction.view([members, 1]);
        let all = Tensor::cat(&[&evaluated.decoded.drawn.kl_by_tensor, &nats, &logits, &rows, &columns], 1);
        let width = all.size()[1] as usize;
        let all = ops::to_vec(&all);
        all.chunks(width).zip(&self.sizes).map(|(values, own)| evaluation(values, own, &self.padded)).collect()
    }
}

/// One member's losses and outputs, without padding. `values`: nats of the KL by tensor as stacked, of the reconstruction,
/// then the outputs.
fn evaluation(values: &[f32], own: &Dimensions, padded: &Dimensions) -> Evaluation {
    let Dimensions { examples, colours, rows, columns, planes } = *padded;
    let (losses, outputs) = values.split_at(Axes::COUNT + 1);
    let (logits, masks) = outputs.split_at(examples * colours * rows * columns * planes);
    let (row_mask, column_mask) = masks.split_at(examples * rows * planes);
    let mut kl_by_tensor_nats = vec![0.0; Axes::COUNT];
    for (axes, &nats) in stacked().into_iter().zip(losses) {
        kl_by_tensor_nats[axes.index()] = f64::from(nats);
    }
    let of_grids = [own.examples, own.colours, own.rows, own.columns * planes];
    let line = |values: &[f32], own_length: usize, length: usize| {
        own_part(values, &[own.examples, own_length * planes], &[examples, length * planes])
    };
    Evaluation {
        losses: Losses {
            kl_nats: kl_by_tensor_nats.iter().sum(),
            reconstruction_nats: f64::from(losses[Axes::COUNT]),
            kl_by_tensor_nats,
        },
        outputs: Outputs {
            logits: own_part(logits, &of_grids, &[examples, colours, rows, columns * planes]),
            row_mask: line(row_mask, own.rows, rows),
            column_mask: line(column_mask, own.columns, columns),
        },
    }
}

/// The first `own` of each axis of an array with lengths `padded`.
fn own_part(values: &[f32], own: &[usize], padded: &[usize]) -> Vec<f32> {
    match (own, padded) {
        (&[length], _) => values[..length].to_vec(),
        ([length, own @ ..], [_, padded @ ..]) => {
            let long = padded.iter().product();
            values.chunks(long).take(*length).flat_map(|values| own_part(values, own, padded)).collect()
        }
        _ => Vec::new(),
    }
}

impl Engine for TorchEngine {
    fn name(&self) -> String {
        format!("{NAME} ({})", device::described(self.device))
    }

    fn gradients(&mut self, step: usize, noise: &[f32]) -> Result<(Vec<Evaluation>, Vec<f32>), EngineError> {
        guarded(|| {
            let _no_grad = tch::no_grad_guard();
            let evaluated = self.evaluate(step, noise);
            (self.evaluations(&evaluated), self.parameters.gradients())
        })
    }

    fn step(&mut self, step: usize, noise: &[f32]) -> Result<Vec<Evaluation>, EngineError> {
        guarded(|| {
            let _no_grad = tch::no_grad_guard();
            let evaluated = self.evaluate(step, noise);
            self.parameters.update(&self.problem.optimiser);
            self.evaluations(&evaluated)
        })
    }

    fn parameters(&self) -> Vec<f32> {
        self.parameters.values()
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), EngineError> {
        guarded(|| tch::no_grad(|| self.parameters.set(parameters)))
    }
}

/// Runs `body`; tch panics where libtorch throws (out of memory, above all), which becomes a typed error here.
fn guarded<T>(body: impl FnOnce() -> T) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "unknown failure".into());
        let first: String = message.lines().next().unwrap_or_default().into();
        if ["out of memory", "allocate memory"].iter().any(|words| first.contains(words)) {
            EngineError::OutOfMemory { engine: NAME, message: first }
        } else {
            EngineError::Library { engine: NAME, message: first }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Grid, Pair, Puzzle};
    use crate::model::{Network, Objective, Optimiser, Plan};
    use crate::rng;

    /// A puzzle of two pairs, whose inputs and outputs are of one size, of so many colours.
    pub fn plan(rows: usize, columns: usize, colours: u8) -> Plan {
        let grid = |first: usize| {
            let cells = (first..first + rows * columns).map(|cell| (cell % usize::from(colours)) as u8).collect();
            Grid::new(rows, columns, cells).unwrap()
        };
        let train = (0..2).map(|pair| Pair { input: grid(pair), output: grid(pair + 1) }).collect();
        Plan::new(&Puzzle { id: "p".into(), train, test: vec![grid(3)], solutions: None })
    }

    /// Does something with a batch of these plans on the processor.
    pub fn with_batch(plans: &[Plan], work: impl FnOnce(&Batch)) {
        work(&Batch::new(plans.iter().collect(), tch::Device::Cpu).unwrap());
    }

    fn problem(plan: Plan) -> Problem {
        Problem::new(plan, Network::default(), Objective::default(), Optimiser::default())
    }

    #[test]
    fn parameters_come_back_as_they_were_and_padding_stays_zero() {
        let problems = [problem(plan(2, 3, 3)), problem(plan(4, 2, 2))];
        let starts: Vec<Vec<f32>> = problems.iter().map(|problem| problem.layout.initial_values(1)).collect();
        let members: Vec<_> = problems.iter().zip(&starts).map(|(problem, start)| (problem, &start[..])).collect();
        let mut engine = TorchEngine::new(&members, Device::Cpu, Some(1)).unwrap();
        assert_eq!(engine.parameters(), starts.concat());
        let latents = problems.iter().map(|problem| problem.layout.latents()).sum();
        let mut noise = vec![0.0; latents];
        for step in 0..2 {
            rng::step_noise(0, step, &mut noise);
            engine.step(step, &noise).unwrap();
        }
        let padding = engine.parameters.padding();
        assert!(!padding.is_empty() && padding.iter().all(|&number| number == 0.0));
        assert!(engine.parameters().iter().zip(starts.concat()).any(|(now, start)| *now != start));
    }

    #[test]
    fn a_batch_is_of_puzzles_alike() {
        let mut problems = [problem(plan(2, 2, 2)), problem(plan(2, 2, 2))];
        problems[1].network.channels = 8;
        let start = problems[0].layout.initial_values(0);
        let members: Vec<_> = problems.iter().map(|problem| (problem, &start[..])).collect();
        assert!(matches!(TorchEngine::new(&members, Device::Cpu, None), Err(EngineError::Unlike)));
        assert!(matches!(TorchEngine::new(&[], Device::Cpu, None), Err(EngineError::Unlike)));
    }

    #[test]
    fn want_of_memory_is_told_from_other_failures() {
        let failed = |message: &'static str| guarded(|| -> () { panic!("{message}") });
        assert!(matches!(failed("CUDA out of memory. Tried"), Err(EngineError::OutOfMemory { .. })));
        assert!(matches!(failed("sizes differ"), Err(EngineError::Library { .. })));
    }
}
