//! What is allocated: nothing in a step of the fused engine, whose buffers are planned when it is made; and little for a file
//! that asks for much.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tenfold::code::container::VERSION;
use tenfold::code::digits::{Digits, MOST_GROUPS};
use tenfold::code::gist::{Gist, MOST_PAIRS, MOST_WORDS, WordPair};
use tenfold::code::puzzle::Header;
use tenfold::code::range::BitEncoder;
use tenfold::code::weights::WeightCode;
use tenfold::code::{Channel, CodeError, Container, Kind, Rate, Tag};
use tenfold::data::{Grid, Pair, Puzzle};
use tenfold::engine::Engine;
use tenfold::engine::Problem;
use tenfold::engine::fused::{FusedEngine, memory_bytes};
use tenfold::latent::digits::CELLS;
use tenfold::model::{Axes, LATENT_CHANNELS, Network, Objective, Optimiser, Plan};
use tenfold::pipeline::puzzle::{PuzzleError, decompress};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static MOST_BYTES: AtomicUsize = AtomicUsize::new(0);
/// Tests that count take turns.
static TURN: Mutex<()> = Mutex::new(());

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        let bytes = BYTES.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST_BYTES.fetch_max(bytes, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn grid(rows: usize, columns: usize, shade: u8) -> Grid {
    let cells = (0..rows * columns).map(|cell| (cell as u8 * shade) % 5).collect();
    Grid::new(rows, columns, cells).unwrap()
}

#[test]
fn the_estimate_of_memory_is_what_an_engine_takes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (sides, seeds, network) in [
        ([(6, 4), (3, 5)], 1, Network::default()),
        ([(9, 9), (9, 9)], 3, Network { layers: 2, channels: 24, ..Network::default() }),
        ([(1, 93), (1, 40)], 2, Network::default()),
        ([(1, 1), (1, 1)], 1, Network { direction_channels: 16, ..Network::default() }),
    ] {
        let train = sides.map(|(rows, columns)| Pair { input: grid(rows, columns, 3), output: grid(rows, columns, 7) });
        let (rows, columns) = sides[0];
        let test = vec![grid(rows, columns, 2)];
        let puzzle = Puzzle { id: "p".into(), train: train.to_vec(), test, solutions: None };
        let (plan, objective, optimiser) = (Plan::new(&puzzle), Objective::default(), Optimiser::default());
        let problem = Problem::new(plan.clone(), network.clone(), objective, optimiser);
        let before = BYTES.load(Ordering::Relaxed);
        MOST_BYTES.store(before, Ordering::Relaxed);
        let starts: Vec<Vec<f32>> = (0..seeds).map(|seed| problem.layout.initial_values(seed)).collect();
        let mut engine = FusedEngine::<f32>::new(&problem, &starts, Some(1)).unwrap();
        let noise = vec![0.5; problem.layout.latents() * starts.len()];
        engine.step(0, &noise).unwrap();
        let taken = (MOST_BYTES.load(Ordering::Relaxed) - before) as f64;
        let ratio = memory_bytes(&plan, &network, starts.len()) as f64 / taken;
        assert!((0.85..1.1).contains(&ratio), "{sides:?}: {ratio} of {taken} bytes");
    }
    let huge = Grid::new(1, 10_000_000, vec![1; 10_000_000]).unwrap();
    let tall = Grid::new(10_000_000, 1, vec![1; 10_000_000]).unwrap();
    let train = vec![Pair { input: huge.clone(), output: tall }];
    let plan = Plan::new(&Puzzle { id: "p".into(), train, test: vec![huge], solutions: None });
    assert_eq!(memory_bytes(&plan, &Network::default(), 1), u64::MAX);
}

#[test]
fn a_step_allocates_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let pair = |rows, columns| Pair { input: grid(rows, columns, 3), output: grid(rows, columns, 7) };
    let train = vec![pair(6, 4), pair(3, 5)];
    let puzzle = Puzzle { id: "p".into(), train, test: vec![grid(4, 4, 2)], solutions: None };
    let problem = Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default());
    let start = problem.layout.initial_values(0);
    // Scores hundreds of nats apart, which the softmaxes treat in their own way.
    let mut apart = start.clone();
    for slice in problem.layout.slices().iter().filter(|slice| slice.name.contains("softmax")) {
        apart[slice.range()].iter_mut().for_each(|weight| *weight *= 1e3);
    }
    let noise: Vec<f32> = (0..problem.layout.latents()).map(|index| (index as f32).sin()).collect();
    let allocated = |start: &Vec<f32>, threads: usize| {
        let mut engine = FusedEngine::<f32>::new(&problem, std::slice::from_ref(start), Some(threads)).unwrap();
        // The first step wakes threads, which prepare themselves.
        engine.advance(0, 0, &noise);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for step in 1..=100 {
            assert!(engine.advance(0, step, &noise).is_finite());
        }
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    assert_eq!(allocated(&start, 1), 0);
    assert_eq!(allocated(&apart, 1), 0);
    // The threads' queue grows by a block now and then; nothing else does.
    assert!(allocated(&start, 2) < 20);
}

/// A file of next to no bytes, with a checksum that fits, about so many grids of 30 × 30.
fn forged(pairs: usize, colours: u8, rate: Option<Rate>) -> Vec<u8> {
    let header = Header {
        channel: Channel::Dithered,
        weights: WeightCode::Seed,
        seed: 1,
        train: vec![[(30, 30); 2]; pairs],
        tests: vec![(30, 30)],
        palette: (0..=colours).collect(),
        rates: vec![rate; Axes::COUNT * LATENT_CHANNELS],
    };
    let mut coder = BitEncoder::new();
    header.encode(&mut coder);
    Container::new(Kind::Puzzle).with(Tag::Code, coder.finish()).to_bytes()
}

/// What `work` took at most, beyond what was there, in bytes.
fn bytes_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = BYTES.load(Ordering::Relaxed);
    MOST_BYTES.store(before, Ordering::Relaxed);
    let done = work();
    (done, MOST_BYTES.load(Ordering::Relaxed) - before)
}

/// What decompressing gives and takes.
fn decompressed(file: &[u8]) -> (Result<Puzzle, PuzzleError>, usize) {
    bytes_of(|| decompress(file, Some(1)))
}

#[test]
fn digits_and_words_that_cost_nothing_take_less_than_200_megabytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Format 0, so many groups, and a code that says nothing of any cell.
    let silent = |groups: u64| {
        let varint = [groups as u8 | 0x80, (groups >> 7) as u8 | 0x80, (groups >> 14) as u8];
        [&[0][..], &varint, &[0; 16]].concat()
    };
    let (digits, bytes) = bytes_of(|| Digits::decode(&silent(MOST_GROUPS)));
    assert_eq!(digits.unwrap().matrices.len() as u64, MOST_GROUPS);
    assert!(bytes < 200_000_000, "{bytes} bytes");
    let (refused, bytes) = bytes_of(|| Digits::decode(&silent(MOST_GROUPS + 1)));
    assert!(matches!(refused, Err(CodeError::Groups { .. })) && bytes < 1_000_000, "{refused:?}");

    let gist = |words: usize| Gist {
        words: vec![String::new(); words],
        background: vec![0.0; words],
        latents: vec![vec![0.0; words]; CELLS],
        title_background: vec![0.0; words],
        ..Gist::default()
    };
    let section = gist(MOST_WORDS).encode();
    assert!(section.len() < 1000, "{} bytes", section.len());
    let (read, bytes) = bytes_of(|| Gist::decode(&section, CELLS, VERSION));
    assert_eq!(read.unwrap().words.len(), MOST_WORDS);
    assert!(bytes < 200_000_000, "{bytes} bytes");
    let pairs = vec![WordPair { first: 0, second: 0, likelihood: 0.0 }; MOST_PAIRS + 1];
    let section = Gist { pairs, ..gist(1) }.encode();
    assert!(section.len() < 1000, "{} bytes", section.len());
    let (refused, bytes) = bytes_of(|| Gist::decode(&section, CELLS, VERSION));
    assert!(matches!(refused, Err(CodeError::Gist { .. })) && bytes < 20_000_000, "{refused:?}");
    let section = gist(MOST_WORDS + 1).encode();
    let (refused, bytes) = bytes_of(|| Gist::decode(&section, CELLS, VERSION));
    assert!(matches!(refused, Err(CodeError::Gist { .. })) && bytes < 1_000_000, "{refused:?}");
}

#[test]
fn a_short_file_cannot_ask_for_a_large_network() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (puzzle, bytes) = decompressed(&forged(29, 9, None));
    assert!(matches!(puzzle, Err(PuzzleError::Code(CodeError::Unjustified { .. }))), "{puzzle:?}");
    assert!(bytes < 1_000_000, "{bytes} bytes");
}

#[test]
fn what_a_short_file_may_ask_for_takes_less_than_200_megabytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // 3 examples and 9 colours: 194,400 positions.
    for rate in [None, Rate::from_level(40)] {
        let (puzzle, bytes) = decompressed(&forged(2, 9, rate));
        assert!(!matches!(puzzle, Err(PuzzleError::Code(CodeError::Unjustified { .. }))));
        assert!(bytes < 200_000_000, "{bytes} bytes");
    }
}
