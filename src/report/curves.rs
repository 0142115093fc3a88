//! Training curves as CSV: one row a step and seed, for a spreadsheet or a plotting script.
//!
//! In: the trace of a fit. Out: text whose headers carry the units; and back, one point a step.

use super::sheet::sheet;
use crate::engine::tensor_names;
use crate::fit::TracePoint;
use crate::units::{Bits, Nats};
use indexmap::IndexMap;

/// The curves as CSV (RFC 4180 with bare line feeds), a header and a row for each point, in the order given.
///
/// Columns: `step, seed, kl_nats, kl_bits, reconstruction_nats, reconstruction_bits`, then `kl_nats:AXES` for each
/// tensor of the latent. Numbers are written with the fewest digits that read back as the same `f64`.
pub fn curves_csv(trace: &[TracePoint]) -> String {
    let row = |TracePoint { step, seed, losses }: &TracePoint| {
        let [kl, reconstruction] = [losses.kl_nats, losses.reconstruction_nats].map(Nats);
        let [Bits(kl_bits), Bits(reconstruction_bits)] = [kl.into(), reconstruction.into()];
        let costs = [kl.0, kl_bits, reconstruction.0, reconstruction_bits];
        let costs = costs.iter().chain(&losses.kl_by_tensor_nats).map(ToString::to_string);
        [step.to_string(), seed.to_string()].into_iter().chain(costs).collect::<Vec<_>>()
    };
    sheet(&headings(), trace.iter().map(row))
}

fn headings() -> Vec<String> {
    let costs = ["step", "seed", "kl_nats", "kl_bits", "reconstruction_nats", "reconstruction_bits"];
    let tensors = tensor_names().into_iter().map(|name| format!("kl_nats:{name}"));
    costs.map(String::from).into_iter().chain(tensors).collect()
}

/// One step of a curve, the mean over its seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// The step, from 0.
    pub step: usize,
    /// KL of the latents.
    pub kl_bits: f64,
    /// What the grids cost besides.
    pub reconstruction_bits: f64,
    /// The KL of each tensor's latents, in the order of [`tensor_names`].
    pub by_tensor_bits: Vec<f64>,
}

/// A line that is not one of a curve.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not what a curve has there")]
pub struct CurveError {
    /// Its number, from 1.
    pub line: usize,
}

/// Reads what [`curves_csv`] wrote.
///
/// # Errors
/// Where a line is something else.
pub fn read_curves(csv: &str) -> Result<Vec<CurvePoint>, CurveError> {
    let mut lines = csv.lines().enumerate();
    let empty = curves_csv(&[]);
    if lines.next().is_none_or(|(_, header)| header != empty.trim_end()) {
        return Err(CurveError { line: 1 });
    }
    // By step, how many seeds there are and the sum of their points.
    let mut steps: IndexMap<usize, (f64, CurvePoint)> = IndexMap::new();
    for (index, line) in lines {
        let numbers: Option<Vec<f64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() == 6 + tensor_names().len() && numbers[0] >= 0.0);
        let Some(numbers) = numbers else { return Err(CurveError { line: index + 1 }) };
        let step = numbers[0] as usize;
        let by_tensor_bits: Vec<f64> = numbers[6..].iter().map(|&nats| Bits::from(Nats(nats)).0).collect();
        let (seeds, point) = steps.entry(step).or_insert_with(|| {
            let by_tensor_bits = vec![0.0; by_tensor_bits.len()];
            (0.0, CurvePoint { step, kl_bits: 0.0, reconstruction_bits: 0.0, by_tensor_bits })
        });
        *seeds += 1.0;
        point.kl_bits += numbers[3];
        point.reconstruction_bits += numbers[5];
        point.by_tensor_bits.iter_mut().zip(&by_tensor_bits).for_each(|(sum, bits)| *sum += bits);
    }
    let mean = |(seeds, mut point): (f64, CurvePoint)| {
        point.kl_bits /= seeds;
        point.reconstruction_bits /= seeds;
        point.by_tensor_bits.iter_mut().for_each(|bits| *bits /= seeds);
        point
    };
    Ok(steps.into_values().map(mean).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Losses;
    use crate::model::Axes;
    use proptest::prelude::*;

    fn point(step: usize, kl: &[f64]) -> TracePoint {
        let losses =
            Losses { kl_nats: kl.iter().sum(), reconstruction_nats: 2f64.ln(), kl_by_tensor_nats: kl.to_vec() };
        TracePoint { step, seed: 7, losses }
    }

    #[test]
    fn headers_carry_units_and_rows_follow_them() {
        let csv = curves_csv(&[point(0, &[0.25; Axes::COUNT]), point(50, &[0.0; Axes::COUNT])]);
        let lines: Vec<&str> = csv.lines().collect();
        assert!(
            lines[0].starts_with("step,seed,kl_nats,kl_bits,reconstruction_nats,reconstruction_bits,kl_nats:01000,")
        );
        let Bits(kl_bits) = Nats(4.5).into();
        assert!(lines[1].starts_with(&format!("0,7,4.5,{kl_bits},0.6931471805599453,1,0.25,")), "{}", lines[1]);
        assert_eq!(lines[0].split(',').count(), lines[2].split(',').count());
    }

    #[test]
    fn a_curve_reads_back_as_the_mean_over_seeds() {
        let nats = 2f64.ln();
        let of = |kl: f64| TracePoint { seed: 8, ..point(0, &[kl * nats; Axes::COUNT]) };
        let points = read_curves(&curves_csv(&[point(0, &[0.0; Axes::COUNT]), of(2.0)])).unwrap();
        assert_eq!(points.len(), 1);
        let CurvePoint { step, kl_bits, reconstruction_bits, by_tensor_bits } = &points[0];
        assert_eq!((*step, by_tensor_bits.len()), (0, Axes::COUNT));
        assert!((kl_bits - Axes::COUNT as f64).abs() < 1e-9 && (reconstruction_bits - 1.0).abs() < 1e-9);
        assert!(by_tensor_bits.iter().all(|bits| (bits - 1.0).abs() < 1e-9));
    }

    #[test]
    fn what_is_no_curve_is_refused_by_line() {
        let csv = curves_csv(&[point(0, &[0.0; Axes::COUNT])]);
        for (wrong, line) in [("step,seed\n".to_owned(), 1), (format!("{csv}1,2\n"), 3), (csv.replace("0,7", "x,7"), 2)]
        {
            assert_eq!(read_curves(&wrong).unwrap_err().line, line);
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back_exactly(nats in proptest::collection::vec(-1e300f64..1e300, Axes::COUNT)) {
            let csv = curves_csv(&[point(3, &nats)]);
            let row = csv.lines().nth(1).unwrap();
            let read: Vec<f64> = row.split(',').skip(6).map(|cell| cell.parse().unwrap()).collect();
            prop_assert_eq!(read, nats);
        }
    }
}
