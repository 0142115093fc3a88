//! An article as information groups: a title and a fragment of 100–200 characters each, whose bytes joined are the article.
//!
//! In: the bytes of a text, Markdown or HTML file, the name it may have, and [`GroupSettings`]. Out: an [`Article`] of
//! [`Group`]s with keywords. Nothing here is trained and no language is built in but for the segmenter's dictionaries.
//!
//! - `encoding`: bytes to text, whatever they are encoded in, and back to byte offsets
//! - `format`: what kind of text it is; `plain`, `markdown`, `html`, `roff` and `source` read one each, with what is `front` of it
//! - `page`: what people see of a text, and its headings, paragraphs and walls
//! - `words`: words and sentences of any script
//! - `split`: where groups end
//! - `keywords`: titles and keywords from the words' statistics
//! - `counted`: the form that all forms of one text are counted in
//! - [`symbols`]: a text as counts of what occurs in it
//! - [`runs`]: what two texts have in common word for word; [`edits`]: random edits of one

mod counted;
pub mod edits;
mod encoding;
mod format;
mod front;
mod html;
mod keywords;
mod markdown;
mod page;
mod plain;
mod roff;
pub mod runs;
mod source;
mod split;
pub mod symbols;
#[cfg(test)]
mod tests;
mod words;

pub use counted::counted;
pub use encoding::{SNIFFED_BYTES, encoding_name};
pub use symbols::{Counts, Evidence, SymbolKind, Symbols, evidence, key, word_keys};
pub(crate) use words::is_ideograph;
pub use words::{Word, is_unspaced, words};

use encoding::Decoded;
use format::Format;
use keywords::Vocabulary;
use serde::Serialize;
use std::ops::Range;
use std::path::Path;
use thiserror::Error;

/// How long groups should be, in characters; a run of white space counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Shorter ones are made only where a section is as short.
    pub min_characters: usize,
    /// Longer ones are made only of a word as long.
    pub max_characters: usize,
}

impl Default for GroupSettings {
    /// 100 to 200, as the request that this project began with has it.
    fn default() -> Self {
        Self { min_characters: 100, max_characters: 200 }
    }
}

impl GroupSettings {
    fn check(self) -> Result<(), LengthsError> {
        let Self { min_characters: min, max_characters: max } = self;
        if min == 0 || max / 2 < min { Err(LengthsError::Lengths { min, max }) } else { Ok(()) }
    }
}

/// Settings that no article can be split by.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LengthsError {
    /// The lengths leave no room to cut at a good place.
    #[error(
        "groups of {min} to {max} characters: the least has to be at least 1 and the most at least twice the least"
    )]
    Lengths {
        /// Least characters asked for.
        min: usize,
        /// Most characters asked for.
        max: usize,
    },
}

/// Where a title comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TitleSource {
    /// The heading above the fragment, or in it.
    Heading,
    /// Phrases of the fragment itself.
    Extracted,
    /// There is none: no words.
    None,
}

/// A title and a fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The bytes of the article that are its fragment, as `start` and `end` where it is written.
    #[serde(flatten)]
    pub bytes: Range<usize>,
    /// What people see of it: without markup, scripts and styles, character references decoded. Where nothing is text,
    /// what is not UTF-8 is read as U+FFFD.
    pub text: String,
    /// One line, empty where there are no words.
    pub title: String,
    /// Where the title comes from.
    pub title_source: TitleSource,
    /// Names, terms and telling words of the fragment, best first.
    pub keywords: Vec<String>,
}

/// A document as groups that cover its bytes in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// How it was read: `plain`, `markdown`, `html`, `roff`, `source` or `binary`.
    pub format: &'static str,
    /// The encoding that was taken, by its name in the WHATWG's standard; none where nothing is text.
    pub encoding: Option<&'static str>,
    /// Groups whose byte ranges follow each other without a gap; none for an empty file.
    pub groups: Vec<Group>,
    /// Names, terms and telling words of the whole, best first.
    pub keywords: Vec<String>,
}

impl Article {
    /// Splits `bytes` into groups. The ending of `name` tells what kind of text it is; where it doesn't, the content decides.
    ///
    /// Bytes that are not text are one group without a title.
    ///
    /// # Errors
    /// Where the settings leave no room to cut.
    pub fn read(bytes: &[u8], name: Option<&Path>, settings: GroupSettings) -> Result<Self, LengthsError> {
        settings.check()?;
        let Some(decoded) = Decoded::read(bytes) else { return Ok(Self::of_no_text(bytes)) };
        let format = Format::of(name, &decoded.text);
        Ok(Self::cut(&decoded, format, settings))
    }

    /// Splits `bytes` again as [`Article::read`] did, whose result had this [`Article::format_number`].
    ///
    /// # Errors
    /// Where the settings leave no room to cut.
    pub fn read_as(bytes: &[u8], format_number: u8, settings: GroupSettings) -> Result<Self, LengthsError> {
        settings.check()?;
        Ok(match (Decoded::read(bytes), Format::of_number(format_number)) {
            (Some(decoded), Some(format)) => Self::cut(&decoded, format, settings),
            _ => Self::of_no_text(bytes),
        })
    }

    /// The number of the format in files; none of what is no text.
    pub fn format_number(&self) -> Option<u8> {
        Format::of_name(self.format).map(Format::number)
    }

    fn of_no_text(bytes: &[u8]) -> Self {
        Self { format: "binary", encoding: None, groups: vec![untitled(bytes)], keywords: Vec::new() }
    }

    fn cut(decoded: &Decoded, format: Format, settings: GroupSettings) -> Self {
        let encoding = Some(decoded.encoding.name());
        if decoded.is_empty() {
            return Self { format: format.name(), encoding, groups: Vec::new(), keywords: Vec::new() };
        }
        let page = format.read(&decoded.text);
        let cut = split::groups(&page, settings);
        let (sources, ranges): (Vec<_>, Vec<_>) = page.sources(&cut, decoded.text.len()).into_iter().unzip();
        let ends: Vec<usize> = sources.iter().map(|source| source.end).collect();
        let mut starts = decoded.byte_offsets(&ends);
        starts.insert(0, 0);
        let vocabulary = Vocabulary::new(&page.text, &words(&page.text), &ranges);
        let titles = page.titles(&ranges);
        let groups = ranges.iter().zip(titles).enumerate().map(|(index, (range, heading))| {
            let (title, title_source) = match heading {
                Some(heading) => (heading, TitleSource::Heading),
                None => match vocabulary.title(index) {
                    Some(phrase) => (phrase, TitleSource::Extracted),
                    None => (String::new(), TitleSource::None),
                },
            };
            Group {
                bytes: starts[index]..starts[index + 1],
                text: page.text[range.clone()].to_owned(),
                title,
                title_source,
                keywords: vocabulary.group_keywords(index),
            }
        });
        Self { format: format.name(), encoding, groups: groups.collect(), keywords: vocabulary.article_keywords() }
    }
}

/// All of `bytes` as one group that says nothing about them.
fn untitled(bytes: &[u8]) -> Group {
    Group {
        bytes: 0..bytes.len(),
        text: String::from_utf8_lossy(bytes).into_owned(),
        title: String::new(),
        title_source: TitleSource::None,
        keywords: Vec::new(),
    }
}
