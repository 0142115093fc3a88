//! `tenfold report`: runs, or an article's matrices, as a page for a browser.

use super::{files, print, progress, stop};
use anyhow::Context;
use clap::Args;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tenfold::internals::lab::page::{PagedGroup, matrices_page, runs_page};
use tenfold::internals::pipeline::library::Library;
use tenfold::internals::pipeline::matrices::{MatricesError, MatrixOptions, matrices};
use tenfold::internals::report::{printable, write_atomically};

/// Make a page for a browser: what runs came to, every puzzle with its attempts, and how variants and runs compare; or an article's
/// or a library's matrices
#[derive(Args)]
#[command(after_help = "Example: tenfold report results/two-variants -o two-variants.html")]
pub struct Arguments {
    /// Folders that `solve`, `run` or `merge` left; or an article, its .tenfold file, or a library
    #[arg(required = true, value_name = "RUN|ARTICLE|LIBRARY")]
    inputs: Vec<PathBuf>,
    /// Where the page goes; a page that is there is replaced
    #[arg(short, long, value_name = "FILE.html", default_value = "report.html")]
    output: PathBuf,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folders = arguments.inputs.iter().filter(|input| input.is_dir()).count();
    let page = match arguments.inputs.as_slice() {
        inputs if folders == inputs.len() => runs_page(inputs)?,
        [file] => matrices_of(file)?,
        _ => anyhow::bail!("either folders of runs, or one article or library, make a page"),
    };
    write_atomically(&arguments.output, page.as_bytes())?;
    let shown = arguments.output.to_string_lossy();
    print::line(format_args!("{} ({:.1} MB)", printable(&shown), page.len() as f64 / 1e6))
}

fn matrices_of(file: &Path) -> anyhow::Result<String> {
    let title = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let mut start = Vec::new();
    let opened = std::fs::File::open(file).and_then(|file| file.take(100).read_to_end(&mut start));
    opened.with_context(|| format!("{} cannot be read", file.display()))?;
    if Library::is_library(&start) {
        let groups = Library::open(file)?.groups_after(0, usize::MAX)?.into_iter().map(|group| PagedGroup {
            article: Some(group.name),
            title: group.title,
            text: group.text,
            keywords: Vec::new(),
            says: Vec::new(),
            matrix: group.matrix,
        });
        return Ok(matrices_page(&title, &groups.collect::<Vec<_>>()));
    }
    let content = files::read(file)?;
    let fit = |gist: bool| {
        let options = MatrixOptions { name: Some(file.to_owned()), gist, ..MatrixOptions::default() };
        let bar = progress::bar(options.fit.steps, "fitting", "");
        stop::polls();
        let made = matrices(&content, &options, |step| {
            bar.set_position(step as u64);
            if stop::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        bar.finish_and_clear();
        made
    };
    // A file may have digits and no words for them.
    let made = match fit(true) {
        Err(MatricesError::NoWords) => fit(false),
        made => made,
    };
    if stop::requested() {
        return Err(stop::stopped("no page was written").into());
    }
    let made = made.with_context(|| files::name(file))?;
    let says = made.says.into_iter().map(Some).chain(std::iter::repeat(None));
    let groups = made.groups.into_iter().zip(made.matrices).zip(says).map(|((group, matrix), says)| PagedGroup {
        article: None,
        title: group.title,
        text: group.text,
        keywords: group.keywords,
        says: says.unwrap_or_default(),
        matrix,
    });
    Ok(matrices_page(&title, &groups.collect::<Vec<_>>()))
}
