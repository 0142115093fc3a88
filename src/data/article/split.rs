//! Where groups end: the cheapest way to cut a text, by dynamic programming over the ends of its words.
//!
//! In: a [`Page`], [`GroupSettings`]. Out: byte ranges that cover its text in order, never cut inside a word.

use super::GroupSettings;
use super::counted::length;
use super::page::Page;
use super::words::{is_unspaced, segments, sentence_ends};
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

// What it costs to cut at a place, the better ones less. Only the differences matter; they are of our choice, made by
// looking at groups of prose, manuals, code and pages.
const AT_HEADING: f32 = 0.0;
const AT_PARAGRAPH: f32 = 0.5;
const AT_SENTENCE: f32 = 1.0;
const AT_CLAUSE: f32 = 4.0;
const AT_LINE: f32 = 6.0;
const AT_WORD: f32 = 8.0;
/// Where no white space is though the script has it: at a dot in an address, a bracket in code.
const AT_SEAM: f32 = 16.0;
/// Between marks, which belong together: in a row of them that is longer than a group.
const AT_MARK: f32 = 100.0;
/// A heading inside a group, which can't title it.
const HEADING_INSIDE: f32 = 7.0;
/// Times the square of the share of the least length that is lacking.
const TOO_SHORT: f32 = 24.0;
/// A group longer than the most, which only a word as long brings about.
const TOO_LONG: f32 = 1e3;

/// A line shorter than this share of the text's long lines ends on purpose, not because it was wrapped.
const SHORT_LINE: f64 = 0.75;

/// A place where a group may end.
struct Place {
    offset: usize,
    /// Characters of the text before it, runs of white space counted once.
    characters: usize,
    cost: f32,
    /// Headings that begin before it.
    headings: usize,
    /// Whether a heading begins here.
    heads: bool,
    /// Whether no group goes over it.
    wall: bool,
}

/// The groups of a page's text as byte ranges.
pub(super) fn groups(page: &Page, settings: GroupSettings) -> Vec<Range<usize>> {
    let places = places(page);
    let mut best: Vec<(f32, usize)> = vec![(0.0, 0)];
    for end in 1..places.len() {
        let mut cheapest = (f32::INFINITY, end - 1);
        for start in (0..end).rev() {
            let length = places[end].characters - places[start].characters;
            if length > settings.max_characters && start + 1 < end {
                break;
            }
            let cost = best[start].0 + cost_of_group(&places[start], &places[end], length, settings);
            if cost < cheapest.0 {
                cheapest = (cost, start);
            }
            if places[start].wall {
                break;
            }
        }
        best.push(cheapest);
    }
    let mut ranges = Vec::new();
    let mut end = places.len() - 1;
    while end > 0 {
        let start = best[end].1;
        ranges.push(places[start].offset..places[end].offset);
        end = start;
    }
    ranges.reverse();
    ranges
}

fn cost_of_group(start: &Place, end: &Place, length: usize, settings: GroupSettings) -> f32 {
    let lacking = settings.min_characters.saturating_sub(length) as f32 / settings.min_characters as f32;
    // A heading that the group begins with is no heading inside.
    let inside = (end.headings - start.headings).saturating_sub(usize::from(start.heads));
    let too_long = if length > settings.max_characters { TOO_LONG } else { 0.0 };
    end.cost + TOO_SHORT * lacking * lacking + HEADING_INSIDE * inside as f32 + too_long
}

/// All places where a group may end, the beginning and the end of the text among them.
fn places(page: &Page) -> Vec<Place> {
    let text = page.text.as_str();
    let wrap_width = wrap_width(text);
    let line_starts = |offsets: &mut dyn Iterator<Item = usize>| {
        let mut starts: Vec<usize> = offsets.map(|start| line_start(text, start)).collect();
        starts.sort_unstable();
        starts.dedup();
        starts
    };
    let headings = line_starts(&mut page.headings.iter().map(|heading| heading.range.start));
    let starts = line_starts(&mut page.paragraphs.iter().copied());
    let walls = line_starts(&mut page.walls.iter().copied());
    let sentences = sentences(text, &starts);
    let is_in = |offsets: &[usize], offset: usize| offsets.binary_search(&offset).is_ok();
    let place = |offset, characters, cost| {
        let above = headings.partition_point(|&start| start < offset);
        let heads = headings.get(above) == Some(&offset);
        Place { offset, characters, cost, headings: above, heads, wall: is_in(&walls, offset) }
    };

    let mut places = vec![place(0, 0, AT_HEADING)];
    let mut characters = 0;
    let mut in_space = false;
    let segments = segments(text);
    for (index, (range, is_word)) in segments.iter().enumerate() {
        let segment = &text[range.clone()];
        let (mut inside, mut counted) = (0, characters);
        for inner in between_marks(segment) {
            counted += length(&segment[inside..inner]);
            inside = inner;
            places.push(place(range.start + inner, counted, AT_MARK));
        }
        if segment.chars().all(char::is_whitespace) {
            characters += usize::from(!in_space);
            in_space = true;
        } else {
            characters += length(segment);
            in_space = segment.ends_with(char::is_whitespace);
        }
        let offset = range.end;
        let before = &text[..offset];
        let after = &text[offset..];
        let cost = if after.is_empty() || is_in(&headings, offset) || is_in(&walls, offset) {
            AT_HEADING
        } else if is_in(&starts, offset) {
            AT_PARAGRAPH
        } else if after.starts_with(char::is_whitespace) {
            // White space stays with what follows.
            continue;
        } else if is_in(&sentences, offset) || (before.ends_with('\n') && ends_short(before, wrap_width)) {
            AT_SENTENCE
        } else if ends_clause(before) {
            AT_CLAUSE
        } else if before.ends_with('\n') {
            AT_LINE
        } else if before.ends_with(char::is_whitespace) || may_part(before, after) {
            AT_WORD
        } else if *is_word && segments.get(index + 1).is_some_and(|next| next.1) || opens_or_closes(before, after) {
            // Two words without space between them, or punctuation that belongs to a neighbour.
            AT_MARK
        } else {
            AT_SEAM
        };
        places.push(place(offset, characters, cost));
    }
    places
}

/// Where a segment can be cut in need: between two characters that are no letters, as in a line of underscores, and are not
/// shown as one, as many emoji are.
fn between_marks(segment: &str) -> impl Iterator<Item = usize> {
    let is_mark = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !joins(c);
    let pairs = segment.char_indices().zip(segment.chars().skip(1));
    pairs.filter(move |&((_, before), after)| is_mark(before) && is_mark(after)).map(|((at, c), _)| at + c.len_utf8())
}

/// Whether a character is shown as one with its neighbour: accents, joiners, colours of skin, halves of flags.
fn joins(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{200c}' | '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{e0020}'..='\u{e007f}')
}

/// The ends of sentences, as offsets in the text: each paragraph has its own.
fn sentences(text: &str, paragraph_starts: &[usize]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut start = 0;
    for &end in paragraph_starts.iter().chain([&text.len()]) {
        if end > start {
            ends.extend(sentence_ends(&text[start..end]).into_iter().map(|sentence| start + sentence));
            start = end;
        }
    }
    ends
}

/// `offset`, or the beginning of its line if only white space is between, so that indentation stays with its text.
fn line_start(text: &str, offset: usize) -> usize {
    let before = &text[..offset];
    let spaces = before.len() - before.trim_end_matches([' ', '\t']).len();
    if before[..offset - spaces].ends_with('\n') || offset == spaces { offset - spaces } else { offset }
}

/// The length that nine of ten lines don't exceed, in characters; 0 for a text of long unwrapped lines.
fn wrap_width(text: &str) -> usize {
    let mut lengths: Vec<usize> =
        text.lines().map(|line| length(line.trim_end())).filter(|&length| length > 0).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() * 9 / 10).copied().unwrap_or(0)
}

/// Whether the last line ends on purpose.
fn ends_short(before: &str, wrap_width: usize) -> bool {
    let lines = before.trim_end();
    let line = &lines[lines.rfind('\n').map_or(0, |end| end + 1)..];
    (length(line) as f64) < SHORT_LINE * wrap_width as f64
}

fn ends_clause(before: &str) -> bool {
    let trimmed = before.trim_end();
    let spaced = trimmed.len() < before.len();
    match trimmed.chars().next_back() {
        Some('，' | '、' | '；' | '：' | '。' | '！' | '？' | '」' | '』' | '）') => true,
        Some(',' | ';' | ':' | '—' | '–' | '…' | ')' | '.' | '!' | '?') => spaced,
        _ => false,
    }
}

/// Whether words part here without white space, as they do in their script.
fn may_part(before: &str, after: &str) -> bool {
    let unspaced = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && is_unspaced(c));
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (last, first) = (before.chars().rev().find(|&c| !is_combining_mark(c)), after.chars().next());
    (unspaced(last) && word(first)) || (word(last) && unspaced(first))
}

/// Whether a cut here would leave a closing mark at the beginning of a group, or an opening one at the end.
fn opens_or_closes(before: &str, after: &str) -> bool {
    let closes = |c: char| !c.is_alphanumeric() && !is_opening(c);
    after.starts_with(closes) || before.ends_with(is_opening)
}

fn is_opening(c: char) -> bool {
    matches!(
        c,
        '(' | '['
            | '{'
            | '<'
            | '“'
            | '‘'
            | '«'
            | '「'
            | '『'
            | '（'
            | '【'
            | '《'
            | '〈'
            | '¿'
            | '¡'
            | '`'
            | '#'
            | '@'
    )
}
