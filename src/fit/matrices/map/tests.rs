//! What the map promises: near texts near, the same text the same, whoever asks.

use super::*;
use crate::data::article::evidence;
use crate::fit::matrices::centres_of;
use crate::latent::digits::{DigitMatrix, Dither, digit_entropy};

/// Groups of two articles, and the article of each.
fn texts() -> (Vec<String>, Vec<usize>) {
    let mut stream = rng::stream(2, Purpose::Edit, 0);
    let mut text = |group: usize| {
        let words: Vec<String> = (0..18).map(|_| format!("word{}", stream.random_range(0..400))).collect();
        format!("article{} tells of {} and so on", group % 2, words.join(" "))
    };
    ((0..80).map(&mut text).collect(), (0..80).map(|group| group % 2).collect())
}

fn all(texts: &[String]) -> Vec<Vec<Evidence>> {
    texts.iter().map(|text| evidence(text)).collect()
}

fn digits(map: &TextMap, texts: &[String]) -> Vec<DigitMatrix> {
    centres_of(&map.latents(&all(texts))).iter().map(|centres| DigitMatrix::encode(centres, &Dither::new(0))).collect()
}

#[test]
fn edited_texts_are_nearest_to_their_originals_and_digits_are_spread() {
    let (texts, articles) = texts();
    let map = TextMap::fit(&all(&texts), &articles, 0.08, 0);
    let known = digits(&map, &texts);
    let half = |text: &String| text.split(' ').step_by(2).collect::<Vec<_>>().join(" ");
    let edited: Vec<String> = texts.iter().map(half).collect();
    for (index, asked) in digits(&map, &edited).iter().enumerate() {
        let nearest = (0..texts.len()).min_by_key(|&other| asked.digit_distance(&known[other]));
        assert_eq!(nearest, Some(index), "{}", edited[index]);
    }
    assert!(digit_entropy(&known) > 3.0, "{}", digit_entropy(&known));
}

#[test]
fn an_article_s_share_draws_its_groups_together() {
    let (texts, articles) = texts();
    let ratio = |share| {
        let matrices = digits(&TextMap::fit(&all(&texts), &articles, share, 0), &texts);
        let mean = |same: bool| {
            let pairs = (0..80).flat_map(|a| (0..a).map(move |b| (a, b)));
            let distances: Vec<f64> = pairs
                .filter(|&(a, b)| (articles[a] == articles[b]) == same)
                .map(|(a, b)| f64::from(matrices[a].digit_distance(&matrices[b])))
                .collect();
            distances.iter().sum::<f64>() / distances.len() as f64
        };
        mean(true) / mean(false)
    };
    assert!(ratio(0.3) < 0.9 * ratio(0.0), "{} {}", ratio(0.3), ratio(0.0));
}

#[test]
fn a_text_has_one_latent_for_any_number_of_threads_and_from_bytes() {
    let (texts, articles) = texts();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| TextMap::fit(&all(&texts), &articles, 0.08, 3))
    };
    let map = run(1);
    assert_eq!(run(3), map);
    assert_eq!(TextMap::of_bytes(&map.to_bytes()), Ok(map.clone()));
    let asked = ["word1 of zxqv".to_owned(), texts[3].clone()];
    assert_eq!(map.latents(&all(&asked)).row(1).to_vec(), map.latent(&evidence(&texts[3])));
    assert_ne!(map.latent(&evidence("zxqv")), map.latent(&evidence("unheard")), "strange words differ");
    assert_eq!(map.latent(&evidence("")), [0.0; CELLS]);
}

#[test]
fn numbers_that_are_no_map_are_refused() {
    let (texts, articles) = texts();
    let bytes = TextMap::fit(&all(&texts[..3]), &articles[..3], 0.0, 0).to_bytes();
    for length in [0, 7, 12, bytes.len() - 4, bytes.len() - 1] {
        assert!(TextMap::of_bytes(&bytes[..length]).is_err(), "{length}");
    }
    // Counts, the deviation, the order of the keys, a number that is none.
    for places in [0..1, 4..5, 8..9, 14..16, 23..24, bytes.len() - 2..bytes.len()] {
        let mut bytes = bytes.clone();
        bytes[places.clone()].fill(0xff);
        assert!(TextMap::of_bytes(&bytes).is_err(), "{places:?}");
    }
}

#[test]
fn a_map_to_latents_gives_them_nearly_back_and_to_equal_texts_equal_ones() {
    let (mut texts, _) = texts();
    texts[7] = texts[3].clone();
    let latents = super::super::normals(texts.len(), 11, 5, 0, 1.0);
    let evidence = all(&texts);
    let mapped = TextMap::to_latents(&evidence, &latents).latents(&evidence);
    assert_eq!(mapped.row(3), mapped.row(7));
    for (group, (mapped, latents)) in mapped.rows().into_iter().zip(latents.rows()).enumerate() {
        let cells = mapped.slice(ndarray::s![..11]);
        let apart = (&cells - &latents).mapv(|cell| cell * cell).sum() / 11.0;
        assert!(group == 3 || group == 7 || apart < 0.1, "group {group}: {apart}");
        assert!(mapped.iter().skip(11).all(|&cell| cell == 0.0));
    }
}

#[test]
fn the_solution_solves() {
    let mut stream = rng::stream(1, Purpose::Edit, 0);
    let half = Array2::from_shape_fn((21, 21), |_| stream.random::<f64>());
    let matrix = half.dot(&half.t()) + Array2::<f64>::eye(21);
    let sides = Array2::from_shape_fn((21, 3), |_| stream.random::<f64>());
    let mut solution = sides.clone();
    solve(&mut matrix.clone(), &mut solution);
    let apart = &matrix.dot(&solution) - &sides;
    assert!(apart.iter().all(|value| value.abs() < 1e-9), "{apart}");
}

#[test]
fn few_or_no_groups_make_a_map_too() {
    let none = TextMap::fit(&[], &[], 0.1, 0);
    assert!(none.latent(&evidence("any text")).iter().all(|cell| cell.is_finite()));
    let one = TextMap::fit(&[evidence("a lone text")], &[0], 0.1, 0);
    assert!(one.latent(&evidence("another text")).iter().all(|cell| cell.is_finite()));
    let blank = TextMap::fit(&[Vec::new(), Vec::new()], &[0, 0], 0.1, 0);
    assert_eq!(blank.latent(&[]), [0.0; CELLS]);
}
