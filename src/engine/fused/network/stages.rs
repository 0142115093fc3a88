//! The stages of a step one by one, for `benches/layers.rs`: an inner layer's, where every tensor is live, and what comes
//! around the layers.
//!
//! In: a problem. Out: each stage can be run by itself, on what a whole step left.

use super::super::adam::Learner;
use super::super::directions::{directions, directions_back};
use super::super::hidden::{maps_and_hidden, maps_and_hidden_back};
use super::super::plan::Purpose;
use super::super::reconstruction::GridReconstruction;
use super::super::simd::Level;
use super::super::softmax::{softmax, softmax_back};
use super::super::team::{Team, on, pool};
use super::{Model, Workspace};
use crate::engine::{EngineError, Problem};

/// The layer whose stages are run.
const LAYER: usize = 1;
/// Any step.
const STEP: usize = 0;

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Messages from smaller tensors.
    ShareUp,
    /// Softmaxes over axis subsets.
    Softmax,
    /// Cumulative maximum and shift.
    Directions,
    /// Maps between directions, the SiLU layer, and the message to smaller tensors.
    Hidden,
    /// Messages from larger tensors, and the layer's end.
    ShareDown,
    /// −log p of the grids and its gradient.
    Reconstruction,
    /// Back through `ShareDown`.
    ShareDownBack,
    /// Back through `Hidden`.
    HiddenBack,
    /// Back through `Directions`.
    DirectionsBack,
    /// Back through `Softmax`, but for what the scores were read from.
    SoftmaxBack,
    /// Back through the softmaxes' scores and `ShareUp`.
    ShareUpBack,
    /// The optimiser.
    Adam,
    /// All of a step.
    Step,
}

impl Stage {
    /// All, in a step's order.
    pub const ALL: [Self; 13] = [
        Self::ShareUp,
        Self::Softmax,
        Self::Directions,
        Self::Hidden,
        Self::ShareDown,
        Self::Reconstruction,
        Self::ShareDownBack,
        Self::HiddenBack,
        Self::DirectionsBack,
        Self::SoftmaxBack,
        Self::ShareUpBack,
        Self::Adam,
        Self::Step,
    ];
}

/// A step whose stages can be run one by one.
pub struct Stages {
    model: Model<f32>,
    reconstruction: GridReconstruction<f32>,
    workspace: Workspace<f32>,
    learner: Learner<f32>,
    noise: Vec<f32>,
    problem: Problem,
    /// The arena as a step finds it when its backward pass comes to the layer.
    arena: Vec<f32>,
    pool: Option<rayon::ThreadPool>,
}

impl Stages {
    /// Runs a step up to the layer's backward pass.
    ///
    /// # Errors
    /// [`EngineError::Library`] where threads can't be started.
    pub fn new(problem: &Problem, threads: usize) -> Result<Self, EngineError> {
        let pool = pool(Some(threads))?;
        let model = Model::new(problem, Purpose::Training, Level::best(), Team { several: pool.is_some() });
        let mut stages = Self {
            reconstruction: GridReconstruction::new(&problem.plan),
            workspace: model.workspace(&problem.plan),
            learner: Learner::new(problem.layout.initial_values(0)),
            noise: vec![0.0; problem.layout.latents()],
            problem: problem.clone(),
            arena: Vec::new(),
            model,
            pool,
        };
        crate::rng::step_noise(0, STEP, &mut stages.noise);
        let Self { model, workspace, learner, noise, .. } = &mut stages;
        model.forward(&learner.parameters, noise, workspace);
        stages.run(Stage::Reconstruction);
        let Self { model, workspace, learner, .. } = &mut stages;
        model.heads_back(&learner.parameters, workspace, &mut learner.gradient);
        let Workspace { arena, records, transposed, record_gradients, .. } = workspace;
        for layer in (LAYER + 1..model.network.layers).rev() {
            model.layer_back(layer, &model.context(layer, records, transposed), arena, record_gradients);
        }
        stages.arena.clone_from(&stages.workspace.arena);
        Ok(stages)
    }

    /// Puts activations back to where [`Stages::new`] left them: stages work in place.
    pub fn rewind(&mut self) {
        self.workspace.arena.copy_from_slice(&self.arena);
    }

    /// Runs a stage.
    pub fn run(&mut self, stage: Stage) {
        let Self { model, reconstruction, workspace, learner, noise, problem, pool, .. } = self;
        on(pool.as_ref(), || match stage {
            Stage::Reconstruction => reconstruct(model, reconstruction, workspace, problem),
            Stage::Adam => learner.update(model.team, model.level, &problem.optimiser),
            Stage::Step => {
                model.forward(&learner.parameters, noise, workspace);
                reconstruct(model, reconstruction, workspace, problem);
                model.backward(&learner.parameters, noise, workspace, &mut learner.gradient);
                learner.update(model.team, model.level, &problem.optimiser);
            }
            _ => model.stage(stage, workspace),
        });
    }
}

fn reconstruct(
    model: &Model<f32>,
    reconstruction: &mut GridReconstruction<f32>,
    workspace: &mut Workspace<f32>,
    problem: &Problem,
) {
    let Workspace { readout, by_readout, .. } = workspace;
    reconstruction.run(model.team, model.level, readout, &problem.objective, STEP, by_readout);
}

impl Model<f32> {
    fn stage(&self, stage: Stage, workspace: &mut Workspace<f32>) {
        let Workspace { arena, records, transposed, record_gradients, .. } = workspace;
        let context = &self.context(LAYER, records, transposed);
        let live = &self.live[LAYER];
        match stage {
            Stage::ShareUp => {
                self.messages_up(LAYER, context, arena);
                self.each(arena, &live.inner, |plan, slab| self.receive_up(context, plan, slab, &plan.layers[LAYER]));
            }
            Stage::Softmax => {
                self.each(arena, &live.inner, |plan, slab| softmax(context, plan, slab, &plan.layers[LAYER]));
            }
            Stage::Directions => {
                self.each(arena, &live.inner, |plan, slab| directions(context, plan, slab, &plan.layers[LAYER]));
            }
            Stage::Hidden => {
                self.each(arena, &live.inner, |plan, slab| maps_and_hidden(context, plan, slab, &plan.layers[LAYER]));
            }
            Stage::ShareDown => {
                self.down(LAYER, &live.inner).sum(arena);
                self.each(arena, &live.output, |plan, slab| self.receive_down(LAYER, context, plan, slab));
            }
            Stage::ShareDownBack => self.receive_down_back(LAYER, context, arena, record_gradients),
            Stage::HiddenBack => self.each_with_record(LAYER, arena, record_gradients, |plan, slab, gradient| {
                maps_and_hidden_back(context, plan, slab, &plan.layers[LAYER], gradient);
            }),
            Stage::DirectionsBack => self.each_with_record(LAYER, arena, record_gradients, |plan, slab, gradient| {
                directions_back(context, plan, slab, &plan.layers[LAYER], gradient);
            }),
            Stage::SoftmaxBack => self.each_with_record(LAYER, arena, record_gradients, |plan, slab, gradient| {
                softmax_back(context, plan, slab, &plan.layers[LAYER], gradient);
            }),
            Stage::ShareUpBack => self.receive_up_back(LAYER, context, arena, record_gradients),
            Stage::Reconstruction | Stage::Adam | Stage::Step => {}
        }
    }
}
