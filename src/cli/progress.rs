//! The bar that long work shows on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many steps; `before` and `after` stand around it, and may name `{msg}` and `{prefix}`.
pub fn bar(steps: usize, before: &str, after: &str) -> ProgressBar {
    let template = format!("{before} [{{bar:30}}] step {{pos}}/{{len}}, {after}{{eta}} left");
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps as u64).with_style(style.progress_chars("=> "))
}
