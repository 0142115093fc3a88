//! How far apart digits are: of edited groups from their originals, of groups of one article, and of two.

use super::charts::{FAINT, LABEL_END, LINES, TEXT_SIZE, TITLE_SIZE, draw_legend};
use super::{Area, Chart, Drawn};
use crate::lab::experiment::{DISTANCE_STEP, Distances};
use plotters::prelude::*;

/// Shares of pairs over the sum of differences.
pub(super) struct Apart<'a>(pub &'a Distances);

impl Chart for Apart<'_> {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let lines = self.0.named();
        let width = lines.iter().map(|(_, shares)| shares.len()).max().unwrap_or(1).max(1);
        let most = lines.iter().flat_map(|(_, shares)| shares.iter()).fold(0.01, |most: f64, &share| most.max(share));
        let mut chart = ChartBuilder::on(area)
            .caption("How far apart digits are", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(120)
            .build_cartesian_2d(0.0..(width * DISTANCE_STEP) as f64, 0.0..most * 1.05)?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("sum of the differences of digits")
            .x_label_formatter(&|distance| format!("{distance:.0}"))
            .y_desc("share of pairs")
            .y_label_formatter(&|share| format!("{share:.2}"))
            .draw()?;
        for ((name, shares), colour) in lines.into_iter().zip(LINES) {
            let middle = |bin: usize| (bin as f64 + 0.5) * DISTANCE_STEP as f64;
            let points = shares.iter().enumerate().map(|(bin, &share)| (middle(bin), share));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(3)));
        }
        draw_legend(&mut chart, SeriesLabelPosition::UpperRight)
    }
}
