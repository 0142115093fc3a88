//! What a run's folder protects: nothing is overwritten, nothing old, foreign or torn is believed, and one runs at a time.

use super::*;
use crate::config::Config;
use crate::config::experiment::{BASE, Fits};
use crate::data::{Attempts, Grid, Pair};
use crate::report::record::fingerprint;

fn grid(colour: u8) -> Grid {
    Grid::new(1, 2, vec![colour, 0]).unwrap()
}

fn puzzle(solution: Option<u8>) -> Puzzle {
    let train = vec![Pair { input: grid(3), output: grid(4) }];
    let solutions = solution.map(|colour| vec![grid(colour)]);
    Puzzle { id: "p".into(), train, test: vec![grid(5)], solutions }
}

fn setting() -> Setting {
    Fits::of(&Config::default()).settings.remove(0)
}

fn declaration(steps: usize) -> Table {
    Fits::of(&Config { steps, ..Config::default() }).declaration
}

fn open(path: &Path, resume: bool) -> Result<RunFolder, RunError> {
    RunFolder::open(path, &declaration(2000), resume)
}

fn record() -> PuzzleRecord {
    PuzzleRecord {
        schema: SCHEMA,
        id: "p".into(),
        variant: BASE.into(),
        seed: 0,
        fingerprint: fingerprint(&puzzle(None), &Config::default()),
        attempts: vec![Attempts { attempt_1: grid(1), attempt_2: grid(2) }],
        right_attempts: None,
        solved: None,
        solutions: None,
        first_step_on_top: None,
        solution_ranks: None,
        candidates: vec![Vec::new()],
        candidates_seen: vec![0],
        last_change: 1,
        confidence: 0.5,
        steps: 3,
        sure: false,
        stopped_early: false,
        cut: false,
        view: "as it is".into(),
        view_trials: Vec::new(),
        read: vec![Vec::new()],
        seconds: 0.1 + 0.2,
        engine: "test".into(),
        weights_not_counted: 76_068,
        seeds: Vec::new(),
        curve: Vec::new(),
    }
}

fn other(id: &str) -> PuzzleRecord {
    PuzzleRecord { id: id.into(), ..record() }
}

fn stale(kept: Kept) -> String {
    match kept {
        Kept::Stale(why) => why,
        kept => panic!("believed: {kept:?}"),
    }
}

fn read(path: &Path) -> Vec<PuzzleRecord> {
    Run::read(path).unwrap().records
}

#[test]
fn a_run_is_taken_up_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut run = open(&path, false).unwrap();
    assert_eq!(run.kept(&puzzle(None), &setting()), Kept::Nothing);
    run.save(&record()).unwrap();
    drop(run);

    assert!(matches!(open(&path, false), Err(RunError::Exists(_))));
    assert_eq!(read(&path), [record()]);
    let mut again = open(&path, true).unwrap();
    assert_eq!(again.kept(&puzzle(None), &setting()), Kept::Record(Box::new(record())));
    let seed = Setting { config: Config { seed: 1, ..Config::default() }, ..setting() };
    assert_eq!(again.kept(&puzzle(None), &seed), Kept::Nothing, "of another seed");
    assert_eq!(again.kept(&puzzle(None), &Setting { variant: "b".into(), ..setting() }), Kept::Nothing);
    drop(again);
    let error = RunFolder::open(&path, &declaration(5), true).unwrap_err().to_string();
    assert!(error.contains("(steps = 2000 there, steps = 5 now)"), "{error}");
}

#[test]
fn differences_are_named_by_their_whole_keys() {
    let table = |text: &str| text.parse::<Table>().unwrap();
    let (before, now) = (table("a = 1\n[b.c]\nd = 2\ne = 3"), table("a = 1\nf = 4\n[b.c]\nd = 5"));
    assert_eq!(
        differences(&before, &now),
        "b.c.d = 2 there, b.c.d = 5 now; b.c.e = 3 there, no b.c.e now; no f there, f = 4 now"
    );
}

#[test]
fn a_run_without_a_record_does_not_stand_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), false).unwrap());
    drop(RunFolder::open(folder.path(), &declaration(5), false).unwrap());
    assert_eq!(Run::read(folder.path()).unwrap().declaration, declaration(5));
    assert_eq!(Config::load(&folder.path().join("config.toml")).unwrap().steps, 5, "as --config takes it");
}

#[test]
fn one_runs_at_a_time_and_the_other_says_who() {
    let folder = tempfile::tempdir().unwrap();
    let run = open(folder.path(), false).unwrap();
    for resume in [false, true] {
        let error = open(folder.path(), resume).unwrap_err().to_string();
        assert!(error.contains(&format!("in use by process {} on ", std::process::id())), "{error}");
    }
    drop(run);
    assert!(open(folder.path(), false).is_ok());
}

#[test]
fn a_line_that_is_torn_at_any_byte_is_dropped_and_the_next_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.jsonl");
    drop(open(folder.path(), false).unwrap());
    let (whole, torn) = (line(&other("a")), line(&other("b")));
    for length in 0..torn.len() {
        fs::write(&file, [&whole, &torn[..length]].concat()).unwrap();
        assert_eq!(read(folder.path()), [other("a")]);
        let mut run = open(folder.path(), true).unwrap();
        run.save(&other("c")).unwrap();
        drop(run);
        assert_eq!(fs::read(&file).unwrap(), [whole.clone(), line(&other("c"))].concat());
    }
    for rubbish in [&b"\xff\n"[..], b"{}{}", &[0; 9]] {
        fs::write(&file, [&whole, rubbish].concat()).unwrap();
        assert_eq!(read(folder.path()), [other("a")]);
    }
}

#[test]
fn a_line_that_is_no_record_but_stands_before_others_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.jsonl");
    drop(open(folder.path(), false).unwrap());
    let old = PuzzleRecord { schema: SCHEMA - 1, ..record() };
    for (wrong, says) in [
        (b"{\"id\": 3}\n".to_vec(), "another version"),
        (line(&old), "another version"),
        (format!("{{\"schema\": {SCHEMA}}}\n").into_bytes(), "missing field"),
        (b"\xff\n".to_vec(), "no record"),
    ] {
        fs::write(&file, [line(&record()), wrong, line(&record())].concat()).unwrap();
        for error in [Run::read(folder.path()).unwrap_err(), open(folder.path(), true).unwrap_err()] {
            let error = error.to_string();
            assert!(error.contains("records.jsonl: line 2: ") && error.contains(says), "{error}");
        }
    }
}

#[test]
fn the_last_record_of_a_fit_counts_and_settling_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let further = PuzzleRecord { steps: 9, ..record() };
    let lines = || fs::read_to_string(folder.path().join("records.jsonl")).unwrap().lines().count();
    let mut run = open(folder.path(), false).unwrap();
    run.save(&record()).unwrap();
    run.save(&further).unwrap();
    assert_eq!((read(folder.path()), lines()), (vec![further.clone()], 2));
    run.settle().unwrap();
    assert_eq!((read(folder.path()), lines()), (vec![further.clone()], 1));
    run.save(&other("q")).unwrap();
    assert_eq!((read(folder.path()), lines()), (vec![further, other("q")], 2));
}

#[test]
fn solutions_at_hand_judge_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = open(folder.path(), false).unwrap();
    run.save(&record()).unwrap();
    for (solution, right, solved) in [(Some(2), 2, true), (None, 2, true), (Some(1), 1, true), (Some(9), 0, false)] {
        let Kept::Record(kept) = run.kept(&puzzle(solution), &setting()) else { panic!("not kept") };
        assert_eq!((kept.right_attempts, kept.solved), (Some(vec![right]), Some(solved)), "{solution:?}");
        run.settle().unwrap();
        assert_eq!(read(folder.path())[0].solved, Some(solved));
    }
}

#[test]
fn a_record_that_is_not_the_puzzles_own_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = open(folder.path(), false).unwrap();
    run.save(&PuzzleRecord { attempts: Vec::new(), ..record() }).unwrap();
    assert!(stale(run.kept(&puzzle(None), &setting())).contains("two attempts for every test input"));
    run.save(&PuzzleRecord { fingerprint: String::new(), ..record() }).unwrap();
    assert!(stale(run.kept(&puzzle(None), &setting())).contains("the record of p: is of another puzzle of this id"));

    run.save(&record()).unwrap();
    let mut edited = puzzle(None);
    edited.train[0].output = grid(9);
    assert!(stale(run.kept(&edited, &setting())).contains("another puzzle of this id"));
    let mut asks_more = puzzle(None);
    asks_more.test.push(grid(7));
    assert!(stale(run.kept(&asks_more, &setting())).contains("two attempts for every test input"));
}

#[test]
fn tasks_are_kept_beside_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = open(folder.path(), false).unwrap();
    let second = Puzzle { id: "q".into(), ..puzzle(Some(3)) };
    run.save_tasks(&[puzzle(None)]).unwrap();
    run.save(&record()).unwrap();
    run.save_tasks(std::slice::from_ref(&second)).unwrap();
    assert_eq!(read_tasks(folder.path()).unwrap(), [puzzle(None), second]);
}

#[test]
fn merged_runs_are_the_same_records_and_nothing_else_is_merged() {
    let run = |records: &[PuzzleRecord]| Run::new(declaration(2000), records.iter().cloned());
    let merge = |runs: Vec<Run>| Run::merge(runs.into_iter().map(|run| ("some".into(), run)).collect());
    let cut = PuzzleRecord { cut: true, steps: 8, ..other("b") };
    let merged = merge(vec![run(&[other("c"), cut.clone()]), run(&[other("a"), other("b"), other("c")])]).unwrap();
    assert_eq!(merged, run(&["a", "b", "c"].map(other)));
    assert_eq!(merge(vec![run(&[]), run(std::slice::from_ref(&cut))]).unwrap().records, [cut]);
    let edited = PuzzleRecord { fingerprint: "other".into(), ..record() };
    assert!(matches!(merge(vec![run(&[record()]), run(&[edited])]), Err(RunError::Conflict { .. })));
    let fewer = Run { declaration: declaration(5), records: Vec::new() };
    let error = merge(vec![run(&[]), fewer]).unwrap_err().to_string();
    assert!(error.contains("some was made with other settings (steps = 5 there, steps = 2000 now)"), "{error}");
}
