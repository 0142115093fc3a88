//! The codes that ours is measured against: SimHash and LSA, from the same counts of the same symbols, and a user's vectors.
//!
//! In: counts, or vectors. Out: bits or digits of groups and of other texts. Neither is fitted by gradient; neither knows of articles.

mod lsa;
mod simhash;
mod vectors;
mod weighting;

pub use lsa::Lsa;
pub use simhash::{SIMHASH_BITS, SimHash};
pub use vectors::centres_of_vectors;
pub use weighting::TfIdf;
