//! What outputs take one after the other, and right answers beside wrong ones.

use super::super::learning::{PuzzleCurve, SHOWN_OUTPUTS};
use super::charts::{
    FAINT, FEWEST_BITS, GROUPS, LABEL_END, SOLVED, TEXT_SIZE, TITLE_SIZE, UNSOLVED, bits_label, decades, draw_legend,
};
use super::{Area, Chart, Drawn};
use plotters::prelude::*;

/// Bits a cell of each train output: means over the puzzles that have so many, with their standard errors.
pub(super) struct Outputs {
    lines: Vec<Line>,
}

/// Name, colour, and by output its number, mean and error.
type Line = (String, RGBColor, Vec<(usize, f64, f64)>);

impl Outputs {
    pub(super) fn new(puzzles: &[PuzzleCurve]) -> Self {
        let mut lines = Vec::new();
        for (solved, name, colour) in GROUPS {
            let group: Vec<&PuzzleCurve> = puzzles.iter().filter(|puzzle| puzzle.solved == solved).collect();
            let point = |output: usize| {
                let rates: Vec<f64> = group
                    .iter()
                    .filter_map(|puzzle| puzzle.outputs.get(output))
                    .map(|cost| cost.bits / cost.cells as f64)
                    .collect();
                let count = rates.len() as f64;
                let mean = rates.iter().sum::<f64>() / count;
                let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
                (!rates.is_empty()).then(|| (output + 1, mean, (variance / count).sqrt()))
            };
            if !group.is_empty() {
                lines.push((
                    format!("{name}: {}", group.len()),
                    colour,
                    (0..SHOWN_OUTPUTS).filter_map(point).collect(),
                ));
            }
        }
        Self { lines }
    }
}

impl Chart for Outputs {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let points = || self.lines.iter().flat_map(|(.., points)| points);
        let most = points().map(|&(_, mean, error)| mean + error).fold(0.01, f64::max);
        let mut chart = ChartBuilder::on(area)
            .caption("Bits a cell of outputs, one after the other", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(120)
            .build_cartesian_2d(0.5..SHOWN_OUTPUTS as f64 + 0.5, 0.0..most * 1.05)?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("train output")
            .x_labels(SHOWN_OUTPUTS)
            .x_label_formatter(&|output| format!("{output:.0}"))
            .y_desc("bits a cell, mean and standard error")
            .draw()?;
        for (name, colour, points) in &self.lines {
            let (colour, at) = (*colour, |output: usize| output as f64);
            chart.draw_series(
                points.iter().map(|&(output, mean, _)| Circle::new((at(output), mean), 6, colour.filled())),
            )?;
            chart.draw_series(points.iter().map(|&(output, mean, error)| {
                PathElement::new([(at(output), mean - error), (at(output), mean + error)], colour.stroke_width(2))
            }))?;
            chart
                .draw_series(LineSeries::new(
                    points.iter().map(|&(output, mean, _)| (at(output), mean)),
                    colour.stroke_width(3),
                ))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(3)));
        }
        draw_legend(&mut chart, SeriesLabelPosition::UpperRight)
    }
}

/// The right answer of each test against the shortest other candidate.
pub(super) struct Answers {
    /// Right and wrong, in bits.
    points: Vec<(f64, f64)>,
}

impl Answers {
    pub(super) fn new(puzzles: &[PuzzleCurve]) -> Self {
        let least = |bits: &[f64]| bits.iter().copied().fold(f64::INFINITY, f64::min).max(FEWEST_BITS);
        let tests = puzzles.iter().flat_map(|puzzle| &puzzle.answers);
        Self { points: tests.map(|test| (test.right.max(FEWEST_BITS), least(&test.wrong))).collect() }
    }
}

impl Chart for Answers {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let range = decades(self.points.iter().flat_map(|&(right, wrong)| [right, wrong]));
        let mut chart = ChartBuilder::on(area)
            .caption("Right answers against the shortest other", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(120)
            .build_cartesian_2d(range.clone().log_scale(), range.clone().log_scale())?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("bits of the right answer")
            .y_desc("bits of the other")
            .x_label_formatter(&bits_label)
            .y_label_formatter(&bits_label)
            .draw()?;
        chart.draw_series(LineSeries::new(
            [(range.start, range.start), (range.end, range.end)],
            FAINT.stroke_width(2),
        ))?;
        let dots = |shorter: bool, colour: RGBColor| {
            let points = self.points.iter().filter(move |&&(right, wrong)| (right < wrong) == shorter);
            points.map(move |&point| Circle::new(point, 7, colour.mix(0.7).filled())).collect::<Vec<_>>()
        };
        for (shorter, name, colour) in [(true, "the right one is shorter", SOLVED), (false, "it is not", UNSOLVED)] {
            let dots = dots(shorter, colour);
            let label = format!("{name}: {}", dots.len());
            chart.draw_series(dots)?.label(label).legend(move |(x, y)| Circle::new((x + 10, y), 6, colour.filled()));
        }
        draw_legend(&mut chart, SeriesLabelPosition::UpperLeft)
    }
}
