//! The grids of a puzzle, the residual: what the network's outputs leave to be said.
//!
//! In: the outputs, and grids of known sizes. Out: where on the canvas each grid lies, under the network's masks, and its
//! cells, under the logits; and back. The check of the content comes first. The grids that were left out, the test
//! outputs, are the likeliest cells of the likeliest crop.

use crate::code::adaptive::{decode_plain, encode_plain};
use crate::code::range::{BitDecoder, BitEncoder};
use crate::code::{CodeError, symbols};
use crate::engine::Outputs;
use crate::model::{MODES, Mode, Plan};

/// Bits of the content's check.
pub(super) const CHECK_BITS: u32 = 16;

/// One example's input or output as the network sees it.
struct View<'a> {
    plan: &'a Plan,
    outputs: &'a Outputs,
    example: usize,
    mode: Mode,
}

impl View<'_> {
    /// Log-weights of the colours of a cell, black's first.
    fn colours(&self, row: usize, column: usize) -> Vec<f64> {
        let dimensions = &self.plan.dimensions;
        let at = |colour: usize| {
            let cell =
                ((self.example * dimensions.colours + colour) * dimensions.rows + row) * dimensions.columns + column;
            f64::from(self.outputs.logits[cell * MODES.len() + self.mode as usize])
        };
        std::iter::once(0.0).chain((0..dimensions.colours).map(at)).collect()
    }

    /// The rows' or columns' mask.
    fn mask(&self, side: Side) -> Vec<f64> {
        let (values, length) = match side {
            Side::Rows => (&self.outputs.row_mask, self.plan.dimensions.rows),
            Side::Columns => (&self.outputs.column_mask, self.plan.dimensions.columns),
        };
        let at = |place: usize| f64::from(values[(self.example * length + place) * MODES.len() + self.mode as usize]);
        (0..length).map(at).collect()
    }

    /// Log-weights of the offsets of an interval of this length: the mask's sum inside less that outside, up to what all
    /// offsets share.
    fn offsets(&self, side: Side, length: usize) -> Vec<f64> {
        self.mask(side).windows(length).map(|inside| 2.0 * inside.iter().sum::<f64>()).collect()
    }

    /// The interval of largest weight among those of a length, or among all: its start and length. Of equals the shortest,
    /// then the first.
    fn likeliest(&self, side: Side, length: Option<usize>) -> (usize, usize) {
        let canvas = self.mask(side).len();
        let lengths = length.map_or(1..=canvas, |length| length..=length);
        let mut best = (f64::NEG_INFINITY, (0, 1));
        for length in lengths {
            for (start, weight) in self.offsets(side, length).into_iter().enumerate() {
                if weight > best.0 {
                    best = (weight, (start, length));
                }
            }
        }
        best.1
    }

    /// Where a grid is cheapest, and what it costs there, in bits.
    fn cheapest(&self, rows: usize, columns: usize, cells: &[u8]) -> ((usize, usize), f64) {
        let (tops, lefts) = (self.offsets(Side::Rows, rows), self.offsets(Side::Columns, columns));
        let mut best = ((0, 0), f64::INFINITY);
        for top in 0..tops.len() {
            for left in 0..lefts.len() {
                let place = symbols::information_bits(&tops, top) + symbols::information_bits(&lefts, left);
                let cell = |(index, &colour): (usize, &u8)| {
                    let weights = self.colours(top + index / columns, left + index % columns);
                    symbols::information_bits(&weights, usize::from(colour))
                };
                let bits = place + cells.iter().enumerate().map(cell).sum::<f64>();
                if bits < best.1 {
                    best = ((top, left), bits);
                }
            }
        }
        best
    }
}

#[derive(Clone, Copy)]
enum Side {
    Rows,
    Columns,
}

/// The grids that are sent, as views with their sizes, in order: of each example the input, then the output.
fn views<'a>(plan: &'a Plan, outputs: &'a Outputs) -> impl Iterator<Item = (View<'a>, (usize, usize))> {
    (0..plan.dimensions.examples).flat_map(move |example| {
        let modes = MODES.into_iter().filter(move |&mode| mode == Mode::Input || example < plan.train);
        modes.map(move |mode| (View { plan, outputs, example, mode }, plan.sizes[example][mode as usize]))
    })
}

/// A check of grids as palette indices.
fn check<'a>(grids: impl Iterator<Item = &'a [u8]>) -> u16 {
    let mut hash = crc32fast::Hasher::new();
    grids.for_each(|cells| hash.update(cells));
    hash.finalize() as u16
}

/// Encodes a check of the targets of `plan`, then the targets.
pub(super) fn encode(coder: &mut BitEncoder, plan: &Plan, outputs: &Outputs) {
    encode_plain(coder, check(plan.known_grids().map(|(_, _, _, cells)| cells)).into(), CHECK_BITS);
    for ((view, (rows, columns)), (_, _, _, cells)) in views(plan, outputs).zip(plan.known_grids()) {
        let ((top, left), _) = view.cheapest(rows, columns, cells);
        symbols::encode(coder, &view.offsets(Side::Rows, rows), top);
        symbols::encode(coder, &view.offsets(Side::Columns, columns), left);
        for (index, &colour) in cells.iter().enumerate() {
            let weights = view.colours(top + index / columns, left + index % columns);
            symbols::encode(coder, &weights, usize::from(colour));
        }
    }
}

/// What the targets of `plan` cost under the outputs, in bits.
pub(super) fn information_bits(plan: &Plan, outputs: &Outputs) -> f64 {
    views(plan, outputs)
        .zip(plan.known_grids())
        .map(|((view, (rows, columns)), (_, _, _, cells))| view.cheapest(rows, columns, cells).1)
        .sum()
}

/// The check of the grids that are sent, which stands before them.
///
/// # Errors
/// [`CodeError::Exhausted`], where no encoder gives such code.
pub(super) fn decode_check(coder: &mut BitDecoder) -> Result<u16, CodeError> {
    let check = decode_plain(coder, CHECK_BITS).ok_or(CodeError::Exhausted { field: "the check of the content" })?;
    Ok(check as u16)
}

/// Decodes the grids that were sent, as palette indices, in the order of [`views`], and holds them against their check.
///
/// # Errors
/// [`CodeError`], where no encoder gives such code or the check does not fit.
pub(super) fn decode(
    coder: &mut BitDecoder,
    plan: &Plan,
    outputs: &Outputs,
    stored: u16,
) -> Result<Vec<Vec<u8>>, CodeError> {
    let mut grid = |(view, (rows, columns)): (View, (usize, usize))| -> Option<Vec<u8>> {
        let top = symbols::decode(coder, &view.offsets(Side::Rows, rows))?;
        let left = symbols::decode(coder, &view.offsets(Side::Columns, columns))?;
        (0..rows * columns)
            .map(|index| {
                let weights = view.colours(top + index / columns, left + index % columns);
                Some(symbols::decode(coder, &weights)? as u8)
            })
            .collect()
    };
    let grids: Option<Vec<Vec<u8>>> = views(plan, outputs).map(&mut grid).collect();
    let grids = grids.ok_or(CodeError::Exhausted { field: "the grids" })?;
    let computed = check(grids.iter().map(Vec::as_slice));
    if stored == computed { Ok(grids) } else { Err(CodeError::ContentCheck { stored, computed }) }
}

/// The likeliest output of each test input: its size, and its cells as palette indices.
pub(super) fn answers(plan: &Plan, outputs: &Outputs) -> Vec<((usize, usize), Vec<u8>)> {
    (plan.train..plan.dimensions.examples)
        .map(|example| {
            let view = View { plan, outputs, example, mode: Mode::Output };
            let size = plan.output_size_known.then_some(plan.sizes[example][Mode::Output as usize]);
            let (top, rows) = view.likeliest(Side::Rows, size.map(|(rows, _)| rows));
            let (left, columns) = view.likeliest(Side::Columns, size.map(|(_, columns)| columns));
            let cell = |index: usize| {
                let weights = view.colours(top + index / columns, left + index % columns);
                let best = weights
                    .iter()
                    .enumerate()
                    .fold((0, 0.0), |best, (colour, &weight)| if weight > best.1 { (colour, weight) } else { best });
                best.0 as u8
            };
            ((rows, columns), (0..rows * columns).map(cell).collect())
        })
        .collect()
}
