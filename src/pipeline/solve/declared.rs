//! The puzzles of a declared experiment.
//!
//! In: a [`Source`]: a path, a split, a subset. Out: what was loaded of it.

use crate::config::experiment::Source;
use crate::data::{DataError, LoadOptions, Loaded, load};
use std::fs;
use std::path::{Path, PathBuf};

/// Loads an experiment's puzzles. A split is a folder `SPLIT` in the data's, or a file there that ends in
/// `SPLIT_challenges.json`, with its solutions in the one that ends in `SPLIT_solutions.json`, if there is one.
///
/// # Errors
/// [`DataError`], where there is no such split, an id that is asked for is not there, or files can't be read.
pub fn declared_puzzles(source: &Source) -> Result<Loaded, DataError> {
    let (tasks, found) = match &source.split {
        None => (source.data.clone(), None),
        Some(split) => find_split(&source.data, split)?,
    };
    let solutions = source.solutions.as_ref().or(found.as_ref());
    let ids = source.subset.ids.clone().unwrap_or_default();
    let options = LoadOptions { tasks: &ids, solutions: solutions.map(PathBuf::as_path), pairs: None };
    let mut loaded = load(&[tasks], &options)?;
    // What can't be read is drawn like the rest, so that the others of a sample don't depend on it.
    let known = loaded.puzzles.iter().map(|puzzle| &puzzle.id);
    let all: Vec<String> =
        known.chain(loaded.refused.iter().filter_map(|refused| refused.id.as_ref())).cloned().collect();
    let drawn = source.subset.draw(all.iter().map(String::as_str));
    loaded.puzzles.retain(|puzzle| drawn.contains(puzzle.id.as_str()));
    loaded.refused.retain(|refused| refused.id.as_ref().is_none_or(|id| drawn.contains(id.as_str())));
    Ok(loaded)
}

/// A split's tasks, and its solutions where they are apart.
fn find_split(data: &Path, split: &str) -> Result<(PathBuf, Option<PathBuf>), DataError> {
    let folder = data.join(split);
    if folder.is_dir() {
        return Ok((folder, None));
    }
    let unreadable = |reason| DataError::Unreadable { file: data.display().to_string(), reason };
    let files = fs::read_dir(data).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    let ending = |end: &str| {
        let end = format!("{split}_{end}.json");
        let is_meant = |name: &str| {
            name.strip_suffix(&end).is_some_and(|before| before.is_empty() || before.ends_with(['_', '-']))
        };
        let mut found = files.iter().map(fs::DirEntry::path);
        found.find(|path| path.file_name().is_some_and(|name| is_meant(&name.to_string_lossy())))
    };
    let tasks = ending("challenges")
        .ok_or_else(|| DataError::NoSplit { folder: data.display().to_string(), split: split.to_owned() })?;
    Ok((tasks, ending("solutions")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::experiment::Subset;

    const TASK: &str = r#"{"train":[{"input":[[1]],"output":[[2]]}],"test":[{"input":[[3]]}]}"#;

    #[test]
    fn a_split_is_a_folder_or_kaggles_pair_of_files() {
        let data = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(data.path().join(name), text).unwrap();
        fs::create_dir(data.path().join("training")).unwrap();
        write("training/a.json", TASK);
        write("arc-agi_evaluation_challenges.json", &format!("{{\"b\": {TASK}, \"c\": {TASK}, \"d\": {TASK}}}"));
        write("arc-agi_evaluation_solutions.json", r#"{"b": [[[4]]]}"#);
        let found = |split: &str, subset: Subset| {
            let (data, split) = (data.path().to_owned(), Some(split.to_owned()));
            declared_puzzles(&Source { data, split, solutions: None, subset })
        };
        assert_eq!(found("training", Subset::default()).unwrap().puzzles[0].id, "a");
        let evaluation = found("evaluation", Subset::default()).unwrap().puzzles;
        assert_eq!((evaluation.len(), evaluation[0].solutions.is_some()), (3, true));
        let ids = |subset| {
            found("evaluation", subset).unwrap().puzzles.into_iter().map(|puzzle| puzzle.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(Subset { ids: Some(vec!["d".into(), "b".into()]), ..Subset::default() }), ["d", "b"]);
        assert_eq!(ids(Subset { sample: Some(2), ..Subset::default() }).len(), 2);
        let missing = found("test", Subset::default()).unwrap_err().to_string();
        assert!(missing.contains("no split 'test'"), "{missing}");
    }
}
