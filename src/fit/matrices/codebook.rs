//! The other quantiser: a learned codebook of 100 entries, an index 0–99 of which is two digits.
//!
//! In: centres, taken two by two: cells 2i and 2i + 1 of a matrix, 50 pairs. Out: for each pair the nearest entry, a point of the
//! unit square; tens and ones of its index are the pair's digits, so a matrix has 100 digits again, at the same 332 bits. It is
//! product quantisation (Jégou, Douze and Schmid 2011) with one codebook for all pairs. Entries start as the grid of the
//! digits, (tens + ½, ones + ½) / 10, and move little by little, so near digits stay near points.
//!
//! The decoder sees the entries, and the latents are given its gradient as if they were the entries: straight through (Bengio,
//! Léonard and Courville 2013; VQ-VAE, van den Oord, Vinyals and Kavukcuoglu 2017). No commitment term is needed: a pair can't
//! leave the square. Entries don't see the decoder either; they descend VQ-VAE's codebook loss, made soft by a temperature τ
//! that falls as the fit goes on: −τ Σ log Σ_k exp(−|x − e_k|² / τ), which is Σ min_k |x − e_k|² at τ = 0 (Rose 1998).
//!
//! Where a group drifts apart from its article's others, the entries that tell it follow it: the local update.

use super::{MatrixSettingsError, centres_of};
use crate::latent::digits::{CELLS, DigitMatrix, LEVELS};
use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Entries: as many as two digits tell apart.
pub const ENTRIES: usize = LEVELS * LEVELS;

/// Groups whose pairs are summed together, in order, so that sums don't depend on threads.
const PART: usize = 64;

/// How a codebook is learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodebookSettings {
    /// The temperature at the start, in squared widths of the unit square; neighbours on the grid are 0.01 apart.
    pub start_temperature: f32,
    /// The temperature at the end, to which it falls by the same factor every step.
    pub end_temperature: f32,
    /// The part of the way to the mean of its pairs that an entry goes in a step.
    pub rate: f32,
    /// A group has drifted when it is this many times as far from its article's mean, squared, as the article's groups on average.
    pub drift: f32,
    /// The part of the way to the mean of drifted groups' pairs that an entry goes in a step; 0 for no local update.
    pub local_rate: f32,
}

impl Default for CodebookSettings {
    fn default() -> Self {
        Self { start_temperature: 0.003, end_temperature: 0.0003, rate: 0.1, drift: 1.25, local_rate: 0.1 }
    }
}

impl CodebookSettings {
    /// Checks every value.
    ///
    /// # Errors
    /// Names the first that no codebook can be learned with.
    pub fn check(&self) -> Result<(), MatrixSettingsError> {
        let wrong = |field, value: f32, expected| Err(MatrixSettingsError::new(field, &value, expected));
        for (field, value) in [
            ("start_temperature", self.start_temperature),
            ("end_temperature", self.end_temperature),
            ("drift", self.drift),
        ] {
            if !(f32::MIN_POSITIVE..=1e6).contains(&value) {
                return wrong(field, value, "a number above 0 and at most 1000000 is needed");
            }
        }
        for (field, value) in [("rate", self.rate), ("local_rate", self.local_rate)] {
            if !(0.0..=1.0).contains(&value) {
                return wrong(field, value, "it has to be from 0 to 1");
            }
        }
        Ok(())
    }
}

/// 100 points of the unit square.
#[derive(Clone, Debug, PartialEq)]
pub struct Codebook {
    entries: [[f32; 2]; ENTRIES],
}

/// What pairs say of each entry.
#[derive(Clone)]
struct Sums {
    /// Sum of the pairs' weights.
    weights: [f64; ENTRIES],
    /// Sum of the pairs, times their weights.
    points: [[f64; 2]; ENTRIES],
    /// The codebook loss.
    loss: f64,
}

impl Codebook {
    /// The bits that entries take in a file, 32 a coordinate.
    pub const BITS: f64 = 2.0 * 32.0 * ENTRIES as f64;

    /// The points of the digits themselves.
    pub fn grid() -> Self {
        let middle = |digit: usize| (digit as f32 + 0.5) / LEVELS as f32;
        Self { entries: std::array::from_fn(|index| [middle(index / LEVELS), middle(index % LEVELS)]) }
    }

    /// The digits of centres.
    pub fn encode(&self, centres: &[f32; CELLS]) -> DigitMatrix {
        let mut cells = [0; CELLS];
        for (digits, pair) in cells.chunks_exact_mut(2).zip(centres.chunks_exact(2)) {
            let index = self.nearest([pair[0], pair[1]]);
            digits.copy_from_slice(&[(index / LEVELS) as u8, (index % LEVELS) as u8]);
        }
        DigitMatrix::from_cells(cells).expect("indices are below 100")
    }

    /// Centres as the decoder sees them.
    pub fn decode(&self, matrix: &DigitMatrix) -> [f32; CELLS] {
        let mut centres = [0.0; CELLS];
        for (centres, digits) in centres.chunks_exact_mut(2).zip(matrix.cells().chunks_exact(2)) {
            centres.copy_from_slice(&self.entries[usize::from(digits[0]) * LEVELS + usize::from(digits[1])]);
        }
        centres
    }

    /// What the channel adds to the centres of latents, (group, cell): the entry less the pair. Taken for noise by a step, it
    /// lets the gradient straight through.
    pub(super) fn errors(&self, latents: &Array2<f32>) -> Array2<f32> {
        let mut errors = Array2::zeros(latents.raw_dim());
        let centres = centres_of(latents);
        let rows: Vec<_> = errors.rows_mut().into_iter().zip(&centres).collect();
        rows.into_par_iter().for_each(|(mut errors, centres)| {
            let seen = self.decode(&self.encode(centres));
            errors.iter_mut().zip(seen.iter().zip(centres)).for_each(|(error, (seen, centre))| *error = seen - centre);
        });
        errors
    }

    fn nearest(&self, pair: [f32; 2]) -> usize {
        let distances = self.entries.iter().map(|&entry| squared_distance(pair, entry));
        let nearest = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        nearest.map_or(0, |(index, _)| index)
    }

    /// What the pairs of `centres` say at a temperature; at 0 each pair speaks to its nearest entry alone.
    fn sums(&self, centres: &[[f32; CELLS]], temperature: f32) -> Sums {
        let none = Sums { weights: [0.0; ENTRIES], points: [[0.0; 2]; ENTRIES], loss: 0.0 };
        let of_part = |part: &[[f32; CELLS]]| {
            let mut sums = none.clone();
            for pair in part.iter().flat_map(|centres| centres.chunks_exact(2)) {
                self.add([pair[0], pair[1]], temperature, &mut sums);
            }
            sums
        };
        let parts: Vec<Sums> = centres.par_chunks(PART).map(of_part).collect();
        parts.into_iter().fold(none.clone(), |mut all, part| {
            for entry in 0..ENTRIES {
                all.weights[entry] += part.weights[entry];
                all.points[entry][0] += part.points[entry][0];
                all.points[entry][1] += part.points[entry][1];
            }
            all.loss += part.loss;
            all
        })
    }

    fn add(&self, pair: [f32; 2], temperature: f32, sums: &mut Sums) {
        let nearest = self.nearest(pair);
        let mut weights = self.entries.map(|entry| squared_distance(pair, entry));
        let least = weights[nearest];
        if temperature > 0.0 {
            weights = weights.map(|distance| ((least - distance) / temperature).exp());
        } else {
            weights.fill(0.0);
            weights[nearest] = 1.0;
        }
        let all: f32 = weights.iter().sum();
        sums.loss += f64::from(least - temperature * all.ln());
        for (entry, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let weight = f64::from(weight / all);
            sums.weights[entry] += weight;
            sums.points[entry][0] += weight * f64::from(pair[0]);
            sums.points[entry][1] += weight * f64::from(pair[1]);
        }
    }

    /// Moves every entry that has pairs a part of the way to their mean: down the gradient of the codebook loss, divided by the
    /// weight of the entry's pairs.
    fn approach(&mut self, sums: &Sums, rate: f32) {
        for ((entry, &weight), point) in self.entries.iter_mut().zip(&sums.weights).zip(&sums.points) {
            if weight > f64::from(f32::MIN_POSITIVE) {
                for (coordinate, sum) in entry.iter_mut().zip(point) {
                    *coordinate += rate * ((sum / weight) as f32 - *coordinate);
                }
            }
        }
    }
}

fn squared_distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

/// A codebook while a fit goes on.
pub(super) struct Learner<'a> {
    pub codebook: Codebook,
    settings: &'a CodebookSettings,
    /// The groups of each article.
    members: Vec<Vec<usize>>,
}

impl<'a> Learner<'a> {
    pub fn new(settings: &'a CodebookSettings, articles: &[usize]) -> Self {
        let mut members = vec![Vec::new(); articles.iter().max().map_or(0, |&last| last + 1)];
        for (group, &article) in articles.iter().enumerate() {
            members[article].push(group);
        }
        Self { codebook: Codebook::grid(), settings, members }
    }

    /// One step, a part `done` of the whole fit.
    pub fn learn(&mut self, centres: &[[f32; CELLS]], done: f32) {
        let CodebookSettings { start_temperature, end_temperature, rate, drift, local_rate } = *self.settings;
        let temperature = start_temperature * (end_temperature / start_temperature).powf(done);
        let sums = self.codebook.sums(centres, temperature);
        self.codebook.approach(&sums, rate);
        if local_rate > 0.0 {
            let drifted: Vec<[f32; CELLS]> = self
                .members
                .iter()
                .flat_map(|members| drifted(members, centres, drift))
                .map(|group| centres[group])
                .collect();
            let sums = self.codebook.sums(&drifted, 0.0);
            self.codebook.approach(&sums, local_rate);
        }
    }
}

/// The groups of `members` that are `drift` times as far from their mean, squared, as `members` are on average.
fn drifted(members: &[usize], centres: &[[f32; CELLS]], drift: f32) -> Vec<usize> {
    let count = members.len().max(1) as f32;
    let mean: [f32; CELLS] =
        std::array::from_fn(|cell| members.iter().map(|&group| centres[group][cell]).sum::<f32>() / count);
    let distance = |&group: &usize| centres[group].iter().zip(&mean).map(|(c, mean)| (c - mean).powi(2)).sum::<f32>();
    let distances: Vec<f32> = members.iter().map(distance).collect();
    let farthest = drift * distances.iter().sum::<f32>() / count;
    members.iter().zip(distances).filter(|&(_, distance)| distance > farthest).map(|(&group, _)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{self, Purpose};
    use rand::RngExt;

    /// Centres of `groups` groups, most of them in one corner.
    fn centres(groups: usize) -> Vec<[f32; CELLS]> {
        let mut stream = rng::stream(1, Purpose::Initial, 0);
        let mut centre = || 0.05 + 0.9 * stream.random::<f32>().powi(2);
        (0..groups).map(|_| std::array::from_fn(|_| centre())).collect()
    }

    #[test]
    fn entries_are_told_by_their_digits() {
        let mut codebook = Codebook::grid();
        codebook.approach(&codebook.sums(&centres(50), 0.001), 0.3);
        for index in 0..ENTRIES {
            let digits = [(index / LEVELS) as u8, (index % LEVELS) as u8];
            let matrix = DigitMatrix::from_cells(std::array::from_fn(|cell| digits[cell % 2])).unwrap();
            let again = codebook.encode(&codebook.decode(&matrix));
            assert_eq!(again, matrix);
        }
    }

    #[test]
    fn entries_go_down_the_gradient_of_the_codebook_loss() {
        let centres = centres(20);
        let mut codebook = Codebook::grid();
        codebook.approach(&codebook.sums(&centres, 0.002), 0.3);
        for temperature in [0.003, 0.0005] {
            let sums = codebook.sums(&centres, temperature);
            for (entry, coordinate) in [(0, 0), (11, 1), (50, 0), (99, 1)] {
                let at = codebook.entries[entry][coordinate];
                let claimed = 2.0 * (sums.weights[entry] * f64::from(at) - sums.points[entry][coordinate]);
                let step = 1e-3;
                let mut loss = |value| {
                    codebook.entries[entry][coordinate] = value;
                    codebook.sums(&centres, temperature).loss
                };
                let slope = (loss(at + step) - loss(at - step)) / f64::from(2.0 * step);
                codebook.entries[entry][coordinate] = at;
                assert!(
                    (slope - claimed).abs() < 0.02 * (0.1 + claimed.abs()),
                    "{temperature} {entry}: {slope} {claimed}"
                );
            }
        }
    }

    #[test]
    fn learning_lowers_the_error() {
        let centres = centres(100);
        let settings = CodebookSettings::default();
        let articles = vec![0; 100];
        let mut learner = Learner::new(&settings, &articles);
        let before = learner.codebook.sums(&centres, 0.0).loss;
        for step in 0..100 {
            learner.learn(&centres, step as f32 / 100.0);
        }
        let after = learner.codebook.sums(&centres, 0.0).loss;
        assert!(after < 0.8 * before, "{before} {after}");
    }

    #[test]
    fn entries_follow_a_group_that_drifts_apart() {
        let settings = CodebookSettings { rate: 0.0, ..CodebookSettings::default() };
        let mut learner = Learner::new(&settings, &[0, 0, 0, 1]);
        let together = [[0.51; CELLS], [0.52; CELLS], [0.53; CELLS], [0.93; CELLS]];
        assert!(drifted(&[0, 1, 2], &together, 2.0).is_empty() && drifted(&[3], &together, 2.0).is_empty());
        let apart = [[0.51; CELLS], [0.51; CELLS], [0.93; CELLS], [0.11; CELLS]];
        learner.learn(&apart, 0.0);
        let moved: Vec<usize> =
            (0..ENTRIES).filter(|&entry| learner.codebook.entries[entry] != Codebook::grid().entries[entry]).collect();
        assert_eq!(moved, [99], "the entry that tells the group that is apart, and no other");
    }

    #[test]
    fn impossible_settings_are_named() {
        assert!(CodebookSettings::default().check().is_ok());
        assert!(CodebookSettings { end_temperature: 0.0, ..CodebookSettings::default() }.check().is_err());
        assert!(CodebookSettings { rate: 1.5, ..CodebookSettings::default() }.check().is_err());
    }
}
