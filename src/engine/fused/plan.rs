//! Where every buffer of a step lies in the arena, planned once a puzzle.
//!
//! In: a puzzle's sizes and the network. Out: for each tensor one slab of the arena, and ranges within it: what the
//! backward pass needs of each layer, and scratch that layers share. Nothing is allocated in a step.

use super::geometry::{ALIGNMENT, Ranges, Shape, cell_width};
use super::scan::SCRATCH;
use super::softmax::Tables;
use super::weights::Record;
use crate::model::{Axes, Dimensions, LATENT_CHANNELS, Network};
use std::ops::Range;

/// Numbers of a residual stream that a kernel's pass handles at once, so that what it reads stays in the first cache.
const PASS: usize = 2048;

/// What the buffers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Whole steps: the backward pass reads every layer's.
    Training,
    /// The forward pass alone: all layers use the same.
    Decoding,
}

/// A channel's mean over positions, and 1 / √(variance + ε).
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// The means.
    pub mean: Range<usize>,
    /// The factors.
    pub scale: Range<usize>,
}

/// What one layer leaves of one tensor for its backward pass, as ranges of the tensor's slab.
#[derive(Clone, Debug, Default)]
pub struct LayerBuffers {
    /// The residual stream that comes in, (position, channel).
    pub input: Range<usize>,
    /// The stream after the softmaxes; while they run, before them.
    pub softmax: Range<usize>,
    /// The stream after the cumulative maximum.
    pub cummax: Range<usize>,
    /// The stream after the shift.
    pub shift: Range<usize>,
    /// The stream after the maps between directions.
    pub maps: Range<usize>,
    /// The softmaxes' scores, (position, softmax channel).
    pub scores: Range<usize>,
    /// What the cumulative maximum scans, (plane, ray, cell, branch channel).
    pub scanned: Range<usize>,
    /// What comes out of it.
    pub maxima: Range<usize>,
    /// What the shift gives, (position, branch channel).
    pub shifted: Range<usize>,
    /// Messages from larger tensors, summed, (position, share down channel); then their gradient.
    pub down: Range<usize>,
    /// Of the messages from smaller tensors.
    pub up_moments: Moments,
    /// Of `maxima`.
    pub cummax_moments: Moments,
    /// Of `shifted`.
    pub shift_moments: Moments,
    /// Of the stream before the maps.
    pub maps_moments: Moments,
    /// Of `down`.
    pub down_moments: Moments,
    /// Of the stream at the layer's end.
    pub end_moments: Moments,
}

/// One tensor's part of the arena.
#[derive(Clone, Debug)]
pub struct TensorPlan {
    /// Position in canonical order.
    pub index: usize,
    /// Shape and blocks.
    pub shape: Shape,
    /// Its part of the arena.
    pub slab: Range<usize>,
    /// By layer; one more holds what the last layer gives.
    pub layers: Vec<LayerBuffers>,
    /// Messages from smaller tensors, (position, share up channel); then their gradient.
    pub message: Range<usize>,
    /// e ⊗ dy of the softmaxes, (position, softmax channel, channel); in the place of `message`.
    pub products: Range<usize>,
    /// The stream before share down, (position, channel).
    pub stream: Range<usize>,
    /// Latents times their scaling, (latent position, latent channel); then their gradient.
    pub latents: Range<usize>,
    /// Gradient of the stream.
    pub gradient: Range<usize>,
    /// A directional branch by position, (position, branch channel); in the place of `message`.
    pub branch: Range<usize>,
    /// Working space of the cumulative maximum, (plane, [`SCRATCH`], cell, branch channel); in the place of
    /// `message`.
    pub lines: Range<usize>,
    /// The softmaxes' tables.
    pub tables: Tables,
    /// A weight times what it is scaled by.
    pub scaled: Range<usize>,
    /// Slopes, then offsets, of a gradient through a normalisation.
    pub slopes: Range<usize>,
    /// See `slopes`.
    pub offsets: Range<usize>,
    /// Moments by block, (block, 2, channel).
    pub block_moments: Range<usize>,
    /// Weights' gradients by block, (block, [`TensorPlan::partial`]).
    pub partials: Range<usize>,
    /// Numbers of one block's partial gradient: a record, then column sums.
    pub partial: usize,
    /// Where the column sums start in it.
    pub sums: usize,
    /// Working space by block, (block, [`TensorPlan::work`]).
    pub works: Range<usize>,
    /// Numbers of one block's working space.
    pub work: usize,
    /// Positions of a kernel's pass.
    pub pass: usize,
}

impl TensorPlan {
    /// Lays out the tensor `axes` from `start` of the arena on. `records`: its record in each layer.
    pub fn new(
        axes: Axes,
        dimensions: &Dimensions,
        network: &Network,
        purpose: Purpose,
        records: &[&Record],
        start: usize,
    ) -> Self {
        let shape = Shape::new(axes, dimensions, network);
        let mut ranges = Ranges::default();
        let positions = shape.positions();
        let channels = shape.channels;
        let layers = match purpose {
            Purpose::Training => {
                (0..=network.layers).map(|layer| layer_buffers(&shape, network, layer, &mut ranges)).collect()
            }
            // A layer's input is read for the last time before the next one's is written; all tensors are live in the first.
            Purpose::Decoding => vec![layer_buffers(&shape, network, 0, &mut ranges); network.layers + 1],
        };
        let side = if shape.has_directions() { cell_width(channels) } else { channels };
        let widest = [network.share_up_channels, network.share_down_channels, channels, network.cummax_channels]
            .into_iter()
            .fold(side, usize::max);
        let longest = records.iter().map(|record| record.range.len()).max().unwrap_or(0);
        let blocks = shape.blocks();
        let pass = (PASS / side).max(1) * side / channels;
        let branch = if shape.is_directional() { network.cummax_channels } else { 0 };
        let hidden = network.nonlinear_channels;
        let shared = network.share_up_channels.max(network.softmax_channels * channels);
        let work = pass * (2 * hidden + 2 * channels + network.share_down_channels);
        let sums = longest;
        let latents = LATENT_CHANNELS * channels + channels + 4 * LATENT_CHANNELS;
        let partial = longest.max(latents).max(longest + widest).next_multiple_of(16);
        // Messages are read before the directional branches run, and summed anew after their way back.
        let branches = (positions * branch).next_multiple_of(ALIGNMENT);
        let lines = shape.planes() * SCRATCH * shape.plane_cells() * branch;
        let message = ranges.take((positions * shared).max(branches + lines));
        Self {
            index: axes.index(),
            layers,
            products: message.start..message.start + positions * network.softmax_channels * channels,
            message: message.start..message.start + positions * network.share_up_channels,
            stream: ranges.take(positions * channels),
            latents: ranges.take(positions * LATENT_CHANNELS),
            gradient: ranges.take(positions * channels),
            branch: message.start..message.start + positions * branch,
            lines: message.start + branches..message.start + branches + lines,
            tables: Tables::new(&shape, network.softmax_channels, &mut ranges),
            scaled: ranges.take((widest * side.max(channels)).max(channels * dimensions.planes)),
            slopes: ranges.take(widest),
            offsets: ranges.take(widest),
            block_moments: ranges.take(blocks * 2 * widest.max(LATENT_CHANNELS)),
            partials: ranges.take(blocks * partial),
            partial,
            sums,
            works: ranges.take(blocks * work),
            work,
            pass,
            slab: start..start + ranges.end(),
            shape,
        }
    }

    /// A range of the slab as one of the arena.
    pub fn in_arena(&self, range: &Range<usize>) -> Range<usize> {
        self.slab.start + range.start..self.slab.start + range.end
    }
}

fn layer_buffers(shape: &Shape, network: &Network, layer: usize, ranges: &mut Ranges) -> LayerBuffers {
    let positions = shape.positions();
    let mut buffers = LayerBuffers::default();
    if layer == network.layers {
        if network.live(layer - 1).output.contains(&shape.axes) {
            buffers.input = ranges.take(positions * shape.channels);
        }
        return buffers;
    }
    buffers.input = ranges.take(positions * shape.channels);
    let moments = |ranges: &mut Ranges, width| Moments { mean: ranges.take(width), scale: ranges.take(width) };
    let live = network.live(layer);
    if live.inner.contains(&shape.axes) {
        let stream = |ranges: &mut Ranges| ranges.take(positions * shape.channels);
        buffers.softmax = stream(ranges);
        if shape.is_directional() {
            buffers.cummax = stream(ranges);
            buffers.shift = stream(ranges);
            let branch = positions * network.cummax_channels;
            buffers.scanned = ranges.take(branch);
            buffers.maxima = ranges.take(branch);
            buffers.shifted = ranges.take(branch);
            buffers.cummax_moments = moments(ranges, network.cummax_channels);
            buffers.shift_moments = moments(ranges, network.shift_channels);
        } else {
            buffers.cummax = buffers.softmax.clone();
            buffers.shift = buffers.softmax.clone();
        }
        if shape.has_directions() {
            buffers.maps = ranges.take(positions * shape.channels);
            buffers.maps_moments = moments(ranges, shape.channels);
        } else {
            buffers.maps = buffers.shift.clone();
        }
        buffers.scores = ranges.take(positions * network.softmax_channels);
        buffers.down = ranges.take(positions * network.share_down_channels);
        buffers.up_moments = moments(ranges, network.share_up_channels);
        buffers.down_moments = moments(ranges, network.share_down_channels);
    }
    if live.output.contains(&shape.axes) {
        buffers.end_moments = moments(ranges, shape.channels);
    }
    buffers
}

/// Disjoint parts of a slab or of the arena.
pub fn pick<'a, T, const N: usize>(slab: &'a mut [T], ranges: [&Range<usize>; N]) -> [&'a mut [T]; N] {
    let ranges = ranges.map(Clone::clone);
    slab.get_disjoint_mut(ranges).unwrap_or_else(|error| unreachable!("a plan's buffers are disjoint: {error}"))
}
