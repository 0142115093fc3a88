//! Puzzles: read, solved, scored, made files of.

use super::errors::{Fault, Faulty};
use super::work::{self, Told, Work};
use crate::puzzle::{
    self, Config, Device, EngineKind, LoadOptions, Loaded, Method, News, Outcome, Overrides, Preset, PuzzleSettings,
    RunOptions, SolveError, SolveOptions,
};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most effort of a puzzle's file.
const MOST_EFFORT: u8 = 3;

/// Puzzles that were read, and what could not be read.
#[pyclass(frozen, module = "tenfold._tenfold")]
pub struct Puzzles(Arc<Loaded>);

#[pymethods]
impl Puzzles {
    /// Reads JSON of any form.
    #[staticmethod]
    fn parse(json: &[u8]) -> Faulty<Self> {
        let loaded = Loaded { puzzles: puzzle::parse(json)?, ..Loaded::default() };
        Ok(Self(Arc::new(loaded)))
    }

    /// Reads files and folders.
    #[staticmethod]
    #[allow(clippy::needless_pass_by_value, reason = "they are made from Python's")]
    fn load(py: Python<'_>, paths: Vec<PathBuf>, tasks: Vec<String>, solutions: Option<PathBuf>) -> Faulty<Self> {
        let options = LoadOptions { tasks: &tasks, solutions: solutions.as_deref(), pairs: None };
        Ok(Self(Arc::new(py.detach(|| puzzle::load(&paths, &options))?)))
    }

    /// Their ids, and each as a task's own JSON.
    fn tasks(&self) -> PyResult<Vec<(String, String)>> {
        self.0.puzzles.iter().map(|puzzle| Ok((puzzle.id.clone(), json(puzzle)?))).collect()
    }

    /// What could not be read: the id, where it is known, how many tests there seem to be, and the exception that says why.
    fn refused(&self) -> Vec<(Option<String>, usize, PyErr)> {
        self.0.refused.iter().map(|one| (one.id.clone(), one.tests, Fault::from(&one.error).into())).collect()
    }
}

/// How puzzles are solved, from a dictionary that has every key.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Settings {
    preset: String,
    config: Option<PathBuf>,
    steps: Option<usize>,
    seed: Option<u64>,
    seeds: Option<usize>,
    stable_steps: Option<usize>,
    views: bool,
    threads: Option<usize>,
    workers: Option<usize>,
    /// Seconds.
    time_limit: Option<f64>,
    /// Where a run is kept, and whether it is gone on with.
    output: Option<PathBuf>,
    resume: bool,
}

impl Settings {
    fn options(self) -> Faulty<SolveOptions> {
        let begin = Instant::now();
        let preset = match self.preset.as_str() {
            "default" => Preset::Default,
            "faithful" => Preset::Faithful,
            other => {
                let message = format!("preset {other}: \"default\" or \"faithful\" is needed");
                return Err(Fault::setting("preset", &other, message));
            }
        };
        let flags = Overrides {
            steps: self.steps,
            seed: self.seed,
            seeds: self.seeds,
            stable_steps: self.stable_steps,
            engine: None::<EngineKind>,
            device: None::<Device>,
        };
        let mut config = Config::resolve(preset, self.config.as_deref(), &flags)?;
        if !self.views {
            config.view_steps = 0;
        }
        let limit = self.time_limit.map(|seconds| {
            Duration::try_from_secs_f64(seconds).ok().and_then(|limit| begin.checked_add(limit)).ok_or_else(|| {
                let message = format!("time_limit {seconds}: seconds, 0 or more, are needed");
                Fault::setting("time_limit", &seconds, message)
            })
        });
        Ok(SolveOptions {
            config,
            run: RunOptions {
                workers: self.workers,
                threads: self.threads,
                deadline: limit.transpose()?,
                folder: self.output,
                resume: self.resume,
                ..RunOptions::default()
            },
        })
    }
}

/// The number of the puzzle, steps done, bits, confidence.
type Step = (usize, usize, f64, f64);

fn step(index: usize, progress: puzzle::Progress) -> Step {
    (index, progress.step, progress.bits.0, progress.confidence)
}

/// Solves the only puzzle, and gives its record as JSON. `hear` hears of every step.
#[pyfunction]
pub fn solve(
    py: Python<'_>,
    puzzles: &Puzzles,
    settings: Settings,
    hear: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let (loaded, options) = (Arc::clone(&puzzles.0), settings.options()?);
    let [_] = loaded.puzzles.as_slice() else {
        let message = format!("{} puzzles: solve takes one", loaded.puzzles.len());
        return Err(Fault::setting("task", &loaded.puzzles.len(), message).into());
    };
    let record = work::run(py, hear, move |watch| {
        puzzle::solve(&loaded.puzzles[0], &options, |progress| watch.ask(|| step(0, progress)))
    })?;
    json(&record.map_err(Fault::from)?)
}

/// What [`Solving`] is told.
enum Heard {
    Step(Step),
    Ended(usize, Outcome),
}

/// Puzzles that are being solved: an iterator of their numbers, what became of each, and its record as JSON, or why there
/// is none.
#[pyclass(module = "tenfold._tenfold")]
pub struct Solving {
    work: Mutex<Work<Heard, Result<(), SolveError>>>,
    hear: Option<Py<PyAny>>,
}

/// Solves puzzles side by side. `hear` hears of every step, when the iterator is asked for the next puzzle.
#[pyfunction]
pub fn solve_many(puzzles: &Puzzles, settings: Settings, hear: Option<Py<PyAny>>) -> Faulty<Solving> {
    let (loaded, options) = (Arc::clone(&puzzles.0), settings.options()?);
    let work = Work::start(hear.is_some(), move |watch| {
        let steps = |index, progress| watch.ask(|| Heard::Step(step(index, progress)));
        let watched = puzzle::solve_and_hear(&loaded, &options, steps, |index, news| {
            if let News::Ended(outcome) = news {
                watch.tell(Heard::Ended(index, outcome));
            }
            Ok::<(), SolveError>(())
        });
        watched.map(|_| ())
    });
    Ok(Solving { work: Mutex::new(work), hear })
}

#[pymethods]
impl Solving {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<(usize, &'static str, String)>> {
        let hear = self.hear.as_ref().map(|hear| hear.bind(py));
        let work = self.work.get_mut().unwrap_or_else(PoisonError::into_inner);
        while let Some(told) = work.next(py)? {
            let Told { news, .. } = &told;
            match news {
                Heard::Step(step) => {
                    if !work::go_on(hear, *step)? {
                        work.stop();
                    }
                }
                Heard::Ended(index, outcome) => {
                    let (kind, text) = match outcome {
                        Outcome::Whole(record) => ("whole", json(record)?),
                        Outcome::Cut(record) => ("cut", json(record)?),
                        Outcome::BrokenOff(record) => ("broken_off", json(record)?),
                        Outcome::NotBegun => ("not_begun", String::new()),
                        Outcome::TooLarge(reason) => ("too_large", reason.clone()),
                    };
                    return Ok(Some((*index, kind, text)));
                }
            }
        }
        work.end(py).transpose().map_err(Fault::from)?;
        Ok(None)
    }

    /// Stops the fits after their step, and waits for that.
    fn stop(&mut self, py: Python<'_>) {
        let work = self.work.get_mut().unwrap_or_else(PoisonError::into_inner);
        work.stop();
        work.give_up();
        // That it was stopped is no error.
        let _ = work.end(py);
    }
}

/// The three scores of a submission's JSON, as JSON. Solutions are JSON, or a path.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "it is made from Python's")]
pub fn score(submission: &[u8], solutions: Option<&[u8]>, path: Option<PathBuf>) -> PyResult<String> {
    let submission = puzzle::parse_submission("the submission", submission).map_err(Fault::from)?;
    let solutions = match path {
        Some(path) => puzzle::load_solutions(&path),
        None => puzzle::parse_solutions("the solutions", solutions.unwrap_or_default()),
    };
    let score = puzzle::score(&submission, &solutions.map_err(Fault::from)?);
    json(&score.map_err(|error| Fault::new("DataError", &error))?)
}

/// A task's JSON as a file.
#[pyfunction]
pub fn compress_puzzle(
    py: Python<'_>,
    task: Vec<u8>,
    effort: u8,
    threads: Option<usize>,
) -> PyResult<Bound<'_, PyBytes>> {
    if effort > MOST_EFFORT {
        let message = format!("effort {effort}: a whole number from 0 to {MOST_EFFORT} is needed");
        return Err(Fault::setting("effort", &effort, message).into());
    }
    let settings = PuzzleSettings { method: Method::Grids(effort), threads, ..PuzzleSettings::default() };
    let file = work::run(py, None, move |watch| puzzle::compress(&task, &settings, |_| watch.ask(|| ())))?;
    Ok(PyBytes::new(py, &file.map_err(Fault::from)?))
}

/// A value of ours as JSON.
pub fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
