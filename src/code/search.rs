//! Looks for the settings under which a block gets shortest.
//!
//! In: the content and how hard to look. Out: settings, the same whatever the number of threads. Candidates are tried in
//! parallel, as many at a time as their models fit in memory.

use super::residual::{Predictor, Settings};
use rayon::prelude::*;

/// Candidates are tried on no more than so much of a block, in bytes.
const SAMPLE_BYTES: usize = 1 << 16;

/// What models take together while candidates are tried, in bytes.
const MEMORY_BYTES: usize = 190 << 20;

/// How often a full search starts from the best again.
const ROUNDS: usize = 3;

/// What settings cost in the file, in units of 2⁻¹⁶ bits.
const SETTINGS_COST: u64 = (8 * 3) << 16;

/// How much work goes into settings that suit a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// None: the settings that suit most.
    None,
    /// A quick search.
    Quick,
    /// A full one.
    Full,
}

impl Effort {
    /// 1, 2 or 3; less and more are taken as these.
    pub fn of(level: u8) -> Self {
        match level {
            0 | 1 => Self::None,
            2 => Self::Quick,
            _ => Self::Full,
        }
    }
}

/// The best settings that were found.
pub fn search(content: &[u8], effort: Effort) -> Settings {
    let sample = &content[..content.len().min(SAMPLE_BYTES)];
    let mut best = Settings::default();
    let rounds = match effort {
        Effort::None => return best,
        Effort::Quick => 1,
        Effort::Full => ROUNDS,
    };
    let mut tried = vec![best];
    let mut least = cost(sample, best);
    for _ in 0..rounds {
        let mut neighbours = best.neighbours();
        if effort == Effort::Quick {
            neighbours.retain(|settings| settings.changes_rates());
        }
        neighbours.retain(|settings| !tried.contains(settings));
        tried.extend(&neighbours);
        let found = costs(sample, &neighbours);
        // What helps alone mostly helps together.
        let helpful: Vec<Settings> =
            neighbours.iter().zip(&found).filter(|&(_, &cost)| cost < least).map(|(&settings, _)| settings).collect();
        let joined = helpful.iter().fold(best, |joined, &settings| joined.with_changes(best, settings));
        let mut candidates: Vec<(u64, Settings)> = found.into_iter().zip(neighbours).collect();
        if !tried.contains(&joined) {
            candidates.push((cost(sample, joined), joined));
            tried.push(joined);
        }
        let Some(&(cost, settings)) = candidates.iter().min_by_key(|(cost, _)| *cost) else { break };
        if cost >= least {
            break;
        }
        (least, best) = (cost, settings);
    }
    if best != Settings::default() && least + SETTINGS_COST >= cost(sample, Settings::default()) {
        return Settings::default();
    }
    best
}

/// Pieces that tell noise, spread over a block, and their length.
const PIECES: usize = 8;
const PIECE_BYTES: usize = 1 << 12;

/// zstd's level that looks for repeats far away.
const REPEATS_LEVEL: i32 = 3;

/// Whether a block is not worth the predictor's time: neither does it help with pieces of the block, nor does a quick compressor
/// find repeats, however far apart they are.
pub fn is_noise(content: &[u8]) -> bool {
    if content.len() < PIECES * PIECE_BYTES {
        return false;
    }
    let stride = (content.len() - PIECE_BYTES) / (PIECES - 1);
    let sample: Vec<u8> =
        (0..PIECES).flat_map(|piece| &content[piece * stride..piece * stride + PIECE_BYTES]).copied().collect();
    let stored = (8 * sample.len() as u64) << 16;
    cost(&sample, Settings::default()) >= stored
        && zstd::bulk::compress(content, REPEATS_LEVEL).is_ok_and(|compressed| compressed.len() >= content.len())
}

fn costs(sample: &[u8], candidates: &[Settings]) -> Vec<u64> {
    let at_once = (MEMORY_BYTES / Predictor::memory_bytes(sample.len())).max(1);
    let mut costs = Vec::with_capacity(candidates.len());
    for some in candidates.chunks(at_once) {
        costs.par_extend(some.par_iter().map(|&settings| cost(sample, settings)));
    }
    costs
}

/// The information of the sample under settings, in units of 2⁻¹⁶ bits.
fn cost(sample: &[u8], settings: Settings) -> u64 {
    let mut predictor = Predictor::new(sample.len(), settings.parameters());
    let mut cost = 0;
    for &byte in sample {
        for shift in (0..8).rev() {
            let bit = byte >> shift & 1 == 1;
            let one = predictor.one();
            let right = if bit { one } else { 65536 - one };
            cost += information(right);
            predictor.update(bit);
        }
    }
    cost
}

/// −log2(probability · 2⁻¹⁶) in units of 2⁻¹⁶, by squaring; in integers, so that every machine finds the same settings.
fn information(probability: u32) -> u64 {
    let exponent = probability.max(1).ilog2();
    // From 2³¹ to 2³²: the mantissa.
    let mut mantissa = u64::from(probability.max(1)) << (31 - exponent);
    let mut log = u64::from(exponent) << 16;
    for digit in (0..16).rev() {
        mantissa = (mantissa * mantissa) >> 31;
        if mantissa >= 1 << 32 {
            mantissa >>= 1;
            log |= 1 << digit;
        }
    }
    (16 << 16) - log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn information_is_the_logarithm() {
        for probability in 1..65536u32 {
            let exact = 16.0 - f64::from(probability).log2();
            assert!((information(probability) as f64 / 65536.0 - exact).abs() < 3e-5, "{probability}");
        }
    }
}
