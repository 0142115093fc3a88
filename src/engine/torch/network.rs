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
use super::stack::{Activation, Stack};
use super::stream::Stream;
use crate::model::{Axes, Axis, LiveTensors, MultiTensor, Network};
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
    softmaxes: Vec<(Axes, Softmax)>,
    /// The directional layers of the tensors that have them.
    directional: Vec<(Axes, CumulativeMaximum, Shift)>,
    maps: DirectionMaps,
    nonlinear: Vec<(Axes, Nonlinear)>,
    down: Down,
    /// The normalisation at the layer's end: what it reads, and itself.
    last: Vec<(Tensor, Normalise)>,
    /// The gradients of what the layer gives.
    ends: Stream,
}

/// What all layers share.
struct Shared<'a> {
    batch: &'a Batch<'a>,
    parameters: &'a Parameters,
    network: &'a Network,
    matrices: Matrices,
    means: Rc<SpatialMeans>,
    lines: Rc<Lines>,
    moves: Rc<Moves>,
    /// Working space.
    up: Rc<Stack>,
    down: Rc<Stack>,
    directed: [Stack; 2],
    sums: Rc<Stream>,
    softmaxes: MultiTensor<Workspace>,
    gradient: Stream,
}

impl Decoder {
    /// Wires the network.
    pub fn new(batch: &Batch, parameters: &Parameters, network: &Network) -> Self {
        let all = stacked();
        let stream = Rc::new(Stream::new(batch, network, &all));
        let latents = Latents::new(batch, parameters, Rc::new(Owners::new(batch, &all)), &stream);
        let cells = Cells::new(batch);
        let messages = |channels: usize| Rc::new(Stack::new(batch, &all, channels as i64));
        let directed = || Stack::new(batch, stream.directed.tensors(), network.direction_channels as i64);
        let shared = Shared {
            batch,
            parameters,
            network,
            matrices: Matrices::new(batch, parameters, network),
            means: Rc::new(SpatialMeans::new(batch, network.equivariance)),
            lines: Rc::new(Lines::new(batch, &cells, network.equivariance)),
            moves: Rc::new(Moves::new(batch, &cells, network.equivariance)),
            up: messages(network.share_up_channels),
            down: messages(network.share_down_channels),
            directed: [directed(), directed()],
            sums: Rc::new(Stream::new(batch, network, &all)),
            softmaxes: MultiTensor::from_fn(|axes| Workspace::new(batch, network, axes)),
            gradient: Stream::new(batch, network, &all),
        };
        let mut layers = Vec::with_capacity(network.layers);
        let (mut input, mut senders) = (stream, all);
        for layer in 0..network.layers {
            let (made, output, hearers) = Layer::new(&shared, layer, input, &senders);
            layers.push(made);
            (input, senders) = (output, hearers);
        }
        Self {
            latents,
            heads: Heads::new(batch, parameters, &input),
            layers,
            gradient: shared.gradient,
            matrices: shared.matrices,
        }
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
        self.heads.backward(&self.gradient);
        for (layer, scanned) in self.layers.iter().zip(&decoded.scanned).rev() {
            layer.backward(scanned, &self.gradient);
        }
        self.latents.backward(&decoded.drawn, &self.gradient);
        self.matrices.backward();
    }
}

impl Layer {
    /// Makes a layer that reads `input`; gives what it writes, and for which tensors.
    fn new(shared: &Shared, layer: usize, input: Rc<Stream>, senders: &[Axes]) -> (Self, Rc<Stream>, Vec<Axes>) {
        let &Shared { batch, parameters, network, .. } = shared;
        let LiveTensors { inner, output } = network.live(layer);
        let live =
            |tensors: &[Axes]| -> Vec<Axes> { stacked().into_iter().filter(|axes| tensors.contains(axes)).collect() };
        let (inner, output) = (live(&inner), live(&output));
        let place = |senders, hearers, input, output, messages: &Rc<Stack>| Place {
            batch,
            parameters,
            layer,
            senders,
            hearers,
            input,
            output,
            messages: Rc::clone(messages),
        };

        let heard = Rc::new(Stream::new(batch, network, &inner));
        let up = Up::new(place(senders, &inner, input, Rc::clone(&heard), &shared.up));

        // With directions: softmax, cumulative maximum, shift, maps; else the softmax is all before the SiLU.
        let mapped = Stream::new(batch, network, &inner);
        let with_directions = mapped.directed.tensors();
        let [before_maps, by_maps] = shared.directed.each_ref().map(|stack| stack.end(with_directions));
        let mut softmaxes = Vec::new();
        let mut directional = Vec::new();
        for &axes in &inner {
            let before_maps = || before_maps.part(axes).clone();
            let own = || Activation::new(batch, axes, network.direction_channels as i64);
            let target = if Network::is_directional(axes) {
                let [softmax, maximum] = [own(), own()];
                let key = (layer, axes);
                let scan = CumulativeMaximum::new(batch, parameters, key, &shared.lines, [&softmax, &maximum]);
                let shift = Shift::new(batch, parameters, key, &shared.moves, [&maximum, &before_maps()]);
                directional.push((axes, scan, shift));
                softmax
            } else if axes.has(Axis::Direction) {
                before_maps()
            } else {
                mapped.part(axes).clone()
            };
            let ends = [heard.part(axes), &target];
            let softmax = Softmax::new(batch, parameters, network, (layer, axes), &shared.softmaxes[axes], ends);
            softmaxes.push((axes, softmax));
        }
        let directed_gradient = shared.gradient.directed.end(with_directions);
        let maps = [&before_maps, &mapped.directed, &directed_gradient, &by_maps];
        let maps = DirectionMaps::new(batch, &shared.matrices, layer, maps);

        let active = Rc::new(Stream::new(batch, network, &inner));
        let nonlinear = |axes: Axes| {
            let ends = [mapped.part(axes), active.part(axes)];
            (axes, Nonlinear::new(batch, parameters, network, (layer, axes), ends))
        };
        let nonlinear = inner.iter().map(|&axes| nonlinear(axes)).collect();
        let sums = Rc::new(shared.sums.end(&output));
        let down = place(&inner, &output, active, Rc::clone(&sums), &shared.down);
        let down = Down::new(down, Rc::clone(&shared.means));

        let given = Rc::new(Stream::new(batch, network, &output));
        let stacks = sums.stacks().into_iter().zip(given.stacks()).filter(|(sums, _)| !sums.tensors().is_empty());
        let last = stacks.map(|(sums, given)| {
            let owners = Rc::new(Owners::new(batch, sums.tensors()));
            (sums.whole.shallow_clone(), Normalise::new(batch, owners, &given.whole))
        });
        let last = last.collect();
        let ends = shared.gradient.end(&output);
        (Self { up, softmaxes, directional, maps, nonlinear, down, last, ends }, given, output)
    }

    fn forward(&self) -> Vec<Scanned> {
        self.up.forward();
        self.softmaxes.iter().for_each(|(_, softmax)| softmax.forward());
        let scan = |(_, maximum, shift): &(Axes, CumulativeMaximum, Shift)| {
            let scanned = maximum.forward();
            shift.forward();
            scanned
        };
        let scanned = self.directional.iter().map(scan).collect();
        self.maps.forward();
        self.nonlinear.iter().for_each(|(_, nonlinear)| nonlinear.forward());
        self.down.forward();
        for (sums, normalise) in &self.last {
            normalise.forward(sums);
        }
        scanned
    }

    /// Turns the gradient of what the layer gives into that of what it reads.
    fn backward(&self, scanned: &[Scanned], gradient: &Stream) {
        let stacks = self.ends.stacks().into_iter().filter(|stack| !stack.tensors().is_empty());
        for (stack, (_, normalise)) in stacks.zip(&self.last) {
            normalise.backward(&stack.whole);
        }
        self.down.backward(gradient);
        self.nonlinear.iter().for_each(|(axes, nonlinear)| nonlinear.backward(gradient.part(*axes)));
        self.maps.backward();
        for ((axes, maximum, shift), scanned) in self.directional.iter().zip(scanned) {
            shift.backward(gradient.part(*axes));
            maximum.backward(scanned, gradient.part(*axes));
        }
        self.softmaxes.iter().for_each(|(axes, softmax)| softmax.backward(gradient.part(*axes)));
        self.up.backward(gradient);
    }
}
