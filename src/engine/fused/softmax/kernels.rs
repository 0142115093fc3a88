//! What the softmax layer does to rows of lanes.

use super::super::columns::row_products;
use super::super::float::Float;
use super::super::geometry::LANES;
use super::super::simd::kernel;

kernel! {
    /// The largest of `x` and `largest`.
    pub fn maximum<T: Float>(x: &[T], largest: T) -> T {
        let mut lanes = [largest; LANES];
        let (vectors, rest) = x.as_chunks::<LANES>();
        for x in vectors {
            for lane in 0..LANES {
                lanes[lane] = lanes[lane].larger(x[lane]);
            }
        }
        lanes.iter().chain(rest).fold(largest, |largest, &x| largest.larger(x))
    }

    /// e = exp(x − largest + top).
    pub fn exponentials<T: Float>(x: &[T], largest: T, e: &mut [T]) {
        for (&x, e) in x.iter().zip(e) {
            *e = (x - largest + T::SOFTMAX_TOP).larger(T::SOFTMAX_TOP - T::SOFTMAX_RANGE).exp();
        }
    }

    /// 1 / x, in place; and whether any of the first `cells` comes out above `limit`.
    pub fn invert<T: Float>(x: &mut [T], limit: T, cells: usize) -> bool {
        let mut largest = T::ZERO;
        for x in &mut *x {
            *x = T::ONE / *x;
        }
        for &x in &x[..cells] {
            largest = largest.larger(x);
        }
        largest > limit
    }

    /// to = factor · from.
    pub fn scaled<T: Float>(from: &[T], factor: T, to: &mut [T]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = factor * from;
        }
    }

    /// product = e · dy.
    pub fn multiplied<T: Float>(e: &[T], dy: &[T], product: &mut [T]) {
        for (product, (&e, &dy)) in product.iter_mut().zip(e.iter().zip(dy)) {
            *product = e * dy;
        }
    }

    /// y += e · table.
    pub fn spend<T: Float>(e: &[T], table: &[T], y: &mut [T]) {
        for (y, (&e, &table)) in y.iter_mut().zip(e.iter().zip(table)) {
            *y = e.mul_add(table, *y);
        }
    }

    /// x = e · (x − taken).
    pub fn finish<T: Float>(e: &[T], taken: &[T], x: &mut [T]) {
        for (x, (&e, &taken)) in x.iter_mut().zip(e.iter().zip(taken)) {
            *x = e * (*x - taken);
        }
    }

    /// One softmax channel's rows of a table, by channel: gradient += Σ inverse · table; taken = inverse² (table · weight).
    pub fn weigh_table<T: Float>(inverse: &[T], table: &[T], weight: &[T], gradient: &mut [T], taken: &mut [T], cells: usize) {
        let lanes = inverse.len();
        for ((table, &weight), (channel, gradient)) in table.chunks_exact(lanes).zip(weight).zip(gradient.iter_mut().enumerate()) {
            *gradient += row_products(inverse, table, T::ZERO, cells);
            for (taken, &table) in taken.iter_mut().zip(table) {
                *taken = if channel == 0 { table * weight } else { table.mul_add(weight, *taken) };
            }
        }
        for (taken, &inverse) in taken.iter_mut().zip(inverse) {
            *taken = *taken * inverse * inverse;
        }
    }
}
