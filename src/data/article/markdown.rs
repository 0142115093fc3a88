//! Markdown as people see it, by pulldown-cmark; tags in it by `html`.
//!
//! In: text. Out: its [`Page`]. Front matter's title is a heading; code blocks and tables stand between walls.

use super::html;
use super::page::Page;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Whether text without a telling name is Markdown: fences, or numbered-sign headings after a blank line.
pub(super) fn looks_like(text: &str) -> bool {
    let mut blank_before = true;
    let (mut headings, mut fences) = (0, 0);
    for line in text.lines() {
        let level = line.len() - line.trim_start_matches('#').len();
        headings += usize::from(blank_before && (1..=6).contains(&level) && line[level..].starts_with(' '));
        fences += usize::from(line.starts_with("```"));
        blank_before = line.trim().is_empty();
    }
    headings > 0 || fences >= 2
}

/// Reads Markdown.
pub(super) fn read(source: &str) -> Page {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM;
    html::read_by(source, |html, start| {
        let mut reader = Reader { html, heading: 0, images: 0, alternative: String::new() };
        for (event, range) in Parser::new_ext(&source[start..], options).into_offset_iter() {
            reader.event(event, start + range.start..start + range.end);
        }
    })
}

struct Reader<'a, 'b> {
    html: &'a mut html::Reader<'b>,
    /// Where the heading that is open begins in the shown text.
    heading: usize,
    /// Images that are open; what stands in them is not seen.
    images: usize,
    /// It titles a heading that is nothing but a picture.
    alternative: String,
}

impl Reader<'_, '_> {
    fn event(&mut self, event: Event, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, range),
            Event::End(tag) => self.end(tag, range.end),
            Event::Text(text) if self.images > 0 => self.alternative.push_str(&text),
            Event::Text(_) | Event::Code(_) if self.html.is_hidden() => {}
            Event::Text(text) | Event::Code(text) => self.text(&text, range),
            Event::InlineHtml(_) => self.html.read(range),
            Event::SoftBreak | Event::HardBreak => self.html.page.line(range.start),
            Event::Rule => self.html.page.block(range.start),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag, range: Range<usize>) {
        let page = &mut self.html.page;
        match tag {
            Tag::CodeBlock(_) | Tag::Table(_) => page.wall(range.start),
            Tag::TableCell => page.space(range.start, "\t"),
            Tag::Image { .. } => self.images += 1,
            Tag::Heading { .. }
            | Tag::Paragraph
            | Tag::Item
            | Tag::BlockQuote(_)
            | Tag::TableHead
            | Tag::TableRow
            | Tag::FootnoteDefinition(_) => page.block(range.start),
            // Its lines are read together: a tag may go over several.
            Tag::HtmlBlock => {
                page.block(range.start);
                return self.html.read(range);
            }
            _ => {}
        }
        page.open(range.start);
        if let Tag::Heading { .. } = tag {
            self.heading = page.text.len();
            self.alternative.clear();
        }
    }

    fn end(&mut self, tag: TagEnd, end: usize) {
        let page = &mut self.html.page;
        page.close();
        match tag {
            TagEnd::CodeBlock | TagEnd::Table => page.wall(end),
            TagEnd::Image => self.images -= 1,
            TagEnd::Heading(_) => {
                page.heading(self.heading, &self.alternative);
                page.block(end);
            }
            TagEnd::HtmlBlock => page.block(end),
            _ => {}
        }
    }

    /// Shows text that the source has at `range`, within marks or escaped.
    fn text(&mut self, text: &str, range: Range<usize>) {
        let page = &mut self.html.page;
        match self.html.source[range.clone()].find(text) {
            Some(offset) => page.show(self.html.source, range.start + offset..range.start + offset + text.len()),
            None => page.show_instead(range.start, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_all_kinds_are_found_without_their_markup() {
        let text = "---\ntitle: \"Front\"\n---\n# A `code` *title* {#anchor .class}\n\nText.\n\nSetext\n===\n\n- item\n\n```\n# no heading\n```\n\
                    <h1 align=center>\n<img src=logo.svg>\nIn &amp; tags\n</h1>\n\n## [![A picture](p.svg)](x)\n";
        let page = read(text);
        let titles: Vec<String> = page.headings.iter().map(|heading| heading.title.clone()).collect();
        assert_eq!(titles, ["Front", "A code title", "Setext", "In & tags", "A picture"], "{}", page.text);
    }

    #[test]
    fn what_is_shown_has_no_markup() {
        let text = "**Bold** [link](http://x.org \"tip\") ![alt](y.png) a\\*b &copy; `co de`<br>next<!-- not\nseen --> line\n\
                    | a | b |\n|---|---|\n| c | d |\n";
        let page = read(text);
        let lines: Vec<&str> = page.text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines[..2], ["Bold link  a*b © co de", "next line"], "{:?}", page.text);
        let text = "Before\n\n| a | b |\n|---|---|\n| c | d |\n\nAfter\n\n    code\n";
        assert_eq!(read(text).text, "Before\n\na\tb\n\nc\td\n\nAfter\n\ncode\n\n");
    }

    #[test]
    fn markdown_is_told_from_code_and_prose() {
        assert!(looks_like("Intro\n\n## Part\n"));
        assert!(!looks_like("#include <stdio.h>\nint x;\n"));
        assert!(!looks_like("Just prose. # not at all\n"));
    }
}
