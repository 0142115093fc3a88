//! Who does the tasks of a step: the calling thread alone, or all threads of the pool that it runs in.
//!
//! In: tasks whose bounds do not depend on the number of threads. Out: the same bits, however many there are.

use crate::engine::EngineError;

/// A pool of so many threads (all by default); none for one.
///
/// # Errors
/// [`EngineError::Library`] where threads can't be started.
pub fn pool(threads: Option<usize>) -> Result<Option<rayon::ThreadPool>, EngineError> {
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build()).transpose();
    pool.map_err(|error| EngineError::Library { engine: super::NAME, message: error.to_string() })
}

/// Runs `work` among a pool's threads, or here.
pub fn on<R: Send>(pool: Option<&rayon::ThreadPool>, work: impl FnOnce() -> R + Send) -> R {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// One thread or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Team {
    /// Whether tasks may be given to other threads.
    pub several: bool,
}

impl Team {
    /// The fewest tasks that are kept together, for rayon: all, when there is one thread.
    pub fn least(self) -> usize {
        if self.several { 1 } else { usize::MAX }
    }
}
