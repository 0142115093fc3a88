//! Vectors that a user brings, one a group: NumPy's files of two dimensions.
//!
//! In: a path, or bytes. Out: rows of 32-bit floats, all finite, or a [`VectorsError`] that says what is wrong with the file.

use ndarray::Array2;
use npyz::{NpyFile, Order};
use std::io;
use std::path::Path;
use thiserror::Error;

/// Why a file of vectors can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VectorsError {
    /// The file can't be read, or is no NumPy array.
    #[error("{file}: {reason}; give a .npy file, as numpy.save writes it")]
    Unreadable {
        /// The file.
        file: String,
        /// What went wrong.
        reason: io::Error,
    },
    /// Not one row a group.
    #[error("{file}: its shape is {shape:?}; it has to be (groups, dimensions)")]
    Shape {
        /// The file.
        file: String,
        /// The shape it has.
        shape: Vec<u64>,
    },
    /// Not floats.
    #[error("{file}: its type is {found}; save it as float32 or float64, in C order")]
    Type {
        /// The file.
        file: String,
        /// The type and order it has.
        found: String,
    },
    /// A number that is none.
    #[error("{file}: row {row}, column {column} is {value}; every number has to be finite")]
    NotFinite {
        /// The file.
        file: String,
        /// Counted from 1.
        row: usize,
        /// Counted from 1.
        column: usize,
        /// What stands there.
        value: f32,
    },
}

/// Reads vectors, (group, dimension).
///
/// # Errors
/// Where the file can't be read, or isn't an array of two dimensions of finite floats.
pub fn read_vectors(path: &Path) -> Result<Array2<f32>, VectorsError> {
    let file = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => parse_vectors(&file, &bytes),
        Err(reason) => Err(VectorsError::Unreadable { file, reason }),
    }
}

/// Reads vectors from the bytes of `file`, a name for messages.
///
/// # Errors
/// As [`read_vectors`], but for reading the file.
pub fn parse_vectors(file: &str, bytes: &[u8]) -> Result<Array2<f32>, VectorsError> {
    let unreadable = |reason| VectorsError::Unreadable { file: file.to_owned(), reason };
    if declares_too_much(bytes) {
        return Err(VectorsError::Unreadable { file: file.to_owned(), reason: io::ErrorKind::UnexpectedEof.into() });
    }
    let array = NpyFile::new(bytes).map_err(unreadable)?;
    let shape = array.shape().to_vec();
    let wrong_shape = || VectorsError::Shape { file: file.to_owned(), shape: shape.clone() };
    let [rows, columns] = shape[..] else { return Err(wrong_shape()) };
    if columns == 0 {
        return Err(wrong_shape());
    }
    let found = array.dtype().descr();
    let wrong_type = || VectorsError::Type { file: file.to_owned(), found: found.clone() };
    if array.order() != Order::C {
        return Err(wrong_type());
    }
    let values: Vec<f32> = match array.try_data::<f32>() {
        Ok(data) => data.collect::<io::Result<_>>().map_err(unreadable)?,
        Err(array) => {
            let data = array.try_data::<f64>().map_err(|_| wrong_type())?;
            data.map(|value| value.map(|value| value as f32)).collect::<io::Result<_>>().map_err(unreadable)?
        }
    };
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        let (row, column) = (place / columns as usize + 1, place % columns as usize + 1);
        return Err(VectorsError::NotFinite { file: file.to_owned(), row, column, value: values[place] });
    }
    Array2::from_shape_vec((rows as usize, columns as usize), values).map_err(|_| wrong_shape())
}

/// Whether the header's shape has more numbers than the file has bytes, which npyz would multiply out unchecked.
fn declares_too_much(bytes: &[u8]) -> bool {
    let header = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
    let Some((_, after)) = header.split_once("'shape'") else { return false };
    let inside = after.split_once('(').and_then(|(_, inside)| inside.split_once(')')).map_or("", |(inside, _)| inside);
    let sizes = inside.split(',').map(str::trim).filter(|size| !size.is_empty());
    let count = sizes.map(|size| size.parse::<u64>().ok()).try_fold(1u64, |count, size| count.checked_mul(size?));
    count.is_none_or(|count| count > bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as numpy.save writes it.
    fn file(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        let header = format!("{header:<117}\n");
        [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn floats_of_both_widths_are_read() {
        let single: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let double: Vec<u8> = [1f64, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let expected = ndarray::array![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(parse_vectors("v", &file("<f4", "(2, 2)", &single)).unwrap(), expected);
        assert_eq!(parse_vectors("v", &file("<f8", "(2, 2)", &double)).unwrap(), expected);
    }

    #[test]
    fn wrong_files_are_named_with_what_is_wrong() {
        let nan: Vec<u8> = [1f32, f32::NAN].iter().flat_map(|value| value.to_le_bytes()).collect();
        for (bytes, says) in [
            (b"no array".to_vec(), "numpy.save"),
            (file("<f4", "(3,)", &[0; 12]), "shape is [3]"),
            (file("<f4", "(9999999999, 9999999999)", &[0; 12]), "numpy.save"),
            (file("<f4", "(2, 2)", &[0; 9]), "v: "),
            (file("<i4", "(1, 2)", &[0; 8]), "float32"),
            (file("<f4", "(1, 2)", &nan), "row 1, column 2"),
        ] {
            let error = parse_vectors("v", &bytes).unwrap_err().to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
    }
}
