//! The Python package's extension module, `tenfold._tenfold`.
//!
//! In: what python/tenfold passes on, checked no further than its types. Out: records and summaries as JSON, digits as
//! bytes, errors as the package's exceptions. Only the door is called ([`puzzle`](crate::puzzle),
//! [`article`](crate::article), [`library`](crate::library), [`open`](crate::open)), and the program as a whole. Work that takes
//! long runs on a [`work`] thread.

mod article;
mod errors;
mod library;
mod puzzle;
mod work;

use pyo3::prelude::*;
use std::ffi::OsString;

/// The program `tenfold`; gives its exit status.
#[pyfunction]
fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| crate::command_line(arguments))
}

#[pymodule]
mod _tenfold {
    #[pymodule_export]
    use super::article::{compress, decompress, gist, groups, inspect, matrices};
    #[pymodule_export]
    use super::command_line;
    #[pymodule_export]
    use super::library::Library;
    #[pymodule_export]
    use super::puzzle::{Puzzles, Solving, compress_puzzle, score, solve, solve_many};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
