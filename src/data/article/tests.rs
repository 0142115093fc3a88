//! What the groups of an article promise, on texts of several scripts and on any bytes.

use super::*;
use proptest::prelude::*;

fn read(text: &str, name: &str) -> Article {
    Article::read(text.as_bytes(), Some(Path::new(name)), GroupSettings::default()).unwrap()
}

fn joined(bytes: &[u8], article: &Article) -> Vec<u8> {
    article.groups.iter().flat_map(|group| bytes[group.bytes.clone()].to_vec()).collect()
}

fn characters(group: &Group) -> usize {
    group.text.split_whitespace().map(|word| word.chars().count() + 1).sum()
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
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn groups_joined_are_the_bytes(bytes in any_bytes(), name in prop_oneof!["a\\.md", "a\\.html", "a\\.1", "a"], min in 1usize..60) {
        let settings = GroupSettings { min_characters: min, max_characters: 2 * min };
        let article = Article::read(&bytes, Some(Path::new(&name)), settings).unwrap();
        prop_assert_eq!(joined(&bytes, &article), bytes.clone());
        prop_assert!(article.groups.iter().all(|group| !group.bytes.is_empty() || bytes.is_empty()));
    }
}
