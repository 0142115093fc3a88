//! The symbols section: what it takes to read an article's matrices without its text.
//!
//! In: words, the logarithm of each one's share, and its latent in the cells that speak. Out: the section: the words by the
//! predictor that codes articles, the numbers as multiples of a step; and back, rounded.

use super::article::{self, Article, Effort};
use super::bytes::{Reader, write_varint};
use super::range::{BitDecoder, BitEncoder};
use super::weights::{Steps, decode_steps, encode_steps, nearest_scale, scale};
use super::{CodeError, Ledger, Tag};

/// The step of a share's logarithm: half a nat.
const SHARE_LEVEL: u8 = 4;

/// The step of a cell's latents, in units of their root mean square.
const LATENT_STEP: f64 = 0.7;

/// The most words of a section, and the most bytes of them: words that repeat and latents that are 0 cost next to nothing, so
/// nothing else bounds what a forged section may ask for.
pub const MOST_WORDS: usize = 1 << 17;
const MOST_WORD_BYTES: u64 = 1 << 24;

/// What stands between two words; no word has one.
const BETWEEN: char = '\n';

/// The words that matrices speak of.
#[derive(Debug, Clone, PartialEq)]
pub struct Gist {
    /// The words.
    pub words: Vec<String>,
    /// The logarithm of each word's share of the text, in nats.
    pub background: Vec<f32>,
    /// For each cell that speaks, in order, the latent coordinate of each word.
    pub latents: Vec<Vec<f32>>,
}

impl Gist {
    /// The section.
    pub fn encode(&self) -> Vec<u8> {
        let words = article::encode(self.words.join(&BETWEEN.to_string()).as_bytes(), Effort::None);
        let mut section = Vec::new();
        write_varint(&mut section, self.words.len() as u64);
        write_varint(&mut section, words.len() as u64);
        section.extend(words);
        let steps = |values: &Vec<f32>, level| Steps {
            level,
            values: values.iter().map(|&value| (f64::from(value) / scale(level)).round() as i32).collect(),
        };
        let latents = self.latents.iter().map(|values| {
            let square: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
            let size = (square / values.len().max(1) as f64).sqrt();
            steps(values, nearest_scale(LATENT_STEP * size.max(f64::MIN_POSITIVE)))
        });
        let groups: Vec<Steps> = std::iter::once(steps(&self.background, SHARE_LEVEL)).chain(latents).collect();
        let mut coder = BitEncoder::new();
        encode_steps(&mut coder, &groups);
        section.extend(coder.finish());
        section
    }

    /// Reads a section beside digits of which `speaking` cells speak.
    ///
    /// # Errors
    /// [`CodeError`], where no encoder gives such a section.
    pub fn decode(section: &[u8], speaking: usize) -> Result<Self, CodeError> {
        let mut reader = Reader::new(section);
        let count = reader.varint("the number of words")?;
        let length = reader.varint("the length of the words' code")?;
        let code = Article::parse(reader.take(length, "the words")?)?;
        let bounded =
            |what, found, most| if found > most { Err(CodeError::Gist { what, found, most }) } else { Ok(()) };
        bounded("the number of words", count, MOST_WORDS as u64)?;
        bounded("the length of the words", code.content_bytes(), MOST_WORD_BYTES)?;
        let mut text = Vec::new();
        code.decode(|piece| {
            text.extend_from_slice(piece);
            Ok::<(), CodeError>(())
        })?;
        let text = String::from_utf8_lossy(&text);
        let found = if text.is_empty() && count == 0 { 0 } else { text.split(BETWEEN).count() as u64 };
        if found != count {
            return Err(CodeError::Words { declared: count, found });
        }
        let words: Vec<String> = text.split(BETWEEN).take(count as usize).map(str::to_owned).collect();
        let mut values =
            decode_steps(&mut BitDecoder::new(reader.rest()), &vec![words.len(); 1 + speaking])?.into_iter();
        Ok(Self { words, background: values.next().unwrap_or_default(), latents: values.collect() })
    }

    /// Splits the ledger's line of the section.
    ///
    /// # Errors
    /// [`CodeError`], where the section is cut short.
    pub fn detail(section: &[u8], ledger: &mut Ledger) -> Result<(), CodeError> {
        let mut reader = Reader::new(section);
        reader.varint("the number of words")?;
        let length = reader.varint("the length of the words' code")?;
        ledger.split(Tag::Symbols.name(), &[("words", 8 * length)]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_gist_comes_back_rounded(words in prop::collection::vec("[a-z道ж]{1,7}", 0..30), speaking in 0usize..5) {
            let latent = |cell: usize| (0..words.len()).map(|word| ((word * 7 + cell * 3) % 11) as f32 / 2.0 - 2.5).collect();
            let background = (0..words.len()).map(|word| -0.5 * word as f32).collect();
            let gist = Gist { latents: (0..speaking).map(latent).collect(), background, words };
            let read = Gist::decode(&gist.encode(), speaking).unwrap();
            prop_assert_eq!((&read.words, &read.background), (&gist.words, &gist.background));
            for (read, sent) in read.latents.iter().flatten().zip(gist.latents.iter().flatten()) {
                prop_assert!((read - sent).abs() < 1.0, "{} {}", read, sent);
            }
        }

        #[test]
        fn any_section_decodes_or_is_refused(section: Vec<u8>, speaking in 0usize..100) {
            let _: Result<Gist, CodeError> = Gist::decode(&section, speaking);
        }
    }
}
