//! The grids of a puzzle by context mixing: each cell is foretold from the cells so far, for outputs from the input as well,
//! and, where there is one, by a network.
//!
//! In: grids in order, and for each output what lies beside its input and what a network thinks of its cells. Out: bits for a
//! range coder, and back by the same code. `sizes` has what comes before the cells; `contexts` what cells are foretold from,
//! with the `input`, what lies `beside` it, the `ways` to it and the `shifts` within a grid; the `predictor` mixes that. All
//! arithmetic is in integers.

mod beside;
mod contexts;
mod input;
mod predictor;
mod repeats;
mod shifts;
mod sizes;
mod starts;
mod ways;

pub use predictor::{Opinion, Part};
pub use sizes::{MOST_GRIDS, Outline};

use super::range::BitCoder;
use contexts::{Pairing, Scene};
use input::Input;
use predictor::{Known, Predictor};
use shifts::Shifts;
use ways::{Place, Records, WAYS, Window, follow};

/// Colours there are.
pub const COLOURS: usize = 10;

/// A cell beyond the grid, and one that is not known yet.
const BEYOND: u8 = 10;
const UNKNOWN: u8 = 11;

/// Rows of colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Colours, row by row.
    pub cells: Vec<u8>,
}

impl Cells {
    fn at(&self, row: isize, column: isize) -> u8 {
        let inside = (0..self.rows as isize).contains(&row) && (0..self.columns as isize).contains(&column);
        if inside { self.cells[row as usize * self.columns + column as usize] } else { BEYOND }
    }
}

/// The most grids that lie beside an input.
pub const MOST_BESIDE: usize = 4;

/// Ways to an input and to what lies beside it.
const ALL_WAYS: usize = WAYS + MOST_BESIDE;

/// Kinds of grids, which learn apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Input = 0,
    /// An output of its input's size.
    Alike = 1,
    Other = 2,
}

const KINDS: usize = 3;

/// Codes a puzzle's grids one after the other, each by what the ones before have taught.
#[derive(Debug, Clone)]
pub struct GridCoder {
    palette: Vec<u8>,
    predictor: Predictor,
    records: Records,
    /// For inputs and outputs.
    shifts: [Shifts; 2],
    inputs: Vec<Cells>,
    outputs: Vec<Cells>,
    totals: [u32; COLOURS],
    /// Where the last output that may be a window of its input was found.
    window: Option<Place>,
}

impl GridCoder {
    /// A coder of grids in these colours.
    pub fn new(palette: &[u8]) -> Self {
        Self::made(palette, Predictor::new(None, 0))
    }

    /// One of grids of which at most so many, [`MOST_BESIDE`] at most, lie beside an input.
    pub fn with_beside(palette: &[u8], grids: usize) -> Self {
        Self::made(palette, Predictor::new(None, grids.min(MOST_BESIDE)))
    }

    /// One that does without a part of its mix.
    pub fn with_part_left_out(palette: &[u8], without: Option<Part>) -> Self {
        Self::made(palette, Predictor::new(without, 0))
    }

    fn made(palette: &[u8], predictor: Predictor) -> Self {
        Self {
            palette: palette.to_vec(),
            predictor,
            records: Records::default(),
            shifts: [Shifts::new(), Shifts::new()],
            inputs: Vec::new(),
            outputs: Vec::new(),
            totals: [0; COLOURS],
            window: None,
        }
    }

    /// The most memory that a coder takes, in bytes, but for the grids that it has coded.
    pub fn memory_bytes() -> u64 {
        Predictor::memory_bytes(MOST_BESIDE)
    }

    /// Codes an input: encodes the cells of `wanted`, or decodes that many; nothing if no encoder gives such code.
    pub fn input(&mut self, coder: &mut impl BitCoder, wanted: &Cells) -> Option<Cells> {
        let cells = self.grid(coder, Kind::Input, wanted, None, &[], None)?;
        self.inputs.push(cells.clone());
        Some(cells)
    }

    /// Codes the output of `input`; `beside` has grids of the output's size, and `opinions` one for each cell.
    pub fn output(
        &mut self,
        coder: &mut impl BitCoder,
        wanted: &Cells,
        input: &Cells,
        beside: &[Cells],
        opinions: Option<&[Opinion]>,
    ) -> Option<Cells> {
        let alike = (input.rows, input.columns) == (wanted.rows, wanted.columns);
        let kind = if alike { Kind::Alike } else { Kind::Other };
        let cells = self.grid(coder, kind, wanted, Some(&Input::new(input)), beside, opinions)?;
        self.outputs.push(cells.clone());
        Some(cells)
    }

    fn grid(
        &mut self,
        coder: &mut impl BitCoder,
        kind: Kind,
        wanted: &Cells,
        input: Option<&Input>,
        beside: &[Cells],
        opinions: Option<&[Opinion]>,
    ) -> Option<Cells> {
        let (rows, columns) = (wanted.rows, wanted.columns);
        let beside = &beside[..beside.len().min(self.predictor.beside())];
        let side = usize::from(kind != Kind::Input);
        let mut cells = Cells { rows, columns, cells: vec![UNKNOWN; rows * columns] };
        let mut shifts = Shifts::new();
        let mut window = input.map(|input| Window::new(input, (rows, columns), self.window));
        let mut became = vec![UNKNOWN; input.map_or(0, |input| input.components.len())];
        let mut recoloured = [UNKNOWN; COLOURS];
        let mut wrong = [0u8; ALL_WAYS];
        let mut in_grid = 0;
        let mask =
            |counts: &[u32; COLOURS]| (0..COLOURS).filter(|&colour| counts[colour] > 0).fold(0, |m, c| m | 1 << c);
        let in_input = input.map(|input| mask(&input.counts));
        for place in 0..rows * columns {
            let (row, column) = (place / columns, place % columns);
            let at = (row as isize, column as isize);
            let pair = input.map(|input| {
                let window = window.as_ref().map_or((0, 0), Window::best);
                let source = |way: usize| {
                    let beside =
                        || way.checked_sub(WAYS).and_then(|grid| beside.get(grid)).map(|grid| grid.at(at.0, at.1));
                    follow(way, &input.cells, (rows, columns), at, window)
                        .map(|(row, column)| input.cells.at(row, column))
                        .or_else(beside)
                        .unwrap_or(UNKNOWN)
                };
                let open = (0..WAYS).filter(|&way| follow(way, &input.cells, (rows, columns), at, window).is_some());
                Pairing {
                    input,
                    sources: std::array::from_fn(source),
                    way: open.rev().max_by_key(|&way| self.records.score(way)).unwrap_or_default(),
                    window,
                    became: &became,
                    recoloured: &recoloured,
                    beside,
                }
            });
            let scene = Scene {
                kind,
                cells: &cells,
                row,
                column,
                before: if side == 0 { &self.inputs } else { &self.outputs },
                shifted: [shifts.best(&cells, at.0, at.1), self.shifts[side].best(&cells, at.0, at.1)],
                background: input.map_or_else(|| input::most(&self.totals), |input| input.background),
                pair,
            };
            let known = Known {
                records: &self.records,
                wrong: &wrong,
                in_grid,
                in_input,
                in_puzzle: mask(&self.totals),
                opinion: opinions.and_then(|opinions| opinions.get(place)),
            };
            let colour = self.predictor.code(coder, &scene, &known, &self.palette, wanted.cells[place])?;
            let seen = scene.pair.as_ref().map(|pair| (pair.sources, scene.origin_place(pair)));
            if let (Some((sources, origin)), Some(input)) = (seen, input) {
                for (way, &source) in sources.iter().enumerate().filter(|&(_, &source)| usize::from(source) < COLOURS) {
                    self.records.add(way, source == colour);
                    wrong[way] = wrong[way].saturating_add(u8::from(source != colour));
                }
                if let Some(window) = &mut window {
                    window.learn(&input.cells, (row, column), colour);
                }
                if let Some((row, column)) = origin {
                    let index = row * input.cells.columns + column;
                    became[input.component[index] as usize] = colour;
                    recoloured[usize::from(input.cells.cells[index])] = colour;
                }
            }
            shifts.learn(&cells, at.0, at.1, colour);
            self.shifts[side].learn(&cells, at.0, at.1, colour);
            in_grid |= 1 << colour;
            self.totals[usize::from(colour)] += 1;
            cells.cells[place] = colour;
        }
        if let Some(window) = window {
            self.window = Some(window.best());
        }
        Some(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::range::{BitDecoder, BitEncoder};
    use proptest::prelude::*;

    /// Codes pairs, decodes them, and gives the bits of each grid.
    fn round_trip(palette: &[u8], pairs: &[[Cells; 2]], opinions: Option<&[Opinion]>) -> Vec<f64> {
        round_trip_beside(palette, pairs, &|_| Vec::new(), opinions)
    }

    /// The same, with what lies beside each input.
    fn round_trip_beside(
        palette: &[u8],
        pairs: &[[Cells; 2]],
        beside: &dyn Fn(&Cells) -> Vec<Cells>,
        opinions: Option<&[Opinion]>,
    ) -> Vec<f64> {
        let most = pairs.iter().map(|[input, _]| beside(input).len()).max().unwrap_or_default();
        let mut coder = BitEncoder::new();
        let mut grids = GridCoder::with_beside(palette, most);
        let mut bits = Vec::new();
        let mut before = 0.0;
        for [input, output] in pairs {
            grids.input(&mut coder, input).unwrap();
            let between = coder.information_bits();
            grids.output(&mut coder, output, input, &beside(input), opinions).unwrap();
            bits.extend([between - before, coder.information_bits() - between]);
            before = coder.information_bits();
        }
        let code = coder.finish();
        let mut coder = BitDecoder::new(&code);
        let mut grids = GridCoder::with_beside(palette, most);
        for [input, output] in pairs {
            let blank = |like: &Cells| Cells { cells: vec![0; like.cells.len()], ..like.clone() };
            let found = grids.input(&mut coder, &blank(input)).unwrap();
            assert_eq!(&found, input);
            assert_eq!(&grids.output(&mut coder, &blank(output), &found, &beside(input), opinions).unwrap(), output);
        }
        bits
    }

    fn cells() -> impl Strategy<Value = Cells> {
        (1usize..8, 1usize..8).prop_flat_map(|(rows, columns)| {
            prop::collection::vec(prop::sample::select(&[0u8, 3, 9][..]), rows * columns).prop_map(move |cells| Cells {
                rows,
                columns,
                cells,
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_grids_come_back_with_or_without_opinions_and_grids_beside(
            pairs in prop::collection::vec([cells(), cells()], 1..4),
            beside in prop::collection::vec(cells(), 0..6),
            opinions in prop::option::of(prop::collection::vec(any::<Opinion>(), 0..30)),
        ) {
            round_trip_beside(&[0, 3, 9], &pairs, &|_| beside.clone(), opinions.as_deref());
        }

        #[test]
        fn any_code_decodes_or_is_refused(code in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut coder = BitDecoder::new(&code);
            let blank = Cells { rows: 5, columns: 6, cells: vec![0; 30] };
            let mut grids = GridCoder::new(&[0, 1, 2, 3]);
            if let Some(input) = grids.input(&mut coder, &blank) {
                let _: Option<Cells> = grids.output(&mut coder, &blank, &input, &[], None);
            }
        }
    }

    fn noise(state: &mut u32) -> u32 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *state >> 16
    }

    /// Inputs of noise, each with the output that `rule` makes of it.
    fn pairs(rule: impl Fn(&Cells) -> Cells) -> Vec<[Cells; 2]> {
        let mut state = 7;
        (0..5)
            .map(|_| {
                let cells: Vec<u8> = (0..48).map(|_| if noise(&mut state).is_multiple_of(3) { 4 } else { 1 }).collect();
                let input = Cells { rows: 6, columns: 8, cells };
                let output = rule(&input);
                [input, output]
            })
            .collect()
    }

    fn made(rows: usize, columns: usize, cell: impl Fn(usize, usize) -> u8) -> Cells {
        Cells { rows, columns, cells: (0..rows * columns).map(|at| cell(at / columns, at % columns)).collect() }
    }

    type Rule<'a> = &'a dyn Fn(&Cells) -> Cells;

    #[test]
    fn outputs_that_follow_from_their_inputs_get_cheap() {
        let at = |input: &Cells, row: usize, column: usize| input.cells[row * input.columns + column];
        let rules: [(&str, Rule); 8] = [
            ("the same", &Cells::clone),
            ("colours swapped", &(move |input| made(6, 8, |row, column| 5 - at(input, row, column)))),
            ("mirrored", &(move |input| made(6, 8, |row, column| at(input, row, 7 - column)))),
            ("turned", &(move |input| made(8, 6, |row, column| at(input, 5 - column, row)))),
            ("larger", &(move |input| made(12, 16, |row, column| at(input, row / 2, column / 2)))),
            ("tiled", &(move |input| made(12, 16, |row, column| at(input, row % 6, column % 8)))),
            ("a window", &(move |input| made(3, 4, |row, column| at(input, row + 2, column + 3)))),
            ("a panel", &(move |input| made(6, 4, |row, column| at(input, row, column + 4)))),
        ];
        for (name, rule) in rules {
            let bits = round_trip(&[0, 1, 4], &pairs(rule), None);
            let last = bits[bits.len() - 1];
            assert!(last < 8.0, "{name}: the fifth output takes {last:.1} bits, the first {:.1}", bits[1]);
        }
    }

    #[test]
    fn what_lies_beside_an_input_says_what_does_not_follow_from_it() {
        // Each cell of a drawing that can't be told from the input is the output's where the input has a 4.
        let drawn = |input: &Cells, number: u8| {
            let cell = |row: usize, column: usize| [&input.cells[..], &[row as u8, column as u8, number]].concat();
            made(6, 8, |row, column| if crc32fast::hash(&cell(row, column)) % 5 < 2 { 7 } else { 2 })
        };
        let pairs = pairs(|input| {
            let drawn = drawn(input, 0);
            made(
                6,
                8,
                |row, column| {
                    if input.at(row as isize, column as isize) == 4 { drawn.cells[row * 8 + column] } else { 1 }
                },
            )
        });
        let last = |grids: u8| {
            let beside = move |input: &Cells| (0..grids).rev().map(|number| drawn(input, number)).collect();
            round_trip_beside(&[1, 2, 4, 7], &pairs, &beside, None).pop().unwrap()
        };
        let bits = [0, 1, 4].map(last);
        assert!(bits[0] > 6.0 && 2.0 * bits[1].max(bits[2]) < bits[0], "{bits:?}");
    }

    #[test]
    fn a_network_that_is_right_makes_what_does_not_follow_cheap_and_one_that_is_wrong_costs_little() {
        let mut state = 99;
        let noise: Vec<u8> = (0..48).map(|_| if noise(&mut state).is_multiple_of(2) { 4 } else { 1 }).collect();
        let pairs = pairs(|_| Cells { rows: 6, columns: 8, cells: noise.iter().rev().copied().collect() });
        let pairs = &pairs[..1];
        let opinion = |right: bool| -> Vec<Opinion> {
            let of = |&cell: &u8| {
                let mut opinion = [0; COLOURS];
                opinion[usize::from(if right { cell } else { 5 - cell })] = 64_000;
                opinion
            };
            pairs[0][1].cells.iter().map(of).collect()
        };
        let without = round_trip(&[0, 1, 4], pairs, None)[1];
        let with = round_trip(&[0, 1, 4], pairs, Some(&opinion(true)))[1];
        let against = round_trip(&[0, 1, 4], pairs, Some(&opinion(false)))[1];
        assert!(with < 0.6 * without && against < 2.5 * without, "{with:.0}, {without:.0}, {against:.0} bits");
    }
}
