//! Time of each stage of the fused engine's step, one layer of four, on the sizes of puzzle b8cdaf2b: `make bench-layers`.
//!
//! Every run of a stage finds its data where a whole step left them; copying them there is not timed, but leaves caches as
//! the copy does and not as the stage before.

use std::cell::RefCell;
use tenfold::internals::data::{Grid, Pair, Puzzle};
use tenfold::internals::engine::Problem;
use tenfold::internals::engine::fused::{Stage, Stages};
use tenfold::internals::model::{Network, Objective, Optimiser, Plan};

fn main() {
    divan::main();
}

#[divan::bench(args = Stage::ALL, sample_size = 1, sample_count = 60)]
fn one_thread(bencher: divan::Bencher, stage: Stage) {
    run(bencher, stage, 1);
}

#[divan::bench(args = Stage::ALL, sample_size = 1, sample_count = 60)]
fn two_threads(bencher: divan::Bencher, stage: Stage) {
    run(bencher, stage, 2);
}

fn run(bencher: divan::Bencher, stage: Stage, threads: usize) {
    let stages = RefCell::new(Stages::new(&problem(), threads).expect("threads start"));
    bencher.with_inputs(|| stages.borrow_mut().rewind()).bench_local_values(|()| stages.borrow_mut().run(stage));
}

/// Five examples of 9 × 9 cells in black and six colours.
fn problem() -> Problem {
    let grid = |seed: usize| {
        let cells = (0..81).map(|cell| ((cell * (seed + 7) + cell / 9 * seed) % 7) as u8).collect();
        Grid::new(9, 9, cells).expect("a grid of 9 × 9")
    };
    let train = (0..4).map(|pair| Pair { input: grid(2 * pair), output: grid(2 * pair + 1) }).collect();
    let puzzle = Puzzle { id: "layers".into(), train, test: vec![grid(8)], solutions: None };
    Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default())
}
