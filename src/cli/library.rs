//! `tenfold library`: the matrices of many articles in one file, and the groups of them that are nearest to a text.

use super::groups::{Lengths, read_article};
use super::{files, folders, print};
use clap::{Args, Subcommand};
use rayon::prelude::*;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tenfold::article::groups;
use tenfold::internals::report::{printable, printable_json};
use tenfold::library::{
    self, Answer, Contents, Duplicates, Hit, Library, LibrarySettings, NewArticle, Outcome, Progress,
};

/// Keep the matrices of many articles in one file, and find the groups nearest to a text
#[derive(Args)]
#[command(after_help = "Example: tenfold library query notes.library \"some words\"")]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Add(Add),
    Query(Query),
    List(List),
    Dedupe(Dedupe),
    Export(Export),
}

/// Add articles; each is on the disk when its line is printed
#[derive(Args)]
#[command(after_help = "Example: tenfold library add notes.library article.md folder")]
struct Add {
    /// The library; made where there is none
    library: PathBuf,
    /// Articles, folders of them, or `-` for standard input
    #[arg(required = true)]
    articles: Vec<PathBuf>,
    #[command(flatten)]
    lengths: Lengths,
    /// Fit a new decoder when the share of unknown words has risen by so much; 1 for never
    #[arg(long, value_name = "SHARE", default_value_t = LibrarySettings::default().drift, value_parser = parse_share)]
    drift: f64,
    /// Print a line of JSON an article
    #[arg(long)]
    json: bool,
}

/// Show the groups nearest to a text, or to each group of a file
#[derive(Args)]
#[command(after_help = "Example: tenfold library query notes.library \"some words\"")]
struct Query {
    /// The library
    library: PathBuf,
    /// The text
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    text: Option<String>,
    /// A file whose groups are looked for, `-` for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    lengths: Lengths,
    /// How many groups to show
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    most: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show frames, clusters and articles, after a check of the file
#[derive(Args)]
#[command(after_help = "Example: tenfold library list notes.library")]
struct List {
    /// The library
    library: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Show groups that have the text of earlier ones, white space and case aside, and articles of which nothing else is left
#[derive(Args)]
#[command(after_help = "Example: tenfold library dedupe notes.library --probability 0.99")]
struct Dedupe {
    /// The library
    library: PathBuf,
    /// Also groups that are edits of an earlier one with this probability by their digits, if they share three of five runs of three words, half of the words known to the library
    #[arg(long, value_name = "P", value_parser = parse_share)]
    probability: Option<f64>,
    /// Remove them
    #[arg(long)]
    remove: bool,
    /// Remove nothing, as without --remove
    #[arg(long, conflicts_with = "remove")]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Write all groups to a file for other programs: Parquet, or a NumPy array of digits or of codes
#[derive(Args)]
#[command(after_help = "Example: tenfold library export notes.library notes.parquet")]
struct Export {
    /// The library
    library: PathBuf,
    /// NAME.parquet: all columns; NAME.npy: the digits, (group, row, column), in the same order
    output: PathBuf,
    /// To NAME.npy: 900 bits a group in 113 bytes, whose Hamming distance is the distance of digits
    #[arg(long)]
    bits: bool,
    /// Replace a file that is already there
    #[arg(long)]
    force: bool,
}

/// Articles that are read at a time; the first of them make the decoder.
const READ_TOGETHER: usize = 64;

/// Characters of a group that a line shows.
const SHOWN_CHARACTERS: usize = 80;

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.verb {
        Verb::Add(arguments) => add(arguments),
        Verb::Query(arguments) => query(arguments),
        Verb::List(arguments) => list(arguments),
        Verb::Dedupe(arguments) => dedupe(arguments),
        Verb::Export(arguments) => export(arguments),
    }
}

fn add(arguments: &Add) -> anyhow::Result<()> {
    let (mut paths, mut failures) = folders::all_articles(&arguments.articles)?;
    let all = paths.len() + failures.len();
    // Before the library is opened, which makes files beside it.
    paths.retain(|path| {
        let own = !files::is_stream(path) && Library::is_part_of(&arguments.library, path);
        if own {
            failures.push((path.clone(), anyhow::anyhow!("{} is the library itself: leave it out", files::name(path))));
        }
        !own
    });
    let settings = LibrarySettings { drift: arguments.drift, ..LibrarySettings::default() };
    let mut library = Library::open_or_create(&arguments.library)?;
    let mut report = Report::new(arguments.json);
    let mut watch = |progress: Progress| {
        report.hear(&progress);
        ControlFlow::Continue(())
    };
    for some in paths.chunks(READ_TOGETHER) {
        let read = |path: &PathBuf| {
            let bytes = files::read(path)?;
            anyhow::ensure!(
                !Library::is_library(&bytes),
                "{} is a library of tenfold: give the articles that it was made from",
                files::name(path)
            );
            let article = groups(&bytes, Some(path), arguments.lengths.settings())?;
            anyhow::Ok(NewArticle::new(files::name(path), article))
        };
        let mut articles = Vec::new();
        for (path, article) in some.iter().zip(some.par_iter().map(read).collect::<Vec<_>>()) {
            match article {
                Ok(article) => articles.push(article),
                Err(error) => failures.push((path.clone(), error)),
            }
        }
        library.add(&articles, &settings, &mut watch)?;
        library.refit_if_drifted(&settings, &mut watch)?;
    }
    report.end()?;
    folders::end(failures, all)
}

/// Says what becomes of articles.
struct Report {
    json: bool,
    added: usize,
    groups: usize,
    failure: Option<anyhow::Error>,
}

impl Report {
    fn new(json: bool) -> Self {
        Self { json, added: 0, groups: 0, failure: None }
    }

    fn hear(&mut self, progress: &Progress) {
        match progress {
            Progress::Article(outcome) => {
                if let Outcome::Added(added) = outcome {
                    self.added += 1;
                    self.groups += added.groups;
                }
                let line = if self.json { json_line(outcome) } else { Ok(line_of(outcome)) };
                // A line is a promise that the article stays: it must not wait in a buffer.
                let printed = line.and_then(print::line);
                self.failure = self.failure.take().or(printed.err());
            }
            Progress::Refitted { version, groups, drift } => {
                print::note(format_args!(
                    "frame {version}: the drift was {drift:.2}; {groups} matrices rewritten, the old ones kept"
                ));
            }
        }
    }

    fn end(self) -> anyhow::Result<()> {
        print::note(format_args!("{} articles added, {} groups", self.added, self.groups));
        self.failure.map_or(Ok(()), Err)
    }
}

fn json_line(outcome: &Outcome) -> anyhow::Result<String> {
    Ok(printable_json(&serde_json::to_string(outcome)?).into_owned())
}

fn line_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Added(added) => {
            let cluster = if added.opened { "opens cluster" } else { "cluster" };
            let tenfold::library::Added { name, article, groups, cluster: number, .. } = added;
            format!("{}: article {article}, {groups} groups, {cluster} {number}", printable(name))
        }
        Outcome::Known { name, article } => format!("{}: known as article {article}", printable(name)),
        Outcome::Blank { name } => format!("{}: nothing in it", printable(name)),
    }
}

fn query(arguments: &Query) -> anyhow::Result<()> {
    let mut library = Library::open(&arguments.library)?;
    let texts: Vec<String> = match (&arguments.file, &arguments.text) {
        (Some(path), _) => {
            let article = read_article(path, arguments.lengths)?;
            article.groups.into_iter().map(|group| group.text).collect()
        }
        (None, text) => text.iter().cloned().collect(),
    };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let answers = library.query(&texts, usize::from(arguments.most))?;
    show(arguments.json, &answers, |answers| answers.iter().map(answer_text).collect())
}

fn answer_text(answer: &Answer) -> String {
    if answer.by_digits.is_empty() {
        return format!("{}\n  no word of it is known\n\n", shown(&answer.text));
    }
    let row = |hit: &Hit, distance: u32| {
        let percent = 100.0 * hit.probability;
        let Hit { group, article, text, .. } = hit;
        format!("{distance:>6}  {percent:>5.1}%  group {group} of {}: {}\n", printable(article), shown(text))
    };
    let by_digits: String = answer.by_digits.iter().map(|hit| row(hit, hit.digit_distance)).collect();
    let by_hamming: String = answer.by_hamming.iter().map(|hit| row(hit, hit.hamming_distance)).collect();
    format!(
        "{}\n  by digits, and how probable it is that both are edits of one text\n{by_digits}  by cells that differ\n{by_hamming}\n",
        shown(&answer.text)
    )
}

/// The beginning of a text, on one line, fit for a terminal.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(SHOWN_CHARACTERS).collect();
    let whole = characters.next().is_none();
    printable(&start).into_owned() + if whole { "" } else { "…" }
}

fn list(arguments: &List) -> anyhow::Result<()> {
    let contents = Library::open(&arguments.library)?.contents()?;
    show(arguments.json, &contents, contents_text)
}

fn contents_text(contents: &Contents) -> String {
    let rows = |headings: &[&str], rows: Vec<Vec<String>>| {
        let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
        files::table(&[vec![headings], rows].concat()) + "\n"
    };
    let articles = contents.articles.iter().map(|article| {
        let strange = format!("{:.2}", article.strange_share);
        let numbers = [article.article.to_string(), article.cluster.to_string(), article.groups.to_string(), strange];
        [vec![printable(&article.name).into_owned()], numbers.to_vec()].concat()
    });
    let clusters = contents.clusters.iter().map(|cluster| {
        vec![printable(&cluster.first).into_owned(), cluster.cluster.to_string(), cluster.articles.to_string()]
    });
    let frames = contents.frames.iter().map(|frame| {
        let (strange, version) = (format!("{:.2}", frame.strange_share), frame.version.to_string());
        vec![version, frame.groups_then.to_string(), strange, frame.matrices.to_string()]
    });
    rows(&["article", "number", "cluster", "groups", "unknown words"], articles.collect())
        + &rows(&["cluster of", "number", "articles"], clusters.collect())
        + &rows(&["frame", "groups when fitted", "unknown words then", "matrices"], frames.collect())
        + &format!(
            "{} articles, {} groups, {} clusters; drift {:.2}; the file is sound\n",
            contents.articles.len(),
            contents.groups,
            contents.clusters.len(),
            contents.drift
        )
}

fn dedupe(arguments: &Dedupe) -> anyhow::Result<()> {
    let duplicates = Library::open(&arguments.library)?.dedupe(arguments.probability, arguments.remove)?;
    show(arguments.json, &duplicates, duplicates_text)
}

fn duplicates_text(duplicates: &Duplicates) -> String {
    let groups = duplicates.groups.iter().map(|one| {
        let compared = if one.same_text {
            "the same text".to_owned()
        } else {
            let [runs, probability] = [one.overlap, one.probability].map(|share| 100.0 * share);
            format!(
                "{probability:.1}% probable, {runs:.0}% of the runs of three words the same, digits {} apart",
                one.digit_distance
            )
        };
        format!(
            "{compared}:\n  group {} of {}: {}\n  group {} of {}, which stays: {}\n",
            one.group,
            printable(&one.article),
            shown(&one.text),
            one.of_group,
            printable(&one.of_article),
            shown(&one.of_text)
        )
    });
    let articles = duplicates.articles.iter().map(|name| format!("nothing else in {}\n", printable(name)));
    let done = if duplicates.removed { "removed" } else { "found, none removed" };
    groups.chain(articles).collect::<String>() + &format!("{} groups {done}\n", duplicates.groups.len())
}

fn export(arguments: &Export) -> anyhow::Result<()> {
    let ending = arguments.output.extension().and_then(|ending| ending.to_str());
    let what = match (ending, arguments.bits) {
        (Some("parquet"), false) => library::Export::Parquet,
        (Some("npy"), false) => library::Export::Digits,
        (Some("npy"), true) => library::Export::Bits,
        (_, true) => anyhow::bail!("{}: codes alone go to a file NAME.npy", files::shown(&arguments.output)),
        _ => anyhow::bail!("{}: name a file NAME.parquet or NAME.npy", files::shown(&arguments.output)),
    };
    let groups = Library::open(&arguments.library)?.export(&arguments.output, what, arguments.force)?;
    print::line(format_args!("{groups} groups in {}", files::shown(&arguments.output)))
}

fn show<T: Serialize>(json: bool, value: &T, text: impl Fn(&T) -> String) -> anyhow::Result<()> {
    if json { print::json(value) } else { print::out(text(value)) }
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a number from 0 to 1 is needed".into()),
    }
}
