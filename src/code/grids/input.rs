//! What a pair's input says about each of its cells, worked out once before the output is coded.
//!
//! In: an input. Out: its connected components with their sizes, what is seen from each cell, and which colours rows and
//! columns have.

use super::{BEYOND, COLOURS, Cells};

/// Which component of the input a cell is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// Its cells.
    pub size: u32,
    /// Whether it touches the border.
    pub at_border: bool,
    /// 0 the largest, 1 the smallest, 2 in between, 3 of the background.
    pub rank: u8,
}

/// An input and what follows from it.
#[derive(Debug)]
pub(super) struct Input {
    pub cells: Cells,
    /// The most frequent colour; of equals the first.
    pub background: u8,
    pub counts: [u32; COLOURS],
    /// The number of each cell's component: connected by sides, of one colour.
    pub component: Vec<u32>,
    pub components: Vec<Component>,
    /// Colours in each row and each column, a bit each.
    pub rows: Vec<u16>,
    pub columns: Vec<u16>,
    /// A number for each row, the same for rows alike.
    pub row_hashes: Vec<u64>,
    /// The nearest cell that is not background to the left, right, up and down of each.
    pub seen: Vec<[u8; 4]>,
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
            seen: seen(cells, background),
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
        let mut component = Component { size: 0, at_border: false, rank: if colour == background { 3 } else { 2 } };
        let mut waiting = vec![first];
        numbers[first] = found.len() as u32;
        while let Some(at) = waiting.pop() {
            let (row, column) = (at / columns, at % columns);
            component.size += 1;
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
    (numbers, found)
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
        assert_eq!(of(2), Component { size: 3, at_border: true, rank: 0 });
        assert_eq!(of(5), Component { size: 1, at_border: false, rank: 1 });
        assert_eq!(of(0).rank, 3);
        assert_eq!(input.seen[6], [5, 3, 3, BEYOND]);
        assert_eq!(input.rows, [0b1001, 0b10_1001, 1]);
        assert_eq!(input.columns, [1, 0b10_0001, 0b1001, 0b1001]);
    }
}
