//! A short text, coded by the article's predictor after it has read what both sides know: what is like that costs next
//! to nothing.
//!
//! In: the known bytes and the text. Out: the text's length and a range code; and back.

use super::CodeError;
use super::article::CONTENT_PER_CODE;
use super::bytes::{Reader, write_varint};
use super::range::{BitDecoder, BitEncoder, TRIMMED_BYTES};
use super::residual::{Parameters, Predictor, Settings};

/// The most bytes of a text: decoding takes a second or two.
pub const MOST_TEXT_BYTES: usize = 1 << 15;

/// Codes `text`, of [`MOST_TEXT_BYTES`] at most.
pub fn encode(known: &[u8], text: &[u8]) -> Vec<u8> {
    let mut predictor = primed(known, text.len());
    let mut coder = BitEncoder::new();
    for bit in bits(text) {
        coder.encode(bit, predictor.one());
        predictor.update(bit);
    }
    let mut section = Vec::new();
    write_varint(&mut section, text.len() as u64);
    section.extend(coder.finish());
    section
}

/// Gives the text back.
///
/// # Errors
/// [`CodeError`], where no encoder gives such a section.
pub fn decode(known: &[u8], section: &[u8]) -> Result<Vec<u8>, CodeError> {
    let mut reader = Reader::new(section);
    let declared = reader.varint("the length of the form")?;
    let coded = reader.rest().len() as u64;
    if declared > ((coded + TRIMMED_BYTES as u64) * CONTENT_PER_CODE).min(MOST_TEXT_BYTES as u64) {
        return Err(CodeError::Absurd { block: 0, declared, coded });
    }
    let mut predictor = primed(known, declared as usize);
    let mut coder = BitDecoder::new(reader.rest());
    let mut text = Vec::new();
    for _ in 0..declared {
        let mut byte = 0;
        for _ in 0..8 {
            let bit = coder.decode(predictor.one()).ok_or(CodeError::Exhausted { field: "the form" })?;
            predictor.update(bit);
            byte = byte << 1 | u8::from(bit);
        }
        text.push(byte);
    }
    Ok(text)
}

fn primed(known: &[u8], length: usize) -> Predictor {
    let parameters: Parameters = Settings::default().parameters();
    let mut predictor = Predictor::new(known.len() + length, parameters);
    bits(known).for_each(|bit| predictor.update(bit));
    predictor
}

/// Bits from the top of each byte.
fn bits(bytes: &[u8]) -> impl Iterator<Item = bool> {
    bytes.iter().flat_map(|&byte| (0..8).rev().map(move |shift| byte >> shift & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_text_comes_back(known: Vec<u8>, text: Vec<u8>) {
            prop_assert_eq!(decode(&known, &encode(&known, &text)), Ok(text));
        }

        #[test]
        fn any_section_decodes_or_is_refused(section: Vec<u8>) {
            let _: Result<Vec<u8>, CodeError> = decode(b"known", &section);
        }
    }

    #[test]
    fn what_is_known_costs_next_to_nothing() {
        let known = "{\"train\": [{\"input\": ".repeat(4);
        let section = encode(known.as_bytes(), b"{\"train\": [{\"input\": ");
        assert!(section.len() <= 6, "{}", section.len());
    }
}
