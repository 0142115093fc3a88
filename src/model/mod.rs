//! What the network is, as data: axes, weight tying, named parameters, and what one puzzle asks of it.
//!
//! In: a puzzle and the network's settings. Out: a [`Plan`] (sizes, masks, targets) and a [`Layout`] (which parameters
//! there are, where they lie in one flat vector, how they start). Engines run these; nothing here computes a layer.
//! [`article`] has the same for articles: other axes, named tensors, what is asked.

pub mod article;
mod axes;
mod groups;
mod layout;
mod network;
mod objective;
mod plan;
pub mod tying;

pub use axes::{Axes, Axis, DIRECTIONS, MultiTensor};
pub use groups::WeightGroup;
pub use layout::{Initial, LATENT_CHANNELS, Layout, Slice};
pub(crate) use layout::{direction_map_name, softmax_rows};
pub use network::{Equivariance, LiveTensors, Network};
pub use objective::{Objective, Optimiser};
pub use plan::{Dimensions, MODES, Mode, Plan};
