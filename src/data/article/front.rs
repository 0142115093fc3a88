//! Front matter: what stands between `---` lines (YAML) or `+++` lines (TOML) before a text.
//!
//! In: text. Out: [`FrontMatter`]: where it ends, and of its values those that people read: the title, and what has several words.

use super::page::Page;
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::ScanError;

/// Front matter of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrontMatter {
    /// Where the text goes on.
    pub end: usize,
    /// Values that people read, in order of the source: where, and whether it is the title. Those that the source doesn't have literally are
    /// where the front matter begins.
    values: Vec<(usize, String, bool)>,
}

/// The front matter of a text, if it has some.
pub(super) fn of(text: &str) -> Option<FrontMatter> {
    let fence = ["---", "+++"].into_iter().find(|fence| text.starts_with(fence))?;
    let (first, _) = text.split_once('\n')?;
    let start = first.len() + 1;
    if first.trim_end() != fence {
        return None;
    }
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        let closes = line.trim_end() == fence || (fence == "---" && line.trim_end() == "...");
        let inner = &text[start..end];
        end += line.len();
        if closes {
            let found = if fence == "---" { yaml_values(inner) } else { toml_values(inner) };
            let place = |(value, is_title): (String, bool)| (start + inner.find(&value).unwrap_or(0), value, is_title);
            let mut values: Vec<(usize, String, bool)> = found?.into_iter().map(place).collect();
            values.sort_by_key(|&(place, ..)| place);
            return Some(FrontMatter { end, values });
        }
    }
    None
}

impl FrontMatter {
    /// Shows the values, each as a paragraph; the title is a heading.
    pub fn show(&self, page: &mut Page, source: &str) {
        page.open(0);
        for (place, value, is_title) in &self.values {
            let start = page.text.len();
            if source[*place..].starts_with(value.as_str()) {
                page.show(source, *place..*place + value.len());
            } else {
                page.show_instead(*place, value);
            }
            if *is_title {
                page.heading(start, "");
            }
            page.block(*place);
        }
    }
}

/// What people read of YAML, and which of it is the title; none where it is no table of keys.
fn yaml_values(inner: &str) -> Option<Vec<(String, bool)>> {
    yaml_strings(inner).unwrap_or_else(|_| {
        // Such as `title: One: two`, which many programs read though YAML doesn't.
        let is_entry = |line: &str| line.contains(':') || line.trim().is_empty() || line.starts_with([' ', '-', '#']);
        let title = inner.lines().find_map(|line| line.split_once(':').filter(|(key, _)| is_title(key)));
        let title = title.and_then(|(_, value)| readable(value.trim().trim_matches(['"', '\'']), true));
        inner.lines().all(is_entry).then(|| title.into_iter().collect())
    })
}

/// The same of what is YAML. Event by event, so that references to references are never followed.
fn yaml_strings(inner: &str) -> Result<Option<Vec<(String, bool)>>, ScanError> {
    let mut values = Vec::new();
    // What is open: tables, with whether a key comes next, and lists.
    let mut open: Vec<Option<bool>> = Vec::new();
    let mut in_title = false;
    let mut parser = Parser::new_from_str(inner);
    loop {
        match parser.next_token()?.0 {
            Event::MappingStart(..) => {
                open.push(Some(true));
                continue;
            }
            Event::SequenceStart(..) if !open.is_empty() => {
                open.push(None);
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => _ = open.pop(),
            Event::Scalar(text, ..) => match open.last() {
                None if text == "~" => {}
                None => return Ok(None),
                Some(Some(true)) => in_title = if open.len() == 1 { is_title(&text) } else { in_title },
                Some(_) => values.extend(readable(&text, in_title)),
            },
            Event::SequenceStart(..) => return Ok(None),
            Event::StreamEnd | Event::DocumentEnd => return Ok(Some(values)),
            Event::Alias(_) => {}
            Event::Nothing | Event::StreamStart | Event::DocumentStart => continue,
        }
        // A key or a value is done.
        if let Some(Some(key_next)) = open.last_mut() {
            *key_next = !*key_next;
        }
    }
}

fn toml_values(inner: &str) -> Option<Vec<(String, bool)>> {
    let mut values = Vec::new();
    for (key, value) in inner.parse::<toml::Table>().ok()? {
        toml_strings(&value, &mut |value| values.extend(readable(value, is_title(&key))));
    }
    Some(values)
}

fn toml_strings(value: &toml::Value, sink: &mut impl FnMut(&str)) {
    match value {
        toml::Value::String(text) => sink(text),
        toml::Value::Array(values) => values.iter().for_each(|value| toml_strings(value, sink)),
        toml::Value::Table(keys) => keys.values().for_each(|value| toml_strings(value, sink)),
        _ => {}
    }
}

fn is_title(key: &str) -> bool {
    key.trim().eq_ignore_ascii_case("title")
}

/// A value that people read: a title, or several words, which settings such as `layout: post` don't have.
fn readable(value: &str, is_title: bool) -> Option<(String, bool)> {
    let value = value.trim();
    let several = value.contains(|c: char| c.is_whitespace() || !c.is_ascii()) && value.contains(char::is_alphabetic);
    (!value.is_empty() && (is_title || several)).then(|| (value.to_owned(), is_title))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> (String, Vec<String>) {
        let mut page = Page::default();
        of(source).unwrap().show(&mut page, source);
        (page.text, page.headings.into_iter().map(|heading| heading.title).collect())
    }

    #[test]
    fn titles_are_read_however_they_are_written() {
        for title in ["Crossing the bay", "'Crossing the bay'", "\"Crossing \\x74he bay\"", ">-\n  Crossing\n  the bay"]
        {
            let (text, titles) = shown(&format!("---\nlayout: post\ntitle: {title}\ndraft: true\n---\nText.\n"));
            assert_eq!((text.trim(), titles), ("Crossing the bay", vec!["Crossing the bay".to_owned()]));
        }
        let toml = "+++\ndate = 2024-05-01\ntitle = \"Crossing the bay\"\ndescription = \"By boat, at night\"\n+++\n";
        let (text, titles) = shown(toml);
        assert_eq!((text.as_str(), titles.len()), ("Crossing the bay\n\nBy boat, at night\n\n", 1));
        assert_eq!(shown("---\ntitle: Bays: a history\n---\n").1, ["Bays: a history"]);
    }

    #[test]
    fn references_to_references_and_deep_lists_are_no_harm() {
        let line = |level: usize| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(","));
        let laughs: String = (1..30).map(line).collect();
        assert_eq!(shown(&format!("---\na0: &a0 x\n{laughs}title: A bay\n---\n")).1, ["A bay"]);
        let deep = format!("---\ntitle: A bay\nlists: {}{}\n---\n", "[".repeat(3000), "]".repeat(3000));
        assert!(of(&deep).is_some());
    }

    #[test]
    fn a_line_at_the_top_is_no_front_matter() {
        for text in
            ["---\nProse between lines.\n\n---\n", "---\ntitle: no end\n", "--- title\n---\n", "----\na: b\n----\n"]
        {
            assert!(of(text).is_none(), "{text}");
        }
    }
}
