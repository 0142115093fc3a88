//! Training curves as CSV: one row a recorded step, for a spreadsheet or a plotting script.
//!
//! In: the names of the latent's tensors and the points of a run. Out: text whose headers carry the units.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::units::{Bits, Nats};

/// What a run records at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The optimiser's step, from 0.
    pub step: u64,
    /// The seed of the run that the point belongs to.
    pub seed: u64,
    /// KL(q‖p) of the whole latent, in nats.
    pub kl_nats: f64,
    /// −log p(thing | z), in nats.
    pub reconstruction_nats: f64,
    /// What the optimiser minimises: a weighted sum of the two, in nats.
    pub loss: f64,
    /// The KL of each tensor of the latent, in nats, in the order of the tensors' names.
    pub per_tensor_kl_nats: Vec<f64>,
}

/// The curves as CSV (RFC 4180 with bare line feeds), a header and a row for each point, in the order given.
///
/// Columns: `step, seed, kl_nats, kl_bits, reconstruction_nats, reconstruction_bits, loss_nats`, then `kl_nats:NAME`
/// for each tensor. Numbers are written with the fewest digits that read back as the same `f64`. Nothing is dropped: a
/// tensor without a name is called `tensor` and its place, and a point that lacks a tensor leaves its cell empty.
pub fn curves_csv(tensor_names: &[String], points: &[CurvePoint]) -> String {
    let measured = points.iter().map(|point| point.per_tensor_kl_nats.len()).max().unwrap_or(0);
    let tensors = tensor_names.len().max(measured);

    let mut csv = String::from("step,seed,kl_nats,kl_bits,reconstruction_nats,reconstruction_bits,loss_nats");
    for index in 0..tensors {
        let name = tensor_names.get(index).cloned().unwrap_or_else(|| format!("tensor{index}"));
        csv.push(',');
        csv.push_str(&quoted(&format!("kl_nats:{name}")));
    }
    csv.push('\n');
    for point in points {
        push_row(&mut csv, point, tensors);
    }
    csv
}

fn push_row(csv: &mut String, point: &CurvePoint, tensors: usize) {
    let CurvePoint { step, seed, kl_nats, reconstruction_nats, loss, per_tensor_kl_nats } = point;
    let [Bits(kl_bits), Bits(reconstruction_bits)] = [*kl_nats, *reconstruction_nats].map(|nats| Nats(nats).into());
    // Writing to a String cannot fail.
    let _ = write!(csv, "{step},{seed},{kl_nats},{kl_bits},{reconstruction_nats},{reconstruction_bits},{loss}");
    for index in 0..tensors {
        csv.push(',');
        if let Some(nats) = per_tensor_kl_nats.get(index) {
            let _ = write!(csv, "{nats}");
        }
    }
    csv.push('\n');
}

/// The field as it stands, or in quotes where a comma, a quote or a line break would split it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use proptest::prelude::*;

    use super::*;

    fn point(step: u64, per_tensor_kl_nats: Vec<f64>) -> CurvePoint {
        CurvePoint { step, seed: 7, kl_nats: LN_2, reconstruction_nats: 2.0 * LN_2, loss: 1.5, per_tensor_kl_nats }
    }

    #[test]
    fn headers_carry_units_and_rows_follow_them() {
        let names = ["colour".to_owned(), "row, column".to_owned()];
        let csv = curves_csv(&names, &[point(0, vec![0.25, 0.5]), point(50, vec![1.0, 2.0])]);
        insta::assert_snapshot!(csv, @r#"
        step,seed,kl_nats,kl_bits,reconstruction_nats,reconstruction_bits,loss_nats,kl_nats:colour,"kl_nats:row, column"
        0,7,0.6931471805599453,1,1.3862943611198906,2,1.5,0.25,0.5
        50,7,0.6931471805599453,1,1.3862943611198906,2,1.5,1,2
        "#);
    }

    #[test]
    fn nothing_is_dropped_where_names_and_values_differ_in_number() {
        let csv = curves_csv(&["a".to_owned()], &[point(0, vec![1.0, 2.0]), point(1, vec![])]);
        let lines: Vec<&str> = csv.lines().collect();
        assert!(lines[0].ends_with("kl_nats:a,kl_nats:tensor1"));
        assert!(lines[1].ends_with(",1,2"));
        assert!(lines[2].ends_with(",,"));
    }

    #[test]
    fn without_points_there_is_only_the_header() {
        assert_eq!(curves_csv(&[], &[]).lines().count(), 1);
    }

    proptest! {
        #[test]
        fn numbers_read_back_exactly(nats in proptest::collection::vec(any::<f64>(), 1..5)) {
            let csv = curves_csv(&[], &[point(3, nats.clone())]);
            let row = csv.lines().nth(1).unwrap();
            let read: Vec<f64> = row.split(',').skip(7).map(|cell| cell.parse().unwrap()).collect();
            prop_assert_eq!(read, nats);
        }
    }
}
