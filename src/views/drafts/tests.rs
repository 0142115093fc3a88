use super::*;
use crate::views::Symmetry;
use crate::views::Trait;
use crate::views::symmetry::from_cells;
use proptest::prelude::*;

/// A picture in digits, a dot for background.
fn grid(picture: &str) -> Grid {
    let rows: Vec<Vec<u8>> = picture
        .split_whitespace()
        .map(|row| row.bytes().map(|cell| if cell == b'.' { 0 } else { cell - b'0' }).collect())
        .collect();
    Grid::from_rows(&rows).unwrap()
}

fn drawn(rule: Rule, picture: &str) -> Grid {
    rule.draw(&grid(picture), 0).unwrap()
}

fn puzzle(pairs: &[(&str, &str)], test: &str) -> Puzzle {
    let train = pairs.iter().map(|(input, output)| Pair { input: grid(input), output: grid(output) }).collect();
    Puzzle { id: "p".into(), train, test: vec![grid(test)], solutions: None }
}

const ANY: Kind = Kind::Connected { diagonal: true, one_colour: false };
const OF_ONE: Kind = Kind::Connected { diagonal: false, one_colour: true };

#[test]
fn the_rule_that_gives_the_outputs_is_found_whole() {
    let pairs = [
        ("33... .3... ..... 5.... .....", "..... ..... ..... 33... 53..."),
        (".4... 44... ..... ..... ....6", "..... ..... ..... .4... 44..6"),
    ];
    let puzzle = puzzle(&pairs, "..66. ..6.. ..... .7... .....");
    let best = Draft::best(&puzzle, 1);
    assert_eq!(best[0].draw(&puzzle.test[0]).unwrap(), grid("..... ..... ..... ..66. .76.."), "{}", best[0]);
    assert!(best[0].to_string().starts_with("8-connected objects as far down"), "{}", best[0]);
}

#[test]
fn a_rule_may_follow_another() {
    let pairs = [("..... .12.. .3... .....", "1212 3.3."), ("..... ..... ..45. ..66.", "4545 6666")];
    let puzzle = puzzle(&pairs, "78... .9... ..... .....");
    let best = Draft::best(&puzzle, 2);
    assert_eq!(best[0].draw(&puzzle.test[0]).unwrap(), grid("7878 .9.9"), "{best:?}");
    assert_eq!(Draft::best(&puzzle, 0), []);
}

#[test]
fn nothing_is_drafted_where_the_inputs_say_as_much() {
    let pairs = [("12. .3.", "12. .3."), ("4.5 ..6", "4.5 ..6")];
    assert_eq!(Draft::best(&puzzle(&pairs, "7.. 8.9"), 3), []);
}

#[test]
fn objects_move_as_wholes() {
    assert_eq!(drawn(Rule::Gather(ANY, 8), "2... .... .... 88.."), grid(".... .... 2... 88.."));
    assert_eq!(
        drawn(Rule::ReturnHome(OF_ONE), "4..5 .... 444. 444."),
        grid(".... 4... 444. 444."),
        "no large 5 is there"
    );
    assert_eq!(drawn(Rule::Leap(ANY, 2, true), "22.... 2....."), grid("2222.. 2.2..."));
    assert_eq!(drawn(Rule::Aligned(ANY, 1, true), ".2.. .... 1..3"), grid(".... .... 12.3"));
    assert_eq!(
        drawn(Rule::Turned(ANY, Symmetry { transpose: false, flip_rows: true, flip_columns: false }), "2.3 22."),
        grid("22. 2.3")
    );
}

#[test]
fn lines_end_where_they_should() {
    let connect = |over| Rule::Connect { ways: 0, colour: None, over };
    assert_eq!(drawn(connect(false), "13 .. 2. 1. .3"), grid("13 .3 23 13 .3"));
    assert_eq!(drawn(connect(true), "13 .. 2. 1. .3"), grid("13 13 13 13 .3"));
    let rays = |stop| Rule::Rays { ways: 2, colour: Some(1), stop };
    assert_eq!(drawn(rays(true), "1.2. ..1."), grid("112. ..11"));
    assert_eq!(drawn(rays(false), "1.2. ..1."), grid("1121 ..11"));
}

#[test]
fn areas_are_filled() {
    assert_eq!(drawn(Rule::Enclosed(false, None), "333. 3.3. 333."), grid("333. 333. 333."));
    assert_eq!(drawn(Rule::Enclosed(true, Some(4)), ".333 3..3 333."), grid(".333 3..3 333."), "it leaks at a corner");
    assert_eq!(drawn(Rule::Enclosed(false, Some(4)), ".333 3..3 333."), grid(".333 3443 333."));
    assert_eq!(drawn(Rule::Boxes(ANY, None), "2.. .2. ..."), grid("22. 22. ..."));
    assert_eq!(drawn(Rule::Flood(6, false), "6.5. ..5. 555."), grid("665. 665. 555."));
}

#[test]
fn shapes_are_copied_mirrored_and_made_whole() {
    assert_eq!(
        drawn(Rule::About(8, Images::Mirrors), "..3.. ..... ..8.. ..... .4..."),
        grid(".434. ..... ..8.. ..... .434.")
    );
    assert_eq!(drawn(Rule::Symmetric(ANY, Images::Across), "21. .1. 11."), grid("21. 11. 11."));
    let stamps = Rule::Stamps { kind: ANY, recolour: true, keep: false };
    assert_eq!(drawn(stamps, ".2... 222.. .2... ..... ....."), grid("..... ..... ..... ..... ....."));
    assert_eq!(
        drawn(stamps, ".2.... 222... .2.... ...... ....5. ......"),
        grid("...... ...... ...... ....5. ...555 ....5.")
    );
    // The pattern's 1 and 2 are there once more, turned by a quarter; its 3 is not.
    assert_eq!(
        drawn(Rule::Completed(ANY, 1, true), "123... ...... ...... ...1.. ...2.. ......"),
        grid("123... ...... ...... ...1.. ...2.. ...3..")
    );
    assert_eq!(drawn(Rule::Replaced(ANY), "12.55 21.55"), grid("12.12 21.21"));
    assert_eq!(drawn(Rule::Repeated { down: true, across: false }, "12 3. .. .."), grid("12 3. 12 3."));
}

#[test]
fn what_is_hidden_is_read_off_a_symmetry() {
    // Mirrored about the middle both ways; 9 hides a part.
    let whole = from_cells(8, 8, |row, column| {
        let (row, column) = (row.min(7 - row), column.min(7 - column));
        1 + ((row * row + 3 * column * row + column) % 7) as u8
    });
    let hidden = from_cells(8, 8, |row, column| if row < 2 && column > 4 { 9 } else { whole.get(row, column) });
    assert_eq!(Rule::Repaired(9).draw(&hidden, 0), Some(whole.clone()));
    let patch = from_cells(2, 3, |row, column| whole.get(row, 5 + column));
    assert_eq!(Rule::Patch(9).draw(&hidden, 0), Some(patch));
    assert_eq!(Rule::Patch(8).draw(&whole, 0), None, "nothing is hidden");
}

#[test]
fn objects_take_the_colour_of_what_belongs_to_them() {
    let lent = |from| Rule::Borrowed(OF_ONE, from, Some(5));
    assert_eq!(drawn(lent(Lender::Touching), "55.. 5.2. .... .55."), grid("22.. 2.2. .... .55."));
    assert_eq!(drawn(lent(Lender::Nearest), "55...2 ...... 3...55"), grid("33...2 ...... 3...22"));
    assert_eq!(drawn(lent(Lender::InLine), "2.... ...55 .3..."), grid("2.... ...55 .3..."), "nothing is in line");
    assert_eq!(drawn(lent(Lender::InLine), "2..... ...55. .....3 ....4."), grid("2..... ...44. .....3 ....4."));
    assert_eq!(drawn(lent(Lender::Inside), "555.55 525.5. 5.5.55"), grid("222.55 222.5. 2.2.55"));
    // The shape is there once more, turned.
    assert_eq!(drawn(lent(Lender::Alike), "55..2. 5...22 ....55"), grid("22..2. 2...22 ....55"));
}

#[test]
fn lines_go_on_from_their_ends_and_away_from_what_they_touch() {
    let ends = |corners, stop| Rule::Ends { corners, colour: None, stop };
    assert_eq!(drawn(ends(false, true), "...... .22... ....3. ......"), grid("...... 222222 ....3. ......"));
    assert_eq!(drawn(ends(true, true), "22... 22... ..2.. ..... ....."), grid("22... 22... ..2.. ...2. ....2"));
    assert_eq!(drawn(ends(false, true), "22.3. ....."), grid("2223. ....."));
    let pointed = |own| Rule::Pointed { corners: false, colour: 2, own, stop: true };
    assert_eq!(drawn(pointed(true), "312... ....2."), grid("312222 ....2."));
    assert_eq!(drawn(pointed(false), "312... ....2."), grid("312111 ....2."));
    assert_eq!(drawn(Rule::Bridges(2), "2..3 .... 2..."), grid("2223 .... 2..."));
}

#[test]
fn shapes_go_on_and_are_made_symmetric_about_their_middles() {
    assert_eq!(drawn(Rule::Mirrored(Images::Across, true), "12... 3...."), grid("12.21 3...3"));
    assert_eq!(drawn(Rule::Mirrored(Images::Across, false), "12.3. ....."), grid("1223. ....."), "what is there stays");
    assert_eq!(drawn(Rule::Trail(ANY, 2, 1), "12...... ........"), grid("12.12.12 ........"));
    assert_eq!(drawn(Rule::Continued(ANY), "2..... ..2... ......"), grid("2..... ..2... ....2."));
    assert_eq!(
        drawn(Rule::Mended(ANY, Images::Mirrors), "...... .222.. .212.. .2.... ......"),
        grid("...... .222.. .212.. .222.. ......")
    );
    assert_eq!(drawn(Rule::Overlaid(ANY), "1...2 11.2."), grid("12 11"));
}

#[test]
fn empty_rectangles_are_found() {
    assert_eq!(drawn(Rule::Vacant(7), "1..1 1... 1..1 .1.1"), grid("1771 177. 1771 .1.1"));
    assert_eq!(drawn(Rule::Squares(2, 7), "..... ..... 1...."), grid("7777. 7777. 1...."));
}

#[test]
fn objects_are_summed_up() {
    let picture = "33.5. 3..5. .4..1";
    let paint = |by, order| Rule::Painted(OF_ONE, by, order, 0b1111);
    assert_eq!(drawn(paint(Measure::Trait(Trait::Cells), Order::Largest), picture), grid("11.2. 1..2. .3..3"));
    assert_eq!(drawn(paint(Measure::Trait(Trait::Cells), Order::Smallest), picture), grid("33.2. 3..2. .1..1"));
    assert_eq!(drawn(paint(Measure::Holes, Order::Value), "222.3 2.2.. 222.."), grid("222.1 2.2.. 222.."));
    let most = Which::Most(Measure::Trait(Trait::Cells));
    assert_eq!(drawn(Rule::Kept(OF_ONE, most, false), picture), grid("33... 3.... ....."));
    assert_eq!(drawn(Rule::Kept(OF_ONE, most, true), picture), grid("...5. ...5. .4..1"));
    assert_eq!(drawn(Rule::Kept(OF_ONE, Which::With(4), false), picture), grid("..... ..... .4..."));
    assert_eq!(drawn(Rule::Blended(ANY, true), "112. 11.. ...3"), grid("222. 22.. ...3"));
    assert_eq!(drawn(Rule::Arranged(OF_ONE), "22..3 22... ....4"), grid("23 .4"));
    let same = Symmetry { transpose: false, flip_rows: false, flip_columns: false };
    assert_eq!(drawn(Rule::Bars(same, true), "22..3 22..."), grid("2222 3..."));
    assert_eq!(drawn(Rule::Bars(same, false), "22..3 22..."), grid("2 3"));
    assert_eq!(drawn(Rule::Once { rows: true, columns: true }, "1122 1122 3333"), grid("12 33"));
    assert_eq!(drawn(Rule::Dense, "1..2 .... 3..."), grid("12 3."));
    assert_eq!(drawn(Rule::Quarter, ".... .121 .343 .121"), grid("12 34"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_rule_fails_on_any_grid_and_drafts_have_the_size_of_outputs(
        cells in prop::collection::vec(prop::sample::select(&[0u8, 0, 0, 1, 5][..]), 60),
        others in prop::collection::vec(prop::sample::select(&[0u8, 1, 5][..]), 60),
        sides in prop::sample::select(&[(6, 10), (1, 60), (60, 1), (12, 5), (1, 1)][..]),
    ) {
        let of = |cells: &Vec<u8>| Grid::new(sides.0, sides.1, cells[..sides.0 * sides.1].to_vec()).unwrap();
        let pair = Pair { input: of(&cells), output: of(&others) };
        let puzzle = Puzzle { id: "p".into(), train: vec![pair.clone()], test: vec![of(&others)], solutions: None };
        for background in [0, 1] {
            for rule in Rule::all(&puzzle, background).into_iter().chain(Rule::of_wholes()) {
                let _: Option<Grid> = rule.draw(&pair.input, background);
            }
        }
        let best = Draft::best(&puzzle, 5);
        for draft in &best {
            prop_assert!(are_alike(&draft.draw(&pair.input).unwrap(), &pair.output), "{}", draft);
            prop_assert!(draft.draw(&puzzle.test[0]).is_some());
        }
        prop_assert_eq!(best, Draft::best(&puzzle, 5));
    }
}
