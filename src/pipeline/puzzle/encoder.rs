//! Fits a puzzle for its file, fixes what the file says step by step, and encodes it.
//!
//! In: a puzzle and [`PuzzleSettings`]. Out: a file that has been decoded again and compared. First everything learns;
//! then rates and weights are rounded to what the file can say and the means learn on; then the latents are sent, and in
//! blocks the means go on learning between them.

use super::decoder::{self, Coordinate};
use super::{PuzzleError, decompress, grids, replay};
use crate::code::blocks::partition;
use crate::code::puzzle::{Header, MOST_CELLS, MOST_GRIDS, Size};
use crate::code::range::BitEncoder;
use crate::code::weights::{Posterior, Steps, WeightCode, encode_posteriors, encode_steps, nearest_scale, scale};
use crate::code::{Channel, Container, Kind, Rate, Tag};
use crate::data::{Grid, Puzzle};
use crate::engine::{EngineError, Evaluation, Outputs, Problem, fused};
use crate::fit::{FileSettings, MeansFit, Phase, SettlingFit, WeightFit, WholeFit};
use crate::latent::LatentChannel;
use crate::latent::uniform;
use crate::model::{Network, Objective, Plan};
use crate::pipeline::available_bytes;
use crate::units::{Bits, Nats};
use std::ops::ControlFlow;

/// How the weights are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Weights {
    /// Not at all: all stay at what the seed gives
    Seed,
    /// All learn; coarsely quantised, one step a group
    Coarse,
    /// A posterior a group, its KL in the loss
    Posterior,
    /// Only those that pay for themselves move
    Sparse,
}

impl Weights {
    fn code(self) -> WeightCode {
        match self {
            Self::Seed => WeightCode::Seed,
            Self::Coarse | Self::Sparse => WeightCode::Steps,
            Self::Posterior => WeightCode::Posterior,
        }
    }
}

/// What a puzzle's file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Grids one after the other, by context mixing and by fits that the decoder repeats, up to this effort; 0 has none, and
    /// takes milliseconds.
    Grids(u8),
    /// The published convention: latents by relative entropy coding, and weights, which are counted.
    Latents,
}

/// How a puzzle is compressed.
#[derive(Clone, Debug)]
pub struct PuzzleSettings {
    /// What the file is made of; all that follows but the threads is for latents.
    pub method: Method,
    /// Training steps, all in all.
    pub steps: usize,
    /// The seed of all randomness, the file's and the fit's.
    pub seed: u32,
    /// How the latents are sent.
    pub channel: Channel,
    /// How the weights are sent.
    pub weights: Weights,
    /// What a nat of reconstruction counts against a nat of the latents.
    pub reconstruction_weight: f64,
    /// Nats that a weight pays for a distance of 1 from its start, where few move.
    pub pressure: f64,
    /// The step of coarsely quantised weights, in root mean squares of their group.
    pub coarseness: f64,
    /// Threads; all by default.
    pub threads: Option<usize>,
}

impl Default for PuzzleSettings {
    fn default() -> Self {
        Self {
            method: Method::Grids(0),
            steps: 1000,
            seed: 0,
            channel: Channel::Dithered,
            weights: Weights::Posterior,
            reconstruction_weight: 1.0,
            pressure: 60.0,
            coarseness: 0.3,
            threads: None,
        }
    }
}

/// The share of the steps in which everything learns; after it weights that have not moved are left where they are.
const FREE_SHARE: f64 = 0.5;

/// The share of the steps after these, before rates and weights are fixed; the learning rate falls.
const SETTLING_SHARE: f64 = 0.25;

/// The share of the steps between blocks.
const BLOCK_SHARE: f64 = 0.1;

/// The learning rate at the end of a phase in which it falls, against that at its start.
const LAST_RATE: f64 = 0.1;

/// A channel that has learnt fewer nats than this is not sent.
const LEAST_LEARNT_NATS: f64 = 1.5;

/// Nats a weight below which a group's posterior is not sent: by dither the first hundredth of a nat costs a tenth.
const LEAST_WEIGHT_NATS: f64 = 0.03;

/// Where a fit stands: steps done, and the last step's evaluation.
pub type Watch<'a> = dyn FnMut(usize, &Evaluation) -> ControlFlow<()> + 'a;

/// A puzzle's file, and what only its encoder knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Compressed {
    /// The file.
    pub file: Vec<u8>,
    /// KL of the posterior that the latents were sent from, under the channel's noise.
    pub latents_kl_bits: f64,
}

/// Compresses a puzzle; its solutions, if known, are not looked at. `watch` hears of every step and may break off.
///
/// # Errors
/// [`PuzzleError`].
pub fn compress(puzzle: &Puzzle, settings: &PuzzleSettings, watch: &mut Watch) -> Result<Compressed, PuzzleError> {
    if let Method::Grids(effort) = settings.method {
        let puzzle = Puzzle { solutions: None, ..puzzle.clone() };
        let (container, _) = grids_of(&puzzle, effort, settings.threads, watch)?;
        return Ok(Compressed { file: container.to_bytes(), latents_kl_bits: 0.0 });
    }
    let compressed = with_latents(puzzle, settings, watch)?;
    verify(&compressed.file, puzzle, settings.threads)?;
    Ok(compressed)
}

/// The file of a puzzle, and what it decodes to. Grids have the given test outputs among them.
pub(super) fn encoded(
    puzzle: &Puzzle,
    settings: &PuzzleSettings,
    watch: &mut Watch,
) -> Result<(Container, Puzzle), PuzzleError> {
    if let Method::Grids(effort) = settings.method {
        return grids_of(puzzle, effort, settings.threads, watch);
    }
    let file = with_latents(puzzle, settings, watch)?.file;
    Ok((Container::parse(&file)?, verify(&file, puzzle, settings.threads)?))
}

/// Grids, decoded again.
fn grids_of(
    puzzle: &Puzzle,
    effort: u8,
    threads: Option<usize>,
    watch: &mut Watch,
) -> Result<(Container, Puzzle), PuzzleError> {
    let section = replay::encode(puzzle, effort, threads, watch)?;
    let decoded = replay::decode(&section, threads, watch)?.puzzle;
    if (&decoded.train, &decoded.test, &decoded.solutions) != (&puzzle.train, &puzzle.test, &puzzle.solutions) {
        return Err(PuzzleError::Unfaithful);
    }
    Ok((Container::new(Kind::Puzzle).with(Tag::Grids, section), decoded))
}

fn with_latents(puzzle: &Puzzle, settings: &PuzzleSettings, watch: &mut Watch) -> Result<Compressed, PuzzleError> {
    for (what, found) in [("train pairs", puzzle.train.len()), ("test inputs", puzzle.test.len())] {
        if found > MOST_GRIDS {
            return Err(PuzzleError::TooMany { what, found, most: MOST_GRIDS });
        }
    }
    let plan = Plan::new(puzzle);
    let longest = plan.dimensions.rows.max(plan.dimensions.columns);
    if longest > usize::from(MOST_CELLS) {
        return Err(PuzzleError::TooMany { what: "rows or columns", found: longest, most: MOST_CELLS.into() });
    }
    let (positions, most) = (decoder::positions(&plan), decoder::MOST_POSITIONS);
    if positions > most {
        return Err(PuzzleError::TooLarge { positions, most });
    }
    let bytes = fused::memory_bytes(&plan, &Network::default(), 1, 1);
    if let Some(free) = available_bytes().filter(|&free| free < bytes) {
        return Err(PuzzleError::Memory { bytes, free });
    }
    let mut problem = decoder::problem_of(plan);
    problem.objective =
        Objective { reconstruction_weight: settings.reconstruction_weight, ..problem.objective.clone() };
    Encoder { problem: &problem, settings, watch }.run(puzzle)
}

/// Decodes the file and compares; gives what it decodes to.
fn verify(file: &[u8], puzzle: &Puzzle, threads: Option<usize>) -> Result<Puzzle, PuzzleError> {
    let decoded = decompress(file, threads)?;
    let same = decoded.train == puzzle.train && decoded.test == puzzle.test;
    if same { Ok(decoded) } else { Err(PuzzleError::Unfaithful) }
}

struct Encoder<'a, 'b> {
    problem: &'a Problem,
    settings: &'a PuzzleSettings,
    watch: &'a mut Watch<'b>,
}

impl Encoder<'_, '_> {
    /// The first phase of the fit.
    fn begin(&self) -> Result<WholeFit, EngineError> {
        let start = decoder::starting_values(&self.problem.layout, self.settings.seed);
        let weights = match self.settings.weights {
            Weights::Seed => WeightFit::Frozen,
            Weights::Coarse => WeightFit::Free,
            Weights::Posterior => WeightFit::Posterior,
            Weights::Sparse => WeightFit::Sparse { pressure: self.settings.pressure },
        };
        let file_settings = FileSettings {
            uniform: self.settings.channel == Channel::Dithered,
            weights,
            seed: self.settings.seed.into(),
            threads: self.settings.threads,
        };
        WholeFit::new(self.problem, &start, &file_settings)
    }

    fn steps(&mut self, fit: &mut impl Phase, count: usize, rate: impl Fn(f64) -> f64) -> Result<(), PuzzleError> {
        for index in 0..count {
            let evaluation = fit.step(rate(index as f64 / count as f64))?;
            if (self.watch)(fit.steps(), &evaluation).is_break() {
                return Err(PuzzleError::BrokenOff);
            }
        }
        Ok(())
    }

    /// Fits, then sends one part after the other.
    fn run(mut self, puzzle: &Puzzle) -> Result<Compressed, PuzzleError> {
        let steps = self.settings.steps as f64;
        let blocks = self.settings.channel == Channel::Blocks;
        let fixed_share = 1.0 - FREE_SHARE - SETTLING_SHARE - if blocks { BLOCK_SHARE } else { 0.0 };
        let settling = |done| 1.0 - (1.0 - LAST_RATE) * done;
        let mut fit = self.begin()?;
        self.steps(&mut fit, (FREE_SHARE * steps).ceil() as usize, |_| 1.0)?;
        let mut fit = fit.settle();
        self.steps(&mut fit, (SETTLING_SHARE * steps).ceil() as usize, settling)?;

        let rates = self.choose_rates(&fit);
        let sent = decoder::coordinates(self.problem, &rates);
        let mut coder = BitEncoder::new();
        header(puzzle, &self.problem.plan, self.settings, &rates).encode(&mut coder);
        let differences = self.send_weights(&fit, &mut coder);
        let nats: Vec<Option<f64>> = rates.iter().map(|rate| rate.map(Rate::nats)).collect();
        let mut fit = fit.fix(&differences, &nats);
        self.steps(&mut fit, (fixed_share * steps).ceil() as usize, settling)?;

        let (sample, latents_kl_bits) = self.send_latents(fit, &mut coder, &sent, &differences)?;
        let outputs = self.outputs(&sent, &sample, &differences)?;
        grids::encode(&mut coder, &self.problem.plan, &outputs);
        Ok(Compressed { file: file(coder.finish(), decoder::least_bytes(&self.problem.plan)), latents_kl_bits })
    }

    /// What the decoder will see.
    fn outputs(&self, sent: &[Coordinate], sample: &[f32], differences: &[Vec<f32>]) -> Result<Outputs, EngineError> {
        decoder::outputs(self.problem, self.settings.seed, sent, sample, differences, self.settings.threads)
    }

    /// The rates that are sent, rounded to levels: those of channels that have learnt something.
    fn choose_rates(&self, fit: &SettlingFit) -> Vec<Option<Rate>> {
        let channels = LatentChannel::all(&self.problem.layout);
        let rates = fit.rates_nats().into_iter().zip(fit.learnt_nats());
        let choose = |(&channel, (nats, learnt)): (&LatentChannel, (f64, f64))| {
            let rate = Rate::nearest(nats)?;
            (learnt >= LEAST_LEARNT_NATS && SettlingFit::can_have(channel, rate.nats())).then_some(rate)
        };
        channels.iter().zip(rates).map(choose).collect()
    }

    /// Sends the weights; gives their differences from the start as the decoder will have them.
    fn send_weights(&self, fit: &SettlingFit, coder: &mut BitEncoder) -> Vec<Vec<f32>> {
        let differences = fit.differences();
        match self.settings.weights.code() {
            WeightCode::Seed => Vec::new(),
            WeightCode::Steps => {
                let groups: Vec<Steps> =
                    differences.iter().map(|group| quantise(group, self.settings.coarseness)).collect();
                encode_steps(coder, &groups);
                groups.iter().map(Steps::differences).collect()
            }
            WeightCode::Posterior => {
                let groups: Vec<(usize, Option<Posterior>)> = differences
                    .into_iter()
                    .zip(fit.weight_noise())
                    .map(|(means, noise)| (means.len(), posterior(means, noise)))
                    .collect();
                encode_posteriors(coder, &groups, self.settings.seed.into())
            }
        }
    }

    /// Sends the latents in the way that makes them and the grids the shortest. Gives the sample, and the KL of what it was
    /// sent from in bits.
    fn send_latents(
        &mut self,
        mut fit: MeansFit,
        coder: &mut BitEncoder,
        sent: &[Coordinate],
        differences: &[Vec<f32>],
    ) -> Result<(Vec<f32>, f64), PuzzleError> {
        let rates: Vec<Rate> = sent.iter().map(|coordinate| coordinate.rate).collect();
        let seed = self.settings.seed.into();
        let blocks = partition(&rates, seed).len();
        let steps = (BLOCK_SHARE * self.settings.steps as f64 / blocks as f64).ceil() as usize;
        let channel = self.settings.channel;
        let way = self.shortest_way(&fit, &rates, sent, differences)?;
        // By coordinate, the mean at the last asking before it was sent.
        let mut asked = vec![0.0; sent.len()];
        let mut means = |sample: &[Option<f32>]| {
            if sample.iter().any(Option::is_some) {
                let mut by_place = vec![None; self.problem.layout.latents()];
                for (coordinate, &value) in sent.iter().zip(sample) {
                    by_place[coordinate.place] = value;
                }
                fit.note_sent(&by_place);
                self.steps(&mut fit, steps, |_| LAST_RATE)?;
            }
            let means = means_of(&fit, sent);
            for ((asked, &mean), value) in asked.iter_mut().zip(&means).zip(sample) {
                if value.is_none() {
                    *asked = mean;
                }
            }
            Ok::<_, PuzzleError>(means)
        };
        let sample = channel.send(coder, &rates, seed, way, &mut means)?;
        let kl = |(rate, &mean): (&Rate, &f32)| kl_nats(channel, *rate, f64::from(mean));
        let Bits(bits) = Nats(rates.iter().zip(&asked).map(kl).sum()).into();
        Ok((sample, bits))
    }

    /// The way of the channel in which latents and grids have the least information.
    fn shortest_way(
        &self,
        fit: &MeansFit,
        rates: &[Rate],
        sent: &[Coordinate],
        differences: &[Vec<f32>],
    ) -> Result<u32, EngineError> {
        let Self { problem, settings, .. } = self;
        let ways = settings.channel.ways(rates);
        if ways == 1 {
            return Ok(0);
        }
        let means = means_of(fit, sent);
        let mut best = (f64::INFINITY, 0);
        for way in 0..ways {
            let mut coder = BitEncoder::new();
            let mut given = |_: &[Option<f32>]| Ok(means.clone());
            let sample =
                settings.channel.send::<EngineError>(&mut coder, rates, settings.seed.into(), way, &mut given)?;
            grids::encode(&mut coder, &problem.plan, &self.outputs(sent, &sample, differences)?);
            if coder.information_bits() < best.0 {
                best = (coder.information_bits(), way);
            }
        }
        Ok(best.1)
    }
}

/// The posterior's means of what is sent.
fn means_of(fit: &MeansFit, sent: &[Coordinate]) -> Vec<f32> {
    let means = fit.means();
    sent.iter().map(|coordinate| means[coordinate.place]).collect()
}

/// A file of this code. Zeros follow it, as the decoder takes what is behind its end, until the file is as long as its
/// network asks.
fn file(mut code: Vec<u8>, least_bytes: usize) -> Vec<u8> {
    code.resize(code.len().max(least_bytes), 0);
    Container::new(Kind::Puzzle).with(Tag::Code, code).to_bytes()
}

/// The KL of one coordinate's posterior from the prior.
fn kl_nats(channel: Channel, rate: Rate, mean: f64) -> f64 {
    match channel {
        Channel::Dithered => uniform::kl_nats(rate.nats(), mean),
        Channel::Blocks => 0.5 * (mean * mean - rate.signal_variance()) + rate.nats(),
    }
}

/// Differences as multiples of `coarseness` root mean squares of those that are not 0.
fn quantise(differences: &[f32], coarseness: f64) -> Steps {
    let moved = differences.iter().filter(|&&difference| difference != 0.0);
    let (count, squares) =
        moved.fold((0, 0.0), |(count, sum), &difference| (count + 1, sum + f64::from(difference).powi(2)));
    let level = nearest_scale(coarseness * (squares / f64::from(count.max(1))).sqrt());
    let step = scale(level);
    let values = differences.iter().map(|&difference| (f64::from(difference) / step).round() as i32).collect();
    Steps { level, values }
}

/// The posterior of a group as it is sent, unless it says nothing.
fn posterior(means: Vec<f32>, noise: f64) -> Option<Posterior> {
    let squares = means.iter().map(|&mean| f64::from(mean).powi(2)).sum::<f64>() / means.len() as f64;
    let nats = 0.5 * (squares / (noise * noise)).ln_1p();
    let rate = Rate::nearest(nats)?;
    (nats >= LEAST_WEIGHT_NATS).then(|| Posterior { signal: nearest_scale(squares.sqrt()), rate, means })
}

fn header(puzzle: &Puzzle, plan: &Plan, settings: &PuzzleSettings, rates: &[Option<Rate>]) -> Header {
    let size = |grid: &Grid| -> Size { (grid.rows() as u16, grid.columns() as u16) };
    Header {
        channel: settings.channel,
        weights: settings.weights.code(),
        seed: settings.seed,
        train: puzzle.train.iter().map(|pair| [size(&pair.input), size(&pair.output)]).collect(),
        tests: puzzle.test.iter().map(size).collect(),
        palette: plan.palette.clone(),
        rates: rates.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pair;

    #[test]
    fn a_file_is_as_long_as_its_network_asks() {
        let grid = |shade| Grid::new(30, 30, (0..900u32).map(|cell| ((cell + shade) % 10) as u8).collect()).unwrap();
        let train = vec![Pair { input: grid(0), output: grid(3) }; 10];
        let puzzle = Puzzle { id: String::new(), train, test: vec![grid(1)], solutions: None };
        let plan = Plan::new(&puzzle);
        let rates = vec![None; decoder::CHANNELS];
        let mut coder = BitEncoder::new();
        let header = header(&puzzle, &plan, &PuzzleSettings::default(), &rates);
        header.encode(&mut coder);
        let code = coder.finish();
        assert!(decoder::problem(&header, file(code.clone(), 0).len()).is_err(), "too short by itself");
        let file = file(code, decoder::least_bytes(&plan));
        assert!(decoder::problem(&header, file.len()).is_ok());
        assert!(file.len() < 5000, "{} bytes", file.len());
    }
}
