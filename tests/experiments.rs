//! Whole experiments as machines and people treat them: killed, spread over shards, changed in between. Whatever happens,
//! the records are those of one undisturbed run.
#![cfg(unix)]

mod common;

use assert_cmd::Command;
use common::{records, timeless};
use predicates::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

const SETTINGS: &str = "seeds = [0, 4]\n[settings]\nsteps = 12\nstable_steps = 0\nreadings = 2\nengine = \"fused\"\n[variants.exact]\n[variants.published]\n\
    network.equivariance = \"published\"\n[subset]\nids = [\"colour_swap\", \"frame_grid\", \"gravity_down\"]\n";

/// A declaration over `arc_tasks`.
fn declare(folder: &Path, name: &str, rest: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, format!("data = \"{}/arc_tasks\"\n{rest}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    file
}

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

fn run(experiment: &Path, output: &Path) -> Command {
    let mut command = tenfold();
    command.arg("run").arg(experiment).arg("--output").arg(output).args(["--workers", "2", "--threads", "1"]);
    command
}

#[test]
fn a_run_that_is_killed_again_and_again_has_the_records_of_an_undisturbed_one() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = declare(folder.path(), "e.toml", SETTINGS);
    let (calm, killed) = (folder.path().join("calm"), folder.path().join("killed"));
    let begin = Instant::now();
    run(&experiment, &calm).assert().success();
    let whole = begin.elapsed();
    assert_eq!(timeless(&calm).len(), 3 * 2 * 2, "a record a puzzle, variant and seed");

    let binary = assert_cmd::cargo::cargo_bin!("tenfold");
    for kill in 0..8u32 {
        let mut child = std::process::Command::new(binary)
            .arg("run")
            .args([&experiment, &PathBuf::from("--output"), &killed])
            .args(["--workers", "2", "--threads", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * (1 + kill % 4) / 9);
        child.kill().unwrap();
        child.wait().unwrap();
        // What a write that was cut through leaves.
        if kill % 3 == 1 && killed.join("records.jsonl").exists() {
            let mut lines = std::fs::read(killed.join("records.jsonl")).unwrap();
            lines.extend(br#"{"schema":7,"id":"colour_sw"#);
            std::fs::write(killed.join("records.jsonl"), lines).unwrap();
        }
    }
    run(&experiment, &killed).assert().success();
    assert_eq!(timeless(&killed), timeless(&calm));

    let lines = records(&killed);
    run(&experiment, &killed).assert().success();
    assert_eq!(records(&killed), lines, "nothing is fitted twice");
}

#[test]
fn shards_merged_are_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = declare(folder.path(), "e.toml", SETTINGS);
    let whole = folder.path().join("whole");
    run(&experiment, &whole).assert().success();
    let shards = ["1/3", "2/3", "3/3"].map(|shard| {
        let output = folder.path().join(shard.replace('/', "of"));
        run(&experiment, &output).args(["--shard", shard]).assert().success();
        assert_eq!(records(&output).len(), 4);
        output
    });
    let merged = folder.path().join("merged");
    let merge = |shards: &[PathBuf]| {
        let mut command = tenfold();
        command.arg("merge").args(shards).arg("--output").arg(&merged);
        command
    };
    merge(&shards[..2]).assert().success().stdout(predicate::str::contains("8 records of 2 runs"));
    merge(&shards).assert().success();
    assert_eq!(timeless(&merged), timeless(&whole));
    run(&experiment, &merged).assert().success();
    assert_eq!(records(&merged).len(), 12, "a merged run is a run, and has nothing left to do");
    let score = |run: &Path| {
        let json = tenfold().args(["score", "--json"]).arg(run).output().unwrap().stdout;
        let mut json: Value = serde_json::from_slice(&json).unwrap();
        for part in ["variants", "paired"] {
            json[part].as_array_mut().unwrap().iter_mut().for_each(|one| one["seconds"] = Value::Null);
        }
        json
    };
    assert_eq!(score(&merged), score(&whole));

    let other = folder.path().join("other");
    let changed = declare(folder.path(), "other.toml", &SETTINGS.replace("12", "3"));
    run(&changed, &other).assert().success();
    let refused = merge(&[merged.clone(), other]).assert().failure();
    refused.stderr(predicate::str::contains("variants.exact.steps = 3 there, variants.exact.steps = 12 now"));
    run(&experiment, &merged).args(["--shard", "4/3"]).assert().code(2);
}

#[test]
fn what_is_declared_otherwise_is_refused_and_the_records_stay() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let settings = SETTINGS.replace("12", "2");
    let experiment = declare(folder.path(), "e.toml", &settings);
    run(&experiment, &output).assert().success();
    let lines = records(&output);
    for (from, to, says) in [
        ("steps = 2", "steps = 3", "variants.exact.steps = 2 there, variants.exact.steps = 3 now"),
        ("[0, 4]", "[0, 5]", "seeds = [0, 4] there, seeds = [0, 5] now"),
        ("\"frame_grid\", ", "", "subset.ids = "),
        ("network.equivariance = \"published\"", "", "variants.published.network.equivariance"),
    ] {
        let changed = declare(folder.path(), "changed.toml", &settings.replace(from, to));
        run(&changed, &output).assert().failure().stderr(predicate::str::contains(says));
    }
    assert_eq!(records(&output), lines);
    let reworded = declare(folder.path(), "reworded.toml", &format!("# as before\n{settings}"));
    run(&reworded, &output).assert().success();
    let wrong = declare(folder.path(), "wrong.toml", "stepz = 3");
    run(&wrong, &folder.path().join("none")).assert().failure().stderr(predicate::str::contains("stepz"));
    assert!(!folder.path().join("none").exists());
}

#[test]
fn a_run_ends_with_the_comparison_that_score_gives_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let experiment = declare(folder.path(), "e.toml", &SETTINGS.replace("12", "2"));
    let ran = run(&experiment, &output).assert().success();
    let ran = String::from_utf8(ran.get_output().stdout.clone()).unwrap();
    assert!(ran.contains("published against exact: 6 pairs of the same puzzle and seed"), "{ran}");
    let score = || {
        let mut command = tenfold();
        command.arg("score").arg(&output);
        command
    };
    score().assert().success().stdout(predicate::eq(ran));
    let json: Value = serde_json::from_slice(&score().arg("--json").output().unwrap().stdout).unwrap();
    assert_eq!((&json["variants"][0]["variant"], &json["paired"][0]["judged"]), (&"exact".into(), &6.into()));
    assert!(!output.join("submission.json").exists(), "a puzzle of several fits has no one answer");
    let solutions = format!("{}/arc_tasks", env!("CARGO_MANIFEST_DIR"));
    score().args(["--solutions", &solutions]).assert().success().stdout(predicate::str::contains("exact McNemar"));
}

/// Begins a run of one worker, waits until it is at work, and sends it SIGINT so many times; its status, and what it said.
fn interrupted(experiment: &Path, output: &Path, times: usize) -> (Option<i32>, String) {
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
        .arg("run")
        .args([experiment, Path::new("--output"), output])
        .args(["--workers", "1", "--threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !output.join("live.json").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..times {
        let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        std::thread::sleep(Duration::from_millis(200));
    }
    let ended = child.wait_with_output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn an_interrupt_finishes_the_records_at_hand_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let experiment = declare(folder.path(), "e.toml", &SETTINGS.replace("12", "60"));
    let (status, said) = interrupted(&experiment, &output, 1);
    assert_eq!(status, Some(130), "{said}");
    assert!(said.contains("finishing what is at hand") && said.contains("go on by the same command"), "{said}");
    let kept = records(&output);
    assert!((1..12).contains(&kept.len()) && kept.iter().all(|record| record["cut"] == false), "{}", kept.len());
    assert!(!output.join("live.json").exists(), "nothing is at work");
}

#[test]
fn a_second_interrupt_ends_a_run_after_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let experiment = declare(folder.path(), "e.toml", &SETTINGS.replace("12", "1000000"));
    let (status, said) = interrupted(&experiment, &output, 2);
    assert_eq!(status, Some(130), "{said}");
    assert!(said.contains("go on by the same command"), "{said}");
    assert!(records(&output).is_empty(), "what was at hand is no record");
}
