//! The memory of the contexts: a hash table of slots, each with what came after a context within half a byte.
//!
//! In: a hash of a context (for the first four bits of a byte, or for the last four with the first four in it). Out: an
//! index whose 15 nodes, one for each beginning of the four bits, hold an adaptive probability and its count; and, for
//! the first half, which byte came last and how often in a row. A check tells contexts apart that share a place; the
//! least seen of three places makes room.

/// The nodes of a slot, numbered from 1 as the bits so far behind a leading one; place 0 holds the check.
pub const NODES: usize = 16;

/// A node: 12 bits of probability, 4 bits of count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node(u16);

impl Node {
    /// One half, never seen.
    pub const NEW: Self = Self(0x8000);

    /// The probability of a one (2⁻¹⁶); the lower four bits are zero.
    #[inline]
    pub fn probability(self) -> i32 {
        i32::from(self.0 & 0xfff0)
    }

    #[inline]
    pub fn count(self) -> u32 {
        u32::from(self.0 & 0xf)
    }

    /// Learns a bit: moves by `share` × 2⁻¹⁶ of what is missing, counts up to `limit`.
    #[inline]
    pub fn updated(self, bit: bool, share: i32, limit: u32) -> Self {
        let probability = i32::from(self.0 >> 4);
        let target = if bit { 4095 } else { 0 };
        let moved = probability + (((target - probability) * share) >> 16);
        let count = (self.count() + 1).min(limit).max(self.count());
        Self((moved as u16) << 4 | count as u16)
    }
}

/// What byte came last in a context, and how often in a row (0: none yet).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Run {
    pub byte: u8,
    pub length: u8,
}

impl Run {
    /// Learns the byte that came.
    pub fn push(&mut self, byte: u8) {
        let same = self.length > 0 && self.byte == byte;
        *self = Self { byte, length: if same { self.length.saturating_add(1) } else { 1 } };
    }
}

/// A slot that no context has: its nodes are new. What is learnt there is lost.
pub const NOWHERE: usize = 0;

/// A slot before anything was seen.
const UNSEEN: [u16; NODES] = {
    let mut slot = [Node::NEW.0; NODES];
    slot[0] = EMPTY;
    slot
};

/// Two slots that share a line of the processor's cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Pair([[u16; NODES]; 2]);

/// The table.
#[derive(Debug)]
pub struct Slots {
    pairs: Vec<Pair>,
    runs: Vec<Run>,
}

/// Places that a hash may go to lie within a group of so many.
const GROUP: usize = 4;

/// No context has this check: an empty place.
const EMPTY: u16 = 0;

impl Slots {
    /// At least so many slots, of 34 bytes each, and [`NOWHERE`].
    pub fn new(count: usize) -> Self {
        let count = count.next_multiple_of(GROUP) + GROUP;
        Self { pairs: vec![Pair([UNSEEN; 2]); count / 2], runs: vec![Run::default(); count] }
    }

    #[inline]
    fn slot(&self, index: usize) -> &[u16; NODES] {
        &self.pairs[index >> 1].0[index & 1]
    }

    #[inline]
    fn slot_mut(&mut self, index: usize) -> &mut [u16; NODES] {
        &mut self.pairs[index >> 1].0[index & 1]
    }

    /// The slot of a hash, and whether it is new.
    pub fn find(&mut self, hash: u64) -> (usize, bool) {
        let check = (hash >> 16) as u16 | 1;
        let groups = (self.runs.len() / GROUP - 1) as u64;
        let group = 1 + (((hash >> 32) * groups) >> 32) as usize;
        let home = group * GROUP + (hash & 3) as usize;
        let mut least = (u32::MAX, home);
        for index in [home, home ^ 1, home ^ 2] {
            let slot = self.slot(index);
            if slot[0] == check {
                return (index, false);
            }
            let seen = if slot[0] == EMPTY { 0 } else { 1 + Node(slot[1]).count() };
            if seen < least.0 {
                least = (seen, index);
            }
        }
        let index = least.1;
        let slot = self.slot_mut(index);
        *slot = UNSEEN;
        slot[0] = check;
        self.runs[index] = Run::default();
        (index, true)
    }

    #[inline]
    pub fn node(&self, slot: usize, node: usize) -> Node {
        Node(self.slot(slot)[node])
    }

    #[inline]
    pub fn set_node(&mut self, slot: usize, node: usize, value: Node) {
        self.slot_mut(slot)[node] = value.0;
    }

    #[inline]
    pub fn run(&self, slot: usize) -> Run {
        self.runs[slot]
    }

    /// Forgets what was learnt [`NOWHERE`].
    #[inline]
    pub fn clear_nowhere(&mut self) {
        *self.slot_mut(NOWHERE) = UNSEEN;
        self.runs[NOWHERE] = Run::default();
    }

    pub fn run_mut(&mut self, slot: usize) -> &mut Run {
        &mut self.runs[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::residual::text::combine;

    #[test]
    fn a_context_finds_its_slot_again_and_others_do_not() {
        let mut slots = Slots::new(10_000);
        let (first, is_new) = slots.find(combine(1, 2));
        assert!(is_new);
        slots.set_node(first, 1, Node::NEW.updated(true, 1 << 15, 15));
        slots.run_mut(first).push(b'x');
        assert_eq!(slots.find(combine(1, 2)), (first, false));
        let (other, is_new) = slots.find(combine(2, 1));
        assert!(is_new && other != first);
        assert_eq!(slots.node(other, 1), Node::NEW);
        assert_eq!(slots.run(first), Run { byte: b'x', length: 1 });
    }

    #[test]
    fn what_was_seen_most_stays_when_room_is_short() {
        let mut slots = Slots::new(4);
        let hash = |n: u64| combine(n, 0) & !3;
        let (kept, _) = slots.find(hash(0));
        for _ in 0..3 {
            let node = slots.node(kept, 1).updated(true, 1 << 14, 15);
            slots.set_node(kept, 1, node);
        }
        for n in 1..100 {
            slots.find(hash(n));
        }
        assert_eq!(slots.find(hash(0)), (kept, false));
    }

    #[test]
    fn a_run_counts_equal_bytes_and_starts_again() {
        let mut run = Run::default();
        for byte in *b"aab" {
            run.push(byte);
        }
        assert_eq!(run, Run { byte: b'b', length: 1 });
        for _ in 0..300 {
            run.push(b'b');
        }
        assert_eq!(run.length, 255);
    }
}
