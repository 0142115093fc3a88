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
        let moved = probability + ((target - probability) * share >> 16);
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

/// The table.
#[derive(Debug)]
pub struct Slots {
    slots: Vec<[u16; NODES]>,
    runs: Vec<Run>,
    mask: usize,
}

/// No context has this check: an empty place.
const EMPTY: u16 = 0;

impl Slots {
    /// 2^`bits` slots, of 34 bytes each.
    pub fn new(bits: u32) -> Self {
        let count = 1 << bits;
        Self { slots: vec![[EMPTY; NODES]; count], runs: vec![Run::default(); count], mask: count - 1 }
    }

    /// The slot of a hash, and whether it is new.
    pub fn find(&mut self, hash: u64) -> (usize, bool) {
        let check = (hash >> 48) as u16 | 1;
        let home = hash as usize & self.mask;
        let mut least = (u32::MAX, home);
        for index in [home, home ^ 1, home ^ 2] {
            let slot = &self.slots[index];
            if slot[0] == check {
                return (index, false);
            }
            let seen = if slot[0] == EMPTY { 0 } else { 1 + Node(slot[1]).count() };
            if seen < least.0 {
                least = (seen, index);
            }
        }
        let index = least.1;
        self.slots[index] = [Node::NEW.0; NODES];
        self.slots[index][0] = check;
        self.runs[index] = Run::default();
        (index, true)
    }

    #[inline]
    pub fn node(&self, slot: usize, node: usize) -> Node {
        Node(self.slots[slot][node])
    }

    #[inline]
    pub fn set_node(&mut self, slot: usize, node: usize, value: Node) {
        self.slots[slot][node] = value.0;
    }

    #[inline]
    pub fn run(&self, slot: usize) -> Run {
        self.runs[slot]
    }

    pub fn run_mut(&mut self, slot: usize) -> &mut Run {
        &mut self.runs[slot]
    }
}
