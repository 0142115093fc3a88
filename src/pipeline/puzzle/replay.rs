//! A puzzle's grids one after the other, each foretold by those before; before an output a network may be fitted to what is
//! known by then, and what it says is mixed in. Nothing of the network is sent: the decoder fits it again.
//!
//! In: a puzzle. Out: the grids section of its file; and back. The fit has the engine's own seam, and takes all that decides
//! from integers, tables and the fused engine, which is the same on every machine.

use super::{PuzzleError, Watch, foresight};
use crate::code::adaptive::code_plain;
use crate::code::grids::{Cells, GridCoder, MOST_GRIDS, Opinion, Outline, Part};
use crate::code::range::{BitCoder, BitDecoder, BitEncoder};
use crate::code::{CodeError, Container, Ledger, Tag};
use crate::data::{Grid, Pair, Puzzle};
use foresight::Foresight;
use serde::Serialize;
use std::ops::ControlFlow;

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

/// What a part of the mix is worth: how many bits more each grid would take without it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worth {
    /// The part: `contexts`, `patterns`, `ways` or `network`.
    pub part: &'static str,
    /// By grid.
    pub bits: Vec<f64>,
}

/// The section of a puzzle: the shortest with up to that effort. Its solutions are sent where it has them.
pub(super) fn encode(
    puzzle: &Puzzle,
    effort: u8,
    threads: Option<usize>,
    watch: &mut Watch,
) -> Result<Vec<u8>, PuzzleError> {
    let outline = outline_of(puzzle)?;
    // Fits of most effort pass through those of less, so that they are done once.
    let mut fits = Fits { effort, threads, done: Vec::new(), watch };
    let mut coder = BitEncoder::new();
    let without = coded(&mut coder, 0, &outline, puzzle, None, &mut fits)?;
    let mut best = (coder.information_bits(), coder.finish());
    // No fit saves more than all outputs after the first take, and any costs the check.
    let outputs = without.grids.iter().filter(|grid| grid.grid.ends_with("output")).skip(1);
    if outputs.map(|grid| grid.bits).sum::<f64>() <= f64::from(CHECK_BITS) {
        return Ok(best.1);
    }
    for tried in (1..=effort).rev() {
        let mut coder = BitEncoder::new();
        coded(&mut coder, tried, &outline, puzzle, None, &mut fits)?;
        if coder.information_bits() < best.0 {
            best = (coder.information_bits(), coder.finish());
        }
    }
    Ok(best.1)
}

/// Decodes a section.
pub(super) fn decode(section: &[u8], threads: Option<usize>, watch: &mut Watch) -> Result<Decoded, PuzzleError> {
    let mut coder = BitDecoder::new(section);
    let effort = peek_effort(&mut coder)?;
    let mut fits = Fits { effort, threads, done: Vec::new(), watch };
    decoded(&mut coder, section, effort, &mut fits)
}

/// Decodes a section, and says what each part of its mix was worth.
pub(super) fn weigh(section: &[u8], threads: Option<usize>) -> Result<(Decoded, Vec<Worth>), PuzzleError> {
    let mut coder = BitDecoder::new(section);
    let effort = peek_effort(&mut coder)?;
    let mut fits = Fits { effort, threads, done: Vec::new(), watch: &mut |_, _| ControlFlow::Continue(()) };
    let decoded = decoded(&mut coder, section, effort, &mut fits)?;
    let outline = outline_of(&decoded.puzzle)?;
    let mut worths = Vec::new();
    let mut left_out = |part, effort, without| -> Result<(), PuzzleError> {
        let less = coded(&mut BitEncoder::new(), effort, &outline, &decoded.puzzle, without, &mut fits)?;
        let bits = less.grids.iter().zip(&decoded.grids).map(|(less, all)| less.bits - all.bits).collect();
        worths.push(Worth { part, bits });
        Ok(())
    };
    left_out("contexts", effort, Some(Part::Contexts))?;
    left_out("patterns", effort, Some(Part::Patterns))?;
    left_out("ways", effort, Some(Part::Ways))?;
    if effort > 0 {
        left_out("network", 0, None)?;
    }
    Ok((decoded, worths))
}

/// What a puzzle's grids cost one after the other, and what candidates for its test outputs would.
#[derive(Debug, Clone, PartialEq)]
pub struct Learning {
    /// Train pairs and test inputs.
    pub grids: Vec<GridBits>,
    /// For each test, bits of each of its candidates, its size among them, if nothing but the train pairs and that test's
    /// input is known.
    pub candidates: Vec<Vec<f64>>,
}

/// Codes a puzzle at just this effort, and for each test every candidate as its output, on one thread.
///
/// # Errors
/// [`PuzzleError`], where a puzzle has too many grids or cells.
pub fn learning(puzzle: &Puzzle, candidates: &[Vec<Grid>], effort: u8) -> Result<Learning, PuzzleError> {
    let mut fits = Fits { effort, threads: Some(1), done: Vec::new(), watch: &mut |_, _| ControlFlow::Continue(()) };
    let mut cost = |puzzle: &Puzzle| -> Result<(Decoded, f64), PuzzleError> {
        let mut coder = BitEncoder::new();
        let decoded = coded(&mut coder, effort, &outline_of(puzzle)?, puzzle, None, &mut fits)?;
        Ok((decoded, coder.information_bits()))
    };
    let whole = Puzzle { solutions: None, ..puzzle.clone() };
    let mut learning = Learning { grids: cost(&whole)?.0.grids, candidates: Vec::new() };
    for (input, candidates) in puzzle.test.iter().zip(candidates) {
        let mut one = Puzzle { test: vec![input.clone()], ..whole.clone() };
        let without = cost(&one)?.1;
        let mut bits = Vec::new();
        for candidate in candidates {
            one.solutions = Some(vec![candidate.clone()]);
            bits.push(cost(&one)?.1 - without);
        }
        learning.candidates.push(bits);
    }
    Ok(learning)
}

/// What a fit is asked for by: how many pairs are known, the input, and its output's size.
type Asked = (usize, Grid, (usize, usize));

/// The fits of one puzzle, each made once.
struct Fits<'a, 'b> {
    /// The most effort that is asked for.
    effort: u8,
    threads: Option<usize>,
    done: Vec<(Asked, Foresight)>,
    watch: &'a mut Watch<'b>,
}

impl Fits<'_, '_> {
    /// What an output's fit says after the steps of an effort.
    fn foresee(
        &mut self,
        effort: u8,
        known: &[Pair],
        input: &Grid,
        size: (usize, usize),
    ) -> Result<Option<Vec<Opinion>>, PuzzleError> {
        if effort == 0 {
            return Ok(None);
        }
        let key = (known.len(), input.clone(), size);
        if let Some((_, done)) = self.done.iter().find(|(done, _)| *done == key) {
            return Ok(done.after(effort));
        }
        let foresight = foresight::foresee(known, input, size, self.effort, self.threads, self.watch)?;
        let opinions = foresight.after(effort);
        self.done.push((key, foresight));
        Ok(opinions)
    }
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

/// Encodes everything.
fn coded(
    coder: &mut BitEncoder,
    effort: u8,
    outline: &Outline,
    wanted: &Puzzle,
    without: Option<Part>,
    fits: &mut Fits,
) -> Result<Decoded, PuzzleError> {
    code_plain(coder, effort.into(), EFFORT_BITS);
    Outline::code(coder, outline)?;
    let model = GridCoder::with_part_left_out(&outline.palette, without);
    rest(coder, effort, outline, model, Some(wanted), fits)
}

/// Decodes what follows the effort.
fn decoded(coder: &mut BitDecoder, section: &[u8], effort: u8, fits: &mut Fits) -> Result<Decoded, PuzzleError> {
    let outline = Outline::code(coder, &Outline::default())?;
    outline.justified(section.len())?;
    let model = GridCoder::new(&outline.palette);
    rest(coder, effort, &outline, model, None, fits)
}

/// Codes the grids of an outline: encodes those of `wanted`, or decodes.
fn rest(
    coder: &mut impl BitCoder,
    effort: u8,
    outline: &Outline,
    mut model: GridCoder,
    wanted: Option<&Puzzle>,
    fits: &mut Fits,
) -> Result<Decoded, PuzzleError> {
    let outline_bits = coder.information_bits();
    let mut before = outline_bits;
    let mut grids = Vec::new();
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
        let opinions = fits.foresee(effort, &train, &input, output)?;
        let wanted = cells_of(pair.map(|pair| &pair.output), output);
        let output = model.output(coder, &wanted, &cells, &[], opinions.as_deref()).ok_or(EXHAUSTED)?;
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
        let opinions = fits.foresee(effort, &train, &test[index], size)?;
        let wanted = wanted.and_then(|puzzle| puzzle.solutions.as_ref()).map(|solutions| &solutions[index]);
        let cells = model.output(coder, &cells_of(wanted, size), &inputs[index], &[], opinions.as_deref());
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

fn outline_of(puzzle: &Puzzle) -> Result<Outline, PuzzleError> {
    for (what, found) in [("train pairs", puzzle.train.len()), ("test inputs", puzzle.test.len())] {
        if found > MOST_GRIDS {
            return Err(PuzzleError::TooMany { what, found, most: MOST_GRIDS });
        }
    }
    let size = |grid: &Grid| (grid.rows(), grid.columns());
    let answers: Vec<&Grid> = puzzle.solutions.iter().flatten().collect();
    let pairs = puzzle.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    let outline = Outline {
        palette: palette_of(pairs.chain(&puzzle.test).chain(answers.iter().copied())),
        train: puzzle.train.iter().map(|pair| [size(&pair.input), size(&pair.output)]).collect(),
        tests: puzzle.test.iter().map(size).collect(),
        answers: answers.into_iter().map(size).collect(),
    };
    // However well it is coded, there is a most.
    outline.justified(usize::MAX >> 32)?;
    Ok(outline)
}

/// The colours of grids, in order.
pub(super) fn palette_of<'a>(grids: impl Iterator<Item = &'a Grid>) -> Vec<u8> {
    let mut palette: Vec<u8> = grids.flat_map(Grid::cells).copied().collect();
    palette.sort_unstable();
    palette.dedup();
    palette
}

/// The cells to encode, or as many to decode.
pub(super) fn cells_of(grid: Option<&Grid>, (rows, columns): (usize, usize)) -> Cells {
    let cells = grid.map_or_else(|| vec![0; rows * columns], |grid| grid.cells().to_vec());
    Cells { rows, columns, cells }
}

pub(super) fn grid_of(cells: &Cells) -> Result<Grid, CodeError> {
    Grid::new(cells.rows, cells.columns, cells.cells.clone()).map_err(|_| EXHAUSTED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Evaluation;

    /// Each output has its input's two colours the other way round.
    fn puzzle() -> Puzzle {
        let grid = |cells: [u8; 4]| Grid::new(2, 2, cells.to_vec()).unwrap();
        let pair = |cells: [u8; 4]| Pair { input: grid(cells), output: grid(cells.map(|cell| 3 - cell)) };
        Puzzle {
            id: String::new(),
            train: vec![pair([1, 2, 2, 1]), pair([1, 1, 2, 1]), pair([2, 1, 1, 1])],
            test: vec![grid([2, 2, 1, 1])],
            solutions: None,
        }
    }

    /// The section at just this effort, whether it pays or not.
    fn sent(effort: u8, threads: usize) -> Vec<u8> {
        let puzzle = puzzle();
        let mut watch = |_: usize, _: &Evaluation| ControlFlow::Continue(());
        let mut fits = Fits { effort, threads: Some(threads), done: Vec::new(), watch: &mut watch };
        let mut coder = BitEncoder::new();
        let outline = outline_of(&puzzle).unwrap();
        let coded = coded(&mut coder, effort, &outline, &puzzle, None, &mut fits).unwrap();
        let foreseen = coded.grids.iter().filter(|grid| grid.foreseen).count();
        assert_eq!(foreseen, 2, "all outputs that have a pair before them");
        coder.finish()
    }

    #[test]
    fn the_decoder_fits_again_and_may_be_broken_off() {
        let section = sent(1, 1);
        assert_eq!(sent(1, 2), section, "the same for any number of threads");
        let mut steps = 0;
        let decoded = decode(&section, Some(2), &mut |_, _| {
            steps += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(decoded.unwrap().puzzle, puzzle());
        assert_eq!(steps, 2 * foresight::STEPS[1]);
        let broken = decode(&section, Some(1), &mut |_, _| ControlFlow::Break(()));
        assert!(matches!(broken, Err(PuzzleError::BrokenOff)));
        let parts: Vec<&str> = weigh(&section, Some(1)).unwrap().1.iter().map(|worth| worth.part).collect();
        assert_eq!(parts, ["contexts", "patterns", "ways", "network"]);
    }

    #[test]
    fn a_fit_that_says_something_else_is_found_out() {
        let mut section = sent(1, 1);
        let last = section.len() - 2;
        section[last] ^= 0x10;
        assert!(decode(&section, Some(1), &mut |_, _| ControlFlow::Continue(())).is_err());
    }
}
