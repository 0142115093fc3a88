//! The course of a fit's costs as a small SVG: KL and reconstruction over steps, bits on a logarithmic scale.
//!
//! In: a record's curve. Out: the SVG's text, empty where there are no two points.

use crate::report::CurvePoint;
use std::fmt::Write;

/// The plot within its labels, in pixels.
const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 8.0;

/// Costs below are drawn here: a logarithm has no zero.
const LEAST_BITS: f64 = 0.1;

pub(super) fn curve_svg(curve: &[CurvePoint]) -> String {
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else { return String::new() };
    if first.step == last.step {
        return String::new();
    }
    let kl = curve.iter().map(|point| (point.step, point.kl_bits.max(LEAST_BITS).log10()));
    let grids = curve.iter().map(|point| (point.step, point.reconstruction_bits.max(LEAST_BITS).log10()));
    let all = || kl.clone().chain(grids.clone()).map(|(_, value)| value);
    let low = all().fold(f64::INFINITY, f64::min).floor();
    let high = all().fold(f64::NEG_INFINITY, f64::max).ceil().max(low + 1.0);
    let x = |step: usize| LEFT + WIDTH * (step - first.step) as f64 / (last.step - first.step) as f64;
    let y = |value: f64| TOP + HEIGHT * (high - value) / (high - low);
    let mut svg = format!(
        "<svg class=\"curve\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"KL and reconstruction in bits over steps\">",
        LEFT + WIDTH + 8.0,
        TOP + HEIGHT + 20.0
    );
    for power in low as i32..=high as i32 {
        let height = y(f64::from(power));
        // Writing to a String cannot fail.
        let _ = write!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {height:.1}h{WIDTH}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 5.0,
            height + 3.5,
            told(power)
        );
    }
    let bottom = TOP + HEIGHT + 15.0;
    let _ = write!(
        svg,
        "<text x=\"{LEFT}\" y=\"{bottom}\">step {}</text><text x=\"{}\" y=\"{bottom}\" text-anchor=\"end\">{}</text>",
        first.step,
        LEFT + WIDTH,
        last.step
    );
    push_line(&mut svg, "kl", kl.map(|(step, value)| (x(step), y(value))));
    push_line(&mut svg, "rec", grids.map(|(step, value)| (x(step), y(value))));
    svg.push_str("</svg>");
    svg
}

/// A power of ten in few letters.
fn told(power: i32) -> String {
    match power {
        3..=5 => format!("{}k", 10u32.pow(power as u32 - 3)),
        0..=2 => 10u32.pow(power as u32).to_string(),
        -1 => "0.1".into(),
        _ => format!("1e{power}"),
    }
}

fn push_line(svg: &mut String, class: &str, points: impl Iterator<Item = (f64, f64)>) {
    let _ = write!(svg, "<path class=\"{class}\" d=\"");
    for (index, (x, y)) in points.enumerate() {
        let _ = write!(svg, "{}{x:.0} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    svg.push_str("\"/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_costs_are_drawn_between_powers_of_ten() {
        let point =
            |step, kl_bits| CurvePoint { step, kl_bits, reconstruction_bits: 5000.0, by_tensor_bits: Vec::new() };
        let svg = curve_svg(&[point(0, 0.0), point(1, 20.0)]);
        assert!(svg.contains("<path class=\"kl\" d=\"M44 118.0L324 ") && svg.contains(">10k</text>"), "{svg}");
        assert_eq!(curve_svg(&[point(3, 1.0)]), "", "one point is no course");
        assert_eq!(curve_svg(&[]), "");
    }
}
