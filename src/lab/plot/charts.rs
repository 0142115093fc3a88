//! The charts themselves: what is drawn where.

use super::super::analyze::kl_over_steps;
use super::{Area, Chart, Course, Drawn, SIZE};
use crate::engine::tensor_names;
use crate::model::{Axes, Axis};
use crate::report::CurvePoint;
use plotters::coord::CoordTranslate;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Fewer bits are drawn as this many.
pub(super) const FEWEST_BITS: f64 = 0.1;
/// Tensors that are drawn in a colour of their own.
const NAMED: usize = 6;
pub(super) const TITLE_SIZE: u32 = 32;
pub(super) const TEXT_SIZE: u32 = 26;
/// Room for half a label at the end of an axis.
pub(super) const LABEL_END: u32 = 50;

pub(super) const SOLVED: RGBColor = RGBColor(0, 140, 90);
pub(super) const UNSOLVED: RGBColor = RGBColor(213, 70, 0);
const UNKNOWN: RGBColor = RGBColor(110, 110, 110);
pub(super) const FAINT: RGBColor = RGBColor(190, 190, 190);
/// Colours that people of any colour vision tell apart (Okabe and Ito 2008).
pub(super) const LINES: [RGBColor; NAMED] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// Groups of puzzles, in the order in which they are drawn.
pub(super) const GROUPS: [(Option<bool>, &str, RGBColor); 3] =
    [(None, "unknown", UNKNOWN), (Some(false), "unsolved", UNSOLVED), (Some(true), "solved", SOLVED)];

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what the plotting library calls")]
pub(super) fn bits_label(bits: &f64) -> String {
    if *bits < 1.0 { format!("{bits:.1}") } else { format!("{bits:.0}") }
}

/// What lines and dots stand for, in a corner.
pub(super) fn draw_legend<'a, B: DrawingBackend + 'a, C: CoordTranslate>(
    chart: &mut ChartContext<'a, B, C>,
    corner: SeriesLabelPosition,
) -> Drawn<B> {
    chart
        .configure_series_labels()
        .position(corner)
        .label_font(("sans-serif", TEXT_SIZE))
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .draw()
}

/// The powers of ten round some numbers of bits.
pub(super) fn decades(bits: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (least, most) = bits
        .map(|bits| bits.max(FEWEST_BITS))
        .fold((f64::INFINITY, FEWEST_BITS), |(least, most), bits| (least.min(bits), most.max(bits)));
    let least = least.min(most);
    10f64.powf(least.log10().floor())..10f64.powf((most * 1.01).log10().ceil())
}

fn finals<'a>(courses: &'a [Course<'a>], solved: Option<bool>) -> impl Iterator<Item = &'a Course<'a>> {
    courses.iter().filter(move |course| course.solved == solved && !course.points.is_empty())
}

/// KL against reconstruction, a line a puzzle, towards the dot. Both jump from step to step, reconstruction by orders of
/// magnitude: a line goes through the geometric means over windows of steps, each half as long again as the one before.
pub(super) struct Trade {
    courses: Vec<(Option<bool>, Windows)>,
}

impl Trade {
    pub(super) fn new(courses: &[Course]) -> Self {
        let drawn = courses.iter().filter(|course| !course.points.is_empty());
        Self { courses: drawn.map(|course| (course.solved, windows(course.points))).collect() }
    }
}

/// (reconstruction, KL) in bits, by window.
type Windows = Vec<(f64, f64)>;

fn windows(points: &[CurvePoint]) -> Windows {
    let mut means = Vec::new();
    let (mut start, mut long) = (0, 1);
    while start < points.len() {
        // What is left at the end joins the last window.
        let end = if start + 2 * long > points.len() { points.len() } else { start + long };
        let mean = |bits: fn(&CurvePoint) -> f64| {
            let logs = points[start..end].iter().map(|point| bits(point).max(FEWEST_BITS).ln());
            (logs.sum::<f64>() / (end - start) as f64).exp()
        };
        means.push((mean(|point| point.reconstruction_bits), mean(|point| point.kl_bits)));
        (start, long) = (end, (long * 3).div_ceil(2));
    }
    means
}

impl Chart for Trade {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let points = || self.courses.iter().flat_map(|(_, points)| points);
        let (across, up) = (decades(points().map(|point| point.0)), decades(points().map(|point| point.1)));
        let mut chart = ChartBuilder::on(area)
            .caption("KL against reconstruction over the steps", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(120)
            .build_cartesian_2d(across.log_scale(), up.log_scale())?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("reconstruction, bits (the grids given the latents)")
            .y_desc("KL, bits (the latents)")
            .x_label_formatter(&bits_label)
            .y_label_formatter(&bits_label)
            .draw()?;
        for (solved, name, colour) in GROUPS {
            let own = || self.courses.iter().filter(move |(outcome, _)| *outcome == solved).map(|(_, points)| points);
            for points in own() {
                chart.draw_series(LineSeries::new(points.iter().copied(), colour.mix(0.6)))?;
            }
            let ends: Vec<(f64, f64)> = own().filter_map(|points| points.last().copied()).collect();
            if ends.is_empty() {
                continue;
            }
            let label = format!("{name}: {}", ends.len());
            chart
                .draw_series(ends.into_iter().map(|end| Circle::new(end, 6, colour.filled())))?
                .label(label)
                .legend(move |(x, y)| Circle::new((x + 10, y), 6, colour.filled()));
        }
        draw_legend(&mut chart, SeriesLabelPosition::UpperLeft)
    }
}

/// The mean KL of each tensor over the steps.
pub(super) struct OverSteps {
    steps: Vec<usize>,
    /// Tensors from the dearest at the end on, with their bits.
    tensors: Vec<(String, Vec<f64>)>,
}

impl OverSteps {
    pub(super) fn new(courses: &[Course]) -> Self {
        let curves: Vec<_> = courses.iter().map(|course| course.points).filter(|points| !points.is_empty()).collect();
        let table = kl_over_steps(&curves, SIZE.0 as usize);
        let mut tensors: Vec<(String, Vec<f64>)> = tensor_names()
            .into_iter()
            .enumerate()
            .map(|(tensor, name)| (name, table.iter().map(|row| row.by_tensor_bits[tensor]).collect()))
            .collect();
        tensors.sort_by(|(_, one), (_, other)| other.last().unwrap_or(&0.0).total_cmp(one.last().unwrap_or(&0.0)));
        Self { steps: table.iter().map(|row| row.step).collect(), tensors }
    }
}

/// A tensor's axes in words.
fn in_words(name: &str) -> String {
    let words = |axes: Axes| {
        Axis::ALL.into_iter().filter(move |&axis| axes.has(axis)).map(|axis| format!("{axis:?}").to_lowercase())
    };
    Axes::from_name(name).map_or_else(|| name.to_owned(), |axes| words(axes).collect::<Vec<_>>().join(" "))
}

impl Chart for OverSteps {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let last = self.steps.last().copied().unwrap_or(0).max(1);
        let up = decades(self.tensors.iter().flat_map(|(_, bits)| bits).copied());
        let mut chart = ChartBuilder::on(area)
            .caption("KL of each latent tensor, mean over puzzles", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(120)
            .build_cartesian_2d(0..last, up.log_scale())?;
        chart
            .configure_mesh()
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("step")
            .y_desc("bits")
            .y_label_formatter(&bits_label)
            .draw()?;
        let line = |bits: &[f64]| -> Vec<(usize, f64)> {
            self.steps.iter().zip(bits).map(|(&step, &bits)| (step, bits.max(FEWEST_BITS))).collect()
        };
        let (named, others) = self.tensors.split_at(NAMED.min(self.tensors.len()));
        for (_, bits) in others {
            chart.draw_series(LineSeries::new(line(bits), FAINT))?;
        }
        for ((name, bits), colour) in named.iter().zip(LINES) {
            let end = bits.last().copied().unwrap_or(0.0);
            chart
                .draw_series(LineSeries::new(line(bits), colour.stroke_width(2)))?
                .label(format!("{}: {}", in_words(name), bits_label(&end)))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(3)));
        }
        chart
            .draw_series(LineSeries::new([], FAINT))?
            .label(format!("{} others", others.len()))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], FAINT.stroke_width(3)));
        draw_legend(&mut chart, SeriesLabelPosition::UpperRight)
    }
}

/// Description lengths, a row of dots for each outcome.
pub(super) struct Lengths {
    rows: Vec<(&'static str, RGBColor, Vec<f64>)>,
}

impl Lengths {
    pub(super) fn new(courses: &[Course]) -> Self {
        let rows = GROUPS
            .into_iter()
            .map(|(solved, name, colour)| {
                let mut bits: Vec<f64> = finals(courses, solved)
                    .filter_map(|course| course.points.last())
                    .map(|point| point.kl_bits + point.reconstruction_bits)
                    .collect();
                bits.sort_by(f64::total_cmp);
                (name, colour, bits)
            })
            .filter(|(.., bits)| !bits.is_empty())
            .collect();
        Self { rows }
    }
}

/// How far above its row's middle the dot of this rank stands: neighbours apart, the same every time.
fn scatter(rank: usize) -> f64 {
    [0.0, 0.16, -0.16, 0.08, -0.08][rank % 5]
}

impl Chart for Lengths {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B> {
        let across = decades(self.rows.iter().flat_map(|(.., bits)| bits).copied());
        let mut chart = ChartBuilder::on(area)
            .caption("Description length by outcome; bars are medians", ("sans-serif", TITLE_SIZE))
            .margin(16)
            .margin_right(LABEL_END)
            .x_label_area_size(70)
            .y_label_area_size(50)
            .build_cartesian_2d(across.clone().log_scale(), -0.5..self.rows.len() as f64 - 0.5)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .label_style(("sans-serif", TEXT_SIZE))
            .light_line_style(FAINT.mix(0.25))
            .x_desc("KL and reconstruction, bits (weights not counted)")
            .x_label_formatter(&bits_label)
            .draw()?;
        for (row, (name, colour, bits)) in self.rows.iter().enumerate() {
            let (middle, colour) = (row as f64, *colour);
            let at = |rank: usize, bits: f64| (bits.max(FEWEST_BITS), middle + scatter(rank));
            let dots =
                bits.iter().enumerate().map(|(rank, &bits)| Circle::new(at(rank, bits), 7, colour.mix(0.7).filled()));
            chart.draw_series(dots)?;
            let median = f64::midpoint(bits[(bits.len() - 1) / 2], bits[bits.len() / 2]).max(FEWEST_BITS);
            let bar = [(median, middle - 0.3), (median, middle + 0.3)];
            chart.draw_series([PathElement::new(bar, colour.stroke_width(3))])?;
            let style = ("sans-serif", TEXT_SIZE).into_text_style(area).color(&colour);
            let above = style.pos(Pos::new(HPos::Center, VPos::Bottom));
            let label = format!("{name}: {}, median {}", bits.len(), bits_label(&median));
            chart.draw_series([Text::new(label, (median, middle + 0.33), above)])?;
        }
        Ok(())
    }
}
