//! Training curves as CSV: one row a step and seed, for a spreadsheet or a plotting script.
//!
//! In: the trace of a fit. Out: text whose headers carry the units.

use crate::engine::tensor_names;
use crate::fit::TracePoint;
use crate::units::{Bits, Nats};
use std::fmt::Write;

/// The curves as CSV (RFC 4180 with bare line feeds), a header and a row for each point, in the order given.
///
/// Columns: `step, seed, kl_nats, kl_bits, reconstruction_nats, reconstruction_bits`, then `kl_nats:AXES` for each
/// tensor of the latent. Numbers are written with the fewest digits that read back as the same `f64`.
pub fn curves_csv(trace: &[TracePoint]) -> String {
    let mut csv = String::from("step,seed,kl_nats,kl_bits,reconstruction_nats,reconstruction_bits");
    for name in tensor_names() {
        csv.push_str(",kl_nats:");
        csv.push_str(&name);
    }
    csv.push('\n');
    for TracePoint { step, seed, losses } in trace {
        let [kl, reconstruction] = [losses.kl_nats, losses.reconstruction_nats].map(Nats);
        let [Bits(kl_bits), Bits(reconstruction_bits)] = [kl.into(), reconstruction.into()];
        // Writing to a String cannot fail.
        let _ = write!(csv, "{step},{seed},{},{kl_bits},{},{reconstruction_bits}", kl.0, reconstruction.0);
        for nats in &losses.kl_by_tensor_nats {
            let _ = write!(csv, ",{nats}");
        }
        csv.push('\n');
    }
    csv
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
