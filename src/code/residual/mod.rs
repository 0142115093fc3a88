//! The predictor of an article's bits.

/// The probability of the next bit of a sequence of bytes, learnt from the bits before it.
#[derive(Debug)]
pub struct Predictor {
    contexts: Vec<[u16; 2]>,
    history: usize,
    partial: usize,
}

impl Predictor {
    /// A predictor that has seen nothing.
    pub fn new() -> Self {
        Self { contexts: vec![[32768, 0]; 1 << 24], history: 0, partial: 1 }
    }

    fn slot(&mut self) -> &mut [u16; 2] {
        &mut self.contexts[((self.history & 0xffff) << 8 | self.partial) & 0xff_ffff]
    }

    /// The probability that the next bit is one, in units of 2⁻¹⁶, from 1 to 65535.
    pub fn one(&mut self) -> u32 {
        u32::from(self.slot()[0]).max(1)
    }

    /// Learns the bit.
    pub fn update(&mut self, bit: bool) {
        let [one, count] = self.slot();
        let target = if bit { 65535 } else { 0 };
        *count = (*count + 1).min(30);
        *one = (i32::from(*one) + (target - i32::from(*one)) * 2 / (2 * i32::from(*count) + 1)) as u16;
        self.partial = self.partial << 1 | usize::from(bit);
        if self.partial > 255 {
            self.history = self.history << 8 | self.partial & 255;
            self.partial = 1;
        }
    }
}

impl Default for Predictor {
    fn default() -> Self {
        Self::new()
    }
}
