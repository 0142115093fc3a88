//! LSA: TF-IDF, the 100 leading singular directions, deciles of each coordinate over the groups as digits.
//!
//! In: counts. Out: [`Lsa`], which gives a text's digits. Deerwester and others 1990; the singular vectors by block power
//! iteration (Halko, Martinsson and Tropp 2011, algorithm 4.4).

use super::TfIdf;
use crate::data::article::Counts;
use crate::latent::digits::{CELLS, DigitMatrix, LEVELS};
use crate::rng::{self, Purpose};
use ndarray::{Array1, Array2};
use rand_distr::{Distribution, StandardNormal};

/// Power iterations; the spectrum of texts falls slowly, and more change the digits little.
const ITERATIONS: usize = 8;

/// A fitted space.
pub struct Lsa {
    weights: TfIdf,
    /// Right singular vectors, (symbol, cell).
    directions: Array2<f32>,
    /// For each cell the values at which a group's digit goes up.
    deciles: Vec<[f32; LEVELS - 1]>,
}

impl Lsa {
    /// Fits the space of `counts`.
    pub fn new(counts: &[Counts], symbols: usize, seed: u64) -> Self {
        let mut lsa = Self {
            weights: TfIdf::new(counts, symbols),
            directions: Array2::zeros((symbols, CELLS)),
            deciles: Vec::new(),
        };
        let rows: Vec<Counts> = counts.iter().map(|counts| lsa.weights.weigh(counts)).collect();

        let mut stream = rng::stream(seed, Purpose::Initial, 2);
        let mut directions = Array2::from_shape_fn((symbols, CELLS), |_| StandardNormal.sample(&mut stream));
        for _ in 0..ITERATIONS {
            orthonormalise(&mut directions);
            let projected = project(&rows, &directions);
            directions.fill(0.0);
            for (row, projected) in rows.iter().zip(projected.rows()) {
                for &(symbol, weight) in row {
                    directions.row_mut(symbol as usize).scaled_add(weight, &projected);
                }
            }
        }
        orthonormalise(&mut directions);
        let projected = project(&rows, &directions);
        lsa.deciles = projected.columns().into_iter().map(|column| deciles(&column.to_owned())).collect();
        lsa.directions = directions;
        lsa
    }

    /// The digits of a text.
    pub fn digits(&self, counts: &Counts) -> Option<DigitMatrix> {
        let values = project(&[self.weights.weigh(counts)], &self.directions);
        let digit = |cell: usize| self.deciles[cell].partition_point(|&bound| bound < values[(0, cell)]) as u8;
        DigitMatrix::from_cells(std::array::from_fn(digit))
    }
}

/// Rows times directions, (row, cell).
fn project(rows: &[Counts], directions: &Array2<f32>) -> Array2<f32> {
    let mut projected = Array2::zeros((rows.len(), CELLS));
    for (row, mut projected) in rows.iter().zip(projected.rows_mut()) {
        for &(symbol, weight) in row {
            projected.scaled_add(weight, &directions.row(symbol as usize));
        }
    }
    projected
}

/// Makes the columns orthogonal, of length 1; one that depends on those before becomes 0. Modified Gram–Schmidt.
fn orthonormalise(columns: &mut Array2<f32>) {
    for column in 0..columns.ncols() {
        let mut own: Array1<f32> = columns.column(column).to_owned();
        let before = own.dot(&own).sqrt();
        for other in 0..column {
            let share = own.dot(&columns.column(other));
            own.scaled_add(-share, &columns.column(other));
        }
        let length = own.dot(&own).sqrt();
        if length > 1e-5 * before {
            own /= length;
        } else {
            own.fill(0.0);
        }
        columns.column_mut(column).assign(&own);
    }
}

fn deciles(values: &Array1<f32>) -> [f32; LEVELS - 1] {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    std::array::from_fn(|bound| sorted.get((bound + 1) * sorted.len() / LEVELS).copied().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::article::Symbols;

    #[test]
    fn like_texts_get_like_digits_and_all_digits_are_used() {
        let texts: Vec<String> =
            (0..60).map(|i| format!("topic{} word{} filler{} again topic{}", i % 6, i, i % 7, i % 6)).collect();
        let (symbols, counts) = Symbols::gather(texts.iter().map(String::as_str), 0.5);
        let lsa = Lsa::new(&counts, symbols.len(), 1);
        let digits: Vec<DigitMatrix> = counts.iter().map(|counts| lsa.digits(counts).unwrap()).collect();
        assert_eq!(digits[3], lsa.digits(&symbols.count(&texts[3])).unwrap());
        assert!(digits.iter().map(DigitMatrix::distinct).max() >= Some(8));
    }
}
