//! What a library promises: the same text the same matrix, clusters, frames that follow drift, nothing lost between processes.

use super::matrices::{matrices_of, read_matrices};
use super::store::Store;
use super::*;
use crate::latent::DigitMatrix;
use std::ops::ControlFlow;
use std::path::PathBuf;

const ALICE: [&str; 4] = [
    "the white rabbit ran down the hole and alice ran after the rabbit",
    "alice ran after the white rabbit down the deep hole in the ground",
    "the queen of hearts shouted off with her head at the croquet ground",
    "off with his head shouted the queen of hearts at alice and the rabbit",
];

const CODE: [&str; 4] = [
    "fractal compression of images by iterated functions and wavelets",
    "wavelets and fractal functions for the compression of large images",
    "iterated functions compress images; fractal codes of blocks of images",
    "the compression of images with wavelets, blocks and fractal codes",
];

const CHINESE: [&str; 3] =
    ["信息压缩技术把文章拆分成多段信息组", "每个信息组包括标题和片段内容信息压缩", "文章的信息组压缩成矩阵"];

fn article(name: &str, texts: &[&str]) -> NewArticle {
    let groups = texts.iter().map(|text| (name.to_owned(), (*text).to_owned())).collect();
    NewArticle { name: name.to_owned(), groups }
}

fn settings() -> LibrarySettings {
    LibrarySettings { drift: 1.0, ..LibrarySettings::default() }
}

fn add(library: &mut Library, articles: &[NewArticle], settings: &LibrarySettings) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut watch = |progress: Progress| {
        if let Progress::Article(outcome) = progress {
            outcomes.push(outcome.clone());
        }
        ControlFlow::Continue(())
    };
    library.add(articles, settings, &mut watch).unwrap();
    outcomes
}

fn added(outcome: &Outcome) -> &Added {
    match outcome {
        Outcome::Added(added) => added,
        other => panic!("{other:?}"),
    }
}

/// A folder and a library in it with two articles of different kinds.
fn library() -> (tempfile::TempDir, PathBuf, Library) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("library");
    let mut library = Library::open_or_create(&file).unwrap();
    add(&mut library, &[article("alice", &ALICE), article("code", &CODE)], &settings());
    (folder, file, library)
}

fn matrices(file: &Path, version: u32) -> Vec<(i64, DigitMatrix)> {
    let store = Store::open(file, false).unwrap();
    let known = store.run(|connection| read_matrices(connection, version)).unwrap();
    known.iter().map(|known| (known.group, known.matrix)).collect()
}

#[test]
fn a_group_is_found_by_its_text_and_by_some_of_its_words() {
    let (_folder, _file, mut library) = library();
    for (text, of) in
        [(ALICE[2], ALICE[2]), ("croquet her queen the off shouted ground head", ALICE[2]), (CODE[1], CODE[1])]
    {
        let answer = &library.query(&[text], 3).unwrap()[0];
        assert_eq!((answer.by_digits.len(), answer.by_hamming.len()), (3, 3));
        assert_eq!(answer.by_digits[0].text, of);
        assert_eq!(answer.by_hamming[0].text, of);
        assert!(answer.by_digits.windows(2).all(|pair| pair[0].digit_distance <= pair[1].digit_distance));
        assert!(answer.by_hamming.windows(2).all(|pair| pair[0].hamming_distance <= pair[1].hamming_distance));
    }
}

#[test]
fn the_same_text_has_the_same_matrix_whenever_it_comes() {
    let (_folder, file, mut library) = library();
    let again: Vec<&str> = ALICE.iter().chain(&CODE[..1]).copied().collect();
    add(&mut library, &[article("again", &again)], &settings());
    let all = matrices(&file, 1);
    assert_eq!(all.len(), 13);
    for index in 0..4 {
        assert_eq!(all[8 + index].1, all[index].1);
    }
    assert_eq!(library.query(&[ALICE[1]], 1).unwrap()[0].matrix, all[1].1);
}

#[test]
fn a_known_article_is_not_added_again_and_a_blank_one_not_at_all() {
    let (_folder, _file, mut library) = library();
    let outcomes = add(&mut library, &[article("other name", &ALICE), article("blank", &[])], &settings());
    assert!(matches!(outcomes[..], [Outcome::Known { article: 1, .. }, Outcome::Blank { .. }]), "{outcomes:?}");
    assert_eq!(library.contents().unwrap().articles.len(), 2);
}

#[test]
fn a_like_article_joins_a_cluster_and_another_opens_one() {
    let (_folder, _file, mut library) = library();
    let like =
        article("like", &["the queen and the white rabbit ran after alice", "alice shouted at the queen of hearts"]);
    let outcomes = add(&mut library, &[like, article("chinese", &CHINESE)], &settings());
    let (like, other) = (added(&outcomes[0]), added(&outcomes[1]));
    let contents = library.contents().unwrap();
    assert_ne!(contents.articles[0].cluster, contents.articles[1].cluster);
    assert_eq!((like.cluster, like.opened), (contents.articles[0].cluster, false));
    assert!(other.opened && contents.clusters.len() == 3, "{contents:?}");
}

#[test]
fn drift_makes_a_frame_and_keeps_the_matrices_of_the_old_one() {
    let (_folder, file, mut library) = library();
    let drifting = LibrarySettings { drift: 0.25, ..settings() };
    let mut refits = Vec::new();
    let mut refit = |library: &mut Library| {
        let mut watch = |progress: Progress| {
            if let Progress::Refitted { version, groups, .. } = progress {
                refits.push((version, groups));
            }
            ControlFlow::Continue(())
        };
        library.refit_if_drifted(&drifting, &mut watch).unwrap();
    };
    refit(&mut library);
    let old = matrices(&file, 1);
    add(&mut library, &[article("chinese", &CHINESE)], &drifting);
    assert!(library.contents().unwrap().drift > 0.9);
    refit(&mut library);
    refit(&mut library);
    assert_eq!(refits, [(2, 11)]);
    assert_eq!(matrices(&file, 1)[..8], old);
    let new = matrices(&file, 2);
    assert_eq!(new.iter().map(|(group, _)| *group).collect::<Vec<_>>(), (1..=11).collect::<Vec<i64>>());
    let contents = library.contents().unwrap();
    assert!(contents.frames.len() == 2 && contents.drift.abs() < 1e-9, "{contents:?}");
    assert_eq!(library.query(&[CHINESE[1]], 1).unwrap()[0].by_digits[0].text, CHINESE[1]);
}

#[test]
fn one_that_works_with_an_old_frame_finds_the_new_one() {
    let (_folder, file, mut library) = library();
    let mut other = Library::open(&file).unwrap();
    other.query(&[ALICE[0]], 1).unwrap();
    add(&mut library, &[article("chinese", &CHINESE)], &settings());
    library
        .refit_if_drifted(&LibrarySettings { drift: 0.25, ..settings() }, &mut |_| ControlFlow::Continue(()))
        .unwrap();
    let outcome = add(&mut other, &[article("late", &["the white rabbit and the queen of hearts"])], &settings());
    assert_eq!(added(&outcome[0]).frame, 2);
    assert_eq!(matrices(&file, 2).len(), 12);
}

#[test]
fn the_first_of_two_frames_holds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("library");
    let threads: Vec<_> = [article("alice", &ALICE), article("code", &CODE)]
        .into_iter()
        .map(|article| {
            let file = file.clone();
            std::thread::spawn(move || {
                add(&mut Library::open_or_create(&file).unwrap(), &[article], &settings());
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let contents = Library::open(&file).unwrap().contents().unwrap();
    assert_eq!((contents.articles.len(), contents.groups, contents.frames.len()), (2, 8, 1));
    assert_eq!(contents.frames[0].matrices, 8);
}

#[test]
fn duplicates_are_listed_and_then_removed_with_articles_that_they_empty() {
    let (_folder, file, mut library) = library();
    let shouted = ALICE[0].to_uppercase().replace(' ', "\n ");
    add(&mut library, &[article("copy", &[ALICE[3], &shouted]), article("part", &[CODE[2], CHINESE[0]])], &settings());
    let listed = library.dedupe(None, false).unwrap();
    let pairs: Vec<(i64, i64)> = listed.groups.iter().map(|one| (one.group, one.of_group)).collect();
    assert_eq!(pairs, [(9, 4), (10, 1), (11, 7)]);
    assert!(listed.groups.iter().all(|one| one.same_text && one.overlap == 1.0), "{listed:?}");
    assert_eq!(listed.articles, ["copy"]);
    assert_eq!(library.contents().unwrap().groups, 12);
    assert!(library.dedupe(None, true).unwrap().removed);
    assert!(library.dedupe(None, true).unwrap().groups.is_empty());
    let contents = library.contents().unwrap();
    assert_eq!((contents.groups, contents.articles.len()), (9, 3));
    assert_eq!(matrices(&file, 1).len(), 9);
}

#[test]
fn groups_and_articles_that_go_take_their_digits_under_all_frames() {
    let (_folder, file, mut library) = library();
    let texts = [&CHINESE[..], &[ALICE[0], CHINESE[0]]].concat();
    add(&mut library, &[article("chinese", &texts), article("copy", &[ALICE[3], ALICE[1]])], &settings());
    let before = matrices(&file, 1);
    let drifting = LibrarySettings { drift: 0.1, ..settings() };
    library.refit_if_drifted(&drifting, &mut |_| ControlFlow::Continue(())).unwrap();
    let contents = || Library::open(&file).unwrap().contents().unwrap();
    assert_eq!(contents().frames.iter().map(|frame| frame.matrices).collect::<Vec<_>>(), [15, 15]);
    let removed: Vec<i64> = library.dedupe(None, true).unwrap().groups.iter().map(|one| one.group).collect();
    assert_eq!(removed, [12, 13, 14, 15]);
    assert_eq!(contents().frames.iter().map(|frame| frame.matrices).collect::<Vec<_>>(), [11, 11]);
    assert_eq!(matrices(&file, 1), before[..11]);
    assert_eq!(matrices(&file, 2).iter().map(|(group, _)| *group).collect::<Vec<_>>(), (1..=11).collect::<Vec<i64>>());
    let store = Store::open(&file, false).unwrap();
    let has = |article| store.run(|connection| matrices_of(connection, 2, article)).unwrap().len();
    assert_eq!([1, 2, 3, 4].map(has), [4, 4, 3, 0]);
    let count = "SELECT COUNT(*) FROM matrices";
    let rows: i64 = store.run(|connection| connection.query_row(count, [], |row| row.get(0))).unwrap();
    assert_eq!(rows, 6, "none of the article that went");
}

#[test]
fn digits_that_do_not_fit_are_an_error_for_whoever_reads_them() {
    let (_folder, file, _library) = library();
    let set = |digits: &[u8]| {
        let store = Store::open(&file, false).unwrap();
        let sql = "UPDATE matrices SET digits = ? WHERE article = 2";
        store.run(|connection| connection.execute(sql, [digits])).unwrap();
    };
    let read = "SELECT digits FROM matrices WHERE article = 2";
    let store = Store::open(&file, false).unwrap();
    let sound: Vec<u8> = store.run(|connection| connection.query_row(read, [], |row| row.get(0))).unwrap();
    let with = |place: usize, byte: u8| {
        let mut digits = sound.clone();
        digits[place] = byte;
        digits
    };
    let short = &sound[..sound.len() - 1];
    let damaged = [
        (short, "cut short"),
        (&with(207, 10), "no digits"),
        (&with(0, 99), "different groups"),
        (&[], "different groups"),
    ];
    for (digits, fault) in damaged {
        set(digits);
        let mut library = Library::open(&file).unwrap();
        let mut errors = vec![
            library.contents().map(drop).unwrap_err(),
            library.groups_after(0, 9).map(drop).unwrap_err(),
            library.dedupe(None, true).map(drop).unwrap_err(),
        ];
        // A search finds no group that isn't there.
        errors.extend(library.query(&[CODE[0]], 8).err());
        assert!(digits.is_empty() || errors.len() == 4, "{fault}");
        for error in errors {
            assert!(matches!(&error, LibraryError::Corrupt { reason, .. } if reason.contains(fault)), "{error}");
        }
    }
    set(&sound);
    assert_eq!(Library::open(&file).unwrap().contents().unwrap().groups, 8);
}

#[test]
fn texts_that_differ_are_no_duplicates_however_near_their_digits_are() {
    let (_folder, file, mut library) = library();
    let russian = "Москва зимой стоит под снегом и дети катаются с горки а лёд на реке лежит до самой весны";
    let greek = "Η θάλασσα είναι γαλάζια και τα νησιά πολλά το καλοκαίρι ο ήλιος λάμπει πάνω από τα βουνά";
    add(&mut library, &[article("russian", &[russian]), article("greek", &[greek])], &settings());
    let all = matrices(&file, 1);
    assert_ne!(all[8].1, all[9].1, "words that the frame doesn't know differ, too");
    for probability in [None, Some(0.99), Some(0.0)] {
        assert!(library.dedupe(probability, true).unwrap().groups.is_empty(), "{probability:?}");
    }
    assert_eq!(library.contents().unwrap().groups, 10);
    // Nor what shares most of its words, where the frame knows few of these.
    add(&mut library, &[article("again", &[&russian.replace("снегом", "дождём")])], &settings());
    assert!(library.dedupe(Some(0.0), true).unwrap().groups.is_empty());
    // The same text is the same in any language.
    add(&mut library, &[article("copies", &[&greek.to_uppercase(), ALICE[0]])], &settings());
    let groups = library.dedupe(None, true).unwrap().groups;
    assert_eq!(groups.iter().map(|one| (one.group, one.of_group)).collect::<Vec<_>>(), [(12, 10), (13, 1)]);
}

#[test]
fn with_a_probability_edits_that_share_most_runs_of_words_are_duplicates() {
    let (_folder, _file, mut library) = library();
    let [edited, other] = [ALICE[0].replace("after the rabbit", "after the hare"), CODE[0].replace("fractal", "large")];
    add(&mut library, &[article("edited", &[&edited, CHINESE[0]])], &settings());
    assert!(library.dedupe(None, false).unwrap().groups.is_empty());
    let near = library.dedupe(Some(0.5), false).unwrap().groups;
    assert_eq!(near.iter().map(|one| (one.group, one.of_group)).collect::<Vec<_>>(), [(9, 1)], "{near:?}");
    let (one, probability) = (&near[0], near[0].probability);
    assert!(!one.same_text && one.overlap > 0.8 && one.overlap < 1.0, "{one:?}");
    assert!(probability > 0.5 && probability < 1.0 && one.digit_distance > 0, "{one:?}");
    assert_eq!(library.dedupe(Some(probability), false).unwrap().groups.len(), 1);
    assert!(library.dedupe(Some(0.5 + 0.5 * probability), false).unwrap().groups.is_empty());
    // Among all groups, as `query` asks, chance may come as near sooner than among those that share its words.
    let hits = &library.query(&[&edited, &other], 2).unwrap();
    assert_eq!((hits[0].by_digits[0].group, hits[0].by_digits[0].digit_distance), (9, 0));
    assert_eq!(hits[0].by_digits[1].group, 1);
    assert!(hits[0].by_digits[1].probability < probability);
    assert_eq!(hits[1].by_digits[0].text, CODE[0]);
    assert_eq!(library.dedupe(Some(0.5), true).unwrap().groups.len(), 1);
    assert_eq!(library.contents().unwrap().groups, 9);
}

#[test]
fn a_frame_comes_back_from_its_parts_and_parts_that_do_not_fit_are_refused() {
    let groups = ALICE.map(|text| frame::FrameGroup { article: 0, text });
    let frame = Frame::fit(1, &groups, &settings());
    let again = Frame::of_parts(&frame.to_parts()).unwrap();
    assert_eq!(frame.encode(&CODE)[0].matrix, again.encode(&CODE)[0].matrix);
    assert_eq!(frame.encode(&ALICE)[0].strange_words, 0);
    for change in [
        |parts: &mut frame::FrameParts| parts.map.to_mut().truncate(7),
        |parts: &mut frame::FrameParts| parts.map.to_mut()[..4].fill(0xff),
        |parts: &mut frame::FrameParts| parts.probability.slope = 0.0,
        |parts: &mut frame::FrameParts| parts.probability.at_zero = f64::NAN,
    ] {
        let mut parts = frame.to_parts();
        change(&mut parts);
        assert!(Frame::of_parts(&parts).is_err());
    }
}

#[test]
fn forms_of_one_text_have_one_matrix() {
    use unicode_normalization::UnicodeNormalization;
    let (_folder, _file, mut library) = library();
    let text = "Zoë, the white rabbit, ran down the hole; Alice's café of hearts";
    let forms: [String; 5] = [
        text.nfd().collect(),
        text.chars().flat_map(|c| [c, '\u{ad}']).collect(),
        text.replace("hole", "ho\u{200b}le"),
        format!("\u{feff}{text}"),
        text.chars()
            .map(|c| if c.is_ascii_alphabetic() { char::from_u32(c as u32 + 0xfee0).unwrap() } else { c })
            .collect(),
    ];
    let matrix = |library: &mut Library, text: &str| library.query(&[text], 1).unwrap()[0].matrix;
    let expected = matrix(&mut library, text);
    for form in &forms {
        assert_ne!(form, text);
        assert_eq!(matrix(&mut library, form).digit_distance(&expected), 0, "{form:?}");
    }
}

#[test]
fn a_text_without_a_known_word_is_near_nothing() {
    let (_folder, file, mut library) = library();
    for text in ["", " \n", "***", "zxqv unheard"] {
        let error = library.query(&[text], 3).unwrap_err();
        assert!(matches!(&error, LibraryError::NoKnownWord { file: named } if *named == file), "{text}: {error}");
    }
    let answers = library.query(&["zxqv", ALICE[2]], 3).unwrap();
    assert!(answers[0].by_digits.is_empty() && answers[0].by_hamming.is_empty());
    assert_eq!(answers[1].by_digits[0].text, ALICE[2]);
}
