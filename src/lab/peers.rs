//! The general compressors that a file of ours is held against, each at its strongest setting.
//!
//! In: bytes. Out: how many bytes a peer makes of them, without its container where its crate can leave that away, and
//! how long it took.

use encoding_rs::GB18030;
use ppmd_rust::{Ppmd7Encoder, Ppmd8Encoder, RestoreMethod};
use serde::Serialize;
use std::io::{self, Write};
use std::time::Instant;

/// The orders of PPMd that are tried.
const PPMD_ORDERS: std::ops::RangeInclusive<u32> = 2..=16;

/// PPMd's memory in bytes; more than any article fills.
const PPMD_MEMORY: u32 = 64 << 20;

/// The least share of a text's bytes in Chinese characters for GB18030 to be the honest baseline.
const CHINESE_SHARE: f64 = 1.0 / 3.0;

/// zstd's magic number, which its decoder can do without.
const ZSTD_MAGIC_BYTES: usize = 4;

/// What one compressor made of an article.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Size {
    /// The compressor and its setting.
    pub name: String,
    /// The bytes it takes.
    pub bytes: usize,
    /// The time to compress, in seconds; over all settings, where several are tried.
    pub seconds: f64,
}

/// A compressor as a function from content to bytes; its name with the setting that was best.
type Peer = fn(&[u8]) -> io::Result<(String, usize)>;

const PEERS: [Peer; 6] = [gzip, bzip2, xz, zstd, brotli, ppmd];

/// Every peer's size for an article. The last is PPMd over GB18030, where the article is Chinese.
///
/// # Errors
/// Where a peer fails, which is not expected of any.
pub fn sizes(content: &[u8]) -> io::Result<Vec<Size>> {
    let mut sizes: Vec<Size> = PEERS.iter().map(|peer| timed(*peer, content)).collect::<Result<_, _>>()?;
    if let Some(encoded) = as_gb18030(content) {
        let size = timed(ppmd, &encoded)?;
        sizes.push(Size { name: format!("{} over GB18030", size.name), ..size });
    }
    Ok(sizes)
}

fn timed(peer: Peer, content: &[u8]) -> io::Result<Size> {
    let start = Instant::now();
    let (name, bytes) = peer(content)?;
    Ok(Size { name, bytes, seconds: start.elapsed().as_secs_f64() })
}

fn gzip(content: &[u8]) -> io::Result<(String, usize)> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    Ok(("gzip -9".into(), encoder.finish()?.len()))
}

fn bzip2(content: &[u8]) -> io::Result<(String, usize)> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::best());
    encoder.write_all(content)?;
    Ok(("bzip2 -9".into(), encoder.finish()?.len()))
}

pub(super) fn xz(content: &[u8]) -> io::Result<(String, usize)> {
    let mut options = lzma_rust2::LzmaOptions::with_preset(9);
    options.nice_len = lzma_rust2::LzmaOptions::NICE_LEN_MAX;
    options.depth_limit = 512; // what -e sets
    let mut encoder = lzma_rust2::LzmaWriter::new_no_header(Vec::new(), &options, false)?;
    encoder.write_all(content)?;
    Ok(("xz -9e".into(), encoder.finish()?.len()))
}

fn zstd(content: &[u8]) -> io::Result<(String, usize)> {
    use ::zstd::zstd_safe::CParameter;
    let mut encoder = ::zstd::bulk::Compressor::new(22)?;
    encoder.set_parameter(CParameter::ContentSizeFlag(false))?;
    encoder.set_parameter(CParameter::ChecksumFlag(false))?;
    Ok(("zstd --ultra -22".into(), encoder.compress(content)?.len() - ZSTD_MAGIC_BYTES))
}

fn brotli(content: &[u8]) -> io::Result<(String, usize)> {
    use ::brotli::enc::backward_references::BrotliEncoderMode::{BROTLI_MODE_GENERIC, BROTLI_MODE_TEXT};
    let size = |mode| {
        let settings = ::brotli::enc::BrotliEncoderParams {
            quality: 11,
            lgwin: 24,
            mode,
            size_hint: content.len(),
            ..Default::default()
        };
        let mut output = Vec::new();
        ::brotli::BrotliCompress(&mut &content[..], &mut output, &settings).map(|_| output.len())
    };
    Ok(("brotli -q 11".into(), size(BROTLI_MODE_TEXT)?.min(size(BROTLI_MODE_GENERIC)?)))
}

/// The best order of either variant: H, which 7z has, and I, which zip has.
fn ppmd(content: &[u8]) -> io::Result<(String, usize)> {
    let mut best = (String::new(), usize::MAX);
    for order in PPMD_ORDERS {
        let mut h = Ppmd7Encoder::new(Vec::new(), order, PPMD_MEMORY).map_err(io::Error::other)?;
        h.write_all(content)?;
        let mut i =
            Ppmd8Encoder::new(Vec::new(), order, PPMD_MEMORY, RestoreMethod::Restart).map_err(io::Error::other)?;
        i.write_all(content)?;
        for (variant, bytes) in [("H", h.finish(false)?.len()), ("I", i.finish(false)?.len())] {
            if bytes < best.1 {
                best = (format!("PPMd{variant} order {order}"), bytes);
            }
        }
    }
    Ok(best)
}

/// The article in GB18030, if it is UTF-8, mostly Chinese, and nothing is lost.
fn as_gb18030(content: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let is_han = |c: &char| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}');
    let han_bytes = 3 * text.chars().filter(is_han).count();
    if (han_bytes as f64) < CHINESE_SHARE * content.len() as f64 || content.is_empty() {
        return None;
    }
    let (encoded, _, lossy) = GB18030.encode(text);
    let (decoded, _) = GB18030.decode_without_bom_handling(&encoded);
    (!lossy && decoded == text).then(|| encoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_makes_a_text_smaller_and_chinese_has_one_more() {
        let english = b"It is a truth universally acknowledged, that a text repeats itself. ".repeat(20);
        let sizes_of_english = sizes(&english).unwrap();
        assert_eq!(sizes_of_english.len(), 6);
        assert!(sizes_of_english.iter().all(|size| size.bytes < english.len() / 8), "{sizes_of_english:?}");
        let chinese = "道可道,非常道。名可名,非常名。".repeat(9);
        let sizes_of_chinese = sizes(chinese.as_bytes()).unwrap();
        assert!(sizes_of_chinese[6].name.ends_with("over GB18030"));
        assert_eq!(sizes(b"").unwrap().len(), 6);
    }
}
