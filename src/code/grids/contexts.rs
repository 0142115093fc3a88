//! The contexts: what the colour of the next cell is foretold from.
//!
//! In: what is known where the cell stands. Out: hashes under which colours are counted, and patterns, in which colours matter
//! only by which are the same: what was learnt of one colour holds for all. Which of them are here was decided by
//! leaving each out on tasks of the training split.

use super::input::{Component, Input};
use super::shifts::Shifted;
use super::ways::{Place, follow, panel_places};
use super::{ALL_WAYS, BEYOND, COLOURS, Cells, Kind, UNKNOWN};

/// Contexts of every grid, and those that an output has besides.
const COMMON: usize = 28;
const OF_OUTPUTS: usize = 40;

/// How many contexts count colours, but for those of what lies beside an input.
pub(super) const COUNTED: usize = COMMON + OF_OUTPUTS;

/// How many patterns there are, but for those.
pub(super) const PATTERNS: usize = 53;

/// Mixes `value` into a hash.
pub(super) fn combine(hash: u64, value: u64) -> u64 {
    let mixed = (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

/// A hash of cells.
pub(super) fn hash_of(cells: &[u8]) -> u64 {
    cells.iter().fold(1, |hash, &cell| combine(hash, u64::from(cell)))
}

/// Up to 15 cells as one number.
pub(super) fn packed(cells: &[u8]) -> u64 {
    cells.iter().fold(1, |packed, &cell| packed << 4 | u64::from(cell))
}

/// A pattern: cells, of which only sameness counts, and a number that counts as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    cells: [u8; 12],
    length: usize,
    extra: u64,
    /// The colours among the cells, a bit each.
    colours: u16,
}

impl Pattern {
    pub fn new(cells: &[u8], extra: u64) -> Self {
        let mut pattern = Self { cells: [0; 12], length: cells.len(), extra, colours: 0 };
        pattern.cells[..cells.len()].copy_from_slice(cells);
        pattern.colours = cells.iter().fold(0, |colours, &cell| colours | 1 << cell) & ((1 << COLOURS) - 1);
        pattern
    }

    /// Whether a cell has this colour. All colours that none has see the same pattern.
    pub fn has(&self, colour: u8) -> bool {
        self.colours >> colour & 1 == 1
    }

    /// The hash of the pattern as a colour sees it, or one that no cell has; colours that are excluded are told apart.
    pub fn hash(&self, start: u64, colour: Option<u8>, excluded: u16) -> u64 {
        let mut names = [0u8; COLOURS];
        if let Some(colour) = colour {
            names[usize::from(colour)] = 1;
        }
        let mut next = 2;
        self.cells[..self.length].iter().fold(combine(start, self.extra), |hash, &cell| {
            let name = match names.get_mut(usize::from(cell)) {
                None => 10 + cell,
                Some(name) => {
                    if *name == 0 {
                        *name = next;
                        next += 1;
                    }
                    *name + if excluded >> cell & 1 == 1 { 40 } else { 0 }
                }
            };
            combine(hash, u64::from(name))
        })
    }
}

/// All that is known where the next cell stands.
pub(super) struct Scene<'a> {
    pub kind: Kind,
    /// The grid so far; what is to come is unknown.
    pub cells: &'a Cells,
    pub row: usize,
    pub column: usize,
    /// The last grids of this side, the newest last.
    pub before: &'a [Cells],
    /// By what repeats in this grid, and in all of its side.
    pub shifted: [Shifted; 2],
    /// The most frequent colour of the input, or so far.
    pub background: u8,
    pub pair: Option<Pairing<'a>>,
}

/// What an output has of its input.
pub(super) struct Pairing<'a> {
    pub input: &'a Input,
    /// The input's cell on each way, and the cell of each grid beside it, or unknown.
    pub sources: [u8; ALL_WAYS],
    /// The way that has been right most often.
    pub way: usize,
    pub window: Place,
    /// What became of each component, and of each colour, last.
    pub became: &'a [u8],
    pub recoloured: &'a [u8; COLOURS],
    /// Grids of the output's size.
    pub beside: &'a [Cells],
}

/// What is known of the input's cell that the output's belongs to.
struct Origin {
    component: Component,
    became: u8,
    seen: [u8; 4],
    seen_across: [u8; 4],
    /// Its place in its component's box.
    in_box: (usize, usize),
    /// Its mirror images: about the row, the column, both.
    images: [u8; 3],
    /// Where the input repeats: by the best shift and back, and by the second.
    repeated: [u8; 4],
    /// Whether fewer, as many or more cells are left to each border than its line has that are not background: where what
    /// falls there comes to lie.
    falls: [u64; 4],
    /// Colours of its row and its column, and the row's number.
    row: u64,
    column: u64,
    row_hash: u64,
}

/// Beyond a grid nothing is known.
fn known(cell: u8) -> u8 {
    if cell == BEYOND { UNKNOWN } else { cell }
}

/// What is worked out once of a pair at a cell.
struct Facts {
    origin: Origin,
    /// The cells that lie over this one where the input is cut into panels of the output's size.
    stacked: Vec<u8>,
    tile: Tile,
}

/// What is known where the output is several tiles of the input's size.
struct Tile {
    /// Which one it is; 0 where there are none.
    number: u64,
    /// The input's cell at this place of the tile, rows reversed, columns reversed, both.
    turned: [u8; 3],
    /// The input's cell that stands where the tile does.
    cell: u8,
}

impl Scene<'_> {
    pub fn at(&self, down: isize, across: isize) -> u8 {
        self.cells.at(self.row as isize + down, self.column as isize + across)
    }

    /// The cell at this place, or near it, of the last grid of this side or the one before.
    fn earlier(&self, back: usize, down: isize, across: isize) -> u8 {
        let grid = self.before.len().checked_sub(back).and_then(|index| self.before.get(index));
        grid.map_or(UNKNOWN, |grid| grid.at(self.row as isize + down, self.column as isize + across))
    }

    /// The place in the input of a cell near this one.
    fn place(&self, pair: &Pairing, down: isize, across: isize) -> Option<Place> {
        let place = (self.row as isize + down, self.column as isize + across);
        follow(pair.way, &pair.input.cells, (self.cells.rows, self.cells.columns), place, pair.window)
    }

    pub fn source(&self, pair: &Pairing, down: isize, across: isize) -> u8 {
        self.place(pair, down, across).map_or(UNKNOWN, |(row, column)| pair.input.cells.at(row, column))
    }

    /// The place in the input that belongs to this one, if the input has it.
    pub fn origin_place(&self, pair: &Pairing) -> Option<(usize, usize)> {
        let (row, column) = self.place(pair, 0, 0)?;
        (pair.input.cells.at(row, column) != BEYOND).then_some((row as usize, column as usize))
    }

    fn origin(&self, pair: &Pairing) -> Origin {
        let input = pair.input;
        let Some((row, column)) = self.origin_place(pair) else {
            return Origin {
                component: Component { size: 0, at_border: false, rank: 4, rows: (0, 0), columns: (0, 0), twins: 0 },
                became: UNKNOWN,
                seen: [BEYOND; 4],
                seen_across: [BEYOND; 4],
                in_box: (0, 0),
                images: [UNKNOWN; 3],
                repeated: [UNKNOWN; 4],
                falls: [0; 4],
                row: 0,
                column: 0,
                row_hash: 0,
            };
        };
        let index = row * input.cells.columns + column;
        let number = input.component[index] as usize;
        let component = input.components[number];
        let at = |row: isize, column: isize| known(input.cells.at(row, column));
        let (down, across) = (row as isize, column as isize);
        let (image_row, image_column) = (input.axes[0] - down, input.axes[1] - across);
        let [first, second] = input.periods;
        let falls = |left: usize, count: usize| 1 + u64::from(left > count) - u64::from(left < count);
        let (in_row, in_column) = (input.row_counts[row], input.column_counts[column]);
        Origin {
            component,
            became: pair.became[number],
            seen: input.seen[index],
            seen_across: input.seen_across[index],
            in_box: (row - component.rows.0, column - component.columns.0),
            images: [at(image_row, across), at(down, image_column), at(image_row, image_column)],
            repeated: [
                at(down + first.0, across + first.1),
                at(down - first.0, across - first.1),
                at(down + second.0, across + second.1),
                at(down - second.0, across - second.1),
            ],
            falls: [
                falls(input.cells.rows - row, in_column),
                falls(row, in_column),
                falls(input.cells.columns - column, in_row),
                falls(column, in_row),
            ],
            row: input.rows[row].into(),
            column: input.columns[column].into(),
            row_hash: input.row_hashes[row],
        }
    }

    /// The cells that this one mirrors: left to right, top to bottom, about the diagonal, about the centre.
    fn mirrors(&self) -> [u8; 4] {
        let (row, column) = (self.row as isize, self.column as isize);
        let (up, left) = (self.cells.rows as isize - 1 - row, self.cells.columns as isize - 1 - column);
        [(row, left), (up, column), (column, row), (up, left)].map(|(row, column)| known(self.cells.at(row, column)))
    }

    /// The hashes of the contexts under which colours are counted, and the patterns.
    pub fn contexts(&self) -> (Vec<u64>, Vec<Pattern>) {
        let (mut counted, mut patterns) = (self.counted(), self.patterns());
        if let Some(pair) = &self.pair {
            let facts = Facts { origin: self.origin(pair), stacked: self.stacked(pair), tile: self.tile(pair) };
            self.counted_of_pair(pair, &facts, &mut counted);
            self.patterns_of_pair(pair, &facts, &mut patterns);
            self.beside(pair, &mut counted, &mut patterns);
        }
        (counted, patterns)
    }

    fn counted(&self) -> Vec<u64> {
        let Self { row, column, .. } = *self;
        let (rows, columns) = (self.cells.rows, self.cells.columns);
        let (down, right) = (rows - 1 - row, columns - 1 - column);
        let near = |down, across| self.at(down, across);
        let [left, up, up_left, up_right, left_2, up_2] =
            [(0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0)].map(|(down, across)| near(down, across));
        let ring = [up_left, up_right, left_2, up_2, near(-2, -1), near(-2, 1), near(-1, -2), near(-1, 2)];
        let wide = [near(-2, -2), near(-2, 2), near(0, -3), near(-3, 0)];
        let mirrors = self.mirrors();
        let this_row = &self.cells.cells[row * columns..row * columns + column];
        let this_column = (0..row).map(|row| self.cells.cells[row * columns + column]);
        let row_hash = hash_of(this_row);
        let column_hash = this_column.clone().fold(1, |hash, cell| combine(hash, u64::from(cell)));
        let mask = |mask: u64, cell: u8| mask | 1 << cell;
        let run_left = this_row.iter().rev().take_while(|&&cell| cell == left).count() as u64;
        let run_up = this_column.clone().rev().take_while(|&cell| cell == up).count() as u64;
        let at_side = |near: usize, far: usize| (near.min(1) + 2 * far.min(1)) as u64;
        let [here, _] = self.shifted;
        let last = self.earlier(1, 0, 0);

        let mut contexts = Vec::with_capacity(COUNTED);
        let mut add = |value: u64| {
            let number = contexts.len() as u64 + 1;
            contexts.push(combine(combine(number, value), self.kind as u64));
        };
        add(packed(&[left, up]));
        add(packed(&[left, up, up_left, up_right]));
        add(packed(&[left, up, up_left, up_right, left_2, up_2]));
        add(packed(&[left, left_2, wide[2]]));
        add(packed(&[up, up_2, wide[3]]));
        add(packed(&[&[left, up][..], &ring].concat()));
        add(packed(&[&[left, up][..], &ring, &wide].concat()));
        add(column as u64);
        add((row as u64) << 32 | column as u64);
        add(packed(&[mirrors[0], left]));
        add(packed(&[mirrors[1], up]));
        add(packed(&[mirrors[3]]));
        add(packed(&[left, up]) << 4 | at_side(row, down) << 2 | at_side(column, right));
        add(combine(row_hash, column as u64));
        add(combine(column_hash, row as u64));
        add(packed(&[last, self.earlier(2, 0, 0)]));
        add(packed(&[last, self.earlier(1, 0, -1), left, self.earlier(1, -1, 0), up]));
        add(packed(&[here.colour, left, up]) << 2 | here.trust);
        add(packed(&[up_left, wide[0]]));
        add((right as u64) << 4 | u64::from(left));
        add((down as u64) << 4 | u64::from(up));
        add(this_row.iter().fold(0, |seen, &cell| mask(seen, cell)) << 4 | u64::from(up));
        add(this_column.fold(0, mask) << 4 | u64::from(left));
        add(run_left << 4 | u64::from(left));
        add(run_up << 4 | u64::from(up));
        add(run_left.min(15) << 16 | packed(&[left, up, up_right]));
        add(packed(&[up_right, near(-1, 2), near(-1, 3), up, left]));
        add(packed(&[here.colour, self.shifted[1].colour]) << 4 | here.trust << 2 | self.shifted[1].trust);
        debug_assert_eq!(contexts.len(), COMMON);
        contexts
    }

    fn counted_of_pair(&self, pair: &Pairing, Facts { origin, stacked, tile }: &Facts, contexts: &mut Vec<u64>) {
        let [left, up, up_left, up_right] =
            [(0, -1), (-1, 0), (-1, -1), (-1, 1)].map(|(down, across)| self.at(down, across));
        let last = self.earlier(1, 0, 0);
        let start = self.row * self.cells.columns;
        let row_hash = hash_of(&self.cells.cells[start..start + self.column]);
        let of = |down, across| self.source(pair, down, across);
        let source = of(0, 0);
        let [in_left, in_up, in_right, in_down] = [of(0, -1), of(-1, 0), of(0, 1), of(1, 0)];
        let corners = [of(-1, -1), of(-1, 1), of(1, -1), of(1, 1)];
        let second = [of(0, -2), of(-2, 0), of(0, 2), of(2, 0)];
        let seen = origin.seen;
        let sources = pair.sources;
        let palette = pair.input.counts.iter().enumerate().filter(|&(_, &count)| count > 0);
        let palette = palette.fold(0, |mask, (colour, _)| mask | 1 << colour);
        let with = |value: u64| value << 4 | u64::from(source);
        let mut add = |value: u64| {
            let number = contexts.len() as u64 + 1;
            contexts.push(combine(combine(number, value), self.kind as u64));
        };
        add(packed(&[source]));
        add(packed(&[source, left, up]));
        add(packed(&[source, in_left, in_up, in_right, in_down]));
        add(packed(&[&[source, in_left, in_up, in_right, in_down][..], &corners].concat()));
        add(packed(&[&[source, in_left, in_up, in_right, in_down][..], &corners, &second].concat()));
        add(packed(&[source, left, in_left]));
        add(packed(&[source, up, in_up]));
        add(packed(&[source, left, in_left, up, in_up]));
        add(packed(&[source, left, up, up_left, up_right]));
        add(packed(&[source, in_right, in_down, left, up, corners[3], corners[2]]));
        add(with(origin.component.size.into()));
        add(with(u64::from(origin.component.rank) << 1 | u64::from(origin.component.at_border)));
        add(packed(&[source, origin.became]));
        add(with(origin.column));
        add(with(combine(origin.row, origin.column)));
        add(packed(&[source, seen[2], seen[3]]));
        add(packed(&[source, seen[0], seen[1], seen[2], seen[3]]));
        add(packed(&[sources[0], sources[12], sources[13], sources[14], sources[11]]));
        add(packed(&[sources[12], sources[13], sources[14], left, up]));
        add(packed(&[&[source][..], &sources[1..8]].concat()));
        add(packed(&[sources[8], sources[9], sources[15]]));
        add(combine(origin.row_hash, self.column as u64));
        add(combine(row_hash, origin.row_hash));
        add(with(palette));
        add(packed(&[source, (self.row % 3) as u8, (self.column % 3) as u8]));
        add(packed(&[source, last]));
        add(packed(&[&[source][..], &origin.seen_across].concat()));
        let pack = |(high, low): (usize, usize)| (high << 32 | low) as u64;
        let sides = origin.component.sides();
        add(with(pack(origin.in_box)));
        add(with(combine(pack(origin.in_box), pack(sides))));
        add(with(pack(sides)));
        add(with(u64::from(origin.component.twins) << 1 | u64::from(origin.component.is_full())));
        let stacked = hash_of(stacked);
        add(stacked);
        add(combine(packed(&[left, up]), stacked));
        add(packed(&[&[source][..], &origin.images].concat()));
        add(packed(&[&[source][..], &origin.repeated].concat()));
        add(with(origin.falls[0] << 2 | origin.falls[1]));
        add(with(origin.falls[2] << 2 | origin.falls[3]));
        add(tile.number << 4 | u64::from(sources[8]));
        add(combine(tile.number, packed(&tile.turned)));
        add(combine(tile.number, u64::from(tile.cell)) << 4 | u64::from(sources[8]));
    }

    fn stacked(&self, pair: &Pairing) -> Vec<u8> {
        panel_places(&pair.input.cells, (self.cells.rows, self.cells.columns), (self.row, self.column))
            .map(|(row, column)| pair.input.cells.at(row, column))
            .collect()
    }

    fn tile(&self, pair: &Pairing) -> Tile {
        let input = &pair.input.cells;
        if pair.sources[9] == UNKNOWN {
            return Tile { number: 0, turned: [UNKNOWN; 3], cell: UNKNOWN };
        }
        let (down, across) = (self.row / input.rows, self.column / input.columns);
        let (row, column) = (self.row % input.rows, self.column % input.columns);
        let (up, left) = (input.rows - 1 - row, input.columns - 1 - column);
        let at = |row: usize, column: usize| known(input.at(row as isize, column as isize));
        Tile {
            number: 1 + ((down << 32) | across) as u64,
            turned: [at(up, column), at(row, left), at(up, left)],
            cell: at(down, across),
        }
    }

    fn patterns(&self) -> Vec<Pattern> {
        let near = |down, across| self.at(down, across);
        let [left, up, up_left, up_right, left_2, up_2] =
            [(0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0)].map(|(down, across)| near(down, across));
        let mirrors = self.mirrors();
        let [here, there] = self.shifted;
        let last = self.earlier(1, 0, 0);
        let background = self.background;
        let mut patterns = Vec::with_capacity(PATTERNS);
        let mut add = |cells: &[u8], extra: u64| patterns.push(Pattern::new(cells, extra));
        add(&[left, up], 0);
        add(&[left, up, up_left, up_right], 0);
        add(&[left, up, up_left, up_right, left_2, up_2], 0);
        let ring = [near(-2, -1), near(-2, 1), near(-1, -2), near(-1, 2)];
        add(&[&[left, up, up_left, up_right, left_2, up_2][..], &ring].concat(), 0);
        add(&[left, left_2, near(0, -3), near(0, -4)], 0);
        add(&[up, up_2, near(-3, 0), near(-4, 0)], 0);
        add(&[left, up, mirrors[0]], 0);
        add(&[left, up, mirrors[1]], 0);
        add(&mirrors, 0);
        add(&[here.colour, left, up], here.trust);
        add(&[there.colour, left, up], there.trust);
        add(&[here.colour, there.colour], 4 * here.trust + there.trust);
        add(&[last, left, up], 0);
        add(&[last, self.earlier(1, 0, -1), left, self.earlier(1, -1, 0), up], 0);
        add(&[background, left, up], 0);
        let side = u64::from(self.column == 0) * 2 + u64::from(self.column + 1 == self.cells.columns);
        add(&[background, left, up, up_left, up_right], side);
        add(&[up_left, up_right, left, near(-2, -2), near(-2, 2)], 0);
        patterns
    }

    fn patterns_of_pair(&self, pair: &Pairing, Facts { origin, stacked, tile }: &Facts, patterns: &mut Vec<Pattern>) {
        let [left, up, up_left, up_right] =
            [(0, -1), (-1, 0), (-1, -1), (-1, 1)].map(|(down, across)| self.at(down, across));
        let of = |down, across| self.source(pair, down, across);
        let source = of(0, 0);
        let [in_left, in_up, in_right, in_down] = [of(0, -1), of(-1, 0), of(0, 1), of(1, 0)];
        let corners = [of(-1, -1), of(-1, 1), of(1, -1), of(1, 1)];
        let seen = origin.seen;
        let sources = pair.sources;
        let background = self.background;
        let here = self.shifted[0];
        let recoloured = pair.recoloured.get(usize::from(source)).copied().unwrap_or(UNKNOWN);
        let mut add = |cells: &[u8], extra: u64| patterns.push(Pattern::new(cells, extra));
        add(&[source, background], 0);
        add(&[source, left, up], 0);
        add(&[source, in_left, in_up, in_right, in_down], 0);
        add(&[source, left, in_left, up, in_up], 0);
        add(&[source, left, in_left, up, in_up, in_right, in_down], 0);
        add(&[&[source, in_left, in_up, in_right, in_down][..], &corners].concat(), 0);
        add(&[source, origin.became, background], 0);
        add(&[source, background, seen[0], seen[1]], 0);
        add(&[source, background, seen[2], seen[3]], 0);
        add(&[source, background, seen[0], seen[1], seen[2], seen[3]], 0);
        add(&[source, background], 1 + u64::from(origin.component.at_border));
        add(&[source, background], 8 + u64::from(origin.component.rank));
        add(&[source, left, up, up_left, up_right, in_left, in_up], 0);
        add(&[sources[0], sources[12], sources[13], sources[14]], 0);
        add(&[source, sources[1], sources[2], sources[3]], 0);
        add(&[source, sources[4], sources[5], sources[6], sources[7]], 0);
        add(&[source, recoloured], 0);
        add(&[sources[8], sources[9], sources[15]], 0);
        add(&[source, left, up, here.colour], here.trust);
        let [most, least] = pair.input.extremes;
        add(&[source, most, least, background], 0);
        add(&[most, least, background], 0);
        add(&[most, least, left, up], 0);
        let [up_left, up_right, down_left, down_right] = origin.seen_across;
        add(&[source, background, up_left, down_right], 0);
        add(&[source, background, up_right, down_left], 0);
        let sides = origin.component.sides();
        add(&[source, background], u64::from(origin.component.twins) << 1 | u64::from(origin.component.is_full()));
        add(&[source, background], (1 << 63) | (sides.0 << 31 | sides.1) as u64);
        add(&[source, sources[1]], 0);
        add(&[source, sources[2]], 0);
        add(&[source, sources[3]], 0);
        add(stacked, stacked.len() as u64);
        add(&[&[source][..], &origin.images].concat(), 0);
        add(&[&[source][..], &origin.repeated].concat(), 0);
        add(&[source, background], origin.falls[0] << 2 | origin.falls[1]);
        add(&[source, background], origin.falls[2] << 2 | origin.falls[3]);
        add(&[&[sources[8]][..], &tile.turned].concat(), tile.number);
        add(&[sources[8], tile.cell, background], 0);
    }
}
