//! The outline of a document: headings, paragraphs, and what is markup and not words.
//!
//! In: text and its [`Format`]. Out: a [`Structure`] of byte ranges of the text; what titles the groups take from it.

use super::{html, markdown, plain};
use std::ops::Range;
use std::path::Path;

/// How a text marks its headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Short lines on their own.
    Plain,
    /// Macros of the manual pages: `.SH`, `.SS`.
    Roff,
    /// CommonMark, with or without front matter.
    Markdown,
    /// `<h1>` to `<h6>`, `<title>`.
    Html,
}

impl Format {
    /// All, in the order of their numbers in files.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Roff, Self::Markdown, Self::Html];

    /// By the extension of `name` where it says so, else by what `text` looks like.
    pub fn of(name: Option<&Path>, text: &str) -> Self {
        let extension = name.and_then(Path::extension).map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("md" | "markdown" | "mdown" | "mkd") => return Self::Markdown,
            Some("html" | "htm" | "xhtml" | "xht") => return Self::Html,
            _ => {}
        }
        if html::looks_like(text) {
            Self::Html
        } else if plain::looks_like_roff(text) {
            Self::Roff
        } else if markdown::looks_like(text) {
            Self::Markdown
        } else {
            Self::Plain
        }
    }

    /// Its name for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Roff => "roff",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}

/// A heading: what it says and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Its words on one line, without markup.
    pub title: String,
}

/// The outline of a text; everything in order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Structure {
    /// The headings.
    pub headings: Vec<Heading>,
    /// Offsets where a paragraph, an item or a heading begins.
    pub paragraphs: Vec<usize>,
    /// Ranges that are markup: tags, macros' names.
    pub markup: Vec<Range<usize>>,
}

impl Structure {
    /// Reads the outline of `text`.
    pub fn read(format: Format, text: &str) -> Self {
        let mut structure = match format {
            Format::Plain => plain::read(text),
            Format::Roff => plain::read_roff(text),
            Format::Markdown => markdown::read(text),
            Format::Html => html::read(text),
        };
        structure.headings.retain(|heading| !heading.title.is_empty());
        structure.headings.sort_by_key(|heading| heading.range.start);
        structure.headings = join_adjacent(structure.headings, text);
        structure.paragraphs.extend(structure.headings.iter().map(|heading| heading.range.start));
        structure.paragraphs.sort_unstable();
        structure.paragraphs.dedup();
        structure.markup.sort_unstable_by_key(|range| range.start);
        structure
    }

    /// For each of the ranges, which follow each other, the heading that its first words stand in or under.
    pub fn titles(&self, text: &str, ranges: &[Range<usize>]) -> Vec<Option<String>> {
        let title_of = |range: &Range<usize>| {
            let fragment = &text[range.clone()];
            let first_word = range.start + fragment.len() - fragment.trim_start().len();
            let above = self.headings.partition_point(|heading| heading.range.start <= first_word);
            above.checked_sub(1).map(|heading| self.headings[heading].title.clone())
        };
        ranges.iter().map(title_of).collect()
    }
}

/// Whether what stands between two headings leaves them together: white space, and no more than two blank lines of it.
pub(super) fn is_close(between: &str) -> bool {
    between.trim().is_empty() && between.matches('\n').count() <= 3
}

/// Most headings that are joined into one title.
const MOST_JOINED: usize = 3;

/// Joins headings that stand together into one: a chapter's number above its name.
fn join_adjacent(headings: Vec<Heading>, text: &str) -> Vec<Heading> {
    let mut joined: Vec<(Heading, usize)> = Vec::with_capacity(headings.len());
    for heading in headings {
        match joined.last_mut() {
            Some((last, count))
                if *count < MOST_JOINED && text.get(last.range.end..heading.range.start).is_some_and(is_close) =>
            {
                last.range.end = heading.range.end;
                last.title = format!("{} · {}", last.title, heading.title);
                *count += 1;
            }
            _ => joined.push((heading, 1)),
        }
    }
    joined.into_iter().map(|(heading, _)| heading).collect()
}

/// Text on one line, white space collapsed, without decoration at the ends: `**=A title=**` to `A title`.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_decoration = |c: char| matches!(c, '=' | '*' | '_' | '#' | '~' | '-' | '|' | ' ');
    words.join(" ").trim_matches(is_decoration).to_owned()
}
