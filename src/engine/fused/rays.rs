//! The neighbours of every cell along the 8 directions, looked up once for planes of one size.
//!
//! In: rows and columns. Out: [`Rays`].

use crate::model::{DIRECTIONS, tying};

/// A run of cells and that of their predecessors on a ray, both contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The first cell.
    pub to: usize,
    /// Its predecessor.
    pub from: usize,
    /// How many cells.
    pub cells: usize,
}

/// One ray over a plane.
#[derive(Clone, Debug)]
pub struct Ray {
    /// Every cell that has a predecessor, in an order in which predecessors come first.
    pub steps: Vec<Step>,
    /// The last cell of each line.
    pub ends: Vec<usize>,
    /// Whether it runs along a diagonal.
    pub diagonal: bool,
}

/// The 8 rays over planes of one size.
#[derive(Clone, Debug)]
pub struct Rays {
    /// One for each direction.
    pub by_direction: Vec<Ray>,
    /// Rows of a plane.
    pub rows: usize,
    /// Columns of a plane.
    pub columns: usize,
}

impl Rays {
    /// Looks up the neighbours once.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { by_direction: (0..DIRECTIONS).map(|direction| ray(direction, rows, columns)).collect(), rows, columns }
    }
}

fn ray(direction: usize, rows: usize, columns: usize) -> Ray {
    let (down, right) = tying::ray(direction, 0);
    let mut steps = Vec::new();
    let mut ordered: Vec<usize> = (0..rows).collect();
    if down < 0 {
        ordered.reverse();
    }
    let inside = |row: i64, column: i64| (0..rows as i64).contains(&row) && (0..columns as i64).contains(&column);
    for row in ordered {
        if down == 0 {
            let mut along: Vec<usize> = (0..columns).collect();
            if right < 0 {
                along.reverse();
            }
            for pair in along.windows(2) {
                steps.push(Step { to: row * columns + pair[1], from: row * columns + pair[0], cells: 1 });
            }
        } else {
            let before = row as i64 - down;
            let first = (0..columns).find(|&column| inside(before, column as i64 - right));
            let cells = (0..columns).filter(|&column| inside(before, column as i64 - right)).count();
            if let Some(first) = first {
                let from = before as usize * columns + (first as i64 - right) as usize;
                steps.push(Step { to: row * columns + first, from, cells });
            }
        }
    }
    let ends = (0..rows * columns)
        .filter(|cell| !inside((cell / columns) as i64 + down, (cell % columns) as i64 + right))
        .collect();
    Ray { steps, ends, diagonal: down != 0 && right != 0 }
}
