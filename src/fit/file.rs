//! The fit of a file: the same network and loss as [`super::fit`], but with the noise of the channel that will send the
//! latents, the channel's own price, and parameters that can be fixed once they have been sent.
//!
//! In: a [`Problem`], the weights' starting values, [`FileSettings`]. Out: capacities, means and differences of the
//! weights, asked for when they are to be sent. Widths are a channel's, not a coordinate's: the local capacity
//! adjustments stay 0.

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

/// A fit under way.
pub struct FileFit {
    problem: Problem,
    settings: FileSettings,
    engine: Box<dyn Engine>,
    channels: Vec<LatentChannel>,
    parameters: Vec<f32>,
    weights: WeightState,
    trainable: Vec<bool>,
    moments: Moments,
    uniform: Option<UniformRate>,
    /// Once capacities are fixed, which channels are sent.
    sent_channels: Option<Vec<bool>>,
    /// Latents that have been sent, by coordinate.
    sent: Vec<Option<f32>>,
    noise: Vec<f32>,
    step: usize,
}

impl FileFit {
    /// Starts with the weights at `start` (in the layout's order, all parameters; only weights are taken from it).
    ///
    /// # Errors
    /// Where no engine can be had.
    pub fn new(problem: &Problem, start: &[f32], settings: FileSettings) -> Result<Self, EngineError> {
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
        Ok(Self {
            channels: LatentChannel::all(&problem.layout),
            weights: WeightState::new(layout, start, settings.weights),
            moments: Moments { first: vec![0.0; layout.len()], second: vec![0.0; layout.len()], updates: 0 },
            uniform: settings.uniform.then(UniformRate::new),
            sent_channels: None,
            sent: vec![None; layout.latents()],
            noise: vec![0.0; layout.latents()],
            step: 0,
            problem: problem.clone(),
            engine,
            parameters,
            trainable,
            settings,
        })
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Does one step; gives its losses and outputs before the update. `rate` multiplies the learning rate.
    ///
    /// # Errors
    /// Where the engine fails.
    pub fn step(&mut self, rate: f64) -> Result<Evaluation, EngineError> {
        self.draw_noise();
        let mut noisy = self.parameters.clone();
        self.weights.add_noise(self.settings.seed, self.step, &mut noisy);
        self.engine.set_parameters(&noisy)?;
        let (mut evaluations, mut gradient) = self.engine.gradients(self.step, &self.noise)?;
        self.charge_channels(&mut gradient);
        self.weights.charge(&self.parameters, &mut gradient, &self.problem.optimiser);
        self.update(&gradient, rate);
        self.step += 1;
        evaluations.pop().ok_or(EngineError::Library { engine: "fit", message: "no seed was evaluated".into() })
    }

    /// The step's noise; none in channels that are not sent, and in coordinates that have been sent what makes them so.
    fn draw_noise(&mut self) {
        if self.uniform.is_some() {
            let mut stream = rng::stream(self.settings.seed, Purpose::Noise, self.step as u64);
            let half = 3f32.sqrt();
            self.noise.fill_with(|| stream.random_range(-half..half));
        } else {
            rng::step_noise(self.settings.seed, self.step, &mut self.noise);
        }
        let Some(used) = &self.sent_channels else { return };
        for (channel, &used) in self.channels.iter().zip(used) {
            if !used {
                channel.coordinates().for_each(|coordinate| self.noise[coordinate] = 0.0);
            }
        }
        if self.sent.iter().any(Option::is_some) {
            let means = self.means();
            for channel in &self.channels {
                let deviation = (-self.capacity(*channel) / channel.tensor_size()).exp();
                for coordinate in channel.coordinates() {
                    if let Some(value) = self.sent[coordinate] {
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

    /// Adds what uniform noise costs above Gaussian noise to the gradient of the target capacities.
    fn charge_channels(&self, gradient: &mut [f32]) {
        let Some(uniform) = &self.uniform else { return };
        for &channel in &self.channels {
            let capacity = self.capacity(channel);
            let slope = uniform.slope(capacity / channel.tensor_size());
            let by_target = TARGET_SCALE * (capacity - MINIMUM_CAPACITY) / channel.tensor_size();
            gradient[channel.target] += (channel.positions as f64 * (slope - 1.0) * by_target) as f32;
        }
    }

    /// Adam over what is trainable. A gradient that isn't finite changes nothing: a tensor none of whose channels is sent may be
    /// 0 all over, where the way back through its normalisations multiplies by 10,000 for each, and overflows.
    fn update(&mut self, gradient: &[f32], rate: f64) {
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
            self.weights.shrink(place, parameter, rate / scale);
        }
    }

    /// Nats a coordinate of each channel.
    pub fn rates_nats(&self) -> Vec<f64> {
        self.channels.iter().map(|&channel| self.capacity(channel) / channel.tensor_size()).collect()
    }

    /// What each channel has beyond what every channel has in any case, in nats of its own coordinates.
    pub fn learnt_nats(&self) -> Vec<f64> {
        let learnt = |&channel: &LatentChannel| (self.capacity(channel) - MINIMUM_CAPACITY) / LATENT_CHANNELS as f64;
        self.channels.iter().map(learnt).collect()
    }

    /// Fixes the channels' rates, in nats a coordinate; without a rate a channel is not sent and its latents are 0.
    pub fn fix_rates(&mut self, rates: &[Option<f64>]) {
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
        self.sent_channels = Some(rates.iter().map(Option::is_some).collect());
    }

    /// Whether a channel can have this rate: every channel has some capacity in any case.
    pub fn can_have(channel: LatentChannel, nats: f64) -> bool {
        channel.positions > 1 && nats * channel.tensor_size() > MINIMUM_CAPACITY
    }

    /// The differences of the weights from their starting values, by group.
    pub fn differences(&self) -> Vec<Vec<f32>> {
        self.weights.differences(&self.parameters)
    }

    /// Deviation of the posterior's noise in each group, where weights have posteriors.
    pub fn weight_noise(&self) -> Vec<f64> {
        self.weights.noise()
    }

    /// Ends the pressure on sparse weights: those that have not moved stay, the others learn freely from here on.
    pub fn keep_moved(&mut self) {
        let weights_from = self.problem.layout.len() - self.problem.layout.weights();
        self.weights.keep_moved(&self.parameters[weights_from..], &mut self.trainable[weights_from..]);
    }

    /// Fixes the weights at these differences.
    pub fn fix_weights(&mut self, differences: &[Vec<f32>]) {
        self.weights.fix(differences, &mut self.parameters);
        let weights_from = self.problem.layout.len() - self.problem.layout.weights();
        self.trainable[weights_from..].fill(false);
    }

    /// Notes the latents that have been sent, by coordinate; the fit goes on given these.
    pub fn note_sent(&mut self, sent: &[Option<f32>]) {
        self.sent.copy_from_slice(sent);
    }

    /// The posterior's means, √(1 − s²) times the normalised means, by coordinate.
    pub fn means(&self) -> Vec<f32> {
        let mut means = vec![0.0; self.problem.layout.latents()];
        for &channel in &self.channels {
            let values = || channel.coordinates().map(|coordinate| f64::from(self.parameters[coordinate]));
            let count = channel.positions as f64;
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            let rate = self.capacity(channel) / channel.tensor_size();
            let scale = (-(-2.0 * rate).exp_m1()).sqrt() / (variance + VARIANCE_FLOOR).sqrt();
            for (coordinate, value) in channel.coordinates().zip(values()) {
                means[coordinate] = ((value - mean) * scale) as f32;
            }
        }
        means
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Grid, Pair, Puzzle};
    use crate::model::{Network, Objective, Plan};

    #[test]
    fn means_stay_finite_where_next_to_nothing_is_sent() {
        let grid = |shade: u8| Grid::new(6, 6, (0..36).map(|cell| (cell % 7) * shade % 4).collect()).unwrap();
        let train = vec![Pair { input: grid(3), output: grid(7) }, Pair { input: grid(5), output: grid(2) }];
        let puzzle = Puzzle { id: "p".into(), train, test: vec![grid(9)], solutions: None };
        let problem = Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default());
        let start = problem.layout.initial_values(0);
        for kept in 0..LatentChannel::all(&problem.layout).len() {
            let settings = FileSettings { uniform: true, weights: WeightFit::Frozen, seed: 0, threads: Some(1) };
            let mut fit = FileFit::new(&problem, &start, settings).unwrap();
            let rates: Vec<Option<f64>> =
                (0..fit.channels.len()).map(|channel| (channel == kept).then_some(0.5)).collect();
            fit.fix_rates(&rates);
            for _ in 0..3 {
                fit.step(1.0).unwrap();
            }
            assert!(fit.means().iter().all(|mean| mean.is_finite()), "channel {kept}");
        }
    }
}
