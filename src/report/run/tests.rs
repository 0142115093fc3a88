//! What a run's folder protects: nothing is overwritten, nothing old or foreign is believed, and one runs at a time.

use super::*;
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

fn record() -> PuzzleRecord {
    PuzzleRecord {
        schema: SCHEMA,
        id: "p".into(),
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
        stopped_early: false,
        cut: false,
        view: "as it is".into(),
        view_trials: Vec::new(),
        seconds: 0.25,
        engine: "test".into(),
        weights_not_counted: 76_068,
        seeds: Vec::new(),
    }
}

fn stale(kept: Kept) -> String {
    match kept {
        Kept::Stale(why) => why,
        kept => panic!("believed: {kept:?}"),
    }
}

#[test]
fn a_run_is_taken_up_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let config = Config::default();
    let open = |config, resume| RunFolder::open(&path, config, resume);
    let run = open(&config, false).unwrap();
    assert_eq!(run.kept(&puzzle(None)).unwrap(), Kept::Nothing);
    run.save(&record(), &[]).unwrap();
    drop(run);

    assert!(matches!(open(&config, false), Err(RunError::Exists(_))));
    let read: Vec<PuzzleRecord> = RunFolder::read(&path).unwrap().into_iter().map(|(record, _)| record).collect();
    assert_eq!(read, [record()]);
    let again = open(&config, true).unwrap();
    assert_eq!(again.kept(&puzzle(None)).unwrap(), Kept::Record(Box::new(record())));
    drop(again);
    let other = Config { steps: 5, ..Config::default() };
    let error = open(&other, true).unwrap_err().to_string();
    assert!(error.contains("steps = 2000 there, steps = 5 now"), "{error}");
}

#[test]
fn a_run_without_a_record_does_not_stand_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    drop(RunFolder::open(folder.path(), &Config::default(), false).unwrap());
    let other = Config { steps: 5, ..Config::default() };
    drop(RunFolder::open(folder.path(), &other, false).unwrap());
    assert_eq!(Config::load(&folder.path().join("config.toml")).unwrap().steps, 5);
}

#[test]
fn one_runs_at_a_time_and_the_other_says_who() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::open(folder.path(), &Config::default(), false).unwrap();
    for resume in [false, true] {
        let error = RunFolder::open(folder.path(), &Config::default(), resume).unwrap_err().to_string();
        assert!(error.contains(&format!("in use by process {} on ", std::process::id())), "{error}");
    }
    drop(run);
    assert!(RunFolder::open(folder.path(), &Config::default(), false).is_ok());
}

#[test]
fn solutions_at_hand_judge_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::open(folder.path(), &Config::default(), false).unwrap();
    run.save(&record(), &[]).unwrap();
    for (solution, right, solved) in [(Some(2), 2, true), (None, 2, true), (Some(1), 1, true), (Some(9), 0, false)] {
        let Kept::Record(kept) = run.kept(&puzzle(solution)).unwrap() else { panic!("not kept") };
        assert_eq!((kept.right_attempts, kept.solved), (Some(vec![right]), Some(solved)), "{solution:?}");
        let on_disk = RunFolder::read(folder.path()).unwrap().remove(0).0;
        assert_eq!(on_disk.solved, Some(solved));
    }
}

#[test]
fn a_record_that_is_not_the_puzzles_own_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::open(folder.path(), &Config::default(), false).unwrap();
    let put = |record: PuzzleRecord| {
        run.save(&PuzzleRecord { id: "p".into(), ..record.clone() }, &[]).unwrap();
        write_atomically(&folder.path().join("puzzles/p.json"), &json(&record)).unwrap();
        stale(run.kept(&puzzle(None)).unwrap())
    };
    assert!(put(PuzzleRecord { attempts: Vec::new(), ..record() }).contains("two attempts for every test input"));
    assert!(put(PuzzleRecord { id: "q".into(), ..record() }).ends_with("puzzles/p.json: is another puzzle's"));
    assert!(put(PuzzleRecord { schema: 1, ..record() }).contains("another version"));
    assert!(put(PuzzleRecord { fingerprint: String::new(), ..record() }).contains("other settings"));
    std::fs::write(folder.path().join("puzzles/p.json"), "{\"id\": \"p\", \"attem").unwrap();
    assert!(stale(run.kept(&puzzle(None)).unwrap()).contains("no whole record (EOF"));
    std::fs::write(folder.path().join("puzzles/p.json"), b"\xff").unwrap();
    assert!(stale(run.kept(&puzzle(None)).unwrap()).contains("no whole record"));

    run.save(&record(), &[]).unwrap();
    let mut edited = puzzle(None);
    edited.train[0].output = grid(9);
    assert!(stale(run.kept(&edited).unwrap()).contains("another puzzle of this id"));
    let mut asks_more = puzzle(None);
    asks_more.test.push(grid(7));
    assert!(stale(run.kept(&asks_more).unwrap()).contains("two attempts for every test input"));
}

#[test]
fn a_folder_that_is_read_is_of_whole_records_under_their_own_names() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::open(folder.path(), &Config::default(), false).unwrap();
    run.save(&record(), &[]).unwrap();
    let file = folder.path().join("puzzles/p.json");
    for (text, says) in [
        ("{".to_owned(), "EOF"),
        (String::from_utf8(json(&PuzzleRecord { id: "../../p".into(), ..record() })).unwrap(), "of another puzzle"),
        (String::from_utf8(json(&PuzzleRecord { schema: 1, ..record() })).unwrap(), "of another version"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = RunFolder::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("puzzles/p.json") && error.contains(says), "{error}");
    }
}
