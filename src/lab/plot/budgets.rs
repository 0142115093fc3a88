//! What a budget of bits a group buys, above, and costs, below.

use super::charts::{FAINT, LABEL_END, LINES, TEXT_SIZE, TITLE_SIZE, draw_legend};
use super::{Area, Chart, Drawn};
use crate::lab::experiment::{BudgetMeasures, EDITED_SHARES};
use plotters::prelude::*;

/// The part of the picture's height that recall takes.
const RECALL_SHARE: f64 = 0.56;

/// Labels across, at most.
const LABELS: usize = 5;

/// Recall and file size over the budget.
pub(super) struct Budgets<'a>(pub &'a [BudgetMeasures]);

impl Chart for Budgets<'_> {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let height = area.dim_in_pixel().1;
        let (above, below) = area.split_vertically((f64::from(height) * RECALL_SHARE) as u32);
        self.draw_recall(&above)?;
        self.draw_size(&below)
    }
}

impl Budgets<'_> {
    fn across(&self) -> std::ops::Range<f64> {
        let bits = || self.0.iter().map(|one| f64::from(one.budget_bits));
        bits().fold(f64::INFINITY, f64::min) * 0.9..bits().fold(1.0, f64::max) * 1.1
    }

    fn draw_recall<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let mut chart = ChartBuilder::on(area)
            .caption("Edited groups found by their digits, and files", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(36)
            .y_label_area_size(120)
            .build_cartesian_2d(self.across().log_scale(), 0.0..1.0)?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_labels(LABELS)
            .x_label_formatter(&|bits| format!("{bits:.0}"))
            .y_desc("recall at 1")
            .y_labels(6)
            .draw()?;
        for ((index, share), colour) in EDITED_SHARES.iter().enumerate().zip(LINES) {
            let points: Vec<(f64, f64)> =
                self.0.iter().map(|one| (f64::from(one.budget_bits), one.recall_by_digits[index])).collect();
            chart.draw_series(points.iter().map(|&point| Circle::new(point, 5, colour.filled())))?;
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(format!("{:.0}% of words edited", 100.0 * share))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(3)));
        }
        draw_legend(&mut chart, SeriesLabelPosition::LowerRight)
    }

    fn draw_size<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let kilobytes = |bytes: usize| bytes as f64 / 1000.0;
        let most = self.0.iter().map(|one| kilobytes(one.file_bytes)).fold(1.0, f64::max);
        let mut chart = ChartBuilder::on(area)
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(120)
            .build_cartesian_2d(self.across().log_scale(), 0.0..most * 1.05)?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("budget of digits, bits a group")
            .x_labels(LABELS)
            .x_label_formatter(&|bits| format!("{bits:.0}"))
            .y_labels(3)
            .y_label_formatter(&|kilobytes| format!("{kilobytes:.0}"))
            .y_desc("all files, kB")
            .draw()?;
        let points: Vec<(f64, f64)> =
            self.0.iter().map(|one| (f64::from(one.budget_bits), kilobytes(one.file_bytes))).collect();
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 5, BLACK.filled())))?;
        chart.draw_series(LineSeries::new(points, BLACK.stroke_width(2)))?;
        Ok(())
    }
}
