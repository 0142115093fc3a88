//! Solves the puzzles of a folder or file and says what became of each: `cargo run --release --example solve -- arc_tasks 100`.
//! Without arguments it fits one puzzle for a few steps, which is enough to see the calls, not to solve it.

use std::error::Error;
use std::ops::ControlFlow;
use tenfold::puzzle::{self, Config, LoadOptions, SolveOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or("arc_tasks/frame_grid.json".into());
    let steps = arguments.next().map_or(Ok(20), |steps| steps.parse())?;

    let loaded = puzzle::load(&[path.into()], &LoadOptions::default())?;
    for refused in &loaded.refused {
        eprintln!("skipped: {}", refused.error);
    }
    let options = SolveOptions { config: Config { steps, ..Config::default() }, ..SolveOptions::default() };
    let outcomes = puzzle::solve_all(&loaded, &options, |index, progress| {
        if progress.step % 10 == 0 {
            eprintln!("{}: step {}, {:.0} bits", loaded.puzzles[index].id, progress.step, progress.bits.0);
        }
        ControlFlow::Continue(())
    })?;
    for (puzzle, outcome) in loaded.puzzles.iter().zip(&outcomes) {
        match outcome.record() {
            Some(record) => {
                println!("{}", record.summary());
                println!("first attempt at the first test: {:?}", record.attempts[0].attempt_1.to_rows());
            }
            None => println!("{}: not fitted", puzzle.id),
        }
    }
    Ok(())
}
