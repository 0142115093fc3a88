//! Work that takes long: on a thread of its own, while the thread that asked for it lets go of Python's lock, looks for
//! Ctrl-C, and passes on what it hears.
//!
//! The thread that works never touches Python, so neither can wait for the other.

use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often signals are looked for.
const PATIENCE: Duration = Duration::from_millis(20);

/// What the work told; where a reply is waited for, it goes on when this is dropped.
pub struct Told<N> {
    pub news: N,
    _reply: Option<SyncSender<()>>,
}

/// The side of the thread that works.
pub struct Watch<N> {
    sender: Sender<Told<N>>,
    stop: Arc<AtomicBool>,
    heard: bool,
}

impl<N> Watch<N> {
    /// Tells something, and waits until it has been heard; nothing where nobody listens.
    pub fn ask(&self, news: impl FnOnce() -> N) -> ControlFlow<()> {
        if self.heard {
            let (reply, replied) = sync_channel(0);
            // Nobody is there any more where this fails, and then `stop` is set.
            let _ = self.sender.send(Told { news: news(), _reply: Some(reply) });
            let _ = replied.recv();
        }
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Tells something, and goes on.
    pub fn tell(&self, news: N) {
        let _ = self.sender.send(Told { news, _reply: None });
    }
}

/// Work that is under way. What is dropped before its end is stopped, and has ended when that returns.
pub struct Work<N, T> {
    told: Option<Receiver<Told<N>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<T>>,
}

impl<N: Send + 'static, T: Send + 'static> Work<N, T> {
    /// Begins; `heard` says whether anybody listens to what [`Watch::ask`] tells.
    pub fn start(heard: bool, work: impl FnOnce(&Watch<N>) -> T + Send + 'static) -> Self {
        let (sender, told) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let watch = Watch { sender, stop: Arc::clone(&stop), heard };
        let thread = thread::spawn(move || {
            let done = work(&watch);
            drop(watch);
            done
        });
        Self { told: Some(told), stop, thread: Some(thread) }
    }

    /// The next thing that is told; nothing when the work has ended.
    ///
    /// # Errors
    /// What a signal's handler raised, as Ctrl-C's does.
    pub fn next(&mut self, py: Python<'_>) -> PyResult<Option<Told<N>>> {
        loop {
            let Some(told) = self.told.as_mut() else { return Ok(None) };
            match py.detach(move || told.recv_timeout(PATIENCE)) {
                Ok(told) => return Ok(Some(told)),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// Asks it to stop after its step.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Hears nothing any more; what waits to be heard goes on.
    pub fn give_up(&mut self) {
        self.told = None;
    }

    /// What it came to; to be asked for once, when [`Work::next`] has nothing any more.
    pub fn end(&mut self, py: Python<'_>) -> Option<T> {
        let thread = self.thread.take()?;
        Some(py.detach(|| thread.join()).unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<N, T> Drop for Work<N, T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.told = None;
        if let Some(thread) = self.thread.take() {
            // A panic of work that nobody waits for any more is nobody's.
            let _ = thread.join();
        }
    }
}

/// Does work to its end. `hear`, if there is one, is called with what is told, as arguments, and stops the work by
/// `False` or an exception.
///
/// # Errors
/// What `hear` or a signal's handler raised.
pub fn run<N, T>(
    py: Python<'_>,
    hear: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch<N>) -> T + Send + 'static,
) -> PyResult<T>
where
    N: for<'py> pyo3::call::PyCallArgs<'py> + Send + 'static,
    T: Send + 'static,
{
    let mut work = Work::start(hear.is_some(), work);
    while let Some(told) = work.next(py)? {
        let Told { news, _reply } = told;
        if !go_on(hear, news)? {
            work.stop();
        }
    }
    work.end(py).ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("the work has ended before"))
}

/// Calls `hear`, and says whether it did not give `False`.
pub fn go_on<N>(hear: Option<&Bound<'_, PyAny>>, news: N) -> PyResult<bool>
where
    N: for<'py> pyo3::call::PyCallArgs<'py>,
{
    let Some(hear) = hear else { return Ok(true) };
    let answer = hear.call1(news)?;
    Ok(answer.is_none() || answer.is_truthy()?)
}
