//! A puzzle's grids one after the other, each foretold by those before; before an output a network may be fitted to what is
//! known by then, and what it says is mixed in. Nothing of the network is sent: the decoder fits it again.
//!
//! In: a puzzle. Out: the grids section of its file; and back. The fit has the engine's own seam, and takes all that decides
//! from integers, tables and the fused engine, which is the same on every machine.

use super::{PuzzleError, Watch, foresight};
use crate::code::adaptive::code_plain;
use crate::code::grids::{Cells, GridCoder, MOST_GRIDS, Opinion, Outline};
use crate::code::range::{BitCoder, BitDecoder, BitEncoder};
use crate::code::{CodeError, Container, Ledger, Tag};
use crate::data::{Grid, Pair, Puzzle};
use foresight::Foresight;
use serde::Serialize;

/// The bits of the effort, and of the check of what a fit has taken part in.
const EFFORT_BITS: u32 = 2;
const CHECK_BITS: u32 = 16;

/// What one grid took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GridBits {
    /// Which it is: `train 1 input`.
    pub grid: String,
    /// Its cells.
    pub cells: usize,
    /// Their information.
    pub bits: f64,
    /// Whether a network was fitted for it.
    pub foreseen: bool,
}

/// What was decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    pub puzzle: Puzzle,
    pub effort: u8,
    pub palette: Vec<u8>,
    pub outline_bits: f64,
    pub check_bits: u32,
    pub grids: Vec<GridBits>,
}

/// The section of a puzzle: the shortest with up to that effort. Its solutions are sent where it has them.
pub(super) fn encode(
    puzzle: &Puzzle,
    effort: u8,
    threads: Option<usize>,
    watch: &mut Watch,
) -> Result<Vec<u8>, PuzzleError> {
    for (what, found) in [("train pairs", puzzle.train.len()), ("test inputs", puzzle.test.len())] {
        if found > MOST_GRIDS {
            return Err(PuzzleError::TooMany { what, found, most: MOST_GRIDS });
        }
    }
    let outline = outline_of(puzzle);
    outline.justified(usize::MAX >> 32)?;
    let mut foreseen = Foreseen { effort, threads, done: Vec::new(), watch };
    // Fits of most effort pass through those of less, so that they are done once.
    let mut best: Option<(f64, Vec<u8>)> = None;
    for tried in (0..=effort).rev() {
        let mut coder = BitEncoder::new();
        let mut next = 0;
        let mut foresee = |known: &[Pair], input: &Grid, size: (usize, usize)| {
            next += 1;
            foreseen.of(next - 1, tried, known, input, size)
        };
        coded(&mut coder, tried, &outline, Some(puzzle), &mut foresee)?;
        let bits = coder.information_bits();
        if best.as_ref().is_none_or(|&(least, _)| bits < least) {
            best = Some((bits, coder.finish()));
        }
    }
    Ok(best.unwrap_or_default().1)
}

/// Fits that were made, by output.
struct Foreseen<'a, 'b> {
    effort: u8,
    threads: Option<usize>,
    done: Vec<Foresight>,
    watch: &'a mut Watch<'b>,
}

impl Foreseen<'_, '_> {
    /// What an output's fit says after the steps of an effort.
    fn of(
        &mut self,
        output: usize,
        effort: u8,
        known: &[Pair],
        input: &Grid,
        size: (usize, usize),
    ) -> Result<Option<Vec<Opinion>>, PuzzleError> {
        if effort == 0 {
            return Ok(None);
        }
        if output == self.done.len() {
            self.done.push(foresight::foresee(known, input, size, self.effort, self.threads, self.watch)?);
        }
        Ok(self.done[output].after(effort))
    }
}

/// Decodes a section.
pub(super) fn decode(section: &[u8], threads: Option<usize>, watch: &mut Watch) -> Result<Decoded, PuzzleError> {
    let mut coder = BitDecoder::new(section);
    let effort = peek_effort(&mut coder)?;
    let outline = Outline::code(&mut coder, &Outline::default())?;
    outline.justified(section.len())?;
    let mut foresee = |known: &[Pair], input: &Grid, size: (usize, usize)| {
        if effort == 0 {
            return Ok(None);
        }
        Ok(foresight::foresee(known, input, size, effort, threads, watch)?.after(effort))
    };
    rest(&mut coder, effort, &outline, None, &mut foresee)
}

/// What decoding takes is in proportion to this: the cells, times the steps of the fits.
///
/// # Errors
/// As [`decode`], as far as the outline.
pub(super) fn work(section: &[u8]) -> Result<u64, CodeError> {
    let mut coder = BitDecoder::new(section);
    let effort = peek_effort(&mut coder)?;
    let outline = Outline::code(&mut coder, &Outline::default())?;
    outline.justified(section.len())?;
    let cells: usize = outline.sizes().map(|(rows, columns)| rows * columns).sum();
    Ok(cells as u64 * (1 + foresight::STEPS[usize::from(effort)] as u64))
}

fn peek_effort(coder: &mut BitDecoder) -> Result<u8, CodeError> {
    Ok(code_plain(coder, 0, EFFORT_BITS).ok_or(CodeError::Exhausted { field: "the effort" })? as u8)
}

type Foresee<'a> = dyn FnMut(&[Pair], &Grid, (usize, usize)) -> Result<Option<Vec<Opinion>>, PuzzleError> + 'a;

/// Encodes everything.
fn coded(
    coder: &mut BitEncoder,
    effort: u8,
    outline: &Outline,
    wanted: Option<&Puzzle>,
    foresee: &mut Foresee,
) -> Result<Decoded, PuzzleError> {
    code_plain(coder, effort.into(), EFFORT_BITS);
    Outline::code(coder, outline)?;
    rest(coder, effort, outline, wanted, foresee)
}

/// Codes the grids of an outline: encodes those of `wanted`, or decodes.
fn rest(
    coder: &mut impl BitCoder,
    effort: u8,
    outline: &Outline,
    wanted: Option<&Puzzle>,
    foresee: &mut Foresee,
) -> Result<Decoded, PuzzleError> {
    let outline_bits = coder.information_bits();
    let mut before = outline_bits;
    let mut grids = Vec::new();
    let mut model = GridCoder::new(&outline.palette);
    let mut note = |grid: String, cells: &Cells, foreseen: bool, now: f64| {
        grids.push(GridBits { grid, cells: cells.cells.len(), bits: now - before, foreseen });
        before = now;
    };
    let mut hash = crc32fast::Hasher::new();
    let (mut train, mut test, mut answers): (Vec<Pair>, Vec<Grid>, Vec<Grid>) = (vec![], vec![], vec![]);
    for (index, &[input, output]) in outline.train.iter().enumerate() {
        let pair = wanted.map(|puzzle| &puzzle.train[index]);
        let cells = model.input(coder, &cells_of(pair.map(|pair| &pair.input), input)).ok_or(EXHAUSTED)?;
        note(format!("train {} input", index + 1), &cells, false, coder.information_bits());
        let input = grid_of(&cells)?;
        let opinions = foresee(&train, &input, output)?;
        let wanted = cells_of(pair.map(|pair| &pair.output), output);
        let output = model.output(coder, &wanted, &cells, opinions.as_deref()).ok_or(EXHAUSTED)?;
        note(format!("train {} output", index + 1), &output, opinions.is_some(), coder.information_bits());
        hash.update(&cells.cells);
        hash.update(&output.cells);
        train.push(Pair { input, output: grid_of(&output)? });
    }
    let mut inputs = Vec::new();
    for (index, &size) in outline.tests.iter().enumerate() {
        let wanted = wanted.map(|puzzle| &puzzle.test[index]);
        let cells = model.input(coder, &cells_of(wanted, size)).ok_or(EXHAUSTED)?;
        note(format!("test {} input", index + 1), &cells, false, coder.information_bits());
        test.push(grid_of(&cells)?);
        inputs.push(cells);
    }
    for (index, &size) in outline.answers.iter().enumerate() {
        let opinions = foresee(&train, &test[index], size)?;
        let wanted = wanted.and_then(|puzzle| puzzle.solutions.as_ref()).map(|solutions| &solutions[index]);
        let cells = model.output(coder, &cells_of(wanted, size), &inputs[index], opinions.as_deref());
        let cells = cells.ok_or(EXHAUSTED)?;
        note(format!("test {} output", index + 1), &cells, opinions.is_some(), coder.information_bits());
        hash.update(&cells.cells);
        answers.push(grid_of(&cells)?);
    }
    // Integers are the same everywhere; a fit that is not has to be found out.
    let mut check_bits = 0;
    if effort > 0 {
        check_bits = CHECK_BITS;
        let computed = hash.finalize() as u16;
        let stored = code_plain(coder, computed.into(), CHECK_BITS).ok_or(EXHAUSTED)? as u16;
        if stored != computed {
            return Err(CodeError::ContentCheck { stored, computed }.into());
        }
    }
    let solutions = (!answers.is_empty()).then_some(answers);
    let puzzle = Puzzle { id: String::new(), train, test, solutions };
    Ok(Decoded { puzzle, effort, palette: outline.palette.clone(), outline_bits, check_bits, grids })
}

const EXHAUSTED: CodeError = CodeError::Exhausted { field: "the grids" };

impl Decoded {
    /// Where the bits of a file went: its sections', with the grids' split into inputs, outputs and the rest.
    pub fn ledger(&self, container: &Container) -> Ledger {
        let mut ledger = container.ledger();
        let of = |kind: &str, side: &str| -> f64 {
            let is = |grid: &&GridBits| grid.grid.starts_with(kind) && grid.grid.ends_with(side);
            self.grids.iter().filter(is).map(|grid| grid.bits).sum()
        };
        let parts = [
            ("sizes and colours", self.outline_bits),
            ("train inputs", of("train", "input")),
            ("train outputs", of("train", "output")),
            ("test inputs", of("test", "input")),
            ("test outputs", of("test", "output")),
            ("check of the content", f64::from(self.check_bits)),
        ];
        let (mut all, mut before) = (0.0, 0);
        let parts: Vec<(&str, u64)> = parts
            .into_iter()
            .map(|(name, bits)| {
                all += bits;
                let whole = f64::round(all) as u64 - before;
                before += whole;
                (name, whole)
            })
            .filter(|&(_, bits)| bits > 0)
            .collect();
        ledger.split(Tag::Grids.name(), &parts);
        ledger
    }
}

fn outline_of(puzzle: &Puzzle) -> Outline {
    let size = |grid: &Grid| (grid.rows(), grid.columns());
    let answers: Vec<&Grid> = puzzle.solutions.iter().flatten().collect();
    let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    let mut palette: Vec<u8> =
        pairs.chain(&puzzle.test).chain(answers.iter().copied()).flat_map(Grid::cells).copied().collect();
    palette.sort_unstable();
    palette.dedup();
    Outline {
        palette,
        train: puzzle.train.iter().map(|pair| [size(&pair.input), size(&pair.output)]).collect(),
        tests: puzzle.test.iter().map(size).collect(),
        answers: answers.into_iter().map(size).collect(),
    }
}

/// The cells to encode, or as many to decode.
fn cells_of(grid: Option<&Grid>, (rows, columns): (usize, usize)) -> Cells {
    let cells = grid.map_or_else(|| vec![0; rows * columns], |grid| grid.cells().to_vec());
    Cells { rows, columns, cells }
}

fn grid_of(cells: &Cells) -> Result<Grid, CodeError> {
    Grid::new(cells.rows, cells.columns, cells.cells.clone()).map_err(|_| EXHAUSTED)
}
