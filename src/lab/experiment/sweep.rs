//! What a budget of bits a group buys and costs.
//!
//! In: articles with their bytes, budgets. Out: for each budget a [`BudgetMeasures`]: how many edited groups the digits of a joint fit's
//! map still find, and how long the articles' files get, each with matrices of its own.

use super::{Collection, Trial};
use crate::code::article::{Effort, encode};
use crate::code::{Container, Kind, Tag};
use crate::data::article::{Article, GroupSettings};
use crate::fit::matrices::MatrixSettings;
use crate::go_on;
use crate::pipeline::gist::{GistError, GistSettings, MatrixMode, sections};
use rayon::prelude::*;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// One budget.
#[derive(Clone, Debug, Serialize)]
pub struct BudgetMeasures {
    /// The budget of a group, in bits.
    pub budget_bits: f32,
    /// What the digits sections of the files take of it, in bits a group.
    pub sent_bits: f64,
    /// The files of all articles, in bytes.
    pub file_bytes: usize,
    /// What of them is the digits sections.
    pub digits_bytes: usize,
    /// Recall@1 of the original by the sum of differences of digits, by share edited.
    pub recall_by_digits: Vec<f64>,
}

/// An article with what it was read from.
pub struct Source {
    /// Its name.
    pub path: PathBuf,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Its groups.
    pub article: Article,
}

/// Measures each of `budgets` over `sources`, whose groups were cut by `groups`. `watch` gets each measure as it is done,
/// and may break off; what was measured is given.
///
/// # Errors
/// Where an article cannot be cut into groups, or the settings' engine can't be had or fails.
pub fn sweep(
    sources: &[Source],
    groups: GroupSettings,
    settings: &MatrixSettings,
    budgets: &[f32],
    mut watch: impl FnMut(&BudgetMeasures) -> ControlFlow<()>,
) -> Result<Vec<BudgetMeasures>, GistError> {
    let articles: Vec<Article> = sources.iter().map(|source| source.article.clone()).collect();
    let collection = Collection::new(&articles, settings);
    let trial = Trial::new(&collection, &[], settings.seed);
    let residuals: Vec<Vec<u8>> = sources.par_iter().map(|source| encode(&source.content, Effort::None)).collect();
    let mut all = Vec::new();
    for &bits in budgets {
        let found = trial.fitted("ours", &MatrixSettings { bits, ..settings.clone() })?;
        let (mut file_bytes, mut digits_bytes) = (0, 0);
        for (source, residual) in sources.iter().zip(&residuals) {
            let file_settings = GistSettings { groups, ..GistSettings::new(MatrixMode::Digits, Some(bits)) };
            let sections = sections(&source.content, Some(&source.path), &file_settings, go_on)?;
            digits_bytes += sections.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
            let container = Container::new(Kind::Article).with(Tag::Residual, residual.clone());
            let container = sections.into_iter().fold(container, |container, (tag, bytes)| container.with(tag, bytes));
            file_bytes += container.to_bytes().len();
        }
        let one = BudgetMeasures {
            budget_bits: bits,
            sent_bits: 8.0 * digits_bytes as f64 / collection.groups.len().max(1) as f64,
            file_bytes,
            digits_bytes,
            recall_by_digits: found.recall_by_digits.unwrap_or_default(),
        };
        let watched = watch(&one);
        all.push(one);
        if watched.is_break() {
            break;
        }
    }
    Ok(all)
}
