//! Bit lengths over many puzzles: what latents and grids cost, over the steps and at the end, and whether a short
//! description goes with a right answer.
//!
//! In: records and curves that runs of `solve` left. Out: tables, as CSV and in columns; and for the claim, a rank test
//! (Mann and Whitney 1947, normal approximation with ties) with an interval of the share of pairs in order.

use crate::engine::tensor_names;
use crate::model::Axes;
use crate::report::CurvePoint;
use crate::report::PuzzleRecord;
use crate::report::{sheet, text_cell};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

/// One puzzle's description length in a run, the mean over its seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PuzzleLength {
    /// The puzzle.
    pub id: String,
    /// Whether it was solved, where that is known.
    pub solved: Option<bool>,
    /// KL of the latents.
    pub kl_bits: f64,
    /// What the grids cost besides.
    pub reconstruction_bits: f64,
    /// Steps done.
    pub steps: usize,
}

impl PuzzleLength {
    /// From a record; none without seeds.
    pub fn of(record: &PuzzleRecord) -> Option<Self> {
        let count = record.seeds.len() as f64;
        (count > 0.0).then(|| Self {
            id: record.id.clone(),
            solved: record.solved,
            kl_bits: record.seeds.iter().map(|seed| seed.kl.bits).sum::<f64>() / count,
            reconstruction_bits: record.seeds.iter().map(|seed| seed.reconstruction.bits).sum::<f64>() / count,
            steps: record.steps,
        })
    }

    /// Both together; the weights are not counted.
    pub fn bits(&self) -> f64 {
        self.kl_bits + self.reconstruction_bits
    }
}

/// Whether one group's values lie below another's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RankTest {
    /// Values of the first group.
    pub first: usize,
    /// Values of the second.
    pub second: usize,
    /// Of the pairs of one of each, the share in which the first's is smaller (ties count half).
    pub share: f64,
    /// A 95% interval of it (Hanley and McNeil 1982).
    pub interval: (f64, f64),
    /// Mann and Whitney's U of the first group.
    pub u: f64,
    /// Two-sided p.
    pub p: f64,
}

impl RankTest {
    /// Of solved against unsolved puzzles; `is_less` is what a smaller value means.
    pub(super) fn in_words(self, is_less: &str) -> String {
        let Self { first, second, share, interval, p, .. } = self;
        format!(
            "{first} solved, {second} unsolved; a solved one {is_less} in {:.0}% of pairs \
             (95% interval {:.0} to {:.0}%), p = {p:.3}",
            100.0 * share,
            100.0 * interval.0,
            100.0 * interval.1
        )
    }
}

/// Mann and Whitney's test of `first` against `second`; none where either is empty.
pub fn rank_test(first: &[f64], second: &[f64]) -> Option<RankTest> {
    let (m, n) = (first.len() as f64, second.len() as f64);
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let order = |a: f64, b: f64| {
        if a < b {
            1.0
        } else if a > b {
            0.0
        } else {
            0.5
        }
    };
    let u: f64 = first.iter().map(|&a| second.iter().map(|&b| order(a, b)).sum::<f64>()).sum();
    let share = u / (m * n);
    let mut all: Vec<f64> = first.iter().chain(second).copied().collect();
    all.sort_by(f64::total_cmp);
    let ties: f64 =
        all.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|tie| (tie.len() as f64).powi(3) - tie.len() as f64).sum();
    let count = m + n;
    let variance = m * n / 12.0 * (count + 1.0 - ties / (count * (count - 1.0)).max(1.0));
    let normal = Normal::standard();
    // Half a unit of continuity.
    let distance = ((u - m * n / 2.0).abs() - 0.5).max(0.0);
    let p = if variance > 0.0 { 2.0 * normal.sf(distance / variance.sqrt()) } else { 1.0 };
    let (q1, q2) = (share / (2.0 - share), 2.0 * share * share / (1.0 + share));
    let squared = share * share;
    let error =
        ((share * (1.0 - share) + (m - 1.0) * (q1 - squared) + (n - 1.0) * (q2 - squared)) / (m * n)).max(0.0).sqrt();
    let reach = normal.inverse_cdf(0.975) * error;
    let interval = ((share - reach).max(0.0), (share + reach).min(1.0));
    Some(RankTest { first: first.len(), second: second.len(), share, interval, u, p: p.min(1.0) })
}

/// Lengths of all puzzles, and the test of solved against unsolved ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// By puzzle.
    pub puzzles: Vec<PuzzleLength>,
    /// Total description length: solved ones first, unsolved second.
    pub total: Option<RankTest>,
    /// The latents' KL alone.
    pub kl: Option<RankTest>,
    /// The reconstruction alone.
    pub reconstruction: Option<RankTest>,
}

impl Analysis {
    /// Of these puzzles.
    pub fn new(puzzles: Vec<PuzzleLength>) -> Self {
        let test = |length: fn(&PuzzleLength) -> f64| {
            let of = |solved| -> Vec<f64> {
                puzzles.iter().filter(|puzzle| puzzle.solved == Some(solved)).map(length).collect()
            };
            rank_test(&of(true), &of(false))
        };
        Self {
            total: test(PuzzleLength::bits),
            kl: test(|puzzle| puzzle.kl_bits),
            reconstruction: test(|puzzle| puzzle.reconstruction_bits),
            puzzles,
        }
    }

    /// A row a puzzle.
    pub fn csv(&self) -> String {
        let row = |puzzle: &PuzzleLength| {
            let PuzzleLength { id, solved, steps, kl_bits, reconstruction_bits } = puzzle;
            let solved = solved.map_or("", |solved| if solved { "yes" } else { "no" });
            let lengths = [*kl_bits, *reconstruction_bits, puzzle.bits()].map(|bits| bits.to_string());
            [text_cell(id).into_owned(), solved.into(), steps.to_string()]
                .into_iter()
                .chain(lengths)
                .collect::<Vec<_>>()
        };
        let headings = ["puzzle", "solved", "steps", "kl_bits", "reconstruction_bits", "total_bits"];
        sheet(&headings, self.puzzles.iter().map(row))
    }

    /// The rank tests, a row each.
    pub fn tests_csv(&self) -> String {
        let tests = [("total", self.total), ("kl", self.kl), ("reconstruction", self.reconstruction)];
        let row = |(name, test): (&str, Option<RankTest>)| {
            let RankTest { first, second, share, interval: (from, to), u, p } = test?;
            let counts = [first, second].map(|count| count.to_string());
            let numbers = [share, from, to, u, p].map(|number| number.to_string());
            Some([name.to_owned()].into_iter().chain(counts).chain(numbers).collect::<Vec<_>>())
        };
        let headings = ["length", "solved", "unsolved", "share_shorter", "from", "to", "u", "p"];
        sheet(&headings, tests.into_iter().filter_map(row))
    }

    /// The rank tests, a line each.
    pub fn claim(&self) -> String {
        let line = |what: &str, test: Option<RankTest>| match test {
            None => format!("{what}: no test, there are not both solved and unsolved puzzles\n"),
            Some(test) => format!("{what}: {}\n", test.in_words("is shorter")),
        };
        line("latents and grids", self.total) + &line("latents", self.kl) + &line("grids", self.reconstruction)
    }
}

/// The mean over puzzles of their curves at `points` steps, evenly spread; steps that not every curve has are left out.
pub fn kl_over_steps(curves: &[&[CurvePoint]], points: usize) -> Vec<CurvePoint> {
    let find = |curve: &[CurvePoint], step| curve.binary_search_by_key(&step, |point| point.step).ok();
    let steps = curves.first().into_iter().flat_map(|curve| curve.iter().map(|point| point.step));
    let steps: Vec<usize> = steps.filter(|&step| curves.iter().all(|curve| find(curve, step).is_some())).collect();
    let points = points.min(steps.len());
    let at = |point: usize| {
        let step = steps[if points < 2 { 0 } else { point * (steps.len() - 1) / (points - 1) }];
        let rows: Vec<&CurvePoint> = curves.iter().filter_map(|curve| Some(&curve[find(curve, step)?])).collect();
        let mean =
            |bits: &dyn Fn(&CurvePoint) -> f64| rows.iter().map(|point| bits(point)).sum::<f64>() / rows.len() as f64;
        CurvePoint {
            step,
            kl_bits: mean(&|point| point.kl_bits),
            reconstruction_bits: mean(&|point| point.reconstruction_bits),
            by_tensor_bits: (0..Axes::COUNT).map(|tensor| mean(&|point| point.by_tensor_bits[tensor])).collect(),
        }
    };
    (0..points).map(at).collect()
}

/// A row a step: all latents, the grids, and each tensor.
pub fn steps_csv(points: &[CurvePoint]) -> String {
    let tensors = tensor_names().into_iter().map(|name| format!("kl_bits:{name}"));
    let headings = ["step", "kl_bits", "reconstruction_bits"].map(String::from).into_iter().chain(tensors);
    let row = |CurvePoint { step, kl_bits, reconstruction_bits, by_tensor_bits }: &CurvePoint| {
        let bits = [kl_bits, reconstruction_bits].into_iter().chain(by_tensor_bits).map(|bits| format!("{bits:.4}"));
        [step.to_string()].into_iter().chain(bits).collect::<Vec<_>>()
    };
    sheet(&headings.collect::<Vec<_>>(), points.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Example of Mann and Whitney's test in R: wilcox.test(c(1, 2, 3, 6), c(4, 5, 7, 8, 9)) has W = 2.
    #[test]
    fn the_rank_test_is_the_known_one() {
        let test = rank_test(&[1.0, 2.0, 3.0, 6.0], &[4.0, 5.0, 7.0, 8.0, 9.0]).unwrap();
        assert!((test.u - 18.0).abs() < 1e-12 && (test.share - 0.9).abs() < 1e-12);
        assert!((test.p - 0.0662).abs() < 2e-3, "{}", test.p);
        assert!(test.interval.0 > 0.6 && test.interval.1 >= 1.0);
        assert_eq!(rank_test(&[], &[1.0]), None);
    }

    #[test]
    fn equal_groups_are_in_no_order() {
        let test = rank_test(&[1.0, 1.0], &[1.0, 1.0, 1.0]).unwrap();
        assert!((test.share - 0.5).abs() < 1e-12 && test.p > 0.99);
    }

    #[test]
    fn a_solved_puzzle_is_held_against_an_unsolved_one() {
        let length = |id: &str, solved, kl_bits| PuzzleLength {
            id: id.into(),
            solved: Some(solved),
            kl_bits,
            reconstruction_bits: 1.0,
            steps: 5,
        };
        let analysis = Analysis::new(vec![length("a", true, 10.0), length("b", false, 20.0)]);
        assert!((analysis.total.unwrap().share - 1.0).abs() < 1e-12);
        assert!((analysis.reconstruction.unwrap().share - 0.5).abs() < 1e-12);
        assert_eq!(analysis.csv().lines().nth(1), Some("a,yes,5,10,1,11"));
        assert!(analysis.tests_csv().contains("\nreconstruction,1,1,0.5,"), "{}", analysis.tests_csv());
        assert!(
            analysis.claim().starts_with("latents and grids: 1 solved, 1 unsolved; a solved one is shorter in 100%")
        );
    }

    #[test]
    fn ids_are_texts_in_a_spreadsheet() {
        let length =
            |id: &str| PuzzleLength { id: id.into(), solved: None, kl_bits: -1.0, reconstruction_bits: 1.5, steps: 5 };
        let csv = Analysis::new(vec![length("=1+1"), length("a,\"b\"")]).csv();
        assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), ["'=1+1,,5,-1,1.5,0.5", "\"a,\"\"b\"\"\",,5,-1,1.5,0.5"]);
    }

    #[test]
    fn curves_are_averaged_where_all_have_a_point() {
        let curve = |steps: usize, scale: f64| -> Vec<CurvePoint> {
            let point = |step: usize| CurvePoint {
                step,
                kl_bits: scale * step as f64,
                reconstruction_bits: 1.0,
                by_tensor_bits: vec![scale; Axes::COUNT],
            };
            (0..steps).map(point).collect()
        };
        let (long, short) = (curve(9, 1.0), curve(5, 3.0));
        let means = kl_over_steps(&[&long, &short], 2);
        assert_eq!(means.iter().map(|point| point.step).collect::<Vec<_>>(), [0, 4]);
        assert_eq!((means[1].kl_bits, means[1].by_tensor_bits[3]), (8.0, 2.0));
        assert_eq!(
            steps_csv(&means).lines().nth(2).unwrap().split(',').take(4).collect::<Vec<_>>().join(","),
            "4,8.0000,1.0000,2.0000"
        );
        assert!(kl_over_steps(&[], 5).is_empty());
    }
}
