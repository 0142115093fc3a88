//! The codes that our matrices are held against, made of the same counts of the same symbols: SimHash, MinHash, LSA, and latents
//! by an encoder.
//!
//! In: counts, or an article. Out: bits or digits of groups and of other texts. [`matrices`] does for an article with any
//! code what [`pipeline::matrices`](crate::pipeline::matrices) does with ours.

mod lsa;
mod minhash;
mod simhash;
mod vae;
mod weighting;

pub use lsa::Lsa;
pub use minhash::MinHash;
pub use simhash::{SIMHASH_BITS, SimHash};
pub use vae::{Encoder, fit_encoder};
pub use weighting::TfIdf;

use crate::code::container::MAGIC;
use crate::data::Article;
use crate::engine::EngineError;
use crate::fit::matrices::{FittedMatrices, MatrixSettings};
use crate::latent::DigitMatrix;
use crate::pipeline::collection::Collection;
use crate::pipeline::matrices::{self as ours, ArticleMatrices, MatricesError, MatrixOptions, StepWatch};
use serde::Serialize;
use std::ops::ControlFlow;
use thiserror::Error;

/// How digits are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Fitted latents, a group each.
    #[default]
    Ours,
    /// TF-IDF, singular vectors, deciles.
    Lsa,
    /// 332 random-sign bits, shown as digits.
    Simhash,
    /// Latents by an encoder that is trained with the decoder.
    Vae,
}

/// Why an article has no matrices by a method.
#[derive(Debug, Error)]
pub enum MethodError {
    /// It has none by any.
    #[error(transparent)]
    Matrices(#[from] MatricesError),
    /// Words or a merged matrix are asked of a method that has no decoder.
    #[error("this method has no decoder, so that nothing can be merged or said")]
    NoDecoder,
}

/// The matrices of an article's groups by `method`; vectors and a file's matrices are ours alone. `watch` hears of each
/// step of a fit, and may break off.
///
/// # Errors
/// [`MethodError`].
pub fn matrices(
    content: &[u8],
    method: Method,
    options: &MatrixOptions,
    watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<ArticleMatrices, MethodError> {
    if method == Method::Ours {
        return Ok(ours::matrices(content, options, watch)?);
    }
    if options.vectors.is_some() || content.starts_with(&MAGIC) {
        return Err(MatricesError::AsTheyAre.into());
    }
    if method == Method::Vae {
        return Ok(ours::of_text(content, options, by_encoder, watch)?);
    }
    if options.merge || options.gist {
        return Err(MethodError::NoDecoder);
    }
    let article = Article::read(content, options.name.as_deref(), options.groups).map_err(MatricesError::from)?;
    let collection = Collection::new(std::slice::from_ref(&article), &options.fit);
    let matrices = without_fit(&collection, method, options.fit.seed);
    Ok(ArticleMatrices::new(article, matrices))
}

fn by_encoder(
    collection: &Collection,
    settings: &MatrixSettings,
    watch: &mut StepWatch,
) -> Result<FittedMatrices, EngineError> {
    fit_encoder(&collection.data, collection.symbols.len(), settings, watch).map(|(fitted, _)| fitted)
}

/// The digits of all groups by LSA or SimHash.
fn without_fit(collection: &Collection, method: Method, seed: u64) -> Vec<DigitMatrix> {
    let counts = &collection.data.counts;
    if method == Method::Lsa {
        let lsa = Lsa::new(counts, collection.symbols.len(), seed);
        counts.iter().filter_map(|counts| lsa.digits(counts)).collect()
    } else {
        let hash = SimHash::new(&collection.symbols);
        counts.iter().filter_map(|counts| SimHash::digits(&hash.bits(counts))).collect()
    }
}
