//! Headings and paragraphs of plain text and of manual pages' sources.
//!
//! In: text. Out: its [`Structure`]. A heading of plain text is a short paragraph of a line that ends no sentence.

use super::structure::{Heading, Structure, is_close, one_line};
use super::words::is_ideograph;
use std::ops::Range;

/// Most characters of a heading; an ideograph counts as two, as it is as wide.
const LONGEST_HEADING: usize = 60;

/// More short lines than this in a row, blank lines between, are a list or a poem and no headings: a number, a title, an author.
const MOST_HEADINGS_TOGETHER: usize = 3;

/// Characters that end a sentence or a part of one, and so no heading.
const ENDS: [char; 20] =
    ['.', ',', ';', ':', '!', '?', '…', '。', '，', '；', '：', '！', '？', '、', '؟', '।', '{', '}', '(', ')'];

/// From so many blank lines on, what follows begins a new part, and a short line with a dot can head it.
const LARGE_GAP: usize = 2;

/// A paragraph: lines without a blank one between them.
struct Paragraph {
    range: Range<usize>,
    lines: usize,
    blank_lines_before: usize,
}

/// The lines of `text` with their ends, and where they begin.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |start, line| {
        let begins = *start;
        *start += line.len();
        Some((begins, line))
    })
}

fn paragraphs(text: &str) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut blank_lines = 1;
    for (start, line) in lines(text) {
        if line.trim().is_empty() {
            blank_lines += 1;
            continue;
        }
        let end = start + line.trim_end().len();
        match paragraphs.last_mut() {
            Some(last) if blank_lines == 0 => (last.range.end, last.lines) = (end, last.lines + 1),
            _ => paragraphs.push(Paragraph { range: start..end, lines: 1, blank_lines_before: blank_lines }),
        }
        blank_lines = 0;
    }
    paragraphs
}

/// Reads the outline of plain text.
pub(super) fn read(text: &str) -> Structure {
    let paragraphs = paragraphs(text);
    let mut structure = Structure::default();
    let together =
        |a: &Paragraph, b: &Paragraph| heads(text, a) && heads(text, b) && is_close(&text[a.range.end..b.range.start]);
    for run in paragraphs.chunk_by(together) {
        if heads(text, &run[0]) && run.len() <= MOST_HEADINGS_TOGETHER {
            let heading = |paragraph: &Paragraph| Heading {
                title: one_line(&text[paragraph.range.clone()]).trim_end_matches('.').to_owned(),
                range: paragraph.range.clone(),
            };
            structure.headings.extend(run.iter().map(heading));
        }
    }
    structure.paragraphs = paragraphs.iter().map(|paragraph| paragraph.range.start).collect();
    structure
}

/// Whether a paragraph can be a heading.
fn heads(text: &str, paragraph: &Paragraph) -> bool {
    let line = one_line(&text[paragraph.range.clone()]);
    let width: usize = line.chars().map(|c| 1 + usize::from(is_ideograph(c))).sum();
    let ending = line.trim_end_matches(['\'', '"', '’', '”', '»', '」', '』']);
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    paragraph.lines == 1
        && width <= LONGEST_HEADING
        && 2 * letters > line.chars().filter(|c| !c.is_whitespace()).count()
        && line.chars().next().is_some_and(|first| !first.is_lowercase() && first.is_alphanumeric())
        && (!ending.ends_with(ENDS)
            || is_shouted(&line)
            || (ending.ends_with('.') && paragraph.blank_lines_before >= LARGE_GAP))
}

/// Whether a line is all capitals, as headings are whatever they end with.
fn is_shouted(line: &str) -> bool {
    line.chars().any(char::is_uppercase) && !line.chars().any(char::is_lowercase) && !line.ends_with(['{', '}', '('])
}

/// Whether text without a telling name is the source of a manual page.
pub(super) fn looks_like_roff(text: &str) -> bool {
    (text.starts_with('.') || text.starts_with("'\\\"")) && (text.contains("\n.SH") || text.contains("\n.Sh"))
}

/// Reads the outline of a manual page's source.
pub(super) fn read_roff(text: &str) -> Structure {
    let mut structure = Structure::default();
    for (start, _) in text.match_indices("\\f") {
        // A change of font, `\fB`: three characters that are part of no word.
        let font = text[start + 2..].chars().next().map_or(0, char::len_utf8);
        structure.markup.push(start..start + 2 + font);
    }
    for (start, line) in lines(text) {
        let Some(request) = line.strip_prefix('.') else {
            if line.trim().is_empty() {
                structure.paragraphs.push(start + line.len());
            }
            continue;
        };
        let name_length = request.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(request.len());
        let (name, rest) = request.split_at(name_length);
        structure.markup.push(start..start + 1 + name_length);
        match name {
            "SH" | "SS" | "Sh" | "Ss" => structure.headings.push(Heading {
                range: start..start + line.trim_end().len(),
                title: one_line(&rest.replace('"', " ").replace("\\-", "-")),
            }),
            "P" | "PP" | "LP" | "Pp" | "TP" | "IP" | "HP" | "It" | "br" | "sp" | "nf" | "fi" | "BR" => {
                structure.paragraphs.push(start);
            }
            _ => {}
        }
    }
    structure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(structure: &Structure) -> Vec<&str> {
        structure.headings.iter().map(|heading| heading.title.as_str()).collect()
    }

    #[test]
    fn short_lines_on_their_own_head_what_follows() {
        let text = "  CHAPTER I\n\n  Down the Hole\n\nAlice sat.\nShe was tired.\n\nOh dear!'\n\n卷一\n\n丁令威，本遼東人。\n\n\n\n=ИЗДАНИЕ.=\n";
        assert_eq!(titles(&read(text)), ["CHAPTER I", "Down the Hole", "卷一", "ИЗДАНИЕ"]);
    }

    #[test]
    fn a_list_of_short_lines_is_no_row_of_headings() {
        let text = "Apples\n\nPears\n\nPlums\n\nNuts\n\nThat is all there is to buy today.\n";
        assert!(titles(&read(text)).is_empty());
    }

    #[test]
    fn manual_pages_are_headed_by_their_macros() {
        let text = ".TH XARGS 1\n.SH NAME\nxargs\n.SH \"SEE ALSO\"\n.BR find (1)\n";
        assert!(looks_like_roff(text));
        assert_eq!(titles(&read_roff(text)), ["NAME", "SEE ALSO"]);
    }
}
