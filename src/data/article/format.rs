//! Kinds of text: by the ending of the name where it says so, else by the look.
//!
//! In: text and the name it may have. Out: a [`Format`], and by its reader the [`Page`].

use super::page::Page;
use super::{front, html, markdown, plain, roff, source};
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
    /// Programs and settings: definitions, sections, keys.
    Source,
}

impl Format {
    /// All, in the order of their numbers in files.
    const ALL: [Self; 5] = [Self::Plain, Self::Roff, Self::Markdown, Self::Html, Self::Source];

    /// The number of the first in files. Those below it stand for texts that were cut with their markup.
    const FIRST: u8 = 4;

    /// Its number in files.
    pub fn number(self) -> u8 {
        Self::FIRST + self as u8
    }

    /// The format of a number.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number.checked_sub(Self::FIRST)?)).copied()
    }

    /// By the ending of `name` where it says so, else by what `text` looks like.
    pub fn of(name: Option<&Path>, text: &str) -> Self {
        let lower = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().to_lowercase());
        let ending = lower(name.and_then(Path::extension)).unwrap_or_default();
        let file = lower(name.and_then(Path::file_name)).unwrap_or_default();
        match ending.as_str() {
            "md" | "markdown" | "mdown" | "mkd" | "mdx" | "qmd" | "rmd" => return Self::Markdown,
            "html" | "htm" | "xhtml" | "xht" => return Self::Html,
            "man" | "roff" | "mdoc" => return Self::Roff,
            ending if source::ENDINGS.contains(&ending) || source::NAMES.contains(&file.as_str()) => {
                return Self::Source;
            }
            "txt" | "text" | "rst" | "adoc" | "org" | "log" | "csv" | "tsv" | "srt" | "vtt" => return Self::Plain,
            _ => {}
        }
        if text.starts_with("#!") {
            Self::Source
        } else if html::looks_like(text) {
            Self::Html
        } else if roff::looks_like(text) {
            Self::Roff
        } else if front::of(text).is_some() || markdown::looks_like(text) {
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
            Self::Source => "source",
        }
    }

    /// The format of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What people see of `text`.
    pub fn read(self, text: &str) -> Page {
        let page = match self {
            Self::Plain => plain::read(text),
            Self::Roff => roff::read(text),
            Self::Markdown => markdown::read(text),
            Self::Html => html::read(text),
            Self::Source => source::read(text),
        };
        page.finished()
    }
}
