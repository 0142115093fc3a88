//! Vectors of 16 lanes, where leaving them to the compiler is not enough: it takes half a 512-bit register at most, and
//! keeps tiles of sums in memory.
//!
//! In: a [`Kernel`] and a level. Out: the kernel, run on the level's registers. Every lane goes through the same additions
//! and fused multiply-adds whatever the registers, so that the bits do not depend on them.

use super::columns::{load, total};
use super::float::Float;
use super::geometry::LANES;
use super::simd::Level;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256, __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehdup_ps, _mm_movehl_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps,
    _mm256_sub_ps, _mm512_castps512_ps256, _mm512_extractf32x8_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_maskz_mov_ps, _mm512_set1_ps, _mm512_storeu_ps, _mm512_sub_ps,
};

/// 16 numbers.
pub trait Wide<T: Float>: Copy {
    /// The same number in every lane.
    fn splat(value: T) -> Self;
    /// The 16 from `at` on.
    fn load(values: &[T], at: usize) -> Self;
    /// Puts them there.
    fn store(self, values: &mut [T], at: usize);
    /// self − other.
    fn minus(self, other: Self) -> Self;
    /// self · factor + term, rounded once.
    fn times_plus(self, factor: Self, term: Self) -> Self;
    /// The first `count` of them, and zeros.
    fn first(self, count: usize) -> Self;
    /// Their sum, as [`total`] takes it.
    fn total(self) -> T;
}

/// Something to do with vectors in tiles of `TILE` outputs by `VECTORS` vectors, which fill the registers.
pub trait Kernel<T: Float> {
    /// Does it.
    fn run<W: Wide<T>, const TILE: usize, const VECTORS: usize>(self);
}

/// Vectors as arrays: any number, any level.
#[derive(Clone, Copy)]
pub struct Plain<T>([T; LANES]);

impl<T: Float> Wide<T> for Plain<T> {
    #[inline(always)]
    fn splat(value: T) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(values: &[T], at: usize) -> Self {
        Self(load(values, at))
    }

    #[inline(always)]
    fn store(self, values: &mut [T], at: usize) {
        values[at..at + LANES].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn minus(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane] - other.0[lane];
        }
        self
    }

    #[inline(always)]
    fn times_plus(mut self, factor: Self, term: Self) -> Self {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane].mul_add(factor.0[lane], term.0[lane]);
        }
        self
    }

    #[inline(always)]
    fn first(mut self, count: usize) -> Self {
        for lane in 0..LANES {
            self.0[lane] = if lane < count { self.0[lane] } else { T::ZERO };
        }
        self
    }

    #[inline(always)]
    fn total(self) -> T {
        total(self.0)
    }
}

/// One 512-bit register.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Zmm(__m512);

// SAFETY of all below: loads and stores are of 16 numbers of a slice that is checked to hold them; `Zmm` and `Ymm` are only
// run by `run_f32`, under a level that has asked the processor for the instructions.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
impl Wide<f32> for Zmm {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn load(values: &[f32], at: usize) -> Self {
        let values = &values[at..at + LANES];
        // SAFETY: see above.
        Self(unsafe { _mm512_loadu_ps(values.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + LANES];
        // SAFETY: see above.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, term.0) })
    }

    #[inline(always)]
    fn first(self, count: usize) -> Self {
        let mask = if count < LANES { (1u16 << count) - 1 } else { u16::MAX };
        // SAFETY: see above.
        Self(unsafe { _mm512_maskz_mov_ps(mask, self.0) })
    }

    #[inline(always)]
    fn total(self) -> f32 {
        // SAFETY: see above.
        unsafe { halves(_mm512_castps512_ps256(self.0), _mm512_extractf32x8_ps::<1>(self.0)) }
    }
}

/// Two 256-bit registers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Ymm([__m256; 2]);

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
impl Wide<f32> for Ymm {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see above.
        Self([unsafe { _mm256_set1_ps(value) }; 2])
    }

    #[inline(always)]
    fn load(values: &[f32], at: usize) -> Self {
        let values = &values[at..at + LANES];
        // SAFETY: see above.
        Self(unsafe { [_mm256_loadu_ps(values.as_ptr()), _mm256_loadu_ps(values.as_ptr().add(LANES / 2))] })
    }

    #[inline(always)]
    fn store(self, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + LANES];
        // SAFETY: see above.
        unsafe {
            _mm256_storeu_ps(values.as_mut_ptr(), self.0[0]);
            _mm256_storeu_ps(values.as_mut_ptr().add(LANES / 2), self.0[1]);
        }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { [_mm256_sub_ps(self.0[0], other.0[0]), _mm256_sub_ps(self.0[1], other.0[1])] })
    }

    #[inline(always)]
    fn times_plus(self, factor: Self, term: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            [
                _mm256_fmadd_ps(self.0[0], factor.0[0], term.0[0]),
                _mm256_fmadd_ps(self.0[1], factor.0[1], term.0[1]),
            ]
        })
    }

    #[inline(always)]
    fn first(self, count: usize) -> Self {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes, 0);
        lanes[count.min(LANES)..].fill(0.0);
        Self::load(&lanes, 0)
    }

    #[inline(always)]
    fn total(self) -> f32 {
        // SAFETY: see above.
        unsafe { halves(self.0[0], self.0[1]) }
    }
}

/// The sum of two halves of a vector, in the order of [`total`].
///
/// # Safety
/// The processor must have AVX.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn halves(low: __m256, high: __m256) -> f32 {
    // SAFETY: the caller keeps the contract.
    unsafe {
        let eight = _mm256_add_ps(low, high);
        let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }
}

/// Runs a kernel on single precision.
#[allow(unsafe_code)]
pub fn run_f32<K: Kernel<f32>>(level: Level, kernel: K) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2<K: Kernel<f32>>(kernel: K) {
        kernel.run::<Ymm, 4, 1>();
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
    fn avx512<K: Kernel<f32>>(kernel: K) {
        kernel.run::<Zmm, 8, 2>();
    }

    match level {
        Level::Baseline => kernel.run::<Plain<f32>, 4, 1>(),
        // SAFETY: a level other than the baseline comes from `Level::available` alone, which has asked the processor for
        // every feature enabled here.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(kernel) },
    }
}

/// Runs a kernel on double precision, which only checks.
#[allow(unsafe_code)]
pub fn run_f64<K: Kernel<f64>>(level: Level, kernel: K) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2<K: Kernel<f64>>(kernel: K) {
        kernel.run::<Plain<f64>, 4, 1>();
    }

    match level {
        Level::Baseline => kernel.run::<Plain<f64>, 4, 1>(),
        // SAFETY: as in `run_f32`; a machine with AVX-512 has these too.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => unsafe { avx2(kernel) },
    }
}
