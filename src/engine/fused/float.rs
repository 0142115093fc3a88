//! The arithmetic of the kernels: additions, fused multiply-adds, and exponentials of our own.
//!
//! In and out: one number. `f32` is what runs; `f64` checks gradients, and carries the softmaxes whose range f32 lacks.
//! Everything is basic IEEE 754 operations in a fixed order, so that every machine rounds alike.

use super::simd::Level;
use super::wide::{Kernel, run_f32, run_f64};
use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// A floating-point number.
pub trait Float:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// How far the scores of one softmax may lie below the largest before f32 loses them, in nats.
    const SOFTMAX_RANGE: Self;
    /// What the largest score of a softmax is shifted to.
    const SOFTMAX_TOP: Self;
    /// How far above the end of the range a softmax has to begin, so that what lies beyond it weighs nothing; in nats.
    const SOFTMAX_MARGIN: Self;

    /// Runs a kernel on vectors of these numbers.
    fn run<K: Kernel<Self>>(level: Level, kernel: K);
    /// The nearest number.
    fn of(value: f64) -> Self;
    /// The same number in double precision.
    fn to_f64(self) -> f64;
    /// self · factor + term, rounded once.
    #[must_use]
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// e to this power, to an ulp or two; arguments are held within the range of normal numbers.
    #[must_use]
    fn exp(self) -> Self;
    /// e to this power, less 1; precise near 0 too.
    #[must_use]
    fn exp_m1(self) -> Self;
    /// The natural logarithm of a positive normal number.
    #[must_use]
    fn ln(self) -> Self;

    /// The larger one.
    #[inline(always)]
    #[must_use]
    fn larger(self, other: Self) -> Self {
        if self > other { self } else { other }
    }

    /// The smaller one.
    #[inline(always)]
    #[must_use]
    fn smaller(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
}

/// ln 2, split so that small multiples of the first part are exact (Cephes, `expf`).
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Adding and subtracting it rounds to an integer, which then stands in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

impl Float for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const SOFTMAX_RANGE: Self = 110.0;
    const SOFTMAX_TOP: Self = 55.0;
    const SOFTMAX_MARGIN: Self = 25.0;

    #[inline(always)]
    fn run<K: Kernel<Self>>(level: Level, kernel: K) {
        run_f32(level, kernel);
    }

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self::mul_add(self, factor, term)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }

    /// 2ⁿ times a polynomial on ±½ ln 2 (coefficients: Cephes, `expf`).
    #[inline(always)]
    fn exp(self) -> Self {
        let x = self.larger(-87.0).smaller(88.0);
        let shifted = Self::mul_add(x, std::f32::consts::LOG2_E, ROUNDER);
        let n = shifted - ROUNDER;
        let r = Self::mul_add(n, -LN_2_LOW, Self::mul_add(n, -LN_2_HIGH, x));
        let mut p = 1.987_569_1e-4;
        p = Self::mul_add(p, r, 1.398_2e-3);
        p = Self::mul_add(p, r, 8.333_452e-3);
        p = Self::mul_add(p, r, 4.166_579_6e-2);
        p = Self::mul_add(p, r, 1.666_666_5e-1);
        p = Self::mul_add(p, r, 0.5);
        let p = Self::mul_add(p, r * r, r) + 1.0;
        let power = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
        p * Self::from_bits(power)
    }

    /// The series near 0, else the exponential less 1.
    #[inline(always)]
    fn exp_m1(self) -> Self {
        let x = self.larger(-0.5).smaller(0.5);
        let mut p = 2.480_158_7e-5;
        p = Self::mul_add(p, x, 1.984_127e-4);
        p = Self::mul_add(p, x, 1.388_888_9e-3);
        p = Self::mul_add(p, x, 8.333_334e-3);
        p = Self::mul_add(p, x, 4.166_666_8e-2);
        p = Self::mul_add(p, x, 1.666_666_7e-1);
        p = Self::mul_add(p, x, 0.5);
        let near = Self::mul_add(p, x * x, x);
        let far = Float::exp(self) - 1.0;
        if x == self { near } else { far }
    }

    /// Exponent and a polynomial on the mantissa in [√½, √2) (coefficients: Cephes, `logf`).
    #[inline(always)]
    fn ln(self) -> Self {
        let offset = self.to_bits().wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits());
        let exponent = (offset as i32) >> 23;
        let mantissa = Self::from_bits(self.to_bits().wrapping_sub((exponent as u32) << 23));
        let (n, x) = (exponent as Self, mantissa - 1.0);
        let mut p = 7.037_683_6e-2;
        p = Self::mul_add(p, x, -1.151_461e-1);
        p = Self::mul_add(p, x, 1.167_699_9e-1);
        p = Self::mul_add(p, x, -1.242_014_1e-1);
        p = Self::mul_add(p, x, 1.424_932_3e-1);
        p = Self::mul_add(p, x, -1.666_805_7e-1);
        p = Self::mul_add(p, x, 2.000_071_5e-1);
        p = Self::mul_add(p, x, -2.499_999_4e-1);
        p = Self::mul_add(p, x, 3.333_333e-1);
        let square = x * x;
        let p = p * x * square;
        let p = Self::mul_add(n, LN_2_LOW, p);
        let p = Self::mul_add(square, -0.5, p);
        Self::mul_add(n, LN_2_HIGH, x + p)
    }
}

/// As [`ROUNDER`], in double precision.
const ROUNDER_64: f64 = 6_755_399_441_055_744.0;
/// As [`LN_2_HIGH`] and [`LN_2_LOW`] (fdlibm, `e_exp.c`).
const LN_2_HIGH_64: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW_64: f64 = 1.908_214_929_270_587_7e-10;
/// 1 / k! from k = 2, as many as double precision needs on ±½.
const INVERSE_FACTORIALS: [f64; 15] = {
    let mut values = [0.5; 15];
    let mut k = 1;
    while k < values.len() {
        values[k] = values[k - 1] / (k + 2) as f64;
        k += 1;
    }
    values
};

/// (eˣ − 1 − x) / x² on ±½.
#[inline(always)]
fn exponential_series(x: f64) -> f64 {
    INVERSE_FACTORIALS.iter().rev().fold(0.0, |p, &coefficient| f64::mul_add(p, x, coefficient))
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const SOFTMAX_RANGE: Self = 1000.0;
    const SOFTMAX_TOP: Self = 500.0;
    const SOFTMAX_MARGIN: Self = 45.0;

    #[inline(always)]
    fn run<K: Kernel<Self>>(level: Level, kernel: K) {
        run_f64(level, kernel);
    }

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self::mul_add(self, factor, term)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let x = self.larger(-708.0).smaller(709.0);
        let shifted = Self::mul_add(x, std::f64::consts::LOG2_E, ROUNDER_64);
        let n = shifted - ROUNDER_64;
        let r = Self::mul_add(n, -LN_2_LOW_64, Self::mul_add(n, -LN_2_HIGH_64, x));
        let p = Self::mul_add(exponential_series(r), r * r, r) + 1.0;
        p * Self::from_bits(shifted.to_bits().wrapping_sub(ROUNDER_64.to_bits()).wrapping_add(1023) << 52)
    }

    #[inline(always)]
    fn exp_m1(self) -> Self {
        let x = self.larger(-0.5).smaller(0.5);
        if x == self { Self::mul_add(exponential_series(x), x * x, x) } else { Float::exp(self) - 1.0 }
    }

    #[inline(always)]
    fn ln(self) -> Self {
        Self::ln(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_and_logarithms_are_right_to_a_few_ulps() {
        let relative = |ours: f64, exact: f64| ((ours - exact) / exact).abs();
        for step in -8000..8000 {
            let x = f64::from(step) * 0.01 + 0.0013;
            let x32 = x as f32;
            assert!(relative(Float::exp(x32).into(), f64::from(x32).exp()) < 3e-7, "exp {x}");
            assert!(relative(Float::exp_m1(x32).into(), f64::from(x32).exp_m1()) < 4e-7, "exp_m1 {x}");
            assert!(relative(Float::exp(x), x.exp()) < 1e-15, "exp {x} in f64");
            assert!(relative(Float::exp_m1(x), x.exp_m1()) < 1e-15, "exp_m1 {x} in f64");
            let small = x32 * 1e-6;
            assert!(relative(Float::exp_m1(small).into(), f64::from(small).exp_m1()) < 3e-7, "exp_m1 {small}");
            let y = x32.exp();
            let bound = 2e-7 * f64::from(y).ln().abs().max(1.0);
            assert!((f64::from(Float::ln(y)) - f64::from(y).ln()).abs() < bound, "ln {y}");
        }
        assert!(Float::exp(f32::NEG_INFINITY) > 0.0 && Float::exp(f32::INFINITY).is_finite());
    }
}
