//! Keeps the documents of this repository in a library, and asks it for the groups nearest to a text:
//! `cargo run --release --example library -- "bits of a group"`.

use std::error::Error;
use std::ops::ControlFlow;
use tenfold::article::{GroupSettings, groups};
use tenfold::library::{Library, LibrarySettings, NewArticle, Progress};

fn main() -> Result<(), Box<dyn Error>> {
    let asked = std::env::args().nth(1).unwrap_or("how a puzzle is compressed".into());
    let folder = tempfile::tempdir()?;
    let mut library = Library::open_or_create(&folder.path().join("documents"))?;

    let mut articles = Vec::new();
    for path in ["README.md", "CONTRIBUTING.md", "arc_tasks/README.md"] {
        let article = groups(&std::fs::read(path)?, Some(path.as_ref()), GroupSettings::default())?;
        articles.push(NewArticle::new(path.into(), article));
    }
    let settings = LibrarySettings::default();
    library.add(&articles, &settings, &mut |progress| {
        if let Progress::Article(outcome) = progress {
            println!("{outcome:?}");
        }
        ControlFlow::Continue(())
    })?;

    for answer in library.query(&[asked.as_str()], 3)? {
        for hit in &answer.by_digits {
            println!("{:>4} digits apart, {}: {}", hit.digit_distance, hit.article, hit.text.replace('\n', " "));
        }
    }
    Ok(())
}
