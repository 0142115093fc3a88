//! What a pair's input says about each of its cells, worked out once before the output is coded.
//!
//! In: an input. Out: its connected components with their sizes and shapes, what is seen from each cell, what rows and columns
//! have, and how the input repeats.

use super::contexts::combine;
use super::repeats::{axes, periods};
use super::{BEYOND, COLOURS, Cells};
use std::collections::HashMap;

/// Which component of the input a cell is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// Its cells.
    pub size: u32,
    /// Whether it touches the border.
    pub at_border: bool,
    /// 0 the largest, 1 the smallest, 2 in between, 3 of the background.
    pub rank: u8,
    /// The rows and columns that it is in: first and last.
    pub rows: (usize, usize),
    pub columns: (usize, usize),
    /// How many components have its shape; 1 for the background.
    pub twins: u32,
}

impl Component {
    const EMPTY: Self =
        Self { size: 0, at_border: false, rank: 2, rows: (usize::MAX, 0), columns: (usize::MAX, 0), twins: 1 };

    /// Rows and columns of its box.
    pub fn sides(&self) -> (usize, usize) {
        (self.rows.1 + 1 - self.rows.0, self.columns.1 + 1 - self.columns.0)
    }

    /// Whether it fills its box.
    pub fn is_full(&self) -> bool {
        let (rows, columns) = self.sides();
        self.size as usize == rows * columns
    }
}

/// An input and what follows from it.
#[derive(Debug)]
pub(super) struct Input {
    pub cells: Cells,
    /// The most frequent colour; of equals the first.
    pub background: u8,
    /// The commonest colour but the background, and the rarest.
    pub extremes: [u8; 2],
    pub counts: [u32; COLOURS],
    /// The number of each cell's component: connected by sides, of one colour.
    pub component: Vec<u32>,
    pub components: Vec<Component>,
    /// Colours in each row and each column, a bit each.
    pub rows: Vec<u16>,
    pub columns: Vec<u16>,
    /// A number for each row, the same for rows alike.
    pub row_hashes: Vec<u64>,
    /// How many cells of each row and each column are not background.
    pub row_counts: Vec<usize>,
    pub column_counts: Vec<usize>,
    /// The nearest cell that is not background to the left, right, up and down of each.
    pub seen: Vec<[u8; 4]>,
    /// The same towards the corners: up left, up right, down left, down right.
    pub seen_across: Vec<[u8; 4]>,
    /// About which row and column it mirrors itself best, as the sum of a place and its image.
    pub axes: [isize; 2],
    /// The two shifts under which it repeats best, down and across.
    pub periods: [(isize, isize); 2],
    /// Row and column at which what is not background begins.
    pub corner: (usize, usize),
}

impl Input {
    pub fn new(cells: &Cells) -> Self {
        let (rows, columns) = (cells.rows, cells.columns);
        let mut counts = [0; COLOURS];
        cells.cells.iter().for_each(|&colour| counts[usize::from(colour)] += 1);
        let background = most(&counts);
        let (component, components) = components(cells, background);
        let others = || (0..COLOURS as u8).filter(|&colour| colour != background && counts[usize::from(colour)] > 0);
        let count = |&colour: &u8| counts[usize::from(colour)];
        let extremes = [others().rev().max_by_key(count), others().min_by_key(count)];
        let is_other = |&&colour: &&u8| colour != background;
        let mask = |mask: u16, &colour: &u8| mask | 1 << colour;
        let mut corner = (rows, columns);
        for (index, _) in cells.cells.iter().enumerate().filter(|&(_, &colour)| colour != background) {
            corner = (corner.0.min(index / columns), corner.1.min(index % columns));
        }
        Self {
            background,
            counts,
            component,
            components,
            rows: cells.cells.chunks(columns).map(|row| row.iter().fold(0, mask)).collect(),
            columns: (0..columns)
                .map(|column| cells.cells.iter().skip(column).step_by(columns).fold(0, mask))
                .collect(),
            row_hashes: cells.cells.chunks(columns).map(super::contexts::hash_of).collect(),
            row_counts: cells.cells.chunks(columns).map(|row| row.iter().filter(is_other).count()).collect(),
            column_counts: (0..columns)
                .map(|column| cells.cells.iter().skip(column).step_by(columns).filter(is_other).count())
                .collect(),
            seen: seen(cells, background),
            seen_across: seen_across(cells, background),
            axes: axes(cells, background),
            periods: periods(cells, background),
            extremes: extremes.map(|colour| colour.unwrap_or(BEYOND)),
            corner,
            cells: cells.clone(),
        }
    }
}

/// The colour of the highest count; of equals the first.
pub(super) fn most(counts: &[u32; COLOURS]) -> u8 {
    (0..COLOURS).rev().max_by_key(|&colour| counts[colour]).unwrap_or_default() as u8
}

fn components(cells: &Cells, background: u8) -> (Vec<u32>, Vec<Component>) {
    let (rows, columns) = (cells.rows, cells.columns);
    let mut numbers = vec![u32::MAX; rows * columns];
    let mut found = Vec::new();
    for first in 0..numbers.len() {
        if numbers[first] != u32::MAX {
            continue;
        }
        let colour = cells.cells[first];
        let mut component = Component { rank: if colour == background { 3 } else { 2 }, ..Component::EMPTY };
        let mut waiting = vec![first];
        numbers[first] = found.len() as u32;
        while let Some(at) = waiting.pop() {
            let (row, column) = (at / columns, at % columns);
            component.size += 1;
            component.rows = (component.rows.0.min(row), component.rows.1.max(row));
            component.columns = (component.columns.0.min(column), component.columns.1.max(column));
            component.at_border |= row == 0 || column == 0 || row + 1 == rows || column + 1 == columns;
            let neighbours = [
                (row > 0).then(|| at - columns),
                (row + 1 < rows).then_some(at + columns),
                (column > 0).then(|| at - 1),
                (column + 1 < columns).then_some(at + 1),
            ];
            for next in neighbours.into_iter().flatten() {
                if numbers[next] == u32::MAX && cells.cells[next] == colour {
                    numbers[next] = found.len() as u32;
                    waiting.push(next);
                }
            }
        }
        found.push(component);
    }
    let sizes = || found.iter().filter(|component| component.rank == 2).map(|component| component.size);
    let (largest, smallest) = (sizes().max(), sizes().min());
    for component in found.iter_mut().filter(|component| component.rank == 2) {
        if Some(component.size) == largest {
            component.rank = 0;
        } else if Some(component.size) == smallest {
            component.rank = 1;
        }
    }
    let mut shapes = vec![0; found.len()];
    for (place, &number) in numbers.iter().enumerate() {
        let Component { rows: (top, _), columns: (left, _), .. } = found[number as usize];
        let shape = &mut shapes[number as usize];
        *shape = combine(*shape, ((place / columns - top) << 32 | (place % columns - left)) as u64);
    }
    let mut times: HashMap<u64, u32> = HashMap::new();
    let shapes = || found.iter().zip(&shapes).filter(|(component, _)| component.rank < 3).map(|(_, shape)| *shape);
    shapes().for_each(|shape| *times.entry(shape).or_default() += 1);
    let twins: Vec<u32> = shapes().map(|shape| times[&shape]).collect();
    for (component, twins) in found.iter_mut().filter(|component| component.rank < 3).zip(twins) {
        component.twins = twins;
    }
    (numbers, found)
}

fn seen_across(cells: &Cells, background: u8) -> Vec<[u8; 4]> {
    let (rows, columns) = (cells.rows, cells.columns);
    let mut seen = vec![[BEYOND; 4]; rows * columns];
    // What a cell sees is its neighbour there, or what that one sees.
    let mut look = |place: usize, direction: usize, down: isize, across: isize| {
        let (row, column) = ((place / columns) as isize + down, (place % columns) as isize + across);
        let colour = cells.at(row, column);
        let there = || seen[row as usize * columns + column as usize][direction];
        seen[place][direction] = if colour == background { there() } else { colour };
    };
    for place in 0..rows * columns {
        look(place, 0, -1, -1);
        look(place, 1, -1, 1);
    }
    for place in (0..rows * columns).rev() {
        look(place, 2, 1, -1);
        look(place, 3, 1, 1);
    }
    seen
}

fn seen(cells: &Cells, background: u8) -> Vec<[u8; 4]> {
    let (rows, columns) = (cells.rows, cells.columns);
    let mut seen = vec![[BEYOND; 4]; rows * columns];
    let mut look = |direction: usize, places: &mut dyn Iterator<Item = usize>| {
        let mut last = BEYOND;
        for place in places {
            seen[place][direction] = last;
            if cells.cells[place] != background {
                last = cells.cells[place];
            }
        }
    };
    for row in 0..rows {
        look(0, &mut (row * columns..(row + 1) * columns));
        look(1, &mut (row * columns..(row + 1) * columns).rev());
    }
    for column in 0..columns {
        look(2, &mut (0..rows).map(|row| row * columns + column));
        look(3, &mut (0..rows).rev().map(|row| row * columns + column));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_backgrounds_and_views_are_those_of_the_picture() {
        #[rustfmt::skip]
        let cells = Cells { rows: 3, columns: 4, cells: vec![
            0, 0, 3, 3,
            0, 5, 0, 3,
            0, 0, 0, 0,
        ] };
        let input = Input::new(&cells);
        assert_eq!((input.background, input.corner), (0, (0, 1)));
        let of = |place: usize| input.components[input.component[place] as usize];
        let ring = Component { size: 3, at_border: true, rank: 0, rows: (0, 1), columns: (2, 3), twins: 1 };
        assert_eq!((of(2), ring.sides(), ring.is_full()), (ring, (2, 2), false));
        assert_eq!(of(5), Component { size: 1, at_border: false, rank: 1, rows: (1, 1), columns: (1, 1), twins: 1 });
        assert_eq!(of(0).rank, 3);
        assert_eq!(input.seen[6], [5, 3, 3, BEYOND]);
        assert_eq!(
            (input.seen_across[8], input.seen_across[6]),
            ([BEYOND, 5, BEYOND, BEYOND], [BEYOND, 3, BEYOND, BEYOND])
        );
        assert_eq!(
            (input.extremes, &input.row_counts[..], &input.column_counts[..]),
            ([3, 5], &[2, 2, 0][..], &[0, 1, 1, 2][..])
        );
        assert_eq!(input.rows, [0b1001, 0b10_1001, 1]);
        assert_eq!(input.columns, [1, 0b10_0001, 0b1001, 0b1001]);
    }
}
