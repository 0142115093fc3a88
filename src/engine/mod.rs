//! How the network runs. An engine holds the parameters of one puzzle, for one or several seeds, and does whole training
//! steps on them: the seam is the step, not the operation.
//!
//! In: a [`Plan`], settings and noise. Out: losses and outputs. Two engines given the same parameters and the same
//! noise agree to rounding. [`article`] is the same seam for articles.

pub mod article;
pub mod fused;
pub mod gist;
#[cfg(feature = "torch")]
mod torch;

use crate::model::{Axes, Layout, Network, Objective, Optimiser, Plan};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// The processor.
    Cpu,
    /// The first CUDA device.
    Cuda,
    /// CUDA where there is one, else the processor.
    Auto,
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Auto => "auto",
        })
    }
}

/// Which engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Rust, on the processor.
    Fused,
    /// libtorch, on the processor or on CUDA.
    Torch,
    /// libtorch where it has a CUDA device, else fused.
    Auto,
}

impl fmt::Display for EngineKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Fused => "fused",
            Self::Torch => "torch",
            Self::Auto => "auto",
        })
    }
}

/// Why an engine can't be had or didn't finish.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The binary was built without the torch engine.
    #[error("the torch engine: this binary was built without it")]
    NotBuilt,
    /// CUDA was asked for and isn't there.
    #[error("CUDA: {why}")]
    NoCuda {
        /// What is missing.
        why: String,
    },
    /// A batch's puzzles have different settings or numbers of planes, or there is none.
    #[error("a batch needs puzzles with one network, one loss and as many planes each")]
    Unlike,
    /// Batches are the torch engine's alone.
    #[error("batches of puzzles: the torch engine has them, the {0} engine has not")]
    NoBatches(EngineKind),
    /// The library below has not the memory.
    #[error("the {engine} engine has not the memory: {message}")]
    OutOfMemory {
        /// The engine's name.
        engine: &'static str,
        /// What it said.
        message: String,
    },
    /// The library below failed.
    #[error("the {engine} engine failed: {message}")]
    Library {
        /// The engine's name.
        engine: &'static str,
        /// What it said.
        message: String,
    },
}

/// What one seed's step costs, before its update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// KL(q‖p) of all latents.
    pub kl_nats: f64,
    /// −log p(puzzle | z), not weighted.
    pub reconstruction_nats: f64,
    /// The KL of each tensor's latents, in canonical order.
    pub kl_by_tensor_nats: Vec<f64>,
}

/// What the network says of the puzzle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// Colour logits, (example, colour without black, row, column, plane); black's are 0.
    pub logits: Vec<f32>,
    /// Log-odds of each row to be part of the grid, (example, row, plane); −1000 is added where it can't be.
    pub row_mask: Vec<f32>,
    /// The same for columns, (example, column, plane).
    pub column_mask: Vec<f32>,
}

/// Losses and outputs of one seed at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// What it costs.
    pub losses: Losses,
    /// What it says.
    pub outputs: Outputs,
}

/// What an engine is asked to fit.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The puzzle.
    pub plan: Plan,
    /// The network's settings.
    pub network: Network,
    /// Its parameters' places.
    pub layout: Layout,
    /// The loss.
    pub objective: Objective,
    /// The optimiser.
    pub optimiser: Optimiser,
}

impl Problem {
    /// Puts together what a puzzle and the settings imply.
    pub fn new(plan: Plan, network: Network, objective: Objective, optimiser: Optimiser) -> Self {
        let layout = Layout::new(&network, &plan.dimensions);
        Self { plan, network, layout, objective, optimiser }
    }
}

/// Fits one puzzle for several seeds at once. All vectors are seed-major; `noise` is (seed, latent coordinate) in the
/// layout's order and `parameters` (seed, parameter).
pub trait Engine {
    /// A short name with the device, for records.
    fn name(&self) -> String;

    /// Losses and outputs under `noise`, and the gradient of the loss by every parameter; nothing is updated.
    ///
    /// # Errors
    /// [`EngineError::Library`] when the library below fails.
    fn gradients(&mut self, step: usize, noise: &[f32]) -> Result<(Vec<Evaluation>, Vec<f32>), EngineError>;

    /// One training step: evaluates under `noise`, then updates the parameters by Adam.
    ///
    /// # Errors
    /// [`EngineError::Library`] when the library below fails.
    fn step(&mut self, step: usize, noise: &[f32]) -> Result<Vec<Evaluation>, EngineError>;

    /// The parameters as they are now.
    fn parameters(&self) -> Vec<f32>;

    /// Puts other parameters, as many, in their place; the optimiser's moments stay.
    ///
    /// # Errors
    /// [`EngineError::Library`] when the library below fails.
    fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), EngineError>;
}

/// The engine for `problem`, starting from `parameters` (one vector a seed), with so many threads (all by default).
///
/// # Errors
/// Where the binary lacks the engine, the engine the device, or the machine either.
pub fn create(
    problem: &Problem,
    parameters: &[Vec<f32>],
    kind: EngineKind,
    device: Device,
    threads: Option<usize>,
) -> Result<Box<dyn Engine>, EngineError> {
    match resolve(kind, device)? {
        #[cfg(feature = "torch")]
        EngineKind::Torch => {
            let members: Vec<_> = parameters.iter().map(|start| (problem, start.as_slice())).collect();
            Ok(Box::new(torch::TorchEngine::new(&members, device, threads)?))
        }
        _ => Ok(Box::new(fused::FusedEngine::<f32>::new(problem, parameters, threads)?)),
    }
}

/// The engine for a batch of problems, each with the parameters that it starts from. To the [`Engine`] a problem is what a
/// seed is to that of [`create`]: its vectors hold the problems' one after the other, each as long as its own layout says.
///
/// # Errors
/// As [`create`]; [`EngineError::NoBatches`] where the engine is not libtorch's, [`EngineError::Unlike`] where the problems
/// can't be a batch.
pub fn create_batch(
    members: &[(&Problem, &[f32])],
    kind: EngineKind,
    device: Device,
    threads: Option<usize>,
) -> Result<Box<dyn Engine>, EngineError> {
    match resolve(kind, device)? {
        #[cfg(feature = "torch")]
        EngineKind::Torch => Ok(Box::new(torch::TorchEngine::new(members, device, threads)?)),
        kind => {
            let _ = (members, threads);
            Err(EngineError::NoBatches(kind))
        }
    }
}

/// Which engine `kind` stands for on a device: `auto` is libtorch where it has a CUDA device and may use it, else fused.
///
/// # Errors
/// Where the binary lacks the engine, or the engine the device.
pub fn resolve(kind: EngineKind, device: Device) -> Result<EngineKind, EngineError> {
    let torch = cfg!(feature = "torch");
    match (kind, device) {
        (EngineKind::Fused, Device::Cuda) => {
            Err(EngineError::NoCuda { why: "the fused engine runs on the processor".into() })
        }
        (EngineKind::Torch, _) if !torch => Err(EngineError::NotBuilt),
        (EngineKind::Auto, Device::Cuda) if !torch => {
            Err(EngineError::NoCuda { why: "this binary was built without the torch engine".into() })
        }
        (EngineKind::Auto, Device::Cuda) => Ok(EngineKind::Torch),
        #[cfg(feature = "torch")]
        (EngineKind::Auto, Device::Auto) if torch::has_cuda() => Ok(EngineKind::Torch),
        (EngineKind::Auto, _) => Ok(EngineKind::Fused),
        (kind, _) => Ok(kind),
    }
}

/// The engines that this binary has.
pub fn available() -> Vec<EngineKind> {
    let mut kinds = vec![EngineKind::Fused];
    if cfg!(feature = "torch") {
        kinds.push(EngineKind::Torch);
    }
    kinds
}

/// The names of the tensors, in the order of [`Losses::kl_by_tensor_nats`].
pub fn tensor_names() -> Vec<String> {
    Axes::all().map(|axes| axes.to_string()).collect()
}
