//! Which vector instructions the kernels are compiled for, chosen when an engine is made.
//!
//! In: a kernel, written once in plain Rust over fixed-width arrays. Out: one compiled copy an instruction set. The
//! copies differ in speed only: the compiler never reorders floating-point sums, and `mul_add` rounds once everywhere
//! (where there is no such instruction it is emulated, slowly).

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What every processor of the target has.
    Baseline,
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64 with AVX-512 F, VL, DQ and BW besides.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// Every level that this machine has, slowest first.
    pub fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut levels = vec![Self::Baseline];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            levels.push(Self::Avx2);
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
            {
                levels.push(Self::Avx512);
            }
        }
        levels
    }

    /// The fastest level that this machine has.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Baseline)
    }
}

/// Keeps the compiler from vectorising the loop around it, so that it vectorises the fixed-width arrays within: across rows
/// it would have to gather and scatter.
#[inline(always)]
#[allow(clippy::inline_always)]
pub fn row_by_row() {
    std::hint::black_box(());
}

/// Declares kernels: functions that take a [`Level`] first and run a copy of the body compiled for it.
macro_rules! kernel {
    ($($(#[$meta:meta])* $visibility:vis fn $name:ident<T: Float>($($argument:ident: $type:ty),* $(,)?) $(-> $output:ty)? $body:block)*) => {$(
        $(#[$meta])*
        #[allow(unsafe_code, clippy::too_many_arguments)]
        $visibility fn $name<T: Float>(level: $crate::engine::fused::simd::Level, $($argument: $type),*) $(-> $output)? {
            #[inline(always)]
            #[allow(clippy::inline_always)]
            fn body<T: Float>($($argument: $type),*) $(-> $output)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2<T: Float>($($argument: $type),*) $(-> $output)? { body($($argument),*) }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
            fn avx512<T: Float>($($argument: $type),*) $(-> $output)? { body($($argument),*) }

            match level {
                $crate::engine::fused::simd::Level::Baseline => body($($argument),*),
                // SAFETY: a level other than the baseline comes from `Level::available` alone, which has asked the
                // processor for every feature enabled here.
                #[cfg(target_arch = "x86_64")]
                $crate::engine::fused::simd::Level::Avx2 => unsafe { avx2($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::engine::fused::simd::Level::Avx512 => unsafe { avx512($($argument),*) },
            }
        }
    )*};
}
pub(super) use kernel;
