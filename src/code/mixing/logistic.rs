//! The two curves of logistic mixing, as tables of integers.
//!
//! A probability is 16 bits (units of 2⁻¹⁶); its logit, ln(p / (1 − p)), is in units of 1/256 nat. The tables come from
//! integer arithmetic alone, so that every machine has the same.

/// The widest logit of an input: just under 8 nats.
pub const INPUT_LOGIT: i32 = 2047;

/// The widest logit of a prediction: just under 12 nats, where a probability is down to 2⁻¹⁷.
pub const WIDEST_LOGIT: i32 = 3071;

/// e^(1/256) in units of 2⁻⁴⁰.
const STEP: u128 = 1_103_814_994_613;

/// The curves.
#[derive(Debug, Clone)]
pub struct Logistic {
    /// The probability of each logit from −[`WIDEST_LOGIT`] on.
    probability: Vec<u16>,
    /// The logit of each probability in steps of 2⁻¹², at the middle of the step.
    logit: Vec<i16>,
}

impl Default for Logistic {
    fn default() -> Self {
        Self::new()
    }
}

impl Logistic {
    /// Computes the tables.
    pub fn new() -> Self {
        let probability = probabilities();
        let logit = logits(&probability);
        Self { probability, logit }
    }

    /// The probability (2⁻¹⁶) of a logit, which is cut to the widest: 1 / (1 + e^−x), from 1 to 65535.
    #[inline]
    pub fn probability(&self, logit: i32) -> i32 {
        let index = logit.clamp(-WIDEST_LOGIT, WIDEST_LOGIT) + WIDEST_LOGIT;
        i32::from(self.probability[index as usize])
    }

    /// The logit of a probability (2⁻¹⁶), within ±[`INPUT_LOGIT`].
    #[inline]
    pub fn logit(&self, probability: i32) -> i32 {
        i32::from(self.logit[(probability >> 4 & 0xfff) as usize])
    }
}

/// p(x) = E / (E + 1) with E = e^(x/256), by repeated multiplication in units of 2⁻⁴⁰.
fn probabilities() -> Vec<u16> {
    const ONE: u128 = 1 << 40;
    let widest = WIDEST_LOGIT as usize;
    let mut table = vec![0; 2 * widest + 1];
    let mut power = ONE;
    for x in 0..=widest {
        let rounded = ((power << 16) + u128::midpoint(power, ONE)) / (power + ONE);
        let above = (rounded as u32).min(65535);
        table[widest + x] = above as u16;
        table[widest - x] = (65536 - above) as u16;
        power = (power * STEP) >> 40;
    }
    table
}

/// The logit whose probability is nearest to the middle of each step; of two as near, the greater.
fn logits(probability: &[u16]) -> Vec<i16> {
    let at = |logit: i32| i32::from(probability[(logit + WIDEST_LOGIT) as usize]);
    let mut logit = -INPUT_LOGIT;
    let mut table = Vec::with_capacity(4096);
    for step in 0..4096 {
        let middle = 16 * step + 8;
        while logit < INPUT_LOGIT && (at(logit + 1) - middle).abs() <= (at(logit) - middle).abs() {
            logit += 1;
        }
        table.push(logit as i16);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curves_are_those_of_the_textbook_and_inverse_to_each_other() {
        let logistic = Logistic::new();
        for x in -WIDEST_LOGIT..=WIDEST_LOGIT {
            let exact = 65536.0 / (1.0 + (-f64::from(x) / 256.0).exp());
            let found = f64::from(logistic.probability(x));
            assert!((found - exact.clamp(1.0, 65535.0)).abs() < 0.51, "{x}: {found}, {exact}");
        }
        for p in (8..65536).step_by(16) {
            let exact = (f64::from(p) / f64::from(65536 - p)).ln() * 256.0;
            let found = f64::from(logistic.logit(p));
            assert!((found - exact.clamp(-2047.0, 2047.0)).abs() < 24.0, "{p}: {found}, {exact}");
        }
        assert_eq!(logistic.logit(32768), 0, "what has no opinion weighs nothing");
    }
}
