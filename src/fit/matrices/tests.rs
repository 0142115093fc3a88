//! What a fit of matrices promises: right gradients, no numbering of symbols or groups built in, near texts near.

use super::*;
use crate::data::article::{SymbolKind, Symbols, evidence};
use crate::go_on;

const TEXTS: [&str; 8] = [
    "the white rabbit ran down the hole and alice ran after the rabbit",
    "alice ran after the white rabbit down the deep hole",
    "the queen of hearts shouted off with her head at the croquet ground",
    "off with his head shouted the queen of hearts at the party",
    "信息压缩技术把文章拆分成多段信息组",
    "每个信息组包括标题和片段内容信息压缩",
    "compression of images by wavelets and fractals",
    "fractal image compression and wavelet transforms",
];

const TITLES: [&str; 8] =
    ["Down the hole", "Down the hole", "Croquet", "Croquet", "技术", "技术", "Fractals", "Fractals"];

fn data() -> (GroupData, Symbols) {
    let (symbols, mut counts) = Symbols::gather(TEXTS.into_iter().chain(TITLES), 0.5);
    let title_counts = counts.split_off(TEXTS.len());
    let articles = vec![0, 0, 0, 0, 1, 1, 2, 2];
    let evidence = TEXTS.iter().map(|text| evidence(text)).collect();
    (GroupData { counts, evidence, title_counts, titles: vec![0, 0, 1, 1, 2, 2, 3, 3], articles }, symbols)
}

fn quick() -> MatrixSettings {
    MatrixSettings { steps: 80, symbols_per_step: 30, ..MatrixSettings::default() }
}

#[test]
fn near_texts_get_near_matrices_and_edited_ones_are_found() {
    let (data, symbols) = data();
    let fitted = fit(&data, symbols.len(), &quick(), go_on).unwrap();
    let matrices = fitted.matrices();
    assert!(fitted.nats_per_symbol.last() < fitted.nats_per_symbol.first());
    for (a, near, far) in [(0, 1, 6), (2, 3, 4), (4, 5, 0), (6, 7, 2)] {
        let (near, far) = (matrices[a].digit_distance(&matrices[near]), matrices[a].digit_distance(&matrices[far]));
        assert!(near < far, "group {a}: {near} {far}");
    }
    for (edited, original) in [("croquet her queen the off shouted ground head", 2), ("信息技术把拆分文章成多段", 4)]
    {
        let digits = fitted.encode_text(&evidence(edited)).unwrap();
        let nearest = (0..8).min_by_key(|&group| digits.digit_distance(&matrices[group]));
        assert_eq!(nearest, Some(original), "{edited}");
    }
    for (text, matrix) in TEXTS.iter().zip(&matrices) {
        assert_eq!(fitted.encode_text(&evidence(text)), Some(*matrix), "what is asked is read as what was fitted");
    }
}

#[test]
fn on_a_budget_the_map_keeps_to_it() {
    let (data, symbols) = data();
    let settings = MatrixSettings { bits: 40.0, ..quick() };
    let mut fitted = fit(&data, symbols.len(), &settings, go_on).unwrap();
    let free = fitted.matrices();
    fitted.shrink(|matrices| matrices != free);
    let matrices = fitted.matrices();
    assert_ne!(matrices, free);
    assert_eq!(fitted.latents.ncols(), 14);
    assert!((14..CELLS).all(|cell| matrices.iter().all(|matrix| matrix.cells()[cell] == matrices[0].cells()[cell])));
    for (text, matrix) in TEXTS.iter().zip(&matrices) {
        assert_eq!(fitted.encode_text(&evidence(text)), Some(*matrix), "what is asked is read as what was fitted");
    }
    let stopped = fit(&data, symbols.len(), &settings, |_| ControlFlow::Break(())).unwrap();
    assert_eq!(stopped.encode_text(&evidence(TEXTS[3])), Some(stopped.matrices()[3]));
}

#[test]
fn digits_say_their_group_s_words() {
    let (data, symbols) = data();
    // The latents stay, so that the decoder needs all the steps that the program takes.
    let fitted = fit(&data, symbols.len(), &MatrixSettings::default(), go_on).unwrap();
    let is_word = |symbol| symbols.name(symbol).is_some_and(|(kind, _)| kind == SymbolKind::Word);
    for (group, text) in TEXTS[..4].iter().enumerate() {
        let centres = fitted.matrices()[group].decode(&fitted.dither);
        let said: Vec<&str> = fitted
            .decoder
            .says(&centres, 8, is_word)
            .into_iter()
            .map(|symbol| symbols.name(symbol).unwrap().1)
            .collect();
        let right = said.iter().filter(|word| text.contains(**word)).count();
        assert!(right >= 7, "group {group}: {said:?}");
    }
}

#[test]
fn digits_say_their_group_s_title() {
    let (data, symbols) = data();
    let fitted = fit(&data, symbols.len(), &MatrixSettings::default(), go_on).unwrap();
    assert!(fitted.title_nats_per_symbol.last() < fitted.title_nats_per_symbol.first());
    let decoder = fitted.title_decoder();
    let in_titles = |symbol| data.title_counts.iter().flatten().any(|&(other, _)| other == symbol);
    for (group, title) in [(0, "hole"), (3, "croquet"), (7, "fractals")] {
        let said = decoder.says(&fitted.matrices()[group].decode(&fitted.dither), 4, in_titles);
        let said: Vec<&str> = said.into_iter().map(|symbol| symbols.name(symbol).unwrap().1).collect();
        assert!(said.contains(&title), "group {group}: {said:?}");
    }
}

#[test]
fn groups_align_with_their_article_s_global_latent() {
    let (data, symbols) = data();
    let apart = |article_pull| {
        let fitted =
            fit(&data, symbols.len(), &MatrixSettings { article_pull, bits: 200.0, ..quick() }, go_on).unwrap();
        let squares = fitted.latents.rows().into_iter().zip(&data.articles).map(|(latent, &article)| {
            let apart = &latent - &fitted.globals.row(article);
            apart.dot(&apart)
        });
        squares.sum::<f32>()
    };
    assert!(apart(5.0) < 0.8 * apart(0.5), "{} {}", apart(5.0), apart(0.5));
}

#[test]
fn merging_keeps_the_spread_of_a_single_matrix() {
    let (data, symbols) = data();
    let merged = fit(&data, symbols.len(), &quick(), go_on).unwrap().merged();
    assert!(merged.distinct() >= 8, "{merged:?}");
}

#[test]
fn the_file_of_settings_holds_the_defaults() {
    let written: MatrixSettings = toml::from_str(include_str!("../../../configs/matrices.toml")).unwrap();
    assert_eq!(written, MatrixSettings::default());
    let keys: toml::Table = toml::from_str(include_str!("../../../configs/matrices.toml")).unwrap();
    assert_eq!(keys.len(), toml::Table::try_from(written).unwrap().len());
}

#[test]
fn impossible_settings_are_named() {
    let settings = MatrixSettings { spread: -1.0, ..MatrixSettings::default() };
    assert!(settings.check().unwrap_err().to_string().starts_with("spread = -1:"));
    for steps in [0, usize::MAX] {
        let error = MatrixSettings { steps, ..MatrixSettings::default() }.check().unwrap_err().to_string();
        assert_eq!(error, format!("steps = {steps}: a whole number from 1 to 1000000 is needed"));
    }
    let share = MatrixSettings { article_share: 1.0, ..MatrixSettings::default() };
    assert!(share.check().unwrap_err().to_string().starts_with("article_share = 1:"));
    for spread in [f32::NAN, f32::INFINITY] {
        assert!(MatrixSettings { spread, ..MatrixSettings::default() }.check().is_err());
    }
    assert!(MatrixSettings::default().check().is_ok());
}

#[test]
fn a_fit_is_the_same_for_any_number_of_threads() {
    let (data, symbols) = data();
    for quantiser in [Quantiser::Dither, Quantiser::Codebook] {
        let settings = MatrixSettings { quantiser, ..quick() };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fit(&data, symbols.len(), &settings, go_on).unwrap().matrices())
        };
        assert_eq!(run(1), run(3), "{quantiser:?}");
    }
}

#[test]
fn nothing_to_fit_is_no_fault() {
    let none = fit(&GroupData::default(), 0, &quick(), go_on).unwrap();
    assert!(none.matrices().is_empty());
    let (symbols, counts) = Symbols::gather(["", "  "], 0.5);
    let data = GroupData {
        title_counts: vec![Counts::new(); 2],
        evidence: vec![Vec::new(); 2],
        counts,
        articles: vec![0, 0],
        titles: vec![0, 0],
    };
    let blank = fit(&data, symbols.len(), &quick(), go_on).unwrap();
    assert_eq!(blank.matrices().len(), 2);
    assert!(blank.centres.iter().flatten().all(|centre| centre.is_finite()));
}
