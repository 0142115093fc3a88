//! What puzzles cost as files of grids coded one after the other, a line of CSV each: bits at each effort, what they went
//! for, baselines and peers, time; and what the coder holds likeliest for the test outputs in their right sizes, where
//! they are known: whether it is right, and its bits, the most of all tests. Every file is decoded again. `cargo bench
//! --bench puzzle_grids -- --tasks arc_tasks --effort 0 2`.

use clap::Parser;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;
use tenfold::internals::config::Config;
use tenfold::internals::data::{Puzzle, load_puzzles};
use tenfold::internals::lab::{baselines, peers};
use tenfold::internals::pipeline::puzzle::{Method, PuzzleSettings, Readings, compress, decompress, inspect};

#[derive(Parser)]
struct Arguments {
    /// Files or folders of tasks.
    #[arg(long, num_args = 1.., default_value = "arc_tasks")]
    tasks: Vec<PathBuf>,
    /// Their solutions, where they are apart.
    #[arg(long)]
    solutions: Option<PathBuf>,
    #[arg(long, num_args = 1.., default_values_t = [0])]
    effort: Vec<u8>,
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    println!(
        "puzzle,effort,cells,order0_bits,xz_bits,peers_bits,file_bits,outline_bits,input_bits,output_bits,effort_taken,encode_seconds,decode_seconds,read_first,read_second"
    );
    for puzzle in load_puzzles(&arguments.tasks, &[], arguments.solutions.as_deref())? {
        let grids = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]).chain(&puzzle.test);
        let bytes: Vec<u8> = grids
            .flat_map(|grid| [grid.rows() as u8, grid.columns() as u8].into_iter().chain(grid.cells().iter().copied()))
            .collect();
        let peers: Vec<String> =
            peers::sizes(&bytes)?.iter().map(|peer| format!("{} {}", peer.name, 8 * peer.bytes)).collect();
        let baselines = baselines(&puzzle);
        for &effort in &arguments.effort {
            let threads = Some(arguments.threads);
            let settings = PuzzleSettings { method: Method::Grids(effort), threads, ..PuzzleSettings::default() };
            let start = Instant::now();
            let file = compress(&puzzle, &settings, &mut |_, _| ControlFlow::Continue(()))?.file;
            let encoding = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let decoded = decompress(&file, threads)?;
            let decoding = start.elapsed().as_secs_f64();
            anyhow::ensure!(
                decoded.train == puzzle.train && decoded.test == puzzle.test,
                "{}: not the same",
                puzzle.id
            );
            let summary = inspect(&file, threads)?;
            let bits = |name: &str| -> u64 {
                summary.ledger.entries().iter().filter(|entry| entry.name.contains(name)).map(|entry| entry.bits).sum()
            };
            println!(
                "{},{effort},{},{:.0},{},{},{},{},{},{},{},{encoding:.2},{decoding:.2},{}",
                puzzle.id,
                baselines.cells,
                baselines.order_0_bits,
                baselines.xz_bits,
                peers.join(" "),
                8 * file.len(),
                bits("sizes"),
                bits("inputs"),
                bits("outputs"),
                summary.effort.unwrap_or_default(),
                read(&puzzle)
            );
        }
    }
    Ok(())
}

/// Whether the likeliest answer of readings to each test is right, and whether one of the two likeliest is; nothing where
/// outputs are not known.
fn read(puzzle: &Puzzle) -> String {
    let Some(solutions) = &puzzle.solutions else { return ",".into() };
    let config = Config::default();
    let divisions = Readings::divisions(puzzle, &config);
    let ranks = solutions.iter().enumerate().map(|(test, solution)| {
        let size = (solution.rows(), solution.columns());
        let read = Readings::new(puzzle, divisions.clone(), test, &[(size, 1.0)], &config).answers();
        read.iter().position(|read| read.grid == *solution).unwrap_or(usize::MAX)
    });
    let rank = ranks.max().unwrap_or(usize::MAX);
    format!("{},{}", rank < 1, rank < 2)
}
