//! The engine against finite differences, and against itself: any instruction set, any number of threads, the same bits.

use super::{Decoder, FusedEngine, Level};
use crate::data::{Grid, Pair, Planes, Puzzle};
use crate::engine::{Engine, Problem};
use crate::model::{Equivariance, Network, Objective, Optimiser, Plan};

/// Numbers in [−1, 1), the same on every machine.
fn numbers(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn grid(rows: usize, columns: usize, draw: &mut impl FnMut() -> f32, colours: u8) -> Grid {
    let cells = (0..rows * columns).map(|_| ((draw() + 1.0) * 0.5 * f32::from(colours)) as u8).collect();
    Grid::new(rows, columns, cells).unwrap()
}

/// A puzzle of pairs with these (rows, columns) of input and output, and one test input like the first.
fn puzzle(sizes: &[[(usize, usize); 2]], colours: u8) -> Puzzle {
    let mut draw = numbers(7);
    let mut make = |(rows, columns)| grid(rows, columns, &mut draw, colours);
    let train = sizes.iter().map(|&[input, output]| Pair { input: make(input), output: make(output) }).collect();
    Puzzle { id: "p".into(), train, test: vec![make(sizes[0][0])], solutions: None }
}

fn problem(puzzle: &Puzzle, network: Network) -> Problem {
    Problem::new(Plan::new(puzzle), network, Objective::default(), Optimiser::default())
}

/// Parameters that start nothing at 0, and noise.
fn start(problem: &Problem) -> (Vec<f32>, Vec<f32>) {
    let mut draw = numbers(3);
    let mut parameters = vec![0.0; problem.layout.len()];
    for slice in problem.layout.slices() {
        let inputs = slice.shape[0] as f32;
        let scale = if slice.name.starts_with("target") {
            0.1
        } else if slice.shape.len() == 2 {
            1.5 / inputs.sqrt()
        } else {
            0.5
        };
        parameters[slice.range()].iter_mut().for_each(|value| *value = scale * draw());
    }
    (parameters, (0..problem.layout.latents()).map(|_| 1.5 * draw()).collect())
}

/// The reconstruction of the only seed, nats, and its gradient in the engine.
fn evaluate(engine: &mut FusedEngine<f64>, step: usize, noise: &[f32]) -> f64 {
    let FusedEngine { model, lanes, learners, problem, level, team, .. } = engine;
    lanes[0].evaluate(model, problem, (*team, *level), &mut learners[0], step, noise)
}

/// Checks the derivative along one direction in each named slice of the parameters, all other parameters fixed: every
/// weight of every layer, and so every layer's backward pass, alone.
fn check_derivatives(problem: &Problem) {
    let (parameters, noise) = start(problem);
    let step = 30;
    let mut engine = FusedEngine::<f64>::new(problem, &[parameters], Some(1)).unwrap();
    evaluate(&mut engine, step, &noise);
    let gradient = engine.learners[0].gradient.clone();
    let whole = gradient.iter().map(|value| value * value).sum::<f64>().sqrt();
    let loss = |engine: &mut FusedEngine<f64>| {
        let nats = evaluate(engine, step, &noise);
        engine.lanes[0].workspace.kl_by_tensor.iter().sum::<f64>() + problem.objective.reconstruction_weight * nats
    };
    for slice in problem.layout.slices() {
        let mut draw = numbers(slice.offset as u32);
        let direction: Vec<f64> = slice.range().map(|_| f64::from(draw())).collect();
        let expected: f64 = gradient[slice.range()].iter().zip(&direction).map(|(a, b)| a * b).sum();
        let mut difference = |width: f64| {
            let mut at = |side: f64| {
                let target = &mut engine.learners[0].parameters[slice.range()];
                target.iter_mut().zip(&direction).for_each(|(value, along)| *value += side * width * along);
                let loss = loss(&mut engine);
                let target = &mut engine.learners[0].parameters[slice.range()];
                target.iter_mut().zip(&direction).for_each(|(value, along)| *value -= side * width * along);
                loss
            };
            (at(1.0) - at(-1.0)) / (2.0 * width)
        };
        // A maximum may change hands within the wider difference.
        let found = [1e-6, 1e-7].map(&mut difference);
        let size = gradient[slice.range()].iter().map(|value| value * value).sum::<f64>().sqrt();
        let allowed = 1e-4 * size + 1e-6 * whole;
        assert!(
            found.iter().any(|found| (found - expected).abs() <= allowed),
            "{}: {found:?} and {expected}, allowed {allowed:.1e}",
            slice.name
        );
    }
}

const SMALL: Network = Network {
    layers: 2,
    channels: 16,
    direction_channels: 8,
    share_up_channels: 16,
    share_down_channels: 8,
    softmax_channels: 2,
    cummax_channels: 4,
    shift_channels: 4,
    nonlinear_channels: 16,
    equivariance: Equivariance::Exact,
};

#[test]
fn gradients_are_finite_differences_where_sizes_are_known() {
    let alike = puzzle(&[[(3, 2), (3, 2)], [(2, 3), (2, 3)]], 3);
    check_derivatives(&problem(&alike, SMALL));
    check_derivatives(&problem(&alike, Network { equivariance: Equivariance::Published, ..SMALL }));
}

#[test]
fn gradients_are_finite_differences_where_sizes_are_not_known() {
    check_derivatives(&problem(&puzzle(&[[(2, 2), (1, 3)], [(3, 1), (2, 2)]], 3), SMALL));
}

#[test]
fn gradients_are_finite_differences_with_more_planes_than_channels() {
    let mut draw = numbers(5);
    let mut grids = |planes: usize| (0..planes).map(|_| grid(2, 2, &mut draw, 3)).collect::<Vec<_>>();
    let planes = Planes { inputs: 12, train: vec![grids(18), grids(18)], test: vec![grids(12)], output_sizes: vec![] };
    check_derivatives(&Problem::new(Plan::of(&planes), SMALL, Objective::default(), Optimiser::default()));
}

#[test]
fn gradients_are_finite_differences_in_a_network_of_odd_widths() {
    let network = Network {
        channels: 5,
        direction_channels: 3,
        share_up_channels: 7,
        share_down_channels: 3,
        softmax_channels: 3,
        cummax_channels: 6,
        shift_channels: 6,
        nonlinear_channels: 9,
        ..SMALL
    };
    check_derivatives(&problem(&puzzle(&[[(3, 2), (2, 3)], [(2, 2), (2, 3)]], 4), network));
}

/// The bits of everything that a decoder and a trainer see.
fn fingerprint(problem: &Problem, level: Level, threads: usize) -> (Vec<u32>, Vec<u32>) {
    let (parameters, noise) = start(problem);
    let mut engine =
        FusedEngine::<f32>::at_level(problem, std::slice::from_ref(&parameters), Some(threads), level).unwrap();
    let latents = engine.draw(0, &noise);
    let decoded = Decoder::at_level(problem, Some(threads), level).unwrap().decode(&parameters, &latents);
    let (evaluations, _) = engine.gradients(0, &noise).unwrap();
    assert_eq!(evaluations[0].outputs, decoded, "training and decoding agree");
    for step in 0..3 {
        engine.step(step, &noise).unwrap();
    }
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    let outputs = [decoded.logits, decoded.row_mask, decoded.column_mask].concat();
    (bits(&outputs), bits(&engine.parameters()))
}

fn hash(bits: &[u32]) -> u64 {
    // FNV-1a, by words.
    bits.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &word| (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_instruction_set_and_number_of_threads_gives_the_same_bits() {
    let problem = problem(&puzzle(&[[(7, 9), (7, 9)], [(5, 6), (5, 6)], [(9, 4), (9, 4)]], 6), Network::default());
    let reference = fingerprint(&problem, Level::best(), 1);
    for level in Level::available() {
        for threads in [1, 2, 3] {
            let found = fingerprint(&problem, level, threads);
            assert!(found == reference, "{level:?} with {threads} threads");
        }
    }
}

/// What the decoder gave when this was written. If these change, files written before can't be read.
#[test]
fn decoded_bits_are_as_they_always_were() {
    let known = problem(&puzzle(&[[(5, 4), (5, 4)], [(3, 6), (3, 6)]], 4), Network::default());
    let unknown = problem(&puzzle(&[[(5, 4), (2, 3)], [(3, 6), (6, 1)]], 4), Network::default());
    let hashes = [known, unknown].map(|problem| hash(&fingerprint(&problem, Level::best(), 1).0));
    assert_eq!(hashes.map(|hash| format!("{hash:016x}")), GOLDEN);
}

const GOLDEN: [&str; 2] = ["fe68955725bb26e3", "46351243031132ee"];
