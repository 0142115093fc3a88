//! A step of the fused engine allocates nothing: everything is planned when the engine is made.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use tenfold::data::{Grid, Pair, Puzzle};
use tenfold::engine::Problem;
use tenfold::engine::fused::FusedEngine;
use tenfold::model::{Network, Objective, Optimiser, Plan};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
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
fn a_step_allocates_nothing() {
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
