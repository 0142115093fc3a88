//! Where groups end: the cheapest way to cut a text, by dynamic programming over the ends of its words.
//!
//! In: text, its [`Structure`], [`GroupSettings`]. Out: byte ranges that cover the text in order, never cut inside a word.

use super::GroupSettings;
use super::structure::Structure;
use super::words::{is_unspaced, segments, sentence_ends};
use std::ops::Range;

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
}

/// The groups of `text` as byte ranges.
pub(super) fn groups(text: &str, structure: &Structure, settings: GroupSettings) -> Vec<Range<usize>> {
    let places = places(text, structure);
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
fn places(text: &str, structure: &Structure) -> Vec<Place> {
    let wrap_width = wrap_width(text);
    let headings: Vec<usize> = structure.headings.iter().map(|heading| line_start(text, heading.range.start)).collect();
    let mut starts: Vec<usize> = structure.paragraphs.iter().map(|&start| line_start(text, start)).collect();
    starts.sort_unstable();
    starts.dedup();
    let sentences = sentences(text, &starts);

    let mut places =
        vec![Place { offset: 0, characters: 0, cost: AT_HEADING, headings: 0, heads: headings.first() == Some(&0) }];
    let mut characters = 0;
    let mut in_space = false;
    let segments = segments(text);
    for (index, (range, _)) in segments.iter().enumerate() {
        let segment = &text[range.clone()];
        for character in segment.chars() {
            let space = character.is_whitespace();
            characters += usize::from(!(space && in_space));
            in_space = space;
        }
        let offset = range.end;
        let before = &text[..offset];
        let after = &text[offset..];
        let cost = if after.is_empty() || headings.binary_search(&offset).is_ok() {
            AT_HEADING
        } else if starts.binary_search(&offset).is_ok() {
            AT_PARAGRAPH
        } else if after.starts_with(char::is_whitespace) || before.ends_with("\n.") {
            // White space stays with what it follows, and a request's dot with its name.
            continue;
        } else if sentences.binary_search(&offset).is_ok() || (before.ends_with('\n') && ends_short(before, wrap_width))
        {
            AT_SENTENCE
        } else if ends_clause(before) {
            AT_CLAUSE
        } else if before.ends_with('\n') {
            AT_LINE
        } else if before.ends_with(char::is_whitespace) || may_part(before, after) {
            AT_WORD
        } else if segments[index].1 && segments.get(index + 1).is_some_and(|next| next.1)
            || opens_or_closes(before, after)
        {
            // Two words without space between them, or punctuation that belongs to a neighbour.
            continue;
        } else {
            AT_SEAM
        };
        let above = headings.partition_point(|&start| start < offset);
        places.push(Place { offset, characters, cost, headings: above, heads: headings.get(above) == Some(&offset) });
    }
    places
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
        text.lines().map(|line| line.trim_end().chars().count()).filter(|&length| length > 0).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() * 9 / 10).copied().unwrap_or(0)
}

/// Whether the last line ends on purpose.
fn ends_short(before: &str, wrap_width: usize) -> bool {
    let lines = before.trim_end();
    let line = &lines[lines.rfind('\n').map_or(0, |end| end + 1)..];
    (line.chars().count() as f64) < SHORT_LINE * wrap_width as f64
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
    let (last, first) = (before.chars().next_back(), after.chars().next());
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
