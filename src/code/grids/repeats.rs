//! How an input repeats itself: the lines about which it mirrors itself best, and the shifts under which it is the same best.
//!
//! In: an input and its background. Out: axes and shifts. Cells that are background on both sides say nothing. What is
//! covered up somewhere can be read off its image elsewhere.

use super::Cells;

/// Axes are sought in grids of sides up to this.
const LONGEST_SIDE: usize = 40;

/// Shifts are sought up to this, and up to half a side.
const MOST_SHIFT: isize = 12;

/// For rows, then columns, the sum of a place and its mirror image's; the middle where nothing mirrors itself.
pub(super) fn axes(cells: &Cells, background: u8) -> [isize; 2] {
    let (rows, columns) = (cells.rows, cells.columns);
    [
        axis(rows, columns, background, |row, column| cells.cells[row * columns + column]),
        axis(columns, rows, background, |column, row| cells.cells[row * columns + column]),
    ]
}

fn axis(length: usize, width: usize, background: u8, at: impl Fn(usize, usize) -> u8) -> isize {
    let mut best = (0, length - 1);
    if length.max(width) > LONGEST_SIDE {
        return best.1 as isize;
    }
    for sum in 1..(2 * length).saturating_sub(2) {
        let (mut same, mut all) = (0, 0);
        for place in (sum + 1).saturating_sub(length)..sum.div_ceil(2) {
            for other in 0..width {
                let pair = (at(place, other), at(sum - place, other));
                if pair != (background, background) {
                    all += 1;
                    same += usize::from(pair.0 == pair.1);
                }
            }
        }
        // An axis that most of the grid has a say in is preferred.
        let score = same * 1000 / (all + 2) + if 4 * all > length * width { 100 } else { 0 };
        if all > 1 && score > best.0 {
            best = (score, sum);
        }
    }
    best.1 as isize
}

/// The best shift and the second, down and across; (0, 0) where there is none.
pub(super) fn periods(cells: &Cells, background: u8) -> [(isize, isize); 2] {
    let (rows, columns) = (cells.rows as isize, cells.columns as isize);
    let mut best = [(0, (0, 0)); 2];
    let across_most = (columns / 2).min(MOST_SHIFT);
    for down in 0..=(rows / 2).min(MOST_SHIFT) {
        for across in -across_most..=across_most {
            // Neighbours are known anyway, and of two shifts that are opposite one is enough.
            if (down == 0 && across <= 1) || (down, across) == (1, 0) {
                continue;
            }
            let (mut same, mut all) = (0u64, 0u64);
            for row in 0..rows - down {
                for column in (-across).max(0)..columns.min(columns - across) {
                    let place = row * columns + column;
                    let there = place + down * columns + across;
                    let pair = (cells.cells[place as usize], cells.cells[there as usize]);
                    if pair != (background, background) {
                        all += 1;
                        same += u64::from(pair.0 == pair.1);
                    }
                }
            }
            let found = (same * 1000 / (all + 4), (down, across));
            if found.0 > best[0].0 {
                best = [found, best[0]];
            } else if found.0 > best[1].0 {
                best[1] = found;
            }
        }
    }
    best.map(|(_, shift)| shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(rows: usize, columns: usize, cell: impl Fn(usize, usize) -> usize) -> Cells {
        let cells = (0..rows * columns).map(|place| cell(place / columns, place % columns) as u8).collect();
        Cells { rows, columns, cells }
    }

    #[test]
    fn an_axis_off_the_middle_is_found() {
        // Rows 1 and 8 are images of each other, 2 and 7, and so on.
        let cells = made(12, 6, |row, column| (row * (9usize.abs_diff(row)) * (column + 2)) % 7);
        assert_eq!(axes(&cells, 0)[0], 9);
        assert_eq!(axes(&made(1, 1, |_, _| 3), 0), [0, 0]);
    }

    #[test]
    fn a_period_is_found_though_a_part_is_covered() {
        let cells = made(10, 12, |row, column| {
            if row < 3 && column < 3 { 0 } else { 1 + (row % 2 * 3 + column % 3 * column % 3 + row * column % 2) % 9 }
        });
        let [(down, across), _] = periods(&cells, 0);
        assert!(down % 2 == 0 && across % 6 == 0 && (down, across) != (0, 0), "{down} {across}");
        assert_eq!(periods(&made(1, 1, |_, _| 3), 0), [(0, 0); 2]);
    }
}
