//! Puzzles as files: [`compress`] makes one, [`decompress`] gives it back, [`inspect`] says where the bits went.
//! [`compress_file`] and [`restore`] do the same with a task's file, byte for byte: beside the code stands its form.
//!
//! In: a puzzle. Out: a container that has been decoded again and compared. By default it has the `grids` one after the
//! other (`replay`), and nothing of a network, which the decoder fits again where that pays (`foresight`). The other method is the
//! published one: header, weights, latents and residual, of which decoding implies answers and knows nothing of the fit.

mod decoder;
mod encoder;
mod file;
mod foresight;
mod form;
mod grids;
mod parts;
mod reader;
mod readings;
mod replay;

pub use encoder::{Compressed, Method, PuzzleSettings, Watch, Weights, compress};
pub use file::{FileProgress, NotATask, compress_json, decompress_json, read_file, read_task};
pub use foresight::STEPS as EFFORT_STEPS;
pub use form::has_form;
pub use readings::{Readings, memory_bytes as readings_bytes};
pub use replay::{GridBits, Learning, Worth, learning};

use crate::code::puzzle::Header;
use crate::code::weights::{WeightCode, decode_posteriors, decode_steps};
use crate::code::{Channel, CodeError, Container, Kind, Ledger, Rate, Tag};
use crate::data::{Grid, Pair, Puzzle};
use crate::engine::{EngineError, Outputs, Problem};
use crate::latent::uniform::UniformRate;
use crate::model::Axes;
use crate::units::{Bits, Nats};
use parts::Parts;
use serde::Serialize;
use std::ops::ControlFlow;
use thiserror::Error;

/// What can go wrong between a puzzle and its file.
#[derive(Debug, Error)]
pub enum PuzzleError {
    /// The file is wrong.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The bytes are not one task's JSON.
    #[error(transparent)]
    NotATask(#[from] NotATask),
    /// The network could not be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The fit was broken off.
    #[error("the fit was broken off before there was anything to send")]
    BrokenOff,
    /// A puzzle with more pairs, or longer sides, than a file holds.
    #[error("the puzzle has {found} {what}; a file holds up to {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are possible.
        most: usize,
    },
    /// A puzzle with larger grids than a file is decoded for.
    #[error(
        "the puzzle's largest tensor has {positions} positions; a file is decoded for up to {most}: give a smaller one"
    )]
    TooLarge {
        /// How many there are.
        positions: u64,
        /// How many are possible.
        most: u64,
    },
    /// A puzzle whose fit takes more memory than there is.
    #[error("the puzzle's fit takes {bytes} bytes of memory, and {free} are free: give a smaller one")]
    Memory {
        /// What it takes.
        bytes: u64,
        /// What there is.
        free: u64,
    },
    /// A file that decodes to something else than was compressed: a fault in this program, found before any harm.
    #[error("the file decodes to another puzzle; nothing was written: please report this, with the puzzle")]
    Unfaithful,
}

/// A file as far as it is read before the grids are.
struct Opened {
    header: Header,
    problem: Problem,
    sent: Vec<decoder::Coordinate>,
    sample: Vec<f32>,
    differences: Vec<Vec<f32>>,
    /// Of the grids.
    check: u16,
    parts: Parts,
}

impl Opened {
    fn new(file: &[u8]) -> Result<Self, CodeError> {
        let (mut parts, header) = read_header(file)?;
        let problem = decoder::problem(&header, file.len())?;
        let sizes = decoder::group_sizes(&problem.layout);
        let coder = parts.next(Tag::Weights);
        let differences = match header.weights {
            WeightCode::Seed => Vec::new(),
            WeightCode::Steps => decode_steps(coder, &sizes)?,
            WeightCode::Posterior => decode_posteriors(coder, &sizes, header.seed.into())?,
        };
        let sent = decoder::coordinates(&problem, &header.rates);
        let rates: Vec<Rate> = sent.iter().map(|coordinate| coordinate.rate).collect();
        let sample = header.channel.receive(parts.next(Tag::Latents), &rates, header.seed.into())?;
        let check = grids::decode_check(parts.next(Tag::Residual))?;
        Ok(Self { header, problem, sent, sample, differences, check, parts })
    }

    fn outputs(&self, threads: Option<usize>) -> Result<Outputs, EngineError> {
        decoder::outputs(&self.problem, self.header.seed, &self.sent, &self.sample, &self.differences, threads)
    }
}

fn read_header(file: &[u8]) -> Result<(Parts, Header), CodeError> {
    let mut parts = Parts::new(file)?;
    let header = Header::decode(parts.next(Tag::Header), decoder::CHANNELS)?;
    Ok((parts, header))
}

/// The grids section of a file, where it has one.
fn grids_section(file: &[u8]) -> Result<Option<Vec<u8>>, CodeError> {
    let container = Container::parse(file)?;
    container.expect_kind(Kind::Puzzle)?;
    Ok(container.section(Tag::Grids).map(<[u8]>::to_vec))
}

/// What decoding a file takes is in proportion to this: positions of the largest tensor of its network, or cells of its grids,
/// times steps where a network is fitted again. Nothing is set up.
///
/// # Errors
/// Where the file is wrong as far as its header, or asks for more than its length justifies.
pub fn positions(file: &[u8]) -> Result<u64, CodeError> {
    if let Some(section) = grids_section(file)? {
        return replay::work(&section);
    }
    let (_, header) = read_header(file)?;
    Ok(decoder::positions(&decoder::problem(&header, file.len())?.plan))
}

/// Gives back the puzzle of a file. Its solutions are the test outputs that were given; where latents were sent, the answers
/// that the code implies. The id is empty.
///
/// # Errors
/// [`PuzzleError`], where the file is wrong or the network cannot be run.
pub fn decompress(file: &[u8], threads: Option<usize>) -> Result<Puzzle, PuzzleError> {
    decompress_watched(file, threads, &mut |_, _| ControlFlow::Continue(()))
}

/// The same, and `watch` hears of every step of a fit that is repeated, and may break off.
///
/// # Errors
/// As [`decompress`].
pub fn decompress_watched(file: &[u8], threads: Option<usize>, watch: &mut Watch) -> Result<Puzzle, PuzzleError> {
    if let Some(section) = grids_section(file)? {
        return Ok(replay::decode(&section, threads, watch)?.puzzle);
    }
    let mut opened = Opened::new(file)?;
    let outputs = opened.outputs(threads)?;
    Ok(puzzle_of(&mut opened, &outputs)?)
}

/// Compresses a task's file, of which `puzzle` was read, so that [`restore`] gives its very bytes; what the puzzle does not say
/// is sent beside it.
///
/// # Errors
/// [`PuzzleError`]; without a fit where the file has no form.
pub fn compress_file(
    content: &[u8],
    puzzle: &Puzzle,
    settings: &PuzzleSettings,
    watch: &mut Watch,
) -> Result<Vec<u8>, PuzzleError> {
    if !has_form(content, puzzle) {
        return Err(NotATask::NoForm.into());
    }
    let (mut container, decoded) = encoder::encoded(puzzle, settings, watch)?;
    let form = form::encode(content, &decoded).ok_or(NotATask::NoForm)?;
    if !form.is_empty() {
        container = container.with(Tag::Form, form);
    }
    let written = form::decode(container.section(Tag::Form), &decoded)?;
    if written == content { Ok(container.to_bytes()) } else { Err(PuzzleError::Unfaithful) }
}

/// Gives back the task's file, byte for byte.
///
/// # Errors
/// [`PuzzleError`], where the file is wrong or the network cannot be run.
pub fn restore(file: &[u8], threads: Option<usize>) -> Result<Vec<u8>, PuzzleError> {
    restore_watched(file, threads, &mut |_, _| ControlFlow::Continue(()))
}

/// The same, and `watch` hears of every step of a fit that is repeated, and may break off.
///
/// # Errors
/// As [`restore`].
pub fn restore_watched(file: &[u8], threads: Option<usize>, watch: &mut Watch) -> Result<Vec<u8>, PuzzleError> {
    let decoded = decompress_watched(file, threads, watch)?;
    Ok(form::decode(Container::parse(file)?.section(Tag::Form), &decoded)?)
}

/// The puzzle that a file and its outputs make.
fn puzzle_of(opened: &mut Opened, outputs: &Outputs) -> Result<Puzzle, CodeError> {
    let plan = &opened.problem.plan;
    let cells = grids::decode(&mut opened.parts.coder, plan, outputs, opened.check)?;
    let sizes = plan.sizes.iter().enumerate().flat_map(|(example, sizes)| {
        let known = if example < plan.train { sizes.len() } else { plan.inputs };
        sizes[..known].iter().copied()
    });
    let mut grids = sizes.zip(cells).map(|(size, cells)| grid(plan.palette.as_slice(), size, &cells));
    let mut next = || grids.next().unwrap_or(Err(CodeError::Exhausted { field: "the grids" }));
    let train: Result<Vec<Pair>, CodeError> =
        (0..plan.train).map(|_| Ok(Pair { input: next()?, output: next()? })).collect();
    let test: Result<Vec<Grid>, CodeError> = (0..plan.tests()).map(|_| next()).collect();
    let answers: Result<Vec<Grid>, CodeError> = grids::answers(plan, outputs)
        .into_iter()
        .map(|(size, cells)| grid(plan.palette.as_slice(), size, &cells))
        .collect();
    Ok(Puzzle { id: String::new(), train: train?, test: test?, solutions: Some(answers?) })
}

/// A grid from palette indices.
fn grid(palette: &[u8], (rows, columns): (usize, usize), cells: &[u8]) -> Result<Grid, CodeError> {
    let colours = cells.iter().map(|&index| palette.get(usize::from(index)).copied().unwrap_or_default()).collect();
    Grid::new(rows, columns, colours).map_err(|_| CodeError::Exhausted { field: "the grids" })
}

/// The posterior of one latent channel, as the file has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelSummary {
    /// The tensor's axes, as five digits.
    pub tensor: String,
    /// The channel.
    pub channel: usize,
    /// Its coordinates.
    pub coordinates: usize,
    /// Nats a coordinate.
    pub rate_nats: f64,
    /// Deviation of the noise.
    pub noise: f64,
    /// Root of the mean square of what was sent; 1 is the prior's.
    pub sample_deviation: f64,
}

/// What is in a puzzle's file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PuzzleSummary {
    /// The version of the format.
    pub version: u8,
    /// How the latents are sent: `dithered`, `blocks`, or `none`.
    pub channel: &'static str,
    /// How the weights are sent: `seed`, `steps`, `posterior`, or `none`.
    pub weights: &'static str,
    /// The seed of all shared randomness.
    pub seed: u32,
    /// Train pairs.
    pub train: usize,
    /// Test inputs.
    pub tests: usize,
    /// Colours in use.
    pub palette: Vec<u8>,
    /// Weights that are not at their starting values.
    pub weights_moved: usize,
    /// Channels that are sent.
    pub channels: Vec<ChannelSummary>,
    /// The effort of the fits that decoding repeats, 0 for none; nothing where latents are sent.
    pub effort: Option<u8>,
    /// What each grid took, where grids are coded one after the other.
    pub grids: Vec<GridBits>,
    /// What each part of the mix was worth in each of them.
    pub worths: Vec<Worth>,
    /// Where the bits went.
    pub ledger: Ledger,
}

/// Where a file's bits went, beside the estimates, and what was sent. Runs the network, for the residual's estimate; fits
/// again what decoding fits.
///
/// # Errors
/// As [`decompress`].
pub fn inspect(file: &[u8], threads: Option<usize>) -> Result<PuzzleSummary, PuzzleError> {
    if let Some(section) = grids_section(file)? {
        return inspect_grids(file, &section, threads);
    }
    let mut opened = Opened::new(file)?;
    let outputs = opened.outputs(threads)?;
    let puzzle = puzzle_of(&mut opened, &outputs)?;
    let Opened { header, problem, sent, sample, differences, parts, .. } = &opened;
    let mut ledger = parts.ledger();
    ledger.estimate(Tag::Latents.name(), latents_bits(header.channel, sent));
    let mut plan = crate::model::Plan::new(&puzzle);
    plan.palette.clone_from(&problem.plan.palette);
    let residual = grids::information_bits(&plan, &outputs);
    ledger.split(Tag::Residual.name(), &[("check of the content", grids::CHECK_BITS.into())]);
    ledger.estimate(Tag::Residual.name(), residual);
    let mut channels = Vec::new();
    let names: Vec<String> = Axes::all().map(|axes| axes.to_string()).collect();
    for (index, channel) in crate::latent::LatentChannel::all(&problem.layout).iter().enumerate() {
        let Some(rate) = header.rates[index] else { continue };
        let places: std::collections::BTreeSet<usize> = channel.coordinates().collect();
        let squares: f64 = sent
            .iter()
            .zip(sample)
            .filter(|(coordinate, _)| places.contains(&coordinate.place))
            .map(|(_, &value)| f64::from(value).powi(2))
            .sum();
        channels.push(ChannelSummary {
            tensor: names[index / crate::model::LATENT_CHANNELS].clone(),
            channel: index % crate::model::LATENT_CHANNELS,
            coordinates: channel.positions,
            rate_nats: rate.nats(),
            noise: rate.noise(),
            sample_deviation: (squares / channel.positions as f64).sqrt(),
        });
    }
    Ok(PuzzleSummary {
        version: parts.version(),
        channel: match header.channel {
            Channel::Dithered => "dithered",
            Channel::Blocks => "blocks",
        },
        weights: match header.weights {
            WeightCode::Seed => "seed",
            WeightCode::Steps => "steps",
            WeightCode::Posterior => "posterior",
        },
        seed: header.seed,
        train: header.train.len(),
        tests: header.tests.len(),
        palette: header.palette.clone(),
        weights_moved: differences.iter().flatten().filter(|&&difference| difference != 0.0).count(),
        channels,
        effort: None,
        grids: Vec::new(),
        worths: Vec::new(),
        ledger,
    })
}

fn inspect_grids(file: &[u8], section: &[u8], threads: Option<usize>) -> Result<PuzzleSummary, PuzzleError> {
    let (decoded, worths) = replay::weigh(section, threads)?;
    let container = Container::parse(file)?;
    let ledger = decoded.ledger(&container);
    Ok(PuzzleSummary {
        version: container.version(),
        channel: "none",
        weights: "none",
        seed: 0,
        train: decoded.puzzle.train.len(),
        tests: decoded.puzzle.test.len(),
        palette: decoded.palette,
        weights_moved: 0,
        channels: Vec::new(),
        effort: Some(decoded.effort),
        grids: decoded.grids,
        worths,
        ledger,
    })
}

/// What the fit expects the latents to cost: their KL under the channel's noise.
fn latents_bits(channel: Channel, sent: &[decoder::Coordinate]) -> f64 {
    let uniform = UniformRate::new();
    let nats = |rate: Rate| match channel {
        Channel::Dithered => uniform.nats(rate.nats()),
        Channel::Blocks => rate.nats(),
    };
    Bits::from(Nats(sent.iter().map(|coordinate| nats(coordinate.rate)).sum())).0
}
