//! Sizes of outputs by rule.
//!
//! In: a puzzle. Out: the sizes that each test output may have, with the share of the rules that say so. A rule takes a measure of
//! the input (its own sides, the box of an object, how many panels, objects or colours there are) and a formula, and has to
//! give every train output's size. Rules count as 2⁻ᵇ where it takes b bits to say which one it is, so that the simplest ones
//! that hold decide.

use super::objects::{Rectangle, Trait, box_of, cells_of, objects, only_extreme};
use crate::data::{COLOURS, Grid, Puzzle};

/// Rows and columns.
pub type Size = (usize, usize);

/// A longer side is no output's of ARC.
const LONGEST_SIDE: usize = 30;

/// Puzzles of larger grids have no rules: what is measured is meant for ARC's.
const LONGEST_INPUT_SIDE: usize = 40;

/// What it takes, in bits, to say that all outputs have one size, that a rule is about a number and not a box, that sides
/// follow different formulas, that they follow different measures, or that each side is as many times the input's.
const CONSTANT_BITS: f64 = 1.0;
const NUMBER_BITS: f64 = 6.5;
const TWO_FORMULAS_BITS: f64 = 2.0;
const TWO_MEASURES_BITS: f64 = 2.0;
const TIMES_INPUT_BITS: f64 = 7.0;

/// A formula for a side, (times · measure + plus) / by, and the bits it takes to say which.
#[derive(Clone, Copy, Debug)]
struct Formula {
    times: usize,
    plus: isize,
    by: usize,
    bits: f64,
}

impl Formula {
    /// The measure itself, the simplest first.
    fn all() -> Vec<Self> {
        let of = |times, plus, by, bits| Self { times, plus, by, bits };
        let mut all = vec![of(1, 0, 1, 0.0)];
        all.extend((2..=6).map(|times| of(times, 0, 1, 1.0 + 0.3 * times as f64)));
        all.extend([-4, -3, -2, -1, 1, 2, 3, 4].map(|plus: isize| of(1, plus, 1, 1.0 + 0.5 * plus.abs() as f64)));
        all.extend((2..=5).map(|by| of(1, 0, by, 1.5 + 0.3 * by as f64)));
        all.extend([of(2, 1, 1, 3.0), of(2, -1, 1, 3.0), of(1, -1, 2, 3.0), of(1, -2, 3, 3.5)]);
        all
    }

    /// The side, where it is whole and no longer than ARC's.
    fn side(self, measure: usize) -> Option<usize> {
        let whole = (self.times * measure).checked_add_signed(self.plus)?;
        let side = whole / self.by;
        (whole.is_multiple_of(self.by) && (1..=LONGEST_SIDE).contains(&side)).then_some(side)
    }
}

/// What is measured of an input. Each kind has its place in the list, the same for all inputs of a puzzle.
struct Measures {
    /// Rows and columns of something, none where the input has no such thing or several that differ, and the bits it takes to
    /// say which of all it is.
    boxes: Vec<(Option<Size>, f64)>,
    numbers: Vec<Option<usize>>,
}

impl Measures {
    fn of(input: &Grid) -> Self {
        let (rows, columns) = (input.rows(), input.columns());
        let halved = if rows > columns { (rows / 2, columns) } else { (rows, columns / 2) };
        let counts = input.colour_counts();
        // What is no object: black, or the commonest colour.
        let backgrounds = [0, only_extreme(&counts, true).map_or(0, |colour| colour as u8)];
        let mut boxes = vec![(Some((rows, columns)), 1.0), (Some((columns, rows)), 3.0), (Some(changes(input)), 5.0)];
        boxes.push(((rows != columns).then_some(halved), 5.5));
        let mut numbers = vec![Some(counts.iter().filter(|&&count| count > 0).count())];
        // No colour is the background.
        let of_one_colour = [false, true].map(|diagonal| objects(input, COLOURS as u8, diagonal, true));
        let by_lines: Vec<_> = (0..COLOURS as u8).map(|colour| panels(input, colour)).collect();
        for colour in 0..COLOURS as u8 {
            boxes.push((box_size(input, |other| other == colour), 5.5));
            let (panels, panel) = by_lines[usize::from(colour)];
            boxes.extend([(panels, 5.5), (panel, 5.5)]);
            numbers.push(Some(counts[usize::from(colour)]));
            numbers.extend(of_one_colour.each_ref().map(|all| Some(count_of_colour(input, all, colour))));
        }
        let mut lines = (0u8..).zip(&by_lines).filter(|(colour, found)| *colour != backgrounds[1] && found.0.is_some());
        let (panels, panel) = match (lines.next(), lines.next()) {
            (Some((_, &only)), None) => only,
            _ => (None, None),
        };
        boxes.extend([(panels, 3.5), (panel, 3.5)]);
        for background in backgrounds {
            boxes.push((box_size(input, |colour| colour != background), 4.0));
            numbers.push(Some(input.cells().len() - counts[usize::from(background)]));
            let others: Vec<u8> =
                (0..COLOURS as u8).filter(|&colour| colour != background && counts[usize::from(colour)] > 0).collect();
            numbers.push(Some(others.len()));
            let each: Vec<usize> = others.iter().map(|&colour| counts[usize::from(colour)]).collect();
            for largest in [true, false] {
                let extreme = only_extreme(&each, largest).map(|index| others[index]);
                boxes.push((extreme.and_then(|colour| box_size(input, |other| other == colour)), 4.0));
                numbers.push(if largest { each.iter().max() } else { each.iter().min() }.copied());
            }
            for (diagonal, one_colour) in [(false, false), (false, true), (true, false), (true, true)] {
                let all = objects(input, background, diagonal, one_colour);
                of_objects(input, &all, &mut boxes, &mut numbers);
            }
        }
        Self { boxes, numbers }
    }

    /// All numbers, the boxes' sides among them, with the bits it takes to say which.
    fn sides(&self) -> Vec<(Option<usize>, f64)> {
        let of_boxes = self
            .boxes
            .iter()
            .flat_map(|&(size, bits)| [(size.map(|size| size.0), bits + 1.0), (size.map(|size| size.1), bits + 1.0)]);
        of_boxes.chain(self.numbers.iter().map(|&number| (number, NUMBER_BITS))).collect()
    }
}

/// Boxes of objects that something sets apart, and how many there are.
fn of_objects(
    input: &Grid,
    objects: &[Vec<(usize, usize)>],
    boxes: &mut Vec<(Option<Size>, f64)>,
    numbers: &mut Vec<Option<usize>>,
) {
    let sizes: Vec<Size> = objects.iter().map(|object| size_of(box_of(object))).collect();
    for by in [Trait::Cells, Trait::Area, Trait::Colours] {
        let values = by.of(input, objects);
        for wanted in [values.iter().max(), values.iter().min()] {
            let extreme = sizes.iter().zip(&values).filter(|&(_, value)| Some(value) == wanted).map(|(&size, _)| size);
            boxes.push((only(extreme), 5.5));
        }
    }
    let times = |size: &Size| sizes.iter().filter(|&other| other == size).count();
    for wanted in [sizes.iter().map(times).max(), sizes.iter().map(times).min()] {
        boxes.push((only(sizes.iter().copied().filter(|size| Some(times(size)) == wanted)), 5.5));
    }
    numbers.push(Some(objects.len()));
    numbers.push(Some(objects.iter().filter(|object| object.len() > 1).count()));
    numbers.push(objects.iter().map(Vec::len).max());
    numbers.push((0..COLOURS as u8).map(|colour| count_of_colour(input, objects, colour)).max());
}

/// How many objects' first cell has a colour.
fn count_of_colour(input: &Grid, objects: &[Vec<(usize, usize)>], colour: u8) -> usize {
    objects.iter().filter(|object| input.get(object[0].0, object[0].1) == colour).count()
}

/// The one value that all have.
fn only(mut values: impl Iterator<Item = Size>) -> Option<Size> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

fn size_of(Rectangle { top, left, bottom, right }: Rectangle) -> Size {
    (bottom - top, right - left)
}

fn box_size(grid: &Grid, is_in: impl Fn(u8) -> bool) -> Option<Size> {
    let cells = cells_of(grid, is_in);
    (!cells.is_empty()).then(|| size_of(box_of(&cells)))
}

/// Runs of equal rows, and of equal columns.
fn changes(grid: &Grid) -> Size {
    let row = |row: usize| (0..grid.columns()).map(move |column| grid.get(row, column));
    let column = |column: usize| (0..grid.rows()).map(move |row| grid.get(row, column));
    let rows = (1..grid.rows()).filter(|&at| !row(at).eq(row(at - 1))).count();
    let columns = (1..grid.columns()).filter(|&at| !column(at).eq(column(at - 1))).count();
    (rows + 1, columns + 1)
}

/// How many panels lines of a colour from side to side leave, down and across, and the largest one's size.
fn panels(grid: &Grid, line: u8) -> (Option<Size>, Option<Size>) {
    let parts = |lines: Vec<bool>| -> Vec<usize> {
        lines.split(|&is_line| is_line).map(<[bool]>::len).filter(|&length| length > 0).collect()
    };
    let is_row = |row: usize| (0..grid.columns()).all(|column| grid.get(row, column) == line);
    let is_column = |column: usize| (0..grid.rows()).all(|row| grid.get(row, column) == line);
    let down = parts((0..grid.rows()).map(is_row).collect());
    let across = parts((0..grid.columns()).map(is_column).collect());
    let lines = down.iter().sum::<usize>() < grid.rows() || across.iter().sum::<usize>() < grid.columns();
    let largest = |parts: &[usize]| parts.iter().copied().max();
    match (largest(&down), largest(&across)) {
        (Some(rows), Some(columns)) if lines => (Some((down.len(), across.len())), Some((rows, columns))),
        _ => (None, None),
    }
}

/// For each test output the sizes that rules give it, the likeliest first, with their shares; empty where no rule holds.
pub fn output_sizes(puzzle: &Puzzle) -> Vec<Vec<(Size, f64)>> {
    let none = vec![Vec::new(); puzzle.test.len()];
    let inputs = || puzzle.train.iter().map(|pair| &pair.input).chain(&puzzle.test);
    if inputs().any(|input| input.rows().max(input.columns()) > LONGEST_INPUT_SIDE) {
        return none;
    }
    let measures: Vec<Measures> = inputs().map(Measures::of).collect();
    let (train, tests) = measures.split_at(puzzle.train.len());
    let sizes: Vec<Size> = puzzle.train.iter().map(|pair| (pair.output.rows(), pair.output.columns())).collect();
    tests.iter().zip(&puzzle.test).map(|(test, input)| sizes_of(puzzle, train, &sizes, test, input)).collect()
}

/// Weights of sizes or sides, in the order in which they came.
#[derive(Default)]
struct Weights<T>(Vec<(T, f64)>);

impl<T: PartialEq> Weights<T> {
    fn add(&mut self, value: T, weight: f64) {
        match self.0.iter_mut().find(|(other, _)| *other == value) {
            Some((_, sum)) => *sum += weight,
            None => self.0.push((value, weight)),
        }
    }
}

fn sizes_of(puzzle: &Puzzle, train: &[Measures], sizes: &[Size], test: &Measures, input: &Grid) -> Vec<(Size, f64)> {
    let mut found = Weights::default();
    if let Some(size) = only(sizes.iter().copied()) {
        found.add(size, (-CONSTANT_BITS).exp2());
    }
    by_boxes(train, sizes, test, &mut found);
    let sides: Vec<Vec<(Option<usize>, f64)>> = train.iter().map(Measures::sides).collect();
    let heights: Vec<usize> = sizes.iter().map(|size| size.0).collect();
    let widths: Vec<usize> = sizes.iter().map(|size| size.1).collect();
    let (rows, columns) = (of_side(&sides, &heights, test), of_side(&sides, &widths, test));
    for &(high, row_weight) in &rows.0 {
        for &(wide, column_weight) in &columns.0 {
            found.add((high, wide), row_weight * column_weight * (-TWO_MEASURES_BITS).exp2());
        }
    }
    by_times_input(puzzle, train, test, input, &mut found);
    let all: f64 = found.0.iter().map(|&(_, weight)| weight).sum();
    let mut found: Vec<(Size, f64)> = found.0.into_iter().map(|(size, weight)| (size, weight / all)).collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// Both sides follow from one box, each by a formula.
fn by_boxes(train: &[Measures], sizes: &[Size], test: &Measures, found: &mut Weights<Size>) {
    let formulas = Formula::all();
    for (index, &(measured, bits)) in test.boxes.iter().enumerate() {
        let known: Option<Vec<Size>> = train.iter().map(|measures| measures.boxes[index].0).collect();
        let (Some(measured), Some(known)) = (measured, known) else { continue };
        // The formulas that hold, by number, with what they give.
        let holding = |side: fn(Size) -> usize| -> Vec<(usize, usize)> {
            let holds = |formula: &Formula| {
                known.iter().zip(sizes).all(|(&size, &wanted)| formula.side(side(size)) == Some(side(wanted)))
            };
            let numbered = formulas.iter().enumerate().filter(|(_, formula)| holds(formula));
            numbered.filter_map(|(number, formula)| Some((number, formula.side(side(measured))?))).collect()
        };
        let (rows, columns) = (holding(|size| size.0), holding(|size| size.1));
        for &(of_rows, high) in &rows {
            for &(of_columns, wide) in &columns {
                let more = if of_rows == of_columns { 0.0 } else { formulas[of_columns].bits + TWO_FORMULAS_BITS };
                found.add((high, wide), (-bits - formulas[of_rows].bits - more).exp2());
            }
        }
    }
}

/// What one side of the test output may be: constant, or by any measure and formula.
fn of_side(train: &[Vec<(Option<usize>, f64)>], wanted: &[usize], test: &Measures) -> Weights<usize> {
    let mut found = Weights::default();
    if wanted.iter().all(|&side| side == wanted[0]) {
        found.add(wanted[0], (-CONSTANT_BITS).exp2());
    }
    let formulas = Formula::all();
    for (index, (measured, bits)) in test.sides().into_iter().enumerate() {
        for formula in &formulas {
            let side = |number: Option<usize>| number.and_then(|number| formula.side(number));
            let holds = train.iter().zip(wanted).all(|(sides, &wanted)| side(sides[index].0) == Some(wanted));
            if let Some(side) = side(measured).filter(|_| holds) {
                found.add(side, (-bits - formula.bits).exp2());
            }
        }
    }
    found
}

/// The output is as many times as large as the input, both ways, as some number says.
fn by_times_input(puzzle: &Puzzle, train: &[Measures], test: &Measures, input: &Grid, found: &mut Weights<Size>) {
    let sides = |grid: &Grid| (grid.rows(), grid.columns());
    let times =
        |input: &Grid, number: Option<usize>| number.map(|number| (input.rows() * number, input.columns() * number));
    for (index, &number) in test.numbers.iter().enumerate() {
        let mut pairs = train.iter().zip(&puzzle.train);
        let holds =
            pairs.all(|(measures, pair)| times(&pair.input, measures.numbers[index]) == Some(sides(&pair.output)));
        let is_side = |side: usize| (1..=LONGEST_SIDE).contains(&side);
        if let Some((high, wide)) = times(input, number).filter(|&(high, wide)| holds && is_side(high) && is_side(wide))
        {
            found.add((high, wide), (-TIMES_INPUT_BITS).exp2());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pair;

    /// A grid of black with full rectangles of a colour: (top, left, rows, columns, colour).
    fn drawn(rows: usize, columns: usize, rectangles: &[(usize, usize, usize, usize, u8)]) -> Grid {
        let mut cells = vec![0; rows * columns];
        for &(top, left, high, wide, colour) in rectangles {
            for row in top..top + high {
                cells[row * columns + left..row * columns + left + wide].fill(colour);
            }
        }
        Grid::new(rows, columns, cells).unwrap()
    }

    /// The likeliest size of the output of the last input, where the others have outputs of these sizes.
    fn likeliest(inputs: &[Grid], sizes: &[Size]) -> Option<Size> {
        let output = |&(rows, columns): &Size| Grid::new(rows, columns, vec![1; rows * columns]).unwrap();
        let pairs = inputs.iter().zip(sizes);
        let train = pairs.map(|(input, size)| Pair { input: input.clone(), output: output(size) }).collect();
        let test = inputs[sizes.len()..].to_vec();
        let found = output_sizes(&Puzzle { id: "p".into(), train, test, solutions: None });
        let shares: f64 = found[0].iter().map(|(_, share)| share).sum();
        assert!(found[0].is_empty() || (shares - 1.0).abs() < 1e-9 && found[0].is_sorted_by(|a, b| a.1 >= b.1));
        found[0].first().map(|(size, _)| *size)
    }

    fn plain(sizes: &[Size]) -> Vec<Grid> {
        sizes.iter().map(|&(rows, columns)| drawn(rows, columns, &[(0, 0, 1, 1, 3)])).collect()
    }

    #[test]
    fn sides_follow_from_the_input_s() {
        let inputs = plain(&[(3, 4), (5, 7), (6, 2)]);
        assert_eq!(likeliest(&inputs, &[(3, 4), (5, 7)]), Some((6, 2)));
        assert_eq!(likeliest(&inputs, &[(6, 8), (10, 14)]), Some((12, 4)));
        assert_eq!(likeliest(&inputs, &[(4, 3), (7, 5)]), Some((2, 6)));
        assert_eq!(likeliest(&inputs, &[(2, 2), (2, 2)]), Some((2, 2)));
        assert_eq!(likeliest(&inputs, &[(1, 6), (3, 9)]), Some((4, 4)));
        assert_eq!(likeliest(&inputs, &[(17, 1), (4, 29)]), None, "no rule holds");
    }

    #[test]
    fn sizes_follow_from_what_is_in_the_input() {
        let inputs = [
            drawn(9, 9, &[(1, 1, 3, 4, 2), (6, 6, 2, 2, 5)]),
            drawn(8, 9, &[(0, 2, 2, 5, 4), (5, 1, 1, 2, 5)]),
            drawn(9, 7, &[(2, 0, 4, 3, 6), (7, 5, 2, 1, 5)]),
        ];
        assert_eq!(likeliest(&inputs, &[(3, 4), (2, 5)]), Some((4, 3)), "the largest object's box");
        assert_eq!(likeliest(&inputs, &[(2, 2), (1, 2)]), Some((2, 1)), "the box of what is 5");
        assert_eq!(likeliest(&inputs, &[(12, 1), (10, 1)]), Some((12, 1)), "as many as the largest has cells");
        let lined = [
            drawn(7, 7, &[(3, 0, 1, 7, 8), (0, 3, 7, 1, 8)]),
            drawn(9, 5, &[(4, 0, 1, 5, 8)]),
            drawn(5, 11, &[(0, 3, 5, 1, 8), (0, 7, 5, 1, 8)]),
        ];
        assert_eq!(likeliest(&lined, &[(2, 2), (2, 1)]), Some((1, 3)), "panels between lines");
    }

    #[test]
    fn grids_larger_than_arc_s_have_no_rules() {
        let inputs = plain(&[(3, 4), (5, 7), (41, 2)]);
        assert_eq!(likeliest(&inputs, &[(3, 4), (5, 7)]), None);
    }
}
