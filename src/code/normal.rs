//! The standard normal distribution in arithmetic that gives the same bits everywhere: tables, integers, and the four
//! operations of IEEE 754.
//!
//! In: a position in units of 2⁻²⁴, or random bits. Out: the CDF in units of 2⁻⁴⁸, or a normal; and eˣ. Decoders use
//! nothing else: a platform's `exp` and `ln` may differ in the last bit.

use super::normal_tables::{CDF, QUANTILES};

/// The fractional bits of a position.
pub const POSITION_BITS: u32 = 24;

/// The fractional bits of a value of the CDF.
pub const CDF_BITS: u32 = 48;

/// Where the table ends: beyond eight standard deviations there is nothing.
pub const END: i64 = 8 << POSITION_BITS;

/// The position's bits below an entry of the CDF's table, whose entries are 1/64 apart.
const BETWEEN: u32 = POSITION_BITS - 6;

/// The CDF of N(0, 1) at `position` × 2⁻²⁴, × 2⁴⁸; linear between the table's entries, so strictly within 0 and 1 only
/// within about seven standard deviations.
pub fn cdf(position: i64) -> u64 {
    let distance = position.unsigned_abs().min(END as u64);
    let entry = (distance >> BETWEEN) as usize;
    let upper = match CDF.get(entry..entry + 2) {
        Some(&[low, high]) => low + (((high - low) * (distance & ((1 << BETWEEN) - 1))) >> BETWEEN),
        _ => CDF[CDF.len() - 1],
    };
    if position < 0 { (1 << CDF_BITS) - upper } else { upper }
}

/// A standard normal from 32 random bits: the lowest is the sign, the next ten choose a segment of the quantile table,
/// the rest a place in it.
pub fn quantile(random: u32) -> f32 {
    let segment = (random >> 1 & 1023) as usize;
    let (low, high) = (i64::from(QUANTILES[segment]), i64::from(QUANTILES[segment + 1]));
    // Half a step in, so that neither end is favoured.
    let place = i64::from(random >> 11) * 2 + 1;
    let distance = low + (((high - low) * place) >> 22);
    let magnitude = distance as f32 * (1.0 / (1u32 << POSITION_BITS) as f32);
    if random & 1 == 1 { -magnitude } else { magnitude }
}

/// ln 2 in two parts, the first with so few bits that its multiples are exact (fdlibm, `e_exp.c`).
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// Terms of the series of eˣ on ±½ ln 2; the rest is below double precision.
const TERMS: u32 = 14;

/// eˣ to a few units in the last place, by additions and products in a fixed order; 0 below −700, cut at 700.
pub fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let x = x.min(700.0);
    let n = (x * std::f64::consts::LOG2_E).round();
    let r = x - n * LN_2[0] - n * LN_2[1];
    let series = (1..=TERMS).rev().fold(1.0, |sum, k| 1.0 + sum * r * (1.0 / f64::from(k)));
    series * f64::from_bits(((n as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    #[test]
    fn the_tables_are_the_normal_distribution() {
        let normal = Normal::standard();
        for (index, &value) in CDF.iter().enumerate() {
            let upper = 1.0 - value as f64 / 2f64.powi(48);
            let exact = normal.sf(index as f64 / 64.0);
            assert!((upper - exact).abs() < 1e-10, "CDF[{index}]");
        }
        for (index, &value) in QUANTILES.iter().enumerate().take(1024) {
            let exact = normal.inverse_cdf(0.5 + index as f64 / 2048.0);
            assert!((f64::from(value) / 2f64.powi(24) - exact).abs() < 1e-7, "QUANTILES[{index}]");
        }
        assert!(QUANTILES.is_sorted());
    }

    /// A change of a table would make other numbers of old files.
    #[test]
    fn the_tables_stay_as_they_are() {
        let cdf: Vec<u8> = CDF.iter().flat_map(|value| value.to_le_bytes()).collect();
        let quantiles: Vec<u8> = QUANTILES.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!((crc32fast::hash(&cdf), crc32fast::hash(&quantiles)), (3_589_406_943, 3_084_576_830));
    }

    #[test]
    fn quantiles_of_even_numbers_are_normal() {
        let count = 1u32 << 20;
        let (mut square, mut fourth) = (0.0, 0.0);
        for index in 0..count {
            let value = f64::from(quantile(index.wrapping_mul(0x9e37_79b9)));
            square += value * value;
            fourth += value.powi(4);
        }
        let (square, fourth) = (square / f64::from(count), fourth / f64::from(count));
        assert!((square - 1.0).abs() < 2e-3 && (fourth - 3.0).abs() < 0.05, "{square} {fourth}");
        assert!((quantile(4) + quantile(5)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_cdf_rises_and_is_symmetric(a in -(9i64 << 24)..9 << 24, b in -(9i64 << 24)..9 << 24) {
            prop_assert_eq!(cdf(a) + cdf(-a), 1 << CDF_BITS);
            prop_assert!(a > b || cdf(a) <= cdf(b));
            let exact = Normal::standard().cdf(a as f64 / 2f64.powi(24));
            prop_assert!((cdf(a) as f64 / 2f64.powi(48) - exact).abs() < 1e-5);
        }

        #[test]
        fn the_exponential_is_exact_to_a_few_units(x in -699.0..699.0) {
            prop_assert!((exp(x) / f64::exp(x) - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn the_exponential_ends() {
        assert!(exp(0.0).to_bits() == 1f64.to_bits() && exp(-1e9) < 1e-300 && exp(f64::NEG_INFINITY) < 1e-300);
        assert!(exp(1e9).is_finite());
    }
}
