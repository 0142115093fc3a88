"""Tasks as they are given, for the extension; and files of JSON."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from tenfold import _tenfold
from tenfold.errors import DataError


def read_tasks(tasks: Any, ids: list[str], solutions: Optional[Union[str, os.PathLike[str]]]) -> _tenfold.Puzzles:
    """Read whatever stands for tasks."""
    answers = None if solutions is None else os.fspath(solutions)
    if isinstance(tasks, (str, os.PathLike)):
        return _tenfold.Puzzles.load([os.fspath(tasks)], ids, answers)
    if not isinstance(tasks, Mapping) and not _is_object(tasks):
        tasks = list(tasks)
        if tasks and all(isinstance(task, (str, os.PathLike)) for task in tasks):
            return _tenfold.Puzzles.load([os.fspath(task) for task in tasks], ids, answers)
        named = dict(_named(task, f"puzzle-{number}") for number, task in enumerate(tasks, 1))
    elif isinstance(tasks, Mapping) and not {"train", "test"} & set(tasks):
        named = {str(id): _named(task, str(id))[1] for id, task in tasks.items()}
    else:
        named = dict([_named(tasks, "puzzle")])
    if ids:
        unknown = [id for id in ids if id not in named]
        if unknown:
            raise DataError(f"no task {unknown[0]} among the {len(named)} given", None, "task", unknown[0])
        named = {id: named[id] for id in ids}
    if answers is not None:
        # The reader of files joins both.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tasks.json"
            path.write_bytes(as_json(named))
            return _tenfold.Puzzles.load([str(path)], [], answers)
    return _tenfold.Puzzles.parse(as_json(named))


def _is_object(task: Any) -> bool:
    return hasattr(task, "train") and hasattr(task, "test")


def _named(task: Any, otherwise: str) -> tuple[str, Any]:
    """A task's id, and the task in ARC's JSON."""
    if isinstance(task, Mapping):
        return str(task.get("id", otherwise)), task
    if _is_object(task):
        pairs = {
            side: [{"input": pair[0], "output": pair[1]} if isinstance(pair, tuple) else pair for pair in given]
            for side, given in (("train", task.train), ("test", task.test))
        }
        return str(getattr(task, "id", otherwise)), pairs
    raise DataError(f"a task is a dict, a path, or an object with train and test, not {type(task).__name__}")


def as_json(value: Any) -> bytes:
    """JSON, of arrays too."""

    def listed(value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            return value.tolist()
        if isinstance(value, Mapping):
            return dict(value)
        raise DataError(f"{type(value).__name__} can't stand in a task", None, None, repr(value))

    return json.dumps(value, default=listed).encode()


def bytes_of(path: Union[str, os.PathLike[str]]) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", os.fspath(path)) from error


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(file.name)
            raise
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
