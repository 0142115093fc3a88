//! The bar that long work shows on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar of so many steps; `before` and `after` stand around it, and may name `{msg}` and `{prefix}`.
pub fn bar(steps: usize, before: &str, after: &str) -> ProgressBar {
    let template = format!("{before} [{{bar:30}}] step {{pos}}/{{len}}, {after}{{eta}} left");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps as u64).with_style(style.progress_chars("=> "))
}

/// A bar of so many fits; its message says more.
pub fn fits_bar(fits: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} fits, {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(fits as u64).with_style(style.progress_chars("=> "))
}

/// A bar of so many bytes that are worked through.
pub fn bytes_bar(bytes: u64, what: &str) -> ProgressBar {
    let template = format!("{what} [{{bar:30}}] {{percent}}%, {{eta}} left");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style.progress_chars("=> "))
}

/// The bar of one file: hidden where it is one of a folder's, which has a bar of its own.
pub fn of_file(bar: ProgressBar, in_folder: bool) -> ProgressBar {
    if in_folder {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}
