//! The page of digit matrices: each group with its digits and those nearest to it, and how near all are to each other.
//!
//! In: groups with their matrices. Out: the text of the page.

use super::picture::{Pictures, Shown};
use super::rendered;
use crate::latent::DigitMatrix;
use crate::latent::digits::{SIDE, digit_entropy};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use std::collections::HashSet;

/// Groups that a page has at most, and those whose distances it has as a picture.
const MOST_GROUPS: usize = 4000;
const MOST_PICTURED: usize = 300;

/// Nearest groups that are named.
const NEAREST: usize = 5;

/// The first shade of the picture of distances, among the colours of the page's style, and how many there are.
const FIRST_SHADE: u8 = 20;
const SHADES: u32 = 10;

/// A group as the page has it.
#[derive(Clone, Debug)]
pub struct PagedGroup {
    /// Its article's name, where there are several.
    pub article: Option<String>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// What its digits say, where they say something.
    pub says: Vec<String>,
    /// Its digits.
    pub matrix: DigitMatrix,
}

#[derive(Serialize)]
struct Part<'a> {
    number: usize,
    article: Option<&'a str>,
    title: &'a str,
    text: &'a str,
    keywords: &'a [String],
    says: &'a [String],
    symbols: String,
    shown: Shown,
    digits: Vec<&'a [u8]>,
    nearest: Vec<Near<'a>>,
}

#[derive(Serialize)]
struct Near<'a> {
    number: usize,
    title: &'a str,
    text: &'a str,
    distance: u32,
    differ: u32,
}

/// The page of these groups.
pub fn matrices_page(title: &str, groups: &[PagedGroup]) -> String {
    let shown = &groups[..groups.len().min(MOST_GROUPS)];
    let matrices: Vec<DigitMatrix> = shown.iter().map(|group| group.matrix).collect();
    let parts: Vec<Part> = (0..shown.len()).map(|index| part(index, shown)).collect();
    let (least, most) = (distances(&matrices).min().unwrap_or(0), distances(&matrices).max().unwrap_or(0));
    let heat = (2..=MOST_PICTURED).contains(&matrices.len()).then(|| heat(&matrices, least, most));
    rendered(
        "matrices.html",
        context! {
            title,
            groups => Value::from(Serde(parts)),
            all => groups.len(),
            heat => Value::from(Serde(heat)),
            least,
            most,
            mean => distances(&matrices).map(f64::from).sum::<f64>() / (distances(&matrices).count().max(1) as f64),
            entropy => digit_entropy(&matrices),
            distinct => matrices.iter().collect::<HashSet<_>>().len(),
        },
    )
}

/// The sums of digits' differences of all pairs; of very many groups, of neighbours.
fn distances(matrices: &[DigitMatrix]) -> impl Iterator<Item = u32> {
    let reach = if matrices.len() > MOST_PICTURED { 1 } else { matrices.len() };
    let later = move |index: usize| &matrices[index + 1..(index + 1 + reach).min(matrices.len())];
    (0..matrices.len())
        .flat_map(move |index| later(index).iter().map(move |other| matrices[index].digit_distance(other)))
}

fn part(index: usize, groups: &[PagedGroup]) -> Part<'_> {
    let group = &groups[index];
    let mut pictures = Pictures::new(format!("m{index}g"));
    let shown = pictures.show_cells(group.matrix.cells().to_vec(), SIDE);
    let mut others: Vec<(u32, usize)> = groups
        .iter()
        .enumerate()
        .filter(|&(other, _)| other != index)
        .map(|(other, near)| (group.matrix.digit_distance(&near.matrix), other))
        .collect();
    others.sort_unstable();
    let near = |(distance, other): (u32, usize)| Near {
        number: other + 1,
        title: &groups[other].title,
        text: &groups[other].text,
        distance,
        differ: group.matrix.hamming_distance(&groups[other].matrix),
    };
    Part {
        number: index + 1,
        article: group.article.as_deref(),
        title: &group.title,
        text: &group.text,
        keywords: &group.keywords,
        says: &group.says,
        shown,
        symbols: pictures.into_svg(),
        digits: group.matrix.rows().collect(),
        nearest: others.into_iter().take(NEAREST).map(near).collect(),
    }
}

/// All distances as a picture, row by row: the nearer, the later the shade.
#[derive(Serialize)]
struct Heat {
    symbols: String,
    shown: Shown,
}

fn heat(matrices: &[DigitMatrix], least: u32, most: u32) -> Heat {
    // The last shade is for what is the same, so that what is nearest of the rest is told from it.
    let shade = |distance: u32| match distance {
        0 => FIRST_SHADE + SHADES as u8 - 1,
        _ => FIRST_SHADE + ((most - distance.clamp(least, most)) * (SHADES - 2) / (most - least).max(1)) as u8,
    };
    let cells = matrices.iter().flat_map(|one| matrices.iter().map(|other| shade(one.digit_distance(other))));
    let mut pictures = Pictures::new("heat".into());
    let shown = pictures.show_cells(cells.collect(), matrices.len());
    Heat { shown, symbols: pictures.into_svg() }
}
