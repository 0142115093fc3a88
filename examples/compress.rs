//! Compresses a file of any kind, opens the result and says where its bits went: `cargo run --release --example compress -- README.md`.

use std::error::Error;
use std::ops::ControlFlow;
use tenfold::article::{self, ArticleOptions, ArticleProgress, ArticleSummary};
use tenfold::{File, Summary};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or("README.md".into());
    let content = std::fs::read(&path)?;

    // The ending of the name says that it is Markdown. Fewer steps than the default of 200, to be done sooner.
    let mut options = ArticleOptions { name: Some(path.clone().into()), ..ArticleOptions::default() };
    options.matrices.fit.steps = 100;
    let file = article::compress(&content, &options, &|progress| {
        if let ArticleProgress::Fitting { step, steps } = progress
            && step % 25 == 0
        {
            eprintln!("matrices: step {step} of {steps}");
        }
        ControlFlow::Continue(())
    })?;
    println!("{path}: {} bytes, now {}", content.len(), file.len());

    // `open` takes files of either kind.
    let opened = tenfold::open(&file)?;
    assert_eq!(opened.decompress()?, content);
    match opened.inspect()? {
        Summary::Article(ArticleSummary { ledger, .. }) => {
            for entry in ledger.entries() {
                println!("{:>10} bits: {}", entry.bits, entry.name);
            }
        }
        Summary::Puzzle(_) => assert!(matches!(opened, File::Puzzle(_))),
    }
    Ok(())
}
