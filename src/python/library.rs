//! Libraries of documents.

use super::article::{article_groups, digits};
use super::errors::{Fault, Faulty};
use super::puzzle::json;
use super::work::{self, Watch};
use crate::library::{self, Export, ExportError, LibrarySettings, NewArticle, Progress};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// An open library; nothing when it is closed.
#[pyclass(frozen, module = "tenfold._tenfold")]
pub struct Library {
    file: PathBuf,
    open: Arc<Mutex<Option<library::Library>>>,
}

/// Number, article's number, article's name, cluster, title, text, digits.
type Row<'py> = (i64, i64, String, i64, String, String, Bound<'py, PyBytes>);

/// What is done, how far it is, of how much, and in the end what became of an article, as JSON.
type Step = (&'static str, u64, u64, Option<String>);

fn step(progress: &Progress) -> Step {
    match progress {
        Progress::Article(outcome) => ("article", 1, 1, serde_json::to_string(outcome).ok()),
        Progress::Refitted { groups, .. } => ("refitted", *groups as u64, *groups as u64, None),
    }
}

impl From<ExportError> for Fault {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Library(error) => error.into(),
            other => Self::new("Error", &other),
        }
    }
}

impl Library {
    /// Does something with the open library.
    fn run<N, T>(
        &self,
        py: Python<'_>,
        hear: Option<&Bound<'_, PyAny>>,
        work: impl FnOnce(&mut library::Library, &Watch<N>) -> Faulty<T> + Send + 'static,
    ) -> PyResult<T>
    where
        N: for<'py> pyo3::call::PyCallArgs<'py> + Send + 'static,
        T: Send + 'static,
    {
        let open = Arc::clone(&self.open);
        let done = work::run(py, hear, move |watch| {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            open.as_mut().map(|library| work(library, watch))
        })?;
        let closed = || {
            let message = format!("'{}' is closed: open it again", self.file.display());
            Fault::setting("library", &self.file.display(), message).of_class("LibraryError")
        };
        Ok(done.ok_or_else(closed)??)
    }
}

#[pymethods]
impl Library {
    #[new]
    fn new(py: Python<'_>, file: PathBuf, create: bool) -> Faulty<Self> {
        // Another process may be writing, which is waited for.
        let open =
            py.detach(|| if create { library::Library::open_or_create(&file) } else { library::Library::open(&file) });
        Ok(Self { open: Arc::new(Mutex::new(Some(open?))), file })
    }

    fn close(&self, py: Python<'_>) {
        let open = Arc::clone(&self.open);
        py.detach(move || drop(open.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }

    /// Adds articles by name and content; fits a new frame where words have drifted.
    fn add(
        &self,
        py: Python<'_>,
        articles: Vec<(String, Vec<u8>)>,
        min_max: (usize, usize),
        drift: Option<f64>,
        hear: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let mut settings = LibrarySettings::default();
        settings.drift = drift.unwrap_or(settings.drift);
        self.run(py, Some(hear), move |library, watch| {
            let read = |(name, content): &(String, Vec<u8>)| {
                Ok(NewArticle::new(name.clone(), article_groups(name, content, min_max)?))
            };
            let articles: Vec<NewArticle> = articles.iter().map(read).collect::<Faulty<_>>()?;
            let mut hear = |progress: Progress| watch.ask(|| step(&progress));
            library.add(&articles, &settings, &mut hear)?;
            Ok(library.refit_if_drifted(&settings, &mut hear)?)
        })
    }

    /// The nearest groups to each text, as JSON.
    fn query(&self, py: Python<'_>, texts: Vec<String>, most: usize) -> PyResult<String> {
        let answers = self.run(py, None, move |library, _: &Watch<()>| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            Ok(library.query(&texts, most)?)
        })?;
        json(&answers)
    }

    /// Groups that say what earlier ones do, as JSON.
    fn dedupe(&self, py: Python<'_>, probability: Option<f64>, remove: bool) -> PyResult<String> {
        let found = self.run(py, None, move |library, _: &Watch<()>| Ok(library.dedupe(probability, remove)?))?;
        json(&found)
    }

    /// What is in it, as JSON.
    fn contents(&self, py: Python<'_>) -> PyResult<String> {
        json(&self.run(py, None, |library, _: &Watch<()>| Ok(library.contents()?))?)
    }

    /// The groups after the one of this number, at most so many.
    fn groups_after<'py>(&self, py: Python<'py>, group: i64, most: usize) -> PyResult<Vec<Row<'py>>> {
        let entries = self.run(py, None, move |library, _: &Watch<()>| Ok(library.groups_after(group, most)?))?;
        let row = |entry: library::GroupEntry| {
            let digits = PyBytes::new(py, &digits(&[entry.matrix]));
            (entry.group, entry.article, entry.name, entry.cluster, entry.title, entry.text, digits)
        };
        Ok(entries.into_iter().map(row).collect())
    }

    /// Writes all groups to a file, as `parquet`, `digits` or `bits`.
    fn export(&self, py: Python<'_>, file: PathBuf, what: &str, replace: bool) -> PyResult<u64> {
        let what = match what {
            "parquet" => Export::Parquet,
            "bits" => Export::Bits,
            _ => Export::Digits,
        };
        self.run(py, None, move |library, _: &Watch<()>| Ok(library.export(&file, what, replace)?))
    }
}
