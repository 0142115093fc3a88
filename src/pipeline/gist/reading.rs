//! What an article's file says of its matrices, without its text.
//!
//! In: a file. Out: [`FileMatrices`]: the digits, the groups nearest to each, and with a gist what the digits of each group say.

use crate::code::digits::Digits;
use crate::code::gist::Gist;
use crate::code::{CodeError, Container, Kind, Tag};
use crate::data::article::symbols::{is_one_word, is_telling};
use crate::data::{Article, GroupSettings};
use crate::engine::fused::article::GistDecoder;
use crate::latent::digits::CELLS;
use crate::latent::{DigitMatrix, Dither};
use crate::model::article::GAIN;
use crate::pipeline::lossy::{Grammar, lossy_words};
use crate::pipeline::matrices::{KEYWORDS, TITLE_WORDS};
use ndarray::{Array2, ArrayView1, s};
use rayon::prelude::*;

/// What a group's digits say.
#[derive(Clone, Debug, Default)]
pub struct Saying<'a> {
    /// The words that its title may have, best first; none from a file of version 1.
    pub title: Vec<&'a str>,
    /// The words that tell it from other groups, best first.
    pub keywords: Vec<&'a str>,
    /// A text of those that it may have; empty from a file of version 1.
    pub text: String,
}

/// What a file says of its matrices, without the text.
pub struct FileMatrices {
    /// The digits.
    pub digits: Digits,
    gist: Option<Gist>,
}

impl FileMatrices {
    /// Reads them; nothing from a file without matrices.
    ///
    /// # Errors
    /// [`CodeError`], where the file is wrong, or holds a puzzle.
    pub fn read(file: &[u8]) -> Result<Option<Self>, CodeError> {
        let container = Container::parse(file)?;
        container.expect_kind(Kind::Article)?;
        let Some(section) = container.section(Tag::Digits) else { return Ok(None) };
        let digits = Digits::decode(section)?;
        let speaking = digits.speaking().len();
        let gist = container
            .section(Tag::Symbols)
            .map(|section| Gist::decode(section, speaking, container.version()))
            .transpose()?;
        Ok(Some(Self { digits, gist }))
    }

    /// The groups of the file's text, if this version cuts it as the one did that wrote the file.
    pub fn groups(&self, content: &[u8]) -> Option<Article> {
        let Digits { format, lengths: (least, most), matrices, .. } = &self.digits;
        let settings = GroupSettings { min_characters: *least as usize, max_characters: *most as usize };
        let article = Article::read_as(content, *format, settings).ok()?;
        (article.groups.len() == matrices.len()).then_some(article)
    }

    /// What each group's digits say; nothing where the file has no gist.
    pub fn says(&self) -> Option<Vec<Saying<'_>>> {
        let gist = self.gist.as_ref()?;
        let (decoder, titles) = self.decoders(gist);
        let dither = Dither::new(self.digits.seed);
        let centres: Vec<[f32; CELLS]> = self.digits.matrices.iter().map(|matrix| matrix.decode(&dither)).collect();

        let words = gist.words.iter().map(String::as_str);
        let one_words = (0..).zip(words).filter(|(_, word)| is_one_word(word));
        let pairs = gist.pairs.iter().zip(0..).map(|(pair, number)| ((pair.first, pair.second), number));
        let grammar = Grammar::new(one_words, pairs);
        let texts = lossy_words(
            &grammar,
            &decoder,
            &centres,
            |_| gist.text_words,
            |_, pair, _| gist.pairs[pair as usize].likelihood,
        );

        let word = |number: u32| gist.words[number as usize].as_str();
        let of_group = |(centres, text): (&[f32; CELLS], &Vec<u32>)| Saying {
            title: titles.says(centres, TITLE_WORDS, |_| true).into_iter().map(word).collect(),
            keywords: decoder
                .says(centres, KEYWORDS, |number| is_telling(word(number)))
                .into_iter()
                .map(word)
                .collect(),
            text: grammar.written(text),
        };
        Some(centres.par_iter().zip(&texts).map(of_group).collect())
    }

    /// The decoders of fragments and of titles.
    fn decoders(&self, gist: &Gist) -> (GistDecoder, GistDecoder) {
        let speaking = self.digits.speaking();
        let mut symbols = Array2::zeros((gist.words.len(), CELLS));
        for (&cell, latents) in speaking.iter().zip(&gist.latents) {
            symbols.column_mut(cell).assign(&ArrayView1::from(latents));
        }
        let mut head = Array2::zeros((2, CELLS));
        for (&cell, &gain) in speaking.iter().zip(&gist.title_gains) {
            head[(GAIN, cell)] = gain;
        }
        let of_titles = symbols.slice(s![..gist.title_background.len(), ..]).to_owned();
        let titles =
            GistDecoder { symbols: of_titles, background: Vec::new() }.with_head(&head, &gist.title_background);
        (GistDecoder { symbols, background: gist.background.clone() }, titles)
    }

    /// The groups nearest to each by digits, nearest first, with their distances: at most `most`. Every pair is compared, on
    /// all threads: 10,000 groups take about a second, and ten times as many a hundred times as long.
    pub fn nearest(&self, most: usize) -> Vec<Vec<(usize, u32)>> {
        let matrices = &self.digits.matrices;
        let of_group = |(group, matrix): (usize, &DigitMatrix)| {
            let mut near: Vec<(u32, usize, usize)> = Vec::with_capacity(most + 1);
            for (other, digits) in matrices.iter().enumerate().filter(|&(other, _)| other != group) {
                let one = (matrix.digit_distance(digits), other.abs_diff(group), other);
                if near.len() < most || near.last().is_some_and(|last| one < *last) {
                    near.insert(near.partition_point(|nearer| *nearer < one), one);
                    near.truncate(most);
                }
            }
            near.into_iter().map(|(distance, _, other)| (other, distance)).collect()
        };
        matrices.par_iter().enumerate().map(of_group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_that_sorting_all_gives() {
        let matrix =
            |group: usize| DigitMatrix::from_cells([group * group % 7; CELLS].map(|digit| digit as u8)).unwrap();
        let matrices: Vec<DigitMatrix> = (0..40).map(matrix).collect();
        let digits = Digits { format: 0, lengths: (100, 200), seed: 0, matrices: matrices.clone() };
        for (group, near) in (FileMatrices { digits, gist: None }).nearest(5).into_iter().enumerate() {
            let mut all: Vec<usize> = (0..40).filter(|&other| other != group).collect();
            let distance = |other: usize| matrices[group].digit_distance(&matrices[other]);
            all.sort_by_key(|&other| (distance(other), other.abs_diff(group), other));
            let expected: Vec<(usize, u32)> = all[..5].iter().map(|&other| (other, distance(other))).collect();
            assert_eq!(near, expected);
        }
    }
}
