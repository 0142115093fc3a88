//! Front matter: what stands between `---` lines (YAML) or `+++` lines (TOML) before a text.
//!
//! In: text. Out: [`FrontMatter`]: where it ends, and of its values those that people read: the title, and what has several words.

use super::page::Page;
use yaml_rust2::{Yaml, YamlLoader};

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
    let mut values = Vec::new();
    match YamlLoader::load_from_str(inner) {
        Ok(documents) => match documents.first() {
            Some(Yaml::Hash(keys)) => {
                for (key, value) in keys {
                    let is_title = key.as_str().is_some_and(is_title);
                    yaml_strings(value, &mut |value| values.extend(readable(value, is_title)));
                }
            }
            None => {}
            Some(_) => return None,
        },
        Err(_) => {
            // Such as `title: One: two`, which many programs read though YAML doesn't.
            let title = inner.lines().find_map(|line| line.split_once(':').filter(|(key, _)| is_title(key)));
            values.extend(title.and_then(|(_, value)| readable(value.trim().trim_matches(['"', '\'']), true)));
            if !inner
                .lines()
                .all(|line| line.contains(':') || line.trim().is_empty() || line.starts_with([' ', '-', '#']))
            {
                return None;
            }
        }
    }
    Some(values)
}

fn yaml_strings(value: &Yaml, sink: &mut impl FnMut(&str)) {
    match value {
        Yaml::String(text) => sink(text),
        Yaml::Array(values) => values.iter().for_each(|value| yaml_strings(value, sink)),
        Yaml::Hash(keys) => keys.values().for_each(|value| yaml_strings(value, sink)),
        _ => {}
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
    let several = value.contains(|c: char| c.is_whitespace() || !c.is_ascii());
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
    fn a_line_at_the_top_is_no_front_matter() {
        for text in
            ["---\nProse between lines.\n\n---\n", "---\ntitle: no end\n", "--- title\n---\n", "----\na: b\n----\n"]
        {
            assert!(of(text).is_none(), "{text}");
        }
    }
}
