"""Errors say which file, field and value."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import tenfold

GOOD = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[1]]}]}


def caught(kind: type[tenfold.Error], call: Any) -> tenfold.Error:
    with pytest.raises(kind) as info:
        call()
    assert isinstance(info.value, tenfold.Error) and str(info.value)
    return info.value


def test_a_grid_is_named() -> None:
    task = {"train": [{"input": [[1]], "output": [[12]]}], "test": [{"input": [[1]]}]}
    error = caught(tenfold.DataError, lambda: tenfold.solve(task))
    assert error.field == "puzzle: train pair 1 output" and "12" in str(error.value)
    assert isinstance(error, ValueError)


def test_a_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    assert caught(tenfold.DataError, lambda: tenfold.solve(missing)).file == str(missing)
    (tmp_path / "bad.json").write_text('{"train": [{"input": [[1]], "output": [[1, 2], [3]]}], "test": []}')
    error = caught(tenfold.DataError, lambda: tenfold.solve(tmp_path / "bad.json"))
    assert (error.file, error.field) == (str(tmp_path / "bad.json"), "bad: train pair 1 output")
    assert caught(tenfold.DataError, lambda: tenfold.groups(missing)).file == str(missing)
    assert caught(tenfold.LibraryError, lambda: tenfold.Library(missing, create=False)).file == str(missing)
    (tmp_path / "text").write_text("no library")
    assert caught(tenfold.LibraryError, lambda: tenfold.Library(tmp_path / "text")).file == str(tmp_path / "text")


@pytest.mark.parametrize(
    ("field", "value"),
    [("steps", 0), ("steps", -1), ("steps", 1.5), ("steps", 10**9), ("seeds", 100000), ("threads", 0), ("preset", "x")]
    + [("time_limit", -1.0), ("time_limit", float("nan")), ("seed", 2**63), ("stable_steps", True)],
)
def test_settings_are_named(field: str, value: Any) -> None:
    error = caught(tenfold.SettingError, lambda: tenfold.solve(GOOD, **{field: value}))
    assert error.field == field and error.value is not None


def test_settings_of_documents_are_named() -> None:
    for options in ({"effort": 9}, {"matrices": "words"}, {"matrix_bits": -1.0}, {"steps": 0}):
        error = caught(tenfold.SettingError, lambda options=options: tenfold.compress("x", **options))
        assert error.field == next(iter(options))
    assert caught(tenfold.SettingError, lambda: tenfold.groups("x", min_characters=0)).field is not None
    assert caught(tenfold.SettingError, lambda: tenfold.distance([[1]], [[1]])).field == "matrices"
    assert caught(tenfold.SettingError, lambda: tenfold.compress_puzzle(GOOD, effort=4)).field == "effort"


def test_damaged_files_are_refused() -> None:
    file = tenfold.compress("A text that is compressed.", matrices="none")
    for damaged in (b"", b"hello", file[:-1], file[:-1] + bytes([file[-1] ^ 1])):
        for call in (tenfold.decompress, tenfold.inspect, tenfold.gist):
            caught(tenfold.FileError, lambda call=call, damaged=damaged: call(damaged))


def test_what_is_no_task_is_said() -> None:
    for task in (b"{", [], 3, {"a": 1}, {"train": 1, "test": 2}, {"x": GOOD, "y": GOOD}):
        with pytest.raises((tenfold.Error, TypeError)):
            tenfold.solve(task)
    caught(tenfold.DataError, lambda: tenfold.compress_puzzle(b"no task"))
    caught(tenfold.SolveError, lambda: tenfold.solve(GOOD, time_limit=0.0))


def test_errors_survive_pickling() -> None:
    error = caught(tenfold.SettingError, lambda: tenfold.solve(GOOD, steps=0))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.field) == (type(error), str(error), error.field)
