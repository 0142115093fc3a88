//! The fused engine: the whole step in Rust, forward and backward by hand, with nothing but cargo.
//!
//! All activations lie in one arena, planned once a puzzle (`plan`); parameters, gradients and Adam's moments are flat
//! vectors in the layout's order. A step allocates nothing. Work is cut into blocks whose bounds depend on the puzzle alone,
//! and what blocks leave is summed in their order, so that the bits of a result depend neither on the number of threads
//! nor on the vector instructions at hand.
//!
//! A layer of the network is one file, forward and backward side by side: `share`, `branch` (the normalised residual
//! branches), `softmax`, `directions` with `rays` and `scan`, `hidden` with `maps`; `latents` comes before them and
//! `reconstruction` after. `linear`, `columns` and `lattice` are what they are made of. [`article`] has all that a fit of articles needs, and
//! [`product`](fn@product) its matrix products.

#![allow(clippy::inline_always, reason = "a kernel's parts have to be compiled for its instruction set")]
#![allow(clippy::needless_range_loop, reason = "lanes of several arrays are walked side by side")]
#![allow(clippy::too_many_arguments, reason = "kernels take plain slices")]
#![allow(clippy::semicolon_if_nothing_returned, reason = "kernels end in a choice among their copies")]
#![allow(clippy::float_cmp, reason = "whether a number is within bounds is whether holding it there changes it")]
#![allow(clippy::needless_for_each, reason = "one line where a loop takes three")]

mod adam;
pub mod article;
mod branch;
mod columns;
mod context;
mod decoder;
mod directions;
mod float;
mod geometry;
mod hidden;
mod latents;
mod lattice;
mod linear;
mod maps;
mod network;
mod plan;
mod product;
mod rays;
mod reconstruction;
mod scan;
mod share;
mod simd;
mod softmax;
mod team;
mod up;
mod weights;

use super::{Engine, EngineError, Evaluation, Losses, Problem};
use crate::model::{DIRECTIONS, Dimensions, Network, Objective, Optimiser, Plan};
use adam::Learner;
use float::Float;
use network::{Model, Workspace, numbers};
use plan::Purpose;
use reconstruction::GridReconstruction;
use simd::Level;
use team::{Team, on, pool};

#[cfg(test)]
mod tests;

pub use decoder::Decoder;
#[doc(hidden)]
pub use network::{Stage, Stages};
pub use product::product;

const NAME: &str = "fused";

/// Bytes that an engine with so many seeds holds, to a few percent, by the sizes alone; so much that no machine has it
/// where the sizes are absurd.
pub fn memory_bytes(plan: &Plan, network: &Network, seeds: usize) -> u64 {
    // Beyond these, sums of sizes could overflow, and making the layout would take long.
    const MOST_NUMBERS: u128 = 1 << 44;
    let Dimensions { examples, colours, rows, columns, planes } = plan.dimensions;
    let widest = [
        network.channels,
        network.direction_channels,
        network.share_up_channels,
        network.share_down_channels,
        network.softmax_channels * network.channels,
        network.cummax_channels,
        network.nonlinear_channels,
    ];
    let cells = [examples, colours, DIRECTIONS, rows, columns].iter().map(|&length| length as u128).product::<u128>();
    let widest = widest.into_iter().max().unwrap_or(1) as u128;
    if cells * widest * network.layers as u128 > MOST_NUMBERS {
        return u64::MAX;
    }
    let problem = Problem::new(plan.clone(), network.clone(), Objective::default(), Optimiser::default());
    let area = rows * columns;
    let readout = examples * planes * (colours * area + rows + columns);
    let intervals = |side: usize| side * (side + 5) / 2;
    let slots = examples * planes * ((2 * colours + 3) * area + intervals(rows) + intervals(columns));
    // By seed: parameters, where they start, gradient, both moments; noise; what the network says.
    let by_seed = 5 * problem.layout.len() + problem.layout.latents() + readout;
    let numbers = numbers(&problem) + 2 * readout + slots + seeds * by_seed + problem.layout.latents();
    (size_of::<f32>() * numbers) as u64
}

/// One puzzle's parameters, for one or several seeds.
pub struct FusedEngine<T> {
    model: Model<T>,
    reconstruction: GridReconstruction<T>,
    workspace: Workspace<T>,
    learners: Vec<Learner<T>>,
    noise: Vec<T>,
    problem: Problem,
    level: Level,
    team: Team,
    pool: Option<rayon::ThreadPool>,
}

impl<T: Float> FusedEngine<T> {
    /// Starts from `parameters`, one vector a seed, with so many threads (all by default).
    ///
    /// # Errors
    /// [`EngineError::Library`] where threads can't be started.
    pub fn new(problem: &Problem, parameters: &[Vec<f32>], threads: Option<usize>) -> Result<Self, EngineError> {
        Self::at_level(problem, parameters, threads, Level::best())
    }

    fn at_level(
        problem: &Problem,
        parameters: &[Vec<f32>],
        threads: Option<usize>,
        level: Level,
    ) -> Result<Self, EngineError> {
        let pool = pool(threads)?;
        let team = Team { several: pool.is_some() };
        let model = Model::new(problem, Purpose::Training, level, team);
        let convert = |values: &Vec<f32>| values.iter().map(|&value| T::of(f64::from(value))).collect();
        Ok(Self {
            workspace: model.workspace(&problem.plan),
            reconstruction: GridReconstruction::new(&problem.plan),
            learners: parameters.iter().map(|values| Learner::new(convert(values))).collect(),
            noise: vec![T::ZERO; problem.layout.latents()],
            problem: problem.clone(),
            model,
            level,
            team,
            pool,
        })
    }

    /// Losses and the gradient of one seed; nothing is allocated.
    fn evaluate(&mut self, seed: usize, step: usize, noise: &[f32]) -> f64 {
        for (to, &from) in self.noise.iter_mut().zip(noise) {
            *to = T::of(f64::from(from));
        }
        let Self { model, reconstruction, workspace, learners, noise, problem, level, team, pool } = self;
        let learner = &mut learners[seed];
        on(pool.as_ref(), || {
            model.forward(&learner.parameters, noise, workspace);
            let Workspace { readout, by_readout, .. } = workspace;
            let nats = reconstruction.run(*team, *level, readout, &problem.objective, step, by_readout);
            model.backward(&learner.parameters, noise, workspace, &mut learner.gradient);
            nats
        })
    }

    /// The latents that `noise` draws from one seed's posteriors, one number a coordinate in the layout's order, times their
    /// scaling: what [`Decoder::decode`] reads.
    pub fn draw(&mut self, seed: usize, noise: &[f32]) -> Vec<T> {
        for (to, &from) in self.noise.iter_mut().zip(noise) {
            *to = T::of(f64::from(from));
        }
        let Self { model, workspace, learners, noise, pool, .. } = self;
        on(pool.as_ref(), || model.forward(&learners[seed].parameters, noise, workspace));
        let mut latents = vec![T::ZERO; noise.len()];
        model.drawn(workspace, &mut latents);
        latents
    }

    /// One seed's step, evaluated under its `noise` before the update; gives the reconstruction in nats. Nothing is
    /// allocated (but for a block of the threads' queue, every 63 steps, where there are several).
    pub fn advance(&mut self, seed: usize, step: usize, noise: &[f32]) -> f64 {
        let nats = self.evaluate(seed, step, noise);
        let Self { learners, problem, level, team, pool, .. } = self;
        on(pool.as_ref(), || learners[seed].update(*team, *level, &problem.optimiser));
        nats
    }

    /// What the workspace holds after a seed's evaluation.
    fn evaluation(&self, reconstruction_nats: f64) -> Evaluation {
        let Workspace { readout, kl_by_tensor, .. } = &self.workspace;
        Evaluation {
            losses: Losses {
                kl_nats: kl_by_tensor.iter().sum(),
                reconstruction_nats,
                kl_by_tensor_nats: kl_by_tensor.to_vec(),
            },
            outputs: readout.outputs(),
        }
    }
}

/// Parameters and gradients pass the seam in f32, whatever the engine computes in.
impl<T: Float> Engine for FusedEngine<T> {
    fn name(&self) -> String {
        format!("{NAME} (cpu)")
    }

    fn gradients(&mut self, step: usize, noise: &[f32]) -> Result<(Vec<Evaluation>, Vec<f32>), EngineError> {
        let latents = self.problem.layout.latents();
        let mut evaluations = Vec::new();
        let mut gradients = Vec::new();
        for (seed, noise) in noise.chunks(latents).enumerate() {
            let nats = self.evaluate(seed, step, noise);
            evaluations.push(self.evaluation(nats));
            gradients.extend(self.learners[seed].gradient.iter().map(|gradient| gradient.to_f64() as f32));
        }
        Ok((evaluations, gradients))
    }

    fn step(&mut self, step: usize, noise: &[f32]) -> Result<Vec<Evaluation>, EngineError> {
        let latents = self.problem.layout.latents();
        let seeds = noise.chunks(latents).enumerate();
        Ok(seeds
            .map(|(seed, noise)| {
                let nats = self.advance(seed, step, noise);
                self.evaluation(nats)
            })
            .collect())
    }

    fn parameters(&self) -> Vec<f32> {
        self.learners.iter().flat_map(|learner| learner.parameters.iter().map(|value| value.to_f64() as f32)).collect()
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), EngineError> {
        let length = self.problem.layout.len();
        for (learner, values) in self.learners.iter_mut().zip(parameters.chunks_exact(length)) {
            for (parameter, &value) in learner.parameters.iter_mut().zip(values) {
                *parameter = T::of(f64::from(value));
            }
        }
        Ok(())
    }
}
