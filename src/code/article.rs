//! An article's bytes as the residual section of a file.
//!
//! In: any bytes. Out: a section of their length, a check and blocks of up to 1 MiB that are coded independently and in
//! parallel, the same whatever the number of threads; and back, block by block, never more in memory than
//! [`MODELS_AT_ONCE`] models and blocks.

use super::bytes::{Reader, write_varint};
use super::range::{BitDecoder, BitEncoder, TRIMMED_BYTES};
use super::residual::{Predictor, SETTINGS_BYTES, Settings};
use super::search::{is_noise, search};
use super::{CodeError, Ledger, Tag};
use crate::go_on;
use rayon::prelude::*;
use std::ops::ControlFlow;

pub use super::search::Effort;

/// The most content of one block, in bytes.
pub const BLOCK_BYTES: usize = 1 << 20;

/// How many blocks are worked on at a time; a model takes less than 100 MB.
pub const MODELS_AT_ONCE: usize = 2;

/// The most content that a byte of code can stand for: the dearest a bit can be foretold is 2⁻¹⁶, so a byte of content
/// costs at least 8 × log2(1 / (1 − 2⁻¹⁶)) bits, and 8 bits hold no more than 45,426 of these.
pub(super) const CONTENT_PER_CODE: u64 = 45_427;

/// How a block is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Method {
    /// As it is.
    Stored = 0,
    /// By the predictor under its default settings.
    Modelled = 1,
    /// By the predictor under settings that stand before the code.
    Fitted = 2,
}

/// One block of a section.
#[derive(Debug, Clone, Copy)]
struct Block<'a> {
    index: u64,
    method: Method,
    settings: Settings,
    content_bytes: usize,
    code: &'a [u8],
}

/// A residual section, read as far as it can be without decoding.
#[derive(Debug, Clone)]
pub struct ResidualSection<'a> {
    content_bytes: u64,
    check: u16,
    header_bytes: u64,
    blocks: Vec<Block<'a>>,
}

/// Hears of every few thousand bytes that have been coded or decoded, how many they are; on any thread. Where it breaks
/// off, it has to do so from then on, and what comes out is of no use.
pub type Watch<'a> = dyn Fn(u64) -> ControlFlow<()> + Sync + 'a;

/// How many bytes a [`Watch`] hears of at a time.
const WATCHED_BYTES: usize = 1 << 12;

/// Codes an article.
pub fn encode(content: &[u8], effort: Effort) -> Vec<u8> {
    encode_watched(content, effort, &go_on)
}

/// The same, watched.
pub fn encode_watched(content: &[u8], effort: Effort, watch: &Watch) -> Vec<u8> {
    encode_in_blocks(content, effort, BLOCK_BYTES, watch)
}

fn encode_in_blocks(content: &[u8], effort: Effort, block_bytes: usize, watch: &Watch) -> Vec<u8> {
    let blocks: Vec<&[u8]> = content.chunks(block_bytes).collect();
    let mut section = Vec::new();
    write_varint(&mut section, content.len() as u64);
    section.extend((crc32fast::hash(content) as u16).to_le_bytes());
    for (index, window) in blocks.chunks(MODELS_AT_ONCE).enumerate() {
        // One search at a time: it works in parallel itself, and its models fill the memory.
        let settings: Vec<Option<Settings>> =
            window.iter().map(|block| (!is_noise(block)).then(|| search(block, effort))).collect();
        let coded: Vec<(Method, Vec<u8>)> =
            window.par_iter().zip(settings).map(|(block, settings)| encode_block(block, settings, watch)).collect();
        for (offset, (method, code)) in coded.into_iter().enumerate() {
            section.push(method as u8);
            if index * MODELS_AT_ONCE + offset + 1 < blocks.len() {
                write_varint(&mut section, code.len() as u64);
            }
            section.extend(code);
        }
    }
    section
}

/// The method and all that follows it; without settings the content is stored.
fn encode_block(content: &[u8], settings: Option<Settings>, watch: &Watch) -> (Method, Vec<u8>) {
    let Some(settings) = settings else {
        let _ = watch(content.len() as u64);
        return (Method::Stored, content.to_vec());
    };
    let (method, mut code) = if settings == Settings::default() {
        (Method::Modelled, Vec::new())
    } else {
        (Method::Fitted, settings.to_bytes().to_vec())
    };
    code.extend(model_block(content, settings, watch));
    if code.len() < content.len() { (method, code) } else { (Method::Stored, content.to_vec()) }
}

fn model_block(content: &[u8], settings: Settings, watch: &Watch) -> Vec<u8> {
    let mut predictor = Predictor::new(content.len(), settings.parameters());
    let mut encoder = BitEncoder::new();
    for some in content.chunks(WATCHED_BYTES) {
        for &byte in some {
            for shift in (0..8).rev() {
                let bit = byte >> shift & 1 == 1;
                encoder.encode(bit, predictor.one());
                predictor.update(bit);
            }
        }
        if watch(some.len() as u64).is_break() {
            break;
        }
    }
    encoder.finish()
}

impl<'a> ResidualSection<'a> {
    /// Reads the header and finds the blocks of a residual section.
    ///
    /// # Errors
    /// [`CodeError`], for lengths that do not fit and methods that do not exist.
    pub fn parse(section: &'a [u8]) -> Result<Self, CodeError> {
        Self::parse_in_blocks(section, BLOCK_BYTES)
    }

    fn parse_in_blocks(section: &'a [u8], block_bytes: usize) -> Result<Self, CodeError> {
        let mut reader = Reader::new(section);
        let content_bytes = reader.varint("the length of the content")?;
        let check = reader.u16("the check of the content")?;
        let header_bytes = (section.len() - reader.rest().len()) as u64;
        let mut blocks = Vec::new();
        let mut left = content_bytes;
        while left > 0 {
            let content_bytes = left.min(block_bytes as u64);
            left -= content_bytes;
            let block = Block::read(&mut reader, blocks.len() as u64, content_bytes as usize, left == 0)?;
            blocks.push(block);
        }
        if !reader.is_empty() {
            return Err(CodeError::TrailingBytes { found: reader.rest().len() as u64 });
        }
        Ok(Self { content_bytes, check, header_bytes, blocks })
    }

    /// The length of the content.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Splits the ledger's line of the section.
    pub fn detail(&self, ledger: &mut Ledger) {
        let code: u64 = self.blocks.iter().map(|block| block.code.len() as u64).sum();
        let section = ledger.entries().iter().find(|entry| entry.name == Tag::Residual.name());
        let fitted = self.blocks.iter().filter(|block| block.method == Method::Fitted).count();
        let settings = (fitted * SETTINGS_BYTES) as u64;
        let heads = section.map_or(0, |entry| (entry.bits / 8).saturating_sub(self.header_bytes + settings + code));
        let parts =
            [("length and check", 8 * self.header_bytes), ("block heads", 8 * heads), ("settings", 8 * settings)];
        ledger.split(Tag::Residual.name(), &parts);
    }

    /// Decodes the content and gives it to `sink` in order, in pieces of up to [`BLOCK_BYTES`].
    ///
    /// # Errors
    /// Those of `sink`, and [`CodeError`]: where a block does not decode, or what was decoded does not fit the check; that
    /// is known last, after all pieces.
    pub fn decode<E: From<CodeError>>(&self, sink: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.decode_watched(sink, &go_on)
    }

    /// The same, watched.
    ///
    /// # Errors
    /// Those of [`ResidualSection::decode`].
    pub fn decode_watched<E: From<CodeError>>(
        &self,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
        watch: &Watch,
    ) -> Result<(), E> {
        let mut check = crc32fast::Hasher::new();
        for window in self.blocks.chunks(MODELS_AT_ONCE) {
            let decoded: Vec<Result<Vec<u8>, CodeError>> = window.par_iter().map(|block| block.decode(watch)).collect();
            for content in decoded {
                let content = content?;
                check.update(&content);
                sink(&content)?;
            }
        }
        let computed = check.finalize() as u16;
        if computed == self.check {
            Ok(())
        } else {
            Err(CodeError::ContentCheck { stored: self.check, computed }.into())
        }
    }
}

impl<'a> Block<'a> {
    fn read(reader: &mut Reader<'a>, index: u64, content_bytes: usize, last: bool) -> Result<Self, CodeError> {
        let method = match reader.byte("the method of a block")? {
            0 => Method::Stored,
            1 => Method::Modelled,
            2 => Method::Fitted,
            found => return Err(CodeError::UnknownMethod { block: index, found }),
        };
        let length = if last { reader.rest().len() as u64 } else { reader.varint("the length of a block")? };
        let mut code = Reader::new(reader.take(length, "a block")?);
        let mut settings = Settings::default();
        if method == Method::Fitted {
            let mut bytes = [0; SETTINGS_BYTES];
            bytes.copy_from_slice(code.take(SETTINGS_BYTES as u64, "the settings of a block")?);
            settings = Settings::from_bytes(bytes, index)?;
        }
        let code = code.rest();
        let declared = content_bytes as u64;
        if method == Method::Stored && length != declared {
            return Err(CodeError::StoredLength { block: index, declared, found: length });
        }
        if declared > (length + TRIMMED_BYTES as u64) * CONTENT_PER_CODE {
            return Err(CodeError::Absurd { block: index, declared, coded: length });
        }
        Ok(Self { index, method, settings, content_bytes, code })
    }

    fn decode(&self, watch: &Watch) -> Result<Vec<u8>, CodeError> {
        if self.method == Method::Stored {
            let _ = watch(self.content_bytes as u64);
            return Ok(self.code.to_vec());
        }
        let mut predictor = Predictor::new(self.content_bytes, self.settings.parameters());
        let mut decoder = BitDecoder::new(self.code);
        let mut content = Vec::new();
        while content.len() < self.content_bytes {
            let mut byte = 0;
            for _ in 0..8 {
                let undecodable = CodeError::Undecodable { block: self.index, decoded: content.len() as u64 };
                let bit = decoder.decode(predictor.one()).ok_or(undecodable)?;
                predictor.update(bit);
                byte = byte << 1 | u8::from(bit);
            }
            content.push(byte);
            if content.len() % WATCHED_BYTES == 0 && watch(WATCHED_BYTES as u64).is_break() {
                return Ok(content);
            }
        }
        let _ = watch((content.len() % WATCHED_BYTES) as u64);
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_in_blocks(section: &[u8], block_bytes: usize) -> Result<Vec<u8>, CodeError> {
        let mut content = Vec::new();
        ResidualSection::parse_in_blocks(section, block_bytes)?.decode(|piece| {
            content.extend_from_slice(piece);
            Ok::<(), CodeError>(())
        })?;
        Ok(content)
    }

    fn decode(section: &[u8]) -> Result<Vec<u8>, CodeError> {
        decode_in_blocks(section, BLOCK_BYTES)
    }

    /// Bytes as articles and other files have them: from few, with repeats, lines, characters of several bytes, and any.
    fn any_content() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..600),
            prop::collection::vec(prop::sample::select(&b"ab \n\r<>\"("[..]), 0..600),
            "[a-zA-Z ,.道可名\r\nжи🙂]{0,200}".prop_map(String::into_bytes),
            (any::<u8>(), 0usize..3000).prop_map(|(byte, count)| vec![byte; count]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn bytes_come_back(content in any_content()) {
            prop_assert_eq!(decode(&encode(&content, Effort::None)), Ok(content));
        }

        #[test]
        fn any_section_decodes_or_is_refused(section: Vec<u8>) {
            let _: Result<Vec<u8>, CodeError> = decode(&section);
        }
    }

    #[test]
    fn blocks_are_the_same_from_one_thread_and_from_several() {
        let content = "Blocks are coded on their own. Ряд блоков. 塊塊。\n".repeat(40).into_bytes();
        let on_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| encode_in_blocks(&content, Effort::Quick, 700, &go_on))
        };
        let section = on_threads(1);
        assert_eq!(section, on_threads(3));
        assert_eq!(decode_in_blocks(&section, 700), Ok(content));
    }

    #[test]
    fn what_cannot_be_compressed_is_stored() {
        let mut state = 1u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(20_000)
        .collect();
        let section = encode(&noise, Effort::None);
        assert_eq!(section.len(), noise.len() + 6, "length 3, check 2, method 1");
        assert_eq!(decode(&section), Ok(noise));
    }

    #[test]
    fn what_a_sample_does_not_compress_is_stored_unless_it_repeats_far_away() {
        let mut state = 7u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let noise: Vec<u8> = std::iter::repeat_with(&mut noise).take(300_000).collect();
        assert!(is_noise(&noise));
        assert!(!is_noise(&noise.repeat(2)), "the second half costs nothing");
        let skewed: Vec<u8> = noise.iter().map(|byte| byte & 0x7f).collect();
        assert!(!is_noise(&skewed));
        let mut beside = noise;
        beside[100_000..160_000].fill(b' ');
        assert!(!is_noise(&beside));
        assert!(!is_noise(b"a short text"));
    }

    #[test]
    fn a_watch_hears_of_every_byte_both_ways() {
        let content = "Every byte is heard of. ".repeat(400).into_bytes();
        let heard = std::sync::atomic::AtomicU64::new(0);
        let watch = |bytes| {
            heard.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let section = encode_watched(&content, Effort::None, &watch);
        assert_eq!(heard.swap(0, std::sync::atomic::Ordering::Relaxed), content.len() as u64);
        ResidualSection::parse(&section).unwrap().decode_watched(|_| Ok::<(), CodeError>(()), &watch).unwrap();
        assert_eq!(heard.into_inner(), content.len() as u64);
    }

    #[test]
    fn a_search_finds_settings_no_worse_than_none() {
        let content = "x = 17; y = 4711; z = x + y;\n".repeat(30).into_bytes();
        let [none, quick, full] = [Effort::None, Effort::Quick, Effort::Full].map(|effort| encode(&content, effort));
        assert!(quick.len() <= none.len() && full.len() <= none.len());
        assert_eq!(decode(&full), Ok(content));
    }

    #[test]
    fn a_length_that_the_code_cannot_hold_is_refused_before_it_is_believed() {
        let mut section = Vec::new();
        write_varint(&mut section, 1 << 60);
        section.extend([0, 0, 1, 0]);
        assert!(matches!(decode(&section), Err(CodeError::Absurd { declared: 1_048_576, coded: 0, .. })));
    }

    #[test]
    fn each_fault_of_a_block_has_its_error() {
        let refused = |section: &[u8]| decode(section).unwrap_err();
        assert_eq!(refused(&[5, 0, 0, 9]), CodeError::UnknownMethod { block: 0, found: 9 });
        assert_eq!(refused(&[5, 0, 0, 0, 1]), CodeError::StoredLength { block: 0, declared: 5, found: 1 });
        assert!(matches!(refused(&[5, 0, 0, 2, 255, 0, 0]), CodeError::Setting { setting: "rates", .. }));
        assert!(matches!(refused(&[5, 0, 0, 2, 1]), CodeError::Truncated { .. }));
        assert!(matches!(refused(&[1, 0, 0, 0, b'a']), CodeError::ContentCheck { stored: 0, .. }));
        assert_eq!(refused(&[0, 0, 0, 7]), CodeError::TrailingBytes { found: 1 });
    }
}
