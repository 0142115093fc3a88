//! The probability that a cell has a colour, and what is learnt from the answer.
//!
//! In: a [`Scene`], and what a network foretells, where there is one. A colour at a time is asked for, the likeliest first:
//! "is it this one?" Each context's counts of that colour and of the others, each pattern as that colour sees it, and
//! the network's opinion are inputs of a mixer whose weights are the same for all colours, so what is learnt of one
//! holds for the others.

use super::beside::{self, TOLD};
use super::contexts::{COUNTED, PATTERNS, Pattern, Scene, combine};
use super::starts;
use super::ways::{Records, WAYS};
use super::{ALL_WAYS, COLOURS, KINDS};
use crate::code::mixing::adaptive::{Adaptive, FinalMap, Shares};
use crate::code::mixing::logistic::Logistic;
use crate::code::mixing::mixer::{Mixer, ONE, Rates, as_input};
use crate::code::range::BitCoder;
use std::ops::Range;

/// Patterns of nothing but what is known of the colour itself.
const STATUSES: usize = 4;

/// Where inputs start: two for each context, one for a pattern, a status and a way, two for the network, the bias.
pub(super) const PATTERN_INPUTS: usize = 2 * COUNTED;
pub(super) const WAY_INPUTS: usize = PATTERN_INPUTS + PATTERNS + STATUSES;
pub(super) const NETWORK_INPUTS: usize = WAY_INPUTS + WAYS;
pub(super) const BIAS_INPUT: usize = NETWORK_INPUTS + 2;
pub(super) const INPUTS: usize = BIAS_INPUT + 1;

/// Where inputs start that so many grids beside an input have besides: two for each context, one for a pattern, one for each
/// grid, as for a way; and where they end.
pub(super) fn inputs_of_beside(grids: usize) -> [usize; 4] {
    let patterns = INPUTS + 2 * beside::counted(grids);
    let ways = patterns + beside::patterns(grids);
    [INPUTS, patterns, ways, ways + grids]
}

const BIAS: i16 = 256;

/// Contexts' counts and patterns' probabilities lie in tables of so many places.
const PLACES: usize = 1 << 18;

/// A state of a context: how often it was this colour and how often another one, in [`levels`] each, whether it was this one
/// last, and whether a colour has been excluded already.
pub(super) const STATES: usize = 8 * 8 * 2 * 2;

/// The weight vectors of each set for one kind of grid; [`Predictor::mix`] says which is taken. The last is there where grids
/// lie beside an input.
const SETS: [usize; 7] = [3, 16, 64, 81, 12, 18, TOLD];

const RATES: Rates = Rates { start: 5000, decay: 20, floor: 2000, least_error: 0 };
const FINAL_RATES: Rates = Rates { start: 12_000, decay: 20, floor: 2000, least_error: 0 };

/// How much a state's starting probability counts.
const STATE_CONFIDENCE: u32 = 12;

/// Limits of what is counted.
const STATE_LIMIT: u32 = 1000;
const PATTERN_LIMIT: u32 = 255;

/// Where nothing is to be learnt.
const NOWHERE: usize = usize::MAX;

/// The least probability of a decision, and one less the most (2⁻¹⁶).
const LEAST: i32 = 8;

/// A class of the mixer's inputs that is left out, to see what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Contexts that count colours.
    Contexts,
    /// Patterns of equal and different cells, and what is known of each colour.
    Patterns,
    /// Ways to the input.
    Ways,
}

impl Part {
    fn inputs(self) -> Range<usize> {
        match self {
            Self::Contexts => 0..PATTERN_INPUTS,
            Self::Patterns => PATTERN_INPUTS..WAY_INPUTS,
            Self::Ways => WAY_INPUTS..NETWORK_INPUTS,
        }
    }
}

/// A network's opinion of a cell: the probability of each colour (2⁻¹⁶).
pub type Opinion = [u16; COLOURS];

/// The colours that came in a context.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    counts: [u8; COLOURS],
    /// The last, and one more; 0 where there is none.
    last: u8,
}

impl Counts {
    fn add(&mut self, colour: u8) {
        for (other, count) in self.counts.iter_mut().enumerate() {
            if other == usize::from(colour) {
                *count = (*count + 1).min(250);
            } else if *count > 2 {
                *count = 2 + (*count - 2) / 2;
            }
        }
        self.last = colour + 1;
    }
}

fn level(count: u32) -> usize {
    match count {
        0..=3 => count as usize,
        4..=5 => 4,
        6..=9 => 5,
        10..=20 => 6,
        _ => 7,
    }
}

/// A count of each [`level`].
pub(super) fn representative(level: usize) -> i32 {
    [0, 1, 2, 3, 4, 7, 14, 30][level]
}

/// What the predictor needs besides the scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub records: &'a Records,
    /// How often each way has been wrong in this grid.
    pub wrong: &'a [u8; ALL_WAYS],
    /// Colours in this grid and in the input so far; all grids' so far.
    pub in_grid: u16,
    pub in_input: Option<u16>,
    pub in_puzzle: u16,
    pub opinion: Option<&'a Opinion>,
}

/// A cell that is being coded: where its contexts are, and what the last question learns from.
struct Cell<'a> {
    scene: &'a Scene<'a>,
    known: &'a Known<'a>,
    counted: Vec<usize>,
    patterns: Vec<Pattern>,
    /// How many contexts have been seen.
    seen: usize,
    excluded: u16,
    rank: usize,
    /// By context, how often a colour came that is not excluded; by pattern, its hash for colours that it has not.
    totals: Vec<u32>,
    absent: Vec<u64>,
    /// Of the last question.
    states: Vec<usize>,
    places: Vec<usize>,
}

impl Cell<'_> {
    /// Where the hash of a pattern or a status starts.
    fn start(&self, number: usize) -> u64 {
        combine(number as u64 + 100, (self.scene.kind as u64) << 1 | self.rank.min(1) as u64)
    }

    fn see_absent(&mut self) {
        let patterns = self.patterns.iter().enumerate();
        self.absent = patterns.map(|(number, pattern)| pattern.hash(self.start(number), None, self.excluded)).collect();
    }
}

/// The predictor.
#[derive(Debug, Clone)]
pub(super) struct Predictor {
    logistic: Logistic,
    shares: Shares,
    counts: Vec<Counts>,
    states: Vec<Adaptive>,
    patterns: Vec<Adaptive>,
    network: FinalMap,
    mixer: Mixer,
    last: Mixer,
    without: Option<Part>,
    /// How many grids lie beside an input at most, and where their inputs start.
    beside: usize,
    of_beside: [usize; 4],
}

impl Predictor {
    /// One that does without a part, of grids of which so many lie beside an input.
    pub fn new(without: Option<Part>, beside: usize) -> Self {
        let logistic = Logistic::new();
        let weights: Vec<i32> = starts::weights(beside).into_iter().map(|weight| weight * (ONE >> 10)).collect();
        let sets = &SETS[..sets(beside)];
        let states = starts::states().map(|start| Adaptive::new(start, STATE_CONFIDENCE));
        Self {
            shares: Shares::new(24),
            counts: vec![Counts::default(); PLACES],
            states: states.repeat(KINDS * contexts(beside)),
            patterns: vec![Adaptive::new(0, 0); PLACES],
            network: FinalMap::new(2 * KINDS, 6, &logistic),
            last: Mixer::new(&vec![ONE / sets.len() as i32; sets.len()], &[KINDS * 3], FINAL_RATES),
            mixer: Mixer::new(&weights, &sets.iter().map(|size| KINDS * size).collect::<Vec<_>>(), RATES),
            logistic,
            without,
            beside,
            of_beside: inputs_of_beside(beside),
        }
    }

    /// How many grids lie beside an input at most.
    pub fn beside(&self) -> usize {
        self.beside
    }

    /// The memory of all tables, in bytes, where so many grids lie beside an input.
    pub fn memory_bytes(beside: usize) -> u64 {
        let places = PLACES * (size_of::<Counts>() + size_of::<Adaptive>());
        let [.., inputs] = inputs_of_beside(beside);
        let weights = KINDS * SETS[..sets(beside)].iter().sum::<usize>() * inputs * size_of::<i32>();
        let states = KINDS * contexts(beside) * STATES * size_of::<Adaptive>();
        (places + weights + states + size_of::<[i16; 1 << 16]>()) as u64
    }

    /// Codes the cell's colour, one of `palette`, and learns it; nothing if no encoder gives such code.
    pub fn code(
        &mut self,
        coder: &mut impl BitCoder,
        scene: &Scene,
        known: &Known,
        palette: &[u8],
        colour: u8,
    ) -> Option<u8> {
        let (contexts, patterns) = scene.contexts();
        let counted: Vec<usize> = contexts.into_iter().map(place).collect();
        let seen = counted.iter().filter(|&&place| self.counts[place].last > 0).count();
        let totals = counted.iter().map(|&place| self.counts[place].counts.iter().map(|&count| u32::from(count)).sum());
        let mut cell = Cell {
            scene,
            known,
            totals: totals.collect(),
            absent: vec![],
            counted,
            patterns,
            seen,
            excluded: 0,
            rank: 0,
            states: vec![],
            places: vec![],
        };
        cell.see_absent();
        let mut colours: Vec<(i32, u8)> =
            palette.iter().map(|&colour| (-self.mix(&mut cell, colour, palette.len()), colour)).collect();
        colours.sort_unstable();
        let mut found = colours.last()?.1;
        for (rank, &(_, asked)) in colours[..colours.len() - 1].iter().enumerate() {
            let logit = self.mix(&mut cell, asked, palette.len() - rank);
            let one = self.logistic.probability(logit).clamp(LEAST, 65536 - LEAST);
            let bit = coder.code(asked == colour, one as u32)?;
            self.learn(&cell, bit);
            if bit {
                found = asked;
                break;
            }
            self.exclude(&mut cell, asked);
        }
        cell.counted.iter().for_each(|&place| self.counts[place].add(found));
        Some(found)
    }

    /// The cell does not have this colour.
    fn exclude(&self, cell: &mut Cell, colour: u8) {
        cell.excluded |= 1 << colour;
        cell.rank += 1;
        for (total, &place) in cell.totals.iter_mut().zip(&cell.counted) {
            *total -= u32::from(self.counts[place].counts[usize::from(colour)]);
        }
        cell.see_absent();
    }

    /// The logit that the cell has `colour`, which is one of `left` colours.
    fn mix(&mut self, cell: &mut Cell, colour: u8, left: usize) -> i32 {
        let kind = cell.scene.kind as usize;
        let rank = cell.rank.min(2);
        self.mixer.inputs().fill(0);
        self.count_inputs(cell, colour);
        let status = status(cell.known, colour);
        self.pattern_inputs(cell, colour, status, left);
        self.way_inputs(cell, colour);
        let certainty = self.network_inputs(cell, colour);
        self.mixer.inputs()[BIAS_INPUT] = BIAS;
        if let Some(part) = self.without {
            self.mixer.inputs()[part.inputs()].fill(0);
        }
        let scene = cell.scene;
        let side = |at: usize, length: usize| {
            if at == 0 {
                0
            } else if at + 1 == length {
                2
            } else {
                1
            }
        };
        let border = side(scene.row, scene.cells.rows) * 3 + side(scene.column, scene.cells.columns);
        let seen = (cell.seen * 3 / cell.counted.len()).min(2);
        let selected = [
            rank,
            scene.agreeing(colour),
            (cell.seen / 2).min(31) * 2 + rank.min(1),
            border * 9 + seen * 3 + rank,
            status,
            certainty,
            scene.told(colour),
        ];
        let mut logits = [0; SETS.len()];
        let logits = &mut logits[..sets(self.beside)];
        let selected: Vec<usize> =
            selected.iter().zip(&SETS[..logits.len()]).map(|(&vector, size)| kind * size + vector).collect();
        self.mixer.mix(&selected, &self.logistic, logits);
        for (input, logit) in self.last.inputs().iter_mut().zip(logits) {
            *input = as_input(*logit);
        }
        let mut logit = [0];
        self.last.mix(&[kind * 3 + rank], &self.logistic, &mut logit);
        logit[0]
    }

    /// What the contexts say by their counts.
    fn count_inputs(&mut self, cell: &mut Cell, colour: u8) {
        let kind = cell.scene.kind as usize;
        cell.states.clear();
        for (context, &place) in cell.counted.iter().enumerate() {
            let Counts { counts, last } = self.counts[place];
            let this = u32::from(counts[usize::from(colour)]);
            let others = cell.totals[context] - this;
            if this + others == 0 {
                cell.states.push(NOWHERE);
                continue;
            }
            let state = (level(this) * 8 + level(others)) * 4 + usize::from(last == colour + 1) * 2 + cell.rank.min(1);
            let state = (kind * contexts(self.beside) + context) * STATES + state;
            cell.states.push(state);
            let probability = self.states[state].probability();
            let input = 2 * context + if context < COUNTED { 0 } else { INPUTS - PATTERN_INPUTS };
            let inputs = self.mixer.inputs();
            inputs[input] = as_input(self.logistic.logit(probability));
            inputs[input + 1] = ((probability - 32768) >> 5) as i16;
        }
    }

    /// What the patterns say. One that is new says nothing and starts from an equal share for each colour that is left.
    fn pattern_inputs(&mut self, cell: &mut Cell, colour: u8, status: usize, left: usize) {
        cell.places.clear();
        let seen = |(number, pattern): (usize, &Pattern)| {
            if pattern.has(colour) {
                pattern.hash(cell.start(number), Some(colour), cell.excluded)
            } else {
                cell.absent[number]
            }
        };
        let mut hashes: Vec<u64> = cell.patterns.iter().enumerate().map(seen).collect();
        let of_beside = hashes.split_off(hashes.len().min(PATTERNS));
        for (number, value) in cell.scene.statuses(colour).into_iter().enumerate() {
            hashes.push(combine(cell.start(PATTERNS + number), value << 4 | status as u64));
        }
        let inputs = (PATTERN_INPUTS..PATTERN_INPUTS + hashes.len()).chain(self.of_beside[1]..self.of_beside[2]);
        for (input, hash) in inputs.zip(hashes.iter().chain(&of_beside)) {
            let place = place(*hash);
            cell.places.push(place);
            let pattern = &mut self.patterns[place];
            if pattern.probability() == 0 {
                *pattern = Adaptive::new(65536 / left.max(2) as i32, 0);
            } else {
                self.mixer.inputs()[input] = as_input(self.logistic.logit(pattern.probability()));
            }
        }
    }

    /// What the ways to the input say, each by whether it led to the right colour of late and in this grid.
    fn way_inputs(&mut self, cell: &mut Cell, colour: u8) {
        let Some(pair) = &cell.scene.pair else { return };
        for (way, &source) in pair.sources.iter().enumerate() {
            if usize::from(source) >= COLOURS || cell.excluded >> source & 1 == 1 {
                continue;
            }
            let history = u64::from(cell.known.records.history[way] & 7);
            let wrong = u64::from(cell.known.wrong[way].min(3));
            let says = u64::from(source == colour);
            let state = says << 6 | history << 3 | wrong << 1 | cell.rank.min(1) as u64;
            let place = place(combine(1000 + way as u64, state));
            cell.places.push(place);
            let pattern = &mut self.patterns[place];
            if pattern.probability() == 0 {
                *pattern = Adaptive::new(if source == colour { 40_000 } else { 18_000 }, 1);
            }
            let input = way.checked_sub(WAYS).map_or(WAY_INPUTS + way, |grid| self.of_beside[2] + grid);
            self.mixer.inputs()[input] = as_input(self.logistic.logit(pattern.probability()));
        }
    }

    /// What the network says, as it is and as it has proved; gives how sure it is, 0 where there is none.
    fn network_inputs(&mut self, cell: &Cell, colour: u8) -> usize {
        let Some(opinion) = cell.known.opinion else { return 0 };
        let left = |other: &usize| cell.excluded >> other & 1 == 0;
        let all: u64 = (0..COLOURS).filter(left).map(|other| u64::from(opinion[other])).sum();
        let one = ((u64::from(opinion[usize::from(colour)]) + 16) << 16) / (all + 16 * COLOURS as u64);
        let logit = self.logistic.logit(one as i32);
        let refined = self.network.refine(logit, 2 * cell.scene.kind as usize + cell.rank.min(1));
        let inputs = self.mixer.inputs();
        inputs[NETWORK_INPUTS] = as_input(logit);
        inputs[NETWORK_INPUTS + 1] = as_input(self.logistic.logit(refined));
        1 + ((logit + 2048) >> 8) as usize
    }

    fn learn(&mut self, cell: &Cell, bit: bool) {
        self.mixer.update(bit);
        self.last.update(bit);
        for &state in cell.states.iter().filter(|&&state| state != NOWHERE) {
            self.states[state].update(bit, STATE_LIMIT, &self.shares);
        }
        for &place in &cell.places {
            let pattern = &mut self.patterns[place];
            pattern.update(bit, PATTERN_LIMIT, &self.shares);
            if pattern.probability() == 0 {
                *pattern = Adaptive::new(1, PATTERN_LIMIT);
            }
        }
        if cell.known.opinion.is_some() {
            self.network.update(bit);
        }
    }
}

/// How many sets of weight vectors there are, and how many contexts, where so many grids lie beside an input.
fn sets(beside: usize) -> usize {
    SETS.len() - usize::from(beside == 0)
}

fn contexts(beside: usize) -> usize {
    COUNTED + beside::counted(beside)
}

fn place(hash: u64) -> usize {
    (hash >> 40) as usize & (PLACES - 1)
}

/// Whether the colour is new, has been in the puzzle, or in this grid; and whether the input has it.
fn status(known: &Known, colour: u8) -> usize {
    let has = |mask: u16| mask >> colour & 1 == 1;
    let so_far = if !has(known.in_puzzle) {
        0
    } else if has(known.in_grid) {
        2
    } else {
        1
    };
    so_far * 3 + known.in_input.map_or(2, |input| usize::from(has(input)))
}

impl Scene<'_> {
    /// Which of the cell's left and upper neighbour, its source and the best shift have this colour, a bit each.
    fn agreeing(&self, colour: u8) -> usize {
        let near = |down: isize, across: isize| self.cells.at(self.row as isize + down, self.column as isize + across);
        let source = self.pair.as_ref().map(|pair| pair.sources[pair.way]);
        [Some(near(0, -1)), Some(near(-1, 0)), source, Some(self.shifted[0].colour)]
            .into_iter()
            .enumerate()
            .map(|(bit, cell)| usize::from(cell == Some(colour)) << bit)
            .sum()
    }

    /// What stands beside the status of a colour in four contexts.
    fn statuses(&self, colour: u8) -> [u64; STATUSES] {
        let near = |down: isize, across: isize| self.cells.at(self.row as isize + down, self.column as isize + across);
        let same = |cell: u8| u64::from(cell == colour);
        let (left, up) = (near(0, -1), near(-1, 0));
        let neighbours = 1 + same(left) + 2 * same(up) + 4 * u64::from(left == up);
        [0, 1 + same(self.background), neighbours << 4, u64::from(colour) << 8]
    }
}
