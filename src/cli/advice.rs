//! An error in words, with the flags that help. The library says what is wrong and names no flag, for it knows of none.

use std::error::Error;
use tenfold::internals::config::ConfigError;
use tenfold::internals::data::{DataError, TaskError};
use tenfold::internals::engine::EngineError;
use tenfold::internals::lab::codes::MethodError;
use tenfold::internals::pipeline::SolveError;
use tenfold::internals::pipeline::article::ArticleError;
use tenfold::internals::pipeline::matrices::MatricesError;
use tenfold::internals::report::{PictureError, RunError, WriteError};
use tenfold::library::{ExportError, LibraryError};

/// An error with its causes, and what to do about it.
pub fn told(error: &anyhow::Error) -> String {
    let advice = error.chain().find_map(advice).unwrap_or_default();
    format!("{error:#}{advice}")
}

/// The same of an error in loading puzzles.
pub fn told_of_data(error: &DataError) -> String {
    format!("{error}{}", advice(error).unwrap_or_default())
}

/// What to add to an error's own words.
fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let data = |error: &DataError| match error {
        DataError::Task { fault, .. } if matches!(**fault, TaskError::UnsortedPairs { .. }) => {
            Some("; draw a puzzle from them by --pairs TRAIN,TEST, such as --pairs 3,1")
        }
        _ => None,
    };
    let engine = |error: &EngineError| match error {
        EngineError::NotBuilt => Some(
            "; build it with `make torch`, or `cargo build --release --features torch` and LIBTORCH set, or use --engine fused",
        ),
        EngineError::NoCuda { .. } => Some("; use --device cpu, or --device auto to take CUDA only where it works"),
        EngineError::NoBatches(_) => Some("; leave out --batch, or use --engine torch"),
        EngineError::OutOfMemory { .. } => Some("; ask for fewer seeds, or a smaller --batch"),
        EngineError::Unlike | EngineError::Library { .. } => None,
    };
    let run = |error: &RunError| match error {
        RunError::Exists(_) => Some(": go on with it by --resume, or name another folder by --output"),
        RunError::InUse { .. } => Some(", or name another folder by --output"),
        RunError::OtherSettings { .. } => Some(", or another folder by --output"),
        _ => None,
    };
    let solve = |error: &SolveError| match error {
        SolveError::NoEngine(error) => engine(error),
        SolveError::Run(error) => run(error),
        _ => None,
    };
    let write = |error: &WriteError| match error {
        WriteError::Exists { .. } => Some(", or --force to replace it"),
        _ => None,
    };
    let library = |error: &LibraryError| match error {
        LibraryError::Missing { .. } => Some(", or make a library with `tenfold library add`"),
        LibraryError::Empty { .. } => Some(" with `tenfold library add`"),
        _ => None,
    };
    let matrices = |error: &MatricesError| match error {
        MatricesError::NoMatrices => Some(": compress with --matrix digits or gist"),
        MatricesError::NoWords => Some(": compress with --matrix gist"),
        MatricesError::AsTheyAre => Some("; --embeddings, --merge and --method need it"),
        MatricesError::Vectors { .. } => Some(", as `tenfold groups` shows them"),
        MatricesError::Engine(error) => engine(error),
        _ => None,
    };
    let method = |error: &MethodError| match error {
        MethodError::Matrices(error) => matrices(error),
        MethodError::NoDecoder => Some("; leave out --merge and --gist, or take --method ours or vae"),
    };
    None.or_else(|| error.downcast_ref().and_then(data))
        .or_else(|| error.downcast_ref().and_then(engine))
        .or_else(|| error.downcast_ref().and_then(solve))
        .or_else(|| error.downcast_ref().and_then(write))
        .or_else(|| error.downcast_ref().and_then(library))
        .or_else(|| match error.downcast_ref()? {
            ExportError::Write(error) => write(error),
            ExportError::Library(error) => library(error),
            ExportError::Parquet { .. } => None,
        })
        .or_else(|| error.downcast_ref().and_then(method))
        .or_else(|| match error.downcast_ref() {
            Some(PictureError::TooLarge { .. }) => Some("; leave --png out"),
            _ => None,
        })
        .or_else(|| match error.downcast_ref() {
            Some(ArticleError::Threads { .. }) => Some("; use fewer with --threads"),
            _ => None,
        })
}

/// Names a setting that a flag gave, and no file, by the flag.
pub fn by_flag(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Impossible { setting, expected } if !setting.contains(" = ") => {
            ConfigError::Impossible { setting: format!("--{}", setting.replace('_', "-")), expected }
        }
        other => other,
    }
}
