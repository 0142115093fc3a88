//! What this machine can do at most, with one thread and with two: memory traffic by a triad, and f32 fused multiply-adds.
//! `make bench-machine`, which compiles this file alone for the processor at hand; it needs nothing but `std`.
//!
//! Traffic is counted as the triad's two reads and one write; the line that a write fetches first is not.

use std::hint::black_box;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Instant;

/// Numbers of each of a thread's three arrays: 64 MiB, beyond its caches.
const LENGTH: usize = 1 << 24;
/// f32 numbers of a 512-bit register.
const LANES: usize = 16;
/// Sums that are open at once: two units of four steps each, and some to spare.
const SUMS: usize = 12;
const ROUNDS: usize = 1 << 19;
/// The best of so many trials is taken.
const TRIALS: usize = 100;

fn main() {
    if !cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        println!("skipped: compiled without fused multiply-adds; see `make bench-machine`");
        return;
    }
    println!("threads  triad GB/s  f32 fused multiply-adds, 10^9/s");
    for threads in [1, 2] {
        let bytes = (3 * 4 * LENGTH * threads) as f64;
        let operations = (LANES * SUMS * ROUNDS * threads) as f64;
        println!(
            "{threads:7}  {:10.1}  {:31.1}",
            bytes / best_seconds(threads, triad) * 1e-9,
            operations / best_seconds(threads, multiply_add) * 1e-9
        );
    }
}

/// The shortest trial, from the first thread's start to the last one's end. Trials are short, so that on a busy machine
/// some are left in peace.
fn best_seconds(threads: usize, worker: fn(&Trials)) -> f64 {
    let trials = Trials { barrier: Barrier::new(threads), times: Mutex::default() };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| worker(&trials));
        }
    });
    let times = trials.times.into_inner().expect("no worker failed");
    let seconds = |trial: usize| {
        let own = || times.iter().filter(|(which, ..)| *which == trial);
        let start = own().map(|(_, start, _)| *start).min().expect("every trial ran");
        let end = own().map(|(_, _, end)| *end).max().expect("every trial ran");
        (end - start).as_secs_f64()
    };
    (0..TRIALS).map(seconds).fold(f64::INFINITY, f64::min)
}

/// What workers share: which trial ran from when to when.
struct Trials {
    barrier: Barrier,
    times: Mutex<Vec<(usize, Instant, Instant)>>,
}

impl Trials {
    /// Runs `work` again and again, in step with the other threads.
    fn run(&self, mut work: impl FnMut()) {
        for trial in 0..TRIALS {
            self.barrier.wait();
            let start = Instant::now();
            work();
            let end = Instant::now();
            self.times.lock().expect("no worker failed").push((trial, start, end));
        }
    }
}

/// a = b + s · c.
fn triad(trials: &Trials) {
    let (mut a, b, c) = (vec![0.5f32; LENGTH], vec![1.5f32; LENGTH], vec![2.5f32; LENGTH]);
    trials.run(|| {
        let factor = black_box(3.0f32);
        for ((a, b), c) in a.iter_mut().zip(&b).zip(&c) {
            *a = factor.mul_add(*c, *b);
        }
        black_box(&mut a);
    });
}

fn multiply_add(trials: &Trials) {
    let (factor, term) = (black_box([0.5f32; LANES]), black_box([0.25f32; LANES]));
    let step = |sum: &mut [f32; LANES]| *sum = std::array::from_fn(|lane| sum[lane].mul_add(factor[lane], term[lane]));
    // Named one by one, so that they stay in registers.
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h, mut i, mut j, mut k, mut l] = [[0.5f32; LANES]; SUMS];
    trials.run(|| {
        for _ in 0..ROUNDS {
            step(&mut a);
            step(&mut b);
            step(&mut c);
            step(&mut d);
            step(&mut e);
            step(&mut f);
            step(&mut g);
            step(&mut h);
            step(&mut i);
            step(&mut j);
            step(&mut k);
            step(&mut l);
        }
        black_box([a, b, c, d, e, f, g, h, i, j, k, l]);
    });
}
