//! What memory the machine has, and how many fits go into it side by side.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that are free now, under the limits of a container, too; none where the system doesn't say.
pub fn available_bytes() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let machine = Some(system.available_memory()).filter(|&bytes| bytes > 0);
    // What a container has in caches of files is as good as free.
    let container = system.cgroup_limits().map(|limits| limits.total_memory.saturating_sub(limits.rss));
    machine.into_iter().chain(container).min()
}

/// How many workers, at most so many, can never need more than `available` together; at least one.
pub(super) fn side_by_side(bytes: impl Iterator<Item = u64>, workers: usize, available: u64) -> usize {
    let mut bytes: Vec<u64> = bytes.collect();
    bytes.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = 0u64;
    let fit = bytes.iter().take(workers).take_while(|&&bytes| {
        sum = sum.saturating_add(bytes);
        sum <= available
    });
    // Where there are fewer puzzles than workers, all that there are go side by side.
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_must_go_side_by_side() {
        let fit = |workers, available| side_by_side([3, 10, 5].into_iter(), workers, available);
        assert_eq!([fit(2, 15), fit(2, 14), fit(3, 18), fit(3, 17)], [2, 1, 3, 2]);
        assert_eq!(fit(4, 2), 1, "a single one always begins: its own fault is told before");
        assert_eq!(side_by_side([u64::MAX, u64::MAX].into_iter(), 2, u64::MAX - 1), 1);
    }

    #[test]
    fn this_machine_says_what_it_has() {
        assert!(available_bytes().is_none_or(|bytes| bytes > 1 << 20));
    }
}
