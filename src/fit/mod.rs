//! The loop that fits one thing: steps of an engine under fresh noise, votes, a trace, and a decision when to stop.
//!
//! In: a [`Problem`] and [`FitSettings`]. Out: a [`Fitted`], with two attempts for each test input of a puzzle.

mod file;
pub mod matrices;
mod readout;
mod selection;
mod trial;
mod weights;

pub use file::{FileSettings, MeansFit, Phase, SettlingFit, WholeFit};
pub use selection::{Candidate, Leaders, Read, Selection, Tally, Vote};
pub use trial::{Trial, foretell};
pub use weights::WeightFit;

use crate::data::{Attempts, Grid};
use crate::engine::{self, Device, Engine, EngineError, EngineKind, Evaluation, Losses, Problem};
use crate::model::{Axes, Dimensions, Plan};
use crate::rng;
use crate::views::View;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How long and how often to fit.
#[derive(Clone, Debug)]
pub struct FitSettings {
    /// Most training steps.
    pub steps: usize,
    /// First seed.
    pub seed: u64,
    /// How many seeds, counted on from the first, are fitted side by side and pool their votes.
    pub seeds: usize,
    /// Stop when the first attempts have been the same for this many steps after the early ones (see [`Selection`]); 0 does
    /// all steps.
    pub stable_steps: usize,
    /// As many, and fewer, are enough where they are the expected answers; 0: no fewer.
    pub agree_steps: usize,
    /// How candidates are scored.
    pub selection: Selection,
    /// Which engine runs.
    pub engine: EngineKind,
    /// Where to run.
    pub device: Device,
    /// Threads of the engine; all by default.
    pub threads: Option<usize>,
}

/// What is fitted.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The problem, whose plan is in the coordinates of `view`.
    pub problem: &'a Problem,
    /// What answers are brought back from, to the puzzle's own coordinates.
    pub view: &'a View,
    /// The answers that are expected for all test inputs, by whoever knows without a fit; empty where nobody does.
    pub expected: &'a [Grid],
}

/// What one seed's losses were at one step, before its update.
#[derive(Clone, Debug, PartialEq)]
pub struct TracePoint {
    /// The step, from 0.
    pub step: usize,
    /// The seed.
    pub seed: u64,
    /// Its losses, in nats.
    pub losses: Losses,
}

/// A change of the attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The step after which they were so.
    pub step: usize,
    /// The attempts from then on.
    pub attempts: Vec<Attempts>,
}

/// Where the fit stands, for who watches.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Steps done; 0 while views are tried.
    pub step: usize,
    /// Losses of every seed.
    pub losses: &'a [Losses],
    /// The leading attempts' share of the tally.
    pub confidence: f64,
    /// The leading attempts at each test input; none while views are tried.
    pub attempts: &'a [Attempts],
}

/// A finished fit.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// Two attempts for each test input.
    pub attempts: Vec<Attempts>,
    /// The first attempts' share of the tally, the smallest over test inputs.
    pub confidence: f64,
    /// Steps done.
    pub steps: usize,
    /// Whether the attempts were stable for long enough to stop.
    pub stopped_early: bool,
    /// Whether who watched broke it off.
    pub broken_off: bool,
    /// Time of the steps.
    pub duration: Duration,
    /// The engine that ran.
    pub engine: String,
    /// Losses at every step, by step, then seed.
    pub trace: Vec<TracePoint>,
    /// Every change of the attempts.
    pub changes: Vec<Change>,
    /// All candidates.
    pub tally: Tally,
    /// The view that it was fitted in.
    pub view: View,
    /// What trials of views cost, of which it had least; empty where there were none.
    pub trials: Vec<Trial>,
    /// For each test input what the readings say, in the order in which answers are chosen; empty where there were none.
    pub read: Vec<Vec<Read>>,
    /// Whether readings were sure, so that nothing was fitted but for a step, of which nothing is kept ([`Fitted::by_readings`]).
    pub sure: bool,
}

impl Fitted {
    /// For each test input the solution's rank, from 1, among all answers: those that readings have a say on in their order, then
    /// all that the fit proposed.
    pub fn ranks(&self, solutions: &[Grid]) -> Vec<Option<usize>> {
        let rank = |(test, (grid, of_fit)): (usize, (&Grid, Option<usize>))| {
            let read = self.read.get(test).map_or(&[][..], Vec::as_slice);
            let place = read.iter().position(|read| read.grid == *grid);
            place.map(|place| place + 1).or_else(|| of_fit.map(|rank| read.len() + rank))
        };
        solutions.iter().zip(self.tally.ranks(solutions)).enumerate().map(rank).collect()
    }

    /// The same without a vote, costs, or anything else that a fit says.
    #[must_use]
    pub fn by_readings(self) -> Self {
        let (trace, changes) = (Vec::new(), Vec::new());
        Self { confidence: 0.0, trace, changes, tally: self.tally.emptied(), sure: true, ..self }
    }

    /// The first step after which `grid` was the first attempt at test input `test`, if it ever was.
    pub fn first_step_on_top(&self, test: usize, grid: &Grid) -> Option<usize> {
        self.changes.iter().find(|change| &change.attempts[test].attempt_1 == grid).map(|change| change.step)
    }
}

/// Bytes that a fit takes besides its engine, at most: the trace, and every candidate that could come up.
pub fn memory_bytes(plan: &Plan, settings: &FitSettings) -> u64 {
    let Dimensions { colours, rows, columns, .. } = plan.dimensions;
    let (area, seeds, tests) = (rows * columns, settings.seeds as u128, plan.tests() as u128);
    let point = size_of::<TracePoint>() + Axes::COUNT * size_of::<f64>();
    let candidates = 2 * (area + size_of::<Grid>() + 10 * size_of::<u64>());
    let means = (colours + 2) * area * size_of::<f32>();
    let by_step = seeds * (point as u128 + tests * candidates as u128);
    let bytes = settings.steps as u128 * by_step + seeds * tests * means as u128;
    bytes.try_into().unwrap_or(u64::MAX)
}

/// Fits a subject. `watch` hears of every step and may break off; what there is then is given. Gives nothing where no step
/// is asked for.
///
/// # Errors
/// Where no engine can be had, or it fails.
pub fn fit(
    subject: &Subject,
    settings: &FitSettings,
    mut watch: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Fitted>, EngineError> {
    let fitting = Fitting::new(*subject, settings);
    let starts = fitting.starts();
    let engine = engine::create(subject.problem, &starts, settings.engine, settings.device, settings.threads)?;
    let mut fitted = run(engine, vec![fitting], |_, progress| watch(progress))?;
    Ok(fitted.pop().flatten())
}

/// Fits several subjects in one engine, as [`fit`] does each; `watch` hears of which one it is. Where memory doesn't hold
/// them all, halves are fitted one after the other, from the beginning.
///
/// # Errors
/// Where no engine of batches can be had, or it fails.
pub fn fit_batch(
    subjects: &[Subject],
    settings: &FitSettings,
    watch: &mut dyn FnMut(usize, Progress) -> ControlFlow<()>,
) -> Result<Vec<Option<Fitted>>, EngineError> {
    let fittings: Vec<Fitting> = subjects.iter().map(|&subject| Fitting::new(subject, settings)).collect();
    let starts: Vec<Vec<Vec<f32>>> = fittings.iter().map(Fitting::starts).collect();
    let members = subjects.iter().zip(&starts);
    let members: Vec<(&Problem, &[f32])> =
        members.flat_map(|(subject, starts)| starts.iter().map(|start| (subject.problem, &start[..]))).collect();
    let fitted = engine::create_batch(&members, settings.engine, settings.device, settings.threads)
        .and_then(|engine| run(engine, fittings, &mut *watch));
    match fitted {
        Err(EngineError::OutOfMemory { .. }) if subjects.len() > 1 => {
            let (first, second) = subjects.split_at(subjects.len() / 2);
            let mut fitted = fit_batch(first, settings, watch)?;
            fitted.extend(fit_batch(second, settings, &mut |index, progress| watch(first.len() + index, progress))?);
            Ok(fitted)
        }
        fitted => fitted,
    }
}

/// Steps until all fits are over. One that is over before others goes on being stepped and is heard no more.
fn run(
    mut engine: Box<dyn Engine>,
    mut fittings: Vec<Fitting>,
    mut watch: impl FnMut(usize, Progress) -> ControlFlow<()>,
) -> Result<Vec<Option<Fitted>>, EngineError> {
    let start = Instant::now();
    let mut noise = vec![0.0; fittings.iter().map(|fitting| fitting.seeds.len() * fitting.latents()).sum()];
    for step in 0.. {
        if fittings.iter().all(Fitting::is_over) {
            break;
        }
        let mut rest = &mut noise[..];
        for fitting in &fittings {
            let (own, after) = rest.split_at_mut(fitting.seeds.len() * fitting.latents());
            rest = after;
            for (&seed, noise) in fitting.seeds.iter().zip(own.chunks_mut(fitting.latents())) {
                rng::step_noise(seed, step, noise);
            }
        }
        let mut evaluations = engine.step(step, &noise)?.into_iter();
        for (index, fitting) in fittings.iter_mut().enumerate() {
            let own: Vec<Evaluation> = evaluations.by_ref().take(fitting.seeds.len()).collect();
            if !fitting.is_over() {
                fitting.hear(own, |progress| watch(index, progress));
            }
        }
    }
    // Those side by side share the time.
    let duration = start.elapsed() / fittings.len().max(1) as u32;
    let name = engine.name();
    Ok(fittings.into_iter().map(|fitting| fitting.end(&name, duration)).collect())
}

/// A fit between two steps.
struct Fitting<'a> {
    subject: Subject<'a>,
    settings: &'a FitSettings,
    seeds: Vec<u64>,
    tally: Tally,
    trace: Vec<TracePoint>,
    changes: Vec<Change>,
    confidence: f64,
    steps: usize,
    /// Steps done when the first attempts became what they are.
    led_since: usize,
    stopped_early: bool,
    broken_off: bool,
}

impl<'a> Fitting<'a> {
    fn new(subject: Subject<'a>, settings: &'a FitSettings) -> Self {
        let seeds: Vec<u64> = (settings.seed..=u64::MAX).take(settings.seeds).collect();
        Self {
            tally: Tally::new(&subject.problem.plan, subject.view, &settings.selection, seeds.len()),
            subject,
            settings,
            seeds,
            trace: Vec::new(),
            changes: Vec::new(),
            confidence: 0.0,
            steps: 0,
            led_since: 0,
            stopped_early: false,
            broken_off: false,
        }
    }

    /// The parameters that each seed starts from.
    fn starts(&self) -> Vec<Vec<f32>> {
        self.seeds.iter().map(|&seed| self.subject.problem.layout.initial_values(seed)).collect()
    }

    fn latents(&self) -> usize {
        self.subject.problem.layout.latents()
    }

    fn is_over(&self) -> bool {
        self.steps >= self.settings.steps || self.stopped_early || self.broken_off
    }

    /// Takes what the engine said at a step.
    fn hear(&mut self, evaluations: Vec<Evaluation>, watch: impl FnOnce(Progress) -> ControlFlow<()>) {
        let (steps, settings) = (self.steps, self.settings);
        for (index, evaluation) in evaluations.iter().enumerate() {
            self.tally.add(&self.subject.problem.plan, index, steps, &evaluation.outputs);
        }
        if let Some(leaders) = self.tally.leaders(steps) {
            self.confidence = leaders.confidence;
            if self.changes.last().is_none_or(|change| change.attempts != leaders.attempts) {
                if !self.changes.last().is_some_and(|change| firsts(&change.attempts).eq(firsts(&leaders.attempts))) {
                    self.led_since = steps + 1;
                }
                self.changes.push(Change { step: steps, attempts: leaders.attempts });
            }
        }
        let losses: Vec<Losses> = evaluations.into_iter().map(|evaluation| evaluation.losses).collect();
        let attempts = self.changes.last().map_or(&[][..], |change| &change.attempts);
        let progress = Progress { step: steps + 1, losses: &losses, confidence: self.confidence, attempts };
        self.broken_off = watch(progress).is_break();
        let points = self.seeds.iter().zip(losses);
        self.trace.extend(points.map(|(&seed, losses)| TracePoint { step: steps, seed, losses }));
        self.steps += 1;
        // Candidates of the early steps hardly count, so attempts that stand still through them say nothing.
        let lasted = self.steps.saturating_sub(self.led_since.max(settings.selection.early_steps));
        let agrees = self.changes.last().is_some_and(|change| firsts(&change.attempts).eq(self.subject.expected));
        let agreed = Some(settings.agree_steps).filter(|&steps| agrees && steps > 0).unwrap_or(usize::MAX);
        self.stopped_early = settings.stable_steps > 0 && lasted >= settings.stable_steps.min(agreed);
        // The last step is whole, whoever breaks off at it.
        self.broken_off &= !self.stopped_early && self.steps < settings.steps;
    }

    fn end(self, engine: &str, duration: Duration) -> Option<Fitted> {
        let attempts = self.changes.last()?.attempts.clone();
        Some(Fitted {
            attempts,
            confidence: self.confidence,
            steps: self.steps,
            stopped_early: self.stopped_early,
            broken_off: self.broken_off,
            duration,
            engine: engine.to_owned(),
            trace: self.trace,
            changes: self.changes,
            tally: self.tally,
            view: self.subject.view.clone(),
            trials: Vec::new(),
            read: Vec::new(),
            sure: false,
        })
    }
}

fn firsts(attempts: &[Attempts]) -> impl Iterator<Item = &Grid> {
    attempts.iter().map(|attempts| &attempts.attempt_1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Pair, Puzzle};
    use crate::go_on;
    use crate::model::{Network, Objective, Optimiser};

    fn problem() -> Problem {
        let grid = |cells: [u8; 4]| Grid::new(2, 2, cells.to_vec()).unwrap();
        let train = vec![
            Pair { input: grid([0, 1, 2, 1]), output: grid([1, 0, 1, 2]) },
            Pair { input: grid([2, 0, 0, 1]), output: grid([0, 2, 1, 0]) },
        ];
        let puzzle = Puzzle { id: "p".into(), train, test: vec![grid([1, 1, 0, 2])], solutions: None };
        Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default())
    }

    fn alone(problem: &Problem) -> Subject<'_> {
        Subject { problem, view: &View::Identity, expected: &[] }
    }

    fn settings(steps: usize, stable_steps: usize, early_steps: usize) -> FitSettings {
        FitSettings {
            steps,
            seed: 0,
            seeds: 1,
            stable_steps,
            agree_steps: 0,
            selection: Selection { early_steps, ..Selection::default() },
            engine: EngineKind::Fused,
            device: Device::Cpu,
            threads: Some(1),
        }
    }

    /// Another size, and another test.
    #[cfg(feature = "torch")]
    fn other_problem() -> Problem {
        let grid = |cells: [u8; 6]| Grid::new(2, 3, cells.to_vec()).unwrap();
        let train = vec![Pair { input: grid([0, 1, 2, 1, 0, 3]), output: grid([1, 0, 1, 2, 3, 3]) }];
        let puzzle = Puzzle { id: "q".into(), train, test: vec![grid([1, 1, 0, 2, 3, 0])], solutions: None };
        Problem::new(Plan::new(&puzzle), Network::default(), Objective::default(), Optimiser::default())
    }

    #[cfg(feature = "torch")]
    #[test]
    fn fits_side_by_side_are_what_they_are_alone() {
        let problems = [problem(), other_problem()];
        let settings = FitSettings { seeds: 2, engine: EngineKind::Torch, ..settings(4, 0, 0) };
        let fits: Vec<Subject> = problems.iter().map(alone).collect();
        let mut heard = [0; 2];
        let together = fit_batch(&fits, &settings, &mut |index, progress| {
            heard[index] = progress.step;
            go_on(())
        });
        assert_eq!(heard, [4, 4]);
        for (problem, together) in problems.iter().zip(together.unwrap()) {
            let together = together.unwrap();
            let alone = fit(&alone(problem), &settings, |_| go_on(())).unwrap().unwrap();
            assert_eq!((together.steps, together.trace.len()), (4, 8));
            for (together, alone) in together.trace.iter().zip(&alone.trace) {
                assert_eq!((together.step, together.seed), (alone.step, alone.seed));
                let (a, b) = (together.losses.reconstruction_nats, alone.losses.reconstruction_nats);
                assert!((a - b).abs() <= 1e-2 * b, "step {}: {a} and {b}", alone.step);
            }
        }
        let fused = FitSettings { engine: EngineKind::Fused, ..settings };
        let refused = fit_batch(&fits, &fused, &mut |_, _| go_on(()));
        assert!(matches!(refused, Err(EngineError::NoBatches(EngineKind::Fused))));
    }

    /// What came to lead one after the other, and the steps done then.
    fn leads(fitted: &Fitted) -> Vec<(usize, Grid)> {
        let first = |change: &Change| (change.step + 1, change.attempts[0].attempt_1.clone());
        let mut leads: Vec<_> = fitted.changes.iter().map(first).collect();
        leads.dedup_by(|after, before| after.1 == before.1);
        leads
    }

    #[test]
    fn a_fit_stops_as_soon_as_its_first_attempt_has_stood_still_for_long_enough() {
        let problem = problem();
        for (stable_steps, early_steps) in [(3, 0), (4, 12), (1, 5)] {
            let fitted =
                fit(&alone(&problem), &settings(200, stable_steps, early_steps), |_| go_on(())).unwrap().unwrap();
            assert!(fitted.stopped_early && !fitted.broken_off);
            let leads = leads(&fitted);
            let (last, _) = leads[leads.len() - 1];
            assert_eq!(fitted.steps, last.max(early_steps) + stable_steps, "{leads:?}");
            let could_stop =
                |[(before, _), (after, _)]: &[(usize, Grid); 2]| *after > before.max(&early_steps) + stable_steps;
            assert!(!leads.array_windows().any(could_stop), "no earlier stop was passed over: {leads:?}");
            assert_eq!(fitted.trace.len(), fitted.steps);
        }
    }

    #[test]
    fn a_fit_stops_when_it_has_led_with_what_is_expected_for_long_enough() {
        let problem = problem();
        let end = |expected: &[Grid], early_steps| {
            let settings = FitSettings { agree_steps: 3, ..settings(60, 1000, early_steps) };
            fit(&Subject { expected, ..alone(&problem) }, &settings, |_| go_on(())).unwrap().unwrap()
        };
        let whole = end(&[], 0);
        assert!(whole.steps == 60 && !whole.stopped_early);
        let leads = leads(&whole);
        let ends = leads.iter().map(|(since, _)| *since).skip(1).chain([60]);
        for ((since, grid), next) in leads.iter().zip(ends) {
            for early_steps in [0, since + 2] {
                let fitted = end(std::slice::from_ref(grid), early_steps);
                let stop = since.max(&early_steps) + 3;
                assert!(fitted.steps <= stop || next < stop, "{since} {next} {}", fitted.steps);
                assert_eq!(fitted.stopped_early, fitted.steps < 60);
                assert!(!fitted.stopped_early || fitted.attempts[0].attempt_1 == *grid);
                assert_eq!(fitted.trace, whole.trace[..fitted.steps]);
            }
        }
        let never = [Grid::new(1, 1, vec![9]).unwrap()];
        assert_eq!(end(&never, 0).steps, 60);
    }

    #[test]
    fn a_fit_that_may_not_stop_does_all_its_steps_and_the_same_ones() {
        let problem = problem();
        let whole = fit(&alone(&problem), &settings(20, 0, 0), |_| go_on(())).unwrap().unwrap();
        assert!(whole.steps == 20 && !whole.stopped_early && !whole.broken_off);
        let stopped = fit(&alone(&problem), &settings(20, 2, 0), |_| go_on(())).unwrap().unwrap();
        assert!(stopped.steps < 20);
        assert_eq!(stopped.trace, whole.trace[..stopped.steps]);
    }

    #[test]
    fn who_watches_breaks_off_after_a_whole_step() {
        let problem = problem();
        let until = |last: usize| {
            let mut heard = Vec::new();
            let fitted = fit(&alone(&problem), &settings(6, 0, 0), |progress| {
                heard.push(progress.step);
                if progress.step == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            (fitted.unwrap().unwrap(), heard)
        };
        let (fitted, heard) = until(4);
        assert!(fitted.broken_off && fitted.steps == 4 && fitted.trace.len() == 4);
        assert_eq!(heard, [1, 2, 3, 4]);
        assert!(!until(6).0.broken_off, "nothing was left to break off");
        assert!(fit(&alone(&problem), &settings(0, 0, 0), |_| go_on(())).unwrap().is_none());
    }
}
