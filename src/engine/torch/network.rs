//! The network: latents in, logits and masks out, and the way back.
//!
//! Everything is wired once: each layer knows the buffers that it reads and writes. The gradient of the stream has one
//! buffer, which every layer's way back turns from its output's into its input's.

use super::batch::{Batch, stacked};
use super::cummax::{CumulativeMaximum, Lines, Scanned};
use super::heads::Heads;
use super::latents::{Drawn, Latents};
use super::maps::{DirectionMaps, Matrices};
use super::means::SpatialMeans;
use super::nonlinear::Nonlinear;
use super::normalise::{Normalise, Owners};
use super::parameters::Parameters;
use super::rays::Cells;
use super::share::{Down, Place, Up};
use super::shift::{Moves, Shift};
use super::softmax::{Softmax, Workspace};
use super::stack::{Rows, Stack, tied};
use super::stream::Stream;
use crate::model::{Axes, Axis, Network};
use std::rc::Rc;
use tch::Tensor;

/// The network of a batch.
pub struct Decoder {
    latents: Latents,
    matrices: Matrices,
    layers: Vec<Layer>,
    heads: Heads,
    gradient: Stream,
}

/// What the way back needs, besides what buffers hold.
pub struct Decoded {
    /// The latents.
    pub drawn: Drawn,
    scanned: Vec<Vec<Scanned>>,
}

/// One layer.
struct Layer {
    up: Up,
    softmaxes: Vec<Softmax>,
    /// The directional layers of the tensors that have them.
    directional: Vec<(CumulativeMaximum, Shift)>,
    maps: DirectionMaps,
    nonlinear: Vec<Nonlinear>,
    down: Down,
    /// The normalisations at the layer's end: what each reads, itself, and the gradient of what it gives.
    last: Vec<(Tensor, Normalise, Tensor)>,
}

/// What all layers share.
struct Shared<'a> {
    batch: &'a Batch<'a>,
    parameters: &'a Parameters,
    network: &'a Network,
    matrices: &'a Matrices,
    means: Rc<SpatialMeans>,
    lines: Rc<Lines>,
    moves: Rc<Moves>,
    gradient: &'a Stream,
    /// Working space.
    up: Stack,
    down: Stack,
    directed: [Stack; 2],
    sums: Stream,
    softmaxes: Vec<(Vec<Axes>, Workspace)>,
}

impl Decoder {
    /// Wires the network.
    pub fn new(batch: &Batch, parameters: &Parameters, network: &Network) -> Self {
        let all = stacked();
        let [first, gradient, sums] = std::array::from_fn(|_| Stream::new(batch, network, &all));
        let latents = Latents::new(batch, parameters, Rc::new(Owners::new(batch, &all)), [&first, &gradient]);
        let matrices = Matrices::new(batch, parameters, network);
        let cells = Cells::new(batch);
        let directed = || Stack::new(batch, first.directed.tensors(), network.direction_channels as i64);
        let softmaxes = tied(&all).into_iter().map(|group| {
            let workspace = Workspace::new(batch, network, &group);
            (group, workspace)
        });
        let shared = Shared {
            batch,
            parameters,
            network,
            matrices: &matrices,
            means: Rc::new(SpatialMeans::new(batch, network.equivariance)),
            lines: Rc::new(Lines::new(batch, &cells, network.equivariance)),
            moves: Rc::new(Moves::new(batch, &cells, network.equivariance)),
            gradient: &gradient,
            up: Stack::new(batch, &all, network.share_up_channels as i64),
            down: Stack::new(batch, &all, network.share_down_channels as i64),
            directed: [directed(), directed()],
            sums,
            softmaxes: softmaxes.collect(),
        };
        let mut layers = Vec::with_capacity(network.layers);
        let (mut input, mut senders) = (first, all);
        for layer in 0..network.layers {
            let (made, output, hearers) = Layer::new(&shared, layer, &input, &senders);
            layers.push(made);
            (input, senders) = (output, hearers);
        }
        let heads = Heads::new(batch, parameters, [&input, &gradient]);
        Self { latents, matrices, layers, heads, gradient }
    }

    /// What the network says after [`Decoder::forward`], and where its gradient is to be put before the way back.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// `noise`: (member, position, channel), as stacked.
    pub fn forward(&self, noise: Tensor) -> Decoded {
        self.matrices.forward();
        let drawn = self.latents.forward(noise);
        let scanned = self.layers.iter().map(Layer::forward).collect();
        self.heads.forward();
        Decoded { drawn, scanned }
    }

    /// Adds to the gradients of the parameters.
    pub fn backward(&self, decoded: &Decoded) {
        for stack in self.gradient.stacks() {
            let _ = stack.whole.shallow_clone().zero_();
        }
        self.heads.backward();
        for (layer, scanned) in self.layers.iter().zip(&decoded.scanned).rev() {
            layer.backward(scanned);
        }
        self.latents.backward(&decoded.drawn);
        self.matrices.backward();
    }
}

impl Layer {
    /// Makes a layer that reads `input`; gives what it writes, and for which tensors.
    fn new(shared: &Shared, layer: usize, input: &Stream, senders: &[Axes]) -> (Self, Stream, Vec<Axes>) {
        let &Shared { batch, parameters, network, gradient, .. } = shared;
        let live = network.live(layer);
        let [inner, output] = [live.inner, live.output]
            .map(|live| stacked().into_iter().filter(|axes| live.contains(axes)).collect::<Vec<Axes>>());
        let [heard, mapped, active] = std::array::from_fn(|_| Stream::new(batch, network, &inner));
        let place = Place {
            batch,
            parameters,
            layer,
            senders,
            hearers: &inner,
            input,
            output: &heard,
            gradient,
            messages: &shared.up,
        };
        let up = Up::new(&place);

        let with_directions = mapped.directed.tensors();
        let [before_maps, by_maps] = shared.directed.each_ref().map(|stack| stack.end(with_directions));
        let (softmaxes, directional) = shared.before_maps(layer, &inner, [&heard, &mapped], &before_maps);
        let stacks = [&before_maps, &mapped.directed, &gradient.directed.end(with_directions), &by_maps];
        let maps = DirectionMaps::new(batch, shared.matrices, layer, stacks);
        let streams = [&mapped, &active, gradient];
        let nonlinear = |group: &Vec<Axes>| Nonlinear::new(batch, parameters, network, (layer, group), streams);
        let nonlinear = tied(&inner).iter().map(nonlinear).collect();

        let sums = shared.sums.end(&output);
        let place =
            Place { senders: &inner, hearers: &output, input: &active, output: &sums, messages: &shared.down, ..place };
        let down = Down::new(&place, Rc::clone(&shared.means));
        let given = Stream::new(batch, network, &output);
        let ends = gradient.end(&output);
        let stacks = sums.stacks().into_iter().zip(given.stacks()).zip(ends.stacks());
        let last = stacks.filter(|((sums, _), _)| !sums.tensors().is_empty()).map(|((sums, given), gradient)| {
            let owners = Rc::new(Owners::new(batch, sums.tensors()));
            let normalise = Normalise::new(batch, owners, &given.whole);
            (sums.whole.shallow_clone(), normalise, gradient.whole.shallow_clone())
        });
        let last = last.collect();
        (Self { up, softmaxes, directional, maps, nonlinear, down, last }, given, output)
    }

    fn forward(&self) -> Vec<Scanned> {
        self.up.forward();
        self.softmaxes.iter().for_each(Softmax::forward);
        let scan = |(maximum, shift): &(CumulativeMaximum, Shift)| {
            let scanned = maximum.forward();
            shift.forward();
            scanned
        };
        let scanned = self.directional.iter().map(scan).collect();
        self.maps.forward();
        self.nonlinear.iter().for_each(Nonlinear::forward);
        self.down.forward();
        for (sums, normalise, _) in &self.last {
            normalise.forward(sums);
        }
        scanned
    }

    /// Turns the gradient of what the layer gives into that of what it reads.
    fn backward(&self, scanned: &[Scanned]) {
        for (_, normalise, gradient) in &self.last {
            normalise.backward(gradient);
        }
        self.down.backward();
        self.nonlinear.iter().for_each(Nonlinear::backward);
        self.maps.backward();
        for ((maximum, shift), scanned) in self.directional.iter().zip(scanned) {
            shift.backward();
            maximum.backward(scanned);
        }
        self.softmaxes.iter().for_each(Softmax::backward);
        self.up.backward();
    }
}

impl Shared<'_> {
    /// A layer's softmaxes, from the first stream, and cumulative maxima and shifts: with directions up to `before_maps`,
    /// else to the second stream.
    fn before_maps(
        &self,
        layer: usize,
        inner: &[Axes],
        [heard, mapped]: [&Stream; 2],
        before_maps: &Stack,
    ) -> (Vec<Softmax>, Vec<(CumulativeMaximum, Shift)>) {
        let &Self { batch, parameters, network, gradient, .. } = self;
        let (mut softmaxes, mut directional) = (Vec::new(), Vec::new());
        for (group, workspace) in self.softmaxes.iter().filter(|(group, _)| inner.contains(&group[0])) {
            let axes = group[0];
            let by_output = gradient.rows(group);
            let output = if Network::is_directional(axes) {
                let own = || Rows::new(batch, batch.positions(axes), network.direction_channels as i64);
                let [softmax, maximum] = [own(), own()];
                let ends = [&softmax, &maximum, &by_output];
                let scan = CumulativeMaximum::new(batch, parameters, (layer, axes), &self.lines, ends);
                let ends = [&maximum, &before_maps.rows(group), &by_output];
                directional.push((scan, Shift::new(batch, parameters, (layer, axes), &self.moves, ends)));
                softmax
            } else if axes.has(Axis::Direction) {
                before_maps.rows(group)
            } else {
                mapped.rows(group)
            };
            let ends = [heard.rows(group), output, by_output];
            softmaxes.push(Softmax::new(batch, parameters, network, (layer, group), workspace, ends));
        }
        (softmaxes, directional)
    }
}
