//! Vectors that a user brings, from any model, as digits: the same channel and the same dither as ours.
//!
//! In: one vector a group, (group, dimension). Out: centres. A random projection to 100 cells keeps distances (Johnson and
//! Lindenstrauss 1984) for any dimension; each cell is then brought to the prior by its mean and deviation over the groups.

use crate::latent::centre::centre;
use crate::latent::digits::CELLS;
use crate::rng::{self, Purpose};
use ndarray::{Array2, Axis};
use rand_distr::{Distribution, StandardNormal};

/// The centres of `vectors`, (group, dimension).
pub fn centres_of_vectors(vectors: &Array2<f32>, seed: u64) -> Vec<[f32; CELLS]> {
    let mut stream = rng::stream(seed, Purpose::Initial, 3);
    let projection = Array2::from_shape_fn((vectors.ncols(), CELLS), |_| StandardNormal.sample(&mut stream));
    let mut latents: Array2<f32> = vectors.dot(&projection);
    for mut cell in latents.axis_iter_mut(Axis(1)) {
        let mean = cell.mean().unwrap_or(0.0);
        cell -= mean;
        let deviation = (cell.dot(&cell) / cell.len().max(1) as f32).sqrt();
        if deviation > 0.0 {
            cell /= deviation;
        }
    }
    latents.rows().into_iter().map(|row| std::array::from_fn(|cell| centre(row[cell]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::digits::{DigitMatrix, Dither, digit_entropy};

    #[test]
    fn near_vectors_get_near_digits_and_digits_are_spread() {
        let mut stream = rng::stream(1, Purpose::Edit, 0);
        let mut vectors = Array2::from_shape_fn((50, 30), |_| {
            let normal: f32 = StandardNormal.sample(&mut stream);
            5.0 + normal
        });
        let near = &vectors.row(0) + 0.05;
        vectors.row_mut(1).assign(&near);
        let dither = Dither::new(1);
        let matrices: Vec<DigitMatrix> =
            centres_of_vectors(&vectors, 1).iter().map(|centres| DigitMatrix::encode(centres, &dither)).collect();
        assert!(
            (2..50)
                .all(|other| matrices[0].digit_distance(&matrices[1]) < matrices[0].digit_distance(&matrices[other]))
        );
        assert!(digit_entropy(&matrices) > 3.1);
        let same = centres_of_vectors(&Array2::ones((3, 5)), 1);
        assert!(same.iter().flatten().all(|centre| centre.is_finite()));
    }
}
