//! Runs of `solve` as a competition, a cluster and a tired user treat them: cut, stopped, doubled, edited, taken up again.

mod common;

use assert_cmd::Command;
use common::{record, records};
use predicates::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const TASK: &str = r#"{"train":[{"input":[[1,0]],"output":[[0,1]]}],"test":[{"input":[[2,0]]}]}"#;

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

/// `solve` into `run`, with a thread and a puzzle at a time.
fn solve(run: &Path, steps: &str) -> Command {
    let mut command = tenfold();
    command.args(["solve", "--quiet", "--engine", "fused", "--threads", "1", "--workers", "1", "--steps", steps]);
    command.arg("--output").arg(run);
    command
}

/// A folder with the given tasks.
fn tasks(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Begins a run of endless fits, which nothing stops early, and waits until its submission is there.
fn begin(run: &Path, input: &Path) -> Child {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tenfold"));
    command.args(["solve", "--quiet", "--engine", "fused", "--threads", "1", "--workers", "1", "--steps", "1000000"]);
    command.args(["--stable-steps", "0"]);
    let child = command.arg("--output").arg(run).arg(input).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    while !run.join("submission.json").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.unwrap()
}

fn assert_complete(submission: &Value, ids: &[&str]) {
    for id in ids {
        for attempt in ["attempt_1", "attempt_2"] {
            assert!(submission[id][0][attempt][0][0].is_u64(), "{id}: {submission}");
        }
    }
    assert_eq!(submission.as_object().unwrap().len(), ids.len());
}

#[test]
#[cfg(unix)]
fn a_run_that_is_stopped_keeps_what_is_whole_and_says_how_to_go_on() {
    let input = tasks(&[("a.json", TASK), ("b.json", TASK), ("c.json", TASK)]);
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let child = begin(&run, input.path());
        assert_complete(&read(run.join("submission.json")), &["a", "b", "c"]);
        let kill = std::process::Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains("--resume --output"), "{said}");
        assert_complete(&read(run.join("submission.json")), &["a", "b", "c"]);
        assert!(records(&run).is_empty(), "no fit was whole");
    }
}

#[test]
fn two_fresh_runs_never_share_a_folder() {
    let input = tasks(&[("a.json", TASK)]);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut first = begin(&run, input.path());
    let says = format!("is in use by process {} on ", first.id());
    for resume in [&["--resume"][..], &[]] {
        solve(&run, "1000000")
            .args(resume)
            .arg(input.path())
            .assert()
            .failure()
            .stderr(predicate::str::contains(&says));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    solve(&run, "2").arg(input.path()).assert().success();
}

#[test]
fn a_time_limit_gives_every_puzzle_something_and_a_resumed_run_gets_further() {
    let input = tasks(&[("a.json", TASK), ("b.json", TASK), ("c.json", TASK), ("d.json", TASK)]);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let steps = || -> Vec<u64> {
        ["a", "b", "c", "d"]
            .map(|id| record(&run, id))
            .iter()
            .map(|record| {
                assert_eq!(record["cut"], true);
                record["steps"].as_u64().unwrap()
            })
            .collect()
    };
    let limited = |time: &str| {
        let mut command = solve(&run, "1000000");
        command.args(["--stable-steps", "0", "--time-limit", time]).arg(input.path());
        command
    };
    limited("6s").assert().success().stdout(predicate::str::contains("4 cut by the time limit"));
    assert_complete(&read(run.join("submission.json")), &["a", "b", "c", "d"]);
    let before = steps();
    assert!(before.iter().all(|&steps| steps > 0), "{before:?}");
    limited("100ms").arg("--resume").assert().success();
    assert!(steps().iter().zip(&before).all(|(now, before)| now >= before), "what got further is kept");
    limited("soon").assert().failure().stderr(predicate::str::contains("9h"));
}

#[test]
fn a_resumed_run_believes_no_record_of_another_puzzle() {
    let input = tasks(&[("a.json", TASK), ("b.json", TASK)]);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let resume = || {
        let mut command = solve(&run, "3");
        command.arg("--resume").arg(input.path());
        command
    };
    solve(&run, "3").arg(input.path()).assert().success();
    let kept = record(&run, "b");
    let two_tests = r#"{"train":[{"input":[[1,0]],"output":[[5,5]]}],"test":[{"input":[[2,0]]},{"input":[[3,0]]}]}"#;
    std::fs::write(input.path().join("a.json"), two_tests).unwrap();
    resume()
        .assert()
        .success()
        .stderr(predicate::str::contains("fitted again: ").and(predicate::str::contains("the record of a: ")));
    let submission = read(run.join("submission.json"));
    assert_eq!(submission["a"].as_array().unwrap().len(), 2, "an answer for each test input");
    assert_eq!(record(&run, "b"), kept, "fitted once");

    let answer = &submission["b"][0]["attempt_2"];
    let solutions = folder.path().join("solutions.json");
    std::fs::write(&solutions, format!(r#"{{"b": [{answer}]}}"#)).unwrap();
    let scored = resume().arg("--solutions").arg(&solutions).assert().success();
    scored.stdout(predicate::str::contains("b: solved").and(predicate::str::contains("1 of 1 solved")));
    assert_eq!(record(&run, "b")["solved"], true);

    let lines = run.join("records.jsonl");
    let whole = std::fs::read_to_string(&lines).unwrap();
    std::fs::write(&lines, &whole[..whole.len() - 20]).unwrap();
    resume().assert().success();
    assert_eq!((record(&run, "a")["id"].as_str(), record(&run, "b")["id"].as_str()), (Some("a"), Some("b")));
    std::fs::write(&lines, format!("{{}}\n{whole}")).unwrap();
    resume().assert().failure().stderr(predicate::str::contains("records.jsonl: line 1: "));
}

#[test]
fn what_no_run_can_have_is_refused_before_anything_is_written() {
    let square = format!("[{}]", vec![format!("[{}]", ["1"; 30].join(",")); 30].join(","));
    let large = format!(r#"{{"train":[{{"input":{square},"output":{square}}}],"test":[{{"input":{square}}}]}}"#);
    let input = tasks(&[("a.json", TASK), ("large.json", &large)]);
    let folder = tempfile::tempdir().unwrap();
    let (run, settings) = (folder.path().join("run"), folder.path().join("settings.toml"));
    let refused = |steps: &str, arguments: &[&str], says: &str| {
        let task = input.path().join("large.json");
        let result = solve(&run, steps).args(arguments).arg("--config").arg(&settings).arg(task).assert().failure();
        result.stderr(predicate::str::contains(says)).code(1);
        assert!(!run.exists());
    };
    std::fs::write(&settings, "").unwrap();
    refused("1000000000", &[], "--steps 1000000000: a whole number from 1 to 1000000");
    refused("3", &["--seeds", "18446744073709551615"], "--seeds 18446744073709551615: ");
    refused("3", &["--seed", "18446744073709551615", "--seeds", "2"], "--seed 18446744073709551615: ");
    refused("3", &["--batch", "auto"], "the fused engine has not; leave out --batch");
    std::fs::write(&settings, "[network]\nchannels = 1000000000\n").unwrap();
    refused("3", &[], "settings.toml: network.channels = 1000000000: ");
    std::fs::write(&settings, "[optimiser]\nlearning_rate = nan\n").unwrap();
    refused("3", &[], "settings.toml: optimiser.learning_rate = NaN: ");
    std::fs::write(&settings, "[network]\nlayers = 32\nchannels = 256\ndirection_channels = 128\n").unwrap();
    refused("1000000", &["--seeds", "1000"], "puzzle large: its fit takes ");

    std::fs::write(&settings, "").unwrap();
    solve(&run, "2").arg(input.path().join("a.json")).assert().success();
}

#[test]
fn one_task_that_cannot_be_read_is_named_and_the_others_run() {
    let wide = format!("[[{}]]", ["1"; 93].join(","));
    let wide = format!(r#"{{"train":[{{"input":{wide},"output":{wide}}}],"test":[{{"input":{wide}}}]}}"#);
    let input =
        tasks(&[("a.json", TASK), ("b.json", r#"{"train":[],"test":[1,2]}"#), ("c.json", "{"), ("wide.json", &wide)]);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let result = solve(&run, "2").arg(input.path()).assert().code(1);
    result
        .stdout(predicate::str::contains("a: answered").and(predicate::str::contains("wide: answered")))
        .stderr(
            predicate::str::contains("skipped: ").and(predicate::str::contains("task b: \"train\" is an empty array")),
        )
        .stderr(predicate::str::contains("c.json: not valid JSON"))
        .stderr(predicate::str::contains("1 of 2 puzzles have sides of up to 93 cells"))
        .stderr(predicate::str::contains("2 of 4 tasks were skipped"));
    let submission = read(run.join("submission.json"));
    assert_complete(&submission, &["a", "b", "wide"]);
    assert_eq!(submission["b"].as_array().unwrap().len(), 2);
    solve(&folder.path().join("none"), "2").arg(input.path().join("c.json")).assert().code(1);
    assert!(!folder.path().join("none").exists());
}

#[test]
fn pairs_that_nobody_sorted_are_drawn_when_asked() {
    let pairs: Vec<String> = (0..9).map(|n| format!(r#"{{"input":[[{n}]],"output":[[{}]]}}"#, 9 - n)).collect();
    let input = tasks(&[("re.json", &format!("[{}]", pairs.join(",")))]);
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, arguments: &[&str]| {
        solve(&folder.path().join(name), "2").args(arguments).arg(input.path()).assert()
    };
    run("a", &[])
        .failure()
        .stderr(predicate::str::contains("holds 9 pairs").and(predicate::str::contains("--pairs 3,1")));
    run("b", &["--pairs", "3,2"]).success().stdout(predicate::str::contains("of 1 solved"));
    assert_eq!(read(folder.path().join("b/submission.json"))["re"].as_array().unwrap().len(), 2);
    run("c", &["--pairs", "3"]).failure().stderr(predicate::str::contains("3,1,7"));
}

#[test]
fn ids_cannot_command_a_terminal_or_a_spreadsheet() {
    let input = tasks(&[("c.json", &format!(r#"{{"=1+1": {TASK}, "x\u202ey": {TASK}}}"#))]);
    let folder = tempfile::tempdir().unwrap();
    let (run, tables) = (folder.path().join("run"), folder.path().join("tables"));
    let shown = tenfold()
        .args(["solve", "--steps", "2", "--stable-steps", "0", "--output"])
        .arg(&run)
        .arg(input.path())
        .assert()
        .success();
    shown.stdout(predicate::str::contains("x\\u{202e}y: answered").and(predicate::str::contains('\u{202e}').not()));
    let analyzed = tenfold().arg("analyze").arg(&run).arg("--output").arg(&tables).assert().success();
    analyzed.stdout(predicate::str::contains('\u{202e}').not());
    let csv = std::fs::read_to_string(tables.join("lengths.csv")).unwrap();
    assert!(csv.lines().any(|line| line.starts_with("'=1+1,,2,")), "{csv}");
}

#[test]
fn a_run_tells_how_many_candidates_it_would_take_and_what_answers_would_cost() {
    let answered = TASK.replace(r#""input":[[2,0]]"#, r#""input":[[2,0]],"output":[[0,2]]"#);
    let input = tasks(&[("a.json", &answered), ("b.json", &answered.replace('2', "7"))]);
    let folder = tempfile::tempdir().unwrap();
    let (run, tables) = (folder.path().join("run"), folder.path().join("tables"));
    // Candidates are the fit's, and so are the attempts where nobody reads besides.
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "readings = 0").unwrap();
    let mut solve = tenfold();
    solve.args(["solve", "--steps", "4", "--config"]).arg(&config).arg("--output").arg(&run);
    solve.arg(input.path()).assert().success();
    let record = record(&run, "a");
    assert_eq!(record["candidates"][0][0]["grid"], record["attempts"][0]["attempt_1"]);
    assert_eq!(record["candidates"][0][0]["led"], serde_json::json!([[0, 3]]));
    assert!(record["candidates_seen"][0].as_u64() >= Some(1), "{record}");

    let score = tenfold().args(["score", "--json"]).arg(&run).arg("--solutions").arg(input.path()).output().unwrap();
    let score: Value = serde_json::from_slice(&score.stdout).unwrap();
    let passes = score["pass_at"].as_array().unwrap();
    let of = |index: usize| passes[index]["tasks_right"].as_u64().unwrap();
    assert_eq!(
        passes.iter().map(|pass| pass["k"].as_u64()).collect::<Vec<_>>()[..],
        [1, 2, 3, 5, 10].map(Some).into_iter().chain([None]).collect::<Vec<_>>()[..]
    );
    assert!((1..6).all(|index| of(index - 1) <= of(index)) && of(1) == score["tasks_right"].as_u64().unwrap());

    let analyze = || {
        let mut command = tenfold();
        command.arg("analyze").arg(&run).arg("--puzzles").arg(input.path());
        command
    };
    let shown = analyze().arg("--output").arg(&tables).assert().success();
    shown.stdout(predicate::str::contains("right answer").and(predicate::str::contains("answers: the right one")));
    for file in ["learning.csv", "learning-curve.svg", "learning-curve.png"] {
        assert!(tables.join(file).is_file(), "{file}");
    }
    let file = folder.path().join("a.tenfold");
    tenfold().arg("compress").arg(input.path().join("a.json")).arg("-o").arg(&file).assert().success();
    let files = tenfold().arg("analyze").arg(&file).assert().success();
    files.stdout(predicate::str::contains("bits a cell: file").and(predicate::str::contains("NaN").not()));
    let with_network = analyze().args(["--effort", "1", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&with_network.stdout).unwrap();
    assert_eq!(report["learning"]["puzzles"].as_array().unwrap().len(), 2);
}

#[test]
fn a_submission_with_bad_attempts_is_scored_against_a_folder_of_tasks() {
    let answered = TASK.replace(r#""input":[[2,0]]"#, r#""input":[[2,0]],"output":[[0,2]]"#);
    let input = tasks(&[("a.json", &answered), ("b.json", &answered), ("c.json", &answered)]);
    let submission = tasks(&[(
        "s.json",
        r#"{"a": [{"attempt_1": [], "attempt_2": [[0, 2]]}], "b": [{"attempt_1": [[0, 2], [1]], "attempt_2": [[0, 2.0]]}]}"#,
    )]);
    let score = || {
        let mut command = tenfold();
        command.arg("score").arg(submission.path().join("s.json")).arg("--solutions").arg(input.path());
        command
    };
    let shown = score().assert().success();
    shown.stdout(
        predicate::str::contains("1 of 3").and(predicate::str::contains("task b: test 1 attempt_1: row 2 is 1 long")),
    );
    let json: Value = serde_json::from_slice(&score().arg("--json").output().unwrap().stdout).unwrap();
    assert_eq!((json["malformed"].as_array().unwrap().len(), &json["missing"][0]), (3, &"c".into()));
}
