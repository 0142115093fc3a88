//! Headings and paragraphs of Markdown, by pulldown-cmark.
//!
//! In: text. Out: its [`Structure`]. Front matter's `title:` is a heading; code and lists begin paragraphs of their own.

use super::structure::{Heading, Structure, one_line};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Whether text without a telling name is Markdown: front matter, fences, or numbered-sign headings after a blank line.
pub(super) fn looks_like(text: &str) -> bool {
    let mut blank_before = true;
    let (mut headings, mut fences) = (0, 0);
    for line in text.lines() {
        let level = line.len() - line.trim_start_matches('#').len();
        headings += usize::from(blank_before && (1..=6).contains(&level) && line[level..].starts_with(' '));
        fences += usize::from(line.starts_with("```"));
        blank_before = line.trim().is_empty();
    }
    headings > 0 && !text.starts_with("#!") || fences >= 2
}

/// Reads the outline of Markdown.
pub(super) fn read(text: &str) -> Structure {
    let options = Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
        | Options::ENABLE_TABLES;
    let mut structure = Structure::default();
    let mut heading: Option<Heading> = None;
    let mut in_metadata = false;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(Heading { range, title: String::new() }),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(mut done) = heading.take() {
                    done.title = one_line(&done.title);
                    structure.headings.push(done);
                }
            }
            Event::Start(Tag::MetadataBlock(_)) => {
                in_metadata = true;
                structure.paragraphs.push(range.start);
            }
            Event::End(TagEnd::MetadataBlock(_)) => in_metadata = false,
            Event::Text(words) if in_metadata => {
                structure.headings.extend(front_matter_title(&words).map(|title| Heading { range, title }));
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    heading.title.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut heading {
                    heading.title.push(' ');
                }
            }
            Event::Start(
                Tag::Paragraph
                | Tag::Item
                | Tag::BlockQuote(_)
                | Tag::CodeBlock(_)
                | Tag::TableHead
                | Tag::TableRow
                | Tag::HtmlBlock,
            )
            | Event::Rule => structure.paragraphs.push(range.start),
            _ => {}
        }
    }
    structure
}

/// The value of `title:` (YAML) or `title =` (TOML) in front matter.
fn front_matter_title(front_matter: &str) -> Option<String> {
    front_matter.lines().find_map(|line| {
        let value = line.strip_prefix("title")?.trim_start();
        let value = value.strip_prefix(':').or_else(|| value.strip_prefix('='))?;
        Some(one_line(value.trim().trim_matches(['"', '\''])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_all_kinds_are_found_without_their_markup() {
        let text = "---\ntitle: \"Front\"\n---\n# A `code` *title*\n\nText.\n\nSetext\n===\n\n- item\n\n```\n# no heading\n```\n";
        let titles: Vec<String> = read(text).headings.into_iter().map(|heading| heading.title).collect();
        assert_eq!(titles, ["Front", "A code title", "Setext"]);
    }

    #[test]
    fn markdown_is_told_from_code_and_prose() {
        assert!(looks_like("Intro\n\n## Part\n"));
        assert!(!looks_like("#include <stdio.h>\nint x;\n"));
        assert!(!looks_like("Just prose. # not at all\n"));
    }
}
