use super::{Fold, Symmetry, View, Way};
use crate::data::{Grid, Pair, Planes, Puzzle};
use proptest::prelude::*;

fn grid(rows: &[&[u8]]) -> Grid {
    Grid::from_rows(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()).unwrap()
}

fn puzzle(train: Vec<(Grid, Grid)>, test: Vec<Grid>) -> Puzzle {
    let train = train.into_iter().map(|(input, output)| Pair { input, output }).collect();
    Puzzle { id: "p".into(), train, test, solutions: None }
}

/// A grid of these sides.
fn of_size(rows: usize, columns: usize) -> impl Strategy<Value = Grid> {
    prop::collection::vec(0u8..5, rows * columns).prop_map(move |cells| Grid::new(rows, columns, cells).unwrap())
}

/// `panels` side by side with lines of colour 5 between.
fn beside(panels: &[Grid], gap: usize) -> Grid {
    let rows = (0..panels[0].rows()).map(|row| {
        let lines: Vec<Vec<u8>> = panels.iter().map(|panel| panel.to_rows()[row].clone()).collect();
        lines.join([5, 5].split_at(gap).0)
    });
    Grid::from_rows(&rows.collect::<Vec<_>>()).unwrap()
}

/// A puzzle of one kind, two pairs and a test input: 0 panels, 1 tiles, 2 the box of what is not black.
fn some_puzzle() -> impl Strategy<Value = (u8, Puzzle)> {
    let sides = (1usize..4, 1usize..4, 2usize..4, 0usize..3, 0u8..3);
    sides.prop_flat_map(|(rows, columns, count, gap, kind)| {
        let part = move || of_size(rows, columns);
        prop::collection::vec(part(), 3 * (count + 1)).prop_map(move |parts| {
            let mut examples = parts.chunks(count + 1).map(|parts| match kind {
                0 => (beside(&parts[1..], gap), parts[0].clone()),
                1 => (parts[0].clone(), beside(&parts[1..], 0)),
                _ => (framed(&parts[0], gap), framed(&parts[0], 0)),
            });
            let train = (&mut examples).take(2).collect();
            (kind, puzzle(train, examples.map(|(input, _)| input).collect()))
        })
    })
}

/// The grid in a rectangle of 7s, and black around that.
fn framed(inside: &Grid, black: usize) -> Grid {
    let (rows, columns) = (inside.rows() + 2, inside.columns() + 2);
    super::symmetry::from_cells(rows + 2 * black, columns + 3 * black, |row, column| {
        let (row, column) = (row.wrapping_sub(black), column.wrapping_sub(black));
        match (row, column) {
            _ if row >= rows || column >= columns => 0,
            _ if row % (rows - 1) == 0 || column % (columns - 1) == 0 => 7,
            _ => inside.get(row - 1, column - 1),
        }
    })
}

fn map(puzzle: &Puzzle, change: impl Fn(&Grid) -> Grid) -> Puzzle {
    let train = puzzle.train.iter().map(|pair| (change(&pair.input), change(&pair.output))).collect();
    self::puzzle(train, puzzle.test.iter().map(change).collect())
}

/// What a puzzle's views make of it, whatever the order of planes and views.
fn seen(puzzle: &Puzzle, change: impl Fn(&Grid) -> Grid) -> Vec<Vec<Vec<Grid>>> {
    let of_view = |view: &View| {
        let Planes { train, test, .. } = view.apply(puzzle).unwrap();
        // Planes by their grids in all examples.
        let whole = |examples: &[Vec<Grid>]| -> Vec<Vec<Grid>> {
            let planes = 0..examples[0].len();
            planes.map(|plane| examples.iter().map(|grids| change(&grids[plane])).collect()).collect()
        };
        let mut planes = [whole(&train), whole(&test)].concat();
        planes.sort();
        planes
    };
    let mut views: Vec<Vec<Vec<Grid>>> = View::all(puzzle).iter().map(of_view).collect();
    views.sort();
    views
}

#[test]
fn panels_are_found_with_their_lines() {
    let (a, b, or) = (grid(&[&[1, 0], &[0, 0]]), grid(&[&[0, 2], &[0, 2]]), grid(&[&[1, 2], &[0, 2]]));
    let puzzle =
        puzzle(vec![(beside(&[a.clone(), b.clone()], 1), or.clone())], vec![beside(&[b.clone(), a.clone()], 1)]);
    let fold = Fold { rows: 1, columns: 2, way: Way::Panels { gap: 1, border: false } };
    let views = View::all(&puzzle);
    assert!(views.contains(&View::Inputs(fold)), "{views:?}");
    let planes = View::Inputs(fold).apply(&puzzle).unwrap();
    assert_eq!((planes.inputs, planes.count()), (2, 3));
    assert_eq!(planes.train, [[a.clone(), b.clone(), or]]);
    assert_eq!(planes.test, [[b, a]]);
}

#[test]
fn a_border_belongs_to_the_lines_and_lines_have_one_colour() {
    let output = grid(&[&[3, 4]]);
    let bordered = |line: u8| {
        let row = |cells: [u8; 4]| vec![5, cells[0], cells[1], line, cells[2], cells[3], 5];
        Grid::from_rows(&[vec![5, 5, 5, line, 5, 5, 5], row([1, 2, 3, 4]), vec![5; 7]]).unwrap()
    };
    let fold = Fold { rows: 1, columns: 2, way: Way::Panels { gap: 1, border: true } };
    let holds = |line| {
        let views = View::all(&puzzle(vec![(bordered(line), output.clone())], vec![bordered(line)]));
        views.contains(&View::Inputs(fold))
    };
    assert!(holds(5));
    assert!(!holds(6));
}

#[test]
fn tiles_are_turned_to_look_like_the_input() {
    let input = grid(&[&[1, 2, 3], &[4, 0, 0]]);
    let mirrored = Symmetry { transpose: false, flip_rows: false, flip_columns: true };
    let output = beside(&[input.clone(), mirrored.turn(&input)], 0);
    let puzzle = puzzle(vec![(input.clone(), output.clone())], vec![input.clone()]);
    let views = View::all(&puzzle);
    let tiles = |view: &&View| matches!(view, View::Outputs(Fold { way: Way::Panels { .. }, .. }, _));
    let view = views.iter().find(tiles).unwrap();
    let planes = view.apply(&puzzle).unwrap();
    assert_eq!(planes.train, [[input.clone(), input.clone(), input.clone()]], "all planes look like the input");
    assert_eq!(view.undo(vec![input.clone(), input]), output);
}

#[test]
fn the_part_that_is_missing_on_the_right_is_no_window_where_sizes_are_kept() {
    let input = grid(&[&[1, 2], &[0, 3]]);
    let puzzle = puzzle(vec![(input.clone(), input.clone())], vec![grid(&[&[1, 2, 0], &[0, 3, 0]])]);
    assert_eq!(View::all(&puzzle), [View::Identity]);
}

proptest! {
    #[test]
    fn every_view_gives_the_outputs_back((kind, puzzle) in some_puzzle()) {
        let views = View::all(&puzzle);
        prop_assert!(views.len() > 1 || kind == 2, "what made the puzzle is found");
        for view in views {
            let planes = view.apply(&puzzle).unwrap();
            for (grids, pair) in planes.train.iter().zip(&puzzle.train) {
                prop_assert_eq!(grids.len(), planes.count());
                prop_assert_eq!(&view.undo(grids[planes.inputs..].to_vec()), &pair.output);
            }
            prop_assert!(planes.test.iter().all(|grids| grids.len() == planes.inputs));
        }
    }

    #[test]
    fn finding_commutes_with_colours_and_symmetries((_, puzzle) in some_puzzle(), shift in 0u8..9, turn in 0usize..8) {
        // Black stays: it is no colour like others.
        let relabel = |grid: &Grid| {
            let colour = |&colour: &u8| if colour == 0 { 0 } else { 1 + (colour - 1 + shift) % 9 };
            Grid::new(grid.rows(), grid.columns(), grid.cells().iter().map(colour).collect()).unwrap()
        };
        prop_assert_eq!(seen(&map(&puzzle, relabel), Clone::clone), seen(&puzzle, relabel));

        let symmetry = Symmetry::all().nth(turn).unwrap();
        let turned = |view: &View| !matches!(view, View::Outputs(..));
        let own = View::all(&puzzle);
        // Parts of an output may look as much like the input by two symmetries: then the first is taken, whichever way
        // the puzzle lies.
        prop_assume!(own.iter().all(turned));
        prop_assert_eq!(seen(&map(&puzzle, |grid| symmetry.turn(grid)), Clone::clone), seen(&puzzle, |grid| symmetry.turn(grid)));
    }

    #[test]
    fn what_undoes_a_symmetry_does(cells in of_size(2, 3), turn in 0usize..8) {
        let symmetry = Symmetry::all().nth(turn).unwrap();
        prop_assert_eq!(symmetry.inverse().turn(&symmetry.turn(&cells)), cells);
    }
}
