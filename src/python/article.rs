//! Documents: compressed, cut into groups, with matrices.

use super::errors::{Fault, Faulty};
use super::puzzle::json;
use super::work;
use crate::File;
use crate::article::{
    self, ArticleOptions, ArticleProgress, DigitMatrix, Effort, GistSettings, GroupSettings, MatrixMode, MatrixOptions,
};
use ndarray::Array2;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How a document is compressed, from a dictionary that has every key.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Settings {
    name: Option<PathBuf>,
    effort: u8,
    matrices: String,
    matrix_bits: Option<f32>,
    steps: Option<usize>,
    threads: Option<usize>,
}

impl Settings {
    fn options(self) -> Faulty<ArticleOptions> {
        let wrong = |field: &str, value: &dyn ToString, expected: &str| {
            let message = format!("{field} {}: {expected} is needed", value.to_string());
            Err(Fault::setting(field, value, message))
        };
        let effort = match self.effort {
            1 => Effort::None,
            2 => Effort::Quick,
            3 => Effort::Full,
            other => return wrong("effort", &other, "a whole number from 1 to 3"),
        };
        let mode = match self.matrices.as_str() {
            "none" => MatrixMode::None,
            "digits" => MatrixMode::Digits,
            "gist" => MatrixMode::Gist,
            other => return wrong("matrices", &other, "\"none\", \"digits\" or \"gist\""),
        };
        if let Some(bits) = self.matrix_bits.filter(|bits| !(*bits > 0.0 && bits.is_finite())) {
            return wrong("matrix_bits", &bits, "a number of bits above 0");
        }
        let mut matrices = GistSettings::new(mode, self.matrix_bits);
        matrices.fit.steps = self.steps.unwrap_or(matrices.fit.steps);
        matrices.fit.check()?;
        Ok(ArticleOptions { effort, matrices, name: self.name, threads: self.threads })
    }
}

/// What is done, how far it is, and of how much.
type Step = (&'static str, u64, u64);

fn step(progress: ArticleProgress) -> Step {
    match progress {
        ArticleProgress::Fitting { step, steps } => ("fitting", step as u64, steps as u64),
        ArticleProgress::Coding { bytes, all } => ("coding", bytes, all),
    }
}

/// Bytes as a file.
#[pyfunction]
pub fn compress<'py>(
    py: Python<'py>,
    content: Vec<u8>,
    settings: Settings,
    hear: Option<&Bound<'_, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let options = settings.options()?;
    let file = work::run(py, hear, move |watch| {
        article::compress(&content, &options, &|progress| watch.ask(|| step(progress)))
    })?;
    Ok(PyBytes::new(py, &file.map_err(Fault::from)?))
}

/// What a file of either kind was made of.
#[pyfunction]
pub fn decompress<'py>(
    py: Python<'py>,
    file: Vec<u8>,
    threads: Option<usize>,
    hear: Option<&Bound<'_, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let content = work::run(py, hear, move |watch| -> Faulty<Vec<u8>> {
        Ok(match crate::open(&file)? {
            File::Article(file) => article::decompress(file, &|progress| watch.ask(|| step(progress)))?,
            File::Puzzle(file) => {
                crate::puzzle::decompress(file, threads, |progress| watch.ask(|| ("fitting", progress.step as u64, 0)))?
            }
        })
    })?;
    Ok(PyBytes::new(py, &content?))
}

/// What is in a file of either kind, as JSON.
#[pyfunction]
pub fn inspect(py: Python<'_>, file: Vec<u8>) -> PyResult<String> {
    let summary = work::run(py, None, move |_: &work::Watch<()>| -> Faulty<_> {
        Ok(match crate::open(&file)?.inspect()? {
            crate::Summary::Article(summary) => json(&summary),
            crate::Summary::Puzzle(summary) => json(&summary),
        })
    })?;
    summary?
}

fn lengths(lengths: (usize, usize)) -> GroupSettings {
    GroupSettings { min_characters: lengths.0, max_characters: lengths.1 }
}

/// A text's groups, as JSON.
#[pyfunction]
pub fn groups(py: Python<'_>, content: Vec<u8>, name: Option<PathBuf>, min_max: (usize, usize)) -> PyResult<String> {
    let article =
        work::run(py, None, move |_: &work::Watch<()>| article::groups(&content, name.as_deref(), lengths(min_max)))?;
    json(&article.map_err(Fault::from)?.groups)
}

/// How matrices are made, from a dictionary that has every key.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct MatrixArguments {
    name: Option<PathBuf>,
    min_max: (usize, usize),
    steps: Option<usize>,
    seed: Option<u64>,
    bits: Option<f32>,
    /// A row a group, of so many numbers.
    vectors: Option<(Vec<f32>, usize)>,
}

/// A text's digits, 100 bytes a group, and its groups as JSON. `hear` hears of every step.
#[pyfunction]
pub fn matrices<'py>(
    py: Python<'py>,
    content: Vec<u8>,
    arguments: MatrixArguments,
    hear: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Bound<'py, PyBytes>, String)> {
    let MatrixArguments { name, min_max, steps, seed, bits, vectors } = arguments;
    let mut options = MatrixOptions { name, groups: lengths(min_max), ..MatrixOptions::default() };
    options.fit.steps = steps.unwrap_or(options.fit.steps);
    options.fit.seed = seed.unwrap_or(options.fit.seed);
    options.fit.bits = bits.unwrap_or(options.fit.bits);
    options.fit.check().map_err(Fault::from)?;
    if let Some((values, dimensions)) = vectors {
        let rows = values.len() / dimensions.max(1);
        let array = Array2::from_shape_vec((rows, dimensions), values);
        options.vectors = Some(array.map_err(|error| Fault::setting("embeddings", &dimensions, error.to_string()))?);
    }
    let made = work::run(py, hear, move |watch| {
        article::matrices(&content, &options, |step| watch.ask(|| ("fitting", step as u64, options.fit.steps as u64)))
    })?;
    let made = made.map_err(Fault::from)?;
    let groups = json(&made.groups)?;
    Ok((PyBytes::new(py, &digits(&made.matrices)), groups))
}

/// The digits of matrices, 100 bytes each.
pub fn digits(matrices: &[DigitMatrix]) -> Vec<u8> {
    matrices.iter().flat_map(DigitMatrix::cells).copied().collect()
}

/// What a file's matrices say without the text: their digits, and titles, keywords and texts as JSON, where there are words;
/// nothing where it has no matrices.
#[pyfunction]
pub fn gist(py: Python<'_>, file: Vec<u8>) -> PyResult<Option<(Bound<'_, PyBytes>, Option<String>)>> {
    let read = work::run(py, None, move |_: &work::Watch<()>| -> Faulty<_> {
        let Some(read) = article::gist(&file)? else { return Ok(None) };
        let says = read.says().map(|says| {
            let says = says.iter().map(|one| json!({"title": one.title, "keywords": one.keywords, "text": one.text}));
            Value::Array(says.collect())
        });
        Ok(Some((digits(&read.digits.matrices), says)))
    })?;
    let Some((digits, says)) = read? else { return Ok(None) };
    Ok(Some((PyBytes::new(py, &digits), says.map(|says| json(&says)).transpose()?)))
}

/// A document's groups, for a library.
pub fn article_groups(name: &str, content: &[u8], min_max: (usize, usize)) -> Faulty<article::Article> {
    Ok(article::groups(content, Some(Path::new(name)), lengths(min_max))?)
}
