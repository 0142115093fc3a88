//! Adam on rows: only those that a step touches move and age.
//!
//! In: parameters (row, cell), the rows of a step and their gradients. Out: the parameters, moved. Kingma and Ba 2015.

use ndarray::{Array2, Zip};

/// Keeps the division from 0; small against gradients of whole counts.
const EPSILON: f32 = 1e-6;

/// Moments of the gradients of all rows.
pub(crate) struct Adam {
    first: Array2<f32>,
    second: Array2<f32>,
    ages: Vec<i32>,
    /// The step's length where gradients agree.
    pub learning_rate: f32,
    beta1: f32,
    beta2: f32,
}

impl Adam {
    pub fn new(shape: (usize, usize), learning_rate: f32, beta1: f32, beta2: f32) -> Self {
        let zeros = Array2::zeros(shape);
        Self { first: zeros.clone(), second: zeros, ages: vec![0; shape.0], learning_rate, beta1, beta2 }
    }

    /// Moves `rows` of `parameters` against `gradients`, which has one row for each of them.
    pub fn step(&mut self, parameters: &mut Array2<f32>, rows: &[usize], gradients: &Array2<f32>) {
        let (beta1, beta2) = (self.beta1, self.beta2);
        for (&row, gradient) in rows.iter().zip(gradients.rows()) {
            self.ages[row] += 1;
            let rate = self.learning_rate / (1.0 - beta1.powi(self.ages[row]));
            let unbias = 1.0 / (1.0 - beta2.powi(self.ages[row]));
            Zip::from(parameters.row_mut(row))
                .and(self.first.row_mut(row))
                .and(self.second.row_mut(row))
                .and(gradient)
                .for_each(|parameter, first, second, &gradient| {
                    *first += (1.0 - beta1) * (gradient - *first);
                    *second += (1.0 - beta2) * (gradient * gradient - *second);
                    *parameter -= rate * *first / ((*second * unbias).sqrt() + EPSILON);
                });
        }
    }
}
