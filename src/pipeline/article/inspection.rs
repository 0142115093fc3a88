//! What is in an article's file, and where its bits went.

use super::{ArticleError, content_bytes, ledger, measure};
use crate::code::digits::DigitCounts;
use crate::code::{CodeError, Container, Ledger, Tag};
use serde::Serialize;

/// What is in an article's file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArticleSummary {
    /// The version of the format.
    pub version: u8,
    /// What kind of thing it holds.
    pub kind: String,
    /// The file's length.
    pub file_bytes: usize,
    /// The content's length.
    pub content_bytes: u64,
    /// Of text: its Unicode scalar values.
    pub characters: Option<u64>,
    /// Of text: what it is encoded in.
    pub encoding: Option<&'static str>,
    /// Bits of the file for each byte of content.
    pub bits_per_byte: Option<f64>,
    /// The same for each character.
    pub bits_per_character: Option<f64>,
    /// Its digit matrices, where it has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrices: Option<MatrixSummary>,
    /// Where the bits went.
    #[serde(flatten)]
    pub ledger: Ledger,
}

/// What the matrices of an article are and cost. The residual doesn't read them, so that nothing is saved by them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MatrixSummary {
    /// Information groups.
    pub groups: u32,
    /// Cells whose digit is not the same in all groups.
    pub speaking_cells: usize,
    /// Bits of the digits and symbols sections.
    pub net_bits: u64,
    /// These over the file's.
    pub net_share: f64,
}

/// What is in an article's file. It is decoded, so that it has been checked to the last bit.
///
/// # Errors
/// [`ArticleError`], where the file is wrong.
pub fn inspect(file: &[u8]) -> Result<ArticleSummary, ArticleError> {
    let container = Container::parse(file)?;
    let ledger = ledger(file)?;
    let content = measure(file)?;
    let rate = |count: u64| (count > 0).then(|| ledger.total_bits() as f64 / count as f64);
    Ok(ArticleSummary {
        version: container.version(),
        kind: container.kind().to_string(),
        file_bytes: file.len(),
        content_bytes: content.bytes,
        characters: content.characters,
        encoding: content.encoding,
        bits_per_byte: rate(content.bytes),
        bits_per_character: content.characters.and_then(rate),
        matrices: matrices(&container, file)?,
        ledger,
    })
}

fn matrices(container: &Container, file: &[u8]) -> Result<Option<MatrixSummary>, CodeError> {
    let of_section = |tag| container.section(tag).map_or(0, |section| 8 * section.len() as u64);
    let net_bits = of_section(Tag::Digits) + of_section(Tag::Symbols);
    let Some(section) = container.section(Tag::Digits) else { return Ok(None) };
    let counts = DigitCounts::read(section, content_bytes(file)?)?;
    Ok(Some(MatrixSummary {
        groups: counts.groups(),
        speaking_cells: counts.speaking().len(),
        net_bits,
        net_share: net_bits as f64 / (8 * file.len()) as f64,
    }))
}
