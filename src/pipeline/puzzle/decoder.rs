//! What encoder and decoder of a puzzle share: from a header, latents and weights to what the network says.
//!
//! In: a [`Header`]. Out: the plan without targets, which coordinates are sent and at which rates, and the outputs for a
//! sample. Only the fused engine decodes: its sums have one order, so that every machine has the same outputs.

use crate::code::normal::quantile;
use crate::code::puzzle::{Header, Size};
use crate::code::shared::{Shared, shared_stream};
use crate::code::{CodeError, Rate};
use crate::data::{Grid, Pair, Puzzle};
use crate::engine::fused::Decoder;
use crate::engine::{EngineError, Outputs, Problem};
use crate::latent::LatentChannel;
use crate::model::{
    Axes, DIRECTIONS, Initial, LATENT_CHANNELS, Layout, Network, Objective, Optimiser, Plan, WeightGroup,
};
use rand::Rng;

/// Positions of the largest tensor that a decoder sets up at most; the largest ARC task has 2.6 million.
pub(super) const MOST_POSITIONS: u64 = 6_000_000;
/// So many a file may ask for however short it is: less than 200 MB of memory.
const FREE_POSITIONS: u64 = 200_000;
/// More have to be justified by the file's length, at some kilobyte of memory a position: of ARC's tasks with so many, whose cells
/// take about a bit each, few have to be made longer for it.
const POSITIONS_PER_BYTE: u64 = 128;

/// Latent channels of a file, sent or not.
pub(super) const CHANNELS: usize = Axes::COUNT * LATENT_CHANNELS;

/// A coordinate that is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coordinate {
    /// Its place among the latents.
    pub place: usize,
    /// Its rate.
    pub rate: Rate,
}

/// Positions of the largest tensor of a plan.
pub(super) fn positions(plan: &Plan) -> u64 {
    Axes::all().map(|axes| plan.dimensions.positions(axes) as u64).max().unwrap_or(0)
}

/// The length of a file that justifies a plan.
pub(super) fn least_bytes(plan: &Plan) -> usize {
    positions(plan).saturating_sub(FREE_POSITIONS).div_ceil(POSITIONS_PER_BYTE) as usize
}

/// The problem that the header of a file of so many bytes describes; its targets are all black.
pub(super) fn problem(header: &Header, file_bytes: usize) -> Result<Problem, CodeError> {
    let colours = header.palette.len().saturating_sub(1);
    if colours == 0 {
        return Err(CodeError::Shape { field: "colours but black", found: 0, most: 9 });
    }
    // Before there are grids: the sides may say anything.
    let sizes = || header.train.iter().flatten().chain(&header.tests);
    let longest = |side: fn(&Size) -> u16| sizes().map(side).max().map_or(0, u64::from);
    let examples = (header.train.len() + header.tests.len()) as u64;
    let cells = longest(|size| size.0) * longest(|size| size.1);
    let found = examples * colours as u64 * DIRECTIONS as u64 * cells;
    let most = (FREE_POSITIONS + POSITIONS_PER_BYTE * file_bytes as u64).min(MOST_POSITIONS);
    if found > most {
        return Err(CodeError::Unjustified { found, most, file_bytes: file_bytes as u64 });
    }
    let grid = |&(rows, columns): &Size| {
        let (rows, columns) = (usize::from(rows), usize::from(columns));
        Grid::new(rows, columns, vec![0; rows * columns]).map_err(|_| CodeError::Exhausted { field: "the header" })
    };
    let train: Result<Vec<Pair>, CodeError> =
        header.train.iter().map(|[input, output]| Ok(Pair { input: grid(input)?, output: grid(output)? })).collect();
    let tests: Result<Vec<Grid>, CodeError> = header.tests.iter().map(grid).collect();
    let puzzle = Puzzle { id: String::new(), train: train?, test: tests?, solutions: None };
    let mut plan = Plan::new(&puzzle);
    plan.palette.clone_from(&header.palette);
    plan.dimensions.colours = colours;
    Ok(problem_of(plan))
}

/// A plan under the network of version 1 of the format.
pub(super) fn problem_of(plan: Plan) -> Problem {
    Problem::new(plan, Network::default(), Objective::default(), Optimiser::default())
}

/// The coordinates that are sent, in the layout's order.
pub(super) fn coordinates(problem: &Problem, rates: &[Option<Rate>]) -> Vec<Coordinate> {
    let mut by_place: Vec<Option<Rate>> = vec![None; problem.layout.latents()];
    for (channel, &rate) in LatentChannel::all(&problem.layout).iter().zip(rates) {
        channel.coordinates().for_each(|place| by_place[place] = rate);
    }
    let sent = |(place, rate): (usize, Option<Rate>)| Some(Coordinate { place, rate: rate? });
    by_place.into_iter().enumerate().filter_map(sent).collect()
}

/// The starting values of all parameters that a file's seed gives; only those of the weights are used. The head's bias
/// starts at 0: the network multiplies it by 100, and the seed's logits would be sure of what is wrong.
pub(super) fn starting_values(layout: &Layout, seed: u32) -> Vec<f32> {
    let mut values = vec![0.0; layout.len()];
    for (index, slice) in layout.slices().iter().enumerate() {
        let mut stream = shared_stream(seed.into(), Shared::Weights, index as u64);
        let mut normal = |scale: f32| scale * quantile(stream.next_u32());
        let target = &mut values[slice.range()];
        match slice.initial {
            Initial::Zero => {}
            Initial::Normal(_) if slice.name == "head.bias" => {}
            Initial::Normal(scale) => target.iter_mut().for_each(|value| *value = normal(scale)),
            Initial::NormalColumn(scale) => {
                target.chunks_mut(slice.shape[1]).for_each(|row| row.fill(normal(scale)));
            }
        }
    }
    values
}

/// The sizes of the groups of weights.
pub(super) fn group_sizes(layout: &Layout) -> Vec<usize> {
    WeightGroup::all(layout).iter().map(|group| group.places(layout).count()).collect()
}

/// What the network says, given the latents that were sent and the weights' differences from their starting values.
pub(super) fn outputs(
    problem: &Problem,
    seed: u32,
    sent: &[Coordinate],
    sample: &[f32],
    differences: &[Vec<f32>],
    threads: Option<usize>,
) -> Result<Outputs, EngineError> {
    let layout = &problem.layout;
    let mut parameters = starting_values(layout, seed);
    for (group, differences) in WeightGroup::all(layout).iter().zip(differences) {
        for (place, difference) in group.places(layout).zip(differences) {
            parameters[place] += difference;
        }
    }
    let mut latents = vec![0.0; layout.latents()];
    for (coordinate, &value) in sent.iter().zip(sample) {
        latents[coordinate.place] = (f64::from(value) * coordinate.rate.signal_variance()) as f32;
    }
    Ok(Decoder::new(problem, threads)?.decode(&parameters, &latents))
}
