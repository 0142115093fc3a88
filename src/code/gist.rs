//! The symbols section: what it takes to read an article's matrices without its text.
//!
//! In: words, the logarithm of each one's share, its latent in the cells that speak; which of them titles have, and which follow
//! which. Out: the section: the words by the predictor that codes articles, the numbers as multiples of a step; and back, rounded.

use super::adaptive::{Number, decode_plain, encode_plain};
use super::article::{self, Effort, ResidualSection};
use super::bytes::{Reader, write_varint};
use super::range::{BitDecoder, BitEncoder};
use super::weights::{Steps, decode_steps, encode_steps, nearest_scale, scale};
use super::{CodeError, Ledger, Tag};
use crate::model::article::normalised;

/// The step of a logarithm of a share or a likelihood: half a nat.
const SHARE_LEVEL: u8 = 4;

/// The step of a cell's latents, in units of their root mean square. Many are about as large as that, so that finer steps cost a
/// half more and say little more (results/matrix-experiments.md).
const LATENT_STEP: f64 = 1.0;

/// The step of the titles' gains.
const GAIN_LEVEL: u8 = 8;

/// The most words of a section, and of a byte of their code: no two are the same, so each takes more than a bit (some 12 in fact).
/// Latents that are 0 cost next to nothing, so nothing else bounds what a forged section may ask for.
pub const MOST_WORDS: usize = 1 << 17;
const WORDS_PER_BYTE: u64 = 8;

/// The most bytes of a word; longer ones, which tell a reader nothing, are not sent.
pub const MOST_WORD_BYTES: usize = 64;

/// The most pairs, for the same reason.
pub const MOST_PAIRS: usize = 1 << 18;

/// The most words of a lossy text: a group has a few hundred characters.
pub const MOST_TEXT_WORDS: u64 = 1 << 10;

/// What stands between two words; no word has one.
const BETWEEN: char = '\n';

/// Two words of a gist, the second after the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordPair {
    /// The first word's number.
    pub first: u32,
    /// The second's.
    pub second: u32,
    /// How much likelier the second is here than elsewhere, as a logarithm in nats, but for a term that all pairs share.
    pub likelihood: f32,
}

/// The words that matrices speak of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gist {
    /// The words; first those that titles have.
    pub words: Vec<String>,
    /// The logarithm of each word's share of the text, in nats.
    pub background: Vec<f32>,
    /// For each cell that speaks, in order, the latent coordinate of each word.
    pub latents: Vec<Vec<f32>>,
    /// The logarithm of each word's share of the titles, in nats, of the first words.
    pub title_background: Vec<f32>,
    /// By how much more a title's word minds each cell that speaks: its latent counts 1 + gain times.
    pub title_gains: Vec<f32>,
    /// Words of a group's lossy text.
    pub text_words: usize,
    /// Words that follow each other, in order of the first, then of the second, each pair once.
    pub pairs: Vec<WordPair>,
}

fn steps(values: &[f32], level: u8) -> Steps {
    Steps { level, values: values.iter().map(|&value| (f64::from(value) / scale(level)).round() as i32).collect() }
}

/// What a section begins with.
struct Head {
    words: u64,
    title_words: u64,
    text_words: u64,
    /// The length of the words' code, in bytes.
    word_bytes: u64,
}

impl Head {
    fn read(reader: &mut Reader, version: u8) -> Result<Self, CodeError> {
        let words = reader.varint("the number of words")?;
        let (title_words, text_words) = match version {
            1 => (0, 0),
            _ => (reader.varint("the number of titles' words")?, reader.varint("the words of a lossy text")?),
        };
        Ok(Self { words, title_words, text_words, word_bytes: reader.varint("the length of the words' code")? })
    }
}

impl Gist {
    /// The section, of the version that is written.
    pub fn encode(&self) -> Vec<u8> {
        let words = article::encode(self.words.join(&BETWEEN.to_string()).as_bytes(), Effort::None);
        let mut section = Vec::new();
        for number in [self.words.len(), self.title_background.len(), self.text_words, words.len()] {
            write_varint(&mut section, number as u64);
        }
        section.extend(words);
        let latents = self.latents.iter().map(|values| {
            let square: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
            let size = (square / values.len().max(1) as f64).sqrt();
            steps(values, nearest_scale(LATENT_STEP * size.max(f64::MIN_POSITIVE)))
        });
        let groups: Vec<Steps> = std::iter::once(steps(&self.background, SHARE_LEVEL))
            .chain(latents)
            .chain([steps(&self.title_background, SHARE_LEVEL), steps(&self.title_gains, GAIN_LEVEL)])
            .collect();
        let mut coder = BitEncoder::new();
        encode_steps(&mut coder, &groups);
        self.encode_pairs(&mut coder);
        section.extend(coder.finish());
        section
    }

    fn encode_pairs(&self, coder: &mut BitEncoder) {
        let bits = number_bits(self.words.len());
        let mut followers = Number::default();
        let mut left = self.pairs.as_slice();
        for word in 0..self.words.len() as u32 {
            let (of_word, rest) = left.split_at(left.partition_point(|pair| pair.first <= word));
            followers.encode(coder, of_word.len() as u32);
            for pair in of_word {
                encode_plain(coder, pair.second, bits);
            }
            left = rest;
        }
        let likelihoods: Vec<f32> = self.pairs.iter().map(|pair| pair.likelihood).collect();
        encode_steps(coder, &[steps(&likelihoods, SHARE_LEVEL)]);
    }

    /// Reads a section of a file of this version, beside digits of which `speaking` cells speak.
    ///
    /// # Errors
    /// [`CodeError`], where no encoder gives such a section.
    pub fn decode(section: &[u8], speaking: usize, version: u8) -> Result<Self, CodeError> {
        let mut reader = Reader::new(section);
        let head = Head::read(&mut reader, version)?;
        let code = ResidualSection::parse(reader.take(head.word_bytes, "the words")?)?;
        let bounded =
            |what, found, most| if found > most { Err(CodeError::Gist { what, found, most }) } else { Ok(()) };
        bounded("the number of words", head.words, (MOST_WORDS as u64).min(WORDS_PER_BYTE * head.word_bytes))?;
        bounded("the number of titles' words", head.title_words, head.words)?;
        bounded("the words of a lossy text", head.text_words, MOST_TEXT_WORDS)?;
        bounded("the length of the words", code.content_bytes(), head.words * (MOST_WORD_BYTES as u64 + 1))?;
        let mut text = Vec::new();
        code.decode(|piece| {
            text.extend_from_slice(piece);
            Ok::<(), CodeError>(())
        })?;
        let text = String::from_utf8_lossy(&text);
        let found = if text.is_empty() && head.words == 0 { 0 } else { text.split(BETWEEN).count() as u64 };
        if found != head.words {
            return Err(CodeError::Words { declared: head.words, found });
        }
        let words: Vec<String> = text.split(BETWEEN).take(head.words as usize).map(str::to_owned).collect();
        let longest = words.iter().map(|word| word.len() as u64).max().unwrap_or(0);
        bounded("the length of a word", longest, MOST_WORD_BYTES as u64)?;
        let mut sizes = vec![words.len(); 1 + speaking];
        if version > 1 {
            sizes.extend([head.title_words as usize, speaking]);
        }
        let mut coder = BitDecoder::new(reader.rest());
        let mut values = decode_steps(&mut coder, &sizes)?.into_iter();
        let background = values.next().unwrap_or_default();
        Ok(Self {
            // Version 1 took shares of words among all symbols as they were.
            background: if version > 1 { normalised(background) } else { background },
            latents: values.by_ref().take(speaking).collect(),
            title_background: normalised(values.next().unwrap_or_default()),
            title_gains: values.next().unwrap_or_default(),
            text_words: head.text_words as usize,
            pairs: if version > 1 { decode_pairs(&mut coder, words.len())? } else { Vec::new() },
            words,
        })
    }

    /// Splits the ledger's line of the section of a file of this version.
    ///
    /// # Errors
    /// [`CodeError`], where the section is cut short.
    pub fn detail(section: &[u8], version: u8, ledger: &mut Ledger) -> Result<(), CodeError> {
        let head = Head::read(&mut Reader::new(section), version)?;
        ledger.split(Tag::Symbols.name(), &[("words", 8 * head.word_bytes)]);
        Ok(())
    }
}

fn decode_pairs(coder: &mut BitDecoder, words: usize) -> Result<Vec<WordPair>, CodeError> {
    const EXHAUSTED: CodeError = CodeError::Exhausted { field: "the pairs of words" };
    let bits = number_bits(words);
    let mut followers = Number::default();
    let mut pairs = Vec::new();
    for first in 0..words as u32 {
        let mut least = 0;
        for _ in 0..followers.decode(coder).ok_or(EXHAUSTED)? {
            let second = decode_plain(coder, bits).filter(|second| (least..words as u32).contains(second));
            let second = second.ok_or(EXHAUSTED)?;
            least = second + 1;
            if pairs.len() == MOST_PAIRS {
                let (what, most) = ("the number of pairs", MOST_PAIRS as u64);
                return Err(CodeError::Gist { what, found: most + 1, most });
            }
            pairs.push(WordPair { first, second, likelihood: 0.0 });
        }
    }
    let likelihoods = decode_steps(coder, &[pairs.len()])?.concat();
    pairs.iter_mut().zip(likelihoods).for_each(|(pair, likelihood)| pair.likelihood = likelihood);
    Ok(pairs)
}

/// The bits of a number below `count`.
fn number_bits(count: usize) -> u32 {
    count.saturating_sub(1).checked_ilog2().map_or(0, |bits| bits + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_gist_comes_back_rounded(words in prop::collection::vec("[a-z道ж]{1,7}", 0..30), speaking in 0usize..5) {
            let latent = |cell: usize| (0..words.len()).map(|word| ((word * 7 + cell * 3) % 11) as f32 / 2.0 - 2.5).collect();
            let shares = |count: usize| (0..count).map(|word| -0.5 * word as f32).collect::<Vec<f32>>();
            let pairs = (1..words.len() as u32).map(|second| WordPair { first: second / 3, second, likelihood: -1.5 });
            let gist = Gist {
                latents: (0..speaking).map(latent).collect(),
                background: shares(words.len()),
                title_background: shares(words.len() / 2),
                title_gains: (0..speaking).map(|cell| cell as f32 / 4.0 - 0.5).collect(),
                text_words: 25,
                pairs: pairs.collect(),
                words,
            };
            let read = Gist::decode(&gist.encode(), speaking, 2).unwrap();
            for (read, sent) in read.latents.iter().flatten().zip(gist.latents.iter().flatten()) {
                prop_assert!((read - sent).abs() < 1.2, "{} {}", read, sent);
            }
            for (read, sent) in [(&read.background, &gist.background), (&read.title_background, &gist.title_background)] {
                let sent = normalised(sent.clone());
                prop_assert!(read.iter().zip(sent).all(|(read, sent)| (read - sent).abs() < 1e-4), "{:?}", read);
            }
            let Gist { background, latents, title_background, .. } = gist.clone();
            prop_assert_eq!(Gist { background, latents, title_background, ..read }, gist);
        }

        #[test]
        fn any_section_decodes_or_is_refused(section: Vec<u8>, speaking in 0usize..100, version in 1u8..3) {
            let _: Result<Gist, CodeError> = Gist::decode(&section, speaking, version);
        }
    }
}
