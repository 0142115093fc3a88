//! The network of one puzzle: latents to logits and masks, and the gradients back.
//!
//! In: a seed's parameters and noise. Out: a readout and the KL; then, from the readout's gradient, the parameters'. A
//! [`Model`] is what a puzzle fixes, a [`Workspace`] what a step writes to; tensors are worked on side by side.

mod heads;
mod stages;

use super::branch::{denormalise_end, measure, normalise_end, read_back, receive, send_back, weigh};
use super::context::Context;
use super::directions::{directions, directions_back};
use super::float::Float;
use super::hidden::{maps_and_hidden, maps_and_hidden_back};
use super::latents::{LatentSlices, Latents};
use super::linear::product;
use super::plan::{LayerBuffers, Purpose, TensorPlan, pick};
use super::rays::Rays;
use super::reconstruction::Readout;
use super::scan::OUTSIDE;
use super::share::{Down, SpatialMeans};
use super::simd::Level;
use super::softmax::{scores_back, softmax, softmax_back};
use super::team::Team;
use super::up::Up;
use super::weights::{Record, Records};
use crate::engine::Problem;
use crate::model::tying::representative;
use crate::model::{Axes, Equivariance, LiveTensors, Network, Plan};
use heads::{Head, modifier};
use rayon::prelude::*;
pub use stages::{Stage, Stages};

/// Everything that doesn't change from step to step.
#[derive(Clone, Debug)]
pub struct Model<T> {
    /// Every tensor's shape and buffers.
    pub tensors: Vec<TensorPlan>,
    records: Records,
    live: Vec<LiveTensors>,
    latents: Vec<LatentSlices>,
    heads: [Head; 3],
    in_bounds: Vec<T>,
    outside: Vec<T>,
    clears_outside: bool,
    row_modifier: Vec<T>,
    column_modifier: Vec<T>,
    rays: Rays,
    zeros: Vec<T>,
    means: SpatialMeans<T>,
    network: Network,
    level: Level,
    team: Team,
    arena: usize,
    parameters: usize,
    /// Grids of an example.
    planes: usize,
}

/// What a step writes to.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    arena: Vec<T>,
    records: Vec<T>,
    transposed: Vec<T>,
    record_gradients: Vec<T>,
    /// What the network says.
    pub readout: Readout<T>,
    /// The loss' gradient by it.
    pub by_readout: Readout<T>,
    /// The KL of each tensor's latents, nats.
    pub kl_by_tensor: [f64; Axes::COUNT],
}

/// Every tensor's buffers, one slab of the arena after the other.
fn lay_out(plan: &Plan, network: &Network, purpose: Purpose, records: &Records) -> Vec<TensorPlan> {
    let mut end = 0;
    let tensor = |axes: Axes| {
        let own: Vec<&Record> = records.layers.iter().map(|layer| &layer[axes.index()]).collect();
        let tensor = TensorPlan::new(axes, &plan.dimensions, network, purpose, &own, end);
        end = tensor.slab.end;
        tensor
    };
    Axes::all().map(tensor).collect()
}

/// Numbers that a training step's model and workspace hold, but for the readouts; nothing is allocated in proportion.
pub fn numbers(problem: &Problem) -> usize {
    let Problem { plan, network, layout, .. } = problem;
    let records = Records::new(layout, network);
    let arena = lay_out(plan, network, Purpose::Training, &records).last().map_or(0, |tensor| tensor.slab.end);
    // In and out of bounds, and up to three means.
    let cells = plan.dimensions.examples * plan.dimensions.rows * plan.dimensions.columns;
    arena + 3 * records.len() + (4 + network.cummax_channels) * cells
}

impl<T: Float> Model<T> {
    /// Prepares a problem.
    pub fn new(problem: &Problem, purpose: Purpose, level: Level, team: Team) -> Self {
        let Problem { plan, network, layout, .. } = problem;
        let records = Records::new(layout, network);
        let tensors = lay_out(plan, network, purpose, &records);
        let arena = tensors.last().map_or(0, |tensor| tensor.slab.end);
        let range = |name: &str| layout.slices()[layout.index_of(name)].range();
        let latents = Axes::all()
            .map(|axes| {
                let first = representative(axes);
                LatentSlices {
                    mean: range(&format!("posterior.{axes}.mean")),
                    adjustment: range(&format!("posterior.{axes}.local_capacity_adjustment")),
                    target: range(&format!("target_capacity.{axes}")),
                    weight: range(&format!("decode.{first}.weight")),
                    bias: range(&format!("decode.{first}.bias")),
                }
            })
            .collect();
        let in_bounds: Vec<T> = plan.in_bounds().into_iter().map(|inside| T::of(f64::from(inside))).collect();
        let width = network.cummax_channels;
        let outside = in_bounds
            .iter()
            .flat_map(|&inside| std::iter::repeat_n((T::ONE - inside) * T::of(OUTSIDE), width))
            .collect();
        let widest = [network.channels, network.direction_channels, network.nonlinear_channels];
        Self {
            records,
            live: (0..network.layers).map(|layer| network.live(layer)).collect(),
            latents,
            heads: Head::all(range),
            in_bounds,
            outside,
            clears_outside: problem.network.equivariance == Equivariance::Exact,
            row_modifier: modifier(plan, plan.dimensions.rows, |example| plan.extent(example).0),
            column_modifier: modifier(plan, plan.dimensions.columns, |example| plan.extent(example).1),
            rays: Rays::new(plan.dimensions.rows, plan.dimensions.columns),
            zeros: vec![T::ZERO; widest.into_iter().max().unwrap_or(1)],
            means: SpatialMeans::new(plan, network.equivariance),
            network: network.clone(),
            level,
            team,
            arena,
            parameters: layout.len(),
            planes: plan.dimensions.planes,
            tensors,
        }
    }

    /// Room for a step; all that a step needs is allocated here.
    pub fn workspace(&self, plan: &Plan) -> Workspace<T> {
        let length = self.records.len();
        Workspace {
            arena: vec![T::ZERO; self.arena],
            records: vec![T::ZERO; length],
            transposed: vec![T::ZERO; length],
            record_gradients: vec![T::ZERO; length],
            readout: Readout::new(&plan.dimensions),
            by_readout: Readout::new(&plan.dimensions),
            kl_by_tensor: [0.0; Axes::COUNT],
        }
    }

    /// From parameters and noise to `workspace.readout` and the KL.
    pub fn forward(&self, parameters: &[T], noise: &[T], workspace: &mut Workspace<T>) {
        self.records.spread(parameters, &mut workspace.records, &mut workspace.transposed);
        let Workspace { arena, kl_by_tensor, .. } = workspace;
        let mut slabs = self.slabs(arena);
        slabs.par_iter_mut().zip(kl_by_tensor.par_iter_mut()).with_min_len(self.team.least()).enumerate().for_each(
            |(index, (slab, kl))| {
                let latents = self.latents(index);
                *kl = latents.decode(parameters, &noise[latents.slices.mean.clone()], slab);
            },
        );
        self.decode_stream(parameters, workspace);
    }

    /// From parameters and latents, in the layout's order and times their scaling, to `workspace.readout`. Of the
    /// parameters only the weights are read.
    pub fn decode(&self, parameters: &[T], latents: &[T], workspace: &mut Workspace<T>) {
        self.records.spread(parameters, &mut workspace.records, &mut workspace.transposed);
        self.slabs(&mut workspace.arena).par_iter_mut().with_min_len(self.team.least()).enumerate().for_each(
            |(index, slab)| {
                let tensor = self.latents(index);
                slab[tensor.plan.latents.clone()].copy_from_slice(&latents[tensor.slices.mean.clone()]);
                tensor.decode_drawn(parameters, slab);
            },
        );
        self.decode_stream(parameters, workspace);
    }

    /// The latents that the last `forward` drew, in the layout's order and times their scaling.
    pub fn drawn(&self, workspace: &Workspace<T>, latents: &mut [T]) {
        for (plan, slices) in self.tensors.iter().zip(&self.latents) {
            latents[slices.mean.clone()].copy_from_slice(&workspace.arena[plan.in_arena(&plan.latents)]);
        }
    }

    /// From the first layer's input to the readout.
    fn decode_stream(&self, parameters: &[T], workspace: &mut Workspace<T>) {
        let Workspace { arena, records, transposed, .. } = workspace;
        for layer in 0..self.network.layers {
            let context = self.context(layer, records, transposed);
            self.layer(layer, &context, arena);
        }
        self.heads(parameters, workspace);
    }

    /// From `workspace.by_readout` to the parameters' gradient, that of the KL included; `forward` comes first.
    pub fn backward(&self, parameters: &[T], noise: &[T], workspace: &mut Workspace<T>, gradient: &mut [T]) {
        gradient[self.latents[0].target.start..].fill(T::ZERO);
        self.heads_back(parameters, workspace, gradient);
        let Workspace { arena, records, transposed, record_gradients, .. } = workspace;
        record_gradients.fill(T::ZERO);
        for layer in (0..self.network.layers).rev() {
            let context = self.context(layer, records, transposed);
            self.layer_back(layer, &context, arena, record_gradients);
        }
        self.records.gather(record_gradients, gradient);
        for (index, slab) in self.slabs(arena).into_iter().enumerate() {
            let latents = self.latents(index);
            latents.back(parameters, &noise[latents.slices.mean.clone()], slab, gradient);
        }
        debug_assert_eq!(gradient.len(), self.parameters);
    }

    fn latents(&self, index: usize) -> Latents<'_> {
        Latents { team: self.team, level: self.level, plan: &self.tensors[index], slices: &self.latents[index] }
    }

    fn context<'a>(&'a self, layer: usize, records: &'a [T], transposed: &'a [T]) -> Context<'a, T> {
        Context {
            level: self.level,
            team: self.team,
            layout: &self.records.layers[layer],
            records,
            transposed,
            in_bounds: &self.in_bounds,
            clears_outside: self.clears_outside,
            outside: &self.outside,
            rays: &self.rays,
            zeros: &self.zeros,
        }
    }

    /// The arena, cut into the tensors' slabs.
    fn slabs<'a>(&self, arena: &'a mut [T]) -> [&'a mut [T]; Axes::COUNT] {
        let mut rest = arena;
        std::array::from_fn(|index| {
            let (slab, after) = std::mem::take(&mut rest).split_at_mut(self.tensors[index].slab.len());
            rest = after;
            slab
        })
    }

    /// Does `work` on each of `live`, side by side.
    fn each(&self, arena: &mut [T], live: &[Axes], work: impl Fn(&TensorPlan, &mut [T]) + Sync) {
        self.slabs(arena).par_iter_mut().zip(&self.tensors).with_min_len(self.team.least()).for_each(|(slab, plan)| {
            if live.contains(&plan.shape.axes) {
                work(plan, slab);
            }
        });
    }

    /// The same with each tensor's gradient record of a layer.
    fn each_with_record(
        &self,
        layer: usize,
        arena: &mut [T],
        records: &mut [T],
        work: impl Fn(&TensorPlan, &mut [T], &mut [T]) + Sync,
    ) {
        let layout = &self.records.layers[layer];
        let mut rest = &mut records[layout[0].range.start..layout[Axes::COUNT - 1].range.end];
        let records: [&mut [T]; Axes::COUNT] = std::array::from_fn(|index| {
            let (record, after) = std::mem::take(&mut rest).split_at_mut(layout[index].range.len());
            rest = after;
            record
        });
        let mut pairs = {
            let mut records = records.into_iter();
            self.slabs(arena).map(|slab| (slab, records.next().unwrap_or_default()))
        };
        pairs
            .par_iter_mut()
            .zip(&self.tensors)
            .with_min_len(self.team.least())
            .for_each(|((slab, record), plan)| work(plan, slab, record));
    }

    fn down<'a>(&'a self, layer: usize, sources: &'a [Axes]) -> Down<'a, T> {
        Down {
            team: self.team,
            level: self.level,
            tensors: &self.tensors,
            sources,
            means: &self.means,
            layer,
            width: self.network.share_down_channels,
        }
    }

    fn up(&self) -> Up<'_> {
        Up { team: self.team, level: self.level, tensors: &self.tensors, width: self.network.share_up_channels }
    }

    /// Each tensor's messages from smaller ones, summed, in its message buffer.
    fn messages_up(&self, layer: usize, context: &Context<T>, arena: &mut [T]) {
        let width = self.network.share_up_channels;
        self.slabs(arena).par_iter_mut().zip(&self.tensors).with_min_len(self.team.least()).for_each(|(slab, plan)| {
            let matrix = &context.record(plan.index).up_in;
            let weight = context.weight(plan.index, matrix);
            let [x, message] = pick(slab, [&plan.layers[layer].input, &plan.message]);
            let block = plan.shape.block();
            message
                .par_chunks_mut(block * width)
                .zip(x.par_chunks(block * plan.shape.channels))
                .with_min_len(context.team.least())
                .for_each(|(message, x)| product(context.level, x, weight, message, plan.shape.channels, width));
        });
        self.up().sum(arena);
    }

    fn layer(&self, layer: usize, context: &Context<T>, arena: &mut [T]) {
        let LiveTensors { inner, output } = &self.live[layer];
        self.messages_up(layer, context, arena);
        self.each(arena, inner, |plan, slab| {
            let buffers = &plan.layers[layer];
            self.receive_up(context, plan, slab, buffers);
            softmax(context, plan, slab, buffers);
            directions(context, plan, slab, buffers);
            maps_and_hidden(context, plan, slab, buffers);
        });
        self.down(layer, inner).sum(arena);
        self.each(arena, output, |plan, slab| self.receive_down(layer, context, plan, slab));
    }

    /// Adds the messages from smaller tensors to the stream.
    fn receive_up(&self, context: &Context<T>, plan: &TensorPlan, slab: &mut [T], buffers: &LayerBuffers) {
        measure(context, plan, slab, &plan.message, &buffers.up_moments, self.network.share_up_channels);
        let ranges = [&buffers.input, &plan.message, &buffers.softmax];
        receive(context, plan, slab, ranges, &buffers.up_moments, &context.record(plan.index).up_out);
    }

    /// Adds the messages from larger tensors, and ends the layer.
    fn receive_down(&self, layer: usize, context: &Context<T>, plan: &TensorPlan, slab: &mut [T]) {
        let (buffers, next) = (&plan.layers[layer], &plan.layers[layer + 1].input);
        measure(context, plan, slab, &buffers.down, &buffers.down_moments, self.network.share_down_channels);
        let ranges = [&plan.stream, &buffers.down, next];
        receive(context, plan, slab, ranges, &buffers.down_moments, &context.record(plan.index).down_out);
        normalise_end(context, plan, slab, next, &buffers.end_moments);
    }

    fn layer_back(&self, layer: usize, context: &Context<T>, arena: &mut [T], records: &mut [T]) {
        let inner = &self.live[layer].inner;
        self.receive_down_back(layer, context, arena, records);
        self.each_with_record(layer, arena, records, |plan, slab, gradient| {
            let buffers = &plan.layers[layer];
            if inner.contains(&plan.shape.axes) {
                maps_and_hidden_back(context, plan, slab, buffers, gradient);
                directions_back(context, plan, slab, buffers, gradient);
                softmax_back(context, plan, slab, buffers, gradient);
            }
        });
        self.receive_up_back(layer, context, arena, records);
    }

    /// Back through a layer's end and the messages from larger tensors.
    fn receive_down_back(&self, layer: usize, context: &Context<T>, arena: &mut [T], records: &mut [T]) {
        let LiveTensors { inner, output } = &self.live[layer];
        self.each_with_record(layer, arena, records, |plan, slab, gradient| {
            let buffers = &plan.layers[layer];
            if output.contains(&plan.shape.axes) {
                let matrix = &context.record(plan.index).down_out;
                denormalise_end(context, plan, slab, &plan.layers[layer + 1].input, &buffers.end_moments);
                weigh(context, plan, slab, &buffers.down, &buffers.down_moments, matrix, gradient);
                send_back(context, plan, slab, &buffers.down, &buffers.down_moments, matrix);
            } else if inner.contains(&plan.shape.axes) {
                slab[plan.gradient.clone()].fill(T::ZERO);
                slab[buffers.down.clone()].fill(T::ZERO);
            }
        });
        self.down(layer, inner).sum_back(arena);
    }

    /// Back through the scores, which read what the messages from smaller tensors gave, and through these.
    fn receive_up_back(&self, layer: usize, context: &Context<T>, arena: &mut [T], records: &mut [T]) {
        self.messages_up(layer, context, arena);
        self.each_with_record(layer, arena, records, |plan, slab, gradient| {
            let buffers = &plan.layers[layer];
            if self.live[layer].inner.contains(&plan.shape.axes) {
                let matrix = &context.record(plan.index).up_out;
                let ranges = [&buffers.input, &plan.message, &plan.stream];
                receive(context, plan, slab, ranges, &buffers.up_moments, matrix);
                scores_back(context, plan, slab, buffers, &plan.stream, gradient);
                weigh(context, plan, slab, &plan.message, &buffers.up_moments, matrix, gradient);
                send_back(context, plan, slab, &plan.message, &buffers.up_moments, matrix);
            } else {
                slab[plan.gradient.clone()].fill(T::ZERO);
                slab[plan.message.clone()].fill(T::ZERO);
            }
        });
        self.up().sum_back(arena);
        self.each_with_record(layer, arena, records, |plan, slab, gradient| {
            let ranges = [&plan.layers[layer].input, &plan.message];
            read_back(context, plan, slab, ranges, &context.record(plan.index).up_in, gradient);
        });
    }
}
