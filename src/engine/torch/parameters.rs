//! The parameters on the device: one tensor (member, number), its gradient and Adam's moments beside it, and the views that
//! layers read and write, made once.
//!
//! The order on the device is not that of a [`Layout`]: latents lie as the layers want them (the tensors as they are stacked,
//! directions next to channels, room for padding), what goes forward along rays before what goes backward, and all direction
//! maps together. What comes from the host and goes there is put in order there.

use super::batch::{Batch, ORDER, lengths, stacked};
use super::ops::to_vec;
use crate::engine::Problem;
use crate::model::{Axes, Axis, Dimensions, LATENT_CHANNELS, Layout, Network, Optimiser, tying};
use std::ops::Range;
use tch::Tensor;

/// A weight and its gradient.
pub struct Weight {
    /// (member, input, output).
    pub value: Tensor,
    /// (member, output, input).
    pub transposed: Tensor,
    /// (member, input, output); the ways back of all that use the weight add to it.
    pub gradient: Tensor,
}

/// All parameters of a batch.
pub struct Parameters {
    values: Tensor,
    gradient: Tensor,
    first_moment: Tensor,
    second_moment: Tensor,
    updates: i32,
    layout: Layout,
    /// Where a slice of the layout begins on the device.
    offsets: Vec<usize>,
    /// For each member where its parameters lie on the device.
    places: Vec<Vec<usize>>,
    /// How many of these are means of latents.
    latents: Vec<usize>,
    /// Latent numbers on the device, with padding.
    latent_room: usize,
    maps: Range<usize>,
}

impl Parameters {
    /// Makes room for the members' parameters; all are 0.
    pub fn new(batch: &Batch, problems: &[&Problem]) -> Self {
        let network = &problems[0].network;
        let layout = Layout::new(network, &batch.dimensions);
        let (offsets, maps) = offsets(&layout, &batch.dimensions);
        let places = problems.iter().map(|problem| places(problem, &batch.dimensions, &layout, &offsets)).collect();
        let shape = [batch.members(), layout.len() as i64];
        let [values, gradient, first_moment, second_moment] = std::array::from_fn(|_| batch.zeros(&shape));
        Self {
            values,
            gradient,
            first_moment,
            second_moment,
            updates: 0,
            latents: problems.iter().map(|problem| problem.layout.latents()).collect(),
            latent_room: layout.latents(),
            layout,
            offsets,
            places,
            maps,
        }
    }

    /// The weight of this name.
    pub fn weight(&self, name: &str) -> Weight {
        let index = self.layout.index_of(name);
        let shape = match self.layout.slices()[index].shape[..] {
            [inputs, outputs] => [inputs as i64, outputs as i64],
            _ => [1, self.layout.slices()[index].len() as i64],
        };
        let [value, gradient] = self.views(self.offsets[index], shape);
        Weight { transposed: value.transpose(1, 2), value, gradient }
    }

    /// The weight into (`end` = "in") or out of ("out") a layer's residual branch for a tensor.
    pub fn branch(&self, layer: usize, kind: &str, axes: Axes, end: &str) -> Weight {
        self.weight(&format!("layer{layer}.{kind}.{}.{end}.weight", tying::representative(axes)))
    }

    /// Means of the latents, their adjustments, (member, position, channel) as stacked, and target capacities, (member,
    /// tensor, channel); each with its gradient.
    pub fn latents(&self) -> [[Tensor; 2]; 3] {
        let channels = LATENT_CHANNELS as i64;
        let positions = self.latent_room as i64 / channels;
        [
            self.views(0, [positions, channels]),
            self.views(self.latent_room, [positions, channels]),
            self.views(2 * self.latent_room, [Axes::COUNT as i64, channels]),
        ]
    }

    /// All direction maps, (member, map, number), with their gradient.
    pub fn direction_maps(&self, network: &Network) -> [Tensor; 2] {
        let numbers = network.direction_channels * network.direction_channels;
        self.views(self.maps.start, [(self.maps.len() / numbers) as i64, numbers as i64])
    }

    /// Which of all direction maps has this name.
    pub fn direction_map(&self, name: &str, network: &Network) -> i64 {
        let numbers = network.direction_channels * network.direction_channels;
        ((self.offsets[self.layout.index_of(name)] - self.maps.start) / numbers) as i64
    }

    fn views(&self, offset: usize, [inputs, outputs]: [i64; 2]) -> [Tensor; 2] {
        [&self.values, &self.gradient]
            .map(|flat| flat.narrow(1, offset as i64, inputs * outputs).view([flat.size()[0], inputs, outputs]))
    }

    /// Clears the gradient.
    pub fn begin(&self) {
        let _ = self.gradient.shallow_clone().zero_();
    }

    /// Adam (Kingma and Ba 2015, algorithm 1).
    pub fn update(&mut self, adam: &Optimiser) {
        self.updates += 1;
        let corrected = 1.0 / (1.0 - adam.beta2.powi(self.updates)).sqrt();
        let rate = adam.learning_rate / (1.0 - adam.beta1.powi(self.updates));
        let _ = self.first_moment.lerp_(&self.gradient, 1.0 - adam.beta1);
        self.second_moment *= adam.beta2;
        let _ = self.second_moment.addcmul_(&(&self.gradient * (1.0 - adam.beta2)), &self.gradient);
        let mut scale = self.second_moment.sqrt();
        scale *= corrected;
        scale += adam.epsilon;
        let _ = self.values.addcdiv_(&(&self.first_moment * -rate), &scale);
    }

    /// Puts parameters, the members' one after the other, in place.
    pub fn set(&mut self, parameters: &[f32]) {
        let room = self.layout.len();
        let mut padded = vec![0.0; self.places.len() * room];
        let mut rest = parameters;
        for (member, places) in padded.chunks_mut(room).zip(&self.places) {
            let (own, after) = rest.split_at(places.len());
            rest = after;
            places.iter().zip(own).for_each(|(&place, &value)| member[place] = value);
        }
        self.values.copy_(&Tensor::from_slice(&padded).view_as(&self.values));
    }

    /// The members' parameters, one after the other.
    pub fn values(&self) -> Vec<f32> {
        self.in_order(&self.values)
    }

    /// The members' gradients, one after the other.
    pub fn gradients(&self) -> Vec<f32> {
        self.in_order(&self.gradient)
    }

    fn in_order(&self, padded: &Tensor) -> Vec<f32> {
        let padded = to_vec(padded);
        let members = padded.chunks(self.layout.len()).zip(&self.places);
        members.flat_map(|(member, places)| places.iter().map(|&place| member[place])).collect()
    }

    /// Parameters and gradients that are nobody's.
    #[cfg(test)]
    pub fn padding(&self) -> Vec<f32> {
        let own: Vec<std::collections::HashSet<usize>> =
            self.places.iter().map(|places| places.iter().copied().collect()).collect();
        let nobodys = |values: &Tensor| -> Vec<f32> {
            let values = to_vec(values);
            let members = values.chunks(self.layout.len()).zip(&own);
            members
                .flat_map(|(member, own)| member.iter().enumerate().filter(|(place, _)| !own.contains(place)))
                .map(|(_, &value)| value)
                .collect()
        };
        [nobodys(&self.values), nobodys(&self.gradient)].concat()
    }

    /// Noise of the latents, the members' one after the other, as the device has it, (member, latent number).
    pub fn noise(&self, noise: &[f32]) -> Vec<f32> {
        let mut padded = vec![0.0; self.places.len() * self.latent_room];
        let mut rest = noise;
        for ((member, places), &latents) in padded.chunks_mut(self.latent_room).zip(&self.places).zip(&self.latents) {
            let (own, after) = rest.split_at(latents);
            rest = after;
            places[..latents].iter().zip(own).for_each(|(&place, &value)| member[place] = value);
        }
        padded
    }
}

fn is_direction_map(name: &str) -> bool {
    name.contains(".direction_share.")
}

/// Where each slice of a layout begins on the device, and where the direction maps lie.
fn offsets(layout: &Layout, dimensions: &Dimensions) -> (Vec<usize>, Range<usize>) {
    let mut offsets = vec![0; layout.slices().len()];
    let mut end = 0;
    for (kind, numbers) in [(0, None), (1, None), (2, Some(LATENT_CHANNELS))] {
        for axes in stacked() {
            offsets[kind * Axes::COUNT + axes.index()] = end;
            end += numbers.unwrap_or_else(|| dimensions.positions(axes) * LATENT_CHANNELS);
        }
    }
    let mut maps = 0..0;
    for direction_maps in [false, true] {
        maps.start = end;
        for (index, slice) in layout.slices().iter().enumerate().skip(3 * Axes::COUNT) {
            if is_direction_map(&slice.name) == direction_maps {
                offsets[index] = end;
                end += slice.len();
            }
        }
    }
    maps.end = end;
    (offsets, maps)
}

/// Where a member's parameters lie on the device.
fn places(problem: &Problem, padded: &Dimensions, layout: &Layout, offsets: &[usize]) -> Vec<usize> {
    let mut places = Vec::with_capacity(problem.layout.len());
    for (index, (slice, &offset)) in layout.slices().iter().zip(offsets).enumerate() {
        if index < 2 * Axes::COUNT {
            let axes = Axes::all().nth(index % Axes::COUNT).unwrap_or_else(|| unreachable!("less than their count"));
            let own = latent_places(axes, &problem.plan.dimensions, padded);
            places.extend(own.into_iter().map(|place| offset + place));
        } else if slice.name.ends_with(".in.weight")
            && [".cummax.", ".shift."].iter().any(|kind| slice.name.contains(kind))
        {
            // Columns go forward and backward in turn; on the device all that go forward come first.
            let columns = slice.shape[1];
            places.extend((0..slice.len()).map(|number| {
                let column = number % columns;
                offset + number - column + column % 2 * (columns / 2) + column / 2
            }));
        } else {
            places.extend(offset..offset + slice.len());
        }
    }
    places
}

/// Where the numbers of one tensor's latent lie on the device, from its beginning on, in the layout's order.
fn latent_places(axes: Axes, own: &Dimensions, padded: &Dimensions) -> Vec<usize> {
    let room = lengths(padded, axes);
    let stride = |axis: Axis| {
        let at = ORDER.iter().position(|&other| other == axis).unwrap_or_default();
        room[at + 1..].iter().product::<usize>()
    };
    let mut places = vec![0];
    for axis in axes.iter() {
        let (length, stride) = (own.shape(Axes::of(&[axis]))[0], stride(axis));
        places = places.iter().flat_map(|&place| (0..length).map(move |index| place + index * stride)).collect();
    }
    places
        .iter()
        .flat_map(|&place| (0..LATENT_CHANNELS).map(move |channel| place * LATENT_CHANNELS + channel))
        .collect()
}
