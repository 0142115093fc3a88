//! Headings and paragraphs of plain text.
//!
//! In: text. Out: its [`Page`]. A heading is a short paragraph of a line that ends no sentence, or a line that is underlined.

use super::counted::composed;
use super::page::{Heading, Page, is_close, one_line};
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

/// Reads plain text.
pub(super) fn read(source: &str) -> Page {
    let mut page = Page::default();
    page.show(source, 0..source.len());
    let text = page.text.as_str();
    let paragraphs = paragraphs(text);
    let together =
        |a: &Paragraph, b: &Paragraph| heads(text, a) && heads(text, b) && is_close(&text[a.range.end..b.range.start]);
    for run in paragraphs.chunk_by(together) {
        if heads(text, &run[0]) && run.len() <= MOST_HEADINGS_TOGETHER {
            let heading = |paragraph: &Paragraph| Heading {
                title: one_line(&text[paragraph.range.clone()]).trim_end_matches('.').to_owned(),
                range: paragraph.range.clone(),
            };
            page.headings.extend(run.iter().map(heading));
        }
    }
    page.headings.extend(paragraphs.iter().filter_map(|paragraph| underlined(text, paragraph)));
    page.paragraphs = paragraphs.iter().map(|paragraph| paragraph.range.start).collect();
    page
}

/// The first line of a paragraph with a row of one mark below it, and above it too or not.
fn underlined(text: &str, paragraph: &Paragraph) -> Option<Heading> {
    let rows: Vec<(usize, &str)> = lines(&text[paragraph.range.clone()]).take(3).collect();
    let is_rule = |line: &str| {
        let line = line.trim();
        let mark = line.chars().next().filter(char::is_ascii_punctuation);
        line.len() >= 3 && mark.is_some_and(|mark| line.chars().all(|c| c == mark))
    };
    let at = usize::from(rows.first().is_some_and(|(_, line)| is_rule(line)));
    let (&(start, title), (_, rule)) = (rows.get(at)?, rows.get(at + 1)?);
    let title = title.trim_end();
    let wide = title.chars().count() <= LONGEST_HEADING && 2 * rule.trim().len() >= title.chars().count();
    let range = paragraph.range.start + start..paragraph.range.start + start + title.len();
    (is_rule(rule) && wide && title.contains(char::is_alphanumeric)).then(|| Heading { range, title: one_line(title) })
}

/// Whether a paragraph can be a heading.
fn heads(text: &str, paragraph: &Paragraph) -> bool {
    let line = composed(&text[paragraph.range.clone()]);
    let line = one_line(&line);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(page: &Page) -> Vec<&str> {
        page.headings.iter().map(|heading| heading.title.as_str()).collect()
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
    fn a_line_that_is_underlined_is_a_heading() {
        let text =
            "Crossing the bay (2nd)\n======================\nBy boat.\n\n*****\nParts\n*****\n\na - b\n-\n\n-----\n";
        assert_eq!(titles(&read(text)), ["Crossing the bay (2nd)", "Parts"]);
    }
}
