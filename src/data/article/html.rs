//! HTML as people see it, by html5gum.
//!
//! In: text, whole or in parts (Markdown has some). Out: its [`Page`]. What a page never shows (scripts, styles, drawings' texts) and
//! what is there to work it (`<nav>`, buttons) is left out, and all that is outside of `<main>`, where there is one; code blocks
//! and tables stand between walls.

use super::front;
use super::page::{Page, one_line};
use html5gum::emitters::default::{DefaultEmitter, StartTag};
use html5gum::{Token, Tokenizer};
use std::ops::Range;

/// Elements that are blocks of their own.
const BLOCKS: [&str; 38] = [
    "p",
    "li",
    "dt",
    "dd",
    "div",
    "blockquote",
    "ul",
    "ol",
    "dl",
    "hr",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "body",
    "figure",
    "figcaption",
    "details",
    "summary",
    "tr",
    "caption",
    "fieldset",
    "legend",
    "form",
    "address",
    "aside",
    "option",
    "center",
    "thead",
    "tbody",
    "tfoot",
    "html",
    "head",
    "dialog",
    "menu",
    "search",
    "hgroup",
];

/// Code blocks and tables.
const WALLS: [&str; 4] = ["pre", "table", "listing", "xmp"];

/// Elements whose text is not seen, or is no part of the article.
const HIDDEN: [&str; 15] = [
    "script",
    "style",
    "template",
    "noscript",
    "svg",
    "nav",
    "select",
    "datalist",
    "iframe",
    "object",
    "audio",
    "video",
    "canvas",
    "annotation",
    "button",
];

/// Elements that never close.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Whether text is HTML: it begins as such, or closes elements as often as a page does.
pub(super) fn looks_like(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect();
    let start = start.to_lowercase();
    let begins =
        ["<!doctype html", "<html", "<head", "<body", "<title", "<h1"].iter().any(|tag| start.starts_with(tag));
    begins || (start.starts_with('<') && text.contains("</p>"))
}

/// Reads HTML.
pub(super) fn read(source: &str) -> Page {
    read_by(source, |reader, start| reader.read(start..source.len()))
}

/// Reads a text in which there is HTML, after its front matter, by `read`, which is given where that ends.
pub(super) fn read_by<'a>(source: &'a str, read: impl Fn(&mut Reader<'a>, usize)) -> Page {
    let front = front::of(source);
    let whole = |hides| {
        let mut reader = Reader::new(source, hides);
        if let Some(front) = &front {
            front.show(&mut reader.page, source);
        }
        read(&mut reader, front.as_ref().map_or(0, |front| front.end));
        reader
    };
    let reader = whole(true);
    // An element that was forgotten to be closed hides nothing.
    if reader.hidden.is_some() { whole(false).page } else { reader.page }
}

/// Where a reader is of the part that a page calls its main one.
enum Main {
    Before,
    /// The element, and how many of its kind are open in it.
    Within(String, usize),
    After,
}

/// A reader of parts of HTML, which goes on where it was.
pub(super) struct Reader<'a> {
    pub source: &'a str,
    pub page: Page,
    /// The element that hides what is in it, and how many of its kind are open.
    hidden: Option<(String, usize)>,
    main: Main,
    /// Whether elements hide what is in them; scripts and styles always do.
    hides: bool,
    /// Where an open heading begins in the shown text.
    heading: Option<usize>,
    /// What its pictures say.
    alternative: String,
    /// The page's own title, while it is read.
    title: Option<String>,
    /// `<pre>`s that are open.
    preformatted: usize,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str, hides: bool) -> Self {
        Self {
            source,
            page: Page::default(),
            hidden: None,
            main: Main::Before,
            hides,
            heading: None,
            alternative: String::new(),
            title: None,
            preformatted: 0,
        }
    }

    /// Whether what comes now is not seen.
    pub fn is_hidden(&self) -> bool {
        self.hidden.is_some() || matches!(self.main, Main::After)
    }

    /// Reads what the source has at `part`.
    pub fn read(&mut self, part: Range<usize>) {
        let mut emitter = DefaultEmitter::<usize>::new_with_span();
        emitter.naively_switch_states(true);
        // Where the text begins that wasn't read yet.
        let mut text = part.start;
        for token in Tokenizer::new_with_emitter(&self.source[part.clone()], emitter) {
            let Ok(token) = token;
            let span = match &token {
                Token::StartTag(tag) => tag.span,
                Token::EndTag(tag) => tag.span,
                Token::Comment(comment) => comment.span,
                Token::Doctype(doctype) => doctype.span,
                Token::String(_) | Token::Error(_) => continue,
            };
            let (start, end) = ((part.start + span.start).max(text), (part.start + span.end).min(part.end));
            if !(self.source.is_char_boundary(start) && self.source.is_char_boundary(end) && start <= end) {
                continue;
            }
            self.text(text..start);
            text = end;
            match token {
                Token::StartTag(tag) => self.start(&tag, start),
                Token::EndTag(tag) => self.end(&String::from_utf8_lossy(&tag.name), start..end),
                _ => {}
            }
        }
        self.text(text..part.end);
    }

    fn start(&mut self, tag: &StartTag<usize>, start: usize) {
        let name = &*String::from_utf8_lossy(&tag.name);
        if let Some((hiding, depth)) = &mut self.hidden {
            *depth += usize::from(hiding == name && !tag.self_closing);
            return;
        }
        match &mut self.main {
            Main::Within(main, depth) => *depth += usize::from(main == name && !tag.self_closing),
            _ if name == "main" || value_of(tag, b"role").is_some_and(|role| role == "main") => self.start_main(name),
            Main::After => return,
            Main::Before => {}
        }
        if self.hides(tag, name) {
            self.hidden = Some((name.to_owned(), 1));
        } else if is_heading(name) {
            self.end_heading();
            self.page.block(start);
            self.heading = Some(self.page.text.len());
            self.alternative.clear();
        } else if name == "title" {
            self.title = Some(String::new());
        } else if WALLS.contains(&name) {
            self.page.wall(start);
            self.preformatted += usize::from(name != "table");
        } else if BLOCKS.contains(&name) {
            self.page.block(start);
        } else if name == "br" {
            // The second makes a paragraph.
            if self.page.text.ends_with('\n') { self.page.block(start) } else { self.page.line(start) }
        } else if matches!(name, "td" | "th") {
            self.page.space(start, "\t");
        } else if let (Some(_), "img", Some(alternative)) = (self.heading, name, tag.attributes.get(&b"alt"[..])) {
            self.alternative.push_str(&String::from_utf8_lossy(alternative));
        }
        self.page.open(start);
    }

    fn end(&mut self, name: &str, range: Range<usize>) {
        if let Some((hiding, depth)) = &mut self.hidden {
            *depth -= usize::from(hiding == name);
            if *depth == 0 {
                self.hidden = None;
            }
            return;
        }
        if let Main::After = self.main {
            return;
        }
        self.page.close();
        if let Main::Within(main, depth) = &mut self.main {
            *depth -= usize::from(main == name);
            if *depth == 0 {
                self.page.block(range.end);
                self.main = if self.page.text.is_empty() { Main::Before } else { Main::After };
                return;
            }
        }
        if is_heading(name) {
            self.end_heading();
            self.page.block(range.end);
        } else if let ("title", Some(title)) = (name, self.title.take()) {
            let title = one_line(&title);
            self.page.title = self.page.title.take().or((!title.is_empty()).then_some(title));
        } else if WALLS.contains(&name) {
            self.preformatted = self.preformatted.saturating_sub(usize::from(name != "table"));
            self.page.wall(range.end);
        } else if BLOCKS.contains(&name) {
            self.page.block(range.end);
        }
    }

    /// What came before the main part was no part of the article, but a heading there may be its title.
    fn start_main(&mut self, name: &str) {
        if let Main::Before = self.main {
            let Page { headings, title, .. } = std::mem::take(&mut self.page);
            self.heading = None;
            self.page.title = headings.into_iter().next().map(|heading| heading.title).or(title);
        }
        self.main = Main::Within(name.to_owned(), 1);
    }

    fn end_heading(&mut self) {
        if let Some(start) = self.heading.take() {
            self.page.heading(start, &self.alternative);
        }
    }

    /// Whether what is in an element is not seen, or only leads elsewhere.
    fn hides(&self, tag: &StartTag<usize>, name: &str) -> bool {
        let hidden = HIDDEN.contains(&name)
            || value_of(tag, b"hidden").is_some()
            || value_of(tag, b"role").is_some_and(|role| matches!(&*role, "navigation" | "search"))
            || value_of(tag, b"style").is_some_and(|style| style.replace(' ', "").contains("display:none"));
        let closes = !tag.self_closing && !VOID.contains(&name);
        hidden && closes && (self.hides || matches!(name, "script" | "style"))
    }

    /// Shows text between tags: references decoded, white space collapsed where a browser does.
    fn text(&mut self, range: Range<usize>) {
        if self.is_hidden() {
            return;
        }
        let raw = &self.source[range.clone()];
        let mut start = range.start;
        for (place, _) in raw.match_indices('&') {
            let reference = &raw[place..][..reference_length(&raw[place..])];
            let place = range.start + place;
            if let Some(decoded) = decode(reference).filter(|_| place >= start) {
                self.plain(start..place);
                match &mut self.title {
                    Some(title) => title.push_str(&decoded),
                    None => self.page.show_instead(place, &decoded),
                }
                start = place + reference.len();
            }
        }
        self.plain(start..range.end);
    }

    fn plain(&mut self, range: Range<usize>) {
        let text = &self.source[range.clone()];
        if let Some(title) = &mut self.title {
            title.push_str(text);
        } else if self.preformatted > 0 {
            self.page.show(self.source, range);
        } else {
            let mut start = range.start;
            for piece in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
                let word = piece.trim_end_matches(|c: char| c.is_ascii_whitespace());
                self.page.show(self.source, start..start + word.len());
                if word.len() < piece.len() {
                    self.page.space(start + word.len(), " ");
                }
                start += piece.len();
            }
        }
    }
}

/// The value of an attribute, in small letters.
fn value_of(tag: &StartTag<usize>, key: &[u8]) -> Option<String> {
    tag.attributes.get(key).map(|value| String::from_utf8_lossy(value).to_lowercase())
}

fn is_heading(name: &str) -> bool {
    matches!(name.as_bytes(), [b'h', b'1'..=b'6'])
}

/// How long what may be a character reference is: `&`, a number's sign, letters and digits, a semicolon.
fn reference_length(text: &str) -> usize {
    let name = text[1..].trim_start_matches('#');
    let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    text.len() - rest.strip_prefix(';').unwrap_or(rest).len()
}

/// What a reference stands for; none where it is none, as in "R&D".
fn decode(reference: &str) -> Option<String> {
    let mut decoded = String::new();
    for token in Tokenizer::new(reference) {
        let Ok(token) = token;
        if let Token::String(text) = token {
            decoded.push_str(&String::from_utf8_lossy(&text));
        }
    }
    (decoded != reference).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_found_where_they_stand() {
        let text = "<title>A page</title>\n<H1> Caf&eacute;\n <i>here</i></h1><p>Text<script>var h1 = 1;</script>é</p>\
                    <h2><svg><title>Icon</title></svg><img alt='A picture'></h2>";
        let page = read(text);
        let titles: Vec<&str> = page.headings.iter().map(|heading| heading.title.as_str()).collect();
        assert_eq!((page.title.as_deref(), titles), (Some("A page"), vec!["Café here", "A picture"]));
        assert_eq!(page.text, "Café here\n\nTexté\n\n");
    }

    #[test]
    fn words_of_different_elements_stay_apart_and_those_of_one_together() {
        for (source, shown) in [
            ("Far<br>shore <div>one</div>two<p>three", "Far\nshore \n\none\n\ntwo\n\nthree"),
            ("f<b>a</b>r  \n\t away", "far away"),
            ("<table><tr><td>a<td>b<tr><td>c</table>d", "a\tb\n\nc\n\nd"),
            ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
            (
                "in&shy;ter&#8203;est&ing &AMP; &lt;b&gt; &copy2 R&D, a & b &; &#x41;",
                "interest&ing & <b> ©2 R&D, a & b &; A",
            ),
            ("a<!-- x -->b<style>p{}</style><nav>Home <a>x</a></nav><div hidden>y<div>z</div></div>c", "abc"),
            ("Menu<h1>Title</h1><div role=main><div>a</div>b</div><footer>c</footer>", "a\n\nb\n\n"),
            ("<main></main>Text<p>of a program's page", "Text\n\nof a program's page"),
            ("<nav>never closed <p>text</p>", "never closed \n\ntext\n\n"),
            ("<body>a < b <> c</body>", "a < b <> c\n\n"),
        ] {
            assert_eq!(read(source).text, shown, "{source}");
        }
    }

    #[test]
    fn a_heading_outside_of_the_main_part_is_the_title() {
        let page = read("<title>Site</title><header><h1>Crossing the bay</h1></header><main><p>By boat.</p></main>");
        assert_eq!((page.title.as_deref(), page.text.as_str()), (Some("Crossing the bay"), "By boat.\n\n"));
    }

    #[test]
    fn html_is_told_from_text() {
        assert!(looks_like("\n<!DOCTYPE HTML><html>"));
        assert!(looks_like("<div><p>x</p></div>"));
        assert!(!looks_like("a < b and </p> stands here"));
    }
}
