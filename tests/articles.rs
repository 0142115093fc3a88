//! Articles as a user compresses them, and what damaged files do.

mod common;

use assert_cmd::Command;
use predicates::prelude::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tenfold::internals::code::article::Effort;
use tenfold::internals::code::{CodeError, Container};
use tenfold::internals::pipeline::article::{self, ArticleError};

fn tenfold() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("tenfold"))
}

/// Articles with the files that version 1 made of them.
fn golden() -> Vec<(Vec<u8>, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    ["mixed.md", "source.c", "noise.bin"]
        .map(|name| (file(name), file(&format!("{name}.v1.tenfold"))))
        .into_iter()
        .collect()
}

fn decompressed(file: &[u8]) -> Result<Vec<u8>, ArticleError> {
    let mut content = Vec::new();
    article::decompress(file, &mut content).map(|_| content)
}

/// Bytes that nothing foretells.
fn noise(count: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; count];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

#[test]
fn files_of_version_1_decode_for_ever_and_are_still_written_the_same() {
    for (content, file) in golden() {
        assert_eq!(decompressed(&file).unwrap(), content);
        assert_eq!(article::compress_text(&content, Effort::Quick).unwrap(), file, "by this build and processor");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for (_, file) in golden() {
        for length in 0..file.len() {
            assert!(matches!(decompressed(&file[..length]), Err(ArticleError::Code(_))), "cut to {length}");
        }
    }
}

#[test]
fn ten_thousand_changes_of_each_file_are_refused() {
    for (_, file) in golden() {
        for (place, change) in common::changes(file.len(), 10_000) {
            let mut damaged = file.clone();
            damaged[place] ^= change;
            assert!(matches!(decompressed(&damaged), Err(ArticleError::Code(_))), "byte {place}");
        }
    }
}

#[test]
fn changes_under_a_checksum_that_fits_are_refused_too() {
    for (content, file) in golden() {
        let body = &file[..file.len() - 4];
        for (place, change) in common::changes(body.len(), 60) {
            let mut forged = body.to_vec();
            forged[place] ^= change;
            forged.extend(crc32fast::hash(&forged).to_le_bytes());
            // The check of the content has 16 bits; one in 65,536 forgeries would pass it.
            match decompressed(&forged) {
                Err(ArticleError::Code(_)) => {}
                other => assert_eq!(other.unwrap(), content, "byte {place}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_come_back_and_grow_little(content in prop::collection::vec(any::<u8>(), 0..3000)) {
        let file = article::compress_text(&content, Effort::None).unwrap();
        prop_assert!(file.len() <= content.len() + content.len() / 500 + 32);
        prop_assert_eq!(article::ledger(&file).unwrap().total_bits(), 8 * file.len() as u64);
        prop_assert_eq!(decompressed(&file).unwrap(), content);
    }
}

#[test]
fn small_and_odd_articles_come_back() {
    let compressed = article::compress_text(&noise(5000, 1), Effort::None).unwrap();
    let equal = vec![b'='; 70_000];
    let articles: [&[u8]; 8] = [
        b"",
        b"a",
        b"\n",
        b"\xff\xfe\x80 not UTF-8 \xc3\x28 \xe2\x82",
        b"mixed\r\nline\nends\rhere\n\r\n",
        "道可道,非常道。".as_bytes(),
        &compressed,
        &equal,
    ];
    for content in articles {
        let file = article::compress_text(content, Effort::None).unwrap();
        assert_eq!(decompressed(&file).unwrap(), content);
    }
    assert!(article::compress_text(&equal, Effort::None).unwrap().len() < 60);
    assert_eq!(article::compress_text(b"", Effort::Full).unwrap().len(), 11);
}

#[test]
#[ignore = "takes minutes; `make test` runs it"]
fn five_megabytes_come_back_from_any_number_of_threads() {
    let mut content = vec![0; 1 << 20];
    content.extend(noise((1 << 20) + 12_345, 5));
    content.extend("Five megabytes of this and that. Пять мегабайт. 五兆。\r\n".bytes().cycle().take(3 << 20));
    let on_threads = |threads, content: &[u8]| {
        article::with_threads(Some(threads), || article::compress_text(content, Effort::None)).unwrap().unwrap()
    };
    let file = on_threads(2, &content);
    assert!(file.len() < (1 << 20) + 40_000);
    assert_eq!(decompressed(&file).unwrap(), content);
    let two_blocks = &content[(1 << 20) - 30_000..(2 << 20) + 10_000];
    assert_eq!(on_threads(1, two_blocks), on_threads(2, two_blocks));
}

fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_file_is_never_replaced_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let source = write(folder.path(), "a.txt", b"one article, one article");
    let target = folder.path().join("a.tenfold");
    let compress = || {
        let mut command = tenfold();
        command.arg("compress").arg(&source).arg("-o").arg(&target);
        command
    };
    compress()
        .assert()
        .success()
        .stdout(predicate::str::contains("24 bytes to").and(predicate::str::contains("verified")));
    compress().assert().failure().stderr(predicate::str::contains("--force"));
    compress().arg("--force").assert().success();

    let back = write(folder.path(), "back.txt", b"precious");
    let decompress = || {
        let mut command = tenfold();
        command.arg("decompress").arg(&target).arg("--output").arg(&back);
        command
    };
    decompress().assert().failure().stderr(predicate::str::contains("back.txt"));
    assert_eq!(fs::read(&back).unwrap(), b"precious");
    decompress().arg("--force").assert().success();
    assert_eq!(fs::read(&back).unwrap(), fs::read(&source).unwrap());
}

#[test]
fn standard_input_and_output_work() {
    let file = tenfold().args(["compress", "-", "-o", "-"]).write_stdin("to and fro").assert().success();
    let file = file.get_output().stdout.clone();
    tenfold().args(["decompress", "-", "-o", "-"]).write_stdin(file).assert().success().stdout("to and fro");
}

#[test]
fn a_damaged_file_leaves_no_output() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut file) = golden().remove(0);
    let middle = file.len() / 2;
    file[middle] ^= 1;
    let damaged = write(folder.path(), "damaged.tenfold", &file);
    let back = folder.path().join("back");
    let assert = tenfold().arg("decompress").arg(&damaged).arg("-o").arg(&back).assert().failure();
    assert.stderr(predicate::str::contains("damaged.tenfold").and(predicate::str::contains("CRC-32")));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the damaged file");
}

#[test]
fn a_folder_makes_a_file_an_article_and_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let articles = folder.path().join("articles");
    fs::create_dir(&articles).unwrap();
    write(&articles, "b.md", "# 標題\n\n道可道,非常道。\n".as_bytes());
    write(&articles, "a.txt", b"a, an, and");
    write(&articles, ".hidden", b"not an article");
    let target = folder.path().join("out");
    let compress = |json: bool| {
        let mut command = tenfold();
        command.arg("compress").arg(&articles).arg("-o").arg(&target).args(json.then_some("--json"));
        command
    };
    compress(false).assert().success().stdout(predicate::str::contains("a.txt").and(predicate::str::contains("all")));
    compress(false).assert().failure().stderr(predicate::str::contains("--force"));
    let output = compress(true).arg("--force").assert().success().get_output().stdout.clone();
    let summaries: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(summaries.as_array().unwrap().len(), 3);
    assert_eq!(summaries[0]["content_bytes"], 10);
    assert_eq!(summaries[2]["left_out"], "hidden");
    let names: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2);
    let file = fs::read(target.join("b.md.tenfold")).unwrap();
    assert_eq!(decompressed(&file).unwrap(), fs::read(articles.join("b.md")).unwrap());
}

#[test]
fn inspect_accounts_for_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (content, file) = golden().remove(0);
    let path = write(folder.path(), "g.tenfold", &file);
    tenfold().arg("inspect").arg(&path).assert().success().stdout(predicate::str::contains("residual"));
    let output = tenfold().arg("inspect").arg(&path).arg("--json").assert().success().get_output().stdout.clone();
    let inspection: Value = serde_json::from_slice(&output).unwrap();
    let bits: u64 = inspection["entries"].as_array().unwrap().iter().map(|entry| entry["bits"].as_u64().unwrap()).sum();
    assert_eq!(bits, 8 * file.len() as u64);
    assert_eq!(inspection["content_bytes"], content.len());
    assert_eq!(inspection["characters"], String::from_utf8(content).unwrap().chars().count());
}

#[test]
fn a_text_of_another_encoding_is_said_to_be_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "Вечером лодка вышла из гавани, и ветер понёс её к дальнему берегу. Никто не знал, вернётся ли она. ".repeat(4);
    let old = encoding_rs::WINDOWS_1251.encode(&text).0.into_owned();
    let wide: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for (bytes, name) in [(old, "windows-1251"), (wide, "UTF-16BE"), (text.clone().into_bytes(), "UTF-8")] {
        let source = write(folder.path(), "a.txt", &bytes);
        let says = predicate::str::contains(format!("(plain, {name})")).and(predicate::str::contains("гавани"));
        tenfold().arg("groups").arg(&source).assert().success().stdout(says);
        let target = folder.path().join("a.tenfold");
        tenfold().args(["compress", "--force"]).arg(&source).arg("-o").arg(&target).assert().success();
        let says = predicate::str::contains(format!("bytes for {} of {name}", bytes.len()));
        tenfold().arg("inspect").arg(&target).assert().success().stdout(says.and(predicate::str::contains("groups")));
        tenfold().args(["decompress", "-o", "-"]).arg(&target).assert().success().stdout(bytes);
    }
    let noise = write(folder.path(), "noise", &noise(4000, 3));
    tenfold().arg("groups").arg(&noise).assert().success().stdout(predicate::str::contains("1 groups (binary)"));
}

#[test]
fn compare_lists_every_peer() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "zh.txt", "道可道,非常道。名可名,非常名。無名天地之始。".repeat(20).as_bytes());
    let output = tenfold().arg("compare").arg(&path).arg("--json").assert().success().get_output().stdout.clone();
    let comparison: Value = serde_json::from_slice(&output).unwrap();
    let names: Vec<&str> =
        comparison[0]["sizes"].as_array().unwrap().iter().map(|size| size["name"].as_str().unwrap()).collect();
    for (name, start) in names.iter().zip(["tenfold", "gzip", "bzip2", "xz", "zstd", "brotli", "PPMd", "PPMd"]) {
        assert!(name.starts_with(start), "{names:?}");
    }
    tenfold().arg("compare").arg(&path).arg(&path).assert().success().stdout(predicate::str::contains("best other"));
}

#[test]
fn what_is_no_file_of_ours_says_what_it_is() {
    assert!(matches!(decompressed(b"PK\x03\x04"), Err(ArticleError::Code(CodeError::Magic { .. }))));
    let (_, file) = golden().remove(0);
    assert_eq!(Container::parse(&file).unwrap().to_bytes(), file);
}
