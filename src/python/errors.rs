//! Errors as exceptions of `tenfold.errors`, each with the file, the field and the value at fault where they are known.

use crate::article::{ArticleError, GistError, LengthsError, MatricesError, MatrixSettingsError};
use crate::library::LibraryError;
use crate::puzzle::{ConfigError, DataError, NotATask, PuzzleError, SolveError, TaskError};
use crate::{CodeError, FileError};
use pyo3::prelude::*;
use std::error::Error;
use std::path::Path;

/// An exception that is yet to be raised.
pub struct Fault {
    class: &'static str,
    message: String,
    file: Option<String>,
    field: Option<String>,
    value: Option<String>,
}

/// A result that Python gets.
pub type Faulty<T> = Result<T, Fault>;

impl Fault {
    /// With what an error says, and what it comes from.
    pub fn new(class: &'static str, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_says = cause.to_string();
            if !message.contains(&cause_says) {
                message = format!("{message}: {cause_says}");
            }
            source = cause.source();
        }
        Self { class, message, file: None, field: None, value: None }
    }

    /// Of a setting.
    pub fn setting(field: &str, value: &dyn ToString, message: String) -> Self {
        let (field, value) = (Some(field.to_owned()), Some(value.to_string()));
        Self { class: "SettingError", message, file: None, field, value }
    }

    /// The same as another exception.
    pub fn of_class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }

    fn of_file(self, file: &Path) -> Self {
        Self { file: Some(file.display().to_string()), ..self }
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        let Fault { class, message, file, field, value } = fault;
        let raised = Python::attach(|py| -> PyResult<Self> {
            let class = py.import("tenfold.errors")?.getattr(class)?;
            Ok(Self::from_value(class.call1((message, file, field, value))?))
        });
        raised.unwrap_or_else(|error| error)
    }
}

impl From<DataError> for Fault {
    fn from(error: DataError) -> Self {
        Self::from(&error)
    }
}

impl From<&DataError> for Fault {
    fn from(error: &DataError) -> Self {
        let fault = Self::new("DataError", error);
        let of = |file: &str, field: Option<String>, value: Option<String>| (Some(file.to_owned()), field, value);
        let (file, field, value) = match error {
            DataError::Task { file, task, fault } => {
                let (place, value) = match &**fault {
                    TaskError::Grid { place, fault } => (place.to_string(), Some(fault.to_string())),
                    TaskError::MissingGrid { place } => (place.to_string(), None),
                    TaskError::PairsNotAnArray { set, found } => ((*set).to_owned(), Some(found.clone())),
                    TaskError::MissingPairs { set } | TaskError::NoPairs { set } => ((*set).to_owned(), None),
                    _ => (String::new(), None),
                };
                of(file, Some(if place.is_empty() { task.clone() } else { format!("{task}: {place}") }), value)
            }
            DataError::NotJson { file, line, column, reason } => {
                of(file, Some(format!("line {line}, column {column}")), Some(reason.clone()))
            }
            DataError::Unreadable { file, .. } | DataError::TooLarge { file, .. } | DataError::NotUtf8 { file, .. } => {
                of(file, None, None)
            }
            DataError::NotAnObject { file, found, .. } => of(file, None, Some(found.clone())),
            DataError::UnknownTask { task, .. } => (None, Some("task".into()), Some(task.clone())),
            _ => (None, None, None),
        };
        Self { file, field, value, ..fault }
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        let fault = Self::new("SettingError", &error);
        match &error {
            ConfigError::Unreadable { file, .. } => fault.of_file(file),
            ConfigError::Malformed { file, .. } => fault.of_file(Path::new(file)),
            ConfigError::Impossible { setting, .. } => {
                // `FIELD VALUE`, or `FIELD = VALUE`, maybe after `FILE: `.
                let (file, setting) = match setting.rsplit_once(": ") {
                    Some((file, setting)) => (Some(file.to_owned()), setting),
                    None => (None, setting.as_str()),
                };
                let (field, value) = setting.split_once([' ']).unwrap_or((setting, ""));
                let value = value.trim_start_matches("= ").to_owned();
                Self { file, field: Some(field.to_owned()), value: Some(value), ..fault }
            }
        }
    }
}

impl From<SolveError> for Fault {
    fn from(error: SolveError) -> Self {
        match error {
            SolveError::Config(error) => error.into(),
            other => Self::new("SolveError", &other),
        }
    }
}

impl From<CodeError> for Fault {
    fn from(error: CodeError) -> Self {
        Self::new("FileError", &error)
    }
}

impl From<LengthsError> for Fault {
    fn from(error: LengthsError) -> Self {
        let LengthsError::Lengths { min, max } = &error;
        Self::setting("min_characters, max_characters", &format!("{min}, {max}"), error.to_string())
    }
}

impl From<MatrixSettingsError> for Fault {
    fn from(error: MatrixSettingsError) -> Self {
        Self::setting(error.field, &error.value, error.to_string())
    }
}

impl From<ArticleError> for Fault {
    fn from(error: ArticleError) -> Self {
        match error {
            ArticleError::Code(error) => error.into(),
            ArticleError::Matrices(GistError::Lengths(error)) => error.into(),
            ArticleError::BrokenOff | ArticleError::Matrices(GistError::BrokenOff) => Self::new("BrokenOff", &error),
            other => Self::new("Error", &other),
        }
    }
}

impl From<PuzzleError> for Fault {
    fn from(error: PuzzleError) -> Self {
        match error {
            PuzzleError::Code(error) => error.into(),
            PuzzleError::NotATask(NotATask::Data(error)) => error.into(),
            PuzzleError::NotATask(error) => Self::new("DataError", &error),
            PuzzleError::BrokenOff => Self::new("BrokenOff", &error),
            other => Self::new("Error", &other),
        }
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Article(error) => error.into(),
            FileError::Puzzle(error) => error.into(),
        }
    }
}

impl From<MatricesError> for Fault {
    fn from(error: MatricesError) -> Self {
        match error {
            MatricesError::Lengths(error) => error.into(),
            MatricesError::Article(error) => error.into(),
            MatricesError::BrokenOff => Self::new("BrokenOff", &error),
            MatricesError::Vectors { vectors, .. } => Self::setting("embeddings", &vectors, error.to_string()),
            MatricesError::NoMatrices | MatricesError::NoWords | MatricesError::OtherGroups => {
                Self::new("FileError", &error)
            }
            other => Self::new("Error", &other),
        }
    }
}

impl From<LibraryError> for Fault {
    fn from(error: LibraryError) -> Self {
        let fault = Self::new("LibraryError", &error);
        match &error {
            LibraryError::Missing { file }
            | LibraryError::NotALibrary { file }
            | LibraryError::Corrupt { file, .. }
            | LibraryError::Busy { file }
            | LibraryError::Empty { file }
            | LibraryError::NoKnownWord { file }
            | LibraryError::Unusable { file, .. } => fault.of_file(file),
            LibraryError::Version { file, found, .. } => {
                Self { field: Some("version".into()), value: Some(found.to_string()), ..fault.of_file(file) }
            }
            LibraryError::BrokenOff => Self { class: "BrokenOff", ..fault },
        }
    }
}
