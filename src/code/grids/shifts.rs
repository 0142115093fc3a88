//! Patterns that repeat within a grid: the shift under which cells were the same most often foretells the next.
//!
//! In: the cells of a grid so far. Out: the colour at the best shift, with how far it can be trusted.

use super::Cells;

const MOST_DOWN: isize = 11;
const MOST_ACROSS: isize = 12;
const ACROSS: usize = 2 * MOST_ACROSS as usize + 1;

/// How many shifts there are, those that are left out among them.
const SHIFTS: usize = (MOST_DOWN as usize + 1) * ACROSS;

/// A record of more is made smaller, so that it follows changes.
const MEMORY: u32 = 60;

/// What a record of shifts foretells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shifted {
    /// A colour, or unknown.
    pub colour: u8,
    /// 0 to 3.
    pub trust: u64,
}

/// For each shift how often it was right and wrong.
#[derive(Debug, Clone)]
pub(super) struct Shifts(Vec<[u32; 2]>);

impl Shifts {
    pub fn new() -> Self {
        Self(vec![[0; 2]; SHIFTS])
    }

    /// The shifts from a place to what has come already, with the colours there; the left and the upper neighbour are contexts
    /// of their own.
    fn each(cells: &Cells, row: isize, column: isize) -> impl Iterator<Item = (usize, u8)> {
        (0..=MOST_DOWN.min(row)).flat_map(move |down| {
            let start = (row - down) * cells.columns as isize + column;
            let least = (column + 1 - cells.columns as isize).max(if down == 0 { 2 } else { -MOST_ACROSS });
            (least..=MOST_ACROSS.min(column)).filter(move |&across| (down, across) != (1, 0)).map(move |across| {
                let index = down * ACROSS as isize + across + MOST_ACROSS;
                (index as usize, cells.cells[(start - across) as usize])
            })
        })
    }

    /// The colour at the shift of the best record; of equals the first.
    pub fn best(&self, cells: &Cells, row: isize, column: isize) -> Shifted {
        let mut best = (0, Shifted { colour: super::UNKNOWN, trust: 0 });
        for (index, colour) in Self::each(cells, row, column) {
            let [right, wrong] = self.0[index];
            let score = (2 * right + 1) * 10_000 / (2 * right + 2 * wrong + 4);
            if score > best.0 {
                let trust = [6_500, 8_500, 9_500].into_iter().filter(|&bound| score > bound).count() as u64;
                best = (score, Shifted { colour, trust });
            }
        }
        best.1
    }

    /// Learns the colour of a cell.
    pub fn learn(&mut self, cells: &Cells, row: isize, column: isize, colour: u8) {
        for (index, there) in Self::each(cells, row, column) {
            let record = &mut self.0[index];
            record[usize::from(there != colour)] += 1;
            if record[0] + record[1] > MEMORY {
                *record = record.map(|count| count * 3 / 4);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_found() {
        let mut cells = Cells { rows: 6, columns: 9, cells: vec![super::super::UNKNOWN; 54] };
        let mut shifts = Shifts::new();
        for place in 0..54 {
            let (row, column) = (place as isize / 9, place as isize % 9);
            let colour = [1, 4, 2, 7][((row + column) % 4) as usize];
            if place > 30 {
                assert_eq!(shifts.best(&cells, row, column).colour, colour);
            }
            shifts.learn(&cells, row, column, colour);
            cells.cells[place] = colour;
        }
    }
}
