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
use rayon::prelude::*;
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

/// The most bytes of what a seed's step works in for which several seeds step at the same time, each in its own, which wastes
/// less of the threads; larger ones would take too much memory, and share the threads of one step.
const SMALL_BYTES: usize = 128 << 20;

/// How many seeds step at the same time, where one's step works in so many numbers.
fn lanes(numbers: usize, number_bytes: usize, seeds: usize, threads: usize) -> usize {
    if numbers * number_bytes > SMALL_BYTES { 1 } else { seeds.min(threads).max(1) }
}

/// Bytes that an engine with so many seeds holds with so many threads, to a few percent, by the sizes alone; so much that no
/// machine has it where the sizes are absurd.
pub fn memory_bytes(plan: &Plan, network: &Network, seeds: usize, threads: usize) -> u64 {
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
    let by_lane = numbers(&problem) + 2 * readout + slots + problem.layout.latents();
    let lanes = lanes(numbers(&problem), size_of::<f32>(), seeds, threads);
    (size_of::<f32>() * (lanes * by_lane + seeds * by_seed)) as u64
}

/// One puzzle's parameters, for one or several seeds.
pub struct FusedEngine<T> {
    model: Model<T>,
    lanes: Vec<Lane<T>>,
    learners: Vec<Learner<T>>,
    problem: Problem,
    level: Level,
    team: Team,
    pool: Option<rayon::ThreadPool>,
}

/// What one seed's step works in; seeds that step at the same time have one each.
struct Lane<T> {
    reconstruction: GridReconstruction<T>,
    workspace: Workspace<T>,
    noise: Vec<T>,
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
        let threads = pool.as_ref().map_or(1, rayon::ThreadPool::current_num_threads);
        let lane = |_| Lane {
            reconstruction: GridReconstruction::new(&problem.plan),
            workspace: model.workspace(&problem.plan),
            noise: vec![T::ZERO; problem.layout.latents()],
        };
        Ok(Self {
            lanes: (0..lanes(numbers(problem), size_of::<T>(), parameters.len(), threads)).map(lane).collect(),
            learners: parameters.iter().map(|values| Learner::new(convert(values))).collect(),
            problem: problem.clone(),
            model,
            level,
            team,
            pool,
        })
    }

    /// The latents that `noise` draws from one seed's posteriors, one number a coordinate in the layout's order, times their
    /// scaling: what [`Decoder::decode`] reads.
    pub fn draw(&mut self, seed: usize, noise: &[f32]) -> Vec<T> {
        let Self { model, lanes, learners, pool, .. } = self;
        let Lane { workspace, noise: drawn, .. } = &mut lanes[0];
        convert(noise, drawn);
        on(pool.as_ref(), || model.forward(&learners[seed].parameters, drawn, workspace));
        let mut latents = vec![T::ZERO; drawn.len()];
        model.drawn(workspace, &mut latents);
        latents
    }

    /// One seed's step, evaluated under its `noise` before the update; gives the reconstruction in nats. Nothing is
    /// allocated (but for a block of the threads' queue, every 63 steps, where there are several).
    pub fn advance(&mut self, seed: usize, step: usize, noise: &[f32]) -> f64 {
        let Self { model, lanes, learners, problem, level, team, pool } = self;
        let (lane, learner) = (&mut lanes[0], &mut learners[seed]);
        on(pool.as_ref(), || {
            let nats = lane.evaluate(model, problem, (*team, *level), learner, step, noise);
            learner.update(*team, *level, &problem.optimiser);
            nats
        })
    }

    /// Evaluates all seeds, as many at a time as there are lanes, and does something with what each has learnt; what that gives
    /// comes in the order of seeds.
    fn each<R: Send>(
        &mut self,
        step: usize,
        noise: &[f32],
        then: impl Fn(&mut Learner<T>) -> R + Sync,
    ) -> Vec<(Evaluation, R)> {
        let Self { model, lanes, learners, problem, level, team, pool } = self;
        let (count, latents) = (learners.len().div_ceil(lanes.len()), problem.layout.latents());
        let share = |lane: &mut Lane<T>, learners: &mut [Learner<T>], noise: &[f32]| -> Vec<_> {
            let seeds = learners.iter_mut().zip(noise.chunks(latents));
            seeds
                .map(|(learner, noise)| {
                    let nats = lane.evaluate(model, problem, (*team, *level), learner, step, noise);
                    (lane.evaluation(nats), then(learner))
                })
                .collect()
        };
        on(pool.as_ref(), || match &mut lanes[..] {
            [lane] => share(lane, learners, noise),
            lanes => {
                let shares = learners.par_chunks_mut(count).zip(noise.par_chunks(count * latents));
                let shares = lanes.par_iter_mut().zip(shares);
                shares.flat_map_iter(|(lane, (learners, noise))| share(lane, learners, noise)).collect()
            }
        })
    }
}

impl<T: Float> Lane<T> {
    /// Losses and the gradient of one seed; nothing is allocated.
    fn evaluate(
        &mut self,
        model: &Model<T>,
        problem: &Problem,
        (team, level): (Team, Level),
        learner: &mut Learner<T>,
        step: usize,
        noise: &[f32],
    ) -> f64 {
        let Self { reconstruction, workspace, noise: drawn } = self;
        convert(noise, drawn);
        model.forward(&learner.parameters, drawn, workspace);
        let Workspace { readout, by_readout, .. } = workspace;
        let nats = reconstruction.run(team, level, readout, &problem.objective, step, by_readout);
        model.backward(&learner.parameters, drawn, workspace, &mut learner.gradient);
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

fn convert<T: Float>(from: &[f32], to: &mut [T]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = T::of(f64::from(from));
    }
}

/// Parameters and gradients pass the seam in f32, whatever the engine computes in.
impl<T: Float> Engine for FusedEngine<T> {
    fn name(&self) -> String {
        format!("{NAME} (cpu)")
    }

    fn gradients(&mut self, step: usize, noise: &[f32]) -> Result<(Vec<Evaluation>, Vec<f32>), EngineError> {
        let gradient = |learner: &mut Learner<T>| -> Vec<f32> {
            learner.gradient.iter().map(|gradient| gradient.to_f64() as f32).collect()
        };
        let (evaluations, gradients): (_, Vec<_>) = self.each(step, noise, gradient).into_iter().unzip();
        Ok((evaluations, gradients.concat()))
    }

    fn step(&mut self, step: usize, noise: &[f32]) -> Result<Vec<Evaluation>, EngineError> {
        let (team, level, optimiser) = (self.team, self.level, self.problem.optimiser.clone());
        let evaluated = self.each(step, noise, |learner| learner.update(team, level, &optimiser));
        Ok(evaluated.into_iter().map(|(evaluation, ())| evaluation).collect())
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
