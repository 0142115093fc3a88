//! What a comparison protects: pairs are pairs, tests and intervals are the published ones, and seeds of one puzzle are
//! no new puzzles.

use super::*;
use crate::data::{Attempts, Grid};
use crate::report::record::{Information, SCHEMA, SeedRecord};
use indexmap::IndexMap;
use proptest::prelude::*;

/// A made-up fit of so many bits, steps and seconds.
fn fit(id: usize, variant: &str, seed: u64, solved: Option<bool>, costs: (f64, usize, f64)) -> PuzzleRecord {
    let grid = Grid::new(1, 1, vec![0]).unwrap();
    let information = |bits: f64| Information { nats: bits * 2f64.ln(), bits };
    let own =
        SeedRecord { seed, kl: information(costs.0), reconstruction: information(0.0), kl_by_tensor: IndexMap::new() };
    PuzzleRecord {
        schema: SCHEMA,
        id: format!("puzzle{id}"),
        variant: variant.into(),
        seed,
        fingerprint: String::new(),
        attempts: vec![Attempts { attempt_1: grid.clone(), attempt_2: grid }],
        right_attempts: solved.map(|solved| vec![u8::from(solved)]),
        solved,
        solutions: None,
        first_step_on_top: None,
        solution_ranks: solved.map(|solved| vec![solved.then_some(1)]),
        candidates: vec![Vec::new()],
        candidates_seen: vec![1],
        last_change: 0,
        confidence: 1.0,
        steps: costs.1,
        sure: false,
        stopped_early: false,
        cut: false,
        view: "as it is".into(),
        view_trials: Vec::new(),
        read: vec![Vec::new()],
        seconds: costs.2,
        engine: "test".into(),
        weights_not_counted: 0,
        seeds: vec![own],
        curve: Vec::new(),
    }
}

/// Records of `a` and `b` from (solved by a, solved by b) for each puzzle and seed.
fn records(outcomes: &[Vec<(bool, bool)>]) -> Vec<PuzzleRecord> {
    let mut all = Vec::new();
    for (id, seeds) in outcomes.iter().enumerate() {
        for (seed, &(a, b)) in seeds.iter().enumerate() {
            all.push(fit(id, "a", seed as u64, Some(a), (10.0, 5, 1.0)));
            all.push(fit(id, "b", seed as u64, Some(b), (10.0, 5, 1.0)));
        }
    }
    all
}

fn compare(records: &[PuzzleRecord]) -> Comparison {
    Comparison::new(records, &["a".into(), "b".into()])
}

/// So many puzzles of one seed: solved by both, by b alone, by a alone, by neither.
fn table([both, b, a, neither]: [usize; 4]) -> Paired {
    let outcomes = [(both, (true, true)), (b, (false, true)), (a, (true, false)), (neither, (false, false))];
    let puzzles: Vec<_> = outcomes.iter().flat_map(|&(count, outcome)| vec![vec![outcome]; count]).collect();
    compare(&records(&puzzles)).paired.remove(0)
}

fn assert_close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() < within, "{found} is not {expected}");
}

#[test]
fn pairs_are_counted_by_who_solves_them() {
    let paired = table([3, 5, 1, 7]);
    assert_eq!((paired.table, paired.pairs, paired.judged), ([3, 5, 1, 7], 16, 16));
    assert_eq!((paired.puzzles_better_worse, paired.against.as_str()), ((5, 1), "a"));
    assert_close(paired.solved.unwrap().value, 4.0 / 16.0, 1e-12);
}

#[test]
fn the_test_is_mcnemars_exact_one() {
    // Two-sided: 2 · (1 + 6) / 2⁶; 2 · (1 + 10 + 45) / 2¹⁰; and what differs not at all, or equally often.
    assert_close(table([0, 5, 1, 9]).p.unwrap(), 14.0 / 64.0, 1e-12);
    assert_close(table([4, 2, 8, 0]).p.unwrap(), 112.0 / 1024.0, 1e-12);
    assert_eq!((table([4, 0, 0, 3]).p, table([0, 3, 3, 0]).p), (Some(1.0), Some(1.0)));
}

#[test]
fn the_interval_agrees_with_the_published_numbers() {
    // M. W. Fagerland, S. Lydersen and P. Laake, "Recommended tests and confidence intervals for paired binomial
    // proportions", Statistics in Medicine 33, 2014, of 1, 1, 7, 12; and Newcombe's own examples of 36, 12, 2, 0 and 20,
    // 12, 2, 16.
    for (counts, low, high) in
        [([1, 1, 7, 12], -0.507, -0.026), ([36, 12, 2, 0], 0.0569, 0.3404), ([20, 12, 2, 16], 0.0562, 0.3292)]
    {
        let found = table(counts).solved.unwrap();
        assert_close(found.low.unwrap(), low, 5e-4);
        assert_close(found.high.unwrap(), high, 5e-4);
    }
}

#[test]
fn seeds_of_one_puzzle_are_no_new_puzzles() {
    let once = vec![vec![(false, true)]; 4].into_iter().chain(vec![vec![(false, false)]; 8]).collect::<Vec<_>>();
    let thrice: Vec<_> = once.iter().map(|seeds| vec![seeds[0]; 3]).collect();
    let [one, three] = [once, thrice].map(|outcomes| compare(&records(&outcomes)));
    assert_eq!((three.paired[0].pairs, three.paired[0].table), (36, [0, 12, 0, 24]));
    assert_eq!(three.paired[0].p, one.paired[0].p, "all seeds say the same, so they say it once");
    let [once, thrice] = [&one, &three].map(|found| found.paired[0].solved.unwrap());
    assert_close(once.low.unwrap(), thrice.low.unwrap(), 1e-9);
    assert_close(once.high.unwrap(), thrice.high.unwrap(), 1e-9);
    assert_eq!(one.variants[1].share, three.variants[1].share);

    let mixed = compare(&records(&vec![vec![(false, true), (true, false), (false, true)]; 12])).paired.remove(0);
    let apart = compare(&records(&vec![vec![(false, true)]; 12])).paired.remove(0).solved.unwrap();
    assert_eq!((mixed.puzzles_better_worse, mixed.table), ((12, 0), [0, 24, 12, 0]));
    let mixed = mixed.solved.unwrap();
    assert!(mixed.low.unwrap() > 0.0 && mixed.value < apart.value);
}

#[test]
fn what_one_variant_lacks_is_no_pair_and_what_is_not_known_is_not_judged() {
    let mut all = records(&[vec![(false, true)], vec![(true, true)]]);
    all.push(fit(7, "b", 0, Some(true), (10.0, 5, 1.0)));
    all.push(fit(0, "b", 1, Some(true), (10.0, 5, 1.0)));
    for variant in ["a", "b"] {
        all.push(fit(8, variant, 0, None, (10.0, 5, 1.0)));
    }
    let found = compare(&all);
    assert_eq!((found.variants[1].puzzles, found.variants[1].fits, found.variants[1].judged), (4, 5, 4));
    assert_eq!((found.paired[0].pairs, found.paired[0].judged), (3, 2));
    let unknown = compare(&[fit(0, "a", 0, None, (1.0, 1, 1.0)), fit(0, "b", 0, None, (2.0, 1, 1.0))]);
    assert_eq!((unknown.paired[0].p, unknown.variants[0].share), (None, None));
    assert_eq!(compare(&[]), Comparison { variants: Vec::new(), paired: Vec::new() });
    assert!(compare(&all[..1]).paired.is_empty(), "a variant without a record is held against nothing");
}

#[test]
fn costs_are_compared_by_puzzle_with_students_interval() {
    let mut all = Vec::new();
    // Differences of 1, 2 and 3 bits; the first puzzle's is a mean over two seeds.
    for (id, seed, bits) in [(0, 0, 0.0), (0, 1, 2.0), (1, 0, 2.0), (2, 0, 3.0)] {
        all.push(fit(id, "a", seed, Some(true), (100.0, 50, 2.0)));
        all.push(fit(id, "b", seed, Some(true), (100.0 + bits, 40, 2.5)));
    }
    let paired = compare(&all).paired.remove(0);
    let bits = paired.bits.unwrap();
    // 4.303 is the 97.5th percentile of t with 2 degrees of freedom; the standard error of 1, 2, 3 is 1 / √3.
    assert_close(bits.value, 2.0, 1e-9);
    assert_close(bits.high.unwrap() - 2.0, 4.3027 / 3f64.sqrt(), 1e-3);
    assert_eq!((paired.steps.unwrap().value, paired.seconds.unwrap().low), (-10.0, Some(0.5)));
    let alone = compare(&all[..2]).paired.remove(0).bits.unwrap();
    assert_eq!((alone.value, alone.low, alone.high), (0.0, None, None));
}

#[test]
fn the_tables_for_the_terminal() {
    let mut all = records(&[vec![(false, true)], vec![(true, true)], vec![(false, false)]]);
    all[1] = fit(0, "b", 0, Some(true), (7.5, 4, 0.5));
    insta::assert_snapshot!(comparison_table(&compare(&all)), @"
    variant   puzzles   solved fits   share   95% interval      pass@any      bits     steps   seconds
    a               3        1 of 3   33.3%   6.1% to 79.2%            1      10.0       5.0       1.0
    b               3        2 of 3   66.7%   20.8% to 93.9%           2       9.2       4.7       0.8

    b against a: 3 pairs of the same puzzle and seed
      solved by both 1, by b alone 1, by a alone 0, by neither 1
      solved +33.3 points (95% interval -31.6 to +71.8); puzzles better 1, worse 0; exact McNemar p = 1.000
      bits -0.8 (95% interval -4.4 to +2.8)
      steps -0.3 (95% interval -1.8 to +1.1)
      seconds -0.2 (95% interval -0.9 to +0.6)
    ");
    let mut one = fit(0, "a\u{1b}[2J", 0, None, (1.0, 1, 1.0));
    one.seeds.clear();
    let table = comparison_table(&Comparison::new(std::slice::from_ref(&one), std::slice::from_ref(&one.variant)));
    assert!(table.contains("a\\u{1b}[2J") && !table.contains('\u{1b}'), "{table}");
}

#[test]
fn a_comparison_serialises_with_named_fields() {
    let json = serde_json::to_value(compare(&records(&[vec![(false, true)]]))).unwrap();
    assert_eq!(json["paired"][0]["table"], serde_json::json!([0, 1, 0, 0]));
    assert_eq!(json["variants"][1]["share"]["value"], 1.0);
}

fn any_outcomes() -> impl Strategy<Value = Vec<Vec<(bool, bool)>>> {
    proptest::collection::vec(proptest::collection::vec(any::<(bool, bool)>(), 1..4), 1..40)
}

proptest! {
    #[test]
    fn differences_lie_in_their_intervals_and_turn_with_the_order(outcomes in any_outcomes()) {
        let found = compare(&records(&outcomes)).paired.remove(0);
        let Difference { value, low, high } = found.solved.unwrap();
        let (low, high) = (low.unwrap(), high.unwrap());
        prop_assert!(-1.0 <= low && low <= value && value <= high && high <= 1.0 && low < high, "{low} {value} {high}");
        prop_assert!((0.0..=1.0).contains(&found.p.unwrap()));
        let swapped: Vec<Vec<_>> = outcomes.iter().map(|seeds| seeds.iter().map(|&(a, b)| (b, a)).collect()).collect();
        let turned = compare(&records(&swapped)).paired.remove(0);
        let other = turned.solved.unwrap();
        prop_assert!((other.value + value).abs() < 1e-12 && (other.low.unwrap() + high).abs() < 1e-9);
        prop_assert_eq!(turned.p, found.p);
    }

    #[test]
    fn the_order_of_records_changes_nothing(outcomes in any_outcomes()) {
        let all = records(&outcomes);
        let reversed: Vec<PuzzleRecord> = all.iter().rev().cloned().collect();
        let (one, other) = (compare(&all), compare(&reversed));
        prop_assert_eq!(&one.paired[0].table, &other.paired[0].table);
        prop_assert_eq!(one.variants[0].share, other.variants[0].share);
    }
}
