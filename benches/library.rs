//! Times `tenfold library` as a user runs it: adding 100,000 groups of made-up text, then queries, whole commands each.
//!
//! `cargo bench --bench library -- [GROUPS]`. Prints what it measured; the library goes when it ends.

use anyhow::{Context, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Groups in all, where the command says nothing else.
const GROUPS: usize = 100_000;

/// Words of the made-up language; the r-th of them is as likely as 1 / r.
const WORDS: usize = 20_000;

/// Sentences of an article; each is about one group.
const SENTENCES: usize = 50;

/// Words that an article is about, and uses half of the time.
const TOPIC_WORDS: usize = 40;

/// Queries that are timed.
const QUERIES: usize = 41;

fn main() -> anyhow::Result<()> {
    let groups = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(GROUPS);
    let folder = tempfile::tempdir()?;
    let articles = folder.path().join("articles");
    std::fs::create_dir(&articles)?;
    let mut random = StdRng::seed_from_u64(1);
    let words: Vec<String> = (0..WORDS).map(|_| word(&mut random)).collect();
    let mut sentences = Vec::new();
    for article in 0..groups.div_ceil(SENTENCES) {
        let topic: Vec<usize> = (0..TOPIC_WORDS).map(|_| random.random_range(0..WORDS)).collect();
        let written: Vec<String> = (0..SENTENCES).map(|_| sentence(&mut random, &words, &topic)).collect();
        std::fs::write(articles.join(format!("{article:05}.txt")), written.join(" "))?;
        sentences.extend(written.into_iter().step_by(SENTENCES));
    }

    let library = folder.path().join("library");
    // The first articles make the frame; its fit is timed apart.
    let seconds = |work: &dyn Fn() -> anyhow::Result<Vec<u8>>| -> anyhow::Result<(f64, Vec<u8>)> {
        let start = Instant::now();
        let output = work()?;
        Ok((start.elapsed().as_secs_f64(), output))
    };
    let start = folder.path().join("start");
    std::fs::create_dir(&start)?;
    for article in 0..40.min(groups.div_ceil(SENTENCES)) {
        let name = format!("{article:05}.txt");
        std::fs::rename(articles.join(&name), start.join(&name))?;
    }
    let (fit, _) = seconds(&|| tenfold(&["add", text(&library)?, text(&start)?]))?;
    println!("frame and first articles: {fit:.1} s");
    let added = || -> anyhow::Result<usize> {
        let contents: serde_json::Value = serde_json::from_slice(&tenfold(&["list", text(&library)?, "--json"])?)?;
        Ok(contents["groups"].as_u64().context("no groups")? as usize)
    };
    let before = added()?;
    // Without a refit, which is no part of adding.
    let (add, _) = seconds(&|| tenfold(&["add", text(&library)?, text(&articles)?, "--drift", "1"]))?;
    let after = added()?;
    println!("{} groups added in {add:.1} s: {:.0} a second", after - before, (after - before) as f64 / add);
    println!("{after} groups, {} bytes", std::fs::metadata(&library)?.len());

    let mut times = Vec::new();
    let mut found = 0;
    for asked in sentences.iter().cycle().skip(7).step_by(13).take(QUERIES) {
        let (time, output) = seconds(&|| tenfold(&["query", text(&library)?, asked, "--json"]))?;
        let answers: serde_json::Value = serde_json::from_slice(&output)?;
        let nearest = answers[0]["by_digits"][0]["text"].as_str().context("no answer")?;
        found += usize::from(nearest.contains(asked.trim_end_matches('.')));
        times.push(1000.0 * time);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "query, whole command: median {:.1} ms, best {:.1}, worst {:.1} of {QUERIES}; {found} found",
        times[times.len() / 2],
        times[0],
        times[times.len() - 1]
    );
    Ok(())
}

fn tenfold(arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new(env!("CARGO_BIN_EXE_tenfold")).arg("library").args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path that isn't UTF-8")
}

/// Two to four syllables.
fn word(random: &mut StdRng) -> String {
    let syllable = |random: &mut StdRng| {
        let letter = |random: &mut StdRng, of: &[u8]| char::from(of[random.random_range(0..of.len())]);
        [letter(random, b"bcdfghjklmnprstvwz"), letter(random, b"aeiou")]
    };
    (0..random.random_range(2..5)).flat_map(|_| syllable(random)).collect()
}

fn sentence(random: &mut StdRng, words: &[String], topic: &[usize]) -> String {
    let picked = (0..22).map(|_| {
        let common = ((WORDS as f64).powf(random.random::<f64>()) - 1.0) as usize;
        let about = topic[random.random_range(0..topic.len())];
        words[if random.random() { about } else { common }].as_str()
    });
    let joined = picked.collect::<Vec<_>>().join(" ");
    format!("{}{}.", joined[..1].to_uppercase(), &joined[1..])
}
