//! `tenfold gist`: what the matrices in a `.tenfold` file say, without touching the text in it.

use super::{files, print};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;
use tenfold::pipeline::gist::{FileMatrices, Saying};

/// Groups that are named as nearest.
const NEAREST: usize = 3;

/// Show what a .tenfold file's matrices say, without decoding its text: title, keywords and a lossy text of each group, and the groups
/// nearest to it
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
    title: Vec<&'a str>,
    keywords: Vec<&'a str>,
    text: String,
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
    let nearest = read.nearest(NEAREST);
    let says = read.says();
    let has_words = says.is_some();
    let says = says.unwrap_or_else(|| vec![Saying::default(); nearest.len()]);
    let groups = says.into_iter().zip(nearest).zip(1..).map(|((says, near), group)| GroupGist {
        group,
        title: says.title,
        keywords: says.keywords,
        text: says.text,
        nearest: near.into_iter().map(|(other, digit_distance)| Near { group: other + 1, digit_distance }).collect(),
    });
    let text = if arguments.json {
        let groups: Vec<GroupGist> = groups.collect();
        serde_json::to_string_pretty(&serde_json::json!({"groups": groups}))? + "\n"
    } else {
        let note = if has_words { "" } else { "no words in the file: compress with --matrix gist to have them\n" };
        groups.map(|group| group.lines()).collect::<String>() + note
    };
    print::out(text)
}

impl GroupGist<'_> {
    fn lines(&self) -> String {
        let near: Vec<String> =
            self.nearest.iter().map(|near| format!("{} ({})", near.group, near.digit_distance)).collect();
        let mut lines = format!("{:4}  {}", self.group, self.title.join(" ")).trim_end().to_owned() + "\n";
        for (name, said) in
            [("keywords", self.keywords.join(", ")), ("text", self.text.clone()), ("nearest", near.join(", "))]
        {
            if !said.is_empty() {
                let _ = writeln!(lines, "      {name}: {said}");
            }
        }
        lines
    }
}
