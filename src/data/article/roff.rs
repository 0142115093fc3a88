//! Sources of manual pages (`man` and `mdoc`) as people see them.
//!
//! In: text. Out: its [`Page`]. Requests, comments and changes of font are left out; what macros print stays.

use super::page::{Page, one_line};

/// Requests and macros that begin a paragraph.
const PARAGRAPHS: [&str; 14] = ["P", "PP", "LP", "Pp", "TP", "TQ", "IP", "HP", "It", "br", "sp", "nf", "fi", "RS"];

/// Macros whose words are not printed; nor are those of requests, which begin with a small letter.
const SILENT: [&str; 18] =
    ["PD", "RS", "RE", "TH", "Dt", "Dd", "Os", "PU", "UC", "AT", "Sm", "Bd", "Ed", "Bl", "El", "EX", "EE", "UE"];

/// Macros that print their words without spaces between, each in another font.
const ALTERNATING: [&str; 6] = ["BI", "BR", "IB", "IR", "RB", "RI"];

/// What some characters with names of two letters are; others are not shown.
const NAMED: [(&str, &str); 20] = [
    ("em", "—"),
    ("en", "–"),
    ("hy", "-"),
    ("lq", "“"),
    ("rq", "”"),
    ("oq", "‘"),
    ("cq", "’"),
    ("aq", "'"),
    ("dq", "\""),
    ("bu", "•"),
    ("co", "©"),
    ("rg", "®"),
    ("rs", "\\"),
    ("ti", "~"),
    ("ha", "^"),
    ("mi", "−"),
    ("mu", "×"),
    ("->", "→"),
    ("<=", "≤"),
    (">=", "≥"),
];

/// Whether text without a telling name is the source of a manual page.
pub(super) fn looks_like(text: &str) -> bool {
    (text.starts_with('.') || text.starts_with("'\\\"")) && (text.contains("\n.SH") || text.contains("\n.Sh"))
}

/// Reads the source of a manual page.
pub(super) fn read(source: &str) -> Page {
    let mut page = Page::default();
    let mut start = 0;
    // What ends a macro's definition or a part that is ignored.
    let mut ignored = false;
    // A heading whose words are on the next line.
    let mut heading = false;
    for line in source.split_inclusive('\n') {
        let (at, text) = (start, line.trim_end_matches(['\n', '\r']));
        start += line.len();
        let Some(request) = text.strip_prefix(['.', '\'']) else {
            if ignored {
                continue;
            }
            if heading {
                let from = page.text.len();
                show_line(&mut page, source, at, text);
                page.heading(from, "");
                page.block(start);
                heading = false;
            } else if text.trim().is_empty() {
                page.block(start);
            } else {
                show_line(&mut page, source, at, text);
                page.line(at + text.len());
            }
            continue;
        };
        if ignored {
            ignored = !request.starts_with('.');
            continue;
        }
        let request = request.trim_start();
        let name_length = request.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(request.len());
        let (name, rest) = request.split_at(name_length);
        let words = words(rest);
        if PARAGRAPHS.contains(&name) {
            page.block(at);
        }
        page.open(at);
        match name {
            "SH" | "SS" | "Sh" | "Ss" => {
                page.block(at);
                page.open(at);
                let from = page.text.len();
                show_words(&mut page, at, &words.join(" "));
                heading = words.is_empty();
                if !heading {
                    page.heading(from, "");
                    page.block(start);
                }
            }
            "TH" | "Dt" => page.title = words.first().map(|title| one_line(title)).filter(|title| !title.is_empty()),
            "de" | "de1" | "am" | "ig" => ignored = true,
            _ if SILENT.contains(&name) || !name.starts_with(|c: char| c.is_ascii_uppercase()) => {}
            _ => {
                // Of a hanging tag only the first word is printed, the second is its width.
                let shown = if name == "IP" { &words[..words.len().min(1)] } else { &words[..] };
                let between = if ALTERNATING.contains(&name) { "" } else { " " };
                show_words(&mut page, at, &shown.join(between));
                page.line(at + text.len());
            }
        }
    }
    page
}

/// The words of a request, quoted or not.
fn words(rest: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = rest.trim();
    while !rest.is_empty() && !rest.starts_with("\\\"") {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"').unwrap_or((quoted, ""))
        } else {
            // A space after a backslash is a part of the word.
            let end = rest.match_indices(' ').find(|&(place, _)| !rest[..place].ends_with('\\'));
            rest.split_at(end.map_or(rest.len(), |(place, _)| place))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// Shows a line of the source that starts at `at`, with its escapes decoded.
fn show_line(page: &mut Page, source: &str, at: usize, line: &str) {
    let mut rest = at..at + line.len();
    while let Some(place) = source[rest.clone()].find('\\') {
        let escaped = rest.start + place + 1;
        page.show(source, rest.start..escaped - 1);
        let (text, length) = escape(&source[escaped..rest.end]);
        page.show_instead(escaped - 1, text);
        rest.start = escaped + length;
    }
    page.show(source, rest);
}

/// Shows the words of a macro that starts at `at`, with their escapes decoded.
fn show_words(page: &mut Page, at: usize, words: &str) {
    let mut shown = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('\\') {
        let (text, length) = escape(after);
        shown.extend([before, text]);
        rest = &after[length..];
    }
    page.show_instead(at, &(shown + rest));
}

/// What stands for an escape, and how long that is after its backslash.
fn escape(after: &str) -> (&str, usize) {
    let Some(first) = after.chars().next() else { return ("", 0) };
    let rest = &after[first.len_utf8()..];
    // A name of one character, of two after a bracket, or of any length within brackets.
    let name = |rest: &str| match rest.chars().next() {
        Some('(') => 1 + rest[1..].chars().take(2).map(char::len_utf8).sum::<usize>(),
        Some('[') => rest.find(']').map_or(rest.len(), |end| end + 1),
        other => other.map_or(0, char::len_utf8),
    };
    let quoted = |rest: &str| match rest.chars().next() {
        Some(mark) => rest[mark.len_utf8()..].find(mark).map_or(rest.len(), |end| end + 2 * mark.len_utf8()),
        None => 0,
    };
    match first {
        '(' | '[' => {
            let length = name(after);
            let named = after[1..length].trim_end_matches(']');
            (NAMED.iter().find(|(name, _)| *name == named).map_or("", |(_, shown)| shown), length)
        }
        'f' | '*' | 'n' | 'F' | 'm' | 'M' | 'k' | 'g' => ("", 1 + name(rest)),
        's' => (
            "",
            1 + rest.len() - rest.trim_start_matches(['+', '-']).trim_start_matches(|c: char| c.is_ascii_digit()).len(),
        ),
        'h' | 'v' | 'w' | 'l' | 'L' | 'D' | 'o' | 'x' | 'X' | 'Z' | 'N' | 'b' | 'A' | 'B' | 'C' => {
            ("", 1 + quoted(rest))
        }
        '"' | '#' => ("", after.len()),
        ' ' | '~' | '0' | 't' => (" ", 1),
        'e' | '\\' => ("\\", 1),
        '-' | '\'' | '`' | '.' | '_' => (&after[..1], 1),
        _ => ("", first.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_s_preamble_is_not_seen_and_its_headings_are() {
        let text = "'\\\" t\n.\\\" A comment\n.de URL\n\\\\$2 (URL: \\\\$1 )\n..\n.TH XARGS 1L\n.nh\n.SH NAME\nxargs \\- build\n.SH\nSEE \\(lqALSO\\(rq\n\
                    .BR find \" (1)\",\n\\fBsoft\\fP\\&ly\\s-1 \\(em done\n.IP \\(bu 2\nItem\n";
        assert!(looks_like(text));
        let page = read(text);
        let titles: Vec<&str> = page.headings.iter().map(|heading| heading.title.as_str()).collect();
        assert_eq!((page.title.as_deref(), titles), (Some("XARGS"), vec!["NAME", "SEE “ALSO”"]));
        let shown = "NAME\n\nxargs - build\n\nSEE “ALSO”\n\nfind (1),\nsoftly — done\n\n•\nItem\n";
        assert_eq!(page.text, shown);
    }
}
