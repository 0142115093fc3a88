//! The fused engine against libtorch's, and a puzzle in a batch against the same alone, on random small puzzles, parameters and
//! noise.
#![cfg(feature = "torch")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tenfold::internals::data::{Grid, Pair, Planes, Puzzle};
use tenfold::internals::engine::{self, Device, EngineKind, Evaluation, Problem};
use tenfold::internals::model::{Equivariance, Network, Objective, Optimiser, Plan};

type Sizes = [(usize, usize); 2];

fn any_grid((rows, columns): (usize, usize), colours: u8) -> impl Strategy<Value = Grid> {
    proptest::collection::vec(0..colours, rows * columns)
        .prop_map(move |cells| Grid::new(rows, columns, cells).unwrap())
}

fn puzzle_of(sizes: Vec<Sizes>, test: (usize, usize), colours: u8) -> impl Strategy<Value = Puzzle> {
    let pairs: Vec<_> = sizes
        .into_iter()
        .map(|[input, output]| {
            (any_grid(input, colours), any_grid(output, colours)).prop_map(|(input, output)| Pair { input, output })
        })
        .collect();
    (pairs, any_grid(test, colours)).prop_map(|(train, test)| Puzzle {
        id: "p".into(),
        train,
        test: vec![test],
        solutions: None,
    })
}

fn any_size() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![4 => (1usize..7, 1usize..7), 1 => Just((1, 1)), 1 => Just((30, 1)), 1 => Just((1, 12))]
}

fn any_puzzle() -> impl Strategy<Value = Puzzle> {
    let same = proptest::collection::vec(any_size().prop_map(|size| [size, size]), 1..4);
    let free = proptest::collection::vec((any_size(), any_size()).prop_map(|(input, output)| [input, output]), 1..4);
    (prop_oneof![same, free], any_size(), 1u8..6)
        .prop_flat_map(|(sizes, test, colours)| puzzle_of(sizes, test, colours))
}

/// Two pairs and a test of several inputs and outputs, all of one size.
fn any_planes() -> impl Strategy<Value = Planes> {
    ((1usize..6, 1usize..6), 1usize..10, 1usize..10).prop_flat_map(|(size, inputs, outputs)| {
        let grids = |count| proptest::collection::vec(any_grid(size, 4), count);
        let train = proptest::collection::vec(grids(inputs + outputs), 2);
        (train, grids(inputs)).prop_map(move |(train, test)| Planes {
            inputs,
            train,
            test: vec![test],
            output_sizes: vec![],
        })
    })
}

fn evaluate(
    problem: &Problem,
    kind: EngineKind,
    step: usize,
    parameters: &[f32],
    noise: &[f32],
) -> (Evaluation, Vec<f32>) {
    let mut engine = engine::create(problem, &[parameters.to_vec()], kind, Device::Cpu, Some(1)).unwrap();
    let (mut evaluations, gradient) = engine.gradients(step, noise).unwrap();
    (evaluations.remove(0), gradient)
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

/// Roundings that are tried.
const ROUNDINGS: u64 = 8;

/// A puzzle with parameters and noise at which nothing is 0.
struct Point {
    problem: Problem,
    parameters: Vec<f32>,
    noise: Vec<f32>,
    seed: u64,
    step: usize,
}

impl Point {
    fn new(plan: Plan, equivariance: Equivariance, seed: u64, step: usize) -> Self {
        let network = Network { equivariance, ..Network::default() };
        let problem = Problem::new(plan, network, Objective::default(), Optimiser::default());
        let mut parameters = problem.layout.initial_values(seed);
        let mut noise = vec![0.0; problem.layout.latents()];
        tenfold::internals::rng::step_noise(seed, step, &mut noise);
        let mut nudges = vec![0.0; parameters.len()];
        tenfold::internals::rng::step_noise(seed + 1, step, &mut nudges);
        parameters.iter_mut().zip(&nudges).for_each(|(value, nudge)| *value += 0.05 * nudge);
        Self { problem, parameters, noise, seed, step }
    }

    fn evaluate(&self, kind: EngineKind) -> (Evaluation, Vec<f32>) {
        evaluate(&self.problem, kind, self.step, &self.parameters, &self.noise)
    }

    /// Losses to 1e-4, and the gradient to 1e-3 in L2 norm.
    fn compare(
        &self,
        (ours, gradient): &(Evaluation, Vec<f32>),
        (theirs, expected): &(Evaluation, Vec<f32>),
        kind: EngineKind,
    ) -> Result<(), TestCaseError> {
        for (what, a, b) in [
            ("KL", ours.losses.kl_nats, theirs.losses.kl_nats),
            ("reconstruction", ours.losses.reconstruction_nats, theirs.losses.reconstruction_nats),
        ] {
            prop_assert!((a - b).abs() <= 1e-4 * b.abs(), "{what}: {a} and {b}");
        }
        let difference = distance(gradient, expected);
        let size = norm(expected.iter().map(|&value| f64::from(value)));
        // How far the gradient moves, at most of some tries, when every parameter does by a rounding: normalising a
        // handful of nearly equal numbers can magnify that a thousandfold, and two engines round differently.
        let mut rounding = 0f64;
        let mut nudges = vec![0.0; self.parameters.len()];
        for try_number in 1..=ROUNDINGS {
            if difference <= 1e-3 * size + 4.0 * rounding {
                return Ok(());
            }
            tenfold::internals::rng::step_noise(self.seed + try_number, self.step, &mut nudges);
            let rounded: Vec<f32> = self
                .parameters
                .iter()
                .zip(&nudges)
                .map(|(value, nudge)| value * (1.0 + nudge.signum() * f32::EPSILON))
                .collect();
            let (_, moved) = evaluate(&self.problem, kind, self.step, &rounded, &self.noise);
            rounding = rounding.max(distance(gradient, &moved));
        }
        prop_assert!(
            difference <= 1e-3 * size + 4.0 * rounding,
            "gradients differ by {difference:.3e} of {size:.3e}, by rounding alone {rounding:.3e}"
        );
        Ok(())
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    norm(a.iter().zip(b).map(|(a, b)| f64::from(a - b)))
}

fn check(plan: Plan, equivariance: Equivariance, seed: u64, step: usize) -> Result<(), TestCaseError> {
    let point = Point::new(plan, equivariance, seed, step);
    point.compare(&point.evaluate(EngineKind::Fused), &point.evaluate(EngineKind::Torch), EngineKind::Fused)
}

/// Each puzzle of a batch gives what it gives alone: nothing leaks from padding or from others.
fn check_batch(puzzles: &[Puzzle], equivariance: Equivariance, seed: u64, step: usize) -> Result<(), TestCaseError> {
    let points: Vec<Point> =
        (seed..).zip(puzzles).map(|(seed, puzzle)| Point::new(Plan::new(puzzle), equivariance, seed, step)).collect();
    let members: Vec<_> = points.iter().map(|point| (&point.problem, &point.parameters[..])).collect();
    let mut engine = engine::create_batch(&members, EngineKind::Torch, Device::Cpu, Some(1)).unwrap();
    let noise: Vec<f32> = points.iter().flat_map(|point| point.noise.iter().copied()).collect();
    let (evaluations, gradients) = engine.gradients(step, &noise).unwrap();
    let mut rest = &gradients[..];
    for (point, evaluation) in points.iter().zip(evaluations) {
        let (own, after) = rest.split_at(point.parameters.len());
        rest = after;
        let alone = point.evaluate(EngineKind::Torch);
        for (what, ours, theirs) in [
            ("logits", &evaluation.outputs.logits, &alone.0.outputs.logits),
            ("row mask", &evaluation.outputs.row_mask, &alone.0.outputs.row_mask),
            ("column mask", &evaluation.outputs.column_mask, &alone.0.outputs.column_mask),
        ] {
            let (difference, size) = (distance(ours, theirs), norm(theirs.iter().map(|&value| f64::from(value))));
            prop_assert!(difference <= 1e-3 * size, "{what}: off by {difference:.3e} of {size:.3e}");
        }
        point.compare(&(evaluation, own.to_vec()), &alone, EngineKind::Torch)?;
    }
    prop_assert!(rest.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn engines_agree_on_random_puzzles(puzzle in any_puzzle(), exact: bool, seed in 0u64..1000, step in 0usize..150) {
        let equivariance = if exact { Equivariance::Exact } else { Equivariance::Published };
        check(Plan::new(&puzzle), equivariance, seed, step)?;
    }

    #[test]
    fn engines_agree_on_several_planes(planes in any_planes(), seed in 0u64..1000, step in 0usize..150) {
        check(Plan::of(&planes), Equivariance::Exact, seed, step)?;
    }

    #[test]
    fn a_puzzle_in_a_batch_gives_what_it_gives_alone(
        puzzles in proptest::collection::vec(any_puzzle(), 2..6), exact: bool, seed in 0u64..1000, step in 0usize..150
    ) {
        let equivariance = if exact { Equivariance::Exact } else { Equivariance::Published };
        check_batch(&puzzles, equivariance, seed, step)?;
    }
}

#[test]
fn engines_agree_on_the_smallest_puzzles() {
    let grid =
        |rows: usize, columns: usize, colour: u8| Grid::new(rows, columns, vec![colour; rows * columns]).unwrap();
    for (rows, columns) in [(1, 1), (30, 1), (1, 2), (2, 1)] {
        for colour in [0, 4] {
            let pair = Pair { input: grid(rows, columns, colour), output: grid(rows, columns, colour) };
            let puzzle =
                Puzzle { id: "p".into(), train: vec![pair], test: vec![grid(rows, columns, colour)], solutions: None };
            for equivariance in [Equivariance::Published, Equivariance::Exact] {
                check(Plan::new(&puzzle), equivariance, 5, 3).unwrap();
            }
        }
    }
}
