//! How the time of a run is shared among its puzzles, as a competition's hours are.
//!
//! In: a deadline, workers, and for each puzzle a weight, in proportion to what a step of it takes. Out: when each fit has to
//! end, decided when it begins, from what is left then: the workers' time until the deadline, less what was promised to fits
//! that are running, goes to the puzzles that have not begun, by weight. So all get about as many steps, what one doesn't
//! use goes to those after it, and none ends after the deadline.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct Shares {
    deadline: Instant,
    workers: usize,
    weights: Vec<f64>,
    state: Mutex<State>,
}

struct State {
    /// Puzzles that have not begun, and the sum of their weights.
    left: usize,
    weight_left: f64,
    /// By puzzle, when those that run have to end.
    running: HashMap<usize, Instant>,
}

impl Shares {
    pub(super) fn new(deadline: Instant, workers: usize, weights: Vec<f64>) -> Self {
        let state = State { left: weights.len(), weight_left: weights.iter().sum(), running: HashMap::new() };
        Self { deadline, workers, weights, state: Mutex::new(state) }
    }

    /// When a puzzle that begins now has to end; none if the time is over.
    pub(super) fn begin(&self, index: usize, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        let time = self.deadline.saturating_duration_since(now);
        let promised: Duration = state.running.values().map(|end| end.saturating_duration_since(now)).sum();
        let free = (time * self.workers as u32).saturating_sub(promised);
        let used = used(state.left, state.running.len(), self.workers);
        let rest = state.weight_left;
        let part = if rest > 0.0 { (self.weights[index] / rest).min(1.0) } else { 1.0 };
        let share = free.as_secs_f64() * used * part;
        state.left -= 1;
        state.weight_left -= self.weights[index];
        if time.is_zero() {
            return None;
        }
        let end = now + time.min(Duration::try_from_secs_f64(share).unwrap_or(time));
        state.running.insert(index, end);
        Some(end)
    }

    /// A puzzle has ended, in time or before.
    pub(super) fn end(&self, index: usize) {
        self.state().running.remove(&index);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of the workers' free time that is used. The last round may leave workers idle, and their time is nobody's; those
/// that run have begun the present round.
fn used(left: usize, running: usize, workers: usize) -> f64 {
    let places = (left + running).div_ceil(workers) * workers - running;
    left as f64 / places as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs puzzles that use `used` of their share each, and gives for each its share and when it ended, from the beginning.
    fn simulate(workers: usize, limit: Duration, puzzles: &[(f64, f64)]) -> Vec<(Duration, Duration)> {
        let begin = Instant::now();
        let shares = Shares::new(begin + limit, workers, puzzles.iter().map(|&(weight, _)| weight).collect());
        let mut free = vec![begin; workers];
        let mut ended: Vec<(usize, Instant)> = Vec::new();
        let mut result = Vec::new();
        for (index, &(_, used)) in puzzles.iter().enumerate() {
            let worker = (0..workers).min_by_key(|&worker| free[worker]).unwrap();
            let now = free[worker];
            ended.retain(|&(puzzle, end)| {
                if end <= now {
                    shares.end(puzzle);
                }
                end > now
            });
            let share = shares.begin(index, now).map_or(Duration::ZERO, |end| end - now);
            free[worker] = now + share.mul_f64(used);
            ended.push((index, free[worker]));
            result.push((share, free[worker] - begin));
        }
        result
    }

    #[test]
    fn equal_puzzles_get_equal_shares() {
        let hour = Duration::from_hours(1);
        for (share, _) in simulate(4, hour, &[(1.0, 1.0); 240]) {
            assert!((share.as_secs_f64() - 60.0).abs() < 1.0, "{share:?}");
        }
        for (share, _) in simulate(2, hour, &[(1.0, 1.0); 3]) {
            assert!(share.as_secs_f64() > 0.499 * hour.as_secs_f64(), "one idle worker at the end: {share:?}");
        }
        assert_eq!(simulate(3, hour, &[(5.0, 1.0)])[0].0, hour / 3 * 3, "a lone puzzle has all");
    }

    #[test]
    fn a_puzzle_twice_as_large_gets_twice_as_long() {
        let shares = simulate(1, Duration::from_secs(30), &[(1.0, 1.0), (2.0, 1.0)]);
        assert!((shares[1].0.as_secs_f64() / shares[0].0.as_secs_f64() - 2.0).abs() < 1e-6, "{shares:?}");
    }

    #[test]
    fn what_is_not_used_goes_to_those_after() {
        let shares = simulate(1, Duration::from_secs(40), &[(1.0, 0.0), (1.0, 1.0), (1.0, 0.5), (1.0, 1.0)]);
        let seconds: Vec<f64> = shares.iter().map(|(share, _)| share.as_secs_f64()).collect();
        for (found, expected) in seconds.iter().zip([10.0, 40.0 / 3.0, 40.0 / 3.0, 20.0]) {
            assert!((found - expected).abs() < 1e-3, "{seconds:?}");
        }
    }

    proptest! {
        #[test]
        fn every_puzzle_gets_something_and_the_last_ends_in_time(
            workers in 1usize..9,
            puzzles in prop::collection::vec((1f64..1000.0, 0f64..=1.0), 1..60)
        ) {
            let limit = Duration::from_secs(1000);
            let shares = simulate(workers, limit, &puzzles);
            for &(share, end) in &shares {
                prop_assert!(share > Duration::ZERO, "{:?}", shares);
                prop_assert!(end <= limit);
            }
        }
    }
}
