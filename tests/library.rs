//! `tenfold library` as a user runs it: answers, two processes at once, kills at any moment, files that are no library.

use assert_cmd::Command;
use predicates::prelude::*;
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

fn tenfold(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tenfold"));
    command.arg("library").args(arguments);
    command
}

/// An article of its own words, so that articles differ; two groups or so.
fn write_article(folder: &Path, number: usize) -> PathBuf {
    let words =
        ["river", "stone", "lamp", "garden", "winter", "engine", "letter", "music", "glass", "harbour", "bread"];
    let sentence = |line: usize| {
        let word = |place: usize| words[(number * 7 + line * 5 + place * (number % 3 + 1)) % words.len()];
        format!(
            "The {} number {number} and the {} of the {} met a {} by the {}. ",
            word(0),
            word(1),
            word(2),
            word(3),
            word(4)
        )
    };
    let path = folder.join(format!("{number:04}.txt"));
    fs::write(&path, (0..4).map(sentence).collect::<String>()).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with a library of three articles.
fn library() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    fs::create_dir(&articles).unwrap();
    for number in 0..3 {
        write_article(&articles, number);
    }
    let library = folder.path().join("library");
    tenfold(&["add", text(&library), text(&articles)]).assert().success();
    (folder, library)
}

fn json(arguments: &[&str]) -> Value {
    let output = tenfold(arguments).arg("--json").assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

#[test]
fn what_was_added_is_listed_and_found() {
    let (folder, library) = library();
    let file = text(&library);
    let list = json(&["list", file]);
    assert_eq!(list["articles"].as_array().unwrap().len(), 3);
    assert_eq!(list["groups"], list["frames"][0]["matrices"]);
    let asked = "The letter number 1 and the river of the bread met a garden";
    let answer = json(&["query", file, asked, "--most", "2"]);
    assert!(answer[0]["by_digits"][0]["article"].as_str().unwrap().ends_with("0001.txt"), "{answer}");
    assert_eq!(answer[0]["by_hamming"].as_array().unwrap().len(), 2);
    assert_eq!(answer[0]["matrix"].as_array().unwrap().len(), 10);
    let article = folder.path().join("articles/0002.txt");
    let answers = json(&["query", file, "--file", text(&article)]);
    for answer in answers.as_array().unwrap() {
        assert_eq!(answer["text"], answer["by_digits"][0]["text"]);
    }
    for nothing in ["", "zxqv"] {
        let says = predicate::str::contains("knows no word of the text");
        tenfold(&["query", file, nothing]).assert().failure().stdout("").stderr(says);
    }
    tenfold(&["query", file, asked]).assert().success().stdout(predicate::str::contains("by digits"));
    tenfold(&["list", file]).assert().success().stdout(predicate::str::contains("the file is sound"));
    tenfold(&["add", file, text(&article)]).assert().success().stdout(predicate::str::contains("known as article 3"));
    tenfold(&["dedupe", file, "--probability", "1.5"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("--probability").and(predicate::str::contains("from 0 to 1")));
}

#[test]
fn a_library_is_no_article_by_any_name() {
    let (folder, library) = library();
    let file = text(&library);
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let article = write_article(&inner, 7);
    fs::hard_link(&library, inner.join("hard")).unwrap();
    fs::copy(&library, inner.join("copy")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&library, inner.join("soft")).unwrap();
    let refused = || predicate::str::contains("is the library itself").and(predicate::str::contains("files failed"));
    for path in [&library, &inner.join("hard")] {
        tenfold(&["add", file, text(path)]).assert().failure().stderr(refused());
    }
    assert_eq!(json(&["list", file])["articles"].as_array().unwrap().len(), 3);
    let says = refused().and(predicate::str::contains("copy is a library of tenfold"));
    tenfold(&["add", file, text(&inner)]).assert().failure().stderr(says);
    let list = json(&["list", file]);
    let articles = list["articles"].as_array().unwrap();
    assert_eq!((articles.len(), articles[3]["name"].as_str()), (4, article.to_str()), "the others are added");
    // A log that a stopped process left is no article, either.
    fs::write(folder.path().join("library-wal"), "").unwrap();
    tenfold(&["add", file, &format!("{file}-wal")]).assert().failure().stderr(refused());
}

/// The program as one who may only read; root may do everything, so that it becomes nobody.
#[cfg(unix)]
fn reading_only(folder: &Path, arguments: &[&str]) -> std::process::Output {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(folder.join("tenfold"));
    command.arg("library").args(arguments);
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.uid(65534).gid(65534);
    }
    command.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_library_that_may_not_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let (folder, library) = library();
    fs::copy(assert_cmd::cargo::cargo_bin!("tenfold"), folder.path().join("tenfold")).unwrap();
    mode(&folder.path().join("tenfold"), 0o755);
    let shelf = folder.path().join("a shelf? 100%#");
    fs::create_dir(&shelf).unwrap();
    let file = shelf.join("library");
    fs::rename(&library, &file).unwrap();
    let before = fs::read(&file).unwrap();
    for (of_file, of_folder) in [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555)] {
        mode(&file, of_file);
        mode(&shelf, of_folder);
        mode(folder.path(), 0o755);
        for arguments in [&["list", text(&file)][..], &["query", text(&file), "the river"], &["dedupe", text(&file)]] {
            let output = reading_only(folder.path(), arguments);
            assert!(output.status.success(), "{of_file:o} {of_folder:o} {output:?}");
        }
        let output = reading_only(folder.path(), &["dedupe", text(&file), "--probability", "0", "--remove"]);
        let says = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && says.contains("permissions"), "{says}");
    }
    mode(&shelf, 0o755);
    assert!(fs::read(&file).unwrap() == before);
}

/// A library of English articles that knows no word of two others; and with `--drift 1` the frame stays as it is.
#[test]
fn dedupe_removes_no_text_that_differs_from_those_that_stay() {
    let (folder, library) = library();
    let file = text(&library);
    let before = json(&["list", file])["groups"].as_u64().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let texts = [
        write(
            "russian.txt",
            "Осенью лес стоит жёлтый, грибы прячутся под листьями, а утром над полем висит густой туман.",
        ),
        write(
            "greek.txt",
            "Οι άνθρωποι πίνουν καφέ στην πλατεία, τα παιδιά παίζουν μπάλα και οι γάτες κοιμούνται στον ήλιο.",
        ),
        write(
            "copy.txt",
            "ОСЕНЬЮ лес стоит жёлтый,\nгрибы прячутся под листьями, а утром  над полем висит густой туман.",
        ),
    ];
    for path in &texts {
        tenfold(&["add", file, text(path), "--drift", "1"]).assert().success();
    }
    for arguments in [&["dedupe", file][..], &["dedupe", file, "--dry-run"], &["dedupe", file, "--probability", "0"]] {
        let says =
            predicate::str::contains("the same text").and(predicate::str::contains("1 groups found, none removed"));
        tenfold(arguments).assert().success().stdout(says);
        assert_eq!(json(&["list", file])["groups"], before + 3);
    }
    tenfold(&["dedupe", file, "--dry-run", "--remove"]).assert().failure();
    let removed = json(&["dedupe", file, "--probability", "0.99", "--remove"]);
    assert!(removed["groups"][0]["article"].as_str().unwrap().ends_with("copy.txt"), "{removed}");
    assert!(removed["groups"][0]["of_article"].as_str().unwrap().ends_with("russian.txt"), "{removed}");
    assert_eq!(json(&["list", file])["groups"], before + 2);
}

#[test]
fn groups_are_exported_by_the_name_of_the_file() {
    let (folder, library) = library();
    let groups = json(&["list", text(&library)])["groups"].clone();
    for (name, flags) in [("a.parquet", &[][..]), ("a.npy", &[]), ("b.npy", &["--bits"])] {
        let output = folder.path().join(name);
        let arguments = [&["export", text(&library), text(&output)], flags].concat();
        tenfold(&arguments).assert().success().stdout(format!("{groups} groups in {}\n", output.display()));
        tenfold(&arguments).assert().failure().stderr(predicate::str::contains("--force to replace it"));
        tenfold(&arguments).arg("--force").assert().success();
    }
    for (name, flags) in [("a.csv", &[][..]), ("c.parquet", &["--bits"])] {
        let output = folder.path().join(name);
        tenfold(&["export", text(&library), text(&output)]).args(flags).assert().failure();
        assert!(!output.exists());
    }
}

#[test]
fn two_processes_add_at_once_and_a_third_asks() {
    let (folder, library) = library();
    let mut processes = Vec::new();
    for half in 0..2 {
        let articles = folder.path().join(format!("half {half}"));
        fs::create_dir(&articles).unwrap();
        for number in 0..15 {
            write_article(&articles, 100 + 2 * number + half);
        }
        processes.push(start_adding(&library, &articles));
    }
    for _ in 0..3 {
        tenfold(&["query", text(&library), "the river and the lamp"]).assert().success();
    }
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(json(&["list", text(&library)])["articles"].as_array().unwrap().len(), 33);
}

fn start_adding(library: &Path, articles: &Path) -> Child {
    std::process::Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
        .args(["library", "add", text(library), text(articles), "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills an `add` that has printed some lines, `kills` times, each after a while of its own.
fn killed_while_adding(kills: usize) {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    let articles = folder.path().join("articles");
    fs::create_dir(&articles).unwrap();
    let mut promised: Vec<String> = Vec::new();
    for kill in 0..kills {
        for number in 0..40 {
            write_article(&articles, 40 * kill + number);
        }
        let mut process = start_adding(&library, &articles);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut take = |line: Result<String, _>| {
            // A line that was cut short is no promise.
            if let Ok(Value::Object(outcome)) = serde_json::from_str(&line.unwrap_or_default()) {
                promised.extend(outcome.get("added").map(|added| added["name"].as_str().unwrap().to_owned()));
            }
        };
        for line in lines.by_ref().take(40 * kill + kill % 7) {
            take(line);
        }
        std::thread::sleep(Duration::from_micros(1500 * kill as u64));
        process.kill().unwrap();
        process.wait().unwrap();
        lines.for_each(take);
        // Whatever was cut short, the file is sound and has all that was promised.
        if !promised.is_empty() {
            let list = json(&["list", text(&library)]);
            let names: Vec<&str> =
                list["articles"].as_array().unwrap().iter().map(|article| article["name"].as_str().unwrap()).collect();
            assert!(promised.iter().all(|name| names.contains(&name.as_str())), "{promised:?} {names:?}");
            assert_eq!(list["groups"], list["frames"][0]["matrices"]);
        }
    }
    assert!(promised.len() > kills, "{promised:?}");
}

#[test]
fn a_kill_while_adding_loses_nothing_that_was_promised() {
    killed_while_adding(4);
}

#[test]
#[ignore = "takes a minute; `make test` runs it"]
fn twenty_kills_while_adding_lose_nothing_that_was_promised() {
    killed_while_adding(20);
}

#[test]
fn what_is_no_library_is_said_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let article = write_article(folder.path(), 1);
    let is_refused = |file: &Path, says: &str| {
        let before = fs::read(file).ok();
        for arguments in [&["list", text(file)][..], &["query", text(file), "river"], &["dedupe", text(file)]] {
            let says = predicate::str::contains(says).and(predicate::str::contains(text(file)));
            tenfold(arguments).assert().failure().stderr(says);
        }
        if before.as_ref().is_some_and(|bytes| !bytes.is_empty()) {
            tenfold(&["add", text(file), text(&article)]).assert().failure().stderr(predicate::str::contains(says));
        }
        assert_eq!(fs::read(file).ok(), before);
    };
    is_refused(&path("nothing"), "is not there");
    fs::write(path("text"), "Not a database, but long enough to have a header. ".repeat(40)).unwrap();
    is_refused(&path("text"), "no library of tenfold");
    fs::write(path("empty"), "").unwrap();
    is_refused(&path("empty"), "no articles yet");
    let other = Connection::open(path("other")).unwrap();
    other.execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    drop(other);
    is_refused(&path("other"), "no library of tenfold");
    tenfold(&["add", text(folder.path()), text(&article)])
        .assert()
        .failure()
        .stderr(predicate::str::contains("read or written"));
}

#[test]
fn a_library_of_another_version_is_refused() {
    let (_folder, library) = library();
    for version in [1, 2, 3, 4, 7] {
        Connection::open(&library).unwrap().pragma_update(None, "user_version", version).unwrap();
        let says = format!("has version {version}, and this program reads version 5: make a new one");
        tenfold(&["list", text(&library)]).assert().failure().stderr(predicate::str::contains(says));
    }
}

#[test]
fn damage_is_an_error_that_says_so_and_no_panic() {
    let (folder, library) = library();
    let damaged = folder.path().join("damaged");
    let fails = |says: &str| {
        let says = predicate::str::contains("damaged").and(predicate::str::contains(says));
        tenfold(&["list", text(&damaged)]).assert().failure().stderr(says);
    };
    for (change, says) in [
        ("UPDATE matrices SET digits = zeroblob(99)", "cut short"),
        ("UPDATE matrices SET digits = CAST(replace(hex(zeroblob(54)), '0', 'A') AS BLOB)", "no digits"),
        ("UPDATE matrices SET digits = zeroblob(108)", "different groups"),
        ("UPDATE frames SET map = zeroblob(1000)", "CRC-32"),
        ("UPDATE frames SET odds_slope = 2.0 * odds_slope", "CRC-32"),
        ("DROP TABLE matrices", "no such table"),
    ] {
        fs::copy(&library, &damaged).unwrap();
        let connection = Connection::open(&damaged).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        fails(says);
    }
    // Cut short, and pages overwritten.
    fs::copy(&library, &damaged).unwrap();
    let length = fs::metadata(&library).unwrap().len();
    fs::File::options().write(true).open(&damaged).unwrap().set_len(length / 2 / 4096 * 4096).unwrap();
    fails("");
    for page in 1..(length / 4096).min(12) {
        fs::copy(&library, &damaged).unwrap();
        let mut file = fs::File::options().read(true).write(true).open(&damaged).unwrap();
        let mut old = [0; 512];
        file.seek(SeekFrom::Start(4096 * page)).unwrap();
        file.read_exact(&mut old).unwrap();
        file.seek(SeekFrom::Start(4096 * page)).unwrap();
        file.write_all(&old.map(|byte| byte ^ 0xa5)).unwrap();
        drop(file);
        fails("");
    }
}
