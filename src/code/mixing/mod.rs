//! What predictors of bits share: curves, probabilities that learn, and logistic mixing, all in integers.
//!
//! In: opinions on the next bit as logits. Out: its probability, 16 bits; every machine has the same. The
//! [`residual`](super::residual) of articles and the cells of [`grids`](super::grids) are coded by it.

pub mod adaptive;
pub mod logistic;
pub mod mixer;
