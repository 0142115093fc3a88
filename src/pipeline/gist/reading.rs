//! What an article's file says of its matrices, without its text.
//!
//! In: a file. Out: [`FileMatrices`]: the digits, the groups nearest to each, and with a gist what the digits of each group say.

use crate::code::digits::{Digits, FREE_BYTES};
use crate::code::gist::Gist;
use crate::code::{self, CodeError, Container, Kind, Tag};
use crate::data::article::symbols::{is_one_word, is_telling};
use crate::data::{Article, GroupSettings};
use crate::engine::gist::GistDecoder;
use crate::latent::digits::CELLS;
use crate::latent::{DigitMatrix, Dither};
use crate::model::article::GAIN;
use crate::pipeline::collection::{KEYWORDS, TITLE_WORDS};
use crate::pipeline::lossy::{Grammar, lossy_words};
use ndarray::{Array2, ArrayView1, s};
use rayon::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

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
        let content_bytes = code::article::ResidualSection::parse(container.require(Tag::Residual)?)?.content_bytes();
        let digits = Digits::decode(section, content_bytes)?;
        let speaking = digits.speaking().len();
        let gist = container
            .section(Tag::Symbols)
            .map(|section| Gist::decode(section, speaking, container.version()))
            .transpose()?;
        // All lossy texts together have as many words as the text, which has fewer than twice its bytes.
        let found = gist.as_ref().map_or(0, |gist| (gist.text_words * digits.matrices.len()) as u64);
        let most = 2 * content_bytes.max(FREE_BYTES);
        if found > most {
            return Err(CodeError::Gist { what: "the number of words in all lossy texts", found, most });
        }
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
        self.gist.as_ref()?;
        let told = self.tell(0).part(0..self.digits.matrices.len());
        Some(told.into_iter().map(|told| told.saying).collect())
    }

    /// Whether the file has words.
    pub fn has_words(&self) -> bool {
        self.gist.is_some()
    }

    /// What each group's digits say and the `most` groups nearest to it, worked out as it is asked for.
    pub fn tell(&self, most: usize) -> Telling<'_> {
        let mut numbers: HashMap<&DigitMatrix, usize> = HashMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut of_group = Vec::with_capacity(self.digits.matrices.len());
        for (group, matrix) in self.digits.matrices.iter().enumerate() {
            let number = *numbers.entry(matrix).or_insert(members.len());
            if number == members.len() {
                members.push(Vec::new());
            }
            members[number].push(group);
            of_group.push(number);
        }
        let words = self.gist.as_ref().map(|gist| Words::new(self, gist));
        Telling { file: self, words, most, known: vec![None; members.len()], members, of_group }
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
}

/// A group as its digits tell it.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// What they say; nothing where the file has no gist.
    pub saying: Saying<'a>,
    /// The groups nearest to it by digits, nearest first, with their distances; of equals those that stand nearest.
    pub nearest: Vec<(usize, u32)>,
}

/// What is told of a file's groups, once for all that have the same matrix.
pub struct Telling<'a> {
    file: &'a FileMatrices,
    words: Option<Words<'a>>,
    /// So many nearest groups are told.
    most: usize,
    /// The groups of each matrix, in order.
    members: Vec<Vec<usize>>,
    /// The number of each group's matrix.
    of_group: Vec<usize>,
    known: Vec<Option<OfMatrix<'a>>>,
}

/// What groups of one matrix share.
#[derive(Clone)]
struct OfMatrix<'a> {
    saying: Saying<'a>,
    /// Distances and numbers of the nearest matrices: enough for the groups that are asked for, and all that are as far
    /// as the last.
    near: Vec<(u32, usize)>,
}

impl<'a> Telling<'a> {
    /// The next part of the groups, in order. A matrix that is new is compared with all others, on all threads: 10,000
    /// take about a second, and ten times as many a hundred times as long.
    pub fn part(&mut self, groups: Range<usize>) -> Vec<Told<'a>> {
        let mut new: Vec<usize> = self.of_group[groups.clone()].to_vec();
        new.sort_unstable();
        new.dedup();
        new.retain(|&number| self.known[number].is_none());
        let first = |&number: &usize| self.members[number][0];
        let sayings = match &self.words {
            Some(words) => words.say(&new.iter().map(first).collect::<Vec<_>>()),
            None => vec![Saying::default(); new.len()],
        };
        let of_matrix = |(&number, saying): (&usize, Saying<'a>)| OfMatrix { saying, near: self.near(number) };
        let made: Vec<OfMatrix> = new.par_iter().zip(sayings).map(of_matrix).collect();
        for (number, of_matrix) in new.into_iter().zip(made) {
            self.known[number] = Some(of_matrix);
        }
        groups.into_par_iter().filter_map(|group| self.told(group)).collect()
    }

    fn near(&self, number: usize) -> Vec<(u32, usize)> {
        let matrix = |number: usize| &self.file.digits.matrices[self.members[number][0]];
        let distance = |other: usize| matrix(number).digit_distance(matrix(other));
        let mut near: Vec<(u32, usize)> = match self.most {
            0 => Vec::new(),
            _ => (0..self.members.len()).map(|other| (distance(other), other)).collect(),
        };
        // Each has a group or more; one of the first is the group that is asked for.
        if self.most < near.len() {
            let &mut (farthest, _) = near.select_nth_unstable(self.most).1;
            near.retain(|&(distance, _)| distance <= farthest);
            near.shrink_to_fit();
        }
        near
    }

    fn told(&self, group: usize) -> Option<Told<'a>> {
        let OfMatrix { saying, near } = self.known[self.of_group[group]].as_ref()?;
        let mut nearest: Vec<(u32, usize, usize)> = Vec::new();
        for &(distance, number) in near {
            let members = &self.members[number];
            let place = members.partition_point(|&member| member < group);
            let around = &members[place.saturating_sub(self.most)..members.len().min(place + self.most + 1)];
            let others = around.iter().filter(|&&other| other != group);
            nearest.extend(others.map(|&other| (distance, other.abs_diff(group), other)));
        }
        nearest.sort_unstable();
        let nearest = nearest.into_iter().take(self.most).map(|(distance, _, other)| (other, distance)).collect();
        Some(Told { saying: saying.clone(), nearest })
    }
}

/// What it takes to say words.
struct Words<'a> {
    gist: &'a Gist,
    matrices: &'a [DigitMatrix],
    dither: Dither,
    grammar: Grammar<'a>,
    decoder: GistDecoder,
    titles: GistDecoder,
}

impl<'a> Words<'a> {
    fn new(file: &'a FileMatrices, gist: &'a Gist) -> Self {
        let (decoder, titles) = file.decoders(gist);
        let words = gist.words.iter().map(String::as_str);
        let one_words = (0..).zip(words).filter(|(_, word)| is_one_word(word));
        let pairs = gist.pairs.iter().zip(0..).map(|(pair, number)| ((pair.first, pair.second), number));
        let grammar = Grammar::new(one_words, pairs);
        let dither = Dither::new(file.digits.seed);
        Self { gist, matrices: &file.digits.matrices, dither, grammar, decoder, titles }
    }

    /// What these groups' digits say.
    fn say(&self, groups: &[usize]) -> Vec<Saying<'a>> {
        let gist = self.gist;
        let centres: Vec<[f32; CELLS]> =
            groups.iter().map(|&group| self.matrices[group].decode(&self.dither)).collect();
        let likelihood = |pair: u32| gist.pairs[pair as usize].likelihood;
        let texts =
            lossy_words(&self.grammar, &self.decoder, &centres, |_| gist.text_words, |_, pair, _| likelihood(pair));
        let word = |number: u32| gist.words[number as usize].as_str();
        let of_group = |(centres, text): (&[f32; CELLS], &Vec<u32>)| Saying {
            title: self.titles.says(centres, TITLE_WORDS, |_| true).into_iter().map(word).collect(),
            keywords: self
                .decoder
                .says(centres, KEYWORDS, |number| is_telling(word(number)))
                .into_iter()
                .map(word)
                .collect(),
            text: self.grammar.written(text),
        };
        centres.par_iter().zip(&texts).map(of_group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_that_sorting_all_gives() {
        // Many are equal, and many equally far.
        for spread in [7, 3, 1] {
            let matrix =
                |group: usize| DigitMatrix::from_cells([group * group % spread; CELLS].map(|digit| digit as u8));
            let matrices: Vec<DigitMatrix> = (0..40).map(|group| matrix(group).unwrap()).collect();
            let digits = Digits { format: 0, lengths: (100, 200), seed: 0, matrices: matrices.clone() };
            let file = FileMatrices { digits, gist: None };
            let mut telling = file.tell(5);
            let told = [telling.part(0..11), telling.part(11..40)].concat();
            for (group, told) in told.into_iter().enumerate() {
                let mut all: Vec<usize> = (0..40).filter(|&other| other != group).collect();
                let distance = |other: usize| matrices[group].digit_distance(&matrices[other]);
                all.sort_by_key(|&other| (distance(other), other.abs_diff(group), other));
                let expected: Vec<(usize, u32)> = all[..5].iter().map(|&other| (other, distance(other))).collect();
                assert_eq!(told.nearest, expected);
            }
        }
    }
}
