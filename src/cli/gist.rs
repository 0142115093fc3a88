//! `tenfold gist`: what the matrices in a `.tenfold` file say, without touching the text in it.

use super::{files, print};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;
use tenfold::article::{self, Saying, Told};
use tenfold::internals::report::{printable, printable_json};

/// Groups that are named as nearest.
const NEAREST: usize = 3;

/// Groups that are told at a time; each part is printed when it is.
const TOGETHER: usize = 512;

/// Show what a .tenfold file's matrices say, without decoding its text: title, keywords and a lossy text of each group, and the groups
/// nearest to it
#[derive(Args)]
#[command(after_help = "Example: tenfold gist article.tenfold")]
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
    let read = article::gist(&file)
        .with_context(|| files::name(&arguments.file))?
        .with_context(|| format!("{}: no matrices in it: compress with --matrix gist", files::name(&arguments.file)))?;
    let count = read.digits.matrices.len();
    let mut telling = read.tell(NEAREST);
    if arguments.json {
        print::out("{\n  \"groups\": [")?;
    }
    for start in (0..count).step_by(TOGETHER) {
        let told = telling.part(start..(start + TOGETHER).min(count));
        let mut text = String::new();
        for (told, group) in told.into_iter().zip(start + 1..) {
            let gist = GroupGist::new(group, told);
            if arguments.json {
                let json = serde_json::to_string_pretty(&gist)?;
                let comma = if group == 1 { "" } else { "," };
                // Line breaks within strings are escaped, so that these are all between values.
                let _ = write!(text, "{comma}\n    {}", printable_json(&json).replace('\n', "\n    "));
            } else {
                text += &gist.lines();
            }
        }
        print::out(text)?;
    }
    if arguments.json {
        print::out(if count == 0 { "]\n}\n" } else { "\n  ]\n}\n" })?;
    } else if !read.has_words() {
        print::line("no words in the file: compress with --matrix gist to have them")?;
    }
    Ok(())
}

impl<'a> GroupGist<'a> {
    fn new(group: usize, told: Told<'a>) -> Self {
        let near = |(other, digit_distance): (usize, u32)| Near { group: other + 1, digit_distance };
        let Saying { title, keywords, text } = told.saying;
        Self { group, title, keywords, text, nearest: told.nearest.into_iter().map(near).collect() }
    }

    fn lines(&self) -> String {
        let near: Vec<String> =
            self.nearest.iter().map(|near| format!("{} ({})", near.group, near.digit_distance)).collect();
        let mut lines = format!("{:4}  {}", self.group, printable(&self.title.join(" "))).trim_end().to_owned() + "\n";
        for (name, said) in
            [("keywords", self.keywords.join(", ")), ("text", self.text.clone()), ("nearest", near.join(", "))]
        {
            if !said.is_empty() {
                let _ = writeln!(lines, "      {name}: {}", printable(&said));
            }
        }
        lines
    }
}
