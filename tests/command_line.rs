//! The commands as a user runs them.

mod common;

use assert_cmd::Command;
use common::{record, records, timeless};
use predicates::prelude::*;
use serde_json::Value;
use std::path::Path;

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

fn task(name: &str) -> String {
    format!("{}/arc_tasks/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// `solve` in three steps, whatever is known without.
fn quick(output: &Path) -> Command {
    let mut command = tenfold();
    command.args(["solve", "--steps", "3", "--stable-steps", "0", "--device", "cpu", "--threads", "1", "--output"]);
    command.arg(output);
    command
}

#[test]
fn a_run_leaves_records_and_a_submission() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let picture = folder.path().join("p.png");
    quick(&run)
        .args([task("frame_grid"), task("rotate_quarter")])
        .arg("--png")
        .arg(&picture)
        .assert()
        .success()
        .stdout(predicate::str::contains("frame_grid: ").and(predicate::str::contains("of 2 solved; results in")))
        .stdout(predicate::str::contains('\u{1b}').not());

    let submission = read(&run.join("submission.json"));
    let ids: Vec<&String> = submission.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["frame_grid", "rotate_quarter"]);
    assert!(submission["frame_grid"][0]["attempt_1"][0][0].is_u64());
    assert!(submission["frame_grid"][0]["attempt_2"].is_array());

    let record = record(&run, "frame_grid");
    assert_eq!((&record["steps"], &record["variant"], &record["seed"]), (&3.into(), &"base".into(), &0.into()));
    let kl = &record["seeds"][0]["kl"];
    let ratio = kl["nats"].as_f64().unwrap() / kl["bits"].as_f64().unwrap();
    assert!((ratio - 2f64.ln()).abs() < 1e-12);
    assert_eq!(record["seeds"][0]["kl_by_tensor"].as_object().unwrap().len(), 18);
    assert_eq!(record["curve"].as_array().unwrap().len(), 3);
    assert_eq!(read(&run.join("tasks.json")).as_object().unwrap().len(), 2);
    assert!(std::fs::read_to_string(run.join("config.toml")).unwrap().contains("steps = 3"));
    assert!(folder.path().join("p-rotate_quarter.png").exists());
}

#[test]
fn a_run_goes_on_where_it_stopped_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    quick(&run).arg(task("frame_grid")).assert().success();
    let first = records(&run);

    quick(&run).arg(task("frame_grid")).assert().failure().stderr(predicate::str::contains("--resume"));
    quick(&run).args(["--resume", &task("frame_grid"), &task("rotate_quarter")]).assert().success();
    assert_eq!(records(&run)[..1], first, "fitted once");
    assert_eq!(read(&run.join("submission.json")).as_object().unwrap().len(), 2);
    quick(&run)
        .args(["--resume", "--seed", "1", &task("frame_grid")])
        .assert()
        .failure()
        .stderr(predicate::str::contains("seed = 0 there, seed = 1 now"));
}

#[test]
fn the_same_seed_gives_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    let curve = |name: &str, seed: &str| {
        let run = folder.path().join(name);
        quick(&run).args(["--seed", seed, &task("frame_grid")]).assert().success();
        timeless(&run)
    };
    assert_eq!(curve("a", "4"), curve("b", "4"));
    let first_step = |name, seed| {
        curve(name, seed);
        record(&folder.path().join(name), "frame_grid")["curve"][0].clone()
    };
    assert_ne!(first_step("c", "5"), first_step("d", "6"));
}

#[test]
fn seeds_side_by_side_cost_what_each_costs_alone() {
    let folder = tempfile::tempdir().unwrap();
    let losses = |name: &str, arguments: &[&str]| -> Vec<f64> {
        let run = folder.path().join(name);
        quick(&run).args(arguments).arg(task("rotate_quarter")).assert().success();
        let record = record(&run, "rotate_quarter");
        let seeds = record["seeds"].as_array().unwrap();
        seeds.iter().map(|seed| seed["reconstruction"]["nats"].as_f64().unwrap()).collect()
    };
    let together = losses("both", &["--seeds", "2", "--seed", "7"]);
    let apart = [losses("first", &["--seed", "7"])[0], losses("second", &["--seed", "8"])[0]];
    for (together, apart) in together.iter().zip(apart) {
        assert!((together / apart - 1.0).abs() < 1e-5, "{together} and {apart}");
    }
}

#[test]
fn a_task_comes_by_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    quick(&run)
        .arg("-")
        .write_stdin(std::fs::read(task("frame_grid")).unwrap())
        .assert()
        .success()
        .stdout(predicate::str::contains("stdin: "));
}

#[test]
fn a_machine_without_cuda_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run");
    let result = tenfold()
        .args(["solve", "--steps", "1", "--device", "cuda", "--output"])
        .arg(&output)
        .arg(task("frame_grid"))
        .output()
        .unwrap();
    let error = String::from_utf8(result.stderr).unwrap();
    assert!(result.status.success() || error.contains("use --device cpu"), "{error}");
}

#[test]
fn an_engine_or_device_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str], says: &str| {
        let mut command = tenfold();
        command.args(["solve", "--steps", "1", "--output"]).arg(folder.path().join("run")).args(arguments);
        command.arg(task("frame_grid")).assert().failure().stderr(predicate::str::contains(says));
        assert!(!folder.path().join("run").exists());
    };
    refused(&["--engine", "fused", "--device", "cuda"], "the fused engine runs on the processor; use --device cpu");
    if !cfg!(feature = "torch") {
        refused(&["--engine", "torch"], "--features torch");
        refused(&["--device", "cuda"], "built without the torch engine");
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_workers_or_threads() {
    let folder = tempfile::tempdir().unwrap();
    let solve = |name: &str, arguments: &[&str]| {
        let run = folder.path().join(name);
        let names = ["frame_grid", "rotate_quarter", "gravity_down"];
        let mut command = tenfold();
        command.args(["solve", "--engine", "fused", "--steps", "4", "--output"]).arg(&run).args(arguments);
        let output = command.args(names.map(task)).assert().success().get_output().stdout.clone();
        let output = String::from_utf8(output).unwrap();
        let places = names.map(|name| output.find(&format!("{name}: ")).unwrap());
        assert!(places.is_sorted(), "shown in the order asked for");
        (std::fs::read_to_string(run.join("submission.json")).unwrap(), timeless(&run))
    };
    let one = solve("one", &["--workers", "1", "--threads", "1"]);
    assert_eq!(solve("two", &["--workers", "2"]), one);
    assert_eq!(solve("threads", &["--workers", "1", "--threads", "2"]), one);
    assert_eq!(solve("many", &["--workers", "8"]), one);
}

#[test]
fn wrong_input_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.json");
    std::fs::write(&bad, r#"{"train": [{"input": [[0, 10]], "output": [[1]]}], "test": [{"input": [[1]]}]}"#).unwrap();
    let run = folder.path().join("run");
    quick(&run)
        .arg(&bad)
        .assert()
        .failure()
        .stderr(predicate::str::contains("bad.json").and(predicate::str::contains("train pair 1 input")))
        .stderr(predicate::str::contains("row 1, column 2 holds 10"));
    assert!(!run.exists());
    quick(&run).args(["--threads", "0"]).arg(task("frame_grid")).assert().failure();
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, "stepz = 4\n").unwrap();
    quick(&run)
        .arg(task("frame_grid"))
        .arg("--config")
        .arg(&settings)
        .assert()
        .failure()
        .stderr(predicate::str::contains("settings.toml").and(predicate::str::contains("stepz")));
}

#[test]
fn a_submission_is_scored_three_ways() {
    let folder = tempfile::tempdir().unwrap();
    let submission = folder.path().join("submission.json");
    let solutions = folder.path().join("solutions.json");
    let pair = |first, second| format!(r#"{{"attempt_1": [[{first}]], "attempt_2": [[{second}]]}}"#);
    std::fs::write(&submission, format!(r#"{{"a": [{}, {}], "b": [{}]}}"#, pair(1, 2), pair(3, 4), pair(5, 6)))
        .unwrap();
    std::fs::write(&solutions, r#"{"a": [[[2]], [[9]]], "b": [[[5]]]}"#).unwrap();
    let output = tenfold()
        .args(["score", "--json", "--solutions"])
        .args([&solutions, &submission])
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let score: Value = serde_json::from_slice(&output).unwrap();
    let values: Vec<f64> =
        score.as_object().unwrap().values().filter_map(|estimate| estimate["value"].as_f64()).collect();
    assert_eq!(values, [2.0 / 3.0, 0.75, 0.5], "outputs, mean over tasks, whole tasks");
    tenfold().arg("score").arg(&submission).arg("--solutions").arg(&solutions).assert().success();
}

#[test]
fn groups_join_to_the_article() {
    let folder = tempfile::tempdir().unwrap();
    let article = folder.path().join("article.md");
    let text = format!(
        "# Обзор\n\n{}\n## 信息\n\n{}\n",
        "Одно предложение за другим. ".repeat(20),
        "信息压缩技术。".repeat(50)
    );
    std::fs::write(&article, &text).unwrap();
    let output = tenfold().arg("groups").arg(&article).args(["--json", "--max", "220"]).output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let groups = printed["groups"].as_array().unwrap();
    let place = |group: &Value, end: &str| group[end].as_u64().unwrap() as usize;
    let bytes: Vec<u8> =
        groups.iter().flat_map(|group| &text.as_bytes()[place(group, "start")..place(group, "end")]).copied().collect();
    assert_eq!(bytes, text.as_bytes());
    let seen: String = groups.iter().map(|group| group["text"].as_str().unwrap()).collect();
    assert_eq!(
        seen.split_whitespace().collect::<String>(),
        text.replace('#', "").split_whitespace().collect::<String>()
    );
    assert_eq!((&groups[0]["title"], &groups[groups.len() - 1]["title"]), (&"Обзор".into(), &"信息".into()));

    let shown = tenfold().arg("groups").arg(&article).assert().success();
    shown.stdout(predicate::str::contains("groups (markdown, UTF-8); keywords: "));
    tenfold().args(["groups", "no/such/file"]).assert().failure().stderr(predicate::str::contains("no/such/file"));
}

fn twelve_sentences() -> String {
    let sentence = |i| format!("Sentence number{i} speaks of topic{} and of thing{i} beside. ", i % 3);
    (0..12).map(sentence).collect::<Vec<_>>().concat()
}

#[test]
fn matrices_are_ten_rows_of_ten_digits() {
    let folder = tempfile::tempdir().unwrap();
    let article = folder.path().join("article.txt");
    let text = twelve_sentences();
    std::fs::write(&article, &text).unwrap();
    let settings = folder.path().join("matrices.toml");
    std::fs::write(&settings, "steps = 20\n").unwrap();
    let matrices = || {
        let mut command = tenfold();
        command.arg("matrices").arg(&article).arg("--config").arg(&settings);
        command
    };
    let [npy, png] = ["m.npy", "m.png"].map(|name| folder.path().join(name));
    let output = matrices().args(["--json", "--gist", "--npy"]).arg(&npy).arg("--png").arg(&png).output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let groups = printed["groups"].as_array().unwrap();
    let joined: String = groups.iter().map(|group| group["text"].as_str().unwrap()).collect();
    assert_eq!(joined, text);
    for group in groups {
        let rows = group["matrix"].as_array().unwrap();
        let digits: Vec<u64> =
            rows.iter().flat_map(|row| row.as_array().unwrap()).map(|d| d.as_u64().unwrap()).collect();
        assert!(rows.len() == 10 && digits.len() == 100 && digits.iter().all(|&digit| digit < 10));
        assert!(group["title"].is_string() && group["keywords"].is_array());
        assert!(!group["says"].as_array().unwrap().is_empty());
    }
    assert!(std::fs::read(&npy).unwrap().starts_with(b"\x93NUMPY"));
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG"));

    let csv = String::from_utf8(matrices().arg("--csv").output().unwrap().stdout).unwrap();
    assert_eq!(csv.lines().count(), groups.len() + 1);
    matrices().arg("--merge").assert().success().stdout(predicate::str::contains("1 matrices"));
    for method in ["lsa", "simhash", "vae"] {
        matrices().args(["--method", method]).assert().success().stdout(predicate::str::contains("matrices; entropy"));
    }
    matrices().args(["--method", "vae", "--gist"]).assert().success().stdout(predicate::str::contains("says: "));
    matrices().args(["--method", "lsa", "--merge"]).assert().failure().stderr(predicate::str::contains("--merge"));
    matrices().arg("--embeddings").arg(&npy).assert().failure().stderr(predicate::str::contains("shape is"));
    std::fs::write(&settings, "steps = 20\nquantiser = \"codebook\"\n").unwrap();
    matrices().assert().success().stdout(predicate::str::contains("matrices; entropy"));
    std::fs::write(&settings, "[codebook]\nrate = 2\n").unwrap();
    matrices().assert().failure().stderr(predicate::str::contains("rate = 2"));
    std::fs::write(&settings, "spreed = 1\n").unwrap();
    matrices().assert().failure().stderr(predicate::str::contains("spreed"));
}

#[test]
fn the_experiment_prints_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let [article, settings] = ["a.txt", "m.toml"].map(|name| folder.path().join(name));
    let text = twelve_sentences();
    std::fs::write(&article, &text).unwrap();
    std::fs::write(&settings, "steps = 20\n").unwrap();
    let mut command = tenfold();
    command.arg("experiment").arg(&article).arg("--config").arg(&settings).args(["--seeds", "2"]);
    command.assert().success().stdout(
        predicate::str::contains("| ours |")
            .and(predicate::str::contains("| simhash | –"))
            .and(predicate::str::contains("BLEU")),
    );
}
