//! Reading and writing the fields of a file: bytes, little-endian numbers, numbers of variable length.
//!
//! A number of variable length has seven bits a byte, lowest first; the top bit says that more follow. Only the shortest
//! form is valid, so that a value has one form.

use super::CodeError;

/// Appends a number of variable length.
pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Fields one after the other, from the front of a slice.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, count: u64, field: &'static str) -> Result<&'a [u8], CodeError> {
        let split = usize::try_from(count).ok().and_then(|count| self.rest.split_at_checked(count));
        let available = self.rest.len() as u64;
        let (taken, rest) = split.ok_or(CodeError::Truncated { field, needed: count, available })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self, field: &'static str) -> Result<u8, CodeError> {
        Ok(self.take(1, field)?[0])
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, CodeError> {
        let bytes = self.take(2, field)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn varint(&mut self, field: &'static str) -> Result<u64, CodeError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(field)?;
            let part = u64::from(byte & 0x7f);
            if (part << shift) >> shift != part || (byte == 0 && shift > 0) {
                return Err(CodeError::Number { field });
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodeError::Number { field })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_comes_back_and_is_as_short_as_it_can_be(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            prop_assert_eq!(bytes.len(), (64 - value.leading_zeros()).max(1).div_ceil(7) as usize);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint("value"), Ok(value));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused_and_what_is_read_is_written_the_same(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            if let Ok(value) = reader.varint("value") {
                let mut again = Vec::new();
                write_varint(&mut again, value);
                prop_assert_eq!(&bytes[..bytes.len() - reader.rest().len()], &again[..]);
            }
        }
    }

    #[test]
    fn a_number_beyond_64_bits_or_with_idle_bytes_is_refused() {
        let refused = CodeError::Number { field: "value" };
        for bytes in [&[0x80, 0][..], &[0xff; 10], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]] {
            assert_eq!(Reader::new(bytes).varint("value"), Err(refused.clone()));
        }
    }
}
