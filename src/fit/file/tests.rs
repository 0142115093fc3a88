//! What a file's fit promises whatever is sent.

use super::*;
use crate::data::{Grid, Pair, Puzzle};
use crate::model::{Network, Objective, Plan};

#[test]
fn means_stay_finite_where_next_to_nothing_is_sent() {
    let grid = |shade: u8| Grid::new(6, 6, (0..36).map(|cell| (cell % 7) * shade % 4).collect()).unwrap();
    let train = vec![Pair { input: grid(3), output: grid(7) }, Pair { input: grid(5), output: grid(2) }];
    let puzzle = Puzzle { id: "p".into(), train, test: vec![grid(9)], solutions: None };
    let problem = Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default());
    let start = problem.layout.initial_values(0);
    for kept in 0..LatentChannel::all(&problem.layout).len() {
        let settings = FileSettings { uniform: true, weights: WeightFit::Frozen, seed: 0, threads: Some(1) };
        let fit = WholeFit::new(&problem, &start, &settings).unwrap().settle();
        let rates: Vec<Option<f64>> =
            (0..fit.fitted.channels.len()).map(|channel| (channel == kept).then_some(0.5)).collect();
        let differences = fit.differences();
        let mut fit = fit.fix(&differences, &rates);
        for _ in 0..3 {
            fit.step(1.0).unwrap();
        }
        assert!(fit.means().iter().all(|mean| mean.is_finite()), "channel {kept}");
    }
}
