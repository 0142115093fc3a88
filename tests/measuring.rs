//! The verbs that measure, against what their numbers are made of.

mod common;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Two train pairs, and a test whose output is known.
const MIRRORED: &str = r#"{"train":[{"input":[[1,0,2]],"output":[[2,0,1]]},{"input":[[3,3,0],[0,1,2]],"output":[[0,3,3],[2,1,0]]}],
    "test":[{"input":[[0,0,3]],"output":[[3,0,0]]}]}"#;
const SWAPPED: &str =
    r#"{"train":[{"input":[[1,2],[2,1]],"output":[[2,1],[1,2]]}],"test":[{"input":[[1,1]],"output":[[2,2]]}]}"#;

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

fn printed(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn analyze_tells_what_runs_and_files_hold() {
    let folder = tempfile::tempdir().unwrap();
    let [tasks, run, tables] = ["tasks", "run", "tables"].map(|name| folder.path().join(name));
    fs::create_dir(&tasks).unwrap();
    for (name, task) in [("mirrored", MIRRORED), ("swapped", SWAPPED)] {
        fs::write(tasks.join(format!("{name}.json")), task).unwrap();
    }
    let mut solve = tenfold();
    solve.args(["solve", "--quiet", "--engine", "fused", "--steps", "5", "--stable-steps", "0", "--seeds", "2"]);
    solve.arg("--output").arg(&run).arg(&tasks).assert().success();
    let file = folder.path().join("a,b.tenfold");
    let mut compress = tenfold();
    compress.args(["compress", "--code", "latents", "--steps", "8", "--output"]).arg(&file);
    compress.arg(tasks.join("mirrored.json")).assert().success();

    let mut analyze = tenfold();
    analyze.arg("analyze").args([&run, &file]).arg("--puzzles").arg(&tasks).arg("--output").arg(&tables).arg("--json");
    let report = printed(&mut analyze);

    for puzzle in report["runs"]["puzzles"].as_array().unwrap() {
        let record = common::record(&run, puzzle["id"].as_str().unwrap());
        let seeds = record["seeds"].as_array().unwrap();
        for (told, kept) in [("kl_bits", "kl"), ("reconstruction_bits", "reconstruction")] {
            let mean = seeds.iter().map(|seed| number(&seed[kept]["bits"])).sum::<f64>() / seeds.len() as f64;
            assert!((number(&puzzle[told]) / mean - 1.0).abs() < 1e-12, "{told}: {} for {mean}", puzzle[told]);
        }
        assert_eq!((seeds.len(), &puzzle["steps"], &puzzle["solved"]), (2, &5.into(), &record["solved"]));
    }
    let lines = |name: &str| fs::read_to_string(tables.join(name)).unwrap().lines().count();
    assert_eq!((lines("lengths.csv"), lines("kl-over-steps.csv"), lines("learning.csv")), (3, 6, 3));

    let learning = report["learning"]["puzzles"].as_array().unwrap();
    for (puzzle, (id, cells)) in learning.iter().zip([("mirrored", vec![3, 6]), ("swapped", vec![4])]) {
        assert_eq!(puzzle["id"], id);
        let outputs = puzzle["outputs"].as_array().unwrap();
        assert_eq!(outputs.iter().map(|output| output["cells"].clone()).collect::<Vec<_>>(), cells);
        assert!(outputs.iter().all(|output| number(&output["bits"]) > 0.0));
        let answers = puzzle["answers"].as_array().unwrap();
        assert!(
            answers
                .iter()
                .all(|answer| number(&answer["right"]) > 0.0 && !answer["wrong"].as_array().unwrap().is_empty())
        );
    }

    let row = &report["files"][0];
    let length = fs::metadata(&file).unwrap().len();
    assert_eq!(
        (&row["file"], &row["file_bits"], &row["cells"]),
        (&"a,b.tenfold".into(), &(8 * length).into(), &21.into())
    );
    let parts: u64 =
        ["latent_bits", "weight_bits", "residual_bits"].iter().map(|part| row[part].as_u64().unwrap()).sum();
    assert!(parts > 0 && parts < 8 * length, "{row}");
    // Twenty-one cells of four colours.
    assert!((number(&row["raw_bits"]) - 42.0).abs() < 1e-9, "{row}");
    let csv = fs::read_to_string(tables.join("files.csv")).unwrap();
    assert!(
        csv.lines().nth(1).unwrap().starts_with(&format!("\"a,b.tenfold\",dithered,posterior,{},", 8 * length)),
        "{csv}"
    );
}

#[test]
fn analyze_names_what_is_missing_or_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let [task, other, run, broken] =
        ["swapped.json", "mirrored.json", "run", "x.tenfold"].map(|name| folder.path().join(name));
    fs::write(&task, SWAPPED).unwrap();
    fs::write(&other, MIRRORED).unwrap();
    fs::write(&broken, "no file of ours").unwrap();
    let mut solve = tenfold();
    solve
        .args(["solve", "--quiet", "--engine", "fused", "--steps", "2", "--output"])
        .arg(&run)
        .arg(&task)
        .assert()
        .success();
    let refused = |arguments: &[&Path], told: &str| {
        tenfold().arg("analyze").args(arguments).assert().failure().stderr(predicate::str::contains(told));
    };
    refused(&[&run, "--puzzles".as_ref(), &other], "swapped: not among the tasks");
    refused(&[&broken], "x.tenfold");
    refused(&[&folder.path().join("nothing")], "nothing");
}

#[test]
fn budgets_are_those_of_the_files_that_compress_writes() {
    let folder = tempfile::tempdir().unwrap();
    let [article, settings, plots] = ["a.txt", "m.toml", "plots"].map(|name| folder.path().join(name));
    let sentence = |i: usize| format!("Sentence number{i} speaks of topic{} and of thing{} beside. ", i % 3, i * 7);
    fs::write(&article, (0..12).map(sentence).collect::<String>()).unwrap();
    fs::write(&settings, "steps = 30\n").unwrap();
    let experiment = || {
        let mut command = tenfold();
        command.arg("experiment").arg(&article).arg("--config").arg(&settings);
        command
    };
    let measured = printed(experiment().args(["--budgets", "12,80", "--json", "--plot"]).arg(&plots));
    let measured = measured.as_array().unwrap();
    assert_eq!(measured.len(), 2);
    let mut sent = Vec::new();
    for (one, budget) in measured.iter().zip(["12", "80"]) {
        let file = folder.path().join(budget);
        let mut compress = tenfold();
        compress
            .args(["compress", "--effort", "1", "--matrix", "digits", "--matrix-bits", budget, "--output"])
            .arg(&file);
        compress.arg(&article).assert().success();
        assert_eq!(one["file_bytes"].as_u64().unwrap(), fs::metadata(&file).unwrap().len());
        let inspected = printed(tenfold().arg("inspect").arg(&file).arg("--json"));
        let groups = number(&inspected["matrices"]["groups"]);
        assert_eq!(number(&one["sent_bits"]), 8.0 * number(&one["digits_bytes"]) / groups);
        let recalls = one["recall_by_digits"].as_array().unwrap();
        assert!(recalls.len() == 3 && recalls.iter().all(|recall| (0.0..=1.0).contains(&number(recall))));
        sent.push(number(&one["sent_bits"]));
    }
    assert!(sent[0] < sent[1], "a larger budget is spent: {sent:?}");
    assert!(fs::read(plots.join("budgets.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(fs::read_to_string(plots.join("budgets.svg")).unwrap().contains("<svg"));
    experiment()
        .args(["--budgets", "12", "--seeds", "2"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("--seeds"));
    experiment().args(["--budgets", "-1"]).assert().failure();
}
