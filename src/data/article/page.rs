//! A text as people see it, with its outline: what titles and groups are made from.
//!
//! In: the source, stretch by stretch, from a format's reader. Out: a [`Page`]: the shown text, where each part of it stands in
//! the source, headings, paragraphs, and walls that no group crosses.

use super::counted::is_invisible;
use std::ops::Range;

/// A heading: what it says and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its bytes in the shown text.
    pub range: Range<usize>,
    /// Its words on one line.
    pub title: String,
}

/// A part of the shown text that comes from one part of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    shown: usize,
    /// Where the source has what is shown.
    source: usize,
    /// Where the markup begins that belongs to it.
    from: usize,
    /// Whether the source has it literally.
    literal: bool,
}

/// The shown text and its outline, everything in order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What people see.
    pub text: String,
    /// The article's title, where the source has one apart from its text.
    pub title: Option<String>,
    /// The headings.
    pub headings: Vec<Heading>,
    /// Offsets where a paragraph, an item or a heading begins.
    pub paragraphs: Vec<usize>,
    /// Offsets where a code block or a table begins or ends.
    pub walls: Vec<usize>,
    stretches: Vec<Stretch>,
    /// Where markup began that belongs to what is shown next.
    opened: Option<usize>,
}

impl Page {
    /// Shows what the source has at `range`, but for what is invisible.
    pub fn show(&mut self, source: &str, range: Range<usize>) {
        let mut start = range.start;
        for piece in source[range].split_inclusive(is_invisible) {
            let seen = piece.trim_end_matches(is_invisible);
            self.push(seen, start, true);
            start += piece.len();
        }
    }

    /// Shows `text` for what the source has at `start`.
    pub fn show_instead(&mut self, start: usize, text: &str) {
        if text.contains(is_invisible) {
            self.push(&text.replace(is_invisible, ""), start, false);
        } else {
            self.push(text, start, false);
        }
    }

    fn push(&mut self, text: &str, source: usize, literal: bool) {
        if text.is_empty() {
            return;
        }
        let from = self.opened.take().unwrap_or(source);
        let goes_on = self.stretches.last().is_some_and(|last| {
            last.literal && literal && from == source && last.source + self.text.len() - last.shown == source
        });
        if !goes_on {
            self.stretches.push(Stretch { shown: self.text.len(), source, from, literal });
        }
        self.text.push_str(text);
    }

    /// Markup begins at `source` that belongs to what follows.
    pub fn open(&mut self, source: usize) {
        self.opened.get_or_insert(source);
    }

    /// Markup ends that belongs to what was shown.
    pub fn close(&mut self) {
        self.opened = None;
    }

    /// A block begins or ends in the source: what follows is a paragraph of its own.
    pub fn block(&mut self, source: usize) {
        self.line(source);
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.show_instead(source, "\n");
        }
        self.paragraphs.push(self.text.len());
    }

    /// What follows is a line of its own.
    pub fn line(&mut self, source: usize) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.show_instead(source, "\n");
        }
    }

    /// A space, or a tab between cells, where there is none yet.
    pub fn space(&mut self, source: usize, space: &str) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            // It is as long as white space of one byte.
            self.push(space, source, true);
        }
    }

    /// A code block or a table begins or ends in the source.
    pub fn wall(&mut self, source: usize) {
        self.block(source);
        self.walls.push(self.text.len());
    }

    /// What was shown since `start` is a heading; one that shows nothing has the title of its picture.
    pub fn heading(&mut self, start: usize, alternative: &str) {
        // What came before may be gone since.
        let start = start.min(self.text.len());
        let shown = self.text[start..].trim_end();
        let title = one_line(if shown.is_empty() { alternative } else { shown });
        self.headings.push(Heading { range: start..start + shown.len(), title });
    }

    /// Brings the outline into order; a reader's last step.
    pub fn finished(mut self) -> Self {
        self.headings.retain(|heading| !heading.title.is_empty());
        self.headings.sort_by_key(|heading| heading.range.start);
        self.headings = join_adjacent(self.headings, &self.text);
        self.paragraphs.extend(self.headings.iter().map(|heading| heading.range.start));
        for offsets in [&mut self.paragraphs, &mut self.walls] {
            offsets.sort_unstable();
            offsets.dedup();
        }
        self
    }

    /// For each of the ranges, which follow each other, the heading that its first words stand in or under. The first groups,
    /// which have none, are titled by one that begins in them, or as the article is.
    pub fn titles(&self, ranges: &[Range<usize>]) -> Vec<Option<String>> {
        let title_of = |range: &Range<usize>| {
            let fragment = &self.text[range.clone()];
            let first_word = range.start + fragment.len() - fragment.trim_start().len();
            let above = self.headings.partition_point(|heading| heading.range.start <= first_word);
            let within = || self.headings.first().filter(|heading| heading.range.start < range.end);
            let heading = above.checked_sub(1).map_or_else(within, |above| self.headings.get(above));
            heading.map(|heading| &heading.title).or(self.title.as_ref()).cloned()
        };
        ranges.iter().map(title_of).collect()
    }

    /// Where in the source the ranges of the shown text are, which cover it: these cover the source, and none is empty. With
    /// each the range that is shown, larger where several come from one place.
    pub fn sources(&self, ranges: &[Range<usize>], source_end: usize) -> Vec<(Range<usize>, Range<usize>)> {
        let mut sources: Vec<(Range<usize>, Range<usize>)> = Vec::with_capacity(ranges.len());
        for shown in ranges {
            let start = if sources.is_empty() { 0 } else { self.source_of(shown.start) };
            match sources.last_mut() {
                Some((last, before)) if start <= last.start => before.end = shown.end,
                last => {
                    if let Some((last, _)) = last {
                        last.end = start;
                    }
                    sources.push((start..source_end, shown.clone()));
                }
            }
        }
        if sources.is_empty() {
            // Nothing is shown.
            sources.push((0..source_end, 0..0));
        }
        sources
    }

    fn source_of(&self, shown: usize) -> usize {
        let after = self.stretches.partition_point(|stretch| stretch.shown <= shown);
        let Some(stretch) = after.checked_sub(1).map(|index| self.stretches[index]) else { return 0 };
        let inside = shown - stretch.shown;
        if inside == 0 || !stretch.literal { stretch.from } else { stretch.source + inside }
    }
}

/// Whether what stands between two headings leaves them together: white space, and no more than two blank lines of it.
pub(super) fn is_close(between: &str) -> bool {
    between.trim().is_empty() && between.matches('\n').count() <= 3
}

/// Most headings that are joined into one title.
const MOST_JOINED: usize = 3;

/// Joins headings that stand together into one: a chapter's number above its name. What front matter and the text's first line
/// both say is said once.
fn join_adjacent(headings: Vec<Heading>, text: &str) -> Vec<Heading> {
    let mut joined: Vec<(Heading, usize)> = Vec::with_capacity(headings.len());
    for heading in headings {
        match joined.last_mut() {
            Some((last, count))
                if *count < MOST_JOINED && text.get(last.range.end..heading.range.start).is_some_and(is_close) =>
            {
                last.range.end = heading.range.end;
                if last.title != heading.title {
                    last.title = format!("{} · {}", last.title, heading.title);
                }
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
    let is_decoration = |c: char| matches!(c, '=' | '*' | '_' | '#' | '~' | '-' | '|' | '¶' | ' ');
    words.join(" ").trim_matches(is_decoration).to_owned()
}
