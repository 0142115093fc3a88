//! Puzzles as files: what goes in comes out, whatever the channel, the policy for the weights and the number of threads;
//! what is damaged is refused.

mod common;

use proptest::prelude::*;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tenfold::internals::code::{Channel, Container, Kind, Tag};
use tenfold::internals::data::{Grid, Pair, Puzzle, load_puzzles};
use tenfold::internals::pipeline::puzzle::{
    Method, NotATask, PuzzleError, PuzzleSettings, Weights, compress, compress_file, decompress, inspect, positions,
    restore,
};

fn own_puzzle(name: &str) -> Puzzle {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("arc_tasks").join(format!("{name}.json"));
    load_puzzles(&[path], &[], None).unwrap().remove(0)
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn settings(channel: Channel, weights: Weights) -> PuzzleSettings {
    let method = Method::Latents;
    PuzzleSettings { method, steps: 8, channel, weights, threads: Some(1), ..PuzzleSettings::default() }
}

fn compressed(puzzle: &Puzzle, settings: &PuzzleSettings) -> Vec<u8> {
    compress(puzzle, settings, &mut |_, _| ControlFlow::Continue(())).unwrap().file
}

fn assert_same(puzzle: &Puzzle, decoded: &Puzzle) {
    assert_eq!((&decoded.train, &decoded.test), (&puzzle.train, &puzzle.test), "{}", puzzle.id);
    assert_eq!(decoded.solutions.as_ref().map(Vec::len), Some(puzzle.test.len()), "{}", puzzle.id);
}

fn grid(rows: usize, columns: usize, cells: &[u8]) -> Grid {
    Grid::new(rows, columns, cells.to_vec()).unwrap()
}

/// A puzzle of a few cells, so that a fit takes next to no time.
fn tiny(cells: &[u8]) -> Puzzle {
    Puzzle {
        id: "tiny".into(),
        train: vec![Pair { input: grid(1, 2, &cells[..2]), output: grid(2, 1, &cells[2..4]) }],
        test: vec![grid(1, 2, &cells[4..6])],
        solutions: None,
    }
}

#[test]
fn every_way_to_send_comes_back_with_any_number_of_threads() {
    let puzzle = tiny(&[1, 0, 3, 1, 2, 2]);
    for (channel, weights) in [
        (Channel::Dithered, Weights::Seed),
        (Channel::Dithered, Weights::Coarse),
        (Channel::Dithered, Weights::Posterior),
        (Channel::Dithered, Weights::Sparse),
        (Channel::Blocks, Weights::Seed),
    ] {
        let file = compressed(&puzzle, &settings(channel, weights));
        let one = decompress(&file, Some(1)).unwrap();
        assert_same(&puzzle, &one);
        assert_eq!(decompress(&file, Some(2)).unwrap(), one, "the answers too");
    }
}

#[test]
fn golden_files_decode_to_what_they_were_made_of() {
    let folder = golden();
    for name in ["tiny.json", "line.json", "written.json"] {
        let content = std::fs::read(folder.join(name)).unwrap();
        let expected = load_puzzles(&[folder.join(name)], &[], None).unwrap().remove(0);
        let file = std::fs::read(folder.join(format!("{name}.v4.tenfold"))).unwrap();
        assert_eq!(restore(&file, Some(1)).unwrap(), content, "{name}, byte for byte");
        let found = decompress(&file, Some(1)).unwrap();
        assert_same(&expected, &found);
        assert_eq!(
            found.solutions == expected.solutions,
            name != "written.json",
            "{name}: answers are implied, not given"
        );
        assert_eq!(inspect(&file, Some(1)).unwrap().ledger.total_bits(), 8 * file.len() as u64);
    }
}

#[test]
fn a_task_comes_back_byte_for_byte_and_its_given_outputs_with_it() {
    let name = golden().join("written.json");
    let content = std::fs::read(&name).unwrap();
    let puzzle = load_puzzles(&[name], &[], None).unwrap().remove(0);
    let settings = settings(Channel::Dithered, Weights::Seed);
    let file = compress_file(&content, &puzzle, &settings, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(restore(&file, Some(2)).unwrap(), content);
    let mut canonical = serde_json::to_vec(&Puzzle { solutions: None, ..puzzle.clone() }).unwrap();
    canonical.push(b'\n');
    let bare = compress_file(&canonical, &puzzle, &settings, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(bare, compressed(&puzzle, &settings), "what is written as we do costs nothing");
    let mixed = br#"{"train":[{"input":[[0,1]],"output":[[1 ,0]]}],"test":[{"input":[[0,2]]}]}"#;
    let refused = compress_file(mixed, &puzzle, &settings, &mut |_, _| panic!("no step is done"));
    assert!(matches!(refused, Err(PuzzleError::NotATask(NotATask::NoForm))));
}

#[test]
fn a_puzzle_of_ours_comes_back() {
    let puzzle = own_puzzle("colour_swap");
    let file = compressed(&puzzle, &PuzzleSettings { steps: 2, ..settings(Channel::Dithered, Weights::Posterior) });
    let one = decompress(&file, Some(1)).unwrap();
    assert_same(&puzzle, &one);
    assert_eq!(decompress(&file, Some(2)).unwrap(), one, "the answers too");
}

#[test]
fn a_file_is_the_same_whatever_the_number_of_threads() {
    let puzzle = tiny(&[1, 2, 3, 1, 2, 2]);
    let settings = settings(Channel::Dithered, Weights::Seed);
    let file = compressed(&puzzle, &settings);
    assert_eq!(compressed(&puzzle, &PuzzleSettings { threads: Some(2), ..settings }), file);
}

#[test]
fn the_solutions_do_not_reach_the_file() {
    let puzzle = tiny(&[1, 2, 3, 1, 2, 2]);
    let settings = settings(Channel::Dithered, Weights::Seed);
    let solved = Puzzle { solutions: Some(vec![grid(1, 1, &[9])]), ..puzzle.clone() };
    assert_eq!(compressed(&solved, &settings), compressed(&puzzle, &settings));
}

#[test]
fn a_fit_that_is_broken_off_gives_nothing() {
    let puzzle = tiny(&[1, 2, 3, 1, 2, 2]);
    let settings = settings(Channel::Dithered, Weights::Seed);
    let broken = compress(&puzzle, &settings, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(broken, Err(PuzzleError::BrokenOff)));
}

#[test]
fn an_inspection_sums_to_the_file() {
    let puzzle = tiny(&[0, 2, 3, 0, 2, 2]);
    for channel in [Channel::Dithered, Channel::Blocks] {
        let file = compressed(&puzzle, &settings(channel, Weights::Sparse));
        let summary = inspect(&file, Some(1)).unwrap();
        assert_eq!(summary.ledger.total_bits(), 8 * file.len() as u64);
        assert_eq!((summary.train, summary.tests, summary.palette.as_slice()), (1, 1, &[0, 2, 3][..]));
        let residual = summary.ledger.entries().iter().find(|entry| entry.name == "residual").unwrap();
        let estimate = residual.estimate_bits.unwrap();
        assert!((residual.bits as f64 - estimate).abs() < 2.0, "{} bits, {estimate} estimated", residual.bits);
        let end = summary.ledger.entries().iter().find(|entry| entry.name == "code").unwrap();
        assert!(end.bits <= 16, "{} bits end the code", end.bits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn any_cells_come_back_and_the_ledger_sums_to_the_file(cells in prop::collection::vec(0u8..10, 6), seed: u32) {
        let puzzle = tiny(&cells);
        let settings = PuzzleSettings { seed, ..settings(Channel::Dithered, Weights::Seed) };
        let file = compressed(&puzzle, &settings);
        assert_same(&puzzle, &decompress(&file, Some(1)).unwrap());
        let ledger = inspect(&file, Some(1)).unwrap().ledger;
        prop_assert_eq!(ledger.total_bits(), 8 * file.len() as u64);
    }
}

/// Sections whose checksum fits, as a forger would make them: refused or decoded, and never beyond what a puzzle takes.
#[test]
fn forged_sections_are_refused_or_decode_to_something() {
    let puzzle = tiny(&[1, 2, 3, 1, 2, 2]);
    let new = compressed(&puzzle, &settings(Channel::Dithered, Weights::Sparse));
    let own_form = std::fs::read(golden().join("written.json.v4.tenfold")).unwrap();
    for file in [new, own_form] {
        let container = Container::parse(&file).unwrap();
        for (tag, bytes) in container.sections() {
            for position in 0..bytes.len().min(80) {
                let mut forged = bytes.to_vec();
                forged[position] ^= 1 << (position % 8);
                let container = container.clone().with(tag, forged).to_bytes();
                // A header may still ask for what takes seconds: parse it, and leave that.
                if positions(&container).is_ok_and(|positions| positions < 20_000) {
                    let _: Result<Vec<u8>, PuzzleError> = restore(&container, Some(1));
                }
            }
        }
    }
    let empty = Container::new(Kind::Puzzle).with(Tag::Code, Vec::new()).to_bytes();
    assert!(matches!(decompress(&empty, Some(1)), Err(PuzzleError::Code(_))));
}

#[test]
fn files_cut_short_or_changed_are_refused() {
    for (channel, weights) in [
        (Channel::Dithered, Weights::Posterior),
        (Channel::Dithered, Weights::Seed),
        (Channel::Blocks, Weights::Sparse),
    ] {
        let file = compressed(&tiny(&[1, 0, 3, 1, 2, 2]), &settings(channel, weights));
        for length in 0..file.len() {
            assert!(matches!(decompress(&file[..length], Some(1)), Err(PuzzleError::Code(_))), "cut to {length}");
        }
        for (position, change) in common::changes(file.len(), 10_000) {
            let mut damaged = file.clone();
            damaged[position] ^= change;
            assert!(matches!(decompress(&damaged, Some(1)), Err(PuzzleError::Code(_))), "byte {position} ^ {change}");
        }
    }
}
