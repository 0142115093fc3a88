//! What puzzles cost as files, a line of CSV each: raw, order 0, xz, and sections of our file, with whether the answer
//! that the code implies is right. Every file is decoded again. `cargo bench --bench puzzle_files -- --help` says how.

use clap::Parser;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;
use tenfold::internals::code::Channel;
use tenfold::internals::data::load_puzzles;
use tenfold::internals::lab::baselines;
use tenfold::internals::pipeline::puzzle::{Method, PuzzleSettings, Weights, compress, decompress, inspect};

#[derive(Parser)]
struct Arguments {
    /// A task, a folder of them or a challenges file.
    #[arg(long, default_value = "arc_tasks")]
    tasks: PathBuf,
    #[arg(long, num_args = 1..)]
    task: Vec<String>,
    #[arg(long)]
    solutions: Option<PathBuf>,
    #[arg(long, default_value_t = 400)]
    steps: usize,
    #[arg(long, default_value_t = 0)]
    seed: u32,
    #[arg(long, value_enum, num_args = 1.., default_values = ["seed"])]
    weights: Vec<Weights>,
    /// The Gaussian channel.
    #[arg(long)]
    blocks: bool,
    #[arg(long)]
    reconstruction_weight: Option<f64>,
    #[arg(long)]
    pressure: Option<f64>,
    #[arg(long)]
    coarseness: Option<f64>,
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Where files go, if they are kept.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Print losses on the way, every so many steps.
    #[arg(long)]
    trace: Option<usize>,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    println!(
        "puzzle,channel,weights,steps,reconstruction_weight,cells,raw_bits,order0_bits,xz_bits,file_bits,frame_bits,header_bits,latent_bits,latent_kl_bits,latent_estimate_bits,latent_gaussian_bits,weight_bits,weights_moved,residual_bits,residual_estimate_bits,channels,right,seconds"
    );
    for puzzle in load_puzzles(std::slice::from_ref(&arguments.tasks), &arguments.task, arguments.solutions.as_deref())?
    {
        for &weights in &arguments.weights {
            let default = PuzzleSettings::default();
            let settings = PuzzleSettings {
                method: Method::Latents,
                steps: arguments.steps,
                seed: arguments.seed,
                channel: if arguments.blocks { Channel::Blocks } else { Channel::Dithered },
                weights,
                reconstruction_weight: arguments.reconstruction_weight.unwrap_or(default.reconstruction_weight),
                pressure: arguments.pressure.unwrap_or(default.pressure),
                coarseness: arguments.coarseness.unwrap_or(default.coarseness),
                threads: Some(arguments.threads),
            };
            let start = Instant::now();
            let compressed = compress(&puzzle, &settings, &mut |step, evaluation| {
                if arguments.trace.is_some_and(|every| step % every == 0) {
                    let losses = &evaluation.losses;
                    let bits = |nats: f64| nats / std::f64::consts::LN_2;
                    eprintln!(
                        "{} {weights:?} step {step}: KL {:.0} bits, reconstruction {:.0} bits",
                        puzzle.id,
                        bits(losses.kl_nats),
                        bits(losses.reconstruction_nats)
                    );
                }
                ControlFlow::Continue(())
            })?;
            let file = &compressed.file;
            let seconds = start.elapsed().as_secs_f64();
            if let Some(folder) = &arguments.keep {
                std::fs::create_dir_all(folder)?;
                std::fs::write(folder.join(format!("{}-{weights:?}.tenfold", puzzle.id)), file)?;
            }
            let right = match (&decompress(file, Some(2))?.solutions, &puzzle.solutions) {
                (Some(answers), Some(solutions)) => {
                    if answers == solutions {
                        "yes"
                    } else {
                        "no"
                    }
                }
                _ => "",
            };
            let summary = inspect(file, Some(arguments.threads))?;
            let line = |name: &str| summary.ledger.entries().iter().find(|entry| entry.name == name);
            let bits = |name: &str| line(name).map_or(0, |entry| entry.bits);
            let estimate = |name: &str| line(name).and_then(|entry| entry.estimate_bits).unwrap_or(0.0);
            let gaussian: f64 =
                summary.channels.iter().map(|channel| channel.coordinates as f64 * channel.rate_nats).sum::<f64>();
            let peers = baselines(&puzzle);
            println!(
                "{},{},{weights:?},{},{},{},{:.0},{:.0},{},{},{},{},{},{:.1},{:.1},{:.0},{},{},{},{:.1},{},{right},{seconds:.1}",
                puzzle.id,
                summary.channel,
                settings.steps,
                settings.reconstruction_weight,
                peers.cells,
                peers.raw_bits,
                peers.order_0_bits,
                peers.xz_bits,
                8 * file.len(),
                bits("frame"),
                bits("header"),
                bits("latents"),
                compressed.latents_kl_bits,
                estimate("latents"),
                gaussian / std::f64::consts::LN_2,
                bits("weights"),
                summary.weights_moved,
                bits("residual") + bits("check of the content"),
                estimate("residual"),
                summary.channels.len()
            );
        }
    }
    Ok(())
}
