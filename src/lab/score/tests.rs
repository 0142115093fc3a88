//! What the scores protect: the three scorings as defined, intervals that hold their promises, and indifference to order.

use proptest::prelude::*;

use super::*;
use crate::data::submission::{Attempts, Submission};
use crate::data::{AnswerFault, Place, TaskError, parse_submission};
use crate::report::examples::grid;

/// An output that is right in the first attempt, the second, both or none.
fn answer(first_right: bool, second_right: bool) -> Attempts {
    let attempt = |right| grid(&[if right { "12" } else { "21" }]);
    Attempts { attempt_1: attempt(first_right), attempt_2: attempt(second_right) }
}

/// A submission and its solutions, from which outputs of each task are right.
fn scored(tasks: &[Vec<bool>]) -> (Submission, IndexMap<String, Vec<Grid>>) {
    let name = |index: usize| format!("task{index}");
    let answers = tasks.iter().enumerate();
    let submission = answers
        .clone()
        .map(|(index, task)| {
            let outputs = task.iter().map(|&right| answer(false, right)).collect();
            (name(index), outputs)
        })
        .collect();
    let solutions = answers.map(|(index, task)| (name(index), vec![grid(&["12"]); task.len()])).collect();
    (submission, solutions)
}

fn score_of(tasks: &[Vec<bool>]) -> Score {
    let (submission, solutions) = scored(tasks);
    score(&submission.into(), &solutions).unwrap()
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 5e-5, "{found} is not {expected}");
}

#[test]
fn the_three_scorings_differ_as_they_are_defined() {
    // Right: 1 of 3, 1 of 1, 1 of 2.
    let found = score_of(&[vec![true, false, false], vec![true], vec![false, true]]);
    assert_close(found.share_of_outputs.value, 3.0 / 6.0);
    assert_close(found.mean_over_tasks.value, (1.0 / 3.0 + 1.0 + 0.5) / 3.0);
    assert_close(found.share_of_tasks.value, 1.0 / 3.0);
    assert_eq!((found.outputs_right, found.outputs), (3, 6));
    assert_eq!((found.tasks_right, found.tasks), (1, 3));
}

#[test]
fn one_right_attempt_is_enough_and_two_count_once() {
    let (mut submission, solutions) = scored(&[vec![false; 4]]);
    submission["task0"] = vec![answer(true, false), answer(false, true), answer(true, true), answer(false, false)];
    assert_eq!(score(&submission.into(), &solutions).unwrap().outputs_right, 3);
}

#[test]
fn a_grid_of_the_same_cells_in_another_shape_is_wrong() {
    let (mut submission, solutions) = scored(&[vec![false]]);
    let turned = grid(&["1", "2"]);
    submission["task0"] = vec![Attempts { attempt_1: turned.clone(), attempt_2: turned }];
    assert_eq!(score(&submission.into(), &solutions).unwrap().outputs_right, 0);
}

#[test]
fn wilsons_interval_agrees_with_the_published_numbers() {
    // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998,
    // table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (right, all, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let found = proportion(right, all);
        assert_close(found.low, low);
        assert_close(found.high, high);
    }
}

#[test]
fn with_one_output_a_task_the_three_scorings_agree() {
    let found = score_of(&[vec![true], vec![false], vec![false], vec![true], vec![false]]);
    assert_eq!(found.share_of_outputs, found.share_of_tasks);
    assert_close(found.mean_over_tasks.low, found.share_of_tasks.low);
    assert_close(found.mean_over_tasks.high, found.share_of_tasks.high);
}

#[test]
fn intervals_keep_a_width_when_all_is_wrong_or_right() {
    for right in [false, true] {
        let found = score_of(&[vec![right], vec![right; 2], vec![right]]);
        for estimate in [found.share_of_outputs, found.mean_over_tasks, found.share_of_tasks] {
            assert!(estimate.high - estimate.low > 0.3);
        }
    }
}

#[test]
fn what_is_missing_counts_as_wrong_and_what_is_unknown_is_left_out() {
    let (mut submission, solutions) = scored(&[vec![true], vec![true]]);
    submission.shift_remove("task1");
    submission.insert("unheard".to_owned(), vec![answer(true, true)]);
    let found = score(&submission.into(), &solutions).unwrap();
    assert_eq!((found.outputs_right, found.outputs), (1, 2));
    assert_eq!(found.missing, ["task1"]);
    assert_eq!(found.unknown, ["unheard"]);
}

#[test]
fn an_answer_that_cannot_be_read_counts_as_wrong_and_is_named() {
    let (_, solutions) = scored(&[vec![true], vec![true, true], vec![true]]);
    let text = br#"{"task0": [{"attempt_1": [], "attempt_2": [[1, 2]]}], "task1": [{"attempt_1": [[1, 2]]}],
        "task2": [{"attempt_1": [[1, 1.0]], "attempt_2": null}], "elsewhere": 3}"#;
    let found = score(&parse_submission("s.json", text).unwrap(), &solutions).unwrap();
    assert_eq!((found.outputs_right, found.outputs, found.tasks_right), (2, 4, 1), "the other attempts count");
    assert_eq!(found.unknown, ["elsewhere"]);
    insta::assert_snapshot!(score_table(&found).lines().skip(4).collect::<Vec<_>>().join("\n"), @"
    not as an answer has to be, counted as wrong (5):
      task task0: test 1 attempt_1: the grid has no rows; give it at least one
      task task1: 1 answers to 2 test inputs
      task task1: test 1 attempt_2 is missing; add the grid
      task task2: test 1 attempt_1: row 1, column 2 holds 1.0; a colour is a whole number from 0 to 9
      task task2: test 1 attempt_2: a grid is an array of rows, not null
    without known solutions, left out (1): elsewhere
    ");
}

#[test]
fn what_the_table_names_cannot_command_the_terminal() {
    let (mut submission, solutions) = scored(&[vec![true]]);
    submission.insert("a\u{1b}[2J".into(), Vec::new());
    let mut given = GivenSubmission::from(submission);
    let fault = TaskError::MissingGrid { place: Place::Solution { test: 1 } };
    given.faults = vec![AnswerFault { task: "task0".into(), fault }; 9];
    let table = score_table(&score(&given, &solutions).unwrap());
    assert!(table.contains("a\\u{1b}[2J") && !table.contains('\u{1b}'), "{table}");
    assert!(table.contains("wrong (9):") && table.contains("  and 1 more\n"), "{table}");
}

#[test]
fn solutions_that_say_nothing_are_refused() {
    let nothing = IndexMap::new();
    assert_eq!(score(&GivenSubmission::default(), &nothing), Err(ScoreError::NoSolutions));
    let (submission, solutions) = scored(&[vec![]]);
    assert!(matches!(score(&submission.into(), &solutions), Err(ScoreError::NoOutputs { .. })));
}

#[test]
fn the_table_for_the_terminal() {
    let (mut submission, solutions) = scored(&[vec![true, false], vec![true], vec![false]]);
    submission.shift_remove("task2");
    for index in 0..10 {
        submission.insert(format!("other{index}"), vec![answer(true, true)]);
    }
    let found = score(&submission.into(), &solutions).unwrap();
    insta::assert_snapshot!(score_table(&found), @"
    scoring                              count    score   95% interval
    right outputs (Kaggle 2025)         2 of 4    50.0%   15.0% to 85.0%
    mean over tasks                    3 tasks    50.0%   15.0% to 85.0%
    solved tasks (ARC-AGI-2)            1 of 3    33.3%   6.1% to 79.2%
    missing, counted as wrong (1): task2
    without known solutions, left out (10): other0, other1, other2, other3, other4, other5, other6, other7 and 2 more
    ");
}

#[test]
fn a_score_serialises_with_named_fields() {
    let json = serde_json::to_value(score_of(&[vec![true]])).unwrap();
    assert_eq!(json["share_of_outputs"]["value"], 1.0);
    assert_eq!(json["missing"], serde_json::json!([]));
}

fn any_tasks() -> impl Strategy<Value = Vec<Vec<bool>>> {
    let task = proptest::collection::vec(any::<bool>(), 1..5);
    proptest::collection::vec(task, 1..40)
}

proptest! {
    #[test]
    fn values_lie_in_their_intervals_and_those_in_0_to_1(tasks in any_tasks()) {
        let found = score_of(&tasks);
        for Estimate { value, low, high } in [found.share_of_outputs, found.mean_over_tasks, found.share_of_tasks] {
            prop_assert!(0.0 <= low && low <= value && value <= high && high <= 1.0);
            prop_assert!(low < high);
        }
    }

    #[test]
    fn the_order_of_tasks_changes_nothing(
        (tasks, order) in any_tasks().prop_flat_map(|tasks| {
            let order: Vec<usize> = (0..tasks.len()).collect();
            (Just(tasks), Just(order).prop_shuffle())
        })
    ) {
        let (mut submission, solutions) = scored(&tasks);
        submission.insert("unknown b".to_owned(), vec![]);
        submission.insert("unknown a".to_owned(), vec![]);
        submission.shift_remove("task0");
        let shuffled: IndexMap<String, Vec<Grid>> = order
            .iter()
            .filter_map(|&index| solutions.get_index(index))
            .map(|(task, outputs)| (task.clone(), outputs.clone()))
            .collect();
        let reversed: Submission = submission.clone().into_iter().rev().collect();
        prop_assert_eq!(score(&submission.into(), &solutions), score(&reversed.into(), &shuffled));
    }

    #[test]
    fn one_more_right_output_lowers_no_score(tasks in any_tasks(), pick in any::<prop::sample::Index>()) {
        let before = score_of(&tasks);
        let mut better = tasks.clone();
        let chosen = pick.index(better.len());
        better[chosen].fill(true);
        let after = score_of(&better);
        prop_assert!(after.share_of_outputs.value >= before.share_of_outputs.value);
        prop_assert!(after.mean_over_tasks.value >= before.mean_over_tasks.value - 1e-12);
        prop_assert!(after.share_of_tasks.value >= before.share_of_tasks.value);
    }
}
