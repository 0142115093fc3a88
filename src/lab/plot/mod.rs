//! Plots of bit lengths, as SVG and as PNG.
//!
//! In: the courses of fits. Out: the bytes of both forms. Axes are logarithmic where bits are: they fall by orders of
//! magnitude in the first steps, and differ by orders between puzzles.

mod bitmap;
mod budgets;
mod charts;
mod distances;
mod learning;

use super::learning::PuzzleCurve;
use crate::lab::experiment::{BudgetMeasures, Distances};
use crate::report::CurvePoint;
use crate::report::canvas::png;
use crate::report::{WriteError, write_atomically};
use bitmap::Bitmap;
use budgets::Budgets;
use charts::{Lengths, OverSteps, Trade};
use distances::Apart;
use learning::{Answers, Outputs};
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::style::WHITE;
use std::path::Path;

/// Width and height, in pixels.
const SIZE: (u32, u32) = (1100, 760);

/// Why a plot could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The plotting library failed.
    #[error("cannot draw the plot: {message}")]
    Drawing {
        /// What it said.
        message: String,
    },
    /// The PNG could not be encoded.
    #[error("cannot encode the plot: {0}")]
    Encoding(#[from] png::EncodingError),
}

/// A plot in both forms.
pub struct Plot {
    /// What files of it are named for.
    pub name: &'static str,
    /// As SVG.
    pub svg: String,
    /// As PNG.
    pub png: Vec<u8>,
}

impl Plot {
    /// Writes both forms into a folder.
    ///
    /// # Errors
    /// Where a file can't be written.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        write_atomically(&folder.join(format!("{}.svg", self.name)), self.svg.as_bytes())?;
        write_atomically(&folder.join(format!("{}.png", self.name)), &self.png)
    }
}

/// One fit, as it is drawn.
pub struct Course<'a> {
    /// Whether its puzzle was solved, where that is known.
    pub solved: Option<bool>,
    /// Its curve.
    pub points: &'a [CurvePoint],
}

/// All plots of runs: KL against reconstruction over the steps, the mean bits of each latent tensor over the steps, and the
/// description lengths of solved and of unsolved puzzles. Curves without points are left out; without any there is no plot.
///
/// # Errors
/// Where the plotting library or the encoder refuses.
pub fn plots(courses: &[Course]) -> Result<Vec<Plot>, PlotError> {
    if courses.iter().all(|course| course.points.is_empty()) {
        return Ok(Vec::new());
    }
    Ok(vec![
        plot("kl-against-reconstruction", &Trade::new(courses))?,
        plot("kl-over-steps", &OverSteps::new(courses))?,
        plot("lengths", &Lengths::new(courses))?,
    ])
}

/// Plots of learning curves: bits a cell of each train output, and right answers against wrong ones where there are any.
///
/// # Errors
/// Where the plotting library or the encoder refuses.
pub fn learning_plots(puzzles: &[PuzzleCurve]) -> Result<Vec<Plot>, PlotError> {
    let mut plots = vec![plot("learning-curve", &Outputs::new(puzzles))?];
    if puzzles.iter().any(|puzzle| !puzzle.answers.is_empty()) {
        plots.push(plot("answers", &Answers::new(puzzles))?);
    }
    Ok(plots)
}

/// The plot of recall and file size over budgets; there has to be one.
///
/// # Errors
/// Where the plotting library or the encoder refuses.
pub fn budget_plot(measures: &[BudgetMeasures]) -> Result<Plot, PlotError> {
    plot("budgets", &Budgets(measures))
}

/// The plot of how far apart a code's digits are.
///
/// # Errors
/// Where the plotting library or the encoder refuses.
pub fn distance_plot(distances: &Distances) -> Result<Plot, PlotError> {
    plot("distances", &Apart(distances))
}

type Area<B> = DrawingArea<B, Shift>;
type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// What can be drawn anywhere.
trait Chart {
    fn draw<B: DrawingBackend>(&self, area: &Area<B>) -> Drawn<B>;
}

fn plot(name: &'static str, chart: &impl Chart) -> Result<Plot, PlotError> {
    let mut svg = String::new();
    draw(chart, SVGBackend::with_string(&mut svg, SIZE))?;
    let mut pixels = vec![0; 3 * (SIZE.0 * SIZE.1) as usize];
    draw(chart, Bitmap::new(&mut pixels, SIZE))?;
    Ok(Plot { name, svg, png: png(&pixels, SIZE, None)? })
}

fn draw<B: DrawingBackend>(chart: &impl Chart, backend: B) -> Result<(), PlotError> {
    let area = backend.into_drawing_area();
    let drawn = area.fill(&WHITE).and_then(|()| chart.draw(&area)).and_then(|()| area.present());
    drawn.map_err(|error| PlotError::Drawing { message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Axes;

    fn course(start: f64) -> Vec<CurvePoint> {
        let bits = |step: usize| start / (step + 1) as f64;
        (0..20)
            .map(|step| CurvePoint {
                step,
                kl_bits: bits(step),
                reconstruction_bits: (100.0 - 10.0 * step as f64).max(0.0),
                by_tensor_bits: (0..Axes::COUNT).map(|tensor| bits(step) / (tensor + 1) as f64).collect(),
            })
            .collect()
    }

    #[test]
    fn plots_name_their_axes_and_are_the_same_again() {
        let curves = [course(1e5), course(0.0), Vec::new()];
        let courses: Vec<Course> = curves
            .iter()
            .zip([Some(true), Some(false), None])
            .map(|(points, solved)| Course { solved, points })
            .collect();
        let drawn = plots(&courses).unwrap();
        assert_eq!(drawn.len(), 3);
        for (plot, again) in drawn.iter().zip(plots(&courses).unwrap()) {
            assert!(plot.svg.contains("<svg") && plot.svg.contains("bits"), "{}", plot.name);
            assert!(plot.png.starts_with(b"\x89PNG"));
            assert!(plot.svg == again.svg && plot.png == again.png);
        }
        assert!(drawn[0].svg.contains("unsolved"));
    }

    #[test]
    fn budgets_are_drawn() {
        let one = |budget_bits: f32| BudgetMeasures {
            budget_bits,
            sent_bits: budget_bits.into(),
            file_bytes: 1000 + budget_bits as usize,
            digits_bytes: budget_bits as usize,
            recall_by_digits: vec![0.9, 0.5, 0.2],
        };
        let plot = budget_plot(&[one(5.0), one(332.0)]).unwrap();
        assert!(plot.svg.contains("70% of words edited") && plot.svg.contains("kB"));
        assert!(plot.png.starts_with(b"\x89PNG"));
    }

    #[test]
    fn distances_are_drawn() {
        let shares = vec![0.25, 0.5, 0.25];
        let all = Distances { edited: vec![shares.clone(); 3], within: shares.clone(), between: shares };
        let plot = distance_plot(&all).unwrap();
        assert!(plot.svg.contains("70% of the words edited") && plot.svg.contains("of two articles"));
        assert!(plot.png.starts_with(b"\x89PNG"));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(plots(&[]).unwrap().is_empty());
        assert!(plots(&[Course { solved: None, points: &[] }]).unwrap().is_empty());
    }
}
