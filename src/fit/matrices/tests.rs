//! What a fit of matrices promises: right gradients, no numbering of symbols or groups built in, near texts near.

use super::*;
use crate::data::article::{SymbolKind, Symbols};

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

fn data() -> (GroupData, Symbols) {
    let (symbols, counts) = Symbols::gather(TEXTS, 0.5);
    let articles = vec![0, 0, 0, 0, 1, 1, 2, 2];
    (GroupData { counts, titles: articles.clone(), articles }, symbols)
}

fn quick() -> MatrixSettings {
    MatrixSettings { steps: 80, symbols_per_step: 30, ..MatrixSettings::default() }
}

struct Parts {
    decoder: GistDecoder,
    latents: Array2<f32>,
    subset: Vec<usize>,
    noise: Array2<f32>,
}

fn parts(data: &GroupData, symbols: usize) -> Parts {
    let mut decoder = GistDecoder::flat(symbols, &data.counts);
    decoder.symbols = normals(symbols, CELLS, 1, 1, 0.1);
    let groups = data.counts.len();
    let subset = (0..symbols).filter(|symbol| symbol % 3 != 1).collect();
    Parts { decoder, latents: normals(groups, CELLS, 1, 0, 1.0), subset, noise: noise(groups, CELLS, 1, 0) }
}

fn gradients(data: &GroupData, parts: &Parts, settings: &MatrixSettings) -> step::Gradients {
    let by_symbol = SymbolMajor::new(&data.counts, parts.decoder.background.len());
    let Parts { decoder, subset, noise, latents } = parts;
    Step { decoder, by_symbol: &by_symbol, subset, settings, noise }.gradients(latents)
}

#[test]
fn gradients_are_those_of_the_loss() {
    let (data, symbols) = data();
    let settings = quick();
    let mut parts = parts(&data, symbols.len());
    let scale = f64::from(symbols.len() as f32 / parts.subset.len() as f32);
    let analytic = gradients(&data, &parts, &settings);
    let step = 2e-2f32;
    for (group, cell) in [(0, 3), (5, 99), (7, 50)] {
        let at = parts.latents[(group, cell)];
        let mut loss = |value| {
            parts.latents[(group, cell)] = value;
            gradients(&data, &parts, &settings).loss
        };
        let slope = scale * (loss(at + step) - loss(at - step)) / f64::from(2.0 * step);
        let claimed = f64::from(analytic.latents[(group, cell)]);
        assert!((slope - claimed).abs() < 0.03 * (1.0 + claimed.abs()), "latent {group} {cell}: {slope} {claimed}");
        parts.latents[(group, cell)] = at;
    }
    for (row, cell) in [(0, 0), (4, 17), (9, 99)] {
        let symbol = parts.subset[row];
        let at = parts.decoder.symbols[(symbol, cell)];
        let mut loss = |value| {
            parts.decoder.symbols[(symbol, cell)] = value;
            gradients(&data, &parts, &settings).loss
        };
        let slope = (loss(at + step) - loss(at - step)) / f64::from(2.0 * step);
        let claimed = f64::from(analytic.symbols[(row, cell)]);
        assert!((slope - claimed).abs() < 0.03 * (1.0 + claimed.abs()), "symbol {symbol} {cell}: {slope} {claimed}");
        parts.decoder.symbols[(symbol, cell)] = at;
    }
}

#[test]
fn relabelling_symbols_and_permuting_groups_permutes_the_gradient() {
    let (data, symbols) = data();
    let settings = quick();
    let plain = parts(&data, symbols.len());
    let count = symbols.len();
    // Symbol s is called relabel(s), group g stands at place(g).
    let relabel = |symbol: usize| (symbol * 7 + 3) % count;
    assert!(count % 7 != 0, "7 has to be prime to {count}");
    let place = |group: usize| (group * 3 + 1) % 8;
    let mut moved_data = data.clone();
    let mut moved = parts(&data, count);
    for group in 0..8 {
        let mut counts: Counts =
            data.counts[group].iter().map(|&(symbol, n)| (relabel(symbol as usize) as u32, n)).collect();
        counts.sort_unstable_by_key(|&(symbol, _)| symbol);
        moved_data.counts[place(group)] = counts;
        moved.latents.row_mut(place(group)).assign(&plain.latents.row(group));
        moved.noise.row_mut(place(group)).assign(&plain.noise.row(group));
    }
    for symbol in 0..count {
        moved.decoder.symbols.row_mut(relabel(symbol)).assign(&plain.decoder.symbols.row(symbol));
        moved.decoder.background[relabel(symbol)] = plain.decoder.background[symbol];
    }
    moved.subset = plain.subset.iter().map(|&symbol| relabel(symbol)).collect();
    let before = gradients(&data, &plain, &settings);
    let after = gradients(&moved_data, &moved, &settings);
    assert!((before.loss - after.loss).abs() < 1e-3 * before.loss.abs());
    for group in 0..8 {
        let difference = &before.latents.row(group) - &after.latents.row(place(group));
        assert!(difference.iter().all(|d| d.abs() < 1e-3), "group {group}: {difference}");
    }
    let difference = &before.symbols - &after.symbols;
    assert!(difference.iter().all(|d| d.abs() < 1e-3));
}

#[test]
fn near_texts_get_near_matrices_and_edited_ones_are_found() {
    let (data, symbols) = data();
    let fitted = fit(&data, symbols.len(), &quick(), |_| ());
    let matrices = fitted.matrices();
    assert!(fitted.nats_per_symbol.last() < fitted.nats_per_symbol.first());
    for (a, near, far) in [(0, 1, 6), (2, 3, 4), (4, 5, 0), (6, 7, 2)] {
        let (near, far) = (matrices[a].digit_distance(&matrices[near]), matrices[a].digit_distance(&matrices[far]));
        assert!(near < far, "group {a}: {near} {far}");
    }
    let memory = Memory::new(&fitted, QuerySettings::default());
    for (edited, original) in [("croquet her queen the off shouted ground head", 2), ("信息技术把拆分文章成多段", 4)]
    {
        let recalled = memory.recall(&symbols.count(edited));
        let digits = DigitMatrix::encode(&recalled.centres, &fitted.dither);
        let nearest = (0..8).min_by_key(|&group| digits.digit_distance(&matrices[group]));
        assert_eq!(nearest, Some(original), "{edited}");
    }
}

#[test]
fn a_text_is_encoded_alike_whenever_it_comes_and_near_its_like() {
    let (data, symbols) = data();
    let decoder = fit(&data, symbols.len(), &quick(), |_| ()).decoder;
    let dither = Dither::new(0);
    let settings = encode::EncodeSettings::default();
    let together = encode::encode(&decoder, &data.counts, &settings);
    let matrices: Vec<DigitMatrix> = together.iter().map(|centres| DigitMatrix::encode(centres, &dither)).collect();
    for (group, near, far) in [(0, 1, 6), (2, 3, 4), (4, 5, 0), (6, 7, 2)] {
        let alone = encode::encode(&decoder, &data.counts[group..=group], &settings);
        assert_eq!(alone[0], together[group]);
        let distance = |other: usize| matrices[group].digit_distance(&matrices[other]);
        assert!(distance(near) < distance(far), "group {group}: {} {}", distance(near), distance(far));
    }
    let normalisers = encode::log_normalisers(&decoder, &together);
    let known = Memory::of_known(decoder.clone(), together.clone(), normalisers, QuerySettings::default());
    let recalled = known.recall(&symbols.count("croquet her queen the off shouted ground head"));
    assert_eq!(recalled.best.map(|(group, _)| group), Some(2));
}

#[test]
fn digits_say_their_group_s_words() {
    let (data, symbols) = data();
    let fitted = fit(&data, symbols.len(), &quick(), |_| ());
    let is_word = |symbol| symbols.name(symbol).is_some_and(|(kind, _)| kind == SymbolKind::Word);
    for (group, words) in [(0, ["rabbit", "hole"]), (2, ["queen", "croquet"])] {
        let centres = fitted.matrices()[group].decode(&fitted.dither);
        let said: Vec<&str> = fitted
            .decoder
            .says(&centres, 8, is_word)
            .into_iter()
            .map(|symbol| symbols.name(symbol).unwrap().1)
            .collect();
        assert!(words.iter().all(|word| said.contains(word)), "group {group}: {said:?}");
    }
}

#[test]
fn merging_keeps_the_spread_of_a_single_matrix() {
    let (data, symbols) = data();
    let merged = fit(&data, symbols.len(), &quick(), |_| ()).merged();
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
    assert!(MatrixSettings { steps: 0, ..MatrixSettings::default() }.check().is_err());
    assert!(MatrixSettings::default().check().is_ok());
}

#[test]
fn a_fit_is_the_same_for_any_number_of_threads() {
    let (data, symbols) = data();
    for quantiser in [Quantiser::Dither, Quantiser::Codebook] {
        let settings = MatrixSettings { quantiser, ..quick() };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let (by_encoder, _) = vae::fit_encoder(&data, symbols.len(), &settings, |_| ());
                (fit(&data, symbols.len(), &settings, |_| ()).matrices(), by_encoder.matrices())
            })
        };
        assert_eq!(run(1), run(3), "{quantiser:?}");
    }
}

#[test]
fn nothing_to_fit_is_no_fault() {
    let none = fit(&GroupData::default(), 0, &quick(), |_| ());
    assert!(none.matrices().is_empty());
    let (symbols, counts) = Symbols::gather(["", "  "], 0.5);
    let data = GroupData { counts, articles: vec![0, 0], titles: vec![0, 0] };
    let blank = fit(&data, symbols.len(), &quick(), |_| ());
    assert_eq!(blank.matrices().len(), 2);
    let recalled = Memory::new(&blank, QuerySettings::default()).recall(&Counts::new());
    assert!(recalled.centres.iter().all(|centre| centre.is_finite()));
}
