//! What the groups of an article promise, on texts of several scripts and on any bytes.

use super::*;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

fn read(text: &str, name: &str) -> Article {
    Article::read(text.as_bytes(), Some(Path::new(name)), GroupSettings::default()).unwrap()
}

fn joined(bytes: &[u8], article: &Article) -> Vec<u8> {
    article.groups.iter().flat_map(|group| bytes[group.bytes.clone()].to_vec()).collect()
}

fn characters(group: &Group) -> usize {
    group.text.split_whitespace().map(|word| word.nfc().count() + 1).sum()
}

const ENGLISH: &str = "CHAPTER I\n\nDown the Rabbit-Hole\n\nAlice was beginning to get very tired of sitting by her \
sister on the bank, and of having\nnothing to do. Once or twice she had peeped into the book her sister was reading. It had \
no pictures\nor conversations in it. So she was considering in her own mind whether the pleasure of making\na daisy-chain \
would be worth the trouble of getting up. Suddenly a White Rabbit with pink eyes ran\nclose by her.\n\nCHAPTER \
II\n\nThe Pool of Tears\n\nCuriouser and curiouser! cried Alice. She was so much surprised, that for the moment she\nquite \
forgot how to speak good English. Now the White Rabbit came back, splendidly dressed, with gloves in one hand.\n";

#[test]
fn english_prose_is_cut_at_sentences_and_headed_by_its_chapters() {
    let article = read(ENGLISH, "alice.txt");
    assert_eq!(joined(ENGLISH.as_bytes(), &article), ENGLISH.as_bytes());
    let first = &article.groups[0];
    assert_eq!((first.title.as_str(), first.title_source), ("CHAPTER I · Down the Rabbit-Hole", TitleSource::Heading));
    let last = article.groups.last().unwrap();
    assert_eq!(last.title, "CHAPTER II · The Pool of Tears");
    for group in &article.groups {
        assert!(group.text.trim_end().ends_with(['.', '!']), "{:?}", group.text);
        assert!((70..=201).contains(&characters(group)), "{} in {:?}", characters(group), group.text);
    }
    assert!(article.keywords.iter().any(|keyword| keyword == "White Rabbit"), "{:?}", article.keywords);
}

#[test]
fn chinese_is_cut_at_sentences_and_never_inside_a_word() {
    let sentence = "信息压缩技术把一篇文章拆分成多段信息组，每个信息组包括标题和片段内容。";
    let text = sentence.repeat(20);
    let article = read(&text, "a.txt");
    assert_eq!(joined(text.as_bytes(), &article), text.as_bytes());
    for group in &article.groups {
        assert!(group.text.ends_with('。'), "{:?}", group.text);
        assert!((100..=200).contains(&group.text.chars().count()));
        assert_eq!(group.title_source, TitleSource::Extracted);
    }
    assert!(article.keywords.iter().any(|keyword| keyword.contains("信息")), "{:?}", article.keywords);

    // Without any sentence end, cuts fall between the segmenter's words.
    let text = "信息压缩技术".repeat(100);
    for group in read(&text, "a.txt").groups {
        let starts_with_a_word = ["信息", "压缩", "技术"].iter().any(|word| group.text.starts_with(word));
        assert!(starts_with_a_word, "{}", group.text);
    }
}

#[test]
fn russian_names_become_keywords() {
    let text =
        "Вчера в Москве выступал товарищ Ленин перед рабочими. Рабочие слушали, как говорил Ленин о новой жизни и о \
мире. Потом делегатки из Петрограда рассказали о своей работе среди женщин на заводах, и товарищ Ленин отвечал им.\n"
            .repeat(3);
    let article = read(&text, "a.txt");
    assert_eq!(joined(text.as_bytes(), &article), text.as_bytes());
    assert!(article.groups.iter().all(|group| group.text.trim_end().ends_with('.')));
    assert!(article.keywords.iter().any(|keyword| keyword == "Ленин"), "{:?}", article.keywords);
}

#[test]
fn markdown_sections_title_their_groups() {
    let body = "One sentence follows another here, and then it is over. ".repeat(4);
    let text = format!("# First *part*\n\n{body}\n\n## Second\n\n{body}\n\n```\n# not a heading\n```\n");
    let article = read(&text, "a.md");
    assert_eq!(article.format, "markdown");
    assert_eq!(joined(text.as_bytes(), &article), text.as_bytes());
    let mut titles: Vec<&str> = article.groups.iter().map(|group| group.title.as_str()).collect();
    titles.dedup();
    assert_eq!(titles, ["First part", "Second"]);
}

#[test]
fn html_tags_are_no_words_and_stay_whole() {
    let item = "<li><a href=\"http://example.org/index.html\">Robert Gray</a> on vector quantisation of images</li>\n";
    let text = format!("<title>Pointers</title><h2>Research</h2>\n<ul>\n{}</ul>", item.repeat(9));
    let article = read(&text, "a.html");
    assert_eq!(joined(text.as_bytes(), &article), text.as_bytes());
    for group in &article.groups {
        assert_eq!(group.text.matches('<').count(), group.text.matches('>').count(), "{:?}", group.text);
        assert!(!group.keywords.iter().any(|keyword| keyword.contains("href")), "{:?}", group.keywords);
    }
    assert!(article.groups.last().unwrap().title.contains("Research"));
}

#[test]
fn what_is_no_text_is_one_group_without_a_title() {
    let bytes: Vec<u8> = (0..=255).cycle().take(2000).collect();
    let article = Article::read(&bytes, None, GroupSettings::default()).unwrap();
    assert_eq!(article.groups.len(), 1);
    assert_eq!((article.groups[0].bytes.clone(), article.groups[0].title.as_str()), (0..2000, ""));
    assert!(Article::read(b"", None, GroupSettings::default()).unwrap().groups.is_empty());
}

#[test]
fn a_word_longer_than_a_group_is_not_cut() {
    let word = "a".repeat(1000);
    let text = format!("Before. {word} After.");
    let article = read(&text, "a.txt");
    assert!(article.groups.iter().any(|group| group.text.contains(&word)));
}

#[test]
fn lengths_that_leave_no_room_are_refused() {
    let settings = GroupSettings { min_characters: 100, max_characters: 120 };
    let error = Article::read(b"x", None, settings).unwrap_err().to_string();
    assert!(error.contains("100 to 120"), "{error}");
}

/// Two sentences of prose, of 130 characters.
const PROSE: &str = "By evening the boat had left the harbour behind, and nobody on the quay knew when it might return. \
The wind came from the west.";

fn titles(text: &str, name: &str) -> Vec<String> {
    read(text, name).groups.into_iter().map(|group| group.title).collect()
}

#[test]
fn a_page_s_groups_have_what_people_see_and_its_bytes_are_all_there() {
    let page = format!(
        "<!doctype html><html><head><title>Bay</title><style>p {{ color: red }}</style></head><body>\n<nav><ul><li>Home\
         <li>News</ul></nav><h1>Crossing the bay</h1><p>{PROSE}</p>\n<script>var x = '<p>no</p>';</script>\
         <table><tr><td>Fare</td><td>7&nbsp;&euro;</td></tr></table><p>{PROSE} R&amp;D &lt;here&gt;</p><pre>cast off\n  now</pre>"
    );
    let article = read(&page, "a.html");
    assert_eq!(joined(page.as_bytes(), &article), page.as_bytes());
    let texts: Vec<&str> = article.groups.iter().map(|group| group.text.trim()).collect();
    let heading = format!("Crossing the bay\n\n{PROSE}");
    let last = format!("{PROSE} R&D <here>");
    assert_eq!(texts, [heading.as_str(), "Fare\t7\u{a0}€", &last, "cast off\n  now"]);
    for group in &article.groups {
        assert_eq!(group.title, "Crossing the bay");
        assert!(!group.keywords.iter().any(|word| ["script", "td", "nbsp", "var"].contains(&word.as_str())));
    }
}

#[test]
fn code_blocks_and_tables_of_markdown_are_groups_of_their_own() {
    let text =
        format!("# Bay\n\n{PROSE}\n\n```sh\ncast off\n```\n\nThen:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n{PROSE}\n");
    let article = read(&text, "a.md");
    let texts: Vec<&str> = article.groups.iter().map(|group| group.text.trim()).collect();
    assert_eq!(texts[1..], ["cast off", "Then:", "a\tb\n\n1\t2", PROSE]);
    assert_eq!(joined(text.as_bytes(), &article), text.as_bytes());
    assert!(text[article.groups[1].bytes.clone()].starts_with("```sh\ncast off\n```"));
}

#[test]
fn what_stands_before_the_first_heading_does_not_keep_it_from_titling_the_first_group() {
    for (name, before, heading) in [
        ("a.md", "---\nlayout: post\ndate: 2024-05-01\n---\n\n", "# Crossing the bay"),
        ("a.md", "<!-- A comment. -->\n\n", "# Crossing the bay {#top}"),
        ("a.md", "<p align=center><img src=logo.svg alt=Logo></p>\n\n", "<h1 align=center>Crossing the bay</h1>"),
        ("a.md", "\u{feff}", "# Crossing the bay"),
        ("a.md", "\u{feff}---\ntitle: >-\n  Crossing\n  the bay\n---\n", "# Crossing the bay"),
        ("a.md", "+++\ntitle = \"Crossing the bay\"\n+++\n", ""),
        ("a.md", "Boats, 7\n\n", "# Crossing the bay"),
        ("a.html", "<html><body class=x>\n<div><a href=/>Top</a></div>", "<h1>Crossing the bay</h1>"),
        ("a.html", "<svg><title>Arrow</title></svg>", "<h1>Crossing the bay</h1>"),
        ("a.html", "<title>Crossing the bay</title>", ""),
        ("a.1", ".\\\" Comment.\n.TH BAY 1\n.nh\n.ad l\n", ".SH \"Crossing the bay\""),
        ("a.txt", "\u{feff}\n\n", "Crossing the bay\n================"),
    ] {
        let titles = titles(&format!("{before}{heading}\n\n{PROSE}\n\n{PROSE}\n"), name);
        assert!(titles.iter().all(|title| title == "Crossing the bay"), "{before}{heading}: {titles:?}");
    }
}

#[test]
fn encodings_are_said_and_grouped_alike_and_bytes_stay() {
    let text =
        "Вечером лодка вышла из гавани, и ветер понёс её к дальнему берегу. Никто не знал, вернётся ли она. ".repeat(6);
    let utf_16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let chinese = "傍晚，小船离开了港口，风把它吹向远处的岸边。没有人知道它什么时候回来。".repeat(12);
    let japanese =
        "夕方、小さな船が港を出て、風に吹かれて遠い岸へ向かった。いつ帰るのか、だれも知らなかった。".repeat(12);
    let page =
        format!("<html><head><meta charset=iso-8859-2></head><p>{}", "Łódź wypłynęła z portu o zmierzchu. ".repeat(9));
    for (text, bytes, encoding) in [
        (&text, encoding_rs::WINDOWS_1251.encode(&text).0.into_owned(), "windows-1251"),
        (&text, utf_16, "UTF-16LE"),
        (&chinese, encoding_rs::GBK.encode(&chinese).0.into_owned(), "GBK"),
        (&japanese, encoding_rs::SHIFT_JIS.encode(&japanese).0.into_owned(), "Shift_JIS"),
        (&page, encoding_rs::ISO_8859_2.encode(&page).0.into_owned(), "ISO-8859-2"),
    ] {
        let article = Article::read(&bytes, None, GroupSettings::default()).unwrap();
        assert_eq!(article.encoding, Some(encoding));
        assert_eq!(joined(&bytes, &article), bytes);
        let expected = Article::read(text.as_bytes(), None, GroupSettings::default()).unwrap();
        assert!(expected.groups.len() > 1 && expected.encoding == Some("UTF-8"));
        let seen =
            |article: Article| article.groups.into_iter().map(|group| (group.title, group.text)).collect::<Vec<_>>();
        assert_eq!(seen(article), seen(expected));
    }
}

#[test]
fn forms_of_one_text_are_cut_and_counted_alike() {
    use unicode_normalization::UnicodeNormalization;
    let text =
        "Zoë's café fährt über die Bucht; naïve Gäste hören Möwen. Chiều tối, con thuyền rời bến cảng. ".repeat(5);
    let apart: String = text.nfd().collect();
    let hyphens: String =
        text.chars().flat_map(|c| if c.is_alphabetic() { vec!['\u{ad}', c] } else { vec![c] }).collect();
    let spaces = text.replace(' ', "\u{200b} \u{200b}");
    let mark = format!("\u{feff}{text}");
    let counts = |text: &str| {
        let article = read(text, "a.txt");
        article.groups.iter().map(|group| counted(&group.text)).collect::<Vec<_>>()
    };
    assert!(counts(&text).len() > 2);
    for other in [apart, hyphens, spaces, mark] {
        assert_eq!(counts(&other), counts(&text));
    }
    let plain = "Crossing the bay by boat, 7 miles at night";
    let wide: String =
        plain.chars().map(|c| if c == ' ' { '\u{3000}' } else { char::from_u32(c as u32 + 0xfee0).unwrap() }).collect();
    let (symbols, counts) = Symbols::gather([plain], 0.5);
    assert_eq!(symbols.count(&wide), counts[0]);
}

#[test]
fn the_ending_of_a_name_counts_before_the_look_of_the_text() {
    let python = "# Not a title\n\nimport os\n\n\n# Crosses the bay.\n@cached\ndef cross(bay):\n    \"\"\"By boat.\"\"\"\n    return os.path.join(bay, 'far shore')\n\n\n\
                  def stay():\n    # Nothing to do, since nobody leaves the harbour in weather like this.\n    return None\n";
    let article = read(python, "a.py");
    assert_eq!((article.format, joined(python.as_bytes(), &article)), ("source", python.as_bytes().to_vec()));
    let titles: Vec<&str> = article.groups.iter().map(|group| group.title.as_str()).collect();
    assert_eq!(titles[titles.len() - 2..], ["cross", "stay"]);
    assert!(titles.iter().all(|title| !title.contains("title")), "{titles:?}");
    for (name, format) in [
        ("a.yaml", "source"),
        ("a.toml", "source"),
        ("a.txt", "plain"),
        ("a.html", "html"),
        ("a.md", "markdown"),
        ("Makefile", "source"),
        ("a", "markdown"),
    ] {
        assert_eq!(read("# One\n\ntwo\n", name).format, format, "{name}");
    }
    assert_eq!(read("#!/bin/sh\n\n# One\n\necho two\n", "run").format, "source");
}

#[test]
fn rows_of_marks_are_cut_where_a_group_is_full() {
    for marks in ["🚢", "👩‍👩‍👧", "🇫🇷", "=", "_", "\"", "»", "*-", "—", "e\u{301}!"] {
        let text = format!("{PROSE} {} {PROSE}", marks.repeat(1500));
        let article = read(&text, "a.txt");
        assert_eq!(joined(text.as_bytes(), &article), text.as_bytes());
        let longest = article.groups.iter().map(characters).max().unwrap();
        assert!(longest <= 201, "{marks}: {longest}");
        // None is cut inside.
        let whole =
            |group: &Group| !group.text.starts_with(['\u{200d}', '\u{301}']) && !group.text.ends_with('\u{200d}');
        assert!(article.groups.iter().all(whole), "{marks}");
    }
}

/// Bytes like those of files: any, text of several scripts, markup, line ends, stray bytes.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "\\PC{0,60}".prop_map(String::into_bytes),
        proptest::sample::select(vec![
            "\n\n",
            "\r\n",
            "# Title\n",
            "<h1>",
            "</h1>",
            "<p>",
            "<!--",
            "---\ntitle: x\n---\n",
            "```\n",
            ".SH NAME\n",
            "信息压缩。",
            "Слово ",
            "One sentence. ",
            "\u{feff}",
            "ภาษาไทย",
            "<script>",
            "\u{301}",
            "    ",
            "&amp;",
            "& b",
            "<nav>",
            "</nav>",
            "<main>",
            "</main>",
            "<title>",
            "<pre>",
            "<br>",
            "| a | b |\n|--|--|\n",
            "def f(x):\n",
            "\\fB\\(e",
            "\n.B \"a\\",
            "\\[",
            "\u{ad}",
            "👩‍👩‍👧",
            "=====\n",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn groups_joined_are_the_bytes(bytes in any_bytes(), name in prop_oneof!["a\\.md", "a\\.html", "a\\.man", "a\\.py", "a"], min in 1usize..60) {
        let settings = GroupSettings { min_characters: min, max_characters: 2 * min };
        let article = Article::read(&bytes, Some(Path::new(&name)), settings).unwrap();
        if let Some(number) = article.format_number() {
            prop_assert_eq!(Article::read_as(&bytes, number, settings).unwrap(), article.clone());
        }
        prop_assert_eq!(joined(&bytes, &article), bytes.clone());
        prop_assert!(article.groups.iter().all(|group| !group.bytes.is_empty() || bytes.is_empty()));
    }
}
