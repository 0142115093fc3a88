//! Seconds per training step, median, on five puzzles of the training split whose peer's times are known. `make bench`.

use clap::Parser;
use std::path::PathBuf;
use std::time::Instant;
use tenfold::internals::data::load_puzzles;
use tenfold::internals::engine::{self, Device, EngineKind, Problem};
use tenfold::internals::model::{Network, Objective, Optimiser, Plan};
use tenfold::internals::rng;

#[derive(Parser)]
struct Arguments {
    /// A file or folder of tasks.
    #[arg(long, default_value = "../shared/arc/arc-agi-1/arc-agi_training_challenges.json")]
    tasks: PathBuf,
    #[arg(long, num_args = 1.., default_values = ["8be77c9e", "234bbc79", "b8cdaf2b", "272f95fa", "3631a71a"])]
    task: Vec<String>,
    #[arg(long, default_value_t = 20)]
    steps: usize,
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    #[arg(long, value_enum, default_value = "auto")]
    engine: EngineKind,
    #[arg(long, value_enum, default_value = "cpu")]
    device: Device,
    #[arg(long)]
    threads: Option<usize>,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if !arguments.tasks.exists() {
        println!("skipped: no {}; name tasks with --tasks", arguments.tasks.display());
        return Ok(());
    }
    println!("puzzle    examples colours rows columns  seconds/step");
    for puzzle in load_puzzles(&[arguments.tasks], &arguments.task, None)? {
        let problem = Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default());
        let starts: Vec<Vec<f32>> = (0..arguments.seeds).map(|seed| problem.layout.initial_values(seed)).collect();
        let mut engine = engine::create(&problem, &starts, arguments.engine, arguments.device, arguments.threads)?;
        let mut noise = vec![0.0; problem.layout.latents() * starts.len()];
        let mut seconds = Vec::new();
        for step in 0..arguments.steps {
            let start = Instant::now();
            for (seed, noise) in (0..).zip(noise.chunks_mut(problem.layout.latents())) {
                rng::step_noise(seed, step, noise);
            }
            engine.step(step, &noise)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        let dimensions = &problem.plan.dimensions;
        println!(
            "{:9} {:8} {:7} {:4} {:7}  {:.4}",
            puzzle.id,
            dimensions.examples,
            dimensions.colours,
            dimensions.rows,
            dimensions.columns,
            seconds[seconds.len() / 2]
        );
    }
    Ok(())
}
