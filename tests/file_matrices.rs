//! Articles' files with matrices, as a user makes and reads them.

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tenfold::internals::code::CodeError;
use tenfold::internals::pipeline::article::{self, ArticleError};
use tenfold::internals::pipeline::gist::FileMatrices;

fn tenfold(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tenfold"));
    command.args(arguments);
    command
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn output(arguments: &[&str]) -> String {
    String::from_utf8(tenfold(arguments).assert().success().get_output().stdout.clone()).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&output(arguments)).unwrap()
}

/// A file of mixed.md made with these flags, and the folder that it is in.
fn compressed(flags: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixed.tenfold").display().to_string();
    let article = golden("mixed.md").display().to_string();
    tenfold(&["compress", &article, "-o", &file, "--effort", "1"]).args(flags).assert().success();
    (folder, file)
}

#[test]
fn every_mode_gives_the_article_back_and_the_ledger_sums_to_the_file() {
    let mut lengths = Vec::new();
    for flags in [
        &["--no-matrix"][..],
        &["--matrix", "digits"],
        &["--matrix", "digits", "--matrix-bits", "332"],
        &["--matrix", "gist"],
    ] {
        let (_folder, file) = compressed(flags);
        assert_eq!(output(&["decompress", &file, "-o", "-"]).as_bytes(), fs::read(golden("mixed.md")).unwrap());
        let inspection = json(&["inspect", &file, "--json"]);
        let bits: u64 =
            inspection["entries"].as_array().unwrap().iter().map(|entry| entry["bits"].as_u64().unwrap()).sum();
        assert_eq!(bits, 8 * fs::metadata(&file).unwrap().len());
        lengths.push(bits);
    }
    assert!(lengths.is_sorted(), "{lengths:?}");
    assert!(lengths[1] < lengths[0] + lengths[0] / 20, "digits on their usual budget: {lengths:?}");
}

#[test]
fn a_budget_for_no_digits_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mixed.tenfold").display().to_string();
    let article = golden("mixed.md").display().to_string();
    for flags in [&["--matrix", "none"][..], &["--no-matrix"]] {
        tenfold(&["compress", &article, "-o", &file, "--matrix-bits", "9"])
            .args(flags)
            .assert()
            .failure()
            .stderr(predicate::str::contains("--matrix-bits"));
        assert!(!Path::new(&file).exists());
    }
}

#[test]
fn files_are_the_same_from_one_thread_and_from_two() {
    let (_one, from_one) = compressed(&["--matrix", "gist", "--threads", "1"]);
    let (_two, from_two) = compressed(&["--matrix", "gist", "--threads", "2"]);
    assert_eq!(fs::read(from_one).unwrap(), fs::read(from_two).unwrap());
}

#[test]
fn matrices_and_gist_are_read_from_the_file() {
    let (_folder, file) = compressed(&["--matrix", "gist"]);
    let read = FileMatrices::read(&fs::read(&file).unwrap()).unwrap().unwrap();
    let shown = json(&["matrices", &file, "--json"]);
    let shown_with_gist = json(&["matrices", &file, "--json", "--gist"]);
    let groups = shown["groups"].as_array().unwrap();
    assert_eq!(groups.len(), read.digits.matrices.len());
    let article = json(&["groups", &golden("mixed.md").display().to_string(), "--json"]);
    for ((shown, matrix), group) in groups.iter().zip(&read.digits.matrices).zip(article["groups"].as_array().unwrap())
    {
        assert_eq!(shown["matrix"], serde_json::to_value(matrix).unwrap());
        assert_eq!(shown["text"], group["text"]);
    }
    let gist = json(&["gist", &file, "--json"]);
    assert_eq!(gist["groups"].as_array().unwrap().len(), groups.len());
    for (says, shown) in gist["groups"].as_array().unwrap().iter().zip(shown_with_gist["groups"].as_array().unwrap()) {
        assert_eq!((&says["title"], &says["keywords"]), (&shown["titled"], &shown["says"]));
        assert!(!says["keywords"].as_array().unwrap().is_empty() && !says["text"].as_str().unwrap().is_empty());
    }
    let said = output(&["gist", &file]);
    assert!(["keywords: ", "text: ", "nearest: "].iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn a_file_without_matrices_says_how_to_get_them() {
    let (_folder, file) = compressed(&["--no-matrix"]);
    for verb in ["matrices", "gist"] {
        tenfold(&[verb, &file]).assert().failure().stderr(predicate::str::contains("--matrix"));
    }
    let (_folder, file) = compressed(&[]);
    tenfold(&["gist", &file]).assert().success().stdout(predicate::str::contains("--matrix gist"));
}

#[test]
fn gists_are_read_for_ever() {
    for version in ["v1", "v2"] {
        let file = fs::read(golden(&format!("mixed.md.gist.{version}.tenfold"))).unwrap();
        let mut content = Vec::new();
        article::decompress(&file, &mut content).unwrap();
        assert_eq!(content, fs::read(golden("mixed.md")).unwrap());
        let read = FileMatrices::read(&file).unwrap().unwrap();
        let expected = fs::read(golden(&format!("mixed.md.gist.{version}.json"))).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        assert_eq!(serde_json::to_value(&read.digits.matrices).unwrap(), expected["matrices"]);
        let says = read.says().unwrap();
        let keywords: Vec<_> = says.iter().map(|says| &says.keywords).collect();
        assert_eq!(serde_json::to_value(keywords).unwrap(), expected["words"]);
        let titles: Vec<_> = says.iter().map(|says| &says.title).collect();
        let texts: Vec<_> = says.iter().map(|says| &says.text).collect();
        if version == "v1" {
            assert!(titles.iter().all(|title| title.is_empty()) && texts.iter().all(|text| text.is_empty()));
        } else {
            assert_eq!(serde_json::to_value(titles).unwrap(), expected["titles"]);
            assert_eq!(serde_json::to_value(texts).unwrap(), expected["texts"]);
        }
    }
}

#[test]
fn every_cut_and_changes_of_each_byte_are_refused() {
    let file = fs::read(golden("mixed.md.gist.v2.tenfold")).unwrap();
    let refused = |file: &[u8]| {
        let mut content = Vec::new();
        matches!(article::decompress(file, &mut content), Err(ArticleError::Code(_)))
            && FileMatrices::read(file).is_err()
    };
    for length in 0..file.len() {
        assert!(refused(&file[..length]), "cut to {length}");
    }
    for change in 0..10_000 {
        let mut changed = file.clone();
        changed[change * 7 % file.len()] ^= 1 + (change / file.len()) as u8;
        assert!(refused(&changed), "change {change}");
    }
    assert!(matches!(FileMatrices::read(b"PK"), Err(CodeError::Magic { .. })));
}
