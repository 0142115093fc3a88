//! What is allocated: nothing in a step of the fused engine, whose buffers are planned when it is made; and little for a file
//! that asks for much.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tenfold::internals::code::container::VERSION;
use tenfold::internals::code::digits::{DigitCounts, Digits, MOST_GROUPS};
use tenfold::internals::code::gist::{Gist, MOST_PAIRS, MOST_WORDS, WordPair};
use tenfold::internals::code::puzzle::Header;
use tenfold::internals::code::range::{BitEncoder, TRIMMED_BYTES};
use tenfold::internals::code::weights::WeightCode;
use tenfold::internals::code::{Channel, CodeError, Container, Kind, Rate, Tag};
use tenfold::internals::data::{Grid, Pair, Puzzle};
use tenfold::internals::engine::Engine;
use tenfold::internals::engine::Problem;
use tenfold::internals::engine::fused::{FusedEngine, memory_bytes};
use tenfold::internals::latent::digits::{CELLS, DigitMatrix, Dither};
use tenfold::internals::model::{Axes, LATENT_CHANNELS, Network, Objective, Optimiser, Plan};
use tenfold::internals::pipeline::article;
use tenfold::internals::pipeline::gist::FileMatrices;
use tenfold::internals::pipeline::puzzle::{PuzzleError, decompress, inspect};

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
    let cells = (0..rows * columns).map(|cell| (cell as u8).wrapping_mul(shade) % 5).collect();
    Grid::new(rows, columns, cells).unwrap()
}

#[test]
fn the_estimate_of_memory_is_what_an_engine_takes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (sides, seeds, threads, network) in [
        ([(6, 4), (3, 5)], 1, 1, Network::default()),
        ([(9, 9), (9, 9)], 3, 1, Network { layers: 2, channels: 24, ..Network::default() }),
        ([(1, 93), (1, 40)], 2, 1, Network::default()),
        ([(9, 9), (9, 9)], 4, 3, Network::default()),
        ([(1, 1), (1, 1)], 1, 1, Network { direction_channels: 16, ..Network::default() }),
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
        let mut engine = FusedEngine::<f32>::new(&problem, &starts, Some(threads)).unwrap();
        let noise = vec![0.5; problem.layout.latents() * starts.len()];
        engine.step(0, &noise).unwrap();
        let taken = (MOST_BYTES.load(Ordering::Relaxed) - before) as f64;
        let ratio = memory_bytes(&plan, &network, starts.len(), threads) as f64 / taken;
        assert!((0.85..1.1).contains(&ratio), "{sides:?}: {ratio} of {taken} bytes");
    }
    let huge = Grid::new(1, 10_000_000, vec![1; 10_000_000]).unwrap();
    let tall = Grid::new(10_000_000, 1, vec![1; 10_000_000]).unwrap();
    let train = vec![Pair { input: huge.clone(), output: tall }];
    let plan = Plan::new(&Puzzle { id: "p".into(), train, test: vec![huge], solutions: None });
    assert_eq!(memory_bytes(&plan, &Network::default(), 1, 1), u64::MAX);
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

/// A file of as few bytes as that, with a checksum that fits, about so many grids of 30 × 30.
fn forged(channel: Channel, pairs: usize, colours: u8, rate: Option<Rate>, length: usize) -> Vec<u8> {
    let header = Header {
        channel,
        weights: WeightCode::Seed,
        seed: 1,
        train: vec![[(30, 30); 2]; pairs],
        tests: vec![(30, 30)],
        palette: (0..=colours).collect(),
        rates: vec![rate; Axes::COUNT * LATENT_CHANNELS],
    };
    let mut coder = BitEncoder::new();
    header.encode(&mut coder);
    let mut code = coder.finish();
    // What it leaves away at its end are zeros.
    code.extend([0; TRIMMED_BYTES]);
    code.extend((code.len()..length.saturating_sub(8)).map(|place| (place * 37 % 251) as u8));
    Container::new(Kind::Puzzle).with(Tag::Code, code).to_bytes()
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

/// A digits section of so many groups and no digit that speaks, in a few bytes.
fn silent(groups: u64) -> Vec<u8> {
    let matrix = DigitMatrix::encode(&[0.5; CELLS], &Dither::new(0));
    let section = Digits { format: 0, lengths: (100, 200), seed: 0, matrices: vec![matrix; groups as usize] }.encode();
    assert!(section.len() < 10);
    section
}

/// An article's file whose text is said to be of so many bytes, in a block of no code, with these sections.
fn forged_article(content_bytes: u64, sections: Vec<(Tag, Vec<u8>)>) -> Vec<u8> {
    let mut residual = Vec::new();
    let mut left = content_bytes;
    while left >= 0x80 {
        residual.push(left as u8 | 0x80);
        left >>= 7;
    }
    residual.push(left as u8);
    residual.extend([0, 0]);
    if content_bytes > 0 {
        residual.push(1);
    }
    let container = Container::new(Kind::Article).with(Tag::Residual, residual);
    sections.into_iter().fold(container, |container, (tag, bytes)| container.with(tag, bytes)).to_bytes()
}

fn gist(words: usize) -> Gist {
    Gist {
        words: (0..words).map(|word| if word == 0 { String::new() } else { "a".repeat(1 + word % 64) }).collect(),
        background: vec![0.0; words],
        latents: vec![vec![0.0; words]; CELLS],
        title_background: vec![0.0; words],
        ..Gist::default()
    }
}

#[test]
fn silent_groups_take_nothing_to_inspect_and_no_more_than_a_text_can_have() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let section = silent(MOST_GROUPS);
    let (counts, bytes) = bytes_of(|| DigitCounts::read(&section, MOST_GROUPS));
    assert_eq!(u64::from(counts.unwrap().groups()), MOST_GROUPS);
    assert!(bytes < 100_000, "{bytes} bytes");
    let section = silent(MOST_GROUPS + 1);
    let (refused, bytes) = bytes_of(|| Digits::decode(&section, u64::MAX));
    assert!(matches!(refused, Err(CodeError::Groups { .. })) && bytes < 100_000, "{refused:?}");
    // As in files of 21 bytes, whose text is of no length, or of the most that a block of no code can have.
    for (text, groups) in [(0, 100_000), (0, MOST_GROUPS), (363_416, MOST_GROUPS)] {
        let file = forged_article(text, vec![(Tag::Digits, silent(groups))]);
        let (ledger, bytes) = bytes_of(|| article::ledger(&file));
        assert!(matches!(ledger, Err(CodeError::Groups { .. })) && bytes < 100_000, "{ledger:?}");
        let (read, bytes) = bytes_of(|| FileMatrices::read(&file).err());
        assert!(matches!(read, Some(CodeError::Groups { .. })) && bytes < 100_000, "{read:?}");
    }
    let file = forged_article(363_416, vec![(Tag::Digits, silent(363_416))]);
    let (told, bytes) = bytes_of(|| {
        let read = FileMatrices::read(&file).unwrap().unwrap();
        let mut telling = read.tell(3);
        (0..363_416).step_by(512).map(|start| telling.part(start..(start + 512).min(363_416)).len()).sum::<usize>()
    });
    assert_eq!(told, 363_416);
    assert!(bytes < 60_000_000, "{bytes} bytes");
}

#[test]
fn words_that_cost_nothing_are_refused_before_they_take_memory() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let decoded = |gist: &Gist| {
        let section = gist.encode();
        assert!(section.len() < 1000, "{} bytes", section.len());
        bytes_of(|| Gist::decode(&section, CELLS, VERSION))
    };
    let words = |count: usize| Gist { words: vec![String::new(); count], ..gist(count) };
    for refused in [words(MOST_WORDS), words(MOST_WORDS + 1), words(5000)] {
        let (refused, bytes) = decoded(&refused);
        assert!(matches!(refused, Err(CodeError::Gist { .. })) && bytes < 1_000_000, "{refused:?}");
    }
    let pair = WordPair { first: 0, second: 0, likelihood: 0.0 };
    let (refused, bytes) = decoded(&Gist { pairs: vec![pair; MOST_PAIRS + 1], ..gist(1) });
    assert!(matches!(refused, Err(CodeError::Exhausted { .. })) && bytes < 20_000_000, "{refused:?}");
    let (refused, _) = decoded(&Gist { words: vec!["a".repeat(65)], ..gist(1) });
    assert!(matches!(refused, Err(CodeError::Gist { what: "the length of a word", .. })), "{refused:?}");

    // 5,000 groups of 1,024 words each, of a text of 10 KB.
    let section = Gist { text_words: 1024, latents: Vec::new(), title_gains: Vec::new(), ..gist(9) }.encode();
    let file = forged_article(10_000, vec![(Tag::Digits, silent(5000)), (Tag::Symbols, section)]);
    let (read, bytes) = bytes_of(|| FileMatrices::read(&file).err());
    assert!(matches!(read, Some(CodeError::Gist { .. })) && bytes < 50_000_000, "{bytes} {read:?}");
}

#[test]
fn a_short_file_cannot_ask_for_a_large_network() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for channel in [Channel::Dithered, Channel::Blocks] {
        for length in [0, 2050, 3053] {
            for rate in [None, Rate::from_level(1), Rate::from_level(40)] {
                let file = forged(channel, 29, 9, rate, length);
                let (puzzle, bytes) = decompressed(&file);
                assert!(matches!(puzzle, Err(PuzzleError::Code(CodeError::Unjustified { .. }))), "{puzzle:?}");
                let (summary, more) = bytes_of(|| inspect(&file, Some(1)));
                assert!(matches!(summary, Err(PuzzleError::Code(CodeError::Unjustified { .. }))), "{summary:?}");
                assert!(bytes.max(more) < 1_000_000, "{bytes} bytes");
            }
        }
    }
}

#[test]
fn what_a_short_file_may_ask_for_takes_less_than_200_megabytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // 3 examples and 9 colours: 194,400 positions.
    for rate in [None, Rate::from_level(40)] {
        let (puzzle, bytes) = decompressed(&forged(Channel::Dithered, 2, 9, rate, 0));
        assert!(!matches!(puzzle, Err(PuzzleError::Code(CodeError::Unjustified { .. }))));
        assert!(bytes < 200_000_000, "{bytes} bytes");
    }
}
