//! Inputs and outputs as a user has them: folders, links, devices, names, modes, and a standard output that fails.
#![cfg(unix)]

use assert_cmd::Command;
use predicates::prelude::*;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

/// What a shell does with `tenfold` as `$0`.
fn shell(script: &str, arguments: &[&Path]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(assert_cmd::cargo::cargo_bin!("tenfold")).args(arguments);
    command
}

fn compress(input: &Path, output: &Path) -> Command {
    let mut command = tenfold();
    command.args(["compress", "--effort", "1", "--no-matrix", "--steps", "8"]).arg(input).arg("-o").arg(output);
    command
}

fn decompress(input: &Path, output: &Path) -> Command {
    let mut command = tenfold();
    command.arg("decompress").arg(input).arg("-o").arg(output);
    command
}

fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

/// All files below a folder, by their path in it.
fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(
                files_in(&path)
                    .into_iter()
                    .map(|(name, bytes)| (Path::new(path.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            files.push((path.file_name().unwrap().into(), fs::read(&path).unwrap_or_default()));
        }
    }
    files.sort();
    files
}

const TASK: &str = r#"{"train":[{"input":[[1,2]],"output":[[2,1]]}],"test":[{"input":[[2,2]]}]}"#;

#[test]
fn json_comes_back_byte_for_byte_whatever_it_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    let tests = |entries: &str| TASK.replace(r#"{"input":[[2,2]]}"#, entries);
    for (content, says) in [
        (TASK.into(), "a puzzle"),
        (format!("{TASK}\r\n "), "a puzzle"),
        (format!("\u{feff}{TASK}\n"), "a puzzle"),
        (format!(r#"{{ "00d62c1b": {TASK} }}"#), "a puzzle"),
        (format!(r#"{{"name":"keep","train":{},"license":[1.0,-0,1e0]}}"#, &TASK[9..TASK.len() - 1]), "a puzzle"),
        (tests(r#"{"input":[[2,2]],"output":[[7,7]]}"#), "a puzzle"),
        (tests(r#"{"output":[[7,7]],"input":[[2,2]],"output_2":null}"#), "a puzzle"),
        (tests(r#"{"input":[[2,2.0]]}"#), "an article"),
        (tests(r#"{"input":[[2,-0]]}"#), "an article"),
        (tests(r#"{"input":[[2, 2]]},{"input":[[2 ,2]]}"#), "an article"),
        (tests(&vec![r#"{"input":[[2,2]]}"#; 31].join(",")), "an article"),
        (format!("{},\"train\":[]}}", &TASK[..TASK.len() - 1]), "an article"),
        (TASK.replace("train", "tr\\u0061in"), "an article"),
        (TASK[1..].into(), "an article"),
    ] {
        let input = write(folder.path(), "task.json", content.as_bytes());
        let [file, back] = ["t.tenfold", "back.json"].map(|name| folder.path().join(name));
        compress(&input, &file).arg("--force").assert().success().stdout(predicate::str::contains("verified"));
        tenfold().arg("inspect").arg(&file).assert().success().stdout(predicate::str::contains(says));
        decompress(&file, &back).arg("--force").assert().success();
        assert_eq!(fs::read_to_string(&back).unwrap(), content);
    }
    // Some keys are null, some outputs missing: whether that is a task is for its reader to say, and nothing is lost.
    for entries in [
        r#"{"input":[[2,2]],"output":null}"#,
        r#"{"input":[[2,2]],"output":[]}"#,
        r#"{"input":[[2,2]]},{"input":[[1]],"output":[[1]]}"#,
    ] {
        let input = write(folder.path(), "task.json", tests(entries).as_bytes());
        let [file, back] = ["t.tenfold", "back.json"].map(|name| folder.path().join(name));
        compress(&input, &file).arg("--force").assert().success();
        decompress(&file, &back).arg("--force").assert().success();
        assert_eq!(fs::read(&back).unwrap(), fs::read(&input).unwrap());
    }
}

#[test]
fn the_answers_that_a_puzzle_implies_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "task.json", TASK.as_bytes());
    let file = folder.path().join("t.tenfold");
    compress(&input, &file).assert().success();
    let mut answered = decompress(&file, Path::new("-"));
    answered
        .args(["--answers", "first", "--steps", "5"])
        .assert()
        .success()
        .stdout(predicate::str::contains(r#"{"input":[[2,2]],"output":[["#));
}

#[test]
fn what_looks_like_json_is_an_article_before_it_is_read_as_a_tree() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "deep.json", format!("{{\"train\":{}", "{\"\":0},".repeat(150_000)).as_bytes());
    let mut forced = compress(&input, &folder.path().join("t.tenfold"));
    forced.args(["--as", "puzzle"]).assert().failure().stderr(predicate::str::contains("1048576 at most"));
    let input = write(folder.path(), "other.json", b"{\"tests\": 1}");
    let mut forced = compress(&input, &folder.path().join("t.tenfold"));
    forced.args(["--as", "puzzle"]).assert().failure().stderr(predicate::str::contains("\"train\""));
}

#[test]
fn modes_and_times_go_from_input_to_output_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_234_567_890);
    for (mode, name) in [(0o600, "secret"), (0o640, "ours"), (0o444, "fixed"), (0o755, "script")] {
        let input = write(folder.path(), name, b"a text, a text");
        fs::File::options().write(true).open(&input).unwrap().set_modified(then).unwrap();
        fs::set_permissions(&input, Permissions::from_mode(mode)).unwrap();
        let [file, back] = ["tenfold", "back"].map(|end| input.with_extension(end));
        compress(&input, &file).assert().success();
        decompress(&file, &back).assert().success();
        for output in [file, back] {
            let found = output.metadata().unwrap();
            assert_eq!(found.mode() & 0o7777, mode, "{}", output.display());
            assert_eq!(found.modified().unwrap(), then);
        }
    }
    let puzzle = write(folder.path(), "t.json", TASK.as_bytes());
    fs::set_permissions(&puzzle, Permissions::from_mode(0o600)).unwrap();
    compress(&puzzle, &folder.path().join("t.tenfold")).assert().success();
    decompress(&folder.path().join("t.tenfold"), &folder.path().join("t.back")).assert().success();
    assert_eq!(folder.path().join("t.back").metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn an_output_that_is_the_input_is_refused_however_it_is_spelt() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "a.txt", b"a text, a text");
    let [hard, soft] = ["hard", "soft"].map(|name| folder.path().join(name));
    fs::hard_link(&input, &hard).unwrap();
    symlink("a.txt", &soft).unwrap();
    for same in [&input, &hard, &soft, &folder.path().join("./a.txt")] {
        for (input, output) in [(&input, same), (same, &input)] {
            compress(input, output)
                .arg("--force")
                .assert()
                .failure()
                .stderr(predicate::str::contains("the output is the input"));
            let mut matrices = tenfold();
            matrices.arg("matrices").arg(input).args(["--force", "--method", "simhash", "--png"]).arg(output);
            matrices.assert().failure().stderr(predicate::str::contains("the output is the input"));
        }
    }
    shell("\"$0\" compress - -o \"$1\" --force < \"$1\"", &[&input]).assert().failure();
    shell("\"$0\" compress \"$1\" -o - >> \"$1\"", &[&input]).assert().failure();
    assert_eq!(fs::read(&input).unwrap(), b"a text, a text");
}

#[test]
fn devices_and_fifos_are_written_to_and_pictures_keep_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "a.txt", b"a text, a text. Another text, and one more.");
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let kept = write(folder.path(), "kept", b"precious");
    let matrices = |flag: &str, output: &Path| {
        let mut command = tenfold();
        command.args(["matrices", "--method", "simhash"]).arg(&input).arg(flag).arg(output);
        command
    };
    let through = |mut command: Command| {
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read(fifo).unwrap()
        });
        command.assert().success();
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
        reader.join().unwrap()
    };
    let file = through(compress(&input, &fifo));
    let mut forced = compress(&input, &fifo);
    forced.arg("--force");
    assert_eq!(through(forced), file);
    compress(&input, Path::new("/dev/null")).arg("--force").assert().success();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(compress(&input, Path::new("/dev/stdout")).assert().success().get_output().stdout, file);

    for (flag, start) in [("--png", &b"\x89PNG"[..]), ("--npy", b"\x93NUMPY")] {
        assert!(through(matrices(flag, &fifo)).starts_with(start));
        assert!(matrices(flag, Path::new("-")).assert().success().get_output().stdout.starts_with(start));
        matrices(flag, &kept).assert().failure().stderr(predicate::str::contains("--force"));
        assert_eq!(fs::read(&kept).unwrap(), b"precious");
    }
    matrices("--png", &kept).arg("--force").assert().success();
    assert!(fs::read(&kept).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_folder_and_those_below_come_back_with_names_of_any_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    write(&articles, "b/c/deep.txt", b"deep text");
    write(&articles, "b/puzzle.json", TASK.as_bytes());
    write(&articles, "a.txt", b"a text");
    let [fe, ff] = [&b"a-\xfe.txt"[..], b"a-\xff.txt"].map(|name| articles.join(OsStr::from_bytes(name)));
    for (path, content) in [(&fe, "the one"), (&ff, "the other")] {
        fs::write(path, content).unwrap();
    }
    symlink("..", articles.join("b/loop")).unwrap();
    let expected = files_in_without_links(&articles);
    let [packed, back] = ["packed", "back"].map(|name| folder.path().join(name));
    let shown = compress(&articles, &packed).assert().success();
    for name in ["b/c/deep.txt", "a-\\xfe.txt", "a-\\xff.txt", "a link to a folder that it is in"] {
        assert!(String::from_utf8_lossy(&shown.get_output().stdout).contains(name), "{name}");
    }
    decompress(&packed, &back).assert().success().stdout(predicate::str::contains("decompressed"));
    assert_eq!(files_in(&back), expected);
}

#[test]
fn a_folder_that_is_closed_to_others_stays_closed() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    write(&articles, "secret/a.txt", b"a text");
    write(&articles, "open/a.txt", b"a text");
    fs::set_permissions(articles.join("secret"), Permissions::from_mode(0o500)).unwrap();
    let packed = folder.path().join("packed");
    compress(&articles, &packed).assert().success();
    let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
    for inside in ["secret", "open", "."] {
        assert_eq!(mode(&packed.join(inside)), mode(&articles.join(inside)), "{inside}");
    }
    for closed in [&articles, &packed] {
        fs::set_permissions(closed.join("secret"), Permissions::from_mode(0o700)).unwrap();
    }
}

fn files_in_without_links(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    fs::rename(folder.join("b/loop"), folder.join("../loop")).unwrap();
    let files = files_in(folder);
    fs::rename(folder.join("../loop"), folder.join("b/loop")).unwrap();
    files
}

#[test]
fn one_bad_file_stops_no_other_and_not_the_next_try() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    write(&articles, "a.txt", b"a text");
    write(&articles, "deep/z.txt", b"z text");
    symlink("nowhere", articles.join("dangling")).unwrap();
    let packed = folder.path().join("packed");
    compress(&articles, &packed)
        .assert()
        .code(1)
        .stdout(predicate::str::contains("a.txt").and(predicate::str::contains("failed")))
        .stderr(
            predicate::str::contains("dangling: a link to nothing")
                .and(predicate::str::contains("1 of 3 files failed")),
        );
    assert_eq!(files_in(&packed).len(), 2, "the rest is done");

    fs::remove_file(articles.join("dangling")).unwrap();
    write(&articles, "b.txt", b"b text");
    compress(&articles, &packed).assert().code(1).stderr(predicate::str::contains("already there"));
    assert_eq!(files_in(&packed).len(), 3, "what was missing is made");

    fs::write(packed.join("b.txt.tenfold"), b"damaged").unwrap();
    let back = folder.path().join("back");
    decompress(&packed, &back).assert().code(1).stderr(predicate::str::contains("b.txt.tenfold"));
    assert_eq!(files_in(&back).len(), 2);

    let tasks = folder.path().join("tasks");
    write(&tasks, "bad.json", b"{\"train\": 1, \"test\": 1}");
    write(&tasks, "good.json", TASK.as_bytes());
    let mut as_puzzles = compress(&tasks, &folder.path().join("puzzles"));
    as_puzzles.args(["--as", "puzzle"]).assert().code(1).stderr(predicate::str::contains("bad.json"));
    assert_eq!(files_in(&folder.path().join("puzzles")).len(), 1);
}

#[test]
fn a_library_takes_the_rest_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    let text = "The sea was calm in the morning. The boats came home. Nobody saw the storm behind the hills.\n";
    write(&articles, "deep/a.txt", text.repeat(3).as_bytes());
    write(&articles, "made.tenfold", b"");
    symlink("nowhere", articles.join("dangling")).unwrap();
    let mut add = tenfold();
    add.args(["library", "add"]).arg(folder.path().join("library")).arg(&articles);
    add.assert().code(1).stdout(predicate::str::contains("deep/a.txt")).stderr(
        predicate::str::contains("made.tenfold: left out").and(predicate::str::contains("dangling: a link to nothing")),
    );
}

#[test]
fn two_outputs_of_one_name_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    write(&articles, "a", b"a text");
    write(&articles, "a.tenfold/b", b"b text");
    let packed = folder.path().join("packed");
    compress(&articles, &packed).assert().failure().stderr(predicate::str::contains("a.tenfold"));
    assert!(!packed.exists());

    let nested = folder.path().join("nested");
    let inner = write(&nested, "a", b"a text");
    compress(&inner, &nested.join("a.tenfold")).assert().success();
    compress(&inner, &nested.join("a.tenfold.tenfold")).assert().success();
    let before = files_in(&nested);
    decompress(&nested, &nested)
        .arg("--force")
        .assert()
        .failure()
        .stderr(predicate::str::contains("one of the inputs"));
    assert_eq!(files_in(&nested), before);
}

#[test]
fn a_standard_output_that_is_full_or_closed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: no /dev/full");
        return;
    }
    let input = write(folder.path(), "a.txt", b"a text, a text. Another text, and one more.");
    let file = folder.path().join("a.tenfold");
    compress(&input, &file).assert().success();
    for output in ["> /dev/full", ">&-"] {
        for verb in ["compress --no-matrix \"$1\"", "decompress \"$2\""] {
            let mut command = shell(&format!("exec \"$0\" {verb} -o - {output}"), &[&input, &file]);
            command
                .assert()
                .code(1)
                .stderr(predicate::str::contains("standard output").and(predicate::str::contains("verified").not()));
        }
        let mut command = shell(&format!("exec \"$0\" inspect \"$1\" {output}"), &[&file]);
        command.assert().code(1);
    }
    let closed = shell("exec \"$0\" compress - -o \"$1\" <&-", &[&folder.path().join("b")]).assert();
    closed.code(1).stderr(predicate::str::contains("standard input is closed"));
    assert!(!folder.path().join("b").exists());
}

#[test]
fn every_verb_ends_with_status_1_on_a_full_device() {
    let folder = tempfile::tempdir().unwrap();
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: no /dev/full");
        return;
    }
    let text = "The sea was calm in the morning. The boats came home. Nobody saw the storm behind the hills.\n";
    let input = write(folder.path(), "a.txt", text.repeat(4).as_bytes());
    let task = write(folder.path(), "t.json", TASK.as_bytes());
    let settings = write(folder.path(), "m.toml", b"steps = 3\n");
    let [file, run] = ["a.tenfold", "run"].map(|name| folder.path().join(name));
    compress(&input, &file).assert().success();
    tenfold().args(["solve", "--steps", "2", "--output"]).arg(&run).arg(&task).assert().success();
    for verb in [
        "compress --no-matrix \"$1\" -o \"$4/new.tenfold\"",
        "decompress \"$2\" -o \"$4/new.txt\"",
        "inspect \"$2\"",
        "compare --effort 1 \"$1\"",
        "solve --steps 2 --output \"$4/other\" \"$3\"",
        "analyze \"$4/run\"",
        "experiment --config \"$5\" \"$1\"",
        "groups \"$1\"",
        "matrices --method simhash \"$1\"",
    ] {
        let mut command =
            shell(&format!("exec \"$0\" {verb} > /dev/full"), &[&input, &file, &task, folder.path(), &settings]);
        let failed = command.assert().code(1).stderr(predicate::str::contains("standard output cannot be written"));
        failed.stderr(predicate::str::contains("panicked").not());
    }
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "a.txt", "a text, another text; ".repeat(200).as_bytes());
    let file = folder.path().join("a.tenfold");
    compress(&input, &file).assert().success();
    let outputs = folder.path().join("outputs");
    fs::create_dir(&outputs).unwrap();
    // A limit on the size of files stands for the disk.
    for verb in ["compress --no-matrix \"$1\"", "decompress \"$2\""] {
        let script = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {verb} -o \"$3/new\"");
        let mut command = shell(&script, &[&input, &file, &outputs]);
        command.assert().code(1).stderr(predicate::str::contains("outputs/new"));
        assert_eq!(fs::read_dir(&outputs).unwrap().count(), 0);
    }
}

#[test]
fn foreign_names_do_not_command_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "red\u{1b}[31m\u{202e}.txt", b"a text, a text");
    let file = folder.path().join("red\u{1b}[31m.tenfold");
    let shown = compress(&input, &file).assert().success();
    let decompressed = decompress(&file, &folder.path().join("\u{1b}[2J")).assert().success();
    let mut inspect = tenfold();
    let inspected = inspect.arg("inspect").arg(&file).assert().success();
    for output in [shown, decompressed, inspected] {
        let shown = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']) && shown.contains("\\u{1b}"), "{shown:?}");
    }
}

#[test]
fn what_another_program_may_be_writing_is_not_swept() {
    let folder = tempfile::tempdir().unwrap();
    let input = write(folder.path(), "a.txt", b"a text, a text");
    let new = write(folder.path(), ".tenfold-new.partial", b"at work");
    compress(&input, &folder.path().join("a.tenfold")).assert().success();
    assert!(new.exists(), "another program may be at work with it");
}
