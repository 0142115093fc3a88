//! `tenfold groups`: an article's information groups, as text or JSON.

use super::{files, print};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use tenfold::article::{self, Article, Group, GroupSettings};
use tenfold::internals::report::printable;

/// Show an article's information groups: title, keywords and fragment of each
#[derive(Args)]
#[command(after_help = "Example: tenfold groups article.md --json")]
pub struct Arguments {
    /// A text, Markdown or HTML file, a manual page's source or a program's; `-` for standard input
    article: PathBuf,
    #[command(flatten)]
    lengths: Lengths,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How long groups should be.
#[derive(Args, Clone, Copy)]
pub struct Lengths {
    /// Least characters of a group, white space counted once
    #[arg(long, value_name = "N", default_value_t = GroupSettings::default().min_characters)]
    min: usize,
    /// Most characters of a group, at least twice the least
    #[arg(long, value_name = "N", default_value_t = GroupSettings::default().max_characters)]
    max: usize,
}

impl Lengths {
    /// As settings.
    pub fn settings(self) -> GroupSettings {
        GroupSettings { min_characters: self.min, max_characters: self.max }
    }
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let article = read_article(&arguments.article, arguments.lengths)?;
    if arguments.json {
        return print::json(&json!({
            "format": article.format, "encoding": article.encoding, "keywords": article.keywords,
            "groups": article.groups
        }));
    }
    let groups: String = article.groups.iter().enumerate().map(|(index, group)| as_text(index, group)).collect();
    let read_as = [Some(article.format), article.encoding].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let (count, keywords) = (article.groups.len(), article.keywords.join(", "));
    print::out(groups + &format!("{count} groups ({read_as}); keywords: {}\n", printable(&keywords)))
}

/// Reads an article from a file or standard input.
pub fn read_article(path: &Path, lengths: Lengths) -> anyhow::Result<Article> {
    Ok(article::groups(&files::read(path)?, Some(path), lengths.settings())?)
}

fn as_text(index: usize, group: &Group) -> String {
    let fragment = group.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let keywords = if group.keywords.is_empty() { String::new() } else { format!("  [{}]", group.keywords.join(", ")) };
    let [title, keywords, fragment] = [&group.title, &keywords, &fragment].map(|text| printable(text));
    format!("{:>4}  {title}{keywords}\n      {fragment}\n\n", index + 1)
}
