//! The header of a puzzle's file: what has to be known before the network can be set up.
//!
//! In: the settings, the grids' sizes, the palette and the rates of the latents' channels. Out: some 10 to 60 bytes of
//! code, by adaptive flags and numbers; and back.

use super::adaptive::{Bit, Number, decode_plain, encode_plain, fold_sign, unfold_sign};
use super::latents::Channel;
use super::range::{BitDecoder, BitEncoder};
use super::weights::WeightCode;
use super::{CodeError, Rate};

/// The most train pairs, and the most test inputs.
pub const MOST_GRIDS: usize = 30;

/// The longest side of a grid.
pub const MOST_CELLS: u16 = u16::MAX;

/// The bits of a side.
const SIDE_BITS: u32 = 5;

/// The longest side that these bits hold; 0 stands for longer ones.
const MOST_SHORT: u16 = 30;

/// The bits of a longer side.
const LONG_SIDE_BITS: u32 = 16;

/// Rows and columns.
pub type Size = (u16, u16);

/// What the network is set up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How the latents were sent.
    pub channel: Channel,
    /// How the weights were sent.
    pub weights: WeightCode,
    /// What all shared randomness is drawn from.
    pub seed: u32,
    /// Sizes of each train pair's input and output.
    pub train: Vec<[Size; 2]>,
    /// Sizes of the test inputs.
    pub tests: Vec<Size>,
    /// The colours in use, ascending, black among them.
    pub palette: Vec<u8>,
    /// For each tensor and channel the rate of its latents, if any are sent.
    pub rates: Vec<Option<Rate>>,
}

/// How sizes and rates are learnt while they are coded.
#[derive(Default)]
struct Model {
    count: Number,
    same_as_input: Bit,
    same_as_before: [Bit; 2],
    same_side: [Bit; 2],
    used: [Bit; 2],
    change: Number,
}

impl Header {
    /// Encodes it.
    pub fn encode(&self, coder: &mut BitEncoder) {
        let mut model = Model::default();
        encode_plain(coder, self.channel as u32, 1);
        encode_plain(coder, self.weights as u32, 2);
        model.count.encode(coder, self.seed & 0xffff);
        model.count.encode(coder, self.seed >> 16);
        let mut count = Number::default();
        count.encode(coder, self.train.len() as u32);
        count.encode(coder, self.tests.len() as u32);
        for colour in 1..10 {
            encode_plain(coder, u32::from(self.palette.contains(&colour)), 1);
        }
        let mut before = [(0, 0); 2];
        for &[input, output] in &self.train {
            model.encode_size(coder, input, before[0], 0);
            model.same_as_input.encode(coder, input == output);
            if input != output {
                model.encode_size(coder, output, before[1], 1);
            }
            before = [input, output];
        }
        for &input in &self.tests {
            model.encode_size(coder, input, before[0], 0);
            before[0] = input;
        }
        let (mut level, mut used) = (i32::from(Rate::LEVELS) / 2, false);
        for rate in &self.rates {
            model.used[usize::from(used)].encode(coder, rate.is_some());
            used = rate.is_some();
            if let Some(rate) = rate {
                model.change.encode(coder, fold_sign(i32::from(rate.level()) - level));
                level = i32::from(rate.level());
            }
        }
    }

    /// Decodes it; `channels` latent channels are expected.
    ///
    /// # Errors
    /// [`CodeError::Exhausted`] where no encoder gives such code, [`CodeError::Shape`] where a count is none that a puzzle
    /// has.
    pub fn decode(coder: &mut BitDecoder, channels: usize) -> Result<Self, CodeError> {
        let header = Self::read(coder, channels).ok_or(CodeError::Exhausted { field: "the header" })?;
        let counts = [("train pairs", header.train.len()), ("test inputs", header.tests.len())];
        for (field, found) in counts {
            if !(1..=MOST_GRIDS).contains(&found) {
                return Err(CodeError::Shape { field, found: found as u64, most: MOST_GRIDS as u64 });
            }
        }
        Ok(header)
    }

    fn read(coder: &mut BitDecoder, channels: usize) -> Option<Self> {
        let mut model = Model::default();
        let channel = if decode_plain(coder, 1)? == 0 { Channel::Dithered } else { Channel::Blocks };
        let weights = match decode_plain(coder, 2)? {
            0 => WeightCode::Seed,
            1 => WeightCode::Steps,
            2 => WeightCode::Posterior,
            _ => return None,
        };
        let seed = model.count.decode(coder)?;
        let seed =
            u32::from(u16::try_from(seed).ok()?) | u32::from(u16::try_from(model.count.decode(coder)?).ok()?) << 16;
        let mut count = Number::default();
        // One too many is enough to be refused.
        let train_pairs = (count.decode(coder)? as usize).min(MOST_GRIDS + 1);
        let test_inputs = (count.decode(coder)? as usize).min(MOST_GRIDS + 1);
        let mut palette = vec![0];
        for colour in 1..10 {
            if decode_plain(coder, 1)? == 1 {
                palette.push(colour);
            }
        }
        let (mut train, mut tests) = (Vec::new(), Vec::new());
        let mut before = [(0, 0); 2];
        for _ in 0..train_pairs {
            let input = model.decode_size(coder, before[0], 0)?;
            let same = model.same_as_input.decode(coder)?;
            let output = if same { input } else { model.decode_size(coder, before[1], 1)? };
            before = [input, output];
            train.push(before);
        }
        for _ in 0..test_inputs {
            before[0] = model.decode_size(coder, before[0], 0)?;
            tests.push(before[0]);
        }
        let (mut level, mut used) = (i32::from(Rate::LEVELS) / 2, false);
        let mut rates = Vec::new();
        for _ in 0..channels {
            used = model.used[usize::from(used)].decode(coder)?;
            rates.push(if used {
                level = level.checked_add(unfold_sign(model.change.decode(coder)?))?;
                Some(Rate::from_level(u8::try_from(level).ok()?)?)
            } else {
                None
            });
        }
        Some(Self { channel, weights, seed, train, tests, palette, rates })
    }
}

impl Model {
    /// A size, by that of the grid `before` of the same kind (0 input, 1 output), then by its own rows.
    fn encode_size(&mut self, coder: &mut BitEncoder, size: Size, before: Size, kind: usize) {
        self.same_as_before[kind].encode(coder, size == before);
        if size != before {
            encode_side(coder, size.0);
            self.same_side[kind].encode(coder, size.0 == size.1);
            if size.0 != size.1 {
                encode_side(coder, size.1);
            }
        }
    }

    fn decode_size(&mut self, coder: &mut BitDecoder, before: Size, kind: usize) -> Option<Size> {
        if self.same_as_before[kind].decode(coder)? {
            return Some(before);
        }
        let rows = decode_side(coder)?;
        let square = self.same_side[kind].decode(coder)?;
        Some((rows, if square { rows } else { decode_side(coder)? }))
    }
}

fn encode_side(coder: &mut BitEncoder, side: u16) {
    if side <= MOST_SHORT {
        encode_plain(coder, side.into(), SIDE_BITS);
    } else {
        encode_plain(coder, 0, SIDE_BITS);
        encode_plain(coder, side.into(), LONG_SIDE_BITS);
    }
}

/// A side; none where no encoder gives such code.
fn decode_side(coder: &mut BitDecoder) -> Option<u16> {
    match decode_plain(coder, SIDE_BITS)? as u16 {
        0 => Some(decode_plain(coder, LONG_SIDE_BITS)? as u16).filter(|&side| side > MOST_SHORT),
        side => (side <= MOST_SHORT).then_some(side),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size() -> impl Strategy<Value = Size> {
        let side = || prop_oneof![4 => 1u16..=30, 1 => 31..=MOST_CELLS];
        (side(), side())
    }

    proptest! {
        #[test]
        fn a_header_comes_back(
            blocks: bool, seed: u32, weights in 0u8..3,
            train in prop::collection::vec([size(), size()], 1..12),
            tests in prop::collection::vec(size(), 1..4),
            colours in prop::collection::btree_set(1u8..10, 1..9),
            rates in prop::collection::vec(prop::option::of(1u8..=Rate::LEVELS), 72)
        ) {
            let header = Header {
                channel: if blocks { Channel::Blocks } else { Channel::Dithered },
                weights: [WeightCode::Seed, WeightCode::Steps, WeightCode::Posterior][usize::from(weights)],
                seed,
                train,
                tests,
                palette: std::iter::once(0).chain(colours).collect(),
                rates: rates.into_iter().map(|level| level.and_then(Rate::from_level)).collect(),
            };
            let mut coder = BitEncoder::new();
            header.encode(&mut coder);
            prop_assert_eq!(Header::decode(&mut BitDecoder::new(&coder.finish()), 72), Ok(header));
        }

        #[test]
        fn any_code_is_read_or_refused(code: Vec<u8>) {
            let _: Result<Header, CodeError> = Header::decode(&mut BitDecoder::new(&code), 72);
        }
    }
}
