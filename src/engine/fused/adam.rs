//! Adam in one pass over the flat vectors (Kingma and Ba 2015, algorithm 1).

use super::float::Float;
use super::simd::{Level, kernel};
use super::team::Team;
use crate::model::Optimiser;
use rayon::prelude::*;

/// Parameters that one task updates.
const GRAIN: usize = 1 << 14;

/// One step's factors.
#[derive(Clone, Copy, Debug)]
struct Factors<T> {
    mean: T,
    decay: T,
    square: T,
    rate: T,
    corrected: T,
    epsilon: T,
}

kernel! {
    fn update<T: Float>(parameters: &mut [T], gradient: &[T], first: &mut [T], second: &mut [T], factors: &Factors<T>) {
        let moments = first.iter_mut().zip(second);
        for ((parameter, &gradient), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first = (gradient - *first).mul_add(factors.mean, *first);
            *second = (gradient * factors.square).mul_add(gradient, *second * factors.decay);
            let scale = second.sqrt().mul_add(factors.corrected, factors.epsilon);
            *parameter += *first * factors.rate / scale;
        }
    }
}

/// One seed's parameters with their gradient and moments, all in the layout's order.
#[derive(Clone, Debug)]
pub struct Learner<T> {
    /// The parameters.
    pub parameters: Vec<T>,
    /// Their gradient, as the last backward pass left it.
    pub gradient: Vec<T>,
    first: Vec<T>,
    second: Vec<T>,
    updates: i32,
}

impl<T: Float> Learner<T> {
    /// Starts from these values.
    pub fn new(parameters: Vec<T>) -> Self {
        let zeros = vec![T::ZERO; parameters.len()];
        Self { gradient: zeros.clone(), first: zeros.clone(), second: zeros, parameters, updates: 0 }
    }

    /// One update by the gradient.
    pub fn update(&mut self, team: Team, level: Level, adam: &Optimiser) {
        self.updates += 1;
        let factors = Factors {
            mean: T::of(1.0 - adam.beta1),
            decay: T::of(adam.beta2),
            square: T::of(1.0 - adam.beta2),
            rate: T::of(-adam.learning_rate / (1.0 - adam.beta1.powi(self.updates))),
            corrected: T::of(1.0 / (1.0 - adam.beta2.powi(self.updates)).sqrt()),
            epsilon: T::of(adam.epsilon),
        };
        self.parameters
            .par_chunks_mut(GRAIN)
            .zip(self.gradient.par_chunks(GRAIN))
            .zip(self.first.par_chunks_mut(GRAIN).zip(self.second.par_chunks_mut(GRAIN)))
            .with_min_len(team.least())
            .for_each(|((parameters, gradient), (first, second))| {
                update(level, parameters, gradient, first, second, &factors);
            });
    }
}
