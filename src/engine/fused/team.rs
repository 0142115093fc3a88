//! Who does the tasks of a step: the calling thread alone, or all threads of the pool that it runs in.
//!
//! In: tasks whose bounds do not depend on the number of threads. Out: the same bits, however many there are.

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
