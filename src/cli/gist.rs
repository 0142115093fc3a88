//! `tenfold gist`: what the matrices in a `.tenfold` file say, without touching the text in it.

use super::files;
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use tenfold::pipeline::gist::FileMatrices;

/// Groups that are named as nearest.
const NEAREST: usize = 3;

/// Words that stand for a title.
const TITLE_WORDS: usize = 3;

/// Show what a .tenfold file's matrices say, without decoding its text: words of each group, and the groups nearest to it
#[derive(Args)]
pub struct Arguments {
    /// A .tenfold file, or `-` for standard input; words need one made with `compress --matrix gist`
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One group.
#[derive(Serialize)]
struct GroupGist<'a> {
    group: usize,
    title: String,
    words: Vec<&'a str>,
    nearest: Vec<Near>,
}

#[derive(Serialize)]
struct Near {
    group: usize,
    digit_distance: u32,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = files::read(&arguments.file)?;
    let read = FileMatrices::read(&file)
        .with_context(|| files::name(&arguments.file))?
        .with_context(|| format!("{}: no matrices in it: compress with --matrix gist", files::name(&arguments.file)))?;
    let words = read.words();
    let groups: Vec<GroupGist> = read
        .nearest(NEAREST)
        .into_iter()
        .enumerate()
        .map(|(index, near)| {
            let words = words.as_ref().map_or(Vec::new(), |words| words[index].clone());
            GroupGist {
                group: index + 1,
                title: words[..words.len().min(TITLE_WORDS)].join(" "),
                words,
                nearest: near
                    .into_iter()
                    .map(|(other, digit_distance)| Near { group: other + 1, digit_distance })
                    .collect(),
            }
        })
        .collect();
    let text = if arguments.json {
        serde_json::to_string_pretty(&serde_json::json!({"groups": groups}))? + "\n"
    } else {
        let note =
            if words.is_none() { "no words in the file: compress with --matrix gist to have them\n" } else { "" };
        groups.iter().map(GroupGist::line).collect::<String>() + note
    };
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output cannot be written")
}

impl GroupGist<'_> {
    fn line(&self) -> String {
        let near: Vec<String> =
            self.nearest.iter().map(|near| format!("{} ({})", near.group, near.digit_distance)).collect();
        let words = if self.words.is_empty() { String::new() } else { format!("  {}", self.words.join(", ")) };
        format!("{:4}{words}\n      nearest: {}\n", self.group, near.join(", "))
    }
}
