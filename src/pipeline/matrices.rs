//! The matrices of one article: from its text by a fit, from vectors of somebody else's, or from its file.

use super::collection::{Collection, matrices_of_vectors};
use crate::code::CodeError;
use crate::code::container::MAGIC;
use crate::data::article::{LengthsError, TitleSource};
use crate::data::{Article, Group, GroupSettings};
use crate::engine::EngineError;
use crate::fit::matrices::{FittedMatrices, MatrixSettings};
use crate::latent::DigitMatrix;
use crate::pipeline::article::{ArticleError, decompress};
use crate::pipeline::gist::FileMatrices;
use ndarray::Array2;
use std::ops::ControlFlow;
use std::path::PathBuf;
use thiserror::Error;

/// How an article's matrices are made.
#[derive(Clone, Debug, Default)]
pub struct MatrixOptions {
    /// What the article is called: the ending says what kind of text it is; where it doesn't, the content decides.
    pub name: Option<PathBuf>,
    /// How groups are cut.
    pub groups: GroupSettings,
    /// How they are fitted.
    pub fit: MatrixSettings,
    /// Vectors to take the digits from instead, (group, dimension).
    pub vectors: Option<Array2<f32>>,
    /// Whether to make one matrix for the whole, merged from its groups' latents.
    pub merge: bool,
    /// Whether to tell what the digits say, too.
    pub gist: bool,
}

/// An article's groups with their matrices.
#[derive(Clone, Debug, PartialEq)]
pub struct ArticleMatrices {
    /// Names, terms and telling words of the whole, best first.
    pub keywords: Vec<String>,
    /// The groups in order; where they are merged, one that has the whole text.
    pub groups: Vec<Group>,
    /// The digits of each group.
    pub matrices: Vec<DigitMatrix>,
    /// What the digits of each group say, best first, where that was asked for.
    pub says: Vec<Vec<String>>,
    /// What they say of its title, the same.
    pub titles: Vec<Vec<String>>,
}

/// Why an article has no matrices.
#[derive(Debug, Error)]
pub enum MatricesError {
    /// The lengths of groups leave no room to cut.
    #[error(transparent)]
    Lengths(#[from] LengthsError),
    /// They can't be fitted.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The article's file is wrong.
    #[error(transparent)]
    Article(#[from] ArticleError),
    /// There are more or fewer vectors than groups.
    #[error("{vectors} vectors for {groups} groups: give one for each")]
    Vectors {
        /// How many were given.
        vectors: usize,
        /// How many are needed.
        groups: usize,
    },
    /// A file's matrices can't be merged or made by another method.
    #[error("a file's matrices are as they are: for others give the article")]
    AsTheyAre,
    /// The file has no matrices.
    #[error("no matrices in it")]
    NoMatrices,
    /// The file has no words beside its digits.
    #[error("no words in it")]
    NoWords,
    /// The file's text is cut into other groups now.
    #[error("this version cuts the text into other groups than the one that wrote the file; use that version")]
    OtherGroups,
    /// Whoever watched broke off.
    #[error("the fit of the matrices was broken off")]
    BrokenOff,
}

/// The matrices of an article's groups, of its text or of its `.tenfold` file. `watch` hears of each step of a fit, and
/// may break off.
///
/// # Errors
/// [`MatricesError`].
pub fn matrices(
    content: &[u8],
    options: &MatrixOptions,
    watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<ArticleMatrices, MatricesError> {
    if content.starts_with(&MAGIC) {
        return of_file(content, options);
    }
    if let Some(vectors) = &options.vectors {
        return of_vectors(content, options, vectors);
    }
    of_text(content, options, |collection, settings, watch| collection.fit(settings, watch), watch)
}

/// Those that a file holds, beside the groups of its text.
fn of_file(file: &[u8], options: &MatrixOptions) -> Result<ArticleMatrices, MatricesError> {
    if options.vectors.is_some() || options.merge {
        return Err(MatricesError::AsTheyAre);
    }
    let read = FileMatrices::read(file).map_err(wrong_file)?.ok_or(MatricesError::NoMatrices)?;
    let mut content = Vec::new();
    decompress(file, &mut content)?;
    let article = read.groups(&content).ok_or(MatricesError::OtherGroups)?;
    let (mut says, mut titles) = (Vec::new(), Vec::new());
    if options.gist {
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        for saying in read.says().ok_or(MatricesError::NoWords)? {
            says.push(owned(saying.keywords));
            titles.push(owned(saying.title));
        }
    }
    let Article { groups, keywords, .. } = article;
    Ok(ArticleMatrices { keywords, groups, matrices: read.digits.matrices, says, titles })
}

fn wrong_file(error: CodeError) -> MatricesError {
    ArticleError::from(error).into()
}

fn of_vectors(
    content: &[u8],
    options: &MatrixOptions,
    vectors: &Array2<f32>,
) -> Result<ArticleMatrices, MatricesError> {
    let article = Article::read(content, options.name.as_deref(), options.groups)?;
    let (found, groups) = (vectors.nrows(), article.groups.len());
    if found != groups {
        return Err(MatricesError::Vectors { vectors: found, groups });
    }
    Ok(ArticleMatrices::new(article, matrices_of_vectors(vectors, options.fit.seed)))
}

/// What hears of each step of a fit.
pub(crate) type StepWatch<'a> = dyn FnMut(usize) -> ControlFlow<()> + 'a;

/// The matrices of a text's groups as `fit` fits them, merged or with what they say where that is asked for.
///
/// # Errors
/// [`MatricesError`].
pub(crate) fn of_text(
    content: &[u8],
    options: &MatrixOptions,
    fit: impl FnOnce(&Collection, &MatrixSettings, &mut StepWatch) -> Result<FittedMatrices, EngineError>,
    mut watch: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<ArticleMatrices, MatricesError> {
    let article = Article::read(content, options.name.as_deref(), options.groups)?;
    let collection = Collection::new(std::slice::from_ref(&article), &options.fit);
    let mut broken_off = false;
    let fitted = fit(&collection, &options.fit, &mut |step| {
        let watched = watch(step);
        broken_off |= watched.is_break();
        watched
    })?;
    if broken_off {
        return Err(MatricesError::BrokenOff);
    }
    if options.merge {
        let whole = whole(&article);
        return Ok(ArticleMatrices { groups: vec![whole], ..ArticleMatrices::new(article, vec![fitted.merged()]) });
    }
    let (says, titles) = if options.gist {
        (collection.gist(&fitted), collection.title_gist(&fitted))
    } else {
        (Vec::new(), Vec::new())
    };
    Ok(ArticleMatrices { says, titles, ..ArticleMatrices::new(article, fitted.matrices()) })
}

impl ArticleMatrices {
    /// An article's groups with these matrices, which say nothing.
    pub(crate) fn new(article: Article, matrices: Vec<DigitMatrix>) -> Self {
        let Article { groups, keywords, .. } = article;
        Self { keywords, groups, matrices, says: Vec::new(), titles: Vec::new() }
    }
}

/// The article as one group.
fn whole(article: &Article) -> Group {
    let title = article.groups.iter().find(|group| !group.title.is_empty());
    let end = article.groups.last().map_or(0, |group| group.bytes.end);
    Group {
        bytes: 0..end,
        text: article.groups.iter().map(|group| group.text.as_str()).collect(),
        title: title.map(|group| group.title.clone()).unwrap_or_default(),
        title_source: title.map_or(TitleSource::None, |group| group.title_source),
        keywords: article.keywords.clone(),
    }
}
