//! Bytes as text: UTF-8, with the odd byte of an older encoding read as Latin-1.
//!
//! In: bytes. Out: [`Decoded`], a text whose offsets can be turned back into those of the bytes; nothing for what is no text.

/// Most of a text's characters that may be stray bytes: Western European text in Latin-1 has 2–8% of letters with accents.
const MOST_STRAY: f64 = 0.1;

/// Most of a text's characters that may be control characters (other than white space and escape).
const MOST_CONTROL: f64 = 0.01;

/// A text and where its bytes were.
pub(super) struct Decoded {
    /// The text.
    pub text: String,
    /// For each stray byte the offset in the text after it: there the text has grown by one byte more.
    grown: Vec<usize>,
}

impl Decoded {
    /// Reads bytes as text, if they are: few stray bytes, few control characters.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut text = String::with_capacity(bytes.len());
        let mut grown = Vec::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for &stray in chunk.invalid() {
                // A stray byte is at least 0x80, so that its Latin-1 character takes two bytes of UTF-8.
                text.push(char::from(stray));
                grown.push(text.len());
            }
        }
        let (mut characters, mut control) = (0usize, 0usize);
        for character in text.chars() {
            characters += 1;
            control += usize::from(character.is_ascii_control() && !"\t\n\r\u{b}\u{c}\u{1b}".contains(character));
        }
        let share = |count: usize| count as f64 / characters.max(1) as f64;
        (share(grown.len()) <= MOST_STRAY && share(control) <= MOST_CONTROL).then_some(Self { text, grown })
    }

    /// The offset among the bytes of an offset in the text, which has to be that of a character.
    pub fn byte_offset(&self, text_offset: usize) -> usize {
        text_offset - self.grown.partition_point(|&after| after <= text_offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_text_with_stray_bytes_lead_back_to_the_bytes() {
        let bytes = b"Das Institut f\xfcr Integrierte Schaltungen \xe4 la carte";
        let decoded = Decoded::read(bytes).unwrap();
        assert_eq!(decoded.text, "Das Institut für Integrierte Schaltungen ä la carte");
        let carte = decoded.text.find("carte").unwrap();
        assert_eq!(&bytes[decoded.byte_offset(carte)..], b"carte");
        assert_eq!(decoded.byte_offset(decoded.text.len()), bytes.len());
    }

    #[test]
    fn what_is_no_text_is_not_taken_for_it() {
        assert!(Decoded::read(&[0xff; 40]).is_none());
        assert!(Decoded::read(&[0; 40]).is_none());
        assert!(Decoded::read("搜神後記".as_bytes()).is_some());
        assert!(Decoded::read(b"").is_some());
    }
}
