//! Bytes as text: UTF-8, UTF-16 with its mark, or the older encoding that the bytes declare or look like.
//!
//! In: bytes. Out: [`Decoded`], a text whose offsets can be turned back into those of the bytes; nothing for what is no text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, WINDOWS_1252};

/// Most of a text's characters that may be read as they can't be meant: bytes that its encoding doesn't have.
const MOST_STRAY: f64 = 0.1;

/// Most of a text's characters that may be control characters (other than white space and escape).
const MOST_CONTROL: f64 = 0.01;

/// Most of a text's characters that may be none of ASCII in windows-1252, which bytes are taken for that look like nothing else: of
/// Western languages' at most an eighth are.
const MOST_ACCENTED: f64 = 0.25;

/// So many bytes are looked at to tell an encoding.
pub const SNIFFED_BYTES: usize = 1 << 20;

/// A page says its encoding in so many bytes, as browsers have it.
const DECLARED_WITHIN: usize = 1024;

/// A text and the bytes it was read from.
pub(super) struct Decoded<'a> {
    /// The text, without a byte-order mark.
    pub text: String,
    /// What it was read as.
    pub encoding: &'static Encoding,
    bytes: &'a [u8],
}

impl<'a> Decoded<'a> {
    /// Reads bytes as text, if they are: few stray bytes, few control characters.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let encoding = sniff(&bytes[..bytes.len().min(SNIFFED_BYTES)]);
        let (mut text, mut stray) = (String::with_capacity(bytes.len()), 0usize);
        pieces(bytes, encoding, |piece, _, is_stray| {
            text.push_str(piece);
            stray += usize::from(is_stray);
        });
        let (mut characters, mut control, mut accented) = (0usize, 0usize, 0usize);
        for character in text.chars() {
            characters += 1;
            accented += usize::from(encoding == WINDOWS_1252 && !character.is_ascii());
            control += usize::from(character.is_control() && !"\t\n\r\u{b}\u{c}\u{1b}\u{85}".contains(character));
        }
        let share = |count: usize| count as f64 / characters.max(1) as f64;
        let is_text = share(stray) <= MOST_STRAY && share(control) <= MOST_CONTROL && share(accented) <= MOST_ACCENTED;
        is_text.then_some(Self { text, encoding, bytes })
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The offsets among the bytes of offsets in the text, which rise and are those of characters.
    pub fn byte_offsets(&self, text_offsets: &[usize]) -> Vec<usize> {
        let mut found = Vec::with_capacity(text_offsets.len());
        let (mut text_start, mut byte_start) = (0, mark_bytes(self.bytes));
        pieces(self.bytes, self.encoding, |piece, bytes, _| {
            let text_end = text_start + piece.len();
            while let Some(&offset) = text_offsets.get(found.len()).filter(|&&offset| offset < text_end) {
                // A piece of as many bytes is the text itself; another is one character.
                found.push(if bytes == piece.len() { byte_start + offset - text_start } else { byte_start });
            }
            (text_start, byte_start) = (text_end, byte_start + bytes);
        });
        found.resize(text_offsets.len(), self.bytes.len());
        found
    }
}

/// The name of the encoding that bytes are text in, by their beginning; none for what is no text.
pub fn encoding_name(bytes: &[u8]) -> Option<&'static str> {
    Decoded::read(bytes).map(|decoded| decoded.encoding.name())
}

fn mark_bytes(bytes: &[u8]) -> usize {
    Encoding::for_bom(bytes).map_or(0, |(_, length)| length)
}

/// The encoding that a text's first bytes are in, if they are text at all: by the mark, by validity, by what they declare, by
/// how often letters follow each other in the languages that use it.
fn sniff(bytes: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let (mut characters, mut stray) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        stray += chunk.invalid().len();
    }
    if stray <= characters || std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none()) {
        return UTF_8;
    }
    let declared = declared(bytes).filter(|encoding| !encoding.decode_without_bom_handling(bytes).1);
    declared.unwrap_or_else(|| {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, false);
        detector.guess(None, Utf8Detection::Deny)
    })
}

/// What a page or an XML file says of itself: `charset=` in a `<meta>`, `encoding=` in a declaration.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARED_WITHIN)]).to_ascii_lowercase();
    let after = |key: &str, within: &str| {
        let tag = &start[start.find(within)?..];
        let value = tag[tag.find(key)? + key.len()..].trim_start();
        let value = value.strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(value.len());
        Encoding::for_label(&value.as_bytes()[..end])
    };
    after("charset", "<meta").or_else(|| after("encoding", "<?xml"))
}

/// Gives a text piece by piece: its characters, how many bytes these were, and whether they are stray. Where the numbers of bytes
/// are the same a piece is of any length, else it is one character (or two, that one of the encoding stands for).
fn pieces(bytes: &[u8], encoding: &'static Encoding, mut sink: impl FnMut(&str, usize, bool)) {
    let bytes = &bytes[mark_bytes(bytes)..];
    if encoding == UTF_8 {
        for chunk in bytes.utf8_chunks() {
            sink(chunk.valid(), chunk.valid().len(), false);
            for &stray in chunk.invalid() {
                // Read as Latin-1, where it takes two bytes of UTF-8.
                sink(char::from(stray).encode_utf8(&mut [0; 4]), 1, true);
            }
        }
        return;
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut buffer = [0; 64];
    let (mut at, mut taken) = (0, 0);
    while at < bytes.len() {
        let last = at + 1 == bytes.len();
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(&bytes[at..=at], &mut buffer, last);
        (at, taken) = (at + read, taken + read);
        if written > 0 {
            sink(std::str::from_utf8(&buffer[..written]).unwrap_or("\u{fffd}"), std::mem::take(&mut taken), false);
        }
        if let DecoderResult::Malformed(..) = result {
            sink("\u{fffd}", std::mem::take(&mut taken), true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, GBK, SHIFT_JIS, WINDOWS_1251};

    const RUSSIAN: &str =
        "Вечером лодка вышла из гавани, и ветер понёс её к дальнему берегу. Никто не знал, когда она вернётся.";
    const CHINESE: &str = "傍晚，小船离开了港口，风把它吹向远处的岸边。没有人知道它什么时候回来，也没有人去问。";
    const TRADITIONAL: &str = "傍晚，小船離開了港口，風把它吹向遠處的岸邊。沒有人知道它什麼時候回來，也沒有人去問。";
    const JAPANESE: &str = "夕方、小さな船が港を出て、風に吹かれて遠い岸へ向かった。いつ帰るのか、だれも知らなかった。";

    fn utf_16(text: &str, big_endian: bool) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn encodings_are_told_and_offsets_lead_back_to_the_bytes() {
        for (text, encoding) in [(RUSSIAN, WINDOWS_1251), (CHINESE, GBK), (TRADITIONAL, BIG5), (JAPANESE, SHIFT_JIS)] {
            let bytes = encoding.encode(text).0;
            let decoded = Decoded::read(&bytes).unwrap();
            assert_eq!((decoded.text.as_str(), decoded.encoding.name()), (text, encoding.name()));
            let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
            let expected: Vec<usize> = offsets.iter().map(|&offset| encoding.encode(&text[..offset]).0.len()).collect();
            assert_eq!(decoded.byte_offsets(&offsets), expected);
        }
        for (big_endian, name) in [(false, "UTF-16LE"), (true, "UTF-16BE")] {
            let bytes = utf_16("Дом 🏠 a", big_endian);
            let decoded = Decoded::read(&bytes).unwrap();
            assert_eq!((decoded.text.as_str(), decoded.encoding.name()), ("Дом 🏠 a", name));
            assert_eq!(decoded.byte_offsets(&[0, 6, 7, 11, 13]), [2, 8, 10, 14, 18]);
        }
    }

    #[test]
    fn a_page_s_own_word_counts() {
        let declared = |head: &str| {
            let page = format!("{head}<p>Gaumenfreuden f\u{fc}r jeden</p>");
            let bytes: Vec<u8> = page.chars().map(|c| c as u8).collect();
            Decoded::read(&bytes).unwrap().encoding.name()
        };
        assert_eq!(declared("<html><head><META http-equiv=x content='text/html; charset=koi8-r'>"), "KOI8-R");
        assert_eq!(declared("<meta charset = \"iso-8859-2\">"), "ISO-8859-2");
        assert_eq!(declared("<?xml version='1.0' encoding='windows-1257'?>"), "windows-1257");
        assert_eq!(declared("<meta charset=nonsense>"), "windows-1252");
    }

    #[test]
    fn offsets_of_text_with_stray_bytes_lead_back_to_the_bytes() {
        let bytes = "Ein Café, \u{fffd} la carte, für Zoë".replace('\u{fffd}', "#");
        let bytes: Vec<u8> = bytes.bytes().map(|byte| if byte == b'#' { 0xe4 } else { byte }).collect();
        let decoded = Decoded::read(&bytes).unwrap();
        assert_eq!((decoded.text.as_str(), decoded.encoding), ("Ein Café, ä la carte, für Zoë", UTF_8));
        let carte = decoded.text.find("carte").unwrap();
        assert_eq!(&bytes[decoded.byte_offsets(&[carte])[0]..], "carte, für Zoë".as_bytes());
        assert_eq!(decoded.byte_offsets(&[0, decoded.text.len()]), [0, bytes.len()]);
    }

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        let decoded = Decoded::read(b"\xef\xbb\xbfText").unwrap();
        assert_eq!((decoded.text.as_str(), decoded.byte_offsets(&[0, 4])), ("Text", vec![3, 7]));
    }

    #[test]
    fn what_is_no_text_is_not_taken_for_it() {
        let mixed: Vec<u8> = (0..=255).cycle().take(2000).collect();
        for bytes in [&[0xff; 40][..], &[0; 40], &mixed, b"\xff\xfe\x00\x00\x41\x00\x00\x00\x42\x00\x00\x00"] {
            assert!(Decoded::read(bytes).is_none(), "{:?}", Decoded::read(bytes).map(|decoded| decoded.text));
        }
        assert!(Decoded::read("搜神後記".as_bytes()).is_some());
        assert!(Decoded::read(b"").is_some());
    }
}
