//! The fit of a file: the same network and loss as [`super::fit`], but with the noise of the channel that will send the
//! latents, the channel's own price, and parameters that can be fixed once they have been sent.
//!
//! In: a [`Problem`], the weights' starting values, [`FileSettings`]. Out: capacities, means and differences of the
//! weights, asked for when they are to be sent. Widths are a channel's, not a coordinate's: the local capacity
//! adjustments stay 0. Each of its three phases is a type, and the only way to a phase is from the one before:
//!
//! 1. [`WholeFit`]: everything learns;
//! 2. [`SettlingFit`]: weights that have not moved stay, what is left learns on; rates and weights can be asked for;
//! 3. [`MeansFit`]: rates and weights are what the file says, and the means learn on, given what has been sent of them.

use super::weights::{WeightFit, WeightState};
use crate::engine::{self, Device, Engine, EngineError, EngineKind, Evaluation, Problem};
use crate::latent::uniform::UniformRate;
use crate::latent::{INITIAL_CAPACITY, LatentChannel, MINIMUM_CAPACITY, TARGET_SCALE};
use crate::model::{LATENT_CHANNELS, Optimiser};
use crate::rng::{self, Purpose};
use rand::RngExt;

/// Added to the variance when means are normalised, as the engines do.
const VARIANCE_FLOOR: f64 = 1e-8;

/// Nats that a channel starts with: fewer than published, so that a short fit ends with few. Targets move by at most a
/// tenth in the logarithm of nats a step.
const START_CAPACITY: f64 = 100.0;

/// A target at which a channel has its least capacity to single precision.
const CLOSED_TARGET: f32 = -5.0;

/// What the fit is for.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// Whether the channel's noise is uniform; else it is normal.
    pub uniform: bool,
    /// Which weights learn, and what they pay.
    pub weights: WeightFit,
    /// The seed of the noise.
    pub seed: u64,
    /// Threads of the engine; all by default.
    pub threads: Option<usize>,
}

/// Adam's moments.
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
    updates: i32,
}

/// What all phases have: the network under the channel's noise.
struct ChannelFit {
    problem: Problem,
    seed: u64,
    engine: Box<dyn Engine>,
    channels: Vec<LatentChannel>,
    parameters: Vec<f32>,
    trainable: Vec<bool>,
    moments: Moments,
    uniform: Option<UniformRate>,
    noise: Vec<f32>,
    step: usize,
}

/// A phase of a fit.
pub trait Phase {
    /// Does one step; gives its losses and outputs before the update. `rate` multiplies the learning rate.
    ///
    /// # Errors
    /// Where the engine fails.
    fn step(&mut self, rate: f64) -> Result<Evaluation, EngineError>;

    /// Steps done, those of the phases before among them.
    fn steps(&self) -> usize;
}

/// Everything learns.
pub struct WholeFit {
    fitted: ChannelFit,
    weights: WeightState,
}

/// Everything but the weights that had not moved learns on.
pub struct SettlingFit {
    fitted: ChannelFit,
    weights: WeightState,
}

/// The means learn on, under rates and weights that are fixed.
pub struct MeansFit {
    fitted: ChannelFit,
    sent: Sent,
}

/// What has been fixed of the latents.
struct Sent {
    /// Which channels are sent.
    channels: Vec<bool>,
    /// Latents that have been sent, by coordinate.
    values: Vec<Option<f32>>,
}

impl WholeFit {
    /// Starts with the weights at `start` (in the layout's order, all parameters; only weights are taken from it).
    ///
    /// # Errors
    /// Where no engine can be had.
    pub fn new(problem: &Problem, start: &[f32], settings: &FileSettings) -> Result<Self, EngineError> {
        let layout = &problem.layout;
        let weights_from = layout.len() - layout.weights();
        let mut parameters = layout.initial_values(settings.seed);
        parameters[weights_from..].copy_from_slice(&start[weights_from..]);
        let start_target = ((START_CAPACITY / INITIAL_CAPACITY).ln() / TARGET_SCALE) as f32;
        parameters[2 * layout.latents()..weights_from].fill(start_target);
        let adjustments = layout.latents()..2 * layout.latents();
        let learn = settings.weights != WeightFit::Frozen;
        let trainable =
            (0..layout.len()).map(|place| !adjustments.contains(&place) && (place < weights_from || learn)).collect();
        let engine = engine::create(
            problem,
            std::slice::from_ref(&parameters),
            EngineKind::Auto,
            Device::Cpu,
            settings.threads,
        )?;
        let fitted = ChannelFit {
            channels: LatentChannel::all(layout),
            moments: Moments { first: vec![0.0; layout.len()], second: vec![0.0; layout.len()], updates: 0 },
            uniform: settings.uniform.then(UniformRate::new),
            noise: vec![0.0; layout.latents()],
            step: 0,
            problem: problem.clone(),
            seed: settings.seed,
            engine,
            parameters,
            trainable,
        };
        Ok(Self { fitted, weights: WeightState::new(layout, start, settings.weights) })
    }

    /// Ends the pressure on sparse weights: those that have not moved stay, the others learn freely from here on.
    pub fn settle(self) -> SettlingFit {
        let Self { mut fitted, mut weights } = self;
        let weights_from = fitted.weights_from();
        weights.keep_moved(&fitted.parameters[weights_from..], &mut fitted.trainable[weights_from..]);
        SettlingFit { fitted, weights }
    }
}

impl SettlingFit {
    /// Nats a coordinate of each channel.
    pub fn rates_nats(&self) -> Vec<f64> {
        self.fitted.channels.iter().map(|&channel| self.fitted.rate(channel)).collect()
    }

    /// What each channel has beyond what every channel has in any case, in nats of its own coordinates.
    pub fn learnt_nats(&self) -> Vec<f64> {
        let learnt =
            |&channel: &LatentChannel| (self.fitted.capacity(channel) - MINIMUM_CAPACITY) / LATENT_CHANNELS as f64;
        self.fitted.channels.iter().map(learnt).collect()
    }

    /// Whether a channel can have this rate: every channel has some capacity in any case.
    pub fn can_have(channel: LatentChannel, nats: f64) -> bool {
        channel.positions > 1 && nats * channel.tensor_size() > MINIMUM_CAPACITY
    }

    /// The differences of the weights from their starting values, by group.
    pub fn differences(&self) -> Vec<Vec<f32>> {
        self.weights.differences(&self.fitted.parameters)
    }

    /// Deviation of the posterior's noise in each group, where weights have posteriors.
    pub fn weight_noise(&self) -> Vec<f64> {
        self.weights.noise()
    }

    /// Fixes the weights at these differences, by group, and the channels' rates, in nats a coordinate; without a rate a
    /// channel is not sent and its latents are 0.
    pub fn fix(self, differences: &[Vec<f32>], rates: &[Option<f64>]) -> MeansFit {
        let Self { mut fitted, weights } = self;
        weights.place(differences, &mut fitted.parameters);
        let weights_from = fitted.weights_from();
        fitted.trainable[weights_from..].fill(false);
        fitted.fix_rates(rates);
        let sent = Sent {
            channels: rates.iter().map(Option::is_some).collect(),
            values: vec![None; fitted.problem.layout.latents()],
        };
        MeansFit { fitted, sent }
    }
}

impl MeansFit {
    /// Notes the latents that have been sent, by coordinate; the fit goes on given these.
    pub fn note_sent(&mut self, sent: &[Option<f32>]) {
        self.sent.values.copy_from_slice(sent);
    }

    /// The posterior's means, √(1 − s²) times the normalised means, by coordinate.
    pub fn means(&self) -> Vec<f32> {
        self.fitted.means()
    }
}

impl Phase for WholeFit {
    fn step(&mut self, rate: f64) -> Result<Evaluation, EngineError> {
        self.fitted.step_with_weights(rate, &mut self.weights)
    }

    fn steps(&self) -> usize {
        self.fitted.step
    }
}

impl Phase for SettlingFit {
    fn step(&mut self, rate: f64) -> Result<Evaluation, EngineError> {
        self.fitted.step_with_weights(rate, &mut self.weights)
    }

    fn steps(&self) -> usize {
        self.fitted.step
    }
}

impl Phase for MeansFit {
    fn step(&mut self, rate: f64) -> Result<Evaluation, EngineError> {
        self.fitted.draw_noise();
        self.fitted.keep_to(&self.sent);
        let parameters = self.fitted.parameters.clone();
        let (evaluation, gradient) = self.fitted.evaluate(&parameters)?;
        self.fitted.update(&gradient, rate, |_, _, _| {});
        Ok(evaluation)
    }

    fn steps(&self) -> usize {
        self.fitted.step
    }
}

impl ChannelFit {
    /// The place of the first weight.
    fn weights_from(&self) -> usize {
        self.problem.layout.len() - self.problem.layout.weights()
    }

    /// A step in which the weights may learn.
    fn step_with_weights(&mut self, rate: f64, weights: &mut WeightState) -> Result<Evaluation, EngineError> {
        self.draw_noise();
        let mut noisy = self.parameters.clone();
        weights.add_noise(self.seed, self.step, &mut noisy);
        let (evaluation, mut gradient) = self.evaluate(&noisy)?;
        weights.charge(&self.parameters, &mut gradient, &self.problem.optimiser);
        self.update(&gradient, rate, |place, parameter, rate| weights.shrink(place, parameter, rate));
        Ok(evaluation)
    }

    /// The losses and outputs with these parameters, and their gradient, the channels' price in it.
    fn evaluate(&mut self, parameters: &[f32]) -> Result<(Evaluation, Vec<f32>), EngineError> {
        self.engine.set_parameters(parameters)?;
        let (mut evaluations, mut gradient) = self.engine.gradients(self.step, &self.noise)?;
        self.charge_channels(&mut gradient);
        let evaluation = evaluations.pop();
        let none = || EngineError::Library { engine: "fit", message: "no seed was evaluated".into() };
        Ok((evaluation.ok_or_else(none)?, gradient))
    }

    /// The step's noise.
    fn draw_noise(&mut self) {
        if self.uniform.is_some() {
            let mut stream = rng::stream(self.seed, Purpose::Noise, self.step as u64);
            let half = 3f32.sqrt();
            self.noise.fill_with(|| stream.random_range(-half..half));
        } else {
            rng::step_noise(self.seed, self.step, &mut self.noise);
        }
    }

    /// Takes the noise out of channels that are not sent, and puts into coordinates that have been sent what makes them so.
    fn keep_to(&mut self, sent: &Sent) {
        for (channel, &used) in self.channels.iter().zip(&sent.channels) {
            if !used {
                channel.coordinates().for_each(|coordinate| self.noise[coordinate] = 0.0);
            }
        }
        if sent.values.iter().any(Option::is_some) {
            let means = self.means();
            for channel in &self.channels {
                let deviation = (-self.rate(*channel)).exp();
                for coordinate in channel.coordinates() {
                    if let Some(value) = sent.values[coordinate] {
                        self.noise[coordinate] = (f64::from(value - means[coordinate]) / deviation) as f32;
                    }
                }
            }
        }
    }

    /// Nats that a channel would have if its whole tensor were like it.
    fn capacity(&self, channel: LatentChannel) -> f64 {
        let target = f64::from(self.parameters[channel.target]);
        (TARGET_SCALE * target).exp() * INITIAL_CAPACITY + MINIMUM_CAPACITY
    }

    /// The same for each coordinate of the tensor.
    fn rate(&self, channel: LatentChannel) -> f64 {
        self.capacity(channel) / channel.tensor_size()
    }

    /// Adds what uniform noise costs above Gaussian noise to the gradient of the target capacities.
    fn charge_channels(&self, gradient: &mut [f32]) {
        let Some(uniform) = &self.uniform else { return };
        for &channel in &self.channels {
            let capacity = self.capacity(channel);
            let slope = uniform.slope(self.rate(channel));
            let by_target = TARGET_SCALE * (capacity - MINIMUM_CAPACITY) / channel.tensor_size();
            gradient[channel.target] += (channel.positions as f64 * (slope - 1.0) * by_target) as f32;
        }
    }

    /// Adam over what is trainable. A gradient that isn't finite changes nothing: a tensor none of whose channels is sent may be
    /// 0 all over, where the way back through its normalisations multiplies by 10,000 for each, and overflows.
    /// `then` has the place of each that is moved, the parameter and what its gradient's mean was multiplied by.
    fn update(&mut self, gradient: &[f32], rate: f64, then: impl Fn(usize, &mut f32, f32)) {
        self.step += 1;
        if gradient.iter().zip(&self.trainable).any(|(gradient, &trainable)| trainable && !gradient.is_finite()) {
            return;
        }
        let Optimiser { learning_rate, beta1, beta2, epsilon } = self.problem.optimiser;
        self.moments.updates += 1;
        let rate = (rate * learning_rate / (1.0 - beta1.powi(self.moments.updates))) as f32;
        let correction = (1.0 / (1.0 - beta2.powi(self.moments.updates))) as f32;
        let (beta1, beta2, epsilon) = (beta1 as f32, beta2 as f32, epsilon as f32);
        let moments = self.moments.first.iter_mut().zip(&mut self.moments.second);
        let places = self.parameters.iter_mut().zip(gradient).zip(&self.trainable).zip(moments);
        for (place, (((parameter, &gradient), &trainable), (first, second))) in places.enumerate() {
            if !trainable {
                continue;
            }
            *first += (1.0 - beta1) * (gradient - *first);
            *second = beta2 * *second + (1.0 - beta2) * gradient * gradient;
            let scale = (*second * correction).sqrt() + epsilon;
            *parameter -= rate * *first / scale;
            then(place, parameter, rate / scale);
        }
    }

    /// Fixes the channels' rates.
    fn fix_rates(&mut self, rates: &[Option<f64>]) {
        for (channel, rate) in self.channels.iter().zip(rates) {
            self.trainable[channel.target] = false;
            let capacity = rate.map(|nats| nats * channel.tensor_size() - MINIMUM_CAPACITY);
            self.parameters[channel.target] = match capacity {
                Some(capacity) if capacity > 0.0 => ((capacity / INITIAL_CAPACITY).ln() / TARGET_SCALE) as f32,
                _ => CLOSED_TARGET,
            };
            if rate.is_none() {
                for coordinate in channel.coordinates() {
                    self.trainable[coordinate] = false;
                    self.parameters[coordinate] = 0.0;
                }
            }
        }
    }

    /// The posterior's means, √(1 − s²) times the normalised means, by coordinate.
    fn means(&self) -> Vec<f32> {
        let mut means = vec![0.0; self.problem.layout.latents()];
        for &channel in &self.channels {
            let values = || channel.coordinates().map(|coordinate| f64::from(self.parameters[coordinate]));
            let count = channel.positions as f64;
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            let rate = self.rate(channel);
            let scale = (-(-2.0 * rate).exp_m1()).sqrt() / (variance + VARIANCE_FLOOR).sqrt();
            for (coordinate, value) in channel.coordinates().zip(values()) {
                means[coordinate] = ((value - mean) * scale) as f32;
            }
        }
        means
    }
}

#[cfg(test)]
mod tests;
