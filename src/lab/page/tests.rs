use super::*;
use crate::config::experiment::{Fits, Setting};
use crate::latent::DigitMatrix;
use crate::pipeline::solve_one;
use crate::report::RunFolder;
use crate::report::examples::puzzle;
use std::ops::ControlFlow;

/// A run of the example puzzles with these ids, at two steps.
fn write_run(folder: &Path, ids: &[&str], variants: &[&str]) {
    write_run_by(&Config { steps: 2, stable_steps: 0, ..Config::default() }, folder, ids, variants);
}

fn write_run_by(config: &Config, folder: &Path, ids: &[&str], variants: &[&str]) {
    let mut fits = Fits::of(config);
    if variants.len() > 1 {
        let table = variants.iter().map(|&name| (name.to_owned(), toml::Value::Table(fits.declaration.clone())));
        fits.declaration = toml::Table::from_iter([("variants".to_owned(), toml::Value::Table(table.collect()))]);
    }
    let mut run = RunFolder::open(folder, &fits.declaration, false).unwrap();
    let puzzles: Vec<Puzzle> = ids.iter().map(|&id| Puzzle { id: id.to_owned(), ..puzzle() }).collect();
    run.save_tasks(&puzzles).unwrap();
    for puzzle in &puzzles {
        for &variant in variants {
            let setting = Setting { variant: variant.to_owned(), config: config.clone() };
            let (problem, fitted) = solve_one(puzzle, config, Some(1), |_| ControlFlow::Continue(())).unwrap().unwrap();
            run.save(&PuzzleRecord::new(puzzle, &setting, &problem, &fitted)).unwrap();
        }
    }
}

#[test]
fn a_page_has_every_puzzle_and_nothing_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let odd = "<script>&\"'";
    write_run(folder.path(), &["one", odd], &["base"]);
    let page = runs_page(&[folder.path().to_owned()]).unwrap();
    assert_eq!(page.matches("<article class=\"card\"").count(), 2);
    assert!(!page.contains(odd) && page.contains("data-id=\"&lt;script&gt;&amp;"), "ids are escaped");
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("@import"), "no network");
    assert!(page.contains("pass@2") && page.contains("MB, by its estimate") && page.contains("class=\"kl\""));
    assert_eq!(page, runs_page(&[folder.path().to_owned()]).unwrap(), "the same run makes the same page");
}

#[test]
fn where_readings_are_sure_a_page_says_so_and_has_no_costs() {
    let folder = tempfile::tempdir().unwrap();
    write_run_by(&Config { steps: 2, ..Config::default() }, folder.path(), &["one"], &["base"]);
    let page = runs_page(&[folder.path().to_owned()]).unwrap();
    assert!(page.contains("without a fit: readings are sure"));
    assert!(!page.contains("class=\"kl\"") && !page.contains("<table class=\"tensors\">") && !page.contains("NaN"));
}

#[test]
fn variants_and_runs_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second, third] = ["a/run", "b/run", "c"].map(|name| folder.path().join(name));
    write_run(&first, &["one"], &["x", "y"]);
    write_run(&second, &["one"], &["base"]);
    let page = runs_page(&[first.clone(), second]).unwrap();
    for says in ["run: y against run: x", "run (2) against run: x", "<option value=\"2\">run (2)</option>"] {
        assert!(page.contains(says), "{says}");
    }
    assert!(runs_page(std::slice::from_ref(&first)).unwrap().contains("<h2>y against x</h2>"));

    let other = Puzzle { train: vec![puzzle().train[0].clone()], id: "one".into(), ..puzzle() };
    write_run(&third, &["two"], &["base"]);
    std::fs::write(third.join("tasks.json"), serde_json::json!({"one": other, "two": puzzle()}).to_string()).unwrap();
    let error = runs_page(&[first.clone(), third.clone()]).unwrap_err();
    assert!(matches!(&error, PageError::OtherPuzzle { id, .. } if id == "one"), "{error}");
    std::fs::write(third.join("tasks.json"), serde_json::json!({"one": puzzle()}).to_string()).unwrap();
    let error = runs_page(&[third]).unwrap_err();
    assert!(matches!(&error, PageError::NoPuzzle { id, .. } if id == "two"), "{error}");
    assert!(matches!(runs_page(&[folder.path().to_owned()]), Err(PageError::Run(_))), "no run");
}

#[test]
fn groups_are_shown_beside_those_that_are_near() {
    let group = |digit: u8, title: &str| PagedGroup {
        article: None,
        title: title.into(),
        text: "Some text <b>".into(),
        keywords: vec!["key".into()],
        says: Vec::new(),
        matrix: DigitMatrix::from_cells([digit; 100]).unwrap(),
    };
    let page = matrices_page("an article", &[group(1, "first"), group(7, "second"), group(2, "third")]);
    assert_eq!(page.matches("<article class=\"card group\"").count(), 3);
    let (_, nearest) = page.split_once("class=\"nearest\"").unwrap();
    assert!(
        nearest.starts_with("><li><a href=\"#id=3\">3</a> <b>100</b> apart, 100 cells: third"),
        "{}",
        &nearest[..90]
    );
    assert!(page.contains("id=\"heat\"") && page.contains("Some text &lt;b&gt;"));
    assert!(!matrices_page("one", &[group(1, "first")]).contains("id=\"heat\""), "one is like nothing");
}
