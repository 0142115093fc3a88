//! The decoder of files: from weights and latents to what the network says, forward only.
//!
//! What is guaranteed: the same parameters and latents give the same outputs, bit for bit, for any number of threads and on
//! any machine whose f32 arithmetic is IEEE 754 with subnormal numbers, whatever vector instructions it has. The order of
//! every sum is fixed by the puzzle's sizes; products are added by fused multiply-adds everywhere, in hardware or not; the
//! exponential is a polynomial of this crate; of the platform's mathematics only square roots and divisions are used,
//! which IEEE 754 defines exactly. Golden bit patterns in this folder's tests pin it: a change that moves them is a new
//! version of every format that builds on it.

use super::network::{Model, Workspace};
use super::plan::Purpose;
use super::simd::Level;
use super::team::{Team, on, pool};
use crate::engine::{EngineError, Outputs, Problem};

/// See the module's documentation.
pub struct Decoder {
    model: Model<f32>,
    workspace: Workspace<f32>,
    pool: Option<rayon::ThreadPool>,
}

impl Decoder {
    /// Prepares for a problem, with so many threads (all by default).
    ///
    /// # Errors
    /// [`EngineError::Library`] where threads can't be started.
    pub fn new(problem: &Problem, threads: Option<usize>) -> Result<Self, EngineError> {
        Self::at_level(problem, threads, Level::best())
    }

    pub(super) fn at_level(problem: &Problem, threads: Option<usize>, level: Level) -> Result<Self, EngineError> {
        let pool = pool(threads)?;
        let model = Model::new(problem, Purpose::Decoding, level, Team { several: pool.is_some() });
        Ok(Self { workspace: model.workspace(&problem.plan), model, pool })
    }

    /// What the network says. `parameters`: in the layout's order; of these only weights are read, not the posteriors.
    /// `latents`: one number a coordinate in the layout's order, times its scaling ([`super::FusedEngine::draw`] gives
    /// such).
    pub fn decode(&mut self, parameters: &[f32], latents: &[f32]) -> Outputs {
        let Self { model, workspace, pool } = self;
        on(pool.as_ref(), || model.decode(parameters, latents, workspace));
        workspace.readout.outputs()
    }
}
