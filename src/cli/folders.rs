//! Folders of files: what is in one, where its outputs go, and what became of each.
//!
//! One file that fails does not stop the others: each is reported, and the status is 1 in the end.

use super::files::{self, Output};
use super::{advice, print, progress};
use anyhow::Context;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Files that failed, and why.
pub type Failures = Vec<(PathBuf, anyhow::Error)>;

/// What is in a folder and in those below, in the order of their names.
pub struct Contents {
    pub files: Vec<PathBuf>,
    /// What is left out, and why.
    pub left_out: Vec<(PathBuf, String)>,
    /// What could not be read.
    pub unreadable: Failures,
}

/// The files of a folder that `.tenfold` files are made of.
pub fn articles(folder: &Path) -> anyhow::Result<Contents> {
    contents(folder, |path| if is_tenfold(path) { Err("a .tenfold file") } else { Ok(()) })
}

/// The `.tenfold` files of a folder.
pub fn tenfold_files(folder: &Path) -> anyhow::Result<Contents> {
    contents(folder, |path| if is_tenfold(path) { Ok(()) } else { Err("no .tenfold file") })
}

fn is_tenfold(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("tenfold"))
}

/// Goes through a folder; links are followed, and no folder is gone through inside itself.
fn contents(folder: &Path, takes: impl Fn(&Path) -> Result<(), &'static str>) -> anyhow::Result<Contents> {
    let mut found = Contents { files: Vec::new(), left_out: Vec::new(), unreadable: Vec::new() };
    let mut entries = WalkDir::new(folder).min_depth(1).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                if error.loop_ancestor().is_some() {
                    found.left_out.push((path, "a link to a folder that it is in".into()));
                } else if path.is_symlink() && !path.exists() {
                    found.unreadable.push((path, anyhow::anyhow!("a link to nothing")));
                } else {
                    let reason = error.into_io_error().map_or("unknown".into(), |error| error.to_string());
                    found.unreadable.push((path, anyhow::anyhow!("cannot be read ({reason}); check its permissions")));
                }
                continue;
            }
        };
        let is_folder = entry.file_type().is_dir();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            if is_folder {
                entries.skip_current_dir();
            }
            found.left_out.push((entry.into_path(), "hidden".into()));
        } else if !is_folder && !entry.file_type().is_file() {
            found.left_out.push((entry.into_path(), "no file".into()));
        } else if !is_folder {
            match takes(entry.path()) {
                Ok(()) => found.files.push(entry.into_path()),
                Err(reason) => found.left_out.push((entry.into_path(), reason.into())),
            }
        }
    }
    anyhow::ensure!(
        !found.files.is_empty() || !found.unreadable.is_empty(),
        "{}: no files for this in the folder; name one that holds some",
        files::name(folder)
    );
    Ok(found)
}

/// All the articles that paths stand for, folders taken apart; what is left out is said, and what can't be read comes second.
pub fn all_articles(paths: &[PathBuf]) -> anyhow::Result<(Vec<PathBuf>, Failures)> {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        if path.is_dir() {
            let found = articles(path)?;
            for (path, reason) in &found.left_out {
                print::note(format_args!("{}: left out: {reason}", files::shown(path)));
            }
            all.extend(found.files);
            unreadable.extend(found.unreadable);
        } else {
            all.push(path.clone());
        }
    }
    Ok((all, unreadable))
}

/// What became of the files of a folder, in the order of their names.
pub struct Outcomes<T> {
    folder: PathBuf,
    pub files: Vec<(PathBuf, anyhow::Result<T>)>,
    pub left_out: Vec<(PathBuf, String)>,
}

/// Does `work` for every file, several at a time. Each has its output in the folder of `output`, where it lies in `folder`, under
/// the path that `rename` gives.
///
/// # Errors
/// Before anything is written: two outputs of one name, or one that is an input.
pub fn each<T: Send>(
    folder: &Path,
    found: Contents,
    output: &Output,
    rename: impl Fn(&Path) -> PathBuf,
    work: impl Fn(&Path, &Output) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Outcomes<T>> {
    anyhow::ensure!(!output.is_stream(), "a folder makes many files: give a folder with --output");
    anyhow::ensure!(
        output.path.is_dir() || !output.path.exists(),
        "{}: a file; a folder makes many: give a folder with --output",
        files::name(&output.path)
    );
    let target = |path: &Path| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        Output { path: output.path.join(rename(inside)), force: output.force }
    };
    let targets: Vec<Output> = found.files.iter().map(|path| target(path)).collect();
    check_names(&found.files, &targets)?;
    let made = make_folders(folder, output, &found.files)?;
    sweep(&targets);
    let bar = progress::bar(targets.len(), "files", "");
    let done = |(path, target): (&PathBuf, &Output)| {
        let done = target.check(path).and_then(|()| work(path, target));
        bar.inc(1);
        done
    };
    let done: Vec<anyhow::Result<T>> = found.files.par_iter().zip(&targets).map(done).collect();
    bar.finish_and_clear();
    for (folder, permissions) in made.into_iter().rev() {
        fs::set_permissions(folder, permissions)?;
    }
    let mut files: Vec<_> = found.files.into_iter().zip(done).collect();
    files.extend(found.unreadable.into_iter().map(|(path, error)| (path, Err(error))));
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Outcomes { folder: folder.to_path_buf(), files, left_out: found.left_out })
}

fn check_names(inputs: &[PathBuf], targets: &[Output]) -> anyhow::Result<()> {
    let mut names = HashSet::new();
    for (input, target) in inputs.iter().zip(targets) {
        let name = files::name(&target.path);
        anyhow::ensure!(names.insert(&target.path), "{}: another file has its output, {name}", files::name(input));
    }
    for (input, target) in inputs.iter().zip(targets) {
        let above = target.path.ancestors().skip(1).find(|above| names.contains(&above.to_path_buf()));
        if let Some(above) = above {
            anyhow::bail!("{}: its output would lie in {}, another's", files::name(input), files::name(above));
        }
    }
    let identity = |path: &Path| path.canonicalize().ok();
    let inputs: HashSet<PathBuf> = inputs.iter().filter_map(|path| identity(path)).collect();
    let taken = targets.iter().find(|target| identity(&target.path).is_some_and(|path| inputs.contains(&path)));
    taken.map_or(Ok(()), |target| {
        Err(anyhow::anyhow!("{}: the output is one of the inputs: give another folder", files::name(&target.path)))
    })
}

/// Makes the folders that outputs go to, for their owner alone; gives each that was not there with the permissions that it gets
/// when it is filled: those of the folder that it mirrors.
fn make_folders(folder: &Path, output: &Output, inputs: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, Permissions)>> {
    let mut inside: Vec<&Path> = inputs
        .iter()
        .filter_map(|path| path.strip_prefix(folder).ok())
        .flat_map(|path| path.ancestors().skip(1))
        .collect();
    inside.sort();
    inside.dedup();
    let mut made = Vec::new();
    for inside in inside {
        // What is joined with nothing would end in a slash.
        let target: PathBuf = output.path.components().chain(inside.components()).collect();
        if !target.exists() {
            let above = target.parent().filter(|above| !above.as_os_str().is_empty());
            above.map_or(Ok(()), fs::create_dir_all)?;
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&target).with_context(|| format!("{}: cannot make the folder", files::name(&target)))?;
            made.push((target, fs::metadata(folder.join(inside))?.permissions()));
        }
    }
    Ok(made)
}

fn sweep(targets: &[Output]) {
    let mut folders = HashSet::new();
    targets.iter().filter(|target| folders.insert(target.path.parent())).for_each(Output::sweep);
}

impl<T> Outcomes<T> {
    /// A table of all files: `cells` of those that are done, with what became of each in the last column.
    pub fn table(&self, headings: &[&str], done: &str, cells: impl Fn(&T) -> Vec<String>, sum: Vec<String>) -> String {
        let mut rows = vec![headings.iter().map(|&heading| heading.to_owned()).collect::<Vec<_>>()];
        let columns = headings.len();
        let row = |path: &Path, mut cells: Vec<String>, outcome: &str| {
            cells.insert(0, files::shown(path.strip_prefix(&self.folder).unwrap_or(path)));
            cells.resize(columns - 1, "–".into());
            cells.push(outcome.into());
            cells
        };
        for (path, outcome) in &self.files {
            rows.push(match outcome {
                Ok(one) => row(path, cells(one), done),
                Err(_) => row(path, Vec::new(), "failed"),
            });
        }
        for (path, reason) in &self.left_out {
            rows.push(row(path, Vec::new(), &format!("left out: {reason}")));
        }
        rows.push([vec!["all".to_owned()], sum].concat());
        files::table(&rows)
    }

    /// The same as JSON: `done` of those that are done; of the others under `name` which it is, and why it is not done.
    pub fn json(&self, name: &str, done: impl Fn(&Path, &T) -> Value) -> Vec<Value> {
        let files = self.files.iter().map(|(path, outcome)| match outcome {
            Ok(one) => done(path, one),
            Err(error) => json!({name: files::name(path), "error": advice::told(error)}),
        });
        let left_out = self.left_out.iter().map(|(path, reason)| json!({name: files::name(path), "left_out": reason}));
        files.chain(left_out).collect()
    }

    /// All that is done.
    pub fn done(&self) -> impl Iterator<Item = &T> {
        self.files.iter().filter_map(|(_, outcome)| outcome.as_ref().ok())
    }

    /// Says why what failed did; an error where anything did.
    pub fn end(self) -> anyhow::Result<()> {
        let all = self.files.len();
        let failures = self.files.into_iter().filter_map(|(path, outcome)| Some((path, outcome.err()?)));
        end(failures.collect(), all)
    }
}

/// Says why files failed; an error where any did.
pub fn end(failures: Failures, all: usize) -> anyhow::Result<()> {
    let failed = failures.len();
    for (path, error) in failures {
        let (name, reason) = (files::name(&path), advice::told(&error));
        let reason = if reason.contains(&name) { reason } else { format!("{name}: {reason}") };
        print::note(format_args!("failed: {}", tenfold::internals::report::printable_lines(&reason)));
    }
    anyhow::ensure!(failed == 0, "{failed} of {all} files failed");
    Ok(())
}
