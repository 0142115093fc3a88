//! `tenfold matrices`: an article's groups as 10×10 digits.

use super::files::{self, Output};
use super::groups::Lengths;
use super::{print, progress};
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tenfold::article::Group;
use tenfold::article::{ArticleMatrices, MatrixOptions, read_vectors};
use tenfold::internals::engine::{Device, EngineKind};
use tenfold::internals::fit::matrices::MatrixSettings;
use tenfold::internals::lab::codes::{Method, matrices};
use tenfold::internals::latent::DigitMatrix;
use tenfold::internals::latent::digits::{adaptive_bits, digit_entropy};
use tenfold::internals::report::{
    MatrixPanel, Style, draw_matrix, matrices_csv, matrices_npy, matrices_picture, printable,
};

/// Show an article's information groups as 10×10 matrices of digits, in ARC's colours
#[derive(Args)]
#[command(after_help = "Example: tenfold matrices article.md --png matrices.png")]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command")]
pub struct Arguments {
    /// A text, Markdown or HTML file, or a .tenfold file with matrices; `-` for standard input
    article: PathBuf,
    #[command(flatten)]
    lengths: Lengths,
    /// How the digits are made
    #[arg(long, value_enum, default_value_t)]
    method: Method,
    /// Take digits from vectors of your own, one a group: a NumPy array, (group, dimension)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["method", "merge", "gist"])]
    embeddings: Option<PathBuf>,
    /// One matrix for the whole article, merged from its groups' latents
    #[arg(long)]
    merge: bool,
    /// Print what the digits say too: words that the decoder reads from them, without the text
    #[arg(long, conflicts_with = "merge")]
    gist: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Write the digits as a NumPy array, (group, row, column); `-` for standard output, in place of all else
    #[arg(long, value_name = "FILE", value_parser = files::output_path())]
    npy: Option<PathBuf>,
    /// Write a picture of all matrices; `-` for standard output, in place of all else
    #[arg(long, value_name = "FILE", value_parser = files::output_path())]
    png: Option<PathBuf>,
    /// Replace files that are already there
    #[arg(long)]
    force: bool,
    /// The budget of a group's digits in bits [default: none; digits are uniform]
    #[arg(long, value_name = "N", value_parser = super::compress::parse_bits, conflicts_with = "method")]
    matrix_bits: Option<f32>,
    #[command(flatten)]
    fit: Fit,
    /// Seed of start, noise and dither
    #[arg(long)]
    seed: Option<u64>,
}

/// How matrices are fitted, and what runs the fit.
#[derive(Args)]
pub struct Fit {
    /// Settings of the fit, as TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What runs: Rust on the processor, or libtorch [default: fused]
    #[arg(long, value_enum)]
    engine: Option<EngineKind>,
    /// Where to run
    #[arg(long, value_enum)]
    device: Option<Device>,
}

impl Fit {
    /// The defaults, over them the file's, over these the flags'.
    pub fn settings(&self) -> anyhow::Result<MatrixSettings> {
        let mut settings = read_settings(self.config.as_deref())?;
        settings.engine = self.engine.unwrap_or(settings.engine);
        settings.device = self.device.unwrap_or(settings.device);
        Ok(settings)
    }
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut settings = arguments.fit.settings()?;
    settings.seed = arguments.seed.unwrap_or(settings.seed);
    settings.bits = arguments.matrix_bits.unwrap_or(settings.bits);
    let output = |path: &PathBuf| Output { path: path.clone(), force: arguments.force };
    let [npy, png] = [&arguments.npy, &arguments.png].map(|path| path.as_ref().map(output));
    for output in npy.iter().chain(&png) {
        output.check(&arguments.article)?;
    }
    let streams = npy.iter().chain(&png).filter(|output| output.is_stream()).count();
    anyhow::ensure!(streams < 2, "--npy and --png cannot both go to standard output: name a file for one");
    let content = files::read(&arguments.article)?;
    let options = MatrixOptions {
        name: Some(arguments.article.clone()),
        groups: arguments.lengths.settings(),
        vectors: arguments.embeddings.as_deref().map(read_vectors).transpose()?,
        merge: arguments.merge,
        gist: arguments.gist,
        fit: settings,
    };
    let bar = progress::bar(options.fit.steps, "fitting", "");
    let made = matrices(&content, arguments.method, &options, |step| {
        bar.set_position(step as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let ArticleMatrices { keywords, groups, matrices, says, titles } =
        made.with_context(|| files::name(&arguments.article))?;
    let panel = |(group, &matrix): (_, &DigitMatrix)| {
        let group: &Group = group;
        MatrixPanel { title: &group.title, keywords: &group.keywords, matrix }
    };
    let panels: Vec<MatrixPanel> = groups.iter().zip(&matrices).map(panel).collect();
    if let Some(output) = npy {
        output.write(&matrices_npy(&matrices), None)?;
    }
    if let Some(output) = png {
        output.write(&matrices_picture(&matrices)?, None)?;
    }
    if streams > 0 {
        return Ok(());
    }
    if arguments.json {
        let groups: Vec<Value> = groups
            .iter()
            .zip(&matrices)
            .enumerate()
            .map(|(index, (group, matrix))| as_json(group, matrix, says.get(index), titles.get(index)))
            .collect();
        let method = if arguments.embeddings.is_some() { json!("embeddings") } else { json!(arguments.method) };
        let seed = options.fit.seed;
        return print::json(&json!({"method": method, "seed": seed, "keywords": keywords, "groups": groups}));
    }
    let text = if arguments.csv {
        matrices_csv(&panels)
    } else {
        let style = Style::for_stdout();
        let drawn = panels.iter().enumerate().map(|(index, panel)| {
            let line = |name: &str, all: &[Vec<String>]| {
                let words = all.get(index).filter(|words| !words.is_empty());
                words.map_or(String::new(), |words| format!("  {name}: {}\n", printable(&words.join(", "))))
            };
            draw_matrix(index + 1, panel, style) + &line("titled", &titles) + &line("says", &says) + "\n"
        });
        drawn.collect::<String>()
            + &format!(
                "{} matrices; entropy {:.2} of 3.32 bits a digit; {:.0} bits a group under a prior per cell\n",
                matrices.len(),
                digit_entropy(&matrices),
                adaptive_bits(&matrices)
            )
    };
    print::out(text)
}

fn as_json(group: &Group, matrix: &DigitMatrix, says: Option<&Vec<String>>, title: Option<&Vec<String>>) -> Value {
    let mut value = json!({"title": group.title, "text": group.text, "keywords": group.keywords, "matrix": matrix});
    if let Some(words) = says {
        value["says"] = json!(words);
    }
    if let Some(words) = title {
        value["titled"] = json!(words);
    }
    value
}

/// Settings of a fit: the defaults, and over them a file's.
fn read_settings(file: Option<&Path>) -> anyhow::Result<MatrixSettings> {
    let Some(path) = file else { return Ok(MatrixSettings::default()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let settings: MatrixSettings = toml::from_str(&text).with_context(|| path.display().to_string())?;
    settings.check().with_context(|| path.display().to_string())?;
    Ok(settings)
}
