//! The codes that ours is measured against: SimHash and LSA, from the same counts of the same symbols.
//!
//! In: counts. Out: bits or digits of groups and of other texts. Neither is fitted by gradient; neither knows of articles.

mod lsa;
mod simhash;

pub use lsa::Lsa;
pub use simhash::{SIMHASH_BITS, SimHash};
