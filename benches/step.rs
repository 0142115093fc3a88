//! Seconds per training step, median, on five puzzles of the training split whose peer's times are known. `make bench`.

use clap::Parser;
use std::path::PathBuf;
use std::time::Instant;
use tenfold::internals::data::load_puzzles;
use tenfold::internals::engine::{self, Device, EngineKind, Problem};
use tenfold::internals::model::{Dimensions, Network, Objective, Optimiser, Plan};
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
    /// All tasks as one batch of the torch engine, instead of one after the other.
    #[arg(long)]
    batch: bool,
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
    let mut problems = Vec::new();
    for puzzle in load_puzzles(&[arguments.tasks], &arguments.task, None)? {
        let problem = Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default());
        problems.push((puzzle.id, problem));
    }
    let width = if arguments.batch { problems.len() } else { 1 };
    for batch in problems.chunks(width.max(1)) {
        let starts: Vec<(&Problem, u64, Vec<f32>)> = batch
            .iter()
            .flat_map(|(_, problem)| {
                (0..arguments.seeds).map(move |seed| (problem, seed, problem.layout.initial_values(seed)))
            })
            .collect();
        let mut engine = if arguments.batch {
            let members: Vec<_> = starts.iter().map(|(problem, _, start)| (*problem, &start[..])).collect();
            engine::create_batch(&members, arguments.engine, arguments.device, arguments.threads)?
        } else {
            let seeds: Vec<Vec<f32>> = starts.iter().map(|(_, _, start)| start.clone()).collect();
            engine::create(&batch[0].1, &seeds, arguments.engine, arguments.device, arguments.threads)?
        };
        let mut noise = vec![0.0; starts.iter().map(|(problem, ..)| problem.layout.latents()).sum()];
        let mut seconds = Vec::new();
        for step in 0..arguments.steps {
            let start = Instant::now();
            let mut rest = &mut noise[..];
            for (problem, seed, _) in &starts {
                let (own, after) = rest.split_at_mut(problem.layout.latents());
                rest = after;
                rng::step_noise(*seed, step, own);
            }
            engine.step(step, &noise)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.remove(0);
        seconds.sort_by(f64::total_cmp);
        for (id, problem) in batch {
            let Dimensions { examples, colours, rows, columns, .. } = problem.plan.dimensions;
            println!("{id:9} {examples:8} {colours:7} {rows:4} {columns:7}  {:.4}", seconds[seconds.len() / 2]);
        }
    }
    Ok(())
}
