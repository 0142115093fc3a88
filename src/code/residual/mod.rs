//! The predictor of an article's bits: it learns as it decodes, from the article alone.
//!
//! In: the bits so far of a sequence of bytes. Out: the probability that the next one is a one. For every byte, each of the
//! `contexts` finds its `slots`, whose nodes and maps (`adaptive`) give what came after it before, as logits;
//! `matches` gives what repeats foretell. Both are the `inputs` of the `mixer`, which weights them all, in several sets of
//! weights that begin as `starts` has them, and weights their results again; final maps correct what comes out. All
//! arithmetic is in integers.

mod contexts;
mod inputs;
mod matches;
mod parameters;
mod settings;
mod slots;
mod starts;
mod text;

use super::mixing::adaptive::{Adaptive, FinalMap, Shares};
use super::mixing::logistic::Logistic;
pub use super::mixing::mixer::Rates;
use super::mixing::mixer::{self, Mixer, as_input};
use contexts::Contexts;
pub use contexts::Family;
use matches::Repeat;
use parameters::INPUTS_PER_CONTEXT;
pub use parameters::Parameters;
pub use settings::{SETTINGS_BYTES, Settings};
use slots::{NOWHERE, Node, Slots};
use text::{Text, class, combine};

/// The finders of repeats.
const REPEATS: usize = 3;
const INPUTS_PER_REPEAT: usize = 4;

/// Where inputs other than the contexts' start.
const REPEAT_INPUTS: usize = contexts::COUNT * INPUTS_PER_CONTEXT;
const DIRECT_INPUTS: usize = REPEAT_INPUTS + REPEATS * INPUTS_PER_REPEAT;
const INPUTS: usize = DIRECT_INPUTS + 3;

/// The bias, as a logit.
const BIAS: i16 = 256;

/// The weight vectors of each set of the first layer; `selections` says which is taken.
const SETS: [usize; 13] = [8, 256, 7 * 32, 2048, 256, 2048, 256, 2048, 2048, 2048, 2048, 2048, 2048];

/// The same for the second layer, whose results are averaged.
const FINAL_SETS: [usize; 3] = [32, 32, 256];

/// An entry of a context's map: a node's count (16) by its logit (64).
const MAP_SIZE: usize = 16 * 64;

/// An entry of a context's run map: the half of the byte (0, first, second), the run's length (32), the bit foretold.
const RUN_SIZE: usize = 3 * 32 * 2;

/// An entry of a repeat's map: recently wrong or not, its length (32), the bit foretold.
const REPEAT_SIZE: usize = 2 * 32 * 2;

/// The hashed final maps have so many contexts.
const HASHED_FINAL: usize = 1 << 14;

/// See [`slot_count`].
const SLOTS_PER_BYTE: usize = 32;
const MOST_SLOTS: usize = 1_800_000;

/// The entry of the run maps of those that have no run, or one that foretold something else: always one half.
const NO_RUN: usize = contexts::COUNT * RUN_SIZE;

/// No repeat to learn from this bit.
const NONE: usize = usize::MAX;

/// What a context has to do with the bit under way.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    /// The slot of the first half of the byte; nowhere where the context is left out.
    first: usize,
    /// The slot of this half; nowhere where the context is left out or new.
    slot: usize,
    /// The entry of the map that was used.
    map_entry: usize,
    /// The entry of the run map that was used, or [`NO_RUN`].
    run_entry: usize,
}

/// The predictor.
#[derive(Debug)]
pub struct Predictor {
    parameters: Parameters,
    logistic: Logistic,
    shares: Shares,
    node_shares: Shares,
    text: Text,
    /// The bits of this byte so far, behind a leading one, and how many these are.
    partial: usize,
    bit: u32,
    contexts: Contexts,
    places: Vec<Place>,
    slots: Slots,
    maps: Vec<Adaptive>,
    run_maps: Vec<Adaptive>,
    repeats: [Repeat; REPEATS],
    repeat_maps: Vec<Adaptive>,
    repeat_bytes: Vec<Adaptive>,
    repeat_entries: [[usize; 2]; REPEATS],
    order_0: Vec<Adaptive>,
    order_1: Vec<Adaptive>,
    mixer: Mixer,
    final_mixer: Mixer,
    final_maps: Vec<FinalMap>,
    /// Whether `probability` is that of the next bit.
    predicted: bool,
    probability: i32,
}

impl Predictor {
    /// A predictor for so many bytes, that has seen nothing.
    pub fn new(length: usize, parameters: Parameters) -> Self {
        let logistic = Logistic::new();
        let shares = Shares::new(parameters.share_offset);
        let node_shares = Shares::new(parameters.node_offset);
        let mixer = Mixer::new(&starts::weights(&parameters), &SETS, parameters.rates);
        let sets = SETS.len() as i32;
        let final_mixer = Mixer::new(&[mixer::ONE / sets; SETS.len()], &FINAL_SETS, parameters.final_rates);
        let sizes = [256, 1 << 16, HASHED_FINAL, HASHED_FINAL];
        let rates = parameters.final_map_rates;
        let final_maps = sizes.iter().zip(rates).map(|(&size, rate)| FinalMap::new(size, rate, &logistic)).collect();
        let place_bits = length.max(1 << 12).ilog2().min(19);
        let mut predictor = Self {
            maps: starts::maps(&parameters, &logistic),
            run_maps: starts::runs(&parameters),
            repeats: parameters.repeat_least.map(|least| Repeat::new(least, place_bits)),
            repeat_maps: starts::repeats(),
            repeat_bytes: vec![Adaptive::new(32768, 0); REPEATS << 13],
            repeat_entries: [[NONE; 2]; REPEATS],
            order_0: vec![Adaptive::new(32768, 0); 1 << 8],
            order_1: vec![Adaptive::new(32768, 0); 1 << 16],
            slots: Slots::new(slot_count(length)),
            text: Text::new(),
            partial: 1,
            bit: 0,
            contexts: Contexts::new(),
            places: Vec::with_capacity(contexts::COUNT),
            logistic,
            shares,
            node_shares,
            mixer,
            final_mixer,
            final_maps,
            predicted: false,
            probability: 32768,
            parameters,
        };
        predictor.start_byte();
        predictor
    }

    /// About what a predictor for so many bytes takes.
    pub fn memory_bytes(length: usize) -> usize {
        let weights = SETS.iter().sum::<usize>() * INPUTS.next_multiple_of(16) * size_of::<i32>();
        34 * slot_count(length) + weights + (8 << 20)
    }

    /// The probability that the next bit is one, in units of 2⁻¹⁶, from 1 to 65535.
    pub fn one(&mut self) -> u32 {
        if !self.predicted {
            self.predict();
            self.predicted = true;
        }
        self.probability.clamp(1, 65535) as u32
    }

    /// Learns the bit.
    pub fn update(&mut self, bit: bool) {
        self.one();
        self.predicted = false;
        self.learn(bit);
        self.partial = self.partial << 1 | usize::from(bit);
        self.bit += 1;
        if self.bit == 4 {
            self.start_second_half();
        } else if self.bit == 8 {
            let byte = self.partial as u8;
            for place in &self.places {
                self.slots.run_mut(place.first).push(byte);
            }
            self.slots.clear_nowhere();
            self.text.push(byte);
            for repeat in &mut self.repeats {
                repeat.update(self.text.bytes());
            }
            self.partial = 1;
            self.bit = 0;
            self.start_byte();
        }
    }

    /// Finds the slots of every context for the next byte.
    fn start_byte(&mut self) {
        self.contexts.fill(&self.text, &self.repeats);
        self.places.clear();
        for (&hash, &family) in self.contexts.hashes.iter().zip(&self.contexts.families) {
            let dropped = self.parameters.dropped >> family as u8 & 1 == 1;
            let first = if dropped { NOWHERE } else { self.slots.find(hash).0 };
            self.places.push(Place { hash, first, slot: first, map_entry: 0, run_entry: NO_RUN });
        }
    }

    /// Finds the slots for the last four bits. A context whose first four bits were never seen gets none; one that was seen
    /// gets a new slot that knows the byte that came last, if that began alike.
    fn start_second_half(&mut self) {
        for place in &mut self.places {
            place.slot = NOWHERE;
            let run = self.slots.run(place.first);
            if run.length == 0 {
                continue;
            }
            let (slot, is_new) = self.slots.find(combine(place.hash, self.partial as u64 + 0x1234));
            place.slot = slot;
            if is_new && usize::from(run.byte >> 4) | 16 == self.partial {
                let mut node = 1;
                for shift in (0..4).rev() {
                    let bit = run.byte >> shift & 1 == 1;
                    self.slots.set_node(slot, node, Node::NEW.updated(bit, self.node_shares.of(0), 15));
                    node = node << 1 | usize::from(bit);
                }
            }
        }
    }

    /// Whether a context has had this bit before.
    fn is_seen(&self, context: usize) -> bool {
        self.slots.node(self.places[context].slot, self.node()).count() > 0
    }

    /// The node of this bit in the slots.
    fn node(&self) -> usize {
        if self.bit < 4 { self.partial } else { self.partial & ((1 << (self.bit - 4)) - 1) | 1 << (self.bit - 4) }
    }

    fn predict(&mut self) {
        let seen = self.context_inputs();
        let longest = self.repeat_inputs();
        let last = usize::from(self.text.byte(1));
        let direct = [self.order_0[self.partial], self.order_1[last << 8 | self.partial]];
        let inputs = &mut self.mixer.inputs()[DIRECT_INPUTS..];
        for (input, direct) in inputs.iter_mut().zip(direct) {
            *input = as_input(self.logistic.logit(direct.probability()));
        }
        inputs[2] = BIAS;

        let order = (0..contexts::ORDERS.len()).rev().find(|&order| self.is_seen(order)).unwrap_or(0);
        let mut logits = [0; SETS.len()];
        let one_set = self.parameters.one_set;
        let selected = if one_set { [0; SETS.len()] } else { self.selections(order, seen, longest) };
        self.mixer.mix(&selected, &self.logistic, &mut logits);
        for (input, logit) in self.final_mixer.inputs().iter_mut().zip(logits) {
            *input = as_input(logit);
        }
        let mut finals = [0; FINAL_SETS.len()];
        let bit = self.bit as usize;
        let needed = self.text.characters.needed as usize;
        let final_selected = [needed << 3 | bit, order << 2 | repeat_bucket(longest), self.partial];
        let final_selected = if one_set { [0; FINAL_SETS.len()] } else { final_selected };
        self.final_mixer.mix(&final_selected, &self.logistic, &mut finals);
        self.refine(finals.iter().sum::<i32>() / finals.len() as i32);
    }

    /// Which weights each set takes.
    fn selections(&self, order: usize, seen: usize, longest: usize) -> [usize; SETS.len()] {
        let bit = self.bit as usize;
        let text = &self.text;
        let [last, second] = [text.byte(1), text.byte(2)].map(usize::from);
        let [last_class, second_class] = [text.byte(1), text.byte(2)].map(|byte| usize::from(class(byte)));
        let hashed = |hash: u64| (hash >> 30) as usize & 2047;
        let shortest = &self.repeats[REPEATS - 1];
        [
            bit,
            self.partial,
            order << 5 | repeat_bucket(longest) << 3 | bit,
            last << 3 | bit,
            text.words.length.min(7) << 5 | (text.characters.needed as usize) << 3 | bit,
            second_class << 7 | last_class << 3 | bit,
            (seen / 2).min(63) << 2 | repeat_bucket(longest),
            usize::from(shortest.expected()) << 3 | bit,
            second << 3 | bit,
            text.column().min(255) << 3 | bit,
            hashed(combine(text.words.hashes[0], 3)),
            hashed(combine(text.classes & 0xffff, 5)) & 255 | bit << 8,
            hashed(combine(text.shape & 0x00ff_ffff, 7)) & 255 | bit << 8,
        ]
    }

    /// Corrects the mixed logit by the final maps.
    fn refine(&mut self, logit: i32) {
        let last = self.text.byte(1) as usize;
        let hashed = |order| (combine(self.text.bytes_back(order), self.partial as u64) >> 20) as usize % HASHED_FINAL;
        let contexts = [self.partial, last << 8 | self.partial, hashed(2), hashed(3)];
        let sum: i32 = self.final_maps.iter_mut().zip(contexts).map(|(map, context)| map.refine(logit, context)).sum();
        let mixed = self.logistic.probability(logit);
        let share = self.parameters.final_map_share;
        self.probability = (mixed * (64 - share) + sum / contexts.len() as i32 * share) >> 6;
    }

    /// Everything that took part learns the bit.
    fn learn(&mut self, bit: bool) {
        let parameters = &self.parameters;
        self.mixer.update(bit);
        self.final_mixer.update(bit);
        for map in &mut self.final_maps {
            map.update(bit);
        }
        let node = self.node();
        for place in &self.places {
            self.maps[place.map_entry].update(bit, parameters.map_limit, &self.shares);
            self.run_maps[place.run_entry].update(bit, parameters.run_limit, &self.shares);
            let old = self.slots.node(place.slot, node);
            let share = self.node_shares.of(old.count());
            self.slots.set_node(place.slot, node, old.updated(bit, share, parameters.node_limit));
        }
        self.run_maps[NO_RUN] = Adaptive::new(32768, 0);
        self.slots.clear_nowhere();
        for [entry, byte_entry] in self.repeat_entries {
            if entry != NONE {
                self.repeat_maps[entry].update(bit, 255, &self.shares);
                self.repeat_bytes[byte_entry].update(bit, 255, &self.shares);
            }
        }
        let last = usize::from(self.text.byte(1));
        self.order_0[self.partial].update(bit, 255, &self.shares);
        self.order_1[last << 8 | self.partial].update(bit, 255, &self.shares);
    }
}

/// 0 for no repeat, 1 below 8 bytes, 2 below 16, 3 from there on.
fn repeat_bucket(length: usize) -> usize {
    match length {
        0 => 0,
        1..8 => 1,
        8..16 => 2,
        _ => 3,
    }
}

/// Slots for so many bytes: enough for a text not to fill them, at most 58 MiB.
fn slot_count(length: usize) -> usize {
    (length * SLOTS_PER_BYTE).clamp(1 << 12, MOST_SLOTS)
}
