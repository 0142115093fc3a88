//! The layer against softmaxes written out in double precision, for scores near and far apart.

use super::super::geometry::place;
use super::super::plan::Purpose;
use super::super::rays::Rays;
use super::super::simd::Level;
use super::super::team::{Team, on, pool};
use super::super::weights::Records;
use super::*;
use crate::model::{Axes, Axis, Dimensions, Layout, Network};

const DIMENSIONS: Dimensions = Dimensions { examples: 2, colours: 2, rows: 3, columns: 1, planes: 2 };
const CHANNELS: usize = 8;
const WIDTH: usize = 2;
/// Of so many gradients one is compared.
const SAMPLED: usize = 7;

fn network() -> Network {
    Network { layers: 1, direction_channels: CHANNELS, softmax_channels: WIDTH, ..Network::default() }
}

fn axes() -> Axes {
    Axes::of(&Axis::ALL)
}

/// Numbers in [−1, 1) that look drawn.
fn number(index: usize) -> f64 {
    ((index + 1) as f64 * 12.989_8).sin() * 43_758.545_3 % 1.0
}

/// The layer written out. `scores`: (position, softmax channel); `weight`: (subset and softmax channel, channel).
fn direct(scores: &[f64], weight: &[f64], positions: &[[usize; 5]]) -> Vec<f64> {
    let mut y = vec![0.0; positions.len() * CHANNELS];
    for (row, subset) in Network::softmax_subsets(axes()).into_iter().enumerate() {
        for (at, here) in positions.iter().enumerate() {
            let together = |other: &[usize; 5]| {
                Axis::ALL.into_iter().all(|axis| subset.has(axis) || here[place(axis)] == other[place(axis)])
            };
            let members: Vec<usize> = (0..positions.len()).filter(|&other| together(&positions[other])).collect();
            for channel in 0..WIDTH {
                let score = |position: usize| scores[position * WIDTH + channel];
                let largest = members.iter().map(|&other| score(other)).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = members.iter().map(|&other| (score(other) - largest).exp()).sum();
                let p = (score(at) - largest).exp() / sum;
                let weight = &weight[(row * WIDTH + channel) * CHANNELS..][..CHANNELS];
                y[at * CHANNELS..][..CHANNELS].iter_mut().zip(weight).for_each(|(y, weight)| *y += p * weight);
            }
        }
    }
    y
}

struct Case {
    positions: Vec<[usize; 5]>,
    scores: Vec<f64>,
    weight: Vec<f64>,
    by_y: Vec<f64>,
}

impl Case {
    /// Every further colour and row lies `distance` nats below the one before.
    fn new(distance: f64) -> Self {
        let Dimensions { examples, colours, rows, columns, .. } = DIMENSIONS;
        let lengths = [examples, colours, rows, columns, 8];
        let positions: Vec<[usize; 5]> = (0..lengths.iter().product())
            .map(|position| {
                let mut left = position;
                let mut place = [0; 5];
                for index in (0..5).rev() {
                    place[index] = left % lengths[index];
                    left /= lengths[index];
                }
                place
            })
            .collect();
        let scores = (0..positions.len() * WIDTH)
            .map(|index| {
                let [_, colour, row, ..] = positions[index / WIDTH];
                2.0 * number(index) - distance * (colour + row) as f64
            })
            // What f32 holds.
            .map(|score| f64::from(score as f32))
            .collect();
        let subsets = Network::softmax_subsets(axes()).len();
        Self {
            scores,
            weight: (0..subsets * WIDTH * CHANNELS).map(|index| f64::from(number(index + 7) as f32)).collect(),
            by_y: (0..positions.len() * CHANNELS).map(|index| f64::from(number(index + 99) as f32)).collect(),
            positions,
        }
    }

    fn loss(&self, scores: &[f64], weight: &[f64]) -> f64 {
        direct(scores, weight, &self.positions).iter().zip(&self.by_y).map(|(y, by)| y * by).sum()
    }

    /// What the layer adds to the stream, the scores' gradient and the weight's; and whether scores were far apart.
    fn run<T: Float>(&self, level: Level, threads: usize) -> ([Vec<T>; 3], bool) {
        let network = network();
        let layout = Layout::new(&network, &DIMENSIONS);
        let records = Records::new(&layout, &network);
        let record = &records.layers[0][axes().index()];
        let of = |values: &[f64]| values.iter().map(|&value| T::of(value)).collect::<Vec<T>>();
        let mut weights = vec![T::ZERO; records.len()];
        let own = &mut weights[record.range.clone()];
        own[record.softmax_out.range.clone()].copy_from_slice(&of(&self.weight));
        // The first channels are the scores.
        for channel in 0..WIDTH {
            own[record.softmax_in.range.start + channel * WIDTH + channel] = T::ONE;
        }
        let threads = pool(Some(threads)).unwrap();
        let rays = Rays::new(DIMENSIONS.rows, DIMENSIONS.columns);
        let context = Context {
            level,
            team: Team { several: threads.is_some() },
            layout: &records.layers[0],
            records: &weights,
            transposed: &[],
            in_bounds: &[],
            clears_outside: false,
            outside: &[],
            rays: &rays,
            zeros: &[],
        };
        let plan = TensorPlan::new(axes(), &DIMENSIONS, &network, Purpose::Training, &[record], 0);
        let buffers = &plan.layers[0];
        let mut slab = vec![T::ZERO; plan.slab.len()];
        let mut stream = vec![0.0; self.positions.len() * CHANNELS];
        for (stream, scores) in stream.chunks_mut(CHANNELS).zip(self.scores.chunks(WIDTH)) {
            stream[..WIDTH].copy_from_slice(scores);
        }
        slab[buffers.softmax.start..][..stream.len()].copy_from_slice(&of(&stream));
        slab[plan.gradient.start..][..self.by_y.len()].copy_from_slice(&of(&self.by_y));
        let mut gradient = vec![T::ZERO; record.range.len()];
        on(threads.as_ref(), || {
            softmax(&context, &plan, &mut slab, buffers);
            let apart = prepare(&context, &plan, &mut slab, &buffers.scores);
            let mut y = slab[buffers.softmax.start..][..stream.len()].to_vec();
            y.iter_mut().zip(of(&stream)).for_each(|(y, x)| *y -= x);
            softmax_back(&context, &plan, &mut slab, buffers, &mut gradient);
            let scores = slab[buffers.scores.start..][..self.scores.len()].to_vec();
            ([y, scores, gradient[record.softmax_out.range.clone()].to_vec()], apart)
        })
    }

    /// Every so many of the gradients of the layer written out, by central differences.
    fn differences(&self, of_scores: bool) -> Vec<f64> {
        let width = 1e-5;
        let values = if of_scores { &self.scores } else { &self.weight };
        (0..values.len())
            .step_by(SAMPLED)
            .map(|index| {
                let loss = |side: f64| {
                    let mut moved = values.clone();
                    moved[index] += side * width;
                    if of_scores { self.loss(&moved, &self.weight) } else { self.loss(&self.scores, &moved) }
                };
                (loss(1.0) - loss(-1.0)) / (2.0 * width)
            })
            .collect()
    }

    fn check<T: Float>(&self, is_apart: bool, tolerance: f64) {
        let (found, apart) = self.run::<T>(Level::best(), 1);
        assert_eq!(apart, is_apart);
        let expected =
            [direct(&self.scores, &self.weight, &self.positions), self.differences(true), self.differences(false)];
        let samples = [("y", 1), ("scores", SAMPLED), ("weight", SAMPLED)];
        for ((what, every), (found, expected)) in samples.into_iter().zip(found.iter().zip(&expected)) {
            assert_eq!(found.len().div_ceil(every), expected.len());
            for (index, (found, expected)) in found.iter().step_by(every).zip(expected).enumerate() {
                let allowed = tolerance * expected.abs().max(1.0);
                assert!((found.to_f64() - expected).abs() < allowed, "{what} {index}: {found:?}, not {expected}");
            }
        }
    }
}

#[test]
fn scores_near_each_other_give_the_softmax_of_each_subset() {
    Case::new(0.0).check::<f64>(false, 1e-7);
    Case::new(10.0).check::<f32>(false, 2e-5);
}

#[test]
fn scores_far_apart_give_the_softmax_of_each_subset() {
    // The stream itself holds scores of hundreds, so y has their rounding.
    Case::new(200.0).check::<f32>(true, 1e-3);
    Case::new(1000.0).check::<f64>(true, 1e-7);
}

#[test]
fn scores_that_just_about_fit_lose_nothing() {
    for distance in [25.0, 28.0, 29.0, 35.0] {
        let case = Case::new(distance);
        let apart = case.run::<f32>(Level::best(), 1).1;
        case.check::<f32>(apart, 1e-4);
    }
}

#[test]
fn scores_far_apart_give_the_same_bits_whoever_works() {
    let case = Case::new(200.0);
    let reference = case.run::<f32>(Level::best(), 1).0;
    for level in Level::available() {
        for threads in [1, 2, 3] {
            assert!(case.run::<f32>(level, threads).0 == reference, "{level:?} with {threads} threads");
        }
    }
}
