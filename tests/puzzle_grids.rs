//! Puzzles whose grids are coded one after the other: what goes in comes out, with and without fits that the decoder repeats,
//! for any number of threads; what is damaged is refused or decodes to another puzzle.

mod common;

use proptest::prelude::*;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tenfold::internals::code::{CodeError, Container, Kind, Tag};
use tenfold::internals::config::Config;
use tenfold::internals::data::{Grid, Pair, Puzzle, load_puzzles};
use tenfold::internals::lab::baselines;
use tenfold::internals::pipeline::puzzle::{
    EFFORT_STEPS, Method, PuzzleError, PuzzleSettings, compress, compress_file, decompress, inspect, positions, restore,
};
use tenfold::internals::pipeline::solve_one;

fn own_puzzles() -> Vec<Puzzle> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("arc_tasks");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| load_puzzles(std::slice::from_ref(path), &[], None).unwrap().remove(0)).collect()
}

fn compressed(puzzle: &Puzzle, effort: u8, threads: usize) -> Vec<u8> {
    let settings =
        PuzzleSettings { method: Method::Grids(effort), threads: Some(threads), ..PuzzleSettings::default() };
    compress(puzzle, &settings, &mut |_, _| ControlFlow::Continue(())).unwrap().file
}

fn assert_same(puzzle: &Puzzle, decoded: &Puzzle) {
    assert_eq!((&decoded.train, &decoded.test), (&puzzle.train, &puzzle.test), "{}", puzzle.id);
}

fn grid(rows: usize, columns: usize, cells: &[u8]) -> Grid {
    Grid::new(rows, columns, cells.to_vec()).unwrap()
}

/// The output is the input's colours the other way round, which no cell says alone; a network that is fitted sees it.
fn small() -> Puzzle {
    let pair = |cells: [u8; 4]| Pair { input: grid(2, 2, &cells), output: grid(2, 2, &cells.map(|cell| 3 - cell)) };
    Puzzle {
        id: "small".into(),
        train: vec![pair([1, 2, 2, 1]), pair([1, 1, 2, 1]), pair([2, 1, 1, 1])],
        test: vec![grid(2, 2, &[2, 2, 1, 1])],
        solutions: None,
    }
}

#[test]
fn our_puzzles_come_back_in_fewer_bits_than_xz_and_order_0_take() {
    let mut all = 0;
    for puzzle in own_puzzles() {
        let file = compressed(&puzzle, 0, 1);
        assert_same(&puzzle, &decompress(&file, Some(1)).unwrap());
        let peers = baselines(&puzzle);
        let bits = 8 * file.len();
        assert!(bits < peers.xz_bits && (bits as f64) < peers.order_0_bits + 64.0 + 64.0, "{}: {bits}", puzzle.id);
        all += bits;
        let summary = inspect(&file, Some(1)).unwrap();
        assert_eq!(summary.ledger.total_bits(), bits as u64);
        assert_eq!(summary.grids.len(), 2 * puzzle.train.len() + puzzle.test.len());
    }
    assert!(all < 7_100, "{all} bits");
}

#[test]
fn more_effort_never_makes_a_file_longer_and_threads_none_another() {
    // Outputs that follow from nothing take enough bits for a fit to be tried.
    let noise = |seed: u32| -> Vec<u8> { (0..9).map(|cell| (seed >> cell & 1) as u8).collect() };
    let pair = |seed: u32| Pair { input: grid(3, 3, &noise(seed)), output: grid(3, 3, &noise(seed * 7919 % 512)) };
    let train: Vec<Pair> = [77, 345, 201, 410].into_iter().map(pair).collect();
    let puzzle = Puzzle { id: "noise".into(), train, test: vec![grid(3, 3, &noise(19))], solutions: None };
    let mut steps = 0;
    let settings = PuzzleSettings { method: Method::Grids(1), threads: Some(1), ..PuzzleSettings::default() };
    let file = compress(&puzzle, &settings, &mut |_, _| {
        steps += 1;
        ControlFlow::Continue(())
    });
    let file = file.unwrap().file;
    assert!(steps >= 3 * EFFORT_STEPS[1], "{steps} steps");
    assert_eq!(compressed(&puzzle, 1, 2), file);
    assert_same(&puzzle, &decompress(&file, Some(2)).unwrap());
    assert!(file.len() <= compressed(&puzzle, 0, 1).len());
    let nothing_to_save = compress(&small(), &settings, &mut |_, _| panic!("no step is done"));
    assert_same(&small(), &decompress(&nothing_to_save.unwrap().file, Some(1)).unwrap());
}

#[test]
fn solutions_reach_a_file_only_with_the_task_that_has_them() {
    let puzzle = small();
    let solved = Puzzle { solutions: Some(vec![grid(2, 2, &[1, 1, 2, 2])]), ..puzzle.clone() };
    assert_eq!(compressed(&solved, 0, 1), compressed(&puzzle, 0, 1));
    let settings = PuzzleSettings { method: Method::Grids(0), ..PuzzleSettings::default() };
    let mut content = serde_json::to_vec(&solved).unwrap();
    content.push(b'\n');
    let file = compress_file(&content, &solved, &settings, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(restore(&file, Some(1)).unwrap(), content);
    assert_eq!(decompress(&file, Some(1)).unwrap().solutions, solved.solutions);
    assert!(file.len() <= compressed(&puzzle, 0, 1).len() + 6, "the output follows from its input");
}

#[test]
fn a_decoded_puzzle_has_the_answers_of_the_one_that_was_sent() {
    let puzzle = small();
    let config = Config { steps: 60, ..Config::default() };
    let attempts = |puzzle: &Puzzle| {
        solve_one(puzzle, &config, Some(1), |_| ControlFlow::Continue(())).unwrap().unwrap().1.attempts
    };
    let decoded = decompress(&compressed(&puzzle, 0, 1), Some(1)).unwrap();
    assert_eq!(attempts(&decoded), attempts(&puzzle));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_puzzle_comes_back(
        sizes in prop::collection::vec((1usize..12, 1usize..40), 3),
        cells in prop::collection::vec(0u8..10, 480),
    ) {
        let grids: Vec<Grid> = sizes.iter().map(|&(rows, columns)| grid(rows, columns, &cells[..rows * columns])).collect();
        let train = vec![Pair { input: grids[0].clone(), output: grids[1].clone() }];
        let puzzle = Puzzle { id: String::new(), train, test: vec![grids[2].clone()], solutions: None };
        assert_same(&puzzle, &decompress(&compressed(&puzzle, 0, 1), Some(1)).unwrap());
    }
}

/// Of one of our puzzles with nothing but its grids, and of one whose outputs were shorter with networks that are fitted again.
#[test]
fn golden_files_decode_to_what_they_were_made_of() {
    for (name, effort) in [("colour_swap", 0), ("frame_grid", 2)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let content = std::fs::read(folder.join(format!("arc_tasks/{name}.json"))).unwrap();
        let file = std::fs::read(folder.join(format!("tests/golden/{name}.grids.v4.tenfold"))).unwrap();
        assert_eq!(restore(&file, Some(2)).unwrap(), content, "{name}, byte for byte");
        assert_eq!(positions(&file).unwrap() > 10_000, effort > 0, "{name}: a fit is more work than its cells");
    }
}

#[test]
fn every_truncation_and_ten_thousand_changes_are_refused_or_another_puzzle() {
    let row = |cells: &[u8]| grid(1, cells.len(), cells);
    let cut = |cells: [u8; 5]| Pair { input: row(&cells), output: row(&cells[1..3]) };
    let answered = Puzzle {
        train: vec![cut([1, 0, 2, 2, 1]), cut([2, 2, 0, 1, 1])],
        test: vec![row(&[0, 1, 1, 2, 2])],
        solutions: Some(vec![row(&[1, 1])]),
        ..small()
    };
    let one_pair = Puzzle { train: small().train[..1].to_vec(), test: vec![grid(1, 4, &[9, 8, 7, 0])], ..small() };
    for puzzle in [small(), answered, one_pair] {
        damage(&puzzle);
    }
}

/// The file is of no effort: what is forged of it never asks for a fit, so that thousands of them take seconds.
fn damage(puzzle: &Puzzle) {
    let mut content = serde_json::to_vec(puzzle).unwrap();
    content.push(b'\n');
    let settings = PuzzleSettings { method: Method::Grids(0), ..PuzzleSettings::default() };
    let file = compress_file(&content, puzzle, &settings, &mut |_, _| ControlFlow::Continue(())).unwrap();
    for length in 0..file.len() {
        assert!(matches!(decompress(&file[..length], Some(1)), Err(PuzzleError::Code(_))), "cut to {length}");
    }
    let section = Container::parse(&file).unwrap().section(Tag::Grids).unwrap().to_vec();
    let sealed = |section: Vec<u8>| Container::new(Kind::Puzzle).with(Tag::Grids, section).to_bytes();
    for (position, change) in common::changes(section.len(), 10_000) {
        let mut damaged = section.clone();
        damaged[position] ^= change;
        // Less than a thousand cells are decoded at once; a fit or a larger puzzle is what an honest file could ask for, too.
        let damaged = sealed(damaged);
        if tenfold::internals::pipeline::puzzle::positions(&damaged).is_ok_and(|positions| positions < 200) {
            let _: Result<Puzzle, PuzzleError> = decompress(&damaged, Some(1));
        }
    }
}

#[test]
fn a_short_file_cannot_ask_for_more_cells_than_its_code_can_stand_for() {
    for length in 0..40 {
        let file = Container::new(Kind::Puzzle).with(Tag::Grids, vec![255; length]).to_bytes();
        // A cell takes 2⁻¹³ of a bit at least, and a fit has 400 steps at most.
        match tenfold::internals::pipeline::puzzle::positions(&file) {
            Ok(work) => assert!(work <= 65_536 * (length as u64 + 8) * 401, "{length} bytes ask for {work}"),
            Err(error) => {
                assert!(matches!(error, CodeError::Shape { .. } | CodeError::Exhausted { .. }), "{error}");
            }
        }
    }
}
