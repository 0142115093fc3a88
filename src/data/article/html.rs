//! Headings, paragraphs and tags of HTML, by html5gum.
//!
//! In: text. Out: its [`Structure`]; tags, comments, scripts and styles are its markup.

use super::structure::{Heading, Structure, one_line};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use std::ops::Range;

/// Elements that begin a paragraph.
const BLOCKS: [&[u8]; 22] = [
    b"p",
    b"br",
    b"li",
    b"dt",
    b"dd",
    b"tr",
    b"div",
    b"pre",
    b"blockquote",
    b"table",
    b"ul",
    b"ol",
    b"dl",
    b"hr",
    b"section",
    b"article",
    b"header",
    b"footer",
    b"nav",
    b"main",
    b"body",
    b"figure",
];

/// Whether text is HTML: it begins as such, or closes elements as often as a page does.
pub(super) fn looks_like(text: &str) -> bool {
    let start: String = text.trim_start_matches('\u{feff}').trim_start().chars().take(15).collect();
    let start = start.to_lowercase();
    let begins =
        ["<!doctype html", "<html", "<head", "<body", "<title", "<h1"].iter().any(|tag| start.starts_with(tag));
    begins || (start.starts_with('<') && text.contains("</p>"))
}

/// Reads the outline of HTML.
pub(super) fn read(text: &str) -> Structure {
    let mut structure = Structure::default();
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    // The heading that is open and the offset where it began.
    let mut heading: Option<(usize, String)> = None;
    // A script or style, whose text is markup.
    let mut hidden = false;
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                mark(&mut structure, text, tag.span.start..tag.span.end);
                let name: &[u8] = &tag.name;
                if is_heading(name) {
                    heading = Some((tag.span.start, String::new()));
                } else if BLOCKS.contains(&name) {
                    structure.paragraphs.push(tag.span.start);
                }
                hidden = matches!(name, b"script" | b"style");
            }
            Token::EndTag(tag) => {
                mark(&mut structure, text, tag.span.start..tag.span.end);
                hidden = false;
                if is_heading(&tag.name)
                    && let Some((start, title)) = heading.take()
                {
                    structure.headings.push(Heading { range: start..tag.span.end, title: one_line(&title) });
                }
            }
            Token::String(words) => {
                if hidden {
                    mark(&mut structure, text, words.span.start..words.span.end);
                } else if let Some((_, title)) = &mut heading {
                    title.push_str(&String::from_utf8_lossy(&words));
                }
            }
            Token::Comment(comment) => mark(&mut structure, text, comment.span.start..comment.span.end),
            Token::Doctype(doctype) => mark(&mut structure, text, doctype.span.start..doctype.span.end),
            Token::Error(_) => {}
        }
    }
    for (start, _) in text.match_indices('&') {
        // A character reference, not a word: the longest name has 32 characters.
        let name = &text[start + 1..];
        let length = name.bytes().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        if length > 1 {
            structure.markup.push(start..start + 1 + length);
        }
    }
    structure.paragraphs.retain(|&start| text.is_char_boundary(start));
    structure.headings.retain(|heading| text.get(heading.range.clone()).is_some());
    structure
}

fn is_heading(name: &[u8]) -> bool {
    name == b"title" || matches!(name, [b'h', b'1'..=b'6'])
}

fn mark(structure: &mut Structure, text: &str, range: Range<usize>) {
    if text.get(range.clone()).is_some() {
        structure.markup.push(range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_found_where_they_stand() {
        let text = "<title>A page</title>\n<H1> Caf&eacute;\n <i>here</i></h1><p>Text<script>var h1 = 1;</script>é</p>";
        let structure = read(text);
        let titles: Vec<&str> = structure.headings.iter().map(|heading| heading.title.as_str()).collect();
        assert_eq!(titles, ["A page", "Café here"]);
        assert!(text[structure.headings[1].range.clone()].starts_with("<H1>"));
        let shown: String = {
            let mut shown = String::new();
            let mut at = 0;
            let mut markup = structure.markup.clone();
            markup.sort_by_key(|mark| mark.start);
            for mark in markup {
                shown.push_str(&text[at..mark.start]);
                at = mark.end;
            }
            shown
        };
        assert!(shown.contains("Text") && !shown.contains("var"), "{shown}");
    }

    #[test]
    fn html_is_told_from_text() {
        assert!(looks_like("\n<!DOCTYPE HTML><html>"));
        assert!(looks_like("<div><p>x</p></div>"));
        assert!(!looks_like("a < b and </p> stands here"));
    }
}
